//! The weights of many rows, in neighbouring replicates or in one.

use holdout_intake::parallel;

use super::LANES;
use crate::philox::{Draw, KEY_STEPS, MULTIPLIERS, ROUNDS, ROWS_PER_CALL, THRESHOLDS};
use crate::wide::{Work, widest};

/// Numbers that are made together. Of 8, half the processor waits for products.
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
                let replicates = std::array::from_fn(|lane| self.first + (start + lane) as u32);
                let words = philox_of_group([quad; GROUP], replicates, self.key);
                for (row, words) in rows.iter_mut().zip(&words) {
                    row[start..start + GROUP].copy_from_slice(&weights(words));
                }
            }
        }
    }
}

/// The weights of the first rows in one replicate.
pub(crate) fn of_replicate(draw: Draw, replicate: u32, n_rows: usize) -> Vec<u8> {
    let mut weights = vec![0; n_rows.next_multiple_of(GROUP * ROWS_PER_CALL)];
    widest(OneReplicate { key: draw.key(), replicate, weights: &mut weights });
    weights.truncate(n_rows);
    weights
}

struct OneReplicate<'a> {
    key: [u32; 2],
    replicate: u32,
    /// Of whole groups of calls.
    weights: &'a mut [u8],
}

impl Work for OneReplicate<'_> {
    type Out = ();

    const WIDER: bool = true;

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let groups = self.weights.chunks_exact_mut(GROUP * ROWS_PER_CALL);
        for (first, rows) in (0_u32..).step_by(GROUP).zip(groups) {
            let quads = std::array::from_fn(|lane| first + lane as u32);
            let words = philox_of_group(quads, [self.replicate; GROUP], self.key);
            for (place, words) in words.iter().enumerate() {
                for (lane, weight) in weights(words).into_iter().enumerate() {
                    rows[lane * ROWS_PER_CALL + place] = weight;
                }
            }
        }
    }
}

/// As [`crate::philox::philox4x32`], for several quads of rows and replicates at once.
#[inline(always)]
fn philox_of_group(mut a: [u32; GROUP], mut b: [u32; GROUP], mut key: [u32; 2]) -> [[u32; GROUP]; 4] {
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
