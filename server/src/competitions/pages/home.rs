//! The front page: competitions, what is read and discussed, and what is a member's own.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Query, State};
use serde::Deserialize;

use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::front::{self, FINISHED_A_PAGE, Front, RUNNING_A_PAGE};
use crate::competitions::joined::{Joined, with_ranks};
use crate::competitions::model::Phase;
use crate::competitions::store::lists::{self, Card, Cursor};
use crate::error::Result;
use crate::forum::list::Listed;
use crate::notebooks::store::lists as notebooks;
use crate::notifications::model::Written;
use crate::notifications::store::follows;
use crate::paths;
use crate::site_texts::write::is_due;
use crate::web::format;
use crate::web::routing::get;
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new().route(paths::HOME, get(show_home))
}

/// The others are on pages of their own.
const OWN_SHOWN: usize = 12;
const WRITTEN_SHOWN: i64 = 8;

#[derive(Debug, Default, Deserialize)]
pub struct HomeQuery {
    /// Continues the running ones.
    running: Option<String>,
    /// Continues the finished ones.
    finished: Option<String>,
}

/// What a member alone sees on the front page.
#[derive(Default)]
pub struct Own {
    /// What the member is invited to and has not joined.
    pub invited: Vec<Card>,
    pub has_more_invited: bool,
    pub hosted: Vec<Card>,
    pub has_more_hosted: bool,
    pub joined: Vec<Joined>,
    pub has_more_joined: bool,
    /// By people whom the member follows.
    pub written: Vec<Written>,
    /// Whether the site has terms of use that the member did not accept yet.
    pub terms_are_due: bool,
}

#[derive(Template, WebTemplate)]
#[template(path = "competitions/home.html")]
pub struct HomePage {
    pub shell: Shell,
    pub own: Own,
    /// Topics that were active last.
    pub active: Vec<Listed>,
    /// Notebooks worth reading.
    pub notebooks: Vec<notebooks::Card>,
    pub open: Vec<Card>,
    pub upcoming: Vec<Card>,
    pub finished: Vec<Card>,
    /// Address of the next page of running ones; empty at the end.
    pub more_running: String,
    /// Address of the next page of finished ones; empty at the end.
    pub more_finished: String,
    pub is_first: bool,
}

impl HomePage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            own: Own {
                invited: vec![Card::sample()],
                has_more_invited: true,
                hosted: vec![Card { launched_at: None, ..Card::sample() }],
                has_more_hosted: true,
                joined: vec![Joined::sample()],
                has_more_joined: true,
                written: Written::samples(),
                terms_are_due: true,
            },
            active: vec![Listed::sample()],
            notebooks: vec![notebooks::Card::sample()],
            open: vec![Card::sample()],
            upcoming: vec![Card { starts_at: Card::sample().ends_at, ..Card::sample() }],
            finished: vec![Card { settled_at: Card::sample().starts_at, ..Card::sample() }],
            more_running: "/?running=1-1".to_owned(),
            more_finished: "/?finished=1-1".to_owned(),
            is_first: true,
        }
    }
}

async fn show_home(State(app): State<App>, Query(query): Query<HomeQuery>, shell: Shell) -> Result<HomePage> {
    let running_after = query.running.as_deref().and_then(Cursor::parse);
    let finished_before = query.finished.as_deref().and_then(Cursor::parse);
    let is_first = running_after.is_none() && finished_before.is_none();
    let shown = if is_first {
        front::front(&app).await?.as_ref().clone()
    } else {
        further(&app, running_after, finished_before).await?
    };
    let own = match &shell.viewer {
        Some(member) if is_first => own(&app, member).await?,
        _ => Own::default(),
    };
    let more_running = next_page("running", &shown.running, RUNNING_A_PAGE);
    let more_finished = next_page("finished", &shown.finished, FINISHED_A_PAGE);
    let Front { running, finished, active, notebooks } = shown;
    let (upcoming, open) = running.into_iter().partition(|card| card.phase(&shell.now) == Phase::Upcoming);
    Ok(HomePage {
        shell,
        own,
        active,
        notebooks,
        open,
        upcoming,
        finished,
        more_running,
        more_finished,
        is_first,
    })
}

/// A further page of either list.
async fn further(
    app: &App,
    running_after: Option<Cursor>,
    finished_before: Option<Cursor>,
) -> sqlx::Result<Front> {
    let mut conn = app.db.acquire().await?;
    let running = match running_after {
        Some(after) => lists::running(&mut conn, after, RUNNING_A_PAGE).await?,
        None => Vec::new(),
    };
    let finished = match finished_before {
        Some(before) => lists::ending_before(&mut conn, before, FINISHED_A_PAGE).await?,
        None => Vec::new(),
    };
    Ok(Front { running, finished, ..Front::default() })
}

async fn own(app: &App, member: &Member) -> Result<Own> {
    let mut conn = app.db.acquire().await?;
    let one_more = OWN_SHOWN as i64 + 1;
    let mut invited =
        lists::invited_to(&mut conn, member.id, app.clock.now(), Cursor::START, one_more).await?;
    let mut hosted = lists::hosted_by(&mut conn, member.id, lists::NEWEST, one_more).await?;
    let mut joined = lists::joined_by(&mut conn, member.id, lists::NEWEST, one_more).await?;
    let written = follows::written(&mut conn, member.id, WRITTEN_SHOWN).await?;
    let terms_are_due = is_due(app, &mut conn, member).await?;
    drop(conn);
    let [has_more_invited, has_more_hosted, has_more_joined] =
        [&mut invited, &mut hosted, &mut joined].map(|cards| lists::cut(cards, OWN_SHOWN));
    let joined = with_ranks(app, member, joined).await?;
    Ok(Own {
        invited,
        has_more_invited,
        hosted,
        has_more_hosted,
        joined,
        has_more_joined,
        written,
        terms_are_due,
    })
}

fn next_page(name: &str, cards: &[Card], a_page: i64) -> String {
    let is_full = i64::try_from(cards.len()).is_ok_and(|length| length == a_page);
    match cards.last().and_then(Card::cursor) {
        Some(cursor) if is_full => format!("{}?{name}={cursor}", paths::HOME),
        _ => String::new(),
    }
}
