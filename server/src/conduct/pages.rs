//! Decisions as a page, for hosts.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::{Form, Router};
use serde::Deserialize;

use crate::api::paging::{Keyset, Slice};
use crate::app::App;
use crate::competitions::frame::{Frame, Tab};
use crate::competitions::pages::setup::{Setup, open};
use crate::conduct::judge::{self, Target};
use crate::conduct::model::{Concerned, Decision, REASON_LIMIT};
use crate::conduct::store;
use crate::error::{AppError, Result};
use crate::ids::{DisqualificationId, SubmissionId};
use crate::paths;
use crate::web::format;
use crate::web::forms::{Mistake, mistake, redirect_saying, show_again};
use crate::web::routing::{form, post};
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::HOST_CONDUCT, form(show_conduct, post_disqualify))
        .route(paths::HOST_CONDUCT_LIFT, post(post_lift))
}

const DISQUALIFIED: &str = "Boards and medals have followed, and the team was told.";

/// Either a team's name or a submission's number.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ConductForm {
    pub team: String,
    pub submission: String,
    pub reason: String,
    /// `yes` from the second step alone.
    pub sure: String,
}

#[derive(Template, WebTemplate)]
#[template(path = "conduct/conduct.html")]
pub struct ConductPage {
    pub shell: Shell,
    pub frame: Frame,
    pub setup: Setup,
    pub decisions: Slice<Decision>,
    pub form: ConductForm,
    /// Whom the form would be about, once it is complete: the host is asked before it happens.
    pub concerned: Option<Concerned>,
    pub mistake: Mistake,
}

impl ConductPage {
    pub fn sample() -> Self {
        let lifted = Decision {
            submission_id: None,
            lifted_at: Some(chrono::DateTime::UNIX_EPOCH),
            lifted_because: "It was a mistake.".to_owned(),
            ..Decision::sample()
        };
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Host),
            setup: Setup::sample(None),
            decisions: Slice { items: vec![Decision::sample(), lifted], next: Some(1) },
            form: ConductForm::default(),
            concerned: Some(Concerned::sample()),
            mistake: Mistake::new("reason", "Say why."),
        }
    }

    pub fn reason_limit(&self) -> usize {
        REASON_LIMIT
    }
}

async fn show_conduct(
    State(app): State<App>,
    Path(slug): Path<String>,
    Query(keyset): Query<Keyset>,
    shell: Shell,
) -> Result<ConductPage> {
    page(&app, &slug, shell, keyset, ConductForm::default(), Mistake::none()).await
}

async fn page(
    app: &App,
    slug: &str,
    shell: Shell,
    keyset: Keyset,
    form: ConductForm,
    mistake: Mistake,
) -> Result<ConductPage> {
    let opened = open(app, slug, &shell, None).await?;
    let mut conn = app.db.acquire().await?;
    let decisions =
        store::list(&mut conn, opened.seen.competition.id, keyset.before(), keyset.fetched()).await?;
    drop(conn);
    let decisions = keyset.slice(decisions, |decision| decision.id.0);
    let frame = opened.frame(&shell);
    Ok(ConductPage { frame, setup: opened.setup, shell, decisions, form, concerned: None, mistake })
}

async fn post_disqualify(
    State(app): State<App>,
    Path(slug): Path<String>,
    shell: Shell,
    Form(form): Form<ConductForm>,
) -> Result<Response> {
    let host = shell.member()?.clone();
    let target = match target(&form) {
        Ok(target) => target,
        Err(error) => {
            // Who may not know of the competition is told that first.
            open(&app, &slug, &shell, None).await?;
            return answer(&app, &slug, shell, form, Err(error), DISQUALIFIED).await;
        }
    };
    if form.sure == "yes" {
        let outcome = judge::disqualify(&app, &host, &slug, &target, &form.reason).await.map(|_| ());
        return answer(&app, &slug, shell, form, outcome, DISQUALIFIED).await;
    }
    match judge::look(&app, &host, &slug, &target, &form.reason).await {
        Ok(concerned) => {
            let page = page(&app, &slug, shell, Keyset::default(), form, Mistake::none()).await?;
            Ok(ConductPage { concerned: Some(concerned), ..page }.into_response())
        }
        Err(error) => answer(&app, &slug, shell, form, Err(error), DISQUALIFIED).await,
    }
}

fn target(form: &ConductForm) -> Result<Target> {
    match (form.team.trim(), form.submission.trim()) {
        ("", "") => Err(AppError::field("team", "Name a team, or give a submission's number.")),
        (name, "") => Ok(Target::Team(name.to_owned())),
        ("", number) => number
            .parse()
            .map(|id| Target::Submission(SubmissionId(id)))
            .map_err(|_| AppError::field("submission", "A submission's number contains only digits.")),
        _ => Err(AppError::field("submission", "Name a team or a submission, not both.")),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct LiftForm {
    reason: String,
}

async fn post_lift(
    State(app): State<App>,
    Path((slug, id)): Path<(String, DisqualificationId)>,
    shell: Shell,
    Form(form): Form<LiftForm>,
) -> Result<Response> {
    let host = shell.member()?.clone();
    let outcome = judge::reinstate(&app, &host, &slug, id, &form.reason).await;
    answer(
        &app,
        &slug,
        shell,
        ConductForm::default(),
        outcome,
        "Reinstated. Boards and medals have followed.",
    )
    .await
}

async fn answer(
    app: &App,
    slug: &str,
    shell: Shell,
    form: ConductForm,
    outcome: Result<()>,
    done: &str,
) -> Result<Response> {
    match mistake(outcome)? {
        Ok(()) => Ok(redirect_saying(&paths::host_conduct(slug), done)),
        Err(mistake) => Ok(show_again(page(app, slug, shell, Keyset::default(), form, mistake).await?)),
    }
}
