//! What is known about the site at this moment, kept for a few seconds: however many ask, it is looked at once.
//!
//! Looking never takes long and never fails: what does not answer in time does not work, and that is the answer.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::time::timeout;

use super::model::Incident;
use super::store;
use crate::app::App;
use crate::error::Result;

/// What "lately" is of failed requests.
pub const LATELY: Duration = Duration::from_secs(300);
const KEEP: Duration = Duration::from_secs(10);
const DATABASE_PATIENCE: Duration = Duration::from_secs(3);
const STORAGE_PATIENCE: Duration = Duration::from_secs(5);
/// Of what happened before, on the first page.
pub const SHOWN: i64 = 20;
/// More are not counted.
const FAULTS_KEPT: usize = 100;

/// The queue and the outbox, as the database tells.
#[derive(Debug, Clone, PartialEq)]
pub struct Queue {
    /// Of the oldest job that waits for a scorer; `None` where none does.
    pub waited_seconds: Option<f64>,
    /// Since the last scorer was heard of; `None` where none ever was.
    pub scorer_silent_seconds: Option<f64>,
    /// Of the oldest letter that could not be handed over; `None` where all could.
    pub mail_late_seconds: Option<f64>,
}

impl Queue {
    /// For how long something has waited while no scorer was there.
    pub fn unserved_seconds(&self) -> Option<f64> {
        let waited = self.waited_seconds?;
        Some(self.scorer_silent_seconds.map_or(waited, |silent| silent.min(waited)))
    }
}

#[derive(Debug, Clone)]
pub struct Facts {
    /// `None` where the database does not answer.
    pub queue: Option<Queue>,
    /// Whether a file can be stored and read back, and is not refused for want of room.
    pub keeps_files: bool,
    pub files_fail_since: Option<DateTime<Utc>>,
    pub sends_mail: bool,
    /// Requests that failed lately by our mistake, on this server.
    pub n_faults: usize,
}

/// The facts, with the incidents that everybody reads.
#[derive(Debug, Clone)]
pub struct Known {
    pub facts: Facts,
    pub looked_at: DateTime<Utc>,
    /// Newest first. Where the database is away, those known before.
    pub incidents: Vec<Incident>,
}

#[derive(Default)]
pub struct Kept {
    known: tokio::sync::Mutex<Option<(Instant, Arc<Known>)>>,
    faults: Mutex<VecDeque<Instant>>,
}

impl Kept {
    /// A request failed by our mistake.
    pub fn note_fault(&self) {
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        if faults.len() == FAULTS_KEPT {
            faults.pop_front();
        }
        faults.push_back(Instant::now());
    }

    fn n_faults(&self) -> usize {
        let faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        faults.iter().filter(|at| at.elapsed() < LATELY).count()
    }

    /// Has the next who asks look again.
    pub async fn forget(&self) {
        if let Some((looked, _)) = self.known.lock().await.as_mut() {
            *looked = looked.checked_sub(KEEP).unwrap_or(*looked);
        }
    }
}

/// What is known, at most ten seconds old.
pub async fn known(app: &App) -> Arc<Known> {
    let mut kept = app.incidents.known.lock().await;
    if let Some((_, known)) = kept.as_ref().filter(|(looked, _)| looked.elapsed() < KEEP) {
        return Arc::clone(known);
    }
    let before = kept.as_ref().map(|(_, known)| Arc::clone(known));
    let known = Arc::new(look(app, before.as_deref()).await);
    *kept = Some((Instant::now(), Arc::clone(&known)));
    known
}

async fn look(app: &App, before: Option<&Known>) -> Known {
    let now = app.clock.now();
    let (told, stored) = tokio::join!(
        timeout(DATABASE_PATIENCE, ask_database(app)),
        timeout(STORAGE_PATIENCE, app.files.try_out())
    );
    let keeps_files = matches!(stored, Ok(Ok(()))) && !app.space.is_short();
    let failed_before = before.and_then(|known| known.facts.files_fail_since);
    let files_fail_since = if keeps_files { None } else { failed_before.or(Some(now)) };
    let (queue, incidents) = match told {
        Ok(Ok((queue, incidents))) => (Some(queue), incidents),
        _ => (None, before.map(|known| known.incidents.clone()).unwrap_or_default()),
    };
    let facts = Facts {
        queue,
        keeps_files,
        files_fail_since,
        sends_mail: app.config.smtp.is_some(),
        n_faults: app.incidents.n_faults(),
    };
    Known { facts, looked_at: now, incidents }
}

async fn ask_database(app: &App) -> Result<(Queue, Vec<Incident>)> {
    let mut conn = app.db.acquire().await?;
    let queue = store::queue(&mut conn, app.clock.now()).await?;
    let incidents = store::list(&mut conn, i64::MAX, SHOWN).await?;
    Ok((queue, incidents))
}
