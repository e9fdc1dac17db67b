//! Which ranks each team may truly have (Mogstad, Romano, Shaikh and Wilhelm 2024): of every team, how many
//! are better and how many worse by more than all its differences together vary by chance.

use super::draws::Root;
use super::{CONFIDENCE, Covariance, N_DRAWS};
use crate::parallel;

/// The ranks that a team may have; from 1, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RankRange {
    pub low: u32,
    pub high: u32,
}

/// Of scores of which lower ones are better, with their covariance.
pub fn rank_ranges(keys: &[f64], covariance: &Covariance, seed: u64) -> Vec<RankRange> {
    ranges_of(keys, covariance, seed, N_DRAWS)
}

fn ranges_of(keys: &[f64], covariance: &Covariance, seed: u64, n_draws: usize) -> Vec<RankRange> {
    let n = keys.len();
    let draws = Root::of(covariance).draws(seed, n_draws);
    let draws: Vec<Vec<f32>> =
        draws.iter().map(|draw| draw.iter().map(|value| *value as f32).collect()).collect();
    parallel::map(n, n * n_draws * n / 8, |team| range_of(team, keys, covariance, &draws))
}

fn range_of(team: usize, keys: &[f64], covariance: &Covariance, draws: &[Vec<f32>]) -> RankRange {
    let n = keys.len();
    let errors: Vec<f64> = (0..n).map(|other| covariance.error_of_difference(team, other)).collect();
    // Equal files never differ, in any contest.
    let scales: Vec<f32> =
        errors.iter().map(|error| if *error > 0.0 { (1.0 / error) as f32 } else { 0.0 }).collect();
    let mut largest: Vec<f32> = draws.iter().map(|draw| largest_difference(team, draw, &scales)).collect();
    largest.sort_unstable_by(f32::total_cmp);
    let bound =
        largest.get((CONFIDENCE * draws.len() as f64) as usize).map_or(0.0, |bound| f64::from(*bound));
    let (mut n_better, mut n_worse) = (0, 0);
    for other in (0..n).filter(|other| errors[*other] > 0.0) {
        let difference = (keys[team] - keys[other]) / errors[other];
        n_better += u32::from(difference > bound);
        n_worse += u32::from(difference < -bound);
    }
    RankRange { low: 1 + n_better, high: n as u32 - n_worse }
}

fn largest_difference(team: usize, draw: &[f32], scales: &[f32]) -> f32 {
    const LANES: usize = 8;
    let own = draw[team];
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
mod tests {
    use super::*;
    use crate::ranks::draws::Normal;

    const N_CONTESTS: usize = 2000;
    const N_TEAMS: usize = 8;
    const N_ROWS: usize = 120;

    /// True losses of the teams: three are equally good, the others a step worse each.
    fn truth(team: usize) -> f64 {
        [0.0, 0.0, 0.0, 0.1, 0.2, 0.3, 0.4, 0.8][team]
    }

    /// Row losses share what is hard about the row.
    fn contest(number: usize) -> (Vec<f64>, Covariance) {
        let normal = Normal::new(number as u64);
        let losses: Vec<Vec<f64>> = (0..N_TEAMS)
            .map(|team| {
                let loss = |row| truth(team) + normal.at(N_TEAMS, row) + 0.5 * normal.at(team, row);
                (0..N_ROWS).map(loss).collect()
            })
            .collect();
        let means: Vec<f64> =
            losses.iter().map(|losses| losses.iter().sum::<f64>() / N_ROWS as f64).collect();
        let influence = |(losses, mean): (&Vec<f64>, &f64)| -> Vec<f32> {
            losses.iter().map(|loss| (loss - mean) as f32).collect()
        };
        let columns: Vec<Vec<f32>> = losses.iter().zip(&means).map(influence).collect();
        let columns: Vec<&[f32]> = columns.iter().map(Vec::as_slice).collect();
        (means, Covariance::of(&holdout_evaluator::Cpu, &columns))
    }

    #[test]
    fn ranges_hold_the_true_ranks_in_95_of_100_contests() {
        let (mut n_held, mut n_narrow) = ([0; N_TEAMS], 0);
        for number in 0..N_CONTESTS {
            let (scores, covariance) = contest(number);
            let ranges = ranges_of(&scores, &covariance, 1, 200);
            for (team, range) in ranges.iter().enumerate() {
                let best = 1 + (0..N_TEAMS).filter(|other| truth(*other) < truth(team)).count() as u32;
                let worst = (0..N_TEAMS).filter(|other| truth(*other) <= truth(team)).count() as u32;
                n_held[team] += u32::from(range.low <= best && worst <= range.high);
            }
            n_narrow += u32::from(ranges[7] == RankRange { low: 8, high: 8 });
        }
        for (team, n_held) in n_held.iter().enumerate() {
            assert!(f64::from(*n_held) >= 0.95 * N_CONTESTS as f64, "team {team}: {n_held} of {N_CONTESTS}");
        }
        assert!(n_narrow > N_CONTESTS as u32 / 2, "a clear difference is told: {n_narrow}");
    }

    #[test]
    fn threads_change_nothing_and_equal_files_stand_together() {
        let (mut scores, covariance) = contest(5);
        let ranges = rank_ranges(&scores, &covariance, 9);
        assert_eq!(parallel::with_threads(3, || rank_ranges(&scores, &covariance, 9)), ranges);
        scores.push(scores[0]);
        let mut wider = Covariance::zeros(N_TEAMS + 1);
        for a in 0..=N_TEAMS {
            for b in 0..=N_TEAMS {
                wider.put(a, b, covariance.at(a % N_TEAMS, b % N_TEAMS));
            }
        }
        let ranges = rank_ranges(&scores, &wider, 9);
        assert_eq!(ranges[0], ranges[N_TEAMS]);
        assert_eq!(rank_ranges(&[1.0], &Covariance::zeros(1), 9), [RankRange { low: 1, high: 1 }]);
    }
}
