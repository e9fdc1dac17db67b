//! What scorers committed to, as JSON for everybody who may see the competition.

use axum::extract::{Path, State};
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::api::paging::{Keyset, Slice};
use crate::api::query::ApiQuery;
use crate::api::token::MaybeApiMember;
use crate::app::App;
use crate::competitions::access;
use crate::error::Result;
use crate::paths;
use crate::versions::model::Committed;
use crate::versions::store;

#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct CommitmentJson {
    version: i32,
    /// From when on the version counted.
    counted_at: DateTime<Utc>,
    /// SHA-256 over a secret salt, the labels and the split; absent where an earlier release examined them.
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    made_at: Option<DateTime<Utc>>,
    /// Whether it was made after the version had begun to count: it then says nothing of the time before.
    is_late: bool,
}

impl From<Committed> for CommitmentJson {
    fn from(committed: Committed) -> Self {
        Self {
            version: committed.number,
            counted_at: committed.counted_at,
            sha256: committed.sha256_hex(),
            made_at: committed.made_at,
            is_late: committed.is_late(),
        }
    }
}

/// What scorers committed to: the labels and the split of every version that counts or counted.
#[utoipa::path(
    get,
    path = paths::API_COMMITMENTS,
    tag = "Competitions",
    security((), ("token" = ["read"])),
    params(Keyset),
    responses((status = 200, description = "Commitments, those of the newest versions first", body = Slice<CommitmentJson>)),
)]
pub(super) async fn list_commitments(
    State(app): State<App>,
    Path(slug): Path<String>,
    ApiQuery(keyset): ApiQuery<Keyset>,
    caller: MaybeApiMember,
) -> Result<Slice<CommitmentJson>> {
    let viewer = caller.reader()?;
    let seen = access::see(&app, &slug, viewer.as_ref()).await?;
    let mut conn = app.db.acquire().await?;
    let found = store::committed(&mut conn, seen.competition.id, keyset.before(), keyset.fetched()).await?;
    drop(conn);
    Ok(keyset.slice(found, |committed| i64::from(committed.number)).map(CommitmentJson::from))
}
