//! The launch audit as JSON, for hosts alone: it is derived from hidden labels.

use axum::Json;
use axum::extract::{Path, State};
use holdout_contract::audit::{Check, Overall};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;

use super::hosting::as_host;
use crate::api::body::ApiJson;
use crate::api::routes::routes;
use crate::api::token::ApiMember;
use crate::app::App;
use crate::competitions::access::Seen;
use crate::competitions::audit::{self, Answer};
use crate::competitions::setup;
use crate::error::Result;
use crate::paths;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show_audit, put_audit))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = LaunchAudit)]
struct AuditJson {
    /// Of the scoring version that the host works on: one that is being put together, else the one that counts.
    version: i32,
    /// Whether it speaks of the version as it is now.
    is_current: bool,
    /// What the winner's file should hold: `mean`, `median`, `quantile 0.9`, `probabilities`, `order` or `labels`.
    declared: Option<String>,
    /// Why the host goes on over a FAIL, or with a metric of their own that could not be judged.
    audit_reason: Option<String>,
    /// Whether a launch wants that reason and there is none.
    wants_audit_reason: bool,
    /// `null` before a scorer has looked at it.
    overall: Option<Overall>,
    checks: Vec<Check>,
}

async fn shown(app: &App, seen: &Seen) -> Result<Json<AuditJson>> {
    let mut conn = app.db.acquire().await?;
    let draft = setup::load(&mut conn, &seen.competition).await?;
    Ok(Json(AuditJson {
        version: draft.version.number,
        is_current: draft.report_is_current(),
        wants_audit_reason: draft.wants_reason(),
        overall: draft.overall(),
        declared: draft.version.declared,
        audit_reason: draft.version.audit_reason,
        checks: draft.report.and_then(|report| report.audit).map(|audit| audit.checks).unwrap_or_default(),
    }))
}

/// How the metric can be gamed on the hidden labels, check by check.
#[utoipa::path(
    get,
    path = paths::API_AUDIT,
    tag = "Hosting",
    security(("token" = ["host"])),
    responses((status = 200, description = "What the audit found", body = AuditJson)),
)]
async fn show_audit(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
) -> Result<Json<AuditJson>> {
    let (_, seen) = as_host(&app, &slug, caller).await?;
    shown(&app, &seen).await
}

#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[schema(as = AuditAnswer)]
#[serde(default)]
struct AnswerBody {
    /// What the winner's file should hold: `mean`, `median`, `quantile 0.9`, `probabilities`, `order` or `labels`; left out:
    /// not said.
    #[schema(example = "median")]
    declared: Option<String>,
    /// Why you go on over a FAIL, or with a metric of your own that could not be judged, in up to 1,000 characters; everybody
    /// who takes part reads it beside the rules.
    audit_reason: Option<String>,
}

/// Answer the audit: what is to be predicted, and why to go on over what it holds against the metric.
///
/// For the version that is being put together. What is to be predicted makes a new examination due.
#[utoipa::path(
    put,
    path = paths::API_AUDIT,
    operation_id = "answer_audit",
    tag = "Hosting",
    security(("token" = ["host"])),
    request_body = AnswerBody,
    responses((status = 200, description = "The audit as it is now", body = AuditJson)),
)]
async fn put_audit(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
    body: Result<ApiJson<AnswerBody>>,
) -> Result<Json<AuditJson>> {
    let (host, seen) = as_host(&app, &slug, caller).await?;
    let AnswerBody { declared, audit_reason } = body?.0;
    let answer = Answer::read(&declared.unwrap_or_default(), &audit_reason.unwrap_or_default())?;
    audit::answer(&app, &host, &seen, &answer).await?;
    shown(&app, &seen).await
}
