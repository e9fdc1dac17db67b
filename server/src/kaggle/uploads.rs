//! A file on its way: announced by `StartSubmissionUpload`, put to the address that answers, named
//! by its token in `CreateSubmission`. Nothing counts, and nothing is kept, before that last call.

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use serde::{Deserialize, Serialize};

use crate::accounts::model::Member;
use crate::accounts::store::users;
use crate::app::App;
use crate::error::AppError;
use crate::kaggle::competitions::{not_joined, see};
use crate::kaggle::wire::{Fault, answer};
use crate::paths;
use crate::submissions::store;
use crate::submissions::submit::{Entrant, enter, refuse_used_up};
use crate::web::upload::{last_part, pour_body, too_large};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct StartAsk {
    competition_name: String,
    content_length: u64,
    file_name: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Started {
    token: String,
    create_url: String,
}

/// Announces a file. What would be refused afterwards is refused now, before it travels.
///
/// # Errors
/// A sentence: not joined, not open, today's submissions used up, too large.
pub async fn start(app: &App, member: &Member, headers: &HeaderMap, ask: StartAsk) -> Result<Started, Fault> {
    let entrant = entrant(app, member, &ask.competition_name).await?;
    let now = app.clock.now();
    let mut conn = app.db.acquire().await?;
    let daily_limit = entrant.competition.daily_limit;
    refuse_used_up(&store::allowance(&mut conn, entrant.team_id, daily_limit, now).await?, now)?;
    drop(conn);
    if ask.content_length > entrant.max_bytes() {
        return Err(too_large(entrant.max_bytes()).into());
    }
    let file_name = last_part(&ask.file_name);
    let token = app.kaggle.announce(member.id, &entrant.competition.slug, &file_name, now);
    let create_url = origin(app, headers) + &paths::kaggle_upload(&token);
    Ok(Started { token, create_url })
}

/// Somebody who may submit, or the sentence why not.
///
/// # Errors
/// As [`enter`], with the way in for those who have not joined.
pub async fn entrant(app: &App, member: &Member, competition: &str) -> Result<Entrant, Fault> {
    let seen = see(app, member, competition).await?;
    if seen.standing.team_id.is_none() {
        return Err(not_joined(app, &seen.competition));
    }
    Ok(enter(app, member, &seen.competition.slug).await?)
}

/// How the client reaches this house: as `localhost` through the proxy setting, or by its own address.
fn origin(app: &App, headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match host {
        "localhost" | "localhost:80" => "http://localhost".to_owned(),
        _ => app.config.public_url.clone(),
    }
}

#[derive(Debug, Serialize)]
struct Kept {}

/// Takes the bytes. The address is the credential; the client sends no other.
pub async fn receive(
    State(app): State<App>,
    Path(token): Path<String>,
    request: Request,
) -> Result<Response, Fault> {
    let (user, slug) = app.kaggle.announced(&token).ok_or_else(unknown)?;
    let mut conn = app.db.acquire().await?;
    let known = users::credentials_by_id(&mut conn, user).await?.ok_or(AppError::NotFound)?;
    drop(conn);
    if known.suspended_at.is_some() {
        return Err(AppError::NotFound.into());
    }
    let entrant = enter(&app, &known.member, &slug).await?;
    let mut writing = app.files.create("submissions", entrant.competition.id.0).await?;
    pour_body(request.into_body(), entrant.max_bytes(), &mut writing).await?;
    if app.kaggle.keep(&token, writing) { answer(Kept {}) } else { Err(unknown()) }
}

/// What is said of a token under which no file waits.
pub fn unknown() -> Fault {
    Fault::missing(
        "No uploaded file waits under this token; it may have waited too long. Submit the file again.",
    )
}
