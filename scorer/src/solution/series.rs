//! Series, queries or groups that a solution names although its metric counts all rows alike: the audit asks how such
//! a metric treats them. Nothing is scored by them.

use crate::intake::{self, CellRule, Column, Content, Labels, Limits, Plan, Wanted};

use super::plan::USUAL_GROUPS;
use super::{Solution, Split};

/// The column that a solution usually names groups by, and what the competition calls so.
const NAMED: &str = "group_column";

impl Solution {
    /// Reads what names every row's group from the file that the solution was prepared from, where the metric reads no such
    /// column.
    pub fn read_series(&mut self, content: &Content, limits: &Limits) {
        if self.groups.is_some() || self.clusters.is_some() {
            return;
        }
        let named = self.judge.context.text(NAMED).map(str::to_owned);
        let names = named.iter().map(String::as_str).chain(USUAL_GROUPS);
        let free: Vec<&str> = names
            .filter(|name| *name != self.id_name && !self.target_names.iter().any(|target| target == name))
            .collect();
        self.series = labels(content, &free, limits)
            .filter(|codes| codes.len() == self.row_numbers.len())
            .map(|codes| self.row_numbers.iter().map(|row| codes[*row as usize]).collect());
    }

    /// The group of every row that counts, where the metric does not read it and it says something: some groups have several
    /// rows, and no group has all.
    pub(crate) fn series_of_rows(&self) -> Option<&[u32]> {
        if self.judge.needs_groups() {
            return None;
        }
        let codes = self.groups.as_ref().or(self.clusters.as_ref()).or(self.series.as_ref())?;
        let codes = &codes[self.range(Split::All)];
        let mut known = codes.to_vec();
        known.sort_unstable();
        known.dedup();
        (known.len() > 1 && known.len() < codes.len()).then_some(codes)
    }
}

/// The first of these columns that the file has, as codes; `None` also where a cell cannot be read.
fn labels(content: &Content, names: &[&str], limits: &Limits) -> Option<Vec<u32>> {
    let missing = || super::plan::bad("There is no such column.");
    let table = intake::read(content, limits, |header| {
        let field = names.iter().find_map(|name| header.iter().position(|column| column == name));
        let field = field.ok_or_else(missing)?;
        Ok(Plan::new(header, None, vec![Wanted { name: header[field].clone(), field, rule: CellRule::Text }]))
    });
    let Ok([Column::Texts(texts)]) = table.as_ref().map(|table| table.columns.as_slice()) else {
        return None;
    };
    let mut known = Labels::default();
    texts.iter().for_each(|text| known.push(text));
    Some(known.codes)
}
