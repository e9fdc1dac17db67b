//! What was read: ids, numbers, labels and texts, column by column.

use hashbrown::HashTable;
use std::hash::BuildHasher;

use crate::brief::Brief;
use crate::texts::Texts;

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
    /// Of every name, while there are [`FEW`]: looking at all is quicker than a hash then.
    briefs: Vec<Brief>,
    by_name: HashTable<u32>,
    hasher: foldhash::fast::FixedState,
    last: Option<u32>,
}

const FEW: usize = 16;

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
        if self.briefs.len() <= FEW {
            self.briefs.push(Brief::of(name.as_bytes()));
        }
        let hash = self.hasher.hash_one(name);
        let Self { by_name, names, hasher, .. } = self;
        by_name.insert_unique(hash, code, |code| hasher.hash_one(names.get(*code as usize)));
        code
    }

    /// Pushes a name that is known, if that is seen at a glance.
    #[inline]
    pub fn push_known(&mut self, name: &[u8]) -> bool {
        let code = self
            .among_few(name)
            .or_else(|| self.last.filter(|last| self.names.get(*last as usize).as_bytes() == name));
        self.codes.extend(code);
        code.is_some()
    }

    #[inline]
    fn among_few(&self, name: &[u8]) -> Option<u32> {
        let brief = Brief::of(name);
        if self.briefs.len() > FEW || !brief.is_whole() {
            return None;
        }
        self.briefs.iter().position(|known| *known == brief).map(|at| at as u32)
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
