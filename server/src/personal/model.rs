//! The end of an account, as it is asked for. Pure.

use chrono::{DateTime, TimeDelta, Utc};

/// Between the wish and the end, so that nobody loses an account by a bad evening or a stolen session.
pub const WAITING: TimeDelta = TimeDelta::days(7);
/// Until the next try where something is in the way.
pub const AGAIN: TimeDelta = TimeDelta::days(1);

/// An account that will end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deletion {
    pub asked_at: DateTime<Utc>,
    pub due_at: DateTime<Utc>,
    /// Whether posts and notebooks that others can read go too.
    pub removes_posts: bool,
}

impl Deletion {
    pub fn sample() -> Self {
        let asked_at = DateTime::UNIX_EPOCH;
        Self { asked_at, due_at: asked_at + WAITING, removes_posts: false }
    }
}

/// Why an account cannot end yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hindrances {
    /// Titles of competitions that nobody else hosts.
    pub alone_with: Vec<String>,
    pub is_last_administrator: bool,
}

impl Hindrances {
    /// What to do first; `None` where nothing is in the way.
    pub fn sentence(&self) -> Option<String> {
        if self.is_last_administrator {
            return Some(
                "You are the only administrator: appoint someone else first, under Administration, \
                Accounts."
                    .to_owned(),
            );
        }
        if self.alone_with.is_empty() {
            return None;
        }
        let titles: Vec<String> =
            self.alone_with.iter().map(|title| format!("\u{201c}{title}\u{201d}")).collect();
        Some(format!(
            "Nobody else hosts {}: add another host first, on the page Hosts of each.",
            titles.join(", ")
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_the_way_is_said_in_words() {
        assert_eq!(Hindrances::default().sentence(), None);
        let hosts = Hindrances { alone_with: vec!["Houses".to_owned()], ..Hindrances::default() };
        assert!(hosts.sentence().is_some_and(|words| words.contains("\u{201c}Houses\u{201d}")));
        let last = Hindrances { is_last_administrator: true, ..hosts };
        assert!(last.sentence().is_some_and(|words| words.contains("administrator")));
    }
}
