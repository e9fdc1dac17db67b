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

/// Where a row stands, of a file with lines or, as Parquet, without: “on line 7”, “in row 7”.
pub fn place(line: Option<u64>, row: usize) -> String {
    line.map_or_else(|| format!("in row {}", row + 1), |line| format!("on line {line}"))
}

/// A limit in words: “100 MiB”.
pub fn size(bytes: u64) -> String {
    const MIB: u64 = 1 << 20;
    if bytes >= MIB && bytes.is_multiple_of(MIB) {
        format!("{} MiB", bytes / MIB)
    } else {
        format!("{bytes} bytes")
    }
}

/// The sentence for bad cells, all of one kind in one column.
pub struct BadCells<'a> {
    pub fault: Fault,
    pub rule: &'a CellRule,
    pub column: &'a str,
    /// [`place`] of the first of them.
    pub place: String,
    pub line: Option<u64>,
    pub examples: &'a [String],
    pub total: u64,
}

impl BadCells<'_> {
    pub fn rejection(&self) -> Rejection {
        let first = self.examples.first().map_or("", String::as_str);
        let expected = self.rule.expectation();
        let found = match self.fault {
            Fault::Missing => format!("is empty, where {expected} is expected"),
            Fault::NotANumber | Fault::NotAnInteger | Fault::OutOfRange | Fault::NotBinary => {
                format!("holds “{first}”, where {expected} is expected")
            }
            Fault::NotFinite => format!("holds “{first}”, which is not finite, where {expected} is expected"),
            Fault::TooLong => "has a cell that is longer than is read here".to_owned(),
            Fault::BadRle(what) | Fault::BadBoxes(what) => {
                format!("holds “{first}”, {what}; expected: {expected}")
            }
        };
        let more = match self.total {
            1 => String::new(),
            total => format!(" The column has {total} such cells."),
        };
        let message = format!("Column “{}” {} {found}.{more}", self.column, self.place);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn told(fault: Fault, rule: &CellRule, cell: &str, total: u64) -> String {
        let examples = [cell.to_owned()];
        let place = place(Some(2), 0);
        BadCells { fault, rule, column: "y", place, line: Some(2), examples: &examples, total }
            .rejection()
            .message
    }

    #[test]
    fn a_sentence_says_once_what_is_there_and_what_should_be() {
        let shares = CellRule::Probability;
        let grades = CellRule::Integer { range: Some((0, 6)) };
        let is_one = CellRule::Binary { positive: None };
        let mask = CellRule::Mask { n_pixels: None };
        let odd = Fault::BadRle("which has an odd number of values");
        for (found, sentence) in [
            (
                told(Fault::NotANumber, &CellRule::Number, "abc", 1),
                "holds “abc”, where a number is expected.",
            ),
            (
                told(Fault::OutOfRange, &shares, "1.5", 1),
                "holds “1.5”, where a probability from 0 to 1 is expected.",
            ),
            (
                told(Fault::NotAnInteger, &grades, "2.5", 3),
                "holds “2.5”, where a whole number from 0 to 6 is expected. The column has 3 such cells.",
            ),
            (told(Fault::NotBinary, &is_one, "7", 1), "holds “7”, where 0 or 1 is expected."),
            (
                told(Fault::NotFinite, &CellRule::Number, "NaN", 1),
                "holds “NaN”, which is not finite, where a number is expected.",
            ),
            (told(Fault::Missing, &shares, "", 1), "is empty, where a probability from 0 to 1 is expected."),
            (
                told(odd, &mask, "1 2 3", 1),
                "holds “1 2 3”, which has an odd number of values; expected: “start length …”, runs of pixels in \
                 ascending order, pixels counted from 1 down the columns.",
            ),
        ] {
            assert_eq!(found, format!("Column “y” on line 2 {sentence}"));
        }
    }

    #[test]
    fn a_place_and_a_limit_read_as_people_say_them() {
        assert_eq!((place(Some(7), 5), place(None, 5)), ("on line 7".to_owned(), "in row 6".to_owned()));
        assert_eq!((size(100 << 20), size(1500)), ("100 MiB".to_owned(), "1500 bytes".to_owned()));
    }
}
