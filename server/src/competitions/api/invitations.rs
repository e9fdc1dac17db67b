//! Who may see a competition that is not public, as JSON: addresses that are invited, and people who came by a link.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;

use super::hosting::as_host;
use super::{CompetitionJson, PageJson};
use crate::accounts::model::Scope;
use crate::api::body::ApiJson;
use crate::api::routes::routes;
use crate::api::token::ApiMember;
use crate::app::App;
use crate::competitions::access::{self, Seen};
use crate::competitions::emails::read_emails;
use crate::competitions::invite;
use crate::competitions::store::invitations::{self, Address, Guest};
use crate::error::Result;
use crate::paths;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(show_invitations))
        .routes(routes!(send_invitations))
        .routes(routes!(remove_invited_person))
        .routes(routes!(renew_invitation_link))
        .routes(routes!(accept_invitation))
        .routes(routes!(show_terms))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct InvitationsJson {
    visibility: String,
    /// Addresses that hosts typed.
    emails: Vec<String>,
    /// How it stands with each of them.
    addresses: Vec<InvitedAddressJson>,
    /// Who came by the link, the last one first, a thousand at most.
    people: Vec<InvitedPersonJson>,
    /// Whoever opens it may take part; `null` where there is none.
    link: Option<String>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = InvitedAddress)]
struct InvitedAddressJson {
    email: String,
    /// When its owner was told last, on the site or by a letter; `null`: not yet.
    told_at: Option<DateTime<Utc>>,
    /// Whether the account that confirmed it joined since.
    takes_part: bool,
}

impl From<Address> for InvitedAddressJson {
    fn from(Address { email, told_at, takes_part }: Address) -> Self {
        Self { email, told_at, takes_part }
    }
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = InvitedPerson)]
struct InvitedPersonJson {
    username: String,
    display_name: String,
    came_at: DateTime<Utc>,
    takes_part: bool,
}

impl From<Guest> for InvitedPersonJson {
    fn from(Guest { username, display_name, came_at, takes_part }: Guest) -> Self {
        Self { username, display_name, came_at, takes_part }
    }
}

async fn shown(app: &App, seen: &Seen) -> Result<Json<InvitationsJson>> {
    let competition = &seen.competition;
    let mut conn = app.db.acquire().await?;
    let addresses = invitations::addresses(&mut conn, competition.id).await?;
    let people = invitations::guests(&mut conn, competition.id).await?;
    let link = invite::link(app, &mut conn, competition.id, &competition.slug).await?;
    Ok(Json(InvitationsJson {
        visibility: competition.visibility.name().to_owned(),
        emails: addresses.iter().map(|one| one.email.clone()).collect(),
        addresses: addresses.into_iter().map(InvitedAddressJson::from).collect(),
        people: people.into_iter().map(InvitedPersonJson::from).collect(),
        link,
    }))
}

/// Who is invited.
///
/// Addresses are changed with the competition, as its `emails`; the owners of new ones are told.
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

#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = WhomToTell)]
struct WhomJson {
    /// Addresses that are invited; left out: all who were not told yet.
    #[schema(example = json!(["ada@example.org"]))]
    emails: Option<Vec<String>>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = InvitationsSent)]
struct SentJson {
    n_told: usize,
    /// Who has to wait for another day.
    n_waiting: usize,
}

/// Tell people that they are invited.
///
/// New addresses are told by themselves, when they are named or at the launch; this tells again, or those who had to wait. A
/// host has at most 100 sent a day, an address gets at most three a week and none twice within a day, and whoever joined
/// gets none.
#[utoipa::path(
    post,
    path = paths::API_INVITATION_LETTERS,
    tag = "Hosting",
    security(("token" = ["host"])),
    request_body = WhomJson,
    responses((status = 200, description = "How many were told", body = SentJson)),
)]
async fn send_invitations(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
    body: Result<ApiJson<WhomJson>>,
) -> Result<Json<SentJson>> {
    let (host, seen) = as_host(&app, &slug, caller).await?;
    let emails = body?.0.emails.map(|emails| read_emails(&emails.join("\n"))).transpose()?;
    let told = invite::tell_again(&app, &host, &seen, emails.as_deref()).await?;
    Ok(Json(SentJson { n_told: told.n_told, n_waiting: told.n_waiting }))
}

/// Let somebody who came by the link in no more, unless they take part.
#[utoipa::path(
    delete,
    path = paths::API_INVITED_PERSON,
    tag = "Hosting",
    security(("token" = ["host"])),
    responses((status = 204, description = "They are not on the list any more")),
)]
async fn remove_invited_person(
    State(app): State<App>,
    Path((slug, username)): Path<(String, String)>,
    caller: ApiMember,
) -> Result<StatusCode> {
    let (host, seen) = as_host(&app, &slug, caller).await?;
    invite::remove_person(&app, &host, &seen, &username).await?;
    Ok(StatusCode::NO_CONTENT)
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
    invite::renew_link(&app, &host, &seen).await?;
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
    let standing = access::standing(&app, &terms.competition.slug, Some(&member)).await?;
    let seen = Seen { competition: terms.competition, standing };
    let competition = CompetitionJson::of(&app, seen).await?;
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
