//! The other servers of an installation: what one of them counted or changed, the others hear within a moment, over
//! the database's own channel. So that a limit on tries and requests is one for all servers, the site looks the same
//! at each, and what somebody wrote through one is shown by all.
//!
//! Never here: a name, an address, a token; who spent something is a digest. Nothing that must not be lost: a word
//! that nobody hears is made up for by time.

pub mod spent;
mod store;
pub mod talk;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use self::spent::{Spending, Spent};

/// PostgreSQL channel on which servers hear of each other.
pub const SERVERS_CHANNEL: &str = "holdout_servers";

/// What this server has to tell.
pub struct Fellows {
    id: Uuid,
    pub spent: Arc<Spent>,
    has_written: AtomicBool,
    has_changed_site: AtomicBool,
}

/// What a server tells the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Word {
    from: Uuid,
    #[serde(default)]
    pub spent: Vec<Spending>,
    /// Somebody wrote something that the front page may show.
    #[serde(default)]
    pub has_written: bool,
    #[serde(default)]
    pub has_changed_site: bool,
}

impl Default for Fellows {
    fn default() -> Self {
        Self {
            id: Uuid::new_v4(),
            spent: Arc::default(),
            has_written: AtomicBool::new(false),
            has_changed_site: AtomicBool::new(false),
        }
    }
}

impl Fellows {
    pub fn note_writing(&self) {
        self.has_written.store(true, Ordering::Relaxed);
        self.spent.wake();
    }

    pub fn note_change_of_site(&self) {
        self.has_changed_site.store(true, Ordering::Relaxed);
        self.spent.wake();
    }

    /// Everything that was not told yet, in words that are short enough.
    fn words(&self) -> Vec<Word> {
        let has_written = self.has_written.swap(false, Ordering::Relaxed);
        let has_changed_site = self.has_changed_site.swap(false, Ordering::Relaxed);
        let mut parts = self.spent.take();
        if parts.is_empty() && (has_written || has_changed_site) {
            parts.push(Vec::new());
        }
        let word = |spent| Word { from: self.id, spent, has_written, has_changed_site };
        parts.into_iter().map(word).collect()
    }

    /// What another server said; `None` for one's own words, and for those of another release.
    fn heard(&self, payload: &str) -> Option<Word> {
        serde_json::from_str::<Word>(payload).ok().filter(|word| word.from != self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_tells_the_other_hears_once_and_nobody_hears_oneself() {
        let [one, other] = [Fellows::default(), Fellows::default()];
        assert!(one.words().is_empty());
        let key = spent::spender(b"ada");
        one.spent.note("sign_in.account", key);
        one.spent.note("sign_in.account", key);
        one.note_writing();
        let words = one.words();
        assert_eq!(words.len(), 1);
        let payload = serde_json::to_string(&words[0]).unwrap();
        assert!(one.heard(&payload).is_none());
        let word = other.heard(&payload).unwrap();
        assert_eq!(
            (word.spent[0].limit.as_str(), word.spent[0].spender(), word.spent[0].n),
            ("sign_in.account", Some(key), 2)
        );
        assert!(word.has_written && !word.has_changed_site);
        assert!(one.words().is_empty(), "it is told once");
        for number in 0..1000_u32 {
            one.spent.note("caller", spent::spender(&number.to_be_bytes()));
        }
        let payloads: Vec<_> = one.words().iter().map(|word| serde_json::to_string(word).unwrap()).collect();
        assert!(payloads.len() > 1 && payloads.iter().all(|payload| payload.len() < 8000));
    }
}
