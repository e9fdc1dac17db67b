//! On how many rows, or groups, each of two files is better. That is known where a score is the mean of what its units
//! come to alone, or the root of the mean of their squares: then score and influence value tell what a unit came to.

use serde::{Deserialize, Serialize};

use crate::influence::{Influence, Unit, linear};
use crate::judge::Judge;
use crate::metrics::Rows;
use crate::metrics::gathered::Gathered;
use crate::metrics::groups::Groups;

/// Units that the metric is asked about one by one.
const N_ASKED: usize = 64;
/// Values are kept in single precision, and counted as equal within it.
const ALIKE: f64 = 4e-7;

/// How a score follows from what its units come to alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mean {
    Plain,
    /// The root of the mean of squares.
    Root,
}

/// Units on which the first of two files is better, and the second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duel {
    pub n_won: u32,
    pub n_lost: u32,
}

impl Mean {
    /// Of a metric on these rows; `None` where it is no mean of its units, or where they weigh differently.
    pub fn of(judge: &Judge, rows: &Rows<'_>) -> Option<Self> {
        if rows.weights.is_some() {
            return None;
        }
        let (score, influence) = (judge.score(rows).ok()?, linear(judge, rows)?);
        let asked = alone(judge, rows, &influence)?;
        [Self::Plain, Self::Root].into_iter().find(|mean| {
            let is_told = |(unit, alone): &(usize, f64)| {
                let (told, size) = mean.told(score, influence.values[*unit]);
                (told - mean.raised(*alone)).abs() <= 1e-6 * size
            };
            asked.iter().all(is_told)
        })
    }

    fn raised(self, value: f64) -> f64 {
        match self {
            Self::Plain => value,
            Self::Root => value * value,
        }
    }

    /// What a unit came to, or its square, and the size of the numbers that it follows from.
    fn told(self, score: f64, influence: f64) -> (f64, f64) {
        let slope = match self {
            Self::Plain => 1.0,
            Self::Root => 2.0 * score,
        };
        let (whole, moved) = (self.raised(score), influence * slope);
        (whole + moved, whole.abs() + moved.abs())
    }

    /// Counts units of two files by their scores and influence values.
    pub fn duel(self, own: (f64, &[f32]), other: (f64, &[f32]), higher_is_better: bool) -> Duel {
        let mut duel = Duel::default();
        for (a, b) in own.1.iter().zip(other.1) {
            let (a, size_of_a) = self.told(own.0, f64::from(*a));
            let (b, size_of_b) = self.told(other.0, f64::from(*b));
            if (a - b).abs() <= ALIKE * (size_of_a + size_of_b) {
                continue;
            }
            if (a > b) == higher_is_better { duel.n_won += 1 } else { duel.n_lost += 1 }
        }
        duel
    }
}

/// Some units, each with its score; `None` where one of them has none.
fn alone(judge: &Judge, rows: &Rows<'_>, influence: &Influence) -> Option<Vec<(usize, f64)>> {
    let n = influence.values.len();
    let n_asked = n.min(N_ASKED);
    let asked = (0..n_asked).map(|at| at * n / n_asked);
    if influence.unit == Unit::Row {
        let score = |at: usize| Some((at, rows.with_part(at..at + 1, |row| judge.score(row).ok())?));
        return asked.map(score).collect();
    }
    let groups = Groups::of(rows).ok()?;
    let groups: Vec<(usize, &[u32])> = groups.iter().collect();
    let score = |at: usize| {
        let (number, members) = groups.get(at)?;
        let zeros = vec![0; members.len()];
        let names = rows.group_names.get(*number..=*number).unwrap_or_default();
        Gathered::new(rows, members).with_rows(rows, |part| {
            Some((at, judge.score(&Rows { groups: Some(&zeros), group_names: names, ..*part }).ok()?))
        })
    };
    asked.map(score).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use crate::judge::Context;
    use crate::metrics::Values;
    use crate::ranks::Normal;

    const N_ROWS: usize = 300;

    fn with_rows<T>(metric: &str, truth: &[f64], file: &[f64], work: impl Fn(&Judge, &Rows<'_>) -> T) -> T {
        let judge = Judge::new(metric, &Map::new(), Context::default()).expect("a metric");
        let row_numbers: Vec<u32> = (0..truth.len() as u32).collect();
        let groups: Vec<u32> = (0..truth.len() as u32).map(|row| row / 5).collect();
        let names: Vec<String> = (0..truth.len() / 5).map(|group| format!("g{group}")).collect();
        work(
            &judge,
            &Rows {
                truths: &[Values::Numbers(truth)],
                predictions: &[Values::Numbers(file)],
                weights: None,
                groups: judge.metric.needs_groups().then_some(groups.as_slice()),
                row_numbers: &row_numbers,
                n_classes: 2,
                column_classes: &[],
                context: &judge.context,
                group_names: &names,
            },
        )
    }

    /// Files whose errors are equal on every third row.
    fn files() -> (Vec<f64>, Vec<f64>, Vec<f64>) {
        let normal = Normal::new(3);
        let truth: Vec<f64> = (0..N_ROWS).map(|row| 10.0 + normal.at(0, row)).collect();
        let file = |of: usize| -> Vec<f64> {
            let error = |row: usize| normal.at(if row.is_multiple_of(3) { 1 } else { of }, row);
            (0..N_ROWS).map(|row| truth[row] + error(row)).collect()
        };
        let (first, second) = (file(1), file(2));
        (truth, first, second)
    }

    #[test]
    fn rows_are_counted_as_by_hand() {
        let (truth, first, second) = files();
        let nearer = |row: &usize| (first[*row] - truth[*row]).abs() < (second[*row] - truth[*row]).abs();
        let n_won = (0..N_ROWS).filter(|row| !row.is_multiple_of(3)).filter(nearer).count() as u32;
        let n_lost = (N_ROWS - N_ROWS / 3) as u32 - n_won;
        for (metric, expected) in [("mae", Mean::Plain), ("mse", Mean::Plain), ("rmse", Mean::Root)] {
            let of = |file: &[f64]| {
                with_rows(metric, &truth, file, |judge, rows| {
                    let influence = linear(judge, rows).expect("known");
                    let values: Vec<f32> = influence.values.iter().map(|value| *value as f32).collect();
                    (Mean::of(judge, rows), judge.score(rows).expect("a score"), values)
                })
            };
            let ((mean, score, own), (_, other_score, other)) = (of(&first), of(&second));
            assert_eq!(mean, Some(expected), "{metric}");
            let duel = expected.duel((score, own.as_slice()), (other_score, other.as_slice()), false);
            assert_eq!(duel, Duel { n_won, n_lost }, "{metric}");
        }
    }

    #[test]
    fn groups_are_the_units_of_a_metric_that_averages_them() {
        let (truth, first, _) = files();
        assert_eq!(with_rows("group_mean_mae", &truth, &first, Mean::of), Some(Mean::Plain));
    }

    #[test]
    fn no_rows_are_won_where_a_score_is_no_mean_of_them() {
        let (truth, first, _) = files();
        for metric in ["r2", "pearson", "spearman"] {
            assert_eq!(with_rows(metric, &truth, &first, Mean::of), None, "{metric}");
        }
        let labels: Vec<f64> = truth.iter().map(|truth| f64::from(u8::from(*truth > 10.5))).collect();
        let chances: Vec<f64> = first.iter().map(|value| (value / 20.0).clamp(0.0, 1.0)).collect();
        assert_eq!(with_rows("roc_auc", &labels, &chances, Mean::of), None);
        assert_eq!(with_rows("log_loss", &labels, &chances, Mean::of), Some(Mean::Plain));
    }
}
