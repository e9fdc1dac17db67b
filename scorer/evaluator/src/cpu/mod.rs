//! On the processor: every core, and the widest registers there are. This is what results mean; it needs
//! nothing, and cannot fail.

mod curves;
mod means;
mod products;
mod weights;

use std::convert::Infallible;

use holdout_intake::parallel;

use crate::philox::Draw;
use crate::ranking::Ranking;
use crate::suite::{Pair, Run, Suite};
use crate::{edits, radix, runs, segments, sums};

pub(crate) use means::BLOCK_ROWS as MEAN_BLOCK_ROWS;
pub(crate) use products::BLOCK_ROWS as PRODUCT_BLOCK_ROWS;
pub(crate) use weights::of_replicate as weights_of_replicate;

/// Replicates that lie side by side: a row's weights are one line of the cache.
pub(crate) const LANES: usize = 64;

/// Of one ranking or column, a value of every replicate.
type Replicates = Vec<Vec<f64>>;

#[derive(Debug, Clone, Copy, Default)]
pub struct Cpu;

impl Suite for Cpu {
    type Error = Infallible;

    fn sums(&self, columns: &[&[f64]]) -> Result<Vec<f64>, Infallible> {
        let n_items = columns.iter().map(|column| column.len()).sum::<usize>() / 8;
        let sum = |at: usize| sums::sum(columns[at].len(), |row| columns[at][row]);
        Ok(parallel::map(columns.len(), n_items, sum))
    }

    fn orders(&self, columns: &[&[u64]]) -> Result<Vec<Vec<u32>>, Infallible> {
        let n_items = columns.iter().map(|column| column.len()).sum();
        let order = |at: usize| radix::order(columns[at].len(), |row| columns[at][row]);
        Ok(parallel::map(columns.len(), n_items, order))
    }

    fn sorted(&self, columns: &[&[u64]]) -> Result<Vec<Vec<u64>>, Infallible> {
        let n_items = columns.iter().map(|column| column.len()).sum();
        Ok(parallel::map(columns.len(), n_items, |at| radix::sort(columns[at].to_vec())))
    }

    fn weights(&self, draw: Draw, n_rows: usize) -> Result<Vec<u8>, Infallible> {
        let n = draw.n_replicates;
        let mut weights = vec![0; n_rows * n];
        for first in (0..n).step_by(LANES) {
            let mut block = Vec::new();
            weights::fill(draw, first, n_rows, &mut block);
            let n_kept = LANES.min(n - first);
            for (row, lanes) in block.iter().enumerate() {
                weights[row * n + first..][..n_kept].copy_from_slice(&lanes[..n_kept]);
            }
        }
        Ok(weights)
    }

    fn roc_auc(&self, rankings: &[&Ranking], draw: Draw) -> Result<Replicates, Infallible> {
        Ok(curves::replicates(rankings, draw, curves::Curve::Roc))
    }

    fn average_precision(&self, rankings: &[&Ranking], draw: Draw) -> Result<Replicates, Infallible> {
        Ok(curves::replicates(rankings, draw, curves::Curve::Precision))
    }

    fn means(&self, columns: &[&[f64]], draw: Draw) -> Result<Replicates, Infallible> {
        Ok(means::replicates(columns, draw))
    }

    fn segment_means(&self, values: &[f64], ends: &[u32]) -> Result<Vec<f64>, Infallible> {
        let mean = |at: usize| segments::mean(segments::of(values, ends, at));
        Ok(parallel::map(ends.len(), values.len() / 4, mean))
    }

    fn overlaps(&self, pairs: &[(&[Run], &[Run])]) -> Result<Vec<u64>, Infallible> {
        let n_items = pairs.iter().map(|(a, b)| a.len() + b.len()).sum();
        Ok(parallel::map(pairs.len(), n_items, |at| runs::overlap(pairs[at].0, pairs[at].1)))
    }

    fn distances(&self, pairs: &[Pair<'_>]) -> Result<Vec<u32>, Infallible> {
        let n_items = pairs.iter().map(|(a, b)| a.len() + b.len() + a.len() * b.len() / 64).sum();
        let distance = |at: usize| edits::distance(pairs[at].0, pairs[at].1) as u32;
        Ok(parallel::map(pairs.len(), n_items, distance))
    }

    fn text_distances(&self, pairs: &[(&str, &str)]) -> Result<Vec<u32>, Infallible> {
        let n_items = pairs.iter().map(|(a, b)| a.len() + b.len() + a.len() * b.len() / 64).sum();
        let distance = |at: usize| edits::text_distance(pairs[at].0, pairs[at].1) as u32;
        Ok(parallel::map(pairs.len(), n_items, distance))
    }

    fn products(&self, columns: &[&[f32]], with: &[&[f32]]) -> Result<Replicates, Infallible> {
        Ok(products::products(columns, with))
    }
}

/// Does `work` for every block of replicates, given their weights, and joins what it makes of each ranking
/// or column. A thread has one table of weights at a time.
fn by_blocks(
    draw: Draw,
    n_rows: usize,
    n_columns: usize,
    work: impl Fn(&[[u8; LANES]]) -> Vec<[f64; LANES]> + Sync,
) -> Replicates {
    let n_blocks = draw.n_replicates.div_ceil(LANES);
    let blocks = parallel::map_ranges(n_blocks, n_rows * draw.n_replicates / 8, |range| {
        let mut table = Vec::new();
        range
            .map(|block| {
                weights::fill(draw, block * LANES, n_rows, &mut table);
                work(&table)
            })
            .collect()
    });
    let of_column = |column: usize| {
        let values = blocks.iter().flat_map(|block| block[column]);
        values.take(draw.n_replicates).collect()
    };
    (0..n_columns).map(of_column).collect()
}
