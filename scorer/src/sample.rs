//! Checks a file against the sample submission. Reads no label: anyone may ask for it, as often as
//! they like.

use holdout_contract::rejection::Rejection;

use crate::align::match_ids;
use crate::columns::submission_plan;
use crate::index::IdIndex;
use crate::intake::{self, CellRule, Content, Limits, Plan, Wanted};
use crate::judge::Judge;
use crate::solution::{Expected, Solution};

/// A sample submission, prepared: columns, ids, and what each cell must be.
pub struct Sample {
    id_name: String,
    expected: Vec<Expected>,
    index: IdIndex,
    n_rows: usize,
}

impl Sample {
    /// Reads a sample submission. With a metric, its cells' rules apply (probabilities, whole numbers);
    /// without, a column of numbers must hold numbers and any other column text.
    ///
    /// # Errors
    /// What is wrong with the sample itself.
    pub fn prepare(content: &Content<'_>, judge: Option<&Judge>, limits: &Limits) -> Result<Self, Rejection> {
        let header = intake::read_header(content, limits)?;
        let id = sample_id(&header, judge);
        let rules: Vec<CellRule> = match judge {
            Some(judge) => header.iter().map(|name| Solution::submission_rule(judge, name)).collect(),
            None => guessed_rules(content, limits)?,
        };
        let expected: Vec<Expected> = (0..header.len())
            .filter(|at| *at != id)
            .map(|at| Expected { name: header[at].clone(), rule: rules[at].clone() })
            .collect();
        let table = intake::read(content, limits, |header| {
            let wanted = |(at, name): (usize, &String)| Wanted {
                name: name.clone(),
                field: at,
                rule: rules[at].clone(),
            };
            let columns = header.iter().enumerate().filter(|(at, _)| *at != id).map(wanted).collect();
            Ok(Plan::new(header, Some(id), columns))
        })?;
        let n_rows = table.n_rows;
        let index = IdIndex::new(table.ids, (0..n_rows as u32).collect()).map_err(|twice| {
            Rejection::new(
                holdout_contract::rejection::RejectionKind::DuplicateIds,
                format!("The sample submission names an id a second time in row {}.", twice.second + 1),
            )
        })?;
        Ok(Self { id_name: header[id].clone(), expected, index, n_rows })
    }

    /// Checks header, cells and ids of a submission; returns the number of rows.
    ///
    /// # Errors
    /// The sentence for the participant.
    pub fn check(&self, submission: &Content<'_>, limits: &Limits) -> Result<u64, Rejection> {
        let table = intake::read(submission, limits, |header| {
            submission_plan(header, &self.id_name, &self.expected, false)
        })?;
        match_ids(&self.index, self.n_rows, &table.ids)
            .map_err(|mismatch| mismatch.rejection(&self.index, &table.ids, submission, &self.id_name))?;
        Ok(table.n_rows as u64)
    }

    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    pub fn id_name(&self) -> &str {
        &self.id_name
    }

    /// The columns beside the id.
    pub fn columns(&self) -> &[Expected] {
        &self.expected
    }

    /// Whether the sample has a row of this id.
    pub fn contains(&self, id: crate::intake::columns::Id<'_>) -> bool {
        self.index.slot(id).is_some()
    }
}

/// Checks a submission against a sample submission; reads no label.
///
/// # Errors
/// The sentence for the participant (or for the host, when the sample itself is wrong).
pub fn check_against_sample(
    sample: &Content<'_>,
    submission: &Content<'_>,
    judge: Option<&Judge>,
    limits: &Limits,
) -> Result<u64, Rejection> {
    Sample::prepare(sample, judge, limits)?.check(submission, limits)
}

fn sample_id(header: &[String], judge: Option<&Judge>) -> usize {
    let named = judge.and_then(|judge| judge.context.text("id_column"));
    named.and_then(|name| header.iter().position(|column| column == name)).unwrap_or(0)
}

/// Numbers where every cell of the sample is a number.
fn guessed_rules(content: &Content<'_>, limits: &Limits) -> Result<Vec<CellRule>, Rejection> {
    let (_, columns) = intake::read_texts(content, limits)?;
    let rule = |texts: &intake::Texts| {
        let is_number = |text: &str| intake::cells::number(text.as_bytes(), &CellRule::Number).is_ok();
        if texts.iter().all(is_number) { CellRule::Number } else { CellRule::Text }
    };
    Ok(columns.iter().map(rule).collect())
}
