//! Who may see a competition that is not public, as JSON: people invited by name, and a link.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::hosting::as_host;
use super::{CompetitionJson, PageJson};
use crate::accounts::model::Scope;
use crate::api::body::ApiJson;
use crate::api::token::ApiMember;
use crate::app::App;
use crate::competitions::access::{self, Seen};
use crate::competitions::{edit, store};
use crate::error::Result;
use crate::paths;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(show_invitations))
        .routes(routes!(renew_invitation_link))
        .routes(routes!(accept_invitation))
        .routes(routes!(show_terms))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct InvitationsJson {
    visibility: String,
    /// Who is invited by name.
    emails: Vec<String>,
    /// Whoever opens it may take part; `null` where there is none.
    link: Option<String>,
}

async fn shown(app: &App, seen: &Seen) -> Result<Json<InvitationsJson>> {
    let competition = &seen.competition;
    let mut conn = app.db.acquire().await?;
    let emails = store::drafts::invited(&mut conn, competition.id).await?;
    let secret = store::drafts::invite_secret(&mut conn, competition.id).await?;
    let address = |secret: String| paths::invitation(&competition.slug, &secret);
    let link = secret.map(|secret| format!("{}{}", app.config.public_url, address(secret)));
    Ok(Json(InvitationsJson { visibility: competition.visibility.name().to_owned(), emails, link }))
}

/// Who is invited.
///
/// Names are changed with the competition, as its `emails`.
#[utoipa::path(
    get,
    path = paths::API_INVITATIONS,
    tag = "Hosting",
    security(("token" = ["host"])),
    responses((status = 200, description = "The invitations", body = InvitationsJson)),
)]
async fn show_invitations(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
) -> Result<Json<InvitationsJson>> {
    let (_, seen) = as_host(&app, &slug, caller).await?;
    shown(&app, &seen).await
}

/// Make a new invitation link. The old one no longer works.
#[utoipa::path(
    post,
    path = paths::API_INVITATION_LINK,
    tag = "Hosting",
    security(("token" = ["host"])),
    responses((status = 201, description = "The invitations, with the new link", body = InvitationsJson)),
)]
async fn renew_invitation_link(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
) -> Result<(StatusCode, Json<InvitationsJson>)> {
    let (host, seen) = as_host(&app, &slug, caller).await?;
    edit::renew_link(&app, &host, &seen).await?;
    Ok((StatusCode::CREATED, shown(&app, &seen).await?))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = InvitationTerms)]
struct TermsJson {
    competition: CompetitionJson,
    /// `null` where the host wrote none of their own.
    rules: Option<PageJson>,
}

/// What an invitation is to: times, limits and rules, before it is accepted.
#[utoipa::path(
    get,
    path = paths::API_INVITATION_TERMS,
    operation_id = "show_invitation_terms",
    tag = "Taking part",
    security(("token" = ["read"])),
    responses((status = 200, description = "The terms", body = TermsJson)),
)]
async fn show_terms(
    State(app): State<App>,
    Path((slug, secret)): Path<(String, String)>,
    caller: ApiMember,
) -> Result<Json<TermsJson>> {
    let member = caller.with(Scope::Read)?;
    let terms = access::terms_of_invitation(&app, &slug, &secret).await?;
    let id = terms.competition.id;
    let standing = store::standing(&mut *app.db.acquire().await?, id, &member).await?;
    let seen = Seen { competition: terms.competition, standing };
    let competition = CompetitionJson::new(seen, app.clock.now());
    Ok(Json(TermsJson { competition, rules: terms.rules.map(PageJson::from) }))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct AcceptJson {
    /// The last part of the invitation link.
    #[schema(example = "5f0c4d1e93f64b5c8a440d2a4f0e7b11")]
    secret: String,
}

/// Accept an invitation, by the secret of its link. From then on the caller sees the competition.
#[utoipa::path(
    post,
    path = paths::API_INVITATION_ACCEPT,
    tag = "Taking part",
    security(("token" = ["submit"])),
    request_body = AcceptJson,
    responses((status = 204, description = "The caller may see and join the competition")),
)]
async fn accept_invitation(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
    body: Result<ApiJson<AcceptJson>>,
) -> Result<StatusCode> {
    let member = caller.with(Scope::Submit)?;
    access::accept_invitation(&app, &slug, &body?.0.secret, &member).await?;
    Ok(StatusCode::NO_CONTENT)
}
