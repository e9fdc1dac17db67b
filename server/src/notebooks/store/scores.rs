//! Submissions that came from a notebook. Their public scores only: what is released after the end comes
//! from `submissions`.

use sqlx::PgConnection;

use crate::ids::{CompetitionId, NotebookId, SubmissionId, TeamId};

/// A scored submission of a notebook.
#[derive(Debug, Clone, PartialEq)]
pub struct Linked {
    pub submission_id: SubmissionId,
    /// Of the notebook's version.
    pub number: i32,
    /// In full precision, by the version that counts.
    pub public_score: f64,
}

/// The best submission of a notebook by its public score.
///
/// # Errors
/// Those of the database.
pub async fn best(
    conn: &mut PgConnection,
    competition: CompetitionId,
    id: NotebookId,
) -> sqlx::Result<Option<Linked>> {
    sqlx::query_as!(
        Linked,
        "select s.id as \"submission_id: SubmissionId\", s.notebook_number as \"number!\",
                told_public_score(x) as \"public_score!\"
         from submissions s
         join competitions c on c.id = s.competition_id
         join scores x on x.submission_id = s.id and x.version_id = c.active_version_id
         where s.competition_id = $1 and s.notebook_id = $2 and x.rank_key is not null
         order by x.rank_key, s.id
         limit 1",
        competition.0,
        id.0,
    )
    .fetch_optional(conn)
    .await
}

/// The best submission of one version.
///
/// # Errors
/// Those of the database.
pub async fn best_of_version(
    conn: &mut PgConnection,
    competition: CompetitionId,
    id: NotebookId,
    number: i32,
) -> sqlx::Result<Option<Linked>> {
    sqlx::query_as!(
        Linked,
        "select s.id as \"submission_id: SubmissionId\", s.notebook_number as \"number!\",
                told_public_score(x) as \"public_score!\"
         from submissions s
         join competitions c on c.id = s.competition_id
         join scores x on x.submission_id = s.id and x.version_id = c.active_version_id
         where s.competition_id = $1 and s.notebook_id = $2 and s.notebook_number = $3
           and x.rank_key is not null
         order by x.rank_key, s.id
         limit 1",
        competition.0,
        id.0,
        number,
    )
    .fetch_optional(conn)
    .await
}

/// Says of a team's submission which version it came from; `false` where the team has none of this id there.
///
/// # Errors
/// Those of the database.
pub async fn link(
    conn: &mut PgConnection,
    competition: CompetitionId,
    team: TeamId,
    submission: SubmissionId,
    id: NotebookId,
    number: i32,
) -> sqlx::Result<bool> {
    let linked = sqlx::query!(
        "update submissions set notebook_id = $4, notebook_number = $5
         where id = $3 and team_id = $2 and competition_id = $1",
        competition.0,
        team.0,
        submission.0,
        id.0,
        number,
    )
    .execute(conn)
    .await?;
    Ok(linked.rows_affected() == 1)
}

/// Takes [`link`] back; `false` where the submission came from no version of this notebook.
///
/// # Errors
/// Those of the database.
pub async fn unlink(
    conn: &mut PgConnection,
    team: TeamId,
    submission: SubmissionId,
    id: NotebookId,
) -> sqlx::Result<bool> {
    let unlinked = sqlx::query!(
        "update submissions set notebook_id = null, notebook_number = null
         where id = $2 and team_id = $1 and notebook_id = $3",
        team.0,
        submission.0,
        id.0,
    )
    .execute(conn)
    .await?;
    Ok(unlinked.rows_affected() == 1)
}
