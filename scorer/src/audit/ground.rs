//! What every check needs, whatever is predicted: truths, a metric that is asked about them, and the plan of the
//! contest.

use holdout_contract::spec::Direction;

use super::ask::Settings;
use super::metric::{BlackBox, Trial};

/// Truths and a metric.
pub struct Ground<'a> {
    /// Of the rows that are looked at; where several columns are judged at once, one after the other.
    pub truth: Vec<f64>,
    /// How many columns of truths there are.
    pub n_columns: usize,
    /// The group of every row, where the metric scores groups.
    pub groups: Option<Vec<u32>>,
    /// The group of every row that the solution names and the metric does not read: all rows count alike.
    pub series: Option<Vec<u32>>,
    /// The weight of every row, or of its group where groups are scored, where the host wrote one down.
    pub weights: Option<Vec<f64>>,
    /// How many rows the solution has.
    pub n_rows: usize,
    pub metric: &'a dyn BlackBox,
    pub settings: &'a Settings,
}

impl Ground<'_> {
    /// How many cells have a truth.
    pub fn n(&self) -> usize {
        self.truth.len()
    }

    /// How many rows are looked at.
    pub fn n_looked(&self) -> usize {
        self.n() / self.n_columns
    }

    pub fn higher_is_better(&self) -> bool {
        self.metric.direction() == Direction::HigherIsBetter
    }

    /// How much better `new` is than `old`.
    pub fn gain(&self, new: f64, old: f64) -> f64 {
        if self.higher_is_better() { new - old } else { old - new }
    }

    /// The best of some scores and its place.
    pub fn best(&self, scores: impl IntoIterator<Item = f64>) -> Option<(usize, f64)> {
        let better = |best: Option<(usize, f64)>, (at, score): (usize, f64)| match best {
            Some((_, known)) if self.gain(score, known) <= 0.0 => best,
            _ => Some((at, score)),
        };
        scores.into_iter().enumerate().filter(|(_, score)| score.is_finite()).fold(None, better)
    }

    pub fn score(&self, truth: &[f64], report: &[f64]) -> Option<f64> {
        self.metric.score_each(&[Trial::of(truth, report)]).pop().flatten()
    }

    /// Scores of reports to the same truth.
    pub fn scores(&self, truth: &[f64], reports: &[Vec<f64>]) -> Vec<Option<f64>> {
        let trials: Vec<Trial<'_>> = reports.iter().map(|report| Trial::of(truth, report)).collect();
        self.metric.score_each(&trials)
    }

    /// The cells of every unit that a score counts: a row, or a group.
    pub fn units(&self) -> Vec<Vec<u32>> {
        let Some(groups) = &self.groups else {
            let (n, n_rows) = (self.n() as u32, self.n_looked() as u32);
            return (0..n_rows).map(|row| (row..n).step_by(n_rows as usize).collect()).collect();
        };
        members(groups)
    }

    /// The weight of a row among others; 1 where none is written down.
    pub fn weight(&self, row: u32) -> f64 {
        self.weights.as_ref().map_or(1.0, |weights| weights[row as usize])
    }

    /// What is added where errors are compared although rows have weights, which are taken for wanted.
    pub fn by_weight(&self) -> &'static str {
        self.weights.as_ref().map_or("", |_| ", measured against the weights that you wrote down")
    }

    /// What a unit is called.
    pub fn unit_name(&self) -> &'static str {
        if self.groups.is_some() { "series" } else { "rows" }
    }
}

/// The rows of every group that has some.
pub fn members(groups: &[u32]) -> Vec<Vec<u32>> {
    let n_groups = groups.iter().max().map_or(0, |last| *last as usize + 1);
    let mut units = vec![Vec::new(); n_groups];
    groups.iter().enumerate().for_each(|(row, group)| units[*group as usize].push(row as u32));
    units.retain(|rows| !rows.is_empty());
    units
}
