//! Seeded order: the same seed gives the same order on every machine, for ever.

use crate::splitmix::SplitMix64;

/// Orders of one seed.
pub struct Shuffle(SplitMix64);

impl Shuffle {
    /// `stream` tells apart the several orders that one seed is used for.
    pub fn new(seed: i64, stream: u64) -> Self {
        let seed = seed.cast_unsigned() ^ stream.wrapping_mul(0xA076_1D64_78BD_642F);
        let mut random = SplitMix64::new(seed);
        random.next_number();
        Self(random)
    }

    /// Puts the items into a random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }

    /// A number below `bound`, every one equally likely to within 2⁻⁶⁴ of the bound.
    fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.0.next_number()) * u128::from(bound)) >> 64) as u64
    }
}
