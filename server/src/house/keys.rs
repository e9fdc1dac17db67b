//! Secrets of an installation that are drawn once and kept among the keys, for their owner alone.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rand::distr::{Alphanumeric, SampleString};

use super::layout::Layout;

const LETTERS: usize = 40;

/// What keeps the secrets of people's second factors: drawn at the first start, read ever after.
///
/// # Errors
/// Those of the file system.
pub fn accounts_key(layout: &Layout) -> io::Result<String> {
    let path = layout.accounts_key();
    match fs::read_to_string(&path) {
        Ok(text) if !text.trim().is_empty() => Ok(text.trim().to_owned()),
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => draw(&path),
    }
}

/// Writes a new secret to a file that its owner alone reads.
///
/// # Errors
/// Those of the file system.
pub fn draw(path: &Path) -> io::Result<String> {
    let drawn = Alphanumeric.sample_string(&mut rand::rng(), LETTERS);
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
    fn a_key_is_drawn_once_for_its_owner_alone() {
        let root = std::env::temp_dir().join(format!("holdout-keys-{}", uuid::Uuid::new_v4()));
        let layout = Layout::prepare(&root).unwrap();
        let key = accounts_key(&layout).unwrap();
        assert_eq!((key.len(), accounts_key(&layout).unwrap()), (LETTERS, key.clone()));
        let mode = fs::metadata(layout.accounts_key()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::remove_dir_all(&root).unwrap();
    }
}
