//! Boards that rank teams by several metrics: every team's place follows from all files, so that all are looked at
//! together, or none.

use super::shown;
use crate::ranks::{self, Covariance, MeanRanks, PartKeys};
use crate::worker::message::{Board, RanksOutcome, TeamRanks};

/// Scores that are looked at together, a team having as many as there are metrics: every two have a covariance, and every
/// two teams an error under each metric.
const MOST_SCORES: usize = 1500;

/// Why nothing can be known of the ranks of a board; `None` where teams are ranked by one score, too.
pub(super) fn hindrance(board: &Board) -> Option<String> {
    let n_parts = board.parts.len();
    let has_all = board.entries.iter().all(|entry| entry.part_keys.len() == n_parts);
    hindrance_of(n_parts, board.n_teams as usize, board.entries.len(), has_all)
}

fn hindrance_of(n_parts: usize, n_teams: usize, n_here: usize, has_all: bool) -> Option<String> {
    let most_teams = MOST_SCORES.checked_div(n_parts)?;
    if n_teams > most_teams {
        return Some(format!(
            "Every rank follows from the files of all teams here. Under {n_parts} metrics boards of up to {most_teams} teams \
             are looked at, and this one has more: which ranks a team may truly have is not known."
        ));
    }
    (n_here < n_teams || !has_all).then(|| {
        "Every rank follows from the files of all teams here, and one of them is gone or has no score under one of the \
         metrics: which ranks a team may truly have is not known."
            .to_owned()
    })
}

/// What follows from the covariance of all scores; `share` is how many times more units are unseen than seen.
pub(super) fn outcome(board: &Board, covariance: &Covariance, n_units: u64, share: f64) -> RanksOutcome {
    let n_parts = board.parts.len();
    let keys: Vec<f64> = board.entries.iter().flat_map(|entry| entry.part_keys.iter().copied()).collect();
    let weights: Vec<f64> = board.parts.iter().map(|part| part.weight).collect();
    let found = MeanRanks::of(PartKeys { keys: &keys, weights: &weights, covariance, n_units }, board.seed);
    let pictures = board.is_final.then(|| found.pictures());
    let shake_up = if board.is_final { None } else { found.shake_up(share) };
    let of_parts: Vec<Covariance> = (0..n_parts).map(|part| covariance.of_part(part, n_parts)).collect();
    let n_teams = board.entries.len();
    let errors = |team: usize| {
        let beside = |part: &Covariance| -> Vec<f32> {
            (0..n_teams).map(|other| shown(part.error_at_most(team, other)) as f32).collect()
        };
        of_parts.iter().flat_map(beside).collect()
    };
    let teams = found.ranges().into_iter().enumerate().map(|(team, found)| TeamRanks {
        range: found.range,
        standard_error: of_parts.first().map_or(0.0, |primary| shown(primary.standard_error(team))),
        difference_errors: errors(team),
        most_behind: found.most_behind,
        duels: Vec::new(),
    });
    RanksOutcome::Found {
        digits: None,
        part_noise: of_parts.iter().map(|part| ranks::digits(part).map(|digits| digits.noise)).collect(),
        shake_up: shake_up.map(shown),
        teams: teams.collect(),
        pictures,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_teams_are_looked_at_or_none() {
        assert_eq!(hindrance_of(0, 100_000, 1060, true), None, "ranked by one score");
        assert_eq!(hindrance_of(2, 750, 750, true), None);
        let too_many = hindrance_of(3, 501, 501, true).expect("more than are looked at");
        assert!(too_many.contains("Under 3 metrics boards of up to 500 teams"), "{too_many}");
        for (n_here, has_all) in [(499, true), (500, false)] {
            let missing = hindrance_of(3, 500, n_here, has_all).expect("somebody is missing");
            assert!(missing.contains("one of them is gone"), "{missing}");
        }
    }
}
