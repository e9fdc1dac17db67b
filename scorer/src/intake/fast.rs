//! The quick reader: plain CSV cut at line ends, a piece for every core, each cell parsed in place.
//!
//! It never says what is wrong: at the first quote, lone carriage return, row of another width or
//! cell that breaks its rule it gives up, and the careful reader takes over.

use super::Limits;
use super::cells;
use super::columns::{Column, Ids, Labels, Table, Texts, canonical_integer};
use super::plan::{Plan, Role};

/// Below this many bytes a second thread costs more than it brings.
const BYTES_PER_THREAD: usize = 2 << 20;
const MAX_THREADS: usize = 8;

/// Reads the rows below the header; `None` when anything about them is unusual.
pub(super) fn read(body: &[u8], plan: &Plan, limits: &Limits) -> Option<Table> {
    let pieces = cut(body);
    let mut parts = if pieces.len() == 1 {
        vec![read_piece(pieces[0], plan, limits)?]
    } else {
        read_in_parallel(&pieces, plan, limits)?
    };
    let mut table = parts.remove(0);
    for part in parts {
        append(&mut table, part);
    }
    (table.n_rows as u64 <= limits.max_rows).then_some(table)
}

fn read_in_parallel(pieces: &[&[u8]], plan: &Plan, limits: &Limits) -> Option<Vec<Table>> {
    std::thread::scope(|scope| {
        let running: Vec<_> =
            pieces.iter().map(|piece| scope.spawn(move || read_piece(piece, plan, limits))).collect();
        running.into_iter().map(|thread| thread.join().ok().flatten()).collect()
    })
}

/// Cuts after line ends into pieces of about the same size.
fn cut(body: &[u8]) -> Vec<&[u8]> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
    let n_pieces = (body.len() / BYTES_PER_THREAD).clamp(1, cores);
    let mut pieces = Vec::with_capacity(n_pieces);
    let mut rest = body;
    for left in (2..=n_pieces).rev() {
        let near = rest.len() / left;
        let Some(offset) = memchr::memchr(b'\n', &rest[near..]) else { break };
        let (piece, after) = rest.split_at(near + offset + 1);
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    pieces
}

enum Sink {
    Numbers(Vec<f64>),
    Labels(Labels),
    Texts(Texts),
}

fn read_piece(piece: &[u8], plan: &Plan, limits: &Limits) -> Option<Table> {
    if memchr::memchr(b'"', piece).is_some() {
        return None;
    }
    let expected_rows = expected_rows(piece);
    let mut ids = Ids::Integers(Vec::with_capacity(if plan.id.is_some() { expected_rows } else { 0 }));
    let mut sinks: Vec<Sink> = plan
        .columns
        .iter()
        .map(|column| sink(column.rule.is_number(), &column.rule, expected_rows))
        .collect();
    let mut n_rows = 0;
    let mut at = 0;
    while at < piece.len() {
        let end = line_end(piece, at);
        let next = (end + 1).min(piece.len());
        let mut line = &piece[at..end];
        at = if end == piece.len() { end } else { next };
        if let [rest @ .., b'\r'] = line {
            line = rest;
        }
        if line.is_empty() {
            continue;
        }
        read_line(line, plan, limits, &mut ids, &mut sinks)?;
        n_rows += 1;
    }
    let columns = sinks.into_iter().map(Sink::column).collect();
    Some(Table { n_rows, ids, columns })
}

#[inline]
fn line_end(piece: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &piece[at..]).map_or(piece.len(), |offset| at + offset)
}

/// A guess from the first lines; memory that is reserved and not touched costs nothing.
fn expected_rows(piece: &[u8]) -> usize {
    let start = &piece[..piece.len().min(4096)];
    let n_lines = memchr::memchr_iter(b'\n', start).count().max(1);
    piece.len() * n_lines / start.len().max(1) + 16
}

fn sink(is_number: bool, rule: &super::CellRule, expected_rows: usize) -> Sink {
    match (is_number, rule) {
        (true, _) => Sink::Numbers(Vec::with_capacity(expected_rows)),
        (false, super::CellRule::Label) => Sink::Labels(Labels::default()),
        (false, _) => Sink::Texts(Texts::default()),
    }
}

impl Sink {
    fn column(self) -> Column {
        match self {
            Self::Numbers(numbers) => Column::Numbers(numbers),
            Self::Labels(labels) => Column::Labels(labels),
            Self::Texts(texts) => Column::Texts(texts),
        }
    }
}

#[inline]
fn read_line(line: &[u8], plan: &Plan, limits: &Limits, ids: &mut Ids, sinks: &mut [Sink]) -> Option<()> {
    let mut start = 0;
    let (last, others) = plan.roles.split_last()?;
    for role in others {
        let end = start + line[start..].iter().position(|byte| *byte == b',')?;
        read_cell(&line[start..end], *role, plan, limits, ids, sinks)?;
        start = end + 1;
    }
    let cell = &line[start..];
    if memchr::memchr2(b',', b'\r', cell).is_some() {
        return None;
    }
    read_cell(cell, *last, plan, limits, ids, sinks)
}

#[inline]
fn read_cell(
    cell: &[u8],
    role: Role,
    plan: &Plan,
    limits: &Limits,
    ids: &mut Ids,
    sinks: &mut [Sink],
) -> Option<()> {
    match role {
        Role::Id => read_id(cell, limits, ids),
        Role::Unused => plain_text(cell, limits).map(|_| ()),
        Role::Wanted(at) => match &mut sinks[at] {
            Sink::Numbers(numbers) => {
                if cell.len() > limits.max_field_bytes {
                    return None;
                }
                numbers.push(cells::number(cell, &plan.columns[at].rule).ok()?);
                Some(())
            }
            Sink::Labels(labels) => {
                labels.push(cells::label(plain_text(cell, limits)?).ok()?);
                Some(())
            }
            Sink::Texts(texts) => {
                texts.push(plain_text(cell, limits)?);
                Some(())
            }
        },
    }
}

#[inline]
fn read_id(cell: &[u8], limits: &Limits, ids: &mut Ids) -> Option<()> {
    if let Some(integer) = canonical_integer(cell) {
        ids.push_integer(integer);
        return Some(());
    }
    let id = plain_text(cell, limits)?;
    if id.is_empty() {
        return None;
    }
    ids.push(id);
    Some(())
}

#[inline]
fn plain_text<'a>(cell: &'a [u8], limits: &Limits) -> Option<&'a str> {
    if cell.len() > limits.max_field_bytes || cell.contains(&b'\r') {
        return None;
    }
    std::str::from_utf8(cell).ok()
}

fn append(table: &mut Table, part: Table) {
    table.n_rows += part.n_rows;
    table.ids.append(part.ids);
    for (mine, theirs) in table.columns.iter_mut().zip(part.columns) {
        match (mine, theirs) {
            (Column::Numbers(mine), Column::Numbers(theirs)) => mine.extend_from_slice(&theirs),
            (Column::Labels(mine), Column::Labels(theirs)) => mine.append(&theirs),
            (Column::Texts(mine), Column::Texts(theirs)) => mine.append(&theirs),
            _ => unreachable!("every piece is read with the same plan"),
        }
    }
}
