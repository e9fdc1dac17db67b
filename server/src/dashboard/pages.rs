//! The dashboard and its lists as pages, for hosts.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::Response;

use super::model::{Participant, Refused};
use super::plot::Bars;
use super::read::{self, Dashboard};
use super::{csv, store};
use crate::api::paging::Keyset;
use crate::app::App;
use crate::competitions::access::{self, Seen};
use crate::competitions::frame::{Frame, Tab};
use crate::competitions::model::Phase;
use crate::competitions::pages::setup::{Setup, open};
use crate::competitions::visibility::Visibility;
use crate::error::Result;
use crate::ids::{SubmissionId, UserId};
use crate::paths;
use crate::web::format;
use crate::web::routing::get;
use crate::web::shell::Shell;

/// Days in the page's table; all of them are in the file.
const DAYS_SHOWN: usize = 30;

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::HOST_DASHBOARD, get(show_dashboard))
        .route(paths::HOST_DAYS_CSV, get(send_days))
        .route(paths::HOST_PARTICIPANTS, get(show_participants))
        .route(paths::HOST_PARTICIPANTS_CSV, get(send_participants))
        .route(paths::HOST_REJECTIONS, get(show_rejections))
        .route(paths::HOST_REJECTIONS_CSV, get(send_rejections))
}

#[derive(Template, WebTemplate)]
#[template(path = "dashboard/dashboard.html")]
pub struct DashboardPage {
    pub shell: Shell,
    pub frame: Frame,
    pub setup: Setup,
    pub dashboard: Dashboard,
    pub entries_a_day: Option<Bars>,
    pub scores: Option<Bars>,
}

impl DashboardPage {
    fn new(shell: Shell, frame: Frame, setup: Setup, dashboard: Dashboard) -> Self {
        let decimals = frame.decimals;
        Self {
            entries_a_day: Bars::of_days(&dashboard.days),
            scores: dashboard.spread.as_ref().map(|spread| Bars::of_spread(spread, decimals)),
            shell,
            frame,
            setup,
            dashboard,
        }
    }

    pub fn sample() -> Self {
        Self::new(Shell::sample(), Frame::sample(Tab::Host), Setup::sample(None), Dashboard::sample())
    }

    /// The newest days, newest first.
    pub fn newest_days(&self) -> impl Iterator<Item = &super::model::Day> {
        self.dashboard.days.iter().rev().take(DAYS_SHOWN)
    }

    /// How long the oldest waits by now.
    pub fn oldest_wait(&self) -> Option<String> {
        let since = self.dashboard.waiting.oldest_received_at?;
        Some(format::wait((self.shell.now - since).num_seconds().max(0) as f64))
    }

    pub fn spread_rows(&self) -> Vec<(String, String, i64)> {
        let Some(spread) = &self.dashboard.spread else { return Vec::new() };
        let shown = |score| format::score(score, self.frame.decimals);
        let row = |(step, n): (usize, &i64)| {
            let (from, to) = spread.bounds(step);
            (shown(from), shown(to), *n)
        };
        spread.counts.iter().enumerate().map(row).collect()
    }
}

async fn show_dashboard(
    State(app): State<App>,
    Path(slug): Path<String>,
    shell: Shell,
) -> Result<DashboardPage> {
    let opened = open(&app, &slug, &shell, None).await?;
    let dashboard = read::dashboard(&app, &opened.seen).await?;
    Ok(DashboardPage::new(shell.clone(), opened.frame(&shell), opened.setup, dashboard))
}

#[derive(Template, WebTemplate)]
#[template(path = "dashboard/participants.html")]
pub struct ParticipantsPage {
    pub shell: Shell,
    pub frame: Frame,
    pub setup: Setup,
    pub participants: Vec<Participant>,
    /// `before` of the next page.
    pub older: Option<i64>,
}

impl ParticipantsPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Host),
            setup: Setup::sample(None),
            participants: vec![Participant::sample()],
            older: Some(7),
        }
    }
}

async fn show_participants(
    State(app): State<App>,
    Path(slug): Path<String>,
    Query(keyset): Query<Keyset>,
    shell: Shell,
) -> Result<ParticipantsPage> {
    let opened = open(&app, &slug, &shell, None).await?;
    let mut conn = app.db.acquire().await?;
    let (id, before) = (opened.seen.competition.id, UserId(keyset.before()));
    let ended = opened.seen.competition.ended(shell.now);
    let found = store::participants(&mut conn, ended, id, before, keyset.fetched()).await?;
    drop(conn);
    let slice = keyset.slice(found, |person| person.user_id.0);
    let frame = opened.frame(&shell);
    Ok(ParticipantsPage { shell, frame, setup: opened.setup, participants: slice.items, older: slice.next })
}

#[derive(Template, WebTemplate)]
#[template(path = "dashboard/rejections.html")]
pub struct RejectionsPage {
    pub shell: Shell,
    pub frame: Frame,
    pub setup: Setup,
    pub refused: Vec<Refused>,
    /// `before` of the next page.
    pub older: Option<i64>,
}

impl RejectionsPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Host),
            setup: Setup::sample(None),
            refused: vec![Refused::sample()],
            older: Some(7),
        }
    }
}

async fn show_rejections(
    State(app): State<App>,
    Path(slug): Path<String>,
    Query(keyset): Query<Keyset>,
    shell: Shell,
) -> Result<RejectionsPage> {
    let opened = open(&app, &slug, &shell, None).await?;
    let mut conn = app.db.acquire().await?;
    let (id, before) = (opened.seen.competition.id, SubmissionId(keyset.before()));
    let found = store::refused(&mut conn, id, before, keyset.fetched()).await?;
    drop(conn);
    let slice = keyset.slice(found, |file| file.submission_id.0);
    let frame = opened.frame(&shell);
    Ok(RejectionsPage { shell, frame, setup: opened.setup, refused: slice.items, older: slice.next })
}

async fn seen(app: &App, slug: &str, shell: &Shell) -> Result<Seen> {
    shell.member()?;
    access::see_as_host(app, slug, shell.viewer.as_ref()).await
}

async fn send_days(State(app): State<App>, Path(slug): Path<String>, shell: Shell) -> Result<Response> {
    let competition = seen(&app, &slug, &shell).await?.competition;
    super::count::refresh(&app, competition.id).await?;
    csv::send_days(&app, &competition).await
}

async fn send_participants(
    State(app): State<App>,
    Path(slug): Path<String>,
    shell: Shell,
) -> Result<Response> {
    let competition = seen(&app, &slug, &shell).await?.competition;
    csv::send_participants(app, &competition)
}

async fn send_rejections(State(app): State<App>, Path(slug): Path<String>, shell: Shell) -> Result<Response> {
    let competition = seen(&app, &slug, &shell).await?.competition;
    csv::send_rejections(app, &competition)
}
