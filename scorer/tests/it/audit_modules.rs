//! The audit of metrics that hosts write: the same verdicts as for metrics of the catalogue, and the laws that a
//! metric of one's own may break.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::path::{Path, PathBuf};
use std::process::Command;

use holdout_contract::audit::{Audit, Check, Overall, Verdict};
use sha2::{Digest, Sha256};

const PROGRAM: &str = env!("CARGO_BIN_EXE_holdout-scorer");

/// A module whose function has this body; `y` and `p` are the two columns.
fn module(body: &str) -> String {
    let body: String = body.lines().map(|line| format!("    {line}\n")).collect();
    format!(
        "import numpy as np\n\ndef score(solution, submission, row_id_column_name):\n    (name,) = [column for column in solution.columns if column != row_id_column_name]\n    y, p = solution[name], submission[name]\n{body}"
    )
}

fn solution(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/audits").join(format!("{name}.csv"))
}

fn reported(source: &str, solution: &Path, more: &[&str]) -> String {
    let name = hex(&Sha256::digest((source, solution.to_string_lossy()).0));
    let folder = std::env::temp_dir().join(format!("holdout-audit-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("metric.py");
    std::fs::write(&file, source).unwrap();
    let output = Command::new(PROGRAM)
        .args(["audit", "--metric"])
        .arg(&file)
        .arg("--solution")
        .arg(solution)
        .args(more)
        .env("HOLDOUT_PYTHON", crate::python::python(Path::new(PROGRAM)))
        .output()
        .unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn audited(source: &str, name: &str, more: &[&str]) -> Audit {
    serde_json::from_str(&reported(source, &solution(name), more)).unwrap()
}

fn check<'a>(audit: &'a Audit, name: &str) -> &'a Check {
    audit.checks.iter().find(|check| check.check == name).unwrap_or_else(|| panic!("no {name} in {audit:#?}"))
}

const LAWS: [&str; 4] = ["L same answer", "L direction", "L row order", "L truth is best"];

#[test]
fn a_percentage_error_of_ones_own_fails_as_that_of_the_catalogue() {
    let found = audited(&module("return float((abs(y - p) / y).mean())"), "sales", &[]);
    assert_eq!(found.overall, Overall::Fail, "{found:#?}");
    let honesty = check(&found, "E honest report");
    assert_eq!(honesty.verdict, Verdict::Fail);
    assert!(honesty.value.is_some_and(|gain| (gain - 0.165).abs() < 0.03), "{honesty:?}");
    assert_eq!(check(&found, "F degenerate").verdict, Verdict::Fail);
    for law in LAWS {
        assert_eq!(check(&found, law).verdict, Verdict::Pass, "{law}: {}", check(&found, law).text);
    }
}

#[test]
fn an_honest_metric_of_ones_own_passes_and_its_report_is_the_same_again() {
    let source = module("return float(np.sqrt(((y - p) ** 2).mean()))");
    let report = reported(&source, &solution("normal"), &["--declared", "mean"]);
    let found: Audit = serde_json::from_str(&report).unwrap();
    assert_eq!(found.overall, Overall::Pass, "{found:#?}");
    for name in [
        "A exchange",
        "B over/under",
        "E honest report",
        "E2 volume bias",
        "G leverage",
        "H influence",
        "K dead rows",
    ] {
        assert_eq!(check(&found, name).verdict, Verdict::Pass, "{name}: {}", check(&found, name).text);
    }
    assert_eq!(report, reported(&source, &solution("normal"), &["--declared", "mean"]));
}

#[test]
fn probabilities_are_told_from_labels_by_what_the_metric_makes_of_a_half() {
    let brier = audited(&module("return float(((y - p) ** 2).mean())"), "binary10", &[]);
    assert_eq!(check(&brier, "E honest report").verdict, Verdict::Pass);
    assert!(brier.checks.iter().any(|check| check.check == "D invariance"));
    let absolute = audited(&module("return float(abs(y - p).mean())"), "binary10", &[]);
    assert_eq!(check(&absolute, "E honest report").verdict, Verdict::Fail);
    let f1 = "q = p >= 0.5\nhit = float((y * q).sum())\nreturn 2 * hit / max(float(y.sum() + q.sum()), 1.0)";
    let labels = audited(&module(f1), "binary10", &[]);
    assert_eq!(labels.overall, Overall::Fail);
    assert!(
        check(&labels, "E honest report").text.contains("saying yes from a probability of"),
        "{labels:#?}"
    );
}

#[test]
fn a_metric_that_breaks_a_law_is_found_out() {
    let law = |body: &str, name: &str| {
        let found = audited(&module(body), "diabetes", &["--subs", "5"]);
        let check = check(&found, name).clone();
        (found.overall, check.verdict)
    };
    let random = "import random\nreturn float(abs(y - p).mean()) + random.random()";
    assert_eq!(law(random, "L same answer"), (Overall::Fail, Verdict::Fail));
    let kept = "import sys\nsys.n = getattr(sys, 'n', 0) + 1\nreturn float(abs(y - p).mean()) + sys.n";
    assert_eq!(law(kept, "L same answer"), (Overall::Fail, Verdict::Fail));
    assert_eq!(law("return float(abs(y * 1.5 - p).mean())", "L truth is best").1, Verdict::Fail);
    let by_place = "return float((abs(y - p) * np.arange(len(y))).mean())";
    assert_eq!(law(by_place, "L row order").1, Verdict::Warn);
    assert_eq!(law("return float(abs(y - p).sum())", "L doubled rows").1, Verdict::Info);
}

/// The audit of a module on rows that are written here.
fn on_rows(source: &str, head: &str, rows: impl Iterator<Item = String>) -> Audit {
    let name = hex(&Sha256::digest(source));
    let folder = std::env::temp_dir().join(format!("holdout-audit-rows-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("solution.csv");
    let rows: String = rows.map(|row| row + "\n").collect();
    std::fs::write(&file, format!("{head}\n{rows}")).unwrap();
    let found = serde_json::from_str(&reported(source, &file, &[])).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    found
}

#[test]
fn texts_are_judged_word_by_word() {
    let rows = (0..40).map(|row| format!("{row},the {row} of {} things", row % 7));
    let found = on_rows(&module("return float((y == p).mean())"), "id,y", rows.clone());
    assert_eq!(check(&found, "E honest report").verdict, Verdict::Pass, "{found:#?}");
    assert_eq!(check(&found, "L direction").verdict, Verdict::Pass);
    assert_eq!(check(&found, "C relabel").verdict, Verdict::NotApplicable);
    let lengths = "return float(sum(len(str(text)) for text in p))";
    let found = on_rows(&module(lengths), "id,y", rows);
    assert_eq!(
        (found.overall, check(&found, "E honest report").verdict),
        (Overall::Fail, Verdict::Fail),
        "{found:#?}"
    );
}

#[test]
fn several_columns_of_numbers_are_judged_together() {
    let source = "def score(solution, submission, row_id_column_name):\n    names = [name for name in solution.columns if name != row_id_column_name]\n    missed = (solution[names] - submission[names]).abs() / solution[names]\n    return float(missed.to_numpy().mean())\n";
    let amount = |row: usize, step: usize| (((row * step + 7) * 7919 % 997) as f64 / 180.0).exp();
    let rows = (0..200).map(|row| format!("{row},{:.3},{:.3}", amount(row, 3), 50.0 * amount(row, 5)));
    let found = on_rows(source, "id,width,height", rows);
    assert_eq!(
        (found.overall, check(&found, "E honest report").verdict),
        (Overall::Fail, Verdict::Fail),
        "{found:#?}"
    );
    for law in LAWS {
        assert_eq!(check(&found, law).verdict, Verdict::Pass, "{law}: {}", check(&found, law).text);
    }
}

#[test]
fn what_cannot_be_judged_says_why() {
    let found = audited(&module("raise ValueError(str(y.tolist()))"), "diabetes", &[]);
    assert_eq!(found.overall, Overall::NotJudged);
    assert!(found.checks[0].text.contains("gave no score"), "{found:?}");
    let found = audited(&module("import os\nos._exit(3)"), "diabetes", &[]);
    assert_eq!(found.overall, Overall::NotJudged, "{found:?}");
}

#[test]
fn classes_with_a_probability_each_are_judged() {
    let folder = std::env::temp_dir().join(format!("holdout-audit-classes-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let names = ["ash", "birch", "cedar"];
    let labels: String = (0..300).map(|row| format!("{row},{}\n", names[row * row % 7 % 3])).collect();
    let shares: String = (0..300).map(|row| format!("{row},0.2,0.3,0.5\n")).collect();
    std::fs::write(folder.join("solution.csv"), format!("id,tree\n{labels}")).unwrap();
    std::fs::write(folder.join("sample.csv"), format!("id,{}\n{shares}", names.join(","))).unwrap();
    let source = "import numpy as np\n\ndef score(solution, submission, row_id_column_name):\n    names = ['ash', 'birch', 'cedar']\n    p = submission[names].to_numpy().clip(1e-15)\n    p = p / p.sum(axis=1, keepdims=True)\n    at = solution['tree'].map(names.index).to_numpy()\n    return float(-np.log(p[np.arange(len(at)), at]).mean())\n";
    let sample = folder.join("sample.csv");
    let report = reported(source, &folder.join("solution.csv"), &["--sample", sample.to_str().unwrap()]);
    let found: Audit = serde_json::from_str(&report).unwrap();
    assert_eq!(check(&found, "E honest report").verdict, Verdict::Pass, "{found:#?}");
    assert_eq!(check(&found, "L direction").verdict, Verdict::Pass);
    assert!(!report.contains("birch"), "a report names no label");
    std::fs::remove_dir_all(&folder).unwrap();
}
