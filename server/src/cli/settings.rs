//! The remembered server and token: `~/.config/holdout/login.json`, readable by its owner alone.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Connection;
use super::fault::{CliError, Outcome};

const DEFAULT_SERVER: &str = "http://127.0.0.1:8080";

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Login {
    pub server: Option<String>,
    pub token: Option<String>,
    /// Of a token that was made for this machine, so that signing out can end it.
    #[serde(default)]
    pub token_id: Option<i64>,
}

/// What flags and environment say, completed by what `login` remembered.
pub fn resolve(connection: &Connection) -> Login {
    let remembered = read().unwrap_or_default();
    let trimmed = |server: &String| server.trim_end_matches('/').to_owned();
    let asked = connection.server.as_ref().map(trimmed);
    let server = asked.clone().or(remembered.server.clone()).unwrap_or_else(|| DEFAULT_SERVER.to_owned());
    // A token is never sent to another server than the one it was remembered for.
    let is_same_server = remembered.server.as_ref().map(trimmed).as_deref() == Some(server.as_str());
    let (token, token_id) = match &connection.token {
        Some(token) => (Some(token.clone()), None),
        None if is_same_server => (remembered.token, remembered.token_id),
        None => (None, None),
    };
    Login { server: Some(server), token, token_id }
}

pub fn write(login: &Login) -> Outcome {
    let path = path()?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    let text = serde_json::to_vec_pretty(login).map_err(|error| CliError::Refused(error.to_string()))?;
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
    file.write_all(&text)?;
    Ok(())
}

/// Where files lie that can be had again: `~/.cache/holdout`.
pub fn cache_folder() -> Outcome<PathBuf> {
    folder("XDG_CACHE_HOME", ".cache")
}

fn path() -> Outcome<PathBuf> {
    Ok(folder("XDG_CONFIG_HOME", ".config")?.join("login.json"))
}

fn folder(variable: &str, under_home: &str) -> Outcome<PathBuf> {
    std::env::var_os(variable)
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(under_home)))
        .map(|base| base.join("holdout"))
        .ok_or_else(|| CliError::Refused("There is no home folder to remember this in.".to_owned()))
}

fn read() -> Option<Login> {
    serde_json::from_slice(&fs::read(path().ok()?).ok()?).ok()
}
