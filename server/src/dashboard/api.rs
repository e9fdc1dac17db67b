//! The dashboard and its lists as JSON, for hosts.

use axum::Json;
use axum::extract::{Path, State};
use chrono::{DateTime, NaiveDate, Utc};
use holdout_contract::rejection::RejectionKind;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;

use super::model::{Day, Participant, Reason, Refused, Spread};
use super::read::{self, Dashboard};
use super::sent::{self, Fate, Filter, Sent};
use super::store;
use crate::api::paging::{Keyset, Slice};
use crate::api::query::ApiQuery;
use crate::api::routes::routes;
use crate::api::token::ApiMember;
use crate::app::App;
use crate::competitions::access::Seen;
use crate::competitions::api::as_host;
use crate::error::Result;
use crate::ids::{SubmissionId, TeamId, UserId};
use crate::leaderboard::model::{MEAN_RANK_DECIMALS, Row};
use crate::paths;
use crate::submissions::model::rounded;
use crate::teams::store::change::by_name;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(show_dashboard))
        .routes(routes!(list_participants))
        .routes(routes!(list_rejections))
        .routes(routes!(list_sent))
}

#[derive(Serialize, utoipa::ToSchema)]
struct DashboardJson {
    /// Of the days; at most 15 seconds ago.
    counted_at: Option<DateTime<Utc>>,
    n_received: i64,
    n_participants: i64,
    /// Submissions without an outcome.
    n_waiting: i64,
    /// When the oldest of them was received.
    waiting_since: Option<DateTime<Utc>>,
    /// Days on which anything happened, oldest first.
    days: Vec<DayJson>,
    /// The most frequent first.
    rejections: Vec<RefusalReasonJson>,
    /// Absent while nobody is on the board.
    #[serde(skip_serializing_if = "Option::is_none")]
    scores: Option<SpreadJson>,
    /// The first ten of the public board.
    top: Vec<TopJson>,
}

#[derive(Serialize, utoipa::ToSchema)]
struct DayJson {
    /// UTC.
    day: NaiveDate,
    n_received: i32,
    n_scored: i32,
    n_rejected: i32,
    /// Without a score by a fault that is not their senders'.
    n_failed: i32,
    /// Teams that sent something.
    n_teams: i32,
    /// People who accepted the rules.
    n_joined: i32,
    /// From received to scored, in hundredths.
    median_wait_seconds: Option<f64>,
    p95_wait_seconds: Option<f64>,
}

#[derive(Serialize, utoipa::ToSchema)]
struct RefusalReasonJson {
    error: RejectionKind,
    sentence: &'static str,
    n: i64,
}

/// How the teams' best public scores are spread.
#[derive(Serialize, utoipa::ToSchema)]
struct SpreadJson {
    best: f64,
    /// The score of the team at 95% of the board.
    worst_shown: f64,
    /// Teams in equal steps from `best` to `worst_shown`.
    counts: Vec<i64>,
    /// Teams that are worse still.
    n_beyond: i64,
}

#[derive(Serialize, utoipa::ToSchema)]
struct TopJson {
    /// Null for a baseline.
    rank: Option<i64>,
    team_id: Option<TeamId>,
    team: String,
    /// Of the first metric, where teams are ranked by several.
    score: Option<f64>,
    /// What decides the rank where teams are ranked by several metrics; absent where it is the score.
    #[serde(skip_serializing_if = "Option::is_none")]
    mean_rank: Option<f64>,
    n_entries: i32,
}

const WAIT_DECIMALS: i32 = 2;

impl From<Day> for DayJson {
    fn from(day: Day) -> Self {
        Self {
            day: day.day,
            n_received: day.n_received,
            n_scored: day.n_scored,
            n_rejected: day.n_rejected,
            n_failed: day.n_failed,
            n_teams: day.n_teams,
            n_joined: day.n_joined,
            median_wait_seconds: day.median_wait_seconds.map(|wait| rounded(wait, WAIT_DECIMALS)),
            p95_wait_seconds: day.p95_wait_seconds.map(|wait| rounded(wait, WAIT_DECIMALS)),
        }
    }
}

impl From<Reason> for RefusalReasonJson {
    fn from(reason: Reason) -> Self {
        Self { error: reason.kind, sentence: reason.sentence(), n: reason.n }
    }
}

impl DashboardJson {
    fn new(dashboard: Dashboard, decimals: i32) -> Self {
        let scores = |spread: Spread| SpreadJson {
            best: rounded(spread.best, decimals),
            worst_shown: rounded(spread.worst_shown, decimals),
            counts: spread.counts,
            n_beyond: spread.n_beyond,
        };
        let top = |row: Row| TopJson {
            rank: row.rank,
            team_id: row.team_id,
            team: row.team,
            score: row.score.map(|score| rounded(score, decimals)),
            mean_rank: row.ranked.map(|ranked| rounded(ranked.mean_rank, MEAN_RANK_DECIMALS)),
            n_entries: row.n_entries,
        };
        Self {
            counted_at: dashboard.counted_at,
            n_received: dashboard.n_received,
            n_participants: dashboard.n_participants,
            n_waiting: dashboard.waiting.n,
            waiting_since: dashboard.waiting.oldest_received_at,
            days: dashboard.days.into_iter().map(DayJson::from).collect(),
            rejections: dashboard.reasons.into_iter().map(RefusalReasonJson::from).collect(),
            scores: dashboard.spread.map(scores),
            top: dashboard.top.into_iter().map(top).collect(),
        }
    }
}

/// A competition as its hosts watch it: entries a day, waits, refusals, the spread of scores.
#[utoipa::path(
    get,
    path = paths::API_DASHBOARD,
    tag = "Hosting",
    security(("token" = ["host"])),
    responses((status = 200, description = "Counts", body = DashboardJson)),
)]
async fn show_dashboard(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
) -> Result<Json<DashboardJson>> {
    let (_, seen) = as_host(&app, &slug, caller).await?;
    let dashboard = read::dashboard(&app, &seen).await?;
    Ok(Json(DashboardJson::new(dashboard, seen.competition.decimals(app.clock.now()))))
}

#[derive(Serialize, utoipa::ToSchema)]
struct ParticipantJson {
    username: String,
    display_name: String,
    /// The address that a host invited, where the person shows that it is theirs.
    invited_as: Option<String>,
    team: String,
    is_leader: bool,
    joined_at: DateTime<Utc>,
    /// Of the team, as everything below; those that count.
    n_entries: i32,
    public_score: Option<f64>,
    last_entry_at: Option<DateTime<Utc>>,
    /// On the final board; none before the end.
    final_rank: Option<i32>,
    /// That decided the final rank; none before the end.
    private_score: Option<f64>,
}

/// Everybody who takes part, newest accounts first.
#[utoipa::path(
    get,
    path = paths::API_PARTICIPANTS,
    tag = "Hosting",
    security(("token" = ["host"])),
    params(Keyset),
    responses((status = 200, description = "A part of the list", body = Slice<ParticipantJson>)),
)]
async fn list_participants(
    State(app): State<App>,
    Path(slug): Path<String>,
    ApiQuery(keyset): ApiQuery<Keyset>,
    caller: ApiMember,
) -> Result<Slice<ParticipantJson>> {
    let (_, seen) = as_host(&app, &slug, caller).await?;
    let Seen { competition, .. } = seen;
    let now = app.clock.now();
    let (ended, decimals) = (competition.ended(now), competition.decimals(now));
    let shown = |score: Option<f64>| score.map(|score| rounded(score, decimals));
    let before = UserId(keyset.before());
    let mut conn = app.db.acquire().await?;
    let found = store::participants(&mut conn, ended, competition.id, before, keyset.fetched()).await?;
    let json = |person: Participant| ParticipantJson {
        username: person.username,
        display_name: person.display_name,
        invited_as: person.invited_as,
        team: person.team,
        is_leader: person.is_leader,
        joined_at: person.joined_at,
        n_entries: person.n_entries,
        public_score: shown(person.public_score),
        last_entry_at: person.last_entry_at,
        final_rank: person.final_rank,
        private_score: person.private_score,
    };
    Ok(keyset.slice(found, |person| person.user_id.0).map(json))
}

/// A refused file, without anything that stands in it.
#[derive(Serialize, utoipa::ToSchema)]
struct RefusedJson {
    submission_id: SubmissionId,
    team: String,
    received_at: DateTime<Utc>,
    error: RejectionKind,
    sentence: &'static str,
    /// First offending line.
    line: Option<u64>,
    /// How many cells or ids are concerned.
    total: Option<u64>,
}

/// Files that were refused, newest first.
///
/// What a participant reads of their own file, with its cells, is not here.
#[utoipa::path(
    get,
    path = paths::API_REJECTIONS,
    tag = "Hosting",
    security(("token" = ["host"])),
    params(Keyset),
    responses((status = 200, description = "A part of the list", body = Slice<RefusedJson>)),
)]
async fn list_rejections(
    State(app): State<App>,
    Path(slug): Path<String>,
    ApiQuery(keyset): ApiQuery<Keyset>,
    caller: ApiMember,
) -> Result<Slice<RefusedJson>> {
    let (_, seen) = as_host(&app, &slug, caller).await?;
    let mut conn = app.db.acquire().await?;
    let found =
        store::refused(&mut conn, seen.competition.id, SubmissionId(keyset.before()), keyset.fetched())
            .await?;
    let json = |file: Refused| RefusedJson {
        submission_id: file.submission_id,
        sentence: file.sentence(),
        team: file.team,
        received_at: file.received_at,
        error: file.kind,
        line: file.line,
        total: file.total,
    };
    Ok(keyset.slice(found, |file| file.submission_id.0).map(json))
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct SentQuery {
    /// `waiting`, `scored`, `rejected` or `failed`; all when left out.
    #[param(inline)]
    state: Option<Fate>,
    /// Of the team of this name alone.
    team: Option<String>,
}

/// A submission as hosts see it: without its file's name, its note and anything that stands in it.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = SentSubmission)]
struct SentJson {
    id: SubmissionId,
    team: String,
    is_baseline: bool,
    /// The user name of who sent it.
    sender: String,
    received_at: DateTime<Utc>,
    size_bytes: i64,
    state: &'static str,
    is_late: bool,
    /// It or its team is disqualified.
    is_disqualified: bool,
    /// As its team is told it, with the decimals that the board shows.
    public_score: Option<f64>,
    scored_at: Option<DateTime<Utc>>,
    /// Null before the end.
    private_score: Option<f64>,
}

impl SentJson {
    fn new(sent: Sent, decimals: i32) -> Self {
        Self {
            id: sent.id,
            team: sent.team,
            is_baseline: sent.is_baseline,
            sender: sent.sender,
            received_at: sent.received_at,
            size_bytes: sent.size_bytes,
            state: sent.state.name(),
            is_late: sent.is_late,
            is_disqualified: sent.is_barred,
            public_score: sent.public_score.map(|score| rounded(score, decimals)),
            scored_at: sent.scored_at,
            private_score: sent.private_score,
        }
    }
}

/// Every submission of every team, newest first, for hosts.
#[utoipa::path(
    get,
    path = paths::API_SENT,
    tag = "Hosting",
    security(("token" = ["host"])),
    params(SentQuery, Keyset),
    responses((status = 200, description = "A part of the list; empty where no team has that name", body = Slice<SentJson>)),
)]
async fn list_sent(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
    ApiQuery(wish): ApiQuery<SentQuery>,
    ApiQuery(keyset): ApiQuery<Keyset>,
) -> Result<Slice<SentJson>> {
    let (_, seen) = as_host(&app, &slug, caller).await?;
    let competition = &seen.competition;
    let mut conn = app.db.acquire().await?;
    let team = match &wish.team {
        Some(name) => match by_name(&mut conn, competition.id, name.trim()).await? {
            Some(team) => Some(team),
            None => return Ok(Slice { items: Vec::new(), next: None }),
        },
        None => None,
    };
    let now = app.clock.now();
    let (ended, filter) = (competition.ended(now), Filter { fate: wish.state, team });
    let before = SubmissionId(keyset.before());
    let found = sent::list(&mut conn, competition, ended, filter, before, keyset.fetched()).await?;
    drop(conn);
    let json = |sent: Sent| SentJson::new(sent, competition.decimals(now));
    Ok(keyset.slice(found, |sent| sent.id.0).map(json))
}
