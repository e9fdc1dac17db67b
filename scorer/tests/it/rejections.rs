//! Golden cases: a folder with a solution, a submission and what scoring them must answer. A host who
//! reports a wrong answer can send a folder.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rejections");
    let mut cases: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    cases.sort();
    cases
}

/// Runs the program as a host would.
fn answer(case: &Path, expect: &Value) -> (Option<i32>, Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_holdout-scorer"));
    command
        .args(["score", "--metric", expect["metric"].as_str().unwrap(), "--solution"])
        .arg(case.join("solution.csv"))
        .arg("--submission")
        .arg(case.join(expect["submission"].as_str().unwrap()));
    if expect.get("context").is_some() {
        command.arg("--context").arg(case.join("expect.json"));
    }
    if let Some(params) = expect.get("params") {
        command.arg("--params").arg(params.to_string());
    }
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let answer = serde_json::from_str(&text)
        .unwrap_or_else(|_| panic!("no JSON: {text}{}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code(), answer)
}

fn check(case: &Path) -> Result<(), String> {
    let expect: Value = serde_json::from_slice(&std::fs::read(case.join("expect.json")).unwrap()).unwrap();
    let (code, answer) = answer(case, &expect);
    let fail = |what: &str| Err(format!("{}: {what}: {answer}", case.file_name().unwrap().to_string_lossy()));
    if let Some(scores) = expect.get("scores") {
        for split in ["public", "private", "all"] {
            let same = match (scores[split].as_f64(), answer[split].as_f64()) {
                (Some(expected), Some(found)) => (expected - found).abs() < 1e-12,
                (expected, found) => expected == found && answer.get(split).is_some(),
            };
            if !same {
                return fail(split);
            }
        }
        return if code == Some(0) { Ok(()) } else { fail("exit code") };
    }
    for (key, value) in expect["rejection"].as_object().unwrap() {
        let same = match key.as_str() {
            "message_contains" => {
                answer["message"].as_str().is_some_and(|text| text.contains(value.as_str().unwrap()))
            }
            _ => answer[key] == *value,
        };
        if !same {
            return fail(key);
        }
    }
    let message = answer["message"].as_str().unwrap_or_default();
    if message.len() < 30 || !message.ends_with(['.', ')']) {
        return fail("no sentence");
    }
    if code == Some(2) { Ok(()) } else { fail("exit code") }
}

#[test]
fn every_case_gets_its_answer() {
    let cases = cases();
    let wrong: Vec<String> = cases.iter().filter_map(|case| check(case).err()).collect();
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert!(cases.len() > 50);
}
