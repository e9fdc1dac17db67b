//! The list of competitions.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;
use serde::Deserialize;

use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::access::{self, Seen};
use crate::competitions::model::Phase;
use crate::competitions::store::lists::{self, Card, Cursor};
use crate::error::Result;
use crate::forum::list::{self, Listed};
use crate::leaderboard::model::View;
use crate::leaderboard::pages::own_row;
use crate::notifications::model::Written;
use crate::notifications::store::follows;
use crate::paths;
use crate::web::format;
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new().route(paths::HOME, get(show_home))
}

const RUNNING_A_PAGE: i64 = 48;
const FINISHED_A_PAGE: i64 = 12;
const OWN_A_PAGE: i64 = 12;
const WRITTEN_SHOWN: i64 = 8;
const ACTIVE_SHOWN: i64 = 6;

#[derive(Debug, Default, Deserialize)]
pub struct HomeQuery {
    /// Continues the running ones.
    running: Option<String>,
    /// Continues the finished ones.
    finished: Option<String>,
}

/// A competition that the viewer takes part in.
pub struct Joined {
    pub card: Card,
    /// On the board; `None` before the first score.
    pub rank: Option<i64>,
}

#[derive(Template, WebTemplate)]
#[template(path = "competitions/home.html")]
pub struct HomePage {
    pub shell: Shell,
    pub hosted: Vec<Card>,
    pub joined: Vec<Joined>,
    /// By people whom the viewer follows.
    pub written: Vec<Written>,
    /// Topics that were active last.
    pub active: Vec<Listed>,
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
            hosted: vec![Card { launched_at: None, ..Card::sample() }],
            joined: vec![Joined { card: Card::sample(), rank: Some(3) }],
            written: vec![Written::sample()],
            active: vec![Listed::sample()],
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
    let mut conn = app.db.acquire().await?;
    let running_after = query.running.as_deref().and_then(Cursor::parse);
    let finished_before = query.finished.as_deref().and_then(Cursor::parse);
    let is_first = running_after.is_none() && finished_before.is_none();
    let now = Cursor { at: shell.now, id: i64::MAX };
    let running = match finished_before {
        None => lists::running(&mut conn, running_after.unwrap_or(now), RUNNING_A_PAGE).await?,
        Some(_) => Vec::new(),
    };
    let finished = match running_after {
        None => lists::ending_before(&mut conn, finished_before.unwrap_or(now), FINISHED_A_PAGE).await?,
        Some(_) => Vec::new(),
    };
    let (hosted, joined, written) = match &shell.viewer {
        Some(member) if is_first => (
            lists::hosted_by(&mut conn, member.id, OWN_A_PAGE).await?,
            lists::joined_by(&mut conn, member.id, OWN_A_PAGE).await?,
            follows::written(&mut conn, member.id, WRITTEN_SHOWN).await?,
        ),
        _ => (Vec::new(), Vec::new(), Vec::new()),
    };
    let active = if is_first { list::active_anywhere(&mut conn, ACTIVE_SHOWN).await? } else { Vec::new() };
    drop(conn);
    let joined = match &shell.viewer {
        Some(member) => with_ranks(&app, member, joined).await?,
        None => Vec::new(),
    };
    let more_running = next_page("running", &running, RUNNING_A_PAGE);
    let more_finished = next_page("finished", &finished, FINISHED_A_PAGE);
    let (upcoming, open) = running.into_iter().partition(|card| card.phase(&shell.now) == Phase::Upcoming);
    Ok(HomePage {
        shell,
        hosted,
        joined,
        written,
        active,
        open,
        upcoming,
        finished,
        more_running,
        more_finished,
        is_first,
    })
}

async fn with_ranks(app: &App, member: &Member, cards: Vec<Card>) -> Result<Vec<Joined>> {
    let mut joined = Vec::new();
    for card in cards {
        let Seen { competition, standing } = access::see_by_id(app, card.id, Some(member)).await?;
        let view = View::choose(&competition, app.clock.now(), false);
        let row = match standing.team_id {
            Some(team) => own_row(app, &competition, view, team).await?,
            None => None,
        };
        joined.push(Joined { card, rank: row.map(|row| row.rank) });
    }
    Ok(joined)
}

fn next_page(name: &str, cards: &[Card], a_page: i64) -> String {
    let is_full = i64::try_from(cards.len()).is_ok_and(|length| length == a_page);
    match cards.last().and_then(|card| card.ends_at.map(|at| Cursor { at, id: card.id.0 })) {
        Some(cursor) if is_full => format!("{}?{name}={cursor}", paths::HOME),
        _ => String::new(),
    }
}
