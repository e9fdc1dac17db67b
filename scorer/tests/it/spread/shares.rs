//! Intervals of metrics whose scores lie from 0 to 1: how often they hold the score of very many rows of the same kind. A new
//! metric of that list is covered without a line here.

use holdout_contract::catalogue::is_share;
use holdout_contract::interval;
use holdout_scorer::metrics::{self, Metric};
use holdout_scorer::parallel;
use serde_json::{Value, json};

use super::{Family, REPLICATED, family, looked_at, near};

/// Of them 95 in 100 should hold it; that many say so to 1.1 in 100.
const N_CONTESTS: usize = 400;
/// Where replicates take long.
const FEW_CONTESTS: usize = 100;
const LEAST_HELD: f64 = 0.925;
const LEAST_HELD_OF_FEW: f64 = 0.9;
const N_ROWS: usize = 300;
const N_GROUPS: usize = 75;
/// How many times the rows of a contest tell the truth.
const TIMES_AS_MANY: usize = 40;

/// Scores that are higher where rows are few, whatever the file is worth (Vinh, Epps and Bailey 2010): what they estimate is
/// the score of contests of as many rows.
const HIGHER_OF_FEW_ROWS: [&str; 4] =
    ["completeness_score", "homogeneity_score", "normalized_mutual_info_score", "v_measure_score"];

/// Up to a time at which rows are still seen, where the longest one would decide.
fn params(metric: &dyn Metric) -> Value {
    let mut params = metric.sample_params();
    if metric.about().name == "c_index_ipcw" {
        params.insert("tau".to_owned(), json!(40));
    }
    Value::Object(params)
}

/// What part of the contests have intervals that hold the true score; of those that have a score.
fn held(metric: &dyn Metric, n_contests: usize) -> f64 {
    let name = metric.about().name;
    let params = params(metric);
    let table =
        |seed: u64, times: usize| near::table_of(seed, name, &params, times * N_ROWS, times * N_GROUPS);
    let contests = parallel::map(n_contests, usize::MAX, |seed| {
        let contest = table(seed as u64, 1);
        let score = contest.score();
        if !score.is_finite() {
            return None;
        }
        let found = looked_at(name, &contest);
        Some((score, interval::of_share(score, found.standard_error(), found.n_units as i32)))
    });
    let contests: Vec<(f64, (f64, f64))> = contests.into_iter().flatten().collect();
    assert!(2 * contests.len() > n_contests, "{name}: most contests have a score");
    let n = contests.len() as f64;
    let truth = match HIGHER_OF_FEW_ROWS.contains(&name) {
        true => contests.iter().map(|(score, _)| score).sum::<f64>() / n,
        false => table(u64::from(u16::MAX), TIMES_AS_MANY).score(),
    };
    contests.iter().filter(|(_, (low, high))| (*low..=*high).contains(&truth)).count() as f64 / n
}

fn hold(wanted: Family) {
    let shares = metrics::all()
        .filter(|metric| is_share(metric.about().name) && family(metric.about().task) == wanted);
    let fault = |metric: &'static dyn Metric| {
        let name = metric.about().name;
        let (n_contests, least) = match REPLICATED.contains(&name) {
            true => (FEW_CONTESTS, LEAST_HELD_OF_FEW),
            false => (N_CONTESTS, LEAST_HELD),
        };
        let held = held(metric, n_contests);
        (held < least).then(|| format!("{name}: {held:.3} of the intervals hold the true score"))
    };
    let faults: Vec<String> = shares.filter_map(fault).collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn intervals_of_shares_of_yes_or_no_hold_the_true_score() {
    hold(Family::Binary);
}

#[test]
fn intervals_of_shares_of_labels_hold_the_true_score() {
    hold(Family::Labels);
}

#[test]
fn intervals_of_shares_of_class_probabilities_hold_the_true_score() {
    hold(Family::Classes);
}

#[test]
fn intervals_of_shares_of_tags_and_rankings_hold_the_true_score() {
    hold(Family::Lists);
}

#[test]
fn intervals_of_shares_of_times_and_numbers_hold_the_true_score() {
    hold(Family::Times);
    hold(Family::Numbers);
}

#[test]
fn intervals_of_shares_of_texts_hold_the_true_score() {
    hold(Family::Texts);
}

#[test]
fn intervals_of_shares_of_images_hold_the_true_score() {
    hold(Family::Images);
}
