//! How many rows every true cluster shares with every predicted one; only pairs that occur.

/// The contingency table of two groupings, in exact counts.
pub(super) struct Table {
    pub(super) n_rows: u64,
    /// True cluster, predicted cluster (places in the sizes below), rows in both.
    pub(super) cells: Vec<(usize, usize, u64)>,
    pub(super) truth: Vec<u64>,
    pub(super) predicted: Vec<u64>,
}

/// Pairs of rows by who holds them together.
pub(super) struct Pairs {
    pub(super) together: i128,
    pub(super) truth_only: i128,
    pub(super) predicted_only: i128,
    pub(super) apart: i128,
}

impl Pairs {
    pub(super) fn all(&self) -> i128 {
        self.together + self.truth_only + self.predicted_only + self.apart
    }
}

impl Table {
    pub(super) fn count(truth: &[u32], predicted: &[u32]) -> Self {
        let (truth, truth_sizes) = compact(truth);
        let (predicted, predicted_sizes) = compact(predicted);
        let mut pairs: Vec<(usize, usize)> = truth.into_iter().zip(predicted).collect();
        pairs.sort_unstable();
        let cells = pairs.chunk_by(|a, b| a == b).map(|same| (same[0].0, same[0].1, same.len() as u64));
        Self {
            n_rows: pairs.len() as u64,
            cells: cells.collect(),
            truth: truth_sizes,
            predicted: predicted_sizes,
        }
    }

    pub(super) fn pairs(&self) -> Pairs {
        let pairs = |sizes: &mut dyn Iterator<Item = u64>| {
            sizes.map(|size| i128::from(size) * (i128::from(size) - 1) / 2).sum::<i128>()
        };
        let together = pairs(&mut self.cells.iter().map(|cell| cell.2));
        let truth_only = pairs(&mut self.truth.iter().copied()) - together;
        let predicted_only = pairs(&mut self.predicted.iter().copied()) - together;
        let all = pairs(&mut std::iter::once(self.n_rows));
        Pairs { together, truth_only, predicted_only, apart: all - together - truth_only - predicted_only }
    }
}

/// Codes numbered from 0 without gaps, and the size of each.
pub(super) fn compact(codes: &[u32]) -> (Vec<usize>, Vec<u64>) {
    let mut known: Vec<u32> = codes.to_vec();
    known.sort_unstable();
    let sizes = known.chunk_by(|a, b| a == b).map(|same| same.len() as u64).collect();
    known.dedup();
    let place = |code: &u32| known.binary_search(code).unwrap_or_default();
    (codes.iter().map(place).collect(), sizes)
}
