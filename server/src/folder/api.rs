//! A competition in the form of its folder, as JSON.

use axum::Json;
use axum::extract::{Path, State};
use utoipa_axum::router::OpenApiRouter;

use super::snapshot::{Snapshot, snapshot};
use crate::api::routes::routes;
use crate::api::token::ApiMember;
use crate::app::App;
use crate::competitions::api::as_host;
use crate::error::Result;
use crate::paths;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show_folder))
}

/// Everything of a competition that a folder holds.
///
/// Pages that Holdout proposed are left out, and so are the labels, which no server can read.
#[utoipa::path(
    get,
    path = paths::API_FOLDER,
    tag = "Hosting",
    security(("token" = ["host"])),
    responses((status = 200, description = "The competition as a folder holds it", body = Snapshot)),
)]
async fn show_folder(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
) -> Result<Json<Snapshot>> {
    let (_, seen) = as_host(&app, &slug, caller).await?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    Ok(Json(snapshot(&mut tx, seen.competition, now).await?))
}
