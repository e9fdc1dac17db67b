//! Matches a submission's rows with the solution's by id: the only door to a metric.
//!
//! After it, every row of the solution has exactly one finite prediction, in the solution's order;
//! ids, files and the order of the submission are gone.

use std::ops::Range;

use holdout_contract::rejection::Rejection;
use holdout_contract::spec::{Layout, Task};

use crate::intake::expected::submission_plan;
use crate::intake::matching::match_ids;
use crate::intake::{self, Column, Content, Limits, Table, Texts};
use crate::metrics::{Values, compose};
use crate::parallel;
use crate::solution::{Solution, Split, Truth};

/// Predictions in slot order.
pub struct Aligned {
    pub(crate) predictions: Vec<Predicted>,
    /// Classes of the solution and of this submission together.
    pub(crate) n_classes: usize,
    /// Things worth telling the participant that are no fault.
    pub notices: Vec<String>,
}

pub(crate) enum Predicted {
    Numbers(Vec<f64>),
    Codes(Vec<u32>),
    Texts { texts: Texts, rows: Vec<u32> },
}

impl Predicted {
    pub(crate) fn values(&self, range: Range<usize>) -> Values<'_> {
        match self {
            Self::Numbers(numbers) => Values::Numbers(&numbers[range]),
            Self::Codes(codes) => Values::Codes(&codes[range]),
            Self::Texts { texts, rows } => Values::Texts { texts, rows: &rows[range] },
        }
    }
}

/// Reads a submission and puts its predictions into the solution's order.
///
/// # Errors
/// The file's first fault: header, cells, then ids.
pub fn align(solution: &Solution, content: &Content<'_>, limits: &Limits) -> Result<Aligned, Rejection> {
    let are_classes = solution.layout == Layout::ClassColumns;
    let table = intake::read(content, limits, |header| {
        submission_plan(header, &solution.id_name, &solution.expected, are_classes)
    })?;
    let Table { ids, columns, .. } = table;
    let slots = match_ids(&solution.index, solution.n_rows(), &ids)
        .map_err(|mismatch| mismatch.rejection(&solution.index, &ids, content, &solution.id_name))?;
    drop(ids);
    let mut aligned = Aligned {
        predictions: Vec::with_capacity(columns.len()),
        n_classes: solution.classes.names.len(),
        notices: Vec::new(),
    };
    for column in columns {
        let predicted = place(solution, column, &slots, &mut aligned);
        aligned.predictions.push(predicted);
    }
    solution.refuse_misfits(&aligned, &slots, content)?;
    Ok(aligned)
}

fn place(solution: &Solution, column: Column, slots: &[u32], aligned: &mut Aligned) -> Predicted {
    match column {
        Column::Numbers(numbers) => Predicted::Numbers(scatter(&numbers, slots)),
        Column::Texts(texts) => {
            let rows: Vec<u32> = (0..slots.len() as u32).collect();
            let texts = gather(&texts, &scatter(&rows, slots));
            Predicted::Texts { texts, rows }
        }
        Column::Labels(mut labels) => {
            let mut next = solution.classes.names.len() as u32;
            let mut unknown: Vec<&str> = Vec::new();
            let mapped: Vec<u32> = labels
                .names
                .iter()
                .map(|name| {
                    solution.classes.find(name).unwrap_or_else(|| {
                        unknown.push(name);
                        next += 1;
                        next - 1
                    })
                })
                .collect();
            if solution.judge.metric.about().task != Task::Clustering {
                aligned.notices.extend(unknown_labels(&unknown));
            }
            aligned.n_classes = next as usize;
            labels.codes.iter_mut().for_each(|code| *code = mapped[*code as usize]);
            Predicted::Codes(scatter(&labels.codes, slots))
        }
    }
}

fn unknown_labels(unknown: &[&str]) -> Option<String> {
    let first: Vec<&str> = unknown.iter().take(Rejection::MAX_EXAMPLES).copied().collect();
    (!unknown.is_empty()).then(|| {
        format!(
            "{} predicted {} no label of this competition and counted as wrong: {}.",
            unknown.len(),
            if unknown.len() == 1 { "class is" } else { "classes are" },
            first.join(", ")
        )
    })
}

fn scatter<T: Copy + Default + Send + Sync>(values: &[T], slots: &[u32]) -> Vec<T> {
    let mut placed = parallel::filled(T::default(), values.len());
    parallel::fill(&mut placed, |range, part| {
        let first = range.start as u32;
        for (value, slot) in values.iter().zip(slots) {
            if let Some(place) = part.get_mut(slot.wrapping_sub(first) as usize) {
                *place = *value;
            }
        }
    });
    placed
}

/// The texts of these rows, one after the other, so that a metric reads them from front to back.
fn gather(texts: &Texts, rows: &[u32]) -> Texts {
    let mut places = vec![(); rows.len()];
    let parts = parallel::fill(&mut places, |range, _| {
        rows[range].iter().map(|row| texts.get(*row as usize)).collect::<Texts>()
    });
    let mut parts = parts.into_iter();
    let mut gathered = parts.next().unwrap_or_default();
    parts.for_each(|part| gathered.append(&part));
    gathered
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
            Truth::Texts(texts) => Predicted::Texts { texts: texts.clone(), rows: self.row_numbers.clone() },
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
        if let Predicted::Texts { texts, .. } = &mut perfect {
            let mut written = Texts::default();
            texts.iter().for_each(|text| written.push(&self.judge.perfect_text(text)));
            *texts = written;
        }
        perfect
    }

    /// A split's rows for a metric.
    pub(crate) fn row_numbers(&self, split: Split) -> &[u32] {
        &self.row_numbers[self.range(split)]
    }
}
