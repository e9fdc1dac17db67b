//! A file's ids against those that there must be: each once, none beside them.

use holdout_contract::rejection::{Rejection, RejectionKind};

use crate::columns::{Id, Ids};
use crate::content::Content;
use crate::index::IdIndex;
use crate::{parallel, rejections};

/// How a file's ids differ from the solution's.
pub enum Mismatch {
    Duplicate { rows: Vec<usize>, total: u64 },
    Unknown { rows: Vec<usize>, total: u64 },
    Missing { total: u64, seen: Vec<bool> },
}

/// The slot of every row, when the ids are exactly the indexed ones, each once.
pub fn match_ids(index: &IdIndex, n_rows: usize, ids: &Ids) -> Result<Vec<u32>, Mismatch> {
    let mut slots = parallel::filled(NO_SLOT, ids.len());
    let unknown = parallel::fill(&mut slots, |rows, slots| {
        let mut unknown = Tally::default();
        for (row, place) in rows.zip(slots) {
            match index.slot(ids.get(row)) {
                Some(slot) => *place = slot,
                None => unknown.note(row),
            }
        }
        unknown
    });
    let mut seen = vec![false; n_rows];
    let twice = parallel::fill(&mut seen, |range, seen| {
        let first = range.start as u32;
        let mut twice = Tally::default();
        for (row, slot) in slots.iter().enumerate() {
            let Some(seen) = seen.get_mut(slot.wrapping_sub(first) as usize) else { continue };
            if std::mem::replace(seen, true) {
                twice.note(row);
            }
        }
        twice
    });
    let (twice, unknown) = (Tally::merge(twice), Tally::merge(unknown));
    if twice.total > 0 {
        return Err(Mismatch::Duplicate { rows: twice.rows, total: twice.total });
    }
    if unknown.total > 0 {
        return Err(Mismatch::Unknown { rows: unknown.rows, total: unknown.total });
    }
    if slots.len() < n_rows {
        return Err(Mismatch::Missing { total: (n_rows - slots.len()) as u64, seen });
    }
    Ok(slots)
}

/// Stands for an id that the solution does not have; no file has so many rows.
const NO_SLOT: u32 = u32::MAX;

#[derive(Default)]
struct Tally {
    rows: Vec<usize>,
    total: u64,
}

impl Tally {
    fn note(&mut self, row: usize) {
        self.total += 1;
        if self.rows.len() < Rejection::MAX_EXAMPLES {
            self.rows.push(row);
        }
    }

    /// All of them, with the rows that come first in the file.
    fn merge(parts: Vec<Self>) -> Self {
        let total = parts.iter().map(|part| part.total).sum();
        let mut rows: Vec<usize> = parts.into_iter().flat_map(|part| part.rows).collect();
        rows.sort_unstable();
        rows.truncate(Rejection::MAX_EXAMPLES);
        Self { rows, total }
    }
}

impl Mismatch {
    pub fn rejection(&self, index: &IdIndex, ids: &Ids, content: &Content, id_name: &str) -> Rejection {
        match self {
            Self::Duplicate { rows, total } => at_rows(
                RejectionKind::DuplicateIds,
                (*total, rows),
                ids,
                content,
                id_name,
                |id, place, more| {
                    format!("The id “{id}” appears again {place}; every id may appear once.{more}")
                },
            ),
            Self::Unknown { rows, total } => at_rows(
                RejectionKind::UnknownIds,
                (*total, rows),
                ids,
                content,
                id_name,
                |id, place, more| {
                    let near = near_spelling(index, id);
                    format!("The id “{id}” {place} is not among the rows to predict.{near}{more}")
                },
            ),
            Self::Missing { total, seen } => missing(index, *total, seen, id_name),
        }
    }
}

fn at_rows(
    kind: RejectionKind,
    (total, rows): (u64, &[usize]),
    ids: &Ids,
    content: &Content,
    id_name: &str,
    sentence: impl Fn(&str, &str, &str) -> String,
) -> Rejection {
    let examples: Vec<String> = rows.iter().map(|row| ids.get(*row).to_string()).collect();
    let first = rows.first().copied().unwrap_or_default();
    let line = crate::line_of_row(content, first);
    let place = rejections::place(line, first);
    let more = if total == 1 { String::new() } else { format!(" There are {total} such rows.") };
    let id = examples.first().map_or("", String::as_str);
    let rejection = Rejection::new(kind, sentence(id, &place, &more))
        .with_column(id_name)
        .with_total(total)
        .with_examples(examples.iter().map(String::as_str));
    match line {
        Some(line) => rejection.with_line(line),
        None => rejection,
    }
}

/// Ids that differ by blanks, leading zeros or a “.0” are a frequent slip worth naming.
fn near_spelling(index: &IdIndex, id: &str) -> String {
    let trimmed = id.trim();
    let without_fraction = trimmed.strip_suffix(".0").unwrap_or(trimmed);
    let without_zeros = without_fraction.trim_start_matches('0');
    let known = |text: &str| !text.is_empty() && index.slot(Id::Text(text)).is_some();
    let near =
        [trimmed, without_fraction, without_zeros].into_iter().find(|text| known(text)).map(str::to_owned);
    let near = near.or_else(|| {
        let zeros = |n: usize| format!("{trimmed:0>n$}");
        (trimmed.len() + 1..=12).map(zeros).find(|text| known(text))
    });
    near.map_or_else(String::new, |near| {
        format!(" There is an id “{near}”: ids are compared letter by letter.")
    })
}

fn missing(index: &IdIndex, total: u64, seen: &[bool], id_name: &str) -> Rejection {
    let examples: Vec<String> = index
        .entries()
        .filter(|(_, slot)| !seen[*slot as usize])
        .take(Rejection::MAX_EXAMPLES)
        .map(|(id, _)| id.to_string())
        .collect();
    let (rows, has) = if total == 1 { ("row", "has") } else { ("rows", "have") };
    let shown = if (examples.len() as u64) < total { "for example " } else { "" };
    Rejection::new(
        RejectionKind::MissingIds,
        format!(
            "{total} {rows} of the test set {has} no prediction: {shown}{}. Every row of the sample submission must be in the file.",
            examples.join(", ")
        ),
    )
    .with_column(id_name)
    .with_total(total)
    .with_examples(examples.iter().map(String::as_str))
}
