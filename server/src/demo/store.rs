//! The SQL that only demonstrations need: their host, their mark, their baseline teams.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::accounts::model::Member;
use crate::ids::{CompetitionId, TeamId, UserId};

/// The account that hosts the demonstrations; nobody can sign in to it.
///
/// # Errors
/// Those of the database.
pub async fn host(conn: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<Member> {
    sqlx::query!(
        "insert into users (username, email, display_name, password_hash, created_at, email_confirmed_at)
         values ('holdout', 'demo-host@localhost', 'Holdout', '!', $1, $1)
         on conflict do nothing",
        now,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query_as!(
        Member,
        "select id as \"id: UserId\", username, display_name, is_admin,
                email_confirmed_at is not null as \"has_confirmed_email!\"
         from users where username = 'holdout' and password_hash = '!'",
    )
    .fetch_one(conn)
    .await
}

/// # Errors
/// Those of the database.
pub async fn mark(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<()> {
    sqlx::query!("update competitions set is_demo = true, counts_for_medals = false where id = $1", id.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// The baseline team of this name, new or known.
///
/// # Errors
/// Those of the database.
pub async fn team(
    conn: &mut PgConnection,
    id: CompetitionId,
    name: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<TeamId> {
    let made = sqlx::query_scalar!(
        "insert into teams (competition_id, name, is_baseline, created_at) values ($1, $2, true, $3)
         on conflict (competition_id, lower(name)) where merged_into is null do nothing
         returning id as \"id: TeamId\"",
        id.0,
        name,
        now,
    )
    .fetch_optional(&mut *conn)
    .await?;
    if let Some(team) = made {
        return Ok(team);
    }
    sqlx::query_scalar!(
        "select id as \"id: TeamId\" from teams
         where competition_id = $1 and lower(name) = lower($2) and is_baseline",
        id.0,
        name,
    )
    .fetch_one(conn)
    .await
}
