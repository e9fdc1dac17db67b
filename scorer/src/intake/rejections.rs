//! The sentences for files that cannot be read.

use holdout_contract::rejection::{Rejection, RejectionKind};

use super::cells::Fault;
use super::plan::CellRule;

pub(super) fn empty_file() -> Rejection {
    Rejection::new(
        RejectionKind::EmptyFile,
        "The file is empty. It needs a header line and one line for every row of the sample submission.",
    )
}

pub(super) fn no_rows() -> Rejection {
    Rejection::new(
        RejectionKind::NoRows,
        "The file has a header and no rows below it. It needs one line for every row of the sample submission.",
    )
}

pub(super) fn not_utf8(line: u64) -> Rejection {
    Rejection::new(
        RejectionKind::NotUtf8,
        format!("Line {line} holds bytes that are not UTF-8 text. Save the file as UTF-8 and send it again."),
    )
    .with_line(line)
}

pub(super) fn malformed(what: &str, line: Option<u64>) -> Rejection {
    let rejection =
        Rejection::new(RejectionKind::MalformedCsv, format!("The file is not well-formed: {what}."));
    match line {
        Some(line) => rejection.with_line(line),
        None => rejection,
    }
}

/// The sentence for bad cells, all of one kind in one column.
pub(super) struct BadCells<'a> {
    pub(super) fault: Fault,
    pub(super) rule: &'a CellRule,
    pub(super) column: &'a str,
    /// "line 7" or "row 7".
    pub(super) place: String,
    pub(super) line: Option<u64>,
    pub(super) examples: &'a [String],
    pub(super) total: u64,
}

impl BadCells<'_> {
    pub(super) fn rejection(&self) -> Rejection {
        let first = self.examples.first().map_or("", String::as_str);
        let found = match self.fault {
            Fault::Missing => "is empty".to_owned(),
            Fault::NotANumber => format!("holds “{first}”, which is not a number"),
            Fault::NotFinite => format!("holds “{first}”, which is not a finite number"),
            Fault::NotAnInteger => format!("holds “{first}”, which is not a whole number"),
            Fault::OutOfRange => format!("holds “{first}”, which is out of range"),
            Fault::NotBinary => format!("holds “{first}”, which is neither 0 nor 1"),
            Fault::TooLong => "holds a cell that is too long".to_owned(),
            Fault::BadRle(what) | Fault::BadBoxes(what) => format!("holds “{first}”, {what},"),
        };
        let more = match self.total {
            1 => String::new(),
            total => format!(" The column has {total} such cells."),
        };
        let message = format!(
            "Column “{}” {found} on {}; expected {}.{more}",
            self.column,
            self.place,
            self.rule.expectation()
        );
        let rejection = Rejection::new(self.fault.kind(), message)
            .with_column(self.column)
            .with_total(self.total)
            .with_examples(self.examples.iter().map(String::as_str));
        match self.line {
            Some(line) => rejection.with_line(line),
            None => rejection,
        }
    }
}

/// A cell as shown in a message: short, on one line.
pub(super) fn shown(cell: &[u8]) -> String {
    const MOST: usize = 60;
    let text = String::from_utf8_lossy(cell);
    let mut short: String = text.chars().take(MOST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(MOST).is_some() {
        short.push('…');
    }
    short
}
