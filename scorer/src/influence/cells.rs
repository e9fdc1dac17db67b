//! Rows that a metric cannot tell apart: labels and ratings make few such cells. The score of one row a cell, weighted
//! by how often the cell's rows come, is quickly asked for.

use std::collections::HashMap;

use holdout_evaluator::sums_by_cell;

use crate::kernels::order_key;
use crate::metrics::gathered::Gathered;
use crate::metrics::{Draws, Metric, Params, Rows, Values};

/// The scores of draws of a metric that reads weights; `None` where there are nearly as many cells as rows.
pub(super) fn scores_of_draws(
    metric: &dyn Metric,
    params: &Params,
    rows: &Rows<'_>,
    draws: &Draws<'_>,
) -> Option<Vec<f64>> {
    let (cell_of_row, firsts) = cells(params, rows)?;
    let scores = Gathered::new(rows, &firsts).with_rows(rows, |cells| {
        draws.scores(rows.len(), |times| {
            let weights = sums_by_cell(times, &cell_of_row, firsts.len(), rows.weights);
            metric.score(&Rows { weights: Some(&weights), ..*cells }, params)
        })
    });
    Some(scores)
}

/// Every row's cell, and the first row of every cell.
fn cells(params: &Params, rows: &Rows<'_>) -> Option<(Vec<u32>, Vec<u32>)> {
    let threshold = params.optional_number("threshold");
    let key = |at: usize| -> Option<Vec<u64>> {
        let truths = rows.truths.iter().map(|truth| value(truth, at, None));
        let predictions = rows.predictions.iter().map(|prediction| value(prediction, at, threshold));
        truths.chain(predictions).collect()
    };
    let mut known: HashMap<Vec<u64>, u32, foldhash::fast::FixedState> = HashMap::default();
    let (mut cell_of_row, mut firsts) = (Vec::with_capacity(rows.len()), Vec::new());
    for at in 0..rows.len() {
        let cell = *known.entry(key(at)?).or_insert_with(|| {
            firsts.push(at as u32);
            firsts.len() as u32 - 1
        });
        if 2 * firsts.len() > rows.len() {
            return None;
        }
        cell_of_row.push(cell);
    }
    Some((cell_of_row, firsts))
}

fn value(column: &Values<'_>, at: usize, threshold: Option<f64>) -> Option<u64> {
    match (column, threshold) {
        (Values::Numbers(numbers), Some(threshold)) => Some(u64::from(numbers[at] >= threshold)),
        (Values::Numbers(numbers), None) => Some(order_key(numbers[at])),
        (Values::Codes(codes), _) => Some(u64::from(codes[at])),
        (Values::Texts { .. }, _) => None,
    }
}
