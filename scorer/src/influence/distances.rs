//! Influence on how far truths and predictions lie apart, beside how far they would by chance.

use crate::kernels::order_key;
use crate::metrics::Rows;

/// Values in their order, for the mean distance to all of them.
struct Line {
    values: Vec<f64>,
    /// Before every value, and at last: the weight of those below, and what they add up to.
    below: Vec<(f64, f64)>,
}

impl Line {
    fn of(values: &[f64], weight: impl Fn(usize) -> f64) -> Self {
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_unstable_by_key(|at| (order_key(values[*at]), *at));
        let mut sum = (0.0, 0.0);
        let mut below = vec![sum];
        for at in &order {
            sum = (sum.0 + weight(*at), sum.1 + weight(*at) * values[*at]);
            below.push(sum);
        }
        Self { values: order.iter().map(|at| values[*at]).collect(), below }
    }

    fn mean_distance(&self, from: f64) -> f64 {
        let (weight, sum) = self.below[self.values.partition_point(|value| *value <= from)];
        let (total_weight, total) = self.below[self.values.len()];
        ((from * weight - sum) + (total - sum) - from * (total_weight - weight)) / total_weight
    }
}

/// Of one less the mean distance of a row's two ratings over that of any two rows'.
pub(super) fn linear_kappa(rows: &Rows<'_>, y: &[f64], p: &[f64]) -> Option<Vec<f64>> {
    let total = rows.positive_weight().ok()?;
    let (truths, predictions) = (Line::of(y, |at| rows.weight(at)), Line::of(p, |at| rows.weight(at)));
    let apart = |at: usize| (y[at] - p[at]).abs();
    let to_others: Vec<(f64, f64)> =
        y.iter().zip(p).map(|(y, p)| (predictions.mean_distance(*y), truths.mean_distance(*p))).collect();
    let observed = rows.sum(apart) / total;
    let expected = rows.sum(|at| to_others[at].0) / total;
    let moved = |at: usize| {
        let (of_truth, of_prediction) = to_others[at];
        let by_chance = of_truth + of_prediction - 2.0 * expected;
        (observed / expected * by_chance - (apart(at) - observed)) / expected
    };
    let scale = rows.len() as f64 / total;
    (expected > 0.0).then(|| (0..rows.len()).map(|at| scale * rows.weight(at) * moved(at)).collect())
}
