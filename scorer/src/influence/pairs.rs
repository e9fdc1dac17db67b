//! Influence of rows on how many pairs are in the right order (Hájek's projection): the pairs that a row is
//! part of, right ones and all.

use crate::metrics::Rows;
use crate::parallel;

/// All pairs are looked at, which takes seconds for more rows.
const MOST_ROWS: usize = 30_000;

/// Of times and events against risks; a higher risk means an earlier event.
pub(super) fn concordance(rows: &Rows<'_>) -> Option<Vec<f64>> {
    let n = rows.len();
    if n > MOST_ROWS {
        return None;
    }
    let (times, events) = (rows.truths[0].numbers(), rows.truths[1].numbers());
    let risk = rows.predictions[0].numbers();
    let is_earlier = |a: usize, b: usize| {
        events[a] == 1.0 && (times[a] < times[b] || (times[a] == times[b] && events[b] != 1.0))
    };
    // Twice the right pairs, so that a tie is a whole number; then all pairs.
    let counts = parallel::map(n, n * n / 64, |row| {
        let (mut right, mut all) = (0_u64, 0_u64);
        for other in 0..n {
            let (first, last) = match (is_earlier(row, other), is_earlier(other, row)) {
                (true, _) => (risk[row], risk[other]),
                (_, true) => (risk[other], risk[row]),
                _ => continue,
            };
            right += if first > last { 2 } else { u64::from(first == last) };
            all += 1;
        }
        (right as f64 / 2.0, all as f64)
    });
    let (right, all) = counts.iter().fold((0.0, 0.0), |sum, row| (sum.0 + row.0, sum.1 + row.1));
    if all == 0.0 {
        return None;
    }
    let index = right / all;
    // Each pair was counted from both its ends.
    Some(counts.iter().map(|row| n as f64 * (row.0 - index * row.1) / (all / 2.0)).collect())
}

/// Kendall's tau-b: a pair counts for or against, and not where it is tied on a side.
pub(super) fn kendall(y: &[f64], p: &[f64]) -> Option<Vec<f64>> {
    let n = y.len();
    if n > MOST_ROWS {
        return None;
    }
    let sign = |a: f64, b: f64| i64::from(a > b) - i64::from(a < b);
    let counts = parallel::map(n, n * n / 64, |row| {
        let (mut right, mut apart_y, mut apart_p) = (0, 0, 0);
        for other in 0..n {
            let (of_y, of_p) = (sign(y[row], y[other]), sign(p[row], p[other]));
            right += of_y * of_p;
            apart_y += of_y.abs();
            apart_p += of_p.abs();
        }
        [right, apart_y, apart_p].map(|count| count as f64)
    });
    // Twice as many as there are pairs.
    let total = |part: usize| counts.iter().map(|count| count[part]).sum::<f64>();
    let (right, apart_y, apart_p) = (total(0), total(1), total(2));
    let root = (apart_y * apart_p).sqrt();
    if root == 0.0 {
        return None;
    }
    let moved =
        |count: &[f64; 3]| count[0] / root - right / root * (count[1] / apart_y + count[2] / apart_p) / 2.0;
    // A row is in both ends' counts.
    Some(counts.iter().map(|count| 2.0 * n as f64 * moved(count)).collect())
}
