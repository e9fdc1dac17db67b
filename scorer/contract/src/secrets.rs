//! Secrets that lie in files, as container engines mount them: a process's environment is seen by
//! whoever may inspect its container, a file by the process alone.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// All but unreserved characters (RFC 3986, 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Why a secret cannot be had. Names files, never what is in them.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error("the secret in {} cannot be read: {error}", .path.display())]
    Unreadable { path: PathBuf, error: std::io::Error },
    #[error("{} is empty", .0.display())]
    Empty(PathBuf),
    #[error(
        "the database's address must name a user, and no password, where the password lies in a file: \
         postgres://USER@HOST/DATABASE"
    )]
    NoUserAlone,
}

/// The text of a file, without the line break at its end.
///
/// # Errors
/// A file that cannot be read or is empty.
pub fn read(path: &Path) -> Result<String, SecretError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| SecretError::Unreadable { path: path.to_owned(), error })?;
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() { Err(SecretError::Empty(path.to_owned())) } else { Ok(secret.to_owned()) }
}

/// Puts other content into a file of secrets: as a whole or not at all, for the owner, the group and with the rights that
/// it had. Whoever comes second while another does it is refused.
///
/// # Errors
/// Those of the file system; there is no such file.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let metadata = fs::metadata(path)?;
    let beside = path.with_extension("renewed");
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    let written = (|| {
        fchown(&file, Some(metadata.uid()), Some(metadata.gid()))?;
        file.set_permissions(metadata.permissions())?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    })();
    if let Err(error) = written {
        let _ = fs::remove_file(&beside);
        return Err(error);
    }
    File::open(path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")))?
        .sync_all()
}

/// A database's address with the password that lies in a file.
///
/// # Errors
/// Those of [`read`]; an address without a user, or with a password already.
pub fn with_password(address: &str, path: &Path) -> Result<String, SecretError> {
    let (scheme, rest) = address.split_once("://").ok_or(SecretError::NoUserAlone)?;
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let (user, _) = authority.rsplit_once('@').ok_or(SecretError::NoUserAlone)?;
    if user.is_empty() || user.contains(':') {
        return Err(SecretError::NoUserAlone);
    }
    let secret = read(path)?;
    let password = utf8_percent_encode(&secret, RESERVED);
    Ok(format!("{scheme}://{user}:{password}{}", &rest[user.len()..]))
}

/// A database's address without its password, and the password.
pub fn without_password(address: &str) -> (String, Option<String>) {
    let parts = address.split_once("://").and_then(|(scheme, rest)| {
        let authority = rest.split(['/', '?']).next()?;
        let (user, password) = authority.rsplit_once('@')?.0.split_once(':')?;
        Some((scheme, user, password, &rest[user.len() + 1 + password.len()..]))
    });
    match parts {
        Some((scheme, user, password, place)) => (
            format!("{scheme}://{user}{place}"),
            Some(percent_decode_str(password).decode_utf8_lossy().into_owned()),
        ),
        None => (address.to_owned(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Removed when it is dropped.
    struct Secret(PathBuf);

    impl Secret {
        fn holding(content: &str) -> Self {
            let path = std::env::temp_dir().join(format!("holdout-secret-{}", uuid::Uuid::new_v4()));
            std::fs::write(&path, content).unwrap();
            Self(path)
        }
    }

    impl Drop for Secret {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    #[test]
    fn a_password_of_any_characters_reaches_the_database_as_it_stands_in_its_file() {
        let secret = Secret::holding("p@ss/w:rd?é%20\n");
        let address =
            with_password("postgres://holdout_web@database:6432/holdout?sslmode=require", &secret.0);
        let address = address.unwrap();
        assert_eq!(
            address,
            "postgres://holdout_web:p%40ss%2Fw%3Ard%3F%C3%A9%2520@database:6432/holdout?sslmode=require"
        );
        assert_eq!(
            without_password(&address),
            (
                "postgres://holdout_web@database:6432/holdout?sslmode=require".to_owned(),
                Some("p@ss/w:rd?é%20".to_owned())
            )
        );
        assert_eq!(without_password("postgres:///holdout?user=a").1, None);
        let options: sqlx::postgres::PgConnectOptions = address.parse().unwrap();
        assert_eq!((options.get_username(), options.get_host()), ("holdout_web", "database"));
    }

    #[test]
    fn what_is_wrong_is_said_without_the_secret() {
        let secret = Secret::holding("hush");
        for address in ["postgres://database/holdout", "postgres://web:old@database/holdout", "database"] {
            let error = with_password(address, &secret.0).unwrap_err().to_string();
            assert!(error.contains("must name a user") && !error.contains("hush"), "{error}");
        }
        let (empty, absent) = (Secret::holding("\n"), Path::new("/nowhere/password"));
        assert!(matches!(read(&empty.0), Err(SecretError::Empty(_))));
        assert!(matches!(read(absent), Err(SecretError::Unreadable { .. })));
    }
}
