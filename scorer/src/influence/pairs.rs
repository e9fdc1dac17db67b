//! Influence of rows on the share of pairs in the right order (Hájek's projection): the pairs that a row is
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
