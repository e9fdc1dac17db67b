//! Runs from the top as pages: the list of a notebook's runs, one run with its log and files, and the buttons.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;

use super::{Head, Part, Pedigree};
use crate::api::paging::{Keyset, Slice};
use crate::app::App;
use crate::error::Result;
use crate::ids::RunId;
use crate::notebooks::access::{self, SeenNotebook};
use crate::notebooks::draw::Heading;
use crate::notebooks::drawing::Drawn;
use crate::notebooks::runs::cancel::{self, Cancelled};
use crate::notebooks::runs::model::{Run, RunFile, Runners};
use crate::notebooks::runs::read::{self, RunDetail, send_executed, send_output};
use crate::notebooks::runs::{ask, drawing, submit};
use crate::paths;
use crate::web::extract::SignedIn;
use crate::web::format;
use crate::web::forms::redirect_saying;
use crate::web::shell::Shell;

/// What a notebook's page says about runs of the version that it shows.
#[derive(Debug, Clone)]
pub struct RunPanel {
    /// The newest of the version.
    pub newest: Option<Run>,
    pub runners: Runners,
    /// Whether the viewer is somebody who may ask for runs.
    pub may_ask: bool,
}

impl RunPanel {
    /// # Errors
    /// Those of the database.
    pub async fn new(app: &App, seen: &SeenNotebook, number: i32) -> Result<Self> {
        let (newest, runners) = read::newest(app, seen, number).await?;
        Ok(Self { newest, runners, may_ask: read::may_ask(seen) })
    }

    pub fn is_open(&self) -> bool {
        self.newest.as_ref().is_some_and(|run| run.state.is_open())
    }

    pub fn sample() -> Self {
        Self { newest: Some(Run::sample()), runners: Runners::sample(), may_ask: true }
    }
}

#[derive(Template, WebTemplate)]
#[template(path = "notebooks/runs.html")]
pub struct NotebookRunsPage {
    pub shell: Shell,
    pub head: Head,
    pub runs: Slice<Run>,
    pub runners: Runners,
}

impl NotebookRunsPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            head: Head::sample(Part::Runs),
            runs: Slice { items: vec![Run::sample()], next: Some(1) },
            runners: Runners::sample(),
        }
    }
}

#[derive(Template, WebTemplate)]
#[template(path = "notebooks/run.html")]
pub struct NotebookRunPage {
    pub shell: Shell,
    pub head: Head,
    pub run: Run,
    pub files: Vec<RunFile>,
    pub drawn: Drawn,
    /// The viewer may send its predictions.
    pub may_submit: bool,
    /// Where the submission stands that the viewer's team made of them.
    pub submitted: Option<String>,
    /// The viewer may end it.
    pub may_cancel: bool,
}

impl NotebookRunPage {
    pub fn sample() -> Self {
        let heading = Heading { level: 1, place: "nb-Data".to_owned(), text: "Data".to_owned() };
        Self {
            shell: Shell::sample(),
            head: Head::sample(Part::Runs),
            run: Run::sample(),
            files: vec![RunFile::sample()],
            drawn: Drawn { html: "<p>Some words.</p>".to_owned(), contents: vec![heading] },
            may_submit: true,
            submitted: None,
            may_cancel: true,
        }
    }

    pub fn file_address(&self, place: &i32) -> String {
        format!("{}/files/{place}", self.head.run_address(self.run.id))
    }
}

pub(super) async fn show_runs(
    State(app): State<App>,
    Path((username, notebook)): Path<(String, String)>,
    Query(keyset): Query<Keyset>,
    shell: Shell,
) -> Result<NotebookRunsPage> {
    let viewer = shell.viewer.as_ref();
    let seen = access::see(&app, &username, &notebook, viewer).await?;
    let head = Head::new(&app, &seen, viewer, Part::Runs).await?;
    let runs = read::list(&app, &seen, keyset).await?;
    let runners = read::runners(&app).await?;
    Ok(NotebookRunsPage { shell, head, runs, runners })
}

type NamedRun = Path<(String, String, RunId)>;

pub(super) async fn show_run(
    State(app): State<App>,
    Path((username, notebook, id)): NamedRun,
    shell: Shell,
) -> Result<NotebookRunPage> {
    let viewer = shell.viewer.as_ref();
    let seen = access::see(&app, &username, &notebook, viewer).await?;
    let detail = read::detail(&app, &seen, id).await?;
    let (may_submit, may_cancel) = (detail.may_submit(&seen), detail.may_cancel(&seen));
    let RunDetail { run, files, submitted } = detail;
    let submitted = submitted.map(|(slug, sent)| paths::submission(&slug, sent));
    let drawn = drawing::of_run(&app, &seen.notebook, &run).await?;
    let head = Head::new(&app, &seen, viewer, Part::Runs).await?;
    Ok(NotebookRunPage { shell, head, run, files, drawn, may_submit, submitted, may_cancel })
}

pub(super) async fn post_run(
    State(app): State<App>,
    Path((username, notebook, number)): Path<(String, String, i32)>,
    SignedIn(member): SignedIn,
) -> Result<Response> {
    let seen = access::see(&app, &username, &notebook, Some(&member)).await?;
    let asked = ask::ask(&app, &member, &seen, number).await?;
    let sentence =
        if asked.is_new { "The run is queued." } else { "This version is already queued or running." };
    let address = paths::notebook_run(&username, &notebook, asked.run.id);
    Ok(redirect_saying(&address, sentence))
}

pub(super) async fn post_cancel(
    State(app): State<App>,
    Path((username, notebook, id)): NamedRun,
    SignedIn(member): SignedIn,
) -> Result<Response> {
    let seen = access::see(&app, &username, &notebook, Some(&member)).await?;
    let (sentence, address) = match cancel::cancel(&app, &member, &seen, id).await? {
        Cancelled::Withdrawn => {
            ("The run was removed from the queue.", paths::notebook_runs(&username, &notebook))
        }
        Cancelled::Ended(run) => ("The run is cancelled.", paths::notebook_run(&username, &notebook, run.id)),
    };
    Ok(redirect_saying(&address, sentence))
}

pub(super) async fn post_submit(
    State(app): State<App>,
    Path((username, notebook, id)): NamedRun,
    SignedIn(member): SignedIn,
) -> Result<Response> {
    let seen = access::see(&app, &username, &notebook, Some(&member)).await?;
    let run = read::find(&app, &seen, id).await?;
    let receipt = submit::send(&app, &member, &seen, &run, "").await?;
    let sentence = format!(
        "Submission #{} was received, and is linked to version {}.",
        receipt.submission.id, run.number
    );
    let address = paths::notebook_run(&username, &notebook, id);
    Ok(redirect_saying(&address, &sentence))
}

pub(super) async fn download_executed(
    State(app): State<App>,
    Path((username, notebook, id)): NamedRun,
    shell: Shell,
    asked: HeaderMap,
) -> Result<Response> {
    let seen = access::see(&app, &username, &notebook, shell.viewer.as_ref()).await?;
    send_executed(&app, &seen, id, &asked).await
}

pub(super) async fn download_file(
    State(app): State<App>,
    Path((username, notebook, id, place)): Path<(String, String, RunId, i32)>,
    shell: Shell,
    asked: HeaderMap,
) -> Result<Response> {
    let seen = access::see(&app, &username, &notebook, shell.viewer.as_ref()).await?;
    send_output(&app, &seen, id, place, &asked).await
}
