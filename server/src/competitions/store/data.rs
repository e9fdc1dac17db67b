//! The data files of a competition.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::competitions::files::is_judged_by;
use crate::files::Stored;
use crate::ids::{CompetitionId, DataFileId};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFile {
    pub id: DataFileId,
    pub name: String,
    pub role: String,
    pub storage_key: String,
    pub size_bytes: i64,
    pub sha256: Vec<u8>,
    pub description: String,
    pub uploaded_at: DateTime<Utc>,
}

impl DataFile {
    /// History is read by metrics; it is not handed out.
    pub fn is_for_participants(&self) -> bool {
        self.role != "history"
    }

    /// Whether scores or checks are made with it, so that it stays as it was at the launch.
    pub fn is_judged_by(&self) -> bool {
        is_judged_by(&self.role)
    }

    pub fn sha256_hex(&self) -> String {
        hex::encode(&self.sha256)
    }

    pub fn size(&self) -> String {
        crate::web::format::size(self.size_bytes.unsigned_abs())
    }

    pub fn sample() -> Self {
        Self {
            id: DataFileId(1),
            name: "train.csv".to_owned(),
            role: "train".to_owned(),
            storage_key: "data/1/x".to_owned(),
            size_bytes: 123_456,
            sha256: vec![7; 32],
            description: "Rows with their labels, to learn from.".to_owned(),
            uploaded_at: DateTime::UNIX_EPOCH,
        }
    }
}

/// All files, in the order people want them: train, test, sample, the rest.
///
/// # Errors
/// Those of the database.
pub async fn all(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<Vec<DataFile>> {
    sqlx::query_as!(
        DataFile,
        "select id as \"id: DataFileId\", name, role, storage_key, size_bytes, sha256, description, uploaded_at
         from data_files
         where competition_id = $1
         order by array_position(array['train', 'test', 'sample_submission', 'data', 'history'], role), name",
        id.0,
    )
    .fetch_all(conn)
    .await
}

/// # Errors
/// Those of the database.
pub async fn find(conn: &mut PgConnection, id: CompetitionId, name: &str) -> sqlx::Result<Option<DataFile>> {
    sqlx::query_as!(
        DataFile,
        "select id as \"id: DataFileId\", name, role, storage_key, size_bytes, sha256, description, uploaded_at
         from data_files where competition_id = $1 and name = $2",
        id.0,
        name,
    )
    .fetch_optional(conn)
    .await
}

/// A file whose place another one took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ousted {
    pub name: String,
    /// Nothing names it any more.
    pub storage_key: String,
}

/// Adds a file in place of one of the same name, and of one of the same role where there is but one of it.
///
/// # Errors
/// Those of the database.
pub async fn put(
    conn: &mut PgConnection,
    id: CompetitionId,
    name: &str,
    role: &str,
    description: &str,
    stored: &Stored,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Ousted>> {
    let replaced = sqlx::query_as!(
        Ousted,
        "delete from data_files
         where competition_id = $1 and (name = $2 or (role = $3 and role not in ('data', 'train')))
         returning name, storage_key",
        id.0,
        name,
        role,
    )
    .fetch_all(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into data_files (competition_id, name, role, storage_key, size_bytes, sha256, description, uploaded_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        id.0,
        name,
        role,
        stored.key,
        i64::try_from(stored.size_bytes).unwrap_or(i64::MAX),
        stored.sha256.as_slice(),
        description,
        now,
    )
    .execute(conn)
    .await?;
    Ok(replaced)
}

/// Changes what is said about a file; whether there is one.
///
/// # Errors
/// Those of the database.
pub async fn describe(
    conn: &mut PgConnection,
    id: CompetitionId,
    name: &str,
    description: &str,
) -> sqlx::Result<bool> {
    let changed = sqlx::query!(
        "update data_files set description = $3 where competition_id = $1 and name = $2",
        id.0,
        name,
        description,
    )
    .execute(conn)
    .await?;
    Ok(changed.rows_affected() == 1)
}

/// Removes a file and gives its role and storage key.
///
/// # Errors
/// Those of the database.
pub async fn remove(
    conn: &mut PgConnection,
    id: CompetitionId,
    name: &str,
) -> sqlx::Result<Option<(String, String)>> {
    let removed = sqlx::query!(
        "delete from data_files where competition_id = $1 and name = $2 returning role, storage_key",
        id.0,
        name,
    )
    .fetch_optional(conn)
    .await?;
    Ok(removed.map(|row| (row.role, row.storage_key)))
}
