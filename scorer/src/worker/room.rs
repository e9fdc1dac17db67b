//! Room on this machine's disk: while there is too little, the scorer takes no work, and says so once.

use holdout_contract::watermark::{Disk, Watermark};

use super::announce;
use super::step::Worker;

pub(crate) struct Room {
    watermark: Watermark,
    /// What administrators were told last.
    is_refusing: bool,
}

impl Room {
    pub(crate) fn new(reserve_mb: u64) -> Self {
        Self { watermark: Watermark::new(reserve_mb), is_refusing: false }
    }

    /// Whether there is room for another job's files.
    pub(crate) async fn suffices(&mut self, worker: &Worker) -> bool {
        let Some(Disk { free_bytes, .. }) = Disk::of(worker.depot.at_hand()) else { return true };
        let is_below = self.watermark.is_below(free_bytes);
        if is_below != self.is_refusing {
            let words = is_below.then(|| too_little(free_bytes, self.watermark.reserve_bytes));
            match &words {
                Some(words) => tracing::error!("{words}"),
                None => tracing::info!("there is room again, and work is taken"),
            }
            match announce::refusal(&worker.db, worker.id, words.as_deref()).await {
                Ok(()) => self.is_refusing = is_below,
                Err(error) => tracing::warn!(%error, "administrators could not be told"),
            }
        }
        !is_below
    }
}

/// For `holdout-scorer doctor` as well.
pub(crate) fn too_little(free_bytes: u64, reserve_bytes: u64) -> String {
    format!(
        "The disk is nearly full: {} MB are free, and {} MB are kept free (HOLDOUT_DISK_RESERVE_MB). No work is taken.",
        free_bytes >> 20,
        reserve_bytes >> 20,
    )
}
