//! The Gini coefficient of insurance contests: how much of the total comes early when rows are sorted
//! by prediction.

use std::ops::Range;

use super::ratio::BLANK;
use crate::kernels::{order_key, sum};
use crate::metrics::{
    About, Degenerate, Files, Laws, Metric, Params, PartScores, Rows, ScoresTogether, Undefined,
};

const LAWS: Laws = Laws {
    is_symmetric: false,
    has_weights: false,
    undefined_on: &[Degenerate::NoRows, Degenerate::ZeroTruth],
};
const GAMING: &str = "Only the order counts. Equal predictions are ordered by the rows of the solution file, so that order must not say anything about the truth.";
const TIES: &str = "Equal predictions keep the order of the solution file.";

/// Of the order of the predictions; divided by that of the perfect order, where it is normalised.
pub struct Gini {
    about: About,
    laws: Laws,
    is_normalized: bool,
}

impl Metric for Gini {
    fn about(&self) -> &About {
        &self.about
    }

    fn laws(&self) -> Laws {
        self.laws
    }

    fn score(&self, rows: &Rows<'_>, _params: &Params) -> Result<f64, Undefined> {
        let scale = self.scale(rows)?;
        let (y, p) = rows.numbers();
        Ok(gini(y, &falling(rows, p))? / scale)
    }

    fn together(&self) -> Option<&dyn ScoresTogether> {
        Some(self)
    }
}

impl ScoresTogether for Gini {
    fn score_files(&self, files: &Files<'_>) -> Vec<PartScores> {
        let of_part = |part: &Range<usize>| {
            let Some(scale) = files.of_truths(part, |rows| self.scale(rows)) else { return Vec::new() };
            files.by_falling(part, 0, |rows, order| {
                let scale = scale.clone()?;
                Ok(gini(rows.numbers().0, order)? / scale)
            })
        };
        files.by_part(of_part)
    }
}

impl Gini {
    /// What a score is divided by, which follows from the truth alone.
    fn scale(&self, rows: &Rows<'_>) -> Result<f64, Undefined> {
        rows.positive_weight()?;
        if !self.is_normalized {
            return Ok(1.0);
        }
        let (y, _) = rows.numbers();
        let perfect = gini(y, &falling(rows, y))?;
        if super::ratio::is_constant(y) || perfect == 0.0 {
            return Err(Undefined::because(
                "All true values of this split are the same, so there is no order to find.",
            ));
        }
        Ok(perfect)
    }
}

/// Rows by falling value; equal values keep the order of the solution file.
fn falling(rows: &Rows<'_>, values: &[f64]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..values.len() as u32).collect();
    order.sort_unstable_by_key(|at| (!order_key(values[*at as usize]), rows.row_numbers[*at as usize]));
    order
}

pub static GINI: Gini = Gini {
    about: About {
        name: "gini",
        title: "Gini coefficient",
        best: None,
        sentence: "How much of the true total is found early when rows are sorted by prediction, highest first.",
        formula: r"\frac1n\left(\frac{\sum_i\sum_{j\le i}y_{(j)}}{\sum_j y_j}-\frac{n+1}{2}\right)",
        edge_cases: &[TIES, "Undefined when the true values add up to 0, but for rounding."],
        gaming: GAMING,
        ..BLANK
    },
    laws: LAWS,
    is_normalized: false,
};

pub static NORMALIZED_GINI: Gini = Gini {
    about: About {
        name: "normalized_gini",
        title: "Normalised Gini coefficient",
        sentence: "The Gini coefficient divided by that of the perfect order; 0 is random, 1 is perfect.",
        formula: r"\frac{G(y,p)}{G(y,y)}",
        edge_cases: &[
            TIES,
            "Undefined when the true values add up to 0, but for rounding, or are all the same.",
        ],
        gaming: GAMING,
        ..BLANK
    },
    laws: Laws {
        undefined_on: &[Degenerate::NoRows, Degenerate::ZeroTruth, Degenerate::ConstantTruth],
        ..LAWS
    },
    is_normalized: true,
};

fn gini(y: &[f64], order: &[u32]) -> Result<f64, Undefined> {
    let total = sum(y.len(), |at| y[at]);
    if total.abs() <= f64::EPSILON * sum(y.len(), |at| y[at].abs()) {
        return Err(Undefined::because("The true values of this split add up to 0, so there are no shares."));
    }
    let n = y.len() as f64;
    // A row at place i of n is counted in the n - i running totals from there on.
    let running = sum(order.len(), |place| y[order[place] as usize] * (n - place as f64));
    Ok((running / total - (n + 1.0) / 2.0) / n)
}
