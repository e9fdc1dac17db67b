//! One line of plain CSV, each cell parsed where it stands. `None` for whatever is unusual.

use super::columns::{Column, Ids};
use super::plan::{CellRule, Plan, Role};
use super::{Limits, Texts, cells, scan};

/// Reads the line that begins at `at`; returns where the next one begins.
#[inline]
pub(super) fn read(
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
                if !labels.push_known(&rest[..length]) {
                    labels.push(cells::label(plain_text(&rest[..length], limits)?).ok()?);
                }
                Some(length)
            }
            Column::Texts(texts) => {
                let length = scan::cell_length(rest);
                read_text(&rest[..length], &plan.columns[at].rule, limits, texts)?;
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
            Column::Texts(texts) => read_text(cell, &plan.columns[at].rule, limits, texts)?,
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
    if length > limits.longest_cell() {
        return None;
    }
    numbers.push(cells::number(&rest[..length], rule).ok()?);
    Some(length)
}

/// A text, which is copied only where it does not stand in the file as it is meant.
#[inline]
fn read_text(cell: &[u8], rule: &CellRule, limits: &Limits, texts: &mut Texts) -> Option<()> {
    if cell.len() > limits.longest_cell() {
        return None;
    }
    match texts.place_in_file(cell) {
        Some(place) => {
            cells::text(texts.at(place), rule).ok()?;
            texts.push_place(place);
        }
        None => texts.push(cells::text(std::str::from_utf8(cell).ok()?, rule).ok()?),
    }
    Some(())
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
    if cell.len() > limits.longest_cell() {
        return None;
    }
    std::str::from_utf8(cell).ok()
}
