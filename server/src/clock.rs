//! Contest time: the database's clock, read once a minute and carried forward here, so that every
//! page and worker agrees on what has begun and what has ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, PgPool};

const READ_EVERY: Duration = Duration::from_secs(60);
/// A clock is not set three times in a row.
const MOST_READINGS: usize = 3;

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
        for _ in 0..MOST_READINGS {
            let (before, start) = (process_time(), Instant::now());
            let database =
                sqlx::query_scalar!("select clock_now() as \"now!\"").fetch_one(&mut *conn).await?;
            let (took, length) = (process_time() - before, start.elapsed());
            let offset = (database - (before + took / 2)).num_microseconds().unwrap_or(0);
            self.offset_micros.store(offset, Ordering::Relaxed);
            if !was_set_meanwhile(took, length) {
                break;
            }
        }
        Ok(())
    }

    /// Follows the database's clock for ever, whichever of the two machines' clocks is set.
    pub async fn follow(self, db: PgPool) {
        loop {
            tokio::time::sleep(READ_EVERY).await;
            let read = async { self.synchronise(&mut *db.acquire().await?).await };
            if let Err(error) = read.await {
                tracing::warn!(%error, "the database's clock could not be read; trying again");
            }
        }
    }
}

/// Whether this machine's clock was set while the database's was read: it and the length of the
/// reading then disagree.
fn was_set_meanwhile(took: TimeDelta, length: Duration) -> bool {
    let length = TimeDelta::from_std(length).unwrap_or(TimeDelta::MAX);
    (took - length).abs() > TimeDelta::seconds(1)
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the process's clock")]
fn process_time() -> DateTime<Utc> {
    Utc::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_during_a_reading_is_noticed() {
        let length = Duration::from_millis(20);
        assert!(!was_set_meanwhile(TimeDelta::milliseconds(21), length));
        assert!(was_set_meanwhile(TimeDelta::hours(1), length));
        assert!(was_set_meanwhile(TimeDelta::hours(-1), length));
        assert!(!was_set_meanwhile(TimeDelta::seconds(9), Duration::from_secs(9)), "only slow");
    }
}
