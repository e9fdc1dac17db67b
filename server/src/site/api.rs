//! The site's settings as JSON.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;

use super::change::change;
use super::model::{AskedOf, Changes, Registration, Site};
use crate::accounts::model::Scope;
use crate::api::body::ApiJson;
use crate::api::routes::routes;
use crate::api::token::{ApiMember, MaybeApiMember};
use crate::app::App;
use crate::error::Result;
use crate::paths;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show_site)).routes(routes!(change_site))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct SiteJson {
    name: String,
    /// Shown above every page; empty: none.
    notice: String,
    /// Whether anybody may register.
    open_registration: bool,
    registration: Registration,
    /// Behind the `@` of addresses that may register, where `registration` is `addresses`.
    registration_domains: Vec<String>,
    /// Whether every member may host competitions, or administrators only.
    members_may_host: bool,
    /// Of whom two-factor sign-in is asked.
    two_factors_for: AskedOf,
    /// Of the program.
    version: &'static str,
}

impl From<&Site> for SiteJson {
    fn from(site: &Site) -> Self {
        Self {
            name: site.name.clone(),
            notice: site.notice.clone(),
            open_registration: site.anybody_may_register(),
            registration: site.registration,
            registration_domains: site.registration_domains.clone(),
            members_may_host: site.members_may_host,
            two_factors_for: site.two_factors_for,
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

/// The installation: its name, and what everybody should know now.
#[utoipa::path(
    get,
    path = paths::API_SITE,
    tag = "Administration",
    security((), ("token" = ["read"])),
    responses((status = 200, description = "The site", body = SiteJson)),
)]
async fn show_site(State(app): State<App>, caller: MaybeApiMember) -> Result<Json<SiteJson>> {
    caller.reader()?;
    Ok(Json(SiteJson::from(app.site.get().as_ref())))
}

#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
struct SiteChangesJson {
    /// One line of 1 to 60 characters.
    name: Option<String>,
    /// At most 500 characters; empty: none.
    notice: Option<String>,
    /// Short for `registration`: `anybody` where true, `administrators` where false.
    open_registration: Option<bool>,
    registration: Option<Registration>,
    /// At most 50; replaces the list.
    #[schema(example = json!(["example.org"]))]
    registration_domains: Option<Vec<String>>,
    members_may_host: Option<bool>,
    two_factors_for: Option<AskedOf>,
}

/// Change the installation; what is left out stays.
#[utoipa::path(
    patch,
    path = paths::API_ADMIN_SITE,
    tag = "Administration",
    security(("token" = ["admin"])),
    request_body = SiteChangesJson,
    responses((status = 200, description = "As it is now", body = SiteJson)),
)]
async fn change_site(
    State(app): State<App>,
    caller: ApiMember,
    body: Result<ApiJson<SiteChangesJson>>,
) -> Result<Json<SiteJson>> {
    let admin = caller.with(Scope::Admin)?;
    let ApiJson(wish) = body?;
    let changes = Changes {
        name: wish.name,
        notice: wish.notice,
        registration: wish.registration.or(wish.open_registration.map(Registration::of_open)),
        registration_domains: wish.registration_domains,
        members_may_host: wish.members_may_host,
        two_factors_for: wish.two_factors_for,
    };
    Ok(Json(SiteJson::from(change(&app, &admin, changes).await?.as_ref())))
}
