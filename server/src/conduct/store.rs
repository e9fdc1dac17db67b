//! Every SQL statement about decisions.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::conduct::model::{Barred, Decision};
use crate::ids::{CompetitionId, DisqualificationId, SubmissionId, TeamId, UserId};

/// The team of a submission of this competition.
///
/// # Errors
/// Those of the database.
pub async fn team_of(
    conn: &mut PgConnection,
    competition: CompetitionId,
    submission: SubmissionId,
) -> sqlx::Result<Option<TeamId>> {
    sqlx::query_scalar!(
        "select team_id as \"id: TeamId\" from submissions where id = $2 and competition_id = $1",
        competition.0,
        submission.0,
    )
    .fetch_optional(conn)
    .await
}

/// Writes a decision down; `None` when one is open already.
///
/// # Errors
/// Those of the database.
pub async fn decide(
    conn: &mut PgConnection,
    competition: CompetitionId,
    team: TeamId,
    submission: Option<SubmissionId>,
    reason: &str,
    by: UserId,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<DisqualificationId>> {
    sqlx::query_scalar!(
        "insert into disqualifications (competition_id, team_id, submission_id, reason, decided_by, decided_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict do nothing
         returning id as \"id: DisqualificationId\"",
        competition.0,
        team.0,
        submission.map(|id| id.0),
        reason,
        by.0,
        now,
    )
    .fetch_optional(conn)
    .await
}

/// Ends a decision; `false` when it does not last any more.
///
/// # Errors
/// Those of the database.
pub async fn lift(
    conn: &mut PgConnection,
    id: DisqualificationId,
    reason: &str,
    by: UserId,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let lifted = sqlx::query!(
        "update disqualifications set lifted_at = $3, lifted_by = $4, lifted_because = $2
         where id = $1 and lifted_at is null",
        id.0,
        reason,
        now,
        by.0,
    )
    .execute(conn)
    .await?;
    Ok(lifted.rows_affected() == 1)
}

/// Has every board follow the decisions about a team.
///
/// # Errors
/// Those of the database.
pub async fn judge(conn: &mut PgConnection, competition: CompetitionId, team: TeamId) -> sqlx::Result<()> {
    sqlx::query!("select judge_conduct($1, $2)", competition.0, team.0).execute(conn).await?;
    Ok(())
}

/// A team that is disqualified is not among those that take part; one that is reinstated is again. What hosts send to compare with
/// never was.
///
/// # Errors
/// Those of the database.
pub async fn count_team(conn: &mut PgConnection, decision: &Decision, by: i32) -> sqlx::Result<()> {
    sqlx::query!(
        "update competitions c set n_teams = greatest(c.n_teams + $2, 0)
         from teams t
         where t.id = $1 and not t.is_baseline and c.id = t.competition_id",
        decision.team_id.0,
        by,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Why a team is disqualified, and since when; `None` where it is not.
///
/// # Errors
/// Those of the database.
pub async fn barred(conn: &mut PgConnection, team: TeamId) -> sqlx::Result<Option<Barred>> {
    sqlx::query_as!(
        Barred,
        "select reason, decided_at as at from disqualifications
         where team_id = $1 and submission_id is null and lifted_at is null",
        team.0,
    )
    .fetch_optional(conn)
    .await
}

/// Decisions before `before`, newest first.
///
/// # Errors
/// Those of the database.
pub async fn list(
    conn: &mut PgConnection,
    competition: CompetitionId,
    before: i64,
    limit: i64,
) -> sqlx::Result<Vec<Decision>> {
    sqlx::query_as!(
        Decision,
        "select d.id as \"id: DisqualificationId\", t.id as \"team_id!: TeamId\", t.name as \"team!\",
                d.submission_id as \"submission_id: SubmissionId\", d.reason,
                coalesce(b.display_name, '') as \"decided_by!\", d.decided_at,
                coalesce(l.display_name, '') as \"lifted_by!\", d.lifted_at,
                coalesce(d.lifted_because, '') as \"lifted_because!\"
         from disqualifications d
         left join submissions s on s.id = d.submission_id
         join teams t on t.id = coalesce(s.team_id, d.team_id)
         left join users b on b.id = d.decided_by
         left join users l on l.id = d.lifted_by
         where d.competition_id = $1 and d.id < $2
         order by d.id desc
         limit $3",
        competition.0,
        before,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// One decision of a competition.
///
/// # Errors
/// Those of the database.
pub async fn find(
    conn: &mut PgConnection,
    competition: CompetitionId,
    id: DisqualificationId,
) -> sqlx::Result<Option<Decision>> {
    let found = list(conn, competition, id.0.saturating_add(1), 1).await?.pop();
    Ok(found.filter(|decision| decision.id == id))
}
