//! Seeded order: the same seed gives the same order on every machine, for ever.

/// SplitMix64.
pub struct Shuffle(u64);

impl Shuffle {
    /// `stream` tells apart the several orders that one seed is used for.
    pub fn new(seed: i64, stream: u64) -> Self {
        let mut shuffle = Self(seed.cast_unsigned() ^ stream.wrapping_mul(0xA076_1D64_78BD_642F));
        shuffle.next();
        shuffle
    }

    /// Puts the items into a random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }

    /// A number below `bound`, every one equally likely to within 2⁻⁶⁴ of the bound.
    fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}
