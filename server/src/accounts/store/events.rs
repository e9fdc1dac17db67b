//! Every SQL statement about what happened to accounts.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::accounts::events::{Event, What};
use crate::ids::UserId;

/// # Errors
/// Those of the database.
pub async fn insert(
    conn: &mut PgConnection,
    user: UserId,
    event: &Event,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into account_events (user_id, at, what, detail, place, browser) values ($1, $2, $3, $4, $5, $6)",
        user.0,
        now,
        event.what.name(),
        event.detail,
        event.place,
        event.browser,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Counts it with the last event, where that was the same from the same place since then; `false` where it was another.
///
/// # Errors
/// Those of the database.
pub async fn count_again(
    conn: &mut PgConnection,
    user: UserId,
    event: &Event,
    now: DateTime<Utc>,
    since: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update account_events set n = n + 1, at = $5
         where id = (select id from account_events where user_id = $1 order by id desc limit 1)
           and what = $2 and place = $3 and browser = $4 and at > $6",
        user.0,
        event.what.name(),
        event.place,
        event.browser,
        now,
        since,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// An event in its owner's list.
#[derive(Debug, Clone)]
pub struct Listed {
    pub at: DateTime<Utc>,
    pub what: What,
    pub detail: String,
    pub place: String,
    pub browser: String,
    pub n: i32,
}

/// What happened to an account, the newest first, at most 100.
///
/// # Errors
/// Those of the database.
pub async fn list(conn: &mut PgConnection, user: UserId) -> sqlx::Result<Vec<Listed>> {
    let rows = sqlx::query!(
        "select at, what, detail, place, browser, n
         from account_events where user_id = $1
         order by id desc
         limit 100",
        user.0,
    )
    .fetch_all(conn)
    .await?;
    let listed = rows.into_iter().filter_map(|row| {
        let what = What::named(&row.what)?;
        let (detail, place, browser) = (row.detail, row.place, row.browser);
        Some(Listed { at: row.at, what, detail, place, browser, n: row.n })
    });
    Ok(listed.collect())
}
