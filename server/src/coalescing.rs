//! Coalesced reads: a read that many ask for at once is made once for all who asked before it began. So every answer is as
//! fresh as a read of one's own would have been: whoever asks while one is under way waits for the next. [`Coalesced`] is for
//! those who ask the same; [`Batched`] for those who ask for one row each that one statement can read: the busier the house,
//! the fewer statements for each who asks; [`Reads`] for those that nearly every page makes, with a connection of their own.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, PgPool, Postgres};
use tokio::sync::OnceCell;

/// Keys remembered at most, but for those that are being read.
const KEYS: usize = 1_000;

/// What all are told who joined a read.
pub type Outcome<V> = Result<V, Arc<sqlx::Error>>;

/// Reads of which each answers all who ask for the same key.
pub struct Coalesced<K, V>(Queues<K, (), V>);

/// Reads of which each answers all who ask for some item under the same key.
pub struct Batched<K, I, V>(Queues<K, I, Arc<HashMap<I, V>>>);

struct Queues<K, I, R>(Mutex<HashMap<K, Arc<Queue<I, R>>>>);

/// Those whom one read can answer.
struct Queue<I, R> {
    newest: Mutex<Arc<Read<I, R>>>,
    /// Held while a read is under way.
    reading: tokio::sync::Mutex<()>,
}

struct Read<I, R> {
    wanted: Mutex<Wanted<I>>,
    outcome: OnceCell<Outcome<R>>,
}

struct Wanted<I> {
    items: HashSet<I>,
    has_begun: bool,
}

impl<I, R> Default for Read<I, R> {
    fn default() -> Self {
        let wanted = Wanted { items: HashSet::new(), has_begun: false };
        Self { wanted: Mutex::new(wanted), outcome: OnceCell::new() }
    }
}

impl<I, R> Default for Queue<I, R> {
    fn default() -> Self {
        Self { newest: Mutex::default(), reading: tokio::sync::Mutex::default() }
    }
}

impl<K, I, R> Default for Queues<K, I, R> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<I: Eq + Hash + Clone, R> Read<I, R> {
    /// Whether the item will be read: not once the read has begun.
    fn takes(&self, item: &I) -> bool {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        if !wanted.has_begun {
            wanted.items.insert(item.clone());
        }
        !wanted.has_begun
    }

    /// What is to be read.
    fn begin(&self) -> Vec<I> {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        wanted.has_begun = true;
        wanted.items.iter().cloned().collect()
    }
}

impl<I: Eq + Hash + Clone, R> Queue<I, R> {
    /// The read that has not begun, with the item among those that it reads.
    fn join(&self, item: &I) -> Arc<Read<I, R>> {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if !newest.takes(item) {
            *newest = Arc::default();
            newest.takes(item);
        }
        Arc::clone(&newest)
    }
}

impl<K: Eq + Hash, I: Eq + Hash + Clone, R: Clone> Queues<K, I, R> {
    /// Where the one who reads goes away, the next of those who wait reads.
    async fn read<F>(&self, key: K, item: &I, read: impl FnOnce(Vec<I>) -> F) -> Outcome<R>
    where
        F: Future<Output = sqlx::Result<R>>,
    {
        let queue = self.queue(key);
        let joined = queue.join(item);
        let outcome = joined.outcome.get_or_init(|| async {
            let _reading = queue.reading.lock().await;
            read(joined.begin()).await.map_err(Arc::new)
        });
        outcome.await.clone()
    }

    fn queue(&self, key: K) -> Arc<Queue<I, R>> {
        let mut queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if queues.len() >= KEYS {
            queues.retain(|_, queue| Arc::strong_count(queue) > 1);
        }
        Arc::clone(queues.entry(key).or_default())
    }
}

impl<K, V> Default for Coalesced<K, V> {
    fn default() -> Self {
        Self(Queues::default())
    }
}

impl<K, I, V> Default for Batched<K, I, V> {
    fn default() -> Self {
        Self(Queues::default())
    }
}

impl<K: Eq + Hash, V: Clone> Coalesced<K, V> {
    /// What `read` finds, or what somebody else's finds that began after this was asked for.
    ///
    /// # Errors
    /// Those of the read, for all who joined it.
    pub async fn read<F>(&self, key: K, read: impl FnOnce() -> F) -> Outcome<V>
    where
        F: Future<Output = sqlx::Result<V>>,
    {
        self.0.read(key, &(), |_| read()).await
    }
}

impl<K: Eq + Hash, I: Eq + Hash + Clone, V: Clone> Batched<K, I, V> {
    /// What `read` finds of the item, which is given all items that it is to find, or what somebody else's finds that began
    /// after this was asked for. `None` where it finds none.
    ///
    /// # Errors
    /// Those of the read, for all who joined it.
    pub async fn read<F>(&self, key: K, item: I, read: impl FnOnce(Vec<I>) -> F) -> Outcome<Option<V>>
    where
        F: Future<Output = sqlx::Result<HashMap<I, V>>>,
    {
        let found = self.0.read(key, &item, |items| async { read(items).await.map(Arc::new) }).await?;
        Ok(found.get(&item).cloned())
    }
}

/// A connection that rested longer goes back to its pool, where it is tried before it is used.
const REST: Duration = Duration::from_secs(1);
/// Of a smaller pool none rests elsewhere.
const ENOUGH: u32 = 8;

/// Where a connection rests between reads that follow each other closely: a pool tries each that comes back, one more way to
/// the database for every read.
#[derive(Default)]
pub struct ParkedConnection(Mutex<Option<Resting>>);

struct Resting {
    since: Instant,
    conn: PoolConnection<Postgres>,
}

impl ParkedConnection {
    /// Gives the connection back to a pool that closes.
    pub fn end(&self) {
        self.rested();
    }

    fn rested(&self) -> Option<Resting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// What `read` finds on the connection that rests here, or on one of the pool.
    ///
    /// # Errors
    /// Those of the read, and of the pool.
    pub async fn read<T, R>(&self, db: &PgPool, read: R) -> sqlx::Result<T>
    where
        R: for<'c> FnOnce(&'c mut PgConnection) -> BoxFuture<'c, sqlx::Result<T>>,
    {
        let mut conn = self.lend(db).await?;
        let found = read(&mut conn).await?;
        self.rest(db, conn);
        Ok(found)
    }

    async fn lend(&self, db: &PgPool) -> sqlx::Result<PoolConnection<Postgres>> {
        match self.rested().filter(|resting| resting.since.elapsed() < REST) {
            Some(resting) => Ok(resting.conn),
            None => db.acquire().await,
        }
    }

    /// After a read that ended well.
    fn rest(&self, db: &PgPool, conn: PoolConnection<Postgres>) {
        let mut place = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Asked with the place in hand: what comes after the end finds the pool closed.
        if db.options().get_max_connections() >= ENOUGH && !db.is_closed() {
            *place = Some(Resting { since: Instant::now(), conn });
        }
    }
}

/// Reads of rows, one after the other and each for many, with a [`ParkedConnection`] of their own.
pub struct Reads<I, V> {
    batched: Batched<(), I, V>,
    parked: ParkedConnection,
}

impl<I, V> Default for Reads<I, V> {
    fn default() -> Self {
        Self { batched: Batched::default(), parked: ParkedConnection::default() }
    }
}

impl<I, V> Reads<I, V> {
    /// Gives the connection back to a pool that closes.
    pub fn end(&self) {
        self.parked.end();
    }
}

impl<I: Eq + Hash + Clone + Sync, V: Clone> Reads<I, V> {
    /// What `read` finds of the item, as in [`Batched::read`].
    ///
    /// # Errors
    /// Those of the read, for all who joined it.
    pub async fn read<R>(&self, db: &PgPool, item: I, read: R) -> Outcome<Option<V>>
    where
        R: for<'c> FnOnce(&'c mut PgConnection, &'c [I]) -> BoxFuture<'c, sqlx::Result<HashMap<I, V>>>,
    {
        let on_connection = |items: Vec<I>| async move {
            let mut conn = self.parked.lend(db).await?;
            let found = read(&mut conn, &items).await?;
            self.parked.rest(db, conn);
            Ok(found)
        };
        self.batched.read((), item, on_connection).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Semaphore;
    use tokio::task::yield_now;

    use super::*;

    /// What is read counts the reads; each takes a permit to end.
    struct World {
        joined: Coalesced<&'static str, usize>,
        n_reads: AtomicUsize,
        permits: Semaphore,
    }

    impl World {
        fn new() -> Arc<Self> {
            let (n_reads, permits) = (AtomicUsize::new(0), Semaphore::new(0));
            Arc::new(Self { joined: Coalesced::default(), n_reads, permits })
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

    #[tokio::test]
    async fn whoever_wants_another_row_is_answered_by_the_same_read() {
        let batched = Arc::new(Batched::<(), u32, u32>::default());
        let reads = Arc::new(Mutex::new(Vec::new()));
        let permits = Arc::new(Semaphore::new(0));
        let ask = |item: u32| {
            let (batched, reads, permits) = (batched.clone(), reads.clone(), permits.clone());
            tokio::spawn(async move {
                let read = |mut items: Vec<u32>| async move {
                    items.sort_unstable();
                    reads.lock().unwrap().push(items.clone());
                    permits.acquire().await.expect("it stays open").forget();
                    Ok(items.into_iter().filter(|item| *item < 5).map(|item| (item, item * 10)).collect())
                };
                batched.read((), item, read).await.unwrap()
            })
        };
        let first = ask(1);
        settle().await;
        let later = [2, 3, 3, 7].map(&ask);
        settle().await;
        later[0].abort();
        settle().await;
        permits.add_permits(2);
        assert_eq!(first.await.unwrap(), Some(10));
        let [_, third, again, seventh] = later;
        assert_eq!((third.await.unwrap(), again.await.unwrap()), (Some(30), Some(30)));
        assert_eq!(seventh.await.unwrap(), None, "there is none");
        assert_eq!(*reads.lock().unwrap(), [vec![1], vec![2, 3, 7]]);
    }

    #[tokio::test]
    async fn what_was_to_be_read_is_read_by_the_next_where_who_reads_goes_away() {
        let batched = Arc::new(Batched::<(), u32, u32>::default());
        let permits = Arc::new(Semaphore::new(0));
        let ask = |item: u32| {
            let (batched, permits) = (batched.clone(), permits.clone());
            tokio::spawn(async move {
                let read = |items: Vec<u32>| async move {
                    permits.acquire().await.expect("it stays open").forget();
                    Ok(items.into_iter().map(|item| (item, item * 10)).collect())
                };
                batched.read((), item, read).await.unwrap()
            })
        };
        let before = ask(9);
        settle().await;
        let (reader, waiting) = (ask(1), ask(2));
        settle().await;
        permits.add_permits(1);
        assert_eq!(before.await.unwrap(), Some(90));
        settle().await;
        reader.abort();
        settle().await;
        permits.add_permits(1);
        assert_eq!(waiting.await.unwrap(), Some(20));
    }

    #[test]
    fn keys_that_nobody_reads_are_forgotten() {
        let joined = Coalesced::<usize, ()>::default();
        let held = joined.0.queue(0);
        for key in 1..10 * KEYS {
            joined.0.queue(key);
            assert!(joined.0.0.lock().unwrap().len() <= KEYS);
        }
        assert!(Arc::ptr_eq(&held, &joined.0.queue(0)), "somebody is in it");
    }
}
