//! What a score was computed from.

use holdout_contract::catalogue;
use serde_json::Value;
use sqlx::PgConnection;

use crate::ids::SubmissionId;
use crate::web::format;

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

    /// The metric's parameters that are not at their defaults, in words; empty where all are.
    pub fn settings(&self) -> String {
        format::settings(&without_defaults(&self.metric, &self.params))
    }
}

/// Of a metric of the catalogue; those of the parts of a combined one likewise.
fn without_defaults(metric: &str, params: &Value) -> Value {
    let Value::Object(params) = params else { return params.clone() };
    let spec = catalogue::known().iter().find(|spec| spec.name == metric);
    let is_default = |name: &str, value: &Value| {
        let parameter = spec.and_then(|spec| spec.parameters.iter().find(|parameter| parameter.name == name));
        parameter.is_some_and(|parameter| is_same(&parameter.default, value))
    };
    let told = params.iter().filter(|(name, value)| !is_default(name, value));
    Value::Object(told.map(|(name, value)| (name.clone(), parts_without_defaults(value))).collect())
}

fn parts_without_defaults(value: &Value) -> Value {
    let Value::Array(parts) = value else { return value.clone() };
    let bare = |part: &Value| {
        let mut part = part.clone();
        if let Some(metric) = part["metric"].as_str().map(str::to_owned)
            && let Some(params) = part.get_mut("params")
        {
            *params = without_defaults(&metric, params);
        }
        part
    };
    Value::Array(parts.iter().map(bare).collect())
}

/// `1` and `1.0` are the same.
fn is_same(one: &Value, other: &Value) -> bool {
    one == other || one.as_f64().zip(other.as_f64()).is_some_and(|(one, other)| one == other)
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(metric: &str, params: Value) -> String {
        Provenance { metric: metric.to_owned(), params, ..Provenance::sample() }.settings()
    }

    #[test]
    fn only_what_differs_from_a_metric_s_defaults_is_told() {
        let usual = json!({ "weight_column": "", "columns": "", "groups": "none" });
        assert_eq!(told("rmse", usual.clone()), "");
        assert_eq!(told("rmse", json!({ "weight_column": "w", "columns": "" })), "weight_column w");
        assert_eq!(told("huber", json!({ "delta": 1 })), "");
        let parts = json!([{ "metric": "rmse", "weight": 0.5, "params": usual }]);
        assert_eq!(told("weighted_sum", json!({ "parts": parts })), "parts: rmse (weight 0.5)");
        assert_eq!(told("own", json!({ "depth": 3 })), "depth 3");
    }
}
