//! The pages of teams: taking part, one's own team, and what a link to a team leads to.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Form, Router};
use serde::Deserialize;

use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::access;
use crate::competitions::frame::{Frame, Tab};
use crate::competitions::store::invitations;
use crate::competitions::store::judging::{self, AuditStatement};
use crate::competitions::store::texts::{self, TextPage};
use crate::error::{AppError, Result};
use crate::ids::{MergeRequestId, TeamInvitationId};
use crate::leaderboard::model::View;
use crate::leaderboard::read;
use crate::leaderboard::sight::BoardSight;
use crate::paths;
use crate::teams::join::{InvitedAddress, hindrance, join_as};
use crate::teams::look::{self, Look};
use crate::teams::merge::Door;
use crate::teams::model::{Invitation, MergeRequest, NAME_LIMIT, Team};
use crate::teams::store::show::{self, Linked};
use crate::teams::{invite, manage, merge};
use crate::web::extract::SignedIn;
use crate::web::format;
use crate::web::forms::{Mistake, mistake, redirect_saying, show_again};
use crate::web::routing::{form, get, post};
use crate::web::shell::Shell;
use crate::write_ups::read::{Desk, desk};

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::JOIN, form(show_join, post_join))
        .route(paths::TEAM, get(show_team))
        .route(paths::TEAM_RENAME, post(post_rename))
        .route(paths::TEAM_LEADER, post(post_leader))
        .route(paths::TEAM_LEAVE, post(post_leave))
        .route(paths::TEAM_INVITE, post(post_invite))
        .route(paths::TEAM_INVITATION_ACCEPT, post(post_accept))
        .route(paths::TEAM_INVITATION_DECLINE, post(post_decline))
        .route(paths::TEAM_INVITATION_WITHDRAW, post(post_withdraw))
        .route(paths::TEAM_LINK, post(post_link))
        .route(paths::TEAM_LINK_REMOVE, post(post_remove_link))
        .route(paths::TEAM_JOIN, form(show_link, post_join_by_link))
        .route(paths::TEAM_MERGE, post(post_ask))
        .route(paths::TEAM_MERGE_ACCEPT, post(post_accept_merge))
        .route(paths::TEAM_MERGE_END, post(post_end_merge))
}

#[derive(Template, WebTemplate)]
#[template(path = "teams/join.html")]
pub struct JoinPage {
    pub shell: Shell,
    pub frame: Frame,
    pub rules: Option<TextPage>,
    /// Of the metric's audit, beside the rules.
    pub statement: Option<AuditStatement>,
    /// Why nobody can join now; empty when one can.
    pub hindrance: String,
    /// The viewer's address, where a host invited it.
    pub invited_as: Option<String>,
}

impl JoinPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Submit),
            rules: None,
            statement: Some(AuditStatement::sample()),
            hindrance: String::new(),
            invited_as: Some("ada@people.test".to_owned()),
        }
    }

    pub fn is_late(&self) -> bool {
        self.frame.competition.ended(self.shell.now).is_some()
    }
}

async fn show_join(
    State(app): State<App>,
    Path(slug): Path<String>,
    SignedIn(member): SignedIn,
    shell: Shell,
) -> Result<Response> {
    let seen = access::see(&app, &slug, Some(&member)).await?;
    if seen.standing.team_id.is_some() {
        return Ok(Redirect::to(&paths::submit(&slug)).into_response());
    }
    let mut conn = app.db.acquire().await?;
    let rules = texts::find(&mut conn, seen.competition.id, access::RULES).await?;
    let statement = judging::audit_statement(&mut conn, seen.competition.active_version_id).await?;
    let invited_as = invitations::invited_as(&mut conn, seen.competition.id, member.id).await?;
    drop(conn);
    let hindrance = hindrance(&seen, shell.now).unwrap_or_default();
    let frame = Frame::new(seen, Tab::Submit, shell.now);
    Ok(JoinPage { shell, frame, rules, statement, hindrance, invited_as }.into_response())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct JoinForm {
    show_invited_address: Option<String>,
}

async fn post_join(
    State(app): State<App>,
    Path(slug): Path<String>,
    SignedIn(member): SignedIn,
    Form(form): Form<JoinForm>,
) -> Result<Response> {
    let address = InvitedAddress::of(form.show_invited_address.is_some());
    let joined = join_as(&app, &member, &slug, address).await?;
    let sentence = if joined.is_late {
        format!(
            "You take part as “{}”. The competition is over: submissions are scored but not ranked.",
            joined.team_name
        )
    } else {
        format!(
            "You take part as “{}”. Here is the data; send your predictions on the Submit page. Good luck!",
            joined.team_name
        )
    };
    let target = match look::own(&app, &member, &slug).await?.1.invitations.is_empty() {
        true => paths::data(&slug),
        false => paths::team(&slug),
    };
    Ok(redirect_saying(&target, &sentence))
}

#[derive(Template, WebTemplate)]
#[template(path = "teams/team.html")]
pub struct TeamPage {
    pub shell: Shell,
    pub frame: Frame,
    pub look: Look,
    pub mistake: Mistake,
    /// What was typed into the form that came back.
    pub typed: String,
    /// The installation's own address, for the link.
    pub site: String,
    /// The team is on the final board.
    pub is_ranked: bool,
    /// After the end.
    pub write_ups: Option<Desk>,
}

impl TeamPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Team),
            look: Look { team: Some(Team::sample()), invitations: vec![Invitation::sample()] },
            mistake: Mistake::none(),
            typed: String::new(),
            site: "https://holdout.example".to_owned(),
            is_ranked: true,
            write_ups: Some(Desk::sample()),
        }
    }

    pub fn is_leader(&self) -> bool {
        let viewer = self.shell.viewer.as_ref();
        viewer.zip(self.look.team.as_ref()).is_some_and(|(viewer, team)| team.is_led_by(viewer.id))
    }

    /// Whether people may still come and teams merge.
    pub fn is_growing(&self) -> bool {
        let now = self.shell.now;
        let deadline = self.frame.competition.merger_deadline_at;
        !self.has_ended() && deadline.is_none_or(|deadline| now < deadline)
    }

    pub fn has_ended(&self) -> bool {
        self.frame.competition.ended(self.shell.now).is_some()
    }

    /// Requests of other teams.
    pub fn asked(&self) -> Vec<&MergeRequest> {
        self.requests(|request, team| request.to_team_id == team.id)
    }

    /// Requests of this team.
    pub fn asking(&self) -> Vec<&MergeRequest> {
        self.requests(|request, team| request.from_team_id == team.id)
    }

    fn requests(&self, is_wanted: impl Fn(&MergeRequest, &Team) -> bool) -> Vec<&MergeRequest> {
        let team = self.look.team.as_ref();
        team.into_iter()
            .flat_map(|team| {
                team.requests.iter().filter(|request| is_wanted(request, team)).collect::<Vec<_>>()
            })
            .collect()
    }

    /// What was typed where the mistake is; empty elsewhere.
    pub fn typed_into(&self, field: &str) -> &str {
        if self.mistake.of(field).is_empty() { "" } else { &self.typed }
    }

    pub fn name_limit(&self) -> usize {
        NAME_LIMIT
    }
}

async fn show_team(
    State(app): State<App>,
    Path(slug): Path<String>,
    SignedIn(member): SignedIn,
    shell: Shell,
) -> Result<TeamPage> {
    team_page(&app, &slug, &member, shell, Mistake::none(), String::new()).await
}

async fn team_page(
    app: &App,
    slug: &str,
    member: &Member,
    shell: Shell,
    mistake: Mistake,
    typed: String,
) -> Result<TeamPage> {
    let (seen, look) = look::own(app, member, slug).await?;
    let view = View::choose(&seen.competition, shell.now, false);
    let is_ranked = match seen.standing.team_id.filter(|_| view.is_private()) {
        Some(team) => {
            let sight = BoardSight::of_own_row(team);
            read::kept_own_row(app, &seen.competition, view, &sight).await?.is_some()
        }
        None => false,
    };
    let write_ups = desk(app, &seen).await?;
    let frame = Frame::new(seen, Tab::Team, shell.now);
    let site = app.config.public_url.trim_end_matches('/').to_owned();
    Ok(TeamPage { shell, frame, look, mistake, typed, site, is_ranked, write_ups })
}

/// Somebody at a form of the team's page.
pub(crate) struct Sender {
    pub(crate) app: App,
    pub(crate) slug: String,
    pub(crate) member: Member,
    shell: Shell,
    typed: String,
}

impl Sender {
    /// Who typed this into the form, and finds it there again when it is wrong.
    fn who_typed(self, text: String) -> Self {
        Self { typed: text, ..self }
    }

    /// Back to the page: with a sentence when it is done, with the reason when it was refused.
    pub(crate) async fn answer<T>(
        self,
        outcome: Result<T>,
        done: impl FnOnce(T) -> String,
    ) -> Result<Response> {
        match mistake(outcome)? {
            Ok(value) => {
                let target = paths::team(&self.slug);
                Ok(redirect_saying(&target, &done(value)))
            }
            Err(mistake) => {
                let page =
                    team_page(&self.app, &self.slug, &self.member, self.shell, mistake, self.typed).await?;
                Ok(show_again(page))
            }
        }
    }
}

impl axum::extract::FromRequestParts<App> for Sender {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, app: &App) -> Result<Self> {
        #[derive(Deserialize)]
        struct Slug {
            slug: String,
        }
        let Path(Slug { slug }) =
            Path::<Slug>::from_request_parts(parts, app).await.map_err(|_| AppError::NotFound)?;
        let SignedIn(member) = SignedIn::from_request_parts(parts, app).await?;
        let shell = Shell::from_request_parts(parts, app).await?;
        Ok(Self { app: app.clone(), slug, member, shell, typed: String::new() })
    }
}

#[derive(Debug, Default, Deserialize)]
struct NameForm {
    #[serde(default)]
    name: String,
}

#[derive(Debug, Default, Deserialize)]
struct PersonForm {
    #[serde(default)]
    username: String,
}

#[derive(Debug, Default, Deserialize)]
struct TeamForm {
    #[serde(default)]
    team: String,
}

async fn post_rename(sender: Sender, Form(form): Form<NameForm>) -> Result<Response> {
    let outcome = manage::rename(&sender.app, &sender.member, &sender.slug, &form.name).await;
    sender.who_typed(form.name).answer(outcome, |()| "The team has been renamed.".to_owned()).await
}

async fn post_leader(sender: Sender, Form(form): Form<PersonForm>) -> Result<Response> {
    let outcome = manage::hand_over(&sender.app, &sender.member, &sender.slug, &form.username).await;
    let outcome = outcome.map_err(|error| error.renamed("username", "leader"));
    sender.answer(outcome, |()| "The team has a new leader.".to_owned()).await
}

async fn post_leave(sender: Sender) -> Result<Response> {
    let outcome = manage::leave(&sender.app, &sender.member, &sender.slug).await;
    sender.answer(outcome, |own| format!("You left the team. You now take part as “{own}”.")).await
}

async fn post_invite(sender: Sender, Form(form): Form<PersonForm>) -> Result<Response> {
    let outcome = invite::invite(&sender.app, &sender.member, &sender.slug, &form.username).await;
    let done = format!("{} is invited.", form.username.trim());
    sender.who_typed(form.username).answer(outcome, |()| done).await
}

async fn post_accept(sender: Sender, Path((_, id)): Path<(String, TeamInvitationId)>) -> Result<Response> {
    let door = Door::Invitation(id);
    let outcome = merge::accept_invitation(&sender.app, &sender.member, &sender.slug, door).await;
    sender.answer(outcome, |()| "You are in the team.".to_owned()).await
}

async fn post_decline(sender: Sender, Path((_, id)): Path<(String, TeamInvitationId)>) -> Result<Response> {
    let outcome = invite::decline(&sender.app, &sender.member, &sender.slug, id).await;
    sender.answer(outcome, |()| "The invitation has been declined.".to_owned()).await
}

async fn post_withdraw(sender: Sender, Path((_, id)): Path<(String, TeamInvitationId)>) -> Result<Response> {
    let outcome = invite::withdraw(&sender.app, &sender.member, &sender.slug, id).await;
    sender.answer(outcome, |()| "The invitation has been taken back.".to_owned()).await
}

async fn post_link(sender: Sender) -> Result<Response> {
    let outcome = invite::make_link(&sender.app, &sender.member, &sender.slug).await;
    sender.answer(outcome, |_| "A new link has been created.".to_owned()).await
}

async fn post_remove_link(sender: Sender) -> Result<Response> {
    let outcome = invite::remove_link(&sender.app, &sender.member, &sender.slug).await;
    sender.answer(outcome, |()| "The link has been removed.".to_owned()).await
}

async fn post_ask(sender: Sender, Form(form): Form<TeamForm>) -> Result<Response> {
    let outcome = merge::ask(&sender.app, &sender.member, &sender.slug, &form.team).await;
    let done = format!("“{}” was asked.", form.team.trim());
    sender.who_typed(form.team).answer(outcome, |_| done).await
}

async fn post_accept_merge(
    sender: Sender,
    Path((_, id)): Path<(String, MergeRequestId)>,
) -> Result<Response> {
    let outcome = merge::accept_request(&sender.app, &sender.member, &sender.slug, id).await;
    sender.answer(outcome, |()| "The two teams have been merged.".to_owned()).await
}

async fn post_end_merge(sender: Sender, Path((_, id)): Path<(String, MergeRequestId)>) -> Result<Response> {
    let outcome = merge::end_request(&sender.app, &sender.member, &sender.slug, id).await;
    sender.answer(outcome, |()| "The request has been removed.".to_owned()).await
}

#[derive(Template, WebTemplate)]
#[template(path = "teams/link.html")]
pub struct LinkPage {
    pub shell: Shell,
    pub frame: Frame,
    pub linked: Linked,
    pub secret: String,
}

impl LinkPage {
    pub fn sample() -> Self {
        let linked = Linked {
            team_id: crate::ids::TeamId(1),
            team: "Difference Engine".to_owned(),
            leader: "Ada Lovelace".to_owned(),
            made_at: chrono::DateTime::UNIX_EPOCH,
        };
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Team),
            linked,
            secret: "0123456789abcdef0123".to_owned(),
        }
    }

    /// Whether the viewer may take the way in, as far as this page can tell.
    pub fn takes_part(&self) -> bool {
        self.frame.standing.team_id.is_some()
    }
}

async fn show_link(
    State(app): State<App>,
    Path((slug, secret)): Path<(String, String)>,
    SignedIn(member): SignedIn,
    shell: Shell,
) -> Result<Response> {
    let seen = access::see(&app, &slug, Some(&member)).await?;
    let linked = show::by_link(&mut *app.db.acquire().await?, seen.competition.id, &secret).await?;
    let linked = linked.ok_or(AppError::NotFound)?;
    if seen.standing.team_id == Some(linked.team_id) {
        return Ok(Redirect::to(&paths::team(&slug)).into_response());
    }
    let frame = Frame::new(seen, Tab::Team, shell.now);
    Ok(LinkPage { shell, frame, linked, secret }.into_response())
}

async fn post_join_by_link(sender: Sender, Path((_, secret)): Path<(String, String)>) -> Result<Response> {
    let door = Door::Link(&secret);
    let outcome = merge::accept_invitation(&sender.app, &sender.member, &sender.slug, door).await;
    sender.answer(outcome, |()| "You are in the team.".to_owned()).await
}
