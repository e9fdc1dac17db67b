//! Runs from the top as pages: the list of a notebook's runs, one run with its log and files, and the buttons.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;

use super::{Head, Part, Pedigree};
use crate::api::paging::{Keyset, Slice};
use crate::app::App;
use crate::competitions::access::Seen;
use crate::competitions::download::{Download, send};
use crate::error::{AppError, Result};
use crate::ids::{RunId, TeamId};
use crate::notebooks::access::{self, SeenNotebook};
use crate::notebooks::draw::Heading;
use crate::notebooks::drawing::Drawn;
use crate::notebooks::runs::cancel::{self, Cancelled};
use crate::notebooks::runs::model::{Run, RunFile, RunState, Runners, SUBMISSION};
use crate::notebooks::runs::{ask, drawing, store, submit};
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
        let mut conn = app.db.acquire().await?;
        let newest = match store::newest(&mut conn, seen.notebook.id, number).await? {
            Some(id) => store::find(&mut conn, seen.notebook.id, id).await?,
            None => None,
        };
        let runners = store::runners(&mut conn).await?;
        Ok(Self { newest, runners, may_ask: seen.is_owner && seen.sees_its_competition() })
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
    let mut conn = app.db.acquire().await?;
    let found = store::list(&mut conn, seen.notebook.id, keyset.before(), keyset.fetched()).await?;
    let runners = store::runners(&mut conn).await?;
    drop(conn);
    Ok(NotebookRunsPage { shell, head, runs: keyset.slice(found, |run| run.id.0), runners })
}

type NamedRun = Path<(String, String, RunId)>;

pub(super) async fn show_run(
    State(app): State<App>,
    Path((username, notebook, id)): NamedRun,
    shell: Shell,
) -> Result<NotebookRunPage> {
    let viewer = shell.viewer.as_ref();
    let seen = access::see(&app, &username, &notebook, viewer).await?;
    let run = ask::see(&app, &seen, id).await?;
    let mut conn = app.db.acquire().await?;
    let files = store::files(&mut conn, run.id).await?;
    let submitted = match own_team(&seen) {
        Some((slug, team)) => {
            submit::sent_as(&mut conn, team, run.id).await?.map(|sent| paths::submission(slug, sent))
        }
        None => None,
    };
    drop(conn);
    let drawn = drawing::of_run(&app, &seen.notebook, &run).await?;
    let head = Head::new(&app, &seen, viewer, Part::Runs).await?;
    let has_predictions = files.iter().any(|file| file.path == SUBMISSION);
    let may_submit =
        seen.is_owner && seen.competition.is_some() && run.state == RunState::Ran && has_predictions;
    let may_cancel = cancel::may_cancel(&seen) && run.state.is_open();
    let may_submit = may_submit && submitted.is_none();
    Ok(NotebookRunPage { shell, head, run, files, drawn, may_submit, submitted, may_cancel })
}

/// The team that the viewer has in the notebook's competition.
fn own_team(seen: &SeenNotebook) -> Option<(&str, TeamId)> {
    let Seen { competition, standing } = seen.competition.as_ref()?;
    Some((&competition.slug, standing.team_id?))
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
    let run = ask::see(&app, &seen, id).await?;
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

/// The notebook with the outputs of a run.
///
/// # Errors
/// [`AppError::NotFound`] where there is none.
pub async fn send_executed(app: &App, seen: &SeenNotebook, id: RunId, asked: &HeaderMap) -> Result<Response> {
    let run = ask::see(app, seen, id).await?;
    let executed = run.executed.ok_or(AppError::NotFound)?;
    let download = Download {
        storage_key: &executed.storage_key,
        name: &format!("{}-run-{id}.ipynb", seen.notebook.slug),
        size_bytes: executed.size_bytes.unsigned_abs(),
        sha256_hex: hex::encode(&executed.sha256),
    };
    send(&app.files, &download, asked).await
}

/// A file that a run left: to be kept, and never shown as a page.
///
/// # Errors
/// [`AppError::NotFound`] where there is none.
pub async fn send_output(
    app: &App,
    seen: &SeenNotebook,
    id: RunId,
    place: i32,
    asked: &HeaderMap,
) -> Result<Response> {
    let run = ask::see(app, seen, id).await?;
    let mut conn = app.db.acquire().await?;
    let files = store::files(&mut conn, run.id).await?;
    drop(conn);
    let file = files.iter().find(|file| file.place == place).ok_or(AppError::NotFound)?;
    let download = Download {
        storage_key: &file.storage_key,
        name: file.name(),
        size_bytes: file.size_bytes.unsigned_abs(),
        sha256_hex: file.sha256_hex(),
    };
    send(&app.files, &download, asked).await
}
