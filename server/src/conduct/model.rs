//! A decision about a team or a submission. Pure.

use chrono::{DateTime, Utc};

use crate::ids::{DisqualificationId, SubmissionId, TeamId};
use crate::web::format;

/// Longest reason, in characters.
pub const REASON_LIMIT: usize = 1000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub id: DisqualificationId,
    pub team_id: TeamId,
    pub team: String,
    /// `None`: the whole team.
    pub submission_id: Option<SubmissionId>,
    pub reason: String,
    pub decided_by: String,
    pub decided_at: DateTime<Utc>,
    pub lifted_by: String,
    pub lifted_at: Option<DateTime<Utc>>,
    /// Empty while it lasts.
    pub lifted_because: String,
}

/// What a disqualified team is told, and nobody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Barred {
    pub reason: String,
    pub at: DateTime<Utc>,
}

impl Barred {
    pub fn sample() -> Self {
        Self { reason: "Two accounts of one person.".to_owned(), at: DateTime::UNIX_EPOCH }
    }
}

/// Whom a decision that is not taken yet would be about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Concerned {
    pub team: String,
    /// `None`: the whole team.
    pub submission: Option<SubmissionId>,
    pub people: Vec<String>,
    /// Of the team, those that count.
    pub n_submissions: i64,
}

impl Concerned {
    pub fn sample() -> Self {
        Self {
            team: "Difference Engine".to_owned(),
            submission: None,
            people: vec!["Ada".to_owned(), "Charles".to_owned()],
            n_submissions: 12,
        }
    }

    pub fn about(&self) -> String {
        match self.submission {
            Some(id) => format!("submission {id} of {}", self.team),
            None => self.team.clone(),
        }
    }

    /// What leaves the boards, and whom it is of.
    pub fn sentence(&self) -> String {
        let of =
            if self.people.is_empty() { String::new() } else { format!(" ({})", self.people.join(", ")) };
        match self.submission {
            Some(id) => format!("Submission {id} of the team “{}”{of} leaves every board.", self.team),
            None => format!(
                "The team “{}”{of} leaves every board, with all its submissions; {} of them count now.",
                self.team,
                format::count(self.n_submissions)
            ),
        }
    }
}

impl Decision {
    /// What it is about.
    pub fn about(&self) -> String {
        match self.submission_id {
            Some(id) => format!("submission {id} of {}", self.team),
            None => self.team.clone(),
        }
    }

    pub fn sample() -> Self {
        Self {
            id: DisqualificationId(1),
            team_id: TeamId(1),
            team: "Difference Engine".to_owned(),
            submission_id: Some(SubmissionId(7)),
            reason: "The file holds labels that were shared in private.".to_owned(),
            decided_by: "Host".to_owned(),
            decided_at: DateTime::UNIX_EPOCH,
            lifted_by: String::new(),
            lifted_at: None,
            lifted_because: String::new(),
        }
    }
}
