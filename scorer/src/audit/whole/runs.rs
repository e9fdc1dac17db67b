//! Masks made larger and smaller, as runs.

use std::fmt::Write as _;

use crate::intake::shapes::{Run, Runs};

/// The pixels of one mask: runs in ascending order that do not touch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pixels(Vec<Run>);

impl Pixels {
    pub fn of(mask: &str) -> Self {
        Self::joined(Runs::of(mask).collect())
    }

    fn joined(mut runs: Vec<Run>) -> Self {
        runs.retain(|run| run.end > run.start);
        runs.sort_unstable_by_key(|run| run.start);
        let mut joined: Vec<Run> = Vec::with_capacity(runs.len());
        for run in runs {
            match joined.last_mut().filter(|last| run.start <= last.end) {
                Some(last) => last.end = last.end.max(run.end),
                None => joined.push(run),
            }
        }
        Self(joined)
    }

    pub fn text(&self) -> String {
        let mut text = String::new();
        for run in &self.0 {
            let blank = if text.is_empty() { "" } else { " " };
            let _ = write!(text, "{blank}{} {}", run.start + 1, run.len());
        }
        text
    }

    pub fn count(&self) -> u64 {
        self.0.iter().map(|run| run.len()).sum()
    }

    pub fn n_runs(&self) -> usize {
        self.0.len()
    }

    pub fn end(&self) -> u64 {
        self.0.last().map_or(0, |run| run.end)
    }

    pub fn all(n_pixels: u64) -> Self {
        Self::joined(vec![Run { start: 0, end: n_pixels }])
    }

    /// Every run longer by so much at both ends, or shorter where it is below 0. Something is left of every mask.
    pub fn grown(&self, by: i64, n_pixels: u64) -> Self {
        let moved = |run: &Run| Run {
            start: run.start.saturating_add_signed(-by),
            end: run.end.saturating_add_signed(by).min(n_pixels.max(run.end)),
        };
        let grown = self.0.iter().map(moved).filter(|run| run.end > run.start);
        let grown = Self::joined(grown.collect());
        match grown.0.is_empty() {
            true => self.0.iter().max_by_key(|run| run.len()).map_or_else(Self::default, |run| {
                let middle = u64::midpoint(run.start, run.end - 1);
                Self(vec![Run { start: middle, end: middle + 1 }])
            }),
            false => grown,
        }
    }

    /// With so many pixels: the last are taken away, or more are added behind the end, else before the start, as far as
    /// the image goes.
    pub fn resized(&self, count: u64, n_pixels: u64) -> Self {
        let own = self.count();
        let mut runs = self.0.clone();
        let mut surplus = own.saturating_sub(count);
        while let Some(last) = runs.last_mut().filter(|_| surplus > 0) {
            let cut = surplus.min(last.len());
            last.end -= cut;
            surplus -= cut;
            if last.is_empty() {
                runs.pop();
            }
        }
        let missing = count.saturating_sub(own);
        if let Some(last) = runs.last_mut().filter(|_| missing > 0) {
            let behind = missing.min(n_pixels.saturating_sub(last.end));
            last.end += behind;
            let before = missing - behind;
            runs[0].start = runs[0].start.saturating_sub(before);
        }
        Self::joined(runs)
    }
}

/// The pixels that at least such a share of these masks has.
pub fn common(masks: &[Pixels], share: f64) -> Pixels {
    let mut steps: Vec<(u64, i64)> =
        masks.iter().flat_map(|mask| &mask.0).flat_map(|run| [(run.start, 1), (run.end, -1)]).collect();
    steps.sort_unstable();
    let least = ((share * masks.len() as f64).ceil() as i64).max(1);
    let mut height = 0;
    let mut from = None;
    let mut runs = Vec::new();
    for (place, step) in steps {
        height += step;
        match from {
            None if height >= least => from = Some(place),
            Some(start) if height < least => {
                runs.push(Run { start, end: place });
                from = None;
            }
            _ => {}
        }
    }
    Pixels::joined(runs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_grow_and_shrink_by_their_runs() {
        let mask = Pixels::of("3 2 10 5");
        assert_eq!(mask.grown(1, 100).text(), "2 4 9 7");
        assert_eq!(mask.grown(-1, 100).text(), "11 3");
        assert_eq!(mask.grown(-9, 100).text(), "12 1", "something is left");
        assert_eq!(mask.grown(3, 12).text(), "1 14");
        assert_eq!(mask.resized(4, 100).text(), "3 2 10 2");
        assert_eq!((mask.resized(9, 15).text(), mask.resized(9, 15).count()), ("2 3 10 6".to_owned(), 9));
        assert_eq!(common(&[Pixels::of("1 4"), Pixels::of("3 4"), Pixels::of("4 1")], 0.6).text(), "3 2");
        assert_eq!(Pixels::default().text(), "");
    }
}
