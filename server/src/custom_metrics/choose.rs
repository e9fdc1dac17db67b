//! Choosing a module as the metric of the version that is being put together.

use holdout_contract::custom::{MAX_SOURCE_BYTES, NAME};
use serde_json::{Map, Value, json};
use sqlx::PgConnection;

use super::store;
use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::access::Seen;
use crate::competitions::store::{drafts, judging};
use crate::competitions::{propose, supply};
use crate::error::{AppError, Result};

/// A module with everything that its host says about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    pub file_name: String,
    pub source: String,
    pub higher_is_better: bool,
    /// Keyword arguments of its function `score`.
    pub params: Map<String, Value>,
    pub context: Map<String, Value>,
    /// For solutions without a `Usage` column.
    pub public_fraction: f64,
}

/// Pins the module to the version that is being put together, and has a scorer load it, run its
/// doctests and score the sample submission.
///
/// # Errors
/// [`AppError::Field`] for a text that can be no module; [`AppError::Refused`] after launch, unless a
/// new version was begun; that of the condition.
pub async fn choose(
    app: &App,
    host: &Member,
    seen: &Seen,
    choice: Choice,
    stands: impl AsyncFnOnce(&mut PgConnection) -> Result<()>,
) -> Result<()> {
    let choice = Choice { file_name: file_name(&choice.file_name), ..choice };
    check(&choice.source)?;
    let (id, now) = (seen.competition.id, app.clock.now());
    let mut tx = app.db.begin().await?;
    let version = judging::lock_open_version(&mut tx, id).await?.ok_or_else(supply::frozen)?;
    stands(&mut tx).await?;
    store::put(&mut tx, id, version, &choice, host.id, now).await?;
    store::forget_unused(&mut tx, id).await?;
    supply::examine(&mut tx, id, version).await?;
    propose::refresh(&mut tx, id, now).await?;
    let detail = json!({ "metric": NAME, "file_name": choice.file_name, "params": choice.params });
    drafts::note(&mut tx, now, host.id, "choose_metric", id, &detail).await?;
    tx.commit().await?;
    Ok(())
}

/// Whether it is Python is for the sandbox to find out.
///
/// # Errors
/// [`AppError::Field`] for a text that can be no module.
pub fn check(source: &str) -> Result<()> {
    let wrong = |sentence: &str| Err(AppError::field("source", sentence));
    if source.trim().is_empty() {
        return wrong("Paste the module, or choose its file.");
    }
    if source.len() > MAX_SOURCE_BYTES {
        return wrong("A module has at most 256 kB.");
    }
    if source.contains('\0') {
        return wrong("This is not text: it contains a NUL character.");
    }
    if !source.contains("score") {
        return wrong("The module needs a function score(solution, submission, row_id_column_name, …).");
    }
    Ok(())
}

/// The last part of the name, without what cannot be shown.
fn file_name(sent: &str) -> String {
    let last = sent.rsplit(['/', '\\']).next().unwrap_or_default();
    let shown: String = last.chars().filter(|letter| !letter.is_control()).take(200).collect();
    if shown.trim().is_empty() { "metric.py".to_owned() } else { shown.trim().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_can_be_no_module_is_refused_with_its_reason() {
        assert!(check("def score(a, b, c): return 0").is_ok());
        for wrong in ["", "  ", "x = 1", "score\0", &"score".repeat(60_000)] {
            assert!(check(wrong).is_err());
        }
    }

    #[test]
    fn a_file_name_is_a_name_alone() {
        assert_eq!(file_name("C:\\metrics\\mine.py"), "mine.py");
        assert_eq!(file_name("../../etc/passwd"), "passwd");
        assert_eq!(file_name(" \u{7}"), "metric.py");
    }
}
