//! The other servers of an installation: what one of them counted or changed, the others hear within a moment, over
//! the database's own channel. So that a limit on tries and requests is one for all servers, the site looks the same
//! at each, and what somebody wrote through one is shown by all.
//!
//! Never here: a name, an address, a token; who spent something is a digest. Nothing that must not be lost: a word
//! that nobody hears is made up for by time.

pub mod mark;
pub mod spent;
mod store;
pub mod talk;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

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
    /// The mark of the folder in which parts of uploads arrive, where whole files lie elsewhere.
    arriving: OnceLock<Uuid>,
    is_new: AtomicBool,
    is_apart: AtomicBool,
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
    #[serde(default)]
    arriving: Option<Uuid>,
}

impl Default for Fellows {
    fn default() -> Self {
        Self {
            id: Uuid::new_v4(),
            spent: Arc::default(),
            has_written: AtomicBool::new(false),
            has_changed_site: AtomicBool::new(false),
            arriving: OnceLock::new(),
            is_new: AtomicBool::new(false),
            is_apart: AtomicBool::new(false),
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

    /// Tells the others in which folder parts of uploads arrive here, by its mark.
    pub fn introduce(&self, arriving: Uuid) {
        let _ = self.arriving.set(arriving);
        self.is_new.store(true, Ordering::Relaxed);
        self.spent.wake();
    }

    /// Whether another server was heard for whose uploads parts arrive in another folder.
    pub fn is_apart(&self) -> bool {
        self.is_apart.load(Ordering::Relaxed)
    }

    /// Whether a word is the first by which this is known.
    fn finds_apart(&self, word: &Word) -> bool {
        let folders = self.arriving.get().zip(word.arriving.as_ref());
        folders.is_some_and(|(own, theirs)| own != theirs) && !self.is_apart.swap(true, Ordering::Relaxed)
    }

    /// Everything that was not told yet, in words that are short enough.
    fn words(&self) -> Vec<Word> {
        let has_written = self.has_written.swap(false, Ordering::Relaxed);
        let has_changed_site = self.has_changed_site.swap(false, Ordering::Relaxed);
        let is_new = self.is_new.swap(false, Ordering::Relaxed);
        let mut parts = self.spent.take();
        if parts.is_empty() && (has_written || has_changed_site || is_new) {
            parts.push(Vec::new());
        }
        let arriving = self.arriving.get().copied();
        let word = |spent| Word { from: self.id, spent, has_written, has_changed_site, arriving };
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
    fn servers_find_out_once_that_their_parts_arrive_in_different_folders() {
        let [one, other, apart] = [Fellows::default(), Fellows::default(), Fellows::default()];
        let folder = Uuid::new_v4();
        one.introduce(folder);
        other.introduce(folder);
        apart.introduce(Uuid::new_v4());
        let told = one.words();
        assert_eq!(told.len(), 1, "who is new says so");
        assert!(!other.finds_apart(&told[0]) && !other.is_apart());
        assert!(apart.finds_apart(&told[0]) && !apart.finds_apart(&told[0]) && apart.is_apart());
        assert!(!Fellows::default().finds_apart(&told[0]), "whole files lie in a folder there");
    }

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
