//! Covariances of the scores of all teams: sums over units of products of influence values.

use std::convert::Infallible;

use holdout_evaluator::Suite;

/// Columns that many others are multiplied with while those are read once.
const TOGETHER: usize = 128;
/// Of columns that are read for it.
const MOST_BYTES: usize = 64 << 20;

/// So many columns of `n_values` are multiplied with many others while those are read once.
pub fn together(n_values: usize) -> usize {
    (MOST_BYTES / (size_of::<f32>() * n_values.max(1))).clamp(1, TOGETHER)
}

/// Covariances of the scores of teams with each other, in the order of the teams.
#[derive(Debug, Clone, PartialEq)]
pub struct Covariance {
    n_teams: usize,
    values: Vec<f64>,
}

impl Covariance {
    pub fn zeros(n_teams: usize) -> Self {
        Self { n_teams, values: vec![0.0; n_teams * n_teams] }
    }

    /// Of all teams at once.
    pub fn of(suite: &impl Suite<Error = Infallible>, columns: &[&[f32]]) -> Self {
        let mut covariance = Self::zeros(columns.len());
        let n_units = columns.first().map_or(0, |column| column.len());
        for first in (0..columns.len()).step_by(TOGETHER) {
            let last = (first + TOGETHER).min(columns.len());
            let Ok(found) = suite.products(&columns[..last], &columns[first..last]);
            for (team, products) in (first..last).zip(found) {
                products
                    .iter()
                    .enumerate()
                    .for_each(|(other, sum)| covariance.set(team, other, *sum, n_units));
            }
        }
        covariance
    }

    /// From the sum of products over so many units.
    pub fn set(&mut self, a: usize, b: usize, product: f64, n_units: usize) {
        let value = product / (n_units as f64 * n_units as f64);
        self.values[a * self.n_teams + b] = value;
        self.values[b * self.n_teams + a] = value;
    }

    pub fn put(&mut self, a: usize, b: usize, covariance: f64) {
        self.values[a * self.n_teams + b] = covariance;
        self.values[b * self.n_teams + a] = covariance;
    }

    pub fn n_teams(&self) -> usize {
        self.n_teams
    }

    /// Without the teams after the first ones.
    pub fn of_first(&self, n_teams: usize) -> Self {
        let values = (0..n_teams).flat_map(|team| &self.row(team)[..n_teams]).copied().collect();
        Self { n_teams, values }
    }

    /// Of one of several scores of each team, which stand team by team.
    pub fn of_part(&self, part: usize, n_parts: usize) -> Self {
        let n_teams = self.n_teams / n_parts.max(1);
        let places = move || (0..n_teams).map(move |team| team * n_parts + part);
        let values = places().flat_map(|a| places().map(move |b| self.at(a, b))).collect();
        Self { n_teams, values }
    }

    pub fn at(&self, a: usize, b: usize) -> f64 {
        self.values[a * self.n_teams + b]
    }

    pub(super) fn row(&self, team: usize) -> &[f64] {
        &self.values[team * self.n_teams..(team + 1) * self.n_teams]
    }

    /// How far a team's score would typically move on other rows.
    pub fn standard_error(&self, team: usize) -> f64 {
        self.at(team, team).max(0.0).sqrt()
    }

    /// The same of the difference of two teams: what is hard for both is left out.
    pub fn error_of_difference(&self, a: usize, b: usize) -> f64 {
        let variance = self.at(a, a) + self.at(b, b) - 2.0 * self.at(a, b);
        // Equal files differ by rounding alone.
        let noise = 1e-6 * (self.at(a, a) + self.at(b, b));
        if variance <= noise { 0.0 } else { variance.sqrt() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parallel;
    use crate::ranks::draws::Normal;
    use holdout_evaluator::Cpu;

    #[test]
    fn one_column_at_a_time_is_all_at_once() {
        let normal = Normal::new(3);
        let columns: Vec<Vec<f32>> =
            (0..5).map(|team| (0..3001).map(|at| normal.at(team, at) as f32).collect()).collect();
        let columns: Vec<&[f32]> = columns.iter().map(Vec::as_slice).collect();
        let all = Covariance::of(&Cpu, &columns);
        assert_eq!(parallel::with_threads(3, || Covariance::of(&Cpu, &columns)), all);
        let mut one = all.clone();
        let Ok(products) = Cpu.products(&columns, &columns[2..3]);
        for (other, product) in products.concat().into_iter().enumerate() {
            one.set(2, other, product, 3001);
        }
        for (a, column) in columns.iter().enumerate() {
            let exact: f64 = column.iter().map(|value| f64::from(*value).powi(2)).sum();
            assert!((all.at(a, a) * 3001.0 * 3001.0 / exact - 1.0).abs() < 1e-12);
            assert!((one.at(a, 2) - all.at(a, 2)).abs() < 1e-12);
        }
        assert_eq!(all.error_of_difference(1, 1), 0.0);
    }
}
