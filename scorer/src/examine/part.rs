//! Of a large table a part is kept: rows by a hash of their features, so that equal rows of two files are in the parts
//! of both or of neither. The file is read in blocks, and nothing else of it stays in memory; what cannot be told from
//! a part (which answers there are, which ids) is noted on the way.
//!
//! The part is the same on every machine: rows whose hash begins with so many zeros, and as few zeros as let it fit.
//! A file with quoted line ends is read by one core, a packed one while it is unpacked, and Parquet by its row groups.

use std::collections::BTreeSet;

use holdout_contract::rejection::Rejection;

use super::frame::{Fnv, Frame};
use crate::intake::content::{Opened, Packed};
use crate::intake::{self, Column, Content, Limits, Plan, Table, Texts};

/// Answers that are noted; a column of more is no column of classes.
const MAX_ANSWERS: usize = 10_000;
/// What a row costs beside its letters, for every column.
const BYTES_OF_CELL: usize = 16;

/// What is kept of a file.
#[derive(Debug, Clone, Copy)]
pub struct Bound {
    /// Files of at most so many bytes are read as a whole.
    pub whole_bytes: usize,
    /// Bytes of the rows that are kept, by every core while reading and altogether after it.
    pub kept_bytes: usize,
    /// Ids that are noted.
    pub ids: usize,
}

impl Default for Bound {
    fn default() -> Self {
        Self { whole_bytes: 64 << 20, kept_bytes: 64 << 20, ids: 4 << 20 }
    }
}

/// Columns that mean something.
#[derive(Debug, Clone, Default)]
pub struct Meant<'a> {
    /// The features that rows are told apart by.
    pub features: &'a [String],
    pub id: Option<&'a str>,
    pub target: Option<&'a str>,
}

/// What is known of the rows that were not kept.
#[derive(Debug, Clone, Default)]
pub struct Rest {
    /// Rows of the whole file.
    pub n_rows: usize,
    /// For every kept row its number in the file, from 0.
    pub numbers: Vec<usize>,
    /// All answers; `None` where there are too many.
    pub answers: Option<BTreeSet<String>>,
    /// Ids by hash.
    pub ids: Hashes,
}

/// Hashes that begin with so many zeros, in ascending order.
#[derive(Debug, Clone, Default)]
pub struct Hashes {
    hashes: Vec<u64>,
    n_zeros: u32,
}

impl Hashes {
    fn note(&mut self, hash: u64, most: usize) {
        if is_in(hash, self.n_zeros) {
            self.hashes.push(hash);
        }
        if self.hashes.len() > most {
            self.n_zeros += 1;
            self.hashes.retain(|hash| is_in(*hash, self.n_zeros));
        }
    }

    fn join(&mut self, other: &Self, most: usize) {
        self.n_zeros = self.n_zeros.max(other.n_zeros);
        self.hashes.extend(&other.hashes);
        while self.hashes.len() > most || self.hashes.iter().any(|hash| !is_in(*hash, self.n_zeros)) {
            if self.hashes.iter().all(|hash| is_in(*hash, self.n_zeros)) {
                self.n_zeros += 1;
            }
            self.hashes.retain(|hash| is_in(*hash, self.n_zeros));
        }
        self.hashes.sort_unstable();
    }

    /// How many of these are among others, as far as both are noted.
    pub fn n_shared(&self, other: &Self) -> usize {
        self.hashes.iter().filter(|hash| other.hashes.binary_search(hash).is_ok()).count()
    }

    pub fn of<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        let mut hashes: Vec<u64> = texts.map(hash_of).collect();
        hashes.sort_unstable();
        Self { hashes, n_zeros: 0 }
    }
}

fn is_in(hash: u64, n_zeros: u32) -> bool {
    hash.leading_zeros() >= n_zeros
}

fn hash_of(text: &str) -> u64 {
    let mut fnv = Fnv::default();
    fnv.update(text.as_bytes());
    fnv.mixed()
}

impl Frame {
    /// As [`Frame::read`] where the file is small, else a part of it.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn read_part(
        opened: &Opened,
        limits: &Limits,
        meant: &Meant<'_>,
        bound: &Bound,
    ) -> Result<Self, Rejection> {
        let names = intake::read_header_of(opened, limits)?;
        let known = Places::of(&names, meant);
        let content = match opened {
            Opened::Whole(content) => content,
            Opened::Packed(packed) => {
                return match Taker::of_packed(packed, limits, &names, &known, bound)? {
                    Some(taker) => Ok(Taker::joined(vec![taker], names, bound)),
                    None => Self::read_part(&Opened::Whole(packed.unpack(limits)?), limits, meant, bound),
                };
            }
        };
        let (Content::Csv(bytes) | Content::Parquet(bytes)) = content;
        if bytes.as_ref().len() <= bound.whole_bytes {
            return Self::of(content, limits);
        }
        let takers = intake::stream(
            content,
            limits,
            |header| Ok(Plan::all_texts(header)),
            |_, _| Taker::new(names.len()),
            |taker, table| taker.take(table, &known, bound),
        )?;
        let takers = match takers {
            Some(takers) => takers,
            None => {
                let mut taker = Taker::new(names.len());
                let all = |header: &[String]| Ok(Plan::all_texts(header));
                intake::stream_in_order(content, limits, all, |table| {
                    let _ = taker.take(table, &known, bound);
                })?;
                vec![taker]
            }
        };
        Ok(Taker::joined(takers, names, bound))
    }
}

struct Places {
    features: Vec<usize>,
    id: Option<usize>,
    target: Option<usize>,
}

impl Places {
    fn of(names: &[String], meant: &Meant<'_>) -> Self {
        let place = |name: &str| names.iter().position(|known| known == name);
        Self {
            features: meant.features.iter().filter_map(|name| place(name)).collect(),
            id: meant.id.and_then(place),
            target: meant.target.and_then(place),
        }
    }
}

/// The part of a piece of the file.
struct Taker {
    columns: Vec<Texts>,
    hashes: Vec<u64>,
    numbers: Vec<usize>,
    n_zeros: u32,
    n_bytes: usize,
    n_rows: usize,
    answers: Option<BTreeSet<String>>,
    ids: Hashes,
}

impl Taker {
    fn new(n_columns: usize) -> Self {
        Self {
            columns: vec![Texts::default(); n_columns],
            hashes: Vec::new(),
            numbers: Vec::new(),
            n_zeros: 0,
            n_bytes: 0,
            n_rows: 0,
            answers: Some(BTreeSet::new()),
            ids: Hashes::default(),
        }
    }

    /// `None` where the file has a fault, which is named once it is unpacked.
    fn of_packed(
        packed: &Packed,
        limits: &Limits,
        names: &[String],
        known: &Places,
        bound: &Bound,
    ) -> Result<Option<Self>, Rejection> {
        let mut taker = Self::new(names.len());
        let found = packed.with_reader(limits, |reader| {
            let plan = Plan::all_texts(names);
            Ok(intake::careful::stream_from(reader, &plan, limits, |table| {
                let _ = taker.take(table, known, bound);
            }))
        })?;
        Ok(found.map(|()| taker))
    }

    fn take(&mut self, table: &mut Table, known: &Places, bound: &Bound) -> Option<()> {
        let columns: Vec<&Texts> = table
            .columns
            .iter()
            .map(|column| match column {
                Column::Texts(texts) => Some(texts),
                Column::Numbers(_) | Column::Labels(_) => None,
            })
            .collect::<Option<_>>()?;
        for row in 0..table.n_rows {
            if let Some(id) = known.id {
                self.ids.note(hash_of(columns[id].get(row)), bound.ids);
            }
            if let Some(target) = known.target {
                self.note_answer(columns[target].get(row));
            }
            let mut fnv = Fnv::default();
            known.features.iter().for_each(|column| fnv.cell(columns[*column].get(row)));
            self.keep(fnv.mixed(), self.n_rows, columns.iter().map(|texts| texts.get(row)), bound);
            self.n_rows += 1;
        }
        Some(())
    }

    fn note_answer(&mut self, answer: &str) {
        let Some(answers) = &mut self.answers else { return };
        if !answers.contains(answer) {
            answers.insert(answer.to_owned());
        }
        if answers.len() > MAX_ANSWERS {
            self.answers = None;
        }
    }

    fn keep<'a>(&mut self, hash: u64, number: usize, cells: impl Iterator<Item = &'a str>, bound: &Bound) {
        if !is_in(hash, self.n_zeros) {
            return;
        }
        self.hashes.push(hash);
        self.numbers.push(number);
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            column.push(cell);
            self.n_bytes += cell.len() + BYTES_OF_CELL;
        }
        while self.n_bytes > bound.kept_bytes && self.hashes.len() > 1 {
            self.halve();
        }
    }

    fn halve(&mut self) {
        self.n_zeros += 1;
        let kept: Vec<usize> =
            (0..self.hashes.len()).filter(|at| is_in(self.hashes[*at], self.n_zeros)).collect();
        self.n_bytes = 0;
        for column in &mut self.columns {
            let mut smaller = Texts::default();
            kept.iter().for_each(|at| smaller.push(column.get(*at)));
            self.n_bytes += smaller.n_bytes() + BYTES_OF_CELL * smaller.len();
            *column = smaller;
        }
        self.hashes = kept.iter().map(|at| self.hashes[*at]).collect();
        self.numbers = kept.iter().map(|at| self.numbers[*at]).collect();
    }

    fn joined(takers: Vec<Self>, names: Vec<String>, bound: &Bound) -> Frame {
        let mut whole = Self::new(names.len());
        whole.n_zeros = takers.iter().map(|taker| taker.n_zeros).max().unwrap_or(0);
        for taker in takers {
            for (at, (hash, number)) in taker.hashes.iter().zip(&taker.numbers).enumerate() {
                let cells = taker.columns.iter().map(|column| column.get(at));
                whole.keep(*hash, whole.n_rows + number, cells, bound);
            }
            whole.n_rows += taker.n_rows;
            whole.ids.join(&taker.ids, bound.ids);
            whole.answers = match (whole.answers.take(), taker.answers) {
                (Some(mut mine), Some(more)) => {
                    mine.extend(more);
                    (mine.len() <= MAX_ANSWERS).then_some(mine)
                }
                _ => None,
            };
        }
        let Self { columns, numbers, n_rows, answers, ids, .. } = whole;
        Frame { names, columns, rest: Some(Rest { n_rows, numbers, answers, ids }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    use std::sync::Arc;

    use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
    use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
    use parquet::schema::parser::parse_message_type;

    use crate::intake::content::open_within;
    use crate::parallel;

    const SMALL: Bound = Bound { whole_bytes: 1000, kept_bytes: 40_000, ids: 500 };

    fn written(rows: impl Iterator<Item = usize>, word: &str) -> Vec<u8> {
        let row = |at: usize| format!("{at},{}.5,{word}{},{}\n", at * 7919 % 10_007, at % 97, at % 5);
        ("id,x,z,y\n".to_owned() + &rows.map(row).collect::<String>()).into_bytes()
    }

    fn table(rows: impl Iterator<Item = usize>) -> Opened {
        opened(written(rows, "word"))
    }

    fn opened(bytes: Vec<u8>) -> Opened {
        open_within(&bytes.into(), &Limits::default(), SMALL.whole_bytes).expect("a table")
    }

    fn part(opened: &Opened) -> Frame {
        let features = ["x".to_owned(), "z".to_owned()];
        let meant = Meant { features: &features, id: Some("id"), target: Some("y") };
        Frame::read_part(opened, &Limits::default(), &meant, &SMALL).expect("a part")
    }

    fn told(frame: &Frame) -> (Vec<usize>, Vec<String>, Vec<u64>) {
        let rest = frame.rest.as_ref().expect("a part");
        let cells = (0..frame.n_rows()).flat_map(|row| (0..4).map(move |column| (row, column)));
        let cells = cells.map(|(row, column)| frame.cell(row, column).to_owned());
        (rest.numbers.clone(), cells.collect(), rest.ids.hashes.clone())
    }

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(plain).expect("memory");
        gzip.finish().expect("memory")
    }

    fn column<T: DataType>(group: &mut SerializedRowGroupWriter<'_, Vec<u8>>, cells: Vec<T::T>) {
        let mut column = group.next_column().expect("memory").expect("a column more");
        column.typed::<T>().write_batch(&cells, None, None).expect("memory");
        column.close().expect("memory");
    }

    fn parquet(rows: std::ops::Range<usize>) -> Vec<u8> {
        let message = "message table {
            required int64 id; required double x; required binary z (utf8); required int64 y;
        }";
        let schema = Arc::new(parse_message_type(message).expect("a schema"));
        let mut file = SerializedFileWriter::new(Vec::new(), schema, Arc::default()).expect("memory");
        for first in rows.clone().step_by(3000) {
            let rows = first..rows.end.min(first + 3000);
            let word = |at: usize| ByteArray::from(format!("word{}", at % 97).as_str());
            let mut group = file.next_row_group().expect("memory");
            column::<Int64Type>(&mut group, rows.clone().map(|at| at as i64).collect());
            column::<DoubleType>(
                &mut group,
                rows.clone().map(|at| (at * 7919 % 10_007) as f64 + 0.5).collect(),
            );
            column::<ByteArrayType>(&mut group, rows.clone().map(word).collect());
            column::<Int64Type>(&mut group, rows.map(|at| (at % 5) as i64).collect());
            group.close().expect("memory");
        }
        file.into_inner().expect("memory")
    }

    #[test]
    fn the_same_is_kept_of_a_packed_file_of_row_groups_and_of_quoted_line_ends() {
        let plain = written(0..20_000, "word");
        let expected = told(&part(&opened(plain.clone())));
        let packed = opened(gzip(&plain));
        assert!(matches!(packed, Opened::Packed(_)));
        assert_eq!(told(&part(&packed)), expected);
        assert_eq!(told(&part(&opened(parquet(0..20_000)))), expected);
        let quoted = String::from_utf8(written(0..20_000, "\"a\nword")).expect("text");
        let quoted = (0..5).fold(quoted, |text, y| text.replace(&format!(",{y}\n"), &format!("\",{y}\n")));
        let expected = told(&part(&opened(quoted.clone().into_bytes())));
        assert!(expected.1.iter().any(|cell| cell.starts_with("a\nword")));
        assert_eq!(told(&part(&opened(gzip(quoted.as_bytes())))), expected);
        // A fault in the middle is told by its line, packed or not.
        let broken = quoted.replacen("15000,", "15000,more,", 1);
        let fault = |bytes: Vec<u8>| {
            let meant = Meant::default();
            let found = Frame::read_part(&opened(bytes), &Limits::default(), &meant, &SMALL);
            found.err().map(|fault| (fault.kind, fault.line)).expect("a fault")
        };
        assert_eq!(fault(gzip(broken.as_bytes())), fault(broken.into_bytes()));
    }

    #[test]
    fn what_is_kept_stays_within_the_bound_and_is_the_same_on_every_number_of_threads() {
        let content = table(0..60_000);
        let frame = parallel::with_threads(1, || part(&content));
        let n_bytes: usize =
            frame.columns.iter().map(|column| column.n_bytes() + BYTES_OF_CELL * column.len()).sum();
        let rest = frame.rest.as_ref().expect("a part");
        assert!(n_bytes <= SMALL.kept_bytes && n_bytes * 3 > SMALL.kept_bytes, "{n_bytes}");
        assert!(rest.ids.hashes.len() <= SMALL.ids && rest.ids.hashes.len() * 3 > SMALL.ids);
        assert_eq!((rest.n_rows, rest.answers.as_ref().map(BTreeSet::len)), (60_000, Some(5)));
        for (row, number) in rest.numbers.iter().enumerate() {
            assert_eq!(frame.cell(row, 0), number.to_string());
        }
        let again = parallel::with_threads(3, || part(&content));
        assert_eq!(again.rest.as_ref().map(|rest| &rest.numbers), Some(&rest.numbers));
        assert_eq!(again.rest.map(|rest| rest.ids.hashes), Some(rest.ids.hashes.clone()));
    }

    #[test]
    fn equal_rows_of_two_files_are_in_both_parts_or_in_none() {
        let (train, test) = (part(&table(0..50_000)), part(&table(49_000..51_000)));
        let features = [1, 2];
        let known: BTreeSet<u128> = (0..train.n_rows()).map(|row| train.key(row, &features)).collect();
        let found = (0..test.n_rows()).filter(|row| known.contains(&test.key(*row, &features))).count();
        assert!(found > 5, "{found} of {}", test.n_rows());
        let ids =
            [&train, &test].map(|frame| frame.rest.as_ref().map(|rest| rest.ids.clone()).unwrap_or_default());
        assert!(ids[1].n_shared(&ids[0]) > 2);
    }
}
