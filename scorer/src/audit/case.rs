//! One audit of values in columns: labels, metric and settings, as all checks see them.

use std::ops::Deref;

use super::ask::Declared;
use super::distributions::Says;
use super::ground::Ground;
use super::normal;

/// What is predicted, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// A number.
    Number,
    /// A whole number of a short scale.
    Rating,
    /// A probability or a score of the positive class.
    Probability,
    /// 0 or 1.
    Yes,
    /// One of several names.
    Class,
    /// A probability for every class.
    ClassProbabilities,
    /// A whole distribution of a number.
    Distribution,
}

/// What the checks look at.
pub struct Case<'a> {
    pub ground: Ground<'a>,
    pub family: Family,
    /// The values that labels may have, in ascending order; empty for numbers.
    pub classes: Vec<f64>,
    /// What the columns of a report say, where it is a distribution.
    pub says: Vec<Says>,
    /// Whether a report may lie between two ratings.
    pub is_between: bool,
    /// The least sensible report, where no truth is negative.
    pub floor: Option<f64>,
}

impl<'a> Deref for Case<'a> {
    type Target = Ground<'a>;

    fn deref(&self) -> &Ground<'a> {
        &self.ground
    }
}

/// The least report to a metric that wants numbers above 0.
const SMALL: f64 = 1e-9;

impl Case<'_> {
    pub fn columns(&self) -> impl Iterator<Item = &[f64]> {
        self.truth.chunks(self.n_looked().max(1))
    }

    /// A value that follows from a column's truths, for all cells of the column.
    pub fn by_column(&self, value: impl Fn(&[f64]) -> f64) -> Vec<f64> {
        self.columns().flat_map(|column| vec![value(column); column.len()]).collect()
    }

    /// A report that a metric of amounts accepts.
    pub fn clamped(&self, report: Vec<f64>) -> Vec<f64> {
        match self.floor {
            Some(floor) => report.into_iter().map(|value| value.max(floor)).collect(),
            None => report,
        }
    }

    /// 0 where no truth is negative, or a little above where the metric has no value at 0.
    pub fn find_floor(&self) -> Option<f64> {
        if self.family != Family::Number || self.truth.iter().any(|truth| *truth < 0.0) {
            return None;
        }
        let takes_zeros = self.score(&self.truth, &vec![0.0; self.n()]).is_some();
        let takes_small = || self.score(&self.truth, &vec![SMALL; self.n()]).is_some();
        Some(if !takes_zeros && takes_small() { SMALL } else { 0.0 })
    }

    /// How far the truths of every cell's column usually are from their middle; of amounts, those above 0.
    pub fn spreads(&self) -> Vec<f64> {
        self.by_column(|column| self.spread(column))
    }

    fn spread(&self, column: &[f64]) -> f64 {
        let counts = |truth: &&f64| self.floor.is_none() || **truth > 0.0;
        let truths: Vec<f64> = column.iter().filter(counts).copied().collect();
        let middle = quantile(&truths, 0.5);
        let distances: Vec<f64> = truths.iter().map(|truth| (truth - middle).abs()).collect();
        let spread = quantile(&distances, 0.5);
        if spread > 0.0 { spread } else { deviation(&truths) }
    }

    /// The functional that the host asked for, where it is one of a number.
    pub fn declared(&self) -> Option<Declared> {
        self.settings.declared.filter(Declared::is_functional)
    }

    /// The public labels, or as many as are looked at, and how many there are. Where groups or several
    /// columns are scored, all rows stand for the public ones.
    pub fn public(&self) -> (Vec<f64>, usize) {
        let share = |n: usize| ((self.settings.public_fraction * n as f64).round() as usize).max(2);
        if self.groups.is_some() || self.n_columns > 1 {
            return (self.truth.clone(), share(self.n_rows));
        }
        let order = normal::order(self.n(), 0);
        let shown = order.iter().take(share(self.n()).min(MAX_PROBED)).map(|row| self.truth[*row as usize]);
        (shown.collect(), share(self.n_rows))
    }
}

/// Labels beyond these are left out of trials in which one file is scored against many truths.
const MAX_PROBED: usize = 1500;

pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The standard deviation of the values themselves.
pub fn deviation(values: &[f64]) -> f64 {
    let centre = mean(values);
    let squares: Vec<f64> = values.iter().map(|value| (value - centre).powi(2)).collect();
    let found = mean(&squares).sqrt();
    let most = values.iter().fold(0.0, |most: f64, value| most.max(value.abs()));
    // Squares of the largest numbers have no room.
    if found.is_infinite() && most.is_finite() {
        return most * deviation(&values.iter().map(|value| value / most).collect::<Vec<f64>>());
    }
    found
}

/// Linear interpolation between the two nearest values.
pub fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let place = share * last as f64;
    let (low, high) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    low + (high - low) * place.fract()
}

/// Ranks from 1 to n, equal values in order of their place.
pub fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]).then(a.cmp(b)));
    let mut ranks = vec![0.0; values.len()];
    order.into_iter().enumerate().for_each(|(rank, at)| ranks[at] = (rank + 1) as f64);
    ranks
}
