//! Who is writing to an upload now, so that another request can ask them to stop.
//!
//! Exclusion itself is a lock on the partial file, which also holds between processes and falls with
//! its holder; see `partial`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::uploads::model::UploadId;

#[derive(Default)]
pub struct Writers(Mutex<HashMap<UploadId, Arc<Notify>>>);

/// One writer's turn; it ends when this is dropped.
pub struct Turn<'a> {
    writers: &'a Writers,
    id: UploadId,
    stop: Arc<Notify>,
}

impl Writers {
    /// For who holds the lock on the upload's partial file.
    pub fn enter(&self, id: UploadId) -> Turn<'_> {
        let stop = Arc::new(Notify::new());
        self.turns().insert(id, stop.clone());
        Turn { writers: self, id, stop }
    }

    /// Asks the writer of an upload, if there is one, to keep what it has and stop.
    pub fn ask_to_stop(&self, id: UploadId) {
        if let Some(stop) = self.turns().get(&id) {
            stop.notify_one();
        }
    }

    /// For the end of the server.
    pub fn ask_all_to_stop(&self) {
        self.turns().values().for_each(|stop| stop.notify_one());
    }

    fn turns(&self) -> MutexGuard<'_, HashMap<UploadId, Arc<Notify>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn<'_> {
    /// Returns when somebody asked this writer to stop.
    pub async fn is_over(&self) {
        self.stop.notified().await;
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.writers.turns().remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_writer_is_told_to_stop_and_is_forgotten_when_it_did() {
        let (writers, id) = (Writers::default(), UploadId(uuid::Uuid::nil()));
        writers.ask_to_stop(id);
        let turn = writers.enter(id);
        writers.ask_to_stop(id);
        turn.is_over().await;
        drop(turn);
        assert!(writers.turns().is_empty());
    }
}
