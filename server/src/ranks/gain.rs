//! Whether a team's file is better than its best one before by more than chance, for the team alone. Its two files are
//! compared with each other: they are far more alike than those of two teams.

use holdout_contract::ranks::RankedPart;
use sqlx::PgConnection;

use crate::competitions::model::Competition;
use crate::error::Result;
use crate::ids::SubmissionId;
use crate::leaderboard::model::View;
use crate::leaderboard::sight::BoardSight;
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

/// The same under one of the metrics that teams are ranked by.
#[derive(Debug, Clone, PartialEq)]
pub struct PartGain {
    pub name: String,
    /// How much better; below 0: worse.
    pub value: f64,
    /// Smaller differences are noise; `None` where nothing is known of chance.
    pub noise: Option<f64>,
    decimals: i32,
}

/// Whether a difference of shown scores may be chance, which is not exactly a number of their digits.
fn is_noise(value: f64, noise: f64, decimals: i32) -> bool {
    value.abs() < noise - 0.5 * 10_f64.powi(-decimals) || value == 0.0
}

impl PartGain {
    /// Of two files; none where teams are ranked by their scores.
    fn all(competition: &Competition, scores: Option<&[f64]>, before: &Before) -> Vec<Self> {
        let Some((own, old)) = scores.zip(before.part_scores.as_deref()) else { return Vec::new() };
        let decimals = competition.score_decimals;
        let errors = before.part_errors.as_deref().unwrap_or_default();
        let part = |(at, part): (usize, &RankedPart)| {
            let gain = rounded(*own.get(at)?, decimals) - rounded(*old.get(at)?, decimals);
            let noise = errors.get(at).map(|error| noise_of_shown(*error, decimals));
            let value = if part.higher_is_better { gain } else { -gain };
            Some(Self { name: part.name.clone(), value, noise, decimals })
        };
        competition.ranked_by().iter().enumerate().filter_map(part).collect()
    }

    /// `None` where nothing is known of chance.
    pub fn is_noise(&self) -> Option<bool> {
        self.noise.map(|noise| is_noise(self.value, noise, self.decimals))
    }

    fn words(&self) -> String {
        if self.value == 0.0 {
            return format!("the same in {}", self.name);
        }
        let word = if self.value > 0.0 { "better" } else { "worse" };
        let verdict = match self.is_noise() {
            Some(true) => " (may be chance)",
            Some(false) => " (more than noise)",
            None => "",
        };
        format!("{word} in {} by {}{verdict}", self.name, format::score(self.value.abs(), self.decimals))
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
    /// Under every metric that teams are ranked by; the value above is that of the first.
    pub parts: Vec<PartGain>,
    is_compared: bool,
    decimals: i32,
}

/// `None` where there is nothing to compare, and before anybody looked at the board.
///
/// # Errors
/// Those of the database.
pub async fn gain(
    conn: &mut PgConnection,
    competition: &Competition,
    sight: &BoardSight,
    submission: &Submission,
) -> Result<Option<Gain>> {
    if submission.is_late || submission.is_held {
        return Ok(None);
    }
    let Some(split) = Split::of(View::Public) else { return Ok(None) };
    let Some(summary) = store::summary(conn, competition.id, split).await? else { return Ok(None) };
    let summary = if sight.shows_others() { summary } else { of_nobody_else(summary) };
    let before = store::best_before(conn, competition.id, submission.team_id, submission.id).await?;
    Ok(before.zip(submission.public_score).map(|(before, score)| Gain {
        parts: PartGain::all(competition, submission.part_scores.as_deref(), &before),
        ..of(competition, &summary, score, &before)
    }))
}

/// What chance does to the files at the top is told by who they are.
fn of_nobody_else(summary: Summary) -> Summary {
    let hidden = "Each team sees only its own row, so it is not shown what is noise at the top of the board.";
    Summary { noise: None, absent: summary.absent.or_else(|| Some(hidden.to_owned())), ..summary }
}

fn of(competition: &Competition, summary: &Summary, score: f64, before: &Before) -> Gain {
    let decimals = competition.score_decimals;
    let gain = rounded(score, decimals) - rounded(before.public_score, decimals);
    Gain {
        before_id: before.submission_id,
        value: if competition.higher_is_better == Some(false) { -gain } else { gain },
        yardstick: Yardstick::of(summary, before, decimals),
        absent: summary.absent.clone().unwrap_or_default(),
        parts: Vec::new(),
        is_compared: before.is_compared,
        decimals,
    }
}

impl Gain {
    /// `None` where nothing is known of chance.
    pub fn is_noise(&self) -> Option<bool> {
        self.yardstick.noise().map(|noise| is_noise(self.value, noise, self.decimals))
    }

    /// Under every metric, and where to see what the mean of the ranks makes of it.
    fn sentence_of_parts(&self, primary: &PartGain) -> String {
        let listed: Vec<String> = self.parts.iter().map(PartGain::words).collect();
        let reason = match (primary.noise, self.is_compared) {
            (Some(_), _) => "The two files were compared on the same rows.".to_owned(),
            (None, _) if !self.absent.is_empty() => {
                format!("Whether that is chance is not known here. {}", self.absent)
            }
            (None, false) => {
                "They have not been compared on the same rows yet; that happens shortly after scoring."
                    .to_owned()
            }
            (None, true) => "Of these two files it is not known what is chance.".to_owned(),
        };
        format!(
            "Beside your best file before: {}. {reason} The better one by {} counts for your team, and the leaderboard has its \
             place by the mean of ranks.",
            listed.join(", "),
            primary.name,
        )
    }

    pub fn sentence(&self) -> String {
        if let Some(primary) = self.parts.first() {
            return self.sentence_of_parts(primary);
        }
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
                    "Your two files have not been compared on the same rows yet; that happens shortly after scoring."
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
            part_scores: None,
            part_errors: None,
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

    #[test]
    fn where_teams_are_ranked_by_several_metrics_each_is_told() {
        let parts = sqlx::types::Json(Competition::sample_parts());
        let competition = Competition { ranked_parts: Some(parts), ..competition() };
        let of = |part_errors: Option<Vec<f64>>, summary: &Summary| {
            let standard_error = part_errors.as_ref().map(|errors| errors[0]);
            let before =
                Before { part_scores: Some(vec![0.9, 0.25]), part_errors, ..before(0.9, standard_error) };
            let parts = PartGain::all(&competition, Some(&[0.91, 0.2501]), &before);
            Gain { parts, ..of(&competition, summary, 0.91, &before) }
        };
        let summary = Summary::sample_of_ranks();
        let gain = of(Some(vec![0.001, 0.002]), &summary);
        assert_eq!(
            gain.sentence(),
            "Beside your best file before: better in roc_auc by 0.0100 (more than noise), worse in log_loss by 0.0001 (may be \
             chance). The two files were compared on the same rows. The better one by roc_auc counts for your team, and the \
             leaderboard has its place by the mean of ranks."
        );
        assert_eq!(gain.parts[1].is_noise(), Some(true));
        let waiting = of(None, &summary).sentence();
        assert!(waiting.contains("better in roc_auc by 0.0100, worse"), "{waiting}");
        assert!(waiting.contains("have not been compared on the same rows yet"), "{waiting}");
        let absent = Summary { absent: Some("No interval is known.".to_owned()), ..summary };
        assert!(of(None, &absent).sentence().contains("not known here. No interval is known."));
    }
}
