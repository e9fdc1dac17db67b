//! What the forms on a team's page and on a topic do.

use axum::extract::{Path, State};
use axum::response::Response;
use axum::{Form, Router};
use serde::Deserialize;

use super::bind;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::ids::TopicId;
use crate::paths;
use crate::teams::pages::Sender;
use crate::web::extract::SignedIn;
use crate::web::forms::redirect_saying;
use crate::web::routing::post;

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::TEAM_WRITE_UP, post(post_write_up))
        .route(paths::TEAM_WRITE_UP_REMOVE, post(post_remove))
}

#[derive(Debug, Default, Deserialize)]
struct TopicForm {
    #[serde(default)]
    topic: String,
}

async fn post_write_up(sender: Sender, Form(form): Form<TopicForm>) -> Result<Response> {
    let outcome = match form.topic.parse() {
        Ok(id) => bind::bind(&sender.app, &sender.member, &sender.slug, TopicId(id)).await,
        Err(_) => Err(AppError::field("topic", "Choose a topic.")),
    };
    sender.answer(outcome, |()| "The leaderboard now links to your write-up.".to_owned()).await
}

async fn post_remove(
    State(app): State<App>,
    Path(slug): Path<String>,
    SignedIn(member): SignedIn,
) -> Result<Response> {
    bind::unbind(&app, &member, &slug).await?;
    Ok(redirect_saying(&paths::team(&slug), "The leaderboard no longer links to it. The topic stays."))
}
