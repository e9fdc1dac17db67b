//! The private PostgreSQL cluster: made on the first start, listening on a Unix socket alone.
//!
//! Never here: a password for the web server. It enters by name through a socket in a folder that
//! only the cluster's user may enter; the owner's role needs a password that lies among the keys.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};

use crate::house::binaries::{Binaries, major_of_cluster};
use crate::house::identity::Identity;
use crate::house::keys;
use crate::house::layout::{ClusterPlace, Layout, let_through, make_private};

const DATABASE: &str = "holdout";
const OWNER: &str = "holdout_owner";
/// The web server's role; see the migrations.
pub const WEB: &str = "holdout_web";
/// The scorers' role.
pub const SCORER: &str = "holdout_scorer";
/// The role of what runs notebooks.
pub const RUNNER: &str = "holdout_runner";

/// How long a cluster of a killed supervisor may take to stop.
const ORPHAN_PATIENCE: Duration = Duration::from_secs(10);

const WHO_MAY_ENTER: &str = "\
# Written by Holdout at every start.
local all     holdout_owner   scram-sha-256
local holdout holdout_web     trust
local holdout holdout_scorer  trust
local holdout holdout_runner  trust
";

/// Fits a small machine; the pages' hot rows fit in 64 MB with room.
const SETTINGS: [&str; 14] = [
    "listen_addresses=",
    "port=5432",
    "unix_socket_permissions=0700",
    "password_encryption=scram-sha-256",
    "max_connections=60",
    "shared_buffers=64MB",
    "work_mem=8MB",
    "maintenance_work_mem=64MB",
    "effective_cache_size=512MB",
    "max_wal_size=512MB",
    "jit=off",
    "max_parallel_workers_per_gather=0",
    "autovacuum_naptime=15s",
    "log_checkpoints=off",
];

/// A cluster that is ready to be started.
#[derive(Debug, Clone)]
pub struct Cluster {
    root: PathBuf,
    place: ClusterPlace,
    binaries: Binaries,
    identity: Option<Identity>,
    owner_password: String,
}

impl Cluster {
    /// Finds or makes the cluster. Afterwards none of its processes runs.
    ///
    /// # Errors
    /// In words that say what to do: no PostgreSQL, another major version, a lost password.
    pub fn prepare(layout: &Layout) -> anyhow::Result<Self> {
        let identity = Identity::for_postgres()?;
        let place = ClusterPlace::of(layout, identity.is_some());
        let major = major_of_cluster(&place.data)?;
        let binaries = Binaries::find(layout, major)?;
        let owner_password = password(layout, major.is_some())?;
        let cluster = Self { root: layout.root.clone(), place, binaries, identity, owner_password };
        cluster.own_folder(&cluster.place.socket)?;
        if major.is_none() {
            cluster.make()?;
        }
        fs::write(cluster.place.data.join("pg_hba.conf"), WHO_MAY_ENTER)?;
        cluster.end_orphan()?;
        Ok(cluster)
    }

    /// The cluster of a data folder in which `holdout up` runs; makes nothing.
    ///
    /// # Errors
    /// When there is none.
    pub fn existing(layout: &Layout) -> anyhow::Result<Self> {
        let identity = Identity::for_postgres()?;
        let place = ClusterPlace::of(layout, identity.is_some());
        let Some(major) = major_of_cluster(&place.data)? else {
            bail!("There is no database in {} yet: run `holdout up` first.", layout.root.display());
        };
        let binaries = Binaries::find(layout, Some(major))?;
        let owner_password = password(layout, true)?;
        Ok(Self { root: layout.root.clone(), place, binaries, identity, owner_password })
    }

    /// Starts the server in the foreground.
    pub fn command(&self) -> Command {
        let mut command = self.program("postgres");
        command.arg("-D").arg(&self.place.data);
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        command.arg("-c").arg(only_folder(&self.place.socket));
        command
    }

    /// An address for a role that enters by its name alone.
    pub fn url(&self, role: &str) -> String {
        format!("postgres:///{DATABASE}?host={}&user={role}", encoded(&self.place.socket))
    }

    /// The address of the role that owns the schema. It holds a password.
    pub fn owner_url(&self) -> String {
        format!("{}&password={}", self.url(OWNER), self.owner_password)
    }

    /// The same, and the password apart.
    pub fn owner_address(&self) -> (String, Option<String>) {
        (self.url(OWNER), Some(self.owner_password.clone()))
    }

    /// The major version, for people.
    pub fn major(&self) -> u32 {
        self.binaries.major
    }

    /// When the server's program was last changed: an update of the system's package under a
    /// running server needs a restart, or its libraries do not fit it.
    pub fn programs_changed_at(&self) -> Option<SystemTime> {
        fs::metadata(self.binaries.program("postgres")).and_then(|metadata| metadata.modified()).ok()
    }

    fn make(&self) -> anyhow::Result<()> {
        // A first start that was cut short left half a cluster: no PG_VERSION, nothing of worth.
        if self.place.data.exists() {
            fs::remove_dir_all(&self.place.data)?;
        }
        self.own_folder(&self.place.data)?;
        let password_file = self.place.socket.join("first-password");
        self.write_private(&password_file, &self.owner_password)?;
        let made = self
            .program("initdb")
            .arg("-D")
            .arg(&self.place.data)
            .args(["--username", OWNER, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8"])
            .arg(format!("--pwfile={}", password_file.display()))
            .output()
            .context("initdb cannot be started");
        fs::remove_file(&password_file)?;
        let made = made?;
        ensure!(
            made.status.success(),
            "The database could not be made in {}: {}",
            self.place.data.display(),
            String::from_utf8_lossy(&made.stderr).trim()
        );
        Ok(())
    }

    /// A program of PostgreSQL, as the user that may run it.
    pub fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.binaries.program(name));
        command.current_dir(&self.place.socket).env_clear().env("LC_ALL", "C.UTF-8");
        if let Ok(path) = std::env::var("PATH") {
            command.env("PATH", path);
        }
        if let Some(identity) = self.identity {
            command.uid(identity.uid).gid(identity.gid);
        }
        command
    }

    fn own_folder(&self, folder: &Path) -> anyhow::Result<()> {
        make_private(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        if let (Some(identity), Some(parent)) = (self.identity, folder.parent()) {
            identity.own(folder)?;
            if parent.starts_with(&self.root) {
                let_through(parent)?;
            }
        }
        Ok(())
    }

    fn write_private(&self, path: &Path, text: &str) -> anyhow::Result<()> {
        let _ = fs::remove_file(path);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(text.as_bytes())?;
        if let Some(identity) = self.identity {
            identity.own(path)?;
        }
        Ok(())
    }

    /// A supervisor that was killed leaves a server that is stopping, or, after a power cut, the
    /// number of a process that is somebody else's by now.
    fn end_orphan(&self) -> anyhow::Result<()> {
        let lock = self.place.data.join("postmaster.pid");
        let Some(pid) = pid_in(&lock)? else { return Ok(()) };
        let since = Instant::now();
        while is_server_of(pid, &self.place.data) {
            match since.elapsed() {
                waited if waited > ORPHAN_PATIENCE * 2 => {
                    bail!(
                        "Process {} still serves {}. End it, then start again.",
                        pid.as_raw_nonzero(),
                        self.place.data.display()
                    )
                }
                waited if waited > ORPHAN_PATIENCE => drop(kill_process(pid, Signal::QUIT)),
                _ => drop(kill_process(pid, Signal::INT)),
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        match fs::remove_file(&lock) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }
}

/// The owner's password: made with the cluster, read ever after.
fn password(layout: &Layout, cluster_exists: bool) -> anyhow::Result<String> {
    let path = layout.owner_password();
    match fs::read_to_string(&path) {
        Ok(text) if !text.trim().is_empty() => return Ok(text.trim().to_owned()),
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| path.display().to_string()),
    }
    ensure!(
        !cluster_exists,
        "The database's password {} is gone. Put it back from a copy of the folder `keys`.",
        path.display()
    );
    Ok(keys::draw(&path)?)
}

fn pid_in(lock: &Path) -> anyhow::Result<Option<Pid>> {
    match fs::read_to_string(lock) {
        Ok(text) => Ok(text.lines().next().and_then(|line| line.trim().parse().ok()).and_then(Pid::from_raw)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// PostgreSQL's working directory is its data folder.
fn is_server_of(pid: Pid, data: &Path) -> bool {
    let cwd: Option<PathBuf> = fs::read_link(format!("/proc/{}/cwd", pid.as_raw_nonzero())).ok();
    cwd.is_some_and(|cwd| cwd == data)
}

/// The setting is a list of folders with commas between them; one in quotes is whole.
fn only_folder(socket: &Path) -> OsString {
    let mut setting = b"unix_socket_directories=\"".to_vec();
    for &byte in socket.as_os_str().as_bytes() {
        setting.push(byte);
        if byte == b'"' {
            setting.push(byte);
        }
    }
    setting.push(b'"');
    OsString::from_vec(setting)
}

fn encoded(path: &Path) -> String {
    path.as_os_str()
        .as_encoded_bytes()
        .iter()
        .map(|&byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_folder_with_odd_letters_survives_in_an_address() {
        assert_eq!(encoded(Path::new("/srv/my data&x")), "/srv/my%20data%26x");
    }

    #[test]
    fn a_socket_folder_is_one_folder_whatever_letters_it_has() {
        assert_eq!(
            only_folder(Path::new("/srv/a, b/\"c\"")),
            "unix_socket_directories=\"/srv/a, b/\"\"c\"\"\""
        );
    }

    #[test]
    fn another_process_with_an_old_number_is_not_the_server() {
        let own = Pid::from_raw(i32::try_from(std::process::id()).expect("a pid")).expect("not zero");
        assert!(!is_server_of(own, Path::new("/no/such/cluster")));
    }
}
