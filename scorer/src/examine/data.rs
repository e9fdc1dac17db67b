//! Whether test rows can be looked up in the training file.

use std::collections::{HashMap, HashSet};

use holdout_contract::examine::Finding;

use super::frame::Frame;
use super::{Competition, pass, refused, training, warn};
use crate::intake::Limits;

const MAX_SHOWN: usize = 5;

/// Compares training and test file. `known` are the id and target columns, which are no features.
pub fn examine(competition: &Competition<'_>, known: &[String], limits: &Limits) -> Vec<Finding> {
    let (Some(train), Some(test)) = (&competition.train, &competition.test) else {
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
        [Ok(train), Ok(test)] => compare(&train, &test, known),
        [train, test] => [train.err(), test.err()].into_iter().flatten().collect(),
    }
}

fn compare(train: &Frame, test: &Frame, known: &[String]) -> Vec<Finding> {
    let mut findings = vec![rows(train, test, known)];
    findings.extend(known.first().and_then(|id| ids(train, test, id)));
    findings.extend(targets_in_test(test, known));
    findings.extend(training::examine(train, test, known));
    findings
}

/// Exact equality on the features that both files have.
fn rows(train: &Frame, test: &Frame, known: &[String]) -> Finding {
    let shared: Vec<(usize, usize)> = train
        .names
        .iter()
        .enumerate()
        .filter(|(column, name)| !known.contains(name) && !is_row_number(train, *column))
        .filter_map(|(column, name)| Some((column, test.position(name)?)))
        .collect();
    if shared.is_empty() {
        return warn(
            "row_overlap",
            "Training and test file have no feature columns in common, so their rows could not be compared.",
            "Check that both have the same header.",
        );
    }
    let (of_train, of_test): (Vec<usize>, Vec<usize>) = shared.into_iter().unzip();
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
