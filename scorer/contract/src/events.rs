//! What is announced when something becomes visible. Carries ids only, never a score.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sqlx::postgres::PgListener;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// PostgreSQL channel on which scorers are woken.
pub const JOBS_CHANNEL: &str = "holdout_jobs";
/// PostgreSQL channel on which web servers hear of [`Event`]s.
pub const EVENTS_CHANNEL: &str = "holdout_events";
/// PostgreSQL channel on which a program hears itself, and nobody else.
const ECHO_CHANNEL: &str = "holdout_echo";
const ECHO_PATIENCE: Duration = Duration::from_secs(3);
/// How often a connection is asked whether it is still the same.
const ROUNDS: usize = 5;

/// What is said where [`is_heard`] finds nothing.
pub const DEAF: &str = "Notifications of the database do not arrive. Where the database's address is that of a proxy \
     that pools transactions, set HOLDOUT_DATABASE_DIRECT_URL to the address of PostgreSQL itself.";

/// What is announced to all servers: ids, never a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A submission changed its state.
    Submission { competition_id: i64, team_id: i64, submission_id: i64 },
    /// A board has a new revision.
    Board { competition_id: i64 },
    /// Deadlines of a competition were moved.
    Times { competition_id: i64 },
    /// A file check, an examination or a split ended.
    Job { competition_id: i64, job_id: i64 },
}

/// Announces an event when the transaction commits.
///
/// # Errors
/// Those of the database.
pub async fn announce(conn: &mut PgConnection, event: Event) -> sqlx::Result<()> {
    let payload = serde_json::to_string(&event).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
    sqlx::query!("select pg_notify($1, $2)", EVENTS_CHANNEL, payload).execute(conn).await?;
    Ok(())
}

/// A connection that can listen. `None` where `direct` leads to a proxy that gives each transaction another one: what
/// is listened to there reaches whoever has that connection next, and breaks what they asked for.
///
/// # Errors
/// Those of the database.
pub async fn listener(db: &PgPool, direct: &PgPool) -> sqlx::Result<Option<PgListener>> {
    if is_shared(db, direct).await? {
        return Ok(None);
    }
    PgListener::connect_with(direct).await.map(Some)
}

/// Whether what one transaction left in the session is gone in the next. The connection that a proxy was just given back
/// is the first that it gives away, so another transaction between the two takes it.
async fn is_shared(db: &PgPool, direct: &PgPool) -> sqlx::Result<bool> {
    let mut session = direct.acquire().await?;
    for _ in 0..ROUNDS {
        let mark = Uuid::new_v4().to_string();
        sqlx::query_scalar!("select set_config('holdout.session', $1, false)", mark)
            .fetch_one(&mut *session)
            .await?;
        let between = db.begin().await?;
        let found = sqlx::query_scalar!("select current_setting('holdout.session', true)")
            .fetch_one(&mut *session)
            .await?;
        between.rollback().await?;
        if found != Some(mark) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether what is announced over `db` is heard over `direct`.
///
/// # Errors
/// Those of the database.
pub async fn is_heard(db: &PgPool, direct: &PgPool) -> sqlx::Result<bool> {
    let Some(mut listener) = listener(db, direct).await? else { return Ok(false) };
    listener.listen(ECHO_CHANNEL).await?;
    let call = Uuid::new_v4().to_string();
    sqlx::query!("select pg_notify($1, $2)", ECHO_CHANNEL, call).execute(db).await?;
    let hear = async {
        while listener.recv().await?.payload() != call {}
        Ok(())
    };
    match tokio::time::timeout(ECHO_PATIENCE, hear).await {
        Ok(heard) => heard.map(|()| true),
        Err(_) => Ok(false),
    }
}
