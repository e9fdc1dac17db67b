//! Confirmations; who was told of the end is in [`ending`].

pub mod ending;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::model::Closing;
use crate::ids::{CompetitionId, UserId};

/// Whether it is the first.
///
/// # Errors
/// Those of the database.
pub async fn save(
    conn: &mut PgConnection,
    competition: CompetitionId,
    words: &str,
    html: &str,
    host: UserId,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"insert into closings (competition_id, words, html, confirmed_by, confirmed_at, changed_at)
           values ($1, $2, $3, $4, $5, $5)
           on conflict (competition_id) do update
           set words = excluded.words, html = excluded.html, changed_at = excluded.changed_at
           returning confirmed_at = changed_at as "is_new!""#,
        competition.0,
        words,
        html,
        host.0,
        now,
    )
    .fetch_one(conn)
    .await
}

/// # Errors
/// Those of the database.
pub async fn find(conn: &mut PgConnection, competition: CompetitionId) -> sqlx::Result<Option<Closing>> {
    sqlx::query_as!(
        Closing,
        r#"select c.words, c.html, coalesce(u.display_name, 'a host') as "confirmed_by!", c.confirmed_at, c.changed_at
           from closings c
           left join users u on u.id = c.confirmed_by
           where c.competition_id = $1"#,
        competition.0,
    )
    .fetch_optional(conn)
    .await
}

/// Teams on the final board.
///
/// # Errors
/// Those of the database.
pub async fn n_ranked(conn: &mut PgConnection, competition: CompetitionId) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select coalesce(max(f.rank), 0)::bigint as "n!"
           from competitions c
           join final_entries f on f.competition_id = c.id and f.version_id = c.active_version_id
           where c.id = $1"#,
        competition.0,
    )
    .fetch_one(conn)
    .await
}
