//! What a competition is judged by, for its folder.

use serde_json::Value;
use sqlx::PgConnection;

use crate::ids::{CompetitionId, VersionId};

/// The version that counts; before the launch the draft's.
#[derive(Debug, Clone, PartialEq)]
pub struct Judging {
    pub version_id: VersionId,
    pub number: i32,
    pub metric: Option<String>,
    pub params: Value,
    pub context: Value,
    pub public_fraction: f64,
    pub declared: Option<String>,
    pub audit_reason: Option<String>,
    pub sealed_sha256: Option<Vec<u8>>,
}

/// # Errors
/// Those of the database.
pub async fn judging(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<Judging> {
    sqlx::query_as!(
        Judging,
        r#"select v.id as "version_id: VersionId", v.number, v.metric, v.params, v.context, v.public_fraction,
                  v.declared, v.audit_reason,
                  s.sealed_sha256 as "sealed_sha256?"
           from competitions c
           join scoring_versions v
             on v.competition_id = c.id and (v.id = c.active_version_id or (c.active_version_id is null and v.number = 1))
           left join solutions s on s.id = v.solution_id
           where c.id = $1"#,
        id.0,
    )
    .fetch_one(conn)
    .await
}
