//! The score of the submission that a notebook produced: its author says which, and readers see what is
//! public at that time.

use super::access::SeenNotebook;
use super::store::scores::{self, Linked};
use crate::app::App;
use crate::error::{AppError, Result};
use crate::ids::{CompetitionId, SubmissionId, TeamId};
use crate::leaderboard::sight::BoardSight;
use crate::submissions::model::rounded;
use crate::submissions::store::released;
use crate::web::format;

/// A score as it may be shown now.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    pub submission_id: SubmissionId,
    /// The version that it came from.
    pub number: i32,
    /// While the competition is open, with the decimals that its board shows.
    pub public: f64,
    /// After the end only.
    pub private: Option<f64>,
    decimals: i32,
}

impl Score {
    pub fn shown_public(&self) -> String {
        format::score(self.public, self.decimals)
    }

    /// Empty before the end.
    pub fn shown_private(&self) -> String {
        self.private.map(|score| format::score(score, self.decimals)).unwrap_or_default()
    }

    pub fn sample() -> Self {
        Self { submission_id: SubmissionId(7), number: 2, public: 0.912_34, private: Some(0.9), decimals: 5 }
    }
}

/// The best score of a notebook, or of one of its versions.
///
/// # Errors
/// Those of the database.
pub async fn best(app: &App, seen: &SeenNotebook, number: Option<i32>) -> Result<Option<Score>> {
    let Some(place) = &seen.competition else { return Ok(None) };
    // A score beside a name tells whose row on the board it is.
    if BoardSight::of(place).names().is_none() && !seen.is_owner {
        return Ok(None);
    }
    let competition = &place.competition;
    let mut conn = app.db.acquire().await?;
    let linked = match number {
        Some(number) => scores::best_of_version(&mut conn, competition.id, seen.notebook.id, number).await?,
        None => scores::best(&mut conn, competition.id, seen.notebook.id).await?,
    };
    let Some(Linked { submission_id, number, public_score }) = linked else { return Ok(None) };
    let now = app.clock.now();
    let decimals = competition.decimals(now);
    let ended = competition.ended(now);
    let private = match ended {
        Some(ended) => released(&mut conn, ended, competition.id, &[submission_id.0]).await?,
        None => Vec::new(),
    };
    Ok(Some(Score {
        submission_id,
        number,
        public: if ended.is_some() { public_score } else { rounded(public_score, decimals) },
        private: private.first().and_then(|released| released.private_score),
        decimals,
    }))
}

/// Says which version a submission of the author's team came from.
///
/// # Errors
/// [`AppError::Refused`] for everybody but the author; [`AppError::Field`] for a submission that is not the
/// team's in this competition; [`AppError::NotFound`] for a version that is not there.
pub async fn link(app: &App, seen: &SeenNotebook, number: i32, submission: SubmissionId) -> Result<()> {
    seen.require_owner()?;
    let (competition, team) = team_of(seen)?;
    let mut conn = app.db.acquire().await?;
    seen.version(&mut conn, Some(number)).await?;
    let is_theirs = scores::link(&mut conn, competition, team, submission, seen.notebook.id, number).await?;
    if is_theirs { Ok(()) } else { Err(no_such()) }
}

/// Takes [`link`] back.
///
/// # Errors
/// As [`link`].
pub async fn unlink(app: &App, seen: &SeenNotebook, submission: SubmissionId) -> Result<()> {
    seen.require_owner()?;
    let (_, team) = team_of(seen)?;
    let mut conn = app.db.acquire().await?;
    let was_linked = scores::unlink(&mut conn, team, submission, seen.notebook.id).await?;
    if was_linked { Ok(()) } else { Err(no_such()) }
}

fn team_of(seen: &SeenNotebook) -> Result<(CompetitionId, TeamId)> {
    let competition = seen.competition.as_ref().ok_or_else(no_such)?;
    let team = competition.standing.team_id.ok_or_else(no_such)?;
    Ok((competition.competition.id, team))
}

fn no_such() -> AppError {
    AppError::field(
        "submission",
        "Your team has no submission with this number in the notebook's competition.",
    )
}
