//! How far the end will move the teams of a contest that nobody has entered yet, as far as that follows from the split
//! and from how far chance moves a score on these rows.
//!
//! It is assumed that good teams enter whose true scores spread a little, and whose files are as alike as usual. Public
//! and private scores are then correlated by `τ² / √((τ² + σ²/f) (τ² + σ²/(1−f)))`, with τ the spread of true scores,
//! σ the error of a score on all rows that is not common to all teams, and `f` the public share. Of normal scores with
//! a correlation ρ, ranks differ by `1/2 − arcsin((1 + ρ)/2)/π` of the table on average, a third where ρ is 0.

use holdout_contract::audit::{Check, Verdict};

use super::ground::Ground;
use super::influence::Resolution;
use super::report::{SMALL_STEP, advised, check, percent, short};

const NAME: &str = "P shake-up";
/// Teams that are assumed to enter. As a share of the table, moves hardly depend on how many they are.
const N_TEAMS: usize = 100;
/// The standard deviation of their true scores, in steps from a good forecaster to a slightly better one.
const SPREAD: f64 = 0.25;
/// Moves that are no longer small beside the third that a board drawn by lot has.
const LARGE: f64 = 0.2;
/// What more rows are said to bring.
const WANTED: f64 = 0.1;

/// What is known of a contest before its first entry.
struct Contest {
    /// The variance of true scores.
    signal: f64,
    /// Of a score on all rows by chance, without what is common to all teams.
    noise: f64,
}

impl Contest {
    /// The mean move between a public board on this share of the rows and a private one on the others, as a share of the
    /// table; with so many times as many rows.
    fn moves(&self, public_fraction: f64, n_times: f64) -> f64 {
        let variance = |share: f64| self.signal + self.noise / (share * n_times);
        let correlation = self.signal / (variance(public_fraction) * variance(1.0 - public_fraction)).sqrt();
        0.5 - libm::asin(0.5 * (1.0 + correlation)) / std::f64::consts::PI
    }

    /// How many times as many rows bring the moves down to what is wanted.
    fn enough(&self, public_fraction: f64) -> f64 {
        let (mut low, mut high) = (1.0, 1e9);
        for _ in 0..60 {
            let middle = f64::sqrt(low * high);
            if self.moves(public_fraction, middle) > WANTED { low = middle } else { high = middle }
        }
        high
    }
}

/// `None` where one of the two boards has no rows, and where nothing is known of chance.
pub fn forecast(case: &Ground<'_>, resolution: &Resolution) -> Option<Check> {
    let public = case.settings.public_fraction;
    if public <= 0.0 || public >= 1.0 || resolution.step <= 0.0 || resolution.error <= 0.0 {
        return None;
    }
    let spread = SPREAD * resolution.step;
    // The error of a difference of two files is that of two independent ones of this variance.
    let contest = Contest { signal: spread.powi(2), noise: resolution.own_error().powi(2) };
    let moves = contest.moves(public, 1.0);
    let verdict = if moves >= LARGE { Verdict::Warn } else { Verdict::Pass };
    let meant = match verdict {
        Verdict::Pass => "The end will not turn the board upside down",
        _ => "The end will shuffle the board",
    };
    let text = format!(
        "{meant}: a team will move by about {} of the table on average, where drawing lots would move it by a third. That \
         is for {N_TEAMS} good teams that usually differ by {}, a quarter of {SMALL_STEP}{}.",
        percent(moves),
        short(spread),
        other_split(&contest, public, moves)
    );
    Some(advised(
        check(NAME, verdict, moves, text),
        "Enter many unlike files and count on the draw of the private rows.",
        format!(
            "Score about {} rows in all: then a team moves by {}. How they are split matters less.",
            short((contest.enough(public) * case.n_rows as f64).ceil()),
            percent(WANTED)
        ),
    ))
}

/// The split that moves teams least, where it is another one by more than a little, which the told figures show.
fn other_split(contest: &Contest, public: f64, moves: f64) -> String {
    let least = contest.moves(0.5, 1.0);
    if moves - least < 0.005 || percent(moves) == percent(least) {
        return ", and no other split of these rows would make it much less".to_owned();
    }
    format!(
        "; with {} of the rows public instead of {} it would be {}",
        percent(0.5),
        percent(public),
        percent(least)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ranks::Normal;

    #[test]
    fn the_closed_form_is_what_teams_drawn_by_chance_do() {
        const N: usize = 400;
        let contest = Contest { signal: 1.0, noise: 0.3 };
        let places = |scores: &[f64]| {
            let mut order: Vec<usize> = (0..N).collect();
            order.sort_by(|a, b| scores[*a].total_cmp(&scores[*b]));
            let mut places = vec![0; N];
            order.into_iter().enumerate().for_each(|(place, team)| places[team] = place);
            places
        };
        for public in [0.1, 0.3, 0.5] {
            let mut moved = 0;
            for draw in 0..20 {
                let normal = Normal::new(1000 + draw);
                let side = |number: usize, share: f64| -> Vec<f64> {
                    let score = |team| normal.at(0, team) + (0.3 / share).sqrt() * normal.at(number, team);
                    (0..N).map(score).collect()
                };
                let (before, after) = (places(&side(1, public)), places(&side(2, 1.0 - public)));
                moved += before.iter().zip(after).map(|(a, b)| a.abs_diff(b)).sum::<usize>();
            }
            let found = moved as f64 / (20 * N * N) as f64;
            assert!((found - contest.moves(public, 1.0)).abs() < 0.01, "{public}: {found}");
        }
    }

    #[test]
    fn another_split_is_told_only_where_it_changes_the_figure() {
        let told = |noise: f64, public: f64| {
            let contest = Contest { signal: 1.0, noise };
            other_split(&contest, public, contest.moves(public, 1.0))
        };
        let mut n_told = 0;
        for public in [0.1, 0.2, 0.3, 0.4, 0.5] {
            for noise in (1..60).map(|step| f64::from(step) * 0.05) {
                let words = told(noise, public);
                let Some((_, rest)) = words.split_once("it would be ") else { continue };
                let here = percent(Contest { signal: 1.0, noise }.moves(public, 1.0));
                assert_ne!(rest, here, "{noise} {public}: {words}");
                n_told += 1;
            }
        }
        assert!(n_told > 20, "{n_told}");
        assert!(told(0.3, 0.5).contains("no other split"));
    }

    #[test]
    fn noise_alone_moves_by_a_third_and_more_rows_or_an_even_split_move_less() {
        let noise = Contest { signal: 1e-12, noise: 1.0 };
        assert!((noise.moves(0.3, 1.0) - 1.0 / 3.0).abs() < 1e-6);
        let contest = Contest { signal: 1.0, noise: 0.3 };
        let all: Vec<f64> = [0.1, 0.3, 0.5].map(|public| contest.moves(public, 1.0)).to_vec();
        assert!(all.is_sorted_by(|a, b| a > b), "{all:?}");
        assert!((contest.moves(0.3, 1.0) - contest.moves(0.7, 1.0)).abs() < 1e-12);
        let enough = contest.enough(0.3);
        assert!((contest.moves(0.3, enough) - WANTED).abs() < 1e-6, "{enough}");
    }
}
