//! Prepared solutions of the competitions that were judged last, in the child's memory alone.
//! A competition has one: a new version drops the one before.

use std::rc::Rc;

use super::message::Judging;

const MAX_ENTRIES: usize = 8;
/// Sealed bytes that all entries came from; what is prepared takes a small multiple.
const MAX_SEALED_BYTES: u64 = 128 << 20;

struct Entry<T> {
    judging: Judging,
    sealed_bytes: u64,
    prepared: Rc<T>,
}

/// Newest use last.
pub struct Cache<T> {
    entries: Vec<Entry<T>>,
}

impl<T> Default for Cache<T> {
    fn default() -> Self {
        Self { entries: Vec::new() }
    }
}

impl<T> Cache<T> {
    /// What was prepared for exactly this judging.
    pub fn get(&mut self, judging: &Judging) -> Option<Rc<T>> {
        let at = self.entries.iter().position(|entry| entry.judging == *judging)?;
        let entry = self.entries.remove(at);
        let prepared = Rc::clone(&entry.prepared);
        self.entries.push(entry);
        Some(prepared)
    }

    /// Keeps what was prepared and drops what it replaces or what no longer has room.
    pub fn put(&mut self, judging: &Judging, sealed_bytes: u64, prepared: T) -> Rc<T> {
        self.entries.retain(|entry| entry.judging.competition_id != judging.competition_id);
        let prepared = Rc::new(prepared);
        if sealed_bytes <= MAX_SEALED_BYTES {
            let entry = Entry { judging: judging.clone(), sealed_bytes, prepared: Rc::clone(&prepared) };
            self.entries.push(entry);
        }
        while self.entries.len() > MAX_ENTRIES || self.sealed_bytes() > MAX_SEALED_BYTES {
            self.entries.remove(0);
        }
        prepared
    }

    fn sealed_bytes(&self) -> u64 {
        self.entries.iter().map(|entry| entry.sealed_bytes).sum()
    }
}

#[cfg(test)]
mod tests {
    use holdout_contract::spec::Params;

    use super::super::message::FileRef;
    use super::*;

    fn judging(competition_id: i64, metric: &str) -> Judging {
        Judging {
            competition_id,
            solution: FileRef { key: "solutions/1/a".to_owned(), sha256: Some([1; 32]) },
            metric: metric.to_owned(),
            module: None,
            sample: None,
            params: Params::new(),
            context: Params::new(),
            history: None,
            public_fraction: 0.3,
            split_seed: 1,
        }
    }

    #[test]
    fn a_new_version_drops_the_one_before() {
        let mut cache = Cache::default();
        cache.put(&judging(1, "rmse"), 10, "old");
        cache.put(&judging(1, "mae"), 10, "new");
        assert!(cache.get(&judging(1, "rmse")).is_none());
        assert_eq!(cache.get(&judging(1, "mae")).as_deref(), Some(&"new"));
    }

    #[test]
    fn memory_is_bounded_and_what_was_used_last_stays() {
        let mut cache = Cache::default();
        for competition in 1..=8 {
            cache.put(&judging(competition, "rmse"), 10, competition);
        }
        cache.get(&judging(1, "rmse"));
        cache.put(&judging(9, "rmse"), 10, 9);
        assert!(cache.get(&judging(1, "rmse")).is_some());
        assert!(cache.get(&judging(2, "rmse")).is_none());
        cache.put(&judging(10, "rmse"), MAX_SEALED_BYTES, 10);
        assert!(cache.get(&judging(1, "rmse")).is_none());
        assert_eq!(*cache.put(&judging(11, "rmse"), MAX_SEALED_BYTES + 1, 11), 11);
        assert!(cache.get(&judging(11, "rmse")).is_none());
    }
}
