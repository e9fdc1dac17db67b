//! SplitMix64 (Steele, Lea and Flood 2014): numbers that a seed decides, the same on every machine for ever. Splits, shuffles
//! and imagined contests rest on every bit of it.

/// The odd constant that each state is apart from the one before: 2⁶⁴ divided by the golden ratio.
pub(crate) const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

/// The finish: spreads each bit of a state over all bits of a number.
pub(crate) fn finish(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The number that follows a state: what a generator seeded with it gives first.
pub(crate) fn mixed(state: u64) -> u64 {
    finish(state.wrapping_add(GAMMA))
}

/// The generator.
#[derive(Debug, Clone)]
pub struct SplitMix64(u64);

impl SplitMix64 {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next_number(&mut self) -> u64 {
        let number = mixed(self.0);
        self.0 = self.0.wrapping_add(GAMMA);
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_authors_program() {
        let mut random = SplitMix64::new(1_234_567);
        let first = [(); 3].map(|()| random.next_number());
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }
}
