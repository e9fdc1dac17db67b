//! Rows by group, in the order of the solution file.

use super::{Rows, Undefined};

/// Rows of one split, grouped.
pub struct Groups {
    order: Vec<u32>,
    starts: Vec<usize>,
    /// The group's number, for its name.
    numbers: Vec<usize>,
}

impl Groups {
    /// # Errors
    /// No rows, or a solution without groups.
    pub fn of(rows: &Rows<'_>) -> Result<Self, Undefined> {
        rows.positive_weight()?;
        let Some(groups) = rows.groups else {
            return Err(Undefined::because("The solution names no groups."));
        };
        let order = by_group(groups, rows.row_numbers);
        let mut found = Self { order: Vec::new(), starts: vec![0], numbers: Vec::new() };
        for rows in order.chunk_by(|a, b| groups[*a as usize] == groups[*b as usize]) {
            found.starts.push(found.starts.last().copied().unwrap_or(0) + rows.len());
            found.numbers.push(groups[rows[0] as usize] as usize);
        }
        found.order = order;
        Ok(found)
    }

    pub fn n_groups(&self) -> usize {
        self.numbers.len()
    }

    /// Every group's number and rows.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &[u32])> {
        let rows = |at: usize| &self.order[self.starts[at]..self.starts[at + 1]];
        self.numbers.iter().enumerate().map(move |(at, number)| (*number, rows(at)))
    }
}

/// Row places sorted by group, then by row number.
fn by_group(groups: &[u32], row_numbers: &[u32]) -> Vec<u32> {
    let n_groups = groups.iter().max().map_or(0, |last| *last as usize + 1);
    let mut next = vec![0_u32; n_groups + 1];
    groups.iter().for_each(|group| next[*group as usize + 1] += 1);
    for group in 1..next.len() {
        next[group] += next[group - 1];
    }
    let mut order = vec![0; groups.len()];
    for (at, group) in groups.iter().enumerate() {
        let place = &mut next[*group as usize];
        order[*place as usize] = at as u32;
        *place += 1;
    }
    // Public rows come before private ones, so a group that is in both is not in the file's order yet.
    for members in order.chunk_by_mut(|a, b| groups[*a as usize] == groups[*b as usize]) {
        if !members.is_sorted_by_key(|at| row_numbers[*at as usize]) {
            members.sort_unstable_by_key(|at| row_numbers[*at as usize]);
        }
    }
    order
}
