//! The stored files as a worker has them: in the folder where they lie, or as copies of what lies in
//! a bucket. The child sees plain files either way, and knows neither network nor keys.
//!
//! Never here: a copy that is not what was received.

use std::io;
use std::path::Path;
use std::time::Duration;

use holdout_contract::files::{ARRIVALS, Files, Stored};
use holdout_contract::place::Place;

use super::message::{Answer, Request};
use super::spool::Spool;
use super::storage::{Storage, StorageError};

/// Where the files lie.
#[derive(Debug, Clone)]
pub enum Shelf {
    Folder(Storage),
    Bucket(Files),
}

/// Where the files lie, and what is at hand of them.
pub struct Depot {
    pub shelf: Shelf,
    /// Of a bucket alone.
    spool: Option<Spool>,
}

impl Depot {
    /// Opens a place; copies of what lies in a bucket are kept in a folder of their own below `spools`.
    ///
    /// # Errors
    /// Those of the file system; settings of a bucket that do not fit together.
    pub fn open(place: &Place, spools: &Path) -> io::Result<Self> {
        Ok(match place {
            Place::Folder(folder) => Self::in_folder(Storage::new(folder.clone())),
            Place::Bucket(_) => {
                Self { shelf: Shelf::Bucket(Files::open(place)?), spool: Some(Spool::open(spools)?) }
            }
        })
    }

    pub fn in_folder(storage: Storage) -> Self {
        Self { shelf: Shelf::Folder(storage), spool: None }
    }

    /// The folder that the child reads and writes.
    pub fn at_hand(&self) -> &Path {
        match (&self.spool, &self.shelf) {
            (Some(spool), _) => spool.folder(),
            (None, Shelf::Folder(storage)) => storage.root(),
            (None, Shelf::Bucket(_)) => unreachable!("a bucket has a spool"),
        }
    }

    /// Brings everything that a request names.
    ///
    /// # Errors
    /// [`StorageError`]
    pub async fn fetch(&mut self, request: &Request) -> Result<(), StorageError> {
        let (Shelf::Bucket(files), Some(spool)) = (&self.shelf, &mut self.spool) else { return Ok(()) };
        spool.clear()?;
        for file in request.files() {
            spool.bring(files, file).await?;
        }
        Ok(())
    }

    /// Stores what the child wrote, and keeps no copy of what only this request needed.
    ///
    /// # Errors
    /// [`StorageError`]; nothing of the answer is stored then.
    pub async fn put_away(&mut self, answer: &Answer) -> Result<(), StorageError> {
        let (Shelf::Bucket(files), Some(spool)) = (&self.shelf, &self.spool) else { return Ok(()) };
        let mut stored = Ok(());
        let made = answer.files();
        if !made.is_empty() {
            stored = store_all(files, spool, &made).await;
            if stored.is_err() {
                self.shelf.discard(&made).await;
            }
        }
        spool.clear()?;
        stored
    }
}

async fn store_all(files: &Files, spool: &Spool, made: &[&Stored]) -> Result<(), StorageError> {
    for stored in made {
        spool.send(files, stored).await?;
    }
    Ok(())
}

impl Shelf {
    /// Removes a file; one that is gone already is no error.
    ///
    /// # Errors
    /// [`StorageError`]
    pub async fn remove(&self, key: &str) -> Result<(), StorageError> {
        match self {
            Self::Folder(storage) => storage.remove(key),
            Self::Bucket(files) => files.remove(key).await.map_err(StorageError::remote),
        }
    }

    /// All files; `None` for a folder that is not there now.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn files(&self) -> io::Result<Option<Files>> {
        match self {
            Self::Folder(storage) if storage.root().is_dir() => {
                Files::open(&Place::Folder(storage.root().to_owned())).map(Some)
            }
            Self::Folder(_) => Ok(None),
            Self::Bucket(files) => Ok(Some(files.clone())),
        }
    }

    /// Removes files that nobody will ever name.
    pub async fn discard(&self, made: &[&Stored]) {
        for Stored { key, .. } in made {
            if let Err(error) = self.remove(key).await {
                tracing::warn!(%error, key, "a left-over file could not be removed");
            }
        }
    }

    /// As [`Storage::remove_unfinished`]; in a bucket, what people put there and nobody took in, and parts of files that
    /// never became whole.
    ///
    /// # Errors
    /// Those of the place.
    pub async fn remove_unfinished(&self, age: Duration) -> io::Result<usize> {
        match self {
            Self::Folder(storage) => {
                let storage = storage.clone();
                tokio::task::spawn_blocking(move || storage.remove_unfinished(age)).await?
            }
            Self::Bucket(files) => {
                Ok(files.end_unfinished(age).await? + files.remove_older(ARRIVALS, age).await?)
            }
        }
    }
}
