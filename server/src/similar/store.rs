//! Comparisons and their pairs.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::model::{Comparison, Pair, Side};
use crate::ids::{CompetitionId, SubmissionId, UserId};

/// `None` while one is under way.
///
/// # Errors
/// Those of the database.
pub async fn begin(
    conn: &mut PgConnection,
    competition: CompetitionId,
    host: UserId,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!(
        "insert into comparisons (competition_id, asked_by, asked_at) values ($1, $2, $3)
         on conflict do nothing
         returning id",
        competition.0,
        host.0,
        now,
    )
    .fetch_optional(conn)
    .await
}

/// A competition's comparisons behind `before`, newest first.
///
/// # Errors
/// Those of the database.
pub async fn list(
    conn: &mut PgConnection,
    competition: CompetitionId,
    before: i64,
    limit: i64,
) -> sqlx::Result<Vec<Comparison>> {
    sqlx::query_as!(
        Comparison,
        r#"select c.id, coalesce(u.display_name, 'somebody') as "asked_by!", c.asked_at, c.begun_at, c.finished_at,
                  c.failure, c.n_teams, c.n_submissions, c.n_left_out, c.n_rows, c.n_answers, c.n_found, c.usual,
                  c.bound
           from comparisons c
           left join users u on u.id = c.asked_by
           where c.competition_id = $1 and c.id < $2
           order by c.id desc
           limit $3"#,
        competition.0,
        before,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// One comparison of a competition.
///
/// # Errors
/// Those of the database.
pub async fn find(
    conn: &mut PgConnection,
    competition: CompetitionId,
    id: i64,
) -> sqlx::Result<Option<Comparison>> {
    let Some(before) = id.checked_add(1) else { return Ok(None) };
    let found = list(conn, competition, before, 1).await?;
    Ok(found.into_iter().find(|comparison| comparison.id == id))
}

/// The pairs that are still of different teams, the most alike first.
///
/// # Errors
/// Those of the database.
pub async fn pairs(conn: &mut PgConnection, comparison: i64) -> sqlx::Result<Vec<Pair>> {
    let rows = sqlx::query!(
        r#"select p.place, p.likeness, p.n_same, a.sha256 = b.sha256 as "has_same_bytes!",
                  a.id as first_id, at.name as first_team, au.username as first_sender, a.received_at as first_at,
                  b.id as second_id, bt.name as second_team, bu.username as second_sender, b.received_at as second_at
           from similar_pairs p
           join submissions a on a.id = least(p.first_id, p.second_id)
           join teams at on at.id = a.team_id
           join users au on au.id = a.user_id
           join submissions b on b.id = greatest(p.first_id, p.second_id)
           join teams bt on bt.id = b.team_id
           join users bu on bu.id = b.user_id
           where p.comparison_id = $1 and a.team_id <> b.team_id
           order by p.place"#,
        comparison,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Pair {
            place: row.place,
            first: Side {
                submission_id: SubmissionId(row.first_id),
                team: row.first_team,
                sender: row.first_sender,
                received_at: row.first_at,
            },
            second: Side {
                submission_id: SubmissionId(row.second_id),
                team: row.second_team,
                sender: row.second_sender,
                received_at: row.second_at,
            },
            likeness: row.likeness,
            n_same: row.n_same,
            has_same_bytes: row.has_same_bytes,
        })
        .collect())
}
