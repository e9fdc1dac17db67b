//! How rows move a score of two groupings: all of these scores follow from sums over cells and clusters, and a row
//! moves such a sum by the derivative of what its own cell or cluster adds.

use super::table::{Table, compact};
use crate::influence::gradient;

/// A score as a function of sums.
pub(super) enum Moving {
    /// Of squared sizes.
    Squares(fn(&Totals) -> f64),
    /// Of sizes times their logarithms.
    Entropies(fn(&Totals) -> f64),
    /// The same, beside what groupings of these sizes share by chance.
    AboveChance(fn(&Totals) -> f64),
}

/// Sums over cells and over the clusters of both sides.
pub(super) struct Totals {
    cells: f64,
    truth: f64,
    predicted: f64,
    n_rows: f64,
    /// The information that is shared by chance.
    pub(super) expected: f64,
}

impl Totals {
    fn of([cells, truth, predicted, n_rows, expected]: [f64; 5]) -> Self {
        Self { cells, truth, predicted, n_rows, expected }
    }

    /// Pairs together in both groupings, in the true one only, in the predicted one only, in none. Of squared sizes.
    pub(super) fn pairs(&self) -> [f64; 4] {
        let together = (self.cells - self.n_rows) / 2.0;
        let truth_only = (self.truth - self.cells) / 2.0;
        let predicted_only = (self.predicted - self.cells) / 2.0;
        let all = self.n_rows * (self.n_rows - 1.0) / 2.0;
        [together, truth_only, predicted_only, all - together - truth_only - predicted_only]
    }

    /// The entropy of the true clusters.
    pub(super) fn of_truth(&self) -> f64 {
        self.n_rows.ln() - self.truth / self.n_rows
    }

    pub(super) fn of_predicted(&self) -> f64 {
        self.n_rows.ln() - self.predicted / self.n_rows
    }

    /// The information that both groupings share.
    pub(super) fn shared(&self) -> f64 {
        self.n_rows.ln() - (self.truth + self.predicted - self.cells) / self.n_rows
    }
}

/// What a cell or cluster of so many rows adds to a sum, and how one row more moves that.
type Term = fn(f64) -> (f64, f64);

fn squared(size: f64) -> (f64, f64) {
    (size * size, 2.0 * size)
}

fn times_logarithm(size: f64) -> (f64, f64) {
    (size * size.ln(), size.ln() + 1.0)
}

/// The influence of every row; `None` where the score does not move in proportion.
pub(super) fn influence(moving: &Moving, truth: &[u32], predicted: &[u32]) -> Option<Vec<f64>> {
    let table = Table::count(truth, predicted);
    let has_one_cluster = table.truth.len() == 1 || table.predicted.len() == 1;
    let (score, term): (_, Term) = match moving {
        Moving::Squares(score) => (score, squared),
        // One cluster knows nothing, on whatever rows.
        _ if has_one_cluster => return Some(vec![0.0; truth.len()]),
        Moving::Entropies(score) | Moving::AboveChance(score) => (score, times_logarithm),
    };
    let by_chance = matches!(moving, Moving::AboveChance(_)).then(|| table.expected_moves());
    let total = |sizes: &mut dyn Iterator<Item = u64>| sizes.map(|size| term(size as f64).0).sum::<f64>();
    let totals = [
        total(&mut table.cells.iter().map(|cell| cell.2)),
        total(&mut table.truth.iter().copied()),
        total(&mut table.predicted.iter().copied()),
        table.n_rows as f64,
        if by_chance.is_some() { table.expected_mutual_information() } else { 0.0 },
    ];
    let slopes = gradient(&totals, &totals, |totals| {
        <[f64; 5]>::try_from(totals)
            .ok()
            .map(|totals| score(&Totals::of(totals)))
            .filter(|score| score.is_finite())
    })?;
    let move_of = |size: u64| term(size as f64).1;
    let moved = |cell: &(usize, usize, u64)| {
        let (truth, predicted) = (table.truth[cell.0], table.predicted[cell.1]);
        let expected = by_chance.as_ref().map_or(0.0, |moves| moves.of(truth, predicted));
        let moves = [move_of(cell.2), move_of(truth), move_of(predicted), 1.0, expected];
        moves.iter().zip(&slopes).map(|(step, slope)| step * slope).sum::<f64>() * table.n_rows as f64
    };
    let of_cells: Vec<f64> = table.cells.iter().map(moved).collect();
    let cell_of =
        |pair: (usize, usize)| table.cells.binary_search_by_key(&pair, |cell| (cell.0, cell.1)).ok();
    let pairs = compact(truth).0.into_iter().zip(compact(predicted).0);
    pairs.map(|pair| Some(of_cells[cell_of(pair)?])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::clustering::{
        ADJUSTED_RAND, AMI, COMPLETENESS, FOWLKES_MALLOWS, HOMOGENEITY, NMI, RAND, V_MEASURE,
    };

    fn repeated(codes: &[u32], times: usize, more: Option<usize>) -> Vec<u32> {
        let all = codes.iter().flat_map(|code| std::iter::repeat_n(*code, times));
        all.chain(more.map(|row| codes[row])).collect()
    }

    /// Every row so many times, and one of them once more: nearly the derivative by its weight.
    #[test]
    fn it_is_how_the_score_moves_when_a_row_comes_once_more() {
        const TIMES: usize = 300;
        let truth: Vec<u32> = (0..60).map(|row| row * 17 % 23 % 4).collect();
        let predicted: Vec<u32> =
            (0..60).map(|row| if row % 3 == 0 { row % 5 } else { row * 17 % 23 % 4 + 7 }).collect();
        for metric in
            [&RAND, &ADJUSTED_RAND, &FOWLKES_MALLOWS, &NMI, &AMI, &HOMOGENEITY, &COMPLETENESS, &V_MEASURE]
        {
            let all = (repeated(&truth, TIMES, None), repeated(&predicted, TIMES, None));
            let found = influence(&metric.moving, &all.0, &all.1).expect("known");
            let score = |truth: &[u32], predicted: &[u32]| (metric.compute)(&Table::count(truth, predicted));
            let plain = score(&all.0, &all.1);
            let largest = found.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
            for row in (0..60).step_by(7) {
                let more =
                    score(&repeated(&truth, TIMES, Some(row)), &repeated(&predicted, TIMES, Some(row)));
                let (moved, told) = ((more - plain) * all.0.len() as f64, found[row * TIMES]);
                let name = metric.about.name;
                assert!((moved - told).abs() < 2e-3 * largest, "{name}, row {row}: {told}, not {moved}");
            }
            let sum: f64 = found.iter().sum();
            assert!(sum.abs() < 2e-3 * largest * all.0.len() as f64, "{}: {sum}", metric.about.name);
        }
    }

    #[test]
    fn one_cluster_moves_nothing_that_is_told_by_information() {
        let (truth, one) = ([0, 0, 1, 1, 2], [4; 5]);
        assert_eq!(influence(&NMI.moving, &truth, &one), Some(vec![0.0; 5]));
        assert_eq!(influence(&AMI.moving, &truth, &one), Some(vec![0.0; 5]));
        assert!(influence(&RAND.moving, &truth, &one).is_some());
    }
}
