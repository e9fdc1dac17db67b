//! What the files that participants get give away: test rows that can be looked up, sides that differ.

use std::collections::{HashMap, HashSet};

use holdout_contract::examine::Finding;
use holdout_contract::rejection::Rejection;

use super::frame::Frame;
pub use super::part::Bound;
use super::part::{Hashes, Meant};
use super::{Training, classes, groups, pass, refused, sides, training, warn};
use crate::intake::content::{Bytes, Opened, open_within};
use crate::intake::{self, Limits};
use crate::solution::Solution;

const MAX_SHOWN: usize = 5;

/// The files that participants get, and what is known beside them.
pub struct Data<'a> {
    pub train: Option<&'a Bytes>,
    pub test: Option<&'a Bytes>,
    /// The id and target columns, which are no features; the id first.
    pub known: &'a [String],
    /// The hidden labels, where they could be read.
    pub solution: Option<&'a Solution>,
    /// How much of a large file is kept.
    pub bound: Bound,
}

/// Compares training and test file, and both with the hidden labels.
pub fn examine(data: &Data<'_>, limits: &Limits) -> Vec<Finding> {
    let told = tell(data, limits);
    let missing = told.not_learned.as_deref();
    let unlearnable =
        data.solution.zip(missing).and_then(|(of, missing)| classes::unlearnable(of, missing, 1));
    told.findings.into_iter().chain(unlearnable).collect()
}

/// More training files are not looked at.
const MOST_FILES: usize = 20;

/// Compares each of several training files with the test file. What is found in all is told once; a class is missing where no
/// file has it.
pub fn examine_each(several: &[Training], data: &Data<'_>, limits: &Limits) -> Vec<Finding> {
    let mut found: Vec<(usize, Finding)> = Vec::new();
    let mut missing: Option<Vec<String>> = None;
    let looked_at = &several[..several.len().min(MOST_FILES)];
    for (at, training) in looked_at.iter().enumerate() {
        let told = tell(&Data { train: Some(&training.bytes), ..*data }, limits);
        found.extend(told.findings.into_iter().map(|finding| (at, finding)));
        if let Some(not_learned) = told.not_learned {
            let kept = missing.take().unwrap_or_else(|| not_learned.clone());
            missing = Some(kept.into_iter().filter(|class| not_learned.contains(class)).collect());
        }
    }
    let is_of_all =
        |finding: &Finding| found.iter().filter(|(_, other)| other == finding).count() == looked_at.len();
    let mut findings: Vec<Finding> = found
        .iter()
        .filter(|(at, finding)| *at == 0 || !is_of_all(finding))
        .map(|(at, finding)| match is_of_all(finding) {
            true => finding.clone(),
            false => {
                Finding { text: format!("{}: {}", looked_at[*at].name, finding.text), ..finding.clone() }
            }
        })
        .collect();
    let unlearnable = data.solution.zip(missing.as_deref());
    findings.extend(unlearnable.and_then(|(of, missing)| classes::unlearnable(of, missing, looked_at.len())));
    if several.len() > MOST_FILES {
        findings.push(warn(
            "rows_looked_at",
            format!(
                "Of {} training files, the first {MOST_FILES} by name were compared with the test file.",
                several.len()
            ),
            "Put training data that belong together into one file.",
        ));
    }
    findings
}

/// What was found with one training file.
#[derive(Default)]
struct Told {
    findings: Vec<Finding>,
    /// Classes that it has no row of; `None` where that is not known.
    not_learned: Option<Vec<String>>,
}

impl From<Vec<Finding>> for Told {
    fn from(findings: Vec<Finding>) -> Self {
        Self { findings, not_learned: None }
    }
}

fn tell(data: &Data<'_>, limits: &Limits) -> Told {
    let (Some(train), Some(test)) = (data.train, data.test) else {
        return Told::from(vec![warn(
            "row_overlap",
            "There is no training file and test file to compare, so it was not checked whether test rows can be \
             looked up.",
            "Upload them with the roles “train” and “test” if participants are to have them.",
        )]);
    };
    let opened = [train, test].map(|bytes| open_within(bytes, limits, data.bound.whole_bytes));
    let features = features_of(&opened, data.known, limits);
    let meant = Meant {
        features: &features,
        id: data.known.first().map(String::as_str),
        target: data.known.get(1).map(String::as_str),
    };
    let frames = ["training", "test"].into_iter().zip(opened).map(|(name, opened)| {
        opened.and_then(|opened| Frame::read_part(&opened, limits, &meant, &data.bound)).map_err(
            |rejection| {
                refused(
                    "row_overlap",
                    format!("The {name} file cannot be read. {}", rejection.message),
                    format!("Mend the {name} file and upload it again."),
                )
            },
        )
    });
    let frames: Vec<Result<Frame, Finding>> = frames.collect();
    match frames.as_slice() {
        [Ok(train), Ok(test)] => compare(train, test, data),
        _ => Told::from(frames.into_iter().filter_map(Result::err).collect::<Vec<Finding>>()),
    }
}

/// The features that both files have by their headers.
fn features_of(opened: &[Result<Opened, Rejection>; 2], known: &[String], limits: &Limits) -> Vec<String> {
    let header = |at: usize| intake::read_header_of(opened[at].as_ref().ok()?, limits).ok();
    let (train, test) = (header(0).unwrap_or_default(), header(1).unwrap_or_default());
    let is_feature = |name: &String| test.contains(name) && !known.contains(name) && !names_rows(name);
    train.into_iter().filter(is_feature).collect()
}

/// What was looked at, where that is not all of a file.
fn looked_at(train: &Frame, test: &Frame) -> Option<Finding> {
    let told = [("training", train), ("test", test)].into_iter().filter_map(|(name, frame)| {
        let rest = frame.rest.as_ref()?;
        Some(format!("{} of the {} rows of the {name} file", frame.n_rows(), rest.n_rows))
    });
    let told: Vec<String> = told.collect();
    (!told.is_empty()).then(|| {
        pass(
            "rows_looked_at",
            format!(
                "Not every row was looked at, but {}; equal rows of both files are looked at or left out together. Classes without a training row were looked for among all rows, ids among as many as fit.",
                told.join(" and at ")
            ),
        )
    })
}

fn compare(train: &Frame, test: &Frame, data: &Data<'_>) -> Told {
    let known = data.known;
    let shared = features(train, test, known);
    let mut findings = vec![rows(train, test, &shared)];
    findings.extend(looked_at(train, test));
    findings.extend(known.first().and_then(|id| ids(train, test, id)));
    findings.extend(targets_in_test(test, known));
    findings.extend(training::examine(train, test, known));
    findings.extend(sides::train_and_test(train, test, &shared));
    let target = known.iter().skip(1).find_map(|name| train.position(name));
    if let Some(target) = target {
        findings.extend(groups::examine(train, test, &shared, target));
    }
    let mut not_learned = None;
    if let Some(solution) = data.solution {
        not_learned = target.and_then(|target| classes::not_learned(solution, train, target));
        if let Some(id) = known.first().and_then(|id| test.position(id)) {
            let of_test: Vec<usize> = (0..test.names.len())
                .filter(|column| !known.contains(&test.names[*column]) && !is_row_number(test, *column))
                .collect();
            findings.extend(sides::hidden_rows(solution, test, id, &of_test));
        }
    }
    Told { findings, not_learned }
}

/// The features that both files have, by their place in each.
fn features(train: &Frame, test: &Frame, known: &[String]) -> Vec<(usize, usize)> {
    let named = train.names.iter().enumerate();
    named
        .filter(|(column, name)| !known.contains(name) && !is_row_number(train, *column))
        .filter_map(|(column, name)| Some((column, test.position(name)?)))
        .collect()
}

/// Exact equality on the features that both files have.
fn rows(train: &Frame, test: &Frame, shared: &[(usize, usize)]) -> Finding {
    if shared.is_empty() {
        return warn(
            "row_overlap",
            "Training and test file have no feature columns in common, so their rows could not be compared.",
            "Check that both have the same header.",
        );
    }
    let (of_train, of_test): (Vec<usize>, Vec<usize>) = shared.iter().copied().unzip();
    let mut line_of: HashMap<u128, usize> = HashMap::with_capacity(train.n_rows());
    for row in 0..train.n_rows() {
        line_of.entry(train.key(row, &of_train)).or_insert(train.number(row) + 2);
    }
    let found: Vec<usize> =
        (0..test.n_rows()).filter(|row| line_of.contains_key(&test.key(*row, &of_test))).collect();
    if found.is_empty() {
        return pass("row_overlap", "No test row stands in the training file.");
    }
    let shown: Vec<String> = found
        .iter()
        .take(MAX_SHOWN)
        .map(|row| {
            format!("row {} (training row {})", test.number(*row) + 2, line_of[&test.key(*row, &of_test)])
        })
        .collect();
    let at_least = if train.rest.is_some() || test.rest.is_some() { "At least " } else { "" };
    refused(
        "row_overlap",
        format!(
            "{at_least}{} of {} test rows stand in the training file with all their features, so their labels can be looked \
             up: {}. Rows are counted with the header as row 1.",
            found.len(),
            test.rest.as_ref().map_or(test.n_rows(), |rest| rest.n_rows),
            shown.join(", ")
        ),
        "Remove these rows from the training file or from the test and the solution, and upload the files again.",
    )
}

/// A column that numbers the rows would make every two rows different.
fn is_row_number(frame: &Frame, column: usize) -> bool {
    names_rows(&frame.names[column]) && frame.is_unique(column)
}

fn names_rows(name: &str) -> bool {
    matches!(name.trim().to_lowercase().as_str(), "" | "id" | "index" | "row" | "unnamed: 0")
}

fn ids(train: &Frame, test: &Frame, id: &str) -> Option<Finding> {
    let (of_train, of_test) = (train.position(id)?, test.position(id)?);
    if train.rest.is_some() || test.rest.is_some() {
        return Some(ids_by_hash(train, test, id, (of_train, of_test)));
    }
    let known: HashSet<&str> = train.columns[of_train].iter().collect();
    let shared: Vec<&str> = test.columns[of_test].iter().filter(|cell| known.contains(cell)).collect();
    Some(if shared.is_empty() {
        pass("id_overlap", format!("No “{id}” stands in both training and test file."))
    } else {
        warn(
            "id_overlap",
            format!(
                "{} ids stand in both training and test file, for example {}.",
                shared.len(),
                shared.iter().take(MAX_SHOWN).copied().collect::<Vec<_>>().join(", ")
            ),
            "If an id means the same thing in both, its label is known; else give the test rows ids of their own.",
        )
    })
}

/// As [`ids`], where not all rows are kept.
fn ids_by_hash(train: &Frame, test: &Frame, id: &str, places: (usize, usize)) -> Finding {
    let hashes = |frame: &Frame, column: usize| match &frame.rest {
        Some(rest) => rest.ids.clone(),
        None => Hashes::of(frame.cells(column)),
    };
    match hashes(test, places.1).n_shared(&hashes(train, places.0)) {
        0 => {
            pass("id_overlap", format!("No “{id}” that was looked at stands in both training and test file."))
        }
        n => warn(
            "id_overlap",
            format!("At least {n} ids stand in both training and test file."),
            "If an id means the same thing in both, its label is known; else give the test rows ids of their own.",
        ),
    }
}

/// A test file that still has the target would give the labels away.
fn targets_in_test(test: &Frame, known: &[String]) -> Option<Finding> {
    let targets: Vec<&str> =
        known.iter().skip(1).map(String::as_str).filter(|name| test.position(name).is_some()).collect();
    (!targets.is_empty()).then(|| {
        warn(
            "target_in_test",
            format!("The test file has the solution's column “{}”.", targets.join("”, “")),
            "Make sure that it does not hold the hidden labels: everybody can download this file.",
        )
    })
}
