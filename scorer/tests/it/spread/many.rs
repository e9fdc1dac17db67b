//! Many classes, many rows, and rare classes among them.

use holdout_evaluator::Evaluator;
use holdout_scorer::influence::{
    Exact, Influence, NoInterval, influence_of_clusters, influence_or_replicates, linear,
};
use holdout_scorer::judge::{Context, Judge};
use holdout_scorer::metrics;
use holdout_scorer::ranks::Normal;
use serde_json::{Map, Value, json};

use super::table::{Column, Table};
use super::{Size, VERSION, assert_replicates, fault, looked_at, near};

const N_CLASSES: u32 = 60;

/// Labels, or ratings, that are equally frequent, and a file near them.
fn of_many_classes(name: &str, n_rows: usize) -> Table {
    let judge =
        Judge::new(name, &Map::new(), Context::default()).unwrap_or_else(|why| panic!("{name}: {why}"));
    let normal = Normal::new(31);
    let truth = |row: usize| normal.at(0, row);
    let guess = |row: usize| 0.9 * truth(row) + 0.436 * normal.at(1, row);
    let class = |value: f64| {
        let share = 0.5 * (1.0 + libm::erf(value / std::f64::consts::SQRT_2));
        ((share * f64::from(N_CLASSES)) as u32).min(N_CLASSES - 1)
    };
    let column = |of: &dyn Fn(usize) -> f64| {
        let classes = (0..n_rows).map(|row| class(of(row)));
        match name {
            "qwk" | "lwk" => Column::Numbers(classes.map(f64::from).collect()),
            _ => Column::Codes(classes.collect()),
        }
    };
    Table {
        truths: vec![column(&truth)],
        predictions: vec![column(&guess)],
        weights: None,
        groups: None,
        group_names: Vec::new(),
        n_rows,
        n_classes: N_CLASSES as usize,
        column_classes: vec![(0..N_CLASSES).collect()],
        judge,
    }
}

/// More pairs of a true and a predicted class than could be asked about one by one.
#[test]
fn standard_errors_of_sixty_classes_are_those_of_rows_drawn_anew() {
    const N_ROWS: usize = 6000;
    let names = [
        "f1_macro",
        "fbeta_macro",
        "precision_macro",
        "recall_macro",
        "jaccard_macro",
        "f1_weighted",
        "fbeta_weighted",
        "balanced_accuracy",
        "mcc",
        "kappa",
        "qwk",
        "lwk",
    ];
    let size = Size { n_rows: N_ROWS, n_groups: 0, n_contests: 600 };
    let of_name = |name: &&str| fault(name, &of_many_classes(name, N_ROWS), size);
    let faults: Vec<String> = names.iter().filter_map(of_name).collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

/// Leaves so many positives in every column, or rows of the last class.
fn with_few(mut table: Table, n: usize) -> Table {
    for truth in &mut table.truths {
        let mut n_seen = 0;
        let mut keeps = || {
            n_seen += 1;
            n_seen <= n
        };
        match truth {
            Column::Numbers(numbers) => {
                numbers.iter_mut().filter(|truth| **truth == 1.0).for_each(|truth| {
                    *truth = f64::from(u8::from(keeps()));
                });
            }
            Column::Codes(codes) => {
                codes.iter_mut().filter(|class| **class == 4).for_each(|class| {
                    *class = if keeps() { 4 } else { 3 };
                });
            }
            Column::Texts(_) => {}
        }
    }
    table
}

/// Of so many rows none is scored from the start for every replicate.
#[test]
fn replicates_of_many_rows_are_those_of_copied_rows() {
    const N_ROWS: usize = 260_000;
    const N_LOOKED_AT: usize = 2;
    let sum = json!({ "parts": [{ "metric": "f1", "weight": 1 }, { "metric": "brier", "weight": -1 }] });
    let bent = ["eer", "ece", "medae", "top_recall", "cumulative_dynamic_auc"];
    let none = json!({});
    let wanted = bent.iter().map(|name| (*name, &none)).chain([("f1_macro", &none), ("weighted_sum", &sum)]);
    for (name, params) in wanted {
        let table = near::table(name, params, N_ROWS, 0);
        let table = if bent.contains(&name) { table } else { with_few(table, 12) };
        let found = looked_at(name, &table);
        assert_eq!(found.values.len(), 400, "{name}");
        assert_replicates(name, &table, &found, N_LOOKED_AT);
    }
}

#[test]
fn replicates_of_a_rare_class_are_those_of_copied_rows() {
    for name in
        ["auc_ovr_macro", "auc_ovo_macro", "mean_column_auc", "jaccard_macro", "mc_auc", "mc_log_loss"]
    {
        let table = with_few(near::table(name, &json!({}), 300, 0), 12);
        let found = looked_at(name, &table);
        assert_eq!(found.values.len(), 2000, "{name}");
        assert_replicates(name, &table, &found, 20);
    }
}

fn looked_at_by_cluster(table: &Table, clusters: &[u32]) -> Result<Influence, NoInterval> {
    let exact = Exact { evaluator: &Evaluator::default(), version: VERSION };
    table.with_rows(|rows| influence_of_clusters(&table.judge, rows, clusters, exact))
}

fn reason(table: &Table) -> String {
    let exact = Exact { evaluator: &Evaluator::default(), version: VERSION };
    let found = table.with_rows(|rows| influence_or_replicates(&table.judge, rows, exact));
    found.map_or_else(|none| none.0, |found| format!("{} values", found.values.len()))
}

/// Tags of every row: common ones, and a rare one in so many rows.
fn of_tags(n_rows: usize, n_tags: usize, n_rare: usize) -> Table {
    let judge = Judge::new("f1_macro_tags", &Map::new(), Context::default())
        .unwrap_or_else(|why| panic!("f1_macro_tags: {why}"));
    let tag = |row: usize, by: usize| format!("t{}", (row * by + row / n_tags) % n_tags);
    let truth = |row: usize| {
        let rare = if row < n_rare { " rare" } else { "" };
        format!("{} {}{rare}", tag(row, 1), tag(row, 7))
    };
    let guess = |row: usize| {
        let rare = if row.is_multiple_of(3) && row < 2 * n_rare { " rare" } else { "" };
        format!("{} {}{rare}", tag(row, 1), tag(row, 11))
    };
    Table {
        truths: vec![Column::of_texts((0..n_rows).map(truth))],
        predictions: vec![Column::of_texts((0..n_rows).map(guess))],
        weights: None,
        groups: None,
        group_names: Vec::new(),
        n_rows,
        n_classes: 0,
        column_classes: vec![Vec::new()],
        judge,
    }
}

#[test]
fn a_rare_tag_gets_replicates_and_a_very_rare_one_no_interval() {
    assert_eq!(reason(&of_tags(900, 10, 400)), "900 values");
    let few = of_tags(900, 10, 12);
    assert_replicates("f1_macro_tags", &few, &looked_at("f1_macro_tags", &few), 20);
    let reason = reason(&of_tags(900, 10, 3));
    assert!(reason.contains("fewer than 5 rows of a class"), "{reason}");
}

#[test]
fn rows_of_thousands_of_tags_move_the_score_as_their_weights_say() {
    let table = of_tags(2500, 2000, 40);
    let n = table.n_rows;
    table.with_rows(|rows| {
        let found = linear(&table.judge, rows).map(|found| found.values).unwrap_or_default();
        assert_eq!(found.len(), n);
        for row in [0, 7, 39, 1200] {
            let at = |change: f64| {
                let mut weights = vec![1.0; n];
                weights[row] += change;
                let rows = metrics::Rows { weights: Some(&weights), ..*rows };
                table.judge.score(&rows).unwrap_or(f64::NAN)
            };
            let slope = n as f64 * (at(1e-3) - at(-1e-3)) / 2e-3;
            assert!((found[row] - slope).abs() < 1e-5, "row {row}: {} is not {slope}", found[row]);
        }
        assert!(found.iter().sum::<f64>().abs() < 1e-9, "one row more of every row changes nothing");
    });
}

/// Of the classes that are groups, the first has so many rows.
fn with_few_of_a_group(name: &str, n: usize) -> Table {
    let mut table = near::table(name, &json!({}), 400, 0);
    let group = |row: usize| if row < n { 0 } else { 1 + row as u32 % 4 };
    table.groups = Some((0..table.n_rows).map(group).collect());
    table
}

#[test]
fn classes_that_are_groups_are_counted_as_classes() {
    for name in ["dice_class_mean", "iou_class_mean", "panoptic_quality_class_mean"] {
        assert_eq!(reason(&with_few_of_a_group(name, 80)), "400 values", "{name}");
        let few = with_few_of_a_group(name, 12);
        assert_replicates(name, &few, &looked_at(name, &few), 20);
        let reason = reason(&with_few_of_a_group(name, 3));
        assert!(reason.contains("fewer than 5 rows of a class"), "{name}: {reason}");
    }
}

/// All positives lie in the first clusters, ten rows each.
#[test]
fn clusters_that_hold_a_class_are_counted_not_its_rows() {
    const N_ROWS: usize = 600;
    let clusters: Vec<u32> = (0..N_ROWS as u32).map(|row| row / 10).collect();
    let of_clusters = |n: usize| {
        let mut table = near::table("roc_auc", &Value::Object(Map::new()), N_ROWS, 0);
        let truth = |row: usize| f64::from(u8::from(row < 10 * n && row.is_multiple_of(2)));
        table.truths = vec![Column::Numbers((0..N_ROWS).map(truth).collect())];
        looked_at_by_cluster(&table, &clusters)
    };
    let [many, few, very_few] = [30, 12, 4].map(of_clusters);
    assert_eq!(many.map(|found| found.values.len()), Ok(60), "a value for every cluster");
    assert_eq!(few.map(|found| (found.n_units, found.values.len())), Ok((60, 2000)), "replicates");
    let reason = very_few.map(|_| String::new()).unwrap_or_else(|none| none.0);
    assert!(reason.contains("fewer than 5 clusters that hold a class"), "{reason}");
}
