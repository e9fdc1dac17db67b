//! Predictions put into the solution's order while they are read, by several readers at once: neither
//! the ids nor a second copy in the file's order are kept.
//!
//! A place that nothing was put into stays empty. As many rows as places, each row with a known id and
//! no place empty: then every id was there once. Whatever else is the case, nothing comes out, and
//! [`crate::align`] looks for what is wrong.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use holdout_contract::rejection::Rejection;
use holdout_contract::spec::Task;

use crate::align::{Aligned, Predicted};
use crate::intake::{CellRule, Column, Expected, Labels, Place, Table, Texts};
use crate::parallel;
use crate::solution::Solution;

/// Stands in an empty place: no code.
const EMPTY: u32 = u32::MAX;
/// Stands in an empty place: no finite number, and no place of a text.
const EMPTY_WIDE: u64 = u64::MAX;

/// One column, a place for every row of the solution.
enum Places {
    Numbers(Vec<AtomicU64>),
    /// Codes of classes; those the solution does not have are tagged with the reader that met them.
    Codes(Vec<AtomicU32>),
    /// Where texts stand: in the file, or in the buffer behind it that has the reader's number.
    Texts(Vec<AtomicU64>),
}

impl Places {
    fn of(rule: &CellRule, n_rows: usize) -> Self {
        match rule {
            CellRule::Label => Self::Codes(empty(n_rows)),
            rule if rule.is_text() => Self::Texts(empty_wide(n_rows)),
            _ => Self::Numbers(empty_wide(n_rows)),
        }
    }
}

fn empty_wide(n_rows: usize) -> Vec<AtomicU64> {
    let mut places = parallel::reserved(n_rows);
    places.resize_with(n_rows, || AtomicU64::new(EMPTY_WIDE));
    places
}

fn empty(n_rows: usize) -> Vec<AtomicU32> {
    let mut places = parallel::reserved(n_rows);
    places.resize_with(n_rows, || AtomicU32::new(EMPTY));
    places
}

/// Numbers that several readers count up from 0, each for itself, without a clash.
#[derive(Clone, Copy)]
struct Tag {
    reader: u32,
    n_bits: u32,
}

impl Tag {
    fn new(reader: usize, n_readers: usize) -> Self {
        Self { reader: reader as u32, n_bits: n_readers.next_power_of_two().trailing_zeros() }
    }

    /// `None` where the number has no room.
    fn tagged(self, number: u32) -> Option<u32> {
        (number < EMPTY >> self.n_bits).then_some(number << self.n_bits | self.reader)
    }

    fn untagged(self, tagged: u32) -> (usize, u32) {
        ((tagged & ((1 << self.n_bits) - 1)) as usize, tagged >> self.n_bits)
    }
}

/// What one reader has to remember.
pub(crate) struct Reader {
    tag: Tag,
    n_rows: u32,
    /// The places of the rows at hand.
    places: Vec<u32>,
    columns: Vec<Memory>,
}

enum Memory {
    Nothing,
    /// The code for every label met so far, and the classes that the solution does not have.
    Classes {
        codes: Vec<u32>,
        unknown: Vec<String>,
    },
    /// Copies of those texts that do not stand in the file.
    Texts(Texts),
}

/// The places of all predictions.
pub(crate) struct Placing<'a> {
    solution: &'a Solution,
    columns: Vec<Places>,
}

impl<'a> Placing<'a> {
    pub(crate) fn of(solution: &'a Solution) -> Self {
        let places = |column: &Expected| Places::of(&column.rule, solution.n_rows());
        Self { solution, columns: solution.expected.iter().map(places).collect() }
    }

    pub(crate) fn reader(&self, number: usize, n_readers: usize) -> Reader {
        let memory = |places: &Places| match places {
            Places::Numbers(_) => Memory::Nothing,
            Places::Codes(_) => Memory::Classes { codes: Vec::new(), unknown: Vec::new() },
            Places::Texts(_) => Memory::Texts(Texts::default()),
        };
        let columns = self.columns.iter().map(memory).collect();
        Reader { tag: Tag::new(number, n_readers), n_rows: 0, places: Vec::new(), columns }
    }

    /// Puts the next rows of a reader where they belong; `None` for rows that belong nowhere.
    pub(crate) fn take(&self, reader: &mut Reader, rows: &mut Table) -> Option<()> {
        reader.places.clear();
        self.solution.index.slots_of(&rows.ids, &mut reader.places)?;
        let columns = self.columns.iter().zip(&mut reader.columns).zip(&mut rows.columns);
        for ((places, memory), column) in columns {
            match (places, memory, column) {
                (Places::Numbers(places), Memory::Nothing, Column::Numbers(numbers)) => {
                    put_wide(places, &reader.places, numbers.iter().map(|number| Some(number.to_bits())))?;
                }
                (Places::Codes(places), Memory::Classes { codes, unknown }, Column::Labels(labels)) => {
                    self.learn(labels, codes, unknown, reader.tag)?;
                    put(places, &reader.places, labels.codes.iter().map(|code| codes[*code as usize]))?;
                }
                (Places::Texts(places), Memory::Texts(memory), Column::Texts(texts)) => {
                    let moved = memory.adopt(texts)?.behind(reader.tag.reader as usize);
                    let bits = |place: &Place| Some(moved.place(*place)?.bits());
                    put_wide(places, &reader.places, texts.places().iter().map(bits))?;
                }
                _ => unreachable!("rows are read by the plan that the places were made for"),
            }
        }
        reader.n_rows = reader.n_rows.checked_add(u32::try_from(rows.n_rows).ok()?)?;
        Some(())
    }

    /// Finds a code for labels that were not met before.
    fn learn(
        &self,
        labels: &Labels,
        codes: &mut Vec<u32>,
        unknown: &mut Vec<String>,
        tag: Tag,
    ) -> Option<()> {
        let classes = &self.solution.classes;
        for at in codes.len()..labels.names.len() {
            let name = labels.names.get(at);
            let code = match classes.find(name) {
                Some(code) => code,
                None => {
                    unknown.push(name.to_owned());
                    let tagged = tag.tagged(unknown.len() as u32 - 1)?;
                    tagged.checked_add(classes.names.len() as u32).filter(|code| *code < EMPTY)?
                }
            };
            codes.push(code);
        }
        Some(())
    }

    /// The predictions in the solution's order, when all of its rows were there, each once. The readers
    /// come in the order of the file.
    pub(crate) fn finish(self, readers: Vec<Reader>) -> Option<Aligned> {
        let n_rows: usize = readers.iter().map(|reader| reader.n_rows as usize).sum();
        if n_rows != self.solution.n_rows() {
            return None;
        }
        let tag = readers.first()?.tag;
        let mut memories: Vec<_> = readers.into_iter().map(|reader| reader.columns.into_iter()).collect();
        let n_known = self.solution.classes.names.len();
        let mut aligned = Aligned { predictions: Vec::new(), n_classes: n_known, notices: Vec::new() };
        for places in self.columns {
            let memories: Vec<Memory> = memories.iter_mut().filter_map(Iterator::next).collect();
            let predicted = match places {
                Places::Numbers(places) => Predicted::Numbers(filled_wide(places, f64::from_bits)?),
                Places::Codes(places) => {
                    let unknown = Unknown::of(memories);
                    if self.solution.judge.metric.about().task != Task::Clustering {
                        aligned.notices.extend(unknown.notice());
                    }
                    aligned.n_classes = aligned.n_classes.max(n_known + unknown.names.len());
                    Predicted::Codes(filled(places, |code| match code.checked_sub(n_known as u32) {
                        None => code,
                        Some(tagged) => {
                            let (reader, number) = tag.untagged(tagged);
                            n_known as u32 + unknown.places[reader][number as usize]
                        }
                    })?)
                }
                Places::Texts(places) => {
                    let places = filled_wide(places, Place::from_bits)?;
                    Predicted::Texts(joined(memories)?.with_places(places))
                }
            };
            aligned.predictions.push(predicted);
        }
        Some(aligned)
    }
}

/// Looks at all places before anything is put there: the processor waits for many of them at a time, and
/// not for one after the other.
fn put(places: &[AtomicU32], at: &[u32], values: impl Iterator<Item = u32>) -> Option<()> {
    let are_empty = at.iter().fold(true, |empty, at| empty & (places[*at as usize].load(Relaxed) == EMPTY));
    at.iter().zip(values).for_each(|(at, value)| places[*at as usize].store(value, Relaxed));
    are_empty.then_some(())
}

/// As [`put`].
fn put_wide(places: &[AtomicU64], at: &[u32], values: impl Iterator<Item = Option<u64>>) -> Option<()> {
    let are_empty =
        at.iter().fold(true, |empty, at| empty & (places[*at as usize].load(Relaxed) == EMPTY_WIDE));
    for (at, value) in at.iter().zip(values) {
        places[*at as usize].store(value?, Relaxed);
    }
    are_empty.then_some(())
}

/// The same memory as plain values; `None` where a place is empty.
fn filled_wide<T>(places: Vec<AtomicU64>, value: impl Fn(u64) -> T) -> Option<Vec<T>> {
    let mut is_full = true;
    let plain = |place: AtomicU64| {
        let bits = place.into_inner();
        is_full &= bits != EMPTY_WIDE;
        value(bits)
    };
    let values = places.into_iter().map(plain).collect();
    is_full.then_some(values)
}

/// The same memory as plain codes; `None` where a place is empty.
fn filled(places: Vec<AtomicU32>, value: impl Fn(u32) -> u32) -> Option<Vec<u32>> {
    let mut is_full = true;
    let plain = |place: AtomicU32| {
        let held = place.into_inner();
        is_full &= held != EMPTY;
        if held == EMPTY { EMPTY } else { value(held) }
    };
    let values = places.into_iter().map(plain).collect();
    is_full.then_some(values)
}

/// The texts of all readers; those of a reader are behind as many buffers as its number says.
fn joined(memories: Vec<Memory>) -> Option<Texts> {
    let of_readers = memories.into_iter().filter_map(|memory| match memory {
        Memory::Texts(texts) => Some(texts),
        Memory::Nothing | Memory::Classes { .. } => None,
    });
    Texts::one_buffer_each(of_readers.collect())
}

/// Classes that were predicted and that the solution does not have, in the order of the file.
struct Unknown {
    names: Vec<String>,
    /// The place among them of the classes of each reader.
    places: Vec<Vec<u32>>,
}

impl Unknown {
    fn of(memories: Vec<Memory>) -> Self {
        let mut labels = Labels::default();
        let places = memories
            .into_iter()
            .map(|memory| match memory {
                Memory::Classes { unknown, .. } => unknown.iter().map(|name| labels.code(name)).collect(),
                Memory::Nothing | Memory::Texts(_) => Vec::new(),
            })
            .collect();
        Self { names: labels.names.iter().map(str::to_owned).collect(), places }
    }

    fn notice(&self) -> Option<String> {
        let first: Vec<&str> = self.names.iter().take(Rejection::MAX_EXAMPLES).map(String::as_str).collect();
        (!first.is_empty()).then(|| {
            format!(
                "{} predicted {} no label of this competition and counted as wrong: {}.",
                self.names.len(),
                if self.names.len() == 1 { "class is" } else { "classes are" },
                first.join(", ")
            )
        })
    }
}
