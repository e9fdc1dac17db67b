//! Files that lie on this machine's disk as nobody can read them without a key that is not on it.
//!
//! A bundle of another platform may hold labels, and must be whole before it can be read. While it arrives, the
//! key is in the address that its sender was given; what is unpacked of it has a key that ends with the reading.
//! The stream cipher gives every byte its place, so that a file goes on where it stands and is read from anywhere.
//! It hides; that the bytes of a whole upload are those that were sent is what its tag says, an HMAC of what lies there under
//! a key of its own that follows from the veil's (encrypt, then MAC). What is unpacked lies in a file without a name.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::rc::Rc;

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher, StreamCipherSeek};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::accounts::secret;

/// The key of one file.
#[derive(Clone, PartialEq, Eq)]
pub struct Veil([u8; 32]);

impl std::fmt::Debug for Veil {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Veil(***)")
    }
}

impl Veil {
    pub fn draw() -> Self {
        Self(rand::random())
    }

    /// As it stands in an address.
    pub fn text(&self) -> String {
        hex::encode(self.0)
    }

    pub fn parse(text: &str) -> Option<Self> {
        let mut key = [0; 32];
        hex::decode_to_slice(text, &mut key).ok()?;
        Some(Self(key))
    }

    /// What is stored of it.
    pub fn digest(&self) -> [u8; 32] {
        secret::digest(&self.text())
    }

    /// Vouches for veiled bytes by their SHA-256.
    pub fn tag(&self, sha256: &[u8; 32]) -> [u8; 32] {
        self.mac(sha256).finalize().into_bytes().into()
    }

    /// Whether `tag` vouches for veiled bytes with this SHA-256.
    pub fn vouches(&self, sha256: &[u8; 32], tag: &[u8]) -> bool {
        self.mac(sha256).verify_slice(tag).is_ok()
    }

    fn mac(&self, message: &[u8]) -> Hmac<Sha256> {
        let keyed = |key: &[u8; 32]| {
            let mut block = [0; 64];
            block[..32].copy_from_slice(key);
            Hmac::<Sha256>::new(&block.into())
        };
        let own_key = keyed(&self.0).chain_update(b"of the tag").finalize().into_bytes();
        keyed(&own_key.into()).chain_update(message)
    }

    /// Veils bytes that stand at `offset`, or lifts the veil from them.
    ///
    /// # Errors
    /// Beyond 256 GiB.
    pub fn apply(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        // One file has one key, so that nothing else needs to tell its stream from another's.
        let mut cipher = ChaCha20::new(&self.0.into(), &[0; 12].into());
        let too_long = |_| io::Error::other("a file is too long to be veiled");
        cipher.try_seek(offset).map_err(too_long)?;
        cipher.try_apply_keystream(bytes).map_err(too_long)
    }
}

/// Bytes of a veiled file, read as they were sent.
#[derive(Debug, Clone)]
pub struct Slice {
    file: Rc<File>,
    veil: Veil,
    start: u64,
    length: u64,
    at: u64,
}

impl Slice {
    pub fn new(file: Rc<File>, veil: Veil, start: u64, length: u64) -> Self {
        Self { file, veil, start, length, at: 0 }
    }
}

impl Read for Slice {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let left = self.length.saturating_sub(self.at);
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
        let offset = self.start + self.at;
        let n_read = self.file.read_at(&mut bytes[..wanted], offset)?;
        self.veil.apply(offset, &mut bytes[..n_read])?;
        self.at += n_read as u64;
        Ok(n_read)
    }
}

impl Seek for Slice {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let reached = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(distance) => self.length.checked_add_signed(distance),
            SeekFrom::Current(distance) => self.at.checked_add_signed(distance),
        };
        self.at = reached.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_veiled_in_pieces_is_read_from_anywhere() {
        let path = std::env::temp_dir().join(format!("holdout-veil-{}", uuid::Uuid::now_v7()));
        let file =
            Rc::new(File::options().read(true).write(true).create_new(true).open(&path).expect("a file"));
        std::fs::remove_file(&path).expect("removed");
        let veil = Veil::draw();
        let told: Vec<u8> = (0..1000_u32).map(|n| (n % 251) as u8).collect();
        for (start, end) in [(0, 1), (1, 70), (70, 640), (640, 1000)] {
            let mut piece = told[start..end].to_vec();
            veil.apply(start as u64, &mut piece).expect("veiled");
            file.write_all_at(&piece, start as u64).expect("written");
        }
        let mut on_disk = vec![0; 1000];
        file.read_exact_at(&mut on_disk, 0).expect("read");
        assert!(on_disk != told && Veil::parse(&veil.text()) == Some(veil.clone()));
        let mut slice = Slice::new(file.clone(), veil.clone(), 100, 500);
        let mut read = Vec::new();
        slice.read_to_end(&mut read).expect("read");
        assert_eq!(read, &told[100..600]);
        slice.seek(SeekFrom::End(-7)).expect("found");
        read.clear();
        slice.read_to_end(&mut read).expect("read");
        assert_eq!(read, &told[593..600]);
        assert!(slice.seek(SeekFrom::Current(-600)).is_err());
        let (hash, other_hash) = ([7; 32], [8; 32]);
        let tag = veil.tag(&hash);
        assert!(veil.vouches(&hash, &tag) && !veil.vouches(&other_hash, &tag));
        assert!(!Veil::draw().vouches(&hash, &tag) && !veil.vouches(&hash, &[]));
        let mut other = Slice::new(file, Veil::draw(), 100, 500);
        read.clear();
        other.read_to_end(&mut read).expect("read");
        assert_ne!(read, &told[100..600]);
    }
}
