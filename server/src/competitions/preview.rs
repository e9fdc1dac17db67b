//! How a data file begins, for people who want to see it before they download it.
//!
//! Never here: a file that is not handed out anyway, or more of it than its first piece.

use std::io::{self, Read};

use flate2::read::GzDecoder;
use futures_util::TryStreamExt;

use crate::competitions::store::data::DataFile;
use crate::files::Files;

/// Read of the file, and at most kept of what it unpacks to.
const PIECE_BYTES: u64 = 64 * 1024;
const ROWS_SHOWN: usize = 20;
const COLUMNS_SHOWN: usize = 50;
const LINES_SHOWN: usize = 40;
const CELL_CHARACTERS: usize = 60;
const LINE_CHARACTERS: usize = 400;

/// What is shown of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Preview {
    Table(Table),
    Text {
        lines: Vec<String>,
        is_whole: bool,
    },
    /// Nothing that reads as text.
    Unreadable,
}

/// The first rows of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub header: Vec<String>,
    pub rows: Vec<Vec<String>>,
    /// With those that are not shown.
    pub n_columns: usize,
    /// Whether these rows are all.
    pub is_whole: bool,
}

impl Table {
    pub fn sample() -> Self {
        let words = |line: &str| line.split(',').map(str::to_owned).collect();
        let (header, rows) = (words("id,price"), vec![words("a1,12.5")]);
        Self { header, rows, n_columns: 2, is_whole: false }
    }
}

/// Whether cells are written as numbers are.
pub fn is_number(cell: &str) -> bool {
    cell.parse::<f64>().is_ok()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Table,
    Text,
}

/// By the name; gzip on the way is seen through.
fn kind_of(name: &str) -> Option<(Kind, bool)> {
    let name = name.to_ascii_lowercase();
    let (name, is_packed) = name.strip_suffix(".gz").map_or((name.as_str(), false), |inner| (inner, true));
    let kind = match name.rsplit_once('.')?.1 {
        "csv" | "tsv" => Kind::Table,
        "txt" | "md" | "json" | "jsonl" | "ndjson" | "toml" | "yaml" | "yml" | "xml" | "py" | "r" => {
            Kind::Text
        }
        _ => return None,
    };
    Some((kind, is_packed))
}

/// Whether files of such a name are shown.
pub fn is_shown(name: &str) -> bool {
    kind_of(name).is_some()
}

/// The beginning of a stored file; `None` for one that is not shown.
///
/// # Errors
/// Those of storage.
pub async fn preview(files: &Files, file: &DataFile) -> io::Result<Option<Preview>> {
    let Some((kind, is_packed)) = kind_of(&file.name) else { return Ok(None) };
    let size_bytes = file.size_bytes.unsigned_abs();
    let n_read = size_bytes.min(PIECE_BYTES);
    let piece = if n_read == 0 {
        Vec::new()
    } else {
        let pieces = files.read(&file.storage_key, 0..n_read).await?;
        pieces
            .try_fold(Vec::new(), |mut all, next| async move {
                all.extend_from_slice(&next);
                Ok(all)
            })
            .await?
    };
    let (bytes, is_whole) = if is_packed { unpacked(&piece) } else { (piece, n_read == size_bytes) };
    Ok(Some(read(kind, &bytes, is_whole)))
}

/// What the beginning of a gzip file unpacks to, and whether that is all of it.
fn unpacked(piece: &[u8]) -> (Vec<u8>, bool) {
    let mut bytes = Vec::new();
    let read = GzDecoder::new(piece).take(PIECE_BYTES).read_to_end(&mut bytes);
    let is_whole = read.is_ok() && (bytes.len() as u64) < PIECE_BYTES;
    (bytes, is_whole)
}

fn read(kind: Kind, bytes: &[u8], is_whole: bool) -> Preview {
    if bytes.contains(&0) {
        return Preview::Unreadable;
    }
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    match kind {
        Kind::Table => Preview::Table(table(text, is_whole)),
        Kind::Text => {
            let lines: Vec<String> =
                text.lines().take(LINES_SHOWN).map(|line| cut(line, LINE_CHARACTERS)).collect();
            let is_whole = is_whole && text.lines().nth(LINES_SHOWN).is_none();
            Preview::Text { lines, is_whole }
        }
    }
}

fn table(text: &str, is_whole: bool) -> Table {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator(text))
        .from_reader(text.as_bytes());
    // One row more than is shown tells whether there are more.
    let mut records: Vec<csv::StringRecord> =
        reader.records().map_while(Result::ok).take(ROWS_SHOWN + 2).collect();
    let is_more = records.len() > ROWS_SHOWN + 1;
    if !is_more && !is_whole && records.len() > 1 {
        records.pop(); // cut off in its middle
    }
    let n_columns = records.first().map_or(0, csv::StringRecord::len);
    let cells = |record: &csv::StringRecord| -> Vec<String> {
        record.iter().take(COLUMNS_SHOWN).map(|cell| cut(cell, CELL_CHARACTERS)).collect()
    };
    let header = records.first().map(cells).unwrap_or_default();
    let rows = records.iter().skip(1).take(ROWS_SHOWN).map(cells).collect();
    Table { header, rows, n_columns, is_whole: is_whole && !is_more }
}

/// Of comma, semicolon and tab, the one that the header has most of.
fn separator(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or_default();
    let count = |separator: u8| header.bytes().filter(|byte| *byte == separator).count();
    let mut best = b',';
    for other in [b';', b'\t'] {
        if count(other) > count(best) {
            best = other;
        }
    }
    best
}

fn cut(text: &str, n_characters: usize) -> String {
    match text.char_indices().nth(n_characters) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    #[test]
    fn names_say_what_is_shown() {
        for shown in ["train.csv", "Train.CSV.gz", "notes.md", "labels.tsv", "a.b.json"] {
            assert!(is_shown(shown), "{shown}");
        }
        for hidden in ["images.zip", "train.parquet", "readme", "a.gz", "csv"] {
            assert!(!is_shown(hidden), "{hidden}");
        }
    }

    #[test]
    fn a_table_is_shown_by_its_first_rows_and_says_whether_they_are_all() {
        let small = table("id;target\n1;0,5\n2;\"a;b\"\n", true);
        assert_eq!(small.header, ["id", "target"]);
        assert_eq!(small.rows, [["1", "0,5"], ["2", "a;b"]]);
        assert!(small.is_whole);

        let long: String = (0..100).map(|row| format!("{row},x\n")).collect();
        let shown = table(&format!("id,word\n{long}"), true);
        assert_eq!((shown.rows.len(), shown.is_whole), (ROWS_SHOWN, false));

        let broken_off = table("id,word\n1,one\n2,tw", false);
        assert_eq!(broken_off.rows, [["1", "one"]], "half a row is no row");
    }

    #[test]
    fn wide_tables_and_long_cells_are_cut_and_the_columns_counted() {
        let names: Vec<String> = (0..200).map(|column| format!("c{column}")).collect();
        let wide = table(&format!("{}\n{}\n", names.join(","), "é".repeat(500)), true);
        assert_eq!((wide.header.len(), wide.n_columns), (COLUMNS_SHOWN, 200));
        assert_eq!(wide.rows[0][0].chars().count(), CELL_CHARACTERS + 1);
        let ragged = table("a,b\n1\n1,2,3\n", true);
        assert_eq!(ragged.rows.len(), 2, "rows of other lengths are shown as they are");
    }

    #[test]
    fn packed_files_are_seen_through_and_never_unpacked_whole() {
        let mut packer = GzEncoder::new(Vec::new(), Compression::best());
        packer.write_all("a,b\n".as_bytes()).expect("packed");
        packer.write_all(&b"1,2\n".repeat(1 << 20)).expect("packed");
        let packed = packer.finish().expect("packed");
        let (bytes, is_whole) = unpacked(&packed);
        assert_eq!((bytes.len() as u64, is_whole), (PIECE_BYTES, false));
        let (cut_off, is_whole) = unpacked(&packed[..packed.len() / 2]);
        assert!(cut_off.starts_with(b"a,b\n1,2\n") && !is_whole);
        assert_eq!(unpacked(b"no gzip"), (Vec::new(), false));
    }

    #[test]
    fn what_is_no_text_is_not_shown_as_one() {
        assert_eq!(read(Kind::Text, b"\x89PNG\0\0", true), Preview::Unreadable);
        let text = read(Kind::Text, "\u{feff}one\ntwo".as_bytes(), true);
        assert_eq!(text, Preview::Text { lines: vec!["one".to_owned(), "two".to_owned()], is_whole: true });
        assert!(is_number("-1.5e3") && !is_number("12 apples"));
    }
}
