//! The e-mail address of whoever is signed in: whether it is confirmed, the letter, another one.

use clap::Subcommand;
use serde_json::{Value, json};

use super::Session;
use super::account::{ask_hidden, with_code};
use super::fault::{CliError, Outcome};
use super::table::{facts, items, text};

const EMAIL: &str = "/api/v1/me/email";

#[derive(Debug, Subcommand)]
pub enum EmailVerb {
    /// Show your address, whether it is confirmed, and any change you requested.
    Show,
    /// Send the email with the link again.
    Letter,
    /// Confirm an address with the link in the email.
    Confirm {
        /// The link, or its last part.
        link: String,
    },
    /// Change your address; asks for your password, and for a code if sign-in does.
    Change {
        /// The new address.
        address: String,
    },
    /// Withdraw the address change you requested.
    Withdraw,
    /// Confirm someone's address by hand; for administrators.
    Vouch {
        /// User name of the owner.
        username: String,
    },
}

pub fn run(session: &Session, verb: &EmailVerb) -> Outcome {
    match verb {
        EmailVerb::Show => show(session),
        EmailVerb::Letter => {
            session.client.post("/api/v1/me/email/letters", &json!({}))?;
            session.screen.answer(&json!({ "sent": true }), |_| {
                "We have sent another email. The link in the previous one no longer works.".to_owned()
            });
            Ok(())
        }
        EmailVerb::Confirm { link } => {
            let secret = link.rsplit('/').next().unwrap_or(link);
            let asked = json!({ "secret": secret });
            let confirmed = session.client.post("/api/v1/email-confirmations", &asked)?;
            session.screen.answer(&confirmed, |_| format!("{} is confirmed.", text(&confirmed, "email")));
            Ok(())
        }
        EmailVerb::Change { address } => {
            let wish = json!({ "email": address, "password": ask_hidden("Password: ")? });
            with_code(wish, |wish| session.client.post(EMAIL, wish))?;
            session.screen.answer(&json!({ "asked_for": address }), |_| {
                format!(
                    "We have sent an email with a link to {address}. Your address does not change until you use it."
                )
            });
            Ok(())
        }
        EmailVerb::Withdraw => {
            session.client.delete(EMAIL)?;
            session
                .screen
                .answer(&json!({ "withdrawn": true }), |_| "Your address was not changed.".to_owned());
            Ok(())
        }
        EmailVerb::Vouch { username } => vouch(session, username),
    }
}

fn show(session: &Session) -> Outcome {
    let me = session.client.get("/api/v1/me")?;
    let told = json!({
        "email": me["email"], "email_confirmed": me["email_confirmed"], "pending_email": me["pending_email"],
    });
    session.screen.answer(&told, |paint| {
        let is_confirmed = if told["email_confirmed"] == true { "yes" } else { "not yet" };
        facts(
            paint,
            &[
                ("address", text(&told, "email")),
                ("confirmed", is_confirmed.to_owned()),
                ("asked for", text(&told, "pending_email")),
            ],
        )
    });
    Ok(())
}

/// An account, as administrators see it.
pub(super) fn find_user(session: &Session, username: &str) -> Outcome<Value> {
    let name = username.trim().to_lowercase();
    // A name is of letters that stand for themselves in an address; what is none finds nobody.
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    let nobody = || CliError::NotFound(format!("There is no account \u{201c}{username}\u{201d}."));
    if !is_name {
        return Err(nobody());
    }
    let found = session.client.get(&format!("/api/v1/admin/users?name={name}"))?;
    let is_asked = |user: &&Value| user["username"] == name.as_str();
    items(&found).iter().find(is_asked).cloned().ok_or_else(nobody)
}

fn vouch(session: &Session, username: &str) -> Outcome {
    let user = find_user(session, username)?;
    let address = format!("/api/v1/admin/users/{}/email-confirmation", user["id"]);
    session.client.put_once(&address, &json!({}))?;
    session.screen.answer(&json!({ "confirmed": user["email"] }), |_| {
        format!("{} is confirmed as theirs.", text(&user, "email"))
    });
    Ok(())
}
