//! The board as a page.

use std::borrow::Cow;
use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use holdout_contract::ranks::RankedPart;
use serde::Deserialize;
use sqlx::types::Json;

use crate::app::App;
use crate::competitions::access;
use crate::competitions::board_shows::{self, BoardShows};
use crate::competitions::frame::{Frame, Tab};
use crate::competitions::model::{Competition, Phase};
use crate::conduct::model::Barred;
use crate::error::{AppError, Result};
use crate::leaderboard::cache::{Drawn, PageKey};
use crate::leaderboard::csv;
use crate::leaderboard::model::{Key, Ranked, Row, View};
use crate::leaderboard::read;
use crate::leaderboard::search::Search;
use crate::leaderboard::sight::{BoardSight, Names};
use crate::medals;
use crate::paths;
use crate::ranks::left_out::{self, LeftOut};
use crate::ranks::model::Summary;
use crate::web::format;
use crate::web::packing::{self, Shared};
use crate::web::routing::get;
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new().route(paths::BOARD, get(show_board)).route(paths::BOARD_CSV, get(send_csv))
}

const ROWS_A_PAGE: usize = 50;
/// Ranks at the head of a page that a viewer sees without scrolling, on a phone too.
const RANKS_IN_VIEW: i64 = 8;

/// The rows of one page, the same for every viewer.
#[derive(Template)]
#[template(path = "leaderboard/rows.html")]
pub struct RowsPart<'a> {
    pub rows: &'a [Row],
    pub decimals: i32,
    /// The metrics that teams are ranked by; empty where it is their scores.
    pub parts: &'a [RankedPart],
    /// Teams on a final board that counts for medals; `None` on any other.
    pub n_medalled: Option<i64>,
}

impl RowsPart<'_> {
    /// The class of a rank that won a medal; empty for others.
    pub fn medal(&self, rank: &Option<i64>) -> &'static str {
        medals::model::name_of_rank(*rank, self.n_medalled)
    }
}

#[derive(Template)]
#[template(path = "leaderboard/board.html")]
pub struct BoardPage {
    pub shell: Shell,
    pub frame: Frame,
    pub view: &'static str,
    pub is_private: bool,
    pub sight: BoardSight,
    pub drawn: Arc<Drawn>,
    /// Whether [`Shared::PLACE`] is drawn where the rows stand.
    pub leaves_room: bool,
    /// The viewer's team.
    pub own: Option<Row>,
    /// Why it is on no board, where it is disqualified.
    pub barred: Option<Barred>,
    pub is_first_page: bool,
    /// What was searched for, where the rows are what was found.
    pub search: Option<Search>,
    pub summary: Option<Summary>,
    /// For hosts: files of which it is not known what is chance.
    pub left_out: Vec<LeftOut>,
}

impl BoardPage {
    pub fn sample() -> Self {
        let rows = [Row::sample(), Row::sample_baseline()];
        let html = RowsPart { rows: &rows, decimals: 5, parts: &[], n_medalled: Some(10) }
            .render()
            .unwrap_or_default();
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Leaderboard),
            view: "public",
            is_private: false,
            sight: BoardSight::of_visitors(&Competition::sample()),
            drawn: Arc::new(Drawn {
                rows: html.into(),
                ranks: Some((1, 1)),
                n_medalled: None,
                next: Some(Key::first().to_string()),
            }),
            leaves_room: false,
            own: Some(Row::sample()),
            barred: Some(Barred::sample()),
            is_first_page: true,
            search: None,
            summary: Some(Summary::sample()),
            left_out: vec![LeftOut::sample()],
        }
    }

    /// What a search found.
    pub fn sample_of_search() -> Self {
        Self { search: Some(Search::sample()), ..Self::sample() }
    }

    /// A board that hides names, for one of its teams.
    pub fn sample_of_pseudonyms() -> Self {
        let veiled = Competition { board_shows: BoardShows::NamesHidden, ..Competition::sample() };
        let row =
            Row { team: "Team B7QX-42KM".to_owned(), team_id: None, people: Vec::new(), ..Row::sample() };
        let rows = RowsPart { rows: &[row], decimals: 5, parts: &[], n_medalled: None };
        let html = rows.render().unwrap_or_default();
        let mut page = Self {
            sight: BoardSight::of_visitors(&veiled),
            drawn: Arc::new(Drawn { rows: html.into(), ranks: Some((1, 1)), n_medalled: None, next: None }),
            left_out: Vec::new(),
            own: Some(Row { pseudonym: Some("Team B7QX-42KM".to_owned()), ..Row::sample() }),
            ..Self::sample()
        };
        page.frame.competition = veiled;
        page
    }

    /// A board that shows each team its own row, for one of them.
    pub fn sample_of_own_row() -> Self {
        let veiled = Competition { board_shows: BoardShows::OwnRow, ..Competition::sample() };
        let mut page = Self { sight: BoardSight::of_visitors(&veiled), summary: None, ..Self::sample() };
        page.frame.competition = veiled;
        page
    }

    /// The same board of teams ranked by several metrics.
    pub fn sample_of_ranks() -> Self {
        let mut page = Self::sample();
        page.frame.competition.ranked_parts = Some(Json(Competition::sample_parts()));
        let row = Row { ranked: Some(Ranked::sample()), ..Row::sample() };
        let undefined = Row { rank: Some(2), ranked: None, score: None, ..Row::sample() };
        let rows =
            RowsPart { rows: &[row.clone(), undefined], decimals: 5, parts: page.parts(), n_medalled: None };
        let html = rows.render().unwrap_or_default();
        page.drawn = Arc::new(Drawn { rows: html.into(), ranks: Some((1, 2)), n_medalled: None, next: None });
        page.own = Some(Row { rank: Some(30), ..row });
        page.summary = Some(Summary::sample_of_ranks());
        page
    }

    pub fn parts(&self) -> &[RankedPart] {
        self.frame.competition.ranked_by()
    }

    pub fn is_final(&self) -> bool {
        self.frame.phase == Phase::Final
    }

    /// Which of the boards after the end this is.
    pub fn board_tab(&self) -> &'static str {
        if self.is_private { "private" } else { "public" }
    }

    pub fn is_settling(&self) -> bool {
        self.frame.phase == Phase::Closed
    }

    /// Whether the viewer's team is on the final board.
    pub fn has_certificate(&self) -> bool {
        self.is_final() && self.own.is_some()
    }

    /// The viewer's row, put above a page on which it does not stand in view.
    pub fn pinned(&self) -> Option<&Row> {
        if self.search.is_some() {
            return None;
        }
        let is_in_view = |rank: i64| {
            self.drawn.ranks.is_some_and(|(first, _)| (first..first + RANKS_IN_VIEW).contains(&rank))
        };
        self.own.as_ref().filter(|row| row.rank.is_some_and(|rank| !is_in_view(rank)))
    }

    /// The medal of the viewer's own row; empty without one.
    pub fn medal(&self, rank: &Option<i64>) -> &'static str {
        medals::model::name_of_rank(*rank, self.drawn.n_medalled)
    }

    /// The rows of the page, the viewer's own marked where it stands among them.
    pub fn rows(&self) -> Cow<'_, str> {
        let rows = self.drawn.rows.text();
        match self.own_among_these() {
            _ if self.leaves_room => Cow::Borrowed(Shared::PLACE),
            None => Cow::Borrowed(rows),
            Some(own) => {
                let plain = format!("<tr id=\"rank-{own}\">");
                let marked = format!("<tr id=\"rank-{own}\" class=\"mine\" aria-current=\"true\">");
                let rows = self.with_own_name(rows, &plain).map_or(Cow::Borrowed(rows), Cow::Owned);
                Cow::Owned(rows.replacen(&plain, &marked, 1))
            }
        }
    }

    /// Where all teams stand under pseudonyms: the same rows, the viewer's own with its name.
    fn with_own_name(&self, rows: &str, head: &str) -> Option<String> {
        const TAIL: &str = "</tr>";
        let own = self.own.as_ref().filter(|row| row.pseudonym.is_some())?;
        let start = rows.find(head)?;
        let end = start + rows[start..].find(TAIL)? + TAIL.len();
        let decimals = self.frame.decimals;
        let part = RowsPart {
            rows: std::slice::from_ref(own),
            decimals,
            parts: self.parts(),
            n_medalled: self.drawn.n_medalled,
        };
        Some(format!("{}{}{}", &rows[..start], part.render().ok()?.trim_end(), &rows[end..]))
    }

    /// What the board shows to whom.
    pub fn shows(&self) -> &'static str {
        board_shows::sentence(&self.frame.competition)
    }

    /// Where the viewer stands who sees nobody else.
    pub fn own_place(&self) -> Option<String> {
        let rank = self.own.as_ref().filter(|_| !self.sight.shows_others())?.rank?;
        let teams = format::counted(&self.frame.competition.n_teams, "team", "teams");
        Some(format!("Your team has rank {rank} of {teams}."))
    }

    /// The viewer's rank, where it is one of the page's.
    fn own_among_these(&self) -> Option<i64> {
        let (first, last) = self.drawn.ranks?;
        self.own.as_ref().and_then(|row| row.rank).filter(|own| (first..=last).contains(own))
    }

    /// How many teams are ranked at least, as far as this page tells: ranges are for readers of ranks.
    pub fn n_ranked(&self) -> i64 {
        let last = self.drawn.ranks.map(|(_, last)| last);
        let own = self.own.as_ref().and_then(|row| row.rank);
        // What a search found says nothing of the board; who looked at it does.
        let looked_at = self.summary.as_ref().and_then(|summary| summary.n_teams).map(i64::from);
        let looked_at = looked_at.filter(|_| self.search.is_some());
        [last, own, looked_at].into_iter().flatten().max().unwrap_or(0)
    }

    /// Whose row is not among the page's gets the rows that were packed for all.
    fn answer(mut self, asked: &HeaderMap) -> Result<Response> {
        self.leaves_room = self.own_among_these().is_none();
        let html = self.render().map_err(anyhow::Error::from)?;
        Ok(packing::answer(asked, "text/html; charset=utf-8", &html, Shared::PLACE, &self.drawn.rows))
    }

    pub fn address(&self) -> String {
        let board = if self.is_final() && !self.is_private { "?board=public" } else { "" };
        format!("{}{board}", paths::board(self.frame.slug()))
    }

    /// Whether there is more of the board than this page, and teams can be found on it by their names.
    pub fn is_long(&self) -> bool {
        let is_more = self.search.is_some() || !self.is_first_page || self.drawn.next.is_some();
        is_more && self.sight.names().is_some()
    }

    pub fn searched(&self) -> &str {
        self.search.as_ref().map_or("", |search| &search.words)
    }

    pub fn next_address(&self, key: &str) -> String {
        let board = if self.is_final() && !self.is_private { "&board=public" } else { "" };
        format!("{}?after={key}{board}", paths::board(self.frame.slug()))
    }

    pub fn csv_address(&self) -> String {
        let board = if self.is_final() && !self.is_private { "?board=public" } else { "" };
        format!("{}{board}", paths::board_csv(self.frame.slug()))
    }

    /// What the arrows of the change column compare.
    pub fn change_heading(&self) -> &'static str {
        if self.is_private { "Shake-up" } else { "Moved today" }
    }

    /// Of when the ranges are, where the board changed since; else empty.
    pub fn age_of_ranges(&self) -> String {
        let revision = self.frame.competition.board_revision;
        let told = self.summary.as_ref().map(|summary| summary.age_sentence(revision, &self.shell.now));
        told.unwrap_or_default()
    }

    pub fn direction(&self) -> &'static str {
        if !self.parts().is_empty() {
            return "ordered by mean rank, lower is better";
        }
        match self.frame.competition.higher_is_better {
            Some(true) => "higher is better",
            Some(false) => "lower is better",
            None => "",
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Wanted {
    pub after: Option<String>,
    pub board: Option<String>,
    /// Of a team, or the user name of a member.
    pub team: Option<String>,
}

impl Wanted {
    /// What is searched for; `None` where nothing is.
    pub fn search(&self) -> Option<&str> {
        self.team.as_deref().map(str::trim).filter(|words| !words.is_empty())
    }

    pub fn wants_public(&self) -> bool {
        self.board.as_deref() == Some("public")
    }

    /// # Errors
    /// [`AppError::NotFound`] for what is no key.
    pub fn key(&self) -> Result<Key> {
        match &self.after {
            Some(text) => text.parse().map_err(|_| AppError::NotFound),
            None => Ok(Key::first()),
        }
    }
}

async fn show_board(
    State(app): State<App>,
    Path(slug): Path<String>,
    Query(wanted): Query<Wanted>,
    shell: Shell,
    asked: HeaderMap,
) -> Result<Response> {
    let after = wanted.key()?;
    let seen = access::see(&app, &slug, shell.viewer.as_ref()).await?;
    let seen = read::settled_if_due(&app, seen).await?;
    let view = View::choose(&seen.competition, shell.now, wanted.wants_public());
    let sight = BoardSight::of(&seen);
    // Where names are hidden nobody is searched for, and the whole board is shown.
    let (drawn, search) = match wanted.search().zip(sight.names()) {
        Some((words, names)) => search(&app, &seen.competition, view, names, words).await?,
        None => (draw(&app, &seen.competition, view, &sight, after).await?, None),
    };
    let own = read::kept_own_row(&app, &seen.competition, view, &sight).await?;
    let summary = read::summary(&app, &seen.competition, view, &sight).await?;
    let own = left_out::own(&app, &seen.competition, view, own, summary.as_ref()).await?;
    let left_out = left_out::for_hosts(&app, &seen, view, summary.as_ref()).await?;
    let barred = read::barred(&app, &sight, own.as_ref()).await?;
    let frame = Frame::new(seen, Tab::Leaderboard, shell.now);
    let page = BoardPage {
        shell,
        frame,
        view: view.name(),
        is_private: view.is_private(),
        sight,
        drawn,
        leaves_room: false,
        own,
        barred,
        is_first_page: wanted.after.is_none(),
        search,
        summary,
        left_out,
    };
    page.answer(&asked)
}

async fn draw(
    app: &App,
    competition: &Competition,
    view: View,
    sight: &BoardSight,
    after: Key,
) -> Result<Arc<Drawn>> {
    let key = sight.audience().map(|audience| PageKey::of(competition, view, audience, after));
    if let Some(drawn) = key.as_ref().and_then(|key| app.boards.pages.get(key)) {
        return Ok(drawn);
    }
    let mut rows = read::page(app, competition, view, sight, after, ROWS_A_PAGE as i64 + 1).await?;
    let is_more = rows.len() > ROWS_A_PAGE;
    rows.truncate(ROWS_A_PAGE);
    let n_medalled = n_medalled(app, competition, view).await?;
    let html = draw_rows(competition, view, &rows, n_medalled)?;
    let ranks = ranks_of(&rows);
    let next = rows.last().filter(|_| is_more).map(|row| row.key.to_string());
    let drawn = Arc::new(Drawn { rows: html.into(), ranks, n_medalled, next });
    if let Some(key) = key {
        app.boards.pages.put(key, drawn.clone());
    }
    Ok(drawn)
}

/// The first and the last; `None` where nobody has one.
fn ranks_of(rows: &[Row]) -> Option<(i64, i64)> {
    let mut ranks = rows.iter().filter_map(|row| row.rank);
    let first = ranks.next()?;
    Some((first, ranks.next_back().unwrap_or(first)))
}

/// The teams among which a final board's medals are shared; `None` for any other board.
async fn n_medalled(app: &App, competition: &Competition, view: View) -> Result<Option<i64>> {
    match view {
        View::Private(_) => {
            Ok(medals::store::n_medalled(&mut *app.db.acquire().await?, competition.id).await?)
        }
        View::Public | View::PublicAtEnd(_) => Ok(None),
    }
}

fn draw_rows(competition: &Competition, view: View, rows: &[Row], n_medalled: Option<i64>) -> Result<String> {
    let (decimals, parts) = (view.decimals(competition), competition.ranked_by());
    let part = RowsPart { rows, decimals, parts, n_medalled };
    Ok(part.render().map_err(anyhow::Error::from)?)
}

async fn search(
    app: &App,
    competition: &Competition,
    view: View,
    names: Names,
    words: &str,
) -> Result<(Arc<Drawn>, Option<Search>)> {
    let found = read::find(app, competition, view, names, words).await?;
    let n_medalled = n_medalled(app, competition, view).await?;
    let html = draw_rows(competition, view, &found.rows, n_medalled)?;
    let search = Search { words: words.to_owned(), n_found: found.rows.len(), is_more: found.is_more };
    let ranks = ranks_of(&found.rows);
    Ok((Arc::new(Drawn { rows: html.into(), ranks, n_medalled, next: None }), Some(search)))
}

async fn send_csv(
    State(app): State<App>,
    Path(slug): Path<String>,
    Query(wanted): Query<Wanted>,
    shell: Shell,
    asked: HeaderMap,
) -> Result<Response> {
    let seen = access::see(&app, &slug, shell.viewer.as_ref()).await?;
    let seen = read::settled_if_due(&app, seen).await?;
    let view = View::choose(&seen.competition, shell.now, wanted.wants_public());
    let sight = BoardSight::of(&seen);
    csv::send(app, seen.competition, view, sight, &asked).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_row_is_marked_in_place_and_pinned_only_where_it_is_out_of_view() {
        let mut page = BoardPage::sample();
        assert!(page.pinned().is_none());
        assert_eq!(page.rows().matches("aria-current").count(), 1);
        page.own = Some(Row { rank: Some(RANKS_IN_VIEW + 1), ..Row::sample() });
        assert!(page.pinned().is_some());
        page.drawn = Arc::new(Drawn {
            rows: "<tr></tr>".to_owned().into(),
            ranks: None,
            n_medalled: Some(10),
            next: None,
        });
        page.own = Some(Row { rank: Some(1), ..Row::sample() });
        assert!(
            page.render().expect("drawn").contains("<td class=\"rank gold\">"),
            "the pinned row wears its medal"
        );
        page.own = None;
        assert!(!page.rows().contains("aria-current"));
    }

    #[test]
    fn the_own_row_has_its_name_among_pseudonyms() {
        let html = BoardPage::sample_of_pseudonyms().render().expect("drawn");
        assert!(html.contains("friends") && html.contains("others see “Team B7QX-42KM”"), "{html}");
        assert_eq!(html.matches("aria-current=\"true\"").count(), 1, "{html}");
        assert!(html.contains("hides names") && !html.contains("Find a team"), "{html}");
        assert!(!html.contains("Compare two teams"), "{html}");
        let mut visited = BoardPage::sample_of_pseudonyms();
        visited.own = None;
        assert!(!visited.render().expect("drawn").contains("friends"));
    }

    #[test]
    fn who_sees_their_own_row_alone_reads_where_they_stand() {
        let page = BoardPage::sample_of_own_row();
        let html = page.render().expect("drawn");
        assert!(html.contains("Your team has rank 1 of 12 teams.") && !html.contains("Ranks 1 to"), "{html}");
        let nobody = BoardPage {
            own: None,
            drawn: Arc::new(Drawn { rows: String::new().into(), ranks: None, n_medalled: None, next: None }),
            ..page
        };
        let html = nobody.render().expect("drawn");
        assert!(html.contains("12 teams") && html.contains("only its own row"), "{html}");
        assert!(!html.contains("No teams on the board") && !html.contains("Download"), "{html}");
    }

    #[test]
    fn a_search_shows_what_it_found_and_leads_back() {
        let html = BoardPage::sample_of_search().render().expect("drawn");
        assert!(html.contains("value=\"gradient\"") && html.contains("1 team found"), "{html}");
        assert!(html.contains("The whole board") && !html.contains("Ranks 1 to 1"), "{html}");
        let mut nobody = BoardPage::sample_of_search();
        nobody.drawn =
            Arc::new(Drawn { rows: String::new().into(), ranks: None, n_medalled: None, next: None });
        nobody.search = Some(Search { n_found: 0, ..Search::sample() });
        let html = nobody.render().expect("drawn");
        assert!(html.contains("No team on this board") && !html.contains("No teams on the board"), "{html}");
        let mut short = BoardPage::sample();
        short.drawn =
            Arc::new(Drawn { rows: String::new().into(), ranks: Some((1, 1)), n_medalled: None, next: None });
        assert!(!short.render().expect("drawn").contains("Find a team"), "one page is searched by eye");
    }

    #[test]
    fn ranges_of_an_earlier_board_are_told_to_be_such() {
        let mut page = BoardPage::sample();
        assert!(!page.render().expect("drawn").contains("The ranges are from"));
        page.frame.competition.board_revision += 1;
        let html = page.render().expect("drawn");
        assert!(
            html.contains("The ranges are from") && html.contains("until a scorer checks again"),
            "{html}"
        );
        let mut page = BoardPage::sample_of_ranks();
        let html = page.render().expect("drawn");
        assert!(
            html.contains("may truly have by the mean")
                && html.contains("Ranges differ in width")
                && html.contains("1–4"),
            "{html}"
        );
        let reason = "Of the metric max_error: no interval is known.";
        page.summary = Some(Summary { absent: Some(reason.to_owned()), ..Summary::sample_of_ranks() });
        page.frame.competition.board_revision += 1;
        let html = page.render().expect("drawn");
        assert!(html.contains(reason) && !html.contains("The ranges are from"), "{html}");
        assert!(!html.contains("Compare two teams"), "{html}");
    }

    #[test]
    fn ranges_are_explained_where_teams_are_ranked_and_compared_where_two_are() {
        let page = |ranks, own| BoardPage {
            drawn: Arc::new(Drawn { ranks, n_medalled: None, next: None, rows: String::new().into() }),
            own,
            ..BoardPage::sample()
        };
        let shown = |page: &BoardPage| {
            let html = page.render().expect("drawn");
            (html.contains("How to read the ranges"), html.contains("Compare two teams"))
        };
        assert_eq!(shown(&page(None, None)), (false, false), "baselines alone");
        assert!(!page(None, None).render().expect("drawn").contains("Prizes follow"));
        assert_eq!(shown(&page(Some((1, 1)), None)), (true, false));
        assert_eq!(shown(&page(Some((1, 2)), None)), (true, true));
        let found = BoardPage { search: Some(Search::sample()), ..page(Some((1, 1)), None) };
        assert_eq!(shown(&found), (true, true), "others are ranked that the search did not find");
    }

    #[test]
    fn a_board_of_ranks_names_its_metrics_and_shows_where_each_puts_a_team() {
        let html = BoardPage::sample_of_ranks().render().expect("drawn");
        for shown in ["Mean rank", "roc_auc", "log_loss", "1.750", "0.91235", "2.5"] {
            assert!(html.contains(shown), "{shown} in {html}");
        }
    }

    #[test]
    fn ranks_wear_the_medals_that_they_won_and_no_others() {
        let rows = [1, 2, 4, 5].map(|rank| Row { rank: Some(rank), ..Row::sample() });
        let drawn =
            |n_medalled| RowsPart { rows: &rows, decimals: 5, parts: &[], n_medalled }.render().unwrap();
        let of_ten = drawn(Some(10));
        let classes: Vec<_> =
            of_ten.split("<td class=\"").skip(1).filter(|cell| cell.starts_with("rank")).collect();
        let starts = ["rank gold\"", "rank silver\"", "rank bronze\"", "rank\""];
        assert!(classes.iter().zip(starts).all(|(cell, start)| cell.starts_with(start)), "{classes:?}");
        assert!(drawn(Some(9)).contains("rank silver") && !drawn(Some(9)).contains("gold"), "nine: no gold");
        assert!(!drawn(None).contains("medal"));
    }
}
