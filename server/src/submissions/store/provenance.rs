//! What a score was computed from.

use serde_json::Value;
use sqlx::PgConnection;

use crate::ids::SubmissionId;

/// What the score of a submission under the version that counts was computed from.
#[derive(Debug, Clone, PartialEq)]
pub struct Provenance {
    pub submission_id: SubmissionId,
    /// Of the file as the scorer read it.
    pub submission_sha256: Vec<u8>,
    pub version: i32,
    pub metric: String,
    pub params: Value,
    /// To labels and split; none where the version has none.
    pub commitment: Option<Vec<u8>>,
    pub engine_version: String,
}

impl Provenance {
    pub fn sample() -> Self {
        Self {
            submission_id: SubmissionId(7),
            submission_sha256: vec![7; 32],
            version: 1,
            metric: "log_loss".to_owned(),
            params: serde_json::json!({ "eps": 1e-15 }),
            commitment: Some(vec![5; 32]),
            engine_version: holdout_contract::ENGINE_VERSION.to_owned(),
        }
    }

    pub fn commitment_hex(&self) -> Option<String> {
        self.commitment.as_ref().map(hex::encode)
    }

    /// Whether the metric has any.
    pub fn has_params(&self) -> bool {
        self.params.as_object().is_some_and(|params| !params.is_empty())
    }
}

/// Of those of these submissions that were judged under the version that counts.
///
/// # Errors
/// Those of the database.
pub async fn provenance(conn: &mut PgConnection, ids: &[i64]) -> sqlx::Result<Vec<Provenance>> {
    sqlx::query_as!(
        Provenance,
        "select s.id as \"submission_id!: SubmissionId\", x.submission_sha256 as \"submission_sha256!\",
                v.number as \"version!\", v.metric as \"metric!\", v.params as \"params!\", k.sha256 as \"commitment?\",
                x.engine_version as \"engine_version!\"
         from submissions s
         join competitions c on c.id = s.competition_id
         join scores x on x.submission_id = s.id and x.version_id = c.active_version_id
         join scoring_versions v on v.id = x.version_id
         left join commitments k on k.version_id = v.id
         where s.id = any($1)",
        ids,
    )
    .fetch_all(conn)
    .await
}
