//! What a final board looks like when its contest is imagined again: how often each of the best teams takes
//! each rank (Wiesenfarth and others 2021), and which of their differences are more than chance.
//!
//! That work tests leads by Wilcoxon's signed ranks of the cases' own scores. Here Student's t of the influence values'
//! differences stands in its place, for three reasons. Many metrics give a row no score of its own (an area under a
//! curve, a correlation, a macro average), but all give it an influence. Where rows have one, boards rank by its mean,
//! and signed ranks test the middle of the differences instead: of two teams the one that is a little better on most rows
//! may be behind by a few large misses, and would lead. And with 30 units or more, below which exact replicates stand in,
//! a mean of differences is normal enough. Where rows are right or wrong and nothing between, those won and lost are
//! counted by McNemar's exact test. Holm's correction is theirs.

use holdout_contract::mcnemar;
use holdout_contract::student::upper_tail;
use serde::{Deserialize, Serialize};

use super::draws::Root;
use super::{Covariance, Duel};
use crate::parallel;

/// Teams that are drawn, from the top.
pub(super) const MOST_DRAWN: usize = 25;
/// As many as there are exact replicates, where those are known.
const N_DRAWS: usize = 2000;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pictures {
    /// Of scores computed anew, not of draws with their covariance.
    pub is_exact: bool,
    pub n_draws: u32,
    /// Of each of the best teams: how often it takes rank 1, 2, … up to the number of teams here, then
    /// how often a lower one.
    pub frequencies: Vec<Vec<u32>>,
    /// Of each of the best teams against each: how likely a lead like this one is where there is none.
    /// One-sided, of the same rows, by Holm over all pairs in both orders.
    pub p_values: Vec<Vec<f64>>,
}

/// Deviations of every team's score in the same imagined contests: one list a team, scaled so that their
/// mean square over contests, divided by the number of contests, is the variance.
pub struct Replicates<'a> {
    pub columns: &'a [Vec<f32>],
    pub higher_is_better: bool,
}

/// Of scores turned so that lower ones are better, best first; duels are of each of the first teams against each, or
/// none.
pub fn pictures(
    keys: &[f64],
    covariance: &Covariance,
    n_units: u64,
    replicates: Option<Replicates<'_>>,
    duels: &[Vec<Duel>],
    seed: u64,
) -> Pictures {
    let is_exact = replicates.is_some();
    let contests = match replicates {
        Some(replicates) => replicates.contests(),
        None => Root::of(covariance).draws(seed, N_DRAWS),
    };
    Pictures {
        is_exact,
        n_draws: u32::try_from(contests.len()).unwrap_or(u32::MAX),
        frequencies: frequencies(keys, covariance, &contests),
        p_values: p_values(keys, covariance, n_units, duels),
    }
}

impl Replicates<'_> {
    /// A contest in which nobody has a score is none.
    fn contests(&self) -> Vec<Vec<f64>> {
        let n = self.columns.first().map_or(0, Vec::len);
        let is_defined = |at: &usize| self.columns.iter().any(|column| column[*at] != 0.0);
        let defined: Vec<usize> = (0..n).filter(is_defined).collect();
        let sign = if self.higher_is_better { -1.0 } else { 1.0 };
        let scale = sign * (defined.len() as f64).sqrt() / n as f64;
        let contest = |at: &usize| self.columns.iter().map(|column| scale * f64::from(column[*at])).collect();
        defined.iter().map(contest).collect()
    }
}

fn frequencies(keys: &[f64], covariance: &Covariance, contests: &[Vec<f64>]) -> Vec<Vec<u32>> {
    let n = keys.len().min(MOST_DRAWN);
    let originals = originals(covariance);
    let ranks_in = |at: usize| {
        let drawn: Vec<f64> =
            keys.iter().zip(&originals).map(|(key, original)| key + contests[at][*original]).collect();
        (0..n).map(|team| rank(team, &drawn)).collect::<Vec<usize>>()
    };
    let mut frequencies = vec![vec![0; n + 1]; n];
    for ranks in parallel::map(contests.len(), contests.len() * n * keys.len() / 8, ranks_in) {
        for (counts, rank) in frequencies.iter_mut().zip(ranks) {
            counts[rank.min(n + 1) - 1] += 1;
        }
    }
    frequencies
}

/// For every team the first one whose score moves with its own, so that a copied file never passes its original
/// by rounding.
fn originals(covariance: &Covariance) -> Vec<usize> {
    let n = covariance.n_teams();
    let is_like = |team: usize, other: &usize| covariance.error_of_difference(team, *other) == 0.0;
    (0..n).map(|team| (0..team).find(|other| is_like(team, other)).unwrap_or(team)).collect()
}

/// Of equal scores the one that ranks higher on the board does here, too.
fn rank(team: usize, drawn: &[f64]) -> usize {
    let own = drawn[team];
    let n_better = drawn.iter().filter(|other| **other < own).count();
    1 + n_better + drawn[..team].iter().filter(|other| **other == own).count()
}

fn p_values(keys: &[f64], covariance: &Covariance, n_units: u64, duels: &[Vec<Duel>]) -> Vec<Vec<f64>> {
    let n = keys.len().min(MOST_DRAWN);
    let freedom = n_units.saturating_sub(1).max(1) as f64;
    let pairs: Vec<(usize, usize)> =
        (0..n).flat_map(|a| (0..n).map(move |b| (a, b))).filter(|(a, b)| a != b).collect();
    let counted = |a: usize, b: usize| {
        let Duel { n_won, n_lost } = *duels.get(a)?.get(b)?;
        let is_counted = mcnemar::is_of_right_and_wrong(keys[b] - keys[a], n_won, n_lost, n_units);
        is_counted.then(|| mcnemar::one_sided(n_won, n_lost))
    };
    let single = |(a, b): &(usize, usize)| {
        if let Some(p) = counted(*a, *b) {
            return p;
        }
        let lead = keys[*b] - keys[*a];
        if lead == 0.0 && covariance.error_of_difference(*a, *b) == 0.0 {
            return 1.0;
        }
        upper_tail(covariance.errors_of_lead(lead, *a, *b), freedom)
    };
    let adjusted = holm(&pairs.iter().map(single).collect::<Vec<f64>>());
    let mut found = vec![vec![1.0; n]; n];
    pairs.iter().zip(adjusted).for_each(|((a, b), p)| found[*a][*b] = p);
    found
}

/// Probabilities as large as they must be for none of so many to be called small by chance (Holm 1979).
fn holm(single: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..single.len()).collect();
    order.sort_by(|a, b| single[*a].total_cmp(&single[*b]));
    let mut adjusted = vec![1.0; single.len()];
    let mut least = 0.0_f64;
    for (place, at) in order.into_iter().enumerate() {
        least = least.max((single.len() - place) as f64 * single[at]).min(1.0);
        adjusted[at] = least;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ranks::draws::Normal;
    use holdout_evaluator::Cpu;

    const N_ROWS: usize = 400;

    /// Keys and covariance of teams that are so much worse than the best, with errors of their own.
    fn contest(steps: &[f64]) -> (Vec<f64>, Covariance) {
        let normal = Normal::new(11);
        let columns: Vec<Vec<f32>> = (0..steps.len())
            .map(|team| (0..N_ROWS).map(|row| normal.at(team, row) as f32).collect())
            .collect();
        let columns: Vec<&[f32]> = columns.iter().map(Vec::as_slice).collect();
        (steps.to_vec(), Covariance::of(&Cpu, &columns))
    }

    fn of(keys: &[f64], covariance: &Covariance) -> Pictures {
        pictures(keys, covariance, N_ROWS as u64, None, &[], 3)
    }

    #[test]
    fn every_team_takes_one_rank_in_every_draw_and_threads_change_nothing() {
        let (keys, covariance) = contest(&[0.0, 0.01, 0.02, 2.0]);
        let found = of(&keys, &covariance);
        assert_eq!(parallel::with_threads(3, || of(&keys, &covariance)), found);
        for (team, counts) in found.frequencies.iter().enumerate() {
            assert_eq!(counts.iter().sum::<u32>(), found.n_draws, "team {team}");
            assert_eq!(counts[4], 0, "there is no rank below the last");
        }
        for rank in 0..4 {
            let n_taken: u32 = found.frequencies.iter().map(|counts| counts[rank]).sum();
            assert_eq!(n_taken, found.n_draws, "rank {}", rank + 1);
        }
        assert_eq!(found.frequencies[3][3], found.n_draws, "who is far behind is last every time");
        assert!(found.frequencies[0][0] > found.frequencies[1][0], "{:?}", found.frequencies);
        assert!(found.frequencies[2][0] > found.n_draws / 20, "a lead of so little is lost often");
    }

    #[test]
    fn the_rank_of_two_teams_is_as_likely_as_the_difference_says() {
        let (keys, covariance) = contest(&[0.0, 0.05]);
        let found = of(&keys, &covariance);
        let stays = f64::from(found.frequencies[0][0]) / f64::from(found.n_draws);
        let z = 0.05 / covariance.error_of_difference(0, 1);
        assert!((stays - 0.5 * libm::erfc(-z / std::f64::consts::SQRT_2)).abs() < 0.03, "{stays}");
    }

    #[test]
    fn ranks_below_those_drawn_are_counted_together() {
        let steps: Vec<f64> = (0..40).map(|team| 0.002 * f64::from(team)).collect();
        let (keys, covariance) = contest(&steps);
        let found = of(&keys, &covariance);
        assert_eq!((found.frequencies.len(), found.frequencies[0].len()), (25, 26));
        assert!(found.frequencies[24][25] > found.n_draws / 4, "the last one drawn is often below rank 25");
        assert!(found.frequencies.iter().all(|counts| counts.iter().sum::<u32>() == found.n_draws));
    }

    #[test]
    fn a_copied_file_stays_behind_its_original() {
        let (mut keys, covariance) = contest(&[0.0, 0.01]);
        let mut wider = Covariance::zeros(3);
        let at = |team: usize| [0, 0, 1][team];
        (0..3).for_each(|a| (0..3).for_each(|b| wider.put(a, b, covariance.at(at(a), at(b)))));
        keys.insert(1, 0.0);
        let found = of(&keys, &wider);
        assert_eq!(found.frequencies[0][2], 0, "the original has its copy below it every time");
        assert_eq!(found.frequencies[1][0], 0);
        assert_eq!((found.p_values[0][1], found.p_values[1][0]), (1.0, 1.0));
    }

    #[test]
    fn a_lead_that_is_the_same_on_every_row_is_no_chance() {
        let (mut keys, covariance) = contest(&[0.0, 1.0]);
        let mut alike = Covariance::zeros(2);
        (0..2).for_each(|a| (0..2).for_each(|b| alike.put(a, b, covariance.at(0, 0))));
        keys[1] = keys[0] + 0.5;
        let found = of(&keys, &alike);
        assert!(found.p_values[0][1] < 1e-9 && found.p_values[1][0] > 0.99, "{:?}", found.p_values);
        assert_eq!(found.frequencies[0][0], found.n_draws);
    }

    #[test]
    fn leads_are_told_from_chance_in_one_direction_and_by_holm() {
        let (keys, covariance) = contest(&[0.0, 0.01, 1.0]);
        let found = of(&keys, &covariance);
        assert!(found.p_values[0][2] < 1e-6 && found.p_values[1][2] < 1e-6);
        assert!(found.p_values[2][0] == 1.0 && found.p_values[0][1] > 0.05);
        let by_hand = [0.04, 0.01, 0.03, 0.5];
        assert_eq!(holm(&by_hand), [0.09, 0.04, 0.09, 0.5]);
        assert_eq!(holm(&[]), [0.0; 0]);
    }

    #[test]
    fn rows_right_and_wrong_are_counted() {
        let covariance = contest(&[0.0, 0.0]).1;
        let duels = [(0, 0), (9, 2), (2, 9), (0, 0)].map(|(n_won, n_lost)| Duel { n_won, n_lost });
        let duels: Vec<Vec<Duel>> = duels.chunks(2).map(<[Duel]>::to_vec).collect();
        let keys = [0.2, 0.2 + 7.0 / N_ROWS as f64];
        let found = pictures(&keys, &covariance, N_ROWS as u64, None, &duels, 3);
        // Of eleven coins nine or more; Holm doubles the smaller one of two.
        assert!((found.p_values[0][1] - 2.0 * 67.0 / 2048.0).abs() < 1e-12, "{:?}", found.p_values);
        let between = pictures(&[0.2, 0.21], &covariance, N_ROWS as u64, None, &duels, 3);
        assert_ne!(between.p_values, found.p_values);
    }

    #[test]
    fn replicates_are_counted_as_they_are() {
        let (keys, covariance) = contest(&[-0.9, -0.8]);
        // In the third contest nobody has a score.
        let columns = [vec![-1.0, 0.5, 0.0, 0.5], vec![1.0, 0.25, 0.0, 0.25]];
        let replicates = Replicates { columns: &columns, higher_is_better: true };
        let found = pictures(&keys, &covariance, 100, Some(replicates), &[], 1);
        assert_eq!((found.is_exact, found.n_draws), (true, 3));
        // The first contest moves the scores to 0.47 and 1.23.
        assert_eq!(found.frequencies, [[2, 1, 0], [1, 2, 0]]);
    }
}
