//! Weights of any size that a double holds, brought to where sums of them, and products of a few, have room.

use std::ops::RangeInclusive;

/// Where the largest weight lies that is left as it is: the fourth power of a sum of many has room, as has that of a small
/// one.
const ROOM: RangeInclusive<f64> = 1e-50..=1e50;

/// Weights whose largest is larger or smaller are multiplied by a power of 2, which is exact, so that it is about 1. No score
/// depends on the unit of its weights.
pub fn tamed(mut weights: Vec<f64>) -> Vec<f64> {
    tame(&mut weights);
    weights
}

/// As [`tamed`]; whether something was done.
pub fn tame(weights: &mut [f64]) -> bool {
    let most = weights.iter().copied().fold(0.0, f64::max);
    if most <= 0.0 || !most.is_finite() || ROOM.contains(&most) {
        return false;
    }
    let (_, exponent) = libm::frexp(most);
    weights.iter_mut().for_each(|weight| *weight = libm::ldexp(*weight, -exponent));
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_keep_their_proportions_and_usual_ones_every_digit() {
        let usual = vec![1e-50, 3.0, 0.1, 1e50];
        assert_eq!(tamed(usual.clone()), usual);
        assert_eq!(tamed(vec![0.0; 2]), [0.0; 2]);
        for size in [1e308, 1e-200, 4e-320] {
            let found = tamed(vec![size, size / 2.0, 0.0]);
            assert!((0.5..=1.0).contains(&found[0]) && found[1..] == [found[0] / 2.0, 0.0], "{found:?}");
        }
    }
}
