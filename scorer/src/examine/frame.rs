//! A table whose cells are all text: what is looked at before anybody knows what its columns mean.

use std::collections::{HashMap, HashSet};

use holdout_contract::rejection::Rejection;

use super::part::Rest;
use crate::intake::content::Bytes;
use crate::intake::{self, Content, Limits, Texts};
use crate::splitmix::finish;

/// Every column of a file, as text.
pub struct Frame {
    pub names: Vec<String>,
    pub columns: Vec<Texts>,
    /// Where the rows are only a part of those of the file.
    pub rest: Option<Rest>,
}

impl Frame {
    /// Reads a CSV, gzip, zip or Parquet file.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn read(bytes: &Bytes, limits: &Limits) -> Result<Self, Rejection> {
        Self::of(&super::open(bytes, limits)?, limits)
    }

    /// As [`Frame::read`], of an opened file.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn of(content: &Content, limits: &Limits) -> Result<Self, Rejection> {
        let (names, columns) = intake::read_texts(content, limits)?;
        Ok(Self { names, columns, rest: None })
    }

    /// The number of a row in the file, from 0.
    pub fn number(&self, row: usize) -> usize {
        self.rest.as_ref().map_or(row, |rest| rest.numbers[row])
    }

    pub fn n_rows(&self) -> usize {
        self.columns.first().map_or(0, Texts::len)
    }

    pub fn position(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }

    pub fn cell(&self, row: usize, column: usize) -> &str {
        self.columns[column].get(row)
    }

    /// A column's cells, in order.
    pub fn cells(&self, column: usize) -> impl Iterator<Item = &str> + Clone {
        (0..self.n_rows()).map(move |row| self.cell(row, column))
    }

    /// A row's cells of these columns, joined so that two rows are equal only if all cells are.
    pub fn key(&self, row: usize, columns: &[usize]) -> u128 {
        let mut hasher = Fnv::default();
        for column in columns {
            hasher.cell(self.cell(row, *column));
        }
        hasher.0
    }

    /// As [`Frame::key`], of what `see` makes of every cell.
    pub fn key_by(&self, row: usize, columns: &[usize], see: impl Fn(&str, &mut String)) -> u128 {
        let mut hasher = Fnv::default();
        let mut seen = String::new();
        for column in columns {
            seen.clear();
            see(self.cell(row, *column), &mut seen);
            hasher.cell(&seen);
        }
        hasher.0
    }

    /// Whether no two cells of the column are equal and none is empty.
    pub fn is_unique(&self, column: usize) -> bool {
        let mut seen = HashSet::with_capacity(self.n_rows());
        self.columns[column].iter().all(|cell| !cell.is_empty() && seen.insert(cell))
    }
}

/// Each different text with its count, the most frequent first; equal counts in order of the text.
pub fn frequencies<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<(&'a str, usize)> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for text in texts {
        *counts.entry(text).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    counts
}

/// FNV-1a of 128 bits: equal rows have equal keys, and different rows as good as never do.
pub(super) struct Fnv(u128);

impl Default for Fnv {
    fn default() -> Self {
        Self(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }
}

impl Fnv {
    /// A cell, so that two rows of cells are equal only if all cells are.
    pub(super) fn cell(&mut self, cell: &str) {
        self.update(&(cell.len() as u64).to_le_bytes());
        self.update(cell.as_bytes());
    }

    /// 64 bits of it, each of which depends on all of it.
    pub(super) fn mixed(&self) -> u64 {
        finish(self.0 as u64 ^ (self.0 >> 64) as u64)
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u128::from(*byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
        }
    }
}
