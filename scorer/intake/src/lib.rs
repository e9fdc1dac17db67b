//! From a file's bytes to typed columns, or to a [`Rejection`] that names line, column and expectation;
//! and whether a submission has the columns and the ids of the sample submission.
//!
//! Scorers and the command line both judge a file here, so that they cannot disagree. Scorers read by
//! quicker roads of their own and come back to [`careful`], the authority on what is wrong with a CSV
//! file. Never here: a label, a score, Parquet. Start at [`read_csv`] and [`check::check`].

pub mod brief;
pub mod careful;
pub mod cells;
pub mod check;
pub mod columns;
pub mod content;
pub mod expected;
pub mod header;
pub mod index;
pub mod matching;
pub mod parallel;
pub mod place;
pub mod plan;
pub mod rejections;
pub mod sample;
pub mod shapes;
pub mod texts;

use holdout_contract::rejection::Rejection;

pub use columns::{Column, Ids, Labels, Table};
pub use content::{Content, Source};
pub use expected::Expected;
pub use place::Place;
pub use plan::{CellRule, Plan, Wanted};
pub use texts::Texts;

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
    /// Cells of the columns that are asked for. A cell of one digit takes eight bytes once it is read.
    pub max_cells: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: 2 << 30,
            max_rows: 50_000_000,
            max_field_bytes: 1 << 20,
            max_columns: 10_000,
            max_cells: 1 << 31,
        }
    }
}

impl Limits {
    /// Bytes of the longest cell that is read.
    #[inline]
    pub fn longest_cell(&self) -> usize {
        self.max_field_bytes.min(Texts::LONGEST_BYTES)
    }

    /// Data rows of a file of which so many columns are read, ids among them.
    pub fn most_rows(&self, plan: &Plan) -> u64 {
        let n_columns = plan.columns.len() + usize::from(plan.id.is_some());
        self.max_rows.min(self.max_cells / n_columns.max(1) as u64)
    }

    /// Bounds under which a file and what is made of it fit into `memory_bytes`.
    pub fn within_memory(memory_bytes: u64) -> Self {
        let default = Self::default();
        Self {
            max_bytes: default.max_bytes.min(memory_bytes / 2),
            max_cells: default.max_cells.min(memory_bytes / 16),
            ..default
        }
    }
}

/// Reads the columns of a CSV file that `plan` asks for, given the file's header.
///
/// # Errors
/// The file's first fault in file order, or whatever `plan` finds wrong with the header.
pub fn read_csv(
    bytes: &[u8],
    limits: &Limits,
    plan: impl FnOnce(&[String]) -> Result<Plan, Rejection>,
) -> Result<Table, Rejection> {
    let header = header::read(bytes, limits)?;
    let table = careful::read(header.text, &plan(&header.names)?, limits)?;
    if table.n_rows == 0 { Err(rejections::no_rows()) } else { Ok(table) }
}

/// The line on which a data row starts, the header being line 1; `None` where files have no lines.
pub fn line_of_row(content: &Content, row: usize) -> Option<u64> {
    match content {
        Content::Parquet(_) => None,
        Content::Csv(bytes) => careful::line_of_row(header::without_bom(bytes.as_ref()), row),
    }
}
