//! Sends what is due, again and again until it is taken or given up.

use std::time::Duration;

use super::courier::{Courier, Message};
use super::model::Due;
use super::{sign, store};
use crate::app::App;
use crate::error::Result;

/// Seconds from one attempt to the next: with the first ten attempts within about three days. The first
/// pause is longer than a request may take, so that no message is on its way twice.
pub const PAUSES: [f64; 9] = [20.0, 300.0, 1800.0, 7200.0, 18_000.0, 36_000.0, 50_400.0, 72_000.0, 86_400.0];
const AT_ONCE: usize = 4;
const LOOK_EVERY: Duration = Duration::from_secs(2);
const LONGEST_ERROR: usize = 300;
/// The receiver says that it will never take anything again.
const GONE: u16 = 410;

/// Runs for ever: a few at once, so that one slow receiver does not hold up the others.
pub async fn deliver_forever(app: App) {
    let courier = Courier::new(app.config.webhooks_to_private_addresses);
    let workers = (0..AT_ONCE).map(|_| work(app.clone(), courier.clone()));
    futures_util::future::join_all(workers).await;
}

async fn work(app: App, courier: Courier) {
    loop {
        match deliver_next(&app, &courier).await {
            Ok(true) => {}
            Ok(false) => tokio::time::sleep(LOOK_EVERY).await,
            Err(error) => {
                tracing::warn!(%error, "webhooks cannot be sent; trying again");
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
    }
}

/// Sends the message whose turn it is; `false` when there is none. Its next attempt is on record before
/// it is sent, so that a server that dies here sends it again.
///
/// # Errors
/// Those of the database; not those of a receiver, which are kept on record.
pub async fn deliver_next(app: &App, courier: &Courier) -> Result<bool> {
    let now = app.clock.now();
    let mut conn = app.db.acquire().await?;
    let Some(due) = store::claim(&mut conn, now, &PAUSES).await? else { return Ok(false) };
    drop(conn);
    let message = message(&due, now.timestamp())?;
    let courier = courier.clone();
    let answer =
        tokio::task::spawn_blocking(move || courier.carry(&message)).await.map_err(anyhow::Error::from)?;
    let mut conn = app.db.acquire().await?;
    match answer {
        Ok(status @ 200..=299) => store::delivered(&mut conn, due.id, status, app.clock.now()).await?,
        Ok(status) => {
            let sentence = format!("The receiver answered {status}.");
            store::failed(&mut conn, due.id, Some(status), &sentence).await?;
            if status == GONE {
                store::disable(&mut conn, due.webhook_id, app.clock.now()).await?;
            }
        }
        Err(sentence) => {
            let sentence: String = sentence.chars().take(LONGEST_ERROR).collect();
            store::failed(&mut conn, due.id, None, &sentence).await?;
        }
    }
    Ok(true)
}

/// The time is that of this attempt, not of the message: receivers refuse old ones.
fn message(due: &Due, timestamp: i64) -> Result<Message> {
    let (id, body) = (format!("msg_{}", due.message_id.simple()), due.payload.to_string());
    let signature = sign::signature(&due.secret, &id, timestamp, &body)?;
    Ok(Message { url: due.url.clone(), id, timestamp, signature, body })
}
