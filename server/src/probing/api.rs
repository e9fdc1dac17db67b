//! Signs of probing as JSON, for hosts.

use axum::extract::{Path, State};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;

use super::model::Suspect;
use super::store;
use crate::api::paging::{Keyset, Slice};
use crate::api::query::ApiQuery;
use crate::api::routes::routes;
use crate::api::token::ApiMember;
use crate::app::App;
use crate::competitions::api::as_host;
use crate::error::Result;
use crate::ids::SubmissionId;
use crate::paths;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_probing))
}

/// What in a file speaks for probing.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct ProbingSignJson {
    /// `few_changes`, `far_out`, `ladder` or `blocks`.
    #[schema(example = "few_changes")]
    sign: &'static str,
    /// The evidence in words.
    sentence: String,
}

/// A submission that looks made to find out about the rows it is judged by.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct ProbingJson {
    submission_id: SubmissionId,
    team: String,
    sender: String,
    received_at: DateTime<Utc>,
    n_rows: i32,
    signs: Vec<ProbingSignJson>,
}

impl From<Suspect> for ProbingJson {
    fn from(suspect: Suspect) -> Self {
        let signs = suspect.signs().into_iter();
        Self {
            signs: signs.map(|sign| ProbingSignJson { sign: sign.name, sentence: sign.sentence }).collect(),
            submission_id: suspect.submission_id,
            team: suspect.team,
            sender: suspect.sender,
            received_at: suspect.received_at,
            n_rows: suspect.n_rows,
        }
    }
}

/// Submissions that look made to find out about the hidden rows, with the evidence, for the host to judge.
///
/// Scorers look at files when nobody waits for them. Nothing follows from a sign by itself.
#[utoipa::path(
    get,
    path = paths::API_PROBING,
    tag = "Hosting",
    security(("token" = ["host"])),
    params(Keyset),
    responses((status = 200, description = "Submissions with signs, newest first", body = Slice<ProbingJson>)),
)]
async fn list_probing(
    State(app): State<App>,
    Path(slug): Path<String>,
    ApiQuery(keyset): ApiQuery<Keyset>,
    caller: ApiMember,
) -> Result<Slice<ProbingJson>> {
    let (_, seen) = as_host(&app, &slug, caller).await?;
    let mut conn = app.db.acquire().await?;
    let found = store::list(&mut conn, seen.competition.id, keyset.before(), keyset.fetched()).await?;
    Ok(keyset.slice(found, |suspect| suspect.submission_id.0).map(ProbingJson::from))
}
