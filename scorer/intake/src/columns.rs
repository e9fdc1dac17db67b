//! What was read: ids, numbers, labels and texts, column by column, each string stored once.

use hashbrown::HashTable;
use std::hash::BuildHasher;

/// A table as read, or a part of it: ids and the wanted columns, in file order.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    pub n_rows: usize,
    pub ids: Ids,
    /// In the order of [`super::Plan::columns`].
    pub columns: Vec<Column>,
}

impl Table {
    /// Forgets the rows; keeps the memory, and which code each label has.
    pub fn clear(&mut self) {
        self.n_rows = 0;
        self.ids.clear();
        for column in &mut self.columns {
            match column {
                Column::Numbers(numbers) => numbers.clear(),
                Column::Labels(labels) => labels.codes.clear(),
                Column::Texts(texts) => texts.clear(),
            }
        }
    }

    /// Adds the rows of another part, read by the same plan.
    pub fn append(&mut self, part: Self) {
        self.n_rows += part.n_rows;
        self.ids.append(part.ids);
        for (mine, theirs) in self.columns.iter_mut().zip(part.columns) {
            match (mine, theirs) {
                (Column::Numbers(mine), Column::Numbers(theirs)) => mine.extend_from_slice(&theirs),
                (Column::Labels(mine), Column::Labels(theirs)) => mine.append(&theirs),
                (Column::Texts(mine), Column::Texts(theirs)) => mine.append(theirs),
                _ => unreachable!("both parts are read by the same plan"),
            }
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    Numbers(Vec<f64>),
    Labels(Labels),
    Texts(Texts),
}

/// Strings one after the other, in as few buffers as hold them: texts that are appended stay where they
/// are.
#[derive(Debug, Clone, Default)]
pub struct Texts {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, Default)]
struct Part {
    first: usize,
    buffer: String,
    ends: Vec<u32>,
}

impl Part {
    #[inline]
    fn get(&self, at: usize) -> &str {
        let start = if at == 0 { 0 } else { self.ends[at - 1] as usize };
        &self.buffer[start..self.ends[at] as usize]
    }

    /// Where a text ends; `at` counts all parts.
    #[inline]
    fn end(&self, at: usize) -> u32 {
        self.ends[at - self.first]
    }

    #[inline]
    fn has_room_for(&self, text: &str) -> bool {
        u32::try_from(self.buffer.len() + text.len()).is_ok()
    }
}

impl Texts {
    #[inline]
    pub fn len(&self) -> usize {
        self.parts.last().map_or(0, |part| part.first + part.ends.len())
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of all strings together.
    pub fn n_bytes(&self) -> usize {
        self.parts.iter().map(|part| part.buffer.len()).sum()
    }

    #[inline]
    pub fn push(&mut self, text: &str) {
        if !self.parts.last().is_some_and(|part| part.has_room_for(text)) {
            self.parts.push(Part { first: self.len(), ..Part::default() });
        }
        if let Some(part) = self.parts.last_mut() {
            part.buffer.push_str(text);
            part.ends.push(part.buffer.len() as u32);
        }
    }

    /// # Panics
    /// When `at` is not below [`Texts::len`].
    #[inline]
    pub fn get(&self, at: usize) -> &str {
        let part = self.part(at);
        part.get(at - part.first)
    }

    #[inline]
    fn part(&self, at: usize) -> &Part {
        match self.parts.as_slice() {
            [only] => only,
            parts => &parts[parts.partition_point(|part| part.first <= at) - 1],
        }
    }

    /// Touches these texts, so that the processor fetches many of them at the same time.
    pub fn fetch(&self, rows: &[u32]) {
        let touched =
            rows.iter().fold(0, |touched, row| touched ^ self.part(*row as usize).end(*row as usize));
        let ends = |text: &[u8]| text.first().copied().unwrap_or(0) ^ text.last().copied().unwrap_or(0);
        let seen = rows.iter().fold(0, |seen, row| seen ^ ends(self.get(*row as usize).as_bytes()));
        std::hint::black_box((touched, seen));
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().flat_map(|part| (0..part.ends.len()).map(|at| part.get(at)))
    }

    pub fn append(&mut self, other: Self) {
        for part in other.parts {
            self.parts.push(Part { first: self.len(), ..part });
        }
    }

    /// Forgets the strings and keeps the memory.
    pub fn clear(&mut self) {
        self.parts.truncate(1);
        for part in &mut self.parts {
            part.buffer.clear();
            part.ends.clear();
        }
    }
}

impl PartialEq for Texts {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl<'a> FromIterator<&'a str> for Texts {
    fn from_iter<I: IntoIterator<Item = &'a str>>(iter: I) -> Self {
        let mut texts = Self::default();
        iter.into_iter().for_each(|text| texts.push(text));
        texts
    }
}

/// Row ids: exact strings, kept as numbers while every one of them prints back to itself.
#[derive(Debug, Clone, PartialEq)]
pub enum Ids {
    Integers(Vec<u64>),
    Texts(Texts),
}

/// One id, borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Id<'a> {
    Integer(u64),
    Text(&'a str),
}

impl std::fmt::Display for Id<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Integer(id) => write!(f, "{id}"),
            Self::Text(id) => f.write_str(id),
        }
    }
}

impl Default for Ids {
    fn default() -> Self {
        Self::Integers(Vec::new())
    }
}

impl Ids {
    #[inline]
    pub fn len(&self) -> usize {
        match self {
            Self::Integers(ids) => ids.len(),
            Self::Texts(ids) => ids.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// # Panics
    /// When `at` is not below [`Ids::len`].
    #[inline]
    pub fn get(&self, at: usize) -> Id<'_> {
        match self {
            Self::Integers(ids) => Id::Integer(ids[at]),
            Self::Texts(ids) => Id::Text(ids.get(at)),
        }
    }

    #[inline]
    pub fn push(&mut self, id: &str) {
        if let Self::Integers(ids) = self {
            if let Some(integer) = canonical_integer(id.as_bytes()) {
                ids.push(integer);
                return;
            }
            *self = Self::Texts(integers_as_texts(ids));
        }
        if let Self::Texts(ids) = self {
            ids.push(id);
        }
    }

    #[inline]
    pub fn push_integer(&mut self, id: u64) {
        match self {
            Self::Integers(ids) => ids.push(id),
            Self::Texts(ids) => ids.push(&id.to_string()),
        }
    }

    fn clear(&mut self) {
        match self {
            Self::Integers(ids) => ids.clear(),
            Self::Texts(ids) => ids.clear(),
        }
    }

    pub fn append(&mut self, other: Self) {
        match (&mut *self, other) {
            (Self::Integers(mine), Self::Integers(theirs)) => mine.extend_from_slice(&theirs),
            (Self::Texts(mine), Self::Texts(theirs)) => mine.append(theirs),
            (Self::Texts(mine), Self::Integers(theirs)) => mine.append(integers_as_texts(&theirs)),
            (Self::Integers(mine), Self::Texts(theirs)) => {
                let mut texts = integers_as_texts(mine);
                texts.append(theirs);
                *self = Self::Texts(texts);
            }
        }
    }
}

fn integers_as_texts(ids: &[u64]) -> Texts {
    let mut texts = Texts::default();
    ids.iter().for_each(|id| texts.push(&id.to_string()));
    texts
}

/// The value of a whole number that prints back to exactly these bytes: no sign, no leading zero.
#[inline]
pub fn canonical_integer(text: &[u8]) -> Option<u64> {
    let plain = matches!(text, [b'0'] | [b'1'..=b'9', ..]) && text.len() <= 18;
    if !plain {
        return None;
    }
    text.iter()
        .try_fold(0_u64, |value, byte| byte.is_ascii_digit().then(|| value * 10 + u64::from(byte - b'0')))
}

/// Class names by code, in order of first appearance.
#[derive(Debug, Clone, Default)]
pub struct Labels {
    pub codes: Vec<u32>,
    pub names: Texts,
    by_name: HashTable<u32>,
    hasher: foldhash::fast::FixedState,
    last: Option<u32>,
}

impl PartialEq for Labels {
    fn eq(&self, other: &Self) -> bool {
        self.codes == other.codes && self.names == other.names
    }
}

impl Labels {
    /// A dictionary that knows these names and has no rows.
    pub fn knowing<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut labels = Self::default();
        for name in names {
            labels.code(name);
        }
        labels
    }

    /// The code of a name, made if it is new.
    #[inline]
    pub fn code(&mut self, name: &str) -> u32 {
        if let Some(last) = self.last
            && self.names.get(last as usize) == name
        {
            return last;
        }
        let code = self.find(name).unwrap_or_else(|| self.add(name));
        self.last = Some(code);
        code
    }

    /// The code of a known name.
    #[inline]
    pub fn find(&self, name: &str) -> Option<u32> {
        let hash = self.hasher.hash_one(name);
        self.by_name.find(hash, |code| self.names.get(*code as usize) == name).copied()
    }

    fn add(&mut self, name: &str) -> u32 {
        let code = self.names.len() as u32;
        self.names.push(name);
        let hash = self.hasher.hash_one(name);
        let Self { by_name, names, hasher, .. } = self;
        by_name.insert_unique(hash, code, |code| hasher.hash_one(names.get(*code as usize)));
        code
    }

    /// Pushes the name of the row before, if that is what this is.
    #[inline]
    pub fn repeat(&mut self, name: &[u8]) -> bool {
        let Some(last) = self.last.filter(|last| self.names.get(*last as usize).as_bytes() == name) else {
            return false;
        };
        self.codes.push(last);
        true
    }

    #[inline]
    pub fn push(&mut self, name: &str) {
        let code = self.code(name);
        self.codes.push(code);
    }

    pub fn append(&mut self, other: &Self) {
        let mapped: Vec<u32> = other.names.iter().map(|name| self.code(name)).collect();
        self.codes.extend(other.codes.iter().map(|code| mapped[*code as usize]));
    }

    /// The name of a row's class.
    pub fn name(&self, row: usize) -> &str {
        self.names.get(self.codes[row] as usize)
    }
}
