//! Live events: one listener on the database, fanned out to every open page's event stream; what the other servers
//! say comes over the same connection.

use std::sync::LazyLock;
use std::time::Duration;

use holdout_contract::events::{DEAF, EVENTS_CHANNEL, Event, is_heard, listener};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::database;
use crate::fellows::{SERVERS_CHANNEL, talk};
use crate::ids::CompetitionId;

/// Slow readers lose the oldest events and reload; nothing waits for them.
const BUFFERED_EVENTS: usize = 1024;
/// Before a database that lets nobody listen is tried again.
const DEAF_FOR: Duration = Duration::from_secs(600);

/// Pages of boards that open streams may cause a second, for each processor.
const BOARDS_A_SECOND: f64 = 100.0;

static PROCESSORS: LazyLock<f64> =
    LazyLock::new(|| std::thread::available_parallelism().map_or(1.0, |n| n.get() as f64));

/// Handed to event streams. Boards have a channel of their own, since on a busy day thousands of pages listen to
/// nothing else, and one for moved deadlines, which are rare.
pub struct Live {
    boards: broadcast::Sender<CompetitionId>,
    times: broadcast::Sender<CompetitionId>,
    others: broadcast::Sender<Event>,
    closed: CancellationToken,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            boards: broadcast::Sender::new(BUFFERED_EVENTS),
            times: broadcast::Sender::new(BUFFERED_EVENTS),
            others: broadcast::Sender::new(BUFFERED_EVENTS),
            closed: CancellationToken::new(),
        }
    }
}

impl Live {
    /// Competitions whose board has a new revision.
    pub fn boards(&self) -> broadcast::Receiver<CompetitionId> {
        self.boards.subscribe()
    }

    /// Competitions whose deadlines were moved.
    pub fn times(&self) -> broadcast::Receiver<CompetitionId> {
        self.times.subscribe()
    }

    /// What happened to submissions and jobs.
    pub fn others(&self) -> broadcast::Receiver<Event> {
        self.others.subscribe()
    }

    /// The time over which pages of boards that are open on this server fetch themselves anew, so that no more of
    /// them do in a second than the machine serves by the way.
    pub fn board_spread(&self) -> Duration {
        Duration::from_secs_f64(self.boards.receiver_count() as f64 / (BOARDS_A_SECOND * *PROCESSORS))
    }

    /// Ends every stream, so that a stopping server need not wait for readers.
    pub fn close(&self) {
        self.closed.cancel();
    }

    /// Ready once streams should end.
    pub async fn closing(&self) {
        self.closed.cancelled().await;
    }

    fn hand_on(&self, event: Event) {
        // An error means that nobody listens.
        match event {
            Event::Board { competition_id } => drop(self.boards.send(CompetitionId(competition_id))),
            Event::Times { competition_id } => drop(self.times.send(CompetitionId(competition_id))),
            Event::Submission { .. } | Event::Job { .. } => drop(self.others.send(event)),
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
