//! A comparison and the pairs it found. Pure.

use chrono::{DateTime, Utc};
use holdout_contract::comparison::{LEAST_CROWD, MAX_PAIRS};

use crate::ids::SubmissionId;

#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    pub id: i64,
    pub asked_by: String,
    pub asked_at: DateTime<Utc>,
    pub begun_at: Option<DateTime<Utc>>,
    pub finished_at: Option<DateTime<Utc>>,
    pub failure: Option<String>,
    pub n_teams: Option<i32>,
    pub n_submissions: Option<i32>,
    pub n_left_out: Option<i32>,
    pub n_rows: Option<i32>,
    pub n_answers: Option<i32>,
    pub n_found: Option<i32>,
    pub usual: Option<f64>,
    pub bound: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Waiting,
    UnderWay,
    Done,
    Failed,
}

impl State {
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::UnderWay => "under_way",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

impl Comparison {
    pub fn state(&self) -> State {
        match (&self.failure, self.finished_at, self.begun_at) {
            (Some(_), ..) => State::Failed,
            (None, Some(_), _) => State::Done,
            (None, None, Some(_)) => State::UnderWay,
            (None, None, None) => State::Waiting,
        }
    }

    /// What was compared, in sentences; empty before the end.
    pub fn summary(&self) -> String {
        let (Some(teams), Some(submissions), Some(rows), Some(answers)) =
            (self.n_teams, self.n_submissions, self.n_rows, self.n_answers)
        else {
            return String::new();
        };
        let mut text = format!(
            "{submissions} submissions of {teams} teams were compared in {rows} rows; teams differ over {answers} answers in them."
        );
        match (self.usual, self.bound) {
            (Some(usual), Some(bound)) => text.push_str(&format!(
                " The likeness of a usual pair is {}; from {} on, a pair is named.",
                shown(usual),
                shown(bound)
            )),
            _ => text.push_str(&format!(
                " Fewer than {LEAST_CROWD} teams are no crowd to compare with: only files that agree everywhere are named."
            )),
        }
        if let Some(n) = self.n_left_out.filter(|n| *n > 0) {
            text.push_str(&format!(
                " Left out: {n} that say the same for every row, are the sample submission, or no longer fit the \
                solution."
            ));
        }
        text
    }

    /// Pairs that were found and not kept.
    pub fn n_more(&self) -> i32 {
        (self.n_found.unwrap_or(0) - MAX_PAIRS as i32).max(0)
    }

    pub fn sample() -> Self {
        Self {
            id: 1,
            asked_by: "Host".to_owned(),
            asked_at: DateTime::UNIX_EPOCH,
            begun_at: Some(DateTime::UNIX_EPOCH),
            finished_at: Some(DateTime::UNIX_EPOCH),
            failure: None,
            n_teams: Some(41),
            n_submissions: Some(57),
            n_left_out: Some(2),
            n_rows: Some(5000),
            n_answers: Some(4870),
            n_found: Some(1),
            usual: Some(0.12),
            bound: Some(0.9),
        }
    }
}

/// One submission of a pair.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    pub submission_id: SubmissionId,
    pub team: String,
    pub sender: String,
    pub received_at: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    pub place: i32,
    /// The one that was received first.
    pub first: Side,
    pub second: Side,
    pub likeness: Option<f64>,
    pub n_same: i32,
    pub has_same_bytes: bool,
}

impl Pair {
    /// The evidence in one plain sentence.
    pub fn sentence(&self, of: &Comparison) -> String {
        let answers = of.n_answers.unwrap_or(0);
        if self.has_same_bytes {
            return "The two files are the same, byte for byte.".to_owned();
        }
        let same = if self.n_same == answers {
            format!("They give the same answer everywhere, including {answers} places where others differ.")
        } else {
            format!("They give the same answer in {} of {answers} places where teams differ.", self.n_same)
        };
        match (self.likeness, of.usual) {
            (Some(likeness), Some(usual)) => format!(
                "Both depart from all other teams in the same way: {} of 1, where a usual pair has {}. {same}",
                shown(likeness),
                shown(usual)
            ),
            _ => same,
        }
    }

    pub fn shown_likeness(&self) -> String {
        self.likeness.map_or_else(|| "same".to_owned(), shown)
    }

    pub fn sample() -> Self {
        let side = |id, team: &str, sender: &str| Side {
            submission_id: SubmissionId(id),
            team: team.to_owned(),
            sender: sender.to_owned(),
            received_at: DateTime::UNIX_EPOCH,
        };
        Self {
            place: 1,
            first: side(7, "Difference Engine", "ada"),
            second: side(9, "Analytical Engine", "charles"),
            likeness: Some(0.9987),
            n_same: 4101,
            has_same_bytes: false,
        }
    }
}

fn shown(likeness: f64) -> String {
    format!("{likeness:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_follows_from_what_happened() {
        let done = Comparison::sample();
        let under_way = Comparison { finished_at: None, ..Comparison::sample() };
        let waiting = Comparison { begun_at: None, ..under_way.clone() };
        let failed = Comparison { failure: Some("No.".to_owned()), ..done.clone() };
        let states = [&waiting, &under_way, &done, &failed].map(Comparison::state);
        assert_eq!(states, [State::Waiting, State::UnderWay, State::Done, State::Failed]);
    }

    #[test]
    fn the_evidence_is_one_sentence_or_two() {
        let of = Comparison::sample();
        assert_eq!(
            Pair::sample().sentence(&of),
            "Both depart from all other teams in the same way: 0.999 of 1, where a usual pair has 0.120. They give the same answer in 4101 of 4870 places where teams differ."
        );
        let few = Comparison { usual: None, bound: None, ..of };
        let pair = Pair { likeness: None, n_same: 4870, ..Pair::sample() };
        assert_eq!(
            pair.sentence(&few),
            "They give the same answer everywhere, including 4870 places where others differ."
        );
    }
}
