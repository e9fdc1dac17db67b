//! Sending a file by way of the object store: the sender asks for an address, puts the file there, and
//! says that it is done. It is received only then: read once, written where received files lie, and
//! taken by the same verb as every other submission. What is never taken in is removed after a day.

use futures_util::TryStreamExt;
use holdout_contract::files::ARRIVALS;
use uuid::Uuid;

use crate::app::App;
use crate::error::{AppError, Result};
use crate::files::{Slot, Stored};
use crate::quotas::ask::require_room;
use crate::submissions::model::Allowance;
use crate::submissions::store;
use crate::submissions::submit::{Entrant, Receipt, Upload, refuse_used_up, submit};
use crate::web::upload::too_large;

/// What a sender says of a file before it is sent.
#[derive(Debug, Clone, Copy)]
pub struct Announced {
    pub size_bytes: u64,
    pub sha256: [u8; 32],
}

/// A place for one file of one person.
#[derive(Debug)]
pub struct Opened {
    pub id: Uuid,
    pub slot: Slot,
}

/// Opens a place for a file.
///
/// # Errors
/// [`AppError::Refused`] where the operator does not allow this road, naming the other one;
/// [`AppError::TooLarge`]; [`AppError::TooMany`] when today's submissions are used up.
pub async fn open(app: &App, entrant: &Entrant, announced: Announced) -> Result<Opened> {
    let direct = app.direct.as_ref().ok_or_else(not_here)?;
    if announced.size_bytes > entrant.max_bytes() {
        return Err(too_large(entrant.max_bytes()));
    }
    refuse_used_up(&allowance(app, entrant).await?, app.clock.now())?;
    require_room(app, entrant.member.id, Some(entrant.competition.id), announced.size_bytes).await?;
    let id = Uuid::now_v7();
    let slot = direct.upload(&arrival(entrant, id), &announced.sha256).await?;
    Ok(Opened { id, slot })
}

/// Takes a file in that was put where [`open`] said. Asked again, it gives the same receipt.
///
/// # Errors
/// [`AppError::NotFound`] while no file is there; [`AppError::Field`] when it is not the announced
/// one; as [`submit`].
pub async fn take_in(
    app: &App,
    entrant: &Entrant,
    id: Uuid,
    announced: Announced,
    about: About,
) -> Result<Receipt> {
    if app.direct.is_none() {
        return Err(not_here());
    }
    let key = idempotency_key(id);
    let mut conn = app.db.acquire().await?;
    let known = store::find_by_key(&mut conn, entrant.team_id, &key).await?;
    drop(conn);
    if let Some(submission) = known {
        return Ok(Receipt { submission, allowance: allowance(app, entrant).await? });
    }
    let arrival = arrival(entrant, id);
    let stored = copy(app, entrant, &arrival).await?;
    if (stored.size_bytes, stored.sha256) != (announced.size_bytes, announced.sha256) {
        app.files.remove(&stored.key).await?;
        return Err(AppError::field(
            "sha256",
            "The file that arrived is not the one that was announced: its size or SHA-256 differs. Send it again.",
        ));
    }
    let About { file_name, description } = about;
    let upload = Upload { file_name, arrived: stored.into(), description, idempotency_key: Some(key) };
    let receipt = submit(app, entrant, upload).await?;
    if let Err(error) = app.files.remove(&arrival).await {
        tracing::warn!(%error, "a file that was taken in is removed from the arrivals later");
    }
    Ok(receipt)
}

/// What a sender says of a submission.
#[derive(Debug, Clone)]
pub struct About {
    pub file_name: String,
    pub description: String,
}

/// What lies among the received files cannot be reached by an address that was signed before.
async fn copy(app: &App, entrant: &Entrant, arrival: &str) -> Result<Stored> {
    let mut content = match app.files.read_whole(arrival).await {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(AppError::NotFound),
        content => content?,
    };
    let mut writing = app.files.create("submissions", entrant.competition.id.0).await?;
    while let Some(bytes) = content.try_next().await? {
        if writing.size_bytes() + bytes.len() as u64 > entrant.max_bytes() {
            return Err(too_large(entrant.max_bytes()));
        }
        writing.write(&bytes).await?;
    }
    Ok(writing.finish().await?)
}

async fn allowance(app: &App, entrant: &Entrant) -> Result<Allowance> {
    let mut conn = app.db.acquire().await?;
    let limit = entrant.competition.daily_limit;
    Ok(store::allowance(&mut conn, entrant.team_id, limit, app.clock.now()).await?)
}

/// Under the person and the competition: nobody names another's.
fn arrival(entrant: &Entrant, id: Uuid) -> String {
    format!("{ARRIVALS}/{}/{}/{id}", entrant.competition.id.0, entrant.member.id.0)
}

fn idempotency_key(id: Uuid) -> String {
    format!("direct-upload {id}")
}

fn not_here() -> AppError {
    AppError::refused(
        "This house takes no files by way of its object store. Send the file itself to the competition's `submissions`.",
    )
}
