//! How much the order may change on rows that nobody has seen, from the public ones alone: scores are pulled
//! together by the part of their spread that is noise, then both truth and noise are drawn anew.

use super::Covariance;
use super::draws::{Normal, Root};
use crate::parallel;

const N_DRAWS: usize = 300;

/// The mean move in rank, as a share of the table; `None` below three teams. `share` is how many times more
/// units are unseen than seen.
pub fn shake_up(keys: &[f64], covariance: &Covariance, share: f64, seed: u64) -> Option<f64> {
    let n = keys.len();
    if n < 3 || share <= 0.0 {
        return None;
    }
    let mean = keys.iter().sum::<f64>() / n as f64;
    let spread = keys.iter().map(|key| (key - mean).powi(2)).sum::<f64>() / (n - 1) as f64;
    let noise = noise(covariance);
    if noise <= 0.0 {
        return None;
    }
    let signal = (spread - noise).max(0.0);
    let kept = signal / (signal + noise);
    let left = (signal * noise / (signal + noise)).sqrt();
    let before = places(keys);
    let (truth, unseen) = (Normal::new(seed), Normal::new(seed ^ u64::MAX));
    let root = Root::of(covariance);
    let moves = parallel::map(N_DRAWS, N_DRAWS * n * n / 8, |draw| {
        let noise = root.draw(unseen, draw);
        let drawn = |team: usize| {
            mean + kept * (keys[team] - mean) + left * truth.at(draw, team) + noise[team] / share.sqrt()
        };
        let after = places(&(0..n).map(drawn).collect::<Vec<f64>>());
        before.iter().zip(after).map(|(before, after)| before.abs_diff(after)).sum::<usize>()
    });
    Some(moves.iter().sum::<usize>() as f64 / (N_DRAWS * n * n) as f64)
}

/// The variance of scores by chance, without what moves all of them alike.
fn noise(covariance: &Covariance) -> f64 {
    let n = covariance.n_teams();
    let own: f64 = (0..n).map(|team| covariance.at(team, team)).sum();
    let common: f64 = (0..n).map(|team| covariance.row(team).iter().sum::<f64>()).sum();
    (own - common / n as f64) / (n - 1) as f64
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

    /// What was forecast, and how far teams then moved, in one contest.
    fn forecast_and_move(number: usize) -> (f64, f64) {
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
        let columns: Vec<Vec<f32>> = (0..N_TEAMS)
            .map(|team| (0..N_SEEN).map(|row| (loss(team, row) - seen[team]) as f32).collect())
            .collect();
        let columns: Vec<&[f32]> = columns.iter().map(Vec::as_slice).collect();
        let forecast = shake_up(
            &seen,
            &Covariance::of(&holdout_evaluator::Cpu, &columns),
            N_UNSEEN as f64 / N_SEEN as f64,
            1,
        );
        let moved = places(&seen).into_iter().zip(places(&unseen)).map(|(a, b)| a.abs_diff(b)).sum::<usize>();
        (forecast.expect("teams differ"), moved as f64 / (N_TEAMS * N_TEAMS) as f64)
    }

    #[test]
    fn what_is_forecast_happens() {
        let contests: Vec<(f64, f64)> = (0..12).map(forecast_and_move).collect();
        let mean = |of: fn(&(f64, f64)) -> f64| contests.iter().map(of).sum::<f64>() / contests.len() as f64;
        let (forecast, moved) = (mean(|contest| contest.0), mean(|contest| contest.1));
        assert!((forecast - moved).abs() < 0.02, "{forecast} was forecast, {moved} happened");
    }
}
