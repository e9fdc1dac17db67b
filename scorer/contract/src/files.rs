//! Stored files at a [`Place`]: complete and durable before their key is given out, read by range.
//!
//! Never here: who may read a file. Keys look like `submissions/17/<uuid>`; the platform makes them,
//! and nothing a person typed is in one.

use std::error::Error as _;
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt, TryStreamExt};
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    BackoffConfig, ClientOptions, GetOptions, GetRange, GetResultPayload, ObjectMeta, ObjectStore,
    ObjectStoreExt, RetryConfig,
};
use serde::{Deserialize, Serialize};
use sha2::Digest;
use tokio::task::spawn_blocking;
use uuid::Uuid;

use crate::behind::{Gathering, Hashing};
use crate::parts::{Begun, Upload};
use crate::place::{Bucket, Place};
use crate::staged::Staged;

/// Room of files that people put into a bucket themselves, until they are taken in.
pub const ARRIVALS: &str = "arrivals";
/// Room of notes of the files that a bucket is given in parts.
pub const UNFINISHED: &str = "unfinished";

/// A bucket takes no smaller parts than 5 MiB and no more than 10,000 of them.
const BUCKET_PART_BYTES: usize = 8 << 20;
const FOLDER_PART_BYTES: usize = 1 << 20;
/// Each piece is a turn of a thread that may block, so that small ones cost more than reading them. A reader who is slow
/// holds three of them.
const READ_BYTES: u64 = 256 << 10;

/// A call that fails is repeated this often, within [`RETRY_FOR`].
const MAX_RETRIES: usize = 6;
const RETRY_FOR: Duration = Duration::from_secs(20);
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Nothing is heard of the store for so long; a whole part is sent within.
const SILENCE: Duration = Duration::from_secs(30);

/// All stored files. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Files {
    store: Arc<dyn ObjectStore>,
    /// Where they lie in one.
    folder: Option<PathBuf>,
    /// The same as `store`, where they do not.
    bucket: Option<Arc<AmazonS3>>,
    prefix: Path,
    part_bytes: usize,
}

/// A file that is stored, durably.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    pub key: String,
    pub size_bytes: u64,
    pub sha256: [u8; 32],
}

/// A file's key: its place without what every key of the installation begins with.
fn key_of(file: &ObjectMeta, prefix: &Path) -> Option<String> {
    let parts = file.location.prefix_match(prefix)?;
    Some(parts.map(|part| part.as_ref().to_owned()).collect::<Vec<_>>().join("/"))
}

impl Files {
    /// Opens a place; a folder that is missing is made. A bucket is not asked for anything yet.
    ///
    /// # Errors
    /// Those of the file system; settings of a bucket that do not fit together.
    pub fn open(place: &Place) -> io::Result<Self> {
        match place {
            Place::Folder(folder) => {
                std::fs::create_dir_all(folder)?;
                let store = LocalFileSystem::new_with_prefix(folder).map_err(refused)?.with_fsync(true);
                Ok(Self {
                    store: Arc::new(store),
                    folder: Some(folder.clone()),
                    bucket: None,
                    prefix: Path::default(),
                    part_bytes: FOLDER_PART_BYTES,
                })
            }
            Place::Bucket(bucket) => {
                let store = Arc::new(connect(bucket)?);
                Ok(Self {
                    store: store.clone(),
                    folder: None,
                    bucket: Some(store),
                    prefix: Path::parse(&bucket.prefix).map_err(io::Error::other)?,
                    part_bytes: BUCKET_PART_BYTES,
                })
            }
        }
    }

    /// Begins a new file under `room/owner/`.
    ///
    /// # Errors
    /// None yet: a place may need to be asked.
    pub async fn create(&self, room: &str, owner: i64) -> io::Result<Writing> {
        self.create_as(format!("{room}/{owner}/{}", Uuid::now_v7()))
    }

    /// Begins a file under a key that was made elsewhere.
    ///
    /// # Errors
    /// For what is no key.
    pub fn create_as(&self, key: String) -> io::Result<Writing> {
        let path = self.path(&key)?;
        Ok(Writing {
            files: self.clone(),
            path,
            key,
            gathering: Gathering::new(self.part_bytes),
            arriving: None,
            size_bytes: 0,
            hashing: Hashing::default(),
        })
    }

    /// Reads a part of a stored file.
    ///
    /// # Errors
    /// Those of the place; not found for what is no key.
    pub async fn read(
        &self,
        key: &str,
        bytes: Range<u64>,
    ) -> io::Result<BoxStream<'static, io::Result<Bytes>>> {
        if bytes.is_empty() {
            return Ok(futures_util::stream::empty().boxed());
        }
        self.get(key, Some(GetRange::Bounded(bytes))).await
    }

    /// Reads a stored file from its beginning to its end.
    ///
    /// # Errors
    /// As [`Files::read`].
    pub async fn read_whole(&self, key: &str) -> io::Result<BoxStream<'static, io::Result<Bytes>>> {
        self.get(key, None).await
    }

    async fn get(
        &self,
        key: &str,
        range: Option<GetRange>,
    ) -> io::Result<BoxStream<'static, io::Result<Bytes>>> {
        let options = GetOptions { range, ..GetOptions::default() };
        let got = self.store.get_opts(&self.path(key)?, options).await.map_err(refused)?;
        Ok(match got.payload {
            GetResultPayload::File(file, _) => pieces(file, got.range).boxed(),
            GetResultPayload::Stream(stream) => stream.map_err(refused).boxed(),
        })
    }

    /// The size of a stored file; `None` where there is none.
    ///
    /// # Errors
    /// Those of the place.
    pub async fn size_bytes(&self, key: &str) -> io::Result<Option<u64>> {
        let Ok(path) = self.path(key) else { return Ok(None) };
        match self.store.head(&path).await.map_err(refused) {
            Ok(found) => Ok(Some(found.size)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Removes a file; one that is gone already is no error.
    ///
    /// # Errors
    /// Those of the place.
    pub async fn remove(&self, key: &str) -> io::Result<()> {
        match self.store.delete(&self.path(key)?).await.map_err(refused) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done,
        }
    }

    /// Keys of a room's files that are older than `age`.
    pub fn older(&self, room: &str, age: Duration) -> BoxStream<'static, io::Result<String>> {
        let room: Path = self.prefix.parts().chain(Path::from(room).parts()).collect();
        let prefix = self.prefix.clone();
        let key = move |file: ObjectMeta| {
            // A clock that was set back makes nothing older.
            let elapsed = SystemTime::from(file.last_modified).elapsed();
            let is_older = elapsed.is_ok_and(|elapsed| elapsed > age);
            key_of(&file, &prefix).filter(|_| is_older)
        };
        let listed = self.store.list(Some(&room)).map_err(refused);
        listed.try_filter_map(move |file| std::future::ready(Ok(key(file)))).boxed()
    }

    /// Keys of all files of all rooms, with their sizes in bytes.
    pub fn all(&self) -> BoxStream<'static, io::Result<(String, u64)>> {
        let prefix = self.prefix.clone();
        let listed = self.store.list(Some(&self.prefix)).map_err(refused);
        let sized = move |file: ObjectMeta| key_of(&file, &prefix).map(|key| (key, file.size));
        listed.try_filter_map(move |file| std::future::ready(Ok(sized(file)))).boxed()
    }

    /// Removes the files of a room that are older than `age`. Gives their number.
    ///
    /// # Errors
    /// Those of the place.
    pub async fn remove_older(&self, room: &str, age: Duration) -> io::Result<usize> {
        let mut found = self.older(room, age);
        let mut n_removed = 0;
        while let Some(key) = found.try_next().await? {
            self.remove(&key).await?;
            n_removed += 1;
        }
        Ok(n_removed)
    }

    /// Ends the files that a bucket was given in parts longer ago than `age`, and that are not whole. Gives their number; a
    /// folder has none.
    ///
    /// # Errors
    /// Those of the place, but for a file's own, which is tried again the next time.
    pub async fn end_unfinished(&self, age: Duration) -> io::Result<usize> {
        let Some(bucket) = &self.bucket else { return Ok(0) };
        let mut notes = self.older(UNFINISHED, age);
        let mut n_ended = 0;
        while let Some(note) = notes.try_next().await? {
            let path = self.path(&note)?;
            let ended = async { Begun::read(bucket.clone(), path).await?.end().await };
            match ended.await {
                Ok(()) => n_ended += 1,
                Err(object_store::Error::NotFound { .. }) => {} // whole, or ended by another, meanwhile
                Err(error) => {
                    tracing::warn!(%error, note, "a file that nobody finished could not be ended yet")
                }
            }
        }
        Ok(n_ended)
    }

    /// Stores a small file, reads it back and removes it.
    ///
    /// # Errors
    /// What did not work, after the word for it.
    pub async fn try_out(&self) -> io::Result<()> {
        let during = |doing: &'static str| {
            move |error: io::Error| io::Error::new(error.kind(), format!("{doing}: {error}"))
        };
        let content = Uuid::new_v4().to_string();
        let mut writing = self.create("doctor", 0).await?;
        writing.write(content.as_bytes()).await.map_err(during("storing"))?;
        let stored = writing.finish().await.map_err(during("storing"))?;
        let read: Vec<Bytes> = async { self.read_whole(&stored.key).await?.try_collect().await }
            .await
            .map_err(during("reading"))?;
        self.remove(&stored.key).await.map_err(during("removing"))?;
        if read.concat() == content.as_bytes() {
            Ok(())
        } else {
            Err(io::Error::other("what was stored comes back as something else"))
        }
    }

    /// Where a file lies at its place.
    ///
    /// # Errors
    /// Not found for what is no key.
    pub fn path(&self, key: &str) -> io::Result<Path> {
        let key = Path::parse(key).ok().filter(|key| key.parts().count() > 1);
        let key = key.ok_or(io::ErrorKind::NotFound)?;
        Ok(self.prefix.parts().chain(key.parts()).collect())
    }
}

/// A file's bytes, piece by piece; each is read while the one before it is on its way.
fn pieces(file: File, range: Range<u64>) -> impl Stream<Item = io::Result<Bytes>> + Send {
    let next = |mut file: File, bytes: Range<u64>| {
        spawn_blocking(move || {
            file.seek(SeekFrom::Start(bytes.start))?;
            let wanted = READ_BYTES.min(bytes.end - bytes.start);
            let mut piece = Vec::with_capacity(usize::try_from(wanted).map_err(io::Error::other)?);
            (&file).take(wanted).read_to_end(&mut piece)?;
            if piece.len() as u64 != wanted {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
            }
            Ok((piece, file, bytes.start + wanted..bytes.end))
        })
    };
    let first = (!range.is_empty()).then(|| next(file, range));
    futures_util::stream::try_unfold(first, move |reading| async move {
        let Some(reading) = reading else { return Ok(None) };
        let (piece, file, left) = reading.await??;
        let further = (!left.is_empty()).then(|| next(file, left));
        Ok(Some((Bytes::from(piece), further)))
    })
}

/// A file being written; dropped before [`Writing::finish`], it leaves nothing behind.
pub struct Writing {
    files: Files,
    path: Path,
    key: String,
    /// Not sent yet; less than one part.
    gathering: Gathering,
    /// Begun with the first whole part; smaller files go in one piece.
    arriving: Option<Arriving>,
    size_bytes: u64,
    hashing: Hashing,
}

/// A file that takes its parts in.
enum Arriving {
    Folder(Staged),
    Bucket(Upload),
}

impl Writing {
    /// # Errors
    /// Those of the place.
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.size_bytes += bytes.len() as u64;
        let mut left = bytes;
        while let Some(part) = self.gathering.take(&mut left) {
            // One part is hashed and on its way while the next is gathered.
            self.hashing.update(part.clone()).await?;
            self.send(part).await?;
        }
        Ok(())
    }

    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Completes the file: what this returns survives a power cut.
    ///
    /// # Errors
    /// Those of the place.
    pub async fn finish(mut self) -> io::Result<Stored> {
        let rest = self.gathering.rest();
        let mut hasher = self.hashing.known().await?.clone();
        hasher.update(&rest);
        if self.arriving.is_some() && !rest.is_empty() {
            self.send(rest.clone()).await?;
        }
        match self.arriving.take() {
            None => drop(self.files.store.put(&self.path, rest.into()).await.map_err(refused)?),
            Some(Arriving::Folder(mut staged)) => staged.finish().await?,
            Some(Arriving::Bucket(upload)) => upload.finish().await.map_err(refused)?,
        }
        Ok(Stored {
            key: std::mem::take(&mut self.key),
            size_bytes: self.size_bytes,
            sha256: hasher.finalize().into(),
        })
    }

    async fn send(&mut self, part: Bytes) -> io::Result<()> {
        let arriving = match &mut self.arriving {
            Some(arriving) => arriving,
            None => self.arriving.insert(Arriving::begin(&self.files, &self.path).await?),
        };
        match arriving {
            Arriving::Folder(staged) => staged.write(part).await,
            Arriving::Bucket(upload) => upload.put(part).await.map_err(refused),
        }
    }
}

impl Arriving {
    async fn begin(files: &Files, path: &Path) -> io::Result<Self> {
        if let Some(folder) = &files.folder {
            return Ok(Self::Folder(Staged::begin(folder.join(path.as_ref())).await?));
        }
        let bucket = files.bucket.clone().ok_or(io::ErrorKind::Unsupported)?;
        let note = files.path(&format!("{UNFINISHED}/{}", Uuid::now_v7()))?;
        Ok(Self::Bucket(Upload::begin(bucket, path, note).await.map_err(refused)?))
    }
}

impl fmt::Debug for Writing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writing").field("key", &self.key).field("size_bytes", &self.size_bytes).finish()
    }
}

/// The client of a bucket. Nothing is asked of it yet.
///
/// # Errors
/// Settings that do not fit together.
pub fn connect(bucket: &Bucket) -> io::Result<AmazonS3> {
    // One library of ciphers for everything; somebody may have named it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let is_plain = bucket.endpoint().is_some_and(|endpoint| endpoint.starts_with("http://"));
    let client = ClientOptions::new()
        .with_allow_http(is_plain)
        .with_timeout_disabled()
        .with_connect_timeout(CONNECT_TIMEOUT)
        .with_read_timeout(SILENCE);
    let retry = RetryConfig {
        backoff: BackoffConfig { init_backoff: FIRST_PAUSE, max_backoff: LONGEST_PAUSE, base: 2.0 },
        max_retries: MAX_RETRIES,
        retry_timeout: RETRY_FOR,
    };
    let builder = AmazonS3Builder::new().with_bucket_name(&bucket.name);
    let settings = bucket.settings.iter().filter(|(key, _)| *key != AmazonS3ConfigKey::Bucket);
    settings
        .fold(builder, |builder, (key, value)| builder.with_config(*key, value))
        .with_client_options(client)
        .with_retry(retry)
        .build()
        .map_err(
            |error| if lacks_authorities(&error) { io::Error::other(NO_AUTHORITIES) } else { refused(error) },
        )
}

/// Without any, no client is made, not even one that would speak without TLS.
const NO_AUTHORITIES: &str = "this machine knows no certificate authority: install the package ca-certificates, or name a file \
     of their certificates with SSL_CERT_FILE";

/// By its text: the library has no other name for it.
fn lacks_authorities(error: &object_store::Error) -> bool {
    let mut source = error.source();
    while let Some(cause) = source {
        if cause.to_string().contains("No CA certificates") {
            return true;
        }
        source = cause.source();
    }
    false
}

/// An error of a place as one of the file system, in which a bucket that is missing is not the same
/// as a file that is missing.
fn refused(error: object_store::Error) -> io::Error {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<io::Error>() {
            return io::Error::new(io.kind(), error);
        }
        source = cause.source();
    }
    let is_missing = matches!(error, object_store::Error::NotFound { .. });
    let is_without_bucket = is_missing && error.to_string().contains("NoSuchBucket");
    let kind = if is_missing && !is_without_bucket { io::ErrorKind::NotFound } else { io::ErrorKind::Other };
    io::Error::new(kind, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_bucket_is_not_a_missing_file() {
        let kind = |code: &str| {
            let source = format!("404 Not Found: <Error><Code>{code}</Code></Error>").into();
            refused(object_store::Error::NotFound { path: "data/1/a".to_owned(), source }).kind()
        };
        assert_eq!(kind("NoSuchKey"), io::ErrorKind::NotFound);
        assert_eq!(kind("NoSuchBucket"), io::ErrorKind::Other);
    }
}
