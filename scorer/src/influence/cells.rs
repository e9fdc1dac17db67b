//! Rows that a metric cannot tell apart have one influence: that of the weight they have together. Labels
//! and ratings make few such cells, and the score of one row a cell, weighted, is quickly asked for.

use std::collections::HashMap;

use crate::kernels::order_key;
use crate::metrics::gathered::Gathered;
use crate::metrics::{Metric, Params, Rows, Values};

/// The score is asked for twice a cell.
const MOST_CELLS: usize = 2000;
/// Of all weight; half of a cell's where that is less.
const STEP: f64 = 1e-4;

pub(super) fn influence(metric: &dyn Metric, params: &Params, rows: &Rows<'_>) -> Option<Vec<f64>> {
    if !metric.laws().has_weights {
        return None;
    }
    let (cell_of_row, firsts) = cells(params, rows)?;
    let mut weights = vec![0.0; firsts.len()];
    cell_of_row.iter().enumerate().for_each(|(row, cell)| weights[*cell as usize] += rows.weight(row));
    let total: f64 = weights.iter().sum();
    let slopes: Option<Vec<f64>> = Gathered::new(rows, &firsts).with_rows(rows, |cells| {
        let slope = |cell: usize| {
            let step = (STEP * total).min(weights[cell] / 2.0);
            let at = |change: f64| {
                let mut weights = weights.clone();
                weights[cell] += change;
                metric.score(&Rows { weights: Some(&weights), ..*cells }, params).ok()
            };
            if step == 0.0 { Some(0.0) } else { Some((at(step)? - at(-step)?) / (2.0 * step)) }
        };
        (0..weights.len()).map(slope).collect()
    });
    let slopes = slopes?;
    let moved = |(row, cell): (usize, &u32)| rows.len() as f64 * rows.weight(row) * slopes[*cell as usize];
    Some(cell_of_row.iter().enumerate().map(moved).collect())
}

/// Every row's cell, and the first row of every cell; `None` where there are too many.
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
        if firsts.len() > MOST_CELLS {
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
