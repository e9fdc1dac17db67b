//! What changed after the launch, as JSON.

use axum::extract::{Path, State};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;

use crate::api::paging::{Keyset, Slice};
use crate::api::query::ApiQuery;
use crate::api::routes::routes;
use crate::api::token::MaybeApiMember;
use crate::app::App;
use crate::competitions::access;
use crate::competitions::changes::Change;
use crate::competitions::store::changes as store;
use crate::error::Result;
use crate::paths;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_changes))
}

/// One thing that is not as it was at the launch.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = CompetitionChange)]
struct CompetitionChangeJson {
    id: i64,
    /// `timeline`, `data`, `page` or `version`.
    #[schema(example = "timeline")]
    about: &'static str,
    /// `ends_at`, `entry_deadline_at`, `merger_deadline_at`; a file's name; a page's, as in its address; or a scoring
    /// version's number.
    #[schema(example = "ends_at")]
    item: String,
    /// `moved`, `added`, `replaced`, `removed`, `edited`; of a version `started`, `abandoned`, `published` or `restored`.
    #[schema(example = "moved")]
    verb: &'static str,
    /// Of a time that moved.
    moved_from: Option<DateTime<Utc>>,
    moved_to: Option<DateTime<Utc>>,
    /// The whole of it for a person.
    sentence: String,
    /// The host's; may be empty.
    note: String,
    /// Empty where the account is gone.
    changed_by: String,
    changed_at: DateTime<Utc>,
}

impl From<Change> for CompetitionChangeJson {
    fn from(change: Change) -> Self {
        Self {
            sentence: format!("{}.", change.sentence()),
            id: change.id,
            about: change.changed.about.name(),
            item: change.changed.item,
            verb: change.changed.verb.name(),
            moved_from: change.changed.moved_from,
            moved_to: change.changed.moved_to,
            note: change.note,
            changed_by: change.changed_by,
            changed_at: change.changed_at,
        }
    }
}

/// What changed after the launch: times that moved, data files that came, changed or went, other rules, scoring versions.
#[utoipa::path(
    get,
    path = paths::API_CHANGES,
    tag = "Competitions",
    security((), ("token" = ["read"])),
    params(Keyset),
    responses((status = 200, description = "Changes, newest first", body = Slice<CompetitionChangeJson>)),
)]
async fn list_changes(
    State(app): State<App>,
    Path(slug): Path<String>,
    ApiQuery(keyset): ApiQuery<Keyset>,
    caller: MaybeApiMember,
) -> Result<Slice<CompetitionChangeJson>> {
    let seen = access::see(&app, &slug, caller.reader()?.as_ref()).await?;
    let mut conn = app.db.acquire().await?;
    let found = store::list(&mut conn, seen.competition.id, keyset.before(), keyset.fetched()).await?;
    Ok(keyset.slice(found, |change| change.id).map(CompetitionChangeJson::from))
}
