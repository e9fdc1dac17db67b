//! Uploading: data files, the sample submission, the solution.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Multipart, Path, State};
use axum::response::Response;
use holdout_contract::examine::{Finding, Verdict};
use serde::Deserialize;

use super::{Opened, Setup, open, saved};
use crate::api::conditions::whatever_stands;
use crate::app::App;
use crate::competitions::files::{self, DATA_LIMIT_BYTES, DataUpload, PutFile};
use crate::competitions::frame::{Frame, Tab};
use crate::competitions::setup::{Draft, OfFiles, Step};
use crate::competitions::store::data::DataFile;
use crate::competitions::store::judging;
use crate::competitions::supply::{self, Sealing};
use crate::error::{AppError, Result};
use crate::paths;
use crate::uploads::model::Purpose;
use crate::uploads::spend::{self, Taken};
use crate::web::format;
use crate::web::forms::{Mistake, mistake, show_again};
use crate::web::routing::{form, post};
use crate::web::shell::Shell;
use crate::web::upload;

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::HOST_DATA, form(show_data, post_data))
        .route(paths::HOST_DATA_DESCRIBE, post(post_describe))
        .route(paths::HOST_DATA_REMOVE, post(post_remove))
        .route(paths::HOST_SAMPLE, form(show_sample, post_sample))
        .route(paths::HOST_SOLUTION, form(show_solution, post_solution))
        .layer(DefaultBodyLimit::disable())
}

#[derive(Template, WebTemplate)]
#[template(path = "competitions/setup/data.html")]
pub struct DataPage {
    pub shell: Shell,
    pub frame: Frame,
    pub setup: Setup,
    pub files: Vec<DataFile>,
    /// What was found in them after the launch.
    pub found: Option<OfFiles>,
    pub mistake: Mistake,
}

impl DataPage {
    fn new(opened: Opened, shell: Shell, mistake: Mistake) -> Self {
        let found = opened.draft.of_files();
        Self {
            frame: opened.frame(&shell),
            setup: opened.setup,
            shell,
            files: opened.draft.files,
            found,
            mistake,
        }
    }

    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Host),
            setup: Setup::sample(Some(Step::Data)),
            files: vec![DataFile::sample()],
            found: Draft::sample().of_files(),
            mistake: Mistake::none(),
        }
    }

    pub fn verdict(&self, finding: &Finding) -> &'static str {
        match finding.verdict {
            Verdict::Pass => "good",
            Verdict::Warn => "warn",
            Verdict::Refused => "bad",
        }
    }

    pub fn address(&self, file: &DataFile, verb: &str) -> String {
        format!("{}/{}/{verb}", self.setup.address(&Step::Data), file.name)
    }

    pub fn limit(&self) -> String {
        format::size(DATA_LIMIT_BYTES)
    }
}

async fn show_data(State(app): State<App>, Path(slug): Path<String>, shell: Shell) -> Result<DataPage> {
    let opened = open(&app, &slug, &shell, Some(Step::Data)).await?;
    Ok(DataPage::new(opened, shell, Mistake::none()))
}

/// Receives a data file; `role` overrules the form's.
async fn receive_data(
    app: &App,
    opened: &Opened,
    shell: &Shell,
    form: Multipart,
    role: Option<&str>,
) -> Result<PutFile> {
    let owner = opened.seen.competition.id.0;
    let received = upload::receive(form, "file", DATA_LIMIT_BYTES, async |_| {
        Ok(app.files.create("data", owner).await?)
    })
    .await?;
    let (host, id) = (shell.member()?, opened.seen.competition.id);
    let Taken { fields, file } = spend::taken(app, host, received, Purpose::Data, id).await?;
    let (sent_name, arrived) = file.ok_or_else(|| AppError::field("file", "Choose a file."))?;
    let named = fields.text("name");
    let upload = DataUpload {
        name: if named.is_empty() { &sent_name } else { named },
        role: role.unwrap_or(fields.text("role")),
        description: fields.text("description"),
        note: fields.text("note"),
        may_replace: false,
    };
    files::put_data(app, host, &opened.seen, &upload, arrived, whatever_stands).await
}

async fn post_data(
    State(app): State<App>,
    Path(slug): Path<String>,
    shell: Shell,
    form: Multipart,
) -> Result<Response> {
    let opened = open(&app, &slug, &shell, Some(Step::Data)).await?;
    match mistake(receive_data(&app, &opened, &shell, form, None).await)? {
        Ok(put) => Ok(saved(&slug, Step::Data, &put.sentence())),
        Err(mistake) => Ok(show_again(DataPage::new(opened, shell, mistake))),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct DescribeForm {
    description: String,
}

async fn post_describe(
    State(app): State<App>,
    Path((slug, file)): Path<(String, String)>,
    shell: Shell,
    axum::Form(form): axum::Form<DescribeForm>,
) -> Result<Response> {
    let opened = open(&app, &slug, &shell, Some(Step::Data)).await?;
    files::describe_data(&app, &opened.seen, &file, &form.description, whatever_stands).await?;
    Ok(saved(&slug, Step::Data, "Saved."))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RemoveForm {
    note: String,
}

async fn post_remove(
    State(app): State<App>,
    Path((slug, file)): Path<(String, String)>,
    shell: Shell,
    axum::Form(RemoveForm { note }): axum::Form<RemoveForm>,
) -> Result<Response> {
    let opened = open(&app, &slug, &shell, Some(Step::Data)).await?;
    files::remove_data(&app, shell.member()?, &opened.seen, &file, &note, whatever_stands).await?;
    Ok(saved(&slug, Step::Data, &format!("{file} is gone.")))
}

#[derive(Template, WebTemplate)]
#[template(path = "competitions/setup/sample.html")]
pub struct SamplePage {
    pub shell: Shell,
    pub frame: Frame,
    pub setup: Setup,
    pub draft: Draft,
    pub mistake: Mistake,
}

impl SamplePage {
    fn new(opened: Opened, shell: Shell, mistake: Mistake) -> Self {
        Self { frame: opened.frame(&shell), setup: opened.setup, shell, draft: opened.draft, mistake }
    }

    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Host),
            setup: Setup::sample(Some(Step::Sample)),
            draft: Draft::sample(),
            mistake: Mistake::none(),
        }
    }
}

async fn show_sample(State(app): State<App>, Path(slug): Path<String>, shell: Shell) -> Result<SamplePage> {
    let opened = open(&app, &slug, &shell, Some(Step::Sample)).await?;
    Ok(SamplePage::new(opened, shell, Mistake::none()))
}

async fn post_sample(
    State(app): State<App>,
    Path(slug): Path<String>,
    shell: Shell,
    form: Multipart,
) -> Result<Response> {
    let opened = open(&app, &slug, &shell, Some(Step::Sample)).await?;
    match mistake(receive_data(&app, &opened, &shell, form, Some("sample_submission")).await)? {
        Ok(put) => {
            let done = format!("{} {} is the sample submission.", put.sentence(), put.name);
            Ok(saved(&slug, Step::Sample, &done))
        }
        Err(mistake) => Ok(show_again(SamplePage::new(opened, shell, mistake))),
    }
}

#[derive(Template, WebTemplate)]
#[template(path = "competitions/setup/solution.html")]
pub struct SolutionPage {
    pub shell: Shell,
    pub frame: Frame,
    pub setup: Setup,
    pub draft: Draft,
    /// The scorers' public key; `None` while none has announced itself.
    pub recipient: Option<String>,
    pub mistake: Mistake,
}

impl SolutionPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Host),
            setup: Setup::sample(Some(Step::Solution)),
            draft: Draft::sample(),
            recipient: Some("age1xyz".to_owned()),
            mistake: Mistake::none(),
        }
    }
}

async fn solution_page(app: &App, opened: Opened, shell: Shell, mistake: Mistake) -> Result<SolutionPage> {
    let mut conn = app.db.acquire().await?;
    let recipient = judging::recipient(&mut conn).await?;
    Ok(SolutionPage {
        frame: opened.frame(&shell),
        setup: opened.setup,
        shell,
        draft: opened.draft,
        recipient,
        mistake,
    })
}

async fn show_solution(
    State(app): State<App>,
    Path(slug): Path<String>,
    shell: Shell,
) -> Result<SolutionPage> {
    let opened = open(&app, &slug, &shell, Some(Step::Solution)).await?;
    solution_page(&app, opened, shell, Mistake::none()).await
}

async fn receive_solution(app: &App, opened: &Opened, shell: &Shell, form: Multipart) -> Result<()> {
    let owner = opened.seen.competition.id.0;
    let mut sealed_to = String::new();
    let received = upload::receive(form, "file", supply::SECRET_LIMIT_BYTES, async |fields| {
        let sealing = Sealing::read(fields.text("sealed"));
        let (sink, recipient) = supply::open_secret(app, "solutions", owner, sealing).await?;
        sealed_to = recipient;
        Ok(sink)
    })
    .await?;
    let file = received.file.ok_or_else(|| AppError::field("file", "Choose a file."))?;
    supply::put_solution(app, shell.member()?, &opened.seen, &sealed_to, &file.stored).await
}

async fn post_solution(
    State(app): State<App>,
    Path(slug): Path<String>,
    shell: Shell,
    form: Multipart,
) -> Result<Response> {
    let opened = open(&app, &slug, &shell, Some(Step::Solution)).await?;
    match mistake(receive_solution(&app, &opened, &shell, form).await)? {
        Ok(()) => Ok(saved(&slug, Step::Solution, "The solution is sealed: only the scorers can open it.")),
        Err(mistake) => Ok(show_again(solution_page(&app, opened, shell, mistake).await?)),
    }
}
