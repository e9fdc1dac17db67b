//! The host's side: a page a step, with a check list of what is done and what is missing.

pub mod audit;
pub mod files;
pub mod hosts;
pub mod launch;
pub mod metric;
pub mod settings;
pub mod table;
pub mod texts;
pub mod visibility;

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::{Form, Router};
use serde::Deserialize;

use crate::app::App;
use crate::competitions::access::{self, Seen};
use crate::competitions::frame::{Frame, Tab};
use crate::competitions::model::Phase;
use crate::competitions::setup::{self, Draft, Hindrance, Step, StepState};
use crate::competitions::{discard, unlaunch};
use crate::error::{AppError, Result};
use crate::paths;
use crate::ranks::outlook::{Outlook, outlook};
use crate::web::forms::{Mistake, mistake, redirect_saying, show_again};
use crate::web::routing::{get, post};
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::HOST, get(show_host))
        .route(paths::HOST_DISCARD, post(post_discard))
        .route(paths::HOST_UNLAUNCH, post(post_unlaunch))
        .merge(settings::router())
        .merge(visibility::router())
        .merge(hosts::router())
        .merge(texts::router())
        .merge(files::router())
        .merge(metric::router())
        .merge(audit::router())
        .merge(table::router())
        .merge(launch::router())
}

/// What surrounds every step; given to its page as the field `setup`.
#[derive(Debug, Clone)]
pub struct Setup {
    pub slug: String,
    pub steps: Vec<StepState>,
    /// `None` on the host's front page.
    pub current: Option<Step>,
    pub is_launched: bool,
}

impl Setup {
    fn new(seen: &Seen, draft: &Draft, current: Option<Step>) -> Self {
        Self {
            slug: seen.competition.slug.clone(),
            steps: setup::checklist(&seen.competition, draft),
            current,
            is_launched: seen.competition.launched_at.is_some(),
        }
    }

    pub fn address(&self, step: &Step) -> String {
        paths::host_step(&self.slug, step.name())
    }

    /// The address of a step by its name.
    pub fn step(&self, name: &str) -> String {
        paths::host_step(&self.slug, name)
    }

    /// `aria-current` of a step.
    pub fn is_current(&self, step: &Step) -> &'static str {
        if self.current == Some(*step) { "step" } else { "false" }
    }

    pub fn n_done(&self) -> usize {
        self.steps.iter().filter(|state| state.is_done).count()
    }

    pub fn sample(current: Option<Step>) -> Self {
        let frame = Frame::sample(Tab::Host);
        let seen = Seen { competition: frame.competition, standing: frame.standing };
        Self { is_launched: false, ..Self::new(&seen, &Draft::sample(), current) }
    }
}

/// A step's page before its own content is known.
pub struct Opened {
    pub seen: Seen,
    pub draft: Draft,
    pub setup: Setup,
}

impl Opened {
    pub fn frame(&self, shell: &Shell) -> Frame {
        Frame::new(self.seen.clone(), Tab::Host, shell.now)
    }
}

/// Opens a step for a host.
///
/// # Errors
/// [`crate::error::AppError::NotFound`] for everybody else.
pub async fn open(app: &App, slug: &str, shell: &Shell, step: Option<Step>) -> Result<Opened> {
    shell.member()?;
    let seen = access::see_as_host(app, slug, shell.viewer.as_ref()).await?;
    let mut conn = app.db.acquire().await?;
    let draft = setup::load(&mut conn, &seen.competition).await?;
    let setup = Setup::new(&seen, &draft, step);
    Ok(Opened { seen, draft, setup })
}

/// Back to a step, with a sentence.
pub fn saved(slug: &str, step: Step, sentence: &str) -> Response {
    redirect_saying(&paths::host_step(slug, step.name()), sentence)
}

/// A form that has to be corrected.

#[derive(Template, WebTemplate)]
#[template(path = "competitions/setup/host.html")]
pub struct HostPage {
    pub shell: Shell,
    pub frame: Frame,
    pub setup: Setup,
    /// What stands between the draft and its launch.
    pub hindrances: Vec<Hindrance>,
    /// What the ranks of the board are worth, or will be.
    pub outlook: Outlook,
    /// What was typed to delete the draft.
    pub discard: DiscardForm,
    pub mistake: Mistake,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct DiscardForm {
    pub slug: String,
}

impl HostPage {
    pub fn sample() -> Self {
        let frame = Frame::sample(Tab::Host);
        let hindrances =
            setup::hindrances(&frame.competition, &Draft::sample(), chrono::DateTime::UNIX_EPOCH);
        let sentences = vec!["Differences below 0.004 are noise on these 3,000 rows.".to_owned()];
        let outlook = Outlook { sentences, has_two_teams: true };
        Self {
            shell: Shell::sample(),
            frame,
            setup: Setup::sample(None),
            hindrances,
            outlook,
            discard: DiscardForm::default(),
            mistake: Mistake::none(),
        }
    }

    pub fn is_over(&self) -> bool {
        self.frame.phase >= Phase::Closed
    }

    /// What is left to do once the final board stands.
    pub fn sample_after_the_end() -> Self {
        let mut page = Self::sample();
        page.setup.is_launched = true;
        page.frame.phase = Phase::Final;
        page
    }

    /// Whether the launch can be taken back, as far as this page tells.
    pub fn is_untouched(&self) -> bool {
        let is_running = matches!(self.frame.phase, Phase::Upcoming | Phase::Open);
        is_running && self.frame.competition.n_teams == 0 && self.frame.competition.n_entries == 0
    }

    /// Whether the outlook is of a board that teams are on.
    pub fn is_open(&self) -> bool {
        self.frame.phase == Phase::Open
    }
}

async fn show_host(State(app): State<App>, Path(slug): Path<String>, shell: Shell) -> Result<HostPage> {
    let opened = open(&app, &slug, &shell, None).await?;
    host_page(&app, opened, shell, DiscardForm::default(), Mistake::none()).await
}

async fn host_page(
    app: &App,
    opened: Opened,
    shell: Shell,
    discard: DiscardForm,
    mistake: Mistake,
) -> Result<HostPage> {
    let hindrances = setup::hindrances(&opened.seen.competition, &opened.draft, shell.now);
    let outlook = outlook(app, &opened.seen, &opened.draft).await?;
    let frame = opened.frame(&shell);
    Ok(HostPage { shell, frame, setup: opened.setup, hindrances, outlook, discard, mistake })
}

async fn post_discard(
    State(app): State<App>,
    Path(slug): Path<String>,
    shell: Shell,
    Form(form): Form<DiscardForm>,
) -> Result<Response> {
    let opened = open(&app, &slug, &shell, None).await?;
    match mistake(discard_named(&app, &shell, &opened.seen, &form).await)? {
        Ok(()) => Ok(redirect_saying(paths::HOME, "The draft is deleted.")),
        Err(mistake) => Ok(show_again(host_page(&app, opened, shell, form, mistake).await?)),
    }
}

async fn post_unlaunch(State(app): State<App>, Path(slug): Path<String>, shell: Shell) -> Result<Response> {
    let opened = open(&app, &slug, &shell, None).await?;
    match mistake(unlaunch::unlaunch(&app, shell.member()?, &opened.seen).await)? {
        Ok(()) => Ok(redirect_saying(&paths::host(&slug), "It is a draft again.")),
        Err(mistake) => {
            Ok(show_again(host_page(&app, opened, shell, DiscardForm::default(), mistake).await?))
        }
    }
}

/// Only for somebody who typed the draft's address.
async fn discard_named(app: &App, shell: &Shell, seen: &Seen, form: &DiscardForm) -> Result<()> {
    if form.slug.trim() != seen.competition.slug {
        return Err(AppError::field("slug", "Type the draft's address exactly as shown above the field."));
    }
    discard::discard(app, shell.member()?, seen).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_the_end_the_front_page_says_what_is_left_to_do() {
        let page = HostPage::sample_after_the_end().render().expect("drawn");
        assert!(page.contains("It is over") && page.contains("Confirm the winners"), "{page}");
        assert!(!page.contains("times can only move later"), "{page}");
        let open =
            HostPage { setup: Setup { is_launched: true, ..Setup::sample(None) }, ..HostPage::sample() };
        assert!(open.render().expect("drawn").contains("times can only move later"));
        assert!(open.render().expect("drawn").contains("Compare two teams"));
        let mut lonely = open;
        lonely.outlook.has_two_teams = false;
        assert!(!lonely.render().expect("drawn").contains("Compare two teams"));
    }
}
