//! Parquet files, column by column. Cells obey the same rules as in CSV; there are rows, no lines.

mod pages;
mod values;

use std::ops::Range;
use std::panic::AssertUnwindSafe;

use holdout_contract::rejection::{Rejection, RejectionKind};
use parquet::errors::ParquetError;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::FileReader as _;
use parquet::schema::types::SchemaDescriptor;

use self::values::{File, Kind, Value};
use super::cells::{self, Fault};
use super::columns::{Column, Ids, Labels, Table};
use super::content::Bytes;
use super::plan::{CellRule, Plan, Wanted};
use super::rejections::{BadCells, shown};
use super::{Limits, Texts, header, rejections};

pub(super) fn header(bytes: &Bytes) -> Result<Vec<String>, Rejection> {
    Ok(names(open(bytes)?.metadata().file_metadata().schema_descr()))
}

/// Reads the wanted columns of a Parquet file held in memory.
///
/// # Errors
/// A damaged file, or its first bad cell.
pub(super) fn read(
    bytes: &Bytes,
    limits: &Limits,
    plan: impl FnOnce(&[String]) -> Result<Plan, Rejection>,
) -> Result<Table, Rejection> {
    let file = open(bytes)?;
    let plan = planned(&file, limits, plan)?;
    guarded(|| table((bytes, &file), 0..file.num_row_groups(), &plan, limits))
}

/// As [`read`], one row group after the other.
///
/// # Errors
/// As [`read`].
pub(super) fn stream(
    bytes: &Bytes,
    limits: &Limits,
    plan: impl FnOnce(&[String]) -> Result<Plan, Rejection>,
    mut take: impl FnMut(&mut Table),
) -> Result<(), Rejection> {
    let file = open(bytes)?;
    let plan = planned(&file, limits, plan)?;
    let all = 0..file.num_row_groups();
    for group in all.clone() {
        match guarded(|| table((bytes, &file), group..group + 1, &plan, limits)) {
            Ok(mut group) => take(&mut group),
            // Read as a whole, it names the rows that are at fault.
            Err(fault) => return guarded(|| table((bytes, &file), all, &plan, limits)).and(Err(fault)),
        }
    }
    Ok(())
}

fn open(bytes: &Bytes) -> Result<File, Rejection> {
    guarded(|| File::new(bytes.shared()).map_err(|error| damaged(&error)))
}

/// The reader asserts some of what a file says of itself; a file that says otherwise is damaged.
fn guarded<T>(read: impl FnOnce() -> Result<T, Rejection>) -> Result<T, Rejection> {
    std::panic::catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| {
        Err(damaged(&ParquetError::General("what it says of itself makes no sense".to_owned())))
    })
}

/// Of the table's columns, those with columns inside them among them.
fn names(schema: &SchemaDescriptor) -> Vec<String> {
    schema.root_schema().get_fields().iter().map(|field| field.name().to_owned()).collect()
}

fn planned(
    file: &File,
    limits: &Limits,
    plan: impl FnOnce(&[String]) -> Result<Plan, Rejection>,
) -> Result<Plan, Rejection> {
    let metadata = file.metadata();
    let names = names(metadata.file_metadata().schema_descr());
    if names.is_empty() {
        return Err(rejections::empty_file());
    }
    header::check_duplicates(&names)?;
    let plan = plan(&names)?;
    let sum = |of: fn(&RowGroupMetaData) -> i64| {
        metadata
            .row_groups()
            .iter()
            .map(|group| u64::try_from(of(group)).unwrap_or(u64::MAX))
            .fold(0, u64::saturating_add)
    };
    if sum(RowGroupMetaData::total_byte_size) > limits.max_bytes {
        return Err(too_large(limits));
    }
    let most = limits.most_rows(&plan);
    if sum(RowGroupMetaData::num_rows) > most {
        return Err(rejections::too_many_rows(most));
    }
    Ok(plan)
}

fn table(
    (bytes, file): (&Bytes, &File),
    groups: Range<usize>,
    plan: &Plan,
    limits: &Limits,
) -> Result<Table, Rejection> {
    let mut rows = Rows { bytes, file, groups, limits, n_text_bytes: 0 };
    let mut ids = Ids::default();
    if let Some(id) = plan.id {
        rows.each_text(&plan.header[id], &CellRule::Label, |id| {
            ids.push(id);
            Ok(())
        })?;
    }
    let columns = plan.columns.iter().map(|wanted| rows.column(wanted)).collect::<Result<Vec<_>, _>>()?;
    Ok(Table { n_rows: rows.len(), ids, columns })
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

/// The rows of some row groups that stand together.
struct Rows<'a> {
    bytes: &'a Bytes,
    file: &'a File,
    groups: Range<usize>,
    limits: &'a Limits,
    /// A file holds a text once, however many rows have it. Each row gets its own here.
    n_text_bytes: u64,
}

/// Why a column was not read to its end.
enum Halt {
    Damaged(ParquetError),
    TooLarge,
}

impl From<ParquetError> for Halt {
    fn from(error: ParquetError) -> Self {
        Self::Damaged(error)
    }
}

impl Rows<'_> {
    fn len(&self) -> usize {
        let groups = &self.file.metadata().row_groups()[self.groups.clone()];
        groups.iter().map(|group| usize::try_from(group.num_rows()).unwrap_or_default()).sum()
    }

    /// A column's place among those that hold cells, and what they are.
    fn kind(&self, name: &str) -> Option<(usize, Kind)> {
        let leaves = self.file.metadata().file_metadata().schema_descr().columns();
        let is_it = |parts: &[String]| parts.first().is_some_and(|first| first == name);
        let leaf = leaves.iter().position(|leaf| is_it(leaf.path().parts()))?;
        Some((leaf, values::kind(&leaves[leaf])?))
    }

    /// Before the pages of a column are unfolded.
    fn refuse_claims(&self, leaf: usize) -> Result<(), Rejection> {
        let groups = &self.file.metadata().row_groups()[self.groups.clone()];
        let claimed = groups.iter().map(|group| {
            let (start, length) = group.column(leaf).byte_range();
            let place = usize::try_from(start).ok().zip(usize::try_from(start.saturating_add(length)).ok());
            let column = place.and_then(|(start, end)| self.bytes.as_ref().get(start..end));
            pages::claimed_bytes(column.unwrap_or_default())
        });
        if claimed.fold(0, u64::saturating_add) > self.limits.max_bytes {
            return Err(too_large(self.limits));
        }
        Ok(())
    }

    fn each(
        &mut self,
        name: &str,
        rule: &CellRule,
        may_be: impl Fn(Kind) -> bool,
        mut take: impl FnMut(usize, Option<Value<'_>>),
    ) -> Result<(), Rejection> {
        let column = self.kind(name).filter(|(_, kind)| may_be(*kind));
        let column = column.ok_or_else(|| self.wrong_type(name, rule))?;
        self.refuse_claims(column.0)?;
        let mut row = 0;
        let read = values::each(self.file, self.groups.clone(), column, |cell| {
            if let Some(Value::Text(text)) = cell {
                self.n_text_bytes += text.len() as u64;
                if self.n_text_bytes > self.limits.max_bytes {
                    return Err(Halt::TooLarge);
                }
            }
            take(row, cell);
            row += 1;
            Ok(())
        });
        read.map_err(|halt| match halt {
            Halt::TooLarge => too_large(self.limits),
            Halt::Damaged(error) => damaged(&error),
        })
    }

    fn column(&mut self, Wanted { name, rule, .. }: &Wanted) -> Result<Column, Rejection> {
        match rule {
            CellRule::Label => {
                let mut labels = Labels::default();
                self.each_text(name, rule, |cell| {
                    labels.push(cell);
                    Ok(())
                })?;
                Ok(Column::Labels(labels))
            }
            rule if rule.is_text() => {
                let mut texts = Texts::default();
                self.each_text(name, rule, |cell| {
                    texts.push(cells::text(cell, rule)?);
                    Ok(())
                })?;
                Ok(Column::Texts(texts))
            }
            _ => self.numbers(name, rule).map(Column::Numbers),
        }
    }

    fn numbers(&mut self, name: &str, rule: &CellRule) -> Result<Vec<f64>, Rejection> {
        let mut numbers = Vec::with_capacity(self.len());
        let is_text = matches!(self.kind(name), Some((_, Kind::Text)));
        if is_text || matches!(rule, CellRule::Binary { positive: Some(_) }) {
            self.each_text(name, rule, |cell| {
                cells::number(cell.as_bytes(), rule).map(|number| numbers.push(number))
            })?;
            return Ok(numbers);
        }
        let mut faults = Faults::default();
        self.each(
            name,
            rule,
            |kind| !matches!(kind, Kind::Date | Kind::Time(_)),
            |row, cell| {
                let value = cell.and_then(Value::number);
                match value.ok_or(Fault::Missing).and_then(|value| finite(value, rule)) {
                    Ok(number) => numbers.push(number),
                    Err(fault) => {
                        faults.note(fault, row, || value.map_or_else(String::new, |v| v.to_string()))
                    }
                }
            },
        )?;
        faults.into_result(name, rule)?;
        Ok(numbers)
    }

    fn each_text(
        &mut self,
        name: &str,
        rule: &CellRule,
        mut take: impl FnMut(&str) -> Result<(), Fault>,
    ) -> Result<(), Rejection> {
        let may_be = |kind: Kind| match kind {
            Kind::Flag | Kind::Whole | Kind::Natural | Kind::Decimal(0) | Kind::Text => true,
            Kind::Half | Kind::Single | Kind::Double | Kind::Decimal(_) | Kind::Date | Kind::Time(_) => {
                rule.is_text()
            }
        };
        let longest = self.limits.longest_cell();
        let (mut faults, mut written) = (Faults::default(), String::new());
        self.each(name, rule, may_be, |row, cell| {
            let cell = match cell {
                Some(Value::Text(text)) => Some(text),
                Some(value) => {
                    written.clear();
                    value.write(&mut written);
                    Some(written.as_str())
                }
                None => None,
            };
            let text = match (cell, rule) {
                (Some(text), _) if text.len() > longest => Err(Fault::TooLong),
                (None, rule) if rule.is_text() => Ok(""),
                (None, _) => Err(Fault::Missing),
                (Some(text), rule) if rule.is_text() => Ok(text),
                (Some(text), _) => cells::label(text),
            };
            if let Err(fault) = text.and_then(&mut take) {
                faults.note(fault, row, || shown(cell.unwrap_or_default().as_bytes()));
            }
        })?;
        faults.into_result(name, rule)
    }

    fn wrong_type(&self, name: &str, rule: &CellRule) -> Rejection {
        let kind = if rule.is_number() { RejectionKind::NotANumber } else { RejectionKind::MalformedCsv };
        let fields = self.file.metadata().file_metadata().schema().get_fields();
        let found = fields.iter().find(|field| field.name() == name);
        Rejection::new(
            kind,
            format!(
                "Column “{name}” has the Parquet type {}, where {} is expected. Ids and labels are text or whole numbers.",
                found.map_or_else(String::new, |field| values::type_name(field)),
                rule.expectation()
            ),
        )
        .with_column(name)
    }
}

fn finite(value: f64, rule: &CellRule) -> Result<f64, Fault> {
    if value.is_finite() { cells::keep(value, rule) } else { Err(Fault::NotFinite) }
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

fn damaged(error: &ParquetError) -> Rejection {
    Rejection::new(
        RejectionKind::BadArchive,
        format!("The Parquet file cannot be read ({error}). Write it again, or send a CSV file."),
    )
}
