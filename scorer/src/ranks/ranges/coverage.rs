//! Simulated contests whose true ranks are known: each team's range must hold all ranks that are truly its own, equal
//! teams sharing theirs, in at least 95 of 100. That all ranges of a contest hold at once is more than a board says; how
//! often they do is held to what it comes to, least often where all teams are equally good.

use holdout_evaluator::{Cpu, Evaluator};
use serde_json::Map;

use super::{Covariance, N_DRAWS, Numbers, Places, RankRange, ranges_of};
use crate::custom::blocks;
use crate::influence::{Exact, Influence, influence_of_clusters, influence_or_replicates};
use crate::judge::{Context, Judge};
use crate::metrics::{Rows, Values};
use crate::parallel;
use crate::ranks::draws::Normal;

const N_CONTESTS: usize = 2000;
const N_ROWS: usize = 100;
/// Lists of draws that contests share.
const N_LISTS: usize = 8;
/// Of the contests, those in which every range holds: where most teams differ, and where many are equally good.
const LEAST_OF_ALL: f64 = 0.95;
const LEAST_OF_ALL_EQUAL: f64 = 0.91;
/// Rows of a group, or of a cluster, where there are any.
const N_TOGETHER: usize = 5;

/// How much worse each team truly is than the best.
type Field = Vec<f64>;

/// Three of them equally good.
fn eight() -> Field {
    vec![0.0, 0.0, 0.0, 0.1, 0.2, 0.3, 0.4, 0.8]
}

/// Of so many, a third equally good, and each of the others a step worse.
fn long(n_teams: u8, step: f64) -> Field {
    let n_equal = n_teams / 3;
    (0..n_teams).map(|team| step * f64::from(team.saturating_sub(n_equal - 1))).collect()
}

fn all_equal() -> Field {
    vec![0.0; 4]
}

/// What one contest came to.
pub(super) struct Contest {
    /// Of every team, lower ones better.
    pub keys: Vec<f64>,
    pub covariance: Covariance,
    n_units: usize,
}

fn covariance(columns: &[Vec<f32>]) -> Covariance {
    let columns: Vec<&[f32]> = columns.iter().map(Vec::as_slice).collect();
    Covariance::of(&Cpu, &columns)
}

/// Means of row losses, which share what is hard about the row.
fn of_losses(field: &[f64], number: usize, noise: fn(f64) -> f64) -> Contest {
    let normal = Normal::new(number as u64);
    let shared: Vec<f64> = (0..N_ROWS).map(|row| noise(normal.at(field.len(), row))).collect();
    let losses = |(team, worse): (usize, &f64)| -> Vec<f64> {
        shared
            .iter()
            .enumerate()
            .map(|(row, hard)| worse + hard + 0.5 * noise(normal.at(team, row)))
            .collect()
    };
    let losses: Vec<Vec<f64>> = field.iter().enumerate().map(losses).collect();
    let means: Vec<f64> = losses.iter().map(|losses| losses.iter().sum::<f64>() / N_ROWS as f64).collect();
    let influence = |(losses, mean): (&Vec<f64>, &f64)| -> Vec<f32> {
        losses.iter().map(|loss| (loss - mean) as f32).collect()
    };
    let columns: Vec<Vec<f32>> = losses.iter().zip(&means).map(influence).collect();
    Contest { keys: means, covariance: covariance(&columns), n_units: N_ROWS }
}

pub(super) fn of_normal_losses(field: &[f64], number: usize) -> Contest {
    of_losses(field, number, |value| value)
}

/// With a long tail: the exponential of a normal number has a skewness of 6.2.
fn of_skewed_losses(field: &[f64], number: usize) -> Contest {
    of_losses(field, number, f64::exp)
}

/// What every team's file has for a row: of the team, how much worse it is, and the row.
type Prediction<'a> = &'a dyn Fn(usize, f64, usize) -> f64;

/// Files as a board looks at them; `together` says of every row which group or cluster it is of.
struct Files<'a> {
    metric: &'static str,
    truth: Vec<f64>,
    prediction: Prediction<'a>,
    together: Option<Vec<u32>>,
    are_groups: bool,
    /// As a metric that its host wrote: for scores without blocks of rows, and nothing else.
    is_asked: bool,
    version: usize,
}

impl Files<'_> {
    fn contest(&self, field: &[f64]) -> Contest {
        let judge = Judge::new(self.metric, &Map::new(), Context::default()).expect("a metric");
        let row_numbers: Vec<u32> = (0..self.truth.len() as u32).collect();
        let names: Vec<String> = (0..self.truth.len()).map(|group| format!("g{group}")).collect();
        let exact = Exact { evaluator: &Evaluator::default(), version: self.version as u64 };
        let of_team = |(team, worse): (usize, &f64)| {
            let file: Vec<f64> =
                (0..self.truth.len()).map(|row| (self.prediction)(team, *worse, row)).collect();
            let rows = Rows {
                truths: &[Values::Numbers(&self.truth)],
                predictions: &[Values::Numbers(&file)],
                weights: None,
                groups: self.together.as_deref().filter(|_| self.are_groups),
                row_numbers: &row_numbers,
                n_classes: 2,
                column_classes: &[],
                context: &judge.context,
                group_names: &names,
            };
            let found = match self.together.as_deref().filter(|_| !self.are_groups) {
                _ if self.is_asked => Ok(blocks::asked(&judge, &rows, exact.version)),
                Some(clusters) => influence_of_clusters(&judge, &rows, clusters, exact),
                None => influence_or_replicates(&judge, &rows, exact),
            };
            let score = judge.score(&rows).expect("a score");
            let key = if judge.direction().higher_is_better() { -score } else { score };
            (key, found.expect("enough units"))
        };
        let (keys, found): (Vec<f64>, Vec<Influence>) = field.iter().enumerate().map(of_team).unzip();
        let column = |found: &Influence| found.values.iter().map(|value| *value as f32).collect();
        let columns: Vec<Vec<f32>> = found.iter().map(column).collect();
        Contest { keys, covariance: covariance(&columns), n_units: found[0].n_units }
    }
}

/// Areas under the curves of scores that tell the classes less apart the worse the team is.
fn of_ranking(is_asked: bool, n_positive: usize, field: &[f64], number: usize) -> Contest {
    let normal = Normal::new(number as u64);
    let truth: Vec<f64> = (0..N_ROWS).map(|row| f64::from(u8::from(row < n_positive))).collect();
    let positives = truth.clone();
    let prediction = |team: usize, worse: f64, row: usize| {
        let shared = 0.8 * normal.at(field.len(), row);
        (1.5 - 1.5 * worse) * positives[row] + shared + 0.6 * normal.at(team, row)
    };
    Files {
        metric: "roc_auc",
        truth,
        prediction: &prediction,
        together: None,
        are_groups: false,
        is_asked,
        version: number,
    }
    .contest(field)
}

fn of_areas(field: &[f64], number: usize) -> Contest {
    of_ranking(false, 40, field, number)
}

fn of_areas_asked(field: &[f64], number: usize) -> Contest {
    of_ranking(true, 40, field, number)
}

/// So few that replicates stand in.
fn of_few_positives(field: &[f64], number: usize) -> Contest {
    of_ranking(false, 12, field, number)
}

/// Labels: those scores above a middle.
fn of_labels(field: &[f64], number: usize) -> Contest {
    labels(false, field, number)
}

fn of_labels_asked(field: &[f64], number: usize) -> Contest {
    labels(true, field, number)
}

fn labels(is_asked: bool, field: &[f64], number: usize) -> Contest {
    let normal = Normal::new(number as u64);
    let truth: Vec<f64> = (0..N_ROWS).map(|row| f64::from(u8::from(row % 5 < 2))).collect();
    let positives = truth.clone();
    let prediction = |team: usize, worse: f64, row: usize| {
        let shared = 0.8 * normal.at(field.len(), row);
        let score = (1.5 - 1.5 * worse) * (positives[row] - 0.5) + shared + 0.6 * normal.at(team, row);
        f64::from(u8::from(score > 0.0))
    };
    Files {
        metric: "f1",
        truth,
        prediction: &prediction,
        together: None,
        are_groups: false,
        is_asked,
        version: number,
    }
    .contest(field)
}

/// Errors of rows that come together are alike.
fn of_errors(metric: &'static str, are_groups: bool, field: &[f64], number: usize) -> Contest {
    let normal = Normal::new(number as u64);
    let prediction = |team: usize, worse: f64, row: usize| {
        let cluster = N_ROWS + row / N_TOGETHER;
        let error = |of: usize| normal.at(of, cluster) + 0.4 * normal.at(of, row);
        (1.0 + worse) * (error(field.len()) + 0.5 * error(team))
    };
    let n_rows = 2 * N_ROWS;
    let together = Some((0..n_rows).map(|row| (row / N_TOGETHER) as u32).collect());
    let truth = vec![0.0; n_rows];
    Files { metric, truth, prediction: &prediction, together, are_groups, is_asked: false, version: number }
        .contest(field)
}

fn of_group_means(field: &[f64], number: usize) -> Contest {
    of_errors("group_mean_mae", true, field, number)
}

fn of_clusters(field: &[f64], number: usize) -> Contest {
    of_errors("rmse", false, field, number)
}

/// The ranges of every contest, as a board makes them.
fn looked_at(field: &[f64], contest: fn(&[f64], usize) -> Contest) -> Vec<Vec<RankRange>> {
    let lists: Vec<Numbers> =
        (0..N_LISTS as u64).map(|seed| Numbers::of(seed, N_DRAWS, field.len())).collect();
    parallel::map(N_CONTESTS, usize::MAX, |number| {
        parallel::with_threads(1, || {
            let Contest { keys, covariance, n_units } = contest(field, number);
            let (all, numbers) = (Places::of_all(field.len()), &lists[number % N_LISTS]);
            ranges_of(&keys, &covariance, n_units as u64, all, numbers)
        })
    })
}

fn holds(field: &[f64], team: usize, range: &RankRange) -> bool {
    let n_better = field.iter().filter(|other| **other < field[team]).count() as u32;
    let n_as_good = field.iter().filter(|other| **other <= field[team]).count() as u32;
    range.low <= n_better + 1 && n_as_good <= range.high
}

/// Every team's share of contests is held to it, and that of contests in which no range fails.
fn assert_held(field: &[f64], contests: &[Vec<RankRange>], least_of_all: f64) {
    for team in 0..field.len() {
        let n_held = contests.iter().filter(|ranges| holds(field, team, &ranges[team])).count();
        let least = 0.95 * contests.len() as f64;
        assert!(n_held as f64 >= least, "team {team}: {n_held} of {}", contests.len());
    }
    let all_hold = |ranges: &&Vec<RankRange>| (0..field.len()).all(|team| holds(field, team, &ranges[team]));
    let n_held = contests.iter().filter(all_hold).count();
    assert!(n_held as f64 >= least_of_all * contests.len() as f64, "all: {n_held} of {}", contests.len());
}

/// Ranges that held because they say nothing would be no better than none.
fn assert_told(contests: &[Vec<RankRange>], team: usize, is_told: fn(&RankRange) -> bool) {
    let n_told = contests.iter().filter(|ranges| is_told(&ranges[team])).count();
    assert!(2 * n_told > contests.len(), "a clear difference is told: {n_told} of {}", contests.len());
}

#[test]
fn ranges_hold_the_true_ranks_in_95_of_100_contests() {
    let contests = looked_at(&eight(), of_normal_losses);
    assert_held(&eight(), &contests, LEAST_OF_ALL);
    assert_told(&contests, 7, |range| (range.low, range.high) == (8, 8));
}

#[test]
fn ranges_hold_where_losses_have_a_long_tail() {
    let contests = looked_at(&eight(), of_skewed_losses);
    assert_held(&eight(), &contests, LEAST_OF_ALL);
}

#[test]
fn ranges_of_areas_under_curves_hold_the_true_ranks() {
    let contests = looked_at(&eight(), of_areas);
    assert_held(&eight(), &contests, LEAST_OF_ALL);
    assert_told(&contests, 7, |range| range.low > 4);
}

/// Where nobody is better a range holds only as long as no difference at all is taken for one.
#[test]
fn ranges_hold_where_all_teams_are_equally_good() {
    for contest in [of_normal_losses, of_skewed_losses, of_areas] {
        assert_held(&all_equal(), &looked_at(&all_equal(), contest), LEAST_OF_ALL_EQUAL);
    }
}

#[test]
fn ranges_of_twenty_teams_hold_of_which_six_are_equally_good() {
    let field = long(20, 0.06);
    let contests = looked_at(&field, of_normal_losses);
    assert_held(&field, &contests, LEAST_OF_ALL_EQUAL);
    assert_told(&contests, 19, |range| range.low > 10);
    assert_told(&contests, 0, |range| range.high < 18);
}

#[test]
fn ranges_of_areas_of_fifteen_teams_hold_of_which_five_are_equally_good() {
    let field = long(15, 0.08);
    let contests = looked_at(&field, of_areas);
    assert_held(&field, &contests, LEAST_OF_ALL_EQUAL);
    assert_told(&contests, 14, |range| range.low > 4);
}

#[test]
fn ranges_of_labels_hold_the_true_ranks() {
    let contests = looked_at(&eight(), of_labels);
    assert_held(&eight(), &contests, LEAST_OF_ALL);
    assert_told(&contests, 7, |range| range.low > 4);
}

#[test]
fn ranges_of_means_over_groups_hold_the_true_ranks() {
    let contests = looked_at(&eight(), of_group_means);
    assert_held(&eight(), &contests, LEAST_OF_ALL);
    assert_told(&contests, 7, |range| range.low > 4);
}

#[test]
fn ranges_of_rows_that_come_together_hold_the_true_ranks() {
    let contests = looked_at(&eight(), of_clusters);
    assert_held(&eight(), &contests, LEAST_OF_ALL);
    assert_told(&contests, 7, |range| range.low > 4);
}

#[test]
fn ranges_of_few_positives_hold_the_true_ranks() {
    let field = vec![0.0, 0.0, 0.3, 0.8];
    let contests = looked_at(&field, of_few_positives);
    assert_held(&field, &contests, LEAST_OF_ALL_EQUAL);
    assert_told(&contests, 3, |range| range.low > 1);
}

/// Of a metric that its host wrote nothing is known but scores: forty blocks of rows stand for them.
#[test]
fn ranges_of_a_metric_that_is_asked_alone_hold_the_true_ranks() {
    for contest in [of_areas_asked, of_labels_asked] {
        let contests = looked_at(&eight(), contest);
        assert_held(&eight(), &contests, LEAST_OF_ALL);
        assert_told(&contests, 7, |range| range.low > 4);
    }
}

/// Forty blocks, and many more teams that are all equally good: no draw of so few spreads as far as these do.
#[test]
fn ranges_of_far_more_teams_than_units_hold() {
    const N_TEAMS: usize = 320;
    const N_UNITS: usize = 40;
    const N_LARGE: usize = 300;
    let numbers = Numbers::of(5, N_DRAWS, N_TEAMS);
    let n_held = parallel::map(N_LARGE, usize::MAX, |number| {
        let normal = Normal::new(number as u64 + 9000);
        let of_team = |team: usize| -> (f64, Vec<f32>) {
            let losses: Vec<f64> = (0..N_UNITS).map(|unit| normal.at(team, unit)).collect();
            let mean = losses.iter().sum::<f64>() / N_UNITS as f64;
            let scale = (N_UNITS as f64 / (N_UNITS as f64 - 1.0)).sqrt();
            (mean, losses.iter().map(|loss| (scale * (loss - mean)) as f32).collect())
        };
        let (keys, columns): (Vec<f64>, Vec<Vec<f32>>) = (0..N_TEAMS).map(of_team).unzip();
        let found = parallel::with_threads(1, || {
            let all = Places::of_all(N_TEAMS);
            ranges_of(&keys, &covariance(&columns), N_UNITS as u64, all, &numbers)
        });
        found[0] == RankRange { low: 1, high: N_TEAMS as u32 }
    });
    let n_held = n_held.into_iter().filter(|held| *held).count();
    assert!(n_held as f64 >= 0.95 * N_LARGE as f64, "{n_held} of {N_LARGE}");
}
