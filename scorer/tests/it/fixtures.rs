//! Every reference score of every fixture that the catalogue can compute, to 1e-9 relative.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use holdout_scorer::align::align;
use holdout_scorer::intake::{Limits, Source, content};
use holdout_scorer::judge::{Context, Judge, read_history};
use holdout_scorer::score::score_split;
use holdout_scorer::solution::{Solution, Split};
use holdout_scorer::split::SplitRule;
use serde_json::{Map, Value};

/// Names in the fixtures that the catalogue does not have yet. A name that it learns must leave here.
const NOT_YET: &[&str] = &[];

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn context(folder: &Path) -> Context {
    let mut context =
        Context::new(json(&folder.join("competition.json"))["context"].as_object().unwrap().clone());
    let history = folder.join("history.csv");
    if history.exists() {
        let limits = Limits::default();
        let content = content::open(Source::Path(&history), &limits).unwrap().unwrap();
        context.history = read_history(&content, &limits).unwrap();
    }
    context
}

/// A case is a metric by name, or what the competition's “cases” say: a metric with parameters.
fn judge(folder: &Path, case: &str) -> Result<Judge, String> {
    let about = json(&folder.join("competition.json"));
    match about["cases"].get(case) {
        None => Judge::new(case, &Map::new(), context(folder)),
        Some(about) => {
            let (metric, params) = (about["metric"].as_str().unwrap(), about["params"].as_object().unwrap());
            Ok(Judge::new(metric, params, context(folder)).unwrap())
        }
    }
}

fn solution(folder: &Path, case: &str) -> Result<Solution, String> {
    let limits = Limits::default();
    let judge = judge(folder, case)?;
    let path = folder.join("solution.csv");
    let content = content::open(Source::Path(&path), &limits).unwrap().unwrap();
    Ok(Solution::prepare(&content, judge, &SplitRule::default(), &limits).unwrap())
}

fn submission_path(folder: &Path, name: &str) -> PathBuf {
    match name {
        "sample_submission" => folder.join("sample_submission.csv"),
        _ => folder.join(format!("submissions/{name}.csv")),
    }
}

/// Metrics whose reference is only held to 1e-6.
const COARSE: &[&str] = &["bleu", "chrf", "ter"];

fn agrees(metric: &str, found: Option<f64>, expected: &Value) -> bool {
    let relative = if COARSE.contains(&metric) { 1e-6 } else { 1e-9 };
    match (found, expected.as_f64()) {
        (Some(found), Some(expected)) => (found - expected).abs() <= 1e-12 + relative * expected.abs(),
        (None, None) => true,
        _ => false,
    }
}

#[test]
fn every_reference_score_agrees() {
    let limits = Limits::default();
    let mut unknown = BTreeSet::new();
    let mut wrong = Vec::new();
    let mut n_compared = 0;
    for folder in
        std::fs::read_dir(fixtures()).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir())
    {
        let expected = json(&folder.join("expected.json"));
        let mut solutions: BTreeMap<String, Solution> = BTreeMap::new();
        for (submission, metrics) in expected["scores"].as_object().unwrap() {
            for (metric, values) in metrics.as_object().unwrap() {
                if !solutions.contains_key(metric) {
                    match solution(&folder, metric) {
                        Ok(solution) => solutions.insert(metric.clone(), solution),
                        Err(_) => {
                            unknown.insert(metric.clone());
                            continue;
                        }
                    };
                }
                let solution = &solutions[metric];
                let path = submission_path(&folder, submission);
                let content = content::open(Source::Path(&path), &limits).unwrap().unwrap();
                let aligned = match align(solution, &content, &limits) {
                    Ok(aligned) => aligned,
                    Err(rejection) => {
                        wrong.push(format!("{} {submission} {metric}: {rejection:?}", folder.display()));
                        continue;
                    }
                };
                for (name, split) in
                    [("public", Split::Public), ("private", Split::Private), ("all", Split::All)]
                {
                    let found = score_split(solution, &aligned, split);
                    n_compared += 1;
                    if !agrees(metric, found.value(), &values[name]) {
                        let folder = folder.file_name().unwrap().to_string_lossy().into_owned();
                        wrong.push(format!(
                            "{folder} {submission} {metric} {name}: {found:?}, not {}",
                            values[name]
                        ));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {n_compared} disagree:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(unknown, NOT_YET.iter().map(|name| (*name).to_owned()).collect());
    assert!(n_compared > 2000, "only {n_compared} scores were compared");
}
