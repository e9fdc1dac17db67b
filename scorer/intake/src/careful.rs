//! The authoritative reader: one record after the other, by the rules of the `csv` crate. It names
//! the first fault of a file exactly, or returns the columns when there is none.

use std::io::Read;

use holdout_contract::rejection::{Rejection, RejectionKind};

use crate::Limits;
use crate::cells::{self, Fault};
use crate::columns::{Column, Ids, Labels, Table};
use crate::plan::{CellRule, Plan, Role};
use crate::rejections::{self, BadCells, shown};
use crate::texts::Texts;

/// Reads a whole file, header included, without its byte-order mark.
///
/// # Errors
/// The first fault in file order, with examples and total of its kind.
pub fn read(text: &[u8], plan: &Plan, limits: &Limits) -> Result<Table, Rejection> {
    check_utf8(text)?;
    let mut reading = Reading::new(plan, limits);
    let mut reader = reader(text);
    let mut record = csv::ByteRecord::new();
    let mut lines = Lines { text, at: 0, line: 1 };
    let mut last_line = 1;
    let mut is_header = true;
    loop {
        let start = reader.position().clone();
        let more = reader.read_byte_record(&mut record);
        if reader.get_ref().is_endless() {
            return Err(endless_row(lines.line_at(Some(&start))));
        }
        let more = more.map_err(|error| {
            rejections::malformed(&error.to_string(), error.position().map(csv::Position::line))
        })?;
        if !more {
            break;
        }
        reader.get_mut().begin_row();
        last_line = lines.line_at(record.position());
        if std::mem::take(&mut is_header) {
            continue;
        }
        reading.take(&record, last_line)?;
    }
    check_quotes(text, last_line)?;
    reading.finish()
}

/// Reads as [`read`] does, and hands on the rows of a piece of the file as soon as they are read.
///
/// # Errors
/// As [`read`]; rows before the fault were handed on by then.
pub fn stream(
    text: &[u8],
    plan: &Plan,
    limits: &Limits,
    mut take: impl FnMut(&mut Table),
) -> Result<(), Rejection> {
    match stream_from(text, plan, limits, &mut take) {
        Some(()) => Ok(()),
        None => Err(read(text, plan, limits)
            .err()
            .unwrap_or_else(|| rejections::malformed("it cannot be read in pieces", None))),
    }
}

/// As [`stream`], of a file that nobody has as a whole; `None` at its first fault, which [`read`] can name.
pub fn stream_from(
    reader: impl Read,
    plan: &Plan,
    limits: &Limits,
    mut take: impl FnMut(&mut Table),
) -> Option<()> {
    let mut reading = Reading::new(plan, limits);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(Seen {
        reader: Bounded::new(reader),
        n_bytes: 0,
        n_quotes: 0,
    });
    let mut record = csv::ByteRecord::new();
    let mut n_bytes = 0;
    let mut is_header = true;
    while reader.read_byte_record(&mut record).ok()? {
        reader.get_mut().reader.begin_row();
        if std::mem::take(&mut is_header) {
            continue;
        }
        let is_utf8 = std::str::from_utf8(record.as_slice()).is_ok();
        reading.take(&record, 0).ok().filter(|()| is_utf8 && !reading.has_fault())?;
        n_bytes += record.as_slice().len();
        if n_bytes > PIECE_BYTES {
            take(&mut reading.piece());
            n_bytes = 0;
        }
    }
    take(&mut reading.piece());
    let seen = reader.get_ref();
    (seen.n_quotes.is_multiple_of(2) && seen.n_bytes <= limits.max_bytes).then_some(())
}

/// So many bytes are handed on at a time.
const PIECE_BYTES: usize = 1 << 20;

/// Longest row that is read: what it holds is kept several times over, and eight bytes for each of its cells.
const LONGEST_ROW_BYTES: usize = 64 << 20;

/// A reader that ends with a fault within a row that has no end.
struct Bounded<R> {
    reader: R,
    n_bytes_of_row: usize,
}

impl<R> Bounded<R> {
    fn new(reader: R) -> Self {
        Self { reader, n_bytes_of_row: 0 }
    }

    fn begin_row(&mut self) {
        self.n_bytes_of_row = 0;
    }

    fn is_endless(&self) -> bool {
        self.n_bytes_of_row > LONGEST_ROW_BYTES
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.is_endless() {
            return Err(std::io::Error::other("a row has no end"));
        }
        let n = self.reader.read(buffer)?;
        self.n_bytes_of_row += n;
        Ok(n)
    }
}

fn endless_row(line: u64) -> Rejection {
    let most = LONGEST_ROW_BYTES >> 20;
    let what = format!("a row has no end within {most} MiB; a quotation mark may be opened and never closed");
    rejections::malformed(&what, Some(line))
}

/// A reader that counts what it has read.
struct Seen<R> {
    reader: R,
    n_bytes: u64,
    n_quotes: usize,
}

impl<R: Read> Read for Seen<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.reader.read(buffer)?;
        self.n_bytes += n as u64;
        self.n_quotes += memchr::memchr_iter(b'"', &buffer[..n]).count();
        Ok(n)
    }
}

/// The line on which the `row`th data row starts.
pub fn line_of_row(text: &[u8], row: usize) -> Option<u64> {
    let mut reader = reader(text);
    let mut record = csv::ByteRecord::new();
    for _ in 0..=row + 1 {
        if !reader.read_byte_record(&mut record).ok()? {
            return None;
        }
        reader.get_mut().begin_row();
    }
    Some(Lines { text, at: 0, line: 1 }.line_at(record.position()))
}

/// Counts lines as an editor does; the `csv` crate's own count lags behind by one after “\r\n” and
/// after blank lines.
struct Lines<'a> {
    text: &'a [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line of the first byte of a record; records come in file order.
    fn line_at(&mut self, position: Option<&csv::Position>) -> u64 {
        let start = position.and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or(self.at);
        let start = start.clamp(self.at, self.text.len());
        let blanks = self.text[start..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let passed = &self.text[self.at..start + blanks];
        let ends = memchr::memchr2_iter(b'\r', b'\n', passed)
            .filter(|at| passed[*at] == b'\n' || passed.get(at + 1) != Some(&b'\n'));
        self.line += ends.count() as u64;
        self.at = start + blanks;
        self.line
    }
}

fn reader(text: &[u8]) -> csv::Reader<Bounded<&[u8]>> {
    csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(Bounded::new(text))
}

fn check_utf8(text: &[u8]) -> Result<(), Rejection> {
    std::str::from_utf8(text).map(|_| ()).map_err(|error| {
        let before = &text[..error.valid_up_to()];
        rejections::not_utf8(memchr::memchr_iter(b'\n', before).count() as u64 + 1)
    })
}

/// Quotes come in pairs; one that is never closed swallows the rest of the file.
fn check_quotes(text: &[u8], last_line: u64) -> Result<(), Rejection> {
    if memchr::memchr_iter(b'"', text).count().is_multiple_of(2) {
        return Ok(());
    }
    Err(rejections::malformed("a quotation mark is opened and never closed", Some(last_line)))
}

/// The first fault found, and the further ones of its kind.
struct Found {
    fault: Fault,
    /// `None` is the id column.
    column: Option<usize>,
    line: u64,
    examples: Vec<String>,
    total: u64,
    /// Cells that are wrong in other ways or in other columns.
    n_others: u64,
    /// Where the first of these is.
    other_line: Option<u64>,
}

struct Widths {
    line: u64,
    found: usize,
    lines: Vec<String>,
    total: u64,
}

struct Reading<'a> {
    plan: &'a Plan,
    limits: &'a Limits,
    ids: Ids,
    columns: Vec<Column>,
    n_rows: usize,
    n_handed_on: usize,
    found: Option<Found>,
    widths: Option<Widths>,
}

fn empty_columns(plan: &Plan) -> Vec<Column> {
    let columns = plan.columns.iter().map(|column| match column.rule {
        CellRule::Label => Column::Labels(Labels::default()),
        ref rule if rule.is_text() => Column::Texts(Texts::default()),
        _ => Column::Numbers(Vec::new()),
    });
    columns.collect()
}

impl<'a> Reading<'a> {
    fn new(plan: &'a Plan, limits: &'a Limits) -> Self {
        Self {
            plan,
            limits,
            ids: Ids::default(),
            columns: empty_columns(plan),
            n_rows: 0,
            n_handed_on: 0,
            found: None,
            widths: None,
        }
    }

    fn has_fault(&self) -> bool {
        self.found.is_some() || self.widths.is_some()
    }

    /// The rows since the last piece.
    fn piece(&mut self) -> Table {
        let n_rows = self.n_rows - std::mem::replace(&mut self.n_handed_on, self.n_rows);
        let columns = std::mem::replace(&mut self.columns, empty_columns(self.plan));
        Table { n_rows, ids: std::mem::take(&mut self.ids), columns }
    }

    fn take(&mut self, record: &csv::ByteRecord, line: u64) -> Result<(), Rejection> {
        self.n_rows += 1;
        let most = self.limits.most_rows(self.plan);
        if self.n_rows as u64 > most {
            return Err(rejections::too_many_rows(most));
        }
        if record.len() != self.plan.roles.len() {
            self.note_width(record.len(), line);
            return Ok(());
        }
        if self.widths.is_some() {
            return Ok(());
        }
        for (cell, role) in record.iter().zip(&self.plan.roles) {
            if cell.len() > self.limits.longest_cell() {
                self.note(Fault::TooLong, *role, line, &cell[..40]);
                continue;
            }
            if let Err(fault) = self.take_cell(cell, *role) {
                self.note(fault, *role, line, cell);
            }
        }
        Ok(())
    }

    fn take_cell(&mut self, cell: &[u8], role: Role) -> Result<(), Fault> {
        let text = std::str::from_utf8(cell).unwrap_or_default();
        match role {
            Role::Unused => {}
            Role::Id => self.ids.push(cells::label(text)?),
            Role::Wanted(at) => match &mut self.columns[at] {
                Column::Numbers(numbers) => numbers.push(cells::number(cell, &self.plan.columns[at].rule)?),
                Column::Labels(labels) => labels.push(cells::label(text)?),
                Column::Texts(texts) => texts.push(cells::text(text, &self.plan.columns[at].rule)?),
            },
        }
        Ok(())
    }

    fn note(&mut self, fault: Fault, role: Role, line: u64, cell: &[u8]) {
        let column = match role {
            Role::Wanted(at) => Some(at),
            Role::Id | Role::Unused => None,
        };
        let found = self.found.get_or_insert_with(|| Found {
            fault,
            column,
            line,
            examples: Vec::new(),
            total: 0,
            n_others: 0,
            other_line: None,
        });
        if found.fault.kind() != fault.kind() || found.column != column {
            found.other_line.get_or_insert(line);
            found.n_others += 1;
            return;
        }
        found.total += 1;
        if found.examples.len() < Rejection::MAX_EXAMPLES && fault != Fault::Missing {
            found.examples.push(shown(cell));
        }
    }

    fn note_width(&mut self, found: usize, line: u64) {
        if self.found.is_some() {
            return;
        }
        let widths = self.widths.get_or_insert(Widths { line, found, lines: Vec::new(), total: 0 });
        widths.total += 1;
        if widths.lines.len() < Rejection::MAX_EXAMPLES {
            widths.lines.push(format!("line {line}"));
        }
    }

    fn finish(self) -> Result<Table, Rejection> {
        if let Some(widths) = &self.widths {
            return Err(self.width_rejection(widths));
        }
        if let Some(found) = &self.found {
            return Err(self.cell_rejection(found));
        }
        Ok(Table { n_rows: self.n_rows, ids: self.ids, columns: self.columns })
    }

    fn width_rejection(&self, widths: &Widths) -> Rejection {
        let expected = self.plan.roles.len();
        let more = match widths.total {
            1 => String::new(),
            total => format!(" {total} lines have another number of cells than the header."),
        };
        let message = format!(
            "Line {} has {} {}, where the header has {expected}.{more}",
            widths.line,
            widths.found,
            if widths.found == 1 { "cell" } else { "cells" },
        );
        Rejection::new(RejectionKind::RowWidth, message)
            .with_line(widths.line)
            .with_total(widths.total)
            .with_examples(widths.lines.iter().map(String::as_str))
    }

    fn cell_rejection(&self, found: &Found) -> Rejection {
        let (column, rule) = match found.column {
            Some(at) => (self.plan.columns[at].name.as_str(), self.plan.columns[at].rule.clone()),
            None => (self.plan.id.map_or("", |id| self.plan.header[id].as_str()), CellRule::Label),
        };
        let rule = if found.column.is_none() { None } else { Some(rule) };
        let mut rejection = BadCells {
            fault: found.fault,
            rule: rule.as_ref().unwrap_or(&CellRule::Text),
            column,
            place: rejections::place(Some(found.line), 0),
            line: Some(found.line),
            examples: &found.examples,
            total: found.total,
        }
        .rejection();
        if rule.is_none() && found.fault == Fault::Missing {
            rejection.message =
                format!("Line {} has no id in column “{column}”; every row needs its id.", found.line);
        }
        if found.fault == Fault::TooLong {
            rejection.message = format!(
                "A cell on line {} is longer than {}, the most that is read here.",
                found.line,
                rejections::size(self.limits.longest_cell() as u64)
            );
        }
        if let Some(line) = found.other_line {
            rejection.message.push_str(&match found.n_others {
                1 => format!(" Another cell, on line {line}, is wrong in another way."),
                n => format!(" {n} other cells are wrong in other ways, the first of them on line {line}."),
            });
        }
        rejection
    }
}
