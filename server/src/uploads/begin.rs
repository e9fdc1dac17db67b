//! The verb that begins an upload. What would be refused at the end is refused now, before it travels.

use uuid::Uuid;

use crate::accounts::model::Member;
use crate::accounts::secret;
use crate::app::App;
use crate::archives::import::ARCHIVE_LIMIT_BYTES;
use crate::baselines;
use crate::bundles::receive;
use crate::competitions::access::{see, see_as_host};
use crate::competitions::files::DATA_LIMIT_BYTES;
use crate::competitions::store::judging;
use crate::competitions::supply::{SECRET_LIMIT_BYTES, frozen, no_scorer};
use crate::error::{AppError, Result};
use crate::ids::{CompetitionId, UserId};
use crate::retention::store::uploads_wait;
use crate::submissions;
use crate::submissions::submit::{enter, refuse_used_up};
use crate::uploads::model::{MOST_OPEN, Purpose, Upload, UploadId, not_sealed};
use crate::uploads::remove::remove;
use crate::uploads::store::{self, NewUpload};
use crate::veil::Veil;
use crate::web::upload::{AGE_HEADER, too_large};

/// What somebody wants to upload.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    pub purpose: Purpose,
    /// The competition's name in addresses; empty for a bundle.
    pub slug: &'a str,
    pub file_name: &'a str,
    pub metadata: &'a str,
    pub total_bytes: u64,
}

/// What an upload of this purpose is held to.
struct Terms {
    competition_id: Option<CompetitionId>,
    max_bytes: u64,
    recipient: Option<String>,
}

/// Begins an upload; with it comes the key of one that lies veiled on the disk, which nobody else has.
///
/// # Errors
/// Those of the verb it is for, [`AppError::TooLarge`] beyond its limit, [`AppError::TooMany`] when
/// [`MOST_OPEN`] others are open.
pub async fn begin(app: &App, member: &Member, wish: Wish<'_>) -> Result<(Upload, Option<Veil>)> {
    let terms = terms(app, member, &wish).await?;
    let veil = (wish.purpose == Purpose::Bundle).then(Veil::draw);
    let key_hash = veil.as_ref().map(Veil::digest);
    let hashes = Hashes { address: None, key: key_hash.as_ref().map(<[u8; 32]>::as_slice) };
    Ok((insert(app, member.id, &wish, &terms, hashes).await?, veil))
}

/// Begins an upload with an address of its own, which needs no other credential; gives the address's secret.
/// A person's oldest such upload gives way to it.
///
/// # Errors
/// As [`begin`].
pub async fn begin_addressed(app: &App, member: &Member, wish: Wish<'_>) -> Result<String> {
    let terms = terms(app, member, &wish).await?;
    let secret = secret::draw();
    let hash = secret::digest(&secret);
    let hashes = Hashes { address: Some(&hash), key: None };
    let outcome = insert(app, member.id, &wish, &terms, hashes).await;
    let Err(AppError::TooMany { .. }) = outcome else { return outcome.map(|_| secret) };
    let mut conn = app.db.acquire().await?;
    let oldest = store::oldest_addressed(&mut conn, member.id).await?;
    let oldest = match oldest {
        Some(id) => store::find(&mut conn, member.id, id, app.clock.now()).await?,
        None => None,
    };
    drop(conn);
    let Some(oldest) = oldest else { return outcome.map(|_| secret) };
    remove(app, &oldest).await?;
    insert(app, member.id, &wish, &terms, hashes).await?;
    Ok(secret)
}

/// Of a host whose files are baselines: one with a team, an administrator, takes part.
async fn is_from_host(app: &App, member: &Member, wish: &Wish<'_>) -> Result<bool> {
    let standing = see(app, wish.slug, Some(member)).await?.standing;
    Ok(standing.is_among_hosts || (standing.is_host && standing.team_id.is_none()))
}

async fn terms(app: &App, member: &Member, wish: &Wish<'_>) -> Result<Terms> {
    let terms = match wish.purpose {
        Purpose::Submission if is_from_host(app, member, wish).await? => {
            let competition = baselines::send::enter(app, member, wish.slug).await?.competition;
            let max_bytes = competition.max_upload_bytes.unsigned_abs();
            Terms { competition_id: Some(competition.id), max_bytes, recipient: None }
        }
        Purpose::Submission | Purpose::Check => terms_of_predictions(app, member, wish).await?,
        Purpose::Data | Purpose::Archive => {
            let seen = see_as_host(app, wish.slug, Some(member)).await?;
            let max_bytes =
                if wish.purpose == Purpose::Data { DATA_LIMIT_BYTES } else { ARCHIVE_LIMIT_BYTES };
            Terms { competition_id: Some(seen.competition.id), max_bytes, recipient: None }
        }
        Purpose::Bundle => {
            receive::may_send(app, member).await?;
            Terms { competition_id: None, max_bytes: receive::LARGE_LIMIT_BYTES, recipient: None }
        }
        Purpose::Solution | Purpose::Table => terms_of_labels(app, member, wish).await?,
    };
    if wish.total_bytes > terms.max_bytes {
        return Err(too_large(terms.max_bytes));
    }
    if wish.purpose.is_secret() && wish.total_bytes < AGE_HEADER.len() as u64 {
        return Err(not_sealed());
    }
    Ok(terms)
}

/// For a participant, who may not begin what could not be sent today.
async fn terms_of_predictions(app: &App, member: &Member, wish: &Wish<'_>) -> Result<Terms> {
    let entrant = enter(app, member, wish.slug).await?;
    if wish.purpose == Purpose::Submission {
        let now = app.clock.now();
        let mut conn = app.db.acquire().await?;
        let (competition, team) = (&entrant.competition, entrant.team_id);
        let allowance = submissions::read::allowance(&mut conn, competition, team, now).await?;
        refuse_used_up(&allowance, now)?;
    }
    Ok(Terms {
        competition_id: Some(entrant.competition.id),
        max_bytes: entrant.max_bytes(),
        recipient: None,
    })
}

/// For a host, to whose version labels can still be given: sealed to the scorers' key.
async fn terms_of_labels(app: &App, member: &Member, wish: &Wish<'_>) -> Result<Terms> {
    let seen = see_as_host(app, wish.slug, Some(member)).await?;
    let mut conn = app.db.acquire().await?;
    let version = judging::version_at_hand(&mut conn, seen.competition.id).await?;
    if version.activated_at.is_some() {
        return Err(frozen());
    }
    let recipient = judging::recipient(&mut conn).await?.ok_or_else(no_scorer)?;
    Ok(Terms {
        competition_id: Some(seen.competition.id),
        max_bytes: SECRET_LIMIT_BYTES,
        recipient: Some(recipient),
    })
}

/// What is stored of the secrets of an upload.
#[derive(Debug, Clone, Copy)]
struct Hashes<'a> {
    address: Option<&'a [u8]>,
    key: Option<&'a [u8]>,
}

async fn insert(
    app: &App,
    user_id: UserId,
    wish: &Wish<'_>,
    terms: &Terms,
    hashes: Hashes<'_>,
) -> Result<Upload> {
    let now = app.clock.now();
    let id = UploadId(Uuid::new_v4());
    let mut tx = app.db.begin().await?;
    submissions::store::lock_person(&mut tx, user_id).await?;
    if store::count_open(&mut tx, user_id, now).await? >= MOST_OPEN {
        return Err(AppError::TooMany {
            message: format!(
                "{MOST_OPEN} of your uploads are not finished or not used yet. End one of them first; each ends by itself some time \
                 after its last byte."
            ),
            retry_after_seconds: 3600,
        });
    }
    let new = NewUpload {
        id,
        user_id,
        competition_id: terms.competition_id,
        purpose: wish.purpose,
        file_name: wish.file_name,
        metadata: wish.metadata,
        address_hash: hashes.address,
        key_hash: hashes.key,
        recipient: terms.recipient.as_deref(),
        total_bytes: i64::try_from(wish.total_bytes).map_err(anyhow::Error::from)?,
        created_at: now,
        expires_at: now + uploads_wait(&mut tx).await?,
    };
    store::insert(&mut tx, &new).await?;
    let upload = store::find(&mut tx, user_id, id, now).await?.ok_or(sqlx::Error::RowNotFound)?;
    tx.commit().await?;
    Ok(upload)
}
