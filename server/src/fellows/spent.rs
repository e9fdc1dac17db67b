//! What was spent of limits at this server, until the others are told.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

/// Who spends: a digest, of which no address and no name can be read.
pub type Spender = [u8; 16];

/// A payload has room for less than 8,000 bytes; one of these takes at most 110.
const IN_ONE_WORD: usize = 64;

/// So much of one limit by one spender.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spending {
    pub limit: String,
    /// The spender in hexadecimal digits.
    key: String,
    pub n: u32,
}

impl Spending {
    /// `None` for what is no digest.
    pub fn spender(&self) -> Option<Spender> {
        let mut key = Spender::default();
        hex::decode_to_slice(&self.key, &mut key).ok()?;
        Some(key)
    }
}

#[derive(Default)]
pub struct Spent {
    counts: Mutex<HashMap<(&'static str, Spender), u32>>,
    news: Notify,
}

pub fn spender(name: &[u8]) -> Spender {
    let digest = blake3::derive_key("holdout 2026 who spends of a limit", name);
    std::array::from_fn(|at| digest[at])
}

impl Spent {
    pub fn note(&self, limit: &'static str, key: Spender) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry((limit, key)).or_default() += 1;
        drop(counts);
        self.wake();
    }

    /// Has what is to be told be told now.
    pub fn wake(&self) {
        self.news.notify_one();
    }

    pub(super) async fn news(&self) {
        self.news.notified().await;
    }

    /// What was not told yet, in parts that fit into one word.
    pub(super) fn take(&self) -> Vec<Vec<Spending>> {
        let counts = std::mem::take(&mut *self.counts.lock().unwrap_or_else(PoisonError::into_inner));
        let spent: Vec<Spending> = counts
            .into_iter()
            .map(|((limit, key), n)| Spending { limit: limit.to_owned(), key: hex::encode(key), n })
            .collect();
        spent.chunks(IN_ONE_WORD).map(<[Spending]>::to_vec).collect()
    }
}

/// What was spent elsewhere is spent here as well, as far as there is any left: `one` takes one and says whether
/// there was one.
pub fn spend(n: u32, mut one: impl FnMut() -> bool) {
    for _ in 0..n {
        if !one() {
            return;
        }
    }
}
