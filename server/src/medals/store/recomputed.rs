//! Final boards as they are stored, beside what their history gives.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::competitions::model::Ended;
use crate::ids::{CompetitionId, SubmissionId, TeamId, UserId};
use crate::medals::recompute::{Line, Stand};

/// Every team that is on the stored board or on the one that submissions, scores, selections and decisions give.
///
/// # Errors
/// Those of the database.
pub async fn lines(conn: &mut PgConnection, _: Ended, competition: CompetitionId) -> sqlx::Result<Vec<Line>> {
    let rows = sqlx::query!(
        r#"select team_id as "team_id!: TeamId", is_same as "is_same!",
                  stored_rank, stored_public_rank, stored_submission_id as "stored_submission_id: SubmissionId",
                  stored_private_score, stored_public_score, stored_n_members,
                  given_rank, given_public_rank, given_submission_id as "given_submission_id: SubmissionId",
                  given_private_score, given_public_score, given_n_members
           from recomputed_board($1)
           order by coalesce(given_rank, stored_rank), team_id"#,
        competition.0,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Line {
            team_id: row.team_id,
            is_same: row.is_same,
            stored: stand(
                row.stored_rank.zip(row.stored_public_rank),
                row.stored_submission_id.zip(row.stored_private_score),
                row.stored_public_score,
                row.stored_n_members,
            ),
            given: stand(
                row.given_rank.zip(row.given_public_rank),
                row.given_submission_id.zip(row.given_private_score),
                row.given_public_score,
                row.given_n_members,
            ),
        })
        .collect())
}

fn stand(
    ranks: Option<(i32, i32)>,
    entry: Option<(SubmissionId, f64)>,
    public_score: Option<f64>,
    n_members: Option<i32>,
) -> Option<Stand> {
    let ((rank, public_rank), (submission_id, private_score)) = ranks.zip(entry)?;
    Some(Stand {
        rank: i64::from(rank),
        public_rank: i64::from(public_rank),
        submission_id,
        private_score,
        public_score,
        n_members: n_members.map(i64::from),
    })
}

/// Whether finishes in a competition are worth medals and points.
///
/// # Errors
/// Those of the database.
pub async fn counts(conn: &mut PgConnection, competition: CompetitionId) -> sqlx::Result<bool> {
    sqlx::query_scalar!("select counts_for_medals from competitions where id = $1", competition.0)
        .fetch_one(conn)
        .await
}

/// Somebody in a team that differs.
pub struct Mate {
    pub team_id: TeamId,
    pub user_id: UserId,
    pub username: String,
    /// Whether a submission of theirs was ever scored, as it is stored.
    pub has_contributed: bool,
}

/// The people of teams.
///
/// # Errors
/// Those of the database.
pub async fn mates(conn: &mut PgConnection, teams: &[i64]) -> sqlx::Result<Vec<Mate>> {
    sqlx::query_as!(
        Mate,
        r#"select m.team_id as "team_id: TeamId", u.id as "user_id: UserId", u.username,
                  u.first_scored_at is not null as "has_contributed!"
           from team_members m
           join users u on u.id = m.user_id
           where m.team_id = any($1)
           order by m.team_id, u.id"#,
        teams,
    )
    .fetch_all(conn)
    .await
}

/// A competition whose final board stands.
pub struct Settled {
    pub id: CompetitionId,
    pub slug: String,
    pub title: String,
    pub ended_at: DateTime<Utc>,
}

/// Competitions whose final boards stand, newest first.
///
/// # Errors
/// Those of the database.
pub async fn settled(conn: &mut PgConnection, before: i64, limit: i64) -> sqlx::Result<Vec<Settled>> {
    sqlx::query_as!(
        Settled,
        r#"select id as "id: CompetitionId", slug, title, ends_at as "ended_at!"
           from competitions
           where settled_at is not null and id < $1
           order by id desc
           limit $2"#,
        before,
        limit,
    )
    .fetch_all(conn)
    .await
}
