//! Matches a submission's rows with the solution's by id: the only door to a metric.
//!
//! After it, every row of the solution has exactly one finite prediction, in the solution's order;
//! ids, files and the order of the submission are gone. A file without fault is placed while it is read
//! ([`crate::placing`]); only one with a fault is read as a whole, so that the fault can be named.

use std::ops::Range;

use holdout_contract::rejection::Rejection;
use holdout_contract::spec::Layout;

use crate::intake::expected::submission_plan;
use crate::intake::matching::match_ids;
use crate::intake::{self, Content, Limits, Plan, Texts};
use crate::metrics::{Values, compose};
use crate::placing::Placing;
use crate::solution::{Solution, Truth};

/// Predictions in slot order.
pub struct Aligned {
    pub(crate) predictions: Vec<Predicted>,
    /// Classes of the solution and of this submission together.
    pub(crate) n_classes: usize,
    /// Things worth telling the participant that are no fault.
    pub notices: Vec<String>,
}

impl Aligned {
    /// The predictions of some slots, column by column.
    pub(crate) fn values(&self, slots: Range<usize>) -> Vec<Values<'_>> {
        self.predictions.iter().map(|predicted| predicted.values(slots.clone())).collect()
    }

    /// Memory that it holds.
    pub(crate) fn n_bytes(&self) -> usize {
        self.predictions.iter().map(Predicted::n_bytes).sum()
    }
}

/// A column of predictions in the order of the solution's slots: public rows first, then private ones.
pub(crate) enum Predicted {
    Numbers(Vec<f64>),
    Codes(Vec<u32>),
    Texts(Texts),
}

impl Predicted {
    fn n_bytes(&self) -> usize {
        match self {
            Self::Numbers(numbers) => size_of_val(numbers.as_slice()),
            Self::Codes(codes) => size_of_val(codes.as_slice()),
            Self::Texts(texts) => size_of_val(texts.places()) + texts.n_bytes(),
        }
    }

    pub(crate) fn values(&self, range: Range<usize>) -> Values<'_> {
        match self {
            Self::Numbers(numbers) => Values::Numbers(&numbers[range]),
            Self::Codes(codes) => Values::Codes(&codes[range]),
            Self::Texts(texts) => Values::Texts { texts, places: &texts.places()[range] },
        }
    }
}

/// Reads a submission and puts its predictions into the solution's order.
///
/// # Errors
/// The file's first fault: header, cells, then ids.
pub fn align(solution: &Solution, content: &Content, limits: &Limits) -> Result<Aligned, Rejection> {
    let aligned = match placed_while_read(solution, content, limits)? {
        Some(aligned) => aligned,
        None => placed_once_read(solution, content, limits)?,
    };
    let slots = || slots_of_rows(solution, content, limits);
    solution.refuse_misfits(&aligned, content, solution.n_rows(), slots)?;
    Ok(aligned)
}

fn plan(solution: &Solution, header: &[String]) -> Result<Plan, Rejection> {
    let are_classes = solution.layout == Layout::ClassColumns;
    submission_plan(header, &solution.id_name, &solution.expected, are_classes)
}

/// The quick way, for files that are plain and without fault.
fn placed_while_read(
    solution: &Solution,
    content: &Content,
    limits: &Limits,
) -> Result<Option<Aligned>, Rejection> {
    let placing = Placing::of(solution);
    let readers = intake::stream(
        content,
        limits,
        |header| plan(solution, header),
        |number, n_readers| placing.reader(number, n_readers),
        |reader, rows| placing.take(reader, rows),
    )?;
    Ok(readers.and_then(|readers| placing.finish(readers)))
}

fn placed_once_read(solution: &Solution, content: &Content, limits: &Limits) -> Result<Aligned, Rejection> {
    let mut table = intake::read(content, limits, |header| plan(solution, header))?;
    let placing = Placing::of(solution);
    let mut reader = placing.reader(0, 1);
    let taken = placing.take(&mut reader, &mut table);
    if let Some(aligned) = taken.and_then(|()| placing.finish(vec![reader])) {
        return Ok(aligned);
    }
    let mismatch = match_ids(&solution.index, solution.n_rows(), &table.ids).err();
    let mismatch = mismatch.expect("rows that are there once each have been placed");
    Err(mismatch.rejection(&solution.index, &table.ids, content, &solution.id_name))
}

/// The slot of every row of a file that was placed already.
fn slots_of_rows(solution: &Solution, content: &Content, limits: &Limits) -> Result<Vec<u32>, Rejection> {
    let table = intake::read(content, limits, |header| {
        Ok(Plan::new(header, header.iter().position(|name| *name == solution.id_name), Vec::new()))
    })?;
    match_ids(&solution.index, solution.n_rows(), &table.ids)
        .map_err(|mismatch| mismatch.rejection(&solution.index, &table.ids, content, &solution.id_name))
}

impl Solution {
    /// The truth as predictions: what a perfect submission would hold. `None` where a metric has no
    /// perfect submission.
    pub fn perfect(&self) -> Option<Aligned> {
        let predictions = match &self.layout {
            Layout::ClassColumns => self.perfect_classes()?,
            Layout::Named { .. } => self.perfect_named()?,
            Layout::Target { .. } | Layout::TargetColumns { .. } => {
                self.truths.iter().map(|truth| self.same(truth)).collect()
            }
        };
        Some(Aligned { predictions, n_classes: self.classes.names.len(), notices: Vec::new() })
    }

    fn same(&self, truth: &Truth) -> Predicted {
        match truth {
            Truth::Numbers(numbers) => Predicted::Numbers(numbers.clone()),
            Truth::Codes(codes) => Predicted::Codes(codes.clone()),
            Truth::Texts(texts) => Predicted::Texts(texts.clone()),
        }
    }

    fn perfect_classes(&self) -> Option<Vec<Predicted>> {
        let Some(Truth::Codes(codes)) = self.truths.first() else { return None };
        let column = |class: u32| codes.iter().map(|code| f64::from(u8::from(*code == class))).collect();
        Some((0..self.classes.names.len() as u32).map(|class| Predicted::Numbers(column(class))).collect())
    }

    fn perfect_named(&self) -> Option<Vec<Predicted>> {
        if compose::has_same_columns(&self.judge.params) {
            return Some(self.truths.iter().map(|truth| self.same(truth)).collect());
        }
        if let (Some(Truth::Texts(_)), 1) = (self.truths.first(), self.expected.len()) {
            return Some(vec![self.perfect_texts(&self.truths[0])]);
        }
        if let [truth @ Truth::Codes(codes)] = self.truths.as_slice() {
            // A label and, beside it, how sure one is.
            let sure = (1..self.expected.len()).map(|_| Predicted::Numbers(vec![1.0; codes.len()]));
            return Some(std::iter::once(self.same(truth)).chain(sure).collect());
        }
        let truths: Option<Vec<&[f64]>> = self
            .truths
            .iter()
            .map(|truth| match truth {
                Truth::Numbers(numbers) => Some(numbers.as_slice()),
                Truth::Codes(_) | Truth::Texts(_) => None,
            })
            .collect();
        let columns = compose::perfect(self.judge.metric, &self.judge.params, &truths?)?;
        Some(columns.into_iter().map(Predicted::Numbers).collect())
    }

    fn perfect_texts(&self, truth: &Truth) -> Predicted {
        let mut perfect = self.same(truth);
        if let Predicted::Texts(texts) = &mut perfect {
            let mut written = Texts::default();
            texts.iter().for_each(|text| written.push(&self.judge.perfect_text(text)));
            *texts = written;
        }
        perfect
    }
}
