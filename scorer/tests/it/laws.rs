//! What must hold for every metric of the catalogue, whatever it measures. Data are made from each
//! metric's own description, so that a new metric is covered without a line here.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod composed;
mod device;
pub mod inputs;
mod released;
mod together;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use holdout_contract::job::SplitScore;
use holdout_contract::spec::{Cell, Layout};
use holdout_scorer::align::align;
use holdout_scorer::intake::{Content, Limits, Source, content};
use holdout_scorer::judge::{Context, Judge};
use holdout_scorer::metrics::{self, Degenerate, Metric, compose};
use holdout_scorer::parallel;
use holdout_scorer::score::score_split;
use holdout_scorer::solution::{Solution, Split};
use holdout_scorer::split::SplitRule;
use serde_json::{Map, Value, json};

use inputs::{CLASSES, Random, cells};

const N_ROWS: usize = 48;
/// Looked at, not ranked by: the perfect file need not have the lowest value.
const DIAGNOSTICS: &[&str] = &["mean_bias"];

/// A column by name.
type Columns = Vec<(String, Vec<String>)>;

#[derive(Clone)]
struct Case {
    truths: Columns,
    predictions: Columns,
    groups: Option<Vec<String>>,
    weights: Option<Vec<f64>>,
    is_private: Vec<bool>,
}

fn named(name: &str, cell: Cell, random: &mut Random) -> (String, Vec<String>) {
    (name.to_owned(), cells(cell, N_ROWS, random))
}

fn columns(layout: &Layout, metric: &dyn Metric, random: &mut Random) -> (Columns, Columns) {
    match layout {
        Layout::Target { solution, submission } => {
            let truth = cells(*solution, N_ROWS, random);
            let mut prediction = cells(*submission, N_ROWS, random);
            if solution == submission {
                // Other margins than the truth's, so that asymmetry can show.
                prediction.clone_from(&truth);
                random.shuffle(&mut prediction);
                prediction[..9].fill(truth[0].clone());
            }
            (vec![("target".into(), truth)], vec![("target".into(), prediction)])
        }
        Layout::ClassColumns => {
            let predictions = CLASSES.map(|class| named(class, Cell::Probability, random));
            (vec![named("target", Cell::Label, random)], predictions.into())
        }
        Layout::TargetColumns { cell } => {
            let prediction = if *cell == Cell::Binary { metric.prediction_cell() } else { *cell };
            let columns = ["first", "second"];
            let mut truths = columns.map(|name| named(name, *cell, random));
            // Rows on which the columns differ.
            truths[1].1.rotate_right(1);
            (truths.into(), columns.map(|name| named(name, prediction, random)).into())
        }
        Layout::Named { solution, submission } => {
            let side = |columns: &[(String, Cell)], random: &mut Random| {
                columns.iter().map(|(name, cell)| named(name, *cell, random)).collect()
            };
            let truths: Columns = side(solution, random);
            let mut predictions: Columns = side(submission, random);
            if predictions.iter().all(|(name, _)| name.starts_with('q')) {
                rising(&mut predictions);
            }
            (truths, predictions)
        }
    }
}

/// Puts each row's numbers in order, lowest column first: quantiles that do not cross.
fn rising(columns: &mut Columns) {
    for row in 0..N_ROWS {
        let mut numbers: Vec<f64> = columns.iter().map(|(_, cells)| cells[row].parse().unwrap()).collect();
        numbers.sort_by(f64::total_cmp);
        for ((_, cells), number) in columns.iter_mut().zip(numbers) {
            cells[row] = number.to_string();
        }
    }
}

fn case(metric: &dyn Metric, seed: u64) -> Case {
    let mut random = Random::new(seed);
    let params = metrics::find(metric.about().name, &metric.sample_params()).unwrap().1;
    let (truths, predictions) = columns(&compose::layout(metric, &params), metric, &mut random);
    Case {
        truths,
        predictions,
        groups: compose::needs_groups(metric, &params)
            .then(|| (0..N_ROWS).map(|row| format!("s{}", row % 4)).collect()),
        weights: None,
        is_private: (0..N_ROWS).map(|row| row % 3 == 2).collect(),
    }
}

impl Case {
    fn n_rows(&self) -> usize {
        self.is_private.len()
    }

    fn solution_csv(&self) -> String {
        let mut text = "id".to_owned();
        self.truths.iter().for_each(|(name, _)| write!(text, ",{name}").unwrap());
        text += if self.groups.is_some() { ",series" } else { "" };
        text += if self.weights.is_some() { ",heft" } else { "" };
        text += ",Usage\n";
        for row in 0..self.n_rows() {
            write!(text, "r{row}").unwrap();
            self.truths.iter().for_each(|(_, cells)| write!(text, ",{}", cells[row]).unwrap());
            self.groups.iter().for_each(|groups| write!(text, ",{}", groups[row]).unwrap());
            self.weights.iter().for_each(|weights| write!(text, ",{}", weights[row]).unwrap());
            text += if self.is_private[row] { ",Private\n" } else { ",Public\n" };
        }
        text
    }

    fn submission_csv(&self, order: &[usize]) -> String {
        let mut text = "id".to_owned();
        self.predictions.iter().for_each(|(name, _)| write!(text, ",{name}").unwrap());
        text += "\n";
        for row in order {
            write!(text, "r{row}").unwrap();
            self.predictions.iter().for_each(|(_, cells)| write!(text, ",{}", cells[*row]).unwrap());
            text += "\n";
        }
        text
    }

    fn solution(&self, metric: &dyn Metric) -> Solution {
        let mut params = metric.sample_params();
        if self.weights.is_some() {
            params.insert("weight_column".into(), "heft".into());
        }
        let judge = Judge::new(metric.about().name, &params, context()).unwrap();
        let text = self.solution_csv();
        Solution::prepare(&opened(&text), judge, &SplitRule::default(), &Limits::default()).unwrap()
    }

    fn scores(&self, metric: &dyn Metric) -> [SplitScore; 3] {
        self.scores_in_order(metric, &(0..self.n_rows()).collect::<Vec<_>>())
    }

    fn scores_in_order(&self, metric: &dyn Metric, order: &[usize]) -> [SplitScore; 3] {
        let solution = self.solution(metric);
        let text = self.submission_csv(order);
        let aligned = align(&solution, &opened(&text), &Limits::default())
            .unwrap_or_else(|rejection| panic!("{}: {rejection:?}", metric.about().name));
        [Split::Public, Split::Private, Split::All].map(|split| score_split(&solution, &aligned, split))
    }

    fn value(&self, metric: &dyn Metric) -> f64 {
        defined(metric, &self.scores(metric)[2])
    }

    fn perfect_value(&self, metric: &dyn Metric) -> f64 {
        let solution = self.solution(metric);
        let perfect =
            solution.perfect().unwrap_or_else(|| panic!("{} has no perfect file", metric.about().name));
        defined(metric, &score_split(&solution, &perfect, Split::All))
    }
}

fn opened(text: &str) -> Content {
    content::open(Source::Bytes(text.as_bytes().into()), &Limits::default()).unwrap().unwrap()
}

const SERIES: [&str; 4] = ["s0", "s1", "s2", "s3"];
const HISTORY: [f64; 4] = [1.0, 4.0, 2.0, 7.0];

fn declared() -> Map<String, Value> {
    let weights: Map<String, Value> = SERIES.iter().map(|name| ((*name).to_owned(), json!(1.5))).collect();
    Map::from_iter([
        ("series_weight".to_owned(), Value::Object(weights)),
        ("height".to_owned(), json!(8)),
        ("width".to_owned(), json!(8)),
    ])
}

fn context() -> Context {
    let mut context = Context::new(declared());
    context.history = BTreeMap::from_iter(SERIES.map(|name| (name.to_owned(), HISTORY.into())));
    context
}

fn defined(metric: &dyn Metric, score: &SplitScore) -> f64 {
    score.value().unwrap_or_else(|| panic!("{} is undefined: {:?}", metric.about().name, score.reason()))
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-12 + 1e-11 * a.abs().max(b.abs())
}

#[test]
fn the_order_of_a_submission_changes_no_bit() {
    for metric in metrics::all() {
        let case = case(metric, 1);
        let mut order: Vec<usize> = (0..N_ROWS).collect();
        Random::new(2).shuffle(&mut order);
        let bits = |scores: [SplitScore; 3]| scores.map(|score| score.value().map(f64::to_bits));
        let straight = bits(case.scores(metric));
        assert_eq!(straight, bits(case.scores_in_order(metric, &order)), "{}", metric.about().name);
        assert!(
            straight.iter().all(Option::is_some),
            "{} is undefined on ordinary rows",
            metric.about().name
        );
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    for metric in metrics::all() {
        let case = case(metric, 3);
        let bits = |n_threads| {
            let scores = parallel::with_threads(n_threads, || case.scores(metric));
            scores.map(|score| defined(metric, &score).to_bits())
        };
        let alone = bits(1);
        for n_threads in [2, 4] {
            assert_eq!(alone, bits(n_threads), "{} with {n_threads} threads", metric.about().name);
        }
    }
}

#[test]
fn rows_without_weight_count_for_nothing() {
    for metric in metrics::all().filter(|metric| metric.laws().has_weights) {
        let mut weighted = case(metric, 35);
        let is_kept = |row: usize| !row.is_multiple_of(5);
        weighted.weights = Some((0..N_ROWS).map(|row| if is_kept(row) { 1.0 } else { 0.0 }).collect());
        let mut removed = weighted.clone();
        removed.weights = Some(vec![1.0; (0..N_ROWS).filter(|row| is_kept(*row)).count()]);
        for (_, cells) in removed.truths.iter_mut().chain(&mut removed.predictions) {
            *cells = (0..N_ROWS).filter(|row| is_kept(*row)).map(|row| cells[row].clone()).collect();
        }
        if let Some(groups) = &mut removed.groups {
            *groups = (0..N_ROWS).filter(|row| is_kept(*row)).map(|row| groups[row].clone()).collect();
        }
        removed.is_private =
            (0..N_ROWS).filter(|row| is_kept(*row)).map(|row| weighted.is_private[row]).collect();
        let (a, b) = (weighted.value(metric), removed.value(metric));
        assert!(close(a, b), "{}: {a} with weights of 0, {b} without the rows", metric.about().name);
    }
}

#[test]
fn the_perfect_file_beats_a_random_one_in_the_declared_direction() {
    for metric in metrics::all().filter(|metric| !DIAGNOSTICS.contains(&metric.about().name)) {
        for seed in 10..15 {
            let case = case(metric, seed);
            let key = |score: f64| metric.about().direction.rank_key(score);
            let (perfect, random) = (case.perfect_value(metric), case.value(metric));
            assert!(key(perfect) < key(random), "{}: {perfect} against {random}", metric.about().name);
        }
    }
}

#[test]
fn the_perfect_file_reaches_the_declared_best() {
    for metric in metrics::all() {
        let Some(best) = metric.about().best else { continue };
        let perfect = case(metric, 20).perfect_value(metric);
        assert!((perfect - best).abs() < 1e-9, "{}: {perfect}, not {best}", metric.about().name);
    }
}

#[test]
fn a_weight_of_two_is_a_doubled_row() {
    for metric in metrics::all() {
        let name = metric.about().name;
        if !metric.laws().has_weights {
            let mut params = metric.sample_params();
            params.insert("weight_column".to_owned(), json!("heft"));
            assert!(
                Judge::new(name, &params, Context::default()).is_err(),
                "{name} takes weights and ignores them"
            );
            continue;
        }
        let plain = case(metric, 30);
        let mut weighted = plain.clone();
        weighted.weights = Some((0..N_ROWS).map(|row| if row % 5 == 0 { 2.0 } else { 1.0 }).collect());
        let mut doubled = plain.clone();
        let again: Vec<usize> = (0..N_ROWS).filter(|row| row % 5 == 0).collect();
        for (_, cells) in doubled.truths.iter_mut().chain(&mut doubled.predictions) {
            cells.extend(again.iter().map(|row| cells[*row].clone()).collect::<Vec<_>>());
        }
        doubled.is_private.extend(again.iter().map(|row| plain.is_private[*row]));
        let (a, b) = (weighted.value(metric), doubled.value(metric));
        assert!(close(a, b), "{name}: {a} weighted, {b} doubled");
        let mut ones = plain.clone();
        ones.weights = Some(vec![1.0; N_ROWS]);
        let (a, b) = (ones.value(metric), plain.value(metric));
        assert!(close(a, b), "{name}: {a} with weights of 1, {b} without");
    }
}

#[test]
fn exchanging_truth_and_prediction_does_what_is_declared() {
    for metric in metrics::all() {
        let case = case(metric, 40);
        let names = |columns: &Columns| columns.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        let params = metrics::find(metric.about().name, &metric.sample_params()).unwrap().1;
        let same_cells = match compose::layout(metric, &params) {
            Layout::Target { solution, submission } => solution == submission,
            Layout::TargetColumns { cell } => cell != Cell::Binary,
            Layout::ClassColumns => false,
            Layout::Named { solution, submission } => solution == submission,
        };
        if !same_cells || names(&case.truths) != names(&case.predictions) {
            assert!(!metric.laws().is_symmetric, "{} cannot be symmetric", metric.about().name);
            continue;
        }
        let mut exchanged = case.clone();
        std::mem::swap(&mut exchanged.truths, &mut exchanged.predictions);
        let (a, b) = (case.value(metric), exchanged.value(metric));
        assert_eq!(close(a, b), metric.laws().is_symmetric, "{}: {a}, exchanged {b}", metric.about().name);
    }
}

fn degrade(case: &mut Case, degenerate: Degenerate) {
    let fill = |columns: &mut Columns, value: Option<&str>| {
        for (_, cells) in columns {
            let value = value.map_or_else(|| cells[0].clone(), str::to_owned);
            cells.iter_mut().for_each(|cell| cell.clone_from(&value));
        }
    };
    match degenerate {
        Degenerate::NoRows => case.is_private.iter_mut().for_each(|private| *private = true),
        Degenerate::ConstantTruth => fill(&mut case.truths, None),
        Degenerate::ConstantPrediction => fill(&mut case.predictions, None),
        Degenerate::NoPositives | Degenerate::ZeroTruth => fill(&mut case.truths, Some("0")),
        Degenerate::NoNegatives => fill(&mut case.truths, Some("1")),
        Degenerate::NegativeTruth => {
            case.truths
                .iter_mut()
                .for_each(|(_, cells)| cells[..3].iter_mut().for_each(|cell| *cell = "-2".into()));
        }
    }
}

#[test]
fn what_has_no_value_is_undefined_with_a_sentence() {
    for metric in metrics::all() {
        let name = metric.about().name;
        assert!(!metric.laws().undefined_on.is_empty(), "{name} has a value on no rows at all");
        for degenerate in metric.laws().undefined_on {
            let mut case = case(metric, 50);
            if *degenerate == Degenerate::ConstantTruth && case.truths[0].1[0] == "ash" {
                // The class list is fixed by the whole solution: only the public rows lose a class.
                for row in 0..N_ROWS {
                    let class = if case.is_private[row] { CLASSES[row / 3 % 5] } else { "ash" };
                    case.truths[0].1[row] = class.to_owned();
                }
            } else {
                degrade(&mut case, *degenerate);
            }
            let public = case.scores(metric)[0].clone();
            let reason = public.reason().unwrap_or_else(|| panic!("{name} on {degenerate:?}: {public:?}"));
            assert!(reason.ends_with('.') && reason.len() > 20, "{name} on {degenerate:?}: {reason}");
        }
    }
}

#[test]
fn every_description_is_complete() {
    let mut names = std::collections::BTreeSet::new();
    for metric in metrics::all() {
        let spec = metric.spec();
        assert!(names.insert(spec.name.clone()), "{} is there twice", spec.name);
        for (what, text) in [
            ("title", &spec.title),
            ("sentence", &spec.sentence),
            ("formula", &spec.formula),
            ("gaming", &spec.gaming),
        ] {
            assert!(!text.is_empty(), "{} has no {what}", spec.name);
        }
        assert!(spec.sentence.ends_with('.') && spec.gaming.ends_with('.'), "{}", spec.name);
        assert!(spec.parameters.iter().filter(|parameter| parameter.is_main).count() <= 1, "{}", spec.name);
        let json = serde_json::to_value(&spec).unwrap();
        assert_eq!(serde_json::from_value::<holdout_contract::spec::MetricSpec>(json).unwrap(), spec);
    }
}

#[test]
fn parameters_are_refused_with_a_sentence() {
    let judge = |name: &str, params: Value| {
        let Value::Object(params) = params else { panic!("parameters are an object") };
        Judge::new(name, &params, Context::default()).map(|judge| judge.params.as_map().clone())
    };
    assert!(judge("map@0", json!({})).unwrap_err().contains("whole number from 1"));
    assert!(judge("map@2.5", json!({})).is_err());
    assert!(judge("pinball", json!({"quantile": 2})).is_err());
    assert!(judge("rmse@3", json!({})).is_err());
    assert!(judge("rmse", json!({"delta": 3})).unwrap_err().contains("no parameter"));
    assert!(judge("rnse", json!({})).is_err());
    assert_eq!(judge("map@5", json!({})).unwrap()["k"], json!(5));
    assert_eq!(judge("map", json!({})).unwrap()["k"], json!(10));
    assert_eq!(judge("weighted_mae", json!({})).unwrap()["weight_column"], json!("weight"));
}

#[test]
fn the_catalogue_that_other_programs_compile_in_is_this_one() {
    let now = holdout_contract::catalogue::write(metrics::all().map(|metric| metric.spec())) + "\n";
    assert!(now == holdout_contract::catalogue::TEXT, "the metrics have changed: run `make catalogue`");
}
