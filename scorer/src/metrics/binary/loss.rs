//! Losses of probabilities, one term a row, and calibration.

use holdout_contract::spec::{Direction, Task};
use holdout_evaluator::sums_by_cell;

use crate::kernels::sum;
use crate::metrics::about::{About, CLIP, Kind, ParameterAbout, fields};
use crate::metrics::regression::pointwise::Pointwise;
use crate::metrics::{Degenerate, Draws, Laws, Metric, Params, Rows, Undefined};

const LAWS: Laws = Laws { is_symmetric: false, has_weights: true, undefined_on: &[Degenerate::NoRows] };
const HONEST: &str = "Honest: the best report is the probability one believes. One confident wrong row can cost more than many good rows gain.";

const BLANK: About = About {
    name: "",
    title: "",
    task: Task::BinaryProbability,
    direction: Direction::LowerIsBetter,
    best: Some(0.0),
    layout: fields::PROBABILITIES,
    parameters: &[],
    sentence: "",
    formula: "",
    edge_cases: &[],
    gaming: HONEST,
};

const fn loss(about: About, term: fn(f64, f64, f64) -> f64) -> Pointwise {
    Pointwise {
        about,
        laws: LAWS,
        domain: |_, _, _| true,
        domain_sentence: "",
        term,
        finish: |mean, _| mean,
        of_extremes: None,
        measure: |_| None,
    }
}

/// -ln of the probability given to what happened (`y` is 0 or 1), with the probability kept inside `[clip, 1 - clip]`.
fn log_loss_term(y: f64, p: f64, clip: f64) -> f64 {
    let p = p.clamp(clip, 1.0 - clip);
    if y == 1.0 { -p.ln() } else { -(-p).ln_1p() }
}

pub static LOG_LOSS: Pointwise = loss(
    About {
        name: "log_loss",
        title: "Log loss",
        sentence: "How surprised one would be by the truth, given the predicted probabilities; confident mistakes cost most.",
        parameters: &[CLIP],
        formula: r"-\frac1n\sum_{i=1}^{n}\bigl(y_i\ln p_i+(1-y_i)\ln(1-p_i)\bigr)",
        edge_cases: &[
            "Probabilities are kept inside [clip, 1 - clip]; the clip is 1e-15 unless the host sets another.",
            "Probabilities outside 0 to 1 are refused.",
        ],
        ..BLANK
    },
    log_loss_term,
);

pub static LOG_LOSS_SKLEARN: Pointwise = loss(
    About {
        name: "log_loss_sklearn",
        title: "Log loss, as scikit-learn clips it",
        sentence: "Log loss with the clip of scikit-learn, for comparing with published numbers.",
        formula: r"-\frac1n\sum_{i=1}^{n}\bigl(y_i\ln p_i+(1-y_i)\ln(1-p_i)\bigr)",
        edge_cases: &["Probabilities are kept inside [2.2e-16, 1 - 2.2e-16]."],
        ..BLANK
    },
    |y, p, _| {
        let p = p.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
        if y == 1.0 { -p.ln() } else { -(1.0 - p).ln() }
    },
);

pub static CAPPED_BINOMIAL_DEVIANCE: Pointwise = loss(
    About {
        name: "capped_binomial_deviance",
        title: "Capped binomial deviance",
        best: Some(0.004_364_805_402_450_088),
        sentence: "Log loss to base 10 that no single row can decide: probabilities are kept inside 0.01 to 0.99.",
        formula: r"-\frac1n\sum_{i=1}^{n}\bigl(y_i\log_{10}p_i+(1-y_i)\log_{10}(1-p_i)\bigr)",
        edge_cases: &["Probabilities are kept inside [0.01, 0.99], so a perfect file scores 0.00436."],
        ..BLANK
    },
    |y, p, _| {
        let p = p.clamp(0.01, 0.99);
        -(y * p.log10() + (1.0 - y) * (1.0 - p).log10())
    },
);

pub static BRIER: Pointwise = loss(
    About {
        name: "brier",
        title: "Brier score",
        sentence: "The mean squared distance between predicted probability and what happened.",
        formula: r"\frac1n\sum_{i=1}^{n}(p_i-y_i)^2",
        gaming: "Honest: the best report is the probability one believes.",
        ..BLANK
    },
    |y, p, _| (p - y) * (p - y),
);

/// Of every row, the bin of its probability, and how far it lies above what happened, times the row's weight.
fn bins_and_gaps(rows: &Rows<'_>, params: &Params) -> (Vec<u32>, Vec<f64>) {
    let (y, p) = rows.numbers();
    let n_bins = params.count("bins");
    let bin = |p: &f64| ((p * n_bins as f64) as usize).min(n_bins - 1) as u32;
    let gap = |at: usize| rows.weight(at) * (p[at] - y[at]);
    (p.iter().map(bin).collect(), (0..rows.len()).map(gap).collect())
}

fn of_gaps(gaps: &[f64], total: f64) -> f64 {
    sum(gaps.len(), |bin| gaps[bin].abs()) / total
}

/// Expected calibration error.
pub struct CalibrationError;

pub static ECE: CalibrationError = CalibrationError;

impl Metric for CalibrationError {
    fn about(&self) -> &About {
        const ABOUT: About = About {
            name: "ece",
            title: "Expected calibration error",
            parameters: &[ParameterAbout {
                name: "bins",
                kind: Kind::Integer(1, 1000, 10),
                description: "Number of bins of equal width.",
                is_main: true,
            }],
            sentence: "How far predicted probabilities are from observed frequencies, bin by bin; a diagnostic.",
            formula: r"\sum_b\frac{n_b}{n}\bigl|\bar p_b-\bar y_b\bigr|",
            edge_cases: &["A probability of 1 falls into the last bin."],
            gaming: "Not a fair score: predicting the overall frequency for every row gives 0. Use it to look, not to rank.",
            ..BLANK
        };
        &ABOUT
    }

    fn laws(&self) -> Laws {
        LAWS
    }

    fn score(&self, rows: &Rows<'_>, params: &Params) -> Result<f64, Undefined> {
        let total = rows.positive_weight()?;
        let (bins, gaps) = bins_and_gaps(rows, params);
        Ok(of_gaps(&sums_by_cell(&vec![1; rows.len()], &bins, params.count("bins"), Some(&gaps)), total))
    }

    fn scores_of_draws(&self, rows: &Rows<'_>, params: &Params, draws: &Draws<'_>) -> Option<Vec<f64>> {
        let (bins, gaps) = bins_and_gaps(rows, params);
        Some(draws.scores(rows.len(), |times| {
            let weights = rows.drawn_weights(times);
            let total = Rows { weights: Some(&weights), ..*rows }.positive_weight()?;
            Ok::<f64, Undefined>(of_gaps(
                &sums_by_cell(times, &bins, params.count("bins"), Some(&gaps)),
                total,
            ))
        }))
    }
}
