//! What tables give away of hidden labels, as the command line tells it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::path::PathBuf;

use holdout_contract::audit::{Audit, Verdict};

use crate::audit::verdict;

/// A contest whose files give labels away in one way or another.
struct Leaky {
    folder: PathBuf,
}

impl Leaky {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("holdout-leaky-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self { folder }
    }

    fn write(&self, name: &str, head: &str, rows: impl Iterator<Item = String>) -> &Self {
        let lines: String = std::iter::once(head.to_owned()).chain(rows).map(|line| line + "\n").collect();
        std::fs::write(self.folder.join(name), lines).unwrap();
        self
    }

    /// What the command line finds in the tables: names and verdicts of the checks.
    fn found(&self) -> Vec<(String, Verdict)> {
        let file = |name: &str| self.folder.join(name);
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_holdout-scorer"))
            .args(["audit", "--metric", "roc_auc", "--solution"])
            .arg(file("solution.csv"))
            .arg("--train")
            .arg(file("train.csv"))
            .arg("--test")
            .arg(file("test.csv"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let audit: Audit = serde_json::from_slice(&output.stdout).unwrap();
        let of_tables = audit.checks.into_iter().filter(|check| check.check.starts_with("T "));
        let of_tables = of_tables.inspect(|check| {
            let is_told = !check.exploit.is_empty() || check.text.contains("can be looked up");
            assert!(check.verdict <= Verdict::Info || is_told && !check.repair.is_empty(), "{check:?}");
        });
        of_tables.map(|check| (check.check, check.verdict)).collect()
    }
}

impl Drop for Leaky {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn noise(row: usize, step: usize) -> usize {
    (row * step + 13) * 7919 % 1009
}

fn label(row: usize) -> usize {
    usize::from(noise(row, 31) < 400)
}

#[test]
fn sound_tables_are_found_sound() {
    let contest = Leaky::new("sound");
    let features = |row: usize| format!("{row},{}.5,{}", noise(row, 17), noise(row, 5) % 7);
    let usage = |row: usize| if row % 5 < 2 { "Public" } else { "Private" };
    contest
        .write("train.csv", "id,x,z,y", (0..400).map(|row| format!("{},{}", features(row), label(row))))
        .write("test.csv", "id,x,z", (400..700).map(features))
        .write(
            "solution.csv",
            "id,y,Usage",
            (400..700).map(|row| format!("{row},{},{}", label(row), usage(row))),
        );
    let found = contest.found();
    assert!(found.iter().all(|(_, verdict)| *verdict == Verdict::Pass), "{found:?}");
    for name in [
        "T row overlap",
        "T order predicts",
        "T sides alike",
        "T train and test alike",
        "T public and private alike",
    ] {
        assert!(found.iter().any(|(check, _)| check == name), "no {name}: {found:?}");
    }
}

#[test]
fn what_tables_give_away_is_told() {
    let contest = Leaky::new("leaky");
    // Patients have one label each, later rows are larger, and public rows come from one clinic.
    let patient = |row: usize| noise(row % 120, 3);
    let diseased = |row: usize| usize::from(patient(row) % 3 == 0);
    let usage = |row: usize| if row.is_multiple_of(4) { "Public" } else { "Private" };
    let clinic =
        |row: usize| if row >= 480 && row.is_multiple_of(4) { "north" } else { ["south", "east"][row % 2] };
    let features =
        |row: usize| format!("{row},p{},{},{}", patient(row), noise(row, 17) + row / 480 * 400, clinic(row));
    let test_rows = (480..800).chain([3]);
    contest
        .write(
            "train.csv",
            "id,patient,x,clinic,y",
            (0..480).map(|row| format!("{},{}", features(row), diseased(row))),
        )
        .write("test.csv", "id,patient,x,clinic", test_rows.clone().map(features))
        .write(
            "solution.csv",
            "id,y,Usage",
            test_rows.map(|row| format!("{row},{},{}", diseased(row), usage(row))),
        );
    let found = contest.found();
    for (name, verdict) in [
        ("T row overlap", Verdict::Refused),
        ("T id overlap", Verdict::Warn),
        ("T constants per group", Verdict::Warn),
        ("T train and test alike", Verdict::Warn),
        ("T public and private alike", Verdict::Warn),
    ] {
        assert!(found.contains(&(name.to_owned(), verdict)), "no {verdict:?} of {name}: {found:?}");
    }
}

#[test]
fn classes_nobody_can_learn_and_labels_that_contradict_are_told() {
    let contest = Leaky::new("classes");
    let class = |row: usize| if row % 50 == 7 { "rare" } else { ["ash", "elm"][noise(row, 3) % 2] };
    let learned = (0..300).filter(|row| class(*row) != "rare");
    contest
        .write("train.csv", "id,x,y", learned.map(|row| format!("{row},{},{}", noise(row, 17), class(row))))
        .write("test.csv", "id,x", (300..600).map(|row| format!("{row},{}", row % 40)))
        .write(
            "solution.csv",
            "id,y,Usage",
            (300..600).map(|row| {
                format!("{row},{},{}", class(row), if row % 3 == 0 { "Public" } else { "Private" })
            }),
        );
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_holdout-scorer"))
        .args(["audit", "--metric", "accuracy", "--solution"])
        .arg(contest.folder.join("solution.csv"))
        .arg("--train")
        .arg(contest.folder.join("train.csv"))
        .arg("--test")
        .arg(contest.folder.join("test.csv"))
        .output()
        .unwrap();
    let audit: Audit = serde_json::from_slice(&output.stdout).unwrap();
    for name in ["T class not in training", "T class rare", "T contradictory labels"] {
        assert_eq!(verdict(&audit, name), Verdict::Warn, "{name}");
    }
}
