//! A competition's front page and the pages its host wrote.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;

use crate::announcements;
use crate::announcements::model::Announcement;
use crate::app::App;
use crate::closing;
use crate::competitions::access::{self, Terms};
use crate::competitions::changes::Change;
use crate::competitions::frame::{Frame, Tab};
use crate::competitions::history::{self, RulesMoved};
use crate::competitions::model::{Competition, Phase};
use crate::competitions::store::changes;
use crate::competitions::store::judging::{self, AuditStatement};
use crate::competitions::store::texts::{self, PageLink, TextPage};
use crate::error::{AppError, Result};
use crate::paths;
use crate::web::format;
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::COMPETITION, get(show_overview))
        .route(paths::COMPETITION_PAGE, get(show_text))
        .route(paths::INVITATION, get(show_invitation).post(post_invitation))
}

/// The page that is a competition's front.
pub const OVERVIEW: &str = "overview";
/// Newest changes on the front; all have a page.
const CHANGES_SHOWN: i64 = 3;
/// The page shown above the data files.
pub const DATA: &str = "data";

#[derive(Template, WebTemplate)]
#[template(path = "competitions/text.html")]
pub struct TextPageView {
    pub shell: Shell,
    pub frame: Frame,
    pub links: Vec<PageLink>,
    /// Slug of the page shown.
    pub current: String,
    /// `None` where the host wrote nothing yet.
    pub text: Option<TextPage>,
    /// Of the metric's audit, beside the rules.
    pub statement: Option<AuditStatement>,
    /// Whether a page names the winners.
    pub has_winners: bool,
    /// The newest announcement, on the front.
    pub announced: Option<Announcement>,
    /// The newest, on the front.
    pub changes: Vec<Change>,
    /// On the rules, for whoever accepted others.
    pub rules_moved: Option<RulesMoved>,
}

impl TextPageView {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Overview),
            links: vec![PageLink { slug: OVERVIEW.to_owned(), title: "Overview".to_owned() }],
            current: OVERVIEW.to_owned(),
            text: Some(TextPage {
                slug: OVERVIEW.to_owned(),
                title: "Overview".to_owned(),
                position: 1,
                markdown: "Hello".to_owned(),
                html: "<p>Hello</p>".to_owned(),
                is_proposed: false,
                updated_at: chrono::DateTime::UNIX_EPOCH,
            }),
            statement: Some(AuditStatement::sample()),
            has_winners: true,
            announced: Some(Announcement::sample()),
            changes: vec![Change::sample()],
            rules_moved: Some(RulesMoved {
                accepted_at: chrono::DateTime::UNIX_EPOCH,
                edited_at: chrono::DateTime::UNIX_EPOCH,
                from: 1,
                to: 2,
            }),
        }
    }

    /// Pages of the menu; the data page has a tab of its own.
    pub fn menu(&self) -> impl Iterator<Item = &PageLink> {
        self.links.iter().filter(|link| link.slug != DATA)
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
    let mut conn = app.db.acquire().await?;
    let (links, text) = texts::shown(&mut conn, seen.competition.id, page).await?;
    let statement = match page {
        access::RULES => judging::audit_statement(&mut conn, seen.competition.active_version_id).await?,
        _ => None,
    };
    let is_over = seen.competition.phase(shell.now) == Phase::Final;
    let has_winners = is_over && closing::store::find(&mut conn, seen.competition.id).await?.is_some();
    let id = seen.competition.id;
    let (announced, changes) = match page {
        OVERVIEW => (
            announcements::store::list(&mut conn, id, i64::MAX, 1).await?.pop(),
            changes::list(&mut conn, id, i64::MAX, CHANGES_SHOWN).await?,
        ),
        _ => (None, Vec::new()),
    };
    let rules_moved = match page {
        access::RULES => history::rules_moved(&mut conn, &seen, shell.viewer.as_ref()).await?,
        _ => None,
    };
    drop(conn);
    if text.is_none() && page != OVERVIEW {
        return Err(AppError::NotFound);
    }
    let frame = Frame::new(seen, Tab::Overview, shell.now);
    let current = page.to_owned();
    Ok(TextPageView {
        shell,
        frame,
        links,
        current,
        text,
        statement,
        has_winners,
        announced,
        changes,
        rules_moved,
    })
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
