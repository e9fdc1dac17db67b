//! Handing a file to the verb that takes it: one sent with the request, or an upload that is whole.
//!
//! An upload is marked as spent in the transaction of what it is spent on, so that both happen or
//! neither. Until then a refusal costs it nothing: it waits to be spent another time.

use std::io::Seek;

use axum::body::{Body, to_bytes};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::accounts::model::Member;
use crate::app::App;
use crate::error::{AppError, CONFLICT, Result};
use crate::files::{Stored, sha256_of_rest};
use crate::ids::CompetitionId;
use crate::submissions::store::slots;
use crate::uploads::append::digest;
use crate::uploads::model::{Purpose, Upload, UploadId};
use crate::uploads::partial::{self, path_of};
use crate::uploads::store;
use crate::uploads::tus::text;
use crate::veil::Veil;
use crate::web::upload::{Fields, Received};

const LONGEST_REFERENCE_BYTES: usize = 64 << 10;

/// A stored file that a verb is about to take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrived {
    pub stored: Stored,
    /// `None` for a file that came with the request.
    pub upload: Option<UploadId>,
    /// The place in the bucket that it was put to by its sender, where it was.
    pub slot: Option<Uuid>,
}

impl From<Stored> for Arrived {
    fn from(stored: Stored) -> Self {
        Self { stored, upload: None, slot: None }
    }
}

impl From<&Stored> for Arrived {
    fn from(stored: &Stored) -> Self {
        stored.clone().into()
    }
}

impl Arrived {
    /// Spends the upload, or closes the place that it came by, in the transaction of what takes it.
    ///
    /// # Errors
    /// A problem of the kind `conflict` when it was spent before.
    pub async fn spend(&self, conn: &mut PgConnection, now: DateTime<Utc>) -> Result<()> {
        if let Some(slot) = self.slot {
            slots::close(conn, slot).await?;
        }
        match self.upload {
            Some(id) if !store::spend(conn, id, now).await? => {
                Err(AppError::of(CONFLICT, "This upload has already been used. Upload the file again."))
            }
            _ => Ok(()),
        }
    }

    /// After a refusal: a file that came with the request is removed, an upload waits on.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn let_go(&self, app: &App) -> Result<()> {
        if self.upload.is_none() {
            app.files.remove(&self.stored.key).await?;
        }
        Ok(())
    }
}

/// A whole upload, ready for its verb.
#[derive(Debug, Clone)]
pub struct Ready {
    pub file_name: String,
    pub arrived: Arrived,
    recipient: Option<String>,
}

impl Ready {
    /// A sealed file, and the key that it was sealed to.
    ///
    /// # Errors
    /// [`AppError::Internal`] for a file that is not sealed.
    pub fn sealed(self) -> Result<(Arrived, String)> {
        let recipient = self.recipient.ok_or_else(|| anyhow::anyhow!("an upload without a recipient"))?;
        Ok((self.arrived, recipient))
    }
}

/// A file that was uploaded before, named in place of the file itself.
#[derive(Debug, Clone, Copy, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UploadRef {
    /// Id of a whole upload of the caller's.
    #[schema(example = "5c1f7d1e-93f6-4b5c-8a44-0d2a4f0e7b11")]
    pub upload: UploadId,
}

/// Whether a request names an upload in place of sending a file: its body is JSON.
pub fn is_named(headers: &HeaderMap) -> bool {
    text(headers, &CONTENT_TYPE).is_some_and(|kind| kind.starts_with("application/json"))
}

/// The body of a request that names an upload.
///
/// # Errors
/// [`AppError::Field`] when it is not the JSON that belongs here.
pub async fn read_named<T: DeserializeOwned>(body: Body) -> Result<T> {
    let bytes = to_bytes(body, LONGEST_REFERENCE_BYTES).await.map_err(|error| {
        AppError::field("body", format!("A JSON body names an upload, {{\"upload\": ID}}: {error}."))
    })?;
    crate::api::body::parse(&bytes)
}

/// A whole upload of the member's, for this purpose in this competition.
///
/// # Errors
/// [`AppError::Field`] when there is none, when it was begun for something else, and while bytes are missing.
pub async fn ready(
    app: &App,
    member: &Member,
    id: UploadId,
    purpose: Purpose,
    competition_id: CompetitionId,
) -> Result<Ready> {
    let upload = whole(app, member, id, purpose, Some(competition_id)).await?;
    hand_over(app, upload, purpose).await
}

async fn whole(
    app: &App,
    member: &Member,
    id: UploadId,
    purpose: Purpose,
    competition_id: Option<CompetitionId>,
) -> Result<Upload> {
    let mut conn = app.db.acquire().await?;
    let found = store::find(&mut conn, member.id, id, app.clock.now()).await?;
    drop(conn);
    let wrong = |sentence: String| AppError::field("upload", sentence);
    let upload = found.ok_or_else(|| {
        wrong("You have no such upload. Uploads expire some time after their last byte.".to_owned())
    })?;
    if upload.purpose()? != purpose || upload.competition_id != competition_id {
        let of = upload.slug.as_deref().map(|slug| format!(" of {slug}")).unwrap_or_default();
        return Err(wrong(format!("This upload was begun as a {}{of}.", upload.purpose)));
    }
    if !upload.is_whole() {
        let (got, total) = (upload.received_bytes, upload.total_bytes);
        return Err(wrong(format!("Only {got} of the {total} bytes of this upload have arrived.")));
    }
    Ok(upload)
}

const ALTERED: &str = "What lies here of this upload is not vouched for: it was altered, or finished before this site was upgraded. \
    Send the bundle again.";

/// A bundle that is whole, to be read where it lies.
#[derive(Debug)]
pub struct Veiled {
    pub id: UploadId,
    pub file: std::fs::File,
    pub veil: Veil,
    pub size_bytes: u64,
}

/// A whole bundle of the member's, by what follows `/api/v1/uploads/` in its address: its id and its key.
///
/// # Errors
/// As [`ready`], for another key, and for a file that is not as it was sent.
pub async fn bundle(app: &App, member: &Member, named: &str) -> Result<Veiled> {
    let (id, key) = named.split_once("?key=").unwrap_or((named, ""));
    let id = Uuid::parse_str(id).map_err(|_| {
        AppError::field(
            "upload",
            "Name an upload by the end of its address, its id with its key: ID?key=KEY.",
        )
    })?;
    let upload = whole(app, member, UploadId(id), Purpose::Bundle, None).await?;
    let veil = upload.veil(Veil::parse(key))?.ok_or(AppError::NotFound)?;
    let path = path_of(app, &upload);
    if upload.total_bytes == 0 {
        make_empty(&path).await?;
    }
    let file = tokio::fs::File::open(&path).await?.into_std().await;
    let (file, sha256) =
        tokio::task::spawn_blocking(move || hashed(file)).await.map_err(anyhow::Error::from)??;
    let is_vouched = match &upload.veil_tag {
        Some(tag) => veil.vouches(&sha256, tag),
        None => upload.total_bytes == 0,
    };
    if !is_vouched {
        return Err(AppError::field("upload", ALTERED));
    }
    Ok(Veiled { id: upload.id, file, veil, size_bytes: upload.total() })
}

/// A file from its beginning, and the SHA-256 of all of it.
fn hashed(mut file: std::fs::File) -> std::io::Result<(std::fs::File, [u8; 32])> {
    let sha256 = sha256_of_rest(&mut file)?;
    file.rewind()?;
    Ok((file, sha256))
}

/// What came with a form: a file, or the name of an upload that is whole.
pub struct Taken {
    pub fields: Fields,
    /// With the file's name; `None` where there was neither.
    pub file: Option<(String, Arrived)>,
}

/// Forms show what is wrong with an upload beside the file that it stands for.
pub fn beside_the_file(error: AppError) -> AppError {
    match error {
        AppError::Field { message, .. } => AppError::field("file", message),
        other => other,
    }
}

/// Looks for the upload that a form names in its field `upload`, where it holds no file.
///
/// # Errors
/// As [`ready`].
pub async fn taken(
    app: &App,
    member: &Member,
    received: Received,
    purpose: Purpose,
    competition_id: CompetitionId,
) -> Result<Taken> {
    let Received { fields, file } = received;
    let file = match (file, Uuid::parse_str(fields.text("upload"))) {
        (Some(file), _) => Some((file.name, file.stored.into())),
        (None, Ok(id)) => {
            let ready = ready(app, member, UploadId(id), purpose, competition_id).await;
            let ready = ready.map_err(beside_the_file)?;
            Some((ready.file_name, ready.arrived))
        }
        (None, Err(_)) => None,
    };
    Ok(Taken { fields, file })
}

/// Gives a whole upload to storage, unless that has it already.
///
/// # Errors
/// Those of storage.
pub async fn hand_over(app: &App, upload: Upload, purpose: Purpose) -> Result<Ready> {
    let competition_id = upload.competition_id.ok_or(AppError::NotFound)?;
    let new_key = format!("{}/{}/{}", purpose.room(), competition_id.0, Uuid::now_v7());
    let mut conn = app.db.acquire().await?;
    let key = store::keep_under(&mut conn, upload.id, &new_key).await?;
    drop(conn);
    let partial = path_of(app, &upload);
    if upload.total_bytes == 0 && upload.storage_key.is_none() {
        make_empty(&partial).await?;
    }
    partial::hand_over(app, &partial, &key).await?;
    let stored = Stored { key, size_bytes: upload.total(), sha256: digest(&upload)? };
    let arrived = Arrived { stored, upload: Some(upload.id), slot: None };
    Ok(Ready { file_name: upload.file_name, arrived, recipient: upload.recipient })
}

/// An empty file has no part that would have made it.
async fn make_empty(path: &std::path::Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        tokio::fs::create_dir_all(folder).await?;
    }
    tokio::fs::File::create(path).await?.sync_all().await
}
