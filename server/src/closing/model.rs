//! What a closing page shows. Pure.

use chrono::{DateTime, Utc};

use crate::leaderboard::model::Row;
use crate::medals::model::{Medal, of_rank};

/// Longest words of the hosts, in characters.
pub const WORDS_LIMIT: usize = 20_000;
/// Named however few medals there are.
const LEAST_NAMED: i64 = 3;
/// Named at most.
pub const MOST_NAMED: i64 = 100;

/// The hosts' part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// Markdown.
    pub words: String,
    pub html: String,
    pub confirmed_by: String,
    pub confirmed_at: DateTime<Utc>,
    /// After the words were last changed; the time of confirmation at first.
    pub changed_at: DateTime<Utc>,
}

impl Closing {
    pub fn sample() -> Self {
        Self {
            words: "Thank you all.".to_owned(),
            html: "<p>Thank you all.</p>".to_owned(),
            confirmed_by: "Host".to_owned(),
            confirmed_at: DateTime::UNIX_EPOCH,
            changed_at: DateTime::UNIX_EPOCH,
        }
    }
}

#[derive(Debug, Clone)]
pub struct Winner {
    pub rank: i64,
    pub row: Row,
    pub medal: Option<Medal>,
}

#[derive(Debug, Clone)]
pub struct Winners {
    pub named: Vec<Winner>,
    /// Teams on the final board.
    pub n_teams: i64,
}

impl Winners {
    /// Gold medals, and the first three in any case.
    pub fn of(rows: Vec<Row>, n_teams: i64, has_medals: bool) -> Self {
        let named = rows
            .into_iter()
            .filter_map(|row| {
                let rank = row.rank?;
                Some(Winner { rank, medal: of_rank(rank, n_teams).filter(|_| has_medals), row })
            })
            .filter(|winner| winner.rank <= LEAST_NAMED || winner.medal == Some(Medal::Gold))
            .collect();
        Self { named, n_teams }
    }

    pub fn sample() -> Self {
        Self::of(vec![Row::sample(), Row { rank: Some(2), ..Row::sample() }], 120, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golds_are_named_and_never_fewer_than_three() {
        let rows = |n| (1..=n).map(|rank| Row { rank: Some(rank), ..Row::sample() }).collect::<Vec<_>>();
        let of_many = Winners::of(rows(20), 120, true);
        assert_eq!(of_many.named.len(), 10);
        let without = Winners::of(rows(20), 120, false);
        assert_eq!((without.named.len(), without.named[0].medal), (3, None));
        let of_few = Winners::of(rows(5), 5, true);
        assert_eq!((of_few.named.len(), of_few.named[0].medal), (3, of_rank(1, 5)));
        assert!(Winners::of(vec![Row::sample_baseline()], 9, true).named.is_empty());
    }
}
