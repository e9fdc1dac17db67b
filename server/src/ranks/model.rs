//! Rank ranges, noise, and how likely a difference is chance.

use serde::Serialize;

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
}

impl Unit {
    pub fn one(self) -> &'static str {
        match self {
            Self::Rows => "row",
            Self::Groups => "group",
            Self::Clusters => "cluster",
        }
    }

    pub fn many(self) -> &'static str {
        match self {
            Self::Rows => "rows",
            Self::Groups => "groups",
            Self::Clusters => "clusters",
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
    /// Smaller differences are noise.
    pub noise: Option<f64>,
    /// How far teams may move on the private rows: a mean, as a share of the table.
    pub shake_up: Option<f64>,
    /// Why there are no ranges.
    pub absent: Option<String>,
}

impl Summary {
    pub fn sample() -> Self {
        Self {
            board_revision: 3,
            n_units: 3000,
            unit: Unit::Rows,
            noise: Some(0.004),
            shake_up: Some(0.18),
            absent: None,
        }
    }

    /// `3,000 rows`.
    pub fn units(&self) -> String {
        format::counted(&self.n_units, self.unit.one(), self.unit.many())
    }

    /// What a reader should know about the scores.
    pub fn noise_sentence(&self) -> String {
        match (&self.absent, self.noise) {
            (Some(reason), _) => reason.clone(),
            (None, Some(noise)) => format!("Differences below {noise} are noise on these {}.", self.units()),
            (None, None) => String::new(),
        }
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
    /// Found out for the board as it is, not for an earlier one.
    pub is_current: bool,
}

impl Range {
    pub fn sample() -> Self {
        Self { low: 1, high: 4, standard_error: 0.0021, is_current: true }
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

/// A difference of two scores, as they are shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// Of the first score less the second.
    pub value: f64,
    /// How far the difference would typically move on other rows.
    pub standard_error: f64,
}

/// The bounds of a normal number in 95 of 100 cases.
const Z: f64 = 1.96;

impl Difference {
    pub fn interval(&self) -> (f64, f64) {
        (self.value - Z * self.standard_error, self.value + Z * self.standard_error)
    }

    /// How often equally good files would differ at least as much.
    pub fn p_value(&self) -> f64 {
        match (self.standard_error > 0.0, self.value == 0.0) {
            (_, true) => 1.0,
            (false, false) => 0.0,
            (true, false) => {
                complementary_error(self.value.abs() / self.standard_error / std::f64::consts::SQRT_2)
            }
        }
    }

    pub fn is_noise(&self) -> bool {
        self.value.abs() <= Z * self.standard_error || self.value == 0.0
    }

    /// How many rows would tell the two apart, as a sentence; `None` where the scores are equal.
    pub fn needed(&self, summary: &Summary) -> Option<String> {
        let needed = format::count(self.needed_units(summary.n_units)?);
        let units = summary.unit.many();
        Some(format!(
            "To tell these two apart, about {needed} {units} would be needed; this board has {}.",
            summary.units()
        ))
    }

    fn needed_units(&self, n_units: i32) -> Option<i64> {
        let needed = f64::from(n_units) * (Z * self.standard_error / self.value).powi(2);
        (self.value != 0.0 && needed.is_finite()).then(|| needed.ceil().min(1e15) as i64)
    }
}

/// Abramowitz and Stegun 7.1.26; errors are below 2e-7.
fn complementary_error(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let series = [0.254_829_592, -0.284_496_736, 1.421_413_741, -1.453_152_027, 1.061_405_429];
    let sum = series.iter().rev().fold(0.0, |sum, factor| (sum + factor) * t);
    sum * (-x * x).exp()
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
    fn a_difference_is_noise_where_its_interval_holds_zero() {
        let difference = Difference { value: 0.002, standard_error: 0.001 };
        assert!(!difference.is_noise());
        assert!((difference.p_value() - 0.0455).abs() < 1e-4);
        assert_eq!(difference.needed_units(1000), Some(961));
        let noise = Difference { value: -0.001, standard_error: 0.001 };
        assert!(noise.is_noise() && noise.interval().1 > 0.0);
        assert!((noise.p_value() - 0.3173).abs() < 1e-4);
        let equal = Difference { value: 0.0, standard_error: 0.0 };
        assert!(equal.is_noise() && equal.needed_units(1000).is_none());
        assert_eq!(equal.p_value(), 1.0);
    }

    #[test]
    fn sentences_name_what_was_counted() {
        let mut summary = Summary::sample();
        assert_eq!(summary.noise_sentence(), "Differences below 0.004 are noise on these 3,000 rows.");
        assert_eq!(
            summary.forecast(),
            "On the private rows, expect teams to move by about 18% of the table."
        );
        summary.unit = Unit::Clusters;
        summary.shake_up = Some(0.001);
        assert!(summary.noise_sentence().ends_with("3,000 clusters."));
        assert_eq!(summary.forecast(), "");
        assert_eq!(Range::sample().shown(), "1–4");
        assert!(Range { high: 1, ..Range::sample() }.is_sure());
    }
}
