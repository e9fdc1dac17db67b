//! Room for files as a page for administrators.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::response::Response;
use axum::{Form, Router};
use serde::Deserialize;

use super::change::{Named, allow, allow_everybody};
use super::model::{Allowed, Large, Usage, gigabytes, read_gigabytes, shown};
use super::read::{self, SiteRoom};
use crate::admin::Admin;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::paths;
use crate::web::forms::{Mistake, mistake, redirect_saying, show_again};
use crate::web::routing::{form, post};
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::ADMIN_ROOM, form(show_room, post_room))
        .route(paths::ADMIN_ROOM_PERSON, post(post_person))
        .route(paths::ADMIN_ROOM_COMPETITION, post(post_competition))
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RoomForm {
    pub person_bytes: String,
    pub competition_bytes: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ExceptionForm {
    pub username: String,
    pub slug: String,
    /// Empty: as everybody.
    pub gigabytes: String,
}

#[derive(Template, WebTemplate)]
#[template(path = "quotas/room.html")]
pub struct RoomPage {
    pub shell: Shell,
    pub tab: &'static str,
    /// What the whole site keeps.
    pub used: Option<String>,
    pub form: RoomForm,
    pub exception: ExceptionForm,
    pub people: Vec<Large>,
    pub competitions: Vec<Large>,
    pub mistake: Mistake,
}

impl RoomPage {
    pub fn sample() -> Self {
        let large = |name: &str, title: &str| Large {
            name: name.to_owned(),
            title: title.to_owned(),
            usage: Usage::sample(),
        };
        Self {
            shell: Shell::sample(),
            tab: paths::ADMIN_ROOM,
            used: Some("47.2 GB".to_owned()),
            form: RoomForm { person_bytes: "50".to_owned(), competition_bytes: "500".to_owned() },
            exception: ExceptionForm { username: "ada".to_owned(), ..ExceptionForm::default() },
            people: vec![large("ada", "Ada Lovelace")],
            competitions: vec![large("houses", "House prices")],
            mistake: Mistake::new("username", "No account has this name."),
        }
    }
}

async fn page(app: &App, shell: Shell) -> Result<RoomPage> {
    let SiteRoom { allowed, used_bytes, people, competitions } = read::site(app).await?;
    // Nothing yet, where all was last added up before the first file came.
    let used = used_bytes.filter(|bytes| *bytes > 0).map(shown);
    let form = RoomForm {
        person_bytes: gigabytes(allowed.person_bytes),
        competition_bytes: gigabytes(allowed.competition_bytes),
    };
    let (exception, mistake) = (ExceptionForm::default(), Mistake::none());
    Ok(RoomPage { shell, tab: paths::ADMIN_ROOM, used, form, exception, people, competitions, mistake })
}

async fn show_room(State(app): State<App>, shell: Shell, Admin(_): Admin) -> Result<RoomPage> {
    page(&app, shell).await
}

fn saved() -> Response {
    redirect_saying(paths::ADMIN_ROOM, "Saved.")
}

async fn post_room(
    State(app): State<App>,
    shell: Shell,
    Admin(admin): Admin,
    Form(form): Form<RoomForm>,
) -> Result<Response> {
    let number = |field: &'static str, typed: &str| -> Result<i64> {
        read_gigabytes(field, typed)?.ok_or_else(|| AppError::field(field, "Enter a number of gigabytes."))
    };
    let outcome = async {
        let person_bytes = number("person_bytes", &form.person_bytes)?;
        let competition_bytes = number("competition_bytes", &form.competition_bytes)?;
        allow_everybody(&app, &admin, Allowed { person_bytes, competition_bytes }).await
    };
    match mistake(outcome.await)? {
        Ok(_) => Ok(saved()),
        Err(mistake) => Ok(show_again(RoomPage { form, mistake, ..page(&app, shell).await? })),
    }
}

async fn post_person(
    state: State<App>,
    shell: Shell,
    admin: Admin,
    Form(form): Form<ExceptionForm>,
) -> Result<Response> {
    let name = form.username.trim().to_lowercase();
    post_exception(state, shell, admin, form, Named::Person(&name)).await
}

async fn post_competition(
    state: State<App>,
    shell: Shell,
    admin: Admin,
    Form(form): Form<ExceptionForm>,
) -> Result<Response> {
    let slug = form.slug.trim().to_lowercase();
    post_exception(state, shell, admin, form, Named::Competition(&slug)).await
}

async fn post_exception(
    State(app): State<App>,
    shell: Shell,
    Admin(admin): Admin,
    form: ExceptionForm,
    named: Named<'_>,
) -> Result<Response> {
    let (name_field, number_field, nobody) = match named {
        Named::Person(_) => ("username", "person_gigabytes", "No account has this name."),
        Named::Competition(_) => ("slug", "competition_gigabytes", "This competition does not exist."),
    };
    let outcome = async {
        let bytes = read_gigabytes(number_field, &form.gigabytes)?;
        match allow(&app, &admin, named, bytes).await {
            Err(AppError::NotFound) => Err(AppError::field(name_field, nobody)),
            other => other,
        }
    };
    match mistake(outcome.await)? {
        Ok(_) => Ok(saved()),
        Err(mistake) => Ok(show_again(RoomPage { exception: form, mistake, ..page(&app, shell).await? })),
    }
}
