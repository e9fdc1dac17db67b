//! Metrics that judge several columns at once, and sets of tags: every column has a forecaster of its own, and
//! whatever is tried is tried on all of them.

use std::collections::{BTreeMap, BTreeSet};

use holdout_contract::audit::{Check, Verdict};
use holdout_contract::spec::{Cell, Layout, Task};

use super::case::Family;
use super::metric::Encoding;
use super::prepare::Read;
use super::report::check;
use crate::judge::Context;
use crate::metrics::text::words::words;
use crate::solution::{Solution, Split, Truth};

/// More columns than these are not judged; of more tags, the commonest are looked at.
const MAX_COLUMNS: usize = 100;
/// Cells that are looked at.
pub(super) const MAX_CELLS: usize = 6000;
pub(super) const LEAST_ROWS: usize = 100;
/// What the context calls the list of all tags.
const VOCABULARY: &str = "vocab";

/// What a metric of several columns or of tags judges; `None` for others.
pub(super) fn read(solution: &Solution) -> Option<Read> {
    match solution.truths.as_slice() {
        [Truth::Texts(_)] if are_tags(solution) => of_tags(solution),
        [] | [_] => None,
        truths if truths.len() <= MAX_COLUMNS => of_columns(solution),
        _ => None,
    }
}

fn of_columns(solution: &Solution) -> Option<Read> {
    let range = solution.range(Split::All);
    let is_binary = match solution.judge().layout() {
        Layout::TargetColumns { cell: Cell::Binary } => true,
        Layout::TargetColumns { cell: Cell::Number | Cell::Positive } => false,
        Layout::Named { solution: truths, submission } => {
            let are_alike = truths.iter().map(|(name, _)| name).eq(submission.iter().map(|(name, _)| name));
            let are = |cells: &[Cell]| are_alike && truths.iter().all(|(_, cell)| cells.contains(cell));
            let is_binary = are(&[Cell::Binary]);
            if !is_binary && !are(&[Cell::Number, Cell::Positive]) {
                return None;
            }
            is_binary
        }
        _ => return None,
    };
    let columns: Option<Vec<&[f64]>> = solution
        .truths
        .iter()
        .map(|truth| match truth {
            Truth::Numbers(numbers) => Some(&numbers[range.clone()]),
            Truth::Codes(_) | Truth::Texts(_) => None,
        })
        .collect();
    let columns = columns?;
    let family = match (is_binary, solution.judge().prediction_cell()) {
        (true, Cell::Binary) => Family::Yes,
        (true, _) => Family::Probability,
        (false, _) => Family::Number,
    };
    let classes = if is_binary { vec![0.0, 1.0] } else { Vec::new() };
    let n_columns = columns.len();
    Some(Read {
        family,
        encoding: Encoding::Columns(n_columns),
        truth: columns.concat(),
        classes,
        n_columns,
        says: Vec::new(),
    })
}

fn are_tags(solution: &Solution) -> bool {
    solution.judge().metric.about().task == Task::Multilabel
}

/// Every tag that the competition lists or the solution has, in order; of very many, the commonest.
fn vocabulary(solution: &Solution) -> Option<Vec<String>> {
    let names = all_tags(solution)?;
    if names.len() <= MAX_COLUMNS {
        return (names.len() > 1).then(|| names.into_keys().collect());
    }
    let mut common: Vec<(String, usize)> = names.into_iter().collect();
    common.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    Some(
        common
            .into_iter()
            .take(MAX_COLUMNS)
            .map(|(name, _)| name)
            .collect::<BTreeSet<String>>()
            .into_iter()
            .collect(),
    )
}

/// How many rows have every tag.
fn all_tags(solution: &Solution) -> Option<BTreeMap<String, usize>> {
    let [Truth::Texts(texts)] = solution.truths.as_slice() else { return None };
    let listed = solution.judge().context.names(VOCABULARY);
    let mut counts: BTreeMap<String, usize> = listed.iter().flatten().map(|name| (name.clone(), 0)).collect();
    for tag in (0..texts.len()).flat_map(|slot| words(texts.get(slot))) {
        match counts.get_mut(tag) {
            Some(count) => *count += 1,
            None if listed.is_none() => drop(counts.insert(tag.to_owned(), 1)),
            None => {}
        }
    }
    Some(counts)
}

/// Says when not every tag was looked at.
pub(super) fn cut(solution: &Solution) -> Option<Check> {
    let n = all_tags(solution).filter(|_| are_tags(solution))?.len();
    (n > MAX_COLUMNS).then(|| {
        let text = format!("Looked at the {MAX_COLUMNS} commonest of the {n} tags.");
        check("R tags looked at", Verdict::Info, None, text)
    })
}

fn of_tags(solution: &Solution) -> Option<Read> {
    let names = vocabulary(solution)?;
    let [Truth::Texts(texts)] = solution.truths.as_slice() else { return None };
    let range = solution.range(Split::All);
    let n_rows = range.len();
    let mut truth = vec![0.0; names.len() * n_rows];
    for slot in range {
        for tag in words(texts.get(slot)) {
            if let Ok(at) = names.binary_search_by(|name| name.as_str().cmp(tag)) {
                truth[at * n_rows + slot] = 1.0;
            }
        }
    }
    let n_columns = names.len();
    Some(Read {
        family: Family::Yes,
        encoding: Encoding::Tags(names),
        truth,
        classes: vec![0.0, 1.0],
        n_columns,
        says: Vec::new(),
    })
}

/// A context that names every tag, where the competition's does not: made-up files may lack one.
pub(super) fn context(solution: &Solution) -> Option<Context> {
    let known = &solution.judge().context;
    let is_whole = known.names(VOCABULARY).is_some_and(|names| names.len() <= MAX_COLUMNS);
    if !are_tags(solution) || is_whole {
        return None;
    }
    let mut values = known.values().clone();
    values.insert(VOCABULARY.to_owned(), vocabulary(solution)?.into());
    let mut context = Context::new(values);
    context.history = known.history.clone();
    Some(context)
}
