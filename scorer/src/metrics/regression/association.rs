//! How well predictions move with the truth: correlations and concordance.

use std::ops::Range;

use super::ratio::{BLANK, Unit, Whole, is_constant};
use crate::kernels::{average_ranks, average_ranks_of, kendall_tau_b};
use crate::metrics::{
    About, Degenerate, Files, Laws, Metric, Params, PartScores, Rows, ScoresTogether, Undefined,
};

const CONSTANT: &[Degenerate] =
    &[Degenerate::NoRows, Degenerate::ConstantTruth, Degenerate::ConstantPrediction];
const SCALE_FREE: &str = "Shifts and scales are free, so predictions need not be in the right unit or place.";

fn refuse_constant(y: &[f64], p: &[f64]) -> Result<(), Undefined> {
    if is_constant(y) {
        return Err(Undefined::because(
            "All true values of this split are the same; a correlation needs spread.",
        ));
    }
    if is_constant(p) {
        return Err(Undefined::because(
            "All predictions of this split are the same; a correlation needs spread.",
        ));
    }
    Ok(())
}

/// Pearson's r with row weights.
fn correlation(rows: &Rows<'_>, y: &[f64], p: &[f64]) -> Result<f64, Undefined> {
    let (mean_y, mean_p) = (rows.mean(|at| y[at])?, rows.mean(|at| p[at])?);
    let together = rows.mean(|at| (y[at] - mean_y) * (p[at] - mean_p))?;
    let spread_y = rows.mean(|at| (y[at] - mean_y).powi(2))?;
    let spread_p = rows.mean(|at| (p[at] - mean_p).powi(2))?;
    let scale = spread_y.sqrt() * spread_p.sqrt();
    if scale == 0.0 {
        return Err(Undefined::because("The spread of this split's values is too small to measure."));
    }
    Ok((together / scale).clamp(-1.0, 1.0))
}

pub static PEARSON: Whole = Whole {
    about: About {
        name: "pearson",
        title: "Pearson correlation",
        sentence: "How close predictions and truth are to a straight rising line, from -1 to 1.",
        formula: r"\frac{\sum_i(y_i-\bar y)(p_i-\bar p)}{\sqrt{\sum_i(y_i-\bar y)^2\,\sum_i(p_i-\bar p)^2}}",
        edge_cases: &["Undefined when truth or predictions are constant."],
        gaming: SCALE_FREE,
        ..BLANK
    },
    laws: Laws { is_symmetric: true, has_weights: true, undefined_on: CONSTANT },
    unit: Unit::Apart,
    compute: |rows, y, p| {
        refuse_constant(y, p)?;
        correlation(rows, y, p)
    },
};

/// Pearson's r of ranks.
pub struct Spearman;

pub static SPEARMAN: Spearman = Spearman;

impl Metric for Spearman {
    fn about(&self) -> &About {
        const ABOUT: About = About {
            name: "spearman",
            title: "Spearman rank correlation",
            sentence: "How well predictions put the rows in the right order, from -1 to 1.",
            formula: r"r\bigl(\operatorname{rank}(y),\operatorname{rank}(p)\bigr)",
            edge_cases: &[
                "Ties share their average rank.",
                "Undefined when truth or predictions are constant.",
            ],
            gaming: "Only the order counts; values need not be in the right unit or place.",
            ..BLANK
        };
        &ABOUT
    }

    fn laws(&self) -> Laws {
        Laws { is_symmetric: true, has_weights: false, undefined_on: CONSTANT }
    }

    fn score(&self, rows: &Rows<'_>, _params: &Params) -> Result<f64, Undefined> {
        let (y, p) = rows.numbers();
        of_ranks(rows, &average_ranks(y), || average_ranks(p))
    }

    fn together(&self) -> Option<&dyn ScoresTogether> {
        Some(self)
    }
}

impl ScoresTogether for Spearman {
    fn score_files(&self, files: &Files<'_>) -> Vec<PartScores> {
        let of_part = |part: &Range<usize>| {
            let truth = files.of_truths(part, |rows| average_ranks(rows.numbers().0)).unwrap_or_default();
            files.by_falling(part, 0, |rows, falling| {
                let rising: Vec<u32> = falling.iter().rev().copied().collect();
                of_ranks(rows, &truth, || average_ranks_of(rows.numbers().1, &rising))
            })
        };
        files.by_part(of_part)
    }
}

fn of_ranks(rows: &Rows<'_>, truth: &[f64], predicted: impl FnOnce() -> Vec<f64>) -> Result<f64, Undefined> {
    rows.positive_weight()?;
    let (y, p) = rows.numbers();
    refuse_constant(y, p)?;
    correlation(rows, truth, &predicted())
}

pub static KENDALL: Whole = Whole {
    about: About {
        name: "kendall",
        title: "Kendall's tau-b",
        sentence: "Of all pairs of rows, how many more are in the right order than in the wrong one, from -1 to 1.",
        formula: r"\frac{C-D}{\sqrt{(n_0-t_y)(n_0-t_p)}}",
        edge_cases: &[
            "Ties are corrected for on both sides.",
            "Undefined when truth or predictions are constant.",
        ],
        gaming: "Only the order counts; values need not be in the right unit or place.",
        ..BLANK
    },
    laws: Laws { is_symmetric: true, has_weights: false, undefined_on: CONSTANT },
    unit: Unit::Fixed,
    compute: |_, y, p| {
        refuse_constant(y, p)?;
        Ok(kendall_tau_b(y, p))
    },
};

pub static CCC: Whole = Whole {
    about: About {
        name: "ccc",
        title: "Concordance correlation",
        sentence: "As Pearson's correlation, but only the line truth = prediction counts as perfect.",
        formula: r"\frac{2\operatorname{Cov}(y,p)}{\operatorname{Var}(y)+\operatorname{Var}(p)+(\bar y-\bar p)^2}",
        edge_cases: &["0 when one side is constant.", "Undefined when both are constant and equal."],
        gaming: "Stretching predictions away from their mean pays: the best report spreads as widely as the truth does.",
        ..BLANK
    },
    laws: Laws { is_symmetric: true, has_weights: true, undefined_on: &[Degenerate::NoRows] },
    unit: Unit::Common,
    compute: |rows, y, p| {
        if is_constant(y) && is_constant(p) && y[0] == p[0] {
            return Err(Undefined::because("Truth and predictions of this split are the same single value."));
        }
        if is_constant(y) || is_constant(p) {
            return Ok(0.0);
        }
        let (mean_y, mean_p) = (rows.mean(|at| y[at])?, rows.mean(|at| p[at])?);
        let together = rows.mean(|at| (y[at] - mean_y) * (p[at] - mean_p))?;
        let spread_y = rows.mean(|at| (y[at] - mean_y).powi(2))?;
        let spread_p = rows.mean(|at| (p[at] - mean_p).powi(2))?;
        Ok(2.0 * together / (spread_y + spread_p + (mean_y - mean_p).powi(2)))
    },
};
