//! Two versions of a notebook, cell by cell: which cells are the same, changed, new or gone, and what changed
//! in their lines. Pure.

use std::collections::HashSet;
use std::time::Instant;

use similar::{Algorithm, DiffOp, TextDiff, capture_diff_slices_deadline};

use super::ipynb::{Cell, CellKind, Notebook, Output};
use crate::text_diff::{Change, LONGEST_COMPARED, Line, PATIENCE, compare_until, whole};

/// Cells side by side are the same one changed when they share this part of their lines.
const ALIKE: f32 = 0.4;
/// More pairs than these are not looked at one by one.
const MOST_PAIRS: usize = 4_000;

/// One place in both notebooks; cells are counted from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub change: Change,
    pub old: Option<usize>,
    pub new: Option<usize>,
    /// Of the source, where it is not the same.
    pub lines: Vec<Line>,
    pub has_other_outputs: bool,
}

/// The way from one notebook to the other.
pub fn compare(old: &Notebook<'_>, new: &Notebook<'_>) -> Vec<Step> {
    let until = Instant::now() + PATIENCE;
    let keys = |notebook: &Notebook<'_>| -> Vec<(u8, String)> {
        notebook.cells.iter().map(|cell| (cell.kind as u8, cell.source.trim_end().to_owned())).collect()
    };
    let ops = capture_diff_slices_deadline(Algorithm::Myers, &keys(old), &keys(new), Some(until));
    let mut steps = Vec::new();
    for op in ops {
        match op {
            DiffOp::Equal { old_index, new_index, len } => {
                for at in 0..len {
                    steps.push(same_source(old, new, old_index + at, new_index + at));
                }
            }
            DiffOp::Delete { old_index, old_len, .. } => {
                steps.extend((old_index..old_index + old_len).map(|at| gone(&old.cells[at], at)));
            }
            DiffOp::Insert { new_index, new_len, .. } => {
                steps.extend((new_index..new_index + new_len).map(|at| added(&new.cells[at], at)));
            }
            DiffOp::Replace { old_index, old_len, new_index, new_len } => {
                let ranges = (old_index..old_index + old_len, new_index..new_index + new_len);
                replaced(old, new, ranges, until, &mut steps);
            }
        }
    }
    steps
}

/// Cells that stand where others stood: of each new one, whether it is one of the old ones changed.
fn replaced(
    old: &Notebook<'_>,
    new: &Notebook<'_>,
    (olds, news): (std::ops::Range<usize>, std::ops::Range<usize>),
    until: Instant,
    steps: &mut Vec<Step>,
) {
    let looks_at_all = olds.len() * news.len() <= MOST_PAIRS;
    let new_ids: HashSet<&str> = new.cells[news.clone()].iter().map(|cell| cell.id.as_ref()).collect();
    let mut next_old = olds.start;
    for new_at in news {
        let cell = &new.cells[new_at];
        let candidates = next_old..if looks_at_all { olds.end } else { olds.end.min(next_old + 1) };
        let by_id = candidates.clone().find(|at| !cell.id.is_empty() && old.cells[*at].id == cell.id);
        let by_words = || {
            let mut open = candidates.clone().filter(|at| {
                let id = old.cells[*at].id.as_ref();
                id.is_empty() || !new_ids.contains(id)
            });
            open.find(|at| are_alike(&old.cells[*at], cell, until))
        };
        match by_id.filter(|at| old.cells[*at].kind == cell.kind).or_else(by_words) {
            Some(old_at) => {
                steps.extend((next_old..old_at).map(|at| gone(&old.cells[at], at)));
                steps.push(Step {
                    change: Change::Changed,
                    old: Some(old_at),
                    new: Some(new_at),
                    lines: compare_until(&old.cells[old_at].source, &cell.source, until),
                    has_other_outputs: !same_outputs(&old.cells[old_at], cell),
                });
                next_old = old_at + 1;
            }
            None => steps.push(added(cell, new_at)),
        }
    }
    steps.extend((next_old..olds.end).map(|at| gone(&old.cells[at], at)));
}

fn are_alike(old: &Cell<'_>, new: &Cell<'_>, until: Instant) -> bool {
    let is_short = old.source.len().max(new.source.len()) <= LONGEST_COMPARED;
    old.kind == new.kind && is_short && Instant::now() < until && {
        let diff = TextDiff::configure().deadline(until).diff_lines(old.source.as_ref(), new.source.as_ref());
        diff.ratio() >= ALIKE || (old.source.lines().count() == 1 && share_words(&old.source, &new.source))
    }
}

/// Whether one line is another with a few words changed.
fn share_words(old: &str, new: &str) -> bool {
    let words = |text: &str| -> HashSet<String> {
        let split = text.split(|c: char| !c.is_alphanumeric() && c != '_');
        split.filter(|word| !word.is_empty()).map(str::to_owned).collect()
    };
    let (old, new) = (words(old), words(new));
    let shared = old.intersection(&new).count();
    shared * 2 >= old.len().max(new.len()).max(1)
}

fn same_source(old: &Notebook<'_>, new: &Notebook<'_>, old_at: usize, new_at: usize) -> Step {
    let has_other_outputs = !same_outputs(&old.cells[old_at], &new.cells[new_at]);
    let change = if has_other_outputs { Change::Changed } else { Change::Same };
    Step { change, old: Some(old_at), new: Some(new_at), lines: Vec::new(), has_other_outputs }
}

fn gone(cell: &Cell<'_>, at: usize) -> Step {
    let lines = whole(&cell.source, Change::Removed);
    Step {
        change: Change::Removed,
        old: Some(at),
        new: None,
        lines,
        has_other_outputs: !cell.outputs.is_empty(),
    }
}

fn added(cell: &Cell<'_>, at: usize) -> Step {
    let lines = whole(&cell.source, Change::Added);
    Step {
        change: Change::Added,
        old: None,
        new: Some(at),
        lines,
        has_other_outputs: !cell.outputs.is_empty(),
    }
}

/// Whether two cells put out the same, in whichever pieces and at whichever count.
fn same_outputs(old: &Cell<'_>, new: &Cell<'_>) -> bool {
    old.kind != CellKind::Code || digest(&old.outputs) == digest(&new.outputs)
}

fn digest(outputs: &[Output<'_>]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    let mut before = None;
    for output in outputs {
        match output {
            Output::Stream { is_error, text } => {
                if before != Some(*is_error) {
                    hasher.update(if *is_error { b"\0stderr\0" } else { b"\0stdout\0" });
                }
                hasher.update(text.as_bytes());
                before = Some(*is_error);
                continue;
            }
            Output::Error { name, value, .. } => {
                hasher.update(b"\0error\0").update(name.as_bytes()).update(b"\0").update(value.as_bytes());
            }
            Output::Data { bundle, .. } => {
                for (mime, payload) in bundle.forms() {
                    hasher
                        .update(b"\0data\0")
                        .update(mime.as_bytes())
                        .update(b"\0")
                        .update(payload.text().as_bytes());
                }
            }
        }
        before = None;
    }
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::super::ipynb;
    use super::*;

    fn steps(old: &str, new: &str) -> Vec<Step> {
        compare(&ipynb::parse(old).unwrap(), &ipynb::parse(new).unwrap())
    }

    fn notebook(cells: &[(&str, &str)]) -> String {
        let cells: Vec<_> = cells
            .iter()
            .map(|(source, printed)| {
                serde_json::json!({"cell_type": "code", "source": source, "outputs": [
                    {"output_type": "stream", "name": "stdout", "text": printed}]})
            })
            .collect();
        serde_json::json!({"nbformat": 4, "cells": cells}).to_string()
    }

    fn summary(steps: &[Step]) -> Vec<(Change, Option<usize>, Option<usize>)> {
        steps.iter().map(|step| (step.change, step.old, step.new)).collect()
    }

    #[test]
    fn cells_are_found_again() {
        let old = notebook(&[("a = 1", ""), ("b = 2\nc = 3\nd = 4", ""), ("e", "5")]);
        let new = notebook(&[("import x", ""), ("a = 1", ""), ("b = 2\nc = 30\nd = 4", ""), ("e", "6")]);
        let steps = steps(&old, &new);
        assert_eq!(
            summary(&steps),
            [
                (Change::Added, None, Some(0)),
                (Change::Same, Some(0), Some(1)),
                (Change::Changed, Some(1), Some(2)),
                (Change::Changed, Some(2), Some(3)),
            ]
        );
        let line = |change, text: &str| Line { change, text: text.to_owned() };
        assert_eq!(
            steps[2].lines,
            [
                line(Change::Same, "b = 2"),
                line(Change::Removed, "c = 3"),
                line(Change::Added, "c = 30"),
                line(Change::Same, "d = 4"),
            ]
        );
        assert!(steps[3].has_other_outputs && steps[3].lines.is_empty());
    }

    #[test]
    fn what_is_of_another_kind_is_another_cell() {
        let old = notebook(&[("load()\nfit()", "")]);
        let new = notebook(&[("entirely()\ndifferent()", "")]);
        assert_eq!(
            summary(&steps(&old, &new)),
            [(Change::Added, None, Some(0)), (Change::Removed, Some(0), None)]
        );
        assert_eq!(summary(&steps(&old, &old)), [(Change::Same, Some(0), Some(0))]);
    }

    #[test]
    fn real_versions_differ_where_they_were_changed() {
        let fixture = |name: &str| {
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/notebooks").join(name);
            std::fs::read_to_string(path).unwrap()
        };
        let steps = steps(&fixture("houses.ipynb"), &fixture("houses-changed.ipynb"));
        let changes: Vec<_> = steps.iter().map(|step| step.change).collect();
        assert_eq!(changes, [Change::Changed, Change::Same, Change::Changed, Change::Added, Change::Same]);
    }

    #[test]
    fn large_notebooks_are_compared_in_time() {
        let many = |salt: usize| {
            let cells: Vec<_> =
                (0..3_000).map(|n| (format!("x{} = {}", n * salt, n % 7), String::new())).collect();
            let cells: Vec<_> = cells.iter().map(|(source, out)| (source.as_str(), out.as_str())).collect();
            notebook(&cells)
        };
        let steps = steps(&many(1), &many(3));
        let count = |pick: fn(&Step) -> Option<usize>| steps.iter().filter_map(pick).count();
        assert_eq!((count(|step| step.old), count(|step| step.new)), (3_000, 3_000));
    }
}
