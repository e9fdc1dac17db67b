//! Which ranks each team may truly have (Mogstad, Romano, Shaikh and Wilhelm 2024): of every team, how many
//! are better and how many worse by more than all its differences together vary by chance.

use holdout_contract::student;

use super::draws::{Normal, Root};
use super::{CONFIDENCE, Covariance, N_DRAWS, Z};
use crate::parallel;

/// A difference of so many of its standard errors is no chance among any number of teams.
const MOST_ERRORS: f64 = 40.0;
/// Teams for one unit. Draws cannot spread over more dimensions than there are units: of more teams they miss how far the
/// farthest one strays.
const MOST_TEAMS_PER_UNIT: u64 = 5;

/// The ranks that a team may have; from 1, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RankRange {
    pub low: u32,
    pub high: u32,
}

/// Where the teams that are compared stand, of all on the board: the first ones, and landmarks below these, one
/// for every team around it.
#[derive(Debug, Clone, Copy)]
pub struct Places<'a> {
    pub n_first: usize,
    /// Of every landmark, best first.
    pub landmarks: &'a [u32],
    pub n_teams: u32,
}

impl Places<'_> {
    /// Of a board whose teams are all compared.
    pub fn of_all(n_teams: usize) -> Self {
        Self { n_first: n_teams, landmarks: &[], n_teams: n_teams as u32 }
    }

    fn n_compared(&self) -> usize {
        self.n_first + self.landmarks.len()
    }

    fn n_others(&self) -> u32 {
        self.n_teams.saturating_sub(self.n_compared() as u32)
    }

    /// Teams below the first ones that count as worse: who is better than a landmark, and than all landmarks
    /// below it, is taken to be better than every team from there on.
    fn n_worse_below(&self, is_worse: impl Fn(usize) -> bool) -> u32 {
        let n_worse = (self.n_first..self.n_compared()).rev().take_while(|at| is_worse(*at)).count();
        let rank = self.landmarks[self.landmarks.len() - n_worse..].first();
        rank.map_or(0, |rank| self.n_teams + 1 - rank)
    }
}

/// Of the first teams. Lower scores are better; the covariance is theirs and the landmarks', from so many units.
pub fn rank_ranges(
    keys: &[f64],
    covariance: &Covariance,
    n_units: u64,
    places: Places<'_>,
    seed: u64,
) -> Vec<RankRange> {
    ranges_of(keys, covariance, n_units, places, &Numbers::of(seed, N_DRAWS, keys.len()))
}

/// Standard normal numbers that contests are made of: in each one for every team, and one for how far the standard
/// errors themselves are off.
pub(super) struct Numbers {
    of_teams: Vec<Vec<f64>>,
    of_errors: Vec<f64>,
}

impl Numbers {
    pub(super) fn of(seed: u64, n_draws: usize, n_teams: usize) -> Self {
        let normal = Normal::new(seed);
        let of_draw = |draw: usize| (0..n_teams).map(|team| normal.at(draw, team)).collect();
        Self {
            of_teams: parallel::map(n_draws, n_draws * n_teams, of_draw),
            of_errors: (0..n_draws).map(|draw| normal.at(draw, n_teams)).collect(),
        }
    }

    /// How many times too large the standard errors of so many units are in a contest: the root of a mean of squares of
    /// normal numbers (Wilson and Hilferty 1931). Few units make it differ from 1.
    pub(super) fn error_scale(&self, draw: usize, n_units: u64) -> f64 {
        let part = 2.0 / (9.0 * n_units.saturating_sub(1).max(1) as f64);
        let root = 1.0 - part + self.of_errors[draw] * part.sqrt();
        root.max(0.1).powf(1.5)
    }
}

/// Deviations of every team in one contest.
pub(super) struct Drawn {
    /// Without what moves all teams alike, which single precision would round the rest away for.
    pub deviations: Vec<f32>,
    pub error_scale: f64,
}

impl Drawn {
    /// Of teams with one score each, or with one of every part, team by team.
    pub(super) fn all(root: &Root, numbers: &Numbers, n_units: u64, n_parts: usize) -> Vec<Self> {
        let (n, n_draws) = (root.n_teams(), numbers.of_teams.len());
        parallel::map(n_draws, n_draws * n * n / 8, |draw| Self {
            deviations: apart(&root.of_numbers(&numbers.of_teams[draw]), n_parts),
            error_scale: numbers.error_scale(draw, n_units),
        })
    }
}

/// Deviations from what is common to all teams under a part.
fn apart(deviations: &[f64], n_parts: usize) -> Vec<f32> {
    let n_teams = (deviations.len() / n_parts.max(1)).max(1) as f64;
    let mean = |part: usize| deviations.iter().skip(part).step_by(n_parts).sum::<f64>() / n_teams;
    let means: Vec<f64> = (0..n_parts).map(mean).collect();
    deviations.iter().zip(means.iter().cycle()).map(|(value, mean)| (value - mean) as f32).collect()
}

fn ranges_of(
    keys: &[f64],
    covariance: &Covariance,
    n_units: u64,
    places: Places<'_>,
    numbers: &Numbers,
) -> Vec<RankRange> {
    // Of more teams than draws of so few units can tell, none is needed.
    let is_drawn = keys.len() as u64 <= MOST_TEAMS_PER_UNIT * n_units;
    let draws = if is_drawn { Drawn::all(&Root::of(covariance), numbers, n_units, 1) } else { Vec::new() };
    parallel::map(places.n_first, places.n_first * draws.len() * keys.len() / 8, |team| {
        range_of(team, keys, covariance, n_units, places, &draws)
    })
}

fn range_of(
    team: usize,
    keys: &[f64],
    covariance: &Covariance,
    n_units: u64,
    places: Places<'_>,
    draws: &[Drawn],
) -> RankRange {
    let n = keys.len();
    let errors: Vec<f64> = (0..n).map(|other| covariance.error_of_difference(team, other)).collect();
    // Equal files never differ, in any contest.
    let scales: Vec<f32> =
        errors.iter().map(|error| if *error > 0.0 { (1.0 / error) as f32 } else { 0.0 }).collect();
    let largest = |draw: &Drawn| {
        let of_known_errors = largest_difference(draw.deviations[team], &draw.deviations, &scales);
        (f64::from(of_known_errors) / draw.error_scale) as f32
    };
    let mut largest: Vec<f32> = draws.iter().map(largest).collect();
    largest.sort_unstable_by(f32::total_cmp);
    let n_undrawn = if largest.is_empty() { n as u32 - 1 } else { 0 };
    let n_alone = places.n_others() + n_undrawn;
    // Where all files are equal, no draw differs.
    let bound = bound(&largest, n_alone, n_units).max(Z);
    let exceeds = |lead: f64, other: usize| covariance.errors_of_lead(lead, team, other) > bound;
    let is_better = |other: usize| exceeds(keys[team] - keys[other], other);
    let is_worse = |other: usize| exceeds(keys[other] - keys[team], other);
    let n_better = (0..places.n_first).filter(|other| is_better(*other)).count() as u32;
    let n_worse = (0..places.n_first).filter(|other| is_worse(*other)).count() as u32;
    RankRange { low: 1 + n_better, high: places.n_teams - n_worse - places.n_worse_below(is_worse) }
}

/// What none of a team's differences exceeds by chance, in 95 of 100 contests. Differences of which draws say nothing,
/// as those to teams that were not compared, are added as if each varied on its own, which is the worst case.
fn bound(largest: &[f32], n_others: u32, n_units: u64) -> f64 {
    let place = place_of_bound(largest.len());
    let of_compared = largest.get(place).map_or(0.0, |bound| f64::from(*bound));
    if n_others == 0 {
        return of_compared;
    }
    let most_above = match largest.len() {
        0 => 1.0 - CONFIDENCE,
        n => (n - place) as f64 / n as f64,
    };
    let is_exceeded = |bound: f64| {
        let n_above = largest.len() - largest.partition_point(|size| f64::from(*size) <= bound);
        let freedom = n_units.saturating_sub(1).max(1) as f64;
        let of_others = f64::from(n_others) * 2.0 * student::upper_tail(bound, freedom);
        n_above as f64 / largest.len().max(1) as f64 + of_others > most_above
    };
    let (mut low, mut high) = (of_compared, of_compared.max(MOST_ERRORS));
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if is_exceeded(middle) { low = middle } else { high = middle }
    }
    high
}

/// So many of the draws lie below the bound: a few more than 95 of 100, since draws tell it by chance. One list of draws
/// in a hundred still tells a bound that is too small.
fn place_of_bound(n_draws: usize) -> usize {
    place_of(n_draws, CONFIDENCE).min(n_draws.saturating_sub(1))
}

/// The same of another confidence; there may be too few draws for it.
pub(super) fn place_of(n_draws: usize, confidence: f64) -> usize {
    const SURE: f64 = 2.33;
    let n = n_draws as f64;
    let place = confidence * n + SURE * (n * confidence * (1.0 - confidence)).sqrt();
    place.ceil() as usize
}

/// From one team's own deviation to those of others, each by its scale.
pub(super) fn largest_difference(own: f32, draw: &[f32], scales: &[f32]) -> f32 {
    const LANES: usize = 8;
    let mut lanes = [0.0_f32; LANES];
    for (draw, scales) in draw.chunks(LANES).zip(scales.chunks(LANES)) {
        for ((lane, value), scale) in lanes.iter_mut().zip(draw).zip(scales) {
            let size = ((value - own) * scale).abs();
            *lane = if size > *lane { size } else { *lane };
        }
    }
    lanes.into_iter().fold(0.0, f32::max)
}

#[cfg(test)]
mod coverage;

#[cfg(test)]
mod tests {
    use super::coverage::{Contest, of_normal_losses};
    use super::*;

    const N_ROWS: usize = 120;

    #[test]
    fn threads_change_nothing_and_equal_files_stand_together() {
        const N_TEAMS: usize = 8;
        const N: u64 = 100;
        let Contest { keys: mut scores, covariance, .. } =
            of_normal_losses(&[0.0, 0.0, 0.0, 0.1, 0.2, 0.3, 0.4, 0.8], 5);
        let all = Places::of_all(N_TEAMS);
        let ranges = rank_ranges(&scores, &covariance, N, all, 9);
        assert_eq!(parallel::with_threads(3, || rank_ranges(&scores, &covariance, N, all, 9)), ranges);
        scores.push(scores[0]);
        let mut wider = Covariance::zeros(N_TEAMS + 1);
        for a in 0..=N_TEAMS {
            for b in 0..=N_TEAMS {
                wider.put(a, b, covariance.at(a % N_TEAMS, b % N_TEAMS));
            }
        }
        let ranges = rank_ranges(&scores, &wider, N, Places::of_all(N_TEAMS + 1), 9);
        assert_eq!(ranges[0], ranges[N_TEAMS]);
        let alone = rank_ranges(&[1.0], &Covariance::zeros(1), N, Places::of_all(1), 9);
        assert_eq!(alone, [RankRange { low: 1, high: 1 }]);
    }

    /// Teams that are so much worse than the best, all of them far off on one row by as much.
    fn with_a_row_far_off(steps: &[f64], outlier: f64) -> (Vec<f64>, Covariance) {
        const N: usize = 400;
        let normal = Normal::new(5);
        let loss = |team: usize, row: usize| {
            steps[team]
                + normal.at(99, row)
                + 0.5 * normal.at(team, row)
                + if row == 7 { outlier } else { 0.0 }
        };
        let losses: Vec<Vec<f64>> =
            (0..steps.len()).map(|team| (0..N).map(|row| loss(team, row)).collect()).collect();
        let keys: Vec<f64> = losses.iter().map(|losses| losses.iter().sum::<f64>() / N as f64).collect();
        let column = |(losses, key): (&Vec<f64>, &f64)| -> Vec<f32> {
            losses.iter().map(|loss| (loss - key) as f32).collect()
        };
        let columns: Vec<Vec<f32>> = losses.iter().zip(&keys).map(column).collect();
        let columns: Vec<&[f32]> = columns.iter().map(Vec::as_slice).collect();
        (keys, Covariance::of(&holdout_evaluator::Cpu, &columns))
    }

    #[test]
    fn a_row_that_is_far_off_for_all_teams_changes_no_range() {
        let steps = [0.0, 0.01, 0.4, 0.41, 1.0];
        let ranges = |outlier: f64| {
            let (keys, covariance) = with_a_row_far_off(&steps, outlier);
            rank_ranges(&keys, &covariance, 400, Places::of_all(steps.len()), 3)
        };
        let range = |low, high| RankRange { low, high };
        assert_eq!(ranges(0.0), [range(1, 2), range(1, 2), range(3, 4), range(3, 4), range(5, 5)]);
        for outlier in [1e3, 1e5, 1e6] {
            assert_eq!(ranges(outlier), ranges(0.0), "{outlier}");
        }
    }

    #[test]
    fn who_is_worse_by_the_same_on_every_row_is_surely_behind() {
        let column = [0.3_f32, -0.1, -0.4, 0.2, 0.5, -0.5, 0.1, -0.1];
        let covariance = Covariance::of(&holdout_evaluator::Cpu, &[&column[..], &column, &column]);
        let ranges = rank_ranges(&[1.0, 1.0, 1.2], &covariance, 8, Places::of_all(3), 3);
        assert_eq!(
            ranges.iter().map(|range| (range.low, range.high)).collect::<Vec<_>>(),
            [(1, 2), (1, 2), (3, 3)]
        );
    }

    const N_FIRST: usize = 12;
    const N_ON_BOARD: usize = 60;

    /// A board of which the first teams are compared, and every fourth below them; the true losses of all, in the
    /// order of the board.
    fn long_contest(number: usize) -> (Vec<f64>, Vec<f64>, Covariance, Vec<u32>) {
        let normal = Normal::new(number as u64 + 70_000);
        let truth = |team: usize| 0.012 * team as f64;
        let loss =
            |team: usize, row: usize| truth(team) + normal.at(N_ON_BOARD, row) + 0.5 * normal.at(team, row);
        let losses: Vec<Vec<f64>> =
            (0..N_ON_BOARD).map(|team| (0..N_ROWS).map(|row| loss(team, row)).collect()).collect();
        let mean = |losses: &[f64]| losses.iter().sum::<f64>() / N_ROWS as f64;
        let mut order: Vec<usize> = (0..N_ON_BOARD).collect();
        order.sort_by(|a, b| mean(&losses[*a]).total_cmp(&mean(&losses[*b])));
        let landmarks: Vec<u32> = (N_FIRST as u32 + 1..=N_ON_BOARD as u32).step_by(4).collect();
        let compared = (0..N_FIRST).chain(landmarks.iter().map(|rank| *rank as usize - 1));
        let compared: Vec<usize> = compared.map(|place| order[place]).collect();
        let keys: Vec<f64> = compared.iter().map(|team| mean(&losses[*team])).collect();
        let influence = |(team, mean): (&usize, &f64)| -> Vec<f32> {
            losses[*team].iter().map(|loss| (loss - mean) as f32).collect()
        };
        let columns: Vec<Vec<f32>> = compared.iter().zip(&keys).map(influence).collect();
        let columns: Vec<&[f32]> = columns.iter().map(Vec::as_slice).collect();
        let covariance = Covariance::of(&holdout_evaluator::Cpu, &columns);
        (order.into_iter().map(truth).collect(), keys, covariance, landmarks)
    }

    /// The first teams' ranges, each with the true rank.
    type BesideTruth = [(RankRange, u32)];

    #[test]
    fn ranges_of_the_first_teams_hold_ranks_far_below_those_that_were_compared() {
        const N_LONG: usize = 2000;
        let numbers = Numbers::of(1, N_DRAWS, N_FIRST + (N_ON_BOARD - N_FIRST).div_ceil(4));
        let looked_at = parallel::map(N_LONG, usize::MAX, |number| {
            let (truths, keys, covariance, landmarks) = long_contest(number);
            let places = Places { n_first: N_FIRST, landmarks: &landmarks, n_teams: N_ON_BOARD as u32 };
            let ranges =
                parallel::with_threads(1, || ranges_of(&keys, &covariance, N_ROWS as u64, places, &numbers));
            let true_rank = |truth: f64| 1 + truths.iter().filter(|other| **other < truth).count() as u32;
            let ranks: Vec<u32> = truths[..N_FIRST].iter().map(|truth| true_rank(*truth)).collect();
            ranges.into_iter().zip(ranks).collect::<Vec<(RankRange, u32)>>()
        });
        let share = |is_one: &dyn Fn(&BesideTruth) -> bool| {
            looked_at.iter().filter(|found| is_one(found)).count() as f64 / N_LONG as f64
        };
        let holds = |(range, rank): &(RankRange, u32)| (range.low..=range.high).contains(rank);
        for place in 0..N_FIRST {
            let held = share(&|found| holds(&found[place]));
            assert!(held >= 0.95, "of place {}: {held}", place + 1);
        }
        let held = share(&|found| found.iter().all(holds));
        assert!(held >= 0.95, "all: {held}");
        let below = share(&|found| found[N_FIRST - 1].1 > N_FIRST as u32);
        assert!(below > 0.1, "the last of the first is often truly below them: {below}");
        let narrow = share(&|found| found[N_FIRST - 1].0.high < N_ON_BOARD as u32);
        assert!(narrow > 0.5, "not all of the others count: {narrow}");
    }

    #[test]
    fn who_is_not_better_than_a_landmark_may_be_as_low_as_the_next_one_that_it_is_better_than() {
        let landmarks = [11, 15, 20];
        let places = Places { n_first: 10, landmarks: &landmarks, n_teams: 30 };
        assert_eq!(places.n_worse_below(|_| true), 20);
        assert_eq!(places.n_worse_below(|at| at == 12), 11, "the last landmark, and all from there on");
        assert_eq!(places.n_worse_below(|at| at == 11), 0, "the last one is not worse");
        assert_eq!(places.n_worse_below(|_| false), 0);
        assert_eq!(Places::of_all(10).n_worse_below(|_| true), 0);
    }

    #[test]
    fn teams_that_were_not_compared_widen_the_bound() {
        let largest: Vec<f32> = (0..1000).map(|at| at as f32 / 250.0).collect();
        const MANY: u64 = 1_000_000_000;
        let alone = bound(&largest, 0, MANY);
        assert!((alone - 967.0 / 250.0).abs() < 1e-6, "{alone}");
        let with = [10, 6000, 1_000_000].map(|n| bound(&largest, n, MANY));
        assert!(alone < with[0] && with[0] < with[1] && with[1] < with[2] && with[2] < 6.0, "{with:?}");
        let above = largest.iter().filter(|size| f64::from(**size) > with[1]).count() as f64 / 1000.0;
        let chance = above + 6000.0 * libm::erfc(with[1] / std::f64::consts::SQRT_2);
        assert!((chance - 0.033).abs() < 0.0011, "{chance}");
        assert!((4.3..4.5).contains(&bound(&[], 6000, MANY)), "{}", bound(&[], 6000, MANY));
        assert!(bound(&[], 6000, 40) > bound(&[], 6000, MANY) + 0.5, "few units have wider tails");
    }
}
