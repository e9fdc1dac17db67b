//! What the server holds about whoever is signed in, their address, and the end of their account.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use super::Session;
use super::account::{ask_hidden, with_code};
use super::address::{self, EmailVerb};
use super::fault::{CliError, Outcome};
use super::host::export::fetch_zip;
use super::local::size_bytes;
use super::table::local;
use crate::web::format;

const DELETION: &str = "/api/v1/me/deletion";

#[derive(Debug, Subcommand)]
pub enum AccountVerb {
    /// Download everything the server stores about you, as one zip.
    Export(ExportArgs),
    /// Delete your account in seven days; asks for your password, and for a code if sign-in does.
    Delete(DeleteArgs),
    /// Keep an account that is due to be deleted.
    Keep,
    /// Create an account for someone, who sets the password with a link; for administrators.
    Make {
        /// User name.
        username: String,
        /// E-mail address to send the link to.
        email: String,
    },
    /// Let someone host if not every member may; for administrators.
    Hosting {
        /// User name of the person.
        username: String,
        /// They can no longer start competitions.
        #[arg(long)]
        end: bool,
    },
    /// Your e-mail address: show, letter, confirm, change, withdraw; for administrators: vouch.
    #[command(subcommand)]
    Email(EmailVerb),
}

#[derive(Debug, Args)]
pub struct ExportArgs {
    /// Where to write it.
    #[arg(default_value = "my-data.zip")]
    file: PathBuf,
    /// Replace an existing file.
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Args)]
pub struct DeleteArgs {
    /// Delete your posts and public notebooks too; otherwise they stay, without your name.
    #[arg(long)]
    remove_posts: bool,
}

pub fn run(session: &Session, verb: &AccountVerb) -> Outcome {
    match verb {
        AccountVerb::Make { username, email } => make(session, username, email),
        AccountVerb::Hosting { username, end } => hosting(session, username, *end),
        AccountVerb::Export(args) => export(session, args),
        AccountVerb::Delete(args) => {
            let password = ask_hidden("Password: ")?;
            let wish = json!({ "password": password, "removes_posts": args.remove_posts });
            let deletion = with_code(wish, |wish| session.client.put(DELETION, wish))?;
            session.screen.answer(&deletion, |_| {
                let due = local(&deletion["due_at"]);
                format!("The account ends on {due}. Until then `holdout account keep` keeps it.")
            });
            Ok(())
        }
        AccountVerb::Keep => {
            session.client.delete(DELETION)?;
            session.screen.answer(&json!({ "kept": true }), |_| "The account stays.".to_owned());
            Ok(())
        }
        AccountVerb::Email(verb) => address::run(session, verb),
    }
}

fn hosting(session: &Session, username: &str, end: bool) -> Outcome {
    let user = address::find_user(session, username)?;
    let path = format!("/api/v1/admin/users/{}/hosting", user["id"]);
    let may_host = !end;
    if may_host {
        session.client.put_once(&path, &json!({}))?;
    } else {
        session.client.delete(&path)?;
    }
    session.screen.answer(&json!({ "username": user["username"], "may_host": may_host }), |_| {
        let may = if may_host { "may host." } else { "can no longer start competitions." };
        format!("{username} {may}")
    });
    Ok(())
}

fn make(session: &Session, username: &str, email: &str) -> Outcome {
    let made =
        session.client.post("/api/v1/admin/users", &json!({ "username": username, "email": email }))?;
    session.screen.answer(&made, |_| match made["link"].as_str() {
        Some(link) => {
            format!("That site does not send email. Pass this link on to set the password: {link}")
        }
        None => format!("{email} has been emailed a link to set the password."),
    });
    Ok(())
}

fn export(session: &Session, ExportArgs { file, force }: &ExportArgs) -> Outcome {
    if file.exists() && !force {
        return Err(CliError::Refused(format!("{} already exists. --force replaces it.", file.display())));
    }
    fetch_zip(session, "/api/v1/me/data", file)?;
    let size_bytes = size_bytes(file)?;
    let name = file.display().to_string();
    session.screen.answer(&json!({ "file": name, "size_bytes": size_bytes }), |_| {
        format!("Everything about you is in {name} ({}).", format::size(size_bytes))
    });
    Ok(())
}
