//! Reads of certificates, for pages and JSON alike. The first look at one's own gives it its code.

use uuid::Uuid;

use super::model::{Certificate, Standing};
use super::store;
use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions;
use crate::competitions::access;
use crate::error::{AppError, Result};
use crate::leaderboard::read::settled_if_due;
use crate::shake_up::read::final_board;

/// The member's own certificate, as the final board has it today.
///
/// # Errors
/// [`AppError::NotFound`] before the final board stands and for who takes no part; [`AppError::Refused`] where
/// the team is not on it.
pub async fn own(app: &App, member: &Member, slug: &str) -> Result<Certificate> {
    let seen = settled_if_due(app, access::see(app, slug, Some(member)).await?).await?;
    let competition = &seen.competition;
    let ended = final_board(app, competition)?;
    seen.standing.team_id.ok_or(AppError::NotFound)?;
    let mut conn = app.db.acquire().await?;
    let placing = store::placing(&mut conn, ended, competition.id, member.id).await?.ok_or_else(|| {
        AppError::refused("Your team is not on the final board, so there is no certificate for you.")
    })?;
    let code = store::issue(&mut conn, competition.id, member.id, &placing, app.clock.now()).await?;
    let issued = store::find(&mut conn, code).await?;
    issued.and_then(|issued| Certificate::new(issued, competition)).ok_or(AppError::NotFound)
}

/// What is said today of a certificate, to whoever has its code.
///
/// # Errors
/// [`AppError::NotFound`] for a code that no certificate has.
pub async fn verify(app: &App, code: Uuid) -> Result<(Certificate, Standing)> {
    let mut conn = app.db.acquire().await?;
    let issued = store::find(&mut conn, code).await?.ok_or(AppError::NotFound)?;
    let (id, holder) = (issued.competition_id, issued.user_id);
    let competition = competitions::store::find_by_id(&mut conn, id).await?.ok_or(AppError::NotFound)?;
    let today = store::placing(&mut conn, final_board(app, &competition)?, id, holder).await?;
    let certificate = Certificate::new(issued, &competition).ok_or(AppError::NotFound)?;
    let standing = certificate.standing(today);
    Ok((certificate, standing))
}
