//! A large file of a bucket while it arrives in parts, which a bucket keeps, and lets be paid for, until somebody completes or
//! ends them. A note beside the files says which upload is on its way, from before its first part until it is whole: what a
//! process that was killed left is found by its note and ended, whatever rules the bucket has.

use std::sync::Arc;

use bytes::Bytes;
use object_store::aws::AmazonS3;
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::{Error, ObjectStoreExt, PutPayload, Result};
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// Dropped before [`Upload::finish`], it leaves nothing behind.
pub struct Upload {
    begun: Begun,
    is_whole: bool,
    stored: Vec<PartId>,
    sending: Option<JoinHandle<Result<PartId>>>,
}

/// What a bucket calls a multipart upload, and where its note lies.
#[derive(Debug, Clone)]
pub struct Begun {
    bucket: Arc<AmazonS3>,
    note: Path,
    noted: Noted,
}

/// A note's content.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Noted {
    path: String,
    upload_id: String,
}

impl Upload {
    /// # Errors
    /// Those of the bucket.
    pub async fn begin(bucket: Arc<AmazonS3>, path: &Path, note: Path) -> Result<Self> {
        let upload_id = bucket.create_multipart(path).await?;
        let noted = Noted { path: path.to_string(), upload_id };
        let begun = Begun { bucket, note, noted };
        let upload = Self { begun, is_whole: false, stored: Vec::new(), sending: None };
        upload.begun.write_note().await?;
        Ok(upload)
    }

    /// One part is on its way while the next is gathered.
    ///
    /// # Errors
    /// Those of the bucket, of the part before.
    pub async fn put(&mut self, part: Bytes) -> Result<()> {
        self.sent().await?;
        let (begun, number) = (self.begun.clone(), self.stored.len());
        self.sending = Some(tokio::spawn(async move { begun.put(number, part).await }));
        Ok(())
    }

    /// # Errors
    /// Those of the bucket.
    pub async fn finish(mut self) -> Result<()> {
        self.sent().await?;
        self.begun.complete(std::mem::take(&mut self.stored)).await?;
        self.is_whole = true;
        if let Err(error) = self.begun.remove_note().await {
            tracing::warn!(%error, "a note of a file that is whole is removed later");
        }
        Ok(())
    }

    async fn sent(&mut self) -> Result<()> {
        if let Some(sending) = self.sending.take() {
            self.stored.push(sending.await??);
        }
        Ok(())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Some(sending) = self.sending.take() {
            sending.abort();
        }
        if let (false, Ok(runtime)) = (self.is_whole, Handle::try_current()) {
            let begun = self.begun.clone();
            runtime.spawn(async move { begun.end().await });
        }
    }
}

impl Begun {
    /// What a note tells of.
    ///
    /// # Errors
    /// Those of the bucket; what is no note.
    pub async fn read(bucket: Arc<AmazonS3>, note: Path) -> Result<Self> {
        let content = bucket.get(&note).await?.bytes().await?;
        let noted = serde_json::from_slice(&content)
            .map_err(|error| Error::Generic { store: "a note", source: error.into() })?;
        Ok(Self { bucket, note, noted })
    }

    /// Lets its parts go, and then the note. What was completed or ended meanwhile is no error.
    ///
    /// # Errors
    /// Those of the bucket.
    pub async fn end(&self) -> Result<()> {
        match self.bucket.abort_multipart(&self.path()?, &self.noted.upload_id).await {
            Ok(()) | Err(Error::NotFound { .. }) => self.remove_note().await,
            Err(error) => Err(error),
        }
    }

    async fn put(&self, number: usize, part: Bytes) -> Result<PartId> {
        self.bucket.put_part(&self.path()?, &self.noted.upload_id, number, PutPayload::from(part)).await
    }

    async fn complete(&self, parts: Vec<PartId>) -> Result<()> {
        self.bucket.complete_multipart(&self.path()?, &self.noted.upload_id, parts).await?;
        Ok(())
    }

    async fn write_note(&self) -> Result<()> {
        let content = serde_json::to_vec(&self.noted)
            .map_err(|error| Error::Generic { store: "a note", source: error.into() })?;
        self.bucket.put(&self.note, content.into()).await?;
        Ok(())
    }

    async fn remove_note(&self) -> Result<()> {
        match self.bucket.delete(&self.note).await {
            Err(Error::NotFound { .. }) => Ok(()),
            done => done,
        }
    }

    fn path(&self) -> Result<Path> {
        Ok(Path::parse(&self.noted.path)?)
    }
}
