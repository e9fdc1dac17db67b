//! Stored files: in a folder or in an object store, as the installation says. See
//! [`holdout_contract::files`], which the scorers use as well. Where the operator allows it, people
//! move files to and from the object store themselves, at addresses that are signed for one file and
//! a short while.
//!
//! Never here: who may read a file; that is asked before an address is signed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use holdout_contract::files::connect;
pub use holdout_contract::files::{Files, Stored, Writing};
use holdout_contract::place::Place;
use object_store::aws::AmazonS3;
use object_store::signer::{Method, SignedUrlOptions, Signer as _};
use sha2::{Digest, Sha256};

use self::signature::Asked;

mod signature;

/// Somebody who was allowed a file begins to read it within this time.
const DOWNLOAD_LASTS: Duration = Duration::from_secs(5 * 60);
/// A file begins to arrive within this time.
pub const UPLOAD_LASTS: Duration = Duration::from_secs(30 * 60);
const READ_BYTES: usize = 256 << 10;
const CHECKSUM: &str = "x-amz-checksum-sha256";

/// The hash of a file on this machine, in hexadecimal digits.
///
/// # Errors
/// A file that cannot be read.
pub fn sha256_of(path: &Path) -> io::Result<String> {
    Ok(hex::encode(sha256_of_rest(&mut File::open(path)?)?))
}

/// The hash of what is left of a file.
///
/// # Errors
/// A file that cannot be read.
pub fn sha256_of_rest(file: &mut File) -> io::Result<[u8; 32]> {
    let mut hasher = Sha256::new();
    let mut piece = vec![0; READ_BYTES];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hasher.finalize().into()),
            n => hasher.update(&piece[..n]),
        }
    }
}

/// Signs addresses in the bucket.
#[derive(Debug)]
pub struct Direct {
    bucket: AmazonS3,
    files: Files,
}

/// Where a file may be put by whoever has this.
#[derive(Debug)]
pub struct Slot {
    pub url: String,
    /// Must be sent with the file, exactly so; the store compares the hash among them. Its length, which is signed as well,
    /// every client sends by itself.
    pub headers: Vec<(&'static str, String)>,
}

impl Direct {
    /// `endpoint` is the address at which people reach the store, where it is not the server's.
    /// `None` for files in a folder.
    ///
    /// # Errors
    /// Settings of a bucket that do not fit together.
    pub fn open(place: &Place, endpoint: Option<&str>) -> io::Result<Option<Self>> {
        let Place::Bucket(bucket) = place else { return Ok(None) };
        let bucket = endpoint.map_or_else(|| bucket.clone(), |endpoint| bucket.clone().at(endpoint));
        Ok(Some(Self { bucket: connect(&bucket)?, files: Files::open(place)? }))
    }

    /// An address that gives one file, under a name.
    ///
    /// # Errors
    /// Those of the store's credentials.
    pub async fn download(&self, key: &str, disposition: &str) -> io::Result<String> {
        let path = self.files.path(key)?;
        let options = SignedUrlOptions::new().with_query([("response-content-disposition", disposition)]);
        let signed = self.bucket.signed_url_opts(Method::GET, &path, DOWNLOAD_LASTS, &options).await;
        Ok(signed.map_err(io::Error::other)?.into())
    }

    /// An address that takes one file, of these bytes alone and so many. The store compares a hash only once it has
    /// everything; another length it refuses before the first byte.
    ///
    /// # Errors
    /// Those of the store's credentials.
    pub async fn upload(&self, key: &str, size_bytes: u64, sha256: &[u8; 32]) -> io::Result<Slot> {
        let path = self.files.path(key)?;
        let checksum = BASE64_STANDARD.encode(sha256);
        let signed = self.bucket.signed_url(Method::PUT, &path, UPLOAD_LASTS).await;
        let mut url = signed.map_err(io::Error::other)?;
        let headers = BTreeMap::from([
            ("content-length", size_bytes.to_string()),
            ("host", url.authority().to_owned()),
            (CHECKSUM, checksum.clone()),
        ]);
        let credential = self.bucket.credentials().get_credential().await.map_err(io::Error::other)?;
        let signer = signature::Signer {
            key_id: &credential.key_id,
            secret_key: &credential.secret_key,
            token: credential.token.as_deref(),
        };
        let asked = Asked { method: "PUT", path: url.path(), headers };
        let query = signature::sign_anew(asked, url.query_pairs().into_owned(), signer)?;
        url.set_query(Some(&query));
        Ok(Slot { url: url.into(), headers: vec![(CHECKSUM, checksum)] })
    }
}
