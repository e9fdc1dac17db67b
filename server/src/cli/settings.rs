//! The remembered server and token: `~/.config/holdout/login.json`, readable by its owner alone.

use std::fs;
use std::io::{self, BufRead, IsTerminal, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::client::Client;
use super::{CliError, Connection, Outcome};
use crate::accounts::tokens;

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

/// Checks a token with the server, or gets one for a password, and remembers it.
pub fn login(connection: &Connection, username: Option<&str>) -> Outcome {
    let mut login = resolve(connection);
    if connection.token.is_none() {
        login.token = None;
        login.token = Some(ask_for_token(&login, username)?);
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

/// A token that the person has, or one made for the name and password that the person types.
fn ask_for_token(login: &Login, username: Option<&str>) -> Result<String, CliError> {
    let name = match username {
        Some(name) => name.to_owned(),
        None => ask("User name, e-mail address or API token: ")?,
    };
    if tokens::looks_like_one(&name) {
        return Ok(name);
    }
    let asked = json!({ "username": name, "password": ask_hidden("Password: ")?, "name": token_name() });
    let made = Client::new(login.clone()).post("/api/v1/sessions", &asked)?;
    made["token"]
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| CliError::Refused("The server's answer holds no token.".to_owned()))
}

/// By this the person finds the token in the list of tokens.
fn token_name() -> String {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("command line {}", host.trim()).trim_end().chars().take(60).collect()
}

fn ask(question: &str) -> Result<String, CliError> {
    if io::stdin().is_terminal() {
        eprint!("{question}");
    }
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    match line.trim() {
        "" => Err(CliError::Refused("Nothing was given to sign in with.".to_owned())),
        answer => Ok(answer.to_owned()),
    }
}

/// Not shown while it is typed; from a pipe, the next line.
fn ask_hidden(question: &str) -> Result<String, CliError> {
    if io::stdin().is_terminal() {
        return Ok(rpassword::prompt_password(question)?);
    }
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
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
