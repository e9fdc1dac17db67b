//! All competitions that a member hosts, takes part in or is invited to, page by page.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Query, State};
use serde::Deserialize;

use crate::app::App;
use crate::competitions::joined::{Joined, with_ranks};
use crate::competitions::store::lists::{self, Card, Cursor, NEWEST};
use crate::error::Result;
use crate::ids::CompetitionId;
use crate::paths;
use crate::web::extract::SignedIn;
use crate::web::format;
use crate::web::routing::get;
use crate::web::shell::Shell;

const SHOWN: usize = 24;

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::MINE_HOSTED, get(show_hosted))
        .route(paths::MINE_JOINED, get(show_joined))
        .route(paths::MINE_INVITED, get(show_invited))
}

#[derive(Debug, Default, Deserialize)]
struct Part {
    /// Shows what is older.
    before: Option<CompetitionId>,
}

/// What is shown of a list that one too many was read of, and the key of what follows.
fn cut<K>(mut cards: Vec<Card>, key: impl Fn(&Card) -> Option<K>) -> (Vec<Card>, Option<K>) {
    let has_more = lists::cut(&mut cards, SHOWN);
    let next = cards.last().filter(|_| has_more).and_then(key);
    (cards, next)
}

#[derive(Template, WebTemplate)]
#[template(path = "competitions/hosted.html")]
pub struct HostedPage {
    pub shell: Shell,
    pub hosted: Vec<Card>,
    pub older: Option<CompetitionId>,
}

impl HostedPage {
    pub fn sample() -> Self {
        let hosted = vec![Card::sample(), Card { launched_at: None, ..Card::sample() }];
        Self { shell: Shell::sample(), hosted, older: Some(CompetitionId(1)) }
    }
}

async fn show_hosted(
    State(app): State<App>,
    Query(part): Query<Part>,
    SignedIn(member): SignedIn,
    shell: Shell,
) -> Result<HostedPage> {
    let mut conn = app.db.acquire().await?;
    let before = part.before.unwrap_or(NEWEST);
    let cards = lists::hosted_by(&mut conn, member.id, before, SHOWN as i64 + 1).await?;
    drop(conn);
    let (hosted, older) = cut(cards, |card| Some(card.id));
    Ok(HostedPage { shell, hosted, older })
}

#[derive(Template, WebTemplate)]
#[template(path = "competitions/joined.html")]
pub struct JoinedPage {
    pub shell: Shell,
    pub joined: Vec<Joined>,
    pub older: Option<CompetitionId>,
}

impl JoinedPage {
    pub fn sample() -> Self {
        Self { shell: Shell::sample(), joined: vec![Joined::sample()], older: Some(CompetitionId(1)) }
    }
}

async fn show_joined(
    State(app): State<App>,
    Query(part): Query<Part>,
    SignedIn(member): SignedIn,
    shell: Shell,
) -> Result<JoinedPage> {
    let mut conn = app.db.acquire().await?;
    let before = part.before.unwrap_or(NEWEST);
    let cards = lists::joined_by(&mut conn, member.id, before, SHOWN as i64 + 1).await?;
    drop(conn);
    let (cards, older) = cut(cards, |card| Some(card.id));
    let joined = with_ranks(&app, &member, cards).await?;
    Ok(JoinedPage { shell, joined, older })
}

#[derive(Debug, Default, Deserialize)]
struct Following {
    /// Shows what ends later.
    after: Option<String>,
}

#[derive(Template, WebTemplate)]
#[template(path = "competitions/invited.html")]
pub struct InvitedPage {
    pub shell: Shell,
    pub invited: Vec<Card>,
    pub later: Option<Cursor>,
}

impl InvitedPage {
    pub fn sample() -> Self {
        Self { shell: Shell::sample(), invited: vec![Card::sample()], later: Some(Cursor::START) }
    }
}

async fn show_invited(
    State(app): State<App>,
    Query(following): Query<Following>,
    SignedIn(member): SignedIn,
    shell: Shell,
) -> Result<InvitedPage> {
    let after = following.after.as_deref().and_then(Cursor::parse).unwrap_or(Cursor::START);
    let mut conn = app.db.acquire().await?;
    let cards = lists::invited_to(&mut conn, member.id, app.clock.now(), after, SHOWN as i64 + 1).await?;
    drop(conn);
    let (invited, later) = cut(cards, Card::cursor);
    Ok(InvitedPage { shell, invited, later })
}
