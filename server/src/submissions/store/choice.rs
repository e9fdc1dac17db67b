//! What a team chose for the final, what stands in, and whom to remind before the end.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::ids::{CompetitionId, TeamId, UserId};
use crate::submissions::remind::Reminder;

/// # Errors
/// Those of the database.
pub async fn chosen(conn: &mut PgConnection, team: TeamId) -> sqlx::Result<Vec<i64>> {
    sqlx::query_scalar!(
        "select id from submissions where team_id = $1 and selected_at is not null order by selected_at, id",
        team.0,
    )
    .fetch_all(conn)
    .await
}

/// A team's best submissions by public score: the first of them stand in where none is chosen.
///
/// # Errors
/// Those of the database.
pub async fn best(
    conn: &mut PgConnection,
    competition: CompetitionId,
    team: TeamId,
    limit: i64,
) -> sqlx::Result<Vec<i64>> {
    sqlx::query_scalar!(
        "select submission_id from scores
         where version_id = (select active_version_id from competitions where id = $1)
           and team_id = $2 and rank_key is not null and not is_late and not is_barred
           and ladder_step is distinct from 'held'
         order by rank_key, received_at, submission_id
         limit $3",
        competition.0,
        team.0,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// A team's newest of those that a Ladder held back: they may be chosen, and never stand in.
///
/// # Errors
/// Those of the database.
pub async fn held(
    conn: &mut PgConnection,
    competition: CompetitionId,
    team: TeamId,
    limit: i64,
) -> sqlx::Result<Vec<i64>> {
    sqlx::query_scalar!(
        "select submission_id from scores
         where version_id = (select active_version_id from competitions where id = $1)
           and team_id = $2 and rank_key is not null and not is_late and not is_barred
           and ladder_step = 'held'
         order by received_at desc, submission_id desc
         limit $3",
        competition.0,
        team.0,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// A team's newest submissions whose score is still to come.
///
/// # Errors
/// Those of the database.
pub async fn waiting(conn: &mut PgConnection, team: TeamId, limit: i64) -> sqlx::Result<Vec<i64>> {
    sqlx::query_scalar!(
        "select id from submissions
         where team_id = $1 and state in ('queued', 'scoring') and not is_late
         order by id desc
         limit $2",
        team.0,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// Competitions that end within `reminder`'s hours, ran longer than that, and had no such reminder.
///
/// # Errors
/// Those of the database.
pub async fn to_remind(
    conn: &mut PgConnection,
    reminder: Reminder,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<CompetitionId>> {
    sqlx::query_scalar!(
        "select c.id as \"id: CompetitionId\"
         from competitions c
         where c.launched_at is not null and c.settled_at is null
           and c.ends_at > $1::timestamptz + make_interval(hours => $3)
           and c.ends_at <= $1::timestamptz + make_interval(hours => $2)
           and c.starts_at <= c.ends_at - make_interval(hours => $2)
           and not exists (select from end_reminders r where r.competition_id = c.id and r.hours = $2)
         order by c.ends_at
         limit 20",
        now,
        reminder.hours(),
        reminder.hours_of_next(),
    )
    .fetch_all(conn)
    .await
}

/// Everybody who takes part, by key.
///
/// # Errors
/// Those of the database.
pub async fn participants(
    conn: &mut PgConnection,
    competition: CompetitionId,
    after: UserId,
    limit: i64,
) -> sqlx::Result<Vec<(UserId, TeamId)>> {
    let rows = sqlx::query!(
        "select user_id as \"user_id: UserId\", team_id as \"team_id: TeamId\"
         from team_members
         where competition_id = $1 and user_id > $2
         order by user_id
         limit $3",
        competition.0,
        after.0,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.user_id, row.team_id)).collect())
}

/// # Errors
/// Those of the database.
pub async fn reminded(
    conn: &mut PgConnection,
    competition: CompetitionId,
    reminder: Reminder,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into end_reminders (competition_id, hours, told_at) values ($1, $2, $3) on conflict do nothing",
        competition.0,
        reminder.hours(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}
