//! Imagined contests: scores drawn with the covariance that the real ones have. A number follows from its
//! place alone (seed, draw, index), so that threads cannot change a digit.

use super::Covariance;
use super::covariance::ROUNDING;
use crate::parallel;
use crate::splitmix::mixed;

/// Standard normal numbers by place.
#[derive(Debug, Clone, Copy)]
pub struct Normal {
    seed: u64,
}

impl Normal {
    pub fn new(seed: u64) -> Self {
        Self { seed: mixed(seed) }
    }

    /// Box and Muller's transform of two uniform numbers.
    pub fn at(self, draw: usize, index: usize) -> f64 {
        let place = mixed(self.seed ^ mixed(draw as u64)).wrapping_add(index as u64);
        let (a, b) = (mixed(place), mixed(place ^ 0xD1B5_4A32_D192_ED03));
        let unit = |bits: u64| ((bits >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
        (-2.0 * libm::log(unit(a))).sqrt() * libm::cos(std::f64::consts::TAU * unit(b))
    }
}

/// The lower triangle whose square a covariance is, row by row (Cholesky), without the columns of teams that add nothing of
/// their own. What follows from other teams, such as a copied file, adds none; nor do more teams than there are rows.
pub(super) struct Root {
    rows: Vec<Vec<f64>>,
    /// The teams that add a column, in order.
    pivots: Vec<usize>,
}

impl Root {
    pub(super) fn of(covariance: &Covariance) -> Self {
        let mut rows: Vec<Vec<f64>> = Vec::with_capacity(covariance.n_teams());
        let mut pivots: Vec<usize> = Vec::new();
        for team in 0..covariance.n_teams() {
            let mut row: Vec<f64> = Vec::with_capacity(pivots.len() + 1);
            for (column, &pivot) in pivots.iter().enumerate() {
                let before = rows[pivot].as_slice();
                let known: f64 = dot(&row, &before[..column]);
                row.push((covariance.at(team, pivot) - known) / before[column]);
            }
            let variance = covariance.at(team, team);
            let left = variance - dot(&row, &row);
            if left > ROUNDING * variance {
                row.push(left.sqrt());
                pivots.push(team);
            }
            rows.push(row);
        }
        Self { rows, pivots }
    }

    pub(super) fn n_teams(&self) -> usize {
        self.rows.len()
    }

    /// Deviations of all teams' scores in one imagined contest.
    pub(super) fn draw(&self, normal: Normal, draw: usize) -> Vec<f64> {
        self.moved_by(self.pivots.iter().map(|index| normal.at(draw, *index)).collect())
    }

    /// From a standard normal number for every team.
    pub(super) fn of_numbers(&self, numbers: &[f64]) -> Vec<f64> {
        self.moved_by(self.pivots.iter().map(|index| numbers[*index]).collect())
    }

    fn moved_by(&self, own: Vec<f64>) -> Vec<f64> {
        self.rows.iter().map(|row| dot(row, &own[..row.len()])).collect()
    }

    /// What drawing one contest costs.
    pub(super) fn n_steps(&self) -> usize {
        self.rows.len() * self.pivots.len()
    }

    /// Several contests.
    pub(super) fn draws(&self, seed: u64, n_draws: usize) -> Vec<Vec<f64>> {
        let normal = Normal::new(seed);
        let n_items = n_draws * self.n_steps() / 8;
        parallel::map(n_draws, n_items, |draw| self.draw(normal, draw))
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; 4];
    for (a, b) in a.chunks(4).zip(b.chunks(4)) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    (lanes[0] + lanes[2]) + (lanes[1] + lanes[3])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_the_covariance_they_are_drawn_from() {
        let columns: Vec<Vec<f32>> = vec![vec![1.0, -1.0, 2.0], vec![1.0, -1.0, 2.0], vec![0.5, 1.0, -1.5]];
        let columns: Vec<&[f32]> = columns.iter().map(Vec::as_slice).collect();
        let covariance = Covariance::of(&holdout_evaluator::Cpu, &columns);
        let draws = Root::of(&covariance).draws(7, 20_000);
        for (a, b) in [(0, 0), (0, 2), (2, 2)] {
            let found = draws.iter().map(|draw| draw[a] * draw[b]).sum::<f64>() / draws.len() as f64;
            assert!((found - covariance.at(a, b)).abs() < 0.03 * covariance.at(0, 0), "{a} {b}: {found}");
        }
        assert!(
            draws.iter().all(|draw| (draw[0] - draw[1]).abs() < 1e-12),
            "a copied file moves with its original"
        );
    }

    #[test]
    fn more_teams_than_rows_add_no_column_and_keep_their_covariance() {
        let normal = Normal::new(3);
        let columns: Vec<Vec<f32>> =
            (0..40).map(|team| (0..6).map(|row| normal.at(team, row) as f32).collect()).collect();
        let columns: Vec<&[f32]> = columns.iter().map(Vec::as_slice).collect();
        let covariance = Covariance::of(&holdout_evaluator::Cpu, &columns);
        let root = Root::of(&covariance);
        assert_eq!(root.n_steps(), 40 * 6);
        for (a, b) in [(0, 5), (3, 39), (20, 21), (39, 39)] {
            let n_both = root.rows[a].len().min(root.rows[b].len());
            let found = dot(&root.rows[a][..n_both], &root.rows[b][..n_both]);
            assert!((found - covariance.at(a, b)).abs() < 1e-12 * covariance.at(a, a), "{a} {b}: {found}");
        }
    }
}
