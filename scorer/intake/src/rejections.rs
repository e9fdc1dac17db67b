//! The sentences for files that cannot be read.

use holdout_contract::rejection::{Rejection, RejectionKind};

use crate::cells::Fault;
use crate::plan::CellRule;

pub fn empty_file() -> Rejection {
    Rejection::new(
        RejectionKind::EmptyFile,
        "The file is empty. It needs a header line and one line for every row of the sample submission.",
    )
}

pub fn no_rows() -> Rejection {
    Rejection::new(
        RejectionKind::NoRows,
        "The file has a header and no rows below it. It needs one line for every row of the sample submission.",
    )
}

pub fn not_utf8(line: u64) -> Rejection {
    Rejection::new(
        RejectionKind::NotUtf8,
        format!("Line {line} holds bytes that are not UTF-8 text. Save the file as UTF-8 and send it again."),
    )
    .with_line(line)
}

pub fn malformed(what: &str, line: Option<u64>) -> Rejection {
    let rejection =
        Rejection::new(RejectionKind::MalformedCsv, format!("The file is not well-formed: {what}."));
    match line {
        Some(line) => rejection.with_line(line),
        None => rejection,
    }
}

pub fn too_many_rows(most: u64) -> Rejection {
    Rejection::new(
        RejectionKind::TooLarge,
        format!(
            "The file has more than {most} rows, the most that is read here of a file with these columns."
        ),
    )
}

/// The sentence for bad cells, all of one kind in one column.
pub struct BadCells<'a> {
    pub fault: Fault,
    pub rule: &'a CellRule,
    pub column: &'a str,
    /// "line 7" or "row 7".
    pub place: String,
    pub line: Option<u64>,
    pub examples: &'a [String],
    pub total: u64,
}

impl BadCells<'_> {
    pub fn rejection(&self) -> Rejection {
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
pub fn shown(cell: &[u8]) -> String {
    const MOST: usize = 60;
    let text = String::from_utf8_lossy(cell);
    let mut short: String = text.chars().take(MOST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(MOST).is_some() {
        short.push('…');
    }
    short
}
