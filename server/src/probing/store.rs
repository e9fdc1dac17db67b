//! Submissions with signs of probing.

use sqlx::PgConnection;

use super::model::Suspect;
use crate::ids::{CompetitionId, SubmissionId};

/// A competition's before `before`, newest first.
///
/// # Errors
/// Those of the database.
pub async fn list(
    conn: &mut PgConnection,
    competition: CompetitionId,
    before: i64,
    limit: i64,
) -> sqlx::Result<Vec<Suspect>> {
    sqlx::query_as!(
        Suspect,
        r#"select p.submission_id as "submission_id: SubmissionId", t.name as team, u.username as sender,
                  s.received_at, p.n_rows, p.n_changed, p.previous_id as "previous_id: SubmissionId", p.n_far_out,
                  p.n_ladder, p.n_blocks
           from probing_signs p
           join submissions s on s.id = p.submission_id
           join teams t on t.id = s.team_id
           join users u on u.id = s.user_id
           where p.competition_id = $1 and p.submission_id < $2
           order by p.submission_id desc
           limit $3"#,
        competition.0,
        before,
        limit,
    )
    .fetch_all(conn)
    .await
}
