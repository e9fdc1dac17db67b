//! Archives over the API: a competition given out, and one taken in.

use axum::Json;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;

use super::export::{self, Wish};
use super::import::{self, ARCHIVE_LIMIT_BYTES};
use super::model::Imported;
use crate::api::query::ApiQuery;
use crate::api::routes::routes;
use crate::api::token::ApiMember;
use crate::app::App;
use crate::competitions::api::as_host;
use crate::error::Result;
use crate::paths;
use crate::uploads::model::Purpose;
use crate::uploads::spend::{self, UploadRef};
use crate::web::upload;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(send_archive, put_archive)).layer(DefaultBodyLimit::disable())
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
struct ExportQuery {
    /// Data files too.
    data: bool,
    /// The files that participants sent: for hosts whose rules say that they may have them. It goes on record.
    submission_files: bool,
    /// The solution as it is stored: sealed, so that only this installation's scorers can open it. It goes on record.
    sealed_solution: bool,
}

impl Default for ExportQuery {
    fn default() -> Self {
        Self { data: true, submission_files: false, sealed_solution: false }
    }
}

/// The whole competition as one archive, which another installation imports.
///
/// Settings, pages, data and metric as a folder; teams, submissions with their scores, boards, the forum. No
/// label and no address of a person is in it. Private scores are in it after the end.
#[utoipa::path(
    get,
    path = paths::API_ARCHIVE,
    operation_id = "export_competition",
    tag = "Hosting",
    security(("token" = ["host"])),
    params(ExportQuery),
    responses((status = 200, description = "The archive", body = Vec<u8>, content_type = "application/zip")),
)]
async fn send_archive(
    State(app): State<App>,
    Path(slug): Path<String>,
    ApiQuery(query): ApiQuery<ExportQuery>,
    caller: ApiMember,
) -> Result<Response> {
    let (host, seen) = as_host(&app, &slug, caller).await?;
    let ExportQuery { data, submission_files, sealed_solution } = query;
    export::export(&app, &host, seen, Wish { data, submission_files, sealed_solution }).await
}

/// Fill a draft with the teams, submissions and forum of an archive.
///
/// Settings, pages, data and metric are set as those of any draft, as `holdout host import` does. Submissions
/// wait until the draft has its solution and is launched; every score is computed anew. People are recognised by
/// their user names where an administrator imports; for everybody else marked accounts are made.
#[utoipa::path(
    put,
    path = paths::API_ARCHIVE,
    operation_id = "import_competition",
    tag = "Hosting",
    security(("token" = ["host"])),
    request_body(content(([u8] = "application/octet-stream"), (UploadRef = "application/json")), description = "The archive; or the id of an upload that is whole"),
    responses((status = 200, description = "What came in", body = Imported), (status = 409, description = "The upload was used before")),
)]
async fn put_archive(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Imported>> {
    let (host, seen) = as_host(&app, &slug, caller).await?;
    let id = seen.competition.id;
    let arrived = if spend::is_named(&headers) {
        let named: UploadRef = spend::read_named(body).await?;
        spend::ready(&app, &host, named.upload, Purpose::Archive, id).await?.arrived
    } else {
        let sink = app.files.create("archives", id.0).await?;
        upload::receive_body(body, ARCHIVE_LIMIT_BYTES, sink).await?.1.into()
    };
    Ok(Json(import::import(&app, &host, &seen, arrived).await?))
}
