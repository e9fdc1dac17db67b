//! A competition's front page and the pages its host wrote.

use std::sync::Arc;

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DateTime, Utc};

use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::access::{self, Seen, Terms};
use crate::competitions::frame::{Frame, Tab};
use crate::competitions::history::{self, RulesMoved};
use crate::competitions::model::{Competition, Phase};
use crate::competitions::store::judging::{self, AuditStatement};
use crate::competitions::store::texts::PageLink;
use crate::competitions::texts::{self, DATA, OVERVIEW, Shown};
use crate::error::{AppError, Result};
use crate::paths;
use crate::web::format;
use crate::web::routing::{form, get};
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::COMPETITION, get(show_overview))
        .route(paths::COMPETITION_PAGE, get(show_text))
        .route(paths::INVITATION, form(show_invitation, post_invitation))
}

#[derive(Template, WebTemplate)]
#[template(path = "competitions/text.html")]
pub struct TextPageView {
    pub shell: Shell,
    pub frame: Frame,
    pub shown: Arc<Shown>,
    /// Slug of the page shown.
    pub current: String,
    /// Of the metric's audit, beside the rules.
    pub statement: Option<AuditStatement>,
    /// On the rules, for whoever accepted others.
    pub rules_moved: Option<RulesMoved>,
}

impl TextPageView {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Overview),
            shown: Arc::new(Shown::sample()),
            current: OVERVIEW.to_owned(),
            statement: Some(AuditStatement::sample()),
            rules_moved: Some(RulesMoved {
                accepted_at: DateTime::UNIX_EPOCH,
                edited_at: DateTime::UNIX_EPOCH,
                from: 1,
                to: 2,
            }),
        }
    }

    /// Pages of the menu; the data page has a tab of its own.
    pub fn menu(&self) -> impl Iterator<Item = &PageLink> {
        self.shown.links.iter().filter(|link| link.slug != DATA)
    }

    /// Whether the page said something else before, as far as the viewer may read it.
    pub fn was_changed(&self) -> bool {
        let since_launch = |edited_at: DateTime<Utc>| {
            self.frame.competition.launched_at.is_none_or(|launched_at| edited_at > launched_at)
        };
        self.shown.newest_version.is_some_and(|(number, edited_at)| {
            number > 1 && (self.frame.standing.is_host || since_launch(edited_at))
        })
    }

    /// Whether a page names the winners.
    pub fn has_winners(&self) -> bool {
        self.shown.has_winners && self.frame.phase == Phase::Final
    }

    pub fn address(&self, link: &PageLink) -> String {
        if link.slug == OVERVIEW {
            paths::competition(self.frame.slug())
        } else {
            paths::competition_page(self.frame.slug(), &link.slug)
        }
    }

    /// Beside the rules, where every row is public.
    pub fn tells_of_all_public(&self) -> bool {
        self.current == access::RULES && self.frame.competition.is_all_public
    }

    /// Beside the rules, where the board does not show everybody's names and scores.
    pub fn tells_of_veil(&self) -> bool {
        self.current == access::RULES && self.frame.competition.is_veiled()
    }

    /// Beside the rules, where the public board is a Ladder.
    pub fn tells_of_ladder(&self) -> bool {
        self.current == access::RULES && self.frame.competition.is_ladder()
    }

    pub fn is_current(&self, link: &PageLink) -> &'static str {
        if link.slug == self.current { "page" } else { "false" }
    }
}

async fn show_overview(
    State(app): State<App>,
    Path(slug): Path<String>,
    shell: Shell,
) -> Result<TextPageView> {
    text_page(&app, &slug, OVERVIEW, shell).await
}

async fn show_text(
    State(app): State<App>,
    Path((slug, page)): Path<(String, String)>,
    shell: Shell,
) -> Result<Response> {
    match page.as_str() {
        OVERVIEW => Ok(Redirect::permanent(&paths::competition(&slug)).into_response()),
        DATA => Ok(Redirect::permanent(&paths::data(&slug)).into_response()),
        _ => Ok(text_page(&app, &slug, &page, shell).await?.into_response()),
    }
}

async fn text_page(app: &App, slug: &str, page: &str, shell: Shell) -> Result<TextPageView> {
    let seen = access::see(app, slug, shell.viewer.as_ref()).await?;
    let shown = texts::shown(app, &seen.competition, page).await?;
    if shown.text.is_none() && page != OVERVIEW {
        return Err(AppError::NotFound);
    }
    let (statement, rules_moved) = match page {
        access::RULES => beside_rules(app, &seen, shell.viewer.as_ref()).await?,
        _ => (None, None),
    };
    let frame = Frame::new(seen, Tab::Overview, shell.now);
    let current = page.to_owned();
    Ok(TextPageView { shell, frame, shown, current, statement, rules_moved })
}

async fn beside_rules(
    app: &App,
    seen: &Seen,
    viewer: Option<&Member>,
) -> Result<(Option<AuditStatement>, Option<RulesMoved>)> {
    let mut conn = app.db.acquire().await?;
    let statement = judging::audit_statement(&mut conn, seen.competition.active_version_id).await?;
    Ok((statement, history::rules_moved(&mut conn, seen, viewer).await?))
}

#[derive(Template, WebTemplate)]
#[template(path = "competitions/invitation.html")]
pub struct InvitationPage {
    pub shell: Shell,
    pub terms: Terms,
}

impl InvitationPage {
    pub fn sample() -> Self {
        Self { shell: Shell::sample(), terms: Terms { competition: Competition::sample(), rules: None } }
    }
}

async fn show_invitation(
    State(app): State<App>,
    Path((slug, secret)): Path<(String, String)>,
    shell: Shell,
) -> Result<InvitationPage> {
    shell.member()?;
    let terms = access::terms_of_invitation(&app, &slug, &secret).await?;
    Ok(InvitationPage { shell, terms })
}

async fn post_invitation(
    State(app): State<App>,
    Path((slug, secret)): Path<(String, String)>,
    shell: Shell,
) -> Result<Redirect> {
    access::accept_invitation(&app, &slug, &secret, shell.member()?).await?;
    Ok(Redirect::to(&paths::competition(&slug)))
}
