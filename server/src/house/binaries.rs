//! Finds PostgreSQL's programs on this machine.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::house::layout::Layout;

/// The folder of `initdb`, `postgres` and `pg_ctl`, and their major version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    pub folder: PathBuf,
    pub major: u32,
}

/// Oldest version the schema is tested with.
const OLDEST_MAJOR: u32 = 15;

impl Binaries {
    /// `HOLDOUT_PG_BIN`, then the system's newest, then those that `holdout fetch-postgres`
    /// brought. A cluster that exists already decides the major version.
    ///
    /// # Errors
    /// When there are none, with the three ways to get them.
    pub fn find(layout: &Layout, wanted_major: Option<u32>) -> anyhow::Result<Self> {
        let found: Vec<Self> = candidates(layout).iter().filter_map(|folder| Self::at(folder)).collect();
        let fitting = found.iter().find(|binaries| {
            wanted_major.map_or(binaries.major >= OLDEST_MAJOR, |major| binaries.major == major)
        });
        match (fitting, wanted_major) {
            (Some(binaries), _) => Ok(binaries.clone()),
            (None, Some(major)) => bail!(
                "The database in {} was made by PostgreSQL {major}, and this machine has {}. \
                 Install PostgreSQL {major} again, or name its programs with HOLDOUT_PG_BIN.",
                layout.root.display(),
                describe(&found),
            ),
            (None, None) => bail!(
                "PostgreSQL {OLDEST_MAJOR} or newer was not found ({}). One of these helps: install your \
                 distribution's package `postgresql`; run `holdout fetch-postgres`; or set DATABASE_URL to \
                 a database that exists.",
                describe(&found),
            ),
        }
    }

    /// The programs in one folder, if they are there and tell their version.
    pub fn at(folder: &Path) -> Option<Self> {
        if !folder.join("initdb").is_file() {
            return None;
        }
        Some(Self { folder: folder.to_owned(), major: version_of(&folder.join("postgres"))? })
    }

    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// The folder of `pg_dump` and `pg_restore` that fit a server: of its own major version, else of the next newer one, since no
/// older one reads it.
///
/// # Errors
/// When there are none, with the ways to get them.
pub fn clients(layout: &Layout, server_major: u32) -> anyhow::Result<PathBuf> {
    let mut found = Vec::new();
    for folder in candidates(layout) {
        if folder.join("pg_restore").is_file()
            && let Some(major) = version_of(&folder.join("pg_dump"))
        {
            found.push(Binaries { folder, major });
        }
    }
    match found.iter().filter(|clients| clients.major >= server_major).min_by_key(|clients| clients.major) {
        Some(clients) => Ok(clients.folder.clone()),
        None => bail!(
            "The database is PostgreSQL {server_major}, whose programs pg_dump and pg_restore were not found ({}). Install \
             them, as your distribution's package `postgresql-client-{server_major}`, or name their folder with HOLDOUT_PG_BIN.",
            describe(&found)
        ),
    }
}

fn version_of(program: &Path) -> Option<u32> {
    let output = Command::new(program).arg("--version").output().ok()?;
    major_of(&String::from_utf8_lossy(&output.stdout))
}

/// The major version that made a cluster, or `None` when there is no cluster.
///
/// # Errors
/// When the file cannot be understood.
pub fn major_of_cluster(data: &Path) -> anyhow::Result<Option<u32>> {
    match fs::read_to_string(data.join("PG_VERSION")) {
        Ok(text) => {
            let major = text.trim().parse().with_context(|| format!("{}/PG_VERSION", data.display()))?;
            Ok(Some(major))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn candidates(layout: &Layout) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    if let Some(named) = env::var_os("HOLDOUT_PG_BIN") {
        folders.push(PathBuf::from(named));
        return folders;
    }
    folders.extend(system_folders());
    folders.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    folders.push(layout.fetched_postgres().join("bin"));
    folders
}

/// Debian keeps each version in a folder of its own; the newest first.
fn system_folders() -> Vec<PathBuf> {
    let Ok(versions) = fs::read_dir("/usr/lib/postgresql") else {
        return Vec::new();
    };
    let mut folders: Vec<(u32, PathBuf)> = versions
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    folders.sort_by(|left, right| right.cmp(left));
    folders.into_iter().map(|(_, folder)| folder).collect()
}

fn major_of(version_line: &str) -> Option<u32> {
    let number =
        version_line.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

fn describe(found: &[Binaries]) -> String {
    if found.is_empty() {
        return "none".to_owned();
    }
    let versions: Vec<String> =
        found.iter().map(|binaries| format!("{} in {}", binaries.major, binaries.folder.display())).collect();
    versions.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_line_tells_the_major_version() {
        assert_eq!(major_of("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"), Some(15));
        assert_eq!(major_of("postgres (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(major_of("pg_dump (PostgreSQL) 17.5 (Debian 17.5-1.pgdg120+1)"), Some(17));
        assert_eq!(major_of("no version"), None);
    }
}
