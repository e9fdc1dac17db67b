//! Frequencies of ranks, and which leads are more than chance.

use crate::leaderboard::sight::SeenTeam;

/// Leads are called more than chance where all that are hold in 95 of 100 contests without any.
pub const SIGNIFICANT: f32 = 0.05;

#[derive(Debug, Clone, PartialEq)]
pub struct Pictures {
    /// Of the board that was looked at.
    pub board_revision: i64,
    /// Of scores computed anew, not of draws with their covariance.
    pub is_exact: bool,
    pub n_draws: i32,
    pub teams: Vec<SeenTeam>,
    /// Of each team: of rank 1, 2, … up to the number of teams, then of all lower ones.
    pub frequencies: Vec<Vec<i32>>,
    /// Of each team against each: how likely a lead like this one is where there is none.
    pub p_values: Vec<Vec<f32>>,
}

impl Pictures {
    pub fn sample() -> Self {
        let team = SeenTeam::sample;
        Self {
            board_revision: 7,
            is_exact: false,
            n_draws: 2000,
            teams: vec![team(1, "Ada & friends"), team(2, "Bob"), team(3, "Cleo of the very long team name")],
            frequencies: vec![vec![1300, 690, 10, 0], vec![695, 1280, 25, 0], vec![5, 30, 1905, 60]],
            p_values: vec![vec![1.0, 0.31, 0.004], vec![1.0, 1.0, 0.013], vec![1.0, 1.0, 1.0]],
        }
    }

    /// Lists of one team after the other, as they are stored; `None` for what does not fit together.
    pub fn of(
        teams: Vec<SeenTeam>,
        (board_revision, is_exact, n_draws): (i64, bool, i32),
        frequencies: &[i32],
        p_values: &[f32],
    ) -> Option<Self> {
        let n = teams.len();
        let fits = n > 0 && frequencies.len() == n * (n + 1) && p_values.len() == n * n;
        fits.then(|| Self {
            board_revision,
            is_exact,
            n_draws,
            teams,
            frequencies: frequencies.chunks(n + 1).map(<[i32]>::to_vec).collect(),
            p_values: p_values.chunks(n).map(<[f32]>::to_vec).collect(),
        })
    }

    /// How often, as a share of all draws.
    pub fn share(&self, count: i32) -> f64 {
        f64::from(count) / f64::from(self.n_draws.max(1))
    }

    /// Whether the first team leads the second by more than chance.
    pub fn leads(&self, first: usize, second: usize) -> bool {
        self.p_values[first][second] <= SIGNIFICANT
    }

    /// Pairs of which one leads the other by more than chance, and all pairs.
    pub fn counts(&self) -> (usize, usize) {
        let n = self.teams.len();
        let leads = (0..n).flat_map(|a| (0..n).map(move |b| (a, b))).filter(|(a, b)| self.leads(*a, *b));
        (leads.count(), n * (n - 1) / 2)
    }

    /// How the contest was imagined again.
    pub fn how(&self) -> String {
        let n_draws = crate::web::format::count(self.n_draws.into());
        if self.is_exact {
            format!("The private rows were drawn again {n_draws} times, and every score was recomputed.")
        } else {
            format!(
                "The scores were drawn again {n_draws} times, with the errors that they have in common on the private rows."
            )
        }
    }

    pub fn first_sentence(&self) -> String {
        let Some((first, counts)) = self.teams.first().zip(self.frequencies.first()) else {
            return String::new();
        };
        let percent = 100.0 * self.share(counts[0]);
        format!("{} comes first in {percent:.1}% of the draws.", first.name)
    }

    pub fn leads_sentence(&self) -> String {
        match self.counts() {
            (_, 0) => String::new(),
            (n_leads, 1) => {
                let word = if n_leads == 1 { "is more" } else { "may be no more" };
                format!("The lead of the first of these two teams {word} than chance.")
            }
            (n_leads, n_pairs) => {
                format!("Of {n_pairs} pairs of these teams, {n_leads} differ by more than chance.")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_tell_the_numbers() {
        let mut pictures = Pictures::sample();
        assert_eq!(pictures.first_sentence(), "Ada & friends comes first in 65.0% of the draws.");
        assert_eq!(pictures.leads_sentence(), "Of 3 pairs of these teams, 2 differ by more than chance.");
        assert!(pictures.how().starts_with("The scores were drawn again 2,000 times"));
        pictures.is_exact = true;
        assert!(pictures.how().ends_with("every score was recomputed."));
    }

    #[test]
    fn lists_are_taken_apart_team_by_team() {
        let sample = Pictures::sample();
        let head = (7, false, 2000);
        let (frequencies, p_values) = (sample.frequencies.concat(), sample.p_values.concat());
        let found = Pictures::of(sample.teams.clone(), head, &frequencies, &p_values);
        assert_eq!(found.as_ref(), Some(&sample));
        assert_eq!(Pictures::of(sample.teams.clone(), head, &frequencies[1..], &p_values), None);
        assert_eq!(Pictures::of(Vec::new(), head, &[], &[]), None);
    }
}
