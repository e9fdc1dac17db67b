//! How many of the positive rows stand first.

use super::curve::BLANK;
use crate::kernels::order_key;
use crate::metrics::about::{About, Kind, ParameterAbout};
use crate::metrics::{
    Degenerate, Draws, Files, Laws, Metric, Params, PartScores, Rows, ScoresTogether, Undefined,
};

/// Recall among the rows with the highest scores.
pub struct TopRecall;

pub static TOP_RECALL: TopRecall = TopRecall;

impl Metric for TopRecall {
    fn about(&self) -> &About {
        const ABOUT: About = About {
            name: "top_recall",
            title: "Recall in the top share",
            best: None,
            parameters: &[ParameterAbout {
                name: "percent",
                kind: Kind::Number(1e-6, 100.0, 4.0),
                description: "The share of rows, in per cent, that can be looked at.",
                is_main: true,
            }],
            sentence: "Of all positive rows, the share found among the highest-scored rows.",
            formula: r"\frac{|\{i\in\mathrm{top}:y_i=1\}|}{n_+}",
            edge_cases: &[
                "The number of rows is rounded up.",
                "Equal scores keep the order of the solution file.",
                "Undefined without positives.",
            ],
            gaming: "Only who is above the line counts; the order above and below it is free.",
            ..BLANK
        };
        &ABOUT
    }

    fn laws(&self) -> Laws {
        Laws {
            is_symmetric: false,
            has_weights: false,
            undefined_on: &[Degenerate::NoRows, Degenerate::NoPositives],
        }
    }

    fn score(&self, rows: &Rows<'_>, params: &Params) -> Result<f64, Undefined> {
        found_first(rows, &falling(rows), &vec![1; rows.len()], params)
    }

    fn scores_of_draws(&self, rows: &Rows<'_>, params: &Params, draws: &Draws<'_>) -> Option<Vec<f64>> {
        let order = falling(rows);
        Some(draws.scores(rows.len(), |times| found_first(rows, &order, times, params)))
    }

    fn together(&self) -> Option<&dyn ScoresTogether> {
        Some(self)
    }
}

impl ScoresTogether for TopRecall {
    fn score_files(&self, files: &Files<'_>) -> Vec<PartScores> {
        let found =
            |rows: &Rows<'_>, order: &[u32]| found_first(rows, order, &vec![1; rows.len()], files.params);
        files.by_part(|part| files.by_falling(part, 0, found))
    }
}

/// Rows by falling score; equal ones keep the order of the solution file.
fn falling(rows: &Rows<'_>) -> Vec<u32> {
    let (_, score) = rows.numbers();
    let mut order: Vec<u32> = (0..rows.len() as u32).collect();
    order.sort_unstable_by_key(|at| (!order_key(score[*at as usize]), rows.row_numbers[*at as usize]));
    order
}

/// The share of the positive rows that comes first in this order, where every row comes so many times.
fn found_first(rows: &Rows<'_>, order: &[u32], times: &[u8], params: &Params) -> Result<f64, Undefined> {
    let (truth, _) = rows.numbers();
    let (mut n_rows, mut n_positive) = (0, 0);
    for (times, truth) in times.iter().zip(truth) {
        n_rows += usize::from(*times);
        n_positive += if *truth == 1.0 { usize::from(*times) } else { 0 };
    }
    if n_positive == 0 {
        return Err(Undefined::because("This split has no positive row to find."));
    }
    let mut n_left = (params.number("percent") / 100.0 * n_rows as f64).ceil() as usize;
    let mut n_found = 0;
    for at in order {
        let n_taken = usize::from(times[*at as usize]).min(n_left);
        n_found += if truth[*at as usize] == 1.0 { n_taken } else { 0 };
        n_left -= n_taken;
        if n_left == 0 {
            break;
        }
    }
    Ok(n_found as f64 / n_positive as f64)
}
