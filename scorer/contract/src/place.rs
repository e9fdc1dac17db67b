//! Where stored files lie: in a folder of this machine, or in a bucket of any S3-compatible store.

use std::fmt;
use std::path::{Path, PathBuf};

use object_store::aws::AmazonS3ConfigKey;

use crate::secrets::{self, SecretError};

const SCHEME: &str = "s3://";

/// A place for files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    Folder(PathBuf),
    Bucket(Bucket),
}

/// A bucket, with what is needed to reach it. Values are never printed: keys are among them.
#[derive(Clone, PartialEq, Eq)]
pub struct Bucket {
    pub name: String,
    /// Every key begins with it; empty, or without a slash at its ends.
    pub prefix: String,
    pub(crate) settings: Vec<(AmazonS3ConfigKey, String)>,
}

/// Why a place cannot be understood.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error("{SCHEME} is followed by the name of a bucket, as in s3://holdout or s3://company/holdout")]
    NoBucket,
    #[error("files cannot lie at {0}: name a folder, or a bucket as s3://NAME")]
    UnknownScheme(String),
}

impl Place {
    /// Reads `s3://bucket/prefix` or the path of a folder; `variables` are the environment's, of which
    /// those that begin with `AWS_` say how a bucket is reached.
    ///
    /// # Errors
    /// [`PlaceError`]
    pub fn read(
        text: &str,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, PlaceError> {
        let Some(address) = text.strip_prefix(SCHEME) else {
            return match text.split_once("://") {
                Some((scheme, _)) => Err(PlaceError::UnknownScheme(format!("{scheme}://…"))),
                None => Ok(Self::Folder(PathBuf::from(text))),
            };
        };
        let (name, prefix) = address.split_once('/').unwrap_or((address, ""));
        if name.is_empty() {
            return Err(PlaceError::NoBucket);
        }
        let settings = variables.into_iter().filter_map(|(name, value)| {
            let key = name.starts_with("AWS_").then(|| name.to_ascii_lowercase().parse().ok());
            key.flatten().zip(Some(value)).filter(|(_, value)| !value.is_empty())
        });
        Ok(Self::Bucket(Bucket {
            name: name.to_owned(),
            prefix: prefix.trim_matches('/').to_owned(),
            settings: settings.collect(),
        }))
    }

    /// [`Place::read`] with this process's environment; the keys of a bucket may lie in files, which
    /// `AWS_ACCESS_KEY_ID_FILE` and `AWS_SECRET_ACCESS_KEY_FILE` name.
    ///
    /// # Errors
    /// [`PlaceError`]
    pub fn from_env(text: &str) -> Result<Self, PlaceError> {
        let mut variables: Vec<_> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
            if let Some(file) = std::env::var_os(format!("{name}_FILE")).filter(|file| !file.is_empty()) {
                variables.push((name.to_owned(), secrets::read(Path::new(&file))?));
            }
        }
        Self::read(text, variables)
    }

    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Folder(folder) => Some(folder),
            Self::Bucket(_) => None,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => folder.display().fmt(f),
            Self::Bucket(bucket) if bucket.prefix.is_empty() => write!(f, "{SCHEME}{}", bucket.name),
            Self::Bucket(bucket) => write!(f, "{SCHEME}{}/{}", bucket.name, bucket.prefix),
        }
    }
}

impl Bucket {
    /// The same bucket, reached at another address.
    #[must_use]
    pub fn at(mut self, endpoint: &str) -> Self {
        self.settings.retain(|(key, _)| !is_endpoint(*key));
        self.settings.push((AmazonS3ConfigKey::Endpoint, endpoint.to_owned()));
        self
    }

    /// Where it is reached, unless that follows from its region.
    pub fn endpoint(&self) -> Option<&str> {
        let named = |wanted| self.settings.iter().find(|(key, _)| *key == wanted);
        let found = named(AmazonS3ConfigKey::S3Endpoint).or_else(|| named(AmazonS3ConfigKey::Endpoint));
        found.map(|(_, endpoint)| endpoint.as_str())
    }
}

fn is_endpoint(key: AmazonS3ConfigKey) -> bool {
    matches!(key, AmazonS3ConfigKey::Endpoint | AmazonS3ConfigKey::S3Endpoint)
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = self.settings.iter().map(|(key, _)| (key.as_ref(), "***"));
        f.debug_struct("Bucket")
            .field("name", &self.name)
            .field("prefix", &self.prefix)
            .field("settings", &settings.collect::<Vec<_>>())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Place, PlaceError> {
        let variables = [
            ("AWS_SECRET_ACCESS_KEY", "hush"),
            ("AWS_ENDPOINT_URL", "http://localhost:9000"),
            ("AWS_REGION", ""),
            ("PATH", "/bin"),
        ];
        Place::read(text, variables.map(|(name, value)| (name.to_owned(), value.to_owned())))
    }

    #[test]
    fn a_place_is_a_folder_or_a_bucket() {
        assert_eq!(read("/srv/files").expect("a folder"), Place::Folder("/srv/files".into()));
        assert_eq!(read("data/files").expect("a folder").to_string(), "data/files");
        assert_eq!(read("s3://holdout").expect("a bucket").to_string(), "s3://holdout");
        assert_eq!(read("s3://company/a/b/").expect("a bucket").to_string(), "s3://company/a/b");
        assert!(matches!(read("s3:///a"), Err(PlaceError::NoBucket)));
        assert!(matches!(read("gs://a"), Err(PlaceError::UnknownScheme(scheme)) if scheme == "gs://…"));
    }

    #[test]
    fn the_environment_says_how_a_bucket_is_reached_and_is_never_printed() {
        let place = read("s3://holdout").expect("a bucket");
        assert!(!format!("{place:?}").contains("hush"));
        let Place::Bucket(bucket) = place else { panic!("{place:?}") };
        assert_eq!(bucket.settings.len(), 2, "{bucket:?}");
        assert_eq!(bucket.endpoint(), Some("http://localhost:9000"));
        assert_eq!(bucket.at("https://files.test").endpoint(), Some("https://files.test"));
    }
}
