//! Every SQL statement about teams; here those that make them.

pub mod change;
pub mod merge;
pub mod show;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::ids::{CompetitionId, TeamId, UserId};
use crate::teams::model::NAME_LIMIT;

/// A team's id and the name it got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub id: TeamId,
    pub name: String,
}

/// Names tried as `Ada 2`, `Ada 3` … before the person's number is put behind it.
const TRIES: u32 = 5;

/// A new team named after a person; a number is put behind a name that is taken.
///
/// # Errors
/// Those of the database.
pub async fn insert_team(
    conn: &mut PgConnection,
    competition_id: CompetitionId,
    wanted: &str,
    user_id: UserId,
    now: DateTime<Utc>,
) -> sqlx::Result<Named> {
    for attempt in 1..=TRIES {
        let suffix = if attempt == 1 { String::new() } else { format!(" {attempt}") };
        if let Some(team) = try_name(conn, competition_id, with_suffix(wanted, &suffix), now).await? {
            return Ok(team);
        }
    }
    let name = with_suffix(wanted, &format!(" #{user_id}"));
    try_name(conn, competition_id, name, now).await?.ok_or(sqlx::Error::RowNotFound)
}

async fn try_name(
    conn: &mut PgConnection,
    competition_id: CompetitionId,
    name: String,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Named>> {
    let id = sqlx::query_scalar!(
        "insert into teams (competition_id, name, created_at)
         values ($1, $2, $3)
         on conflict (competition_id, lower(name)) where merged_into is null do nothing
         returning id as \"id: TeamId\"",
        competition_id.0,
        name,
        now,
    )
    .fetch_optional(conn)
    .await?;
    Ok(id.map(|id| Named { id, name }))
}

fn with_suffix(name: &str, suffix: &str) -> String {
    let kept: String = name.trim().chars().take(NAME_LIMIT - suffix.chars().count()).collect();
    format!("{}{suffix}", kept.trim_end())
}

/// Puts a person into a new team; `false` when the person is in one already.
///
/// # Errors
/// Those of the database.
pub async fn insert_leader(
    conn: &mut PgConnection,
    competition_id: CompetitionId,
    team_id: TeamId,
    user_id: UserId,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let inserted = sqlx::query!(
        "insert into team_members (competition_id, team_id, user_id, is_leader, rules_accepted_at, joined_at)
         values ($1, $2, $3, true, $4, $4)
         on conflict (competition_id, user_id) do nothing",
        competition_id.0,
        team_id.0,
        user_id.0,
        now,
    )
    .execute(conn)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// One team more; last in its transaction, because it locks the competition's row. False where the launch was taken back.
///
/// # Errors
/// Those of the database.
pub async fn count_team(conn: &mut PgConnection, competition_id: CompetitionId) -> sqlx::Result<bool> {
    let counted = sqlx::query!(
        "update competitions set n_teams = n_teams + 1 where id = $1 and launched_at is not null",
        competition_id.0,
    );
    Ok(counted.execute(conn).await?.rows_affected() == 1)
}

/// A team's name.
///
/// # Errors
/// Those of the database.
pub async fn name(conn: &mut PgConnection, team_id: TeamId) -> sqlx::Result<String> {
    sqlx::query_scalar!("select name from teams where id = $1", team_id.0).fetch_one(conn).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suffix_fits_into_the_longest_name() {
        assert_eq!(with_suffix(" Ada ", " 2"), "Ada 2");
        assert_eq!(with_suffix(&"ö".repeat(80), " 2").chars().count(), 60);
    }
}
