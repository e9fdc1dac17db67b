//! Hosts.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::ids::{CompetitionId, UserId};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    pub username: String,
    pub display_name: String,
    pub added_at: DateTime<Utc>,
    /// Whether they made the competition.
    pub is_creator: bool,
}

impl Host {
    pub fn sample() -> Self {
        Self {
            username: "ada".to_owned(),
            display_name: "Ada Lovelace".to_owned(),
            added_at: DateTime::UNIX_EPOCH,
            is_creator: false,
        }
    }
}

/// In the order in which they came.
///
/// # Errors
/// Those of the database.
pub async fn all(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<Vec<Host>> {
    sqlx::query_as!(
        Host,
        r#"select u.username, u.display_name, h.added_at, u.id = c.created_by as "is_creator!"
           from competition_hosts h
           join competitions c on c.id = h.competition_id
           join users u on u.id = h.user_id
           where h.competition_id = $1
           order by h.added_at, u.id"#,
        id.0,
    )
    .fetch_all(conn)
    .await
}

/// Somebody who may host, by user name.
///
/// # Errors
/// Those of the database.
pub async fn person(conn: &mut PgConnection, username: &str) -> sqlx::Result<Option<UserId>> {
    sqlx::query_scalar!(
        r#"select id as "id: UserId" from users where username = $1 and suspended_at is null"#,
        username,
    )
    .fetch_optional(conn)
    .await
}

/// Takes a person out of the competition who is alone in a team that sent nothing; `false` for who is in any other team.
///
/// # Errors
/// Those of the database.
pub async fn stop_taking_part(
    conn: &mut PgConnection,
    id: CompetitionId,
    person: UserId,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!("select stop_taking_part($1, $2) as \"is_out!\"", id.0, person.0)
        .fetch_one(conn)
        .await
}

/// `false` for whoever is one already.
///
/// # Errors
/// Those of the database.
pub async fn insert(
    conn: &mut PgConnection,
    id: CompetitionId,
    person: UserId,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let added = sqlx::query!(
        "insert into competition_hosts (competition_id, user_id, added_at) values ($1, $2, $3)
         on conflict do nothing",
        id.0,
        person.0,
        now,
    )
    .execute(conn)
    .await?;
    Ok(added.rows_affected() == 1)
}

/// `false` for whoever is none.
///
/// # Errors
/// Those of the database.
pub async fn remove(conn: &mut PgConnection, id: CompetitionId, person: UserId) -> sqlx::Result<bool> {
    let removed = sqlx::query!(
        "delete from competition_hosts where competition_id = $1 and user_id = $2",
        id.0,
        person.0
    )
    .execute(conn)
    .await?;
    Ok(removed.rows_affected() == 1)
}
