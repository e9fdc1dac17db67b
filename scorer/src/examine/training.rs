//! What the training file gives away: a column that is the answer, the same features with different
//! answers, and test rows that nearly stand in it.

use std::collections::{HashMap, HashSet};

use holdout_contract::examine::Finding;

use super::frame::Frame;
use super::kinds::number;
use super::order::rank_correlation;
use super::sides::{hash_of, n_contradicted};
use super::warn;

/// Fewer rows say nothing.
const FEW: usize = 30;
/// A column that orders the rows as the target does.
const ANSWER: f64 = 0.9999;
/// Share of rows with contradictory answers, or nearly known, that is worth a word.
const NOTABLE: f64 = 0.01;
/// Nearness is judged where so many number columns must agree.
const MIN_NUMBERS: usize = 3;
/// Digits in which near rows agree.
const DIGITS: i32 = 3;
/// Where the steps begin to which numbers are rounded.
const WAYS: [f64; 2] = [0.5, 0.0];
/// Letters that cells of texts have on average.
const LONG_TEXT: usize = 20;

/// `known` are the id and target columns.
pub fn examine(train: &Frame, test: &Frame, known: &[String]) -> Vec<Finding> {
    let features: Vec<usize> =
        (0..train.names.len()).filter(|column| !known.contains(&train.names[*column])).collect();
    let target = known.iter().skip(1).find_map(|name| train.position(name));
    let mut findings = Vec::new();
    if let Some(target) = target.filter(|_| train.n_rows() >= FEW) {
        findings.extend(answer(train, &features, target));
        findings.extend(contradictions(train, &features, target));
    }
    findings.extend(near(train, test, &features));
    findings
}

/// A column from which the target follows.
fn answer(train: &Frame, features: &[usize], target: usize) -> Option<Finding> {
    let n_answers = train.cells(target).collect::<HashSet<&str>>().len();
    let found = features.iter().find(|column| is_answer(train, **column, target, n_answers))?;
    Some(warn(
        "column_is_answer",
        format!("In the training file, the column “{}” alone tells the target.", train.names[*found]),
        "Remove the column from training and test file, unless it is really known when a prediction is made.",
    ))
}

fn is_answer(train: &Frame, column: usize, target: usize, n_answers: usize) -> bool {
    let numbers = |column: usize| train.cells(column).map(number).collect::<Option<Vec<f64>>>();
    if n_answers > 2
        && let (Some(cells), Some(answers)) = (numbers(column), numbers(target))
        && rank_correlation(&cells, &answers).is_some_and(|found| found.abs() > ANSWER)
    {
        return true;
    }
    // As many values as answers, each with one answer alone: a copy under other names.
    let mut answer_of: HashMap<&str, &str> = HashMap::new();
    let agree = train
        .cells(column)
        .zip(train.cells(target))
        .all(|(cell, answer)| *answer_of.entry(cell).or_insert(answer) == answer);
    agree && n_answers > 1 && answer_of.len() == n_answers && n_answers * 2 <= train.n_rows()
}

fn contradictions(train: &Frame, features: &[usize], target: usize) -> Option<Finding> {
    if features.is_empty() {
        return None;
    }
    let rows = (0..train.n_rows()).map(|row| (train.key(row, features), hash_of(train.cell(row, target))));
    let n = n_contradicted(rows);
    (n as f64 >= NOTABLE * train.n_rows() as f64 && n > 0).then(|| {
        warn(
            "contradictory_targets",
            format!("What is to be learned contradicts itself: {n} of {} training rows have the same features as another row, but another target.", train.n_rows()),
            "Check how the labels were made; if both are right, a feature is missing and no model can do better.",
        )
    })
}

/// Test rows that agree with a training row but for spaces, upper and lower case, and the digits of numbers
/// beyond the third. Numbers are rounded in two ways, so that none lies at the border of both.
fn near(train: &Frame, test: &Frame, features: &[usize]) -> Option<Finding> {
    let shared: Vec<(usize, usize)> =
        features.iter().filter_map(|column| Some((*column, test.position(&train.names[*column])?))).collect();
    let is_number = |column: &usize| {
        train.cells(*column).all(|cell| {
            cell.is_empty() || number(cell).is_some_and(|n| n.fract() != 0.0 || n.abs() >= 1000.0 || n == 0.0)
        })
    };
    let is_text = |column: &usize| {
        let n_letters: usize = train.cells(*column).map(str::len).sum();
        n_letters >= LONG_TEXT * train.n_rows()
    };
    let n_numbers = shared.iter().filter(|(column, _)| is_number(column)).count();
    if n_numbers < MIN_NUMBERS && !shared.iter().any(|(column, _)| is_text(column)) {
        return None;
    }
    let (of_train, of_test): (Vec<usize>, Vec<usize>) = shared.into_iter().unzip();
    let exact: HashSet<u128> = (0..train.n_rows()).map(|row| train.key(row, &of_train)).collect();
    let rounded: [HashSet<u128>; 2] =
        WAYS.map(|way| (0..train.n_rows()).map(|row| coarse(train, row, &of_train, way)).collect());
    let is_near = |row: &usize| {
        !exact.contains(&test.key(*row, &of_test))
            && WAYS
                .iter()
                .zip(&rounded)
                .any(|(way, rounded)| rounded.contains(&coarse(test, *row, &of_test, *way)))
    };
    let n = (0..test.n_rows()).filter(is_near).count();
    (n as f64 >= NOTABLE * test.n_rows() as f64 && n > 0).then(|| {
        warn(
            "row_nearly_overlaps",
            format!("Labels can nearly be looked up. {n} of {} test rows stand in the training file but for small changes (numbers agree in {DIGITS} digits, words but for capitals and spaces).", test.n_rows()),
            "Remove them from one of the files, or keep rows of one origin on one side.",
        )
    })
}

/// A row's cells as they look from afar.
fn coarse(frame: &Frame, row: usize, columns: &[usize], way: f64) -> u128 {
    frame.key_by(row, columns, |cell, seen| match number(cell) {
        Some(number) => seen.push_str(&step_of(number, way)),
        None => cell.split_whitespace().for_each(|word| {
            seen.extend(word.chars().flat_map(char::to_lowercase));
            seen.push(' ');
        }),
    })
}

/// The place of a number among steps as wide as its third digit, shifted by a part of a step.
fn step_of(number: f64, way: f64) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    let size = libm::log10(number.abs()).floor() as i32;
    let step = 10_f64.powi(size + 1 - DIGITS);
    format!("{}e{size}", (number / step + way).floor())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::Limits;

    fn frame(text: &str) -> Frame {
        Frame::read(&text.as_bytes().into(), &Limits::default()).expect("a table")
    }

    fn checks(train: &str, test: &str) -> Vec<String> {
        let known = ["id".to_owned(), "y".to_owned()];
        examine(&frame(train), &frame(test), &known).into_iter().map(|finding| finding.check).collect()
    }

    fn table(head: &str, row: impl Fn(usize) -> String) -> String {
        std::iter::once(head.to_owned()).chain((0..60).map(row)).collect::<Vec<String>>().join("\n") + "\n"
    }

    #[test]
    fn a_column_that_is_the_answer_is_named() {
        let train =
            table("id,a,b,y", |at| format!("{at},{},{},{}", at * 7 % 13, ["no", "yes"][at % 2], at % 2));
        assert_eq!(checks(&train, "id,a,b\n90,1,no\n"), ["column_is_answer"]);
        let doubled = table("id,a,y", |at| format!("{at},{},{}", at * 20, at * 10));
        assert_eq!(checks(&doubled, "id,a\n90,1\n"), ["column_is_answer"]);
    }

    #[test]
    fn equal_features_with_other_answers_are_counted() {
        let train = table("id,a,y", |at| format!("{at},{},{}", at / 2, at * 31 % 60));
        assert_eq!(checks(&train, "id,a\n90,500\n"), ["contradictory_targets"]);
    }

    #[test]
    fn nearly_the_same_row_is_noticed_and_another_is_not() {
        let value = |at: usize, step: f64| {
            format!("{:.4},{:.4},{:.4}", 1.5 + at as f64 + step, 2.25 + at as f64, 7.125 - at as f64)
        };
        let train = table("id,a,b,c,y", |at| format!("{at},{},{}", value(at, 0.0), at * 7 % 11));
        let near = format!("id,a,b,c\n90,{}\n91,99.1,98.3,97.7\n", value(20, 0.0004));
        assert_eq!(checks(&train, &near), ["row_nearly_overlaps"]);
        assert_eq!(checks(&train, "id,a,b,c\n91,99.1,98.3,97.7\n"), Vec::<String>::new());
    }
}
