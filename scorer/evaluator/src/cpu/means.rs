//! Weighted means of many columns in many replicates: rows are added in order within a block, blocks in order.

use super::{LANES, by_blocks};
use crate::philox::Draw;
use crate::wide::{Work, widest};

/// Rows whose weights stay in the nearest cache while all columns pass.
pub(crate) const BLOCK_ROWS: usize = 256;

pub(super) fn replicates(columns: &[&[f64]], draw: Draw) -> Vec<Vec<f64>> {
    let n_rows = columns.first().map_or(0, |column| column.len());
    by_blocks(draw, n_rows, columns.len(), |weights| widest(Means { columns, weights }))
}

struct Means<'a> {
    columns: &'a [&'a [f64]],
    weights: &'a [[u8; LANES]],
}

impl Work for Means<'_> {
    type Out = Vec<[f64; LANES]>;

    #[inline(always)]
    fn run<const FUSED: bool>(self) -> Vec<[f64; LANES]> {
        let mut sums = vec![[0.0; LANES]; self.columns.len()];
        let mut totals = [0_u32; LANES];
        for (block, weights) in self.weights.chunks(BLOCK_ROWS).enumerate() {
            for weights in weights {
                for lane in 0..LANES {
                    totals[lane] = totals[lane].wrapping_add(u32::from(weights[lane]));
                }
            }
            for (column, sums) in self.columns.iter().zip(&mut sums) {
                let values = &column[block * BLOCK_ROWS..][..weights.len()];
                let mut block_sums = [0.0; LANES];
                for (value, weights) in values.iter().zip(weights) {
                    for lane in 0..LANES {
                        block_sums[lane] += f64::from(weights[lane]) * value;
                    }
                }
                for lane in 0..LANES {
                    sums[lane] += block_sums[lane];
                }
            }
        }
        for sums in &mut sums {
            for lane in 0..LANES {
                sums[lane] /= f64::from(totals[lane]);
            }
        }
        sums
    }
}
