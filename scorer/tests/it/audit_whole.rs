//! The audit of metrics of lists, texts, masks, boxes, groupings and times known in part: verdicts on real solutions, and
//! laws on solutions that nobody has seen.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::path::{Path, PathBuf};

use holdout_contract::audit::{Audit, Check, Overall, Verdict};
use holdout_scorer::audit::ask::Settings;
use holdout_scorer::audit::of_solution;
use holdout_scorer::intake::{Limits, Source, content};
use holdout_scorer::judge::{Context, Judge};
use holdout_scorer::parallel;
use holdout_scorer::solution::Solution;
use holdout_scorer::split::SplitRule;
use serde_json::{Value, json};

fn audited(csv: &[u8], metric: &str, params: &Value, context: &Value, settings: &Settings) -> Audit {
    let limits = Limits::default();
    let map = |value: &Value| value.as_object().cloned().unwrap_or_default();
    let judge = Judge::new(metric, &map(params), Context::new(map(context))).unwrap();
    let content = content::open(Source::Bytes(csv.into()), &limits).unwrap().unwrap();
    let solution = Solution::prepare(&content, judge, &SplitRule::default(), &limits).unwrap();
    of_solution(&solution, settings)
}

/// On labels that are written here.
fn of(csv: String, metric: &str) -> Audit {
    audited(csv.as_bytes(), metric, &Value::Null, &Value::Null, &Settings::default())
}

/// On a real solution.
pub fn real(folder: &str, metric: &str) -> Audit {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(folder);
    let about: Value =
        serde_json::from_slice(&std::fs::read(folder.join("competition.json")).unwrap()).unwrap();
    let solution = std::fs::read(folder.join("solution.csv")).unwrap();
    audited(&solution, metric, &Value::Null, &about["context"], &Settings::default())
}

fn check<'a>(audit: &'a Audit, letter: &str) -> &'a Check {
    let is_it = |check: &&Check| check.check.split(' ').next() == Some(letter);
    audit.checks.iter().find(is_it).unwrap_or_else(|| panic!("no {letter} in {audit:#?}"))
}

fn verdict(audit: &Audit, letter: &str) -> Verdict {
    check(audit, letter).verdict
}

const LETTERS: [&str; 11] = ["A", "B", "C", "D", "E", "E2", "F", "G", "H", "K", "I"];

#[test]
fn every_family_is_judged_and_silent_about_no_check() {
    for (folder, metrics) in [
        ("digits-retrieval", &["map@5"][..]),
        ("digits-ltr", &["ndcg_exp@10"]),
        ("recidivism-survival", &["c_index", "c_index_stratified"]),
        ("text-restoration", &["levenshtein_similarity"]),
        ("photo-masks", &["iou_mean"]),
        ("photo-boxes", &["coco_ap50"]),
        ("digits-clusters", &["rand_score"]),
    ] {
        for metric in metrics {
            let found = real(folder, metric);
            assert!(![Overall::NotJudged, Overall::Refused].contains(&found.overall), "{metric}: {found:#?}");
            for letter in LETTERS {
                let check = check(&found, letter);
                assert!(!check.text.is_empty(), "{metric} {letter}");
                let is_fault = check.verdict > Verdict::Info;
                assert_eq!(
                    is_fault,
                    !check.repair.is_empty() && !check.exploit.is_empty(),
                    "{metric}: {check:?}"
                );
            }
        }
    }
}

#[test]
fn a_report_does_not_depend_on_threads() {
    for (folder, metric) in [
        ("text-restoration", "cer"),
        ("photo-masks", "dice_mean"),
        ("recidivism-survival", "c_index_stratified"),
    ] {
        let report = |n_threads| {
            parallel::with_threads(n_threads, || serde_json::to_string(&real(folder, metric)).unwrap())
        };
        assert_eq!(report(1), report(3), "{metric}");
    }
}

#[test]
fn real_lists_texts_masks_and_groupings_have_sensible_verdicts() {
    let overall = |folder: &str, metric: &str| real(folder, metric).overall;
    // A weak forecaster is seldom right to the letter, and little above empty texts.
    assert_eq!(overall("text-restoration", "exact_match_text"), Overall::Warn);
    assert_eq!(overall("recidivism-survival", "c_index"), Overall::Pass);
    assert!(verdict(&real("digits-clusters", "adjusted_rand_score"), "F") < Verdict::Fail);
    // Nothing corrects for the number of groups.
    let found = real("digits-clusters", "homogeneity_score");
    assert_eq!((verdict(&found, "E"), verdict(&found, "F")), (Verdict::Fail, Verdict::Fail), "{found:#?}");
}

#[test]
fn empty_masks_are_worth_what_the_host_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/photo-masks");
    let solution = std::fs::read(folder.join("solution.csv")).unwrap();
    let context = json!({ "height": 64, "width": 64 });
    let dice = |params: Value| audited(&solution, "dice_mean", &params, &context, &Settings::default());
    let found = dice(Value::Null);
    assert_eq!((verdict(&found, "G"), verdict(&found, "K")), (Verdict::Warn, Verdict::Pass), "{found:#?}");
    // Where two empty masks earn nothing, rows without an object are lost whatever is sent.
    let found = dice(json!({ "empty_pair": 0 }));
    assert_eq!((found.overall, verdict(&found, "K")), (Overall::Fail, Verdict::Fail), "{found:#?}");
    let found = dice(json!({ "leave_out_empty_pairs": true }));
    assert_eq!(verdict(&found, "K"), Verdict::Pass, "{found:#?}");
}

#[test]
fn rows_without_a_relevant_item_are_dead_unless_they_are_left_out() {
    let rows: String = (0..60)
        .map(|row| {
            format!("{row},{}\n", if row % 3 == 0 { String::new() } else { format!("a{row} b{}", row % 7) })
        })
        .collect();
    let csv = format!("id,relevant\n{rows}");
    let found = of(csv.clone(), "map@5");
    assert_eq!(verdict(&found, "K"), Verdict::Fail, "{found:#?}");
    assert!((check(&found, "K").value.unwrap() - 1.0 / 3.0).abs() < 1e-6);
    let left_out = json!({ "k": 5, "no_relevant": "left_out" });
    let found = audited(csv.as_bytes(), "map", &left_out, &Value::Null, &Settings::default());
    assert_eq!(verdict(&found, "K"), Verdict::Pass, "{found:#?}");
}

#[test]
fn a_report_tells_no_label() {
    let text = |row: usize| if row.is_multiple_of(4) { "thank you very much" } else { "no comment" };
    let rows: String = (0..40).map(|row| format!("{row},{}\n", text(row))).collect();
    let found = of(format!("id,text\n{rows}"), "rougeL");
    assert!(!serde_json::to_string(&found).unwrap().contains("comment"), "{found:#?}");
}

#[test]
fn who_is_lost_from_sight_before_the_first_event_counts_for_nothing() {
    let rows: String = (0..120)
        .map(|row| {
            if row % 4 == 0 {
                format!("{row},1,0\n")
            } else {
                format!("{row},{},{}\n", 5 + row * 37 % 101, row % 2)
            }
        })
        .collect();
    let found = of(format!("id,time,event\n{rows}"), "c_index");
    assert_eq!(verdict(&found, "E"), Verdict::Pass, "{found:#?}");
    assert_eq!(verdict(&found, "D"), Verdict::Info);
    assert_eq!(verdict(&found, "A"), Verdict::NotApplicable);
}

#[test]
fn the_hosts_answer_names_the_fair_alternative() {
    let declared = Settings { declared: Some("probabilities".parse().unwrap()), ..Settings::default() };
    let rows: String = (0..40).map(|row| format!("{row},a{} b{}\n", row % 7, row % 5)).collect();
    let csv = format!("id,relevant\n{rows}");
    let found = audited(csv.as_bytes(), "map", &Value::Null, &Value::Null, &declared);
    let question = found.checks.iter().find(|check| check.check == "R question").unwrap();
    assert_eq!(question.verdict, Verdict::Warn);
    assert!(question.repair.contains("log_loss"), "{question:?}");
}
