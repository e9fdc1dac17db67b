//! The weights of many rows in neighbouring replicates.

use holdout_intake::parallel;

use super::LANES;
use crate::philox::{Draw, KEY_STEPS, MULTIPLIERS, ROUNDS, ROWS_PER_CALL, THRESHOLDS};
use crate::wide::{Work, widest};

/// Replicates whose numbers are made together. Of 8, half the processor waits for products.
const GROUP: usize = 32;

/// Fills the table with the weights of so many rows in the replicates from `first` on.
pub(super) fn fill(draw: Draw, first: usize, n_rows: usize, table: &mut Vec<[u8; LANES]>) {
    if table.len() != n_rows {
        *table = parallel::filled([0; LANES], n_rows);
    }
    widest(Fill { key: draw.key(), first: first as u32, table });
}

struct Fill<'a> {
    key: [u32; 2],
    first: u32,
    table: &'a mut [[u8; LANES]],
}

impl Work for Fill<'_> {
    type Out = ();

    const WIDER: bool = true;

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        for (quad, rows) in (0..).zip(self.table.chunks_mut(ROWS_PER_CALL)) {
            for start in (0..LANES).step_by(GROUP) {
                let words = philox_of_group(quad, self.first + start as u32, self.key);
                for (row, words) in rows.iter_mut().zip(&words) {
                    row[start..start + GROUP].copy_from_slice(&weights(words));
                }
            }
        }
    }
}

/// As [`crate::philox::philox4x32`], for neighbouring replicates at once.
#[inline(always)]
fn philox_of_group(quad: u32, first: u32, mut key: [u32; 2]) -> [[u32; GROUP]; 4] {
    let mut a = [quad; GROUP];
    let mut b: [u32; GROUP] = std::array::from_fn(|lane| first.wrapping_add(lane as u32));
    let mut c = [0_u32; GROUP];
    let mut d = [0_u32; GROUP];
    for _ in 0..ROUNDS {
        for lane in 0..GROUP {
            let product_a = u64::from(MULTIPLIERS[0]) * u64::from(a[lane]);
            let product_c = u64::from(MULTIPLIERS[1]) * u64::from(c[lane]);
            a[lane] = (product_c >> 32) as u32 ^ b[lane] ^ key[0];
            b[lane] = product_c as u32;
            c[lane] = (product_a >> 32) as u32 ^ d[lane] ^ key[1];
            d[lane] = product_a as u32;
        }
        key[0] = key[0].wrapping_add(KEY_STEPS[0]);
        key[1] = key[1].wrapping_add(KEY_STEPS[1]);
    }
    [a, b, c, d]
}

#[inline(always)]
fn weights(words: &[u32; GROUP]) -> [u8; GROUP] {
    let mut counts = [0_u32; GROUP];
    for threshold in THRESHOLDS {
        for (count, word) in counts.iter_mut().zip(words) {
            *count += u32::from(threshold <= *word);
        }
    }
    counts.map(|count| count as u8)
}
