//! Metrics of whole distributions: a mean and a spread, quantiles, or members of an ensemble. Beliefs are normal
//! distributions, so that it is known what an honest file holds in each of these forms.

use holdout_contract::spec::{Layout, Task};

use super::case::{Case, Family, deviation, mean};
use super::metric::Encoding;
use super::normal;
use super::prepare::Read;
use crate::solution::{Solution, Split, Truth};

/// What a column of a report says of a distribution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Says {
    Centre,
    Spread,
    /// A quantile: so many spreads above the centre.
    Above(f64),
}

/// Normal distributions with one spread.
#[derive(Debug, Clone)]
pub struct Normals {
    pub centres: Vec<f64>,
    pub spread: f64,
}

impl Normals {
    /// Of rows whose signals are known with this skill.
    pub fn of(truth: &[f64], signals: &[f64], skill: f64) -> Self {
        let (centre, spread) = (mean(truth), deviation(truth));
        Self {
            centres: signals.iter().map(|signal| centre + spread * skill * signal).collect(),
            spread: spread * (1.0 - skill * skill).sqrt(),
        }
    }

    /// The same for every row: what the truths are like as a whole.
    pub fn of_nothing(truth: &[f64]) -> Self {
        Self { centres: vec![mean(truth); truth.len()], spread: deviation(truth) }
    }

    /// Moved by a part of the spread, and wider or narrower.
    pub fn turned(&self, shift: f64, stretch: f64) -> Self {
        let centres = self.centres.iter().map(|centre| centre + shift * self.spread).collect();
        Self { centres, spread: self.spread * stretch }
    }

    /// As a file says it, column by column.
    pub fn report(&self, columns: &[Says]) -> Vec<f64> {
        let cell = |says: Says, centre: f64| match says {
            Says::Centre => centre,
            Says::Spread => self.spread,
            Says::Above(steps) => centre + steps * self.spread,
        };
        columns.iter().flat_map(|says| self.centres.iter().map(move |centre| cell(*says, *centre))).collect()
    }

    /// A truth that this belief holds possible.
    pub fn draw(&self, row: usize, score: f64) -> f64 {
        self.centres[row] + self.spread * score
    }
}

/// What a metric of distributions judges; `None` for others.
pub(super) fn read(solution: &Solution) -> Option<Read> {
    let judge = solution.judge();
    let [Truth::Numbers(numbers)] = solution.truths.as_slice() else { return None };
    let Layout::Named { submission, .. } = judge.layout() else { return None };
    if judge.shows_parts() || judge.metric.about().task != Task::Probabilistic {
        return None;
    }
    let n_members = submission.len() as f64;
    let says = |(at, (name, _)): (usize, &(String, _))| match name.as_str() {
        "mu" => Some(Says::Centre),
        "sigma" => Some(Says::Spread),
        name => {
            let member = (at as f64 + 0.5) / n_members;
            let level =
                if name.starts_with('m') { Some(member) } else { name.strip_prefix('q')?.parse().ok() };
            level.map(|level: f64| Says::Above(normal::quantile(level)))
        }
    };
    let columns: Vec<Says> = submission.iter().enumerate().map(says).collect::<Option<_>>()?;
    let truth = numbers[solution.range(Split::All)].to_vec();
    let varies = deviation(&truth) > 0.0;
    (varies && !columns.is_empty()).then(|| Read {
        family: Family::Distribution,
        encoding: Encoding::Reports,
        truth,
        classes: Vec::new(),
        n_columns: 1,
        says: columns,
    })
}

/// A file that knows the public labels' middle, and one that asks for the first of them.
pub(super) fn probes(case: &Case<'_>, labels: &[f64]) -> Vec<Vec<f64>> {
    let plain = Normals::of_nothing(labels);
    let mut asking = plain.clone();
    if let Some(first) = asking.centres.first_mut() {
        *first = 1e6 * labels.iter().fold(1.0, |most: f64, label| most.max(label.abs()));
    }
    vec![plain.report(&case.says), asking.report(&case.says)]
}
