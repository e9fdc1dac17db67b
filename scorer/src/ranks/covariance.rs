//! Covariances of the scores of all teams: sums over units of products of influence values.

use std::convert::Infallible;

use holdout_evaluator::Suite;

/// Columns that many others are multiplied with while those are read once.
const TOGETHER: usize = 128;
/// Of columns that are read for it.
const MOST_BYTES: usize = 64 << 20;

/// What rounding alone leaves of the difference of two equal variances, as a part of their sum. Products of single-precision
/// values are exact, and added up in blocks in double precision: a sum over a million of them is off by less than 5e-13 of
/// itself. The values themselves are off by 6e-8 at most, whose square is less.
pub(super) const ROUNDING: f64 = 1e-12;
/// Where rounding may hide a difference's error, so many times as large a one stands in: a lead that is none by chance beside
/// that is one beyond doubt.
const BEYOND_DOUBT: f64 = 20.0;
/// More standard errors say nothing more.
const MOST_ERRORS: f64 = 1e9;

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

    /// The same of the difference of two teams: what is hard for both is left out. 0 where no more than rounding is left,
    /// as of equal files.
    pub fn error_of_difference(&self, a: usize, b: usize) -> f64 {
        let (variance, noise) = self.variance_of_difference(a, b);
        if variance <= noise { 0.0 } else { variance.sqrt() }
    }

    /// As [`Covariance::error_of_difference`], but more than what rounding may hide where that is 0: a file that is worse than
    /// another by the same on every unit is behind it, a copy that was shaken a little is not.
    pub fn error_at_most(&self, a: usize, b: usize) -> f64 {
        let (variance, noise) = self.variance_of_difference(a, b);
        match variance > noise {
            true => variance.sqrt(),
            false if a == b => 0.0,
            false => BEYOND_DOUBT * noise.sqrt(),
        }
    }

    /// So many standard errors is a lead of the one over the other.
    pub(super) fn errors_of_lead(&self, lead: f64, a: usize, b: usize) -> f64 {
        errors_of_lead(lead, self.error_at_most(a, b))
    }

    /// With what of it may be rounding. What is hard for both cancels out.
    fn variance_of_difference(&self, a: usize, b: usize) -> (f64, f64) {
        let (own, other) = (self.at(a, a), self.at(b, b));
        (own + other - 2.0 * self.at(a, b), ROUNDING * (own + other))
    }
}

/// So many of its standard errors is a lead; where these are none, every lead is one beyond doubt.
pub(super) fn errors_of_lead(lead: f64, error: f64) -> f64 {
    if lead == 0.0 { 0.0 } else { (lead / error).clamp(-MOST_ERRORS, MOST_ERRORS) }
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

    #[test]
    fn a_row_that_is_far_off_for_all_takes_nothing_from_their_differences() {
        const N: usize = 1000;
        let normal = Normal::new(8);
        let columns_with = |outlier: f64| -> Vec<Vec<f32>> {
            let loss = |team: usize, row: usize| {
                normal.at(9, row) + 0.5 * normal.at(team, row) + if row == 3 { outlier } else { 0.0 }
            };
            let of_team = |team: usize| {
                let losses: Vec<f64> = (0..N).map(|row| loss(team, row)).collect();
                let mean = losses.iter().sum::<f64>() / N as f64;
                losses.iter().map(|loss| (loss - mean) as f32).collect()
            };
            (0..4).map(of_team).collect()
        };
        let covariance_with = |outlier: f64| {
            let columns = columns_with(outlier);
            Covariance::of(&Cpu, &columns.iter().map(Vec::as_slice).collect::<Vec<&[f32]>>())
        };
        let plain = covariance_with(0.0);
        for outlier in [1e3, 1e5, 1e6] {
            let far_off = covariance_with(outlier);
            assert!(far_off.standard_error(0) > 10.0 * plain.standard_error(0));
            for (a, b) in [(0, 1), (0, 3), (2, 3)] {
                let ratio = far_off.error_of_difference(a, b) / plain.error_of_difference(a, b);
                assert!((ratio - 1.0).abs() < 0.01, "{outlier}: {ratio}");
            }
        }
    }

    #[test]
    fn equal_files_do_not_differ_and_a_lead_on_every_row_is_no_chance() {
        let column = [1.0_f32, -2.0, 1.0];
        let shaken = column.map(|value| value * (1.0 + 1e-7));
        let covariance = Covariance::of(&Cpu, &[&column[..], &column, &shaken]);
        assert_eq!([1, 2].map(|other| covariance.error_of_difference(0, other)), [0.0; 2]);
        assert!(covariance.errors_of_lead(0.1, 0, 1) > 1e3, "worse by the same on every row");
        assert!(covariance.errors_of_lead(1e-9, 0, 2) < 1.0, "a copy that was shaken");
        assert_eq!((covariance.errors_of_lead(0.0, 0, 1), covariance.error_at_most(1, 1)), (0.0, 0.0));
        assert_eq!(Covariance::zeros(2).errors_of_lead(1.0, 0, 1), MOST_ERRORS);
    }
}
