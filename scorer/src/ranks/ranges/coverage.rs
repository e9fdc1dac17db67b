//! Simulated contests whose true ranks are known: each team's range must hold all ranks that are truly its own, equal
//! teams sharing theirs, in at least 95 of 100.

use serde_json::Map;

use super::{Covariance, N_DRAWS, Numbers, Places, RankRange, ranges_of};
use crate::influence::influence;
use crate::judge::{Context, Judge};
use crate::metrics::{Rows, Values};
use crate::parallel;
use crate::ranks::draws::Normal;

const N_CONTESTS: usize = 2000;
const N_ROWS: usize = 100;
/// Of large fields, whose ranges take long. They make wider ranges than as many as a board has.
const FEW_DRAWS: usize = 200;
/// Lists of draws that contests share.
const N_LISTS: usize = 8;

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

/// What one contest came to: keys, lower ones better, and what they vary by.
type Contest = (Vec<f64>, Covariance);

fn covariance(columns: &[Vec<f32>]) -> Covariance {
    let columns: Vec<&[f32]> = columns.iter().map(Vec::as_slice).collect();
    Covariance::of(&holdout_evaluator::Cpu, &columns)
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
    (means, covariance(&columns))
}

pub(super) fn of_normal_losses(field: &[f64], number: usize) -> Contest {
    of_losses(field, number, |value| value)
}

/// With a long tail: the exponential of a normal number has a skewness of 6.2.
fn of_skewed_losses(field: &[f64], number: usize) -> Contest {
    of_losses(field, number, f64::exp)
}

/// Areas under the curves of scores that tell the classes less apart the worse the team is.
fn of_areas(field: &[f64], number: usize) -> Contest {
    let normal = Normal::new(number as u64);
    let truth: Vec<f64> = (0..N_ROWS).map(|row| f64::from(u8::from(row % 5 < 2))).collect();
    let shared: Vec<f64> = (0..N_ROWS).map(|row| 0.8 * normal.at(field.len(), row)).collect();
    let judge = Judge::new("roc_auc", &Map::new(), Context::default()).expect("a metric");
    let row_numbers: Vec<u32> = (0..N_ROWS as u32).collect();
    let of_team = |(team, worse): (usize, &f64)| {
        let apart = 1.5 - 1.5 * worse;
        let score = |row: usize| apart * truth[row] + shared[row] + 0.6 * normal.at(team, row);
        let scores: Vec<f64> = (0..N_ROWS).map(score).collect();
        let rows = Rows {
            truths: &[Values::Numbers(&truth)],
            predictions: &[Values::Numbers(&scores)],
            weights: None,
            groups: None,
            row_numbers: &row_numbers,
            n_classes: 2,
            column_classes: &[],
            context: &judge.context,
            group_names: &[],
        };
        let found = influence(&judge, &rows).expect("enough rows of both classes");
        let column: Vec<f32> = found.values.iter().map(|value| *value as f32).collect();
        (-judge.score(&rows).expect("both classes"), column)
    };
    let (keys, columns): (Vec<f64>, Vec<Vec<f32>>) = field.iter().enumerate().map(of_team).unzip();
    (keys, covariance(&columns))
}

/// The ranges of every contest.
fn looked_at(field: &[f64], n_draws: usize, contest: fn(&[f64], usize) -> Contest) -> Vec<Vec<RankRange>> {
    let lists: Vec<Numbers> =
        (0..N_LISTS as u64).map(|seed| Numbers::of(seed, n_draws, field.len())).collect();
    parallel::map(N_CONTESTS, usize::MAX, |number| {
        let (keys, covariance) = contest(field, number);
        let (all, numbers) = (Places::of_all(field.len()), &lists[number % N_LISTS]);
        parallel::with_threads(1, || ranges_of(&keys, &covariance, N_ROWS as u64, all, numbers))
    })
}

fn holds(field: &[f64], team: usize, range: &RankRange) -> bool {
    let n_better = field.iter().filter(|other| **other < field[team]).count() as u32;
    let n_as_good = field.iter().filter(|other| **other <= field[team]).count() as u32;
    range.low <= n_better + 1 && n_as_good <= range.high
}

/// Every team's share of contests is held to it.
fn assert_held(field: &[f64], contests: &[Vec<RankRange>]) {
    for team in 0..field.len() {
        let n_held = contests.iter().filter(|ranges| holds(field, team, &ranges[team])).count();
        let least = 0.95 * contests.len() as f64;
        assert!(n_held as f64 >= least, "team {team}: {n_held} of {}", contests.len());
    }
}

/// Ranges that held because they say nothing would be no better than none.
fn assert_told(contests: &[Vec<RankRange>], team: usize, is_told: fn(&RankRange) -> bool) {
    let n_told = contests.iter().filter(|ranges| is_told(&ranges[team])).count();
    assert!(2 * n_told > contests.len(), "a clear difference is told: {n_told} of {}", contests.len());
}

#[test]
fn ranges_hold_the_true_ranks_in_95_of_100_contests() {
    let contests = looked_at(&eight(), FEW_DRAWS, of_normal_losses);
    assert_held(&eight(), &contests);
    assert_told(&contests, 7, |range| (range.low, range.high) == (8, 8));
}

#[test]
fn ranges_hold_where_losses_have_a_long_tail() {
    let contests = looked_at(&eight(), FEW_DRAWS, of_skewed_losses);
    assert_held(&eight(), &contests);
}

#[test]
fn ranges_of_areas_under_curves_hold_the_true_ranks() {
    let contests = looked_at(&eight(), FEW_DRAWS, of_areas);
    assert_held(&eight(), &contests);
    assert_told(&contests, 7, |range| range.low > 4);
}

/// Where nobody is better a range holds only as long as no difference at all is taken for one.
#[test]
fn ranges_hold_where_all_teams_are_equally_good() {
    for contest in [of_normal_losses, of_skewed_losses, of_areas] {
        assert_held(&all_equal(), &looked_at(&all_equal(), N_DRAWS, contest));
    }
}

#[test]
fn ranges_of_thirty_teams_hold_of_which_ten_are_equally_good() {
    let field = long(30, 0.04);
    let contests = looked_at(&field, FEW_DRAWS, of_normal_losses);
    assert_held(&field, &contests);
    assert_told(&contests, 29, |range| range.low > 15);
    assert_told(&contests, 0, |range| range.high < 25);
}

#[test]
fn ranges_of_areas_of_fifteen_teams_hold_of_which_five_are_equally_good() {
    let field = long(15, 0.08);
    let contests = looked_at(&field, FEW_DRAWS, of_areas);
    assert_held(&field, &contests);
    assert_told(&contests, 14, |range| range.low > 4);
}
