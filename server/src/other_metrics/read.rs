//! Reading what other metrics say, for page and JSON.

use super::model::Panel;
use super::store;
use crate::app::App;
use crate::competitions::access::Seen;
use crate::error::Result;
use crate::shake_up::read::board_of_all;

/// What other metrics say; `None` before any of them scored a file. Whoever asks, hosts too, gets nothing before
/// the final board stands.
///
/// # Errors
/// [`crate::error::AppError::NotFound`] before it does; those of the database.
pub async fn panel(app: &App, seen: &Seen) -> Result<Option<Panel>> {
    let (ended, sight) = board_of_all(app, seen)?;
    let id = seen.competition.id;
    let mut conn = app.db.acquire().await?;
    let Some(is_complete) = store::is_complete(&mut conn, ended, id).await? else { return Ok(None) };
    let metrics = store::metrics(&mut conn, ended, id).await?;
    let entries = store::entries(&mut conn, ended, &sight, id).await?;
    let submissions: Vec<i64> = entries.iter().map(|entry| entry.submission_id).collect();
    let scores = store::scores(&mut conn, ended, id, &submissions).await?;
    Ok(Some(Panel::of(entries, metrics, &scores, is_complete)))
}
