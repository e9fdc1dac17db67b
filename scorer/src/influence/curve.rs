//! Influence of rows on areas under curves, by one sort.

use crate::kernels::order_key;
use crate::metrics::Rows;

/// Rows by score, highest first, cut into runs of equal scores.
fn runs_of_equals(score: &[f64]) -> (Vec<u32>, Vec<usize>) {
    let mut order: Vec<u32> = (0..score.len() as u32).collect();
    order.sort_unstable_by_key(|at| (!order_key(score[*at as usize]), *at));
    let mut ends = Vec::new();
    let mut end = 0;
    for run in order.chunk_by(|a, b| score[*a as usize] == score[*b as usize]) {
        end += run.len();
        ends.push(end);
    }
    (order, ends)
}

/// The weight of positives and of negatives in every run.
fn weigh(rows: &Rows<'_>, truth: &[f64], order: &[u32], ends: &[usize]) -> Vec<(f64, f64)> {
    let mut start = 0;
    let weigh = |end: &usize| {
        let (mut positive, mut negative) = (0.0, 0.0);
        for at in &order[start..*end] {
            let row = *at as usize;
            *(if truth[row] == 1.0 { &mut positive } else { &mut negative }) += rows.weight(row);
        }
        start = *end;
        (positive, negative)
    };
    ends.iter().map(weigh).collect()
}

/// Gives every row the value of its run and class.
fn spread(
    rows: &Rows<'_>,
    truth: &[f64],
    (order, ends): (&[u32], &[usize]),
    of_run: impl Fn(usize, bool) -> f64,
) -> Vec<f64> {
    let mut values = vec![0.0; rows.len()];
    let mut start = 0;
    for (run, end) in ends.iter().enumerate() {
        for at in &order[start..*end] {
            let row = *at as usize;
            values[row] = rows.len() as f64 * rows.weight(row) * of_run(run, truth[row] == 1.0);
        }
        start = *end;
    }
    values
}

/// DeLong's components: of a positive, the share of negatives below it; of a negative, the share of
/// positives above it; ties one half.
pub(super) fn roc_auc(rows: &Rows<'_>, truth: &[f64], score: &[f64]) -> Option<Vec<f64>> {
    let (order, ends) = runs_of_equals(score);
    let runs = weigh(rows, truth, &order, &ends);
    let (positive, negative) = runs.iter().fold((0.0, 0.0), |sum, run| (sum.0 + run.0, sum.1 + run.1));
    if positive <= 0.0 || negative <= 0.0 {
        return None;
    }
    let (mut above, mut area) = ((0.0, 0.0), 0.0);
    let mut shares = Vec::with_capacity(runs.len());
    for run in &runs {
        let below = negative - above.1 - run.1 / 2.0;
        let over = above.0 + run.0 / 2.0;
        shares.push((below / negative, over / positive));
        area += run.0 * below;
        above = (above.0 + run.0, above.1 + run.1);
    }
    let auc = area / positive / negative;
    Some(spread(rows, truth, (&order, &ends), |run, is_positive| {
        if is_positive { (shares[run].0 - auc) / positive } else { (shares[run].1 - auc) / negative }
    }))
}

/// Two suffix sums over thresholds: what a row adds to the precision of every threshold that includes it,
/// and what it takes.
pub(super) fn average_precision(rows: &Rows<'_>, truth: &[f64], score: &[f64]) -> Option<Vec<f64>> {
    let (order, ends) = runs_of_equals(score);
    let runs = weigh(rows, truth, &order, &ends);
    let positive: f64 = runs.iter().map(|run| run.0).sum();
    if positive <= 0.0 {
        return None;
    }
    let (mut found, mut seen) = (0.0, 0.0);
    let thresholds: Vec<(f64, f64)> = runs
        .iter()
        .map(|run| {
            (found, seen) = (found + run.0, seen + run.0 + run.1);
            (found / seen, run.0 / seen)
        })
        .collect();
    let average: f64 =
        runs.iter().zip(&thresholds).map(|(run, (precision, _))| run.0 * precision).sum::<f64>() / positive;
    let (mut gained, mut lost) = (0.0, 0.0);
    let mut suffixes = vec![(0.0, 0.0); runs.len()];
    for (suffix, (precision, gain)) in suffixes.iter_mut().zip(&thresholds).rev() {
        gained += gain;
        lost += gain * precision;
        *suffix = (gained, lost);
    }
    Some(spread(rows, truth, (&order, &ends), |run, is_positive| {
        let (gained, lost) = suffixes[run];
        let own = if is_positive { thresholds[run].0 - average + gained } else { 0.0 };
        (own - lost) / positive
    }))
}
