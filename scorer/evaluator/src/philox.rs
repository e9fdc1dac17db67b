//! The weights of the Poisson bootstrap, by place alone: version, replicate and row make a number, and the
//! number makes the weight. Nothing is stored, threads change nothing, and a device draws the same.
//!
//! The generator is Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011). One call serves four rows.

/// `2^32` times the distribution of Poisson(1), rounded down: a weight is the number of these that a uniform
/// number reaches. Weights above eight, one in 900,000, are taken for eight.
pub const THRESHOLDS: [u32; 8] = [
    1_580_030_168,
    3_160_060_337,
    3_950_075_421,
    4_213_413_783,
    4_279_248_373,
    4_292_415_291,
    4_294_609_777,
    4_294_923_276,
];
/// No weight is larger.
pub const MAX_WEIGHT: u32 = THRESHOLDS.len() as u32;
/// Rows that one call serves.
pub const ROWS_PER_CALL: usize = 4;

pub(crate) const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
pub(crate) const KEY_STEPS: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
pub(crate) const ROUNDS: usize = 10;

/// Which replicates of which competition's version: teams that are compared share them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw {
    pub version: u64,
    pub n_replicates: usize,
}

impl Draw {
    /// The weight of a row in a replicate.
    pub fn weight(self, replicate: u32, row: u32) -> u8 {
        let quad = row / ROWS_PER_CALL as u32;
        let words = philox4x32([quad, replicate, 0, 0], self.key());
        weight(words[row as usize % ROWS_PER_CALL])
    }

    /// The weights of the first rows in a replicate.
    pub fn weights(self, replicate: u32, n_rows: usize) -> Vec<u8> {
        crate::cpu::weights_of_replicate(self, replicate, n_rows)
    }

    pub(crate) fn key(self) -> [u32; 2] {
        [self.version as u32, (self.version >> 32) as u32]
    }
}

/// The weight that a uniform number makes.
#[inline]
pub fn weight(word: u32) -> u8 {
    THRESHOLDS.iter().map(|threshold| u8::from(*threshold <= word)).sum()
}

/// Four numbers from a counter and a key.
pub fn philox4x32(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let [mut a, mut b, mut c, mut d] = counter;
    let [mut k, mut l] = key;
    for _ in 0..ROUNDS {
        let (low_a, high_a) = product(MULTIPLIERS[0], a);
        let (low_c, high_c) = product(MULTIPLIERS[1], c);
        (a, b, c, d) = (high_c ^ b ^ k, low_c, high_a ^ d ^ l, low_a);
        k = k.wrapping_add(KEY_STEPS[0]);
        l = l.wrapping_add(KEY_STEPS[1]);
    }
    [a, b, c, d]
}

#[inline]
fn product(a: u32, b: u32) -> (u32, u32) {
    let product = u64::from(a) * u64::from(b);
    (product as u32, (product >> 32) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers that are distributed with Random123.
    #[test]
    fn numbers_are_those_of_random123() {
        let of = philox4x32;
        assert_eq!(of([0; 4], [0; 2]), [0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8]);
        assert_eq!(of([u32::MAX; 4], [u32::MAX; 2]), [0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD]);
        assert_eq!(
            of([0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344], [0xA409_3822, 0x299F_31D0]),
            [0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1]
        );
    }

    #[test]
    fn thresholds_are_the_distribution() {
        let mut term = (-1.0_f64).exp();
        let mut distribution = 0.0;
        for (k, threshold) in THRESHOLDS.iter().enumerate() {
            distribution += term;
            term /= k as f64 + 1.0;
            let exact = distribution * 2_f64.powi(32);
            assert!((f64::from(*threshold) - exact.floor()).abs() <= 1.0, "{k}: {exact}");
        }
        assert_eq!([0, THRESHOLDS[0] - 1, THRESHOLDS[0], u32::MAX].map(weight), [0, 0, 1, 8]);
    }

    #[test]
    fn weights_of_all_rows_are_those_of_each() {
        let draw = Draw { version: 0xFEDC_BA98_7654_3210, n_replicates: 3 };
        for n_rows in [0, 1, 127, 128, 129, 1000] {
            for replicate in [0, 1, 2] {
                let each: Vec<u8> = (0..n_rows).map(|row| draw.weight(replicate, row)).collect();
                assert_eq!(draw.weights(replicate, n_rows as usize), each);
            }
        }
    }

    #[test]
    fn weights_have_mean_and_variance_one() {
        let draw = Draw { version: 0x1234_5678_9ABC_DEF0, n_replicates: 500 };
        let n = 500 * 1000;
        let (mut total, mut squares) = (0_u64, 0_u64);
        for replicate in 0..500 {
            for row in 0..1000 {
                let weight = u64::from(draw.weight(replicate, row));
                total += weight;
                squares += weight * weight;
            }
        }
        let mean = total as f64 / f64::from(n);
        let variance = squares as f64 / f64::from(n) - mean * mean;
        assert!((mean - 1.0).abs() < 0.006 && (variance - 1.0).abs() < 0.02, "{mean} {variance}");
    }
}
