//! Contest time: the database's clock, read once a minute and carried forward here, so that every
//! page and worker agrees on what has begun and what has ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

/// Cheap to clone; all clones share one offset.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    offset_micros: Arc<AtomicI64>,
}

impl Clock {
    /// The present contest time.
    pub fn now(&self) -> DateTime<Utc> {
        process_time() + TimeDelta::microseconds(self.offset_micros.load(Ordering::Relaxed))
    }

    /// Reads the database's clock. Tests that move `clock_now()` call this to follow it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn synchronise(&self, conn: &mut PgConnection) -> sqlx::Result<()> {
        let before = process_time();
        let database = sqlx::query_scalar!("select clock_now() as \"now!\"").fetch_one(conn).await?;
        let after = process_time();
        let middle = before + (after - before) / 2;
        let offset = (database - middle).num_microseconds().unwrap_or(0);
        self.offset_micros.store(offset, Ordering::Relaxed);
        Ok(())
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the process's clock")]
fn process_time() -> DateTime<Utc> {
    Utc::now()
}
