//! What an upload is: purposes, names, checksums.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::accounts::model::Scope;
use crate::error::{AppError, Result};
use crate::ids::{CompetitionId, UserId};
use crate::veil::Veil;
use crate::web::upload::{AGE_HEADER, last_part};

/// Uploads of one person that are not spent yet.
pub const MOST_OPEN: i64 = 10;
/// Longest description of a file by its sender, as it travels.
const LONGEST_METADATA: usize = 4096;

#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    sqlx::Type,
    utoipa::ToSchema,
)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct UploadId(pub Uuid);

impl std::fmt::Display for UploadId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What an upload will be spent on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Submission,
    Check,
    Data,
    Solution,
    /// A labelled table.
    Table,
    /// What an installation gave out of a competition.
    Archive,
    /// A competition of another platform, which is none of this one yet.
    Bundle,
}

impl Purpose {
    pub const ALL: [Self; 7] =
        [Self::Submission, Self::Check, Self::Data, Self::Solution, Self::Table, Self::Archive, Self::Bundle];

    pub fn name(self) -> &'static str {
        match self {
            Self::Submission => "submission",
            Self::Check => "check",
            Self::Data => "data",
            Self::Solution => "solution",
            Self::Table => "table",
            Self::Archive => "archive",
            Self::Bundle => "bundle",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.name() == text)
    }

    /// The folder of stored files that it ends in.
    pub fn room(self) -> &'static str {
        match self {
            Self::Submission => "submissions",
            Self::Check => "checks",
            Self::Data => "data",
            Self::Solution => "solutions",
            Self::Table => "tables",
            Self::Archive => "archives",
            Self::Bundle => "bundles",
        }
    }

    /// What a token must be good for.
    pub fn scope(self) -> Scope {
        match self {
            Self::Submission | Self::Check => Scope::Submit,
            Self::Data | Self::Solution | Self::Table | Self::Archive | Self::Bundle => Scope::Host,
        }
    }

    /// Whether it holds labels, and so may arrive sealed only.
    pub fn is_secret(self) -> bool {
        matches!(self, Self::Solution | Self::Table)
    }
}

/// An upload as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    pub id: UploadId,
    pub user_id: UserId,
    /// `None` of a bundle, which belongs to no competition.
    pub competition_id: Option<CompetitionId>,
    /// The competition's name in addresses.
    pub slug: Option<String>,
    pub purpose: String,
    pub file_name: String,
    pub metadata: String,
    pub recipient: Option<String>,
    pub total_bytes: i64,
    pub received_bytes: i64,
    pub digest_state: Option<Vec<u8>>,
    pub storage_key: Option<String>,
    pub expires_at: DateTime<Utc>,
    pub spent_at: Option<DateTime<Utc>>,
    /// Of the key under which it lies on the disk.
    pub key_hash: Option<Vec<u8>>,
    /// Vouches for what lies there, once it is whole.
    pub veil_tag: Option<Vec<u8>>,
}

impl Upload {
    /// # Errors
    /// [`AppError::Internal`] for a purpose that this version does not know.
    pub fn purpose(&self) -> Result<Purpose> {
        Purpose::parse(&self.purpose)
            .ok_or_else(|| anyhow::anyhow!("an upload has the purpose {}", self.purpose).into())
    }

    pub fn total(&self) -> u64 {
        self.total_bytes.unsigned_abs()
    }

    /// How many bytes are on the disk.
    pub fn offset(&self) -> u64 {
        self.received_bytes.unsigned_abs()
    }

    pub fn is_whole(&self) -> bool {
        self.received_bytes == self.total_bytes
    }

    /// The key under which it lies on the disk, as its sender gives it; `None` where it has none.
    ///
    /// # Errors
    /// [`AppError::Field`] where it is missing or another's.
    pub fn veil(&self, given: Option<Veil>) -> Result<Option<Veil>> {
        let Some(hash) = &self.key_hash else { return Ok(None) };
        match given.filter(|veil| veil.digest().as_slice() == hash) {
            Some(veil) => Ok(Some(veil)),
            None => Err(AppError::field(
                "key",
                "The address of a bundle's upload ends with the key to it: use the whole address that you were given.",
            )),
        }
    }
}

/// What the sender says about a file: `key base64,key base64`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    /// As it was sent.
    pub text: String,
    pub competition: String,
    pub purpose: String,
    /// The last part of the file's name.
    pub file_name: String,
}

impl Metadata {
    /// # Errors
    /// [`AppError::Field`] for what is not written as the protocol has it.
    pub fn read(text: &str) -> Result<Self> {
        let wrong = |sentence: &str| AppError::field("Upload-Metadata", sentence);
        if text.len() > LONGEST_METADATA {
            return Err(wrong("Upload-Metadata has at most 4,096 characters."));
        }
        let mut read = Self { text: text.to_owned(), ..Self::default() };
        for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            let (key, encoded) = pair.split_once(' ').unwrap_or((pair, ""));
            let value = STANDARD.decode(encoded.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let value = value.ok_or_else(|| {
                wrong("Write Upload-Metadata as keys and base64 of UTF-8 text: `purpose c3VibWlzc2lvbg==,…`.")
            })?;
            match key {
                "competition" => read.competition = value,
                "purpose" => read.purpose = value,
                // Uppy says `name` besides.
                "filename" => read.file_name = last_part(&value),
                "name" if read.file_name.is_empty() => read.file_name = last_part(&value),
                _ => {}
            }
        }
        Ok(read)
    }
}

/// What a part of a file must come out as.
#[derive(Debug, Clone)]
pub struct Checksum {
    hasher: Hasher,
    expected: Vec<u8>,
}

#[derive(Debug, Clone)]
enum Hasher {
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Checksum {
    /// The algorithms that [`Checksum::read`] knows, the better one first.
    pub const ALGORITHMS: &'static str = "sha256,sha1";

    /// Reads `sha256 BASE64`.
    ///
    /// # Errors
    /// [`AppError::Field`] for another algorithm, or what is no such checksum.
    pub fn read(text: &str) -> Result<Self> {
        let wrong = || {
            AppError::field(
                "Upload-Checksum",
                "Write Upload-Checksum as `sha256` or `sha1` and the base64 of the digest.",
            )
        };
        let (algorithm, encoded) = text.trim().split_once(' ').ok_or_else(wrong)?;
        let expected = STANDARD.decode(encoded.trim()).map_err(|_| wrong())?;
        let (hasher, length) = match algorithm {
            "sha256" => (Hasher::Sha256(Sha256::new()), 32),
            "sha1" => (Hasher::Sha1(Sha1::new()), 20),
            _ => return Err(wrong()),
        };
        if expected.len() == length { Ok(Self { hasher, expected }) } else { Err(wrong()) }
    }

    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.hasher {
            Hasher::Sha1(hasher) => hasher.update(bytes),
            Hasher::Sha256(hasher) => hasher.update(bytes),
        }
    }

    /// Whether what came is what was meant.
    pub fn holds(self) -> bool {
        match self.hasher {
            Hasher::Sha1(hasher) => hasher.finalize().as_slice() == self.expected,
            Hasher::Sha256(hasher) => hasher.finalize().as_slice() == self.expected,
        }
    }
}

/// Lets bytes of a sealed file pass, from `offset` on: its head must be that of an age file.
///
/// # Errors
/// [`AppError::Field`] before any byte that could be a label.
pub fn require_sealed(offset: u64, bytes: &[u8]) -> Result<()> {
    let expected =
        usize::try_from(offset).ok().and_then(|offset| AGE_HEADER.get(offset..)).unwrap_or_default();
    let known = expected.len().min(bytes.len());
    if bytes[..known] == expected[..known] { Ok(()) } else { Err(not_sealed()) }
}

/// What is said of labels in the clear.
pub fn not_sealed() -> AppError {
    AppError::field(
        "file",
        "Labels are uploaded in parts only when they are sealed: this does not begin as an age file does. Nothing of it was kept. \
         Seal it to the key at /api/v1/scorer-key, as `holdout` does by itself.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_a_file_is_read_as_clients_write_it() {
        let text = "filename cHLDpGRpa3Rpb24uY3N2,filetype dGV4dC9jc3Y=, purpose Y2hlY2s=,competition aG91c2Vz,relativePath ";
        let read = Metadata::read(text).expect("metadata");
        assert_eq!(read.file_name, "prädiktion.csv");
        assert_eq!((read.purpose.as_str(), read.competition.as_str()), ("check", "houses"));
        assert_eq!(read.text, text);
        assert_eq!(Metadata::read("").expect("nothing"), Metadata::default());
        assert_eq!(Metadata::read("name YS5jc3Y=").expect("Uppy's").file_name, "a.csv");
        for wrong in ["purpose !", "purpose /w==", &format!("a {}", "A".repeat(5000))] {
            assert!(Metadata::read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_checksum_tells_the_right_bytes_from_wrong_ones() {
        for (algorithm, digest) in [
            ("sha256", STANDARD.encode(Sha256::digest(b"hello"))),
            ("sha1", STANDARD.encode(Sha1::digest(b"hello"))),
        ] {
            let mut right = Checksum::read(&format!("{algorithm} {digest}")).expect("a checksum");
            let mut wrong = right.clone();
            right.update(b"hel");
            right.update(b"lo");
            wrong.update(b"hallo");
            assert_eq!((right.holds(), wrong.holds()), (true, false), "{algorithm}");
        }
        for unknown in ["md5 AAAA", "sha256", "sha256 AAAA", "sha1 !"] {
            assert!(Checksum::read(unknown).is_err(), "{unknown}");
        }
    }

    #[test]
    fn sealed_files_are_known_by_their_head_however_it_is_cut() {
        let head = AGE_HEADER;
        assert!(require_sealed(0, &[head, b"-> X25519"].concat()).is_ok());
        assert!(require_sealed(0, &head[..3]).is_ok());
        assert!(require_sealed(3, &head[3..]).is_ok());
        assert!(require_sealed(head.len() as u64, b"anything").is_ok());
        assert!(require_sealed(0, b"id,target").is_err());
        assert!(require_sealed(3, b"id,target").is_err());
    }

    #[test]
    fn every_purpose_is_found_by_its_name() {
        for purpose in Purpose::ALL {
            assert_eq!(Purpose::parse(purpose.name()), Some(purpose));
        }
        assert_eq!(Purpose::parse("picture"), None);
    }
}
