//! Whether a team's file is better than its best one before by more than chance, for the team alone.

use sqlx::PgConnection;

use crate::competitions::model::Competition;
use crate::leaderboard::model::View;
use crate::ranks::model::{Split, Summary};
use crate::ranks::store;
use crate::submissions::model::{Submission, rounded};
use crate::web::format;

/// A sentence for the team; empty where there is nothing to compare, or nothing is known of noise.
///
/// # Errors
/// Those of the database.
pub async fn sentence(
    conn: &mut PgConnection,
    competition: &Competition,
    submission: &Submission,
) -> sqlx::Result<String> {
    if competition.is_ranked() || submission.is_late || submission.is_held {
        return Ok(String::new());
    }
    let Some(split) = Split::of(View::Public) else { return Ok(String::new()) };
    let Some(summary) = store::summary(conn, competition.id, split).await? else { return Ok(String::new()) };
    let before = store::best_before(conn, competition.id, submission.team_id, submission.id).await?;
    Ok(word(competition, &summary, submission.public_score, before).unwrap_or_default())
}

/// Of the scores as they are shown.
fn word(
    competition: &Competition,
    summary: &Summary,
    score: Option<f64>,
    before: Option<f64>,
) -> Option<String> {
    let shown = |score| rounded(score, competition.score_decimals);
    let (noise, gain) = (summary.noise?, shown(score?) - shown(before?));
    let gain = if competition.higher_is_better? { gain } else { -gain };
    let size = format::score(gain.abs(), competition.score_decimals);
    let is_noise = gain.abs() < noise;
    Some(match (gain > 0.0, is_noise) {
        _ if gain == 0.0 => "The same score as your best file before.".to_owned(),
        (true, true) => format!(
            "Better than your best file before by {size}, which may be chance: differences below {noise} are noise here."
        ),
        (true, false) => format!("Better than your best file before by {size}: more than noise."),
        (false, true) => format!(
            "Worse than your best file before by {size}, which may be chance: differences below {noise} are noise here."
        ),
        (false, false) => format!("Worse than your best file before by {size}: more than noise."),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gain_is_told_from_noise() {
        let competition = Competition { score_decimals: 4, ..Competition::sample() };
        let told = |score, before| word(&competition, &Summary::sample(), Some(score), before);
        assert_eq!(told(0.9, None), None);
        assert_eq!(told(0.9, Some(0.900_004)).as_deref(), Some("The same score as your best file before."));
        assert!(told(0.91, Some(0.9)).is_some_and(|text| text.contains("by 0.0100: more than noise")));
        assert!(
            told(0.901, Some(0.9))
                .is_some_and(|text| text.starts_with("Better") && text.contains("below 0.004"))
        );
        let lower = Competition { higher_is_better: Some(false), ..competition.clone() };
        let told = word(&lower, &Summary::sample(), Some(0.91), Some(0.9));
        assert!(told.is_some_and(|text| text.starts_with("Worse")));
    }
}
