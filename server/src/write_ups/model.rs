//! A team's write-up, from both of its ends.

use chrono::{DateTime, Utc};

use crate::ids::{TeamId, TopicId};
use crate::paths;

/// A topic that somebody in a team wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnTopic {
    pub id: TopicId,
    pub title: String,
}

/// What a team chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteUp {
    pub id: TopicId,
    pub title: String,
    pub bound_at: DateTime<Utc>,
    /// What is hidden or deleted is on no board.
    pub is_shown: bool,
}

impl WriteUp {
    pub fn address(&self) -> String {
        paths::topic(self.id)
    }

    pub fn sample() -> Self {
        Self {
            id: TopicId(1),
            title: "How we did it".to_owned(),
            bound_at: DateTime::UNIX_EPOCH,
            is_shown: false,
        }
    }
}

/// Whose write-up a topic is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    pub team_id: TeamId,
    pub team: String,
    pub slug: String,
    /// On the final board, while it stands and the team is on it.
    pub rank: Option<i32>,
    /// On that board.
    pub n_teams: Option<i32>,
}

impl Owner {
    pub fn sample() -> Self {
        Self {
            team_id: TeamId(1),
            team: "Difference Engine".to_owned(),
            slug: "house-prices".to_owned(),
            rank: Some(3),
            n_teams: Some(120),
        }
    }
}

/// What the viewer, in a team whose competition is over, may say of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// It could be the team's write-up.
    Bind,
    /// It is.
    Unbind,
}
