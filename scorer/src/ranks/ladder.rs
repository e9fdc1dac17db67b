//! The parameter-free Ladder (Blum and Hardt, 2015): a team sees a new public score only when it is better than
//! its best one by more than chance, so that files made to find out about the public rows find out nothing.
//!
//! The paper's differences of losses are differences of influence values here, which every metric has: their
//! standard deviation `s` over `n` units makes `s / sqrt(n)` the least gain that is shown.

use std::ops::Range;

use holdout_contract::spec::Direction;
use serde::{Deserialize, Serialize};

use crate::influence::{Influence, by_cluster, linear};
use crate::judge::Judge;
use crate::metrics::Rows;

/// Where no influence is known, differences of the scores of so many parts stand in.
const N_PARTS: usize = 20;
/// With fewer parts that have a score, nothing is known of chance.
const FEWEST_PARTS: usize = 10;

/// How far a file must come to be shown, and how exactly it is shown then.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rung {
    /// `s / sqrt(n)`; `None` where nothing is known of chance: no gain counts then.
    pub least_gain: Option<f64>,
    /// Steps of a shown score between two whole numbers.
    pub n_steps: f64,
}

/// What a team is shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Step {
    Released(f64),
    /// The best score that was released before.
    Held(f64),
}

impl Step {
    /// In the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Released(_) => "released",
            Self::Held(_) => "held",
        }
    }

    pub fn shown(self) -> f64 {
        match self {
            Self::Released(score) | Self::Held(score) => score,
        }
    }
}

impl Rung {
    /// Of a file's predictions beside those of the team's best released file, on the same rows. Where the host
    /// declared clusters, each is a unit.
    pub fn of(judge: &Judge, rows: &Rows<'_>, best: Option<&Rows<'_>>, clusters: Option<&[u32]>) -> Self {
        let influence = |rows: &Rows<'_>| -> Option<Influence> {
            let found = linear(judge, rows)?;
            match clusters {
                Some(clusters) => by_cluster(found, rows, clusters),
                None => Some(found),
            }
        };
        let own = influence(rows);
        let n_units = own.as_ref().map_or(rows.len(), |own| own.values.len());
        match best {
            None => Self::of_values(own, None, n_units),
            Some(best) => {
                let found = Self::of_values(own, Some(influence(best)), n_units);
                let least_gain = found.least_gain.or_else(|| error_of_parts(judge, rows, best));
                Self { least_gain: least_gain.filter(|gain| gain.is_finite()), ..found }
            }
        }
    }

    /// From what is known of a file and of the team's best released one, whose scores are of so many units.
    pub fn of_values(own: Option<Influence>, best: Option<Option<Influence>>, n_units: usize) -> Self {
        // Steps of 1/n are for scores between 0 and 1; noise of smaller scores must not vanish in them.
        let noise = own.as_ref().map_or(0.0, |own| error_of_mean(&own.values));
        let digits = if noise > 0.0 { (-noise.log10()).ceil().clamp(0.0, 300.0) } else { 0.0 };
        let least_gain = match best {
            None => Some(noise),
            Some(best) => {
                let difference = own.zip(best).and_then(|(own, best)| own.plus(&best, -1.0));
                difference.map(|difference| error_of_mean(&difference.values))
            }
        };
        Self {
            least_gain: least_gain.filter(|gain| gain.is_finite()),
            n_steps: 10_f64.powf(digits).max(n_units.max(1) as f64),
        }
    }

    fn rounded(&self, score: f64) -> f64 {
        let rounded = (score * self.n_steps).round() / self.n_steps;
        if rounded.is_finite() { rounded } else { score }
    }

    /// What is shown of a score. A team's first is always shown, and what is shown only ever gets better.
    pub fn step(&self, direction: Direction, score: f64, best: Option<f64>) -> Step {
        let shown = self.rounded(score);
        let Some(best) = best else { return Step::Released(shown) };
        let gain = |score| direction.rank_key(best) - direction.rank_key(score);
        if self.least_gain.is_some_and(|least| gain(score) > least) && gain(shown) > 0.0 {
            Step::Released(shown)
        } else {
            Step::Held(best)
        }
    }
}

/// The standard deviation of values over the square root of their number.
fn error_of_mean(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = crate::kernels::sum(values.len(), |at| values[at]) / n;
    let squares = crate::kernels::sum(values.len(), |at| (values[at] - mean).powi(2));
    squares.sqrt() / n
}

fn error_of_parts(judge: &Judge, rows: &Rows<'_>, best: &Rows<'_>) -> Option<f64> {
    let (n, n_parts) = (rows.len(), N_PARTS.min(rows.len()));
    let parts: Vec<Range<usize>> =
        (0..n_parts).map(|part| part * n / n_parts..(part + 1) * n / n_parts).collect();
    let (own, best) = (judge.score_parts(rows, &parts), judge.score_parts(best, &parts));
    let differences = own.into_iter().zip(best).filter_map(|(own, best)| Some(own.ok()? - best.ok()?));
    let differences: Vec<f64> = differences.filter(|difference| difference.is_finite()).collect();
    (differences.len() >= FEWEST_PARTS).then(|| error_of_mean(&differences))
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use crate::judge::Context;
    use crate::metrics::Values;
    use crate::ranks::Normal;

    struct Desk {
        judge: Judge,
        row_numbers: Vec<u32>,
        column_classes: Vec<Vec<u32>>,
    }

    impl Desk {
        fn new(metric: &str, n_rows: usize) -> Self {
            Self {
                judge: Judge::new(metric, &Map::new(), Context::default()).expect("a metric"),
                row_numbers: (0..n_rows as u32).collect(),
                column_classes: vec![vec![0, 1]],
            }
        }

        fn with_rows<T>(
            &self,
            truth: Values<'_>,
            prediction: Values<'_>,
            work: impl FnOnce(&Rows<'_>) -> T,
        ) -> T {
            work(&Rows {
                truths: &[truth],
                predictions: &[prediction],
                weights: None,
                groups: None,
                row_numbers: &self.row_numbers,
                n_classes: 2,
                column_classes: &self.column_classes,
                context: &self.judge.context,
                group_names: &[],
            })
        }

        /// What the team is shown of a file, and the exact score.
        fn climb<'a>(
            &self,
            truth: Values<'a>,
            file: Values<'a>,
            best: Option<(Values<'a>, f64)>,
        ) -> (Step, f64) {
            self.with_rows(truth, file, |rows| {
                let score = self.judge.score(rows).expect("a score");
                let rung = match best {
                    None => Rung::of(&self.judge, rows, None, None),
                    Some((best, _)) => {
                        self.with_rows(truth, best, |best| Rung::of(&self.judge, rows, Some(best), None))
                    }
                };
                (rung.step(self.judge.direction(), score, best.map(|(_, shown)| shown)), score)
            })
        }
    }

    fn coins(seed: u64, n: usize) -> Vec<u32> {
        let normal = Normal::new(seed);
        (0..n).map(|at| u32::from(normal.at(0, at) > 0.0)).collect()
    }

    /// Of all rows, those where most of the files that look better than chance say so.
    fn majority(files: &[Vec<u32>], told: &[f64]) -> Vec<u32> {
        let n = files[0].len();
        let votes = |row: usize| -> i32 {
            let says = |file: &Vec<u32>| if file[row] == 1 { 1 } else { -1 };
            files
                .iter()
                .zip(told)
                .map(|(file, told)| if *told > 0.5 { says(file) } else { -says(file) })
                .sum()
        };
        (0..n).map(|row| u32::from(votes(row) > 0)).collect()
    }

    #[test]
    fn a_vote_of_random_files_wins_on_exact_scores_and_nothing_on_a_ladder() {
        const N_ROWS: usize = 1000;
        const N_FILES: usize = 300;
        let desk = Desk::new("accuracy", N_ROWS);
        let truth = coins(1, N_ROWS);
        let files: Vec<Vec<u32>> = (0..N_FILES as u64).map(|file| coins(file + 2, N_ROWS)).collect();
        let mut best: Option<(usize, f64)> = None;
        let (mut exact, mut shown, mut n_released) = (Vec::new(), Vec::new(), 0);
        for (at, file) in files.iter().enumerate() {
            let before = best.map(|(best, told)| (Values::Codes(&files[best]), told));
            let (step, score) = desk.climb(Values::Codes(&truth), Values::Codes(file), before);
            exact.push(score);
            shown.push(match step {
                Step::Released(told) => {
                    (best, n_released) = (Some((at, told)), n_released + 1);
                    told
                }
                Step::Held(told) => told,
            });
        }
        let accuracy = |file: &[u32]| {
            desk.with_rows(Values::Codes(&truth), Values::Codes(file), |rows| desk.judge.score(rows))
                .expect("a score")
        };
        let (open, ladder) = (accuracy(&majority(&files, &exact)), accuracy(&majority(&files, &shown)));
        assert!(open > 0.6, "{open}");
        assert!(ladder < 0.55 && n_released < 8, "{ladder} after {n_released} scores");
    }

    /// The rule as the paper has it, on losses.
    fn by_brute_force(losses: &[Vec<f64>]) -> Vec<f64> {
        let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
        let mut best: Option<(usize, f64)> = None;
        let mut shown = Vec::new();
        for (at, loss) in losses.iter().enumerate() {
            let n = loss.len() as f64;
            let is_released = best.is_none_or(|(best, told)| {
                let difference: Vec<f64> = loss.iter().zip(&losses[best]).map(|(a, b)| a - b).collect();
                let variance = difference.iter().map(|d| (d - mean(&difference)).powi(2)).sum::<f64>() / n;
                mean(loss) < told - (variance / n).sqrt()
            });
            if is_released {
                best = Some((at, (mean(loss) * n).round() / n));
            }
            shown.push(best.map_or(f64::NAN, |(_, told)| told));
        }
        shown
    }

    #[test]
    fn the_rule_is_that_of_the_paper() {
        const N_ROWS: usize = 400;
        let desk = Desk::new("mae", N_ROWS);
        let (normal, truth) = (Normal::new(5), vec![0.0; N_ROWS]);
        // Files that slowly get better, with steps forth and back.
        let file = |at: usize| -> Vec<f64> {
            let size: f64 = 1.0 + 0.1 * normal.at(0, at) - 0.005 * at as f64;
            (0..N_ROWS).map(|row| size * normal.at(at + 1, row)).collect()
        };
        let files: Vec<Vec<f64>> = (0..60).map(file).collect();
        let losses: Vec<Vec<f64>> =
            files.iter().map(|file| file.iter().map(|value| value.abs()).collect()).collect();
        let mut best: Option<(usize, f64)> = None;
        let mut shown = Vec::new();
        for (at, file) in files.iter().enumerate() {
            let before = best.map(|(best, told)| (Values::Numbers(&files[best]), told));
            let (step, _) = desk.climb(Values::Numbers(&truth), Values::Numbers(file), before);
            if let Step::Released(told) = step {
                best = Some((at, told));
            }
            shown.push(best.map_or(f64::NAN, |(_, told)| told));
        }
        let expected = by_brute_force(&losses);
        assert_eq!(shown, expected);
        let mut different = expected;
        different.dedup();
        assert!((3..40).contains(&different.len()), "{different:?}");
    }

    #[test]
    fn tiny_scores_keep_digits_that_stand_out_of_noise_and_the_same_file_is_never_shown_again() {
        let desk = Desk::new("mse", 100);
        let (normal, truth) = (Normal::new(9), vec![0.0; 100]);
        let file: Vec<f64> = (0..100).map(|row| 1e-4 * normal.at(0, row)).collect();
        let (truth, file) = (Values::Numbers(&truth), Values::Numbers(&file));
        let (Step::Released(told), exact) = desk.climb(truth, file, None) else {
            panic!("the first is shown")
        };
        assert!((told / exact - 1.0).abs() < 0.5 && told != exact, "{told} of {exact}");
        assert_eq!(desk.climb(truth, file, Some((file, told))).0, Step::Held(told));
    }

    #[test]
    fn a_metric_of_which_no_influence_is_known_is_judged_by_its_parts() {
        let desk = Desk::new("max_error", 200);
        let (normal, truth) = (Normal::new(3), vec![0.0; 200]);
        let file =
            |of: usize, size: f64| -> Vec<f64> { (0..200).map(|row| size * normal.at(of, row)).collect() };
        let (far, near, other) = (file(1, 9.0), file(1, 1.0), file(2, 9.0));
        let (truth, far) = (Values::Numbers(&truth), Values::Numbers(&far));
        let (step, score) = desk.climb(truth, Values::Numbers(&near), Some((far, 30.0)));
        assert!(matches!(step, Step::Released(told) if (told - score).abs() < 0.01), "{step:?}");
        assert_eq!(desk.climb(truth, far, Some((far, 30.0))).0, Step::Released(27.58));
        let rung = desk.with_rows(truth, Values::Numbers(&other), |rows| {
            desk.with_rows(truth, far, |best| Rung::of(&desk.judge, rows, Some(best), None))
        });
        assert!(rung.least_gain.is_some_and(|gain| (0.1..9.0).contains(&gain)), "{rung:?}");
    }
}
