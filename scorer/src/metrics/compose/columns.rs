//! One metric on several target columns: the mean of the columns' values, uniform or by stated
//! weights.

use holdout_contract::spec::Layout;

use crate::kernels::tamed;
use crate::metrics::{Files, Metric, Params, PartScores, Rows, Undefined};

/// Names in a list separated by commas.
fn names(params: &Params) -> Vec<&str> {
    params.text("columns").map_or_else(Vec::new, split)
}

fn split(list: &str) -> Vec<&str> {
    list.split(',').map(str::trim).collect()
}

/// Checks names and weights against each other.
pub(super) fn check(params: &Params) -> Result<(), String> {
    let names = names(params);
    if names.iter().any(|name| name.is_empty()) {
        return Err(
            "The parameter “columns” has a name that is empty; separate names by single commas.".into()
        );
    }
    if let Some(twice) = names.iter().enumerate().find(|(at, name)| names[..*at].contains(name)) {
        return Err(format!("The parameter “columns” names “{}” twice.", twice.1));
    }
    let Some(list) = params.text("column_weights") else { return Ok(()) };
    let weights: Option<Vec<f64>> = split(list).iter().map(|weight| weight.parse().ok()).collect();
    let weights = weights
        .filter(|weights| weights.iter().all(|weight| weight.is_finite() && *weight >= 0.0))
        .ok_or("The parameter “column_weights” must be numbers of 0 or more, separated by commas.")?;
    if weights.len() != names.len() {
        return Err(format!(
            "The parameter “column_weights” has {} weights for {} columns; name the columns in “columns”, in the \
             same order.",
            weights.len(),
            names.len()
        ));
    }
    if weights.iter().all(|weight| *weight == 0.0) {
        return Err("The parameter “column_weights” gives no column any weight.".into());
    }
    Ok(())
}

/// The layout of a metric of one target column, widened to the named columns.
pub(super) fn layout(one: Layout, params: &Params) -> Layout {
    let names = names(params);
    let Layout::Target { solution, submission } = one else { return one };
    if names.is_empty() {
        return Layout::Target { solution, submission };
    }
    let side = |cell| names.iter().map(|name| ((*name).to_owned(), cell)).collect();
    Layout::Named { solution: side(solution), submission: side(submission) }
}

fn weights(params: &Params) -> Vec<f64> {
    match params.text("column_weights") {
        Some(list) => tamed(split(list).iter().map(|weight| weight.parse().unwrap_or(0.0)).collect()),
        None => vec![1.0; names(params).len()],
    }
}

/// Every named column that counts, with its share of the whole.
pub(super) fn shares(params: &Params) -> Vec<(usize, f64)> {
    let weights = weights(params);
    let total: f64 = weights.iter().sum();
    let counted = weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0);
    counted.map(|(at, weight)| (at, weight / total)).collect()
}

pub(super) fn score(metric: &dyn Metric, params: &Params, rows: &Rows<'_>) -> Result<f64, Undefined> {
    if names(params).is_empty() {
        return metric.score(rows, params);
    }
    mean(params, |at| metric.score(&of_column(rows, at), params))
}

/// As [`score`], of several files and of parts of their rows.
pub(super) fn score_files(metric: &dyn Metric, files: &Files<'_>) -> Vec<PartScores> {
    let names = names(files.params);
    if names.is_empty() {
        return of_one_column(metric, files);
    }
    let weights = weights(files.params);
    let scores = |at: usize| {
        if weights[at] == 0.0 {
            return Vec::new();
        }
        let rows: Vec<Rows<'_>> = files.rows.iter().map(|rows| of_column(rows, at)).collect();
        of_one_column(metric, &Files { rows: &rows, ..*files })
    };
    let scores: Vec<Vec<PartScores>> = (0..names.len()).map(scores).collect();
    let of_part = |file: usize, part: usize| mean(files.params, |column| scores[column][file][part].clone());
    let of_file = |file: usize| (0..files.parts.len()).map(|part| of_part(file, part)).collect();
    (0..files.rows.len()).map(of_file).collect()
}

fn of_one_column(metric: &dyn Metric, files: &Files<'_>) -> Vec<PartScores> {
    match metric.together() {
        Some(metric) => metric.score_files(files),
        None => files.rows.iter().map(|rows| metric.score_parts(rows, files.parts, files.params)).collect(),
    }
}

fn of_column<'a>(rows: &Rows<'a>, at: usize) -> Rows<'a> {
    Rows {
        truths: &rows.truths[at..=at],
        predictions: &rows.predictions[at..=at],
        column_classes: rows.column_classes.get(at..=at).unwrap_or_default(),
        ..*rows
    }
}

/// The mean of the scores of all columns that count.
fn mean(params: &Params, of_column: impl Fn(usize) -> Result<f64, Undefined>) -> Result<f64, Undefined> {
    let (names, weights) = (names(params), weights(params));
    let (mut total, mut weight) = (0.0, 0.0);
    for at in (0..names.len()).filter(|at| weights[*at] > 0.0) {
        let score = of_column(at)
            .map_err(|why| Undefined::because(format!("On the column “{}”: {why}", names[at])))?;
        total += weights[at] * score;
        weight += weights[at];
    }
    Ok(total / weight)
}
