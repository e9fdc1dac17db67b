//! Truths that are distributions themselves, a column a class.

use holdout_contract::spec::{Cell, Direction, Task};

use crate::metrics::about::{About, fields};
use crate::metrics::{Degenerate, Laws, Metric, Params, Rows, Undefined};

/// Kullback-Leibler divergence of predicted from true distributions.
pub struct Divergence {
    about: About,
}

const CLIP: f64 = 1e-15;

impl Metric for Divergence {
    fn about(&self) -> &About {
        &self.about
    }

    fn laws(&self) -> Laws {
        Laws {
            is_symmetric: false,
            has_weights: true,
            undefined_on: &[Degenerate::NoRows, Degenerate::ZeroTruth],
        }
    }

    fn score(&self, rows: &Rows<'_>, _params: &Params) -> Result<f64, Undefined> {
        let columns = |side: &[crate::metrics::Values<'_>], at: usize| -> Vec<f64> {
            side.iter().map(|column| column.numbers()[at]).collect()
        };
        let terms = rows.each(|at| divergence(&columns(rows.truths, at), &columns(rows.predictions, at)));
        if terms.iter().any(Option::is_none) {
            return Err(Undefined::because(
                "A row of this split has probability 0 for every class, so it cannot be divided by its sum.",
            ));
        }
        rows.mean(|at| terms[at].unwrap_or(0.0))
    }
}

/// In nats; `None` where a row adds up to 0.
fn divergence(truth: &[f64], prediction: &[f64]) -> Option<f64> {
    let (y_total, p_total): (f64, f64) = (truth.iter().sum(), prediction.iter().sum());
    if y_total <= 0.0 || p_total <= 0.0 {
        return None;
    }
    let terms = truth.iter().zip(prediction).map(|(y, p)| {
        let (y, p) = (y / y_total, (p / p_total).clamp(CLIP, 1.0 - CLIP));
        if y == 0.0 { 0.0 } else { y * (y / p).ln() }
    });
    Some(terms.sum())
}

pub static KL_DIVERGENCE: Divergence = Divergence {
    about: About {
        name: "kl_divergence",
        title: "Kullback-Leibler divergence",
        task: Task::Probabilistic,
        direction: Direction::LowerIsBetter,
        best: Some(0.0),
        layout: fields::Fields::TargetColumns(Cell::Probability),
        parameters: &[],
        sentence: "How much is lost by the predicted distribution where the truth is a distribution itself, as of several raters.",
        formula: r"\frac1n\sum_{i=1}^{n}\sum_{c}y_{ic}\ln\frac{y_{ic}}{p_{ic}}",
        edge_cases: &[
            "Truths and predictions of a row are divided by their sums.",
            "Predicted probabilities are kept inside [1e-15, 1 - 1e-15]; a true probability of 0 adds nothing.",
            "Undefined where a row adds up to 0.",
        ],
        gaming: "Honest: the best report is the distribution one believes in.",
    },
};

#[cfg(test)]
mod tests {
    use super::*;

    /// scipy.stats.entropy([0.5, 0.3, 0.2], [0.2, 0.3, 0.5]).
    #[test]
    fn it_agrees_with_scipy() {
        let found = divergence(&[0.5, 0.3, 0.2], &[0.4, 0.6, 1.0]).expect("adds up");
        assert!((found - 0.274_887_219_562_246_5).abs() < 1e-12, "{found}");
        assert_eq!(divergence(&[0.0, 0.0], &[0.5, 0.5]), None);
    }
}
