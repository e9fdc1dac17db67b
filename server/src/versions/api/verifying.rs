//! Verifications: every score computed again and compared.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::api::paging::{Keyset, NextPart, Slice};
use crate::api::query::ApiQuery;
use crate::api::token::ApiMember;
use crate::app::App;
use crate::competitions::access::Seen;
use crate::competitions::api::as_host;
use crate::error::{AppError, Result};
use crate::ids::SubmissionId;
use crate::paths;
use crate::versions::model::{Fault, Verification};
use crate::versions::read::{self, VerificationReport};
use crate::versions::{store, verify};

/// A verification with the first of what differed.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = VerificationReport)]
pub(super) struct VerificationJson {
    #[serde(flatten)]
    verification: Verification,
    n_done: i64,
    /// Finished, and every score came out the same to the last bit.
    is_clean: bool,
    faults: Vec<Fault>,
    /// `after` of the next part of the faults; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<SubmissionId>,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct FaultsQuery {
    after: Option<i64>,
}

const FAULTS: usize = 100;

async fn verification(
    app: &App,
    seen: &Seen,
    id: i64,
    after: SubmissionId,
) -> Result<Json<VerificationJson>> {
    let report = read::verification(app, seen, Some(id), (after, FAULTS)).await?;
    let VerificationReport { verification, faults, next } = report.ok_or(AppError::NotFound)?;
    Ok(Json(VerificationJson {
        n_done: verification.n_done(),
        is_clean: verification.is_clean(),
        verification,
        faults,
        next,
    }))
}

/// A verification in the list of them.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct VerificationLineJson {
    #[serde(flatten)]
    verification: Verification,
    n_done: i64,
    /// Finished, and every score came out the same to the last bit.
    is_clean: bool,
}

impl From<Verification> for VerificationLineJson {
    fn from(verification: Verification) -> Self {
        Self { n_done: verification.n_done(), is_clean: verification.is_clean(), verification }
    }
}

/// Every time that all scores were computed again.
#[utoipa::path(
    get,
    path = paths::API_VERIFICATIONS,
    tag = "Rescoring",
    security(("token" = ["host"])),
    params(Keyset),
    responses((status = 200, description = "Verifications, newest first", body = Slice<VerificationLineJson>)),
)]
pub(super) async fn list_verifications(
    State(app): State<App>,
    Path(slug): Path<String>,
    ApiQuery(keyset): ApiQuery<Keyset>,
    caller: ApiMember,
) -> Result<Slice<VerificationLineJson>> {
    let (_, seen) = as_host(&app, &slug, caller).await?;
    let mut conn = app.db.acquire().await?;
    let id = seen.competition.id;
    let found = store::verifications(&mut conn, id, keyset.before(), keyset.fetched()).await?;
    Ok(keyset.slice(found, |verification| verification.id).map(VerificationLineJson::from))
}

/// Compute every score again and compare.
#[utoipa::path(
    post,
    path = paths::API_VERIFICATIONS,
    operation_id = "begin_verification",
    tag = "Rescoring",
    security(("token" = ["host"])),
    responses((status = 202, description = "The verification, which has begun", body = VerificationJson)),
)]
pub(super) async fn post_verification(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
) -> Result<(StatusCode, Json<VerificationJson>)> {
    let (host, seen) = as_host(&app, &slug, caller).await?;
    let id = verify::ask(&app, &host, &seen).await?;
    Ok((StatusCode::ACCEPTED, verification(&app, &seen, id, SubmissionId(0)).await?))
}

/// What a verification found so far.
#[utoipa::path(
    get,
    path = paths::API_VERIFICATION,
    tag = "Rescoring",
    security(("token" = ["host"])),
    params(FaultsQuery),
    responses((status = 200, description = "The verification", body = VerificationJson)),
)]
pub(super) async fn show_verification(
    State(app): State<App>,
    Path((slug, id)): Path<(String, i64)>,
    ApiQuery(query): ApiQuery<FaultsQuery>,
    caller: ApiMember,
) -> Result<(NextPart, Json<VerificationJson>)> {
    let (_, seen) = as_host(&app, &slug, caller).await?;
    let found = verification(&app, &seen, id, SubmissionId(query.after.unwrap_or(0))).await?;
    Ok((NextPart::new("after", found.next.as_ref()), found))
}
