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
const BYTES_PER_THREAD: usize = 1 << 20;
/// So much of a file is read at a time, and forgotten behind: what is made of it stays in a core's cache.
const BLOCK_BYTES: usize = 256 << 10;

/// Is told which part of the file was read and is not needed any more.
type Forget<'a> = dyn Fn(&[u8]) + Sync + 'a;

/// Reads the rows below the header; `None` when anything about them is unusual.
pub(super) fn read(body: &[u8], plan: &Plan, limits: &Limits, forget: &Forget<'_>) -> Option<Table> {
    let parts = read_pieces(body, |at, piece| {
        // All pieces end up behind the first one.
        let mut table = empty_table(plan, expected_rows(if at == 0 { body } else { piece }));
        read_piece(piece, plan, limits, forget, &mut table, |_| Some(()))?;
        Some(table)
    })?;
    let mut parts = parts.into_iter();
    let mut table = parts.next()?;
    parts.for_each(|part| table.append(part));
    (table.n_rows as u64 <= limits.max_rows).then_some(table)
}

/// As [`read`], but hands on the rows as soon as they are read: `start` makes one taker for every piece
/// of the file, given its number and how many there are, and `take` gives it the next rows of its piece,
/// or refuses them. The takers come back in the order of the file.
pub(super) fn stream<T: Send>(
    body: &[u8],
    plan: &Plan,
    limits: &Limits,
    forget: &Forget<'_>,
    start: impl Fn(usize, usize) -> T + Sync,
    take: impl Fn(&mut T, &Table) -> Option<()> + Sync,
) -> Option<Vec<T>> {
    let n_pieces = cut(body).len();
    let parts = read_pieces(body, |at, piece| {
        let mut taker = start(at, n_pieces);
        let mut table = empty_table(plan, 0);
        let mut n_rows = 0;
        read_piece(piece, plan, limits, forget, &mut table, |table| {
            n_rows += table.n_rows;
            take(&mut taker, table)?;
            table.clear();
            Some(())
        })?;
        Some((n_rows, taker))
    })?;
    let n_rows: usize = parts.iter().map(|part| part.0).sum();
    (n_rows as u64 <= limits.max_rows).then(|| parts.into_iter().map(|part| part.1).collect())
}

/// Does some work with every piece, at the same time.
fn read_pieces<R: Send>(body: &[u8], work: impl Fn(usize, &[u8]) -> Option<R> + Sync) -> Option<Vec<R>> {
    let pieces = cut(body);
    let Some((first, others)) = pieces.split_first() else { return Some(Vec::new()) };
    let work = &work;
    std::thread::scope(|scope| {
        let running: Vec<_> =
            others.iter().enumerate().map(|(at, piece)| scope.spawn(move || work(at + 1, piece))).collect();
        let first = work(0, first);
        let others = running.into_iter().map(|thread| thread.join().ok().flatten());
        std::iter::once(first).chain(others).collect()
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

fn empty_table(plan: &Plan, expected_rows: usize) -> Table {
    let ids = Ids::Integers(parallel::reserved(if plan.id.is_some() { expected_rows } else { 0 }));
    let column = |rule: &CellRule| match rule {
        CellRule::Label => Column::Labels(Labels::default()),
        rule if rule.is_text() => Column::Texts(Texts::default()),
        _ => Column::Numbers(parallel::reserved(expected_rows)),
    };
    Table { n_rows: 0, ids, columns: plan.columns.iter().map(|wanted| column(&wanted.rule)).collect() }
}

/// Reads a piece into a table, which is shown after every block.
fn read_piece(
    piece: &[u8],
    plan: &Plan,
    limits: &Limits,
    forget: &Forget<'_>,
    table: &mut Table,
    mut show: impl FnMut(&mut Table) -> Option<()>,
) -> Option<()> {
    let mut rest = piece;
    while !rest.is_empty() {
        let (block, after) = rest.split_at(block_length(rest));
        read_block(block, plan, limits, table)?;
        forget(block);
        show(table)?;
        rest = after;
    }
    Some(())
}

/// Whole lines of about [`BLOCK_BYTES`].
fn block_length(rest: &[u8]) -> usize {
    let end = rest.get(BLOCK_BYTES..).and_then(|rest| memchr::memchr(b'\n', rest));
    end.map_or(rest.len(), |end| BLOCK_BYTES + end + 1)
}

/// Reads whole lines.
fn read_block(block: &[u8], plan: &Plan, limits: &Limits, table: &mut Table) -> Option<()> {
    let n_quotes = memchr::memchr_iter(b'"', block).count();
    let mut n_quotes_read = 0;
    let Table { n_rows, ids, columns } = table;
    let mut at = 0;
    while at < block.len() {
        at = match block[at..] {
            [b'\n', ..] | [b'\r'] => at + 1,
            [b'\r', b'\n', ..] => at + 2,
            _ => {
                *n_rows += 1;
                read_line(block, at, plan, limits, ids, columns, &mut n_quotes_read)?
            }
        };
    }
    (n_quotes_read == n_quotes).then_some(())
}

/// A guess from the first lines, rather too many: memory that is reserved and not touched costs
/// nothing, and a vector that has to grow is copied.
fn expected_rows(piece: &[u8]) -> usize {
    let start = &piece[..piece.len().min(4096)];
    let n_lines = memchr::memchr_iter(b'\n', start).count().max(1);
    let guess = piece.len() * n_lines / start.len().max(1);
    guess + guess / 8 + 16
}

/// Reads the line that begins at `at`; returns where the next one begins.
#[inline]
fn read_line(
    piece: &[u8],
    mut at: usize,
    plan: &Plan,
    limits: &Limits,
    ids: &mut Ids,
    columns: &mut [Column],
    n_quotes: &mut usize,
) -> Option<usize> {
    let (last, others) = plan.roles.split_last()?;
    for role in others {
        at += read_cell(&piece[at..], *role, plan, limits, ids, columns, n_quotes)?;
        if piece.get(at) != Some(&b',') {
            return None;
        }
        at += 1;
    }
    at += read_cell(&piece[at..], *last, plan, limits, ids, columns, n_quotes)?;
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
    columns: &mut [Column],
    n_quotes: &mut usize,
) -> Option<usize> {
    if rest.first() == Some(&b'"') {
        let quoted = scan::quoted(rest)?;
        *n_quotes += quoted.n_quotes;
        read_quoted(&quoted.text(), role, plan, limits, ids, columns)?;
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
        Role::Wanted(at) => match &mut columns[at] {
            Column::Numbers(numbers) => read_number(rest, &plan.columns[at].rule, limits, numbers),
            Column::Labels(labels) => {
                let length = scan::cell_length(rest);
                if !labels.repeat(&rest[..length]) {
                    labels.push(cells::label(plain_text(&rest[..length], limits)?).ok()?);
                }
                Some(length)
            }
            Column::Texts(texts) => {
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
    columns: &mut [Column],
) -> Option<()> {
    let text = plain_text(cell, limits)?;
    match role {
        Role::Unused => {}
        Role::Id => ids.push(cells::label(text).ok()?),
        Role::Wanted(at) => match &mut columns[at] {
            Column::Numbers(numbers) => numbers.push(cells::number(cell, &plan.columns[at].rule).ok()?),
            Column::Labels(labels) => labels.push(cells::label(text).ok()?),
            Column::Texts(texts) => texts.push(cells::text(text, &plan.columns[at].rule).ok()?),
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
