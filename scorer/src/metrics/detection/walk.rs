//! The boxes of a class under many draws of images at once. All that is asked of a curve is decided where a box is right:
//! wrong ones only lower the precision until the next.

use super::coco::{Curve, EPSILON, N_RECALLS, level};
use super::matching::{Counts, LANES, OfClass, Times, add};

/// Right and wrong boxes so far, where a box was right.
struct Step {
    right: Counts,
    wrong: Counts,
}

/// The right boxes of a class, for every threshold.
pub(super) struct Walk {
    steps: Vec<Vec<Step>>,
    n_true: Counts,
}

impl Walk {
    pub fn of(curve: &Curve, n_thresholds: usize, times: &Times) -> Self {
        let all = (1_u16 << n_thresholds) - 1;
        let mut steps: Vec<Vec<Step>> = (0..n_thresholds).map(|_| Vec::new()).collect();
        let mut right = vec![[0; LANES]; n_thresholds];
        // Most boxes are wrong at every threshold, and counted once for all of them.
        let mut wrong_everywhere = [0; LANES];
        let mut wrong_here = vec![[0; LANES]; n_thresholds];
        for (row, fate) in &curve.fates {
            let (matched, ignored) = (fate.is_matched & all, fate.is_ignored & all);
            let times = times.of_row(*row);
            if matched | ignored == 0 {
                add(&mut wrong_everywhere, times);
                continue;
            }
            for threshold in (0..n_thresholds).filter(|threshold| ignored >> threshold & 1 == 0) {
                if matched >> threshold & 1 == 0 {
                    add(&mut wrong_here[threshold], times);
                    continue;
                }
                add(&mut right[threshold], times);
                let mut wrong = wrong_everywhere;
                add(&mut wrong, &wrong_here[threshold]);
                steps[threshold].push(Step { right: right[threshold], wrong });
            }
        }
        Self { steps, n_true: times.of_rows(curve.truths.iter().copied()) }
    }

    /// The mean over thresholds of what `of` says of one.
    fn mean(self, of: impl Fn(&[Step]) -> [f64; LANES]) -> OfClass {
        let mut scores = [0.0; LANES];
        for steps in &self.steps {
            scores.iter_mut().zip(of(steps)).for_each(|(score, value)| *score += value);
        }
        OfClass { scores: scores.map(|sum| sum / self.steps.len() as f64), n_true: self.n_true }
    }

    pub fn recalls(self) -> OfClass {
        let n_true = self.n_true;
        self.mean(|steps| {
            let right = steps.last().map_or([0; LANES], |step| step.right);
            std::array::from_fn(|lane| f64::from(right[lane]) / f64::from(n_true[lane]))
        })
    }

    /// The mean, over 101 levels of recall, of the best precision at that recall or more.
    pub fn mean_precisions(self) -> OfClass {
        let levels = Levels::of(&self.n_true);
        self.mean(|steps| levels.mean_precisions(steps))
    }
}

/// How many right boxes reach each level of recall.
struct Levels([[u32; N_RECALLS]; LANES]);

impl Levels {
    fn of(n_true: &Counts) -> Self {
        Self(n_true.map(|n_true| std::array::from_fn(|at| least_right(level(at), n_true))))
    }

    /// From the last right box to the first, with the best precision so far.
    fn mean_precisions(&self, steps: &[Step]) -> [f64; LANES] {
        let mut values = [[0.0; N_RECALLS]; LANES];
        let mut best = [0.0_f64; LANES];
        // Levels that are reached no later than here.
        let reached = steps.last().map_or([0; LANES], |step| step.right);
        let mut n_levels: [usize; LANES] =
            std::array::from_fn(|lane| self.0[lane].partition_point(|least| *least <= reached[lane]));
        for (at, step) in steps.iter().enumerate().rev() {
            let before = at.checked_sub(1).map(|before| &steps[before].right);
            for ((best, right), wrong) in best.iter_mut().zip(step.right).zip(step.wrong) {
                let (right, wrong) = (f64::from(right), f64::from(wrong));
                *best = best.max(right / (wrong + right + EPSILON));
            }
            for lane in 0..LANES {
                let is_first_here = |least: u32| before.is_none_or(|before| least > before[lane]);
                while n_levels[lane] > 0 && is_first_here(self.0[lane][n_levels[lane] - 1]) {
                    n_levels[lane] -= 1;
                    values[lane][n_levels[lane]] = best[lane];
                }
            }
        }
        values.map(|values| values.iter().sum::<f64>() / N_RECALLS as f64)
    }
}

/// The fewest right ones of so many true ones whose share is not below the level, to the last bit.
fn least_right(level: f64, n_true: u32) -> u32 {
    let is_enough = |right: u32| f64::from(right) / f64::from(n_true) >= level;
    let mut right = (level * f64::from(n_true)) as u32;
    while right > 0 && is_enough(right - 1) {
        right -= 1;
    }
    while right < n_true && !is_enough(right) {
        right += 1;
    }
    right
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_reached_where_the_share_is() {
        for n_true in 1..400 {
            for at in 0..N_RECALLS {
                let expected = (0..=n_true).find(|right| f64::from(*right) / f64::from(n_true) >= level(at));
                assert_eq!(Some(least_right(level(at), n_true)), expected, "{n_true} {at}");
            }
        }
    }
}
