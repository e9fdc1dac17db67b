//! All SQL about labels that a host released.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::ids::{CompetitionId, UserId, VersionId};
use crate::versions::model::{Release, ReleasedFile};

/// Asks for it, or for another try where a scorer failed; gives the version whose labels they are, and `None` where it was
/// asked for already.
///
/// # Errors
/// Those of the database.
pub async fn ask(
    conn: &mut PgConnection,
    id: CompetitionId,
    reason: &str,
    host: UserId,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<VersionId>> {
    sqlx::query_scalar!(
        "insert into label_releases as r (competition_id, version_id, reason, asked_by, asked_at)
         select id, active_version_id, $2, $3, $4 from competitions where id = $1
         on conflict (competition_id) do update set
            version_id = excluded.version_id, reason = excluded.reason, asked_by = excluded.asked_by,
            asked_at = excluded.asked_at, failure = null
         where r.failure is not null
         returning version_id as \"version_id: VersionId\"",
        id.0,
        reason,
        host.0,
        now,
    )
    .fetch_optional(conn)
    .await
}

/// A competition that is not over and is judged by the same solution, as a copy is; one that the reader sees comes first.
///
/// # Errors
/// Those of the database.
pub async fn competition_with_same_labels(
    conn: &mut PgConnection,
    id: CompetitionId,
    reader: UserId,
) -> sqlx::Result<Option<Another>> {
    sqlx::query_as!(
        Another,
        r#"select o.slug, o.title, sees_competition($2, o.id) as "is_seen!"
            from competitions c
            join scoring_versions v on v.id = c.active_version_id
            join solutions x on x.id = v.solution_id
            join solutions y on y.sealed_sha256 = x.sealed_sha256 and y.competition_id <> c.id
            join competitions o on o.id = y.competition_id
            join scoring_versions w on w.competition_id = o.id and w.solution_id = y.id
            where c.id = $1 and not is_over(o)
            order by 3 desc, o.id
            limit 1"#,
        id.0,
        reader.0,
    )
    .fetch_optional(conn)
    .await
}

/// A competition that is judged by the same labels.
#[derive(Debug)]
pub struct Another {
    pub slug: String,
    pub title: String,
    /// Whether the reader may know of it.
    pub is_seen: bool,
}

struct Row {
    version: i32,
    reason: String,
    asked_by: Option<String>,
    asked_at: DateTime<Utc>,
    failure: Option<String>,
    released_at: Option<DateTime<Utc>>,
    salt: Option<Vec<u8>>,
    storage_key: Option<String>,
    size_bytes: Option<i64>,
    sha256: Option<Vec<u8>>,
}

/// What was asked for and what came of it.
///
/// # Errors
/// Those of the database.
pub async fn find(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<Option<Release>> {
    let row = sqlx::query_as!(
        Row,
        "select v.number as version, r.reason, u.display_name as \"asked_by?\", r.asked_at, r.failure, r.released_at,
                r.salt, r.storage_key, r.size_bytes, r.sha256
         from label_releases r
         join scoring_versions v on v.id = r.version_id
         left join users u on u.id = r.asked_by
         where r.competition_id = $1",
        id.0,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(Release::from))
}

impl From<Row> for Release {
    fn from(row: Row) -> Self {
        let file = || {
            Some(ReleasedFile {
                at: row.released_at?,
                salt: row.salt?,
                storage_key: row.storage_key?,
                size_bytes: row.size_bytes?,
                sha256: row.sha256?,
            })
        };
        Self {
            version: row.version,
            reason: row.reason,
            asked_by: row.asked_by,
            asked_at: row.asked_at,
            failure: row.failure,
            file: file(),
        }
    }
}
