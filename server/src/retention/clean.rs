//! Removes what was kept for long enough: a batch a transaction, found by an index, so that nothing waits for it.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use super::model::Kept;
use super::{files, store};
use crate::accounts::sessions::LIFE;
use crate::app::App;
use crate::error::Result;

/// Rows that one statement removes.
const BATCH: i64 = 500;
/// Of one kind in one go; the rest follows in an hour.
const MOST_BATCHES: usize = 200;

/// # Errors
/// Those of the database.
pub async fn clean(app: &App) -> Result<()> {
    let now = app.clock.now();
    let settings = store::all(&mut *app.db.acquire().await?).await?;
    for setting in settings {
        let Some(days) = setting.days else { continue };
        let before = now - TimeDelta::days(i64::from(days));
        match setting.kept {
            Kept::SubmissionFiles => {
                files::let_go(app, before).await?;
                continue;
            }
            // Each has its own end; see `uploads::remove`.
            Kept::Uploads => continue,
            _ => {}
        }
        for _ in 0..MOST_BATCHES {
            // Each its own transaction and, in between, its own connection.
            let mut conn = app.db.acquire().await?;
            let n_gone = forget(&mut conn, setting.kept, before).await?;
            if n_gone < BATCH.unsigned_abs() {
                break;
            }
        }
    }
    Ok(())
}

async fn forget(conn: &mut PgConnection, kept: Kept, before: DateTime<Utc>) -> sqlx::Result<u64> {
    match kept {
        // A session ends so long after its last visit: see `accounts::sessions`.
        Kept::Sessions => store::forget_sessions(conn, before, before + LIFE, BATCH).await,
        Kept::SignIns => store::forget_sign_ins(conn, before, BATCH).await,
        Kept::Addresses => store::forget_addresses(conn, before, BATCH).await,
        Kept::Mails => store::forget_mails(conn, before, BATCH).await,
        Kept::Deliveries => store::forget_deliveries(conn, before, BATCH).await,
        Kept::Notifications => store::forget_notifications(conn, before, BATCH).await,
        Kept::Log => store::forget_log(conn, before, BATCH).await,
        Kept::SubmissionFiles | Kept::Uploads => Ok(0),
    }
}
