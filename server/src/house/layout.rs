//! Where everything of an installation lies.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use holdout_contract::place::Place;

/// A Unix socket's address has room for 107 bytes; PostgreSQL appends `/.s.PGSQL.5432`.
const LONGEST_SOCKET_FOLDER: usize = 107 - "/.s.PGSQL.5432".len();

/// The folders of one data folder, all absolute.
#[derive(Debug, Clone)]
pub struct Layout {
    pub root: PathBuf,
}

impl Layout {
    /// Makes the folders that are missing.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn prepare(root: &Path) -> io::Result<Self> {
        fs::create_dir_all(root)?;
        let layout = Self::of(root)?;
        let_through(&layout.root)?;
        make_private(&layout.keys())?;
        make_private(&layout.temporary())?;
        make_private(&layout.spool())?;
        Ok(layout)
    }

    /// The layout of a data folder that exists.
    ///
    /// # Errors
    /// When it does not.
    pub fn of(root: &Path) -> io::Result<Self> {
        Ok(Self { root: root.canonicalize()? })
    }

    /// The web server's temporary files.
    pub fn temporary(&self) -> PathBuf {
        self.root.join("tmp")
    }

    /// Private keys and passwords: the web server's process cannot read this folder.
    pub fn keys(&self) -> PathBuf {
        self.root.join("keys")
    }

    /// The scorers' private key.
    pub fn scorer_key(&self) -> PathBuf {
        self.keys().join("scorer.key")
    }

    /// Password of the role that owns the schema.
    pub fn owner_password(&self) -> PathBuf {
        self.keys().join("database-owner.password")
    }

    /// Keeps secrets of people's second factors; the web server is told it when it starts.
    pub fn accounts_key(&self) -> PathBuf {
        self.keys().join("accounts.key")
    }

    /// Copies that the scorers make of files in a bucket, while they work with them.
    pub fn spool(&self) -> PathBuf {
        self.root.join("spool")
    }

    /// PostgreSQL programs that `holdout fetch-postgres` brought.
    pub fn fetched_postgres(&self) -> PathBuf {
        self.root.join("postgres")
    }

    /// The private Python that `holdout python-setup` made for metrics that hosts write
    /// and for notebooks.
    pub fn python(&self) -> PathBuf {
        self.root.join("python")
    }

    /// Held by the supervisor while it runs.
    pub fn lock(&self) -> PathBuf {
        self.root.join("holdout.lock")
    }

    /// Exists once the demonstrations were loaded; an installation gets them once.
    pub fn furnished(&self) -> PathBuf {
        self.root.join("furnished")
    }

    /// A short name that is this data folder's alone.
    pub fn fingerprint(&self) -> String {
        blake3::hash(self.root.as_os_str().as_encoded_bytes()).to_hex()[..12].to_owned()
    }
}

/// Where the cluster's data and its socket lie.
#[derive(Debug, Clone)]
pub struct ClusterPlace {
    pub data: PathBuf,
    pub socket: PathBuf,
}

impl ClusterPlace {
    /// Under the data folder; elsewhere only where PostgreSQL's user could not reach it (a data
    /// folder inside root's home), or the socket's address would be too long, or has a comma, at which PostgreSQL's own
    /// programs part addresses.
    pub fn of(layout: &Layout, must_be_reachable_by_others: bool) -> Self {
        let base = if must_be_reachable_by_others && !is_reachable_by_others(&layout.root) {
            Path::new("/var/lib/holdout").join(layout.fingerprint())
        } else {
            layout.root.join("database")
        };
        let socket = base.join("socket");
        let letters = socket.as_os_str().as_encoded_bytes();
        let socket = if letters.len() > LONGEST_SOCKET_FOLDER || letters.contains(&b',') {
            std::env::temp_dir().join(format!("holdout-{}", layout.fingerprint()))
        } else {
            socket
        };
        Self { data: base.join("cluster"), socket }
    }
}

fn is_reachable_by_others(folder: &Path) -> bool {
    folder.ancestors().all(|ancestor| {
        fs::metadata(ancestor).is_ok_and(|metadata| metadata.permissions().mode() & 0o001 != 0)
    })
}

/// The place of files as a process is told it that runs elsewhere.
///
/// # Errors
/// When its folder does not exist.
pub fn absolute(files: &Place) -> io::Result<OsString> {
    match files {
        Place::Folder(folder) => Ok(folder.canonicalize()?.into_os_string()),
        Place::Bucket(_) => Ok(files.to_string().into()),
    }
}

/// Lets the cluster's user pass through a folder; it may list nothing.
///
/// # Errors
/// Those of the file system.
pub fn let_through(folder: &Path) -> io::Result<()> {
    let mode = fs::metadata(folder)?.permissions().mode();
    fs::set_permissions(folder, fs::Permissions::from_mode(mode | 0o011))
}

/// Makes a folder that only its owner may enter.
///
/// # Errors
/// Those of the file system.
pub fn make_private(folder: &Path) -> io::Result<()> {
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent)?;
    }
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => fs::set_permissions(folder, fs::Permissions::from_mode(0o700)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_address_always_fits() {
        let deep = Layout { root: PathBuf::from(format!("/srv/{}", "deep/".repeat(30))) };
        let place = ClusterPlace::of(&deep, false);
        assert!(place.socket.as_os_str().len() <= LONGEST_SOCKET_FOLDER);
        assert!(place.data.starts_with(&deep.root));
    }

    #[test]
    fn a_socket_address_has_no_comma() {
        let odd = Layout { root: PathBuf::from("/srv/a, b") };
        let place = ClusterPlace::of(&odd, false);
        assert!(!place.socket.to_string_lossy().contains(','), "{place:?}");
        assert!(place.data.starts_with(&odd.root));
    }

    #[test]
    fn the_cluster_leaves_a_folder_that_its_user_cannot_enter() {
        let hidden = Layout { root: PathBuf::from("/no-such-folder/data") };
        assert!(ClusterPlace::of(&hidden, true).data.starts_with("/var/lib/holdout"));
        assert!(ClusterPlace::of(&hidden, false).data.starts_with("/no-such-folder"));
    }
}
