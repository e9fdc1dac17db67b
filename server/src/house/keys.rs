//! Secrets of an installation that are drawn once and kept among the keys, for their owner alone.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rand::distr::{Alphanumeric, SampleString};

use super::layout::Layout;

const LETTERS: usize = 40;

/// What keeps the secrets of people's second factors: drawn at the first start, read ever after. `None` where there is
/// none, or an empty file.
///
/// # Errors
/// Those of the file system.
pub fn accounts_key(layout: &Layout) -> io::Result<Option<String>> {
    match fs::read_to_string(layout.accounts_key()) {
        Ok(text) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// A new secret.
pub fn random() -> String {
    Alphanumeric.sample_string(&mut rand::rng(), LETTERS)
}

/// Writes a new secret to a file that its owner alone reads.
///
/// # Errors
/// Those of the file system.
pub fn draw(path: &Path) -> io::Result<String> {
    let drawn = random();
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    file.write_all(drawn.as_bytes())?;
    file.sync_all()?;
    Ok(drawn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_drawn_for_its_owner_alone_and_read_ever_after() {
        let root = std::env::temp_dir().join(format!("holdout-keys-{}", uuid::Uuid::new_v4()));
        let layout = Layout::prepare(&root).unwrap();
        assert_eq!(accounts_key(&layout).unwrap(), None);
        let key = draw(&layout.accounts_key()).unwrap();
        assert_eq!((key.len(), accounts_key(&layout).unwrap()), (LETTERS, Some(key)));
        let mode = fs::metadata(layout.accounts_key()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::remove_dir_all(&root).unwrap();
    }
}
