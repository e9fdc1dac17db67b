//! Rows of a board as HTML.

use askama::Template;
use holdout_contract::ranks::{RankedPart, ShownMetric};

use crate::leaderboard::model::Row;
use crate::medals;

/// The rows of one page, the same for every viewer.
#[derive(Template)]
#[template(path = "leaderboard/rows.html")]
pub struct RowsPart<'a> {
    pub rows: &'a [Row],
    pub decimals: i32,
    /// The metrics that teams are ranked by; empty where it is their scores.
    pub parts: &'a [RankedPart],
    /// The metrics that are shown beside the score; often none.
    pub secondary: &'a [ShownMetric],
    /// Teams on a final board that counts for medals; `None` on any other.
    pub n_medalled: Option<i64>,
}

impl RowsPart<'_> {
    /// The class of a rank that won a medal; empty for others.
    pub fn medal(&self, rank: &Option<i64>) -> &'static str {
        medals::model::name_of_rank(*rank, self.n_medalled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_wear_the_medals_that_they_won_and_no_others() {
        let rows = [1, 2, 4, 5].map(|rank| Row { rank: Some(rank), ..Row::sample() });
        let drawn = |n_medalled| {
            RowsPart { rows: &rows, decimals: 5, parts: &[], secondary: &[], n_medalled }.render().unwrap()
        };
        let of_ten = drawn(Some(10));
        let classes: Vec<_> =
            of_ten.split("<td class=\"").skip(1).filter(|cell| cell.starts_with("rank")).collect();
        let starts = ["rank gold\"", "rank silver\"", "rank bronze\"", "rank\""];
        assert!(classes.iter().zip(starts).all(|(cell, start)| cell.starts_with(start)), "{classes:?}");
        assert!(drawn(Some(9)).contains("rank silver") && !drawn(Some(9)).contains("gold"), "nine: no gold");
        assert!(!drawn(None).contains("medal"));
    }
}
