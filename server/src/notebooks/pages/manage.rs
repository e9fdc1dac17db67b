//! Buttons and forms of a notebook: settings, vote, fork, the submission it produced, hide, delete.

use askama::Template;
use askama_web::WebTemplate;
use axum::Form;
use axum::extract::{Path, State};
use axum::response::{Redirect, Response};
use serde::Deserialize;

use super::{Head, Part, Pedigree};
use crate::api::conditions::whatever_stands;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::forum::model::Vote;
use crate::forum::{subjects, votes};
use crate::ids::SubmissionId;
use crate::notebooks::access::{self, SeenNotebook};
use crate::notebooks::edit;
use crate::notebooks::model::{LICENCES, TypedDetails, Visibility};
use crate::notebooks::{push, score};
use crate::paths;
use crate::web::extract::SignedIn;
use crate::web::format;
use crate::web::forms::{Mistake, mistake, redirect_saying, show_again};
use crate::web::shell::Shell;

type Named = Path<(String, String)>;

#[derive(Template, WebTemplate)]
#[template(path = "notebooks/settings.html")]
pub struct NotebookSettingsPage {
    pub shell: Shell,
    pub head: Head,
    pub form: TypedDetails,
    pub mistake: Mistake,
}

impl NotebookSettingsPage {
    pub fn sample() -> Self {
        let form = TypedDetails { title: "A first model".to_owned(), ..TypedDetails::default() };
        Self {
            shell: Shell::sample(),
            head: Head::sample(Part::Settings),
            form,
            mistake: Mistake::new("tags", "Use at most 6 tags."),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SettingsForm {
    title: String,
    visibility: String,
    licence: String,
    tags: String,
}

async fn settings_page(
    app: &App,
    seen: &SeenNotebook,
    shell: Shell,
    form: TypedDetails,
    mistake: Mistake,
) -> Result<NotebookSettingsPage> {
    let head = Head::new(app, seen, shell.viewer.as_ref(), Part::Settings).await?;
    Ok(NotebookSettingsPage { shell, head, form, mistake })
}

pub(super) async fn show_settings(
    State(app): State<App>,
    Path((username, notebook)): Named,
    SignedIn(member): SignedIn,
    shell: Shell,
) -> Result<NotebookSettingsPage> {
    let seen = access::see(&app, &username, &notebook, Some(&member)).await?;
    seen.require_owner()?;
    let form = TypedDetails {
        title: seen.notebook.title.clone(),
        visibility: seen.notebook.visibility.name().to_owned(),
        licence: seen.notebook.licence.clone(),
        tags: seen.notebook.tags.join(", "),
    };
    settings_page(&app, &seen, shell, form, Mistake::none()).await
}

pub(super) async fn post_settings(
    State(app): State<App>,
    Path((username, notebook)): Named,
    SignedIn(member): SignedIn,
    shell: Shell,
    Form(form): Form<SettingsForm>,
) -> Result<Response> {
    let seen = access::see(&app, &username, &notebook, Some(&member)).await?;
    seen.require_owner()?;
    let SettingsForm { title, visibility, licence, tags } = form;
    let typed = TypedDetails { title, visibility, licence, tags };
    match mistake(edit::set_details(&app, &seen, &typed, whatever_stands).await)? {
        Ok(()) => Ok(redirect_saying(&paths::notebook(&username, &notebook), "Saved.")),
        Err(mistake) => {
            let page = settings_page(&app, &seen, shell, typed, mistake).await?;
            Ok(show_again(page))
        }
    }
}

pub(super) async fn post_fork(
    State(app): State<App>,
    Path((username, notebook, number)): Path<(String, String, i32)>,
    SignedIn(member): SignedIn,
) -> Result<Response> {
    let seen = access::see(&app, &username, &notebook, Some(&member)).await?;
    let pushed = push::fork(&app, &member, &seen, Some(number)).await?;
    let address = paths::notebook(&pushed.notebook.owner_username, &pushed.notebook.slug);
    Ok(redirect_saying(&address, "This is your fork. Only you see it until you publish it."))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SubmissionForm {
    submission: String,
}

pub(super) async fn post_submission(
    State(app): State<App>,
    Path((username, notebook, number)): Path<(String, String, i32)>,
    SignedIn(member): SignedIn,
    Form(form): Form<SubmissionForm>,
) -> Result<Response> {
    let seen = access::see(&app, &username, &notebook, Some(&member)).await?;
    let id = form.submission.trim().trim_start_matches('#').parse().map_err(|_| {
        AppError::field(
            "submission",
            "Type the number of a submission, as the list of your submissions shows it.",
        )
    })?;
    score::link(&app, &seen, number, SubmissionId(id)).await?;
    Ok(redirect_saying(
        &paths::notebook_version(&username, &notebook, number),
        "The submission is linked to this version.",
    ))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct VoteForm {
    vote: String,
}

pub(super) async fn post_vote(
    State(app): State<App>,
    Path((username, notebook)): Named,
    SignedIn(member): SignedIn,
    Form(form): Form<VoteForm>,
) -> Result<Redirect> {
    let seen = access::see(&app, &username, &notebook, Some(&member)).await?;
    let subject = subjects::see(&app, seen.notebook.id.into(), Some(&member)).await?;
    let vote = if form.vote == "none" { Vote::None } else { Vote::Up };
    votes::cast(&app, &member, &subject, vote).await?;
    Ok(Redirect::to(&paths::notebook(&username, &notebook)))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct DeleteForm {
    confirm: String,
}

pub(super) async fn post_delete(
    State(app): State<App>,
    Path((username, notebook)): Named,
    SignedIn(member): SignedIn,
    Form(form): Form<DeleteForm>,
) -> Result<Response> {
    let seen = access::see(&app, &username, &notebook, Some(&member)).await?;
    seen.require_owner()?;
    if form.confirm.trim() != seen.notebook.slug {
        return Err(AppError::field("confirm", "Type the notebook's name to delete it."));
    }
    edit::delete(&app, &seen, whatever_stands).await?;
    Ok(redirect_saying(paths::NOTEBOOKS_OWN, "The notebook has been deleted."))
}
