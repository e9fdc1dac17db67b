//! The first line of a CSV file, and what can be said of the bytes before any row is read.

use holdout_contract::rejection::{Rejection, RejectionKind};

use crate::{Limits, rejections};

pub struct Header<'a> {
    pub names: Vec<String>,
    /// The file without its byte-order mark.
    pub text: &'a [u8],
    /// Where the rows begin in `text`.
    pub body_at: usize,
}

/// Longest first line that is read: what it holds is kept several times over.
const LONGEST_BYTES: usize = 16 << 20;

pub fn without_bom(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)
}

/// Reads the header.
///
/// # Errors
/// `empty_file`, `not_utf8`, `duplicate_column`, `missing_column` for a nameless column, `too_large`.
pub fn read<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Header<'a>, Rejection> {
    reject_other_kinds(bytes)?;
    reject_utf16(bytes)?;
    let text = without_bom(bytes);
    if text.iter().all(u8::is_ascii_whitespace) {
        return Err(rejections::empty_file());
    }
    let start = &text[..text.len().min(LONGEST_BYTES)];
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(start);
    let mut record = csv::ByteRecord::new();
    reader
        .read_byte_record(&mut record)
        .map_err(|error| rejections::malformed(&error.to_string(), Some(1)))?;
    let body_at = usize::try_from(reader.position().byte()).unwrap_or(text.len()).min(start.len());
    if body_at == start.len() && start.len() < text.len() {
        return Err(endless());
    }
    let names = record
        .iter()
        .map(|name| std::str::from_utf8(name).map(str::to_owned))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| rejections::not_utf8(1))?;
    check_names(&names, limits)?;
    Ok(Header { names, text, body_at })
}

fn endless() -> Rejection {
    let most = LONGEST_BYTES >> 20;
    Rejection::new(
        RejectionKind::TooLarge,
        format!("The first line has no end within {most} MiB. It holds the names of the columns, and each row is a line of its own."),
    )
    .with_line(1)
}

/// What people send in place of a table, by the bytes that such a file has at a place.
const OTHER_KINDS: &[(usize, &[u8], &str)] = &[
    (0, b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "an old Excel workbook (.xls) or another old office document"),
    (0, b"\x89PNG", "a picture"),
    (0, b"\xFF\xD8\xFF", "a picture"),
    (0, b"GIF87a", "a picture"),
    (0, b"GIF89a", "a picture"),
    (0, b"%PDF", "a PDF document"),
    (0, b"Rar!", "a RAR archive"),
    (0, b"7z\xBC\xAF\x27\x1C", "a 7z archive"),
    (0, b"\xFD7zXZ", "an xz archive"),
    (4, b"1AY&SY", "a bzip2 archive"),
    (0, b"\x93NUMPY", "an array that NumPy saved (.npy)"),
    (0, b"\x80\x02", "a pickle of Python"),
    (0, b"\x80\x03", "a pickle of Python"),
    (0, b"\x80\x04", "a pickle of Python"),
    (0, b"\x80\x05", "a pickle of Python"),
    (0, b"\x89HDF", "an HDF5 file"),
    (0, b"ARROW1", "a Feather or Arrow file"),
    (0, b"FEA1", "a Feather file"),
    (0, b"SQLite format 3", "a SQLite database"),
    (0, b"<!DOCTYPE html", "a web page"),
    (0, b"<!doctype html", "a web page"),
    (0, b"<html", "a web page"),
    (0, b"{\"", "JSON"),
    (0, b"[{", "JSON"),
    (0, b"[[", "JSON"),
    (257, b"ustar", "a tar archive"),
];

/// # Errors
/// `not_utf8` for what is known to be something else than a table of text.
fn reject_other_kinds(bytes: &[u8]) -> Result<(), Rejection> {
    let is_known =
        |(at, known, _): &&(usize, &[u8], &str)| bytes.get(*at..).is_some_and(|rest| rest.starts_with(known));
    match OTHER_KINDS.iter().find(is_known) {
        Some((_, _, kind)) => Err(Rejection::new(
            RejectionKind::NotUtf8,
            format!("The file is {kind}, not a table. Save the predictions as “CSV UTF-8” or Parquet and send that."),
        )
        .with_line(1)),
        None => Ok(()),
    }
}

/// Letters of the West stand there as two bytes each, of which one is zero: always the first, or always the second.
fn reject_utf16(bytes: &[u8]) -> Result<(), Rejection> {
    let has_mark = bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]);
    let start = &bytes[..bytes.len().min(64)];
    let zeros_from = |first: usize| start.iter().skip(first).step_by(2).filter(|byte| **byte == 0).count();
    let (more, less) = (zeros_from(0).max(zeros_from(1)), zeros_from(0).min(zeros_from(1)));
    if has_mark || (more * 3 > start.len() && less == 0) {
        return Err(Rejection::new(
            RejectionKind::NotUtf8,
            "The file is UTF-16, as some spreadsheets save it. Save it as “CSV UTF-8” and send it again.",
        )
        .with_line(1));
    }
    Ok(())
}

fn check_names(names: &[String], limits: &Limits) -> Result<(), Rejection> {
    if names.len() > limits.max_columns {
        return Err(Rejection::new(
            RejectionKind::TooLarge,
            format!("The header has {} columns; at most {} are read here.", names.len(), limits.max_columns),
        )
        .with_line(1)
        .with_total(names.len() as u64));
    }
    check_duplicates(names)
}

/// Refuses a header that names a column twice.
///
/// # Errors
/// `duplicate_column`.
pub fn check_duplicates(names: &[String]) -> Result<(), Rejection> {
    let mut seen = std::collections::HashSet::new();
    let twice: Vec<&String> = names.iter().filter(|name| !seen.insert(name.as_str())).collect();
    let Some(first) = twice.first() else { return Ok(()) };
    Err(Rejection::new(
        RejectionKind::DuplicateColumn,
        format!("The header names the column “{first}” more than once; every column may appear once."),
    )
    .with_line(1)
    .with_column(first.as_str())
    .with_total(twice.len() as u64)
    .with_examples(twice.iter().map(|name| name.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_kinds_of_files_are_called_by_their_names() {
        let refused = |bytes: &[u8]| read(bytes, &Limits::default()).err().map(|rejection| rejection.message);
        let tar = [&b"predictions.csv"[..], &[0; 242], b"ustar\x0000"].concat();
        let old_workbook = [&b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"[..], &[0; 500]].concat();
        for (bytes, kind) in [
            (&old_workbook[..], "(.xls)"),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a picture"),
            (b"\x80\x04\x95\0\0\0\0\0\0\0\0", "pickle"),
            (b"[{\"id\": 1}]", "JSON"),
            (&tar, "tar archive"),
            (b"BZh91AY&SY", "bzip2 archive"),
            (b"i\0d\0,\0y\0\n\0", "UTF-16"),
            (b"\0i\0d\0,\0y\0\n", "UTF-16"),
            (b"\xFF\xFEi\0", "UTF-16"),
        ] {
            let message = refused(bytes).unwrap_or_default();
            assert!(message.contains(kind), "{kind}: {message}");
        }
        assert_eq!(refused(b"[id],y\n1,2\n"), None);
        assert!(!refused(b"\0\0\0\0\0\0\0\0,\n").unwrap_or_default().contains("UTF-16"));
    }

    #[test]
    fn a_first_line_without_an_end_is_refused_before_it_is_kept() {
        let read = |text: &[u8]| read(text, &Limits::default()).map(|header| (header.names, header.body_at));
        let endless = [&b"id,"[..], &vec![b'0'; LONGEST_BYTES]].concat();
        let refused = read(&endless).expect_err("a fault");
        assert_eq!((refused.kind, refused.line), (RejectionKind::TooLarge, Some(1)));
        let quoted = [&b"id,\""[..], &vec![b'\n'; LONGEST_BYTES]].concat();
        assert_eq!(read(&quoted).expect_err("a fault").kind, RejectionKind::TooLarge);
        let long_body = [&b"id,y\n"[..], &vec![b'0'; LONGEST_BYTES]].concat();
        assert_eq!(read(&long_body), Ok((vec!["id".to_owned(), "y".to_owned()], 5)));
        assert_eq!(read(b"id,y"), Ok((vec!["id".to_owned(), "y".to_owned()], 4)));
    }
}
