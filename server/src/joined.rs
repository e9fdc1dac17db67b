//! A read that many ask for at once is made once for all who asked before it began. So every answer is as fresh as a read of
//! one's own would have been: whoever asks while one is under way waits for the next.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

/// Keys remembered at most, but for those that are being read.
const KEYS: usize = 1_000;

/// What all are told who joined a read.
pub type Outcome<V> = Result<V, Arc<sqlx::Error>>;

pub struct Joined<K, V> {
    lines: Mutex<HashMap<K, Arc<Line<V>>>>,
}

/// Those who want the same.
struct Line<V> {
    newest: Mutex<Arc<Read<V>>>,
    /// Held while a read is under way.
    reading: tokio::sync::Mutex<()>,
}

struct Read<V> {
    has_begun: AtomicBool,
    outcome: OnceCell<Outcome<V>>,
}

impl<V> Default for Read<V> {
    fn default() -> Self {
        Self { has_begun: AtomicBool::new(false), outcome: OnceCell::new() }
    }
}

impl<V> Default for Line<V> {
    fn default() -> Self {
        Self { newest: Mutex::default(), reading: tokio::sync::Mutex::default() }
    }
}

impl<V> Line<V> {
    /// The read that has not begun.
    fn join(&self) -> Arc<Read<V>> {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if newest.has_begun.load(Ordering::SeqCst) {
            *newest = Arc::default();
        }
        Arc::clone(&newest)
    }
}

impl<K, V> Default for Joined<K, V> {
    fn default() -> Self {
        Self { lines: Mutex::default() }
    }
}

impl<K: Eq + Hash, V: Clone> Joined<K, V> {
    /// What `read` finds, or what somebody else's finds that began after this was asked for.
    /// Where the one who reads goes away, the next of those who wait reads.
    ///
    /// # Errors
    /// Those of the read, for all who joined it.
    pub async fn read<F>(&self, key: K, read: impl FnOnce() -> F) -> Outcome<V>
    where
        F: Future<Output = sqlx::Result<V>>,
    {
        let line = self.line(key);
        let joined = line.join();
        let outcome = joined.outcome.get_or_init(|| async {
            let _reading = line.reading.lock().await;
            joined.has_begun.store(true, Ordering::SeqCst);
            read().await.map_err(Arc::new)
        });
        outcome.await.clone()
    }

    fn line(&self, key: K) -> Arc<Line<V>> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() >= KEYS {
            lines.retain(|_, line| Arc::strong_count(line) > 1);
        }
        Arc::clone(lines.entry(key).or_default())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use tokio::sync::Semaphore;
    use tokio::task::yield_now;

    use super::*;

    /// What is read counts the reads; each takes a permit to end.
    struct World {
        joined: Joined<&'static str, usize>,
        n_reads: AtomicUsize,
        permits: Semaphore,
    }

    impl World {
        fn new() -> Arc<Self> {
            let (n_reads, permits) = (AtomicUsize::new(0), Semaphore::new(0));
            Arc::new(Self { joined: Joined::default(), n_reads, permits })
        }

        async fn ask(self: Arc<Self>, key: &'static str) -> Outcome<usize> {
            let read = || async {
                let number = self.n_reads.fetch_add(1, Ordering::SeqCst);
                self.permits.acquire().await.expect("it stays open").forget();
                if key == "broken" { Err(sqlx::Error::PoolTimedOut) } else { Ok(number) }
            };
            self.joined.read(key, read).await
        }
    }

    /// Lets everybody come as far as they can.
    async fn settle() {
        for _ in 0..50 {
            yield_now().await;
        }
    }

    #[tokio::test]
    async fn whoever_asks_while_a_read_is_under_way_shares_the_next() {
        let world = World::new();
        let first = tokio::spawn(world.clone().ask("one"));
        settle().await;
        let later: Vec<_> = (0..20).map(|_| tokio::spawn(world.clone().ask("one"))).collect();
        let other = tokio::spawn(world.clone().ask("two"));
        settle().await;
        assert_eq!(world.n_reads.load(Ordering::SeqCst), 2, "of either key one");
        world.permits.add_permits(100);
        assert_eq!(first.await.unwrap().unwrap(), 0);
        assert_eq!(other.await.unwrap().unwrap(), 1);
        for asked in later {
            assert_eq!(asked.await.unwrap().unwrap(), 2, "begun after all of them had asked");
        }
        assert_eq!(world.clone().ask("one").await.unwrap(), 3, "nothing is kept");
    }

    #[tokio::test]
    async fn who_reads_may_go_away() {
        let world = World::new();
        let reader = tokio::spawn(world.clone().ask("one"));
        settle().await;
        let next = tokio::spawn(world.clone().ask("one"));
        let last = tokio::spawn(world.clone().ask("one"));
        settle().await;
        reader.abort();
        settle().await;
        assert_eq!(world.n_reads.load(Ordering::SeqCst), 2, "the next began");
        next.abort();
        settle().await;
        world.permits.add_permits(1);
        assert_eq!(last.await.unwrap().unwrap(), 2, "read by who still waits");
    }

    #[tokio::test]
    async fn a_failure_is_told_to_all_who_joined() {
        let world = World::new();
        let asked: Vec<_> = (0..5).map(|_| tokio::spawn(world.clone().ask("broken"))).collect();
        settle().await;
        world.permits.add_permits(5);
        for one in asked {
            assert!(matches!(*one.await.unwrap().unwrap_err(), sqlx::Error::PoolTimedOut));
        }
        assert!(world.n_reads.load(Ordering::SeqCst) <= 2);
    }

    #[test]
    fn keys_that_nobody_reads_are_forgotten() {
        let joined = Joined::<usize, ()>::default();
        let held = joined.line(0);
        for key in 1..10 * KEYS {
            joined.line(key);
            assert!(joined.lines.lock().unwrap().len() <= KEYS);
        }
        assert!(Arc::ptr_eq(&held, &joined.line(0)), "somebody is in it");
    }
}
