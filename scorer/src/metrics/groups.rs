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
        let mut order: Vec<u32> = (0..rows.len() as u32).collect();
        order.sort_unstable_by_key(|at| (groups[*at as usize], rows.row_numbers[*at as usize]));
        let mut found = Self { order: Vec::new(), starts: vec![0], numbers: Vec::new() };
        for rows in order.chunk_by(|a, b| groups[*a as usize] == groups[*b as usize]) {
            found.starts.push(found.starts.last().copied().unwrap_or(0) + rows.len());
            found.numbers.push(groups[rows[0] as usize] as usize);
        }
        found.order = order;
        Ok(found)
    }

    /// Every group's number and rows.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &[u32])> {
        let rows = |at: usize| &self.order[self.starts[at]..self.starts[at + 1]];
        self.numbers.iter().enumerate().map(move |(at, number)| (*number, rows(at)))
    }
}
