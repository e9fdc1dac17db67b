//! What hosts read of versions and verifications, one function for pages and JSON. Before the end no public score has more
//! digits here than the board shows.

use chrono::{DateTime, Utc};

use super::model::{Fault, Move, MoveKey, Verification, Version};
use super::{rescore, store};
use crate::api::paging::cut;
use crate::app::App;
use crate::competitions::access::Seen;
use crate::error::Result;
use crate::ids::SubmissionId;

/// A version, and a part of the teams that would move if it were published.
#[derive(Debug, Clone)]
pub struct Moves {
    pub version: Version,
    /// Those that move farthest first.
    pub moves: Vec<Move>,
    /// Behind which the next part begins; `None` at the end.
    pub next: Option<MoveKey>,
}

/// At most `limit` moves behind `after`.
///
/// # Errors
/// As [`rescore::find`].
pub async fn moves(
    app: &App,
    seen: &Seen,
    number: i32,
    (after, limit): (MoveKey, usize),
    now: DateTime<Utc>,
) -> Result<Moves> {
    let mut conn = app.db.acquire().await?;
    let version = rescore::find(&mut conn, seen, number).await?;
    let fetched = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let mut moves = store::moves(&mut conn, version.id, after, fetched).await?;
    let has_more = cut(&mut moves, limit);
    let last = moves.last().filter(|_| has_more);
    let next = last.map(|last| MoveKey { distance: last.distance, team_id: last.team_id });
    if let Some(decimals) = seen.competition.hidden_digits(now) {
        moves = moves.into_iter().map(|moved| moved.rounded(decimals)).collect();
    }
    Ok(Moves { version, moves, next })
}

/// A verification with a part of what differed.
#[derive(Debug, Clone)]
pub struct VerificationReport {
    pub verification: Verification,
    /// By submission.
    pub faults: Vec<Fault>,
    /// Behind which the next part begins; `None` at the end.
    pub next: Option<SubmissionId>,
}

/// A verification by its number, else the newest, with at most `limit` faults behind `after`; `None` where there is none.
///
/// # Errors
/// Those of the database.
pub async fn verification(
    app: &App,
    seen: &Seen,
    number: Option<i64>,
    (after, limit): (SubmissionId, usize),
) -> Result<Option<VerificationReport>> {
    let mut conn = app.db.acquire().await?;
    let found = store::verification(&mut conn, seen.competition.id, number).await?;
    let Some(verification) = found else { return Ok(None) };
    let fetched = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let mut faults = store::faults(&mut conn, verification.id, after, fetched).await?;
    let has_more = cut(&mut faults, limit);
    let next = faults.last().filter(|_| has_more).map(|fault| fault.submission_id);
    Ok(Some(VerificationReport { verification, faults, next }))
}
