//! What the files that participants get give away: test rows that can be looked up, sides that differ.

use std::collections::{HashMap, HashSet};

use holdout_contract::examine::Finding;

use super::frame::Frame;
use super::{classes, groups, pass, refused, sides, training, warn};
use crate::intake::Limits;
use crate::intake::content::Bytes;
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
}

/// Compares training and test file, and both with the hidden labels.
pub fn examine(data: &Data<'_>, limits: &Limits) -> Vec<Finding> {
    let (Some(train), Some(test)) = (data.train, data.test) else {
        return vec![warn(
            "row_overlap",
            "There is no training file and test file to compare, so it was not checked whether test rows can be \
             looked up.",
            "Upload them with the roles “train” and “test” if participants are to have them.",
        )];
    };
    let frames = [("training", train), ("test", test)].map(|(name, bytes)| {
        Frame::read(bytes, limits).map_err(|rejection| {
            refused(
                "row_overlap",
                format!("The {name} file cannot be read. {}", rejection.message),
                format!("Mend the {name} file and upload it again."),
            )
        })
    });
    match frames {
        [Ok(train), Ok(test)] => compare(&train, &test, data),
        [train, test] => [train.err(), test.err()].into_iter().flatten().collect(),
    }
}

fn compare(train: &Frame, test: &Frame, data: &Data<'_>) -> Vec<Finding> {
    let known = data.known;
    let shared = features(train, test, known);
    let mut findings = vec![rows(train, test, &shared)];
    findings.extend(known.first().and_then(|id| ids(train, test, id)));
    findings.extend(targets_in_test(test, known));
    findings.extend(training::examine(train, test, known));
    findings.extend(sides::train_and_test(train, test, &shared));
    let target = known.iter().skip(1).find_map(|name| train.position(name));
    if let Some(target) = target {
        findings.extend(groups::examine(train, test, &shared, target));
    }
    if let Some(solution) = data.solution {
        findings.extend(target.and_then(|target| classes::unlearnable(solution, train, target)));
        if let Some(id) = known.first().and_then(|id| test.position(id)) {
            let of_test: Vec<usize> = (0..test.names.len())
                .filter(|column| !known.contains(&test.names[*column]) && !is_row_number(test, *column))
                .collect();
            findings.extend(sides::hidden_rows(solution, test, id, &of_test));
        }
    }
    findings
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
        line_of.entry(train.key(row, &of_train)).or_insert(row + 2);
    }
    let found: Vec<usize> =
        (0..test.n_rows()).filter(|row| line_of.contains_key(&test.key(*row, &of_test))).collect();
    if found.is_empty() {
        return pass("row_overlap", "No test row stands in the training file.");
    }
    let shown: Vec<String> = found
        .iter()
        .take(MAX_SHOWN)
        .map(|row| format!("row {} (training row {})", row + 2, line_of[&test.key(*row, &of_test)]))
        .collect();
    refused(
        "row_overlap",
        format!(
            "{} of {} test rows stand in the training file with all their features, so their labels can be looked \
             up: {}. Rows are counted with the header as row 1.",
            found.len(),
            test.n_rows(),
            shown.join(", ")
        ),
        "Remove these rows from the training file or from the test and the solution, and upload the files again.",
    )
}

/// A column that numbers the rows would make every two rows different.
fn is_row_number(frame: &Frame, column: usize) -> bool {
    let name = frame.names[column].trim().to_lowercase();
    matches!(name.as_str(), "" | "id" | "index" | "row" | "unnamed: 0") && frame.is_unique(column)
}

fn ids(train: &Frame, test: &Frame, id: &str) -> Option<Finding> {
    let (of_train, of_test) = (train.position(id)?, test.position(id)?);
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
