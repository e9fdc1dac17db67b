//! What surrounds every page of a competition: title, state, time left, tabs.

use chrono::{DateTime, Utc};

use crate::competitions::access::{Seen, Standing};
use crate::competitions::model::{Competition, Phase};

/// The tab of a competition's pages that a page stands under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    Overview,
    Data,
    Leaderboard,
    Notebooks,
    Discussion,
    Submit,
    Submissions,
    Team,
    Host,
}

/// Given to every page struct of a competition as its field `frame`; its template extends
/// `competitions/frame.html`.
#[derive(Debug, Clone)]
pub struct Frame {
    pub competition: Competition,
    pub standing: Standing,
    pub phase: Phase,
    /// Of scores, see [`Competition::decimals`].
    pub decimals: i32,
    pub tab: Tab,
}

impl Frame {
    pub fn new(seen: Seen, tab: Tab, now: DateTime<Utc>) -> Self {
        let (phase, decimals) = (seen.competition.phase(now), seen.competition.decimals(now));
        Self { competition: seen.competition, standing: seen.standing, phase, decimals, tab }
    }

    pub fn slug(&self) -> &str {
        &self.competition.slug
    }

    /// Whether to invite the viewer to take part.
    pub fn may_join(&self, now: &DateTime<Utc>) -> bool {
        let before_deadline = self.competition.entry_deadline_at.is_none_or(|deadline| *now < deadline);
        self.standing.team_id.is_none()
            && !self.standing.is_host
            && !self.standing.was_host
            && matches!(self.phase, Phase::Open | Phase::Upcoming)
            && before_deadline
    }

    /// Whether the time that is left is counted.
    pub fn ends_later(&self) -> bool {
        matches!(self.phase, Phase::Draft | Phase::Open) && self.competition.ends_at.is_some()
    }

    /// `aria-current` of a tab.
    pub fn current(&self, tab: Tab) -> &'static str {
        if self.tab == tab { "page" } else { "false" }
    }

    /// A host's and participant's view of [`Competition::sample`].
    pub fn sample(tab: Tab) -> Self {
        let standing = Standing {
            is_host: true,
            is_among_hosts: false,
            was_host: false,
            team_id: Some(crate::ids::TeamId(1)),
        };
        let seen = Seen { competition: Competition::sample(), standing };
        Self::new(seen, tab, DateTime::UNIX_EPOCH)
    }
}
