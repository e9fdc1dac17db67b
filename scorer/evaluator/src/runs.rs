//! Masks as runs, compared without being decoded.

use crate::suite::Run;

/// How many places both masks mark.
pub fn overlap(a: &[Run], b: &[Run]) -> u64 {
    let end = |run: &Run| u64::from(run.start) + u64::from(run.length);
    let (mut at_a, mut at_b, mut both) = (0, 0, 0);
    while let (Some(run_a), Some(run_b)) = (a.get(at_a), b.get(at_b)) {
        let start = u64::from(run_a.start.max(run_b.start));
        both += end(run_a).min(end(run_b)).saturating_sub(start);
        if end(run_a) <= end(run_b) {
            at_a += 1;
        } else {
            at_b += 1;
        }
    }
    both
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_in_both_are_counted() {
        let runs = |of: &[(u32, u32)]| -> Vec<Run> {
            of.iter().map(|(start, length)| Run { start: *start, length: *length }).collect()
        };
        let a = runs(&[(0, 4), (10, 5), (u32::MAX, 3)]);
        assert_eq!(overlap(&a, &a), 12);
        assert_eq!(overlap(&a, &runs(&[(2, 10)])), 4);
        assert_eq!(overlap(&a, &[]), 0);
    }
}
