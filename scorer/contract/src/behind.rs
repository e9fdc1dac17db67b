//! A file's parts: gathered, then hashed, written and put on the disk behind the back of whoever gathers the next one,
//! on threads that may block.
//!
//! Never here: two parts of one file at work in the same way at once.

use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use sha2::{Digest, Sha256};
use tokio::task::{JoinHandle, spawn_blocking};

/// The disk begins with so much while more arrives: all of it at the end, and its sender would wait for that long.
const BYTES_AHEAD: usize = 8 << 20;

/// Makes parts of one size of bytes as they arrive.
pub struct Gathering {
    gathered: BytesMut,
    part_bytes: usize,
}

impl Gathering {
    pub fn new(part_bytes: usize) -> Self {
        Self { gathered: BytesMut::new(), part_bytes }
    }

    /// Takes bytes off the front, until a part is whole or none is left.
    pub fn take(&mut self, bytes: &mut &[u8]) -> Option<Bytes> {
        let room = self.part_bytes - self.gathered.len();
        let (now, later) = bytes.split_at(room.min(bytes.len()));
        self.gathered.extend_from_slice(now);
        *bytes = later;
        // Whoever sends one whole part sends more: from now on no buffer grows.
        (self.gathered.len() == self.part_bytes)
            .then(|| std::mem::replace(&mut self.gathered, BytesMut::with_capacity(self.part_bytes)).freeze())
    }

    /// What is no whole part.
    pub fn rest(&mut self) -> Bytes {
        std::mem::take(&mut self.gathered).freeze()
    }
}

/// Hashes parts, one after the other.
#[derive(Default)]
pub struct Hashing {
    /// Of all parts but the one that is hashed now.
    known: Sha256,
    running: Option<JoinHandle<Sha256>>,
}

impl From<Sha256> for Hashing {
    fn from(known: Sha256) -> Self {
        Self { known, running: None }
    }
}

impl Hashing {
    /// Returns as soon as the part before is hashed.
    ///
    /// # Errors
    /// A thread that was lost.
    pub async fn update(&mut self, part: Bytes) -> io::Result<()> {
        let mut hasher = self.known().await?.clone();
        self.running = Some(spawn_blocking(move || {
            hasher.update(&part);
            hasher
        }));
        Ok(())
    }

    /// The hash of every part so far.
    ///
    /// # Errors
    /// A thread that was lost.
    pub async fn known(&mut self) -> io::Result<&Sha256> {
        if let Some(running) = self.running.take() {
            self.known = running.await?;
        }
        Ok(&self.known)
    }
}

/// Writes parts to a file from where it stands, one after the other. Where one failed, nothing counts as written any more.
pub struct Writing {
    file: Arc<File>,
    writing: Option<JoinHandle<io::Result<()>>>,
    flushing: Option<JoinHandle<io::Result<()>>>,
    unflushed_bytes: usize,
    fault: Option<io::ErrorKind>,
}

impl Writing {
    pub fn new(file: File) -> Self {
        Self { file: Arc::new(file), writing: None, flushing: None, unflushed_bytes: 0, fault: None }
    }

    /// Returns as soon as the part before is written.
    ///
    /// # Errors
    /// Those of the file system, of an earlier part.
    pub async fn write(&mut self, part: Bytes) -> io::Result<()> {
        let running = self.writing.take();
        self.ended(running).await?;
        if self.unflushed_bytes >= BYTES_AHEAD && self.flushing.as_ref().is_none_or(JoinHandle::is_finished) {
            let running = self.flushing.take();
            self.ended(running).await?;
            self.unflushed_bytes = 0;
            let file = self.file.clone();
            self.flushing = Some(spawn_blocking(move || file.sync_data()));
        }
        self.unflushed_bytes += part.len();
        let file = self.file.clone();
        self.writing = Some(spawn_blocking(move || (&*file).write_all(&part)));
        Ok(())
    }

    /// The file, once every part is written and nothing is at work on it.
    ///
    /// # Errors
    /// Those of the file system.
    pub async fn written(&mut self) -> io::Result<Arc<File>> {
        for running in [self.writing.take(), self.flushing.take()] {
            self.ended(running).await?;
        }
        Ok(self.file.clone())
    }

    /// Returns when everything written would survive a power cut.
    ///
    /// # Errors
    /// Those of the file system.
    pub async fn flush(&mut self) -> io::Result<()> {
        let file = self.written().await?;
        self.unflushed_bytes = 0;
        self.ended(Some(spawn_blocking(move || file.sync_data()))).await
    }

    async fn ended(&mut self, running: Option<JoinHandle<io::Result<()>>>) -> io::Result<()> {
        let outcome = match (self.fault, running) {
            (Some(fault), _) => Err(fault.into()),
            (None, Some(running)) => running.await?,
            (None, None) => Ok(()),
        };
        self.fault = outcome.as_ref().err().map(io::Error::kind);
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn parts_are_hashed_and_written_in_their_order() {
        let path = std::env::temp_dir().join(format!("holdout-behind-{}", uuid::Uuid::now_v7()));
        let (mut hashing, mut writing) =
            (Hashing::default(), Writing::new(File::create(&path).expect("a file")));
        let mut whole = Vec::new();
        let mut gathering = Gathering::new(1 << 20);
        let mut n_parts = 0;
        for number in 0..30_u8 {
            let piece = vec![number; 700_001];
            let mut left = piece.as_slice();
            while let Some(part) = gathering.take(&mut left) {
                n_parts += 1;
                hashing.update(part.clone()).await.expect("hashed");
                writing.write(part).await.expect("written");
            }
            whole.extend_from_slice(&piece);
        }
        let rest = gathering.rest();
        assert_eq!(n_parts, whole.len() >> 20);
        hashing.update(rest.clone()).await.expect("hashed");
        writing.write(rest).await.expect("written");
        writing.flush().await.expect("flushed");
        assert!(std::fs::read(&path).expect("read") == whole);
        assert_eq!(hashing.known().await.expect("hashed").clone().finalize(), Sha256::digest(&whole));
        std::fs::remove_file(path).expect("removed");
    }

    #[tokio::test]
    async fn what_cannot_be_written_is_told() {
        let mut writing = Writing::new(File::open("/dev/null").expect("opened for reading alone"));
        writing.write(Bytes::from_static(b"x")).await.expect("begun");
        assert!(writing.written().await.is_err());
        assert!(writing.flush().await.is_err(), "a later call does not take it for written");
    }
}
