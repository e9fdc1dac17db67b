//! What a team reads of its own submissions: one function for pages, JSON and Kaggle's client.
//!
//! Never here: whether somebody takes part (the caller says for which team), and how a score is rounded or written.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::app::App;
use crate::competitions::access::Seen;
use crate::competitions::download::Download;
use crate::competitions::model::Competition;
use crate::error::{AppError, Result};
use crate::ids::{SubmissionId, TeamId};
use crate::leaderboard::model::View;
use crate::leaderboard::sight::BoardSight;
use crate::ranks;
use crate::ranks::gain::Gain;
use crate::submissions::model::{Allowance, State, Submission};
use crate::submissions::store::provenance::{Provenance, provenance};
use crate::submissions::store::{self, Place, Released};

/// A submission with everything around it, as its team may see it now.
#[derive(Debug, Clone)]
pub struct SubmissionDetail {
    /// In the state that is told beside its place in the queue.
    pub submission: Submission,
    /// Where it stands in the queue; `None` where it does not wait.
    pub place: Option<Place>,
    /// Its private score; `None` before the end.
    pub released: Option<Released>,
    /// What its score was computed from; `None` without a score.
    pub provenance: Option<Provenance>,
    /// Beside the team's best file before, while the competition is open.
    pub gain: Option<Gain>,
    /// Why it has no range of ranks, where a look at the board found none.
    pub no_range: Option<String>,
    /// What the team may still send.
    pub allowance: Allowance,
}

/// One submission of a team, at `now`.
///
/// # Errors
/// [`AppError::NotFound`] for what is no submission of this team; those of the database.
pub async fn detail(
    app: &App,
    seen: &Seen,
    team_id: TeamId,
    id: SubmissionId,
    now: DateTime<Utc>,
) -> Result<SubmissionDetail> {
    let competition = &seen.competition;
    let mut conn = app.db.acquire().await?;
    let mut submission = store::find(&mut conn, team_id, id).await?.ok_or(AppError::NotFound)?;
    let place = match submission.state {
        State::Queued => store::place(&mut conn, id).await?,
        _ => None,
    };
    submission.state = submission.state.beside(place.is_some());
    let released = released(&mut conn, competition, &[id.0], now).await?.pop();
    let gain = match competition.ended(now) {
        Some(_) => None,
        None => ranks::gain::gain(&mut conn, competition, &BoardSight::of(seen), &submission).await?,
    };
    let view = View::choose(competition, now, false);
    let no_range = ranks::left_out::of_file(&mut conn, competition, view, id).await?;
    let allowance = allowance(&mut conn, competition, team_id, now).await?;
    let provenance = provenance(&mut conn, &[id.0]).await?.pop();
    Ok(SubmissionDetail { submission, place, released, provenance, gain, no_range, allowance })
}

/// A part of a team's submissions, newest first, with the private scores of those that have one by now.
///
/// # Errors
/// Those of the database.
pub async fn list(
    conn: &mut PgConnection,
    competition: &Competition,
    team_id: TeamId,
    (before, limit): (SubmissionId, i64),
    now: DateTime<Utc>,
) -> sqlx::Result<(Vec<Submission>, Vec<Released>)> {
    let submissions = store::list(conn, team_id, before, limit).await?;
    let ids: Vec<i64> = submissions.iter().map(|submission| submission.id.0).collect();
    let released = released(conn, competition, &ids, now).await?;
    Ok((submissions, released))
}

/// The private scores of submissions; none before the end.
///
/// # Errors
/// Those of the database.
pub async fn released(
    conn: &mut PgConnection,
    competition: &Competition,
    ids: &[i64],
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Released>> {
    match competition.ended(now) {
        Some(ended) => store::released(conn, ended, competition.id, ids).await,
        None => Ok(Vec::new()),
    }
}

/// What a team may still send to its competition.
///
/// # Errors
/// Those of the database.
pub async fn allowance(
    conn: &mut PgConnection,
    competition: &Competition,
    team_id: TeamId,
    now: DateTime<Utc>,
) -> sqlx::Result<Allowance> {
    store::allowance(conn, team_id, competition.sending_limits(now), now).await
}

/// A submission of a team, as it stands on record.
///
/// # Errors
/// [`AppError::NotFound`] for what is no submission of this team; those of the database.
pub async fn find(app: &App, team_id: TeamId, id: SubmissionId) -> Result<Submission> {
    let mut conn = app.db.acquire().await?;
    store::find(&mut conn, team_id, id).await?.ok_or(AppError::NotFound)
}

/// A submission's file as an attachment.
///
/// # Errors
/// [`AppError::Refused`] where it is no longer kept.
pub fn download_of(submission: &Submission) -> Result<Download<'_>> {
    if let Some(gone) = submission.gone() {
        return Err(AppError::Refused(gone));
    }
    Ok(Download {
        storage_key: &submission.storage_key,
        name: &submission.file_name,
        size_bytes: submission.size_bytes.unsigned_abs(),
        sha256_hex: submission.sha256_hex(),
    })
}
