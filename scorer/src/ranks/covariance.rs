//! Covariances of the scores of all teams: sums over units of products of influence values.

use crate::parallel;

/// Columns that many others are multiplied with while those are read once.
pub const TOGETHER: usize = 16;
/// Units of so many columns lie in a core's own cache.
const BLOCK: usize = 2048;
/// Columns that are multiplied with one while that lies in registers.
const AT_ONCE: usize = 4;
const LANES: usize = 8;
/// Sums of so many products lose nothing that matters in single precision.
const RUN: usize = 128;

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
    pub fn of(columns: &[&[f32]]) -> Self {
        let mut covariance = Self::zeros(columns.len());
        let n_units = columns.first().map_or(0, |column| column.len());
        for first in (0..columns.len()).step_by(TOGETHER) {
            let last = (first + TOGETHER).min(columns.len());
            let found = products(&columns[..last], &columns[first..last]);
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

/// The sums of products of each of some columns `with` each of many others. For as many as [`TOGETHER`] the
/// many are read once from memory.
pub fn products(columns: &[&[f32]], with: &[&[f32]]) -> Vec<Vec<f64>> {
    let n_items = columns.iter().map(|column| column.len()).sum::<usize>() * with.len();
    let by_column = parallel::map_ranges(columns.len(), n_items, |range| sums(&columns[range], with));
    (0..with.len()).map(|at| by_column.iter().map(|sums| sums[at]).collect()).collect()
}

/// For every column its sums with all of `with`.
fn sums(columns: &[&[f32]], with: &[&[f32]]) -> Vec<Vec<f64>> {
    let n_units = with.first().map_or(0, |column| column.len());
    let mut sums = vec![vec![0.0; with.len()]; columns.len()];
    for start in (0..n_units).step_by(BLOCK) {
        let block = start..(start + BLOCK).min(n_units);
        let with: Vec<&[f32]> = with.iter().map(|column| &column[block.clone()]).collect();
        for (column, sums) in columns.iter().zip(&mut sums) {
            let column = &column[block.clone()];
            for (sums, with) in sums.chunks_mut(AT_ONCE).zip(with.chunks(AT_ONCE)) {
                match with {
                    [a, b, c, d] => add_products(column, [*a, *b, *c, *d], sums),
                    rest => rest.iter().zip(sums).for_each(|(with, sum)| {
                        add_products(column, [*with], std::slice::from_mut(sum));
                    }),
                }
            }
        }
    }
    sums
}

/// Single precision within a run, double between runs.
fn add_products<const N: usize>(column: &[f32], with: [&[f32]; N], sums: &mut [f64]) {
    for start in (0..column.len()).step_by(RUN) {
        let end = (start + RUN).min(column.len());
        let mut lanes = [[0.0_f32; LANES]; N];
        for at in (start..end).step_by(LANES) {
            let part = at..(at + LANES).min(end);
            let own = &column[part.clone()];
            for (lanes, with) in lanes.iter_mut().zip(with) {
                for ((lane, own), other) in lanes.iter_mut().zip(own).zip(&with[part.clone()]) {
                    *lane += own * other;
                }
            }
        }
        for (sum, lanes) in sums.iter_mut().zip(lanes) {
            *sum += lanes.iter().map(|lane| f64::from(*lane)).sum::<f64>();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ranks::draws::Normal;

    #[test]
    fn one_column_at_a_time_is_all_at_once() {
        let normal = Normal::new(3);
        let columns: Vec<Vec<f32>> =
            (0..5).map(|team| (0..3001).map(|at| normal.at(team, at) as f32).collect()).collect();
        let columns: Vec<&[f32]> = columns.iter().map(Vec::as_slice).collect();
        let all = Covariance::of(&columns);
        assert_eq!(parallel::with_threads(3, || Covariance::of(&columns)), all);
        let mut one = all.clone();
        for (other, product) in products(&columns, &columns[2..3]).remove(0).into_iter().enumerate() {
            one.set(2, other, product, 3001);
        }
        for (a, column) in columns.iter().enumerate() {
            let exact: f64 = column.iter().map(|value| f64::from(*value).powi(2)).sum();
            assert!((all.at(a, a) * 3001.0 * 3001.0 / exact - 1.0).abs() < 1e-5);
            assert!((one.at(a, 2) - all.at(a, 2)).abs() < 1e-12);
        }
        assert_eq!(all.error_of_difference(1, 1), 0.0);
    }
}
