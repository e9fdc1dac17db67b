//! Sending a file by way of the object store: the sender asks for an address, puts the file there, and
//! says that it is done. It is received only then: read once, written where received files lie, and
//! taken by the same verb as every other submission. What is never taken in is removed after a day. The store asks the
//! platform nothing when a file comes, so each open place is on record, and its room is held.

use chrono::TimeDelta;
use futures_util::TryStreamExt;
use holdout_contract::files::ARRIVALS;
use uuid::Uuid;

use crate::app::App;
use crate::error::{AppError, Result};
use crate::files::{Slot, Stored};
use crate::ids::{CompetitionId, UserId};
use crate::submissions::model::Allowance;
use crate::submissions::store::slots::{self, NewSlot};
use crate::submissions::submit::{Entrant, Receipt, Upload, refuse_used_up, submit};
use crate::submissions::{read, store};
use crate::uploads::spend::Arrived;
use crate::web::upload::too_large;

/// Places of one person that are open at the same time.
const MOST_OPEN: i64 = 10;
/// Scorers remove what lies among the arrivals for a day; the last address of a place is good for half an hour of it.
const FORGOTTEN_AFTER: TimeDelta = TimeDelta::hours(25);

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

/// Opens a place for a file and holds its room; asked again for the same file, it gives the same place.
///
/// # Errors
/// [`AppError::Refused`] where the operator does not allow this road, naming the other one;
/// [`AppError::TooLarge`]; [`AppError::TooMany`] when today's submissions are used up, or [`MOST_OPEN`] places are
/// open; a problem of the kind `quota` where there is no room.
pub async fn open(app: &App, entrant: &Entrant, announced: Announced) -> Result<Opened> {
    let direct = app.direct.as_ref().ok_or_else(not_here)?;
    if announced.size_bytes > entrant.max_bytes() {
        return Err(too_large(entrant.max_bytes()));
    }
    refuse_used_up(&allowance(app, entrant).await?, app.clock.now())?;
    let id = hold_room(app, entrant, &announced).await?;
    let arrival = arrival(entrant.competition.id, entrant.member.id, id);
    let slot = direct.upload(&arrival, announced.size_bytes, &announced.sha256).await?;
    Ok(Opened { id, slot })
}

async fn hold_room(app: &App, entrant: &Entrant, announced: &Announced) -> Result<Uuid> {
    let user_id = entrant.member.id;
    let new = NewSlot {
        id: Uuid::now_v7(),
        user_id,
        competition_id: entrant.competition.id,
        sha256: &announced.sha256,
        size_bytes: i64::try_from(announced.size_bytes).map_err(anyhow::Error::from)?,
        opened_at: app.clock.now(),
    };
    let mut tx = app.db.begin().await?;
    store::lock_person(&mut tx, user_id).await?;
    let id = slots::open(&mut tx, &new).await?;
    if slots::count_open(&mut tx, user_id).await? > MOST_OPEN {
        return Err(AppError::TooMany {
            message: format!(
                "You have already opened {MOST_OPEN} uploads to the object store, and none of them is finished. \
                Finish one of them first; each place ends by itself after a day. Or send the file itself to the \
                competition's `submissions`."
            ),
            retry_after_seconds: 3600,
        });
    }
    tx.commit().await?;
    Ok(id)
}

/// Lets places go whose file nobody took in, with what lies there.
///
/// # Errors
/// Those of the database and of the store.
pub async fn sweep(app: &App) -> Result<()> {
    loop {
        let mut conn = app.db.acquire().await?;
        let forgotten = slots::close_older(&mut conn, app.clock.now() - FORGOTTEN_AFTER).await?;
        drop(conn);
        if forgotten.is_empty() {
            return Ok(());
        }
        for slot in forgotten {
            app.files.remove(&arrival(slot.competition_id, slot.user_id, slot.id)).await?;
        }
    }
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
    let arrival = arrival(entrant.competition.id, entrant.member.id, id);
    let stored = copy(app, entrant, &arrival).await?;
    if (stored.size_bytes, stored.sha256) != (announced.size_bytes, announced.sha256) {
        app.files.remove(&stored.key).await?;
        return Err(AppError::field(
            "sha256",
            "The file that arrived is not the one that was announced: its size or SHA-256 differs. Send it again.",
        ));
    }
    let About { file_name, description } = about;
    let arrived = Arrived { slot: Some(id), ..stored.into() };
    let upload = Upload { file_name, arrived, description, idempotency_key: Some(key) };
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
    let now = app.clock.now();
    Ok(read::allowance(&mut conn, &entrant.competition, entrant.team_id, now).await?)
}

/// Under the person and the competition: nobody names another's.
fn arrival(competition_id: CompetitionId, user_id: UserId, id: Uuid) -> String {
    format!("{ARRIVALS}/{}/{}/{id}", competition_id.0, user_id.0)
}

fn idempotency_key(id: Uuid) -> String {
    format!("direct-upload {id}")
}

fn not_here() -> AppError {
    AppError::refused(
        "This server does not accept files through its object store. Send the file itself to the competition's \
        `submissions`.",
    )
}
