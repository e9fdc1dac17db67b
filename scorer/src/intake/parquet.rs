//! Parquet files, through polars. Cells obey the same rules as in CSV; there are rows, no lines.

use std::io::Cursor;

use holdout_contract::rejection::{Rejection, RejectionKind};
use polars::prelude::{DataFrame, DataType, ParquetReader, SerReader, Series};

use super::cells::{self, Fault};
use super::columns::{Column, Ids, Labels, Table};
use super::plan::{CellRule, Plan, Wanted};
use super::rejections::{BadCells, shown};
use super::{Limits, Texts, header, rejections};

pub(super) fn header(bytes: &[u8]) -> Result<Vec<String>, Rejection> {
    let schema = ParquetReader::new(Cursor::new(bytes)).schema().map_err(|error| damaged(&error))?;
    Ok(schema.iter_names().map(|name| name.to_string()).collect())
}

/// Reads the wanted columns of a Parquet file held in memory.
///
/// # Errors
/// A damaged file, or its first bad cell.
pub(super) fn read(
    bytes: &[u8],
    limits: &Limits,
    plan: impl FnOnce(&[String]) -> Result<Plan, Rejection>,
) -> Result<Table, Rejection> {
    let plan = planned(bytes, limits, plan)?;
    table(&frame(bytes, &plan, None)?, &plan, limits)
}

/// As [`read`], one row group after the other.
///
/// # Errors
/// As [`read`].
pub(super) fn stream(
    bytes: &[u8],
    limits: &Limits,
    plan: impl FnOnce(&[String]) -> Result<Plan, Rejection>,
    mut take: impl FnMut(&mut Table),
) -> Result<(), Rejection> {
    let plan = planned(bytes, limits, plan)?;
    let mut reader = ParquetReader::new(Cursor::new(bytes));
    let metadata = reader.get_metadata().map_err(|error| damaged(&error))?;
    let sizes: Vec<usize> = metadata.row_groups.iter().map(|group| group.num_rows()).collect();
    let mut first = 0;
    for n_rows in sizes {
        let group = frame(bytes, &plan, Some((first, n_rows)))?;
        match table(&group, &plan, limits) {
            Ok(mut group) => take(&mut group),
            // Read as a whole, it names the rows that are at fault.
            Err(fault) => return table(&frame(bytes, &plan, None)?, &plan, limits).and(Err(fault)),
        }
        first += n_rows;
    }
    Ok(())
}

fn planned(
    bytes: &[u8],
    limits: &Limits,
    plan: impl FnOnce(&[String]) -> Result<Plan, Rejection>,
) -> Result<Plan, Rejection> {
    let names = header(bytes)?;
    if names.is_empty() {
        return Err(rejections::empty_file());
    }
    header::check_duplicates(&names)?;
    let plan = plan(&names)?;
    let mut reader = ParquetReader::new(Cursor::new(bytes));
    let metadata = reader.get_metadata().map_err(|error| damaged(&error))?;
    let n_bytes: usize = metadata.row_groups.iter().map(|group| group.total_byte_size()).sum();
    if n_bytes as u64 > limits.max_bytes {
        return Err(too_large(limits));
    }
    let n_rows = metadata.num_rows;
    let most = limits.most_rows(&plan);
    if n_rows as u64 > most {
        return Err(rejections::too_many_rows(most));
    }
    Ok(plan)
}

/// The wanted columns of all rows, or of some that stand together.
fn frame(bytes: &[u8], plan: &Plan, rows: Option<(usize, usize)>) -> Result<DataFrame, Rejection> {
    let fields = plan.id.iter().copied().chain(plan.columns.iter().map(|column| column.field));
    let wanted: Vec<String> = fields.map(|at| plan.header[at].clone()).collect();
    ParquetReader::new(Cursor::new(bytes))
        .with_columns(Some(wanted))
        .with_slice(rows)
        .finish()
        .map_err(|error| damaged(&error))
}

fn table(frame: &DataFrame, plan: &Plan, limits: &Limits) -> Result<Table, Rejection> {
    refuse_unfolded(frame, limits)?;
    let mut ids = Ids::default();
    if let Some(id) = plan.id {
        let name = &plan.header[id];
        each_text(&series(frame, name)?, name, &CellRule::Label, limits, |id| {
            ids.push(id);
            Ok(())
        })?;
    }
    let columns = plan
        .columns
        .iter()
        .map(|wanted| column(&series(frame, &wanted.name)?, wanted, limits))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Table { n_rows: frame.height(), ids, columns })
}

fn too_large(limits: &Limits) -> Rejection {
    Rejection::new(
        RejectionKind::TooLarge,
        format!(
            "What this file holds takes more than {}, the most that is read here.",
            rejections::size(limits.max_bytes)
        ),
    )
}

/// A file holds a text once, however many rows have it. Each row gets its own here.
fn refuse_unfolded(frame: &DataFrame, limits: &Limits) -> Result<(), Rejection> {
    let texts = frame.columns().iter().filter_map(|column| column.as_materialized_series().str().ok());
    let n_bytes: u64 = texts.flat_map(|texts| texts.iter().flatten()).map(|text| text.len() as u64).sum();
    if n_bytes > limits.max_bytes { Err(too_large(limits)) } else { Ok(()) }
}

fn series(frame: &DataFrame, name: &str) -> Result<Series, Rejection> {
    let column = frame.column(name).map_err(|error| damaged(&error))?;
    Ok(column.as_materialized_series().clone())
}

fn column(series: &Series, Wanted { name, rule, .. }: &Wanted, limits: &Limits) -> Result<Column, Rejection> {
    match rule {
        CellRule::Label => {
            let mut labels = Labels::default();
            each_text(series, name, rule, limits, |cell| {
                labels.push(cell);
                Ok(())
            })?;
            Ok(Column::Labels(labels))
        }
        rule if rule.is_text() => {
            let mut texts = Texts::default();
            each_text(series, name, rule, limits, |cell| {
                texts.push(cells::text(cell, rule)?);
                Ok(())
            })?;
            Ok(Column::Texts(texts))
        }
        _ => numbers(series, name, rule, limits).map(Column::Numbers),
    }
}

fn numbers(series: &Series, name: &str, rule: &CellRule, limits: &Limits) -> Result<Vec<f64>, Rejection> {
    let mut numbers = Vec::with_capacity(series.len());
    let is_text = matches!(series.dtype(), DataType::String);
    if is_text || matches!(rule, CellRule::Binary { positive: Some(_) }) {
        each_text(series, name, rule, limits, |cell| {
            cells::number(cell.as_bytes(), rule).map(|n| numbers.push(n))
        })?;
        return Ok(numbers);
    }
    let cast = series.cast(&DataType::Float64).map_err(|_| wrong_type(series, name, rule))?;
    let mut faults = Faults::default();
    for (row, value) in cast.f64().map_err(|error| damaged(&error))?.iter().enumerate() {
        match value.ok_or(Fault::Missing).and_then(|value| finite(value, rule)) {
            Ok(number) => numbers.push(number),
            Err(fault) => faults.note(fault, row, || value.map_or_else(String::new, |v| v.to_string())),
        }
    }
    faults.into_result(name, rule)?;
    Ok(numbers)
}

fn finite(value: f64, rule: &CellRule) -> Result<f64, Fault> {
    if value.is_finite() { cells::keep(value, rule) } else { Err(Fault::NotFinite) }
}

fn each_text(
    series: &Series,
    name: &str,
    rule: &CellRule,
    limits: &Limits,
    mut take: impl FnMut(&str) -> Result<(), Fault>,
) -> Result<(), Rejection> {
    let is_plain =
        series.dtype().is_integer() || matches!(series.dtype(), DataType::String | DataType::Boolean);
    let is_written = rule.is_text() && series.dtype().is_float();
    if !is_plain && !is_written {
        return Err(wrong_type(series, name, rule));
    }
    let cast = series.cast(&DataType::String).map_err(|_| wrong_type(series, name, rule))?;
    let mut faults = Faults::default();
    for (row, cell) in cast.str().map_err(|error| damaged(&error))?.iter().enumerate() {
        let text = match (cell, rule) {
            (Some(text), _) if text.len() > limits.longest_cell() => Err(Fault::TooLong),
            (None, rule) if rule.is_text() => Ok(""),
            (None, _) => Err(Fault::Missing),
            (Some(text), rule) if rule.is_text() => Ok(text),
            (Some(text), _) => cells::label(text),
        };
        if let Err(fault) = text.and_then(&mut take) {
            faults.note(fault, row, || shown(cell.unwrap_or_default().as_bytes()));
        }
    }
    faults.into_result(name, rule)
}

/// The first fault of a column and the further ones of its kind.
#[derive(Default)]
struct Faults {
    first: Option<(Fault, usize)>,
    examples: Vec<String>,
    total: u64,
}

impl Faults {
    fn note(&mut self, fault: Fault, row: usize, cell: impl FnOnce() -> String) {
        let (first, _) = self.first.get_or_insert((fault, row));
        if *first != fault {
            return;
        }
        self.total += 1;
        if self.examples.len() < Rejection::MAX_EXAMPLES && fault != Fault::Missing {
            self.examples.push(cell());
        }
    }

    fn into_result(self, column: &str, rule: &CellRule) -> Result<(), Rejection> {
        let Some((fault, row)) = self.first else { return Ok(()) };
        let place = rejections::place(None, row);
        let Self { examples, total, .. } = self;
        Err(BadCells { fault, rule, column, place, line: None, examples: &examples, total }.rejection())
    }
}

fn wrong_type(series: &Series, name: &str, rule: &CellRule) -> Rejection {
    let kind = if rule.is_number() { RejectionKind::NotANumber } else { RejectionKind::MalformedCsv };
    Rejection::new(
        kind,
        format!(
            "Column “{name}” has the Parquet type {}, where {} is expected. Ids and labels are text or whole numbers.",
            series.dtype(),
            rule.expectation()
        ),
    )
    .with_column(name)
}

fn damaged(error: &dyn std::fmt::Display) -> Rejection {
    Rejection::new(
        RejectionKind::BadArchive,
        format!("The Parquet file cannot be read ({error}). Write it again, or send a CSV file."),
    )
}
