//! The quick reader: plain CSV cut at line ends, a piece for every core, each cell parsed in place.
//!
//! It never says what is wrong: at the first line end in quotes, quote inside a cell, lone carriage
//! return, row of another width or cell that breaks its rule it gives up, and the careful reader takes
//! over. A cut inside a quoted cell leaves the piece before it with a quote that never ends, so that
//! such a file is given up, too.

use super::Limits;
use super::cells;
use super::columns::{Column, Ids, Labels, Table, Texts};
use super::plan::{CellRule, Plan, Role};
use super::scan;
use crate::parallel;

/// Below this many bytes a second thread costs more than it brings.
const BYTES_PER_THREAD: usize = 2 << 20;
/// A file is read so much at a time, and forgotten behind.
const READ_BYTES: usize = 4 << 20;

/// Is told which part of the file was read and is not needed any more.
type Forget<'a> = dyn Fn(&[u8]) + Sync + 'a;

/// Reads the rows below the header; `None` when anything about them is unusual.
pub(super) fn read(body: &[u8], plan: &Plan, limits: &Limits, forget: &Forget<'_>) -> Option<Table> {
    let pieces = cut(body);
    let mut parts = if pieces.len() == 1 {
        vec![read_piece(pieces[0], plan, limits, forget)?]
    } else {
        read_in_parallel(&pieces, plan, limits, forget)?
    };
    let mut table = parts.remove(0);
    for part in parts {
        append(&mut table, part);
    }
    (table.n_rows as u64 <= limits.max_rows).then_some(table)
}

fn read_in_parallel(
    pieces: &[&[u8]],
    plan: &Plan,
    limits: &Limits,
    forget: &Forget<'_>,
) -> Option<Vec<Table>> {
    std::thread::scope(|scope| {
        let running: Vec<_> =
            pieces.iter().map(|piece| scope.spawn(move || read_piece(piece, plan, limits, forget))).collect();
        running.into_iter().map(|thread| thread.join().ok().flatten()).collect()
    })
}

/// Cuts after line ends into pieces of about the same size.
fn cut(body: &[u8]) -> Vec<&[u8]> {
    let n_pieces = parallel::n_threads_for(body.len(), BYTES_PER_THREAD);
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

fn read_piece(piece: &[u8], plan: &Plan, limits: &Limits, forget: &Forget<'_>) -> Option<Table> {
    let expected_rows = expected_rows(piece);
    let mut ids = Ids::Integers(parallel::reserved(if plan.id.is_some() { expected_rows } else { 0 }));
    let mut sinks: Vec<Sink> = plan
        .columns
        .iter()
        .map(|column| sink(column.rule.is_number(), &column.rule, expected_rows))
        .collect();
    let mut n_rows = 0;
    let mut rest = piece;
    while !rest.is_empty() {
        let (block, after) = rest.split_at(block_length(rest));
        n_rows += read_block(block, plan, limits, &mut ids, &mut sinks)?;
        forget(block);
        rest = after;
    }
    let columns = sinks.into_iter().map(Sink::column).collect();
    Some(Table { n_rows, ids, columns })
}

/// Whole lines of about [`READ_BYTES`].
fn block_length(rest: &[u8]) -> usize {
    let end = rest.get(READ_BYTES..).and_then(|rest| memchr::memchr(b'\n', rest));
    end.map_or(rest.len(), |end| READ_BYTES + end + 1)
}

/// Reads whole lines; returns how many rows they hold.
fn read_block(
    block: &[u8],
    plan: &Plan,
    limits: &Limits,
    ids: &mut Ids,
    sinks: &mut [Sink],
) -> Option<usize> {
    let n_quotes = memchr::memchr_iter(b'"', block).count();
    let mut n_quotes_read = 0;
    let mut n_rows = 0;
    let mut at = 0;
    while at < block.len() {
        at = match block[at..] {
            [b'\n', ..] | [b'\r'] => at + 1,
            [b'\r', b'\n', ..] => at + 2,
            _ => {
                n_rows += 1;
                read_line(block, at, plan, limits, ids, sinks, &mut n_quotes_read)?
            }
        };
    }
    (n_quotes_read == n_quotes).then_some(n_rows)
}

/// A guess from the first lines, rather too many: memory that is reserved and not touched costs
/// nothing, and a vector that has to grow is copied.
fn expected_rows(piece: &[u8]) -> usize {
    let start = &piece[..piece.len().min(4096)];
    let n_lines = memchr::memchr_iter(b'\n', start).count().max(1);
    let guess = piece.len() * n_lines / start.len().max(1);
    guess + guess / 8 + 16
}

fn sink(is_number: bool, rule: &CellRule, expected_rows: usize) -> Sink {
    match (is_number, rule) {
        (true, _) => Sink::Numbers(parallel::reserved(expected_rows)),
        (false, CellRule::Label) => Sink::Labels(Labels::default()),
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

/// Reads the line that begins at `at`; returns where the next one begins.
#[inline]
fn read_line(
    piece: &[u8],
    mut at: usize,
    plan: &Plan,
    limits: &Limits,
    ids: &mut Ids,
    sinks: &mut [Sink],
    n_quotes: &mut usize,
) -> Option<usize> {
    let (last, others) = plan.roles.split_last()?;
    for role in others {
        at += read_cell(&piece[at..], *role, plan, limits, ids, sinks, n_quotes)?;
        if piece.get(at) != Some(&b',') {
            return None;
        }
        at += 1;
    }
    at += read_cell(&piece[at..], *last, plan, limits, ids, sinks, n_quotes)?;
    match piece[at..] {
        [] => Some(at),
        [b'\n', ..] | [b'\r'] => Some(at + 1),
        [b'\r', b'\n', ..] => Some(at + 2),
        _ => None,
    }
}

/// Reads the cell at the start of `rest`; returns its length in bytes.
#[inline]
fn read_cell(
    rest: &[u8],
    role: Role,
    plan: &Plan,
    limits: &Limits,
    ids: &mut Ids,
    sinks: &mut [Sink],
    n_quotes: &mut usize,
) -> Option<usize> {
    if rest.first() == Some(&b'"') {
        let quoted = scan::quoted(rest)?;
        *n_quotes += quoted.n_quotes;
        read_quoted(&quoted.text(), role, plan, limits, ids, sinks)?;
        return Some(quoted.length);
    }
    match role {
        Role::Id => {
            if let Some((id, length)) = scan::integer(rest) {
                ids.push_integer(id);
                return Some(length);
            }
            let length = scan::cell_length(rest);
            read_id(&rest[..length], limits, ids)?;
            Some(length)
        }
        Role::Unused => {
            let length = scan::cell_length(rest);
            plain_text(&rest[..length], limits)?;
            Some(length)
        }
        Role::Wanted(at) => match &mut sinks[at] {
            Sink::Numbers(numbers) => read_number(rest, &plan.columns[at].rule, limits, numbers),
            Sink::Labels(labels) => {
                let length = scan::cell_length(rest);
                if !labels.repeat(&rest[..length]) {
                    labels.push(cells::label(plain_text(&rest[..length], limits)?).ok()?);
                }
                Some(length)
            }
            Sink::Texts(texts) => {
                let length = scan::cell_length(rest);
                texts.push(cells::text(plain_text(&rest[..length], limits)?, &plan.columns[at].rule).ok()?);
                Some(length)
            }
        },
    }
}

/// Reads what stood between quotes, by the same rules as without them.
fn read_quoted(
    cell: &[u8],
    role: Role,
    plan: &Plan,
    limits: &Limits,
    ids: &mut Ids,
    sinks: &mut [Sink],
) -> Option<()> {
    let text = plain_text(cell, limits)?;
    match role {
        Role::Unused => {}
        Role::Id => ids.push(cells::label(text).ok()?),
        Role::Wanted(at) => match &mut sinks[at] {
            Sink::Numbers(numbers) => numbers.push(cells::number(cell, &plan.columns[at].rule).ok()?),
            Sink::Labels(labels) => labels.push(cells::label(text).ok()?),
            Sink::Texts(texts) => texts.push(cells::text(text, &plan.columns[at].rule).ok()?),
        },
    }
    Some(())
}

#[inline]
fn read_number(rest: &[u8], rule: &CellRule, limits: &Limits, numbers: &mut Vec<f64>) -> Option<usize> {
    let is_named = matches!(rule, CellRule::Binary { positive: Some(_) });
    if !is_named && let Some((value, length)) = scan::decimal(rest) {
        numbers.push(cells::keep(value, rule).ok()?);
        return Some(length);
    }
    let length = scan::cell_length(rest);
    if length > limits.max_field_bytes {
        return None;
    }
    numbers.push(cells::number(&rest[..length], rule).ok()?);
    Some(length)
}

/// An id that is no plain whole number.
fn read_id(cell: &[u8], limits: &Limits, ids: &mut Ids) -> Option<()> {
    let id = plain_text(cell, limits)?;
    if id.is_empty() {
        return None;
    }
    ids.push(id);
    Some(())
}

#[inline]
fn plain_text<'a>(cell: &'a [u8], limits: &Limits) -> Option<&'a str> {
    if cell.len() > limits.max_field_bytes {
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
