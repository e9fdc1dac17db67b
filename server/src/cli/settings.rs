//! The remembered server and token: `~/.config/holdout/login.json`, readable by its owner alone.

use std::fs;
use std::io::{self, BufRead, IsTerminal, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::client::Client;
use super::{CliError, Connection, Outcome};

const DEFAULT_SERVER: &str = "http://127.0.0.1:8080";

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Login {
    pub server: Option<String>,
    pub token: Option<String>,
}

/// What flags and environment say, completed by what `login` remembered.
pub fn resolve(connection: &Connection) -> Login {
    let remembered = read().unwrap_or_default();
    let server = connection.server.clone().or(remembered.server.clone());
    let same_server = connection.server.is_none() || connection.server == remembered.server;
    Login {
        server: Some(server.unwrap_or_else(|| DEFAULT_SERVER.to_owned()).trim_end_matches('/').to_owned()),
        // A token is never sent to another server than the one it was remembered for.
        token: connection.token.clone().or(if same_server { remembered.token } else { None }),
    }
}

/// Checks a token with the server and remembers both.
pub fn login(connection: &Connection) -> Outcome {
    let mut login = resolve(connection);
    if connection.token.is_none() {
        login.token = Some(ask_for_token(login.server.as_deref().unwrap_or(DEFAULT_SERVER))?);
    }
    let me = Client::new(login.clone()).get("/api/v1/me")?;
    write(&login)?;
    let name = me["username"].as_str().unwrap_or("?");
    if connection.json {
        println!("{me}");
    } else {
        println!("Signed in to {} as {name}.", login.server.as_deref().unwrap_or_default());
    }
    Ok(())
}

fn ask_for_token(server: &str) -> Result<String, CliError> {
    if io::stdin().is_terminal() {
        print!("API token for {server} (make one at {server}/settings/tokens): ");
        io::stdout().flush()?;
    }
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    let token = line.trim();
    if token.is_empty() {
        return Err(CliError::Refused("No token was given.".to_owned()));
    }
    Ok(token.to_owned())
}

fn path() -> Option<PathBuf> {
    let base = std::env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config")))?;
    Some(base.join("holdout").join("login.json"))
}

fn read() -> Option<Login> {
    serde_json::from_slice(&fs::read(path()?).ok()?).ok()
}

fn write(login: &Login) -> Outcome {
    let path =
        path().ok_or_else(|| CliError::Refused("There is no home folder to remember this in.".to_owned()))?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    let text = serde_json::to_vec_pretty(login).map_err(|error| CliError::Refused(error.to_string()))?;
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
    file.write_all(&text)?;
    Ok(())
}
