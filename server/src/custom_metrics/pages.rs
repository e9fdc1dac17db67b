//! Modules as pages: what everybody is judged by, the host's form, what broke.

use std::collections::BTreeMap;

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Form, Router};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::choose::{self, Choice};
use super::model::{Failure, Module, Sandboxes};
use super::{read, retry, store};
use crate::api::conditions::whatever_stands;
use crate::api::paging::Keyset;
use crate::app::App;
use crate::competitions::access;
use crate::competitions::frame::{Frame, Tab};
use crate::competitions::pages::setup::{Opened, Setup, open, saved};
use crate::competitions::setup::Step;
use crate::competitions::supply;
use crate::error::{AppError, Result};
use crate::paths;
use crate::web::forms::{Mistake, mistake, redirect_saying, show_again};
use crate::web::routing::{form, get, post};
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::COMPETITION_METRIC, get(show_metric))
        .route(paths::HOST_MODULE, form(show_form, post_form))
        .route(paths::HOST_FAILURES, get(show_failures))
        .route(paths::HOST_FAILURES_RETRY, post(post_retry))
}

/// The module that a competition is judged by, for everybody who may see the competition.
#[derive(Template, WebTemplate)]
#[template(path = "custom_metrics/metric.html")]
pub struct MetricPage {
    pub shell: Shell,
    pub frame: Frame,
    pub module: Module,
}

impl MetricPage {
    pub fn sample() -> Self {
        Self { shell: Shell::sample(), frame: Frame::sample(Tab::Overview), module: Module::sample() }
    }
}

/// A metric of the catalogue has its page there.
async fn show_metric(State(app): State<App>, Path(slug): Path<String>, shell: Shell) -> Result<Response> {
    let seen = access::see(&app, &slug, shell.viewer.as_ref()).await?;
    let module = read::module(&app, &seen).await?;
    match (module, &seen.competition.metric) {
        (Some(module), _) => {
            let frame = Frame::new(seen, Tab::Overview, shell.now);
            Ok(MetricPage { shell, frame, module }.into_response())
        }
        (None, Some(name)) => Ok(Redirect::to(&paths::metric(name)).into_response()),
        (None, None) => Err(AppError::NotFound),
    }
}

#[derive(Template, WebTemplate)]
#[template(path = "custom_metrics/form.html")]
pub struct FormPage {
    pub shell: Shell,
    pub frame: Frame,
    pub setup: Setup,
    /// Whether solution and metric may be changed now.
    pub is_open: bool,
    pub module: Option<Module>,
    pub sandboxes: Sandboxes,
    pub public_fraction: f64,
    pub stored_context: String,
    /// What was typed, by field name.
    pub typed: BTreeMap<String, String>,
    pub mistake: Mistake,
}

impl FormPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Host),
            setup: Setup::sample(Some(Step::Metric)),
            is_open: true,
            module: Some(Module::sample()),
            sandboxes: Sandboxes {
                versions: vec!["Python 3.11".to_owned()],
                refusals: vec!["there is no Python on this machine".to_owned()],
            },
            public_fraction: 0.3,
            stored_context: String::new(),
            typed: BTreeMap::new(),
            mistake: Mistake::none(),
        }
    }

    fn or_typed(&self, name: &str, stored: String) -> String {
        self.typed.get(name).cloned().unwrap_or(stored)
    }

    pub fn source(&self) -> String {
        self.or_typed("source", self.module.as_ref().map_or_else(String::new, |module| module.source.clone()))
    }

    pub fn file_name(&self) -> String {
        let stored = self.module.as_ref().map_or_else(String::new, |module| module.file_name.clone());
        self.or_typed("file_name", stored)
    }

    pub fn params(&self) -> String {
        self.or_typed("params", self.module.as_ref().map_or_else(String::new, Module::params_text))
    }

    pub fn context(&self) -> String {
        self.or_typed("context", self.stored_context.clone())
    }

    pub fn public_percent(&self) -> String {
        self.or_typed("public_percent", format!("{}", (self.public_fraction * 1000.0).round() / 10.0))
    }

    /// `checked` of a direction.
    pub fn checked(&self, direction: &str) -> &'static str {
        let stored =
            self.module.as_ref().map(|module| if module.higher_is_better { "higher" } else { "lower" });
        let chosen = self.typed.get("direction").map(String::as_str).or(stored);
        if chosen == Some(direction) { "checked" } else { "" }
    }
}

async fn form_page(
    app: &App,
    opened: Opened,
    shell: Shell,
    typed: BTreeMap<String, String>,
    mistake: Mistake,
) -> Result<FormPage> {
    let mut conn = app.db.acquire().await?;
    let module = store::of_version(&mut conn, opened.draft.version.id).await?;
    let sandboxes = store::sandboxes(&mut conn).await?;
    drop(conn);
    let stored_context = match &opened.draft.version.context {
        Value::Object(context) if context.is_empty() => String::new(),
        context => serde_json::to_string_pretty(context).unwrap_or_default(),
    };
    Ok(FormPage {
        frame: opened.frame(&shell),
        is_open: opened.draft.is_open(),
        public_fraction: opened.draft.version.public_fraction,
        setup: opened.setup,
        shell,
        module,
        sandboxes,
        stored_context,
        typed,
        mistake,
    })
}

async fn show_form(State(app): State<App>, Path(slug): Path<String>, shell: Shell) -> Result<FormPage> {
    let opened = open(&app, &slug, &shell, Some(Step::Metric)).await?;
    form_page(&app, opened, shell, BTreeMap::new(), Mistake::none()).await
}

fn object(field: &'static str, text: &str) -> Result<Map<String, Value>> {
    if text.is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_str(text)
        .map_err(|error| AppError::field(field, format!("This is not a JSON object: {error}.")))
}

fn choice_of(typed: &BTreeMap<String, String>) -> Result<Choice> {
    let text = |name: &str| typed.get(name).map_or("", |value| value.trim());
    let higher_is_better = match text("direction") {
        "higher" => true,
        "lower" => false,
        _ => return Err(AppError::field("direction", "Say which direction is better.")),
    };
    Ok(Choice {
        file_name: text("file_name").to_owned(),
        // A form's lines end as in e-mail; the module's do not.
        source: typed.get("source").map_or_else(String::new, |source| source.replace("\r\n", "\n")),
        higher_is_better,
        params: object("params", text("params"))?,
        context: object("context", text("context"))?,
        public_fraction: supply::percent("public_percent", text("public_percent"), 1.0, 99.0)?,
    })
}

async fn post_form(
    State(app): State<App>,
    Path(slug): Path<String>,
    shell: Shell,
    Form(typed): Form<BTreeMap<String, String>>,
) -> Result<Response> {
    let opened = open(&app, &slug, &shell, Some(Step::Metric)).await?;
    let outcome = match choice_of(&typed) {
        Ok(choice) => choose::choose(&app, shell.member()?, &opened.seen, choice, whatever_stands).await,
        Err(error) => Err(error),
    };
    match mistake(outcome)? {
        Ok(()) => Ok(saved(
            &slug,
            Step::Launch,
            "The module is pinned. A scorer is loading it, running its doctests and scoring the sample submission.",
        )),
        Err(mistake) => Ok(show_again(form_page(&app, opened, shell, typed, mistake).await?)),
    }
}

#[derive(Template, WebTemplate)]
#[template(path = "custom_metrics/failures.html")]
pub struct FailuresPage {
    pub shell: Shell,
    pub frame: Frame,
    pub setup: Setup,
    pub failures: Vec<Failure>,
    /// The version whose failures are shown; `None`: submissions that have no score.
    pub version: Option<i32>,
    /// `before` of the next page.
    pub older: Option<i64>,
}

impl FailuresPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Host),
            setup: Setup::sample(None),
            failures: vec![Failure::sample()],
            version: None,
            older: Some(7),
        }
    }

    /// Address of the next page.
    pub fn older_address(&self, before: &i64) -> String {
        match self.version {
            Some(number) => format!("?version={number}&before={before}"),
            None => format!("?before={before}"),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
struct FailuresQuery {
    version: Option<i32>,
}

async fn show_failures(
    State(app): State<App>,
    Path(slug): Path<String>,
    Query(query): Query<FailuresQuery>,
    Query(keyset): Query<Keyset>,
    shell: Shell,
) -> Result<FailuresPage> {
    let opened = open(&app, &slug, &shell, None).await?;
    let slice = read::failures(&app, &opened.seen, query.version, keyset).await?;
    Ok(FailuresPage {
        frame: opened.frame(&shell),
        setup: opened.setup,
        shell,
        failures: slice.items,
        version: query.version,
        older: slice.next,
    })
}

async fn post_retry(State(app): State<App>, Path(slug): Path<String>, shell: Shell) -> Result<Response> {
    let opened = open(&app, &slug, &shell, None).await?;
    let sentence = match retry::retry(&app, shell.member()?, &opened.seen).await? {
        0 => "No submissions are missing a score.".to_owned(),
        1 => "One submission is waiting to be scored again.".to_owned(),
        n => format!("{n} submissions are waiting to be scored again."),
    };
    Ok(redirect_saying(&paths::host_failures(&slug), &sentence))
}
