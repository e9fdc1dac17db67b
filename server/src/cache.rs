//! A cache in memory, of what was read or drawn, under keys that change with it: what nobody changed is not made twice.
//! What is of one team alone has the team in its key.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Longest time that something is kept. Names that change without a new revision are shown anew after it.
const KEEP: Duration = Duration::from_secs(30);

/// A map of bounded size and age; full, it begins anew.
pub struct Cache<K, V> {
    most: usize,
    entries: Mutex<HashMap<K, (Instant, V)>>,
}

impl<K: Eq + Hash, V: Clone> Cache<K, V> {
    pub fn new(most: usize) -> Self {
        Self { most, entries: Mutex::default() }
    }

    pub fn get(&self, key: &K) -> Option<V> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.get(key).filter(|(made, _)| made.elapsed() < KEEP).map(|(_, value)| value.clone())
    }

    pub fn put(&self, key: K, value: V) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= self.most {
            entries.clear();
        }
        entries.insert(key, (Instant::now(), value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_bounded() {
        let cache = Cache::new(3);
        for number in 0..100 {
            cache.put(number, number);
            assert!(cache.entries.lock().expect("no panic holds it").len() <= 3);
            assert_eq!(cache.get(&number), Some(number));
        }
        assert_eq!(cache.get(&1), None);
    }
}
