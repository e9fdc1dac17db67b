//! Sums whose digits depend on the values and their order alone, never on threads or vector width.

pub(crate) const BLOCK: usize = 1024;
const LANES: usize = 8;

/// The sum of `term(0) … term(n - 1)` in a fixed shape: eight lanes inside a block of 1024, blocks
/// added pairwise. The error grows with the logarithm of `n`.
pub fn sum(n: usize, term: impl Fn(usize) -> f64) -> f64 {
    join((0..n).step_by(BLOCK).map(|start| block(start, (start + BLOCK).min(n), &term)))
}

/// The sum of whole blocks' sums.
pub(crate) fn join(blocks: impl Iterator<Item = f64>) -> f64 {
    let mut levels: Vec<Option<f64>> = Vec::new();
    blocks.for_each(|block| carry(&mut levels, block));
    levels.into_iter().flatten().fold(0.0, |sum, level| sum + level)
}

#[inline]
fn block(start: usize, end: usize, term: &impl Fn(usize) -> f64) -> f64 {
    let mut lanes = [0.0; LANES];
    let full = start + (end - start) / LANES * LANES;
    for at in (start..full).step_by(LANES) {
        for (lane, sum) in lanes.iter_mut().enumerate() {
            *sum += term(at + lane);
        }
    }
    for (lane, at) in (full..end).enumerate() {
        lanes[lane] += term(at);
    }
    ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]))
}

/// Adds one block's sum as a binary counter adds one.
fn carry(levels: &mut Vec<Option<f64>>, mut value: f64) {
    for level in levels.iter_mut() {
        match level.take() {
            None => {
                *level = Some(value);
                return;
            }
            Some(other) => value += other,
        }
    }
    levels.push(Some(value));
}

#[cfg(test)]
mod tests {
    use super::sum;

    #[test]
    fn sums_small_and_long_series() {
        assert_eq!(sum(0, |_| 1.0), 0.0);
        assert_eq!(sum(10, |at| at as f64), 45.0);
        let n = 1_000_003;
        let exact = (n - 1) as f64 * n as f64 / 2.0;
        assert_eq!(sum(n, |at| at as f64), exact);
    }

    #[test]
    fn keeps_small_terms_beside_large_ones() {
        let n = 1 << 20;
        let value = sum(n, |at| if at == 0 { 1e16 } else { 1.0 });
        assert!((value - (1e16 + (n - 1) as f64)).abs() <= 2048.0);
    }
}
