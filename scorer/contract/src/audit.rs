//! What the audit finds out about a metric on one competition's labels. It is derived from hidden
//! labels, so only hosts read it; participants see verdicts and the host's reason.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The check of what the private rows tell apart; its value is the smallest difference that they do.
pub const PRIVATE_ROWS: &str = "P private rows";
/// A difference of so many standard errors is found in 80 of 100 contests, and called told apart.
pub const FOUND: f64 = 2.8;

/// The one question to a host: what should the winner's file hold?
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Declared {
    Mean,
    Median,
    Quantile(f64),
    Probabilities,
    Order,
    Labels,
}

impl Declared {
    /// Whether it says which number a forecaster should report of many that are possible.
    pub fn is_functional(&self) -> bool {
        matches!(self, Self::Mean | Self::Median | Self::Quantile(_))
    }
}

impl FromStr for Declared {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            ["mean"] => Ok(Self::Mean),
            ["median"] => Ok(Self::Median),
            ["probabilities"] => Ok(Self::Probabilities),
            ["order"] => Ok(Self::Order),
            ["labels"] => Ok(Self::Labels),
            ["quantile", share] => match share.parse() {
                Ok(share) if (0.0001..=0.9999).contains(&share) => Ok(Self::Quantile(share)),
                _ => Err(format!("“{share}” is no quantile; it must lie between 0.0001 and 0.9999.")),
            },
            _ => Err(format!(
                "“{text}” is none of mean, median, “quantile 0.9” (any number between 0 and 1), probabilities, order and labels."
            )),
        }
    }
}

impl fmt::Display for Declared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mean => f.write_str("mean"),
            Self::Median => f.write_str("median"),
            Self::Quantile(share) => write!(f, "quantile {share}"),
            Self::Probabilities => f.write_str("probabilities"),
            Self::Order => f.write_str("order"),
            Self::Labels => f.write_str("labels"),
        }
    }
}

impl TryFrom<String> for Declared {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Declared> for String {
    fn from(declared: Declared) -> Self {
        declared.to_string()
    }
}

/// What a contest plans to show and to allow, as far as labels leak by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Decimals that the public board shows.
    pub digits: u32,
    /// Submissions that a team may make a day.
    pub daily_limit: u32,
    /// Days on which there may be submissions; a day begins at 00:00 UTC.
    pub days: u32,
    /// Submissions that a team may make in all; as many as the days allow where it is `None`.
    pub total_limit: Option<u32>,
}

/// As long as a contest lasts whose timeline is not known.
const USUAL_DAYS: u32 = 60;

impl Plan {
    /// Of a competition's settings.
    pub fn of(
        digits: i32,
        daily_limit: i32,
        total_limit: Option<i32>,
        timeline: Option<(DateTime<Utc>, DateTime<Utc>)>,
    ) -> Self {
        let days = timeline.map_or(USUAL_DAYS, |(starts_at, ends_at)| {
            let n = (ends_at.date_naive() - starts_at.date_naive()).num_days() + 1;
            u32::try_from(n).unwrap_or(1).max(1)
        });
        let count = |number: i32| u32::try_from(number).unwrap_or(0);
        Self {
            digits: count(digits),
            daily_limit: count(daily_limit),
            days,
            total_limit: total_limit.map(count),
        }
    }

    /// As many as a team may make in the whole contest.
    pub fn n_submissions(&self) -> u32 {
        let by_days = self.daily_limit.saturating_mul(self.days);
        self.total_limit.map_or(by_days, |total| total.min(by_days))
    }
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = AuditVerdict))]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The question means nothing for this kind of metric.
    #[serde(rename = "not applicable")]
    NotApplicable,
    Pass,
    /// Stated, not judged.
    Info,
    Warn,
    Fail,
    /// The metric has no meaning on these labels.
    Refused,
}

impl Verdict {
    /// As people read it.
    pub fn word(self) -> &'static str {
        match self {
            Self::NotApplicable => "NOT APPLICABLE",
            Self::Pass => "PASS",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Fail => "FAIL",
            Self::Refused => "REFUSED",
        }
    }
}

/// The verdict on the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Overall {
    /// Nothing that was tried fits this kind of metric; never a PASS.
    NotJudged,
    Pass,
    Warn,
    Fail,
    Refused,
}

impl Overall {
    pub fn word(self) -> &'static str {
        match self {
            Self::NotJudged => "NOT JUDGED",
            Self::Pass => Verdict::Pass.word(),
            Self::Warn => Verdict::Warn.word(),
            Self::Fail => Verdict::Fail.word(),
            Self::Refused => Verdict::Refused.word(),
        }
    }
}

/// One check's result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = AuditCheck))]
pub struct Check {
    /// Stable name: `E honest report`, `G leverage`, …
    pub check: String,
    pub verdict: Verdict,
    /// The number that was judged; none where there is none.
    pub value: Option<f64>,
    /// What was found, in one plain sentence or two.
    pub text: String,
    /// What a participant could do with it; empty where nothing is to be gained.
    #[serde(default)]
    pub exploit: String,
    /// What keeps the host's intent and closes the door; empty where nothing is to be done.
    #[serde(default)]
    pub repair: String,
}

/// The whole report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Audit {
    pub overall: Overall,
    pub checks: Vec<Check>,
}

impl Audit {
    /// Of a metric or a shape of labels that no check fits.
    pub fn not_judged(reason: &str) -> Self {
        Self::of(vec![Check {
            check: "R not judged".to_owned(),
            verdict: Verdict::Info,
            value: None,
            text: reason.to_owned(),
            exploit: String::new(),
            repair: String::new(),
        }])
    }

    /// Whether the metric has no meaning on these labels, whatever else was found: nobody may launch with it, and no reason
    /// changes that.
    pub fn is_refused(&self) -> bool {
        self.overall == Overall::Refused || self.checks.iter().any(|check| check.verdict == Verdict::Refused)
    }

    /// Probing, resolution and plan belong to the contest and `T` to the tables, not to the metric: they are shown, but do
    /// not count towards the verdict. A refusal counts where nothing else could be judged, and where
    /// nothing was judged there is no verdict.
    pub fn of(checks: Vec<Check>) -> Self {
        if let [Check { verdict: Verdict::Refused, .. }] = checks.as_slice() {
            return Self { overall: Overall::Refused, checks };
        }
        let counts = |check: &&Check| !check.check.starts_with(['I', 'J', 'P', 'R', 'T']);
        let overall = match checks.iter().filter(counts).map(|check| check.verdict).max() {
            None | Some(Verdict::NotApplicable) => Overall::NotJudged,
            Some(Verdict::Pass | Verdict::Info) => Overall::Pass,
            Some(Verdict::Warn) => Overall::Warn,
            Some(Verdict::Fail) => Overall::Fail,
            Some(Verdict::Refused) => Overall::Refused,
        };
        Self { overall, checks }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_that_a_contest_touches_allows_its_submissions() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().expect("a time");
        let plan = |from, to| Plan::of(5, 3, None, Some((at(from), at(to)))).n_submissions();
        assert_eq!(plan("2026-11-01T23:59:00Z", "2026-11-02T00:01:00Z"), 6);
        assert_eq!(plan("2026-11-01T00:00:00Z", "2026-11-30T23:59:59Z"), 90);
        assert_eq!(Plan::of(5, 5, None, None).n_submissions(), 300);
        assert_eq!(Plan::of(5, i32::MAX, None, None).n_submissions(), u32::MAX);
        assert_eq!(Plan::of(5, 5, Some(40), None).n_submissions(), 40);
        assert_eq!(Plan::of(5, 5, Some(400), None).n_submissions(), 300);
    }
}
