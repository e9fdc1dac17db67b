//! The forms that bring notebooks in: a new one, and another version.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Multipart, Path, Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::{Head, Part, Pedigree};
use crate::accounts::model::Member;
use crate::api::paging::{Keyset, Slice};
use crate::app::App;
use crate::competitions;
use crate::error::{AppError, Result};
use crate::notebooks::access::{self, SeenNotebook};
use crate::notebooks::model::{LICENCES, TypedDetails, Version, Visibility};
use crate::notebooks::push::{self, Pushed, Upload, Wish};
use crate::notebooks::{ipynb, store};
use crate::paths;
use crate::web::extract::SignedIn;
use crate::web::format;
use crate::web::forms::{Mistake, mistake, redirect_saying, show_again};
use crate::web::shell::Shell;
use crate::web::upload::{Fields, Received, receive};

/// What was typed about a new notebook.
#[derive(Debug, Clone, Default)]
pub struct NewForm {
    pub details: TypedDetails,
    /// Slug of its competition, or empty.
    pub competition: String,
    pub message: String,
}

#[derive(Template, WebTemplate)]
#[template(path = "notebooks/new.html")]
pub struct NewNotebookPage {
    pub shell: Shell,
    pub form: NewForm,
    pub mistake: Mistake,
}

impl NewNotebookPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            form: NewForm { competition: "tumours".to_owned(), ..NewForm::default() },
            mistake: Mistake::new("file", "This file is not a notebook."),
        }
    }

    pub fn largest(&self) -> String {
        format::size(ipynb::LARGEST_BYTES)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct NewQuery {
    competition: String,
}

pub(super) async fn show_new(
    Query(query): Query<NewQuery>,
    SignedIn(_): SignedIn,
    shell: Shell,
) -> NewNotebookPage {
    let form = NewForm { competition: query.competition, ..NewForm::default() };
    NewNotebookPage { shell, form, mistake: Mistake::none() }
}

/// The name of the file field in both forms.
const FILE: &str = "file";

async fn take(app: &App, owner: &Member, form: Multipart) -> Result<Received> {
    let owner = owner.id.0;
    receive(form, FILE, ipynb::LARGEST_BYTES, async |_| Ok(app.files.create("notebooks", owner).await?)).await
}

fn typed(fields: &Fields) -> NewForm {
    let text = |name: &str| fields.text(name).to_owned();
    NewForm {
        details: TypedDetails {
            title: text("title"),
            visibility: text("visibility"),
            licence: text("licence"),
            tags: text("tags"),
        },
        competition: text("competition"),
        message: text("message"),
    }
}

pub(super) async fn post_new(
    State(app): State<App>,
    SignedIn(member): SignedIn,
    shell: Shell,
    form: Multipart,
) -> Result<Response> {
    let received = take(&app, &member, form).await?;
    let form = typed(&received.fields);
    match mistake(create(&app, &member, &form, received).await)? {
        Ok(pushed) => {
            let address = paths::notebook(&pushed.notebook.owner_username, &pushed.notebook.slug);
            Ok(redirect_saying(&address, "Your notebook has been created."))
        }
        Err(mistake) => Ok(show_again(NewNotebookPage { shell, form, mistake })),
    }
}

async fn create(app: &App, member: &Member, form: &NewForm, received: Received) -> Result<Pushed> {
    let file = received.file.ok_or_else(|| AppError::field(FILE, "Choose a file first."))?;
    let upload = Upload { file_name: file.name, stored: file.stored, message: form.message.clone() };
    let competition = match form.competition.as_str() {
        "" => None,
        slug => match competitions::access::see(app, slug, Some(member)).await {
            Ok(seen) => Some(seen),
            Err(error) => {
                app.files.remove(&upload.stored.key).await?;
                return Err(match error {
                    AppError::NotFound => AppError::field(
                        "competition",
                        "This competition does not exist, or you may not see it.",
                    ),
                    other => other,
                });
            }
        },
    };
    push::create(app, member, Wish { typed: form.details.clone(), slug: String::new(), competition }, upload)
        .await
}

#[derive(Template, WebTemplate)]
#[template(path = "notebooks/versions.html")]
pub struct NotebookVersionsPage {
    pub shell: Shell,
    pub head: Head,
    pub versions: Slice<Version>,
    pub message: String,
    pub mistake: Mistake,
}

impl NotebookVersionsPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            head: Head::sample(Part::Versions),
            versions: Slice { items: vec![Version::sample(2), Version::sample(1)], next: Some(1) },
            message: String::new(),
            mistake: Mistake::none(),
        }
    }

    pub fn largest(&self) -> String {
        format::size(ipynb::LARGEST_BYTES)
    }
}

pub(super) async fn show_versions(
    State(app): State<App>,
    Path((username, notebook)): Path<(String, String)>,
    Query(keyset): Query<Keyset>,
    shell: Shell,
) -> Result<NotebookVersionsPage> {
    let seen = access::see(&app, &username, &notebook, shell.viewer.as_ref()).await?;
    versions_page(&app, &seen, keyset, shell, String::new(), Mistake::none()).await
}

async fn versions_page(
    app: &App,
    seen: &SeenNotebook,
    keyset: Keyset,
    shell: Shell,
    message: String,
    mistake: Mistake,
) -> Result<NotebookVersionsPage> {
    let head = Head::new(app, seen, shell.viewer.as_ref(), Part::Versions).await?;
    let mut conn = app.db.acquire().await?;
    let found = store::versions::list(&mut conn, seen.notebook.id, keyset.before(), keyset.fetched()).await?;
    drop(conn);
    let versions = keyset.slice(found, |version| i64::from(version.number));
    Ok(NotebookVersionsPage { shell, head, versions, message, mistake })
}

pub(super) async fn post_version(
    State(app): State<App>,
    Path((username, notebook)): Path<(String, String)>,
    SignedIn(member): SignedIn,
    shell: Shell,
    form: Multipart,
) -> Result<Response> {
    let seen = access::see(&app, &username, &notebook, Some(&member)).await?;
    seen.require_owner()?;
    let received = take(&app, &member, form).await?;
    let message = received.fields.text("message").to_owned();
    let outcome = match received.file {
        Some(file) => {
            let upload = Upload { file_name: file.name, stored: file.stored, message: message.clone() };
            push::push(&app, &member, &seen, upload).await
        }
        None => Err(AppError::field(FILE, "Choose a file first.")),
    };
    match mistake(outcome)? {
        Ok(pushed) => {
            let sentence = if pushed.is_new {
                format!("Version {} is here.", pushed.version.number)
            } else {
                format!("This is version {} already: nothing has changed.", pushed.version.number)
            };
            Ok(redirect_saying(&paths::notebook(&username, &notebook), &sentence))
        }
        Err(mistake) => {
            let page = versions_page(&app, &seen, Keyset::default(), shell, message, mistake).await?;
            Ok(show_again(page))
        }
    }
}
