//! From an id to its slot: a plain array where ids are whole numbers in a dense range, else a hash table.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use crate::columns::{Id, Ids, canonical_integer};
use crate::parallel;

const HOLE: u32 = u32::MAX;

/// Finds the slot of an id.
pub struct IdIndex {
    slots: Slots,
    ids: Ids,
    /// Each row's slot, where `slots` holds rows.
    slot_of_row: Vec<u32>,
}

enum Slots {
    Dense { lowest: u64, slots: Vec<u32> },
    Hashed { rows: HashTable<u32>, hasher: FixedState },
}

/// Two rows of a file that carry the same id.
#[derive(Debug, PartialEq, Eq)]
pub struct Twice {
    pub second: usize,
}

impl IdIndex {
    /// Indexes ids; `slot_of_row` says where each row went.
    ///
    /// # Errors
    /// The second row of an id that appears twice.
    pub fn new(ids: Ids, slot_of_row: Vec<u32>) -> Result<Self, Twice> {
        match dense_range(&ids) {
            Some((lowest, width)) => Self::dense(ids, &slot_of_row, lowest, width),
            None => Self::hashed(ids, slot_of_row),
        }
    }

    fn dense(ids: Ids, slot_of_row: &[u32], lowest: u64, width: usize) -> Result<Self, Twice> {
        let mut slots = parallel::filled(HOLE, width);
        let twice = parallel::fill(&mut slots, |range, slots| {
            let Ids::Integers(ids) = &ids else { return None };
            let first = lowest + range.start as u64;
            ids.iter().zip(slot_of_row).position(|(id, slot)| {
                let place = slots.get_mut(id.wrapping_sub(first) as usize);
                place.is_some_and(|place| std::mem::replace(place, *slot) != HOLE)
            })
        });
        if let Some(second) = twice.into_iter().flatten().min() {
            return Err(Twice { second });
        }
        Ok(Self { slots: Slots::Dense { lowest, slots }, ids: Ids::default(), slot_of_row: Vec::new() })
    }

    fn hashed(ids: Ids, slot_of_row: Vec<u32>) -> Result<Self, Twice> {
        let hasher = FixedState::default();
        let mut rows: HashTable<u32> = HashTable::with_capacity(ids.len());
        for row in 0..ids.len() {
            let id = ids.get(row);
            let hash = hash(&hasher, id);
            if rows.find(hash, |other| ids.get(*other as usize) == id).is_some() {
                return Err(Twice { second: row });
            }
            rows.insert_unique(hash, row as u32, |other| self::hash(&hasher, ids.get(*other as usize)));
        }
        Ok(Self { slots: Slots::Hashed { rows, hasher }, ids, slot_of_row })
    }

    /// The slot of an id, `None` when the solution has no such row.
    #[inline]
    pub fn slot(&self, id: Id<'_>) -> Option<u32> {
        match (&self.slots, id) {
            (Slots::Dense { lowest, slots }, Id::Integer(id)) => dense_slot(slots, *lowest, id),
            (Slots::Dense { lowest, slots }, Id::Text(text)) => {
                dense_slot(slots, *lowest, canonical_integer(text.as_bytes())?)
            }
            (Slots::Hashed { .. }, id) => self.hashed_slot(id),
        }
    }

    /// Appends the slots of some ids; `None` when the solution lacks one.
    pub fn slots_of(&self, ids: &Ids, slots: &mut Vec<u32>) -> Option<()> {
        if let (Slots::Dense { lowest, slots: known }, Ids::Integers(ids)) = (&self.slots, ids) {
            let mut is_known = true;
            slots.extend(ids.iter().map(|id| {
                let slot = known.get(id.wrapping_sub(*lowest) as usize).copied().unwrap_or(HOLE);
                is_known &= slot != HOLE;
                slot
            }));
            return is_known.then_some(());
        }
        for row in 0..ids.len() {
            slots.push(self.slot(ids.get(row))?);
        }
        Some(())
    }

    fn hashed_slot(&self, id: Id<'_>) -> Option<u32> {
        match (&self.ids, id) {
            (Ids::Texts(_), Id::Integer(id)) => self.find(Id::Text(&id.to_string())),
            (Ids::Integers(_), Id::Text(text)) => self.find(Id::Integer(canonical_integer(text.as_bytes())?)),
            (_, id) => self.find(id),
        }
    }

    fn find(&self, id: Id<'_>) -> Option<u32> {
        let Slots::Hashed { rows, hasher } = &self.slots else { return None };
        let row = rows.find(hash(hasher, id), |row| self.ids.get(*row as usize) == id)?;
        Some(self.slot_of_row[*row as usize])
    }

    /// Every id with its slot; in order of the file, or of the number where ids are dense.
    pub fn entries(&self) -> Box<dyn Iterator<Item = (Id<'_>, u32)> + '_> {
        match &self.slots {
            Slots::Dense { lowest, slots } => Box::new(
                slots
                    .iter()
                    .enumerate()
                    .filter(|(_, slot)| **slot != HOLE)
                    .map(move |(at, slot)| (Id::Integer(lowest + at as u64), *slot)),
            ),
            Slots::Hashed { .. } => {
                Box::new(self.slot_of_row.iter().enumerate().map(|(row, slot)| (self.ids.get(row), *slot)))
            }
        }
    }
}

#[inline]
fn dense_slot(slots: &[u32], lowest: u64, id: u64) -> Option<u32> {
    let at = usize::try_from(id.checked_sub(lowest)?).ok()?;
    slots.get(at).copied().filter(|slot| *slot != HOLE)
}

#[inline]
fn hash(hasher: &FixedState, id: Id<'_>) -> u64 {
    match id {
        Id::Integer(id) => hasher.hash_one(id),
        Id::Text(id) => hasher.hash_one(id),
    }
}

/// The lowest id and the width of the range, where an array over the range is not wasteful.
fn dense_range(ids: &Ids) -> Option<(u64, usize)> {
    let Ids::Integers(ids) = ids else { return None };
    let (low, high) = ids.iter().fold((u64::MAX, 0), |(low, high), id| (low.min(*id), high.max(*id)));
    let width = usize::try_from(high.checked_sub(low)?).ok()?.checked_add(1)?;
    (width <= ids.len().saturating_mul(4) + 1024).then_some((low, width))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(texts: &[&str]) -> Ids {
        let all_whole: Option<Vec<u64>> =
            texts.iter().map(|text| canonical_integer(text.as_bytes())).collect();
        all_whole.map_or_else(|| Ids::Texts(texts.iter().copied().collect()), Ids::Integers)
    }

    fn index(texts: &[&str]) -> IdIndex {
        IdIndex::new(ids(texts), (0..texts.len() as u32).collect()).expect("no id twice")
    }

    #[test]
    fn ids_match_exactly() {
        for known in [vec!["7", "8"], vec!["7", "9000000"], vec!["7", "a"]] {
            let index = index(&known);
            assert_eq!(index.slot(Id::Integer(7)), Some(0));
            assert_eq!(index.slot(Id::Text("7")), Some(0));
            assert_eq!(index.slot(Id::Text("007")), None);
            assert_eq!(index.slot(Id::Integer(6)), None);
            assert_eq!(index.entries().count(), 2);
        }
        assert_eq!(index(&["007", "7"]).slot(Id::Integer(7)), Some(1));
    }

    #[test]
    fn an_id_may_appear_once() {
        for twice in [vec!["1", "2", "1"], vec!["1", "9000000", "1"], vec!["a", "b", "a"]] {
            assert_eq!(IdIndex::new(ids(&twice), vec![0, 1, 2]).err(), Some(Twice { second: 2 }));
        }
    }
}
