//! How much the order may change on rows that nobody has seen, from the public ones alone: scores are pulled
//! together by the part of their spread that is noise, then both truth and noise are drawn anew.

use super::draws::{Normal, Root};
use super::{Covariance, N_DRAWS_OF_FORECAST as N_DRAWS};
use crate::parallel;

/// A team of the board that was not compared with others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Uncompared {
    pub key: f64,
    /// The compared team next to it, whose score moves as far by chance.
    pub like: usize,
}

/// The mean move in rank of all teams, as a share of the table; `None` below three of them. `share` is how many
/// times more units are unseen than seen.
pub fn shake_up(
    keys: &[f64],
    covariance: &Covariance,
    uncompared: &[Uncompared],
    share: f64,
    seed: u64,
) -> Option<f64> {
    let keys: Vec<f64> = keys.iter().copied().chain(uncompared.iter().map(|team| team.key)).collect();
    let n = keys.len();
    if n < 3 || share <= 0.0 {
        return None;
    }
    let mean = keys.iter().sum::<f64>() / n as f64;
    let spread = keys.iter().map(|key| (key - mean).powi(2)).sum::<f64>() / (n - 1) as f64;
    let chance = Chance::of(covariance, uncompared);
    let noise = chance.own.iter().sum::<f64>() / (n - 1) as f64;
    if noise <= 0.0 {
        return None;
    }
    let signal = (spread - noise).max(0.0);
    let kept = signal / (signal + noise);
    let left = (signal * noise / (signal + noise)).sqrt();
    let before = places(&keys);
    let (truth, unseen) = (Normal::new(seed), Normal::new(seed ^ u64::MAX));
    let moves = parallel::map(N_DRAWS, N_DRAWS * chance.n_steps() / 8, |draw| {
        let noise = chance.draw(unseen, draw);
        let drawn = |team: usize| {
            mean + kept * (keys[team] - mean) + left * truth.at(draw, team) + noise[team] / share.sqrt()
        };
        let after = places(&(0..n).map(drawn).collect::<Vec<f64>>());
        before.iter().zip(after).map(|(before, after)| before.abs_diff(after)).sum::<usize>()
    });
    Some(moves.iter().sum::<usize>() as f64 / N_DRAWS as f64 / (n as f64 * n as f64))
}

/// How the scores of all teams move by chance.
struct Chance {
    root: Root,
    n_compared: usize,
    /// Of every team: the variance of its score by chance, without what moves all of them alike.
    own: Vec<f64>,
}

impl Chance {
    fn of(covariance: &Covariance, uncompared: &[Uncompared]) -> Self {
        let n = covariance.n_teams();
        let with_others: Vec<f64> =
            (0..n).map(|team| covariance.row(team).iter().sum::<f64>() / n as f64).collect();
        let common = with_others.iter().sum::<f64>() / n as f64;
        let own = |team: usize| (covariance.at(team, team) - 2.0 * with_others[team] + common).max(0.0);
        let teams = (0..n).chain(uncompared.iter().map(|team| team.like));
        Self { root: Root::of(covariance), n_compared: n, own: teams.map(own).collect() }
    }

    fn n_steps(&self) -> usize {
        self.root.n_steps() + 64 * self.own.len()
    }

    /// Deviations in one imagined contest. What moves all compared teams alike moves the others, too.
    fn draw(&self, normal: Normal, draw: usize) -> Vec<f64> {
        let mut noise = self.root.draw(normal, draw);
        let common = noise.iter().sum::<f64>() / self.n_compared as f64;
        let others = (self.n_compared..self.own.len())
            .map(|team| common + self.own[team].sqrt() * normal.at(draw, team));
        noise.extend(others);
        noise
    }
}

/// Every team's place by its key, lowest first.
fn places(keys: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by(|a, b| keys[*a].total_cmp(&keys[*b]));
    let mut places = vec![0; keys.len()];
    order.iter().enumerate().for_each(|(place, team)| places[*team] = place);
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    const N_TEAMS: usize = 40;
    const N_SEEN: usize = 150;
    const N_UNSEEN: usize = 300;

    /// What was forecast, and how far teams then moved, in one contest in which so many teams were compared, and
    /// every third of the others.
    fn forecast_and_move(number: usize, n_first: usize) -> (f64, f64) {
        let normal = Normal::new(number as u64);
        let loss = |team: usize, row: usize| {
            0.1 * normal.at(N_TEAMS, team) + normal.at(N_TEAMS + 1, row) + normal.at(team, row)
        };
        let mean = |team: usize, rows: std::ops::Range<usize>| {
            let n = rows.len() as f64;
            rows.map(|row| loss(team, row)).sum::<f64>() / n
        };
        let seen: Vec<f64> = (0..N_TEAMS).map(|team| mean(team, 0..N_SEEN)).collect();
        let unseen: Vec<f64> = (0..N_TEAMS).map(|team| mean(team, N_SEEN..N_SEEN + N_UNSEEN)).collect();
        let mut order: Vec<usize> = (0..N_TEAMS).collect();
        order.sort_by(|a, b| seen[*a].total_cmp(&seen[*b]));
        let is_compared = |place: usize| place < n_first || (place - n_first).is_multiple_of(3);
        let (mut compared, mut uncompared) = (Vec::new(), Vec::new());
        for (place, team) in order.into_iter().enumerate() {
            if is_compared(place) {
                compared.push(team);
            } else {
                uncompared.push(Uncompared { key: seen[team], like: compared.len() - 1 });
            }
        }
        let column = |team: &usize| -> Vec<f32> {
            (0..N_SEEN).map(|row| (loss(*team, row) - seen[*team]) as f32).collect()
        };
        let columns: Vec<Vec<f32>> = compared.iter().map(column).collect();
        let columns: Vec<&[f32]> = columns.iter().map(Vec::as_slice).collect();
        let covariance = Covariance::of(&holdout_evaluator::Cpu, &columns);
        let keys: Vec<f64> = compared.iter().map(|team| seen[*team]).collect();
        let forecast = shake_up(&keys, &covariance, &uncompared, N_UNSEEN as f64 / N_SEEN as f64, 1);
        let moved = places(&seen).into_iter().zip(places(&unseen)).map(|(a, b)| a.abs_diff(b)).sum::<usize>();
        (forecast.expect("teams differ"), moved as f64 / (N_TEAMS * N_TEAMS) as f64)
    }

    #[test]
    fn what_is_forecast_happens() {
        for n_first in [N_TEAMS, 10] {
            let contests: Vec<(f64, f64)> =
                (0..12).map(|number| forecast_and_move(number, n_first)).collect();
            let mean =
                |of: fn(&(f64, f64)) -> f64| contests.iter().map(of).sum::<f64>() / contests.len() as f64;
            let (forecast, moved) = (mean(|contest| contest.0), mean(|contest| contest.1));
            assert!((forecast - moved).abs() < 0.02, "{forecast} was forecast, {moved} happened");
        }
    }
}
