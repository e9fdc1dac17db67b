//! The proposal made from a labelled table, and another table where that one was no good.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Multipart, Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use holdout_contract::examine::Proposal;
use holdout_contract::rejection::Rejection;

use super::{Opened, Setup, open};
use crate::app::App;
use crate::competitions::access::{self, Seen};
use crate::competitions::frame::{Frame, Tab};
use crate::competitions::pages::new::{TableForm, receive_labelled_table};
use crate::competitions::setup::{Draft, Step};
use crate::competitions::supply::{self, TablePlan};
use crate::error::Result;
use crate::paths;
use crate::web::forms::{Mistake, mistake, show_again};
use crate::web::routing::form;
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new().route(paths::HOST_TABLE, form(show_table, post_table).layer(DefaultBodyLimit::disable()))
}

#[derive(Template, WebTemplate)]
#[template(path = "competitions/setup/table.html")]
pub struct TablePage {
    pub shell: Shell,
    pub frame: Frame,
    pub setup: Setup,
    pub draft: Draft,
    pub proposal: Option<Proposal>,
    pub rejection: Option<Rejection>,
    pub form: TableForm,
    pub mistake: Mistake,
}

impl TablePage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Host),
            setup: Setup::sample(Some(Step::Table)),
            draft: Draft::sample(),
            proposal: None,
            rejection: None,
            form: TableForm::default(),
            mistake: Mistake::none(),
        }
    }

    /// `form` is what was typed; what the table here was split by where nothing was.
    fn new(shell: Shell, opened: Opened, form: TableForm, mistake: Mistake) -> Self {
        let table = opened.draft.table.as_ref();
        let proposal = table
            .and_then(|table| table.proposal.clone())
            .and_then(|proposal| serde_json::from_value(proposal).ok());
        let rejection = table
            .and_then(|table| table.rejection.clone())
            .and_then(|rejection| serde_json::from_value(rejection).ok());
        let form = match table {
            Some(table) if form.target.is_empty() => TableForm::of(table),
            _ => form,
        };
        let frame = opened.frame(&shell);
        Self { shell, frame, setup: opened.setup, draft: opened.draft, proposal, rejection, form, mistake }
    }

    /// Whether to look again in a moment.
    pub fn is_waiting(&self) -> bool {
        self.draft.is_splitting() && !self.has_failed()
    }

    /// Whether a fault of ours stands in the way.
    pub fn has_failed(&self) -> bool {
        self.draft.split.as_ref().is_some_and(|job| job.state == "failed")
    }

    /// Cells in question, where the message does not name them.
    pub fn examples<'a>(&self, rejection: &'a Rejection) -> &'a [String] {
        match rejection.examples.first() {
            Some(first) if rejection.message.contains(first.as_str()) => &[],
            _ => &rejection.examples,
        }
    }

    /// Whether another target, other shares or another table may be named.
    pub fn takes_another(&self) -> bool {
        !self.setup.is_launched && self.draft.table.is_some() && !self.is_waiting()
    }
}

async fn show_table(State(app): State<App>, Path(slug): Path<String>, shell: Shell) -> Result<TablePage> {
    let opened = open(&app, &slug, &shell, Some(Step::Table)).await?;
    Ok(TablePage::new(shell, opened, TableForm::default(), Mistake::none()))
}

async fn post_table(
    State(app): State<App>,
    Path(slug): Path<String>,
    shell: Shell,
    form: Multipart,
) -> Result<Response> {
    shell.member()?;
    let seen = access::see_as_host(&app, &slug, shell.viewer.as_ref()).await?;
    let mut typed = TableForm::default();
    let outcome = receive_another(&app, &shell, &seen, form, &mut typed).await;
    match mistake(outcome)? {
        Ok(()) => Ok(Redirect::to(&paths::host_step(&slug, Step::Table.name())).into_response()),
        Err(mistake) => {
            let opened = open(&app, &slug, &shell, Some(Step::Table)).await?;
            Ok(show_again(TablePage::new(shell, opened, typed, mistake)))
        }
    }
}

async fn receive_another(
    app: &App,
    shell: &Shell,
    seen: &Seen,
    form: Multipart,
    typed: &mut TableForm,
) -> Result<()> {
    let host = shell.member()?;
    let (plan, stored) = receive_labelled_table(app, host, form, typed, read).await?;
    match stored {
        Some(stored) => supply::put_table(app, host, seen, &plan, &stored).await,
        None => supply::split_anew(app, host, seen, &plan).await,
    }
}

fn read(form: &TableForm) -> Result<TablePlan> {
    TablePlan::read(&form.target, &form.test_percent, &form.public_percent)
}
