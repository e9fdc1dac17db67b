//! Every submission of a competition as its hosts see it: who sent it when, and what became of it.
//!
//! Never here: what stands in a file, its name, a sender's note to themselves, what a team chose, or a private
//! score before the end.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use sqlx::PgConnection;

use super::store;
use crate::competitions::model::{Competition, Ended};
use crate::ids::{SubmissionId, TeamId};
use crate::submissions;
use crate::submissions::model::State;
use crate::web::format;

/// What became of the submissions that are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// Neither scored nor refused yet.
    Waiting,
    Scored,
    /// The file is wrong.
    Rejected,
    /// By a fault that is not its sender's.
    Failed,
}

impl Fate {
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Scored, Self::Rejected, Self::Failed];

    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Scored => "scored",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
        }
    }

    /// As it stands in an address; what is none is no filter.
    pub fn read(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fate| fate.name() == name)
    }

    /// The states of submissions that it covers.
    pub fn states(self) -> &'static [State] {
        match self {
            Self::Waiting => &[State::Queued, State::Scoring],
            Self::Scored => &[State::Scored],
            Self::Rejected => &[State::Rejected],
            Self::Failed => &[State::Failed],
        }
    }
}

/// Which submissions are asked for; all, where nothing is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Filter {
    pub fate: Option<Fate>,
    pub team: Option<TeamId>,
}

/// A submission, without anything that stands in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    pub id: SubmissionId,
    pub team: String,
    pub is_baseline: bool,
    /// The user name of who sent it.
    pub sender: String,
    pub received_at: DateTime<Utc>,
    pub size_bytes: i64,
    pub state: State,
    pub is_late: bool,
    /// It or its team is disqualified.
    pub is_barred: bool,
    /// As its team is told it.
    pub public_score: Option<f64>,
    pub scored_at: Option<DateTime<Utc>>,
    /// None before the end.
    pub private_score: Option<f64>,
}

impl Sent {
    pub fn sample() -> Self {
        Self {
            id: SubmissionId(7),
            team: "Ada & friends".to_owned(),
            is_baseline: false,
            sender: "ada".to_owned(),
            received_at: DateTime::UNIX_EPOCH,
            size_bytes: 12_345,
            state: State::Scored,
            is_late: false,
            is_barred: false,
            public_score: Some(0.912_345_6),
            scored_at: Some(DateTime::UNIX_EPOCH),
            private_score: None,
        }
    }

    pub fn size(&self) -> String {
        format::size(self.size_bytes.unsigned_abs())
    }

    pub fn shown_public(&self, decimals: &i32) -> String {
        shown(self.public_score, *decimals)
    }

    pub fn shown_private(&self, decimals: &i32) -> String {
        shown(self.private_score, *decimals)
    }
}

fn shown(score: Option<f64>, decimals: i32) -> String {
    score.map(|score| format::score(score, decimals)).unwrap_or_default()
}

/// Submissions behind `before`, newest first; with private scores once the competition has ended.
///
/// # Errors
/// Those of the database.
pub async fn list(
    conn: &mut PgConnection,
    competition: &Competition,
    ended: Option<Ended>,
    filter: Filter,
    before: SubmissionId,
    limit: i64,
) -> sqlx::Result<Vec<Sent>> {
    let ids = store::sent_ids(conn, competition.id, filter, before, limit).await?;
    let mut sent = store::sent(conn, competition.id, &ids).await?;
    if let Some(ended) = ended {
        let released = submissions::store::released(conn, ended, competition.id, &ids).await?;
        let scores: HashMap<_, _> =
            released.into_iter().map(|score| (score.submission_id, score.private_score)).collect();
        for submission in &mut sent {
            submission.private_score = scores.get(&submission.id).copied().flatten();
        }
    }
    Ok(sent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_is_found_by_one_fate() {
        for state in [State::Queued, State::Scoring, State::Scored, State::Rejected, State::Failed] {
            let n = Fate::ALL.into_iter().filter(|fate| fate.states().contains(&state)).count();
            assert_eq!(n, 1, "{}", state.name());
        }
        assert!(Fate::ALL.into_iter().all(|fate| Fate::read(fate.name()) == Some(fate)));
        assert_eq!(Fate::read("gone"), None);
    }
}
