//! A competition and its phases. States follow from the timeline, never from a flag.

use chrono::{DateTime, Utc};

use crate::ids::{CompetitionId, UserId, VersionId};

#[derive(Debug, Clone, PartialEq)]
pub struct Competition {
    pub id: CompetitionId,
    pub slug: String,
    pub title: String,
    pub subtitle: String,
    pub created_by: UserId,
    pub visibility: String,
    pub launched_at: Option<DateTime<Utc>>,
    pub starts_at: Option<DateTime<Utc>>,
    pub entry_deadline_at: Option<DateTime<Utc>>,
    pub merger_deadline_at: Option<DateTime<Utc>>,
    pub ends_at: Option<DateTime<Utc>>,
    pub daily_limit: i32,
    pub final_limit: i32,
    pub team_limit: i32,
    pub max_upload_bytes: i64,
    pub score_decimals: i32,
    pub is_demo: bool,
    pub is_synthetic: bool,
    pub n_teams: i32,
    pub n_entries: i32,
    pub board_revision: i64,
    pub settled_at: Option<DateTime<Utc>>,
    pub active_version_id: Option<VersionId>,
    /// Of the active version, else of the newest draft version.
    pub metric: Option<String>,
    pub higher_is_better: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Not launched: seen by its hosts alone.
    Draft,
    /// Launched, not started.
    Upcoming,
    /// Takes submissions.
    Open,
    /// Over, while counted submissions are still being scored.
    Closed,
    /// The private board stands.
    Final,
}

impl Phase {
    pub fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Upcoming => "upcoming",
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Final => "final",
        }
    }
}

/// Shows that a competition is over; only [`Competition::ended`] makes one. What gives out private
/// scores asks for it.
#[derive(Debug, Clone, Copy)]
pub struct Ended(());

impl Competition {
    pub fn phase(&self, now: DateTime<Utc>) -> Phase {
        let (Some(_), Some(starts_at), Some(ends_at)) = (self.launched_at, self.starts_at, self.ends_at)
        else {
            return Phase::Draft;
        };
        if now < starts_at {
            Phase::Upcoming
        } else if now < ends_at {
            Phase::Open
        } else if self.settled_at.is_none() {
            Phase::Closed
        } else {
            Phase::Final
        }
    }

    pub fn ended(&self, now: DateTime<Utc>) -> Option<Ended> {
        (self.phase(now) >= Phase::Closed).then_some(Ended(()))
    }
}
