//! Reading boards.

use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{PgPool, Postgres};

use super::model::{Condition, Since, Source};
use super::store;
use crate::app::App;

/// To whichever database is asked.
pub type Conn = PoolConnection<Postgres>;

/// Somebody waits for the page: after that long the primary is asked.
const PATIENCE: Duration = Duration::from_secs(2);

/// Reads a part of a board that is no older than `since`: from the replica where that will do, else from the primary.
///
/// # Errors
/// Those of the primary.
pub async fn board<T, Asked>(app: &App, since: Since, ask: impl Fn(Conn) -> Asked) -> sqlx::Result<T>
where
    Asked: Future<Output = sqlx::Result<T>>,
{
    if let Some(pool) = &app.replica.pool {
        if app.replica.condition() == Condition::Near
            && let Some(found) = of_replica(app, pool, since, &ask).await
        {
            app.replica.reads.get_or_create(&Source::REPLICA).inc();
            return Ok(found);
        }
        app.replica.reads.get_or_create(&Source::PRIMARY).inc();
    }
    ask(app.db.acquire().await?).await
}

/// `None` where it does not have it, or does not answer.
async fn of_replica<T, Asked>(
    app: &App,
    pool: &PgPool,
    since: Since,
    ask: &impl Fn(Conn) -> Asked,
) -> Option<T>
where
    Asked: Future<Output = sqlx::Result<T>>,
{
    let asked = async {
        let Some(conn) = with(pool, since).await? else { return Ok(None) };
        ask(conn).await.map(Some)
    };
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(found)) => found,
        // It answers, but not this: what it replays may have got in the way of what was asked.
        Ok(Err(sqlx::Error::Database(error))) if !is_ending(&*error) => None,
        Ok(Err(error)) => {
            app.replica.note(Condition::Away, &error.to_string());
            None
        }
        Err(_) => {
            app.replica.note(Condition::Away, "it does not answer in time");
            None
        }
    }
}

/// A connection to a replica that has come far enough. What is read next is no older than that.
async fn with(pool: &PgPool, since: Since) -> sqlx::Result<Option<Conn>> {
    let mut conn = pool.acquire().await?;
    let found = store::revisions(&mut conn, since.competition).await?;
    Ok(found.is_some_and(|(board, ranks)| since.is_in(board, ranks)).then_some(conn))
}

/// It is told to stop, crashed, or starts.
fn is_ending(error: &dyn sqlx::error::DatabaseError) -> bool {
    error.code().is_some_and(|code| code.starts_with("57P"))
}
