//! Verbs of hosts: add a webhook, try it, remove it.

use rand::RngExt;
use serde_json::json;
use sqlx::PgConnection;

use super::model::{EVENTS, Webhook};
use super::store;
use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::access::Seen;
use crate::competitions::store::drafts;
use crate::error::{AppError, Result};
use crate::ids::WebhookId;
use crate::outbound;

/// A competition has at most so many.
pub const MOST: i64 = 10;
const LONGEST_URL: usize = 500;

/// What a host asks for.
#[derive(Debug, Clone)]
pub struct Wish {
    pub url: String,
    pub events: Vec<String>,
}

impl Wish {
    /// Looks at an address and a choice of events.
    ///
    /// # Errors
    /// [`AppError::Field`] for `url` or `events`.
    pub fn check(url: &str, events: &[String], may_go_anywhere: bool) -> Result<Self> {
        let url = url.trim().to_owned();
        check_url(&url, may_go_anywhere).map_err(|sentence| AppError::field("url", sentence))?;
        let mut chosen: Vec<String> = Vec::new();
        for event in events {
            if !EVENTS.iter().any(|(name, _)| name == event) {
                let known = EVENTS.map(|(name, _)| name).join(", ");
                return Err(AppError::field(
                    "events",
                    format!("The event {event:?} does not exist; the events are {known}."),
                ));
            }
            if !chosen.contains(event) {
                chosen.push(event.clone());
            }
        }
        if chosen.is_empty() {
            return Err(AppError::field("events", "Choose at least one event."));
        }
        Ok(Self { url, events: chosen })
    }
}

fn check_url(url: &str, may_go_anywhere: bool) -> Result<(), &'static str> {
    if url.len() > LONGEST_URL {
        return Err("An address has at most 500 characters.");
    }
    let uri: axum::http::Uri = url.parse().map_err(|_| "This is not a web address.")?;
    let is_right_scheme = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => may_go_anywhere,
        _ => false,
    };
    let authority = uri.authority().ok_or("This is not a web address.")?;
    if !is_right_scheme {
        return Err("The address must begin with https://.");
    }
    if authority.as_str().contains('@') {
        return Err("Leave name and password out of the address: requests are signed instead.");
    }
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    let is_private = host == "localhost" || host.parse().is_ok_and(|ip| !outbound::is_public(ip));
    if is_private && !may_go_anywhere {
        return Err("Webhooks cannot be sent to private networks.");
    }
    Ok(())
}

/// Adds a webhook with a secret of its own.
///
/// # Errors
/// [`AppError::Refused`] when there are [`MOST`] already.
pub async fn add(app: &App, host: &Member, seen: &Seen, wish: &Wish) -> Result<Webhook> {
    let id = seen.competition.id;
    let secret = rand::rng().random::<[u8; 32]>();
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    store::lock_competition(&mut tx, id).await?;
    if store::count(&mut tx, id).await? >= MOST {
        return Err(AppError::refused(format!(
            "A competition has at most {MOST} webhooks: remove one first."
        )));
    }
    let webhook = store::insert(&mut tx, id, host.id, wish, &secret, now).await?;
    drafts::note(
        &mut tx,
        now,
        host.id,
        "add_webhook",
        id,
        &json!({ "webhook": webhook.id, "url": wish.url }),
    )
    .await?;
    tx.commit().await?;
    Ok(webhook)
}

/// Removes a webhook with its record.
///
/// # Errors
/// [`AppError::NotFound`] when the competition has none with this id; that of the condition.
pub async fn remove(
    app: &App,
    host: &Member,
    seen: &Seen,
    webhook: WebhookId,
    stands: impl AsyncFnOnce(&mut PgConnection) -> Result<()>,
) -> Result<()> {
    let id = seen.competition.id;
    let mut tx = app.db.begin().await?;
    store::lock_competition(&mut tx, id).await?;
    stands(&mut tx).await?;
    if !store::remove(&mut tx, id, webhook).await? {
        return Err(AppError::NotFound);
    }
    drafts::note(&mut tx, app.clock.now(), host.id, "remove_webhook", id, &json!({ "webhook": webhook }))
        .await?;
    tx.commit().await?;
    Ok(())
}

/// Sends a trial: an event that says only that the webhook works.
///
/// # Errors
/// [`AppError::NotFound`] when the competition has none with this id, [`AppError::TooMany`] while ten
/// messages to it wait.
pub async fn ping(app: &App, seen: &Seen, webhook: WebhookId) -> Result<()> {
    let mut conn = app.db.acquire().await?;
    store::find(&mut conn, seen.competition.id, webhook).await?.ok_or(AppError::NotFound)?;
    if store::ping(&mut conn, webhook, &seen.competition.slug, app.clock.now()).await? {
        Ok(())
    } else {
        Err(AppError::TooMany {
            message: "Test messages are already waiting: check their results first.".to_owned(),
            retry_after_seconds: 60,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_public_and_encrypted() {
        let is_right = |url| check_url(url, false).is_ok();
        assert!(is_right("https://example.org/hook?x=1"));
        assert!(is_right("https://93.184.216.34:8443/"));
        for wrong in [
            "http://example.org/",
            "ftp://example.org/",
            "example.org",
            "",
            "https://",
            "https://ada:pw@example.org/",
            "https://localhost/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://169.254.169.254/latest",
        ] {
            assert!(!is_right(wrong), "{wrong}");
        }
        assert!(check_url("http://localhost:9/", true).is_ok());
    }

    #[test]
    fn events_are_known_and_named_once() {
        let check = |events: &[&str]| {
            let events: Vec<_> = events.iter().map(|event| (*event).to_owned()).collect();
            Wish::check("https://example.org/", &events, false).map(|wish| wish.events)
        };
        assert_eq!(check(&["submission.scored", "submission.scored"]).unwrap(), ["submission.scored"]);
        assert!(check(&[]).is_err() && check(&["ping"]).is_err());
    }
}
