//! Submissions whose file was let go where they come from: no file is there to be scored, and what it came to stays on
//! record. Pure.

use chrono::{DateTime, Utc};
use holdout_contract::rejection::Rejection;
use serde_json::Value;
use uuid::Uuid;

use super::model::SubmissionLine;
use super::store::fill::{Gone, NewFile};
use super::unpacked::wrong;
use crate::error::Result;
use crate::ids::CompetitionId;

/// A place at which no file lies.
pub fn key(id: CompetitionId) -> String {
    format!("submissions/{}/{}", id.0, Uuid::now_v7())
}

/// What such a submission's row says of its file.
///
/// # Errors
/// What contradicts that the file was let go, or is missing of what it came to.
pub fn file<'a>(line: &'a SubmissionLine, key: &'a str, at: DateTime<Utc>) -> Result<NewFile<'a>> {
    let refused = |what: &str| {
        wrong(format!("The file of submission {} was deleted, and the archive {what}.", line.id))
    };
    let (public, private) = (
        line.public_score.is_some() != line.public_undefined.is_some(),
        line.private_score.is_some() != line.private_undefined.is_some(),
    );
    match line.state.as_str() {
        _ if line.selected_at.is_some() => return Err(refused("says that it was chosen for the final")),
        "scored" if public && private && line.scored_at.is_some() => {}
        "rejected" if line.rejection.as_ref().is_some_and(is_rejection) => {}
        _ => return Err(refused("does not say what it came to")),
    }
    let mut sha256 = [0; 32];
    hex::decode_to_slice(&line.sha256, &mut sha256).map_err(|_| refused("has no SHA-256 of it"))?;
    let rejection = line.rejection.as_ref().filter(|_| line.state == "rejected");
    Ok(NewFile {
        key,
        size_bytes: line.size_bytes,
        sha256,
        gone: Some(Gone { at, state: &line.state, rejection }),
    })
}

fn is_rejection(value: &Value) -> bool {
    serde_json::from_value::<Rejection>(value.clone()).is_ok()
}

/// How many there are.
#[derive(Debug, Default)]
pub struct Tally {
    n: usize,
    /// Those that were scored and came in time.
    pub n_entries: usize,
}

impl Tally {
    /// What hosts sent to be compared with is no entry.
    pub fn count(&mut self, line: &SubmissionLine, is_baseline: bool) {
        self.n += 1;
        self.n_entries += usize::from(line.state == "scored" && !line.is_late && !is_baseline);
    }

    pub fn sentence(&self) -> Option<String> {
        (self.n > 0).then(|| {
            format!(
                "Files of {} submissions, which were deleted in the original installation: their results are on \
                record here as they were there, but do not appear on a board.",
                self.n
            )
        })
    }
}
