//! What a host should know of a board that is open: what is noise on it, what the end may bring, and how many
//! rows the next competition would need.

use crate::app::App;
use crate::competitions::model::{Competition, Phase};
use crate::error::Result;
use crate::leaderboard::model::{Key, View};
use crate::leaderboard::read;
use crate::ranks::attach;
use crate::ranks::compare::difference;

/// Sentences, of public rows alone; none before anybody looked at the board.
///
/// # Errors
/// Those of the database.
pub async fn outlook(app: &App, competition: &Competition) -> Result<Vec<String>> {
    let view = View::Public;
    if competition.phase(app.clock.now()) != Phase::Open {
        return Ok(Vec::new());
    }
    let Some(summary) = attach::summary(app, competition, view).await? else { return Ok(Vec::new()) };
    let mut sentences = vec![summary.noise_sentence(), summary.forecast()];
    let top = read::page(app, competition, view, Key::first(), 2).await?;
    if let [first, second] = top.as_slice()
        && let Some(difference) = difference(app, competition, view, first, second).await?
    {
        sentences.push(if difference.is_noise() {
            let needed = difference.needed(&summary).unwrap_or_default();
            format!("The lead of {} over {} may be chance. {needed}", first.team, second.team)
        } else {
            format!("The lead of {} over {} is more than chance.", first.team, second.team)
        });
    }
    sentences.retain(|sentence| !sentence.is_empty());
    Ok(sentences)
}
