//! What the front page shows everybody, kept in memory for a moment: it is asked for more often than anything
//! else, and holds nothing about who asks.
//!
//! Whatever somebody writes through this server is seen at once: [`forget_after_writing`] drops what was kept, and
//! has the other servers drop theirs.
//! What others write, such as scorers, is seen within [`KEEP`].

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::app::App;
use crate::competitions::store::lists::{self, Card, Cursor};
use crate::error::Result;
use crate::forum::list::{self, Listed};
use crate::notebooks::store::lists as notebooks;

const KEEP: Duration = Duration::from_secs(2);
pub const RUNNING_A_PAGE: i64 = 48;
pub const FINISHED_A_PAGE: i64 = 12;
const ACTIVE_SHOWN: i64 = 6;
const NOTEBOOKS_SHOWN: i64 = 6;

/// The first front page, but for what is a member's own.
#[derive(Debug, Clone, Default)]
pub struct Front {
    pub running: Vec<Card>,
    pub finished: Vec<Card>,
    /// Topics that were active last.
    pub active: Vec<Listed>,
    /// Notebooks worth reading.
    pub notebooks: Vec<notebooks::Card>,
}

#[derive(Default)]
pub struct Kept {
    front: Mutex<Option<(Instant, Arc<Front>)>>,
    n_writes: AtomicU64,
    /// Held by the one who reads it anew; the others wait for what it finds.
    reading: tokio::sync::Mutex<()>,
}

impl Kept {
    fn fresh(&self) -> Option<Arc<Front>> {
        let kept = self.front.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref().filter(|(read_at, _)| read_at.elapsed() < KEEP).map(|(_, front)| Arc::clone(front))
    }

    /// Keeps what was read, unless somebody wrote in the meantime.
    fn keep(&self, front: &Arc<Front>, n_writes: u64) {
        let mut kept = self.front.lock().unwrap_or_else(PoisonError::into_inner);
        if self.n_writes.load(Ordering::SeqCst) == n_writes {
            *kept = Some((Instant::now(), Arc::clone(front)));
        }
    }

    pub fn forget(&self) {
        let mut kept = self.front.lock().unwrap_or_else(PoisonError::into_inner);
        self.n_writes.fetch_add(1, Ordering::SeqCst);
        *kept = None;
    }
}

/// # Errors
/// Those of the database.
pub async fn front(app: &App) -> Result<Arc<Front>> {
    if let Some(front) = app.front.fresh() {
        return Ok(front);
    }
    let _reading = app.front.reading.lock().await;
    if let Some(front) = app.front.fresh() {
        return Ok(front);
    }
    let n_writes = app.front.n_writes.load(Ordering::SeqCst);
    let front = Arc::new(read(app).await?);
    app.front.keep(&front, n_writes);
    Ok(front)
}

async fn read(app: &App) -> Result<Front> {
    let now = Cursor { at: app.clock.now(), id: i64::MAX };
    let order = notebooks::Order::Hot;
    let mut conn = app.db.acquire().await?;
    let hot = notebooks::of_site(&mut conn, order, notebooks::Cursor::start(order), NOTEBOOKS_SHOWN).await?;
    let ids: Vec<_> = hot.iter().map(|entry| entry.id).collect();
    Ok(Front {
        running: lists::running(&mut conn, now, RUNNING_A_PAGE).await?,
        finished: lists::ending_before(&mut conn, now, FINISHED_A_PAGE).await?,
        active: list::active_anywhere(&mut conn, ACTIVE_SHOWN).await?,
        notebooks: notebooks::cards(&mut conn, &ids).await?,
    })
}

/// Around every request: what was kept is old once somebody has written.
pub async fn forget_after_writing(State(app): State<App>, request: Request, next: Next) -> Response {
    let only_reads = request.method().is_safe();
    let response = next.run(request).await;
    if !only_reads {
        app.front.forget();
        app.fellows.note_writing();
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_before_somebody_wrote_is_not_kept() {
        let kept = Kept::default();
        let front = Arc::new(Front::default());
        kept.keep(&front, 0);
        assert!(kept.fresh().is_some());
        kept.forget();
        assert!(kept.fresh().is_none());
        kept.keep(&front, 0);
        assert!(kept.fresh().is_none(), "it was read before the write");
        kept.keep(&front, 1);
        assert!(kept.fresh().is_some());
    }
}
