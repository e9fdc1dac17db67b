//! Rank ranges, noise, and how likely a difference is chance.

use chrono::{DateTime, TimeDelta, Utc};
use holdout_contract::interval::{self, Z};
use holdout_contract::ranks::RankedPart;
use serde::Serialize;
use sqlx::types::Json;

use crate::leaderboard::model::View;
use crate::web::format;

/// Which rows a board was computed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    Public,
    Private,
}

impl Split {
    /// `None` for the board of public scores after the end, at which nobody looks any more.
    pub fn of(view: View) -> Option<Self> {
        match view {
            View::Public => Some(Self::Public),
            View::Private(_) => Some(Self::Private),
            View::PublicAtEnd(_) => None,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
        }
    }
}

/// What is drawn anew when a contest is imagined again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
#[schema(as = RankUnit)]
pub enum Unit {
    Rows,
    /// That the metric averages.
    Groups,
    /// That the host declared.
    Clusters,
    /// Of rows, or of clusters, without which a metric of the host's own was asked for the score.
    Blocks,
}

impl Unit {
    pub fn one(self) -> &'static str {
        match self {
            Self::Rows => "row",
            Self::Groups => "group",
            Self::Clusters => "cluster",
            Self::Blocks => "block of rows",
        }
    }

    pub fn many(self) -> &'static str {
        match self {
            Self::Rows => "rows",
            Self::Groups => "groups",
            Self::Clusters => "clusters",
            Self::Blocks => "blocks of rows",
        }
    }
}

/// A board as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Of the board that was looked at.
    pub board_revision: i64,
    pub n_units: i32,
    pub unit: Unit,
    /// Smaller differences are noise; of scores that teams are ranked by.
    pub noise: Option<f64>,
    /// The metrics that teams are ranked by, where there are several.
    pub parts: Option<Json<Vec<RankedPart>>>,
    /// The same under each of them; `None` inside where no two files differ.
    pub part_noise: Option<Vec<Option<f64>>>,
    /// How far teams may move on the private rows: a mean, as a share of the table.
    pub shake_up: Option<f64>,
    /// Why there are no ranges.
    pub absent: Option<String>,
    /// Teams that were compared with each other, the first ones of the board.
    pub n_compared: Option<i32>,
    /// Teams on the board that was looked at.
    pub n_teams: Option<i32>,
    /// Of the compared ones, those of whose files it is not known what is chance: they have no range.
    pub n_left_out: i32,
    /// `None` where nobody looks.
    pub computed_at: Option<DateTime<Utc>>,
}

impl Summary {
    pub fn sample() -> Self {
        Self {
            board_revision: 3,
            n_units: 3000,
            unit: Unit::Rows,
            noise: Some(0.004),
            parts: None,
            part_noise: None,
            shake_up: Some(0.18),
            absent: None,
            n_compared: Some(1000),
            n_teams: Some(7200),
            n_left_out: 0,
            computed_at: Some(DateTime::UNIX_EPOCH),
        }
    }

    /// Of a board whose teams are ranked by several metrics.
    pub fn sample_of_ranks() -> Self {
        let parts = crate::competitions::model::Competition::sample_parts();
        Self {
            noise: None,
            part_noise: Some(vec![Some(0.004), None]),
            parts: Some(Json(parts)),
            ..Self::sample()
        }
    }

    /// Whether teams are ranked by several metrics.
    pub fn is_of_ranks(&self) -> bool {
        self.parts.is_some()
    }

    /// Every metric that teams are ranked by, with what is noise under it.
    pub fn noise_of_parts(&self) -> impl Iterator<Item = (&RankedPart, Option<f64>)> {
        let parts = self.parts.iter().flat_map(|Json(parts)| parts);
        parts.zip(self.part_noise.iter().flatten().copied())
    }

    /// Whether the board, now of this revision, is as it was when somebody looked.
    pub fn is_current(&self, board_revision: i64) -> bool {
        self.board_revision == board_revision
    }

    /// Of when the ranges are, where the board changed since; else empty.
    pub fn age_sentence(&self, board_revision: i64, now: &DateTime<Utc>) -> String {
        let earlier = self.computed_at.filter(|_| self.absent.is_none() && !self.is_current(board_revision));
        earlier.map_or_else(String::new, |at| {
            format!(
                "The ranges are from {}, and the board has changed since: teams with a new score have none until a \
                scorer checks again.",
                format::relative(&at.min(*now - TimeDelta::seconds(1)), now)
            )
        })
    }

    /// Where teams below a rank have no range.
    fn last_compared(&self) -> Option<i32> {
        self.n_compared.zip(self.n_teams).filter(|(n, n_teams)| n < n_teams).map(|(n, _)| n)
    }

    /// Which teams of the board, now of this revision, have a range, where not all do; else empty, as for a board that changed
    /// since, which may have other teams.
    pub fn compared_sentence(&self, board_revision: &i64) -> String {
        let is_told = self.absent.is_none() && self.is_current(*board_revision);
        let Some((n, n_teams)) = self.last_compared().zip(self.n_teams).filter(|_| is_told) else {
            return String::new();
        };
        format!(
            "The first {} of {} teams were compared with each other, and with some of the teams below them; teams further \
             down have no range.",
            format::count(n.into()),
            format::count(n_teams.into())
        )
    }

    /// Why a team at this rank has no range; `None` where it should have one.
    pub fn why_no_range(&self, rank: i64) -> Option<String> {
        let n = self.last_compared().filter(|n| self.absent.is_none() && rank > i64::from(*n))?;
        Some(format!(
            "Only the first {} teams of this board are compared with each other.",
            format::count(n.into())
        ))
    }

    /// `3,000 rows`.
    pub fn units(&self) -> String {
        format::counted(&self.n_units, self.unit.one(), self.unit.many())
    }

    /// How errors are known where nobody knows what the metric computes; else empty.
    pub fn how_sentence(&self) -> String {
        if self.unit != Unit::Blocks || self.absent.is_some() {
            return String::new();
        }
        let left_out = match self.n_left_out {
            0 => String::new(),
            n => format!(
                " Nothing is known of {}: the metric gives no score, or takes too long, without some of the rows, or one block \
                 alone decides. Nobody is held better or worse than these.",
                format::counted(&n, "team’s file", "teams’ files")
            ),
        };
        format!(
            "The metric is the host’s own, so it was asked for each score without each of {} blocks of rows. Where a score turns on \
             few rows, as a median or a quantile does, what that says is rough, and rather too large than too small.{left_out}",
            self.n_units
        )
    }

    /// What a reader should know about the scores.
    pub fn noise_sentence(&self) -> String {
        match (&self.absent, self.noises()) {
            (Some(reason), _) => reason.clone(),
            (None, Some(noise)) => format!("Differences below {noise} are noise on these {}.", self.units()),
            (None, None) if self.n_compared > Some(1) => {
                format!("No two of these files differ by chance on these {}.", self.units())
            }
            (None, None) => String::new(),
        }
    }

    /// `0.004`, or `0.004 in mae and 0.02 in r2`.
    fn noises(&self) -> Option<String> {
        if let Some(noise) = self.noise {
            return Some(noise.to_string());
        }
        let of_part =
            |(part, noise): (&RankedPart, Option<f64>)| Some(format!("{} in {}", noise?, part.name));
        let mut listed: Vec<String> = self.noise_of_parts().filter_map(of_part).collect();
        let last = listed.pop()?;
        Some(if listed.is_empty() { last } else { format!("{} and {last}", listed.join(", ")) })
    }

    /// What the end may bring.
    pub fn forecast(&self) -> String {
        let percent = self.shake_up.map(|share| (share * 100.0).round());
        match percent {
            Some(percent) if percent >= 1.0 => {
                format!("On the private rows, expect teams to move by about {percent}% of the table.")
            }
            _ => String::new(),
        }
    }
}

/// The ranks that a team may truly have, in 95 of 100 contests like this one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    pub low: i32,
    pub high: i32,
    /// Of the score.
    pub standard_error: f64,
    /// Rows, groups or clusters that it was computed on.
    pub n_units: i32,
    /// The score of a perfect file, where there is one.
    pub best: Option<f64>,
    /// Whether scores lie from 0 to 1.
    pub is_share: bool,
    /// Found out for the board as it is, not for an earlier one.
    pub is_current: bool,
}

impl Range {
    pub fn sample() -> Self {
        Self {
            low: 1,
            high: 4,
            standard_error: 0.0021,
            n_units: 3000,
            best: Some(1.0),
            is_share: false,
            is_current: true,
        }
    }

    /// Where the score lies in 95 of 100 contests on other rows of the same kind.
    pub fn interval(&self, score: f64) -> (f64, f64) {
        if self.is_share {
            return interval::of_share(score, self.standard_error, self.n_units);
        }
        interval::of_score(score, self.standard_error, self.n_units, self.best)
    }

    /// Widened to the rank that the board shows: an earlier board's range may lie beside it.
    pub fn with(self, rank: i64) -> Self {
        let rank = i32::try_from(rank).unwrap_or(i32::MAX);
        Self { low: self.low.min(rank), high: self.high.max(rank), ..self }
    }

    /// `2–5`; nothing where the rank is sure.
    pub fn shown(&self) -> String {
        if self.is_sure() { String::new() } else { format!("{}–{}", self.low, self.high) }
    }

    pub fn spoken(&self) -> String {
        format!("may truly be {} to {}", self.low, self.high)
    }

    pub fn is_sure(&self) -> bool {
        self.low == self.high
    }

    /// Whether nobody is better by more than chance.
    pub fn is_tied_with_first(&self) -> bool {
        self.low == 1 && !self.is_sure()
    }

    /// An earlier board's range is drawn lighter.
    pub fn class(&self) -> &'static str {
        if self.is_current { "range" } else { "range earlier" }
    }
}

/// A standard error with a digit more than the scores have, never less: what it tells beyond that, the scores hide.
pub fn error_beside_scores(standard_error: f64, decimals: i32) -> f64 {
    round_up(standard_error, decimals + 1)
}

/// What the difference of two scores of so many decimals comes to by chance, in 95 of 100 cases: that of the rows, and
/// that of the digits that are not shown. To the decimals of the scores.
pub fn noise_of_shown(standard_error: f64, decimals: i32) -> f64 {
    let unit = 10_f64.powi(-decimals);
    round_up(Z * (standard_error.powi(2) + unit.powi(2) / 6.0).sqrt(), decimals)
}

fn round_up(value: f64, decimals: i32) -> f64 {
    let scale = 10_f64.powi(decimals);
    // A number that is one of so many decimals is none by a little more.
    let steps = (value * scale - 1e-6).ceil().max(0.0) + 0.0;
    if steps.is_finite() { steps / scale } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_of_an_earlier_board_is_widened_to_the_rank_that_is_shown() {
        let earlier = Range { is_current: false, ..Range::sample() };
        assert_eq!(earlier.with(7), Range { high: 7, ..earlier });
        assert_eq!(earlier.with(2), earlier);
    }

    #[test]
    fn errors_beside_scores_tell_no_digit_that_the_scores_hide() {
        assert_eq!(error_beside_scores(1.3e-9, 4), 1e-5);
        assert_eq!(error_beside_scores(0.00213, 4), 0.00213);
        assert_eq!(error_beside_scores(0.0, 4), 0.0);
        assert_eq!(noise_of_shown(0.001, 4), 0.002);
        assert_eq!(noise_of_shown(1e-9, 4), 0.0001);
        assert_eq!(noise_of_shown(0.00005, 4), 0.0002);
    }

    #[test]
    fn who_was_compared_is_told_where_not_all_were() {
        let summary = Summary::sample();
        assert!(summary.compared_sentence(&3).starts_with("The first 1,000 of 7,200 teams were compared"));
        assert_eq!(summary.compared_sentence(&4), "", "there may be other teams now");
        assert_eq!(summary.why_no_range(1000), None);
        let told = summary.why_no_range(1001);
        assert_eq!(
            told.as_deref(),
            Some("Only the first 1,000 teams of this board are compared with each other.")
        );
        let whole = Summary { n_teams: Some(1000), ..Summary::sample() };
        assert_eq!((whole.compared_sentence(&3).as_str(), whole.why_no_range(1001)), ("", None));
        let none = Summary { absent: Some("No interval is known.".to_owned()), ..Summary::sample() };
        assert_eq!((none.compared_sentence(&3).as_str(), none.why_no_range(9999)), ("", None));
        assert_eq!(none.noise_sentence(), "No interval is known.");
    }

    #[test]
    fn ranges_of_an_earlier_board_tell_their_age_and_others_do_not() {
        let summary = Summary::sample();
        let now = DateTime::UNIX_EPOCH + TimeDelta::minutes(12);
        let told = summary.age_sentence(summary.board_revision + 1, &now);
        assert!(
            told.starts_with("The ranges are from 12 minutes ago, and the board has changed since"),
            "{told}"
        );
        let at_once = summary.age_sentence(summary.board_revision + 1, &DateTime::UNIX_EPOCH);
        assert!(at_once.starts_with("The ranges are from moments ago"), "{at_once}");
        assert_eq!(summary.age_sentence(summary.board_revision, &now), "");
        let none = Summary { absent: Some("No interval is known.".to_owned()), ..summary };
        assert_eq!(none.age_sentence(none.board_revision + 1, &now), "");
    }

    #[test]
    fn sentences_name_what_was_counted() {
        let mut summary = Summary::sample();
        assert_eq!(summary.noise_sentence(), "Differences below 0.004 are noise on these 3,000 rows.");
        assert_eq!(
            summary.forecast(),
            "On the private rows, expect teams to move by about 18% of the table."
        );
        let alike = Summary { noise: None, ..summary.clone() };
        assert_eq!(alike.noise_sentence(), "No two of these files differ by chance on these 3,000 rows.");
        assert_eq!(Summary { n_compared: Some(1), ..alike }.noise_sentence(), "");
        let mut of_ranks = Summary::sample_of_ranks();
        let told = "Differences below 0.004 in roc_auc are noise on these 3,000 rows.";
        assert_eq!(of_ranks.noise_sentence(), told);
        of_ranks.part_noise = Some(vec![Some(0.004), Some(0.02)]);
        assert!(of_ranks.noise_sentence().contains("0.004 in roc_auc and 0.02 in log_loss are noise"));
        of_ranks.part_noise = Some(vec![None, None]);
        assert!(of_ranks.noise_sentence().starts_with("No two of these files differ"));
        assert_eq!(summary.how_sentence(), "");
        let own = Summary { unit: Unit::Blocks, n_units: 40, n_left_out: 2, ..summary.clone() };
        assert_eq!(own.noise_sentence(), "Differences below 0.004 are noise on these 40 blocks of rows.");
        assert!(own.how_sentence().contains("without each of 40 blocks of rows."));
        assert!(own.how_sentence().contains("Nothing is known of 2 teams’ files"));
        summary.unit = Unit::Clusters;
        summary.shake_up = Some(0.001);
        assert!(summary.noise_sentence().ends_with("3,000 clusters."));
        assert_eq!(summary.forecast(), "");
        assert_eq!(Range::sample().shown(), "1–4");
        assert!(Range { high: 1, ..Range::sample() }.is_sure());
    }
}
