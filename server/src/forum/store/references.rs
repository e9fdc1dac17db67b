//! What a text may refer to.

use sqlx::PgConnection;

use crate::ids::{CompetitionId, UserId};

/// Those of these user names that somebody has.
///
/// # Errors
/// Those of the database.
pub async fn people(conn: &mut PgConnection, names: &[String]) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        "select username from users where username = any($1) and suspended_at is null",
        names,
    )
    .fetch_all(conn)
    .await
}

/// Titles of those topics that everybody may read who reads a text in `place`.
///
/// # Errors
/// Those of the database.
pub async fn topics(
    conn: &mut PgConnection,
    place: Option<CompetitionId>,
    ids: &[i64],
) -> sqlx::Result<Vec<(i64, String)>> {
    let rows = sqlx::query!(
        "select t.id, t.title
         from topics t
         join subjects s on s.id = t.id
         left join competitions c on c.id = s.competition_id
         where t.id = any($1) and s.hidden_at is null and s.deleted_at is null
           and (c.id is null or c.id = $2 or is_listed(c))",
        ids,
        place.map(|id| id.0),
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.title)).collect())
}

/// A scored submission of somebody's own team.
#[derive(Debug, Clone)]
pub struct OwnScore {
    pub id: i64,
    pub competition_id: CompetitionId,
    pub team: String,
    pub public_score: f64,
}

/// Scores of somebody's own submissions, in competitions that everybody may see who reads a text in
/// `place`.
///
/// # Errors
/// Those of the database.
pub async fn own_scores(
    conn: &mut PgConnection,
    author: UserId,
    place: Option<CompetitionId>,
    ids: &[i64],
) -> sqlx::Result<Vec<OwnScore>> {
    sqlx::query_as!(
        OwnScore,
        "select s.id, s.competition_id as \"competition_id: CompetitionId\", t.name as team,
                told_public_score(x) as \"public_score!\"
         from submissions s
         join team_members m on m.team_id = s.team_id and m.competition_id = s.competition_id
         join teams t on t.id = s.team_id
         join competitions c on c.id = s.competition_id
         join scores x on x.submission_id = s.id and x.version_id = c.active_version_id
         where s.id = any($1) and m.user_id = $2 and x.public_score is not null
           and (c.id = $3 or is_listed(c)) and is_board_open(c)",
        ids,
        author.0,
        place.map(|id| id.0),
    )
    .fetch_all(conn)
    .await
}
