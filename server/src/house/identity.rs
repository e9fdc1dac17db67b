//! As whom PostgreSQL runs: it refuses to run as root, so root lends it an unprivileged user.

use std::fs;
use std::os::unix::fs::chown;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};

/// An unprivileged user and its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    pub uid: u32,
    pub gid: u32,
}

/// Users that may run PostgreSQL for root, the first that exists.
const CANDIDATES: [&str; 2] = ["postgres", "holdout"];

impl Identity {
    /// `None` when this process is no root and PostgreSQL simply runs as it does. Makes the system
    /// user `holdout` where no candidate exists.
    ///
    /// # Errors
    /// When the user cannot be made.
    pub fn for_postgres() -> anyhow::Result<Option<Self>> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        if let Some(found) = CANDIDATES.iter().find_map(|name| find(name)) {
            return Ok(Some(found));
        }
        let made = Command::new("useradd")
            .args(["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", "holdout"])
            .status()
            .context("PostgreSQL refuses to run as root, and `useradd` is missing to make a user for it")?;
        match find("holdout") {
            Some(identity) if made.success() => Ok(Some(identity)),
            _ => bail!("PostgreSQL refuses to run as root, and the user `holdout` could not be made"),
        }
    }

    /// Gives a folder to this user.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn own(self, path: &Path) -> std::io::Result<()> {
        chown(path, Some(self.uid), Some(self.gid))
    }
}

fn find(name: &str) -> Option<Identity> {
    let passwd = fs::read_to_string("/etc/passwd").ok()?;
    passwd.lines().find_map(|line| parse(line, name))
}

fn parse(line: &str, name: &str) -> Option<Identity> {
    let mut fields = line.split(':');
    if fields.next()? != name {
        return None;
    }
    let uid = fields.nth(1)?.parse().ok()?;
    let gid = fields.next()?.parse().ok()?;
    Some(Identity { uid, gid })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passwd_line_names_uid_and_gid() {
        let line = "postgres:x:104:111:PostgreSQL administrator,,,:/var/lib/postgresql:/bin/bash";
        assert_eq!(parse(line, "postgres"), Some(Identity { uid: 104, gid: 111 }));
        assert_eq!(parse(line, "postgre"), None);
    }
}
