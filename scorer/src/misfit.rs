//! Cells that are well-formed and still cannot belong to their row, such as a mask that is larger than
//! the row's image. Found once, when a file comes in; metrics rely on it.

use holdout_contract::rejection::{Rejection, RejectionKind};

use crate::align::Aligned;
use crate::intake::{self, Content, rejections};
use crate::metrics::Values;
use crate::solution::{Solution, Truth};

/// Rows whose cells do not fit, and what they break.
#[derive(Debug, Clone, PartialEq)]
pub struct Misfits {
    /// Places in the columns that were looked at, ascending.
    pub at: Vec<usize>,
    /// The column of predictions whose cells do not fit.
    pub column: usize,
    pub kind: RejectionKind,
    /// To follow the cell: “which reaches beyond the image”.
    pub what: &'static str,
}

/// Longer cells are cut in messages.
const SHOWN_CHARS: usize = 60;

impl Misfits {
    /// The rows among so many that do not fit; `None` where all do.
    pub fn among(
        n_rows: usize,
        is_misfit: impl Fn(usize) -> bool,
        column: usize,
        kind: RejectionKind,
        what: &'static str,
    ) -> Option<Self> {
        let at: Vec<usize> = (0..n_rows).filter(|at| is_misfit(*at)).collect();
        (!at.is_empty()).then_some(Self { at, column, kind, what })
    }

    /// Rows of shares, each 0 or more, that cannot be divided by their sum.
    pub fn rows_of_zeros(predictions: &[Values<'_>]) -> Option<Self> {
        let first = predictions.first()?.numbers();
        let is_zero =
            |at: usize| first[at] == 0.0 && predictions.iter().all(|column| column.numbers()[at] == 0.0);
        let what = "as do the other columns of the row: such a row cannot be divided by its sum";
        Self::among(first.len(), is_zero, 0, RejectionKind::OutOfRange, what)
    }
}

impl Solution {
    /// Refuses predictions that do not fit their rows, among the first so many slots; `slots` finds those
    /// of the file's rows.
    pub(crate) fn refuse_misfits(
        &self,
        aligned: &Aligned,
        content: &Content,
        n_slots: usize,
        slots: impl FnOnce() -> Result<Vec<u32>, Rejection>,
    ) -> Result<(), Rejection> {
        let all = 0..n_slots;
        let truths = self.truths(all.clone());
        let predictions: Vec<Values<'_>> =
            aligned.predictions.iter().map(|predicted| predicted.values(all.clone())).collect();
        let Some(misfits) = self.judge.misfits(&truths, &predictions) else {
            return Ok(());
        };
        let slots = slots()?;
        let is_misfit = |slot: &u32| misfits.at.binary_search(&(*slot as usize)).is_ok();
        let rows = slots.iter().enumerate().filter(|(_, slot)| is_misfit(slot));
        let cells: Vec<(usize, String)> = rows
            .take(Rejection::MAX_EXAMPLES)
            .map(|(row, slot)| (row, shown(&predictions[misfits.column], *slot as usize)))
            .collect();
        let (row, cell) = cells.first().map_or((0, ""), |(row, cell)| (*row, cell.as_str()));
        let line = intake::line_of_row(content, row);
        let place = rejections::place(line, row);
        let column = self.expected.get(misfits.column).map_or("", |column| column.name.as_str());
        let more = match misfits.at.len() {
            1 => String::new(),
            total => format!(" The column has {total} such cells."),
        };
        let sentence = format!("Column “{column}” {place} holds “{cell}”, {}.{more}", misfits.what);
        let rejection = Rejection::new(misfits.kind, sentence)
            .with_column(column)
            .with_total(misfits.at.len() as u64)
            .with_examples(cells.iter().map(|(_, cell)| cell.as_str()));
        Err(match line {
            Some(line) => rejection.with_line(line),
            None => rejection,
        })
    }

    /// Refuses a solution whose own cells do not fit their rows.
    pub(crate) fn refuse_own_misfits(&self, content: &Content) -> Result<(), Rejection> {
        let is_of_sizes = self.truths.len() > 1 && matches!(self.truths[0], Truth::Texts(_));
        let has_same_columns = self.truths.len() > 1 && self.truths.len() == self.expected.len();
        if !is_of_sizes && !has_same_columns {
            return Ok(());
        }
        let Some(perfect) = self.perfect() else { return Ok(()) };
        // What stands in an ignored row may be anything, but for the size of an image.
        let n_slots = if is_of_sizes { self.n_rows() } else { self.n_public + self.n_private };
        self.refuse_misfits(&perfect, content, n_slots, || {
            let mut slots = vec![0; self.n_rows()];
            for (slot, row) in self.row_numbers.iter().enumerate() {
                slots[*row as usize] = slot as u32;
            }
            Ok(slots)
        })
    }
}

fn shown(column: &Values<'_>, at: usize) -> String {
    match column {
        Values::Numbers(numbers) => numbers[at].to_string(),
        Values::Codes(codes) => codes[at].to_string(),
        Values::Texts { .. } => column.text(at).chars().take(SHOWN_CHARS).collect(),
    }
}
