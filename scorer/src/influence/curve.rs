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

/// What more weight on a run of equal scores adds to the area under the start of a curve.
#[derive(Clone, Copy, Default)]
struct Start {
    /// To its right, for a positive.
    right: f64,
    /// Below itself, for a negative.
    below: f64,
    /// Whether it pushes the end of the curve out of the part that counts.
    pushes: f64,
}

/// The area up to a share of false alarms, as the metric scales it. A negative above the end widens the curve, and
/// what was last is cut off.
pub(super) fn partial_roc_auc(rows: &Rows<'_>, truth: &[f64], score: &[f64], limit: f64) -> Option<Vec<f64>> {
    if limit >= 1.0 {
        return roc_auc(rows, truth, score);
    }
    let (order, ends) = runs_of_equals(score);
    let runs = weigh(rows, truth, &order, &ends);
    let (positive, negative) = runs.iter().fold((0.0, 0.0), |sum, run| (sum.0 + run.0, sum.1 + run.1));
    if positive <= 0.0 || negative <= 0.0 {
        return None;
    }
    let (mut area, mut last, mut is_past) = (0.0, 1.0, false);
    let (mut x, mut y) = (0.0, 0.0);
    let mut starts = Vec::with_capacity(runs.len());
    for run in &runs {
        let (wide, high) = (run.1 / negative, run.0 / positive);
        let rest = limit - x;
        if is_past {
            starts.push(Start::default());
        } else if wide <= rest {
            area += wide * (y + high / 2.0);
            starts.push(Start { right: rest - wide / 2.0, below: y + high / 2.0, pushes: 1.0 });
        } else {
            let share = rest / wide;
            area += rest * (y + share * high / 2.0);
            starts.push(Start { right: rest * share / 2.0, below: -high * share * share / 2.0, pushes: 0.0 });
            (last, is_past) = (y + share * high, true);
        }
        (x, y) = (x + wide, y + high);
    }
    // McClish's scaling: the area that random scores have becomes 1/2.
    let scale = 0.5 / (limit - limit * limit / 2.0);
    Some(spread(rows, truth, (&order, &ends), |run, is_positive| {
        let Start { right, below, pushes } = starts[run];
        if is_positive {
            scale * (right - area) / positive
        } else {
            scale * (below - pushes * last + limit * last - area) / negative
        }
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
            // Rows without weight may come first.
            if seen > 0.0 { (found / seen, run.0 / seen) } else { (0.0, 0.0) }
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
