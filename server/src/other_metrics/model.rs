//! How other metrics would have ranked the final board.

use std::collections::HashMap;

use crate::leaderboard::sight::SeenTeam;

/// Teams whose files other metrics score, from the top of the final board.
pub const MOST_TEAMS: i64 = 100;
/// Teams whose ranks are shown.
pub const SHOWN_TEAMS: usize = 10;

/// A team of the final board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub team: SeenTeam,
    pub rank: i32,
    pub submission_id: i64,
}

/// A metric that reads the same files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherMetric {
    pub place: i16,
    pub metric: String,
    /// Beside its name: a column, an aggregation, its main parameter.
    pub note: String,
    pub higher_is_better: bool,
    /// The solution cannot be used with it.
    pub is_absent: bool,
}

/// A score under another metric; `None` where it gives the file none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OtherScore {
    pub place: i16,
    pub submission_id: i64,
    pub score: Option<f64>,
}

/// Where a team would have stood. Equal scores share a rank.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    pub score: f64,
    pub rank: usize,
}

/// What one metric says.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    pub metric: OtherMetric,
    /// Of every entry, in their order.
    pub standings: Vec<Option<Standing>>,
    /// The place among the entries of who would have won; of equal scores the one that is ahead on the board.
    pub winner: Option<usize>,
    /// How well its order agrees with the official one: 1 the same, 0 as chance would, -1 reversed.
    pub tau: Option<f64>,
}

impl Verdict {
    fn of(metric: OtherMetric, entries: &[Entry], scores: &HashMap<(i16, i64), f64>) -> Self {
        let score = |entry: &Entry| scores.get(&(metric.place, entry.submission_id)).copied();
        let key = |score: f64| if metric.higher_is_better { -score } else { score };
        let keys: Vec<Option<f64>> = entries.iter().map(|entry| score(entry).map(key)).collect();
        let rank = |own: f64| 1 + keys.iter().flatten().filter(|key| **key < own).count();
        let standings: Vec<Option<Standing>> = entries
            .iter()
            .zip(&keys)
            .map(|(entry, key)| Some(Standing { score: score(entry)?, rank: rank((*key)?) }))
            .collect();
        Self {
            winner: standings.iter().position(|standing| standing.is_some_and(|standing| standing.rank == 1)),
            tau: tau(&keys.into_iter().flatten().collect::<Vec<f64>>()),
            standings,
            metric,
        }
    }

    /// Whether the first of the board wins here, too.
    pub fn keeps_the_winner(&self) -> bool {
        self.standings.first().copied().flatten().is_some_and(|standing| standing.rank == 1)
    }
}

/// Kendall's tau-b of keys, given in the official order, which has no ties, with that order.
fn tau(keys: &[f64]) -> Option<f64> {
    let (mut agreement, mut n_apart, mut n_pairs) = (0_i64, 0_i64, 0_i64);
    for (at, first) in keys.iter().enumerate() {
        for second in &keys[at + 1..] {
            agreement += i64::from(first < second) - i64::from(first > second);
            n_apart += i64::from(first != second);
            n_pairs += 1;
        }
    }
    (n_apart > 0).then(|| agreement as f64 / ((n_pairs as f64) * (n_apart as f64)).sqrt())
}

/// Everything that other metrics say of a final board.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    pub entries: Vec<Entry>,
    pub verdicts: Vec<Verdict>,
    /// Whether every entry was scored by every metric.
    pub is_complete: bool,
}

impl Panel {
    pub fn of(
        entries: Vec<Entry>,
        metrics: Vec<OtherMetric>,
        scores: &[OtherScore],
        is_complete: bool,
    ) -> Self {
        let scores: HashMap<(i16, i64), f64> =
            scores.iter().filter_map(|row| Some(((row.place, row.submission_id), row.score?))).collect();
        let verdicts = metrics.into_iter().map(|metric| Verdict::of(metric, &entries, &scores)).collect();
        Self { verdicts, entries, is_complete }
    }

    pub fn sample() -> Self {
        let entry = |rank: i32, team: &str| Entry {
            team: SeenTeam::sample(rank.into(), team),
            rank,
            submission_id: i64::from(rank),
        };
        let metric = |place, metric: &str, note: &str, is_absent| OtherMetric {
            place,
            metric: metric.to_owned(),
            note: note.to_owned(),
            higher_is_better: false,
            is_absent,
        };
        let score = |place, submission_id, score| OtherScore { place, submission_id, score };
        let scores = [
            score(1, 1, Some(0.42)),
            score(1, 2, Some(0.41)),
            score(1, 3, Some(0.5)),
            score(2, 1, Some(0.1)),
            score(2, 2, Some(0.2)),
            score(2, 3, None),
        ];
        Self::of(
            vec![entry(1, "Ada & friends"), entry(2, "Bob"), entry(3, "Cleo")],
            vec![metric(1, "mae", "", false), metric(2, "medae", "", false), metric(3, "rmsle", "", true)],
            &scores,
            true,
        )
    }

    /// Metrics that say something.
    fn judging(&self) -> impl Iterator<Item = &Verdict> {
        self.verdicts.iter().filter(|verdict| verdict.winner.is_some())
    }

    /// The answer to the question, in a sentence.
    pub fn sentence(&self) -> String {
        let Some(first) = self.entries.first() else { return String::new() };
        let n = self.judging().count();
        let n_kept = self.judging().filter(|verdict| verdict.keeps_the_winner()).count();
        match (n, n - n_kept) {
            (0, _) => String::new(),
            (1, 0) => format!("No: {} is first under the other metric, too.", first.team.name),
            (_, 0) => format!("No: {} is first under all {n} other metrics, too.", first.team.name),
            (1, _) => format!("Yes: under the other metric {} is not first.", first.team.name),
            (_, n_changed) => {
                format!(
                    "Under {n_changed} of {n} other metrics, yes: there {} is not first.",
                    first.team.name
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_names_its_winner_and_how_well_its_order_agrees() {
        let panel = Panel::sample();
        let [mae, medae, rmsle] = panel.verdicts.as_slice() else { panic!("three") };
        assert_eq!((mae.winner, mae.keeps_the_winner()), (Some(1), false));
        assert_eq!(mae.tau, Some(1.0 / 3.0), "one pair of three is turned round");
        assert_eq!((medae.winner, medae.keeps_the_winner(), medae.tau), (Some(0), true, Some(1.0)));
        assert_eq!(medae.standings[2], None);
        assert_eq!((rmsle.winner, rmsle.tau), (None, None));
        assert_eq!(panel.sentence(), "Under 1 of 2 other metrics, yes: there Ada & friends is not first.");
    }

    #[test]
    fn equal_scores_share_a_rank_and_the_winner_is_who_was_ahead() {
        let mut panel = Panel::sample();
        let scores = [(1, 2.0), (2, 2.0), (3, 1.0)].map(|(submission_id, score)| OtherScore {
            place: 1,
            submission_id,
            score: Some(score),
        });
        let metric = OtherMetric { higher_is_better: true, ..panel.verdicts[0].metric.clone() };
        panel = Panel::of(panel.entries, vec![metric], &scores, true);
        let ranks: Vec<_> =
            panel.verdicts[0].standings.iter().flatten().map(|standing| standing.rank).collect();
        assert_eq!(ranks, [1, 1, 3]);
        assert_eq!(panel.verdicts[0].winner, Some(0));
        // Two of three pairs are apart, and both agree: 2 / √(3 · 2).
        assert!((panel.verdicts[0].tau.unwrap() - 2.0 / 6.0_f64.sqrt()).abs() < 1e-15);
        assert_eq!(panel.sentence(), "No: Ada & friends is first under the other metric, too.");
        assert_eq!(tau(&[1.0, 1.0]), None);
        assert_eq!(tau(&[3.0, 2.0, 1.0]), Some(-1.0));
    }
}
