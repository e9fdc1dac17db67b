//! Votes, and the numbers that the database keeps of them.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::forum::model::{Subject, SubjectKind};
use crate::ids::{SubjectId, UserId};

/// Casts or changes the vote of one person.
///
/// # Errors
/// Those of the database.
pub async fn cast(
    conn: &mut PgConnection,
    subject: SubjectId,
    voter: UserId,
    value: i16,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into votes (subject_id, user_id, value, cast_at)
         values ($1, $2, $3, $4)
         on conflict (subject_id, user_id) do update
         set value = excluded.value, cast_at = excluded.cast_at
         where votes.value <> excluded.value",
        subject.0,
        voter.0,
        value,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// # Errors
/// Those of the database.
pub async fn take_back(conn: &mut PgConnection, subject: SubjectId, voter: UserId) -> sqlx::Result<()> {
    sqlx::query!("delete from votes where subject_id = $1 and user_id = $2", subject.0, voter.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// Ups less downs.
///
/// # Errors
/// Those of the database.
pub async fn count(conn: &mut PgConnection, subject: &Subject) -> sqlx::Result<i32> {
    match subject.kind {
        SubjectKind::Topic => {
            sqlx::query_scalar!("select n_votes from topics where id = $1", subject.id.0)
                .fetch_one(conn)
                .await
        }
        SubjectKind::Post => {
            sqlx::query_scalar!("select n_votes from posts where id = $1", subject.id.0).fetch_one(conn).await
        }
        SubjectKind::Notebook => {
            sqlx::query_scalar!("select n_votes from notebooks where id = $1", subject.id.0)
                .fetch_one(conn)
                .await
        }
    }
}

/// What one person voted on these: subject and value.
///
/// # Errors
/// Those of the database.
pub async fn of_person(
    conn: &mut PgConnection,
    voter: UserId,
    subjects: &[i64],
) -> sqlx::Result<Vec<(i64, i16)>> {
    let rows = sqlx::query!(
        "select subject_id, value from votes where user_id = $1 and subject_id = any($2)",
        voter.0,
        subjects,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.subject_id, row.value)).collect())
}
