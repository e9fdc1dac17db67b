//! Lists of notebooks: of the site, of a competition, one's own.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, Query, State};
use serde::Deserialize;

use crate::api::paging::{Keyset, Slice};
use crate::app::App;
use crate::competitions;
use crate::competitions::frame::{Frame, Tab};
use crate::error::Result;
use crate::ids::NotebookId;
use crate::notebooks::store::lists::{self, Card, Cursor, Entry, Order};
use crate::paths;
use crate::web::extract::SignedIn;
use crate::web::shell::Shell;

const A_PAGE: i64 = 30;
/// Of a team's own notebooks above those of all.
const OF_TEAM: i64 = 20;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ListQuery {
    sort: String,
    after: String,
}

impl ListQuery {
    fn order(&self) -> Order {
        Order::ALL.into_iter().find(|order| order.name() == self.sort).unwrap_or_default()
    }

    fn cursor(&self) -> Cursor {
        Cursor::parse(&self.after).unwrap_or(Cursor::start(self.order()))
    }
}

/// A part of a list, as it is sorted.
#[derive(Debug, Clone)]
pub struct Listing {
    pub order: Order,
    /// What can be chosen.
    pub orders: &'static [Order],
    pub cards: Vec<Card>,
    /// Address of the next part; empty at the end.
    pub next: String,
    address: String,
}

impl Listing {
    async fn read(
        app: &App,
        address: String,
        query: &ListQuery,
        orders: &'static [Order],
        mut entries: Vec<Entry>,
    ) -> Result<Self> {
        let has_more = entries.len() > usize::try_from(A_PAGE).unwrap_or(usize::MAX);
        entries.truncate(usize::try_from(A_PAGE).unwrap_or(usize::MAX));
        let order = query.order();
        let last = entries.last().filter(|_| has_more);
        let next = last.map(|last| format!("{address}?sort={}&after={}", order.name(), last.cursor));
        let ids: Vec<NotebookId> = entries.iter().map(|entry| entry.id).collect();
        let mut conn = app.db.acquire().await?;
        let cards = lists::cards(&mut conn, &ids).await?;
        Ok(Self { order, orders, cards, next: next.unwrap_or_default(), address })
    }

    pub fn sorted_address(&self, order: &Order) -> String {
        format!("{}?sort={}", self.address, order.name())
    }

    /// `aria-current` of an order.
    pub fn current(&self, order: &Order) -> &'static str {
        if self.order == *order { "page" } else { "false" }
    }

    fn sample() -> Self {
        Self {
            order: Order::Hot,
            orders: &Order::ALL,
            cards: vec![Card::sample()],
            next: "/notebooks?sort=hot&after=1_1".to_owned(),
            address: "/notebooks".to_owned(),
        }
    }
}

#[derive(Template, WebTemplate)]
#[template(path = "notebooks/site.html")]
pub struct SitePage {
    pub shell: Shell,
    pub listing: Listing,
}

impl SitePage {
    pub fn sample() -> Self {
        Self { shell: Shell::sample(), listing: Listing::sample() }
    }
}

pub(super) async fn show_site(
    State(app): State<App>,
    Query(query): Query<ListQuery>,
    shell: Shell,
) -> Result<SitePage> {
    let mut conn = app.db.acquire().await?;
    let entries = lists::of_site(&mut conn, query.order(), query.cursor(), A_PAGE + 1).await?;
    drop(conn);
    let listing = Listing::read(&app, paths::NOTEBOOKS.to_owned(), &query, &Order::ALL[..3], entries).await?;
    Ok(SitePage { shell, listing })
}

#[derive(Template, WebTemplate)]
#[template(path = "notebooks/competition.html")]
pub struct CompetitionNotebooksPage {
    pub shell: Shell,
    pub frame: Frame,
    /// What the viewer's team shares within itself.
    pub of_team: Vec<Card>,
    pub listing: Listing,
}

impl CompetitionNotebooksPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Notebooks),
            of_team: vec![Card::sample()],
            listing: Listing::sample(),
        }
    }
}

pub(super) async fn show_competition(
    State(app): State<App>,
    Path(slug): Path<String>,
    Query(query): Query<ListQuery>,
    shell: Shell,
) -> Result<CompetitionNotebooksPage> {
    let seen = competitions::access::see(&app, &slug, shell.viewer.as_ref()).await?;
    let competition = seen.competition.id;
    let mut conn = app.db.acquire().await?;
    let of_team = match seen.standing.team_id {
        Some(team) => {
            let ids = lists::of_team(&mut conn, competition, team, OF_TEAM).await?;
            lists::cards(&mut conn, &ids).await?
        }
        None => Vec::new(),
    };
    let entries =
        lists::of_competition(&mut conn, competition, query.order(), query.cursor(), A_PAGE + 1).await?;
    drop(conn);
    let address = paths::competition_notebooks(&slug);
    let listing = Listing::read(&app, address, &query, &Order::ALL, entries).await?;
    let frame = Frame::new(seen, Tab::Notebooks, shell.now);
    Ok(CompetitionNotebooksPage { shell, frame, of_team, listing })
}

#[derive(Template, WebTemplate)]
#[template(path = "notebooks/own.html")]
pub struct OwnPage {
    pub shell: Shell,
    pub notebooks: Slice<Card>,
}

impl OwnPage {
    pub fn sample() -> Self {
        Self { shell: Shell::sample(), notebooks: Slice { items: vec![Card::sample()], next: Some(1) } }
    }
}

pub(super) async fn show_own(
    State(app): State<App>,
    Query(keyset): Query<Keyset>,
    SignedIn(member): SignedIn,
    shell: Shell,
) -> Result<OwnPage> {
    let mut conn = app.db.acquire().await?;
    let ids = lists::of_owner(&mut conn, member.id, keyset.before(), keyset.fetched()).await?;
    let cards = lists::cards(&mut conn, &ids).await?;
    drop(conn);
    Ok(OwnPage { shell, notebooks: keyset.slice(cards, |card| card.id.0) })
}
