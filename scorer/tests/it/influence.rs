//! Influence values against what they stand for: the derivative of the score by a row's weight; and where units are
//! few or come together, the spread of scores when they are drawn anew. That of all other metrics is in `spread`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use holdout_evaluator::{Draw, Evaluator};
use holdout_scorer::influence::{
    Exact, Influence, NoInterval, Unit, influence, influence_of_clusters, influence_or_replicates,
};
use holdout_scorer::judge::{Context, Judge};
use holdout_scorer::metrics::{Rows, Values};
use holdout_scorer::parallel;
use holdout_scorer::ranks::Normal;
use serde_json::{Map, Value, json};

const N: usize = 1500;

/// Columns of every kind, each prediction near its truth.
struct Data {
    numbers: [Vec<f64>; 2],
    positives: [Vec<f64>; 2],
    binary: Vec<f64>,
    probability: Vec<f64>,
    ratings: [Vec<f64>; 2],
    codes: [Vec<u32>; 2],
    classes: Vec<Vec<f64>>,
    groups: Vec<u32>,
    group_names: Vec<String>,
}

fn data() -> Data {
    let normal = Normal::new(11);
    let column = |of: &dyn Fn(usize) -> f64| -> Vec<f64> { (0..N).map(of).collect() };
    let truth = |row: usize| normal.at(0, row);
    let guess = |row: usize| truth(row) + 0.8 * normal.at(1, row);
    let rating = |value: f64| (value * 1.5 + 2.5).floor().clamp(0.0, 5.0);
    let class = |value: f64| if value < -0.5 { 0 } else { u32::from(value > 0.6) + 1 };
    Data {
        numbers: [column(&truth), column(&guess)],
        positives: [column(&|row| truth(row).exp()), column(&|row| (0.8 * guess(row)).exp())],
        binary: column(&|row| f64::from(u8::from(truth(row) > 0.7))),
        // Two decimals, so that scores are tied.
        probability: column(&|row| (100.0 / (1.0 + (-guess(row)).exp())).round() / 100.0),
        ratings: [column(&|row| rating(truth(row))), column(&|row| rating(guess(row)))],
        codes: [(0..N).map(|row| class(truth(row))).collect(), (0..N).map(|row| class(guess(row))).collect()],
        classes: (0..3)
            .map(|k| column(&|row| (1.0 + (guess(row) - k as f64 + 1.0).powi(2)).recip()))
            .collect(),
        groups: (0..N as u32).map(|row| row % 300).collect(),
        group_names: (0..300).map(|group| format!("series {group}")).collect(),
    }
}

struct Case<'a> {
    judge: Judge,
    truths: Vec<Values<'a>>,
    predictions: Vec<Values<'a>>,
    groups: Option<&'a [u32]>,
    group_names: &'a [String],
    n_classes: usize,
}

fn case<'a>(data: &'a Data, metric: &str, params: &Value) -> Case<'a> {
    let params: Map<String, Value> = params.as_object().cloned().unwrap();
    let judge = Judge::new(metric, &params, Context::default()).unwrap();
    let numbers =
        |pair: &'a [Vec<f64>; 2]| (vec![Values::Numbers(&pair[0])], vec![Values::Numbers(&pair[1])]);
    let codes = Values::Codes(&data.codes[0]);
    let classes = || data.classes.iter().map(|column| Values::Numbers(column)).collect();
    let (truths, predictions) = match metric {
        "rmsle" | "male" | "mape" | "poisson_deviance" => numbers(&data.positives),
        "roc_auc" | "gini_auc" | "average_precision" | "log_loss" | "brier" | "f1" | "jaccard" | "recall" => {
            (vec![Values::Numbers(&data.binary)], vec![Values::Numbers(&data.probability)])
        }
        // Relative errors of truths near 0 have no linear form on so few rows.
        "qwk" | "lwk" | "rmspe" => numbers(&data.ratings),
        "accuracy" | "balanced_accuracy" | "f1_macro" | "mcc" | "kappa" => {
            (vec![codes], vec![Values::Codes(&data.codes[1])])
        }
        "multiclass_log_loss" => (vec![codes], classes()),
        "mcrmse" => (
            vec![Values::Numbers(&data.numbers[0]), Values::Numbers(&data.positives[0])],
            vec![Values::Numbers(&data.numbers[1]), Values::Numbers(&data.positives[1])],
        ),
        "c_index" => (
            vec![Values::Numbers(&data.positives[0]), Values::Numbers(&data.binary)],
            vec![Values::Numbers(&data.probability)],
        ),
        _ => numbers(&data.numbers),
    };
    let groups = judge.needs_groups().then_some(data.groups.as_slice());
    Case { judge, truths, predictions, groups, group_names: &data.group_names, n_classes: 3 }
}

enum Picked {
    Numbers(Vec<f64>),
    Codes(Vec<u32>),
}

impl Picked {
    fn new(column: &Values<'_>, rows: &[usize]) -> Self {
        match column {
            Values::Codes(codes) => Self::Codes(rows.iter().map(|row| codes[*row]).collect()),
            numbers => Self::Numbers(rows.iter().map(|row| numbers.numbers()[*row]).collect()),
        }
    }

    fn values(&self) -> Values<'_> {
        match self {
            Self::Numbers(numbers) => Values::Numbers(numbers),
            Self::Codes(codes) => Values::Codes(codes),
        }
    }
}

impl Case<'_> {
    fn with_rows<T>(&self, weights: Option<&[f64]>, work: impl FnOnce(&Rows<'_>) -> T) -> T {
        let row_numbers: Vec<u32> = (0..N as u32).collect();
        work(&Rows {
            truths: &self.truths,
            predictions: &self.predictions,
            weights,
            groups: self.groups,
            row_numbers: &row_numbers,
            n_classes: self.n_classes,
            column_classes: &[],
            context: &self.judge.context,
            group_names: self.group_names,
        })
    }

    fn score(&self, weights: &[f64]) -> f64 {
        self.with_rows(Some(weights), |rows| self.judge.score(rows)).unwrap()
    }

    /// Of some rows, each as often as it is named.
    fn score_of(&self, rows: &[usize]) -> f64 {
        let pick = |columns: &[Values<'_>]| -> Vec<Picked> {
            columns.iter().map(|column| Picked::new(column, rows)).collect()
        };
        let (truths, predictions) = (pick(&self.truths), pick(&self.predictions));
        let truths: Vec<Values<'_>> = truths.iter().map(Picked::values).collect();
        let predictions: Vec<Values<'_>> = predictions.iter().map(Picked::values).collect();
        let row_numbers: Vec<u32> = (0..rows.len() as u32).collect();
        let drawn = Rows {
            truths: &truths,
            predictions: &predictions,
            weights: None,
            groups: None,
            row_numbers: &row_numbers,
            n_classes: self.n_classes,
            column_classes: &[],
            context: &self.judge.context,
            group_names: &[],
        };
        self.judge.score(&drawn).unwrap()
    }

    fn influence(&self) -> Influence {
        self.with_rows(None, |rows| influence(&self.judge, rows)).unwrap()
    }

    /// Also of few units, as a board is looked at.
    fn looked_at(&self, version: u64) -> Result<Influence, NoInterval> {
        let exact = Exact { evaluator: &Evaluator::default(), version };
        self.with_rows(None, |rows| influence_or_replicates(&self.judge, rows, exact))
    }
}

#[test]
fn influence_is_the_derivative_of_the_score_by_the_weight() {
    let data = data();
    for (metric, params) in [
        ("rmse", json!({})),
        ("mae", json!({})),
        ("rmsle", json!({})),
        ("mape", json!({ "unit": "percent" })),
        ("huber", json!({ "delta": 0.5 })),
        ("r2", json!({})),
        ("explained_variance", json!({})),
        ("pearson", json!({})),
        ("ccc", json!({})),
        ("wape", json!({})),
        ("rmspe", json!({})),
        ("r2_about_zero", json!({})),
        ("mcrmse", json!({})),
        ("roc_auc", json!({})),
        ("gini_auc", json!({})),
        ("average_precision", json!({})),
        ("log_loss", json!({})),
        ("f1", json!({ "threshold": 0.6 })),
        ("recall", json!({ "threshold": 0.6 })),
        ("jaccard", json!({ "threshold": 0.6 })),
        ("qwk", json!({})),
        ("lwk", json!({})),
        ("accuracy", json!({})),
        ("balanced_accuracy", json!({})),
        ("f1_macro", json!({})),
        ("mcc", json!({})),
        ("kappa", json!({})),
        ("multiclass_log_loss", json!({})),
    ] {
        let case = case(&data, metric, &params);
        let found = case.influence();
        assert_eq!((found.unit, found.values.len()), (Unit::Row, N), "{metric}");
        let scale = found.standard_error() * (N as f64).sqrt();
        for row in [0, 7, 33, 400, 1499] {
            let at = |change: f64| {
                let mut weights = vec![1.0; N];
                weights[row] += change;
                case.score(&weights)
            };
            let slope = N as f64 * (at(1e-2) - at(-1e-2)) / 2e-2;
            let difference = (found.values[row] - slope).abs();
            assert!(difference <= 1e-5 * scale, "{metric}, row {row}: {} is not {slope}", found.values[row]);
        }
        let sum: f64 = found.values.iter().sum();
        assert!(sum.abs() <= 1e-6 * scale * N as f64, "{metric}: one row more of every row changes nothing");
    }
}

/// How often a row occurs when as many are drawn anew, nearly: Poisson numbers of mean 1, by place.
fn poisson(replicate: usize, row: usize) -> usize {
    const CUMULATED: [f64; 7] =
        [0.367_879_44, 0.735_758_88, 0.919_698_6, 0.981_011_84, 0.996_340_15, 0.999_405_8, 0.999_916_8];
    let share = 0.5 * (1.0 + libm::erf(Normal::new(77).at(replicate, row) / std::f64::consts::SQRT_2));
    CUMULATED.iter().filter(|bound| share > **bound).count()
}

#[test]
fn groups_are_units_where_groups_are_averaged() {
    let data = data();
    for metric in ["group_mean_mae", "group_mean_log_mae"] {
        let case = case(&data, metric, &json!({}));
        let found = case.influence();
        assert_eq!((found.unit, found.values.len()), (Unit::Group, 300), "{metric}");
        assert!(found.values.iter().sum::<f64>().abs() < 1e-9 * 300.0);
    }
    let members = |group: usize| (group..N).step_by(300);
    let error = |group| {
        members(group).map(|row| (data.numbers[0][row] - data.numbers[1][row]).abs()).sum::<f64>() / 5.0
    };
    let found = case(&data, "group_mean_mae", &json!({})).influence();
    assert!((found.values[3] - found.values[4] - (error(3) - error(4))).abs() < 1e-12);
}

#[test]
fn a_sum_of_metrics_moves_as_its_parts_do() {
    let data = data();
    let parts = json!({ "parts": [{ "metric": "rmse", "weight": 0.5 }, { "metric": "mae", "weight": 2 }] });
    let found = case(&data, "weighted_sum_of_losses", &parts).influence();
    let part = |metric| case(&data, metric, &json!({})).influence();
    let (rmse, mae) = (part("rmse"), part("mae"));
    for row in 0..N {
        assert!((found.values[row] - 0.5 * rmse.values[row] - 2.0 * mae.values[row]).abs() < 1e-12);
    }
}

#[test]
fn a_row_that_is_left_out_moves_the_concordance_as_its_pairs_say() {
    let data = data();
    let case = case(&data, "c_index", &json!({}));
    let found = case.influence();
    let whole = case.with_rows(None, |rows| case.judge.score(rows)).unwrap();
    assert!(found.values.iter().sum::<f64>().abs() < 1e-6 * N as f64, "{whole}");
    let size = |row: &usize| found.values[*row].abs();
    let left_out = (0..N).max_by(|a, b| size(a).total_cmp(&size(b))).unwrap();
    let first: Vec<usize> = (0..N).filter(|row| *row != left_out).collect();
    let without =
        |values: &Values<'_>| -> Vec<f64> { first.iter().map(|row| values.numbers()[*row]).collect() };
    let columns: Vec<Vec<f64>> = case.truths.iter().chain(&case.predictions).map(without).collect();
    let row_numbers: Vec<u32> = (0..N as u32 - 1).collect();
    let less = case.judge.score(&Rows {
        truths: &[Values::Numbers(&columns[0]), Values::Numbers(&columns[1])],
        predictions: &[Values::Numbers(&columns[2])],
        weights: None,
        groups: None,
        row_numbers: &row_numbers,
        n_classes: 0,
        column_classes: &[],
        context: &case.judge.context,
        group_names: &[],
    });
    let moved = whole - less.unwrap();
    let told = found.values[left_out] / N as f64;
    assert!((told - moved).abs() < 0.01 * moved.abs(), "{told} {moved}");
}

#[test]
fn what_says_nothing_gives_no_interval() {
    let mut data = data();
    let reason = |data: &Data, metric: &str| {
        let case = case(data, metric, &json!({}));
        case.with_rows(None, |rows| influence(&case.judge, rows)).unwrap_err().0
    };
    assert!(reason(&data, "max_error").contains("no interval is known"));
    assert!(reason(&data, "medae").contains("no interval is known"));
    data.groups = (0..N as u32).map(|row| row % 29).collect();
    assert!(reason(&data, "group_mean_mae").contains("fewer than 30 groups"));
    let mut left = 19;
    data.binary.iter_mut().for_each(|y| {
        left -= i32::from(*y == 1.0);
        *y = f64::from(u8::from(*y == 1.0 && left >= 0));
    });
    assert!(reason(&data, "roc_auc").contains("fewer than 20 rows of a class"));
}

/// Leaves so many positives.
fn with_positives(mut data: Data, n: usize) -> Data {
    let mut left = n;
    data.binary.iter_mut().filter(|truth| **truth == 1.0).for_each(|truth| {
        *truth = if left > 0 { 1.0 } else { 0.0 };
        left = left.saturating_sub(1);
    });
    data
}

#[test]
fn few_positives_get_the_standard_error_of_rows_drawn_anew() {
    const N_REPLICATES: usize = 3000;
    let data = with_positives(data(), 12);
    for metric in ["roc_auc", "gini_auc", "average_precision", "f1"] {
        let case = case(&data, metric, &json!({}));
        assert!(case.with_rows(None, |rows| influence(&case.judge, rows)).is_err(), "{metric}");
        let found = case.looked_at(5).unwrap();
        assert_eq!((found.unit, found.n_units), (Unit::Row, N), "{metric}");
        assert_eq!(found, case.looked_at(5).unwrap(), "{metric}: the same of the same version");
        let scores = parallel::map(N_REPLICATES, N_REPLICATES * N, |replicate| {
            let rows = (0..N).flat_map(|row| std::iter::repeat_n(row, poisson(replicate, row)));
            case.score_of(&rows.collect::<Vec<usize>>())
        });
        let mean = scores.iter().sum::<f64>() / N_REPLICATES as f64;
        let variance = scores.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / N_REPLICATES as f64;
        let ratio = found.standard_error() / variance.sqrt();
        assert!((ratio - 1.0).abs() < 0.08, "{metric}: {ratio}");
    }
}

/// Leaves so many rows of the last class.
fn with_rare_class(mut data: Data, n: usize) -> Data {
    let mut left = n;
    data.codes[0].iter_mut().filter(|class| **class == 2).for_each(|class| {
        *class = if left > 0 { 2 } else { 1 };
        left = left.saturating_sub(1);
    });
    data
}

#[test]
fn a_rare_class_among_several_gets_replicates_where_all_classes_count_the_same() {
    const N_REPLICATES: usize = 3000;
    let data = with_rare_class(data(), 12);
    for metric in ["balanced_accuracy", "f1_macro"] {
        let case = case(&data, metric, &json!({}));
        assert!(case.with_rows(None, |rows| influence(&case.judge, rows)).is_err(), "{metric}");
        let found = case.looked_at(5).unwrap();
        assert_eq!((found.unit, found.n_units, found.values.len()), (Unit::Row, N, 2000), "{metric}");
        let scores = parallel::map(N_REPLICATES, N_REPLICATES * N, |replicate| {
            let rows = (0..N).flat_map(|row| std::iter::repeat_n(row, poisson(replicate, row)));
            case.score_of(&rows.collect::<Vec<usize>>())
        });
        let mean = scores.iter().sum::<f64>() / N_REPLICATES as f64;
        let variance = scores.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / N_REPLICATES as f64;
        let ratio = found.standard_error() / variance.sqrt();
        assert!((ratio - 1.0).abs() < 0.08, "{metric}: {ratio}");
    }
    let accuracy = case(&data, "accuracy", &json!({}));
    assert_eq!(accuracy.looked_at(5).unwrap(), accuracy.influence(), "twelve rows are twelve of all");
    let rarer = with_rare_class(data, 3);
    let reason = case(&rarer, "f1_macro", &json!({})).looked_at(5).unwrap_err().0;
    assert!(reason.contains("fewer than 5 rows of a class"), "{reason}");
}

#[test]
fn a_part_with_few_positives_makes_the_whole_one_of_replicates() {
    let parts =
        json!({ "parts": [{ "metric": "roc_auc", "weight": 1 }, { "metric": "brier", "weight": -1 }] });
    let few = with_positives(data(), 12);
    let case = case_of_scores(&few, "weighted_sum", &parts);
    assert!(case.with_rows(None, |rows| influence(&case.judge, rows)).is_err());
    assert_eq!(case.looked_at(5).unwrap().values.len(), 2000);
    let many = data();
    let case = case_of_scores(&many, "weighted_sum", &parts);
    assert_eq!(case.looked_at(5).unwrap(), case.influence());
}

fn case_of_scores<'a>(data: &'a Data, metric: &str, params: &Value) -> Case<'a> {
    let (truth, score) = (Values::Numbers(&data.binary), Values::Numbers(&data.probability));
    Case { truths: vec![truth], predictions: vec![score], ..case(data, metric, params) }
}

#[test]
fn pairs_of_a_hundred_thousand_rows_are_counted() {
    const N_ROWS: usize = 100_000;
    let normal = Normal::new(4);
    let times: Vec<f64> = (0..N_ROWS).map(|row| (50.0 * normal.at(0, row)).round()).collect();
    let events: Vec<f64> = (0..N_ROWS).map(|row| f64::from(u8::from(row % 3 > 0))).collect();
    let risk: Vec<f64> = (0..N_ROWS).map(|row| (40.0 * normal.at(1, row) - times[row]).round()).collect();
    let row_numbers: Vec<u32> = (0..N_ROWS as u32).collect();
    for (metric, truths) in [("c_index", &[&times, &events][..]), ("kendall", &[&times][..])] {
        let judge = Judge::new(metric, &Map::new(), Context::default()).unwrap();
        let truths: Vec<Values<'_>> = truths.iter().map(|truth| Values::Numbers(truth)).collect();
        let rows = Rows {
            truths: &truths,
            predictions: &[Values::Numbers(&risk)],
            weights: None,
            groups: None,
            row_numbers: &row_numbers,
            n_classes: 0,
            column_classes: &[],
            context: &judge.context,
            group_names: &[],
        };
        let found = influence(&judge, &rows).unwrap();
        let (error, sum) = (found.standard_error(), found.values.iter().sum::<f64>());
        assert!(error > 0.0005 && error < 0.005, "{metric}: {error}");
        assert!(sum.abs() < 1e-6 * N_ROWS as f64, "{metric}: {sum}");
    }
}

#[test]
fn replicates_of_teams_are_those_of_the_same_contests() {
    let data = with_positives(data(), 12);
    let case = case(&data, "roc_auc", &json!({}));
    let found = case.looked_at(5).unwrap();
    assert_ne!(found.values, case.looked_at(6).unwrap().values, "another version, other contests");
    let copied = case.looked_at(5).unwrap();
    let squares: f64 = found.values.iter().zip(&copied.values).map(|(a, b)| (a - b).powi(2)).sum();
    assert_eq!(squares, 0.0, "a copy differs by nothing in any contest");
}

#[test]
fn few_groups_get_the_standard_error_of_their_mean() {
    let mut data = data();
    data.groups = (0..N as u32).map(|row| row % 20).collect();
    let case = case(&data, "group_mean_mae", &json!({}));
    let found = case.looked_at(1).unwrap();
    assert_eq!((found.unit, found.n_units), (Unit::Group, 20));
    let errors: Vec<f64> = (0..20)
        .map(|group| {
            let members: Vec<usize> = (group..N).step_by(20).collect();
            let error = |row: &usize| (data.numbers[0][*row] - data.numbers[1][*row]).abs();
            members.iter().map(error).sum::<f64>() / members.len() as f64
        })
        .collect();
    let mean = errors.iter().sum::<f64>() / 20.0;
    let linear = errors.iter().map(|error| (error - mean).powi(2)).sum::<f64>().sqrt() / 20.0;
    assert!((found.standard_error() / linear - 1.0).abs() < 0.12, "{} {linear}", found.standard_error());
}

#[test]
fn very_few_units_get_no_interval_and_many_keep_their_linear_form() {
    let few = with_positives(data(), 4);
    let reason = case(&few, "roc_auc", &json!({})).looked_at(1).unwrap_err().0;
    assert!(reason.contains("fewer than 5 rows of a class"), "{reason}");
    let mut groups = data();
    groups.groups = (0..N as u32).map(|row| row % 9).collect();
    let reason = case(&groups, "group_mean_mae", &json!({})).looked_at(1).unwrap_err().0;
    assert!(reason.contains("fewer than 10 groups"), "{reason}");
    let many = data();
    let enough = case(&many, "roc_auc", &json!({}));
    assert_eq!(enough.looked_at(1).unwrap(), enough.influence());
}

/// Errors that are alike within a cluster of rows.
fn clustered(n_clusters: usize) -> (Data, Vec<u32>) {
    let mut data = data();
    let normal = Normal::new(23);
    let clusters: Vec<u32> = (0..N).map(|row| (row % n_clusters) as u32).collect();
    for (row, cluster) in clusters.iter().enumerate() {
        let error = normal.at(500, *cluster as usize) + 0.3 * normal.at(501, row);
        data.numbers[1][row] = data.numbers[0][row] + error;
    }
    (data, clusters)
}

fn of_clusters(case: &Case<'_>, clusters: &[u32]) -> Result<Influence, NoInterval> {
    let exact = Exact { evaluator: &Evaluator::default(), version: 5 };
    case.with_rows(None, |rows| influence_of_clusters(&case.judge, rows, clusters, exact))
}

/// Scores of contests in which clusters are drawn anew as a whole, each beside how often every cluster comes.
fn over_clusters(case: &Case<'_>, clusters: &[u32], n_clusters: usize) -> Vec<(Vec<u8>, f64)> {
    const N_REPLICATES: usize = 2000;
    let draw = Draw { version: 5, n_replicates: N_REPLICATES };
    parallel::map(N_REPLICATES, N_REPLICATES * N, |replicate| {
        let times = draw.weights(replicate as u32, n_clusters);
        let of_row = |row: usize| times[clusters[row] as usize].into();
        let drawn: Vec<usize> = (0..N).flat_map(|row| std::iter::repeat_n(row, of_row(row))).collect();
        let score = case.score_of(&drawn);
        (times, score)
    })
}

fn spread(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt()
}

/// The luck of the draws is in both spreads: that of the scores, and that of what clusters add to them.
#[test]
fn rows_that_come_together_are_drawn_together() {
    const N_CLUSTERS: usize = 150;
    for metric in ["mae", "rmse"] {
        let (data, clusters) = clustered(N_CLUSTERS);
        let case = case(&data, metric, &json!({}));
        let found = of_clusters(&case, &clusters).unwrap();
        let (n_units, n_values) = (found.n_units, found.values.len());
        assert_eq!((found.unit, n_units, n_values), (Unit::Group, N_CLUSTERS, N_CLUSTERS));
        let moved = |times: &[u8]| -> f64 {
            times.iter().zip(&found.values).map(|(times, value)| (f64::from(*times) - 1.0) * value).sum()
        };
        let contests = over_clusters(&case, &clusters, N_CLUSTERS);
        let (sums, scores): (Vec<f64>, Vec<f64>) =
            contests.iter().map(|(times, score)| (moved(times) / N_CLUSTERS as f64, *score)).unzip();
        let ratio = spread(&sums) / spread(&scores);
        assert!((ratio - 1.0).abs() < 0.03, "{metric}: {ratio}");
        let of_rows = case.influence().standard_error();
        assert!(of_rows < 0.5 * found.standard_error(), "{metric}: ten rows of a cluster are not ten rows");
    }
}

#[test]
fn few_clusters_get_exact_replicates_and_very_few_no_interval() {
    let (data, clusters) = clustered(20);
    let few = case(&data, "mae", &json!({}));
    let found = of_clusters(&few, &clusters).unwrap();
    assert_eq!((found.n_units, found.values.len()), (20, 2000));
    let scores: Vec<f64> = over_clusters(&few, &clusters, 20).into_iter().map(|(_, score)| score).collect();
    assert!((found.standard_error() / spread(&scores) - 1.0).abs() < 1e-9);
    let (data, clusters) = clustered(9);
    let refused = of_clusters(&case(&data, "mae", &json!({})), &clusters).unwrap_err();
    assert!(refused.0.contains("fewer than 10 clusters"), "{refused:?}");
}

#[test]
fn groups_of_a_metric_are_summed_by_cluster_where_each_lies_in_one() {
    let data = data();
    let case = case(&data, "group_mean_mae", &json!({}));
    let of_group = |n: u32| -> Vec<u32> { data.groups.iter().map(|group| group % n).collect() };
    let found = of_clusters(&case, &of_group(60)).unwrap();
    let groups = case.influence();
    let sum: f64 = (0..5).map(|at| groups.values[7 + 60 * at]).sum();
    assert_eq!(found.values.len(), 60);
    assert!((found.values[7] - sum / 5.0).abs() < 1e-12);
    let across: Vec<u32> = (0..N as u32).map(|row| row % 77).collect();
    assert!(of_clusters(&case, &across).unwrap_err().0.contains("several clusters"));
}
