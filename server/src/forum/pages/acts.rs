//! What buttons do: vote, delete, mark the answer, pin, lock, move.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Form, Router};
use serde::Deserialize;

use super::back;
use crate::api::conditions::whatever_stands;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::forum::arrange::Arrangement;
use crate::forum::forums;
use crate::forum::model::Vote;
use crate::forum::subjects::{self, see_post, see_topic};
use crate::forum::{arrange, posts, topics, votes};
use crate::ids::{PostId, TopicId};
use crate::paths;
use crate::web::extract::SignedIn;
use crate::web::forms::redirect_saying;
use crate::web::routing::post;

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::POST_VOTE, post(post_vote))
        .route(paths::POST_DELETE, post(post_delete))
        .route(paths::TOPIC_ACCEPT, post(post_accept))
        .route(paths::TOPIC_PIN, post(post_pin))
        .route(paths::TOPIC_LOCK, post(post_lock))
        .route(paths::TOPIC_MOVE, post(post_move))
}

#[derive(Debug, Deserialize)]
struct VoteForm {
    vote: Vote,
}

async fn post_vote(
    State(app): State<App>,
    Path(id): Path<PostId>,
    SignedIn(member): SignedIn,
    headers: HeaderMap,
    Form(form): Form<VoteForm>,
) -> Result<Response> {
    let seen = see_post(&app, id, Some(&member)).await?;
    votes::cast(&app, &member, &seen, form.vote).await?;
    Ok(back(&headers, &app.config.public_url, id))
}

async fn post_delete(
    State(app): State<App>,
    Path(id): Path<PostId>,
    SignedIn(member): SignedIn,
) -> Result<Response> {
    let seen = see_post(&app, id, Some(&member)).await?;
    posts::delete(&app, &member, &seen).await?;
    match subjects::see(&app, seen.under.id, Some(&member)).await {
        Ok(under) if under.under.deleted_at.is_none() => {
            let mut conn = app.db.acquire().await?;
            let home = subjects::home(&mut conn, &under.under).await?;
            Ok(redirect_saying(&home.address, "The post is deleted."))
        }
        Ok(_) | Err(AppError::NotFound) => {
            let forum = seen.competition.map(|seen| paths::competition_forum(&seen.competition.slug));
            Ok(redirect_saying(&forum.unwrap_or_else(|| paths::FORUMS.to_owned()), "The topic is deleted."))
        }
        Err(error) => Err(error),
    }
}

#[derive(Debug, Deserialize)]
struct AcceptForm {
    /// Left out to mark none.
    post: Option<PostId>,
}

async fn post_accept(
    State(app): State<App>,
    Path(id): Path<TopicId>,
    SignedIn(member): SignedIn,
    Form(form): Form<AcceptForm>,
) -> Result<Response> {
    let seen = see_topic(&app, id, Some(&member)).await?;
    topics::accept(&app, &member, &seen, form.post).await?;
    Ok(Redirect::to(&paths::topic(id)).into_response())
}

#[derive(Debug, Default, Deserialize)]
struct SwitchForm {
    /// `yes`, or anything else for no.
    #[serde(default)]
    on: String,
}

async fn post_pin(
    State(app): State<App>,
    Path(id): Path<TopicId>,
    SignedIn(member): SignedIn,
    Form(form): Form<SwitchForm>,
) -> Result<Response> {
    let seen = see_topic(&app, id, Some(&member)).await?;
    let is_pinned = form.on == "yes";
    let wish = Arrangement { is_pinned: Some(is_pinned), ..Arrangement::default() };
    arrange::arrange(&app, &member, &seen, &wish, whatever_stands).await?;
    let sentence = if is_pinned { "The topic is now pinned." } else { "The topic is no longer pinned." };
    Ok(redirect_saying(&paths::topic(id), sentence))
}

async fn post_lock(
    State(app): State<App>,
    Path(id): Path<TopicId>,
    SignedIn(member): SignedIn,
    Form(form): Form<SwitchForm>,
) -> Result<Response> {
    let seen = see_topic(&app, id, Some(&member)).await?;
    let is_locked = form.on == "yes";
    let wish = Arrangement { is_locked: Some(is_locked), ..Arrangement::default() };
    arrange::arrange(&app, &member, &seen, &wish, whatever_stands).await?;
    let sentence = if is_locked { "The topic is locked." } else { "The topic is unlocked." };
    Ok(redirect_saying(&paths::topic(id), sentence))
}

#[derive(Debug, Default, Deserialize)]
struct MoveForm {
    #[serde(default)]
    to: String,
}

async fn post_move(
    State(app): State<App>,
    Path(id): Path<TopicId>,
    SignedIn(member): SignedIn,
    Form(form): Form<MoveForm>,
) -> Result<Response> {
    let seen = see_topic(&app, id, Some(&member)).await?;
    let to = forums::see_named(&app, form.to.trim(), Some(&member)).await?;
    let wish = Arrangement { to: Some(to), ..Arrangement::default() };
    arrange::arrange(&app, &member, &seen, &wish, whatever_stands).await?;
    Ok(redirect_saying(&paths::topic(id), "The topic is moved; its address is the same."))
}
