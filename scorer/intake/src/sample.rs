//! A sample submission, and a submission held against it: columns, cells and ids. No label has a part in
//! it: anyone may ask for it, as often as they like.

use holdout_contract::rejection::{Rejection, RejectionKind};

use crate::columns::{Id, Table};
use crate::content::Content;
use crate::expected::{Expected, submission_plan};
use crate::index::IdIndex;
use crate::matching::match_ids;
use crate::plan::{CellRule, Plan, Wanted};
use crate::{Texts, cells};

/// A sample submission, prepared: columns, ids, and what each cell must be.
pub struct Sample {
    id_name: String,
    expected: Vec<Expected>,
    index: IdIndex,
    n_rows: usize,
}

impl Sample {
    /// Prepares a sample that was read by [`plan_of_sample`].
    ///
    /// # Errors
    /// What is wrong with the sample itself.
    pub fn new(plan: &Plan, table: Table) -> Result<Self, Rejection> {
        let n_rows = table.n_rows;
        let index = IdIndex::new(table.ids, (0..n_rows as u32).collect()).map_err(|twice| {
            Rejection::new(
                RejectionKind::DuplicateIds,
                format!("The sample submission names an id a second time in row {}.", twice.second + 1),
            )
        })?;
        let id_name = plan.id.map_or_else(String::new, |id| plan.header[id].clone());
        let expected = plan
            .columns
            .iter()
            .map(|wanted| Expected { name: wanted.name.clone(), rule: wanted.rule.clone() });
        Ok(Self { id_name, expected: expected.collect(), index, n_rows })
    }

    /// Which columns a submission with this header has.
    ///
    /// # Errors
    /// The sentence for the participant.
    pub fn plan(&self, header: &[String]) -> Result<Plan, Rejection> {
        submission_plan(header, &self.id_name, &self.expected, false)
    }

    /// Holds the ids of a submission, read by [`Sample::plan`], against the sample's; returns the number
    /// of rows.
    ///
    /// # Errors
    /// The sentence for the participant.
    pub fn match_rows(&self, table: &Table, submission: &Content<'_>) -> Result<u64, Rejection> {
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

/// How to read a sample: its ids, and every other column by its rule. `rules` are one a column of the
/// header.
pub fn plan_of_sample(header: &[String], id: usize, rules: &[CellRule]) -> Plan {
    let wanted =
        |(at, name): (usize, &String)| Wanted { name: name.clone(), field: at, rule: rules[at].clone() };
    let columns = header.iter().enumerate().filter(|(at, _)| *at != id).map(wanted).collect();
    Plan::new(header, Some(id), columns)
}

/// Rules for a sample of which nothing is known but its cells: numbers where every cell is a number.
pub fn guessed_rules<'a>(columns: impl IntoIterator<Item = &'a Texts>) -> Vec<CellRule> {
    let rule = |texts: &Texts| {
        let is_number = |text: &str| cells::number(text.as_bytes(), &CellRule::Number).is_ok();
        if texts.iter().all(is_number) { CellRule::Number } else { CellRule::Text }
    };
    columns.into_iter().map(rule).collect()
}
