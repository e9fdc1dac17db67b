//! Scoring versions as pages: what counts and why for everyone, preparing and publishing for hosts.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::{Form, Router};
use serde::Deserialize;

use super::model::{Change, Committed, Fault, Move, MoveKey, Release, Stage, Verification, Version};
use super::read::{self, Moves};
use super::{release, rescore, store, verify};
use crate::api::paging::cut;
use crate::app::App;
use crate::competitions::access;
use crate::competitions::download::{Download, hand_out};
use crate::competitions::frame::{Frame, Tab};
use crate::competitions::model::Phase;
use crate::competitions::pages::setup::{Setup, host_of, open};
use crate::error::{AppError, Result};
use crate::ids::SubmissionId;
use crate::leaderboard::read::settled_if_due;
use crate::paths;
use crate::web::forms::{Mistake, mistake, redirect_saying, show_again};
use crate::web::routing::{form, get, post};
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::VERSIONS, get(show_history))
        .route(paths::HOST_VERSIONS, form(show_versions, post_begin))
        .route(paths::HOST_VERSIONS_VERIFY, post(post_verify))
        .route(paths::HOST_VERSIONS_RELEASE, post(post_release))
        .route(paths::LABELS_FILE, get(send_labels))
        .route(paths::HOST_VERSION, get(show_version))
        .route(paths::HOST_VERSION_START, post(post_start))
        .route(paths::HOST_VERSION_PUBLISH, post(post_publish))
        .route(paths::HOST_VERSION_ROLL_BACK, post(post_roll_back))
        .route(paths::HOST_VERSION_ABANDON, post(post_abandon))
        .route(paths::HOST_VERSION_RETRY, post(post_retry))
}

const CHANGES_A_PAGE: usize = 20;
const VERSIONS_A_PAGE: i64 = 50;
const MOVES_A_PAGE: usize = 50;
/// The interface for programs has all of them.
const FAULTS_SHOWN: usize = 20;

#[derive(Template, WebTemplate)]
#[template(path = "versions/history.html")]
pub struct HistoryPage {
    pub shell: Shell,
    pub frame: Frame,
    pub changes: Vec<Change>,
    /// `before` of the next page.
    pub older: Option<i64>,
    /// The newest versions.
    pub committed: Vec<Committed>,
    /// Labels that everybody may have.
    pub labels: Option<Release>,
}

impl HistoryPage {
    pub fn sample() -> Self {
        let frame = Frame::sample(Tab::Leaderboard);
        let committed = vec![
            Committed { made_at: Some(Shell::sample().now), ..Committed::sample() },
            Committed { number: 1, sha256: None, made_at: None, ..Committed::sample() },
        ];
        Self {
            shell: Shell::sample(),
            frame,
            changes: vec![Change::sample()],
            older: Some(1),
            committed,
            labels: Some(Release::sample()),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
struct Before {
    before: Option<i64>,
}

async fn show_history(
    State(app): State<App>,
    Path(slug): Path<String>,
    Query(query): Query<Before>,
    shell: Shell,
) -> Result<HistoryPage> {
    let seen = access::see(&app, &slug, shell.viewer.as_ref()).await?;
    let mut conn = app.db.acquire().await?;
    let before = query.before.unwrap_or(i64::MAX);
    let mut changes =
        store::changes(&mut conn, seen.competition.id, before, CHANGES_A_PAGE as i64 + 1).await?;
    let committed = store::committed(&mut conn, seen.competition.id, i64::MAX, VERSIONS_A_PAGE).await?;
    drop(conn);
    let labels = release::find(&app, &seen).await?.filter(|release| release.file.is_some());
    let has_more = cut(&mut changes, CHANGES_A_PAGE);
    let older = changes.last().filter(|_| has_more).map(|change| change.id);
    Ok(HistoryPage {
        frame: Frame::new(seen, Tab::Leaderboard, shell.now),
        shell,
        changes,
        older,
        committed,
        labels,
    })
}

#[derive(Template, WebTemplate)]
#[template(path = "versions/list.html")]
pub struct VersionsPage {
    pub shell: Shell,
    pub frame: Frame,
    pub setup: Setup,
    pub versions: Vec<Version>,
    /// The newest, with the first of what differed.
    pub verification: Option<Verification>,
    pub faults: Vec<Fault>,
    pub labels: Option<Release>,
    /// Why the labels are to be released; as it was typed.
    pub reason: String,
    pub mistake: Mistake,
}

impl VersionsPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Host),
            setup: Setup::sample(None),
            versions: vec![Version::sample()],
            verification: Some(Verification::sample()),
            faults: vec![Fault {
                submission_id: SubmissionId(1),
                team: "Ada's team".to_owned(),
                what: "The public score differs.".to_owned(),
            }],
            labels: Some(Release { file: None, failure: Some("No.".to_owned()), ..Release::sample() }),
            reason: String::new(),
            mistake: Mistake::none(),
        }
    }

    /// Whether the labels can be released, for the first time or after a failure.
    pub fn may_release(&self) -> bool {
        self.frame.competition.phase(self.shell.now) == Phase::Final
            && self.labels.as_ref().is_none_or(|release| release.failure.is_some())
    }

    /// Whether a scorer is about to publish the labels.
    pub fn is_releasing(&self) -> bool {
        self.labels.as_ref().is_some_and(|release| release.file.is_none() && release.failure.is_none())
    }

    /// Whether a verification is under way.
    pub fn is_verifying(&self) -> bool {
        self.verification.as_ref().is_some_and(|verification| verification.finished_at.is_none())
    }

    /// Whether none is being put together or computed.
    pub fn may_begin(&self) -> bool {
        self.frame.competition.launched_at.is_some()
            && !self.versions.iter().any(|version| matches!(version.stage, Stage::Draft | Stage::Rescoring))
    }
}

async fn show_versions(
    State(app): State<App>,
    Path(slug): Path<String>,
    shell: Shell,
) -> Result<VersionsPage> {
    versions_page(&app, &slug, shell, (String::new(), Mistake::none())).await
}

async fn versions_page(
    app: &App,
    slug: &str,
    shell: Shell,
    (reason, mistake): (String, Mistake),
) -> Result<VersionsPage> {
    let mut opened = open(app, slug, &shell, None).await?;
    opened.seen = settled_if_due(app, opened.seen).await?;
    let labels = release::find(app, &opened.seen).await?;
    let mut conn = app.db.acquire().await?;
    let id = opened.seen.competition.id;
    let versions = store::list(&mut conn, id, VERSIONS_A_PAGE).await?;
    drop(conn);
    let report = read::verification(app, &opened.seen, None, (SubmissionId(0), FAULTS_SHOWN)).await?;
    let (verification, faults) = report.map(|report| (report.verification, report.faults)).unzip();
    let faults = faults.unwrap_or_default();
    let frame = opened.frame(&shell);
    let setup = opened.setup;
    Ok(VersionsPage { frame, setup, shell, versions, verification, faults, labels, reason, mistake })
}

async fn post_begin(State(app): State<App>, Path(slug): Path<String>, shell: Shell) -> Result<Response> {
    let (host, seen) = host_of(&app, &slug, &shell).await?;
    match mistake(rescore::begin(&app, &host, &seen).await)? {
        Ok(number) => {
            Ok(went(&slug, number, "A new version has been created. Change its solution or its metric."))
        }
        Err(mistake) => Ok(show_again(versions_page(&app, &slug, shell, (String::new(), mistake)).await?)),
    }
}

async fn post_verify(State(app): State<App>, Path(slug): Path<String>, shell: Shell) -> Result<Response> {
    let (host, seen) = host_of(&app, &slug, &shell).await?;
    match mistake(verify::ask(&app, &host, &seen).await)? {
        Ok(_) => {
            Ok(redirect_saying(&paths::host_versions(&slug), "The scorers are computing every score again."))
        }
        Err(mistake) => Ok(show_again(versions_page(&app, &slug, shell, (String::new(), mistake)).await?)),
    }
}

async fn post_release(
    State(app): State<App>,
    Path(slug): Path<String>,
    shell: Shell,
    Form(form): Form<ReasonForm>,
) -> Result<Response> {
    let (host, seen) = host_of(&app, &slug, &shell).await?;
    let seen = settled_if_due(&app, seen).await?;
    match mistake(release::ask(&app, &host, &seen, &form.reason).await)? {
        Ok(()) => Ok(redirect_saying(&paths::host_versions(&slug), "A scorer will publish the labels.")),
        Err(mistake) => Ok(show_again(versions_page(&app, &slug, shell, (form.reason, mistake)).await?)),
    }
}

async fn send_labels(
    State(app): State<App>,
    Path(slug): Path<String>,
    shell: Shell,
    asked: HeaderMap,
) -> Result<Response> {
    let seen = access::see(&app, &slug, shell.viewer.as_ref()).await?;
    let file = release::file(&app, &seen).await?;
    hand_out(&app, &Download::from(&file), &asked).await
}

#[derive(Template, WebTemplate)]
#[template(path = "versions/version.html")]
pub struct VersionPage {
    pub shell: Shell,
    pub frame: Frame,
    pub setup: Setup,
    pub version: Version,
    pub moves: Vec<Move>,
    /// `after` of the next page of moves.
    pub next: Option<String>,
    pub reason: String,
    pub mistake: Mistake,
}

impl VersionPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Host),
            setup: Setup::sample(None),
            version: Version::sample(),
            moves: vec![Move::sample()],
            next: Some(MoveKey::first().to_string()),
            reason: String::new(),
            mistake: Mistake::none(),
        }
    }

    pub fn is_draft(&self) -> bool {
        self.version.stage == Stage::Draft
    }

    pub fn is_rescoring(&self) -> bool {
        self.version.stage == Stage::Rescoring
    }

    pub fn is_standby(&self) -> bool {
        self.version.stage == Stage::Standby
    }

    /// Whether to look again in a moment.
    pub fn is_waiting(&self) -> bool {
        (self.is_rescoring() && self.version.prepared_at.is_none() && self.version.n_failed == 0)
            || (self.is_draft() && !self.version.is_examined())
    }

    pub fn has_final_ranks(&self) -> bool {
        self.moves.iter().any(|moved| moved.old_final_rank.is_some() || moved.new_final_rank.is_some())
    }

    pub fn rank(&self, rank: &Option<i32>) -> String {
        rank.map_or_else(|| "none".to_owned(), |rank| rank.to_string())
    }

    pub fn score(&self, score: &Option<f64>) -> String {
        let decimals = self.frame.decimals;
        score.map_or_else(|| "none".to_owned(), |score| crate::web::format::score(score, decimals))
    }

    pub fn verdict(&self, finding: &holdout_contract::examine::Finding) -> &'static str {
        match finding.verdict {
            holdout_contract::examine::Verdict::Pass => "good",
            holdout_contract::examine::Verdict::Warn => "warn",
            holdout_contract::examine::Verdict::Refused => "bad",
        }
    }
}

#[derive(Debug, Default, Deserialize)]
struct After {
    after: Option<String>,
}

async fn show_version(
    State(app): State<App>,
    Path((slug, number)): Path<(String, i32)>,
    Query(query): Query<After>,
    shell: Shell,
) -> Result<VersionPage> {
    let after = MoveKey::read(query.after.as_deref()).ok_or(AppError::NotFound)?;
    version_page(&app, &slug, number, shell, after, (String::new(), Mistake::none())).await
}

async fn version_page(
    app: &App,
    slug: &str,
    number: i32,
    shell: Shell,
    after: MoveKey,
    (reason, mistake): (String, Mistake),
) -> Result<VersionPage> {
    let opened = open(app, slug, &shell, None).await?;
    let part = read::moves(app, &opened.seen, number, (after, MOVES_A_PAGE), shell.now).await?;
    let Moves { version, moves, next } = part;
    let next = next.map(|key| key.to_string());
    let frame = opened.frame(&shell);
    Ok(VersionPage { frame, setup: opened.setup, shell, version, moves, next, reason, mistake })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ReasonForm {
    reason: String,
}

fn went(slug: &str, number: i32, sentence: &str) -> Response {
    redirect_saying(&paths::host_version(slug, number), sentence)
}

async fn after(
    app: &App,
    slug: &str,
    number: i32,
    shell: Shell,
    outcome: Result<&'static str>,
    reason: String,
) -> Result<Response> {
    match mistake(outcome)? {
        Ok(sentence) => Ok(went(slug, number, sentence)),
        Err(mistake) => {
            let first = MoveKey::first();
            Ok(show_again(version_page(app, slug, number, shell, first, (reason, mistake)).await?))
        }
    }
}

async fn post_start(
    State(app): State<App>,
    Path((slug, number)): Path<(String, i32)>,
    shell: Shell,
    Form(form): Form<ReasonForm>,
) -> Result<Response> {
    let (host, seen) = host_of(&app, &slug, &shell).await?;
    let outcome = rescore::start(&app, &host, &seen, number, &form.reason).await;
    let sentence =
        "The scorers are scoring every submission under it. The version that counts does not change yet.";
    after(&app, &slug, number, shell, outcome.map(|()| sentence), form.reason).await
}

async fn post_publish(
    State(app): State<App>,
    Path((slug, number)): Path<(String, i32)>,
    shell: Shell,
) -> Result<Response> {
    let (host, seen) = host_of(&app, &slug, &shell).await?;
    let outcome = rescore::publish(&app, &host, &seen, number).await;
    after(&app, &slug, number, shell, outcome.map(|()| "It now counts."), String::new()).await
}

async fn post_roll_back(
    State(app): State<App>,
    Path((slug, number)): Path<(String, i32)>,
    shell: Shell,
    Form(form): Form<ReasonForm>,
) -> Result<Response> {
    let (host, seen) = host_of(&app, &slug, &shell).await?;
    let outcome = rescore::roll_back(&app, &host, &seen, number, &form.reason).await;
    after(&app, &slug, number, shell, outcome.map(|()| "It counts again."), form.reason).await
}

async fn post_abandon(
    State(app): State<App>,
    Path((slug, number)): Path<(String, i32)>,
    shell: Shell,
) -> Result<Response> {
    let (host, seen) = host_of(&app, &slug, &shell).await?;
    let outcome = rescore::abandon(&app, &host, &seen, number).await;
    after(
        &app,
        &slug,
        number,
        shell,
        outcome.map(|()| "It has been discarded. Nothing else changed."),
        String::new(),
    )
    .await
}

async fn post_retry(
    State(app): State<App>,
    Path((slug, number)): Path<(String, i32)>,
    shell: Shell,
) -> Result<Response> {
    let (host, seen) = host_of(&app, &slug, &shell).await?;
    let outcome = rescore::retry(&app, &host, &seen, number).await;
    after(&app, &slug, number, shell, outcome.map(|_| "They are being tried again."), String::new()).await
}
