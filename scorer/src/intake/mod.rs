//! From a file's bytes to typed columns, or to a [`Rejection`] that names line, column and expectation.
//!
//! CSV is read twice in principle and once in practice: [`fast`] reads plain, well-formed files in
//! parallel and gives up at the first oddity; [`careful`] then reads the file from the start, one
//! record after the other, and is the authority on what is wrong with it. Parquet goes through polars.
//!
//! Never here: what an id or a score means. Start at [`read`].

mod careful;
pub mod cells;
pub mod columns;
pub mod content;
mod fast;
pub mod header;
mod parquet;
pub mod plan;
mod rejections;
mod scan;
pub mod shapes;

#[cfg(test)]
mod agreement;

use holdout_contract::rejection::{Rejection, RejectionKind};

pub use columns::{Column, Ids, Labels, Table, Texts};
use content::Bytes;
pub use content::{Content, Source};
pub use plan::{CellRule, Plan, Wanted};

/// Bounds on what is read, so that one file cannot take a scorer down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes after decompression. They are held in memory.
    pub max_bytes: u64,
    /// Data rows, the header not counted.
    pub max_rows: u64,
    /// Bytes of one cell.
    pub max_field_bytes: usize,
    /// Columns of one file.
    pub max_columns: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_bytes: 2 << 30, max_rows: 50_000_000, max_field_bytes: 1 << 20, max_columns: 10_000 }
    }
}

impl Limits {
    /// Bounds under which a file and what is made of it fit into `memory_bytes`.
    pub fn within_memory(memory_bytes: u64) -> Self {
        let default = Self::default();
        Self { max_bytes: default.max_bytes.min(memory_bytes / 2), ..default }
    }
}

/// Reads the columns that `plan` asks for, given the file's header.
///
/// # Errors
/// The file's first fault in file order, or whatever `plan` finds wrong with the header.
pub fn read(
    content: &Content,
    limits: &Limits,
    plan: impl FnOnce(&[String]) -> Result<Plan, Rejection>,
) -> Result<Table, Rejection> {
    let table = match content {
        Content::Parquet(bytes) => parquet::read(bytes.as_ref(), limits, plan)?,
        Content::Csv(bytes) => read_csv(bytes, limits, plan)?,
    };
    if table.n_rows == 0 {
        return Err(rejections::no_rows());
    }
    Ok(table)
}

fn read_csv(
    bytes: &Bytes<'_>,
    limits: &Limits,
    plan: impl FnOnce(&[String]) -> Result<Plan, Rejection>,
) -> Result<Table, Rejection> {
    let header = header::read(bytes.as_ref(), limits)?;
    let plan = plan(&header.names)?;
    let body = &header.text[header.body_at..];
    match fast::read(body, &plan, limits, &|part| bytes.forget(part)) {
        Some(table) => Ok(table),
        None => careful::read(header.text, &plan, limits),
    }
}

/// The header of a file, without its rows.
///
/// # Errors
/// A file with no readable header.
pub fn read_header(content: &Content, limits: &Limits) -> Result<Vec<String>, Rejection> {
    match content {
        Content::Parquet(bytes) => parquet::header(bytes.as_ref()),
        Content::Csv(bytes) => Ok(header::read(bytes.as_ref(), limits)?.names),
    }
}

/// Every column of a file as text, for those who must look at a table before they know what it is.
///
/// # Errors
/// As [`read`].
pub fn read_texts(content: &Content, limits: &Limits) -> Result<(Vec<String>, Vec<Texts>), Rejection> {
    let mut names = Vec::new();
    let table = read(content, limits, |header| {
        names = header.to_vec();
        Ok(Plan::all_texts(header))
    })?;
    let columns = table.columns.into_iter().filter_map(|column| match column {
        Column::Texts(texts) => Some(texts),
        Column::Numbers(_) | Column::Labels(_) => None,
    });
    Ok((names, columns.collect()))
}

/// The line on which a data row starts, the header being line 1; `None` where files have no lines.
pub fn line_of_row(content: &Content, row: usize) -> Option<u64> {
    match content {
        Content::Parquet(_) => None,
        Content::Csv(bytes) => careful::line_of_row(header::without_bom(bytes.as_ref()), row),
    }
}

fn too_many_rows(limits: &Limits) -> Rejection {
    Rejection::new(
        RejectionKind::TooLarge,
        format!("The file has more than {} rows, the most that is read here.", limits.max_rows),
    )
}
