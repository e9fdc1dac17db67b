//! Mail: written to the outbox in the transaction of what it is about, sent from there.
//!
//! Without an SMTP server nothing is sent: an administrator reads the outbox. A letter that was sent
//! loses its text, which may hold a one-time link. Never here: an address in a log.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use lettre::message::Mailbox;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use sqlx::PgConnection;

use crate::app::App;
use crate::config::Smtp;
use crate::error::Result;

const LOOK_EVERY: Duration = Duration::from_secs(5);
const SEND_TIMEOUT: Duration = Duration::from_secs(30);
const MOST_ATTEMPTS: i32 = 12;
const LONGEST_ERROR: usize = 500;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    pub to: String,
    pub subject: String,
    pub body: String,
    /// Where mail programs ask for no more of these (RFC 8058).
    pub unsubscribe_url: Option<String>,
}

/// Addresses below this name reach nobody (RFC 2606): those of accounts that stand for somebody elsewhere.
const NOWHERE: &str = ".invalid";

/// Puts a letter into the outbox, unless nobody can receive it.
///
/// # Errors
/// Those of the database.
pub async fn post(conn: &mut PgConnection, letter: &Letter, now: DateTime<Utc>) -> sqlx::Result<()> {
    if letter.to.ends_with(NOWHERE) {
        return Ok(());
    }
    sqlx::query!(
        "insert into mails (to_address, subject, body, unsubscribe_url, created_at, next_attempt_at)
         values ($1, $2, $3, $4, $5, $5)",
        letter.to,
        letter.subject,
        letter.body,
        letter.unsubscribe_url,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Runs for ever: sends what the outbox holds. Ends at once where no SMTP server is configured.
pub async fn deliver_forever(app: App) {
    let Some(smtp) = app.config.smtp.clone() else { return };
    let postman = match Postman::new(&smtp) {
        Ok(postman) => postman,
        Err(error) => {
            tracing::error!(%error, "HOLDOUT_SMTP_URL or HOLDOUT_MAIL_FROM cannot be used: mail stays in the outbox");
            return;
        }
    };
    loop {
        match deliver_next(&app, &postman).await {
            Ok(true) => {}
            Ok(false) => tokio::time::sleep(LOOK_EVERY).await,
            Err(error) => {
                tracing::warn!(%error, "the outbox cannot be read; trying again");
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
    }
}

/// Speaks SMTP.
pub struct Postman {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Postman {
    /// # Errors
    /// When the address of the server or of the sender cannot be read.
    pub fn new(smtp: &Smtp) -> anyhow::Result<Self> {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(smtp.url.reveal())?
            .timeout(Some(SEND_TIMEOUT))
            .build();
        Ok(Self { transport, from: smtp.from.parse()? })
    }

    async fn send(&self, id: i64, letter: &Letter) -> anyhow::Result<()> {
        self.transport.send(message(&self.from, id, letter)?).await?;
        Ok(())
    }
}

/// A letter as it goes out. Its `Message-ID` is always the same, so that a mail program knows again what
/// was sent twice because this server died in between.
fn message(from: &Mailbox, id: i64, letter: &Letter) -> anyhow::Result<Message> {
    let mut message = Message::builder()
        .from(from.clone())
        .to(letter.to.parse()?)
        .subject(&letter.subject)
        .message_id(Some(format!("<holdout-{id}@{}>", from.email.domain())));
    if let Some(url) = &letter.unsubscribe_url {
        message = message
            .raw_header(header("List-Unsubscribe", &format!("<{url}>"))?)
            .raw_header(header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")?);
    }
    Ok(message.body(letter.body.clone())?)
}

fn header(name: &'static str, value: &str) -> anyhow::Result<HeaderValue> {
    Ok(HeaderValue::new(HeaderName::new_from_ascii(name.to_owned())?, value.to_owned()))
}

/// Sends the letter that is due first; `false` when none is. A letter that could not be sent is
/// tried again after a pause that doubles; after twelve attempts it waits for an administrator.
///
/// # Errors
/// Those of the database.
pub async fn deliver_next(app: &App, postman: &Postman) -> Result<bool> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let due = sqlx::query!(
        "select id, to_address, subject, body, unsubscribe_url, attempts
         from mails
         where sent_at is null and next_attempt_at <= $1
         order by next_attempt_at
         limit 1
         for update skip locked",
        now,
    )
    .fetch_optional(&mut *tx)
    .await?;
    let Some(due) = due else { return Ok(false) };
    let letter = Letter {
        to: due.to_address,
        subject: due.subject,
        body: due.body,
        unsubscribe_url: due.unsubscribe_url,
    };
    match postman.send(due.id, &letter).await {
        Ok(()) => note_sent(&mut tx, due.id, app.clock.now()).await?,
        Err(error) => {
            tracing::warn!(mail = due.id, "a mail could not be sent; the outbox says why");
            note_failed(&mut tx, due.id, due.attempts + 1, now, &format!("{error:#}")).await?;
        }
    }
    tx.commit().await?;
    Ok(true)
}

async fn note_sent(conn: &mut PgConnection, id: i64, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "update mails
         set sent_at = $2, attempts = attempts + 1, last_error = null, body = ''
         where id = $1",
        id,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn note_failed(
    conn: &mut PgConnection,
    id: i64,
    attempts: i32,
    now: DateTime<Utc>,
    error: &str,
) -> sqlx::Result<()> {
    let short: String = error.chars().take(LONGEST_ERROR).collect();
    sqlx::query!(
        "update mails
         set attempts = $2::integer, last_error = $3,
             next_attempt_at = case when $2::integer >= $5::integer then 'infinity'::timestamptz else $4 end
         where id = $1",
        id,
        attempts,
        short,
        now + pause(attempts),
        MOST_ATTEMPTS,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// 30 seconds, doubled by every attempt, at most 6 hours.
fn pause(attempts: i32) -> TimeDelta {
    let doublings = u32::try_from(attempts.clamp(1, 12) - 1).unwrap_or(0);
    TimeDelta::seconds((30_i64 << doublings).min(6 * 3600))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_of_news_offers_the_way_out_to_mail_programs() {
        let from = "Holdout <holdout@holdout.example>".parse().unwrap();
        let url = "https://holdout.example/unsubscribe/5c1f7d1e-93f6-4b5c-8a44-0d2a4f0e7b11";
        let letter = Letter {
            to: "ada@holdout.example".to_owned(),
            subject: "Ada wrote in \u{201c}Größe\u{201d}".to_owned(),
            body: "Text".to_owned(),
            unsubscribe_url: Some(url.to_owned()),
        };
        let drawn = String::from_utf8(message(&from, 7, &letter).unwrap().formatted()).unwrap();
        let unfolded = drawn.replace("\r\n ", " ");
        assert!(unfolded.contains(&format!("List-Unsubscribe: <{url}>\r\n")), "{drawn}");
        assert!(unfolded.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"), "{drawn}");
        assert!(unfolded.contains("Message-ID: <holdout-7@holdout.example>\r\n"), "{drawn}");
        let plain = Letter { unsubscribe_url: None, ..letter };
        let drawn = String::from_utf8(message(&from, 7, &plain).unwrap().formatted()).unwrap();
        assert!(!drawn.contains("List-Unsubscribe"));
    }

    #[test]
    fn pauses_double_up_to_six_hours() {
        assert_eq!(pause(1), TimeDelta::seconds(30));
        assert_eq!(pause(2), TimeDelta::seconds(60));
        assert_eq!(pause(5), TimeDelta::seconds(480));
        assert_eq!(pause(12), TimeDelta::hours(6));
        assert_eq!(pause(i32::MAX), TimeDelta::hours(6));
    }
}
