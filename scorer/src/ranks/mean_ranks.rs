//! Boards that order teams by the mean of their ranks under several metrics: which ranks each team may truly have, by
//! how much two teams' mean ranks may truly differ, and which leads are more than chance.
//!
//! A true mean rank follows from the true scores of all teams under all metrics. It jumps wherever two of these are
//! equal, so that ranks of scores that are drawn anew say too little: where teams are equally good, 95 of 100 draws miss
//! the truth far more often than 5 times in 100. Two steps hold whatever is equal.
//!
//! First, one bound for every difference of two teams under every metric, in standard errors, that none of them exceeds
//! by chance in 95 of 100 contests: the simultaneous bound of Mogstad, Romano, Shaikh and Wilhelm (2024), over all pairs
//! and over the metrics, too. All metrics judge the same rows, so that their errors are drawn together, with the
//! covariance that the influence values have ([`Covariance`]); none of it is added up as if each varied on its own.
//! A difference beyond the bound is *known*: in these contests all known ones have the right sign.
//!
//! Second, arithmetic, without further chance (a projection, in the words of that work). How far one team's rank under
//! a metric may lie behind another's follows from what is known: where the first is known to be better, it lies before
//! the other by one rank and by one for each team known to stand between them; where it is not, it may lie behind by one
//! rank and by one for each team that may stand between. Weighted and added up over the metrics that bounds the
//! difference of the mean ranks; a team is surely better where even the worst case is below 0. A range counts the
//! teams that are surely better and surely worse. It holds at least as often as the bound does, in practice more often:
//! worst cases under several metrics rarely come together (`coverage` has the figures).

use super::covariance::errors_of_lead;
use super::draws::Root;
use super::pictures::{MOST_DRAWN, Pictures};
use super::ranges::{Drawn, Numbers, RankRange, largest_difference, place_of};
use super::{CONFIDENCE, Covariance, N_DRAWS, Z};
use crate::parallel;

mod forecast;

/// Of the mean ranks' differences; more would say nothing.
const DECIMALS: f64 = 1000.0;
/// How likely a lead may be called chance; what lies between is called the next larger one.
const LEVELS: [f64; 12] = [0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.15, 0.2, 0.3, 0.5];

/// What a board is ordered by.
#[derive(Debug, Clone, Copy)]
pub struct PartKeys<'a> {
    /// Of every team under every metric, team by team; lower is better, whatever the metric's direction.
    pub keys: &'a [f64],
    /// Of every metric.
    pub weights: &'a [f64],
    /// Of the keys, from so many units.
    pub covariance: &'a Covariance,
    pub n_units: u64,
}

/// A team's range, and how far its mean rank may truly lie behind that of each team; below 0: it lies before it.
#[derive(Debug, Clone, PartialEq)]
pub struct MeanRankRange {
    pub range: RankRange,
    pub most_behind: Vec<f32>,
}

/// All teams under one metric.
struct Part {
    weight: f64,
    keys: Vec<f64>,
    /// Of the difference of every two teams; 0 of those that move together.
    errors: Vec<f64>,
    /// The same, never less than what rounding may hide.
    errors_at_most: Vec<f64>,
}

impl Part {
    fn n_teams(&self) -> usize {
        self.keys.len()
    }

    fn error(&self, a: usize, b: usize) -> f64 {
        self.errors[a * self.n_teams() + b]
    }

    /// So many standard errors is the lead of the one over the other.
    fn errors_of_lead(&self, a: usize, b: usize) -> f64 {
        errors_of_lead(self.keys[b] - self.keys[a], self.errors_at_most[a * self.n_teams() + b])
    }

    /// For every team the first one whose score moves with its own, so that a copied file is equal in every draw.
    fn originals(&self) -> Vec<usize> {
        let original = |team: usize| (0..team).find(|other| self.error(team, *other) == 0.0).unwrap_or(team);
        (0..self.n_teams()).map(original).collect()
    }
}

/// A board, with its imagined contests.
pub struct MeanRanks {
    parts: Vec<Part>,
    root: Root,
    draws: Vec<Drawn>,
    /// Of every draw the largest difference, in standard errors; sorted.
    largest: Vec<f32>,
    covariance: Covariance,
    seed: u64,
}

impl MeanRanks {
    pub fn of(board: PartKeys<'_>, seed: u64) -> Self {
        Self::by(board, seed, &Numbers::of(seed, N_DRAWS, board.keys.len()))
    }

    fn by(board: PartKeys<'_>, seed: u64, numbers: &Numbers) -> Self {
        let n_parts = board.weights.len();
        let part = |(at, weight): (usize, &f64)| {
            let covariance = board.covariance.of_part(at, n_parts);
            let n = covariance.n_teams();
            let pairs = || (0..n).flat_map(|a| (0..n).map(move |b| (a, b)));
            Part {
                weight: *weight,
                keys: board.keys.iter().skip(at).step_by(n_parts).copied().collect(),
                errors: pairs().map(|(a, b)| covariance.error_of_difference(a, b)).collect(),
                errors_at_most: pairs().map(|(a, b)| covariance.error_at_most(a, b)).collect(),
            }
        };
        let parts: Vec<Part> = board.weights.iter().enumerate().map(part).collect();
        let root = Root::of(board.covariance);
        let draws = Drawn::all(&root, numbers, board.n_units, n_parts);
        let largest = largest_differences(&parts, &draws);
        Self { parts, root, draws, largest, covariance: board.covariance.clone(), seed }
    }

    fn n_teams(&self) -> usize {
        self.parts.first().map_or(0, Part::n_teams)
    }

    /// Of every team.
    pub fn ranges(&self) -> Vec<MeanRankRange> {
        let n = self.n_teams();
        let bound = self.bound(CONFIDENCE).unwrap_or(f64::INFINITY);
        let behind = self.all_behind(bound);
        let range = |team: usize| {
            let n_better = (0..n).filter(|other| behind[*other][team] < 0.0).count() as u32;
            let n_worse = (0..n).filter(|other| behind[team][*other] < 0.0).count() as u32;
            let range = RankRange { low: 1 + n_better, high: n as u32 - n_worse };
            MeanRankRange { range, most_behind: behind[team].clone() }
        };
        (0..n).map(range).collect()
    }

    /// What no difference exceeds by chance so often; `None` where the draws are too few to tell.
    fn bound(&self, confidence: f64) -> Option<f64> {
        self.largest.get(place_of(self.largest.len(), confidence)).map(|bound| f64::from(*bound))
    }

    /// How far each team's mean rank may lie behind each other's where differences beyond the bound are known.
    fn all_behind(&self, bound: f64) -> Vec<Vec<f32>> {
        let n = self.n_teams();
        let known = self.known(bound);
        let row = |team: usize| (0..n).map(|other| self.behind(&known, team, other)).collect();
        parallel::map(n, n * n * n * known.len() / 64, row)
    }

    fn known(&self, bound: f64) -> Vec<Known> {
        self.parts.iter().map(|part| Known::of(part, bound)).collect()
    }

    /// Rounded up: what is called sure is.
    fn behind(&self, known: &[Known], team: usize, other: usize) -> f32 {
        if team == other {
            return 0.0;
        }
        let weighted =
            self.parts.iter().zip(known).map(|(part, known)| part.weight * known.behind(team, other));
        let weights: f64 = self.parts.iter().map(|part| part.weight).sum();
        let steps = weighted.sum::<f64>() / weights * DECIMALS;
        ((steps - 1e-6).ceil() / DECIMALS) as f32
    }

    /// How often each of the best teams takes each rank when the contest is imagined again, and how likely each lead is
    /// chance: the least level at which the one is surely better than the other. All leads together are right in all
    /// but so many contests, so that nothing is left for Holm's correction to do.
    pub fn pictures(&self) -> Pictures {
        Pictures {
            is_exact: false,
            n_draws: self.draws.len() as u32,
            frequencies: self.frequencies(),
            p_values: self.p_values(),
        }
    }

    fn frequencies(&self) -> Vec<Vec<u32>> {
        let n = self.n_teams().min(MOST_DRAWN);
        let originals: Vec<Vec<usize>> = self.parts.iter().map(Part::originals).collect();
        let places_in = |at: usize| self.places_in(&self.draws[at], &originals);
        let n_items = self.draws.len() * self.n_teams() * self.parts.len();
        let mut frequencies = vec![vec![0; n + 1]; n];
        for places in parallel::map(self.draws.len(), n_items, places_in) {
            for (counts, place) in frequencies.iter_mut().zip(places) {
                counts[place.min(n)] += 1;
            }
        }
        frequencies
    }

    fn places_in(&self, draw: &Drawn, originals: &[Vec<usize>]) -> Vec<usize> {
        let n_parts = self.parts.len();
        let drawn = |(at, part): (usize, &Part)| -> Vec<f64> {
            let deviation = |team: usize| f64::from(draw.deviations[originals[at][team] * n_parts + at]);
            part.keys.iter().enumerate().map(|(team, key)| key + deviation(team)).collect()
        };
        places(&self.parts.iter().enumerate().map(drawn).collect::<Vec<_>>(), &self.weights())
    }

    fn weights(&self) -> Vec<f64> {
        self.parts.iter().map(|part| part.weight).collect()
    }

    fn p_values(&self) -> Vec<Vec<f64>> {
        let n = self.n_teams().min(MOST_DRAWN);
        let mut found = vec![vec![1.0; n]; n];
        for level in LEVELS.iter().rev() {
            let Some(bound) = self.bound(1.0 - level) else { break };
            let known = self.known(bound);
            for (team, row) in found.iter_mut().enumerate() {
                for (other, p) in row.iter_mut().enumerate() {
                    if self.behind(&known, team, other) < 0.0 {
                        *p = *level;
                    }
                }
            }
        }
        found
    }
}

/// Of every draw, sorted.
fn largest_differences(parts: &[Part], draws: &[Drawn]) -> Vec<f32> {
    let n = parts.first().map_or(0, Part::n_teams);
    // Equal files never differ, in any contest.
    let scale = |error: &f64| if *error > 0.0 { (1.0 / error) as f32 } else { 0.0 };
    let scales: Vec<Vec<f32>> = parts.iter().map(|part| part.errors.iter().map(scale).collect()).collect();
    let of_draw = |at: usize| {
        let draw = &draws[at];
        let mut largest = 0.0_f32;
        for (part, scales) in scales.iter().enumerate() {
            let drawn: Vec<f32> = draw.deviations.iter().skip(part).step_by(parts.len()).copied().collect();
            for (team, own) in drawn.iter().enumerate() {
                let others = team + 1..n;
                let scales = &scales[team * n..][others.clone()];
                largest = largest.max(largest_difference(*own, &drawn[others], scales));
            }
        }
        (f64::from(largest) / draw.error_scale) as f32
    };
    let mut found = parallel::map(draws.len(), draws.len() * parts.len() * n * n / 16, of_draw);
    found.sort_unstable_by(f32::total_cmp);
    found
}

/// Who is known to be better than whom under one metric; sets of teams, a bit for each.
struct Known {
    n_teams: usize,
    n_words: usize,
    /// Of every team those that it is better than.
    below: Vec<u64>,
    /// Of every team those that are better than it.
    above: Vec<u64>,
}

impl Known {
    fn of(part: &Part, bound: f64) -> Self {
        let n_teams = part.n_teams();
        let n_words = n_teams.div_ceil(64);
        let mut known =
            Self { n_teams, n_words, below: vec![0; n_teams * n_words], above: vec![0; n_teams * n_words] };
        for a in 0..n_teams {
            for b in 0..n_teams {
                let least = if part.error(a, b) > 0.0 { bound } else { bound.max(Z) };
                if part.errors_of_lead(a, b) > least {
                    known.below[a * n_words + b / 64] |= 1 << (b % 64);
                    known.above[b * n_words + a / 64] |= 1 << (a % 64);
                }
            }
        }
        known
    }

    /// How many ranks a team may lie behind another; below 0: how many it lies before it.
    fn behind(&self, team: usize, other: usize) -> f64 {
        let below = &self.below[team * self.n_words..][..self.n_words];
        let above = &self.above[other * self.n_words..][..self.n_words];
        let count = |both: fn(u64, u64) -> u64| -> u32 {
            below.iter().zip(above).map(|(below, above)| both(*below, *above).count_ones()).sum()
        };
        let is_better = (below[other / 64] >> (other % 64)) & 1 == 1;
        if is_better {
            -f64::from(1 + count(|below, above| below & above))
        } else {
            // All but the two, and but those that stand behind the one or before the other.
            (self.n_teams - 1) as f64 - f64::from(count(|below, above| below | above))
        }
    }
}

/// Every team's place, from 0, by the mean of its ranks; equal means by the first metric, then as they stand.
fn places(keys: &[Vec<f64>], weights: &[f64]) -> Vec<usize> {
    let n = keys.first().map_or(0, Vec::len);
    let mut sums = vec![0.0; n];
    for (keys, weight) in keys.iter().zip(weights) {
        for (sum, twice) in sums.iter_mut().zip(twice_the_ranks(keys)) {
            *sum += weight * f64::from(twice);
        }
    }
    let primary = |team: usize| keys.first().map_or(0.0, |keys| keys[team]);
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| sums[*a].total_cmp(&sums[*b]).then_with(|| primary(*a).total_cmp(&primary(*b))));
    let mut places = vec![0; n];
    order.iter().enumerate().for_each(|(place, team)| places[*team] = place);
    places
}

/// Equal values share the mean of their ranks; twice of it, a whole number.
fn twice_the_ranks(keys: &[f64]) -> Vec<u32> {
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by(|a, b| keys[*a].total_cmp(&keys[*b]));
    let mut ranks = vec![0; keys.len()];
    let mut before = 0;
    for equal in order.chunk_by(|a, b| keys[*a] == keys[*b]) {
        let twice = (2 * before + equal.len() + 1) as u32;
        equal.iter().for_each(|team| ranks[*team] = twice);
        before += equal.len();
    }
    ranks
}

#[cfg(test)]
mod coverage;

#[cfg(test)]
mod tests {
    use super::super::draws::Normal;
    use super::*;

    #[test]
    fn every_range_holds_the_rank_of_its_team_and_none_contradicts_another() {
        for seed in 1..=12 {
            let (normal, n, weights) = (Normal::new(seed), 9, [1.0, 0.5, 2.0]);
            let keys: Vec<f64> =
                (0..n * weights.len()).map(|item| (normal.at(0, item) * 9.0).round()).collect();
            let mut covariance = Covariance::zeros(keys.len());
            (0..keys.len()).for_each(|item| covariance.put(item, item, 0.05 + normal.at(1, item).powi(4)));
            let board = MeanRanks::of(
                PartKeys { keys: &keys, weights: &weights, covariance: &covariance, n_units: 500 },
                7,
            );
            let of_parts: Vec<Vec<f64>> = board.parts.iter().map(|part| part.keys.clone()).collect();
            let (ranges, places) = (board.ranges(), places(&of_parts, &weights));
            for (team, found) in ranges.iter().enumerate() {
                let rank = places[team] as u32 + 1;
                assert!((found.range.low..=found.range.high).contains(&rank), "{rank} in {:?}", found.range);
            }
            let is_better = |a: usize, b: usize| ranges[a].most_behind[b] < 0.0;
            for (a, b, c) in (0..n * n * n).map(|at| (at / n / n, at / n % n, at % n)) {
                assert!(!(is_better(a, b) && is_better(b, c)) || is_better(a, c), "{a}, {b} and {c}");
                if is_better(a, b) {
                    let (better, worse) = (ranges[a].range, ranges[b].range);
                    assert!(better.low < worse.low && better.high < worse.high, "{better:?} and {worse:?}");
                }
            }
        }
    }

    /// Independent scores of so many teams, team by team, with errors of 1.
    fn board(keys: &[f64], weights: &[f64]) -> MeanRanks {
        let mut covariance = Covariance::zeros(keys.len());
        (0..keys.len()).for_each(|item| covariance.put(item, item, 0.5));
        MeanRanks::of(PartKeys { keys, weights, covariance: &covariance, n_units: 1000 }, 7)
    }

    fn ends(board: &MeanRanks) -> Vec<(u32, u32)> {
        board.ranges().iter().map(|found| (found.range.low, found.range.high)).collect()
    }

    #[test]
    fn who_is_better_under_every_metric_is_surely_better() {
        let apart = board(&[0.0, 0.0, 50.0, 60.0, 100.0, 100.0], &[1.0, 1.0]);
        assert_eq!(ends(&apart), [(1, 1), (2, 2), (3, 3)]);
        assert_eq!(apart.ranges()[0].most_behind, [0.0, -1.0, -2.0]);
        let found = apart.pictures();
        assert_eq!(found.frequencies[0], [found.n_draws, 0, 0, 0]);
        assert_eq!((found.p_values[0][1], found.p_values[1][0]), (LEVELS[0], 1.0));
        assert_eq!(parallel::with_threads(3, || ends(&apart)), ends(&apart));
    }

    #[test]
    fn metrics_that_disagree_leave_teams_together_unless_one_weighs_more() {
        let keys = [0.0, 100.0, 50.0, 50.0, 100.0, 0.0];
        assert_eq!(ends(&board(&keys, &[1.0, 1.0])), [(1, 3), (1, 3), (1, 3)], "each has rank 2 in the mean");
        assert_eq!(ends(&board(&keys, &[1.0, 0.4])), [(1, 1), (2, 2), (3, 3)]);
    }

    #[test]
    fn whoever_may_stand_between_counts() {
        // Under the first metric the last two are known to be worse; under the second nobody is told apart.
        let found = board(&[0.0, 0.0, 100.0, 0.1, 101.0, 0.2], &[1.0, 1.0]);
        assert_eq!(found.known(4.0)[0].behind(0, 1), -1.0);
        assert_eq!(found.known(4.0)[0].behind(1, 0), 2.0);
        assert_eq!(found.known(4.0)[1].behind(0, 1), 2.0);
        assert_eq!(ends(&found), [(1, 3), (1, 3), (1, 3)]);
        assert_eq!(ends(&board(&[0.0, 0.0, 100.0, 0.1, 101.0, 0.2], &[3.0, 1.0])), [(1, 1), (2, 3), (2, 3)]);
    }

    #[test]
    fn copies_are_equal_in_every_draw_and_stay_behind_their_originals() {
        let mut covariance = Covariance::zeros(6);
        for (a, b) in (0..6).flat_map(|a| (0..6).map(move |b| (a, b))) {
            let is_same = a % 2 == b % 2 && (a == b || a.max(b) < 4);
            covariance.put(a, b, if is_same { 0.5 } else { 0.0 });
        }
        let keys = [0.0, 0.0, 0.0, 0.0, 0.5, 0.5];
        let board = PartKeys { keys: &keys, weights: &[1.0, 1.0], covariance: &covariance, n_units: 1000 };
        let found = MeanRanks::of(board, 7).pictures();
        assert_eq!(found.frequencies[0][2], 0, "the original has its copy below it every time");
        assert_eq!(found.frequencies[1][0], 0);
        assert!(found.frequencies[2][0] > found.n_draws / 10, "a lead of so little is lost at times");
    }

    #[test]
    fn equal_values_share_the_mean_of_their_ranks() {
        assert_eq!(twice_the_ranks(&[0.2, 0.1, 0.2, 0.3]), [5, 2, 5, 8]);
        assert_eq!(
            places(&[vec![1.0, 0.0], vec![0.0, 1.0]], &[1.0, 1.0]),
            [1, 0],
            "the first metric decides"
        );
    }
}
