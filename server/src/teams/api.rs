//! Taking part and one's own team as JSON. Every change answers with the team as it is then.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;

use crate::accounts::model::{Member, Scope};
use crate::api::body::ApiJson;
use crate::api::routes::routes;
use crate::api::token::ApiMember;
use crate::app::App;
use crate::competitions::access;
use crate::error::{AppError, Result};
use crate::ids::{MergeRequestId, TeamId, TeamInvitationId};
use crate::paths;
use crate::teams::join::{InvitedAddress, join_as};
use crate::teams::look::{self, Look};
use crate::teams::merge::Door;
use crate::teams::model::{Happening, Invitation, Kind, Mate, MergeRequest, Team};
use crate::teams::{invite, manage, merge};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(post_join))
        .routes(routes!(show_team, patch_team))
        .routes(routes!(leave_team))
        .routes(routes!(make_team_link, remove_team_link))
        .routes(routes!(join_team))
        .routes(routes!(invite_to_team))
        .routes(routes!(withdraw_team_invitation))
        .routes(routes!(accept_team_invitation))
        .routes(routes!(decline_team_invitation))
        .routes(routes!(ask_to_merge))
        .routes(routes!(end_merge_request))
        .routes(routes!(accept_merge_request))
}

#[derive(Deserialize, utoipa::ToSchema)]
struct JoinJson {
    accept_rules: bool,
    /// Have the hosts see, beside your user name, the address by which they invited you: they bring a class's list and its results
    /// together by it. Nothing is shown of who came by a link.
    #[serde(default)]
    show_invited_address: bool,
}

#[derive(Serialize, utoipa::ToSchema)]
struct JoinedJson {
    team_id: TeamId,
    team: String,
    /// After the end: what this team sends is scored and never ranked.
    is_late: bool,
}

/// Accept the rules and take part.
#[utoipa::path(
    post,
    path = paths::API_JOIN,
    operation_id = "join_competition",
    tag = "Taking part",
    security(("token" = ["submit"])),
    request_body = JoinJson,
    responses((status = 201, description = "The caller takes part", body = JoinedJson)),
)]
async fn post_join(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
    body: Result<ApiJson<JoinJson>>,
) -> Result<(StatusCode, Json<JoinedJson>)> {
    let member = caller.with(Scope::Submit)?;
    access::see(&app, &slug, Some(&member)).await?;
    let JoinJson { accept_rules, show_invited_address } = body?.0;
    if !accept_rules {
        return Err(AppError::field("accept_rules", "Send {\"accept_rules\": true} to accept the rules."));
    }
    let joined = join_as(&app, &member, &slug, InvitedAddress::of(show_invited_address)).await?;
    let json = JoinedJson { team_id: joined.team_id, team: joined.team_name, is_late: joined.is_late };
    Ok((StatusCode::CREATED, Json(json)))
}

#[derive(Serialize, utoipa::ToSchema)]
struct TeamMemberJson {
    username: String,
    display_name: String,
    is_leader: bool,
    joined_at: DateTime<Utc>,
}

impl From<Mate> for TeamMemberJson {
    fn from(mate: Mate) -> Self {
        let Mate { username, display_name, is_leader, joined_at, .. } = mate;
        Self { username, display_name, is_leader, joined_at }
    }
}

#[derive(Serialize, utoipa::ToSchema)]
struct TeamInvitationJson {
    id: TeamInvitationId,
    team_id: TeamId,
    team: String,
    /// Who is invited.
    username: String,
    invited_by: String,
    invited_at: DateTime<Utc>,
}

impl From<Invitation> for TeamInvitationJson {
    fn from(invitation: Invitation) -> Self {
        let Invitation { id, team_id, team, username, inviter, invited_at, .. } = invitation;
        Self { id, team_id, team, username, invited_by: inviter, invited_at }
    }
}

#[derive(Serialize, utoipa::ToSchema)]
struct MergeRequestJson {
    id: MergeRequestId,
    /// Goes on, if the other accepts.
    from_team_id: TeamId,
    from_team: String,
    /// Becomes part of the first, if it accepts.
    to_team_id: TeamId,
    to_team: String,
    asked_at: DateTime<Utc>,
}

impl From<MergeRequest> for MergeRequestJson {
    fn from(request: MergeRequest) -> Self {
        let MergeRequest { id, from_team_id, from_team, to_team_id, to_team, asked_at } = request;
        Self { id, from_team_id, from_team, to_team_id, to_team, asked_at }
    }
}

#[derive(Serialize, utoipa::ToSchema)]
struct TeamEventJson {
    at: DateTime<Utc>,
    kind: Kind,
    sentence: String,
}

impl From<Happening> for TeamEventJson {
    fn from(happening: Happening) -> Self {
        Self { at: happening.at, kind: happening.kind, sentence: happening.sentence() }
    }
}

#[derive(Serialize, utoipa::ToSchema)]
struct TeamJson {
    id: TeamId,
    name: String,
    /// The leader first.
    members: Vec<TeamMemberJson>,
    /// Submissions that were neither rejected nor failed.
    n_submissions: i64,
    /// The host's reason, where the team is disqualified: it is on no board.
    #[serde(skip_serializing_if = "Option::is_none")]
    disqualified_because: Option<String>,
    /// Whom the team invites.
    invitations: Vec<TeamInvitationJson>,
    /// What it asks of other teams, and they of it.
    merge_requests: Vec<MergeRequestJson>,
    /// Address of the page by which people join; for the leader alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
    /// What happened to it and to the teams that are part of it, newest first; at most 200 events.
    history: Vec<TeamEventJson>,
}

#[derive(Serialize, utoipa::ToSchema)]
struct OwnTeamJson {
    /// Null for who takes no part.
    team: Option<TeamJson>,
    /// Teams that invite the caller.
    invitations: Vec<TeamInvitationJson>,
}

fn json(app: &App, slug: &str, look: Look) -> OwnTeamJson {
    let site = app.config.public_url.trim_end_matches('/');
    let team = look.team.map(|team: Team| TeamJson {
        id: team.id,
        name: team.name,
        members: team.mates.into_iter().map(TeamMemberJson::from).collect(),
        n_submissions: team.n_counted,
        disqualified_because: team.barred.map(|barred| barred.reason),
        invitations: team.invitations.into_iter().map(TeamInvitationJson::from).collect(),
        merge_requests: team.requests.into_iter().map(MergeRequestJson::from).collect(),
        link: team.link.map(|secret| format!("{site}{}", paths::team_join(slug, &secret))),
        history: team.history.into_iter().map(TeamEventJson::from).collect(),
    });
    OwnTeamJson { team, invitations: look.invitations.into_iter().map(TeamInvitationJson::from).collect() }
}

async fn own(app: &App, member: &Member, slug: &str) -> Result<Json<OwnTeamJson>> {
    let (_, look) = look::own(app, member, slug).await?;
    Ok(Json(json(app, slug, look)))
}

/// Lets in who may send, and sees to it that what may not be seen is not found before a body is judged.
async fn sender(app: &App, slug: &str, caller: ApiMember) -> Result<Member> {
    let member = caller.with(Scope::Submit)?;
    access::see(app, slug, Some(&member)).await?;
    Ok(member)
}

/// Your team, and who invites you.
#[utoipa::path(
    get,
    path = paths::API_TEAM,
    tag = "Teams",
    security(("token" = ["read"])),
    responses((status = 200, description = "The team as its members see it", body = OwnTeamJson)),
)]
async fn show_team(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
) -> Result<Json<OwnTeamJson>> {
    let member = caller.with(Scope::Read)?;
    own(&app, &member, &slug).await
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct PatchTeamJson {
    /// 1 to 60 characters that no other team of the competition has.
    #[schema(max_length = 60)]
    name: Option<String>,
    /// User name of the member who leads from now on.
    leader: Option<String>,
}

/// Rename your team, or hand its leadership over; for its leader.
#[utoipa::path(
    patch,
    path = paths::API_TEAM,
    tag = "Teams",
    security(("token" = ["submit"])),
    request_body = PatchTeamJson,
    responses((status = 200, description = "The team as it is now", body = OwnTeamJson)),
)]
async fn patch_team(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
    body: Result<ApiJson<PatchTeamJson>>,
) -> Result<Json<OwnTeamJson>> {
    let member = sender(&app, &slug, caller).await?;
    let ApiJson(patch) = body?;
    if let Some(name) = &patch.name {
        manage::rename(&app, &member, &slug, name).await?;
    }
    if let Some(username) = &patch.leader {
        let outcome = manage::hand_over(&app, &member, &slug, username).await;
        outcome.map_err(|error| error.renamed("username", "leader"))?;
    }
    own(&app, &member, &slug).await
}

/// Leave a team that has sent nothing, and go on alone.
#[utoipa::path(
    post,
    path = paths::API_TEAM_LEAVE,
    tag = "Teams",
    security(("token" = ["submit"])),
    responses((status = 200, description = "Your new team of one", body = OwnTeamJson)),
)]
async fn leave_team(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
) -> Result<Json<OwnTeamJson>> {
    let member = sender(&app, &slug, caller).await?;
    manage::leave(&app, &member, &slug).await?;
    own(&app, &member, &slug).await
}

/// Make a link by which people join your team; the one before stops working.
#[utoipa::path(
    put,
    path = paths::API_TEAM_LINK,
    tag = "Teams",
    security(("token" = ["submit"])),
    responses((status = 200, description = "The team with its link", body = OwnTeamJson)),
)]
async fn make_team_link(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
) -> Result<Json<OwnTeamJson>> {
    let member = sender(&app, &slug, caller).await?;
    invite::make_link(&app, &member, &slug).await?;
    own(&app, &member, &slug).await
}

/// Remove the link by which people join your team.
#[utoipa::path(
    delete,
    path = paths::API_TEAM_LINK,
    tag = "Teams",
    security(("token" = ["submit"])),
    responses((status = 204, description = "There is no link any more")),
)]
async fn remove_team_link(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
) -> Result<StatusCode> {
    let member = sender(&app, &slug, caller).await?;
    invite::remove_link(&app, &member, &slug).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct TeamLinkJson {
    /// The last part of the link's address.
    secret: String,
}

/// Join a team by its link: your team of one becomes part of it, with what it has sent.
#[utoipa::path(
    post,
    path = paths::API_TEAM_JOIN,
    tag = "Teams",
    security(("token" = ["submit"])),
    request_body = TeamLinkJson,
    responses((status = 200, description = "Your team now", body = OwnTeamJson)),
)]
async fn join_team(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
    body: Result<ApiJson<TeamLinkJson>>,
) -> Result<Json<OwnTeamJson>> {
    let member = sender(&app, &slug, caller).await?;
    let ApiJson(link) = body?;
    merge::accept_invitation(&app, &member, &slug, Door::Link(&link.secret)).await?;
    own(&app, &member, &slug).await
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct InviteJson {
    username: String,
}

/// Invite somebody into your team; for its leader. Who is invited already stays so.
#[utoipa::path(
    post,
    path = paths::API_TEAM_INVITATIONS,
    tag = "Teams",
    security(("token" = ["submit"])),
    request_body = InviteJson,
    responses((status = 200, description = "The team with its invitations", body = OwnTeamJson)),
)]
async fn invite_to_team(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
    body: Result<ApiJson<InviteJson>>,
) -> Result<Json<OwnTeamJson>> {
    let member = sender(&app, &slug, caller).await?;
    invite::invite(&app, &member, &slug, &body?.0.username).await?;
    own(&app, &member, &slug).await
}

/// Take an invitation into your team back; for its leader.
#[utoipa::path(
    delete,
    path = paths::API_TEAM_INVITATION,
    tag = "Teams",
    security(("token" = ["submit"])),
    responses((status = 204, description = "It is taken back")),
)]
async fn withdraw_team_invitation(
    State(app): State<App>,
    Path((slug, id)): Path<(String, TeamInvitationId)>,
    caller: ApiMember,
) -> Result<StatusCode> {
    let member = sender(&app, &slug, caller).await?;
    invite::withdraw(&app, &member, &slug, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Accept an invitation: your team of one becomes part of the team, with what it has sent.
#[utoipa::path(
    post,
    path = paths::API_TEAM_INVITATION_ACCEPT,
    tag = "Teams",
    security(("token" = ["submit"])),
    responses((status = 200, description = "Your team now", body = OwnTeamJson)),
)]
async fn accept_team_invitation(
    State(app): State<App>,
    Path((slug, id)): Path<(String, TeamInvitationId)>,
    caller: ApiMember,
) -> Result<Json<OwnTeamJson>> {
    let member = sender(&app, &slug, caller).await?;
    merge::accept_invitation(&app, &member, &slug, Door::Invitation(id)).await?;
    own(&app, &member, &slug).await
}

/// Decline an invitation.
#[utoipa::path(
    post,
    path = paths::API_TEAM_INVITATION_DECLINE,
    tag = "Teams",
    security(("token" = ["submit"])),
    responses((status = 204, description = "It is declined")),
)]
async fn decline_team_invitation(
    State(app): State<App>,
    Path((slug, id)): Path<(String, TeamInvitationId)>,
    caller: ApiMember,
) -> Result<StatusCode> {
    let member = sender(&app, &slug, caller).await?;
    invite::decline(&app, &member, &slug, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct AskToMergeJson {
    /// Name of the team that would become part of yours.
    team: String,
}

/// Ask another team to become part of yours; leader to leader.
#[utoipa::path(
    post,
    path = paths::API_MERGE_REQUESTS,
    tag = "Teams",
    security(("token" = ["submit"])),
    request_body = AskToMergeJson,
    responses((status = 200, description = "The team with its requests", body = OwnTeamJson)),
)]
async fn ask_to_merge(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
    body: Result<ApiJson<AskToMergeJson>>,
) -> Result<Json<OwnTeamJson>> {
    let member = sender(&app, &slug, caller).await?;
    merge::ask(&app, &member, &slug, &body?.0.team).await?;
    own(&app, &member, &slug).await
}

/// Take your team's request back, or decline another's; for leaders.
#[utoipa::path(
    delete,
    path = paths::API_MERGE_REQUEST,
    tag = "Teams",
    security(("token" = ["submit"])),
    responses((status = 204, description = "It is off the list")),
)]
async fn end_merge_request(
    State(app): State<App>,
    Path((slug, id)): Path<(String, MergeRequestId)>,
    caller: ApiMember,
) -> Result<StatusCode> {
    let member = sender(&app, &slug, caller).await?;
    merge::end_request(&app, &member, &slug, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Accept another team's request: yours becomes part of it, with all that it has sent.
#[utoipa::path(
    post,
    path = paths::API_MERGE_REQUEST_ACCEPT,
    tag = "Teams",
    security(("token" = ["submit"])),
    responses((status = 200, description = "Your team now", body = OwnTeamJson)),
)]
async fn accept_merge_request(
    State(app): State<App>,
    Path((slug, id)): Path<(String, MergeRequestId)>,
    caller: ApiMember,
) -> Result<Json<OwnTeamJson>> {
    let member = sender(&app, &slug, caller).await?;
    merge::accept_request(&app, &member, &slug, id).await?;
    own(&app, &member, &slug).await
}
