//! Rescorings of one version, or jobs of one verification, many at a time: read with a few statements, scored by one
//! question to the child, which opens the solution once. Each is leased, written and ended as a job alone is.
//!
//! Never here: a batch that costs one of its jobs what another did. One that breaks is taken apart, and its jobs are
//! done one by one.

use std::time::{Duration, Instant};

use holdout_contract::queue::{self, Leased};
use sqlx::PgPool;

use super::announce;
use super::message::{Answer, Request};
use super::patience::{connected, patiently};
use super::read::{self, Entry};
use super::step::{Asked, PARTS_ARE_MISSING, Stepped, Worker, ask, conclude, fault, renew_all, setback};
use super::warm::Broken;

/// As long may a batch keep its scorer from a submission that just came; at most half of what a job may take.
const MOST_TIME: Duration = Duration::from_secs(2);
/// Stored files of a batch: copies of them lie on this machine's disk where they come from a bucket.
const MOST_BYTES: u64 = 512 << 20;

/// How many jobs are taken together: twice as many as there was time for the last time, so that few are put
/// back again.
#[derive(Debug, Clone)]
pub struct Pace {
    most: usize,
    next: usize,
}

impl Pace {
    /// # Panics
    /// At none.
    pub fn at_most(most: usize) -> Self {
        assert!(most > 0, "at least one job is taken");
        Self { most, next: most }
    }

    fn did(&mut self, n_done: usize, n_taken: usize) {
        let was_enough = n_done == n_taken && n_taken < self.next;
        if !was_enough {
            self.next = (2 * n_done).clamp(1, self.most);
        }
    }
}

/// The jobs that are done together with this one; none where it is done alone.
///
/// # Errors
/// Those of the database.
pub(super) async fn beside(worker: &Worker, in_hand: &Leased) -> sqlx::Result<Vec<Leased>> {
    let most = worker.pace.next - 1;
    if most == 0 {
        return Ok(Vec::new());
    }
    let (id, lease) = (worker.id, worker.lease.as_secs_f64());
    connected(&worker.db, async |conn| queue::claim_beside(conn, id, lease, in_hand, most as i64).await).await
}

/// Does jobs that name one version together, and puts back what there is no time for.
///
/// # Errors
/// Those of the database.
pub(super) async fn step(worker: &mut Worker, jobs: Vec<Leased>) -> sqlx::Result<Stepped> {
    let db = worker.db.clone();
    let n_taken = jobs.len();
    let Some(batch) = patiently(async || read::batch(&db, &jobs).await).await? else {
        for leased in &jobs {
            fault(&db, leased, PARTS_ARE_MISSING).await?;
        }
        return Ok(Stepped::Batch { n_taken, n_done: 0 });
    };
    let mut entries = batch.entries;
    let beyond = leased_of(&entries.split_off(n_within(&entries)));
    hand_back(&db, &beyond).await?;
    let held = leased_of(&entries);
    let needs_sandbox = batch.judging.module.is_some();
    if needs_sandbox && patiently(async || announce::another_has_sandbox(&db, worker.id).await).await? {
        pass_on(&db, &held).await?;
        return Ok(Stepped::Batch { n_taken, n_done: 0 });
    }
    let time = MOST_TIME.min(worker.warm.job_time() / 2);
    let request = Request::ScoreBatch {
        judging: batch.judging,
        submitted: entries.iter().map(|entry| entry.submitted.clone()).collect(),
        time_ms: time.as_millis() as u64,
    };
    if let Some(first) = held.first()
        && let Some(Answer::Fault { text, .. }) = worker.admitted.refuse(&db, first, &request).await?
    {
        take_apart(&db, &held, &text).await?;
        return Ok(Stepped::Batch { n_taken, n_done: 0 });
    }
    let n_done = match ask(worker, &held, &request).await? {
        Asked::LeaseLost => 0,
        Asked::HandBack => {
            tracing::info!(n_jobs = held.len(), "a batch is handed back");
            pass_on(&db, &held).await?;
            0
        }
        Asked::Answered(answered) => match *answered {
            Ok(Answer::ScoredBatch { answers }) => write(worker, &entries, answers).await?,
            Ok(Answer::Fault { text, is_passing: true }) => put_off(&db, &held, &text).await?,
            Ok(Answer::Fault { text, .. }) => take_apart(&db, &held, &text).await?,
            Ok(_) => take_apart(&db, &held, "the scoring process gave an answer to another question").await?,
            Err(Broken::CannotStart(_)) => {
                put_off(&db, &held, "the scoring process could not be started").await?
            }
            Err(broken) => take_apart(&db, &held, &broken.to_string()).await?,
        },
    };
    Ok(Stepped::Batch { n_taken, n_done })
}

fn leased_of(entries: &[Entry]) -> Vec<Leased> {
    entries.iter().map(|entry| entry.leased.clone()).collect()
}

/// How many of the files are small enough together; one at least.
fn n_within(entries: &[Entry]) -> usize {
    let mut bytes = 0;
    let fits = |entry: &&Entry| {
        bytes += entry.size_bytes;
        bytes <= MOST_BYTES
    };
    entries.iter().take_while(fits).count().max(1).min(entries.len())
}

/// Writes the answers, each in a transaction of its own as if its job had been done alone.
async fn write(worker: &mut Worker, entries: &[Entry], answers: Vec<Answer>) -> sqlx::Result<usize> {
    let db = worker.db.clone();
    let n_done = answers.len().min(entries.len());
    worker.pace.did(n_done, entries.len());
    let (done, rest) = entries.split_at(n_done);
    hand_back(&db, &leased_of(rest)).await?;
    let mut renewed_at = Instant::now();
    for (at, (entry, answer)) in done.iter().zip(answers).enumerate() {
        if renewed_at.elapsed() > worker.lease / 3 {
            patiently(async || renew_all(&db, &leased_of(&done[at..]), worker.lease).await).await?;
            renewed_at = Instant::now();
        }
        if let Err(error) = conclude(worker, &entry.leased, &entry.about, answer).await {
            hand_back(&db, &leased_of(&done[at + 1..])).await?;
            return Err(error);
        }
    }
    Ok(n_done)
}

async fn hand_back(db: &PgPool, held: &[Leased]) -> sqlx::Result<()> {
    if held.is_empty() {
        return Ok(());
    }
    connected(db, async |conn| queue::hand_back(conn, held).await).await
}

/// Leaves the jobs to other scorers.
async fn pass_on(db: &PgPool, held: &[Leased]) -> sqlx::Result<()> {
    for leased in held {
        super::step::pass_on(db, leased).await?;
    }
    Ok(())
}

async fn put_off(db: &PgPool, held: &[Leased], reason: &str) -> sqlx::Result<usize> {
    for leased in held {
        setback(db, leased, reason).await?;
    }
    Ok(0)
}

async fn take_apart(db: &PgPool, held: &[Leased], reason: &str) -> sqlx::Result<usize> {
    tracing::warn!(n_jobs = held.len(), reason, "a batch could not be done, and is done one by one");
    connected(db, async |conn| queue::take_apart(conn, held).await).await?;
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_are_taken_as_there_is_time_for() {
        let mut pace = Pace::at_most(64);
        pace.did(3, 64);
        assert_eq!(pace.next, 6);
        pace.did(2, 2);
        assert_eq!(pace.next, 6, "there were no more");
        pace.did(6, 6);
        assert_eq!(pace.next, 12);
        pace.did(1, 12);
        assert_eq!(pace.next, 2, "a batch is never given up");
        let mut one_by_one = Pace::at_most(1);
        one_by_one.did(1, 1);
        assert_eq!(one_by_one.next, 1);
    }
}
