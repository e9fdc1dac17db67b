//! Names that submissions give of the rows, and how often any two give the same one, each row by its weight.
//!
//! All pairs are counted at once. Whoever gives a name of a row is a group: a large group is a column of zeros and
//! ones in one product of all with all, a small one is counted pair by pair. Weights are multiples of one step, so that
//! every sum is exact: neither the order nor the device tells, and what comes out is what comparing pair by pair gives.

use std::collections::BTreeMap;

use holdout_evaluator::{Evaluator, Suite};

/// Weights are multiples of this.
const STEP: f32 = 1.0 / 16_384.0;
/// Groups of one part in so many of all and more are columns of the product.
const LARGE_PART: usize = 8;
/// Columns of the product that are in memory together.
const MOST_COLUMNS: usize = 4096;
/// Submissions that all before them are multiplied with at once.
pub const TOGETHER: usize = 64;

pub struct Names {
    n: usize,
    large: Vec<Group>,
    small: Vec<Group>,
    /// What a submission has in common with itself.
    total: f64,
    /// Of every submission, the half of the product that depends on it alone.
    alone: Vec<f64>,
}

struct Group {
    weight: f32,
    /// In rising order.
    members: Vec<u32>,
}

impl Names {
    /// Of so many submissions.
    pub fn of(n: usize) -> Self {
        Self { n, large: Vec::new(), small: Vec::new(), total: 0.0, alone: vec![0.0; n] }
    }

    /// Adds what every submission says of one row; `false` where all say the same, which tells nothing.
    pub fn add(&mut self, names: &[u64]) -> bool {
        let mut groups: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
        for (member, name) in (0..).zip(names) {
            groups.entry(*name).or_default().push(member);
        }
        if groups.len() < 2 {
            return false;
        }
        let n = self.n as f64;
        let same: f64 = groups.values().map(|members| (members.len() as f64 / n).powi(2)).sum();
        let weight = to_steps(1.0 / (1.0 - same));
        self.total += f64::from(weight);
        for members in groups.into_values() {
            let share = members.len() as f64 / n;
            for member in &members {
                self.alone[*member as usize] += f64::from(weight) * (same / 2.0 - share);
            }
            match members.len() {
                1 => {}
                many if many * LARGE_PART >= self.n => self.large.push(Group { weight, members }),
                _ => self.small.push(Group { weight, members }),
            }
        }
        true
    }

    /// Of every two submissions, the product of how they depart from the crowd: the lower triangle.
    pub fn products(&self, evaluator: &Evaluator) -> Vec<Vec<f64>> {
        let mut products: Vec<Vec<f64>> = (0..self.n).map(|second| vec![0.0; second + 1]).collect();
        self.small.iter().for_each(|group| group.count_pairs(&mut products));
        for groups in self.large.chunks(MOST_COLUMNS) {
            self.multiply(evaluator, groups, &mut products);
        }
        for (second, of_second) in products.iter_mut().enumerate() {
            of_second[second] = self.total;
            for (first, product) in of_second.iter_mut().enumerate() {
                *product += self.alone[first] + self.alone[second];
            }
        }
        products
    }

    fn multiply(&self, evaluator: &Evaluator, groups: &[Group], products: &mut [Vec<f64>]) {
        let members = self.columns(groups, |_| 1.0);
        let weighted = self.columns(groups, |group| group.weight);
        let (members, weighted) = (slices(&members), slices(&weighted));
        for first in (0..self.n).step_by(TOGETHER) {
            let last = (first + TOGETHER).min(self.n);
            let Ok(found) = evaluator.products(&members[..last], &weighted[first..last]);
            for (sums, found) in products[first..last].iter_mut().zip(found) {
                sums.iter_mut().zip(found).for_each(|(sum, found)| *sum += found);
            }
        }
    }

    /// Of every submission, a value for each group that it is in, and 0 for the others.
    fn columns(&self, groups: &[Group], value: impl Fn(&Group) -> f32) -> Vec<Vec<f32>> {
        let mut columns = vec![vec![0.0; groups.len()]; self.n];
        for (at, group) in groups.iter().enumerate() {
            group.members.iter().for_each(|member| columns[*member as usize][at] = value(group));
        }
        columns
    }
}

impl Group {
    fn count_pairs(&self, products: &mut [Vec<f64>]) {
        let weight = f64::from(self.weight);
        for (at, second) in self.members.iter().enumerate() {
            let sums = &mut products[*second as usize];
            self.members[..at].iter().for_each(|first| sums[*first as usize] += weight);
        }
    }
}

fn slices(columns: &[Vec<f32>]) -> Vec<&[f32]> {
    columns.iter().map(Vec::as_slice).collect()
}

/// A weight is half the number of submissions at most: with a thousand of them it has 23 bits.
fn to_steps(weight: f64) -> f32 {
    (weight / f64::from(STEP)).round() as f32 * STEP
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::normal;

    const N: usize = 90;
    const N_ROWS: usize = 4000;

    /// Rows with two names, with some, and with as many as there are submissions; a row over which nobody differs.
    fn rows() -> Vec<Vec<u64>> {
        let noise = normal::scores(N * N_ROWS, 5);
        let name = |row: usize, at: usize| {
            let value = noise[row * N + at];
            match row % 4 {
                0 => u64::from(value > 0.8),
                1 => (value * 1.5).floor().to_bits(),
                2 => (value * 40.0).floor().to_bits(),
                _ => value.to_bits(),
            }
        };
        let mut rows: Vec<Vec<u64>> =
            (0..N_ROWS).map(|row| (0..N).map(|at| name(row, at)).collect()).collect();
        rows.push(vec![7; N]);
        rows
    }

    /// By the definition: every two submissions, row by row.
    fn pair_by_pair(rows: &[Vec<u64>], names: &Names, weights: &[f64]) -> Vec<Vec<f64>> {
        let product = |first: usize, second: usize| {
            let same = rows.iter().zip(weights).filter(|(row, _)| row[first] == row[second]);
            same.map(|(_, weight)| *weight).sum::<f64>() + (names.alone[first] + names.alone[second])
        };
        (0..N).map(|second| (0..=second).map(|first| product(first, second)).collect()).collect()
    }

    #[test]
    fn all_pairs_at_once_are_the_pairs_one_by_one_to_the_last_bit() {
        let rows = rows();
        let mut names = Names::of(N);
        let mut weights = Vec::new();
        for row in &rows {
            let before = names.total;
            let differs = names.add(row);
            assert_eq!(differs, row.iter().any(|name| *name != row[0]));
            weights.push(names.total - before);
        }
        assert!(names.large.len() > MOST_COLUMNS && names.small.len() > N_ROWS, "both ways are taken");
        assert_eq!(names.products(&Evaluator::default()), pair_by_pair(&rows, &names, &weights));
    }

    #[test]
    fn a_pair_that_says_the_same_and_one_that_does_not_are_told_apart() {
        let mut names = Names::of(4);
        assert!(names.add(&[1, 1, 2, 3]));
        let products = names.products(&Evaluator::default());
        assert!(products[1][0] > products[3][2] && products[3][2] > products[2][0], "{products:?}");
        assert!((products[0][0] - products[1][0]).abs() < 1e-12 && products[2][2] > products[0][0]);
    }

    #[test]
    fn weights_are_exact_where_a_thousand_submissions_differ_over_one() {
        let largest = 1.0 / (1.0 - (0.999_f64.powi(2) + 0.001_f64.powi(2)));
        let weight = to_steps(largest);
        assert!((f64::from(weight) - largest).abs() <= f64::from(STEP) / 2.0);
        assert_eq!((f64::from(weight) / f64::from(STEP)).fract(), 0.0);
    }
}
