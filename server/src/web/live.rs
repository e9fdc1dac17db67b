//! Live events: one listener on the database, fanned out to every open page's event stream; what the other servers
//! say comes over the same connection.

use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use holdout_contract::events::{DEAF, EVENTS_CHANNEL, Event, is_heard, listener};
use tokio::sync::broadcast;

use crate::app::App;
use crate::database;
use crate::fellows::{SERVERS_CHANNEL, talk};

/// Slow readers lose the oldest events and reload; nothing waits for them.
const BUFFERED_EVENTS: usize = 1024;
/// Before a database that lets nobody listen is tried again.
const DEAF_FOR: Duration = Duration::from_secs(600);

/// Handed to event streams.
pub struct Live {
    /// `None` once the server stops: every open stream ends.
    sender: RwLock<Option<broadcast::Sender<Event>>>,
}

impl Default for Live {
    fn default() -> Self {
        Self { sender: RwLock::new(Some(broadcast::Sender::new(BUFFERED_EVENTS))) }
    }
}

impl Live {
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        match &*self.sender.read().unwrap_or_else(PoisonError::into_inner) {
            Some(sender) => sender.subscribe(),
            None => broadcast::Sender::new(1).subscribe(), // closed from the start
        }
    }

    /// Ends every stream, so that a stopping server need not wait for readers.
    pub fn close(&self) {
        *self.sender.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn hand_on(&self, event: Event) {
        if let Some(sender) = &*self.sender.read().unwrap_or_else(PoisonError::into_inner) {
            let _ = sender.send(event); // an error means that nobody listens
        }
    }
}

/// Runs for ever: listens to the database and hands events on; reconnects when it goes away.
pub async fn listen(app: App) {
    loop {
        if let Err(error) = listen_until_broken(&app).await {
            tracing::warn!(%error, "the event listener lost the database; trying again");
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Says so in the log where notifications cannot arrive.
pub async fn try_out(app: App) {
    let tried = async { is_heard(&app.db, &database::direct(&app.config, &app.db)?).await };
    match tried.await {
        Ok(true) => {}
        Ok(false) => tracing::warn!("{DEAF}"),
        Err(error) => tracing::warn!(%error, "the database cannot be listened to yet"),
    }
}

async fn listen_until_broken(app: &App) -> sqlx::Result<()> {
    let Some(mut listener) = listener(&app.db, &database::direct(&app.config, &app.db)?).await? else {
        tokio::time::sleep(DEAF_FOR).await;
        return Ok(());
    };
    listener.listen_all([EVENTS_CHANNEL, SERVERS_CHANNEL]).await?;
    loop {
        let notification = listener.recv().await?;
        if notification.channel() == SERVERS_CHANNEL {
            talk::hear(app, notification.payload()).await;
        } else if let Ok(event) = serde_json::from_str::<Event>(notification.payload()) {
            app.live.hand_on(event);
        }
    }
}
