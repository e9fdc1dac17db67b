//! Who is signed in on this machine, and tokens.

use std::fs;
use std::io::{self, BufRead, IsTerminal};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::client::Client;
use super::fault::{CliError, Outcome};
use super::settings::{self, Login, resolve};
use super::table::{Table, cell, facts, items, local, text};
use super::{Connection, Session};
use crate::accounts::tokens;

const MOST_CODES: usize = 3;

#[derive(Debug, Args)]
pub struct LoginArgs {
    /// User name or e-mail address; you are asked for it if left out.
    #[arg(short, long)]
    username: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum TokensVerb {
    /// List your tokens.
    List,
    /// Make a token; its text is shown only once.
    New {
        /// A name to recognise it by in the list.
        name: String,
        /// What it may do.
        #[arg(long, value_delimiter = ',', default_value = "read,submit", value_name = "SCOPE,…")]
        scopes: Vec<String>,
        /// Days until it expires; never if left out.
        #[arg(long)]
        days: Option<i64>,
    },
    /// End a token.
    Revoke {
        /// Number in the list.
        id: i64,
    },
}

/// Checks a token with the server, or gets one for a password, and remembers it.
pub fn login(connection: &Connection, session: &Session, args: &LoginArgs) -> Outcome {
    let mut login = resolve(connection);
    if connection.token.is_none() {
        login.token = None;
        login.token_id = None;
        ask_for_token(&mut login, args.username.as_deref())?;
    }
    let me = Client::new(login.clone()).get("/api/v1/me")?;
    settings::write(&login)?;
    session.screen.answer(&me, |_| {
        format!("Signed in to {} as {}.", login.server.as_deref().unwrap_or_default(), text(&me, "username"))
    });
    Ok(())
}

/// Forgets the token, and ends it where it was made for this machine.
pub fn logout(connection: &Connection, session: &Session) -> Outcome {
    let login = resolve(connection);
    if login.token.is_none() {
        return Err(CliError::NotAllowed("You are not signed in.".to_owned()));
    }
    let ended = login.token_id.map(|id| session.client.delete(&format!("/api/v1/tokens/{id}")));
    settings::write(&Login { token: None, token_id: None, ..login })?;
    let is_revoked = matches!(&ended, Some(Ok(_)));
    if let Some(Err(error)) = ended {
        session.screen.note(&format!("The token is forgotten here; the server did not end it: {error}"));
    }
    session.screen.answer(&json!({ "signed_out": true, "token_revoked": is_revoked }), |_| {
        let more = if is_revoked { " The token is no longer valid." } else { "" };
        format!("Signed out.{more}")
    });
    Ok(())
}

pub fn whoami(session: &Session) -> Outcome {
    let me = session.client.get("/api/v1/me")?;
    session.screen.answer(&me, |paint| {
        facts(
            paint,
            &[
                ("name", text(&me, "display_name")),
                ("user name", text(&me, "username")),
                ("address", address(&me)),
                ("server", session.client.server().to_owned()),
                ("may", cell(&me["scopes"])),
                ("administrator", if me["is_admin"] == true { "yes".to_owned() } else { String::new() }),
            ],
        )
    });
    Ok(())
}

/// The person's own; empty where the token may not read it.
fn address(me: &Value) -> String {
    match (text(me, "email"), me["email_confirmed"] == true) {
        (email, false) if !email.is_empty() => format!("{email}, not confirmed"),
        (email, _) => email,
    }
}

pub fn tokens(session: &Session, verb: &TokensVerb) -> Outcome {
    match verb {
        TokensVerb::List => list(session),
        TokensVerb::New { name, scopes, days } => make(session, name, scopes, *days),
        TokensVerb::Revoke { id } => {
            session.client.delete(&format!("/api/v1/tokens/{id}"))?;
            session.screen.answer(&json!({ "revoked": id }), |_| "The token is no longer valid.".to_owned());
            Ok(())
        }
    }
}

fn list(session: &Session) -> Outcome {
    let tokens = session.client.get("/api/v1/tokens")?;
    session.screen.answer(&tokens, |paint| {
        let mut table = Table::new(&["id", "name", "begins", "may", "made", "ends", "last used"]);
        for token in items(&tokens) {
            table.row([
                cell(&token["id"]),
                cell(&token["name"]),
                cell(&token["hint"]),
                cell(&token["scopes"]),
                local(&token["created_at"]),
                local(&token["expires_at"]),
                local(&token["last_used_at"]),
            ]);
        }
        table.draw(paint, "You have no tokens.")
    });
    Ok(())
}

fn make(session: &Session, name: &str, scopes: &[String], days: Option<i64>) -> Outcome {
    let wish = json!({ "name": name, "scopes": scopes, "days": days });
    let made = session.client.post("/api/v1/tokens", &wish)?;
    session.screen.note("Keep it: it will not be shown again.");
    session.screen.answer(&made, |_| text(&made, "token"));
    Ok(())
}

/// A token that the person has, or one made for the name and password that the person types.
fn ask_for_token(login: &mut Login, username: Option<&str>) -> Outcome {
    let name = match username {
        Some(name) => name.to_owned(),
        None => ask("User name, e-mail address or API token: ")?,
    };
    if tokens::looks_like_one(&name) {
        login.token = Some(name);
        return Ok(());
    }
    let made = open_session(&Client::new(login.clone()), &name, &ask_hidden("Password: ")?)?;
    login.token = made["token"].as_str().map(str::to_owned);
    login.token_id = made["id"].as_i64();
    match login.token {
        Some(_) => Ok(()),
        None => Err(CliError::Refused("The server's answer holds no token.".to_owned())),
    }
}

fn open_session(client: &Client, name: &str, password: &str) -> Outcome<Value> {
    let asked = json!({ "username": name, "password": password, "name": token_name() });
    with_code(asked, |asked| client.post("/api/v1/sessions", asked))
}

/// Where a code is asked for, the person types it; a wrong one may be typed again.
pub fn with_code(mut asked: Value, send: impl Fn(&Value) -> Outcome<Value>) -> Outcome<Value> {
    for _ in 0..MOST_CODES {
        match send(&asked) {
            Err(CliError::AsksForCode(sentence)) => {
                eprintln!("{sentence}");
                asked["code"] = json!(ask("Code: ")?);
            }
            settled => return settled,
        }
    }
    send(&asked)
}

/// By this the person finds the token in the list of tokens.
fn token_name() -> String {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("command line {}", host.trim()).trim_end().chars().take(60).collect()
}

fn ask(question: &str) -> Outcome<String> {
    if io::stdin().is_terminal() {
        eprint!("{question}");
    }
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    match line.trim() {
        "" => Err(CliError::Refused("No credentials were given.".to_owned())),
        answer => Ok(answer.to_owned()),
    }
}

/// Not shown while it is typed; from a pipe, the next line.
pub fn ask_hidden(question: &str) -> Outcome<String> {
    if io::stdin().is_terminal() {
        return Ok(rpassword::prompt_password(question)?);
    }
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// What is asked of the server, or an empty document where there is nothing.
pub fn or_nothing(found: Outcome<Value>) -> Outcome<Value> {
    match found {
        Err(CliError::NotFound(_) | CliError::NotAllowed(_)) => Ok(Value::Null),
        other => other,
    }
}
