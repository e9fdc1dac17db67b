//! What a host's metric seems to judge: told from the solution's cells, from the sample submission, and, for
//! 0 and 1, from what the metric makes of a half.

use std::collections::{BTreeMap, BTreeSet};

use super::tables::{Aligned, Solution};
use crate::audit::ask::Declared;
use crate::audit::case::Family;
use crate::audit::prepare::{distinct, scale};
use crate::examine::number;

/// More classes than these are not judged.
const MAX_CLASSES: usize = 50;

/// How truths and reports are written for a module.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    pub family: Family,
    /// The solution's columns that are predicted.
    pub targets: Vec<String>,
    /// The submission's columns that predict it.
    pub predictions: Vec<String>,
    /// The value of every row that counts, column by column: a number, or a label's code.
    pub truth: Vec<f64>,
    /// The values that labels may have, in ascending order; empty for numbers.
    pub classes: Vec<f64>,
    /// The cells that codes stand for.
    pub labels: Option<Vec<String>>,
    pub reports_are_labels: bool,
    /// Columns of the solution beside the target.
    pub others: Vec<String>,
}

impl Shape {
    /// # Errors
    /// Why a metric of these tables is not judged.
    pub fn of(solution: &Solution, sample: &Aligned, declared: Option<Declared>) -> Result<Self, String> {
        let names = solution.names();
        let predictions = sample.names().to_vec();
        if let Some(shape) = of_columns(solution, &predictions, declared) {
            return Ok(shape);
        }
        let target = target(solution, &predictions)?;
        let cells = solution.cells(&target).unwrap_or_default();
        let others = names.iter().filter(|name| **name != target).cloned().collect();
        let read = if predictions.len() > 1 {
            of_class_columns(&cells, &predictions)
        } else {
            of_cells(&cells, declared)?
        };
        let (family, truth, classes, labels) = read;
        let reports_are_labels = matches!(family, Family::Yes | Family::Class) && labels.is_some();
        Ok(Self {
            family,
            targets: vec![target],
            predictions,
            truth,
            classes,
            labels,
            reports_are_labels,
            others,
        })
    }

    /// Metrics of the catalogue that read the same cells and order teams otherwise than each other; none where they would not
    /// find the column.
    pub fn siblings(&self) -> &'static [&'static str] {
        match (self.targets.as_slice(), self.predictions.as_slice(), self.family) {
            (_, _, Family::ClassProbabilities) => {
                &["multiclass_log_loss", "accuracy_argmax", "auc_ovr_macro"]
            }
            ([target], [prediction], family) if target == prediction => match family {
                Family::Number | Family::Rating => &["rmse", "mae", "spearman"],
                Family::Probability => &["log_loss", "roc_auc", "brier"],
                Family::Yes | Family::Class => &["accuracy", "balanced_accuracy", "f1_macro"],
                Family::ClassProbabilities | Family::Distribution => &[],
            },
            _ => &[],
        }
    }

    pub fn n_rows(&self) -> usize {
        self.truth.len() / self.targets.len()
    }

    /// The truths of some rows, column by column.
    pub fn truths_of(&self, rows: &[u32]) -> Vec<f64> {
        let columns = self.truth.chunks(self.n_rows().max(1));
        columns.flat_map(|column| rows.iter().map(move |row| column[*row as usize])).collect()
    }
}

/// Several columns of numbers that the solution has by the same names.
fn of_columns(solution: &Solution, predictions: &[String], declared: Option<Declared>) -> Option<Shape> {
    if predictions.len() < 2 {
        return None;
    }
    let numbers = |name: &String| -> Option<Vec<f64>> {
        solution.cells(name)?.iter().map(|cell| number(cell)).collect()
    };
    let columns: Vec<Vec<f64>> = predictions.iter().map(numbers).collect::<Option<_>>()?;
    let truth = columns.concat();
    let is_binary = truth.iter().all(|truth| *truth == 0.0 || *truth == 1.0);
    let family = match declared {
        _ if !is_binary => Family::Number,
        Some(Declared::Labels) => Family::Yes,
        _ => Family::Probability,
    };
    Some(Shape {
        family,
        targets: predictions.to_vec(),
        predictions: predictions.to_vec(),
        truth,
        classes: if is_binary { vec![0.0, 1.0] } else { Vec::new() },
        labels: None,
        reports_are_labels: false,
        others: solution.names().iter().filter(|name| !predictions.contains(name)).cloned().collect(),
    })
}

/// The column of texts that one column of a submission is about; `None` where it holds numbers or a few classes.
pub fn texts(solution: &Solution, sample: &Aligned) -> Option<String> {
    let [_] = sample.names() else { return None };
    let target = target(solution, sample.names()).ok()?;
    let cells = solution.cells(&target)?;
    let is_text = of_cells(&cells, None).is_err_and(|_| cells.iter().collect::<BTreeSet<_>>().len() > 1);
    is_text.then_some(target)
}

/// The column of the solution that the predictions are about.
fn target(solution: &Solution, predictions: &[String]) -> Result<String, String> {
    let names = solution.names();
    match predictions {
        [] => Err("The sample submission has no column beside the id.".to_owned()),
        [one] if names.contains(one) => Ok(one.clone()),
        [_] => match names {
            [only] => Ok(only.clone()),
            _ => Err("Which column of the solution the prediction is about cannot be told: they have different names.".to_owned()),
        },
        several => {
            let asked: BTreeSet<&str> = several.iter().map(String::as_str).collect();
            let holds_them = |name: &&String| {
                let cells = solution.cells(name).unwrap_or_default();
                cells.into_iter().collect::<BTreeSet<&str>>().is_subset(&asked)
            };
            names.iter().find(holds_them).cloned().ok_or_else(|| {
                "It reads several columns of a submission that are neither the solution's own columns of numbers nor a probability for every class.".to_owned()
            })
        }
    }
}

type Read = (Family, Vec<f64>, Vec<f64>, Option<Vec<String>>);

fn of_class_columns(cells: &[&str], predictions: &[String]) -> Read {
    let code_of: BTreeMap<&str, f64> =
        predictions.iter().enumerate().map(|(code, name)| (name.as_str(), code as f64)).collect();
    let truth = cells.iter().map(|cell| code_of.get(cell).copied().unwrap_or(0.0)).collect();
    let classes = (0..predictions.len()).map(|code| code as f64).collect();
    (Family::ClassProbabilities, truth, classes, Some(predictions.to_vec()))
}

fn of_cells(cells: &[&str], declared: Option<Declared>) -> Result<Read, String> {
    if let Some(numbers) = cells.iter().map(|cell| number(cell)).collect::<Option<Vec<f64>>>() {
        let classes = scale(&numbers);
        let family = match classes.len() {
            _ if declared.as_ref().is_some_and(Declared::is_functional) => Family::Number,
            2 if classes == [0.0, 1.0] && declared == Some(Declared::Labels) => Family::Yes,
            2 if classes == [0.0, 1.0] => Family::Probability,
            0 => Family::Number,
            _ => Family::Rating,
        };
        let classes = if family == Family::Number { Vec::new() } else { distinct(&numbers) };
        return Ok((family, numbers, classes, None));
    }
    let names: BTreeSet<&str> = cells.iter().copied().collect();
    if names.len() > MAX_CLASSES || names.len() * 5 > cells.len() {
        return Err("It judges texts, for which no honest forecaster can be made up.".to_owned());
    }
    if names.len() < 2 {
        return Err("The solution's column holds the same text everywhere.".to_owned());
    }
    let code_of: BTreeMap<&str, f64> =
        names.iter().enumerate().map(|(code, name)| (*name, code as f64)).collect();
    let truth = cells.iter().map(|cell| code_of[cell]).collect();
    let family = if names.len() == 2 { Family::Yes } else { Family::Class };
    let classes = (0..names.len()).map(|code| code as f64).collect();
    Ok((family, truth, classes, Some(names.into_iter().map(str::to_owned).collect())))
}
