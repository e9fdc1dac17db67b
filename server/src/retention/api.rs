//! For how long what is kept, as JSON.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa_axum::router::OpenApiRouter;

use super::change::change;
use super::model::{Kept, Setting};
use super::store;
use crate::accounts::model::Scope;
use crate::api::body::ApiJson;
use crate::api::routes::routes;
use crate::api::token::ApiMember;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::paths;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_retention)).routes(routes!(change_retention))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct RetentionJson {
    /// `sessions`, `addresses`, `mails`, `deliveries`, `notifications`, `log`, `submission_files` or `uploads`.
    name: &'static str,
    /// What goes, counted from when.
    sentence: &'static str,
    /// Null: for ever.
    days: Option<i32>,
    default_days: Option<i32>,
}

impl From<Setting> for RetentionJson {
    fn from(Setting { kept, days }: Setting) -> Self {
        Self { name: kept.name(), sentence: kept.sentence(), days, default_days: kept.default_days() }
    }
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct RetentionsJson {
    items: Vec<RetentionJson>,
}

/// For how long things are kept that are not kept for ever.
#[utoipa::path(
    get,
    path = paths::API_ADMIN_RETENTION,
    tag = "Administration",
    security(("token" = ["admin"])),
    responses((status = 200, description = "Each with its time", body = RetentionsJson)),
)]
async fn list_retention(State(app): State<App>, caller: ApiMember) -> Result<Json<RetentionsJson>> {
    caller.require(Scope::Admin)?;
    let settings = store::all(&mut *app.db.acquire().await?).await?;
    Ok(Json(RetentionsJson { items: settings.into_iter().map(RetentionJson::from).collect() }))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangeRetentionJson {
    /// Null: for ever, where that is possible. Has to be said: what is left out is no answer.
    #[serde(deserialize_with = "said")]
    #[schema(required, example = 90)]
    days: Option<i32>,
}

fn said<'de, D: Deserializer<'de>>(days: D) -> Result<Option<i32>, D::Error> {
    Option::deserialize(days)
}

/// Change for how long one thing is kept. What was kept for longer is removed within the hour.
#[utoipa::path(
    put,
    path = paths::API_ADMIN_RETENTION_ONE,
    tag = "Administration",
    security(("token" = ["admin"])),
    request_body = ChangeRetentionJson,
    responses((status = 200, description = "As it is now", body = RetentionJson)),
)]
async fn change_retention(
    State(app): State<App>,
    Path(name): Path<String>,
    caller: ApiMember,
    body: Result<ApiJson<ChangeRetentionJson>>,
) -> Result<Json<RetentionJson>> {
    let admin = caller.with(Scope::Admin)?;
    let kept = Kept::named(&name).ok_or(AppError::NotFound)?;
    let days = body?.0.days;
    Ok(Json(change(&app, &admin, kept, days).await?.into()))
}
