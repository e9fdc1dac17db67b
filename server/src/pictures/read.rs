//! Reading the pictures, for page and JSON.

use crate::app::App;
use crate::competitions::access::Seen;
use crate::competitions::model::Competition;
use crate::error::Result;
use crate::pictures::model::Pictures;
use crate::pictures::store;
use crate::ranks::attach;
use crate::shake_up::read::board_of_all;

/// The pictures of a final board, or why there are none.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    pub pictures: Option<Pictures>,
    /// A sentence where there are none.
    pub absent: String,
}

/// Whoever asks, hosts too, gets nothing before the final board stands.
///
/// # Errors
/// [`crate::error::AppError::NotFound`] before it does; those of the database.
pub async fn look(app: &App, seen: &Seen) -> Result<Look> {
    let competition = &seen.competition;
    let (ended, sight) = board_of_all(app, seen)?;
    let mut conn = app.db.acquire().await?;
    let pictures = store::pictures(&mut conn, ended, &sight, competition.id).await?;
    drop(conn);
    let absent = if pictures.is_some() { String::new() } else { absent(app, competition).await? };
    Ok(Look { pictures, absent })
}

async fn absent(app: &App, competition: &Competition) -> Result<String> {
    let view = crate::leaderboard::model::View::choose(competition, app.clock.now(), false);
    let summary = attach::summary(app, competition, view).await?;
    if summary.as_ref().is_some_and(|summary| summary.n_left_out > 0) {
        return Ok("Of a file on this board it is not known what is chance, so the contest cannot be imagined again.".to_owned());
    }
    let reason = summary.and_then(|summary| summary.absent);
    Ok(reason.unwrap_or_else(|| "The final board is still being analysed; check back soon.".to_owned()))
}
