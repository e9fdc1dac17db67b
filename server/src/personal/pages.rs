//! Where somebody downloads what the site holds about them, and ends their account.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::response::Response;
use axum::{Form, Router};
use serde::Deserialize;

use super::model::Deletion;
use super::{delete, export, store};
use crate::accounts::client::Client;
use crate::accounts::model::Member;
use crate::accounts::two_factors;
use crate::app::App;
use crate::error::Result;
use crate::paths;
use crate::quotas;
use crate::quotas::model::Usage;
use crate::web::extract::SignedIn;
use crate::web::format;
use crate::web::forms::{Mistake, mistake, redirect_saying, show_again};
use crate::web::routing::{get, post};
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::SETTINGS_DATA, get(show_data))
        .route(paths::SETTINGS_DATA_EXPORT, get(show_export))
        .route(paths::SETTINGS_DATA_DELETE, post(post_delete))
        .route(paths::SETTINGS_DATA_KEEP, post(post_keep))
}

#[derive(Template, WebTemplate)]
#[template(path = "personal/data.html")]
pub struct DataPage {
    pub shell: Shell,
    pub tab: &'static str,
    /// Of their files.
    pub room: Usage,
    pub deletion: Option<Deletion>,
    /// What has to be handed over before.
    pub hindrance: Option<String>,
    pub removes_posts: bool,
    /// Whether the code of an app is asked for too.
    pub asks_for_code: bool,
    pub mistake: Mistake,
}

impl DataPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            tab: paths::SETTINGS_DATA,
            room: Usage::sample(),
            deletion: None,
            hindrance: None,
            removes_posts: true,
            asks_for_code: true,
            mistake: Mistake::new("password", "This is not your current password."),
        }
    }
}

async fn show_data(State(app): State<App>, shell: Shell, SignedIn(member): SignedIn) -> Result<DataPage> {
    page(&app, shell, &member, false, Mistake::none()).await
}

async fn page(
    app: &App,
    shell: Shell,
    member: &Member,
    removes_posts: bool,
    mistake: Mistake,
) -> Result<DataPage> {
    let mut conn = app.db.acquire().await?;
    let room = quotas::store::of_person(&mut conn, member.id).await?;
    let deletion = store::find(&mut conn, member.id).await?;
    let hindrance = store::hindrances(&mut conn, member.id).await?.sentence();
    let asks_for_code = two_factors::store::has(&mut conn, member.id).await?;
    drop(conn);
    Ok(DataPage {
        shell,
        tab: paths::SETTINGS_DATA,
        room,
        deletion,
        hindrance,
        removes_posts,
        asks_for_code,
        mistake,
    })
}

async fn show_export(State(app): State<App>, SignedIn(member): SignedIn) -> Result<Response> {
    export::export(&app, &member).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct DeleteForm {
    password: String,
    code: String,
    /// `keep` or `remove`.
    posts: String,
}

async fn post_delete(
    State(app): State<App>,
    shell: Shell,
    client: Client,
    SignedIn(member): SignedIn,
    Form(form): Form<DeleteForm>,
) -> Result<Response> {
    let removes_posts = form.posts == "remove";
    let wish = delete::Wish { password: &form.password, code: Some(&form.code), removes_posts };
    match mistake(delete::ask(&app, &client, &member, wish).await)? {
        Ok(deletion) => {
            let sentence = format!("Your account ends on {}.", format::time(&deletion.due_at));
            Ok(redirect_saying(paths::SETTINGS_DATA, &sentence))
        }
        Err(mistake) => Ok(show_again(page(&app, shell, &member, removes_posts, mistake).await?)),
    }
}

async fn post_keep(State(app): State<App>, SignedIn(member): SignedIn) -> Result<Response> {
    delete::cancel(&app, &member).await?;
    Ok(redirect_saying(paths::SETTINGS_DATA, "Your account stays."))
}
