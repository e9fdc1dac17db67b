//! A sample submission, and a submission held against it: columns, cells and ids. No label has a part in
//! it: anyone may ask for it, as often as they like.

use holdout_contract::format::SubmissionFormat;
use holdout_contract::rejection::{Rejection, RejectionKind};

use crate::cells;
use crate::columns::{Id, Table};
use crate::content::Content;
use crate::expected::{Expected, submission_plan};
use crate::index::IdIndex;
use crate::matching::match_ids;
use crate::plan::{CellRule, Plan, Wanted};
use crate::texts::Texts;

/// What is known of a sample's columns before its rows are read.
pub struct Columns {
    /// The place of the ids.
    pub id: usize,
    /// One a column.
    pub rules: Vec<CellRule>,
    /// Whether every column beside the id stands for a class.
    pub are_classes: bool,
}

impl Columns {
    /// The columns of a sample with this header, by the competition's format.
    pub fn by_format(format: &SubmissionFormat, header: &[String]) -> Self {
        let known = |name: &String| format.columns.iter().find(|column| column.name == *name);
        let rule = |name| known(name).map_or(CellRule::Text, |column| column.rule.clone());
        Self {
            id: header.iter().position(|name| *name == format.id_column).unwrap_or(0),
            rules: header.iter().map(rule).collect(),
            are_classes: format.are_classes,
        }
    }

    /// The columns of a sample of which nothing is known but its cells, ids first: numbers where every
    /// cell is a number.
    pub fn guessed<'a>(columns: impl IntoIterator<Item = &'a Texts>) -> Self {
        let rule = |texts: &Texts| {
            let is_number = |text: &str| cells::number(text.as_bytes(), &CellRule::Number).is_ok();
            if texts.iter().all(is_number) { CellRule::Number } else { CellRule::Text }
        };
        Self { id: 0, rules: columns.into_iter().map(rule).collect(), are_classes: false }
    }

    /// How to read the sample.
    pub fn plan(&self, header: &[String]) -> Plan {
        let wanted = |(at, name): (usize, &String)| Wanted {
            name: name.clone(),
            field: at,
            rule: self.rules[at].clone(),
        };
        let columns = header.iter().enumerate().filter(|(at, _)| *at != self.id).map(wanted).collect();
        Plan::new(header, Some(self.id), columns)
    }
}

/// A sample submission, prepared: columns, ids, and what each cell must be.
pub struct Sample {
    id_name: String,
    expected: Vec<Expected>,
    are_classes: bool,
    index: IdIndex,
    n_rows: usize,
}

impl Sample {
    /// Prepares a sample that was read by [`Columns::plan`].
    ///
    /// # Errors
    /// What is wrong with the sample itself.
    pub fn new(header: &[String], columns: Columns, table: Table) -> Result<Self, Rejection> {
        let n_rows = table.n_rows;
        let index = IdIndex::new(table.ids, (0..n_rows as u32).collect()).map_err(|twice| {
            Rejection::new(
                RejectionKind::DuplicateIds,
                format!("The sample submission names an id a second time in row {}.", twice.second + 1),
            )
        })?;
        let Columns { id, rules, are_classes } = columns;
        let named = header.iter().cloned().zip(rules).enumerate().filter(|(at, _)| *at != id);
        let expected = named.map(|(_, (name, rule))| Expected { name, rule }).collect();
        Ok(Self { id_name: header[id].clone(), expected, are_classes, index, n_rows })
    }

    /// Which columns a submission with this header has.
    ///
    /// # Errors
    /// The sentence for the participant.
    pub fn plan(&self, header: &[String]) -> Result<Plan, Rejection> {
        submission_plan(header, &self.id_name, &self.expected, self.are_classes)
    }

    /// Holds the ids of a submission, read by [`Sample::plan`], against the sample's; returns the number
    /// of rows.
    ///
    /// # Errors
    /// The sentence for the participant.
    pub fn match_rows(&self, table: &Table, submission: &Content) -> Result<u64, Rejection> {
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
    pub fn contains(&self, id: Id<'_>) -> bool {
        self.index.slot(id).is_some()
    }
}
