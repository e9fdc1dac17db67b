//! One answer a row with a confidence, all rows ranked together.

use holdout_contract::spec::{Cell, Direction, Task};

use crate::kernels::{order_key, sum};
use crate::metrics::about::{About, fields};
use crate::metrics::{Degenerate, Files, Laws, Metric, Params, PartScores, Rows, ScoresTogether, Undefined};

/// Average precision of all answers pooled.
pub struct GlobalAp;

pub static GOOGLE_GLOBAL_AP: GlobalAp = GlobalAp;

impl Metric for GlobalAp {
    fn about(&self) -> &About {
        const ABOUT: About = About {
            name: "google_global_ap",
            title: "Global average precision",
            task: Task::Ranking,
            direction: Direction::HigherIsBetter,
            best: Some(1.0),
            layout: fields::Fields::Named {
                solution: &[("target", Cell::Label)],
                submission: &[("target", Cell::Label), ("confidence", Cell::Number)],
            },
            parameters: &[],
            sentence: "All rows are sorted by confidence; the precision down to every right answer, summed and divided by the number of rows.",
            formula: r"\frac1M\sum_{i=1}^{n}P(i)\,\mathrm{rel}(i)",
            edge_cases: &[
                "Equal confidences keep the order of the solution file, so that order must say nothing.",
                "Every row has a true label and counts.",
            ],
            gaming: "Confidences are compared between rows, so they must be calibrated against each other; wrong answers at the very end cost nothing.",
        };
        &ABOUT
    }

    fn laws(&self) -> Laws {
        Laws { is_symmetric: false, has_weights: false, undefined_on: &[Degenerate::NoRows] }
    }

    fn score(&self, rows: &Rows<'_>, _params: &Params) -> Result<f64, Undefined> {
        let confidence = rows.predictions[CONFIDENCE].numbers();
        let mut order: Vec<u32> = (0..rows.len() as u32).collect();
        order.sort_unstable_by_key(|row| {
            (!order_key(confidence[*row as usize]), rows.row_numbers[*row as usize])
        });
        in_order(rows, &order)
    }

    fn together(&self) -> Option<&dyn ScoresTogether> {
        Some(self)
    }
}

impl ScoresTogether for GlobalAp {
    fn score_files(&self, files: &Files<'_>) -> Vec<PartScores> {
        files.by_part(|part| files.by_falling(part, CONFIDENCE, in_order))
    }
}

/// The place of the confidences among the predicted columns.
const CONFIDENCE: usize = 1;

fn in_order(rows: &Rows<'_>, order: &[u32]) -> Result<f64, Undefined> {
    rows.positive_weight()?;
    let (truth, predicted) = rows.labels();
    let is_right = |row: &u32| truth[*row as usize] == predicted[*row as usize];
    Ok(pooled(&order.iter().map(is_right).collect::<Vec<bool>>()))
}

fn pooled(is_right: &[bool]) -> f64 {
    let mut n_right = 0.0;
    let precision = |(place, is_right): (usize, &bool)| {
        n_right += f64::from(u8::from(*is_right));
        if *is_right { n_right / (place + 1) as f64 } else { 0.0 }
    };
    let terms: Vec<f64> = is_right.iter().enumerate().map(precision).collect();
    sum(terms.len(), |at| terms[at]) / is_right.len() as f64
}

#[cfg(test)]
mod tests {
    use super::pooled;

    #[test]
    fn precision_counts_where_an_answer_is_right() {
        assert_eq!(pooled(&[true, false, true, false]), (1.0 + 2.0 / 3.0) / 4.0);
        assert_eq!(pooled(&[false, false]), 0.0);
        assert_eq!(pooled(&[true, true, true]), 1.0);
    }
}
