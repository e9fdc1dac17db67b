//! Imagined contests: scores drawn with the covariance that the real ones have. A number follows from its
//! place alone (seed, draw, index), so that threads cannot change a digit.

use super::Covariance;
use crate::parallel;

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

/// SplitMix64's finish (Steele, Lea and Flood 2014).
fn mixed(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The lower triangle whose square a covariance is, row by row (Cholesky). What follows from other
/// teams, such as a copied file, adds nothing of its own.
pub(super) struct Root {
    rows: Vec<Vec<f64>>,
}

impl Root {
    pub(super) fn of(covariance: &Covariance) -> Self {
        let mut rows: Vec<Vec<f64>> = Vec::with_capacity(covariance.n_teams());
        for team in 0..covariance.n_teams() {
            let mut row: Vec<f64> = Vec::with_capacity(team + 1);
            for (other, before) in rows.iter().enumerate() {
                let known: f64 = dot(&row, &before[..other]);
                let own = before[other];
                row.push(if own > 0.0 { (covariance.at(team, other) - known) / own } else { 0.0 });
            }
            let variance = covariance.at(team, team);
            let left = variance - dot(&row, &row);
            row.push(if left > 1e-9 * variance { left.sqrt() } else { 0.0 });
            rows.push(row);
        }
        Self { rows }
    }

    pub(super) fn n_teams(&self) -> usize {
        self.rows.len()
    }

    /// Deviations of all teams' scores in one imagined contest.
    pub(super) fn draw(&self, normal: Normal, draw: usize) -> Vec<f64> {
        let numbers: Vec<f64> = (0..self.rows.len()).map(|index| normal.at(draw, index)).collect();
        self.of_numbers(&numbers)
    }

    /// From a standard normal number for every team.
    pub(super) fn of_numbers(&self, numbers: &[f64]) -> Vec<f64> {
        self.rows.iter().map(|row| dot(row, &numbers[..row.len()])).collect()
    }

    /// Several contests.
    pub(super) fn draws(&self, seed: u64, n_draws: usize) -> Vec<Vec<f64>> {
        let normal = Normal::new(seed);
        let n_items = n_draws * self.rows.len() * self.rows.len() / 8;
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
}
