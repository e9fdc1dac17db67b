//! The verb that takes bytes of an upload. It goes on by itself when the connection is gone, so that
//! what arrived is on record.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use holdout_contract::behind::{Gathering, Hashing};
use sha2::digest::common::hazmat::{SerializableState, SerializedState};
use sha2::{Digest, Sha256};
use tokio::time::timeout;

use crate::app::App;
use crate::error::{AppError, CHECKSUM, CONFLICT, Result};
use crate::retention::store::uploads_wait;
use crate::uploads::model::{Checksum, Upload, require_sealed};
use crate::uploads::partial::{self, Partial, busy};
use crate::uploads::store::{self, Reached};
use crate::uploads::writers::Turn;
use crate::veil::Veil;

/// Parts are hashed and written beside each other, and beside what arrives.
const PART_BYTES: usize = 1 << 20;
/// A killed server loses so many received bytes at most.
const BYTES_BETWEEN_FLUSHES: u64 = 32 << 20;
/// A line that is silent for so long is taken for broken.
const LONGEST_SILENCE: Duration = Duration::from_secs(60);

/// A part of a file, as it is announced.
#[derive(Debug, Clone, Default)]
pub struct Part {
    /// Where it belongs; must be where the upload stands.
    pub offset: u64,
    /// How long it is, where the sender says so.
    pub length: Option<u64>,
    pub checksum: Option<Checksum>,
    /// The key of an upload that lies veiled on the disk.
    pub veil: Option<Veil>,
}

/// Appends a part; gives the upload as it stands then.
///
/// # Errors
/// Problems of the kinds `conflict` for another offset, `locked` while somebody else writes, `checksum`;
/// [`AppError::TooLarge`] beyond the announced length. What arrived before a fault of the line stays.
pub async fn append(app: &App, upload: Upload, part: Part, body: Body) -> Result<Upload> {
    let app = app.clone();
    let appended = tokio::spawn(async move { take_turn(&app, upload, part, body).await });
    appended.await.map_err(anyhow::Error::from)?
}

async fn take_turn(app: &App, upload: Upload, part: Part, body: Body) -> Result<Upload> {
    let path = partial::path_of(app, &upload);
    let partial = Partial::open(&path, upload.offset()).await?.ok_or_else(busy)?;
    let turn = app.uploads.enter(upload.id);
    let mut conn = app.db.acquire().await?;
    // Whoever wrote until now may have gone on since the upload was looked up.
    let current = store::find(&mut conn, upload.user_id, upload.id, app.clock.now()).await?;
    drop(conn);
    let current = current.ok_or(AppError::NotFound)?;
    if current.offset() != upload.offset() || part.offset != current.offset() {
        return Err(AppError::of(
            CONFLICT,
            format!("This upload stands at byte {}; the part begins at {}.", current.offset(), part.offset),
        ));
    }
    if part.length.is_some_and(|length| length > current.total() - current.offset()) {
        return Err(beyond(&current));
    }
    let veil = current.veil(part.veil)?;
    let mut appending = Appending::new(app, current, partial, veil)?;
    let chunks = body.into_data_stream().map(|chunk| {
        chunk.map_err(|error| AppError::field("file", format!("The upload was interrupted: {error}.")))
    });
    match part.checksum {
        None => {
            let outcome = appending.pour(chunks, &turn, None).await;
            appending.flush().await?;
            outcome?;
        }
        Some(mut checksum) => {
            let outcome = appending.pour(chunks, &turn, Some(&mut checksum)).await;
            let outcome = outcome.and_then(|()| if checksum.holds() { Ok(()) } else { Err(mismatch()) });
            if let Err(error) = outcome {
                appending.forget().await?;
                return Err(error);
            }
            appending.flush().await?;
        }
    }
    Ok(appending.upload)
}

fn beyond(upload: &Upload) -> AppError {
    AppError::TooLarge(format!(
        "This part is longer than the rest of the file, which was announced as {} bytes.",
        upload.total()
    ))
}

fn mismatch() -> AppError {
    AppError::of(
        CHECKSUM,
        "What arrived does not have the checksum that was sent with it. Send this part again.",
    )
}

/// An upload whose lock is held.
struct Appending<'a> {
    app: &'a App,
    /// As it is on record.
    upload: Upload,
    partial: Partial,
    gathering: Gathering,
    hashing: Hashing,
    /// So many bytes have arrived of the whole file.
    arrived: u64,
    is_sealed: bool,
    veil: Option<Veil>,
}

impl<'a> Appending<'a> {
    fn new(app: &'a App, upload: Upload, partial: Partial, veil: Option<Veil>) -> Result<Self> {
        let hashing = restored(upload.digest_state.as_deref())?.into();
        let gathering = Gathering::new(PART_BYTES);
        let is_sealed = upload.purpose()?.is_secret();
        let arrived = upload.offset();
        Ok(Self { app, upload, partial, gathering, hashing, arrived, is_sealed, veil })
    }

    /// Writes what arrives, to the end of the body, of the file, or of the writer's turn.
    async fn pour(
        &mut self,
        chunks: impl Stream<Item = Result<Bytes>>,
        turn: &Turn<'_>,
        mut checksum: Option<&mut Checksum>,
    ) -> Result<()> {
        let mut chunks = std::pin::pin!(chunks);
        loop {
            let next = tokio::select! {
                biased;
                () = turn.is_over() => return Err(busy()),
                next = timeout(LONGEST_SILENCE, chunks.next()) => next,
            };
            let Some(chunk) = next.map_err(|_| silent())? else { return Ok(()) };
            let chunk = chunk?;
            if chunk.len() as u64 > self.upload.total() - self.arrived {
                return Err(beyond(&self.upload));
            }
            if self.is_sealed {
                require_sealed(self.arrived, &chunk)?;
            }
            if let Some(checksum) = &mut checksum {
                checksum.update(&chunk);
            }
            let chunk = self.as_it_is_kept(chunk)?;
            self.arrived += chunk.len() as u64;
            let mut left = &chunk[..];
            while let Some(part) = self.gathering.take(&mut left) {
                self.pass_on(part).await?;
            }
            if checksum.is_none() && self.arrived - self.upload.offset() >= BYTES_BETWEEN_FLUSHES {
                self.flush().await?;
            }
        }
    }

    async fn pass_on(&mut self, part: Bytes) -> Result<()> {
        self.hashing.update(part.clone()).await?;
        Ok(self.partial.write(part).await?)
    }

    /// Nothing that is written or hashed tells what a veil hides: a hash that goes on holds the last bytes it was given.
    fn as_it_is_kept(&self, chunk: Bytes) -> Result<Bytes> {
        let Some(veil) = &self.veil else { return Ok(chunk) };
        let mut bytes = BytesMut::from(chunk);
        veil.apply(self.arrived, &mut bytes)?;
        Ok(bytes.freeze())
    }

    /// Puts what arrived on the disk, then on record.
    async fn flush(&mut self) -> Result<()> {
        if self.arrived == self.upload.offset() {
            return Ok(());
        }
        let rest = self.gathering.rest();
        if !rest.is_empty() {
            self.pass_on(rest).await?;
        }
        self.partial.flush().await?;
        let hash = self.hashing.known().await?;
        let state = hash.serialize();
        let is_whole = self.arrived == self.upload.total();
        let veil = self.veil.as_ref().filter(|_| is_whole);
        let veil_tag = veil.map(|veil| veil.tag(&hash.clone().finalize().into()));
        let mut conn = self.app.db.acquire().await?;
        let expires_at = self.app.clock.now() + uploads_wait(&mut conn).await?;
        let reached = i64::try_from(self.arrived).map_err(anyhow::Error::from)?;
        let standing = Reached {
            bytes: reached,
            digest_state: &state,
            veil_tag: veil_tag.as_ref().map(|tag| &tag[..]),
            expires_at,
        };
        let is_there = store::advance(&mut conn, &self.upload, &standing).await?;
        if !is_there {
            return Err(AppError::NotFound); // somebody ended it
        }
        self.upload.received_bytes = reached;
        self.upload.digest_state = Some(state.to_vec());
        self.upload.veil_tag = veil_tag.map(Vec::from);
        self.upload.expires_at = expires_at;
        Ok(())
    }

    /// Keeps nothing that is not on record.
    async fn forget(&mut self) -> Result<()> {
        Ok(self.partial.cut(self.upload.offset()).await?)
    }
}

fn silent() -> AppError {
    AppError::field("file", format!("Nothing arrived for {} seconds.", LONGEST_SILENCE.as_secs()))
}

/// The running hash of what is on record.
fn restored(state: Option<&[u8]>) -> Result<Sha256> {
    let Some(state) = state else { return Ok(Sha256::new()) };
    let state = SerializedState::<Sha256>::try_from(state).map_err(anyhow::Error::from)?;
    Ok(Sha256::deserialize(&state).map_err(anyhow::Error::from)?)
}

/// The running hash of nothing.
pub fn digest_of_nothing() -> Vec<u8> {
    Sha256::new().serialize().to_vec()
}

/// The SHA-256 of a whole upload.
///
/// # Errors
/// [`AppError::Internal`] for a state that another program wrote.
pub fn digest(upload: &Upload) -> Result<[u8; 32]> {
    Ok(restored(upload.digest_state.as_deref())?.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_goes_on_where_it_was_left() {
        let mut whole = Sha256::new();
        whole.update(b"a long word, cut anywhere");
        let mut hasher = Sha256::new();
        hasher.update(b"a long wo");
        let mut hasher = restored(Some(&hasher.serialize())).expect("a state");
        hasher.update(b"rd, cut anywhere");
        assert_eq!(hasher.finalize(), whole.finalize());
        assert!(restored(Some(b"nonsense")).is_err());
    }
}
