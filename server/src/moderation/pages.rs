//! Moderation as pages: the form of a report, the queue, the log.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::{Form, Router};
use serde::Deserialize;

use crate::accounts::model::Member;
use crate::api::paging::{Keyset, Slice};
use crate::app::App;
use crate::error::{AppError, Result};
use crate::forum::subjects::{SeenSubject, see_notebook, see_post};
use crate::ids::PostId;
use crate::moderation::model::{Case, Complaint, Decision, Entry, Thing};
use crate::moderation::{act, read, report};
use crate::paths;
use crate::web::extract::SignedIn;
use crate::web::format;
use crate::web::forms::{Mistake, mistake, redirect_saying, show_again};
use crate::web::routing::{form, get, post};
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::POST_REPORT, form(show_report, post_report))
        .route(paths::POST_MODERATE, post(post_decision))
        .route(paths::NOTEBOOK_REPORT, form(show_notebook_report, post_notebook_report))
        .route(paths::NOTEBOOK_MODERATE, post(post_notebook_decision))
        .route(paths::MODERATION, get(show_queue))
        .route(paths::MODERATION_LOG, get(show_log))
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ReportForm {
    pub reason: Option<Complaint>,
    pub words: String,
}

#[derive(Template, WebTemplate)]
#[template(path = "moderation/report.html")]
pub struct ReportPage {
    pub shell: Shell,
    pub thing: Thing,
    pub form: ReportForm,
    pub mistake: Mistake,
}

impl ReportPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            thing: Thing::Post(PostId(2)),
            form: ReportForm { reason: Some(Complaint::Spam), words: "Look".to_owned() },
            mistake: Mistake::new("words", "Use at most 1,000 characters."),
        }
    }

    pub fn is_chosen(&self, complaint: &Complaint) -> bool {
        self.form.reason.as_ref() == Some(complaint)
    }
}

async fn show_report(
    State(app): State<App>,
    Path(post): Path<PostId>,
    SignedIn(member): SignedIn,
    shell: Shell,
) -> Result<ReportPage> {
    let seen = see_post(&app, post, Some(&member)).await?;
    report_form(shell, Thing::Post(post), &seen)
}

async fn show_notebook_report(
    State(app): State<App>,
    Path((username, notebook)): Path<(String, String)>,
    SignedIn(member): SignedIn,
    shell: Shell,
) -> Result<ReportPage> {
    let seen = see_notebook(&app, &username, &notebook, Some(&member)).await?;
    report_form(shell, Thing::Notebook(username, notebook), &seen)
}

fn report_form(shell: Shell, thing: Thing, seen: &SeenSubject) -> Result<ReportPage> {
    seen.require_readable()?;
    Ok(ReportPage { shell, thing, form: ReportForm::default(), mistake: Mistake::none() })
}

async fn post_report(
    State(app): State<App>,
    Path(post): Path<PostId>,
    SignedIn(member): SignedIn,
    shell: Shell,
    Form(form): Form<ReportForm>,
) -> Result<Response> {
    let seen = see_post(&app, post, Some(&member)).await?;
    file_report(&app, &member, shell, Thing::Post(post), &seen, form).await
}

async fn post_notebook_report(
    State(app): State<App>,
    Path((username, notebook)): Path<(String, String)>,
    SignedIn(member): SignedIn,
    shell: Shell,
    Form(form): Form<ReportForm>,
) -> Result<Response> {
    let seen = see_notebook(&app, &username, &notebook, Some(&member)).await?;
    file_report(&app, &member, shell, Thing::Notebook(username, notebook), &seen, form).await
}

async fn file_report(
    app: &App,
    member: &Member,
    shell: Shell,
    thing: Thing,
    seen: &SeenSubject,
    form: ReportForm,
) -> Result<Response> {
    let filed = match form.reason {
        Some(complaint) => report::file(app, member, seen, complaint, &form.words).await,
        None => Err(AppError::field("reason", "Choose what is wrong with it.")),
    };
    match mistake(filed)? {
        Ok(()) => Ok(redirect_saying(&thing.address(), "Thank you. The moderators will look at it.")),
        Err(mistake) => Ok(show_again(ReportPage { shell, thing, form, mistake })),
    }
}

#[derive(Template, WebTemplate)]
#[template(path = "moderation/queue.html")]
pub struct ModerationPage {
    pub shell: Shell,
    pub cases: Slice<Case>,
    pub is_admin: bool,
}

impl ModerationPage {
    pub fn sample() -> Self {
        let hidden = Case { is_hidden: true, ..Case::sample() };
        let notebook =
            Case { thing: Thing::Notebook("ada".to_owned(), "trees".to_owned()), ..Case::sample() };
        let cases = Slice { items: vec![Case::sample(), hidden, notebook], next: Some(1) };
        Self { shell: Shell::sample(), cases, is_admin: true }
    }
}

async fn show_queue(
    State(app): State<App>,
    Query(keyset): Query<Keyset>,
    SignedIn(member): SignedIn,
    shell: Shell,
) -> Result<ModerationPage> {
    let cases = read::cases(&app, &member, keyset).await?;
    Ok(ModerationPage { shell, cases, is_admin: member.is_admin })
}

#[derive(Debug, Deserialize)]
struct DecisionForm {
    act: Decision,
    #[serde(default)]
    words: String,
    /// Where the form stood.
    #[serde(default)]
    from: String,
}

async fn post_decision(
    State(app): State<App>,
    Path(post): Path<PostId>,
    SignedIn(member): SignedIn,
    Form(form): Form<DecisionForm>,
) -> Result<Response> {
    let seen = see_post(&app, post, Some(&member)).await?;
    decide(&app, &member, &Thing::Post(post), &seen, &form).await
}

async fn post_notebook_decision(
    State(app): State<App>,
    Path((username, notebook)): Path<(String, String)>,
    SignedIn(member): SignedIn,
    Form(form): Form<DecisionForm>,
) -> Result<Response> {
    let seen = see_notebook(&app, &username, &notebook, Some(&member)).await?;
    decide(&app, &member, &Thing::Notebook(username, notebook), &seen, &form).await
}

async fn decide(
    app: &App,
    member: &Member,
    thing: &Thing,
    seen: &SeenSubject,
    form: &DecisionForm,
) -> Result<Response> {
    act::decide(app, member, seen, form.act, &form.words).await?;
    let noun = thing.noun();
    let sentence = match form.act {
        Decision::Hide => format!("The {noun} is hidden."),
        Decision::Show => format!("The {noun} is shown again."),
        Decision::Warn => "The author has been notified.".to_owned(),
        Decision::Dismiss => "The reports have been closed.".to_owned(),
    };
    let address = if form.from == "queue" { paths::MODERATION.to_owned() } else { thing.address() };
    Ok(redirect_saying(&address, &sentence))
}

#[derive(Template, WebTemplate)]
#[template(path = "moderation/log.html")]
pub struct LogPage {
    pub shell: Shell,
    pub entries: Slice<Entry>,
}

impl LogPage {
    pub fn sample() -> Self {
        Self { shell: Shell::sample(), entries: Slice { items: vec![Entry::sample()], next: Some(1) } }
    }
}

async fn show_log(
    State(app): State<App>,
    Query(keyset): Query<Keyset>,
    SignedIn(member): SignedIn,
    shell: Shell,
) -> Result<LogPage> {
    Ok(LogPage { entries: read::entries(&app, &member, keyset).await?, shell })
}
