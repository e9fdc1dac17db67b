//! The only use of the private key: making it, keeping it, opening sealed files with it.
//!
//! What was sealed is opened into memory that is wiped when dropped. Never here: writing an opened
//! file anywhere, or printing the key.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::str::FromStr;

use age::secrecy::ExposeSecret;
use age::x25519::Identity;
use holdout_contract::secrets;
use zeroize::Zeroizing;

/// More than a key and its comment take.
const NEW_KEY_BYTES: usize = 256;

/// Bytes that are wiped when dropped.
pub type Opened = Zeroizing<Vec<u8>>;

/// Why a key or a sealed file could not be used. The texts name no content.
#[derive(Debug, thiserror::Error)]
pub enum UnsealError {
    #[error(
        "a key exists already at {0}; it was left as it is, because files sealed to it open with no other"
    )]
    KeyExists(String),
    #[error("{0} holds no scorer key")]
    NoKey(String),
    #[error("the file was sealed to another scorer's key, or is damaged")]
    CannotOpen,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A scorer's private key, with those that it had before: what was sealed to any of them opens.
#[derive(Clone)]
pub struct Key {
    current: Identity,
    former: Vec<Identity>,
}

impl Key {
    /// Makes a key in a new file that only its owner can read, in a folder that only its owner can
    /// enter. Never overwrites one.
    ///
    /// # Errors
    /// [`UnsealError::KeyExists`], or those of the file system.
    pub fn make(path: &Path) -> Result<Self, UnsealError> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(|error| {
                match error.kind() {
                    io::ErrorKind::AlreadyExists => UnsealError::KeyExists(path.display().to_string()),
                    _ => UnsealError::Io(error),
                }
            })?;
        let current = write_new(&mut file)?;
        file.sync_all()?;
        Ok(Self { current, former: Vec::new() })
    }

    /// Puts another key before those in the file, which go on opening what was sealed to them. The file is replaced as a
    /// whole; it is its owner's alone, as before.
    ///
    /// # Errors
    /// As [`Key::read`], and those of the file system.
    pub fn renew(path: &Path) -> Result<Self, UnsealError> {
        Self::read(path)?;
        let former = Zeroizing::new(fs::read(path)?);
        let mut content = Zeroizing::new(Vec::with_capacity(former.len() + NEW_KEY_BYTES));
        write_new(&mut *content)?;
        content.extend_from_slice(&former);
        secrets::replace(path, &content)?;
        Self::read(path)
    }

    /// Reads a key file: of the `AGE-SECRET-KEY-…` lines the first is the current key, the others are former ones; other
    /// lines are comments.
    ///
    /// # Errors
    /// [`UnsealError::NoKey`] when there is none in it, or those of the file system.
    pub fn read(path: &Path) -> Result<Self, UnsealError> {
        let text = Zeroizing::new(fs::read_to_string(path)?);
        let mut identities = text.lines().filter_map(|line| Identity::from_str(line.trim()).ok());
        let current = identities.next().ok_or_else(|| UnsealError::NoKey(path.display().to_string()))?;
        Ok(Self { current, former: identities.collect() })
    }

    /// Reads the key, or makes it when there is none yet. Safe when several scorers start at once.
    ///
    /// # Errors
    /// As [`Key::read`] and [`Key::make`].
    pub fn read_or_make(path: &Path) -> Result<Self, UnsealError> {
        for _ in 0..50 {
            match Self::read(path) {
                Err(UnsealError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
                    match Self::make(path) {
                        Err(UnsealError::KeyExists(_)) => {}
                        made => return made,
                    }
                }
                // Another scorer has created the file and is about to write it.
                Err(UnsealError::NoKey(_)) => std::thread::sleep(std::time::Duration::from_millis(20)),
                read => return read,
            }
        }
        Self::read(path)
    }

    /// The public half of the current key, to which files are sealed: `age1…`.
    pub fn recipient(&self) -> String {
        self.current.to_public().to_string()
    }

    /// Opens sealed bytes into memory.
    ///
    /// # Errors
    /// [`UnsealError::CannotOpen`] when they are not for this key or were altered.
    pub fn open(&self, sealed: &[u8]) -> Result<Opened, UnsealError> {
        let decryptor = age::Decryptor::new_buffered(sealed).map_err(|_| UnsealError::CannotOpen)?;
        let mut reader = decryptor.decrypt(self.all()).map_err(|_| UnsealError::CannotOpen)?;
        // Never grown while it fills, so that no unwiped copy stays behind: opened is shorter than sealed.
        let mut opened = Zeroizing::new(Vec::with_capacity(sealed.len() + 1));
        reader.read_to_end(&mut opened).map_err(|_| UnsealError::CannotOpen)?;
        Ok(opened)
    }

    fn all(&self) -> impl Iterator<Item = &dyn age::Identity> {
        std::iter::once(&self.current).chain(&self.former).map(|identity| identity as &dyn age::Identity)
    }
}

fn write_new(file: &mut impl Write) -> io::Result<Identity> {
    let identity = Identity::generate();
    writeln!(file, "# public key: {}", identity.to_public())?;
    file.write_all(identity.to_string().expose_secret().as_bytes())?;
    file.write_all(b"\n")?;
    Ok(identity)
}

/// Whether others than its owner may read or change the key file. A group that this process is in may read it: so
/// clusters mount a secret for a program without rights.
///
/// # Errors
/// Those of the file system.
pub fn is_exposed(path: &Path) -> io::Result<bool> {
    let metadata = File::open(path)?.metadata()?;
    let mode = metadata.mode();
    if mode & 0o040 != 0 && !is_of_group(metadata.gid())? {
        return Ok(true);
    }
    Ok(mode & 0o037 != 0)
}

fn is_of_group(group: u32) -> io::Result<bool> {
    let groups = rustix::process::getgroups()?;
    Ok(groups.into_iter().chain([rustix::process::getegid()]).any(|own| own.as_raw() == group))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn folder() -> std::path::PathBuf {
        std::env::temp_dir().join(format!("holdout-key-{}", uuid::Uuid::now_v7()))
    }

    #[test]
    fn a_key_is_made_once_and_only_its_owner_can_read_it() {
        let folder = folder();
        let path = folder.join("scorer.key");
        let key = Key::make(&path).expect("made");
        assert_eq!(fs::metadata(&path).expect("stands").permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(&folder).expect("stands").permissions().mode() & 0o777, 0o700);
        assert!(!is_exposed(&path).expect("stands"));
        assert!(matches!(Key::make(&path), Err(UnsealError::KeyExists(_))));
        assert_eq!(Key::read(&path).expect("read").recipient(), key.recipient());
        fs::remove_dir_all(folder).expect("removed");
    }

    #[test]
    fn a_key_is_exposed_to_a_group_of_others_and_to_whoever_may_change_it() {
        let folder = folder();
        let path = folder.join("scorer.key");
        Key::make(&path).expect("made");
        let is_exposed_with = |mode: u32| {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("set");
            is_exposed(&path).expect("stands")
        };
        for mode in [0o400, 0o440, 0o600, 0o640] {
            assert!(!is_exposed_with(mode), "{mode:o} of a group that we are in, as Kubernetes mounts it");
        }
        for mode in [0o404, 0o444, 0o602, 0o620, 0o660, 0o644] {
            assert!(is_exposed_with(mode), "{mode:o}");
        }
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(&path, None, Some(54_321)).expect("given away");
            assert!(is_exposed_with(0o440), "others are in its group");
            assert!(!is_exposed_with(0o400));
        }
        fs::remove_dir_all(folder).expect("removed");
    }

    #[test]
    fn what_is_sealed_opens_with_its_key_alone() {
        let drawn = || Key { current: Identity::generate(), former: Vec::new() };
        let (key, other) = (drawn(), drawn());
        let mut sealed = sealed_to(&key);
        assert_eq!(key.open(&sealed).expect("opens").as_slice(), b"id,target\n1,7\n");
        assert!(matches!(other.open(&sealed), Err(UnsealError::CannotOpen)));
        *sealed.last_mut().expect("not empty") ^= 1;
        assert!(matches!(key.open(&sealed), Err(UnsealError::CannotOpen)));
    }

    fn sealed_to(key: &Key) -> Vec<u8> {
        seal(key, b"id,target\n1,7\n")
    }

    fn seal(key: &Key, content: &[u8]) -> Vec<u8> {
        let mut sealer =
            holdout_contract::seal::Sealer::new(&key.recipient(), Vec::new()).expect("recipient");
        sealer.write_all(content).expect("written");
        sealer.finish().expect("finished")
    }

    /// Where the payload begins: behind the line with the header's code.
    fn payload_at(sealed: &[u8]) -> usize {
        let code = sealed.windows(5).position(|five| five == b"\n--- ").expect("a header") + 5;
        code + sealed[code..].iter().position(|byte| *byte == b'\n').expect("a line") + 1
    }

    /// Whose a sealed file is follows from its SHA-256: other bytes that open to the same would be nobody's.
    #[test]
    fn no_other_bytes_open_to_what_was_sealed() {
        const CHUNK: usize = 64 << 10;
        let key = Key { current: Identity::generate(), former: Vec::new() };
        let refuses = |altered: &[u8], what: &str| {
            assert!(matches!(key.open(altered), Err(UnsealError::CannotOpen)), "{what}");
        };
        for n_bytes in [0, 1, 14, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK] {
            let sealed = seal(&key, &vec![b'7'; n_bytes]);
            assert_eq!(key.open(&sealed).expect("opens").len(), n_bytes);
            for more in [&b"x"[..], b"\n", &[0; 16], &[0; CHUNK + 16], &sealed] {
                refuses(&[&sealed, more].concat(), &format!("{n_bytes} and more behind them"));
            }
            refuses(&[b"\n", &sealed[..]].concat(), "something before it");
            refuses(&sealed[..sealed.len() - 1], "its end is cut off");
            refuses(&[&sealed[..], &sealed[payload_at(&sealed) + 16..]].concat(), "its payload twice");
        }
        let sealed = sealed_to(&key);
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            refuses(&altered, &format!("byte {at} is another"));
        }
        // The last letter of the header's code holds bits that count for nothing.
        let code_ends = payload_at(&sealed) - 2;
        for letter in b'+'..=b'z' {
            let mut altered = sealed.clone();
            altered[code_ends] = letter;
            if altered != sealed {
                refuses(&altered, &format!("the code ends with {}", char::from(letter)));
            }
        }
        let text = |from: &str, to: &str| -> Vec<u8> {
            let (head, payload) = sealed.split_at(payload_at(&sealed));
            let head = String::from_utf8(head.to_vec()).expect("text").replacen(from, to, 1);
            [head.as_bytes(), payload].concat()
        };
        for (from, to) in [
            ("/v1\n", "/v1\r\n"),
            ("\n--- ", "\n\n--- "),
            ("\n--- ", "=\n--- "),
            ("--- ", "---  "),
            ("-> ", "->  "),
        ] {
            refuses(&text(from, to), &format!("{from:?} is {to:?}"));
        }
    }

    #[test]
    fn a_renewed_key_opens_what_was_sealed_before_and_the_former_nothing_that_comes() {
        let folder = folder();
        let path = folder.join("scorer.key");
        assert!(matches!(Key::renew(&path), Err(UnsealError::Io(_))), "there is none to renew");
        let first = Key::make(&path).expect("made");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).expect("set");
        let second = Key::renew(&path).expect("renewed");
        let third = Key::renew(&path).expect("renewed again");
        assert_eq!(fs::metadata(&path).expect("stands").permissions().mode() & 0o777, 0o400);
        assert_eq!(fs::read_dir(&folder).expect("read").count(), 1, "nothing is left beside it");
        assert_eq!(Key::read(&path).expect("read").recipient(), third.recipient());
        let of_each: Vec<_> = [&first, &second, &third].into_iter().map(sealed_to).collect();
        for (n_opened, key) in [&first, &second, &third].into_iter().enumerate() {
            let opens = of_each.iter().filter(|sealed| key.open(sealed).is_ok()).count();
            assert_eq!(opens, n_opened + 1);
        }
        assert!(first.open(&of_each[1]).is_err() && second.open(&of_each[2]).is_err());
        fs::remove_dir_all(folder).expect("removed");
    }
}
