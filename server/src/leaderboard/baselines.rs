//! Baselines between the ranked rows of a board: each stands in its place, and nobody is counted further for it. Pure.

use crate::leaderboard::model::{Key, Row};

/// Of one competition; the schema says so too.
pub const MOST_BASELINES: i64 = 10;
/// Files that one baseline takes, without those that are rejected; the schema says so too.
pub const MOST_FILES: i64 = 50;

/// A baseline, and how many ranked teams stand above it.
#[derive(Debug, Clone, PartialEq)]
pub struct Baseline {
    pub n_above: i64,
    pub row: Row,
}

impl Baseline {
    fn into_row(self) -> Row {
        let Self { n_above, row } = self;
        Row { rank: None, change: None, key: Key { rank: n_above, ..row.key }, ..row }
    }
}

/// Those behind a key, of all baselines of a board in their order.
pub fn behind(baselines: Vec<Baseline>, after: Key) -> Vec<Baseline> {
    let is_named = |one: &Baseline| one.row.key.submission_id == after.submission_id;
    match baselines.iter().position(is_named) {
        Some(named) => baselines.into_iter().skip(named + 1).collect(),
        None => baselines.into_iter().filter(|one| one.n_above >= after.rank).collect(),
    }
}

/// Up to `limit` rows of both kinds. `ranked` are the next so many of the board; of `baselines` none stands before them
/// that was on a page before. Both in their order.
pub fn with_baselines(ranked: Vec<Row>, baselines: Vec<Baseline>, limit: i64) -> Vec<Row> {
    let limit = usize::try_from(limit).unwrap_or(0);
    let is_end = ranked.len() < limit;
    let mut rows = Vec::with_capacity(ranked.len() + baselines.len());
    let mut waiting = baselines.into_iter().peekable();
    for row in ranked {
        let stands_above = |one: &Baseline| row.rank.is_some_and(|rank| one.n_above < rank);
        while let Some(baseline) = waiting.next_if(stands_above) {
            rows.push(baseline.into_row());
        }
        rows.push(row);
    }
    if is_end {
        rows.extend(waiting.map(Baseline::into_row));
    }
    rows.truncate(limit);
    rows
}

/// All rows, where these are all.
pub fn alone(baselines: Vec<Baseline>) -> Vec<Row> {
    baselines.into_iter().map(Baseline::into_row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranked(ranks: std::ops::RangeInclusive<i64>) -> Vec<Row> {
        ranks
            .map(|rank| Row {
                rank: Some(rank),
                key: Key { submission_id: 100 + rank, rank },
                ..Row::sample()
            })
            .collect()
    }

    fn baseline(submission_id: i64, n_above: i64) -> Baseline {
        let key = Key { submission_id, rank: n_above };
        Baseline { n_above, row: Row { key, ..Row::sample_baseline() } }
    }

    fn read(rows: &[Row]) -> Vec<String> {
        rows.iter().map(Row::shown_rank).collect()
    }

    #[test]
    fn nobody_is_counted_further_for_a_baseline() {
        let baselines = vec![baseline(1, 0), baseline(2, 2), baseline(3, 2), baseline(4, 3)];
        let whole = with_baselines(ranked(1..=3), baselines.clone(), 50);
        assert_eq!(read(&whole), ["–", "1", "2", "–", "–", "3", "–"]);
        assert_eq!(read(&with_baselines(Vec::new(), baselines, 50)).len(), 4, "alone on the board");
    }

    #[test]
    fn pages_of_every_length_are_the_whole_board() {
        let baselines = vec![baseline(1, 0), baseline(2, 0), baseline(3, 2), baseline(4, 5), baseline(5, 5)];
        let whole = with_baselines(ranked(1..=5), baselines.clone(), 50);
        for limit in 1..=10 {
            let (mut after, mut walked) = (Key::first(), Vec::new());
            loop {
                let last = (after.rank + limit).min(5);
                let page =
                    with_baselines(ranked(after.rank + 1..=last), behind(baselines.clone(), after), limit);
                let Some(row) = page.last() else { break };
                after = row.key;
                walked.extend(page);
            }
            assert_eq!(walked, whole, "{limit}");
        }
    }
}
