//! The board as JSON, by key: `?after=KEY&limit=N`, and `board=public` after the end; with `team=WORDS` the rows of
//! teams of such a name.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use holdout_contract::ranks::{RankedPart, ShownMetric};
use serde::{Deserialize, Serialize, Serializer};
use utoipa_axum::router::OpenApiRouter;

use crate::api::paging::NextPart;
use crate::api::query::ApiQuery;
use crate::api::routes::routes;
use crate::api::tags;
use crate::api::token::MaybeApiMember;
use crate::app::App;
use crate::competitions::model::Competition;
use crate::error::{AppError, Result};
use crate::ids::{TeamId, TopicId};
use crate::leaderboard::cache::{Part, PartKey};
use crate::leaderboard::csv;
use crate::leaderboard::model::{Key, Row, View};
use crate::leaderboard::read;
use crate::leaderboard::viewed::{BesideBoard, ViewedBoard, searched};
use crate::paths;
use crate::ranks::api::SummaryJson;
use crate::ranks::left_out::LeftOut;
use crate::submissions::model::rounded;
use crate::web::packing::{self, Shared};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show_board)).routes(routes!(send_csv))
}

const ROWS: i64 = 50;
const MOST_ROWS: i64 = 200;
/// Of the scores after the end.
const EXACT_DECIMALS: i32 = 17;

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    after: Option<String>,
    limit: Option<i64>,
    board: Option<String>,
    /// Only teams with this in their name, or with a member of this user name; at most 20, and no `next`. Not on a board that
    /// hides names.
    team: Option<String>,
}

impl Wanted {
    fn wants_public(&self) -> bool {
        self.board.as_deref() == Some("public")
    }
}

#[derive(Serialize, utoipa::ToSchema)]
struct BoardJson<'a> {
    /// `public`, `private` (after the end) or `public_at_end`.
    board: &'static str,
    /// What the caller sees: `names`, `pseudonyms` of other teams, or the `own_row` alone.
    shows: &'static str,
    /// Whether participants and visitors see less than the caller does.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    others_see_less: bool,
    revision: i64,
    n_teams: i32,
    /// With how many decimals pages show a score; the mean of ranks has three.
    score_decimals: i32,
    /// Of the score; of the primary's, where teams are ranked by several metrics.
    higher_is_better: Option<bool>,
    /// The metrics that teams are ranked by, the primary first; absent where it is their scores.
    #[serde(skip_serializing_if = "<[RankedPart]>::is_empty")]
    #[schema(value_type = Vec<RankedPart>)]
    ranked_by: &'a [RankedPart],
    /// The secondary metrics, which change no rank; absent where there are none.
    #[serde(skip_serializing_if = "<[ShownMetric]>::is_empty")]
    #[schema(value_type = Vec<ShownMetric>)]
    secondary: &'a [ShownMetric],
    /// What the ranks are worth; absent before anybody looked.
    #[serde(skip_serializing_if = "Option::is_none")]
    ranks: Option<SummaryJson>,
    #[schema(value_type = Vec<RowJson>)]
    items: RowsPlace,
    /// The caller's own team, wherever it stands.
    own: Option<RowJson>,
    /// The host's reason, where the caller's own team is disqualified: it is on no board.
    #[serde(skip_serializing_if = "Option::is_none")]
    own_disqualified_because: Option<String>,
    /// To hosts: teams whose files have no range, since it is not known what is chance in their scores; 100 at most. Each team
    /// finds its own reason in `own`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    left_out: Vec<LeftOutJson>,
    /// `after` of the next part; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<&'a str>,
    /// Of a search: more teams were found than stand here; a longer word finds fewer.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_more: bool,
}

impl<'a> BoardJson<'a> {
    fn new(board: &'a ViewedBoard, beside: BesideBoard, next: Option<&'a str>, is_more: bool) -> Self {
        let (competition, view) = (board.competition(), board.view);
        let BesideBoard { own, barred, summary, left_out } = beside;
        Self {
            board: view.name(),
            shows: board.sight.name(),
            others_see_less: board.sight.is_of_few(),
            revision: competition.board_revision,
            n_teams: competition.n_teams,
            score_decimals: view.decimals(competition),
            higher_is_better: competition.higher_is_better,
            ranked_by: competition.ranked_by(),
            secondary: competition.secondary(),
            ranks: summary.map(|summary| SummaryJson::beside(summary, competition.board_revision)),
            items: RowsPlace,
            own: own.map(|row| RowJson::new(row, competition, view)),
            own_disqualified_because: barred.map(|barred| barred.reason),
            left_out: left_out.into_iter().map(LeftOutJson::from).collect(),
            next,
            is_more,
        }
    }
}

/// Becomes [`PLACE`], where the rows are put.
struct RowsPlace;

/// What [`Shared::PLACE`] is in JSON.
const PLACE: &str = r#""\u0000""#;

impl Serialize for RowsPlace {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(Shared::PLACE)
    }
}

#[derive(Serialize, utoipa::ToSchema)]
struct LeftOutJson {
    team_id: TeamId,
    team: String,
    reason: &'static str,
}

impl From<LeftOut> for LeftOutJson {
    fn from(file: LeftOut) -> Self {
        Self { reason: file.reason(), team_id: file.team_id, team: file.team }
    }
}

#[derive(Serialize, utoipa::ToSchema)]
struct RowJson {
    /// Null for a baseline, which stands in its place and is not counted.
    rank: Option<i64>,
    /// The ranks that the team may truly have, in 95 of 100 contests like this one; absent before anybody
    /// looked at its submission.
    #[serde(skip_serializing_if = "Option::is_none")]
    rank_low: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rank_high: Option<i32>,
    /// Why there are none, where nobody will look at it, or a look found nothing; the latter in `own` alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    no_range: Option<String>,
    /// How far the score would typically move on other rows of the same kind; absent where teams are ranked by several
    /// metrics.
    #[serde(skip_serializing_if = "Option::is_none")]
    standard_error: Option<f64>,
    /// In 95 of 100 contests on such rows the score lies between `score_low` and `score_high`.
    #[serde(skip_serializing_if = "Option::is_none")]
    score_low: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    score_high: Option<f64>,
    /// Places gained since 00:00 UTC; on the private board, from public to private.
    change: Option<i64>,
    /// Null under a pseudonym.
    team_id: Option<TeamId>,
    /// A pseudonym where the board hides names.
    team: String,
    /// In `own`, where the board hides names: how others see it, and how it is called among the items.
    #[serde(skip_serializing_if = "Option::is_none")]
    pseudonym: Option<String>,
    members: Vec<String>,
    /// Sent by the hosts, to compare with: without rank, medal or prize.
    is_baseline: bool,
    /// While the competition is open, with the decimals that the board shows.
    score: Option<f64>,
    /// The weighted mean of the ranks under the metrics of `ranked_by`; the lowest leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    mean_rank: Option<f64>,
    /// The team under each of them, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<PartPlaceJson>,
    /// The team's values under the secondary metrics of the board, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    secondary: Vec<SecondaryScoreJson>,
    n_entries: i32,
    last_entry_at: DateTime<Utc>,
    /// The topic in which the team tells how it did it, once it chose one after the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    write_up: Option<TopicId>,
}

#[derive(Serialize, utoipa::ToSchema)]
struct PartPlaceJson {
    metric: String,
    /// While the competition is open, with the decimals that the board shows.
    score: f64,
    /// Equal values share the mean of their ranks.
    rank: f64,
}

#[derive(Serialize, utoipa::ToSchema)]
struct SecondaryScoreJson {
    metric: String,
    /// While the competition is open, with the decimals that the board shows.
    score: f64,
}

impl RowJson {
    fn new(row: Row, competition: &Competition, view: View) -> Self {
        let decimals = view.decimals(competition);
        let shown = |score| if view.is_private() { score } else { rounded(score, decimals) };
        let interval = row.interval(if view.is_private() { EXACT_DECIMALS } else { decimals });
        let mean_rank = row.ranked.as_ref().map(|ranked| ranked.mean_rank);
        let places = row.ranked.into_iter().flat_map(|ranked| ranked.parts);
        let parts = competition.ranked_by().iter().zip(places).map(|(part, place)| PartPlaceJson {
            metric: part.name.clone(),
            score: shown(place.score),
            rank: place.rank,
        });
        let secondary = competition.secondary().iter().zip(row.secondary);
        let secondary = secondary
            .map(|(metric, score)| SecondaryScoreJson { metric: metric.name.clone(), score: shown(score) });
        Self {
            rank: row.rank,
            rank_low: row.range.map(|range| range.low),
            rank_high: row.range.map(|range| range.high),
            standard_error: row.range.filter(|_| mean_rank.is_none()).map(|range| range.standard_error),
            score_low: interval.map(|(low, _)| low),
            score_high: interval.map(|(_, high)| high),
            no_range: row.no_range,
            change: row.change,
            team_id: row.team_id,
            team: row.team,
            pseudonym: row.pseudonym,
            members: row.people.into_iter().map(|person| person.username).collect(),
            is_baseline: row.is_baseline,
            score: row.score.map(shown),
            mean_rank,
            parts: parts.collect(),
            secondary: secondary.collect(),
            n_entries: row.n_entries,
            last_entry_at: row.last_entry_at,
            write_up: row.write_up,
        }
    }
}

/// The leaderboard, best first.
///
/// Public while the competition is open; private after its end, unless `board=public`.
#[utoipa::path(
    get,
    path = paths::API_BOARD,
    tag = "Taking part",
    security((), ("token" = ["read"])),
    params(Wanted),
    responses((status = 200, description = "A part of the board", body = BoardJson)),
)]
async fn show_board(
    State(app): State<App>,
    Path(slug): Path<String>,
    ApiQuery(wanted): ApiQuery<Wanted>,
    caller: MaybeApiMember,
    asked: HeaderMap,
) -> Result<Response> {
    let viewer = caller.reader()?;
    let after = match &wanted.after {
        Some(text) => text
            .parse()
            .map_err(|_| AppError::field("after", "Take `after` from `next` of the part before."))?,
        None => Key::first(),
    };
    let limit = wanted.limit.unwrap_or(ROWS).clamp(1, MOST_ROWS);
    let board =
        ViewedBoard::open(&app, &slug, viewer.as_ref(), wanted.wants_public(), app.clock.now()).await?;
    let (competition, view) = (board.competition(), board.view);
    let etag =
        HeaderValue::try_from(read::etag(competition, view, &board.sight)).map_err(anyhow::Error::from)?;
    if etag.to_str().is_ok_and(|etag| tags::matches(&asked, etag)) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response());
    }
    let (part, is_more) = match searched(wanted.team.as_deref()) {
        Some(words) => found(&app, &board, words).await?,
        None => (part(&app, &board, after, limit).await?, false),
    };
    let json = BoardJson::new(&board, board.beside(&app).await?, part.next.as_deref(), is_more);
    let json = serde_json::to_string(&json).map_err(anyhow::Error::from)?;
    let answer = packing::answer(&asked, "application/json", &json, PLACE, &part.items);
    let link = NextPart::new("after", part.next.as_ref());
    Ok(([(header::ETAG, etag)], link, answer).into_response())
}

/// Teams of such a name, as the only part, and whether there are more.
async fn found(app: &App, board: &ViewedBoard, words: &str) -> Result<(Arc<Part>, bool)> {
    let found = board.find_teams(app, words).await?.ok_or_else(|| {
        AppError::field("team", "This board hides names, so nobody is searched for by theirs.")
    })?;
    let items = items(found.rows, board.competition(), board.view)?;
    Ok((Arc::new(Part { items, next: None }), found.is_more))
}

async fn part(app: &App, board: &ViewedBoard, after: Key, limit: i64) -> Result<Arc<Part>> {
    let key = board.page_key(after).map(|page| PartKey { page, limit });
    if let Some(part) = key.as_ref().and_then(|key| app.boards.parts.get(key)) {
        return Ok(part);
    }
    let rows = board.part(app, after, usize::try_from(limit).unwrap_or(usize::MAX)).await?;
    let next = rows.next.map(|key| key.to_string());
    let part = Arc::new(Part { items: items(rows.rows, board.competition(), board.view)?, next });
    if let Some(key) = key {
        app.boards.parts.put(key, part.clone());
    }
    Ok(part)
}

fn items(rows: Vec<Row>, competition: &Competition, view: View) -> Result<Shared> {
    let items: Vec<_> = rows.into_iter().map(|row| RowJson::new(row, competition, view)).collect();
    Ok(serde_json::to_string(&items).map_err(anyhow::Error::from)?.into())
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct WantedCsv {
    /// `public`: the public board, after the end too.
    board: Option<String>,
}

/// The whole leaderboard as CSV.
#[utoipa::path(
    get,
    path = paths::API_BOARD_CSV,
    tag = "Taking part",
    operation_id = "download_leaderboard",
    security((), ("token" = ["read"])),
    params(WantedCsv),
    responses((status = 200, description = "The board", body = String, content_type = "text/csv")),
)]
async fn send_csv(
    State(app): State<App>,
    Path(slug): Path<String>,
    ApiQuery(wanted): ApiQuery<WantedCsv>,
    caller: MaybeApiMember,
    asked: HeaderMap,
) -> Result<Response> {
    let viewer = caller.reader()?;
    let wants_public = wanted.board.as_deref() == Some("public");
    let board = ViewedBoard::open(&app, &slug, viewer.as_ref(), wants_public, app.clock.now()).await?;
    csv::send(app, board, &asked).await
}
