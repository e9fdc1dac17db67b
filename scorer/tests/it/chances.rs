//! Random numbers that a seed gives, the same on every machine.

/// Numbers from 0 to 1 (Knuth's linear congruential generator of 64 bits, its 53 highest).
pub fn chances(seed: u64) -> impl Iterator<Item = f64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    })
}

/// Nearly normal numbers: sums of twelve chances, which have variance 1.
pub fn normal(seed: u64) -> impl FnMut() -> f64 {
    let mut chances = chances(seed);
    move || chances.by_ref().take(12).sum::<f64>() - 6.0
}
