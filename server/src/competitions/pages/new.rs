//! Beginning a competition: step by step, or from one labelled table.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{DefaultBodyLimit, Multipart, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Form, Router};

use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::create::{self, Address};
use crate::competitions::pages::setup::settings::BasicsForm;
use crate::competitions::settings::Basics;
use crate::competitions::setup::Step;
use crate::competitions::store::judging::LabelledTable;
use crate::competitions::supply::{self, Sealing, TablePlan, as_percent};
use crate::error::{AppError, Result};
use crate::files::Stored;
use crate::paths;
use crate::web::forms::{Mistake, mistake, show_again};
use crate::web::routing::{form, get};
use crate::web::shell::Shell;
use crate::web::upload::{self, Fields};

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::NEW, get(show_new))
        .route(paths::NEW_STEPS, form(show_steps, post_steps))
        .route(paths::NEW_TABLE, form(show_table, post_table).layer(DefaultBodyLimit::disable()))
}

#[derive(Template, WebTemplate)]
#[template(path = "competitions/new.html")]
pub struct NewPage {
    pub shell: Shell,
}

impl NewPage {
    pub fn sample() -> Self {
        Self { shell: Shell::sample() }
    }
}

async fn show_new(State(app): State<App>, shell: Shell) -> Result<NewPage> {
    create::may_host(&app, shell.member()?).await?;
    Ok(NewPage { shell })
}

#[derive(Template, WebTemplate)]
#[template(path = "competitions/new_steps.html")]
pub struct NewStepsPage {
    pub shell: Shell,
    pub form: BasicsForm,
    pub mistake: Mistake,
}

impl NewStepsPage {
    pub fn sample() -> Self {
        Self { shell: Shell::sample(), form: BasicsForm::default(), mistake: Mistake::none() }
    }
}

async fn show_steps(State(app): State<App>, shell: Shell) -> Result<NewStepsPage> {
    create::may_host(&app, shell.member()?).await?;
    Ok(NewStepsPage { shell, form: BasicsForm::default(), mistake: Mistake::none() })
}

async fn post_steps(State(app): State<App>, shell: Shell, Form(form): Form<BasicsForm>) -> Result<Response> {
    let host = shell.member()?;
    let outcome = match Basics::read(&form.title, &form.slug, &form.subtitle) {
        Ok(basics) => create::create(&app, host, basics, Address::of(&form.slug)).await,
        Err(error) => Err(error),
    };
    match mistake(outcome)? {
        Ok(competition) => Ok(Redirect::to(&paths::host(&competition.slug)).into_response()),
        Err(mistake) => Ok(show_again(NewStepsPage { shell, form, mistake })),
    }
}

/// What was typed beside the file; the file itself has to be chosen again.
#[derive(Debug, Clone, Default)]
pub struct TableForm {
    pub title: String,
    pub target: String,
    pub test_percent: String,
    pub public_percent: String,
}

impl TableForm {
    /// How a table that is here was split.
    pub fn of(table: &LabelledTable) -> Self {
        Self {
            title: String::new(),
            target: table.target_column.clone(),
            test_percent: as_percent(table.test_fraction).to_string(),
            public_percent: as_percent(table.public_fraction).to_string(),
        }
    }
}

impl From<&Fields> for TableForm {
    fn from(fields: &Fields) -> Self {
        Self {
            title: fields.text("title").to_owned(),
            target: fields.text("target").to_owned(),
            test_percent: fields.text("test_percent").to_owned(),
            public_percent: fields.text("public_percent").to_owned(),
        }
    }
}

#[derive(Template, WebTemplate)]
#[template(path = "competitions/new_table.html")]
pub struct NewTablePage {
    pub shell: Shell,
    pub form: TableForm,
    pub mistake: Mistake,
}

impl NewTablePage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            form: TableForm::default(),
            mistake: Mistake::new("file", "Choose a file."),
        }
    }
}

async fn show_table(State(app): State<App>, shell: Shell) -> Result<NewTablePage> {
    create::may_host(&app, shell.member()?).await?;
    Ok(NewTablePage { shell, form: TableForm::default(), mistake: Mistake::none() })
}

async fn post_table(State(app): State<App>, shell: Shell, form: Multipart) -> Result<Response> {
    let host = shell.member()?;
    create::may_host(&app, host).await?;
    let mut typed = TableForm::default();
    let outcome = receive_table(&app, host, form, &mut typed).await;
    match mistake(outcome)? {
        Ok(slug) => Ok(Redirect::to(&paths::host_step(&slug, Step::Table.name())).into_response()),
        Err(mistake) => Ok(show_again(NewTablePage { shell, form: typed, mistake })),
    }
}

async fn receive_table(app: &App, host: &Member, form: Multipart, typed: &mut TableForm) -> Result<String> {
    let ((basics, plan), stored) = receive_labelled_table(app, host, form, typed, read).await?;
    let stored = stored.ok_or_else(|| AppError::field("file", "Choose a file."))?;
    supply::create_from_table(app, host, basics, Address::Made, &plan, &stored).await
}

/// Takes in a labelled table, sealed, with what `read` makes of what was `typed`, which is read before a byte of the file is
/// stored. No file is given where none was chosen.
///
/// # Errors
/// Those of `read`; as [`upload::receive`].
pub(super) async fn receive_labelled_table<P>(
    app: &App,
    host: &Member,
    form: Multipart,
    typed: &mut TableForm,
    read: impl Fn(&TableForm) -> Result<P>,
) -> Result<(P, Option<Stored>)> {
    let mut plan = None;
    let received = upload::receive(form, "file", supply::SECRET_LIMIT_BYTES, async |fields| {
        *typed = TableForm::from(fields);
        plan = Some(read(typed)?);
        let sealing = Sealing::read(fields.text("sealed"));
        let (sink, _) = supply::open_secret(app, "tables", host.id.0, sealing).await?;
        Ok(sink)
    })
    .await?;
    *typed = TableForm::from(&received.fields);
    let plan = match plan {
        Some(plan) => plan,
        None => read(typed)?,
    };
    Ok((plan, received.file.map(|file| file.stored)))
}

fn read(form: &TableForm) -> Result<(Basics, TablePlan)> {
    let basics = Basics::read(&form.title, "", "")?;
    let plan = TablePlan::read(&form.target, &form.test_percent, &form.public_percent)?;
    Ok((basics, plan))
}
