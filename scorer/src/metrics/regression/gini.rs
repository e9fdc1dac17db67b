//! The Gini coefficient of insurance contests: how much of the total comes early when rows are sorted
//! by prediction.

use super::ratio::{BLANK, Unit, Whole};
use crate::kernels::{order_key, sum};
use crate::metrics::{About, Degenerate, Laws, Rows, Undefined};

const LAWS: Laws = Laws {
    is_symmetric: false,
    has_weights: false,
    undefined_on: &[Degenerate::NoRows, Degenerate::ZeroTruth],
};
const GAMING: &str = "Only the order counts. Equal predictions are ordered by the rows of the solution file, so that order must not say anything about the truth.";
const TIES: &str = "Equal predictions keep the order of the solution file.";

pub static GINI: Whole = Whole {
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
    unit: Unit::Fixed,
    compute: |rows, y, p| gini(rows, y, p),
};

pub static NORMALIZED_GINI: Whole = Whole {
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
    unit: Unit::Fixed,
    compute: |rows, y, p| {
        let perfect = gini(rows, y, y)?;
        if super::ratio::is_constant(y) || perfect == 0.0 {
            return Err(Undefined::because(
                "All true values of this split are the same, so there is no order to find.",
            ));
        }
        Ok(gini(rows, y, p)? / perfect)
    },
};

fn gini(rows: &Rows<'_>, y: &[f64], p: &[f64]) -> Result<f64, Undefined> {
    let total = sum(y.len(), |at| y[at]);
    if total.abs() <= f64::EPSILON * sum(y.len(), |at| y[at].abs()) {
        return Err(Undefined::because("The true values of this split add up to 0, so there are no shares."));
    }
    let mut order: Vec<u32> = (0..y.len() as u32).collect();
    order.sort_unstable_by_key(|at| (!order_key(p[*at as usize]), rows.row_numbers[*at as usize]));
    let n = y.len() as f64;
    // A row at place i of n is counted in the n - i running totals from there on.
    let running = sum(order.len(), |place| y[order[place] as usize] * (n - place as f64));
    Ok((running / total - (n + 1.0) / 2.0) / n)
}
