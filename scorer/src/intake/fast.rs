//! The quick reader: plain CSV cut at line ends, a piece for every core, each cell parsed in place.
//!
//! Texts are not even copied: a column of them is where they stand in the file, which stays in memory then.
//!
//! It never says what is wrong: at the first line end in quotes, quote inside a cell, lone carriage
//! return, row of another width or cell that breaks its rule it gives up, and the careful reader takes
//! over. A cut inside a quoted cell leaves the piece before it with a quote that never ends, so that
//! such a file is given up, too.

use std::sync::atomic::{AtomicU64, Ordering};

use super::columns::{Column, Ids, Labels, Table};
use super::content::{Bytes, Utf8};
use super::plan::{CellRule, Plan, Wanted};
use super::{Limits, Texts, line};
use crate::parallel;

/// Below this many bytes a second thread costs more than it brings.
const BYTES_PER_THREAD: usize = 1 << 20;
/// So much of a file is read at a time, and forgotten behind: what is made of it stays in a core's cache.
const BLOCK_BYTES: usize = 256 << 10;

/// A file whose rows are to be read, and how.
pub(super) struct Piecework<'a> {
    file: &'a Bytes,
    plan: &'a Plan,
    limits: &'a Limits,
    most_rows: u64,
    /// Of all pieces so far.
    n_rows: AtomicU64,
}

impl<'a> Piecework<'a> {
    pub(super) fn new(file: &'a Bytes, plan: &'a Plan, limits: &'a Limits) -> Self {
        Self { file, plan, limits, most_rows: limits.most_rows(plan), n_rows: AtomicU64::new(0) }
    }

    /// `None` once there are more rows than are read.
    fn count(&self, n_more: usize) -> Option<()> {
        let before = self.n_rows.fetch_add(n_more as u64, Ordering::Relaxed);
        (before + n_more as u64 <= self.most_rows).then_some(())
    }

    /// An empty table whose texts stay in the file.
    fn blank(&self) -> Option<Blank<'a>> {
        let has_texts = self.plan.columns.iter().any(|wanted| wanted.rule.is_text());
        let texts = if has_texts { Some(Utf8::of(self.file.clone())?) } else { None };
        Some(Blank { plan: self.plan, texts })
    }
}

/// What every table of a file begins as.
struct Blank<'a> {
    plan: &'a Plan,
    /// The file, where a column of texts is read.
    texts: Option<Utf8>,
}

impl Blank<'_> {
    fn table(&self, expected_rows: usize) -> Table {
        let n_ids = if self.plan.id.is_some() { expected_rows } else { 0 };
        let column = |wanted: &Wanted| match (&wanted.rule, &self.texts) {
            (CellRule::Label, _) => Column::Labels(Labels::default()),
            (rule, Some(file)) if rule.is_text() => Column::Texts(Texts::of(file.clone(), expected_rows)),
            _ => Column::Numbers(parallel::reserved(expected_rows)),
        };
        Table {
            n_rows: 0,
            ids: Ids::Integers(parallel::reserved(n_ids)),
            columns: self.plan.columns.iter().map(column).collect(),
        }
    }
}

/// Reads the rows below the header, which are the file's end; `None` when anything about them is unusual.
pub(super) fn read(work: &Piecework<'_>, body: &[u8]) -> Option<Table> {
    let blank = work.blank()?;
    let parts = read_pieces(body, |at, piece| {
        // All pieces end up behind the first one.
        let mut table = blank.table(work.expected_rows(if at == 0 { body } else { piece }, body));
        read_piece(work, &blank, piece, &mut table, |_| Some(()))?;
        Some(table)
    })?;
    let mut parts = parts.into_iter();
    let mut table = parts.next()?;
    parts.for_each(|part| table.append(part));
    Some(table)
}

/// As [`read`], but hands on the rows as soon as they are read: `start` makes one taker for every piece
/// of the file, given its number and how many there are, and `take` gives it the next rows of its piece,
/// or refuses them. The takers come back in the order of the file.
pub(super) fn stream<T: Send>(
    work: &Piecework<'_>,
    body: &[u8],
    start: impl Fn(usize, usize) -> T + Sync,
    take: impl Fn(&mut T, &mut Table) -> Option<()> + Sync,
) -> Option<Vec<T>> {
    let blank = work.blank()?;
    let n_pieces = cut(body).len();
    read_pieces(body, |at, piece| {
        let mut taker = start(at, n_pieces);
        let mut table = blank.table(0);
        read_piece(work, &blank, piece, &mut table, |table| {
            take(&mut taker, table)?;
            table.clear();
            Some(())
        })?;
        Some(taker)
    })
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

/// Reads a piece into a table, which is shown after every block.
fn read_piece(
    work: &Piecework<'_>,
    blank: &Blank<'_>,
    piece: &[u8],
    table: &mut Table,
    mut show: impl FnMut(&mut Table) -> Option<()>,
) -> Option<()> {
    let mut rest = piece;
    while !rest.is_empty() {
        let (block, after) = rest.split_at(block_length(rest));
        let before = table.n_rows;
        read_block(block, work.plan, work.limits, table)?;
        work.count(table.n_rows - before)?;
        if blank.texts.is_none() {
            work.file.forget(block);
        }
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
                line::read(block, at, plan, limits, ids, columns, &mut n_quotes_read)?
            }
        };
    }
    (n_quotes_read == n_quotes).then_some(())
}

impl Piecework<'_> {
    /// A guess from the first lines, rather too many: memory that is reserved and not touched costs
    /// nothing, and a vector that has to grow is copied. Never more than this part of the file could bring, since
    /// what is reserved counts against the memory of a job.
    fn expected_rows(&self, piece: &[u8], body: &[u8]) -> usize {
        let start = &piece[..piece.len().min(4096)];
        let n_lines = memchr::memchr_iter(b'\n', start).count().max(1);
        let guess = piece.len() * n_lines / start.len().max(1);
        let share = self.most_rows as u128 * piece.len() as u128 / body.len().max(1) as u128;
        (guess + guess / 8).min(usize::try_from(share).unwrap_or(usize::MAX)) + 16
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::plan::Role;

    #[test]
    fn no_more_memory_is_reserved_than_a_file_may_fill() {
        let header = ["id", "y"].map(str::to_owned);
        let wanted = Wanted { name: "y".to_owned(), field: 1, rule: CellRule::Number };
        let plan = Plan::new(&header, Some(0), vec![wanted]);
        assert_eq!(plan.roles, [Role::Id, Role::Wanted(0)]);
        let file = Bytes::from(vec![b'\n'; 100_000]);
        let limits = Limits { max_cells: 2_000, ..Limits::default() };
        let work = Piecework::new(&file, &plan, &limits);
        let body = file.as_ref();
        assert_eq!(work.expected_rows(body, body), 1_016);
        assert_eq!(work.expected_rows(&body[..50_000], body), 516);
        assert!(work.expected_rows(b"1,0.123456789\n", body) < 100);
    }
}
