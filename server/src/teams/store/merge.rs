//! Holding teams and making one of two.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::ids::{CompetitionId, TeamId, UserId};
use crate::teams::model::{Side, Terms};

/// A person's team.
///
/// # Errors
/// Those of the database.
pub async fn team_of(
    conn: &mut PgConnection,
    competition: CompetitionId,
    user: UserId,
) -> sqlx::Result<Option<TeamId>> {
    sqlx::query_scalar!(
        "select team_id as \"id: TeamId\" from team_members where competition_id = $1 and user_id = $2",
        competition.0,
        user.0,
    )
    .fetch_optional(conn)
    .await
}

/// Everything that changes a team waits here. References to it do not.
///
/// # Errors
/// Those of the database.
pub async fn hold(conn: &mut PgConnection, team: TeamId) -> sqlx::Result<()> {
    sqlx::query_scalar!("select id from teams where id = $1 for no key update", team.0)
        .fetch_one(conn)
        .await?;
    Ok(())
}

/// Holds live teams, always in the same order; says which are still live.
///
/// # Errors
/// Those of the database.
pub async fn hold_both(
    conn: &mut PgConnection,
    competition: CompetitionId,
    teams: [TeamId; 2],
) -> sqlx::Result<Vec<TeamId>> {
    sqlx::query_scalar!(
        "select id as \"id: TeamId\" from teams
         where id = any($2) and competition_id = $1 and merged_into is null
         order by id
         for no key update",
        competition.0,
        &teams.map(|team| team.0),
    )
    .fetch_all(conn)
    .await
}

/// What binds teams, as it is now.
///
/// # Errors
/// Those of the database.
pub async fn terms(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<Terms> {
    sqlx::query_as!(
        Terms,
        "select starts_at, merger_deadline_at, ends_at, settled_at, team_limit, daily_limit, total_limit,
                is_board_open(competitions) as \"is_board_open!\"
         from competitions
         where id = $1",
        id.0,
    )
    .fetch_one(conn)
    .await
}

/// As [`terms`], and nobody changes them before this transaction ends. Scoring versions come first, in
/// the order in which scores are written.
///
/// # Errors
/// Those of the database.
pub async fn hold_terms(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<Terms> {
    sqlx::query!("select id from scoring_versions where competition_id = $1 order by id for share", id.0)
        .fetch_all(&mut *conn)
        .await?;
    sqlx::query_as!(
        Terms,
        "select starts_at, merger_deadline_at, ends_at, settled_at, team_limit, daily_limit, total_limit,
                is_board_open(competitions) as \"is_board_open!\"
         from competitions
         where id = $1
         for no key update",
        id.0,
    )
    .fetch_one(conn)
    .await
}

/// What the rules ask about a team.
///
/// # Errors
/// Those of the database.
pub async fn side(conn: &mut PgConnection, team: TeamId) -> sqlx::Result<Side> {
    sqlx::query_as!(
        Side,
        "select (select count(*) from team_members where team_id = t.id) as \"n_people!\",
                (select count(*) from submissions
                 where team_id = t.id and state not in ('rejected', 'failed')) as \"n_counted!\",
                t.is_baseline,
                exists (select from disqualifications d
                        where d.team_id = t.id and d.submission_id is null and d.lifted_at is null) as \"is_barred!\"
         from teams t
         where t.id = $1",
        team.0,
    )
    .fetch_one(conn)
    .await
}

/// Makes `gone` a part of `kept`.
///
/// # Errors
/// Those of the database.
pub async fn merge(
    conn: &mut PgConnection,
    kept: TeamId,
    gone: TeamId,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!("select merge_teams($1, $2, $3)", kept.0, gone.0, now).execute(conn).await?;
    Ok(())
}
