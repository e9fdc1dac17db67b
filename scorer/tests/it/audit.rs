//! The audit: every expected verdict of the reference solutions, the same report on every number of
//! threads, and laws on solutions that nobody has seen.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use holdout_contract::audit::{Audit, Overall, Verdict};
use holdout_scorer::audit::ask::Settings;
use holdout_scorer::audit::of_solution;
use holdout_scorer::intake::{Limits, Source, content};
use holdout_scorer::judge::{Context, Judge};
use holdout_scorer::parallel;
use holdout_scorer::solution::Solution;
use holdout_scorer::split::SplitRule;
use serde_json::{Map, Value};

use crate::chances::{chances, normal};

pub fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn read(csv: &[u8], metric: &str, context: Context) -> Solution {
    let limits = Limits::default();
    let judge = Judge::new(metric, &Map::new(), context).unwrap();
    let content = content::open(Source::Bytes(csv.into()), &limits).unwrap().unwrap();
    Solution::prepare(&content, judge, &SplitRule::default(), &limits).unwrap()
}

pub fn audited(csv: &[u8], metric: &str, settings: &Settings) -> Audit {
    of_solution(&read(csv, metric, Context::default()), settings)
}

fn settings(config: &Value) -> Settings {
    let usual = Settings::default();
    Settings {
        declared: config["declared"].as_str().map(|text| text.parse().unwrap()),
        public_fraction: config["public_frac"].as_f64().unwrap_or(usual.public_fraction),
        digits: config["digits"].as_u64().map_or(usual.digits, |digits| digits as u32),
        n_submissions: config["subs"].as_u64().map_or(usual.n_submissions, |n| n as u32),
    }
}

/// Numbers agree within 15% or 0.02; bits within one.
fn agrees(check: &str, found: Option<f64>, expected: Option<f64>) -> bool {
    match (found, expected) {
        (Some(found), Some(expected)) => {
            let slack = if check.starts_with('I') { 1.0 } else { 0.02_f64.max(0.15 * expected.abs()) };
            (found - expected).abs() <= slack
        }
        (None, None) => true,
        _ => false,
    }
}

fn word(overall: Overall) -> &'static str {
    overall.word()
}

/// Compares every audit of one solution with what is expected.
fn compare(name: &str) {
    let expected = json(&folder("audits/expected_verdicts.json"));
    let csv = std::fs::read(folder("audits").join(format!("{name}.csv"))).unwrap();
    let mut wrong = String::new();
    let mut n_checks = 0;
    for audit in expected["audits"].as_array().unwrap().iter().filter(|audit| audit["solution"] == name) {
        let metric = audit["metric"].as_str().unwrap();
        let found = audited(&csv, metric, &settings(&audit["config"]));
        if audit["overall"] != word(found.overall) {
            writeln!(wrong, "{metric}: {} and not {}", word(found.overall), audit["overall"]).unwrap();
        }
        for check in audit["checks"].as_array().unwrap() {
            let check_name = check["check"].as_str().unwrap();
            n_checks += 1;
            let Some(own) = found.checks.iter().find(|own| own.check == check_name) else {
                writeln!(wrong, "{metric}: no {check_name}").unwrap();
                continue;
            };
            let verdict = own.verdict.word().to_lowercase();
            let is_allowed = check["allowed"].as_array().unwrap().iter().any(|allowed| *allowed == verdict);
            if !is_allowed || !agrees(check_name, own.value, check["value"].as_f64()) {
                writeln!(
                    wrong,
                    "{metric} {check_name}: {verdict} {:?}, not {} {}: {}",
                    own.value, check["allowed"], check["value"], own.text
                )
                .unwrap();
            }
        }
    }
    assert!(n_checks > 20, "only {n_checks} checks were compared");
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn amounts_agree() {
    compare("sales");
}

#[test]
fn normal_numbers_agree() {
    compare("normal");
}

#[test]
fn diabetes_agrees() {
    compare("diabetes");
}

#[test]
fn counts_agree() {
    compare("counts");
}

#[test]
fn a_tenth_of_positives_agrees() {
    compare("binary10");
}

#[test]
fn equal_classes_agree() {
    compare("binary50");
}

#[test]
fn rare_positives_agree() {
    compare("binary01");
}

#[test]
fn breast_cancer_agrees() {
    compare("breast");
}

#[test]
fn ratings_agree() {
    compare("ordinal5");
    compare("partyid");
}

pub fn verdict(audit: &Audit, check: &str) -> Verdict {
    audit.checks.iter().find(|found| found.check == check).unwrap().verdict
}

#[test]
fn what_is_not_judged_says_so_and_never_passes() {
    let few = csv(["1", "2", "4"].map(str::to_owned).into_iter());
    let found = audited(&few, "rmse", &Settings::default());
    assert_eq!((found.overall, found.overall.word()), (Overall::NotJudged, "NOT JUDGED"));
    assert!(found.checks[0].text.contains("too few rows"));
    assert_eq!(serde_json::to_value(&found).unwrap()["overall"], "NOT_JUDGED");
}

#[test]
fn a_report_does_not_depend_on_threads() {
    let csv = std::fs::read(folder("audits/breast.csv")).unwrap();
    for metric in ["mae_on_prob", "roc_auc", "f1"] {
        let report = |n_threads| {
            parallel::with_threads(n_threads, || {
                serde_json::to_string(&audited(&csv, metric, &Settings::default())).unwrap()
            })
        };
        assert_eq!(report(1), report(3));
    }
}

fn csv(truths: impl Iterator<Item = String>) -> Vec<u8> {
    let rows = truths.enumerate().map(|(at, truth)| format!("{at},{truth}\n"));
    std::iter::once("id,y\n".to_owned()).chain(rows).collect::<String>().into_bytes()
}

/// Skewed amounts: e to the power of a sum of twelve chances.
fn skewed(seed: u64, spread: f64) -> Vec<u8> {
    let mut normal = normal(seed);
    let amount = std::iter::repeat_with(move || format!("{:.4}", (3.0 + spread * normal()).exp()));
    csv(amount.take(800))
}

#[test]
fn percentages_of_skewed_amounts_are_never_won_by_honest_forecasts() {
    for seed in 1..4 {
        let csv = skewed(seed, 0.8 + 0.2 * seed as f64);
        for declared in ["mean", "median"] {
            let settings = Settings { declared: Some(declared.parse().unwrap()), ..Settings::default() };
            let found = audited(&csv, "mape", &settings);
            assert_eq!(found.overall, Overall::Fail);
            assert_eq!(verdict(&found, "E honest report"), Verdict::Fail);
            let check = found.checks.iter().find(|check| check.check == "E honest report").unwrap();
            assert!(!check.exploit.is_empty() && !check.repair.is_empty());
        }
    }
}

#[test]
fn the_metric_that_asks_for_what_the_host_wants_is_honest() {
    for (declared, metric) in [("mean", "rmse"), ("median", "mae"), ("quantile 0.8", "pinball@0.8")] {
        let settings = Settings { declared: Some(declared.parse().unwrap()), ..Settings::default() };
        let found = audited(&skewed(9, 0.9), metric, &settings);
        assert_eq!(verdict(&found, "E honest report"), Verdict::Pass, "{declared} {metric}");
    }
    let settings = Settings { declared: Some("mean".parse().unwrap()), ..Settings::default() };
    assert!(verdict(&audited(&skewed(9, 0.9), "mae", &settings), "E honest report") >= Verdict::Warn);
}

#[test]
fn probabilities_are_honest_where_losses_are_proper() {
    for (seed, share) in [(5, 0.2), (6, 0.5), (7, 0.7)] {
        let labels = chances(seed).map(move |chance| u8::from(chance < share).to_string()).take(900);
        let csv = csv(labels);
        for metric in ["log_loss", "brier", "roc_auc"] {
            assert_eq!(
                verdict(&audited(&csv, metric, &Settings::default()), "E honest report"),
                Verdict::Pass
            );
        }
        let found = audited(&csv, "mae_on_prob", &Settings::default());
        assert_eq!(verdict(&found, "E honest report"), Verdict::Fail);
    }
}

#[test]
fn classes_are_judged_as_labels_and_as_probabilities() {
    let names = ["ash", "birch", "cedar", "elm"];
    let labels = || chances(11).map(|chance| names[(chance * chance * 4.0) as usize].to_owned()).take(600);
    let found = audited(&csv(labels()), "multiclass_log_loss", &Settings::default());
    assert_eq!(verdict(&found, "E honest report"), Verdict::Pass);
    let found = audited(&csv(labels()), "f1_macro", &Settings::default());
    assert!(verdict(&found, "E honest report") >= Verdict::Warn);
    assert!(!serde_json::to_string(&found).unwrap().contains("birch"), "a report names no label");
}

/// An audit of a metric with parameters.
pub fn audited_with(csv: String, metric: &str, params: Value, declared: Option<&str>) -> Audit {
    let limits = Limits::default();
    let params = params.as_object().cloned().unwrap_or_default();
    let judge = Judge::new(metric, &params, Context::default()).unwrap();
    let content = content::open(Source::Bytes(csv.into_bytes().into()), &limits).unwrap().unwrap();
    let solution = Solution::prepare(&content, judge, &SplitRule::default(), &limits).unwrap();
    let declared = declared.map(|text| text.parse().unwrap());
    of_solution(&solution, &Settings { declared, ..Settings::default() })
}

#[test]
fn every_part_that_teams_are_ranked_by_is_judged_as_it_would_be_alone() {
    let mut normal = normal(41);
    let names = ["ash", "birch", "cedar"];
    let usage = |row: usize| if row.is_multiple_of(3) { "Public" } else { "Private" };
    let mut price = move || (3.0 + normal()).exp();
    let tree = |row: usize| names[row * 7919 % 1009 % 3];
    let table: String =
        (0..400).map(|row| format!("{row},{:.3},{},{}\n", price(), tree(row), usage(row))).collect();
    let table = format!("id,price,tree,Usage\n{table}");
    let parts = serde_json::json!({"parts": [
        {"metric": "rmse", "weight": 2, "target": "price"},
        {"metric": "mape", "weight": 1, "target": "price"},
        {"metric": "accuracy", "weight": 1, "target": "tree"},
    ]});
    let found = audited_with(table, "mean_rank", parts, None);
    assert_eq!(found.overall, Overall::Fail, "{found:#?}");
    assert_eq!(verdict(&found, "E honest report of rmse of price"), Verdict::Pass);
    assert_eq!(verdict(&found, "E honest report of mape of price"), Verdict::Fail);
    assert_eq!(found.checks.iter().filter(|check| check.check == "P public board").count(), 1);
    let alone: String = (0..400).map(|row| format!("{row},{},{}\n", tree(row), usage(row))).collect();
    for own in audited_with(format!("id,tree,Usage\n{alone}"), "accuracy", Value::Null, None).checks {
        let name = format!("{} of accuracy of tree", own.check);
        let of = |name: &str| found.checks.iter().find(|check| check.check == name);
        let part = of(&name).or_else(|| of(&own.check)).unwrap();
        assert_eq!((&part.text, part.value, part.verdict), (&own.text, own.value, own.verdict), "{name}");
    }
}

#[test]
fn beside_the_metric_that_ranks_secondary_ones_are_audited_for_what_they_give_away() {
    let mut normal = normal(43);
    let rows: String = (0..300).map(|row| format!("{row},{:.3}\n", (0.5 * normal()).exp())).collect();
    let parts = serde_json::json!({"parts": [{"metric": "rmse"}, {"metric": "mape"}]});
    let found = audited_with(format!("id,y\n{rows}"), "with_secondary", parts, None);
    let alone = audited_with(format!("id,y\n{rows}"), "rmse", Value::Null, None);
    assert_eq!(found.overall, alone.overall, "mape would fail, and ranks nobody");
    let (of_primary, of_secondary) = found.checks.split_at(alone.checks.len());
    assert_eq!(of_primary, alone.checks);
    let names: Vec<&str> = of_secondary.iter().map(|check| check.check.as_str()).collect();
    assert_eq!(names, ["I probing of mape", "P safe decimals of mape"]);
}

#[test]
fn rows_count_by_the_weights_that_a_host_wrote_down() {
    let mut normal = normal(42);
    let weight = |row: usize| if row.is_multiple_of(200) { 500 } else { 1 };
    let rows: String =
        (0..1000).map(|row| format!("{row},{:.3},{}\n", 100.0 + 10.0 * normal(), weight(row))).collect();
    let audit = |params: Value| audited_with(format!("id,y,w\n{rows}"), "mae", params, None);
    let (plain, weighted) = (
        audit(serde_json::json!({"columns": "y"})),
        audit(serde_json::json!({"columns": "y", "weight_column": "w"})),
    );
    assert_eq!(verdict(&plain, "H influence"), Verdict::Pass, "{plain:#?}");
    assert_eq!(verdict(&weighted, "H influence"), Verdict::Fail, "{weighted:#?}");
    let leverage = |audit: &Audit| audit.checks.iter().find(|check| check.check == "G leverage").cloned();
    let (plain, weighted) = (leverage(&plain).unwrap(), leverage(&weighted).unwrap());
    assert_eq!((plain.verdict, weighted.verdict), (Verdict::Pass, Verdict::Pass));
    assert!(weighted.text.contains("weights that you wrote down") && !plain.text.contains("weights"));
}

#[test]
fn weights_of_series_that_a_host_wrote_down_are_no_leverage() {
    const N_SERIES: usize = 30;
    let mut chances = chances(43);
    let rows: String = (0..180)
        .map(|row| format!("{row},{:.3},s{}\n", 100.0 + chances.next().unwrap(), row % N_SERIES))
        .collect();
    let weights: Map<String, Value> =
        (0..N_SERIES).map(|series| (format!("s{series}"), Value::from(1 + series))).collect();
    let mut context = Context::new(Map::from_iter([("series_weight".to_owned(), weights.into())]));
    let alternating = || (0..12).map(|step| f64::from(100 + step % 2)).collect::<Vec<f64>>();
    context.history = (0..N_SERIES).map(|series| (format!("s{series}"), alternating())).collect();
    let solution = read(format!("id,y,series\n{rows}").as_bytes(), "wrmsse", context);
    let found = of_solution(&solution, &Settings::default());
    let leverage = found.checks.iter().find(|check| check.check == "G leverage").unwrap();
    assert!(leverage.verdict == Verdict::Pass && leverage.text.contains("weights"), "{leverage:?}");
}

#[test]
fn a_side_on_which_the_metric_has_no_value_is_refused() {
    let usage = |row: usize| if row < 100 { "Public" } else { "Private" };
    let rows: String = (0..200)
        .map(|row| format!("{row},{},{}\n", u8::from(row >= 100 && row % 3 == 0), usage(row)))
        .collect();
    let found = audited_with(format!("id,y,Usage\n{rows}"), "roc_auc", Value::Null, None);
    assert_eq!(found.overall, Overall::Refused, "{found:#?}");
    assert!(found.checks[0].text.contains("no value on the public rows"), "{found:#?}");
}

#[test]
fn several_columns_are_judged_each_by_a_forecaster_of_its_own() {
    let mut normal = normal(21);
    let rows: String = (0..500)
        .map(|row| format!("{row},{:.3},{:.3}\n", 70.0 + 10.0 * normal(), 5.0 + 4.0 * normal()))
        .collect();
    let found = audited_with(format!("id,weight,share\n{rows}"), "mcrmse", Value::Null, Some("mean"));
    assert_eq!(found.overall, Overall::Pass, "{found:#?}");
    assert!(found.checks.iter().any(|check| check.check == "I probing"));
    let mut other = self::normal(22);
    let mut skewed = move || (3.0 + other()).exp();
    let skewed: String =
        (0..500).map(|row| format!("{row},{:.3},{:.3}\n", skewed(), 1000.0 * skewed())).collect();
    let skewed = format!("id,a,b\n{skewed}");
    let found = audited_with(skewed.clone(), "mape", serde_json::json!({ "columns": "a,b" }), None);
    assert_eq!((found.overall, verdict(&found, "E honest report")), (Overall::Fail, Verdict::Fail));
    let found = audited_with(skewed, "mcrmse", Value::Null, None);
    assert_eq!(
        (verdict(&found, "E honest report"), verdict(&found, "E2 volume bias")),
        (Verdict::Pass, Verdict::Pass)
    );
}

#[test]
fn tags_are_judged_as_columns_and_as_sets() {
    let names = ["ash", "birch", "cedar", "elm"];
    let has = |row: usize, tag: usize| (row * (2 * tag + 3) + 7) * 7919 % 1009 < [500, 200, 90, 60][tag];
    let cells =
        |row: usize| (0..4).map(|tag| u8::from(has(row, tag)).to_string()).collect::<Vec<_>>().join(",");
    let columns: String = (0..400).map(|row| format!("{row},{}\n", cells(row))).collect();
    let found = audited_with(format!("id,{}\n{columns}", names.join(",")), "mc_log_loss", Value::Null, None);
    assert_eq!(verdict(&found, "E honest report"), Verdict::Pass, "{found:#?}");
    let tags =
        |row: usize| (0..4).filter(|tag| has(row, *tag)).map(|tag| names[tag]).collect::<Vec<_>>().join(" ");
    let sets: String = (0..400).map(|row| format!("{row},{}\n", tags(row))).collect();
    let sets = format!("id,tags\n{sets}");
    let found = audited_with(sets.clone(), "f1_macro_tags", Value::Null, None);
    assert_eq!(verdict(&found, "E honest report"), Verdict::Fail, "{found:#?}");
    assert!(!serde_json::to_string(&found).unwrap().contains("birch"), "a report names no label");
    let found = audited_with(sets, "hamming_loss", Value::Null, None);
    assert_eq!(verdict(&found, "E honest report"), Verdict::Pass, "{found:#?}");
    assert_ne!(found.overall, Overall::NotJudged);
}

#[test]
fn distributions_are_honest_where_scores_are_proper_and_endless_ones_win_coverage() {
    let mut normal = normal(31);
    let rows: String = (0..600).map(|row| format!("{row},{:.3}\n", 100.0 + 15.0 * normal())).collect();
    let csv = || format!("id,target\n{rows}");
    for metric in ["crps_gaussian", "gaussian_nll", "mean_pinball", "crps_quantile", "wis", "interval_score"]
    {
        let found = audited_with(csv(), metric, Value::Null, None);
        assert_eq!(verdict(&found, "E honest report"), Verdict::Pass, "{metric}: {found:#?}");
        assert_eq!(found.overall, Overall::Pass, "{metric}: {found:#?}");
    }
    let found = audited_with(csv(), "coverage", Value::Null, None);
    assert_eq!((found.overall, verdict(&found, "E honest report")), (Overall::Fail, Verdict::Fail));
    assert_eq!(verdict(&found, "F degenerate"), Verdict::Fail);
    let found = audited_with(csv(), "laplace_ll", serde_json::json!({ "sigma_floor": 1.0 }), None);
    assert_eq!(verdict(&found, "E honest report"), Verdict::Warn, "{found:#?}");
    let members = audited_with(csv(), "crps_ensemble", Value::Null, None);
    assert_ne!(members.overall, Overall::NotJudged);
}

#[test]
fn no_logarithm_of_nothing_and_no_percentage_of_it() {
    let with_zeros = csv((0..200).map(|at| (at % 7).to_string() + ".5").chain(["0".to_owned()]));
    let found = audited(&with_zeros, "gamma_deviance", &Settings::default());
    assert_eq!((found.overall, found.checks[0].verdict), (Overall::Refused, Verdict::Refused));
    let found = audited(&with_zeros, "mape", &Settings::default());
    assert!(found.checks.iter().any(|check| check.verdict == Verdict::Refused));
    let found = audited(&with_zeros, "male", &Settings::default());
    assert_eq!(found.overall, Overall::Refused, "{found:#?}");
    let with_negatives = csv((0..200).map(|at| (f64::from(at % 7) - 1.5).to_string()));
    for metric in ["rmsle", "msle", "male", "poisson_deviance"] {
        let found = audited(&with_negatives, metric, &Settings::default());
        assert_eq!(found.overall, Overall::Refused, "{metric}: {found:#?}");
    }
    let above_zero = csv((0..200).map(|at| (at % 7).to_string() + ".5"));
    for metric in ["rmsle", "male", "gamma_deviance"] {
        let found = audited(&above_zero, metric, &Settings::default());
        assert_ne!(found.overall, Overall::Refused, "{metric}: {found:#?}");
    }
}

#[test]
fn what_a_score_does_not_notice_of_numbers_and_ratings_is_told() {
    let told = |csv: &[u8], metric: &str| {
        let found = audited(csv, metric, &Settings::default());
        let check = found.checks.iter().find(|check| check.check == "D invariance").cloned().unwrap();
        (check.verdict, check.text)
    };
    let amounts = skewed(51, 0.7);
    let ratings = csv((0..300).map(|row| (row * 7919 % 1009 % 5).to_string()));
    for (metric, words) in [
        ("pearson", "Only how forecasts rise and fall together with the truth counts"),
        ("spearman", "Only the order of the forecasts counts"),
        ("kendall", "Only the order of the forecasts counts"),
        ("normalized_gini", "Only the order of the forecasts counts"),
        ("rmse", "The values themselves count"),
        ("ccc", "The values themselves count"),
    ] {
        for labels in [&amounts, &ratings] {
            let (verdict, text) = told(labels, metric);
            assert!(verdict == Verdict::Info && text.starts_with(words), "{metric}: {text}");
        }
    }
    // Only ratings of the scale may be sent here.
    assert_eq!(told(&ratings, "qwk").0, Verdict::NotApplicable);
}

#[test]
fn a_board_on_all_rows_is_warned_of_and_fewer_decimals_tell_less() {
    let csv = std::fs::read(folder("audits/binary10.csv")).unwrap();
    let plan = |public_fraction, digits, n_submissions| {
        audited(&csv, "log_loss", &Settings { public_fraction, digits, n_submissions, ..Settings::default() })
    };
    let open = plan(1.0, 5, 300);
    assert_eq!(verdict(&open, "P public board"), Verdict::Warn);
    assert!(open.checks.iter().all(|check| check.check != "P private rows"));
    let careful = plan(0.3, 2, 10);
    assert_eq!(verdict(&careful, "P safe decimals"), Verdict::Pass);
    assert_eq!(verdict(&plan(0.3, 5, 300), "P safe decimals"), Verdict::Warn);
}
