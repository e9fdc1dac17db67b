//! The append-only log as JSON, for everybody who may see the competition.

use axum::Json;
use axum::extract::{Path, State};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::api::paging::NextPart;
use crate::api::query::ApiQuery;
use crate::api::token::MaybeApiMember;
use crate::app::App;
use crate::competitions::access;
use crate::error::Result;
use crate::paths;
use crate::submissions::store::log::{self, LogEntry};

const ENTRIES: i64 = 200;
const MOST_ENTRIES: i64 = 1000;

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct LogQuery {
    /// `next` of the part before.
    after: Option<i64>,
    /// How many at most: 200 when left out, never more than 1,000.
    limit: Option<i64>,
}

#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct ReceivedEntryJson {
    /// From 1, without a gap.
    position: i64,
    /// To the minute; the exact time is part of the leaf.
    received_at: DateTime<Utc>,
    /// SHA-256 of what the entry says, with a nonce that its team alone has; absent of what an earlier release received.
    #[serde(skip_serializing_if = "Option::is_none")]
    leaf: Option<String>,
    /// SHA-256 of the hash of the entry before and of the leaf; absent where that is.
    #[serde(skip_serializing_if = "Option::is_none")]
    hash: Option<String>,
}

impl From<LogEntry> for ReceivedEntryJson {
    fn from(entry: LogEntry) -> Self {
        Self {
            position: entry.position,
            received_at: entry.received_at,
            leaf: entry.leaf.map(hex::encode),
            hash: entry.hash.map(hex::encode),
        }
    }
}

#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct ReceivedLogJson {
    items: Vec<ReceivedEntryJson>,
    /// `after` of the next part; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<i64>,
}

/// The append-only log of what was received.
///
/// An entry names no team and no file. Who has a receipt finds its leaf at its position, and whoever keeps a hash sees
/// that nothing before it was changed.
#[utoipa::path(
    get,
    path = paths::API_LOG,
    operation_id = "list_received",
    tag = "Competitions",
    security((), ("token" = ["read"])),
    params(LogQuery),
    responses((status = 200, description = "Entries, the oldest first", body = ReceivedLogJson)),
)]
pub(super) async fn show_log(
    State(app): State<App>,
    Path(slug): Path<String>,
    ApiQuery(query): ApiQuery<LogQuery>,
    caller: MaybeApiMember,
) -> Result<(NextPart, Json<ReceivedLogJson>)> {
    let viewer = caller.reader()?;
    let seen = access::see(&app, &slug, viewer.as_ref()).await?;
    let limit = query.limit.unwrap_or(ENTRIES).clamp(1, MOST_ENTRIES);
    let after = query.after.unwrap_or(0);
    let mut conn = app.db.acquire().await?;
    let mut entries = log::entries(&mut conn, seen.competition.id, after, limit + 1).await?;
    drop(conn);
    let has_more = entries.len() as i64 > limit;
    entries.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = entries.last().filter(|_| has_more).map(|last| last.position);
    let items = entries.into_iter().map(ReceivedEntryJson::from).collect();
    Ok((NextPart::new("after", next.as_ref()), Json(ReceivedLogJson { items, next })))
}
