//! A mean and a spread for every row.

use std::f64::consts::{FRAC_1_SQRT_2, PI, SQRT_2};

use holdout_contract::spec::{Cell, Direction, Task};

use super::{LAWS, TARGET};
use crate::metrics::about::{About, Kind, ParameterAbout, fields};
use crate::metrics::{Laws, Metric, Params, Rows, ScoresPerRow, ScoresTogether, SumsTogether, Undefined};

/// A term of every row from its truth, mean and spread; averaged.
pub struct MeanAndSpread {
    about: About,
    term: fn(f64, f64, f64, &Params) -> f64,
    /// The spread of a perfect file, which has the truth as its mean.
    perfect_spread: f64,
}

impl Metric for MeanAndSpread {
    fn about(&self) -> &About {
        &self.about
    }

    fn laws(&self) -> Laws {
        LAWS
    }

    fn perfect(&self, truths: &[&[f64]], _params: &Params) -> Option<Vec<Vec<f64>>> {
        let truth = truths.first()?;
        Some(vec![truth.to_vec(), vec![self.perfect_spread; truth.len()]])
    }

    fn score(&self, rows: &Rows<'_>, params: &Params) -> Result<f64, Undefined> {
        self.score_rows(rows, params)
    }

    fn per_row(&self) -> Option<&dyn ScoresPerRow> {
        Some(self)
    }

    fn together(&self) -> Option<&dyn ScoresTogether> {
        Some(self)
    }
}

impl SumsTogether for MeanAndSpread {
    type Found = f64;

    fn find(&self, rows: &Rows<'_>, params: &Params) -> Vec<f64> {
        let truth = rows.truths[0].numbers();
        let (mean, spread) = (rows.predictions[0].numbers(), rows.predictions[1].numbers());
        rows.each(|at| (self.term)(truth[at], mean[at], spread[at], params))
    }

    fn term(&self, term: &f64, _: usize) -> f64 {
        *term
    }
}

const POSITIVE: &str = "Every sigma must be above 0; a file with another is refused.";

const BLANK: About = About {
    name: "",
    title: "",
    task: Task::Probabilistic,
    direction: Direction::LowerIsBetter,
    best: None,
    layout: fields::Fields::Named {
        solution: TARGET,
        submission: &[("mu", Cell::Number), ("sigma", Cell::Positive)],
    },
    parameters: &[],
    sentence: "",
    formula: "",
    edge_cases: &[POSITIVE],
    gaming: "Honest: the best report is the distribution one believes.",
};

pub static CRPS_GAUSSIAN: MeanAndSpread = MeanAndSpread {
    about: About {
        name: "crps_gaussian",
        title: "CRPS of normal distributions",
        best: Some(0.0),
        sentence: "How far the predicted normal distribution is from the true value, in the target's unit; for a spread near 0 it is the absolute error.",
        formula: r"\frac1n\sum_i\sigma_i\left(z_i\,(2\Phi(z_i)-1)+2\varphi(z_i)-\tfrac{1}{\sqrt\pi}\right),\ z_i=\frac{y_i-\mu_i}{\sigma_i}",
        ..BLANK
    },
    term: |y, mean, spread, _| {
        let z = (y - mean) / spread;
        if z.is_infinite() {
            return (y - mean).abs() - spread / PI.sqrt();
        }
        let density = (-0.5 * z * z).exp() / (2.0 * PI).sqrt();
        spread * (z * libm::erf(z * FRAC_1_SQRT_2) + 2.0 * density - 1.0 / PI.sqrt())
    },
    perfect_spread: 1e-12,
};

pub static GAUSSIAN_NLL: MeanAndSpread = MeanAndSpread {
    about: About {
        name: "gaussian_nll",
        title: "Negative log-likelihood of normal distributions",
        sentence: "How surprised one would be by the true value, given the predicted normal distribution.",
        formula: r"\frac1n\sum_i\left(\frac{(y_i-\mu_i)^2}{2\sigma_i^2}+\ln\sigma_i+\tfrac12\ln 2\pi\right)",
        edge_cases: &[POSITIVE, "There is no best value: it falls without end as right answers grow surer."],
        gaming: "Honest in the mean; one row that is sure and wrong can cost more than all others together.",
        ..BLANK
    },
    term: |y, mean, spread, _| {
        let z = (y - mean) / spread;
        0.5 * z * z + spread.ln() + 0.5 * (2.0 * PI).ln()
    },
    perfect_spread: 1e-9,
};

pub static LAPLACE_LL: MeanAndSpread = MeanAndSpread {
    about: About {
        name: "laplace_ll",
        title: "Laplace log-likelihood with floors",
        direction: Direction::HigherIsBetter,
        parameters: &[
            ParameterAbout {
                name: "sigma_floor",
                kind: Kind::Number(1e-9, f64::INFINITY, 70.0),
                description: "Spreads below this count as this.",
                is_main: true,
            },
            ParameterAbout {
                name: "error_cap",
                kind: Kind::Number(1e-9, f64::INFINITY, 1000.0),
                description: "Errors above this count as this.",
                is_main: false,
            },
        ],
        sentence: "The log-likelihood of the true value under a Laplace distribution with the predicted mean and spread, with a floor under the spread and a cap on errors.",
        formula: r"-\frac1n\sum_i\left(\frac{\sqrt2\min(|y_i-\mu_i|,c)}{\max(\sigma_i,f)}+\ln\left(\sqrt2\max(\sigma_i,f)\right)\right)",
        edge_cases: &[POSITIVE, "Spreads below the floor tie with the floor."],
        gaming: "Rows that are surely far off cost no more than the cap, so hopeless rows can be given up.",
        ..BLANK
    },
    term: |y, mean, spread, params| {
        let spread = spread.max(params.number("sigma_floor"));
        let error = (y - mean).abs().min(params.number("error_cap"));
        -SQRT_2 * error / spread - (SQRT_2 * spread).ln()
    },
    perfect_spread: 1e-9,
};

#[cfg(test)]
mod tests {
    use super::*;

    /// scipy.stats: norm.logpdf(y, mu, sigma); the CRPS by scipy.integrate.quad of (F(x) - [x >= y])^2.
    #[test]
    fn terms_far_out_and_near() {
        let none = Params::default();
        for (y, mean, spread, crps, nll) in [
            (0.0, 0.0, 1.0, 0.2336949772551091, 0.9189385332046727),
            (3.0, 1.0, 0.5, 1.7179123534845542, 8.225791352644727),
            (-40.0, 2.0, 1.5, 41.15371562467837, 393.3244036413128),
            (1000.0, 990.0, 250.0, 58.583299952420035, 6.441199451066919),
        ] {
            let close = |found: f64, expected: f64| (found - expected).abs() <= 1e-8 * expected.abs();
            assert!(close((CRPS_GAUSSIAN.term)(y, mean, spread, &none), crps), "{y} {mean} {spread}");
            assert!(close((GAUSSIAN_NLL.term)(y, mean, spread, &none), nll), "{y} {mean} {spread}");
        }
    }
}
