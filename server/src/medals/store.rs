//! Every SQL statement about medals.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::ids::UserId;
use crate::medals::model::Finish;

/// Somebody's finishes in competitions that count, latest end first.
///
/// # Errors
/// Those of the database.
pub async fn finishes(conn: &mut PgConnection, user: UserId) -> sqlx::Result<Vec<Finish>> {
    sqlx::query_as!(
        Finish,
        "select f.rank::bigint as \"rank!\",
                (select max(o.rank) from final_entries o
                 where o.competition_id = c.id and o.version_id = c.active_version_id)::bigint as \"n_teams!\",
                (select count(*) from team_members o where o.team_id = m.team_id) as \"team_size!\",
                c.ends_at as \"ended_at!\"
         from team_members m
         join competitions c on c.id = m.competition_id
         join final_entries f
           on f.competition_id = c.id and f.version_id = c.active_version_id and f.team_id = m.team_id
         where m.user_id = $1 and c.counts_for_medals and c.settled_at is not null
         order by c.ends_at desc, c.id desc",
        user.0,
    )
    .fetch_all(conn)
    .await
}

/// Whether a submission of somebody was ever scored.
///
/// # Errors
/// Those of the database.
pub async fn has_scored(conn: &mut PgConnection, user: UserId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        "select exists (select from submissions where user_id = $1 and state = 'scored') as \"has!\"",
        user.0,
    )
    .fetch_one(conn)
    .await
}

/// How often somebody was active on a day, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActiveDay {
    pub day: chrono::NaiveDate,
    pub n: i64,
}

/// The days since `since` on which somebody sent submissions.
///
/// # Errors
/// Those of the database.
pub async fn submitting_days(
    conn: &mut PgConnection,
    user: UserId,
    since: DateTime<Utc>,
) -> sqlx::Result<Vec<ActiveDay>> {
    sqlx::query_as!(
        ActiveDay,
        "select (received_at at time zone 'UTC')::date as \"day!\", count(*) as \"n!\"
         from submissions
         where user_id = $1 and received_at >= $2
         group by 1
         order by 1",
        user.0,
        since,
    )
    .fetch_all(conn)
    .await
}
