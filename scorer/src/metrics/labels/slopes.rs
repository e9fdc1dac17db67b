//! How scores of margins move with their rows.

use super::single::classes;
use crate::kernels::Margins;
use crate::metrics::{Params, Rows};

/// How a score moves with one row more: as every row does, by its class in the truth and in the prediction, and, where
/// these are the same, by that.
pub struct Slopes {
    pub every: f64,
    pub truth: Vec<f64>,
    pub predicted: Vec<f64>,
    pub matched: Vec<f64>,
}

impl Slopes {
    pub fn none(n_classes: usize) -> Self {
        let zeros = || vec![0.0; n_classes];
        Self { every: 0.0, truth: zeros(), predicted: zeros(), matched: zeros() }
    }

    /// As [`crate::metrics::Metric::influence`].
    pub fn influence(&self, rows: &Rows<'_>, params: &Params) -> Vec<f64> {
        let (_, y, p) = classes(rows, params);
        let moved = |at: usize| {
            let (truth, predicted) = (y[at] as usize, p[at] as usize);
            let matched = if truth == predicted { self.matched[truth] } else { 0.0 };
            rows.weight(at) * (self.every + self.truth[truth] + self.predicted[predicted] + matched)
        };
        (0..rows.len()).map(|at| rows.len() as f64 * moved(at)).collect()
    }
}

/// A class's number: its right rows over a sum of its rows.
#[derive(Debug, Clone, Copy)]
pub struct Ratio {
    /// How much every right row counts above.
    pub above: f64,
    /// How much every row of the truth, of the prediction, and every right one counts below.
    pub truth: f64,
    pub predicted: f64,
    pub matched: f64,
}

impl Ratio {
    fn below(&self, margins: &Margins, class: usize) -> f64 {
        self.truth * margins.truth[class]
            + self.predicted * margins.predicted[class]
            + self.matched * margins.matched[class]
    }

    /// 0 where there is nothing below.
    pub fn of(&self, margins: &Margins, class: usize) -> f64 {
        super::single::share(self.above * margins.matched[class], self.below(margins, class))
    }

    /// Adds how the class's number, times a factor, moves.
    pub fn add_slopes(&self, margins: &Margins, class: usize, factor: f64, slopes: &mut Slopes) {
        let below = self.below(margins, class);
        if below == 0.0 {
            return;
        }
        let (scale, value) = (factor / below, self.of(margins, class));
        slopes.truth[class] -= scale * value * self.truth;
        slopes.predicted[class] -= scale * value * self.predicted;
        slopes.matched[class] += scale * (self.above - value * self.matched);
    }
}
