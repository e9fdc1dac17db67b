//! Checks of a file, which spend nothing.

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use holdout_contract::job::CheckVerdict;
use serde::Serialize;
use uuid::Uuid;

use super::receiving::{FileForm, UploadedJson, receive_file};
use crate::accounts::model::{Member, Scope};
use crate::api::token::ApiMember;
use crate::app::App;
use crate::competitions::access;
use crate::competitions::model::Competition;
use crate::error::Result;
use crate::paths;
use crate::submissions::check::{self, Asked, check};
use crate::submissions::store::Check;
use crate::submissions::submit::enter;
use crate::uploads::model::Purpose;

#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct CheckJson {
    id: Uuid,
    file_name: String,
    size_bytes: i64,
    created_at: DateTime<Utc>,
    /// `null` until the file was looked at.
    verdict: Option<CheckVerdict>,
}

impl From<Check> for CheckJson {
    fn from(check: Check) -> Self {
        let verdict = check.verdict.map(|sqlx::types::Json(verdict)| verdict).map(without_inner_words);
        Self {
            id: check.id,
            file_name: check.file_name,
            size_bytes: check.size_bytes,
            created_at: check.created_at,
            verdict,
        }
    }
}

/// Why we failed is for the log; the participant is told that it was us.
fn without_inner_words(verdict: CheckVerdict) -> CheckVerdict {
    match verdict {
        CheckVerdict::Failed { .. } => CheckVerdict::Failed {
            reason: "The file could not be checked because of an error on our side. Try again in a \
            moment."
                .to_owned(),
        },
        other => other,
    }
}

/// Have a file checked without spending an entry.
#[utoipa::path(
    post,
    path = paths::API_CHECKS,
    operation_id = "check_file",
    tag = "Taking part",
    security(("token" = ["submit"])),
    params(("X-File-Name" = Option<String>, Header, description = "Name of the file, percent-encoded, when it is the whole body")),
    request_body(content(([u8] = "application/octet-stream"), (FileForm = "multipart/form-data"), (UploadedJson = "application/json")), description = "The file as the whole body, named by `X-File-Name`, or as a form's `file`; or the id of an upload that is whole."),
    responses((status = 201, description = "The check; its verdict follows", body = CheckJson), (status = 409, description = "The upload was used before")),
)]
pub(super) async fn post_check(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
    request: Request,
) -> Result<(StatusCode, Json<CheckJson>)> {
    let member = caller.with(Scope::Submit)?;
    let entrant = enter(&app, &member, &slug).await?;
    let sent = receive_file(&app, (&entrant).into(), Purpose::Check, request).await?;
    let id = check(&app, &entrant, Asked { file_name: &sent.name, description: "" }, &sent.arrived).await?;
    let found = find_check(&app, &entrant.competition, &member, id).await?;
    Ok((StatusCode::CREATED, Json(found)))
}

/// What came of a check.
#[utoipa::path(
    get,
    path = paths::API_CHECK,
    tag = "Taking part",
    security(("token" = ["read"])),
    responses((status = 200, description = "The check, with its verdict once there is one", body = CheckJson)),
)]
pub(super) async fn show_check(
    State(app): State<App>,
    Path((slug, id)): Path<(String, Uuid)>,
    caller: ApiMember,
) -> Result<Json<CheckJson>> {
    let member = caller.with(Scope::Read)?;
    let seen = access::see(&app, &slug, Some(&member)).await?;
    find_check(&app, &seen.competition, &member, id).await.map(Json)
}

async fn find_check(app: &App, competition: &Competition, member: &Member, id: Uuid) -> Result<CheckJson> {
    let mut conn = app.db.acquire().await?;
    Ok(check::find(&mut conn, competition.id, member.id, id).await?.into())
}
