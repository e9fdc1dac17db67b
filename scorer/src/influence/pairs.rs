//! Influence of rows on how many pairs are in the right order (Hájek's projection): the pairs that a row is
//! part of, right ones and all. Counts are exact.

use crate::kernels::{Fenwick, places};

/// Kendall's tau-b: a pair counts for or against, and not where it is tied on a side.
pub(super) fn kendall(y: &[f64], p: &[f64]) -> Option<Vec<f64>> {
    let n = y.len();
    let counts = counts(y, p);
    // Twice as many as there are pairs.
    let total = |part: usize| counts.iter().map(|count| count[part]).sum::<i64>() as f64;
    let (right, apart_y, apart_p) = (total(0), total(1), total(2));
    let root = (apart_y * apart_p).sqrt();
    if root == 0.0 {
        return None;
    }
    let moved = |count: &[i64; 3]| {
        let [own, own_y, own_p] = count.map(|count| count as f64);
        own / root - right / root * (own_y / apart_y + own_p / apart_p) / 2.0
    };
    // A row is in both ends' counts.
    Some(counts.iter().map(|count| 2.0 * n as f64 * moved(count)).collect())
}

/// Of every row with all others: pairs in the same order on both sides less those in opposite orders; pairs that are
/// not tied on the first side; and on the second.
fn counts(y: &[f64], p: &[f64]) -> Vec<[i64; 3]> {
    let n = y.len() as i64;
    let ((place_y, n_y), (place_p, n_p)) = (places(y), places(p));
    let (tied_y, tied_p) = (sizes(&place_y, n_y), sizes(&place_p, n_p));
    let mut counts: Vec<[i64; 3]> =
        place_y.iter().zip(&place_p).map(|(y, p)| [0, n - tied_y[*y], n - tied_p[*p]]).collect();
    let mut order: Vec<usize> = (0..y.len()).collect();
    order.sort_unstable_by_key(|row| place_y[*row]);
    let is_tied = |a: &usize, b: &usize| place_y[*a] == place_y[*b];
    let mut lower = Fenwick::<i64>::new(n_p);
    for tied in order.chunk_by(is_tied) {
        tied.iter().for_each(|row| counts[*row][0] += less_below(&lower, place_p[*row]));
        tied.iter().for_each(|row| lower.add(place_p[*row], 1));
    }
    let mut higher = Fenwick::<i64>::new(n_p);
    order.reverse();
    for tied in order.chunk_by(is_tied) {
        tied.iter().for_each(|row| counts[*row][0] -= less_below(&higher, place_p[*row]));
        tied.iter().for_each(|row| higher.add(place_p[*row], 1));
    }
    counts
}

/// How many are below a place, less those above it.
fn less_below(tree: &Fenwick<i64>, place: usize) -> i64 {
    tree.below(place) - (tree.total() - tree.below(place + 1))
}

fn sizes(places: &[usize], n_places: usize) -> Vec<i64> {
    let mut sizes = vec![0; n_places];
    places.iter().for_each(|place| sizes[*place] += 1);
    sizes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts_of_all_pairs(y: &[f64], p: &[f64]) -> Vec<[i64; 3]> {
        let sign = |a: f64, b: f64| i64::from(a > b) - i64::from(a < b);
        let n = y.len();
        let of_row = |row: usize| {
            let mut count = [0; 3];
            for other in 0..n {
                let (of_y, of_p) = (sign(y[row], y[other]), sign(p[row], p[other]));
                [of_y * of_p, of_y.abs(), of_p.abs()]
                    .iter()
                    .zip(&mut count)
                    .for_each(|(one, sum)| *sum += one);
            }
            count
        };
        (0..n).map(of_row).collect()
    }

    #[test]
    fn the_tree_counts_as_all_pairs_do_with_ties_on_both_sides() {
        for (n, n_values) in [(1, 1), (2, 5), (60, 1), (200, 7), (300, 1000)] {
            let value = |row: usize, by: usize| ((row * by + row * row) % 1009 % n_values) as f64 - 3.0;
            let y: Vec<f64> = (0..n).map(|row| value(row, 17)).collect();
            let p: Vec<f64> = (0..n).map(|row| value(row, 17) + 2.0 * value(row, 5)).collect();
            assert_eq!(counts(&y, &p), counts_of_all_pairs(&y, &p), "{n} {n_values}");
        }
    }
}
