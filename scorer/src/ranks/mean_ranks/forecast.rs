//! How far the end may move teams that are ranked by several metrics, from the public rows alone: as for one score
//! (`shake_up`), with what moves several metrics of a team together.

use super::{MeanRanks, Part, places};
use crate::parallel;
use crate::ranks::draws::{Normal, Root};
use crate::ranks::{Covariance, N_DRAWS_OF_FORECAST};

/// What is known of the true scores under one metric: they lie around the mean, pulled together by the part of their
/// spread that is noise, and so far from there.
struct Truth {
    mean: f64,
    kept: f64,
    left: f64,
}

impl Truth {
    fn of(part: &Part, noise: f64) -> Self {
        let n = part.n_teams() as f64;
        let mean = part.keys.iter().sum::<f64>() / n;
        let spread = part.keys.iter().map(|key| (key - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let signal = (spread - noise).max(0.0);
        if noise <= 0.0 {
            return Self { mean, kept: 1.0, left: 0.0 };
        }
        Self { mean, kept: signal / (signal + noise), left: (signal * noise / (signal + noise)).sqrt() }
    }
}

impl MeanRanks {
    /// The mean move in rank of all teams, as a share of the table; `None` below three of them, and where nothing varies.
    /// `share` is how many times more units are unseen than seen.
    pub fn shake_up(&self, share: f64) -> Option<f64> {
        let (n, n_parts) = (self.n_teams(), self.parts.len());
        if n < 3 || share <= 0.0 {
            return None;
        }
        let noise = noise_of_a_team(&self.covariance, n_parts);
        if (0..n_parts).all(|part| noise.at(part, part) <= 0.0) {
            return None;
        }
        let truths: Vec<Truth> =
            self.parts.iter().enumerate().map(|(at, part)| Truth::of(part, noise.at(at, at))).collect();
        // What is left to chance of a team's true scores goes together as its errors do.
        let together = Root::of(&correlation(&noise));
        let (of_truth, unseen) = (Normal::new(self.seed), Normal::new(self.seed ^ u64::MAX));
        let weights = self.weights();
        let before = places(&self.parts.iter().map(|part| part.keys.clone()).collect::<Vec<_>>(), &weights);
        let moves = parallel::map(N_DRAWS_OF_FORECAST, N_DRAWS_OF_FORECAST * n * n * n_parts / 8, |draw| {
            let errors = self.root.draw(unseen, draw);
            let left: Vec<Vec<f64>> = (0..n)
                .map(|team| {
                    let numbers = (0..n_parts).map(|part| of_truth.at(draw, team * n_parts + part));
                    together.of_numbers(&numbers.collect::<Vec<f64>>())
                })
                .collect();
            let drawn = |(at, (part, truth)): (usize, (&Part, &Truth))| -> Vec<f64> {
                let of_team = |(team, key): (usize, &f64)| {
                    truth.mean
                        + truth.kept * (key - truth.mean)
                        + truth.left * left[team][at]
                        + errors[team * n_parts + at] / share.sqrt()
                };
                part.keys.iter().enumerate().map(of_team).collect()
            };
            let after: Vec<Vec<f64>> = self.parts.iter().zip(&truths).enumerate().map(drawn).collect();
            let after = places(&after, &weights);
            before.iter().zip(after).map(|(before, after)| before.abs_diff(after)).sum::<usize>()
        });
        Some(moves.iter().sum::<usize>() as f64 / N_DRAWS_OF_FORECAST as f64 / (n as f64 * n as f64))
    }
}

/// How a team's scores vary by chance under every metric and together, in the mean over teams, without what moves all
/// teams alike.
fn noise_of_a_team(covariance: &Covariance, n_parts: usize) -> Covariance {
    let n = covariance.n_teams() / n_parts;
    let mut found = Covariance::zeros(n_parts);
    for a in 0..n_parts {
        for b in 0..=a {
            let own: f64 = (0..n).map(|team| covariance.at(team * n_parts + a, team * n_parts + b)).sum();
            let pairs = (0..n).flat_map(|team| (0..n).map(move |other| (team, other)));
            let all: f64 =
                pairs.map(|(team, other)| covariance.at(team * n_parts + a, other * n_parts + b)).sum();
            found.put(a, b, (own - all / n as f64) / (n - 1) as f64);
        }
    }
    found
}

fn correlation(covariance: &Covariance) -> Covariance {
    let n = covariance.n_teams();
    let mut found = Covariance::zeros(n);
    for a in 0..n {
        for b in 0..=a {
            let scale = (covariance.at(a, a) * covariance.at(b, b)).max(0.0).sqrt();
            let value = if scale > 0.0 { covariance.at(a, b) / scale } else { f64::from(u8::from(a == b)) };
            found.put(a, b, value);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use holdout_evaluator::Cpu;

    use super::*;
    use crate::ranks::mean_ranks::PartKeys;

    const N_TEAMS: usize = 30;
    const N_PARTS: usize = 2;
    const N_SEEN: usize = 150;
    const N_UNSEEN: usize = 300;

    /// What was forecast, and how far teams then moved, in one contest under two metrics whose errors are alike.
    fn forecast_and_move(number: usize) -> (f64, f64) {
        let normal = Normal::new(number as u64 + 400);
        let loss = |team: usize, part: usize, row: usize| {
            let truth = 0.1 * normal.at(1000 + part, team) + 0.05 * normal.at(1002, team);
            let common = normal.at(1003 + part, row);
            truth + common + 0.7 * normal.at(team, row) + 0.7 * normal.at(N_TEAMS * (1 + part) + team, row)
        };
        let mean = |team: usize, part: usize, rows: std::ops::Range<usize>| {
            let n = rows.len() as f64;
            rows.map(|row| loss(team, part, row)).sum::<f64>() / n
        };
        let all = |rows: std::ops::Range<usize>| -> Vec<Vec<f64>> {
            let of_part = |part| (0..N_TEAMS).map(|team| mean(team, part, rows.clone())).collect();
            (0..N_PARTS).map(of_part).collect()
        };
        let (seen, unseen) = (all(0..N_SEEN), all(N_SEEN..N_SEEN + N_UNSEEN));
        let items = || (0..N_TEAMS).flat_map(|team| (0..N_PARTS).map(move |part| (team, part)));
        let column = |(team, part): (usize, usize)| -> Vec<f32> {
            (0..N_SEEN).map(|row| (loss(team, part, row) - seen[part][team]) as f32).collect()
        };
        let columns: Vec<Vec<f32>> = items().map(column).collect();
        let columns: Vec<&[f32]> = columns.iter().map(Vec::as_slice).collect();
        let covariance = Covariance::of(&Cpu, &columns);
        let keys: Vec<f64> = items().map(|(team, part)| seen[part][team]).collect();
        let weights = [1.0, 1.0];
        let board =
            PartKeys { keys: &keys, weights: &weights, covariance: &covariance, n_units: N_SEEN as u64 };
        let forecast = MeanRanks::of(board, 1).shake_up(N_UNSEEN as f64 / N_SEEN as f64);
        let (before, after) = (places(&seen, &weights), places(&unseen, &weights));
        let moved = before.iter().zip(after).map(|(a, b)| a.abs_diff(b)).sum::<usize>();
        (forecast.expect("teams differ"), moved as f64 / (N_TEAMS * N_TEAMS) as f64)
    }

    #[test]
    fn what_is_forecast_of_mean_ranks_happens() {
        let contests: Vec<(f64, f64)> = parallel::map(24, usize::MAX, forecast_and_move);
        let mean = |of: fn(&(f64, f64)) -> f64| contests.iter().map(of).sum::<f64>() / contests.len() as f64;
        let (forecast, moved) = (mean(|contest| contest.0), mean(|contest| contest.1));
        assert!((forecast - moved).abs() < 0.025, "{forecast} was forecast, {moved} happened");
    }
}
