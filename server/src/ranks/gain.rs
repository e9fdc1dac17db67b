//! Whether a team's file is better than its best one before by more than chance, for the team alone. Its two files are
//! compared with each other: they are far more alike than those of two teams.

use sqlx::PgConnection;

use crate::competitions::model::Competition;
use crate::error::Result;
use crate::ids::SubmissionId;
use crate::leaderboard::model::View;
use crate::ranks::model::{Split, Summary, noise_of_shown};
use crate::ranks::store::{self, Before};
use crate::submissions::model::{Submission, rounded};
use crate::web::format;

/// What a difference is held against.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Yardstick {
    /// What chance does to the difference of these two files.
    Files(f64),
    /// What chance does to differences at the top of the board; of these two files it is not known.
    Board { noise: f64, may_change: bool },
    /// Nothing is known of chance.
    Unknown,
}

impl Yardstick {
    fn of(summary: &Summary, before: &Before, decimals: i32) -> Self {
        match (before.standard_error, summary.noise) {
            (Some(error), _) => Self::Files(noise_of_shown(error, decimals)),
            (None, Some(noise)) => Self::Board { noise, may_change: !before.is_compared },
            (None, None) => Self::Unknown,
        }
    }

    /// Smaller differences are noise.
    pub fn noise(self) -> Option<f64> {
        match self {
            Self::Files(noise) | Self::Board { noise, .. } => Some(noise),
            Self::Unknown => None,
        }
    }

    /// What was compared, in a word.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Files(_) => Some("files"),
            Self::Board { .. } => Some("board"),
            Self::Unknown => None,
        }
    }
}

/// A file beside its team's best one before, by the scores as they are shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Gain {
    pub before_id: SubmissionId,
    /// How much better; below 0: worse.
    pub value: f64,
    pub yardstick: Yardstick,
    /// Why nothing is known of chance on this board; else empty.
    pub absent: String,
    decimals: i32,
}

/// `None` where there is nothing to compare, and before anybody looked at the board.
///
/// # Errors
/// Those of the database.
pub async fn gain(
    conn: &mut PgConnection,
    competition: &Competition,
    submission: &Submission,
) -> Result<Option<Gain>> {
    if competition.is_ranked() || submission.is_late || submission.is_held {
        return Ok(None);
    }
    let Some(split) = Split::of(View::Public) else { return Ok(None) };
    let Some(summary) = store::summary(conn, competition.id, split).await? else { return Ok(None) };
    let before = store::best_before(conn, competition.id, submission.team_id, submission.id).await?;
    Ok(before.zip(submission.public_score).map(|(before, score)| of(competition, &summary, score, &before)))
}

fn of(competition: &Competition, summary: &Summary, score: f64, before: &Before) -> Gain {
    let decimals = competition.score_decimals;
    let gain = rounded(score, decimals) - rounded(before.public_score, decimals);
    Gain {
        before_id: before.submission_id,
        value: if competition.higher_is_better == Some(false) { -gain } else { gain },
        yardstick: Yardstick::of(summary, before, decimals),
        absent: summary.absent.clone().unwrap_or_default(),
        decimals,
    }
}

impl Gain {
    /// `None` where nothing is known of chance.
    pub fn is_noise(&self) -> Option<bool> {
        // A difference of shown scores is not exactly a number of their digits.
        let half_a_digit = 0.5 * 10_f64.powi(-self.decimals);
        self.yardstick.noise().map(|noise| self.value.abs() < noise - half_a_digit || self.value == 0.0)
    }

    pub fn sentence(&self) -> String {
        if self.value == 0.0 {
            return "The same score as your best file before.".to_owned();
        }
        let word = if self.value > 0.0 { "Better" } else { "Worse" };
        let size = format::score(self.value.abs(), self.decimals);
        let verdict = match self.is_noise() {
            Some(true) => ", which may be chance",
            Some(false) => ": more than noise",
            None => "",
        };
        format!("{word} than your best file before by {size}{verdict}{}", self.reason())
    }

    /// What follows the verdict.
    fn reason(&self) -> String {
        match self.yardstick {
            Yardstick::Files(noise) => format!(
                ". Compared on the same rows, differences of these two files below {} are noise.",
                format::score(noise, self.decimals)
            ),
            Yardstick::Board { noise, may_change } => format!(
                ". Differences below {noise} between the teams at the top are noise here. {}",
                if may_change {
                    "Your two files have not been compared on the same rows yet; that happens a little after a score."
                } else {
                    "Of your two files alone it is not known what is chance."
                }
            ),
            Yardstick::Unknown => format!(". Whether that is chance is not known here. {}", self.absent),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn before(public_score: f64, standard_error: Option<f64>) -> Before {
        Before {
            submission_id: SubmissionId(3),
            public_score,
            is_compared: standard_error.is_some(),
            standard_error,
        }
    }

    fn competition() -> Competition {
        Competition { score_decimals: 4, ..Competition::sample() }
    }

    fn told(score: f64, before: &Before) -> String {
        of(&competition(), &Summary::sample(), score, before).sentence()
    }

    #[test]
    fn a_gain_is_told_from_noise_by_the_two_files() {
        let close = |score| told(score, &before(0.9, Some(0.0004)));
        assert!(
            close(0.9003).starts_with("Better than your best file before by 0.0003, which may be chance.")
        );
        assert!(close(0.9003).ends_with("differences of these two files below 0.0008 are noise."));
        assert!(close(0.9008).starts_with("Better than your best file before by 0.0008: more than noise."));
        assert!(close(0.8).starts_with("Worse than your best file before by 0.1000: more than noise."));
        assert_eq!(close(0.900_004), "The same score as your best file before.");
        let lower = Competition { higher_is_better: Some(false), ..competition() };
        let gain = of(&lower, &Summary::sample(), 0.91, &before(0.9, Some(0.0004)));
        assert!(gain.sentence().starts_with("Worse") && gain.is_noise() == Some(false), "{gain:?}");
    }

    #[test]
    fn without_their_difference_the_boards_noise_stands_in_and_says_so() {
        let waiting = told(0.901, &before(0.9, None));
        assert!(
            waiting.contains("Differences below 0.004 between the teams at the top are noise"),
            "{waiting}"
        );
        assert!(waiting.contains("have not been compared on the same rows yet"), "{waiting}");
        let never = Before { is_compared: true, ..before(0.9, None) };
        assert!(told(0.901, &never).ends_with("Of your two files alone it is not known what is chance."));
        let absent = Summary {
            noise: None,
            absent: Some("For this metric no interval is known.".to_owned()),
            ..Summary::sample()
        };
        let gain = of(&competition(), &absent, 0.901, &before(0.9, None));
        assert_eq!(
            gain.sentence(),
            "Better than your best file before by 0.0010. Whether that is chance is not known here. For this metric no \
             interval is known."
        );
        assert_eq!((gain.is_noise(), gain.yardstick.name()), (None, None));
    }
}
