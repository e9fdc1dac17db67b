//! A submission, its receipt, and how many may still be sent today.

use chrono::{DateTime, Days, NaiveTime, Utc};
use holdout_contract::rejection::Rejection;
use sqlx::types::Json;

use crate::competitions::ladder;
use crate::competitions::model::Competition;
use crate::ids::{SubmissionId, TeamId};
use crate::web::format;

/// Where the fault is the platform's.
const FAILURE: &str = "This could not be scored because of an error on our side. It did not count, and the host was \
notified.";

#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum State {
    Queued,
    Scoring,
    Scored,
    /// The file is wrong; costs nothing.
    Rejected,
    /// Our fault; costs nothing.
    Failed,
}

impl State {
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Scoring => "scoring",
            Self::Scored => "scored",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
        }
    }

    /// As it is told beside its place in the queue: where its job does not wait any more a scorer has it, a moment before its
    /// row says so.
    pub fn beside(self, has_place: bool) -> Self {
        if self == Self::Queued && !has_place { Self::Scoring } else { self }
    }

    /// Whether a score, or a reason for none, is still to come.
    pub fn is_waiting(self) -> bool {
        matches!(self, Self::Queued | Self::Scoring)
    }
}

impl From<String> for State {
    fn from(name: String) -> Self {
        match name.as_str() {
            "queued" => Self::Queued,
            "scoring" => Self::Scoring,
            "scored" => Self::Scored,
            "rejected" => Self::Rejected,
            _ => Self::Failed,
        }
    }
}

/// A submission as its own team sees it.
#[derive(Debug, Clone)]
pub struct Submission {
    pub id: SubmissionId,
    pub team_id: TeamId,
    /// Who sent it.
    pub sender: String,
    pub received_at: DateTime<Utc>,
    pub is_late: bool,
    pub file_name: String,
    pub storage_key: String,
    pub size_bytes: i64,
    pub sha256: Vec<u8>,
    pub description: String,
    pub state: State,
    pub rejection: Option<Json<Rejection>>,
    /// In full precision; pages and JSON show [`Submission::shown_score`].
    pub public_score: Option<f64>,
    /// Under every metric that teams are ranked by, the primary first.
    pub part_scores: Option<Vec<f64>>,
    /// Why there is no public score.
    pub public_undefined: Option<String>,
    /// On a Ladder: the score is that of an earlier file.
    pub is_held: bool,
    pub scored_at: Option<DateTime<Utc>>,
    pub selected_at: Option<DateTime<Utc>>,
    pub log_position: i64,
    pub entry_hash: Vec<u8>,
    /// The team that the log's entry names: the one that sent it, whatever it merged with since.
    pub log_team_id: TeamId,
    /// What blinds the log's entry, for the team alone; none where an earlier release received it.
    pub log_nonce: Option<Vec<u8>>,
    /// It failed because the metric that the host wrote broke on it.
    pub is_hosts_fault: bool,
    /// The host's reason, where it or its team is disqualified.
    pub disqualified_because: Option<String>,
    /// Since when its file is no longer kept.
    pub file_gone_at: Option<DateTime<Utc>>,
}

impl Submission {
    pub fn sample(state: State) -> Self {
        let rejection = Rejection::new(
            holdout_contract::rejection::RejectionKind::UnknownIds,
            "41 ids are not in the solution.",
        )
        .with_line(3)
        .with_column("id")
        .with_examples(["17", "18"])
        .with_total(41);
        Self {
            id: SubmissionId(7),
            team_id: TeamId(1),
            sender: "Ada".to_owned(),
            received_at: DateTime::UNIX_EPOCH,
            is_late: false,
            file_name: "predictions.csv".to_owned(),
            storage_key: "submissions/1/x".to_owned(),
            size_bytes: 12_345,
            sha256: vec![7; 32],
            description: "gradient boosting, 5 folds".to_owned(),
            state,
            rejection: (state == State::Rejected).then_some(Json(rejection)),
            public_score: (state == State::Scored).then_some(0.912_345_6),
            part_scores: None,
            public_undefined: None,
            is_held: false,
            scored_at: (state == State::Scored).then_some(DateTime::UNIX_EPOCH),
            selected_at: None,
            log_position: 3,
            entry_hash: vec![9; 32],
            log_team_id: TeamId(1),
            log_nonce: Some(vec![4; 32]),
            is_hosts_fault: false,
            disqualified_because: None,
            file_gone_at: (state == State::Rejected).then_some(DateTime::UNIX_EPOCH),
        }
    }

    /// Where its file is no longer kept.
    pub fn gone(&self) -> Option<String> {
        let at = self.file_gone_at?.format("%Y-%m-%d");
        Some(format!(
            "This file was deleted on {at} under the site's retention rules: no result depended on it. Its score, \
            hash and receipt are kept."
        ))
    }

    pub fn sha256_hex(&self) -> String {
        hex::encode(&self.sha256)
    }

    pub fn entry_hash_hex(&self) -> String {
        hex::encode(&self.entry_hash)
    }

    pub fn log_nonce_hex(&self) -> Option<String> {
        self.log_nonce.as_ref().map(hex::encode)
    }

    pub fn size(&self) -> String {
        format::size(self.size_bytes.unsigned_abs())
    }

    /// What a sender reads who was too late, however early they began.
    pub fn lateness(&self, competition: &Competition) -> Option<String> {
        let end = competition.ends_at.map_or_else(String::new, |at| format!(" ({})", format::time(&at)));
        self.is_late
            .then(|| format!("It arrived completely only after the end{end}: it is scored but never ranked."))
    }

    pub fn is_selected(&self) -> bool {
        self.selected_at.is_some()
    }

    /// Whether it may be chosen for the final: sent in time, and neither refused nor broken.
    pub fn can_be_final(&self) -> bool {
        !self.is_late && self.file_gone_at.is_none() && !matches!(self.state, State::Rejected | State::Failed)
    }

    /// The public score with the decimals that [`Competition::decimals`] gives; empty where there is none.
    pub fn shown_score(&self, decimals: &i32) -> String {
        self.public_score.map(|score| format::score(score, *decimals)).unwrap_or_default()
    }

    /// What it came to under every metric of several; none before it has a score.
    /// `private` are the released ones.
    pub fn parts(&self, competition: &Competition, private: Option<&[f64]>) -> Vec<PartScore> {
        let public = self.part_scores.as_deref();
        if public.is_none() && private.is_none() {
            return Vec::new();
        }
        let at = |scores: Option<&[f64]>, at: usize| scores.and_then(|scores| scores.get(at)).copied();
        let part = |(number, name): (usize, &str)| PartScore {
            name: name.to_owned(),
            public_score: at(public, number),
            private_score: at(private, number),
        };
        competition.scored_by().enumerate().map(part).collect()
    }

    /// What a team reads beside a score that is that of an earlier file.
    pub fn held(&self) -> Option<&'static str> {
        self.is_held.then_some(ladder::HELD)
    }

    /// Why it has no score, where that is not its sender's fault.
    pub fn failure(&self) -> Option<&'static str> {
        match (self.state, self.is_hosts_fault) {
            (State::Failed, true) => Some(holdout_contract::custom::HOST_IS_TOLD),
            (State::Failed, false) => Some(FAILURE),
            _ => None,
        }
    }

    pub fn reason(&self) -> Option<&Rejection> {
        self.rejection.as_ref().map(|Json(rejection)| rejection)
    }
}

/// A submission's score under one of several metrics.
#[derive(Debug, Clone, PartialEq)]
pub struct PartScore {
    pub name: String,
    pub public_score: Option<f64>,
    /// After the end only.
    pub private_score: Option<f64>,
}

/// A score with `decimals` decimals, as a number: every further digit leaks labels to whoever probes.
pub fn rounded(score: f64, decimals: i32) -> f64 {
    format::score(score, decimals).parse().unwrap_or(score)
}

/// What a team may still send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    pub daily_limit: i32,
    /// Sent since 00:00 UTC and neither rejected nor failed.
    pub used: i32,
    pub resets_at: DateTime<Utc>,
    /// Where there is a limit of the whole competition.
    pub total: Option<Total>,
}

/// What a team may send to a whole competition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Total {
    pub limit: i32,
    /// Sent before the end and neither rejected nor failed.
    pub used: i32,
}

impl Total {
    pub fn left(self) -> i32 {
        (self.limit - self.used).max(0)
    }
}

impl Allowance {
    pub fn new(daily_limit: i32, used: i64, now: DateTime<Utc>) -> Self {
        let resets_at = next_midnight(now);
        Self { daily_limit, used: i32::try_from(used).unwrap_or(i32::MAX), resets_at, total: None }
    }

    pub fn with_total(self, limit: i32, used: i64) -> Self {
        Self { total: Some(Total { limit, used: i32::try_from(used).unwrap_or(i32::MAX) }), ..self }
    }

    /// As after another submission.
    pub fn after_one(self) -> Self {
        let total = self.total.map(|total| Total { used: total.used + 1, ..total });
        Self { used: self.used + 1, total, ..self }
    }

    /// What can be sent now.
    pub fn left(&self) -> i32 {
        self.total.map_or(i32::MAX, Total::left).min(self.left_today())
    }

    fn left_today(&self) -> i32 {
        (self.daily_limit - self.used).max(0)
    }

    /// Whether the whole competition's are used up, so that no day brings more.
    pub fn is_spent(&self) -> bool {
        self.total.is_some_and(|total| total.left() == 0)
    }

    /// Whether less is left in all than today.
    pub fn is_bound_by_total(&self) -> bool {
        self.total.is_some_and(|total| total.left() < self.left_today())
    }

    /// `3 of 5 left, next at 00:00 UTC; rejected files do not count`, and `17 of 40 in all` where that is limited.
    pub fn sentence(&self) -> String {
        let (left, most) = (self.left_today(), self.daily_limit);
        match self.total {
            Some(total) => format!(
                "{left} of {most} left today, {} of {} in all, next day at 00:00 UTC; rejected files do not count",
                total.left(),
                total.limit
            ),
            None => format!("{left} of {most} left, next at 00:00 UTC; rejected files do not count"),
        }
    }

    pub fn refusal(&self) -> String {
        match self.total.filter(|total| total.left() == 0) {
            Some(total) => format!(
                "All {} submissions that a team may send to this competition are used up.",
                total.limit
            ),
            None => format!(
                "Today's {} submissions are used up. The next can be sent at {}; rejected files do not count.",
                self.daily_limit,
                format::time(&self.resets_at)
            ),
        }
    }
}

/// The last 00:00 UTC.
pub fn midnight(now: DateTime<Utc>) -> DateTime<Utc> {
    now.date_naive().and_time(NaiveTime::MIN).and_utc()
}

/// The 00:00 UTC to come.
pub fn next_midnight(now: DateTime<Utc>) -> DateTime<Utc> {
    midnight(now).checked_add_days(Days::new(1)).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn an_allowance_says_what_is_left_and_when_more_comes() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::hours(30);
        let allowance = Allowance::new(5, 2, now);
        assert_eq!(allowance.sentence(), "3 of 5 left, next at 00:00 UTC; rejected files do not count");
        assert_eq!(allowance.resets_at, DateTime::UNIX_EPOCH + TimeDelta::days(2));
        assert_eq!(Allowance::new(5, 9, now).left(), 0);
    }

    #[test]
    fn what_is_left_in_all_binds_beside_what_is_left_today() {
        let allowance = Allowance::new(5, 2, DateTime::UNIX_EPOCH).with_total(40, 39);
        assert_eq!((allowance.left(), allowance.is_spent()), (1, false));
        assert!(
            allowance.sentence().starts_with("3 of 5 left today, 1 of 40 in all, next day at 00:00 UTC;")
        );
        let spent = allowance.after_one();
        assert_eq!((spent.left(), spent.is_spent()), (0, true));
        assert!(spent.refusal().starts_with("All 40 submissions "));
    }

    #[test]
    fn scores_lose_the_digits_that_are_not_shown() {
        assert_eq!(rounded(0.912_345_6, 3), 0.912);
        assert_eq!(rounded(1e-9, 5), 0.0);
    }
}
