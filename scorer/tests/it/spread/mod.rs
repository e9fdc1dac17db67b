//! Standard errors of every metric of the catalogue against how its scores spread over contests whose units, rows or
//! groups, are drawn anew. A new metric is covered without a line here, or named with the reason why it gives none.
//!
//! The spread of so many scores alone is known to one part in the root of twice as many: 4,000 contests would leave
//! 1%. Here the sum that a standard error stands for is drawn over the same contests: the luck of the draw is in both
//! spreads, and what is left of it is told and bounded.

mod many;
mod near;
mod shares;
mod table;

use holdout_contract::spec::Task;
use holdout_evaluator::{Draw, Evaluator};
use holdout_scorer::influence::{Exact, Influence, Unit, influence, influence_or_replicates};
use holdout_scorer::metrics::{self, Metric};
use holdout_scorer::parallel;
use serde_json::{Value, json};
use table::Table;

/// How far a standard error may be off.
const MOST_OFF: f64 = 0.03;
/// How well it must be known how far it is off.
const MOST_NOISE: f64 = 0.012;
const N_BATCHES: usize = 20;
const VERSION: u64 = 77;

/// Metrics without an interval.
const WITHOUT: [(&str, &str); 1] =
    [("max_error", "one row decides, and no draw of these rows says how far it moves")];
/// Metrics that are read off at a place that is chance itself: replicates stand in.
const REPLICATED: [&str; 11] = [
    "medae",
    "top_recall",
    "eer",
    "ks_statistic",
    "min_dcf",
    "ece",
    "cumulative_dynamic_auc",
    "coco_map",
    "coco_ap50",
    "coco_ar100",
    "voc_ap",
];
/// Its score is another metric's; ranks follow from everybody's scores.
const RANKED: &str = "mean_rank";

/// Metrics that are tried together.
#[derive(Clone, Copy, PartialEq)]
enum Family {
    Numbers,
    Binary,
    Labels,
    Classes,
    Lists,
    Times,
    Texts,
    Images,
    Composite,
}

fn family(task: Task) -> Family {
    match task {
        Task::Regression => Family::Numbers,
        Task::BinaryProbability => Family::Binary,
        Task::Labels | Task::Ordinal | Task::Clustering => Family::Labels,
        Task::MulticlassProbability => Family::Classes,
        Task::Multilabel | Task::Ranking => Family::Lists,
        Task::Probabilistic | Task::Forecast | Task::Survival => Family::Times,
        Task::Text => Family::Texts,
        Task::Segmentation | Task::Detection => Family::Images,
        Task::Composite => Family::Composite,
    }
}

/// Rows, groups and contests: fewer where a row takes long.
#[derive(Clone, Copy)]
struct Size {
    n_rows: usize,
    n_groups: usize,
    n_contests: usize,
}

const PLAIN: Size = Size { n_rows: 1000, n_groups: 250, n_contests: 600 };
const WRITTEN: Size = Size { n_rows: 400, n_groups: 100, n_contests: 600 };

/// A standard error over the spread of scores, and how well that is known.
struct Told {
    ratio: f64,
    noise: f64,
}

fn told(table: &Table, found: &Influence, n_contests: usize) -> Told {
    let draw = Draw { version: VERSION, n_replicates: n_contests };
    let n = found.values.len();
    let contests = parallel::map(n_contests, usize::MAX, |contest| {
        let times: Vec<u8> = (0..n as u32).map(|unit| draw.weight(contest as u32, unit)).collect();
        let moved = |(times, value): (&u8, &f64)| (f64::from(*times) - 1.0) * value;
        let sum: f64 = times.iter().zip(&found.values).map(moved).sum();
        (sum / n as f64, score(table, found.unit, &times))
    });
    let ratio = |contests: &[(f64, f64)]| {
        let (sums, scores): (Vec<f64>, Vec<f64>) = contests.iter().copied().unzip();
        spread(&sums) / spread(&scores)
    };
    let batches: Vec<f64> = contests.chunks(n_contests / N_BATCHES).map(ratio).collect();
    let sums: Vec<f64> = contests.iter().map(|contest| contest.0).collect();
    let luck = spread(&sums) / found.standard_error();
    assert!((luck - 1.0).abs() < 0.2, "the spread of the sum is its standard error but for luck: {luck}");
    Told { ratio: ratio(&contests), noise: spread(&batches) / (batches.len() as f64).sqrt() }
}

fn score(table: &Table, unit: Unit, times: &[u8]) -> f64 {
    match unit {
        Unit::Row => table.score_of_rows(times),
        Unit::Group => table.score_of_groups(times),
    }
}

fn spread(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt()
}

/// What is wrong with the standard error of a metric, or with its having one or none.
fn fault(what: &str, table: &Table, size: Size) -> Option<String> {
    let is_without =
        what == RANKED || WITHOUT.iter().any(|(name, _)| *name == what) || REPLICATED.contains(&what);
    let found = match table.with_rows(|rows| influence(&table.judge, rows)) {
        Err(none) if is_without && none.0.ends_with("no interval is known.") => return None,
        Err(none) => return Some(format!("{what}: {}", none.0)),
        Ok(_) if is_without => return Some(format!("{what} has an interval and is named as one without")),
        Ok(found) => found,
    };
    let Told { ratio, noise } = told(table, &found, size.n_contests);
    let is_right = (ratio - 1.0).abs() <= MOST_OFF && noise <= MOST_NOISE;
    (!is_right).then(|| format!("{what}: {ratio:.4} of the spread, give or take {noise:.4}"))
}

fn hold(wanted: Family, params: impl Fn(&dyn Metric) -> Option<Value>) {
    let faults: Vec<String> = metrics::all()
        .filter(|metric| family(metric.about().task) == wanted)
        .filter_map(|metric| {
            let name = metric.about().name;
            let size = if near::is_of_written_cells(metric) { WRITTEN } else { PLAIN };
            let table = near::table(name, &params(metric)?, size.n_rows, size.n_groups);
            fault(name, &table, size)
        })
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

fn plain(metric: &dyn Metric) -> Option<Value> {
    Some(Value::Object(metric.sample_params()))
}

/// With weights of rows, where the metric takes them and a row is quickly looked at.
fn weighted(metric: &dyn Metric) -> Option<Value> {
    if near::is_of_written_cells(metric) {
        return None;
    }
    let mut params = metric.sample_params();
    params.insert("weight_column".to_owned(), json!("heft"));
    metric.laws().has_weights.then_some(Value::Object(params))
}

#[test]
fn standard_errors_of_numbers_are_those_of_rows_drawn_anew() {
    hold(Family::Numbers, plain);
}

#[test]
fn standard_errors_of_yes_or_no_are_those_of_rows_drawn_anew() {
    hold(Family::Binary, plain);
}

#[test]
fn standard_errors_of_labels_are_those_of_rows_drawn_anew() {
    hold(Family::Labels, plain);
}

#[test]
fn standard_errors_of_class_probabilities_are_those_of_rows_drawn_anew() {
    hold(Family::Classes, plain);
}

#[test]
fn standard_errors_of_tags_and_rankings_are_those_of_units_drawn_anew() {
    hold(Family::Lists, plain);
}

#[test]
fn standard_errors_of_forecasts_and_times_are_those_of_units_drawn_anew() {
    hold(Family::Times, plain);
}

#[test]
fn standard_errors_of_texts_are_those_of_rows_drawn_anew() {
    hold(Family::Texts, plain);
}

#[test]
fn standard_errors_of_images_are_those_of_units_drawn_anew() {
    hold(Family::Images, plain);
}

#[test]
fn standard_errors_of_sums_of_metrics_are_those_of_rows_drawn_anew() {
    hold(Family::Composite, plain);
}

#[test]
fn standard_errors_of_weighted_rows_are_those_of_rows_drawn_anew() {
    for family in [Family::Numbers, Family::Binary, Family::Labels, Family::Classes, Family::Lists] {
        hold(family, weighted);
    }
}

#[test]
fn standard_errors_of_metrics_put_together_are_those_of_units_drawn_anew() {
    let parts = |parts: Value| json!({ "parts": parts });
    let size = Size { n_rows: 1200, n_groups: 80, n_contests: 600 };
    let forms = [
        ("rmse", json!({ "columns": "a, b", "column_weights": "1, 3" })),
        ("r2", json!({ "columns": "a, b, c" })),
        ("roc_auc", json!({ "columns": "a, b" })),
        ("f1_macro", json!({ "columns": "a, b" })),
        ("rmse", json!({ "groups": "mean" })),
        ("mae", json!({ "groups": "mean", "columns": "a, b" })),
        ("roc_auc", json!({ "groups": "mean", "undefined_groups": "skip" })),
        ("accuracy", json!({ "groups": "mean" })),
        (
            "weighted_sum_of_losses",
            parts(json!([{ "metric": "rmse", "weight": 0.5 }, { "metric": "mae", "weight": 2 }])),
        ),
        (
            "weighted_sum",
            parts(json!([
                { "metric": "pearson", "weight": 1 },
                { "metric": "r2", "weight": 0.5 },
                { "metric": "wape", "weight": -2 },
            ])),
        ),
        (
            "weighted_sum",
            parts(json!([
                { "metric": "average_precision", "weight": 1 },
                { "metric": "brier", "weight": -3 },
            ])),
        ),
    ];
    let of_form = |(metric, params): &(&str, Value)| {
        let table = near::table(metric, params, size.n_rows, size.n_groups);
        fault(&format!("{metric} {params}"), &table, size)
    };
    let faults: Vec<String> = forms.iter().filter_map(of_form).collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

/// Whether the first replicates are scores of the rows of their draws, each row copied as often as it comes; those
/// without a score deviate by nothing.
fn assert_replicates(what: &str, table: &Table, found: &Influence, n_looked_at: usize) {
    assert_eq!((found.unit, found.n_units), (Unit::Row, table.n_rows), "{what}");
    let draw = Draw { version: VERSION, n_replicates: found.values.len() };
    let n_defined = found.values.iter().filter(|value| **value != 0.0).count();
    let scale = found.values.len() as f64 / (n_defined as f64).sqrt();
    let looked_at: Vec<usize> = (0..n_looked_at).filter(|contest| found.values[*contest] != 0.0).collect();
    let scores = parallel::map(looked_at.len(), usize::MAX, |at| {
        score(table, Unit::Row, &draw.weights(looked_at[at] as u32, table.n_rows))
    });
    for (contest, score) in looked_at.iter().zip(&scores) {
        let told = (found.values[*contest] - found.values[looked_at[0]]) / scale;
        let expected = score - scores[0];
        assert!(
            (told - expected).abs() <= 1e-9 * scores[0].abs().max(1.0),
            "{what}: a replicate is the score of its rows: {told} is not {expected}"
        );
    }
    assert!(found.standard_error() > 0.0, "{what}");
}

/// Of every metric that is looked at by rows: so few that replicates stand in.
#[test]
fn replicates_of_few_rows_are_the_scores_of_their_draws() {
    const N_ROWS: usize = 29;
    let exact = Exact { evaluator: &Evaluator::default(), version: VERSION };
    let mut n_looked_at = 0;
    for metric in metrics::all() {
        for params in [plain(metric), weighted(metric)].into_iter().flatten() {
            let table = near::table(metric.about().name, &params, N_ROWS, 6);
            let found = table.with_rows(|rows| influence_or_replicates(&table.judge, rows, exact));
            let is_known = |found: &Influence| found.unit == Unit::Row && found.standard_error() > 0.0;
            let Some(found) = found.ok().filter(is_known) else { continue };
            assert_replicates(&format!("{} {params}", metric.about().name), &table, &found, 6);
            n_looked_at += 1;
        }
    }
    assert!(n_looked_at > 150, "{n_looked_at}");
}

#[test]
fn what_bends_with_its_rows_has_the_spread_of_replicates() {
    for name in REPLICATED {
        let (metric, _) = metrics::find(name, &serde_json::Map::new()).expect("of the catalogue");
        let n_rows: usize = if near::is_of_written_cells(metric) { 150 } else { 1000 };
        let table = near::table(name, &json!({}), n_rows, 0);
        let found = looked_at(name, &table);
        assert_replicates(name, &table, &found, 300);
    }
}

/// As a board is looked at.
fn looked_at(name: &str, table: &Table) -> Influence {
    let exact = Exact { evaluator: &Evaluator::default(), version: VERSION };
    table
        .with_rows(|rows| influence_or_replicates(&table.judge, rows, exact))
        .unwrap_or_else(|none| panic!("{name}: {}", none.0))
}

/// Not the rows of one contest drawn again, but others of the same kind: what a standard error is meant to tell. That of
/// one contest varies; the mean of several is held to it.
#[test]
fn standard_errors_are_how_scores_spread_over_contests_of_other_rows() {
    const N_CONTESTS: usize = 500;
    const N_LOOKED_AT: usize = 16;
    const MOST_OFF: f64 = 0.12;
    let names = [
        "medae",
        "top_recall@20",
        "min_dcf",
        "cumulative_dynamic_auc",
        "c_index",
        "c_index_ipcw@40",
        "integrated_brier",
        "c_index_stratified",
        "adjusted_rand_score",
        "adjusted_mutual_info_score",
        "v_measure_score",
        "fowlkes_mallows_score",
        "coco_map",
        "coco_ar100",
        "voc_ap",
    ];
    let mut faults = Vec::new();
    for name in names {
        let (metric, _) = metrics::find(name, &serde_json::Map::new()).expect("of the catalogue");
        let (n_rows, n_groups) = if near::is_of_written_cells(metric) { (100, 0) } else { (600, 60) };
        let contest = |seed: u64| near::table_of(seed, name, &json!({}), n_rows, n_groups);
        let scores = parallel::map(N_CONTESTS, usize::MAX, |seed| contest(seed as u64).score());
        let errors = (0..N_LOOKED_AT as u64).map(|seed| looked_at(name, &contest(seed)).standard_error());
        let square = errors.map(|error| error * error).sum::<f64>() / N_LOOKED_AT as f64;
        let ratio = square.sqrt() / spread(&scores);
        if (ratio - 1.0).abs() > MOST_OFF {
            faults.push(format!("{name}: {ratio:.3}"));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn standard_errors_of_censored_rows_hold_for_parameters_that_are_set() {
    let forms = [
        ("cumulative_dynamic_auc", json!({ "time": 20 })),
        ("c_index_ipcw", json!({ "tau": 30 })),
        ("integrated_brier", json!({ "times": "5, 15, 40" })),
    ];
    let of_form = |(metric, params): &(&str, Value)| {
        let table = near::table(metric, params, PLAIN.n_rows, 0);
        fault(&format!("{metric} {params}"), &table, PLAIN)
    };
    let faults: Vec<String> = forms.iter().filter_map(of_form).collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

/// One team's odd file must not take the ranges from everybody.
#[test]
fn constant_and_perfect_files_have_an_interval_wherever_they_have_a_score() {
    let exact = Exact { evaluator: &Evaluator::default(), version: VERSION };
    let mut faults = Vec::new();
    for metric in metrics::all().filter(|metric| metric.about().name != RANKED) {
        let name = metric.about().name;
        if WITHOUT.iter().any(|(without, _)| *without == name) {
            continue;
        }
        let plain = near::table(name, &Value::Object(metric.sample_params()), 200, 40);
        for (kind, table) in
            [("constant", plain.with_constant_file()), ("perfect", plain.with_perfect_file())]
        {
            let Some(table) = table else { continue };
            let none = table.with_rows(|rows| {
                table.judge.score(rows).ok()?;
                influence_or_replicates(&table.judge, rows, exact).err()
            });
            faults.extend(none.map(|none| format!("{name}, {kind}: {}", none.0)));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn what_is_named_as_without_interval_is_of_the_catalogue() {
    let names = WITHOUT.iter().map(|(name, _)| name).chain(&REPLICATED);
    for name in names {
        assert!(metrics::all().any(|metric| metric.about().name == *name), "{name}");
    }
}
