//! The launch audit as its host answers it: what is to be predicted, and why to go on over a FAIL, or with a metric of
//! their own that could not be judged.
//!
//! Never here: a check. Scorers do them, for they read labels.

use holdout_contract::audit::{Declared, Overall};
use holdout_contract::custom;
use serde_json::json;

use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::access::Seen;
use crate::competitions::setup::Draft;
use crate::competitions::{store, supply};
use crate::error::{AppError, Result};

/// Longest reason in characters, as the schema has it.
pub const REASON_CHARS: usize = 1000;

/// What a host answers for in writing before people are judged by a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// The audit found a FAIL.
    Fail,
    /// The audit could not try a metric that the host wrote.
    NotJudged,
}

impl Doubt {
    /// Of a metric; `None` where nothing is to be answered for.
    pub fn of(overall: Option<Overall>, metric: Option<&str>) -> Option<Self> {
        match overall? {
            Overall::Fail => Some(Self::Fail),
            Overall::NotJudged if metric == Some(custom::NAME) => Some(Self::NotJudged),
            Overall::NotJudged | Overall::Pass | Overall::Warn | Overall::Refused => None,
        }
    }

    /// What its host is told who gave no reason.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Fail => {
                "The audit found a FAIL: this metric can be gamed on these labels. Choose another metric, or write \
                why you are launching anyway; all participants can read that beside the rules."
            }
            Self::NotJudged => {
                "The audit could not judge your metric, so nobody knows how it can be gamed on these labels. Fix \
                what the audit found, or write why people can trust it; all participants can read that beside the \
                rules."
            }
        }
    }
}

/// What a host answers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    /// What the winner's file should hold.
    pub declared: Option<Declared>,
    /// Why what the audit holds against the metric is acceptable.
    pub reason: Option<String>,
}

impl Answer {
    /// Nothing typed is no answer.
    ///
    /// # Errors
    /// [`AppError::Field`] for an answer that is none.
    pub fn read(declared: &str, reason: &str) -> Result<Self> {
        Ok(Self { declared: read_declared(declared)?, reason: read_reason(reason)? })
    }
}

/// # Errors
/// [`AppError::Field`] for what cannot be asked for.
pub fn read_declared(text: &str) -> Result<Option<Declared>> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|sentence: String| AppError::field("declared", sentence))
}

/// # Errors
/// [`AppError::Field`] for one that is too long.
pub fn read_reason(text: &str) -> Result<Option<String>> {
    let text = text.trim();
    if text.chars().count() > REASON_CHARS {
        return Err(AppError::field("audit_reason", "A reason has at most 1,000 characters."));
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// Writes down the answers for the version that is being put together; what is to be predicted
/// makes a new examination due.
///
/// # Errors
/// [`AppError::Refused`] after launch, unless a new version was begun.
pub async fn answer(app: &App, host: &Member, seen: &Seen, answer: &Answer) -> Result<()> {
    let id = seen.competition.id;
    let mut tx = app.db.begin().await?;
    let version = store::judging::lock_open_version(&mut tx, id).await?.ok_or_else(supply::frozen)?;
    let before = store::judging::version_at_hand(&mut tx, id).await?;
    let declared = answer.declared.map(|declared| declared.to_string());
    let reason = answer.reason.as_deref();
    store::judging::set_audit_answer(&mut tx, version, declared.as_deref(), reason).await?;
    if before.declared != declared {
        supply::examine(&mut tx, id, version).await?;
    }
    let detail = json!({ "version": before.number, "declared": declared, "reason": reason });
    store::drafts::note(&mut tx, app.clock.now(), host.id, "answer_audit", id, &detail).await?;
    tx.commit().await?;
    Ok(())
}

/// The reason to write down at a launch: what was typed, or what the draft has.
///
/// # Errors
/// [`AppError::Field`] where one is wanted and there is none.
pub fn reason_to_launch(draft: &Draft, typed: Option<&str>) -> Result<Option<String>> {
    let reason = match typed {
        Some(typed) => read_reason(typed)?,
        None => None,
    };
    let reason = reason.or_else(|| draft.version.audit_reason.clone());
    match draft.doubt().filter(|_| reason.is_none()) {
        Some(doubt) => Err(AppError::field("audit_reason", doubt.sentence())),
        None => Ok(reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fail_is_launched_with_a_reason_alone() {
        let mut draft = Draft::sample();
        assert!(reason_to_launch(&draft, None).is_err());
        assert!(reason_to_launch(&draft, Some("  ")).is_err());
        assert!(reason_to_launch(&draft, Some(&"x".repeat(1001))).is_err());
        assert_eq!(reason_to_launch(&draft, Some(" a replay ")).expect("one"), Some("a replay".to_owned()));
        draft.version.audit_reason = Some("written before".to_owned());
        assert_eq!(reason_to_launch(&draft, Some("")).expect("one"), Some("written before".to_owned()));
        draft.report = None;
        draft.version.audit_reason = None;
        assert_eq!(reason_to_launch(&draft, None).expect("no FAIL"), None);
    }

    #[test]
    fn a_metric_of_ones_own_that_was_not_judged_is_launched_with_a_reason_alone() {
        let mut draft = Draft::sample();
        let not_judged = holdout_contract::audit::Audit::not_judged("It ended its process.");
        draft.report.as_mut().expect("a report").audit = Some(not_judged);
        assert_eq!(reason_to_launch(&draft, None).expect("one of the catalogue"), None);
        draft.version.metric = Some(custom::NAME.to_owned());
        assert!(draft.wants_reason() && reason_to_launch(&draft, Some(" ")).is_err());
        let reason = reason_to_launch(&draft, Some("It is the ministry's own.")).expect("one");
        assert_eq!(reason.as_deref(), Some("It is the ministry's own."));
    }

    #[test]
    fn the_question_has_six_answers() {
        assert_eq!(read_declared(" ").expect("none"), None);
        assert_eq!(read_declared("quantile 0.9").expect("one"), Some(Declared::Quantile(0.9)));
        assert!(read_declared("quantile 1").is_err() && read_declared("mode").is_err());
    }
}
