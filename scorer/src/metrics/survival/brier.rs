//! Predicted chances to be without the event at several times: columns `s12`, `s24`, …

use holdout_contract::spec::{Cell, Layout};

use super::censoring::Censoring;
use super::concordance::BLANK;
use super::{LAWS, OBSERVED, Observed};
use crate::judge::Context;
use crate::kernels::sum;
use crate::metrics::about::{About, Kind, ParameterAbout};
use crate::metrics::{Laws, Metric, Params, Rows, Undefined};
use holdout_contract::spec::Direction;

/// The Brier score over time.
pub struct IntegratedBrier;

pub static INTEGRATED_BRIER: IntegratedBrier = IntegratedBrier;

const DEFAULT: &str = "10, 20, 30";
const TIMES: ParameterAbout = ParameterAbout {
    name: "times",
    kind: Kind::Text(DEFAULT),
    description: "At least two times, ascending, separated by commas; the chance at the time 12 is the column s12.",
    is_main: false,
};

/// Every column's name and time.
pub(crate) fn times(params: &Params) -> Result<Vec<(String, f64)>, String> {
    let mut times: Vec<(String, f64)> = Vec::new();
    for name in params.text(TIMES.name).unwrap_or(DEFAULT).split(',').map(str::trim) {
        let time = name.parse::<f64>().ok().filter(|time| time.is_finite());
        let time = time.ok_or_else(|| format!("The time “{name}” is no number."))?;
        if times.last().is_some_and(|before| before.1 >= time) {
            return Err(format!("The time {name} does not come after the one before it."));
        }
        times.push((format!("s{name}"), time));
    }
    if times.len() < 2 {
        return Err("The integrated Brier score needs at least two times.".into());
    }
    Ok(times)
}

impl Metric for IntegratedBrier {
    fn about(&self) -> &About {
        const ABOUT: About = About {
            name: "integrated_brier",
            title: "Integrated Brier score",
            direction: Direction::LowerIsBetter,
            best: Some(0.0),
            parameters: &[TIMES],
            sentence: "The squared error of the predicted chances to be without the event, averaged over the span of times and corrected for rows that were censored before.",
            formula: r"\frac{1}{t_K-t_1}\int_{t_1}^{t_K}\frac1n\sum_i\left(\frac{\delta_i[t_i\le t]\,S_i(t)^2}{\hat G(t_i)}+\frac{[t_i>t]\,(1-S_i(t))^2}{\hat G(t)}\right)dt",
            edge_cases: &[
                "Between the given times the score is interpolated by straight lines.",
                "The chance of being observed is Kaplan and Meier's, from the rows that are scored; at equal times events happen first.",
                "Where that chance is 0 a row counts 0.",
            ],
            gaming: "Honest: the best report is the chance one believes. Chances need not fall with time, though those one believes do.",
            ..BLANK
        };
        &ABOUT
    }

    fn laws(&self) -> Laws {
        LAWS
    }

    fn layout(&self, params: &Params) -> Layout {
        let names = times(params).unwrap_or_default();
        Layout::Named {
            solution: OBSERVED.iter().map(|(name, cell)| ((*name).to_owned(), *cell)).collect(),
            submission: names.into_iter().map(|(name, _)| (name, Cell::Probability)).collect(),
        }
    }

    fn fits(&self, params: &Params, _context: &Context) -> Result<(), String> {
        times(params).map(|_| ())
    }

    fn perfect(&self, truths: &[&[f64]], params: &Params) -> Option<Vec<Vec<f64>>> {
        let observed = truths.first()?;
        let without = |time: f64| observed.iter().map(|t| f64::from(u8::from(*t > time))).collect();
        Some(times(params).ok()?.into_iter().map(|(_, time)| without(time)).collect())
    }

    fn score(&self, rows: &Rows<'_>, params: &Params) -> Result<f64, Undefined> {
        let observed = Observed::of(rows)?;
        let times = times(params).map_err(Undefined::because)?;
        let censoring = Censoring::of(&observed);
        let at_time = |(column, (_, time)): (usize, &(String, f64))| {
            let chances = rows.predictions[column].numbers();
            (*time, brier_at(&observed, &censoring, *time, chances))
        };
        let points: Vec<(f64, f64)> = times.iter().enumerate().map(at_time).collect();
        Ok(mean_over_time(&points))
    }
}

/// Of a line through points, each a time and a value.
pub(crate) fn mean_over_time(points: &[(f64, f64)]) -> f64 {
    let area: f64 = points.windows(2).map(|p| (p[1].0 - p[0].0) * f64::midpoint(p[0].1, p[1].1)).sum();
    area / (points[points.len() - 1].0 - points[0].0)
}

/// A time at which chances are judged.
pub(crate) struct Judged<'a> {
    observed: &'a Observed,
    censoring: &'a Censoring,
    time: f64,
    /// Of rows that are observed longer.
    weight: f64,
}

impl<'a> Judged<'a> {
    pub(crate) fn new(observed: &'a Observed, censoring: &'a Censoring, time: f64) -> Self {
        Self { observed, censoring, time, weight: censoring.weight(time).unwrap_or(0.0) }
    }

    /// What a row adds with its chance to be without the event.
    pub(crate) fn term(&self, row: usize, chance: f64) -> f64 {
        let own = self.observed.times[row];
        match (own > self.time, self.observed.is_event[row]) {
            (true, _) => self.weight * (1.0 - chance).powi(2),
            (false, true) => self.censoring.weight(own).unwrap_or(0.0) * chance.powi(2),
            (false, false) => 0.0,
        }
    }

    /// When the chance of being observed counts by which a row's term is divided.
    pub(crate) fn mark(&self, row: usize) -> f64 {
        self.time.min(self.observed.times[row])
    }
}

fn brier_at(observed: &Observed, censoring: &Censoring, time: f64, chances: &[f64]) -> f64 {
    let judged = Judged::new(observed, censoring, time);
    sum(observed.len(), |row| judged.term(row, chances[row])) / observed.len() as f64
}
