//! Rows of a board, which board it is, and the key that continues it.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};

use crate::competitions::model::{Competition, Ended, Phase};
use crate::ids::{TeamId, TopicId};
use crate::paths;
use crate::ranks::model::Range;
use crate::submissions::model::rounded;
use crate::web::format;

/// Which board is shown.
#[derive(Debug, Clone, Copy)]
pub enum View {
    /// Best public scores, while the final board does not stand.
    Public,
    /// The final board, by private score.
    Private(Ended),
    /// The final board's submissions in the order of their public scores.
    PublicAtEnd(Ended),
}

impl View {
    /// The board to show now; after the end `wants_public` asks for the public one.
    pub fn choose(competition: &Competition, now: DateTime<Utc>, wants_public: bool) -> Self {
        match competition.ended(now) {
            Some(ended) if competition.phase(now) == Phase::Final && wants_public => Self::PublicAtEnd(ended),
            Some(ended) if competition.phase(now) == Phase::Final => Self::Private(ended),
            _ => Self::Public,
        }
    }

    /// Stable name for addresses, caches and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private(_) => "private",
            Self::PublicAtEnd(_) => "public_at_end",
        }
    }

    pub fn is_private(self) -> bool {
        matches!(self, Self::Private(_))
    }

    /// With how many decimals the board shows a score.
    pub fn decimals(self, competition: &Competition) -> i32 {
        match self {
            Self::Public => competition.score_decimals,
            Self::Private(_) | Self::PublicAtEnd(_) => competition.final_decimals(),
        }
    }
}

/// Who is in a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub username: String,
    pub display_name: String,
}

/// Where a team stands under every one of several metrics.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranked {
    pub mean_rank: f64,
    pub parts: Vec<PartPlace>,
}

/// A team's value and rank under one metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PartPlace {
    pub score: f64,
    /// Equal values share the mean of their ranks.
    pub rank: f64,
}

impl Ranked {
    /// `None` where teams are ranked by one score.
    pub fn new(
        mean_rank: Option<f64>,
        part_scores: Option<Vec<f64>>,
        part_ranks: Option<Vec<f64>>,
    ) -> Option<Self> {
        let parts = part_scores?.into_iter().zip(part_ranks?);
        let parts = parts.map(|(score, rank)| PartPlace { score, rank }).collect();
        Some(Self { mean_rank: mean_rank?, parts })
    }

    pub fn sample() -> Self {
        let parts = vec![PartPlace { score: 0.912_345_6, rank: 1.0 }, PartPlace { score: 0.25, rank: 2.5 }];
        Self { mean_rank: 1.75, parts }
    }

    pub fn shown_mean_rank(&self) -> String {
        shown_mean_rank(self.mean_rank)
    }
}

/// A mean of ranks tells nothing of labels that the order of the board does not tell.
pub const MEAN_RANK_DECIMALS: i32 = 3;

pub fn shown_mean_rank(mean_rank: f64) -> String {
    format::score(mean_rank, MEAN_RANK_DECIMALS)
}

/// How much longer one side of an interval may be for a reader to take both as equal.
const NEARLY_EQUAL: f64 = 1.25;

fn margin(score: f64, (low, high): (f64, f64), decimals: i32) -> String {
    let shown = |value: f64| format::score(value, decimals);
    let (less, more) = ((score - low).min(high - score), (score - low).max(high - score));
    if shown(more) == shown(0.0) {
        String::new()
    } else if more < NEARLY_EQUAL * less || shown(less) == shown(more) {
        format!("± {}", shown(more))
    } else {
        format!("{}–{}", shown(low), shown(high))
    }
}

/// A team's row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// `None` for a baseline, which stands in its place and is not counted.
    pub rank: Option<i64>,
    /// Places gained (or, below zero, lost): since midnight, or from public to private.
    pub change: Option<i64>,
    /// `None` under a pseudonym.
    pub team_id: Option<TeamId>,
    pub team: String,
    /// Of the viewer's own row: how others see it.
    pub pseudonym: Option<String>,
    pub people: Vec<Person>,
    pub is_baseline: bool,
    /// In full precision; see [`Row::shown_score`]. Of the primary, where there are several metrics.
    pub score: Option<f64>,
    /// `None` where teams are ranked by their scores.
    pub ranked: Option<Ranked>,
    /// The values of the competition's secondary metrics, in their order; empty where it has none.
    pub secondary: Vec<f64>,
    /// Which ranks the team may truly have; `None` where nobody looked at its submission yet.
    pub range: Option<Range>,
    /// Why it has none, where nobody will look at it.
    pub no_range: Option<String>,
    pub n_entries: i32,
    pub last_entry_at: DateTime<Utc>,
    /// The topic in which the team tells how it did it; on final boards.
    pub write_up: Option<TopicId>,
    pub key: Key,
}

impl Row {
    pub fn sample() -> Self {
        Self {
            rank: Some(1),
            change: Some(2),
            team_id: Some(TeamId(1)),
            team: "Ada & friends".to_owned(),
            pseudonym: None,
            people: vec![Person { username: "ada".to_owned(), display_name: "Ada".to_owned() }],
            is_baseline: false,
            score: Some(0.912_345_6),
            ranked: None,
            secondary: Vec::new(),
            range: Some(Range::sample()),
            no_range: None,
            n_entries: 7,
            last_entry_at: DateTime::UNIX_EPOCH,
            write_up: Some(TopicId(1)),
            key: Key::first(),
        }
    }

    /// A host's reference entry, below the leader.
    pub fn sample_baseline() -> Self {
        Self {
            rank: None,
            change: None,
            team: "All zeros".to_owned(),
            people: Vec::new(),
            is_baseline: true,
            range: None,
            write_up: None,
            key: Key { submission_id: 9, rank: 1 },
            ..Self::sample()
        }
    }

    pub fn shown_rank(&self) -> String {
        self.rank.map_or_else(|| "–".to_owned(), |rank| rank.to_string())
    }

    pub fn is_first(&self) -> bool {
        self.rank == Some(1)
    }

    pub fn write_up_address(&self) -> Option<String> {
        self.write_up.map(paths::topic)
    }

    pub fn shown_score(&self, decimals: &i32) -> String {
        self.score.map_or_else(|| "–".to_owned(), |score| format::score(score, *decimals))
    }

    /// Where the score lies in 95 of 100 contests on other rows. Of the score as it is shown: a bound of the exact one
    /// would tell digits that the board hides.
    pub fn interval(&self, decimals: i32) -> Option<(f64, f64)> {
        let (score, range) = self.score.zip(self.range).filter(|_| self.ranked.is_none())?;
        Some(range.interval(rounded(score, decimals)))
    }

    /// `± 0.0041`, or `0.9712–0.9931` close to a perfect score; empty where nothing is known, and where the digits
    /// that are shown have no room for it.
    pub fn shown_margin(&self, decimals: &i32) -> String {
        let known = self.score.zip(self.interval(*decimals));
        known.map_or_else(String::new, |(score, bounds)| margin(rounded(score, *decimals), bounds, *decimals))
    }

    pub fn spoken_margin(&self, decimals: &i32) -> String {
        let shown = |bound| format::score(bound, *decimals);
        let spoken = |(low, high)| format!("on other rows {} to {}", shown(low), shown(high));
        self.interval(*decimals).map_or_else(String::new, spoken)
    }

    pub fn shown_mean_rank(&self) -> String {
        self.ranked.as_ref().map_or_else(|| "–".to_owned(), Ranked::shown_mean_rank)
    }

    /// Value and rank under a part.
    pub fn shown_part(&self, at: &usize, decimals: &i32) -> (String, String) {
        match self.ranked.as_ref().and_then(|ranked| ranked.parts.get(*at)) {
            Some(part) => (format::score(part.score, *decimals), part.rank.to_string()),
            None => ("–".to_owned(), String::new()),
        }
    }

    /// The value of a secondary metric.
    pub fn shown_secondary(&self, at: &usize, decimals: &i32) -> String {
        self.secondary.get(*at).map_or_else(|| "–".to_owned(), |score| format::score(*score, *decimals))
    }

    /// `▲ 2`, `▼ 1`, or nothing.
    pub fn shown_change(&self) -> String {
        match self.change {
            Some(gained) if gained > 0 => format!("▲ {gained}"),
            Some(lost) if lost < 0 => format!("▼ {}", -lost),
            _ => String::new(),
        }
    }

    /// The same for who does not see the arrow.
    pub fn spoken_change(&self) -> String {
        match self.change {
            Some(gained) if gained > 0 => format!("up {gained}"),
            Some(lost) if lost < 0 => format!("down {}", -lost),
            Some(_) => "unchanged".to_owned(),
            None if self.is_baseline => "baseline, without a rank".to_owned(),
            None => "new".to_owned(),
        }
    }

    pub fn change_class(&self) -> &'static str {
        match self.change {
            Some(gained) if gained > 0 => "up",
            Some(lost) if lost < 0 => "down",
            _ => "same",
        }
    }
}

/// Where a page of a board begins: after the row of this submission, or, where that is no team's best one any more, after
/// this rank. What rows are ordered by is not in it: a score has digits that the board hides, and from a key of somebody's own
/// making they could be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    pub submission_id: i64,
    /// Rank of the row itself, of a baseline that of the ranked row above it; the final boards go by it alone.
    pub rank: i64,
}

impl Key {
    /// Before the first row.
    pub fn first() -> Self {
        Self { submission_id: 0, rank: 0 }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.submission_id, self.rank)
    }
}

/// Not a key of a board.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAKey;

impl FromStr for Key {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let (submission_id, rank) = text.split_once('.').ok_or(NotAKey)?;
        let rank = rank.parse().ok().filter(|rank| (0..=i64::from(i32::MAX)).contains(rank));
        Ok(Self { submission_id: submission_id.parse().map_err(|_| NotAKey)?, rank: rank.ok_or(NotAKey)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_margin_is_one_number_unless_a_perfect_score_is_near() {
        let row = |score, standard_error| Row {
            score: Some(score),
            range: Some(Range { standard_error, ..Range::sample() }),
            ..Row::sample()
        };
        assert_eq!(row(0.8, 0.0021).shown_margin(&4), "± 0.0042");
        assert_eq!(row(0.995, 0.0015).shown_margin(&4), "0.9910–0.9972");
        assert_eq!(row(0.995, 0.0015).spoken_margin(&4), "on other rows 0.9910 to 0.9972");
        assert_eq!(row(0.8, 0.0001).shown_margin(&2), "", "no digit is left for it");
        assert_eq!(Row { range: None, ..Row::sample() }.shown_margin(&4), "");
        let hidden = [0.800_01, 0.800_04].map(|score| row(score, 0.0021).interval(4));
        assert_eq!(hidden[0], hidden[1], "digits that are not shown have no part in it");
        assert_eq!(Row { ranked: Some(Ranked::sample()), ..Row::sample() }.shown_margin(&4), "");
    }

    #[test]
    fn a_key_survives_its_text() {
        let key = Key { submission_id: 9, rank: 50 };
        assert_eq!(key.to_string().parse(), Ok(key));
        assert_eq!(Key::first().to_string().parse(), Ok(Key::first()));
        for wrong in ["", "1", "1.2.3", "x.1", "1.-4", "1.x", "1.9000000000", "99999999999999999999.1"] {
            assert_eq!(wrong.parse::<Key>(), Err(NotAKey), "{wrong}");
        }
    }
}
