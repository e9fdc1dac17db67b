//! Several columns, groups, weights and sums of metrics: worked by hand, and equal to their pieces.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use holdout_contract::spec::Direction;
use holdout_evaluator::Evaluator;
use holdout_scorer::align::align;
use holdout_scorer::influence::Exact;
use holdout_scorer::intake::{Content, Limits, Source, content};
use holdout_scorer::judge::{Context, Judge};
use holdout_scorer::score::{influence_on, measure, score_split};
use holdout_scorer::solution::{Solution, Split};
use holdout_scorer::split::SplitRule;
use serde_json::{Value, json};

fn opened(text: &str) -> Content {
    content::open(Source::Bytes(text.as_bytes().into()), &Limits::default()).unwrap().unwrap()
}

fn judge(metric: &str, params: Value) -> Result<Judge, String> {
    let Value::Object(params) = params else { panic!("parameters are an object") };
    Judge::new(metric, &params, Context::default())
}

/// The score of all rows, or the sentence that says why there is none.
fn score(metric: &str, params: Value, solution: &str, submission: &str) -> Result<f64, String> {
    let limits = Limits::default();
    let judge = judge(metric, params)?;
    let prepared = Solution::prepare(&opened(solution), judge, &SplitRule::default(), &limits);
    let prepared = prepared.map_err(|rejection| rejection.message)?;
    let aligned = align(&prepared, &opened(submission), &limits).map_err(|rejection| rejection.message)?;
    let score = score_split(&prepared, &aligned, Split::All);
    score.value().ok_or_else(|| score.reason().unwrap_or_default().to_owned())
}

fn close(found: Result<f64, String>, expected: f64) {
    let found = found.unwrap();
    assert!((found - expected).abs() < 1e-12, "{found}, not {expected}");
}

#[test]
fn percentages_of_zero_are_found_in_every_part_and_column() {
    let refuses = |metric: &str, params: Value| {
        let solution = "id,a,b,Usage\n1,1,0,Public\n2,2,3,Private\n3,0,0,Ignored\n";
        let judge = judge(metric, params).unwrap();
        let prepared =
            Solution::prepare(&opened(solution), judge, &SplitRule::default(), &Limits::default()).unwrap();
        measure(&prepared).is_some_and(|measure| measure.is_err())
    };
    let sum = |target: &str| {
        let part = |metric: &str, target: &str| json!({"metric": metric, "weight": 0.5, "target": target});
        json!({"parts": [part("mae", "b"), part("mape", target)]})
    };
    assert!(refuses("weighted_sum_of_losses", sum("b")) && !refuses("weighted_sum_of_losses", sum("a")));
    assert!(refuses("mape", json!({"columns": "a, b"})) && !refuses("mape", json!({"columns": "a"})));
}

const SOLUTION: &str = "id,a,b,site,heft,Usage\n1,1,10,north,1,Public\n2,2,20,north,1,Private\n\
                        3,3,30,south,2,Public\n4,4,40,south,4,Private\n";
/// Errors of a: 1, 1, 3, 1; of b: 0, 2, 4, 6.
const SUBMISSION: &str = "id,b,a\n4,46,5\n1,10,2\n2,22,1\n3,26,0\n";

#[test]
fn columns_are_averaged_plainly_or_by_weight() {
    let mae = |params| score("mae", params, SOLUTION, SUBMISSION);
    close(mae(json!({"columns": "a, b"})), (1.5 + 3.0) / 2.0);
    close(mae(json!({"columns": "a,b", "column_weights": "3,1"})), (3.0 * 1.5 + 3.0) / 4.0);
    close(mae(json!({"columns": "a,b", "column_weights": "0,1"})), 3.0);
    let weighted = json!({"columns": "a,b", "weight_column": "heft"});
    close(mae(weighted), ((1.0 + 1.0 + 6.0 + 4.0) / 8.0 + (2.0 + 8.0 + 24.0) / 8.0) / 2.0);
}

#[test]
fn weights_of_any_size_weigh_as_their_proportions_do() {
    let params = || json!({"columns": "y", "weight_column": "w"});
    let is_yes = |row: usize| row * 7 % 5 < 2;
    let table = |size: &str| -> String {
        let row = |row: usize| format!("{row},{},{}{size}\n", u8::from(is_yes(row)), 1 + row % 3);
        format!("id,y,w\n{}", (0..40).map(row).collect::<String>())
    };
    let chance = |row: usize| 0.1 + 0.4 * f64::from(u8::from(is_yes(row))) + (row * 13 % 10) as f64 / 30.0;
    let file = |cell: &dyn Fn(usize) -> f64| -> String {
        format!("id,y\n{}", (0..40).map(|row| format!("{row},{}\n", cell(row))).collect::<String>())
    };
    let (chances, labels) = (file(&chance), file(&|row| f64::from(u8::from(chance(row) > 0.5))));
    for (metric, sent) in [
        ("log_loss", &chances),
        ("brier", &chances),
        ("roc_auc", &chances),
        ("average_precision", &chances),
        ("rmse", &chances),
        ("mcc", &labels),
        ("accuracy", &labels),
        ("qwk", &labels),
        ("f1", &labels),
    ] {
        let plain = score(metric, params(), &table(""), sent).unwrap();
        for size in ["e307", "e-200", "e-307"] {
            close(score(metric, params(), &table(size), sent), plain);
        }
    }
    let apart = table("e300").replacen(",1e300", ",1e-200", 1);
    assert!(score("brier", params(), &apart, &chances).unwrap_err().contains("too far apart"));
    let of_columns = |weights: &str| {
        let (truth, sent) = ("id,a,b\n1,0,0\n2,0,0\n", "id,a,b\n1,1,4\n2,1,4\n");
        score("mae", json!({"columns": "a,b", "column_weights": weights}), truth, sent)
    };
    close(of_columns("1e308,1e308"), 2.5);
}

#[test]
fn groups_are_averaged_or_the_worst_counts() {
    let only_a = "id,a\n4,5\n1,2\n2,1\n3,0\n";
    let solution = SOLUTION;
    let mae = |how: &str| {
        let params = json!({"columns": "a", "groups": how, "group_column": "site"});
        score("mae", params, solution, only_a)
    };
    close(mae("mean"), f64::midpoint(1.0, 2.0));
    close(mae("worst"), 2.0);
    close(mae("none"), 1.5);
    let r2 = |undefined: &str| {
        let params =
            json!({"columns": "a", "groups": "worst", "group_column": "site", "undefined_groups": undefined});
        let one_is_constant = solution.replace("\n2,2,20", "\n2,1,20");
        score("r2", params, &one_is_constant, only_a)
    };
    assert!(r2("refuse").unwrap_err().contains("1 of the 2 groups"));
    close(r2("skip"), 1.0 - 10.0 / 0.5);
}

#[test]
fn the_worst_group_of_a_score_is_the_lowest() {
    let solution =
        "id,target,site,Usage\n1,x,north,Public\n2,y,north,Private\n3,x,south,Public\n4,y,south,Private\n";
    let submission = "id,target\n1,x\n2,y\n3,y\n4,y\n";
    let params = json!({"groups": "worst", "group_column": "site"});
    close(score("accuracy", params, solution, submission), 0.5);
}

#[test]
fn a_sum_is_its_weighted_parts() {
    let parts = json!([
        {"metric": "mae", "weight": 2.0, "target": "a"},
        {"metric": "rmse", "weight": 0.5, "target": "b"},
    ]);
    let sum = score("weighted_sum_of_losses", json!({"parts": parts}), SOLUTION, SUBMISSION);
    let rmse_of_b = (f64::from(4 + 16 + 36) / 4.0).sqrt();
    close(sum, 2.0 * 1.5 + 0.5 * rmse_of_b);

    let solution = "id,target,Usage\n1,1,Public\n2,0,Private\n3,1,Public\n4,0,Private\n";
    let submission = "id,target\n1,0.9\n2,0.2\n3,0.4\n4,0.6\n";
    let parts = json!([{"metric": "roc_auc", "weight": 1.0}, {"metric": "brier", "weight": -2.0}]);
    let auc = score("roc_auc", json!({}), solution, submission).unwrap();
    let brier = score("brier", json!({}), solution, submission).unwrap();
    close(score("weighted_sum", json!({"parts": parts}), solution, submission), auc - 2.0 * brier);
}

/// What every part came to, in order.
fn parts(parts: Value, solution: &str, submission: &str) -> Result<Vec<f64>, String> {
    let limits = Limits::default();
    let judge = judge("mean_rank", json!({ "parts": parts }))?;
    assert!(judge.is_ranked());
    let prepared = Solution::prepare(&opened(solution), judge, &SplitRule::default(), &limits).unwrap();
    let aligned = align(&prepared, &opened(submission), &limits).unwrap();
    let score = score_split(&prepared, &aligned, Split::All);
    assert_eq!(score.value().is_some(), score.parts().is_some());
    score.parts().map(<[f64]>::to_vec).ok_or_else(|| score.reason().unwrap_or_default().to_owned())
}

#[test]
fn ranked_parts_keep_their_values_and_the_first_is_the_score() {
    let three = json!([
        {"metric": "mae", "weight": 2.0, "target": "a"},
        {"metric": "r2", "weight": 1.0, "target": "b"},
        {"metric": "max_error", "weight": 0.5, "target": "b"},
    ]);
    let found = parts(three.clone(), SOLUTION, SUBMISSION).unwrap();
    assert_eq!(found, [1.5, 1.0 - 56.0 / 500.0, 6.0]);
    close(score("mean_rank", json!({"parts": three.clone()}), SOLUTION, SUBMISSION), 1.5);
    assert_eq!(judge("mean_rank", json!({"parts": three.clone()})).unwrap().best(), Some(0.0));
    let constant = SOLUTION.replace(",20,", ",10,").replace(",30,", ",10,").replace(",40,", ",10,");
    let sentence = parts(three, &constant, SUBMISSION).unwrap_err();
    assert!(sentence.starts_with("The part r2 has no value:"), "{sentence}");
}

#[test]
fn parts_are_ranked_with_weights_above_zero_alone() {
    let refused = |parts: Value| judge("mean_rank", json!({ "parts": parts })).err().unwrap();
    let rmse = json!({"metric": "rmse", "weight": 1});
    assert!(refused(json!([rmse])).contains("2 to 10"));
    assert!(refused(json!([rmse, {"metric": "r2", "weight": -1}])).contains("needs no sign"));
    assert!(refused(json!([rmse, {"metric": "r2", "weight": 1e9}])).contains("1000000"));
    assert!(refused(json!([rmse, {"metric": "mean_rank", "weight": 1}])).contains("cannot be a part"));
    assert!(
        refused(json!([rmse, {"metric": "accuracy", "weight": 1}])).contains("read one column differently")
    );
    let up = judge("mean_rank", json!({"parts": [{"metric": "r2", "weight": 1}, rmse]})).unwrap();
    assert_eq!(up.direction(), Direction::HigherIsBetter);
}

#[test]
fn the_first_part_is_the_score_and_secondary_ones_are_beside_it() {
    let limits = Limits::default();
    let three = json!([
        {"metric": "mae", "target": "a"},
        {"metric": "r2", "target": "b"},
        {"metric": "max_error", "target": "b"},
    ]);
    let judge = judge("with_secondary", json!({ "parts": three })).unwrap();
    assert!(judge.shows_parts() && !judge.is_ranked());
    assert_eq!((judge.direction(), judge.best()), (Direction::LowerIsBetter, Some(0.0)));
    let prepared = Solution::prepare(&opened(SOLUTION), judge, &SplitRule::default(), &limits).unwrap();
    let aligned = align(&prepared, &opened(SUBMISSION), &limits).unwrap();
    let found = score_split(&prepared, &aligned, Split::All);
    assert_eq!(found.parts(), Some(&[1.5, 1.0 - 56.0 / 500.0, 6.0][..]));
    assert_eq!(found.value(), Some(1.5));
}

#[test]
fn only_the_first_part_moves_a_score_with_secondary_ones() {
    let limits = Limits::default();
    let rows =
        |value: fn(usize) -> usize| (0..60).map(|row| format!("{row},{}\n", value(row))).collect::<String>();
    let solution = format!("id,target\n{}", rows(|row| row * 7 % 13));
    let submission = format!("id,target\n{}", rows(|row| row * 5 % 11));
    let influence = |name: &str, params: Value| {
        let judge = judge(name, params).unwrap();
        let prepared = Solution::prepare(&opened(&solution), judge, &SplitRule::default(), &limits).unwrap();
        let aligned = align(&prepared, &opened(&submission), &limits).unwrap();
        influence_on(&prepared, &aligned, Split::All, Exact { evaluator: &Evaluator::default(), version: 1 })
    };
    // Of the largest error no influence is known; beside the score it does not matter.
    let beside = json!({"parts": [{"metric": "mae"}, {"metric": "max_error"}]});
    let found = influence("with_secondary", beside).unwrap();
    assert_eq!(found.values, influence("mae", json!({})).unwrap().values);
}

#[test]
fn weights_are_for_parts_that_count() {
    let refused = |name: &str, parts: Value| judge(name, json!({ "parts": parts })).err().unwrap();
    let weighted = json!([{"metric": "rmse"}, {"metric": "mae", "weight": 1}]);
    assert!(refused("with_secondary", weighted.clone()).starts_with("Part 2: it takes no weight"));
    assert!(refused("mean_rank", weighted.clone()).starts_with("Part 1: “weight” must be"));
    assert!(refused("weighted_sum_of_losses", weighted).starts_with("Part 1: “weight” must be"));
    assert!(refused("with_secondary", json!([{"metric": "rmse"}])).contains("2 to 10"));
    assert!(
        refused("with_secondary", json!([{"metric": "rmse"}, {"metric": "mean_rank"}]))
            .contains("cannot be a part")
    );
}

#[test]
fn what_does_not_fit_together_is_refused_with_a_sentence() {
    let refused = |metric: &str, params: Value| judge(metric, params).err().unwrap();
    assert!(refused("mae", json!({"columns": "a,,b"})).contains("empty"));
    assert!(refused("mae", json!({"columns": "a,a"})).contains("twice"));
    assert!(refused("mae", json!({"columns": "a,b", "column_weights": "1"})).contains("1 weights for 2"));
    assert!(refused("mae", json!({"columns": "a,b", "column_weights": "0,0"})).contains("any weight"));
    assert!(refused("weighted_sum", json!({})).contains("1 to 10"));
    let sum = |parts: Value| refused("weighted_sum", json!({"parts": parts}));
    assert!(sum(json!([{"metric": "log_loss", "weight": 1}])).contains("negative"));
    assert!(sum(json!([{"metric": "no_such", "weight": 1}])).contains("Part 1"));
    assert!(sum(json!([{"metric": "weighted_sum", "weight": 1}])).contains("cannot be a part"));
    assert!(sum(json!([{"metric": "roc_auc", "weight": 0}])).contains("other than 0"));
    let mixed = json!([{"metric": "map@5", "weight": 1}, {"metric": "roc_auc", "weight": 1}]);
    assert!(sum(mixed).contains("different columns"));
}

#[test]
fn a_column_that_is_missing_is_named() {
    let params = json!({"columns": "a,b"});
    let reason = score("mae", params, SOLUTION, "id,a\n1,1\n2,2\n3,3\n4,4\n").unwrap_err();
    assert!(reason.contains('b'), "{reason}");
}
