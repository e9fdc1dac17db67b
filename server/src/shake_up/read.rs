//! Reads of the shake-up, for pages and JSON.

use super::store::{self, Move};
use crate::app::App;
use crate::competitions::access::Seen;
use crate::competitions::model::{Competition, Ended};
use crate::error::{AppError, Result};
use crate::ids::{SubmissionId, TeamId};
use crate::leaderboard::model::View;
use crate::leaderboard::sight::BoardSight;
use crate::submissions;

/// The witness that the final board stands.
///
/// # Errors
/// [`AppError::NotFound`] before it does: there is no shake-up yet.
pub fn final_board(app: &App, competition: &Competition) -> Result<Ended> {
    match View::choose(competition, app.clock.now(), false) {
        View::Private(ended) => Ok(ended),
        View::Public | View::PublicAtEnd(_) => Err(AppError::NotFound),
    }
}

/// The final board with what the viewer sees of it, for what is told of all its teams.
///
/// # Errors
/// As [`final_board`]; [`AppError::Refused`] for who sees their own row alone.
pub fn board_of_all(app: &App, seen: &Seen) -> Result<(Ended, BoardSight)> {
    let ended = final_board(app, &seen.competition)?;
    let sight = BoardSight::of(seen);
    if sight.shows_others() {
        Ok((ended, sight))
    } else {
        Err(AppError::refused("Each team sees only its own row of this board, even after the end."))
    }
}

/// Teams of the final board behind rank `after`, best first.
///
/// # Errors
/// [`AppError::NotFound`] before the final board stands; those of the database.
pub async fn moves(app: &App, seen: &Seen, after: i32, limit: i64) -> Result<Vec<Move>> {
    let (ended, sight) = board_of_all(app, seen)?;
    let mut conn = app.db.acquire().await?;
    Ok(store::moves(&mut conn, ended, &sight, seen.competition.id, after, limit).await?)
}

/// A submission's score on both sets of rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    pub id: SubmissionId,
    pub public_score: f64,
    pub private_score: f64,
}

/// A team's newest submissions that have both scores, newest first.
///
/// # Errors
/// [`AppError::NotFound`] before the final board stands; those of the database.
pub async fn pairs(app: &App, competition: &Competition, team_id: TeamId, limit: i64) -> Result<Vec<Pair>> {
    let ended = final_board(app, competition)?;
    let mut conn = app.db.acquire().await?;
    let sent = submissions::store::list(&mut conn, team_id, SubmissionId(i64::MAX), limit).await?;
    let ids: Vec<i64> = sent.iter().map(|submission| submission.id.0).collect();
    let released = submissions::store::released(&mut conn, ended, competition.id, &ids).await?;
    let private = |id| released.iter().find(|score| score.submission_id == id)?.private_score;
    let pair = |submission: &submissions::model::Submission| {
        let (public_score, private_score) = (submission.public_score?, private(submission.id)?);
        Some(Pair { id: submission.id, public_score, private_score })
    };
    Ok(sent.iter().filter_map(pair).collect())
}
