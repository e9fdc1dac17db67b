//! A bundle of another platform in the browser: sent, its report read, made into a draft.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::multipart::Field;
use axum::extract::{DefaultBodyLimit, Multipart, Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Form, Router};
use futures_util::StreamExt;
use serde::Deserialize;
use uuid::Uuid;

use super::make::{self, Wish};
use super::receive::{self, Sent, Turn};
use super::report::Report;
use super::store::Bundle;
use super::{Kind, report};
use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::create;
use crate::error::{AppError, Result};
use crate::folder::model::Contents;
use crate::paths;
use crate::uploads::spend;
use crate::web::format;
use crate::web::forms::{Mistake, mistake, redirect_saying, show_again};
use crate::web::routing::{form, post};
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::NEW_BUNDLE, form(show_form, post_bundle).layer(DefaultBodyLimit::disable()))
        .route(paths::NEW_BUNDLE_REPORT, form(show_report, post_draft))
        .route(paths::NEW_BUNDLE_FORGET, post(post_forget))
}

#[derive(Template, WebTemplate)]
#[template(path = "bundles/send.html")]
pub struct SendBundlePage {
    pub shell: Shell,
    pub from: String,
    pub mistake: Mistake,
}

impl SendBundlePage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            from: String::new(),
            mistake: Mistake::new("file", "This is not a bundle."),
        }
    }

    pub fn bounds(&self) -> String {
        format!(
            "A zip or tar.gz of at most {}; of at most {} without scripts.",
            format::limit(receive::LARGE_LIMIT_BYTES),
            format::limit(receive::LIMIT_BYTES)
        )
    }

    /// Words of the form, with what people read.
    pub fn kinds(&self) -> [(&'static str, &'static str); 5] {
        [
            ("", "Find out"),
            (Kind::Codabench.name(), "Codabench bundle"),
            (Kind::EvalAi.name(), "EvalAI configuration"),
            (Kind::Kaggle.name(), "Folder as on Kaggle"),
            (Kind::HuggingFace.name(), "Hugging Face competition"),
        ]
    }
}

async fn show_form(State(app): State<App>, shell: Shell) -> Result<SendBundlePage> {
    create::may_host(&app, shell.member()?).await?;
    Ok(SendBundlePage { shell, from: String::new(), mistake: Mistake::none() })
}

async fn post_bundle(State(app): State<App>, shell: Shell, form: Multipart) -> Result<Response> {
    let host = shell.member()?;
    let turn = receive::enter(&app, host).await;
    let mut from = String::new();
    let outcome = match turn {
        Ok(turn) => take(&app, host, turn, form, &mut from).await,
        Err(error) => Err(error),
    };
    match mistake(outcome)? {
        Ok(id) => Ok(Redirect::to(&paths::new_bundle_report(id)).into_response()),
        Err(mistake) => Ok(show_again(SendBundlePage { shell, from, mistake })),
    }
}

/// Forms put the file last, or the upload that stands for it, behind the kind.
async fn take(app: &App, host: &Member, turn: Turn, mut form: Multipart, from: &mut String) -> Result<Uuid> {
    let broken = |_| AppError::field("file", "The form could not be read to its end.");
    while let Some(field) = form.next_field().await.map_err(broken)? {
        match field.name() {
            Some("from") => *from = word(field).await?,
            Some("upload") => {
                let bundle = spend::bundle(app, host, &word(field).await?).await;
                let sent = Sent::Veiled(bundle.map_err(spend::beside_the_file)?);
                return receive::receive(app, host, turn, sent, Kind::read(from)?).await;
            }
            Some("file") if field.file_name().is_some_and(|name| !name.is_empty()) => {
                let kind = Kind::read(from)?;
                let archive = receive::gather(field.map(|chunk| chunk.map_err(broken))).await?;
                return receive::receive(app, host, turn, Sent::Whole(archive), kind).await;
            }
            _ => {}
        }
    }
    Err(AppError::field("file", "Choose a file."))
}

async fn word(mut field: Field<'_>) -> Result<String> {
    const LONGEST_BYTES: usize = 120;
    let broken = |_| AppError::field("from", "The form could not be read to its end.");
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(broken)? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > LONGEST_BYTES {
            return Err(AppError::field("from", "Choose one of the kinds."));
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What is typed on seeing the report.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct DraftForm {
    pub title: String,
    pub slug: String,
    /// `higher` or `lower`.
    pub direction: String,
}

#[derive(Template, WebTemplate)]
#[template(path = "bundles/report.html")]
pub struct BundleReportPage {
    pub shell: Shell,
    pub bundle: Bundle,
    pub has_solution: bool,
    pub form: DraftForm,
    pub mistake: Mistake,
}

impl BundleReportPage {
    pub fn sample() -> Self {
        let mut report = Report::new("Codabench bundle");
        report.to_do("ends_at", "The bundle names no such time.");
        report.carried("title", "Iris");
        let contents =
            Contents { title: "Iris".to_owned(), ..super::draft::Draft::new("Codabench bundle").contents };
        let shell = Shell::sample();
        let bundle = Bundle {
            id: Uuid::nil(),
            kind: Kind::Codabench.name().to_owned(),
            contents,
            open_times: vec!["starts_at".to_owned(), "ends_at".to_owned()],
            is_direction_open: true,
            report,
            expires_at: shell.now,
        };
        let form = DraftForm { title: "Iris".to_owned(), ..DraftForm::default() };
        Self { shell, bundle, has_solution: true, form, mistake: Mistake::none() }
    }

    /// What it would become, in one line.
    pub fn summary(&self) -> String {
        let contents = &self.bundle.contents;
        let n = |length: usize| i32::try_from(length).unwrap_or(i32::MAX);
        let pages = format::counted(&n(contents.pages.len()), "page", "pages");
        let data = format::counted(&n(contents.data.len()), "data file", "data files");
        let solution = if self.has_solution { "a solution" } else { "no solution" };
        let metric = match &contents.metric {
            Some(metric) => format!("scored by {}", metric.name),
            None => "no metric".to_owned(),
        };
        format!("{}: {pages}, {data}, {solution}, {metric}.", self.bundle.report.kind)
    }

    pub fn sections(&self) -> [(&'static str, &[report::Item]); 4] {
        self.bundle.report.sections()
    }
}

async fn report_page(
    app: &App,
    shell: Shell,
    id: Uuid,
    form: Option<DraftForm>,
    mistake: Mistake,
) -> Result<BundleReportPage> {
    let host = shell.member()?;
    let (bundle, files) = receive::find(app, host, id).await?;
    let has_solution = files.iter().any(|file| file.recipient.is_some());
    let form =
        form.unwrap_or_else(|| DraftForm { title: bundle.contents.title.clone(), ..DraftForm::default() });
    Ok(BundleReportPage { shell, bundle, has_solution, form, mistake })
}

async fn show_report(State(app): State<App>, Path(id): Path<Uuid>, shell: Shell) -> Result<BundleReportPage> {
    report_page(&app, shell, id, None, Mistake::none()).await
}

async fn post_draft(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    shell: Shell,
    Form(form): Form<DraftForm>,
) -> Result<Response> {
    let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let wish = Wish {
        title: given(&form.title),
        slug: given(&form.slug),
        higher_is_better: match form.direction.as_str() {
            "higher" => Some(true),
            "lower" => Some(false),
            _ => None,
        },
    };
    match mistake(make::make(&app, shell.member()?, id, &wish).await)? {
        Ok(made) => {
            let mut sentence = "The draft has been created. Review it, then launch.".to_owned();
            if !made.left_open.is_empty() {
                sentence = format!(
                    "The draft has been created; this is left for you to do: {}",
                    made.left_open.join(" ")
                );
            }
            Ok(redirect_saying(&paths::host(&made.slug), &sentence))
        }
        Err(mistake) => Ok(show_again(report_page(&app, shell, id, Some(form), mistake).await?)),
    }
}

async fn post_forget(State(app): State<App>, Path(id): Path<Uuid>, shell: Shell) -> Result<Response> {
    receive::forget(&app, shell.member()?, id).await?;
    Ok(redirect_saying(paths::NEW, "The bundle has been deleted."))
}
