//! A file on its way: announced by `StartSubmissionUpload`, put to the address that answers, named
//! by its token in `CreateSubmission`. Nothing counts, and nothing is kept, before that last call.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::accounts::model::Member;
use crate::accounts::secret;
use crate::accounts::store::users;
use crate::app::App;
use crate::error::AppError;
use crate::kaggle::competitions::{not_joined, see};
use crate::kaggle::wire::{Fault, answer};
use crate::paths;
use crate::submissions::submit::{Entrant, enter};
use crate::uploads::append::{Part, append, digest_of_nothing};
use crate::uploads::begin::{Wish, begin_addressed};
use crate::uploads::model::{Purpose, Upload};
use crate::uploads::partial::{path_of, quiet};
use crate::uploads::remove::PATIENCE;
use crate::uploads::spend::{Ready, ready};
use crate::uploads::store;
use crate::web::upload::{last_part, too_large};

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
    let wish = Wish {
        purpose: Purpose::Submission,
        slug: &entrant.competition.slug,
        file_name: &last_part(&ask.file_name),
        metadata: "",
        total_bytes: ask.content_length,
    };
    let token = begin_addressed(app, member, wish).await?;
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
        return Err(not_joined(app, &seen));
    }
    Ok(enter(app, member, &seen.competition.slug).await?)
}

/// How the client reaches this house: as `localhost` through the proxy setting, or by its own address.
pub(super) fn origin(app: &App, headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match host {
        "localhost" | "localhost:80" => "http://localhost".to_owned(),
        _ => app.config.public_url.clone(),
    }
}

/// What a `PUT` to an upload's address brings, by its `Content-Range`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Put {
    /// The whole file, of a length that is known or not.
    Whole(Option<u64>),
    /// From this byte on, of a file of so many bytes.
    From(u64, u64),
    /// Nothing: it asks how far the upload is.
    Question,
}

impl Put {
    fn read(headers: &HeaderMap) -> Result<Self, Fault> {
        let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let length = text(header::CONTENT_LENGTH).and_then(|length| length.parse().ok());
        let Some(range) = text(header::CONTENT_RANGE) else { return Ok(Self::Whole(length)) };
        let wrong = || Fault::wrong(format!("This Content-Range cannot be read: {range}."));
        let (part, total) =
            range.trim().strip_prefix("bytes ").and_then(|rest| rest.split_once('/')).ok_or_else(wrong)?;
        if part == "*" {
            return Ok(Self::Question);
        }
        let first = part.split_once('-').and_then(|(first, _)| first.parse().ok()).ok_or_else(wrong)?;
        match (first, total.parse()) {
            (0, Ok(total)) => Ok(Self::Whole(Some(total))),
            (first, Ok(total)) => Ok(Self::From(first, total)),
            (_, Err(_)) => Err(wrong()),
        }
    }
}

#[derive(Debug, Serialize)]
struct Kept {}

/// Takes bytes. The address is the credential; the client sends no other. After a line that broke it
/// asks how far the upload is, and goes on from there.
pub async fn receive(
    State(app): State<App>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Fault> {
    let upload = announced(&app, &token).await?;
    let max_bytes = max_bytes(&app, &upload).await?;
    let put = Put::read(&headers)?;
    quiet(&app, upload.id, &path_of(&app, &upload), PATIENCE).await?;
    match put {
        Put::Question => {}
        Put::Whole(length) => {
            let total = length.unwrap_or(max_bytes);
            if total > max_bytes {
                return Err(too_large(max_bytes).into());
            }
            restart(&app, &upload, total).await?;
            let upload = announced(&app, &token).await?;
            append(&app, upload, Part::default(), body).await.map_err(to_go_on)?;
            if length.is_none() {
                let mut conn = app.db.acquire().await?;
                store::close(&mut conn, announced(&app, &token).await?.id).await?;
            }
        }
        Put::From(offset, total) => {
            let upload = announced(&app, &token).await?;
            if upload.total() != total || upload.offset() != offset {
                return Err(out_of_step());
            }
            append(&app, upload, Part { offset, ..Part::default() }, body).await.map_err(to_go_on)?;
        }
    }
    how_far(&announced(&app, &token).await?)
}

/// The upload that was announced with this token.
async fn announced(app: &App, token: &str) -> Result<Upload, Fault> {
    let mut conn = app.db.acquire().await?;
    let found = store::find_by_address(&mut conn, &secret::digest(token), app.clock.now()).await?;
    found.ok_or_else(unknown)
}

/// The size limit, while its sender may still submit.
async fn max_bytes(app: &App, upload: &Upload) -> Result<u64, Fault> {
    let mut conn = app.db.acquire().await?;
    let known = users::credentials_by_id(&mut conn, upload.user_id).await?.ok_or(AppError::NotFound)?;
    drop(conn);
    if known.suspended_at.is_some() {
        return Err(AppError::NotFound.into());
    }
    let slug = upload.slug.as_deref().ok_or(AppError::NotFound)?;
    Ok(enter(app, &known.member, slug).await?.max_bytes())
}

async fn restart(app: &App, upload: &Upload, total: u64) -> Result<(), Fault> {
    let total = i64::try_from(total).map_err(anyhow::Error::from)?;
    let mut conn = app.db.acquire().await?;
    let is_restarted = store::restart(&mut conn, upload.id, total, &digest_of_nothing()).await?;
    if is_restarted { Ok(()) } else { Err(unknown()) }
}

/// Where writers met, the client is made to ask how far the upload is.
fn to_go_on(error: AppError) -> Fault {
    match error {
        AppError::Special { .. } => out_of_step(),
        other => other.into(),
    }
}

/// 503 makes the client ask how far the upload is.
fn out_of_step() -> Fault {
    Fault::Said(StatusCode::SERVICE_UNAVAILABLE, "The upload stands at another byte.".to_owned())
}

/// Whether all is there. Nothing at all is a file too, once it was put.
fn is_put(upload: &Upload) -> bool {
    upload.is_whole() && upload.digest_state.is_some()
}

/// 200 when all is there, else 308 with the range that is.
fn how_far(upload: &Upload) -> Result<Response, Fault> {
    if is_put(upload) {
        return answer(Kept {});
    }
    let mut response = StatusCode::PERMANENT_REDIRECT.into_response();
    if let Some(last) = upload.offset().checked_sub(1) {
        let range = HeaderValue::try_from(format!("bytes=0-{last}")).map_err(anyhow::Error::from)?;
        response.headers_mut().insert(header::RANGE, range);
    }
    Ok(response)
}

/// A whole upload of the member's, by the token it was announced with.
///
/// # Errors
/// A sentence when there is none, or it is another person's.
pub async fn arrived(app: &App, entrant: &Entrant, token: &str) -> Result<Ready, Fault> {
    let upload = announced(app, token).await?;
    if upload.user_id != entrant.member.id || !is_put(&upload) {
        return Err(unknown());
    }
    Ok(ready(app, &entrant.member, upload.id, Purpose::Submission, entrant.competition.id).await?)
}

/// What is said of a token under which no file waits.
pub fn unknown() -> Fault {
    Fault::missing(
        "No uploaded file waits under this token; it may have waited too long. Submit the file again.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_put_is_read_as_the_client_means_it() {
        let read = |fields: &[(&'static str, &'static str)]| {
            let headers = fields.iter().map(|(name, value)| {
                (header::HeaderName::from_static(name), HeaderValue::from_static(value))
            });
            Put::read(&headers.collect()).ok()
        };
        assert_eq!(read(&[("content-length", "24")]), Some(Put::Whole(Some(24))));
        assert_eq!(read(&[]), Some(Put::Whole(None)));
        assert_eq!(read(&[("content-length", "0"), ("content-range", "bytes */30")]), Some(Put::Question));
        assert_eq!(read(&[("content-range", "bytes 0-29/30")]), Some(Put::Whole(Some(30))));
        assert_eq!(read(&[("content-range", "bytes 15-29/30")]), Some(Put::From(15, 30)));
        assert_eq!(read(&[("content-range", "bytes 15-29/*")]), None);
        assert_eq!(read(&[("content-range", "lines 1-2/3")]), None);
    }
}
