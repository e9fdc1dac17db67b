//! A host's metric sees tables, not columns of known meaning: the solution and a submission as text,
//! matched by id, written as CSV for one split at a time.
//!
//! Never here: a file. The tables lie in this process's memory and go through a pipe.

use std::sync::Arc;

use holdout_contract::rejection::{Rejection, RejectionKind};
use holdout_contract::spec::Params;

use crate::intake::expected::submission_plan;
use crate::intake::index::IdIndex;
use crate::intake::matching::match_ids;
use crate::intake::{self, CellRule, Column, Content, Expected, Labels, Limits, Plan, Texts, Wanted};
use crate::solution::{SlotOrder, Split, deciding, slot_order};
use crate::split::{self, SplitRule, Usage};

/// Up to this many distinct values in the first column, the split is stratified by them.
const MAX_STRATA: usize = 50;

/// The hidden rows as their host wrote them.
pub struct Solution {
    id_name: String,
    /// In slot order.
    ids: Texts,
    index: IdIndex,
    /// Names beside the id, `Usage` left out.
    names: Vec<String>,
    /// In file order.
    columns: Vec<Texts>,
    order: SlotOrder,
    split_was_made: bool,
}

/// A submission in the solution's order.
pub struct Aligned {
    names: Vec<String>,
    /// In file order.
    columns: Vec<Texts>,
    /// Slot to row of the file.
    rows: Vec<u32>,
}

impl Aligned {
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    pub(crate) fn n_columns(&self) -> usize {
        self.columns.len()
    }

    pub(crate) fn text(&self, column: usize, slot: usize) -> &str {
        self.columns[column].get(self.rows[slot] as usize)
    }
}

/// The two tables of one split.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    pub solution: Vec<u8>,
    pub submission: Vec<u8>,
}

impl Solution {
    /// Reads and indexes a solution.
    ///
    /// # Errors
    /// `bad_solution`, with the sentence for the host.
    pub fn prepare(
        content: &Content,
        context: &Params,
        rule: &SplitRule,
        limits: &Limits,
    ) -> Result<Self, Rejection> {
        prepare(content, context, rule, limits).map_err(|rejection| Rejection {
            kind: RejectionKind::BadSolution,
            message: format!("The solution cannot be used. {}", rejection.message),
            ..rejection
        })
    }

    pub fn id_name(&self) -> &str {
        &self.id_name
    }

    pub fn names(&self) -> &[String] {
        &self.names
    }

    pub fn n_rows(&self) -> usize {
        self.order.row_of_slot.len()
    }

    pub fn n_public(&self) -> usize {
        self.order.n_public
    }

    pub fn n_private(&self) -> usize {
        self.order.n_private
    }

    /// The row of the file that each slot holds.
    pub(crate) fn row_numbers(&self) -> &[u32] {
        &self.order.row_of_slot
    }

    pub fn split_was_made(&self) -> bool {
        self.split_was_made
    }

    /// Finds the slot of an id.
    pub(crate) fn into_index(self) -> Arc<IdIndex> {
        Arc::new(self.index)
    }

    /// The cells of a column, public rows first, then private ones; none where there is no such column.
    pub(crate) fn cells(&self, name: &str) -> Option<Vec<&str>> {
        self.cells_of(name, Split::All)
    }

    /// The cells of a column on the rows of a split; none where there is no such column.
    pub(super) fn cells_of(&self, name: &str, split: Split) -> Option<Vec<&str>> {
        let column = &self.columns[self.names.iter().position(|known| known == name)?];
        Some(self.range(split).map(|slot| column.get(self.order.row_of_slot[slot] as usize)).collect())
    }

    pub(super) fn ids(&self, split: Split) -> Vec<&str> {
        self.range(split).map(|slot| self.ids.get(slot)).collect()
    }

    fn range(&self, split: Split) -> std::ops::Range<usize> {
        let (public, scored) = (self.order.n_public, self.order.n_public + self.order.n_private);
        match split {
            Split::Public => 0..public,
            Split::Private => deciding(public, scored - public),
            Split::All => 0..scored,
        }
    }

    /// Reads a submission and finds each row of the solution in it. With a sample submission's
    /// columns, it must have these; else any beside the id.
    ///
    /// # Errors
    /// The file's first fault: header, then ids.
    pub fn align(
        &self,
        submission: &Content,
        expected: Option<&[String]>,
        limits: &Limits,
    ) -> Result<Aligned, Rejection> {
        let mut names = Vec::new();
        let table = intake::read(submission, limits, |header| {
            let plan = self.submission_columns(header, expected)?;
            names = plan.columns.iter().map(|column| column.name.clone()).collect();
            Ok(plan)
        })?;
        let slots = match_ids(&self.index, self.n_rows(), &table.ids)
            .map_err(|mismatch| mismatch.rejection(&self.index, &table.ids, submission, &self.id_name))?;
        let mut rows = vec![0; slots.len()];
        slots.iter().enumerate().for_each(|(row, slot)| rows[*slot as usize] = row as u32);
        Ok(Aligned { names, columns: texts(table.columns), rows })
    }

    fn submission_columns(&self, header: &[String], expected: Option<&[String]>) -> Result<Plan, Rejection> {
        let own: Vec<String> = header.iter().filter(|name| **name != self.id_name).cloned().collect();
        let expected: Vec<Expected> = expected
            .unwrap_or(&own)
            .iter()
            .map(|name| Expected { name: name.clone(), rule: CellRule::Text })
            .collect();
        submission_plan(header, &self.id_name, &expected, false)
    }

    /// The solution itself as a submission.
    pub fn as_submission(&self) -> Aligned {
        Aligned {
            names: self.names.clone(),
            columns: self.columns.clone(),
            rows: self.order.row_of_slot.clone(),
        }
    }

    /// The tables of a split, `None` where it has no rows.
    ///
    /// # Errors
    /// None in practice: what is written lies in memory.
    pub fn tables(&self, aligned: &Aligned, split: Split) -> csv::Result<Option<Pair>> {
        let range = self.range(split);
        if range.is_empty() { Ok(None) } else { self.tables_of(aligned, range).map(Some) }
    }

    /// The tables of some slots.
    ///
    /// # Errors
    /// As [`Solution::tables`].
    pub fn tables_of(
        &self,
        aligned: &Aligned,
        slots: impl Iterator<Item = usize> + Clone,
    ) -> csv::Result<Pair> {
        let write = |names: &[String], columns: &[Texts], rows: &[u32]| {
            let size: usize = columns.iter().map(Texts::n_bytes).sum();
            let mut writer = csv::Writer::from_writer(Vec::with_capacity(size));
            writer.write_record(std::iter::once(&self.id_name).chain(names))?;
            for slot in slots.clone() {
                let row = rows[slot] as usize;
                let cells = columns.iter().map(|column| column.get(row));
                writer.write_record(std::iter::once(self.ids.get(slot)).chain(cells))?;
            }
            writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
        };
        Ok(Pair {
            solution: write(&self.names, &self.columns, &self.order.row_of_slot)?,
            submission: write(&aligned.names, &aligned.columns, &aligned.rows)?,
        })
    }
}

fn texts(columns: Vec<Column>) -> Vec<Texts> {
    let text = |column| match column {
        Column::Texts(texts) => Some(texts),
        Column::Numbers(_) | Column::Labels(_) => None,
    };
    columns.into_iter().filter_map(text).collect()
}

fn bad(message: String) -> Rejection {
    Rejection::new(RejectionKind::BadSolution, message)
}

fn prepare(
    content: &Content,
    context: &Params,
    rule: &SplitRule,
    limits: &Limits,
) -> Result<Solution, Rejection> {
    let mut header = Vec::new();
    let mut id = 0;
    let table = intake::read(content, limits, |names| {
        header = names.to_vec();
        id = match context.get("id_column").and_then(|name| name.as_str()).filter(|name| !name.is_empty()) {
            None => 0,
            Some(name) => names.iter().position(|column| column == name).ok_or_else(|| {
                bad(format!("It has no column “{name}”; its columns are {}.", names.join(", ")))
            })?,
        };
        let wanted = |(field, name): (usize, &String)| Wanted { name: name.clone(), field, rule: cell(name) };
        let others = names.iter().enumerate().filter(|(field, _)| *field != id).map(wanted).collect();
        Ok(Plan::new(names, Some(id), others))
    })?;
    let id_name = header.remove(id);
    let mut usage = None;
    let (mut names, mut columns) = (Vec::new(), Vec::new());
    for (name, column) in header.into_iter().zip(table.columns) {
        match column {
            Column::Labels(labels) => usage = Some(labels),
            Column::Texts(texts) => {
                names.push(name);
                columns.push(texts);
            }
            Column::Numbers(_) => {}
        }
    }
    let split_was_made = usage.is_none();
    let usage = match usage {
        Some(labels) => split::from_column(&labels)?,
        None => made_split(&names, &columns, table.n_rows, rule)?,
    };
    let order = slot_order(&usage);
    let index = IdIndex::new(table.ids, order.slot_of_row.clone())
        .map_err(|twice| bad(format!("It names an id a second time in row {}.", twice.second + 1)))?;
    let ids = ids_in_slot_order(&index, table.n_rows);
    Ok(Solution { id_name, ids, index, names, columns, order, split_was_made })
}

fn cell(name: &str) -> CellRule {
    if name.trim().eq_ignore_ascii_case("usage") { CellRule::Label } else { CellRule::Text }
}

fn made_split(
    names: &[String],
    columns: &[Texts],
    n_rows: usize,
    rule: &SplitRule,
) -> Result<Vec<Usage>, Rejection> {
    let coded = |texts: &Texts| {
        let mut labels = Labels::default();
        let codes: Vec<u32> = texts.iter().map(|text| labels.code(text)).collect();
        (codes, labels.names.iter().map(str::to_owned).collect::<Vec<String>>())
    };
    if let Some(group) = &rule.group_column {
        let at = names
            .iter()
            .position(|name| name == group)
            .ok_or_else(|| bad(format!("It has no column “{group}” to keep groups together by.")))?;
        let (codes, group_names) = coded(&columns[at]);
        return Ok(split::by_group(&codes, &group_names, rule));
    }
    let classes = columns.first().map(coded).filter(|(_, names)| names.len() <= MAX_STRATA);
    Ok(split::by_class(&classes.map_or_else(|| vec![0; n_rows], |(codes, _)| codes), rule))
}

fn ids_in_slot_order(index: &IdIndex, n_rows: usize) -> Texts {
    let mut by_slot: Vec<String> = vec![String::new(); n_rows];
    index.entries().for_each(|(id, slot)| by_slot[slot as usize] = id.to_string());
    by_slot.iter().map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::{Source, content};

    fn open(bytes: &[u8]) -> Content {
        content::open(Source::Bytes(bytes.into()), &Limits::default()).expect("bytes").expect("a table")
    }

    fn solution(bytes: &[u8]) -> Solution {
        Solution::prepare(&open(bytes), &Params::new(), &SplitRule::default(), &Limits::default())
            .expect("a solution")
    }

    #[test]
    fn a_split_has_its_own_rows_aligned_and_no_usage() {
        let solution =
            solution(b"id,y,note,Usage\nb,1,\"x, y\",Private\na,2,,Public\nc,3,\"q\"\"q\",Private\n");
        let submission = open(b"y,id\n30,c\n20,a\n10,b\n");
        let aligned = solution.align(&submission, None, &Limits::default()).expect("aligned");
        let pair = solution.tables(&aligned, Split::Private).expect("written").expect("rows");
        assert_eq!(String::from_utf8_lossy(&pair.solution), "id,y,note\nb,1,\"x, y\"\nc,3,\"q\"\"q\"\n");
        assert_eq!(String::from_utf8_lossy(&pair.submission), "id,y\nb,10\nc,30\n");
        let pair = solution.tables(&aligned, Split::Public).expect("written").expect("rows");
        assert_eq!(String::from_utf8_lossy(&pair.solution), "id,y,note\na,2,\n");
    }

    #[test]
    fn ids_and_the_samples_columns_are_demanded_before_the_metric_sees_a_file() {
        let solution = solution(b"id,y,Usage\n1,1,Public\n2,2,Private\n");
        let refuse = |csv: &'static [u8], expected: Option<&[String]>| {
            solution.align(&open(csv), expected, &Limits::default()).map(drop).expect_err("refused").kind
        };
        assert_eq!(refuse(b"id,y\n1,1\n", None), RejectionKind::MissingIds);
        assert_eq!(refuse(b"key,y\n1,1\n2,2\n", None), RejectionKind::MissingColumn);
        assert_eq!(refuse(b"id,z\n1,1\n2,2\n", Some(&["y".to_owned()])), RejectionKind::MissingColumn);
    }

    #[test]
    fn an_empty_split_has_no_tables_and_a_missing_usage_is_made_up_for() {
        let ignored = solution(b"id,y,Usage\n1,1,Private\n2,2,Ignored\n");
        assert_eq!(ignored.tables(&ignored.as_submission(), Split::Public).expect("written"), None);
        let made = solution(b"id,y\n1,0\n2,1\n3,0\n4,1\n5,0\n6,1\n7,0\n8,1\n9,0\n10,1\n");
        assert!(made.split_was_made());
        assert_eq!((made.n_public(), made.n_private()), (3, 7));
    }
}
