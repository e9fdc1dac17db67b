//! What a finish is worth, and what somebody's finishes and votes add up to. Pure: the same history
//! gives the same medals, points and tiers.

use std::str::FromStr;

use chrono::{DateTime, Utc};

use crate::ids::CompetitionId;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Medal {
    Bronze,
    Silver,
    Gold,
}

impl Medal {
    pub const BEST_FIRST: [Self; 3] = [Self::Gold, Self::Silver, Self::Bronze];

    pub fn name(self) -> &'static str {
        match self {
            Self::Gold => "gold",
            Self::Silver => "silver",
            Self::Bronze => "bronze",
        }
    }
}

/// The last rank of each medal on a final board of `n_teams`; percentages are rounded down.
pub fn last_ranks(n_teams: i64) -> [(Medal, i64); 3] {
    let percent = |share: i64| n_teams * share / 100;
    let (gold, silver, bronze) = match n_teams {
        ..100 => (percent(10), percent(20), percent(40)),
        100..250 => (10, percent(20), percent(40)),
        250..1000 => (10 + n_teams / 500, 50, 100),
        _ => (10 + n_teams / 500, percent(5), percent(10)),
    };
    [(Medal::Gold, gold), (Medal::Silver, silver), (Medal::Bronze, bronze)]
}

/// The medal of a rank on a final board of `n_teams`.
pub fn of_rank(rank: i64, n_teams: i64) -> Option<Medal> {
    last_ranks(n_teams).into_iter().find(|(_, last)| rank <= *last).map(|(medal, _)| medal)
}

/// The name of the medal that a rank won; empty without a rank, or where nobody wins one.
pub fn name_of_rank(rank: Option<i64>, n_teams: Option<i64>) -> &'static str {
    rank.zip(n_teams).and_then(|(rank, n_teams)| of_rank(rank, n_teams)).map_or("", Medal::name)
}

/// How somebody finished in a competition that counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Finish {
    pub competition_id: CompetitionId,
    pub rank: i64,
    /// Teams on the final board.
    pub n_teams: i64,
    /// People in the team when the final board first stood.
    pub team_size: i64,
    pub ended_at: DateTime<Utc>,
}

impl Finish {
    pub fn medal(&self) -> Option<Medal> {
        of_rank(self.rank, self.n_teams)
    }

    /// 100000 / √(team size) · rank^(−0.75) · log₁₀(1 + log₁₀ N) · e^(−days / 500), with the whole
    /// days since the end.
    pub fn points(&self, now: DateTime<Utc>) -> f64 {
        let days = (now - self.ended_at).num_days().max(0) as f64;
        let crowd = (1.0 + (self.n_teams as f64).log10()).log10();
        100_000.0 / (self.team_size as f64).sqrt()
            * (self.rank as f64).powf(-0.75)
            * crowd
            * (-days / 500.0).exp()
    }
}

/// Votes by others, Novices apart, that each medal takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    pub bronze: i64,
    pub silver: i64,
    pub gold: i64,
}

impl Thresholds {
    pub const NOTEBOOKS: Self = Self { bronze: 5, silver: 20, gold: 50 };
    /// Votes for a post less those against it.
    pub const POSTS: Self = Self { bronze: 1, silver: 5, gold: 10 };

    pub fn medal(&self, n_votes: i64) -> Option<Medal> {
        let all = [(Medal::Gold, self.gold), (Medal::Silver, self.silver), (Medal::Bronze, self.bronze)];
        all.into_iter().find(|(_, least)| n_votes >= *least).map(|(medal, _)| medal)
    }
}

/// Not three whole numbers that rise from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("three whole numbers are needed that rise from 1: votes for bronze, silver, gold")]
pub struct NoThresholds;

impl FromStr for Thresholds {
    type Err = NoThresholds;

    fn from_str(text: &str) -> Result<Self, NoThresholds> {
        let numbers: Result<Vec<i64>, _> = text.split(',').map(|part| part.trim().parse()).collect();
        match numbers.as_deref() {
            Ok([bronze, silver, gold]) if 1 <= *bronze && bronze <= silver && silver <= gold => {
                Ok(Self { bronze: *bronze, silver: *silver, gold: *gold })
            }
            _ => Err(NoThresholds),
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Medals {
    pub gold: i64,
    pub silver: i64,
    pub bronze: i64,
    /// Golds that were won without a team.
    pub solo_gold: i64,
}

impl Medals {
    pub fn of(&self, medal: Medal) -> i64 {
        match medal {
            Medal::Gold => self.gold,
            Medal::Silver => self.silver,
            Medal::Bronze => self.bronze,
        }
    }

    pub fn all(&self) -> i64 {
        self.gold + self.silver + self.bronze
    }

    pub fn of_finishes(finishes: &[Finish]) -> Self {
        finishes.iter().fold(Self::default(), |mut sum, finish| {
            match finish.medal() {
                Some(Medal::Gold) => {
                    sum.gold += 1;
                    sum.solo_gold += i64::from(finish.team_size == 1);
                }
                Some(Medal::Silver) => sum.silver += 1,
                Some(Medal::Bronze) => sum.bronze += 1,
                None => {}
            }
            sum
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Tier {
    #[default]
    Novice,
    Contributor,
    Expert,
    Master,
    Grandmaster,
}

impl Tier {
    pub fn name(self) -> &'static str {
        match self {
            Self::Novice => "Novice",
            Self::Contributor => "Contributor",
            Self::Expert => "Expert",
            Self::Master => "Master",
            Self::Grandmaster => "Grandmaster",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    Competitions,
    Notebooks,
    Discussion,
}

impl Category {
    pub const ALL: [Self; 3] = [Self::Competitions, Self::Notebooks, Self::Discussion];

    pub fn name(self) -> &'static str {
        match self {
            Self::Competitions => "Competitions",
            Self::Notebooks => "Notebooks",
            Self::Discussion => "Discussion",
        }
    }

    /// The tiers above Contributor, lowest first. A better medal counts for a lesser one.
    pub fn ladder(self) -> [Rung; 3] {
        let (grandmaster, master, expert) = match self {
            Self::Competitions => (
                Rung { gold: 5, solo_gold: 1, ..Rung::new(Tier::Grandmaster) },
                Rung { gold: 1, silver: 2, ..Rung::new(Tier::Master) },
                Rung { bronze: 2, ..Rung::new(Tier::Expert) },
            ),
            Self::Notebooks => (
                Rung { gold: 15, ..Rung::new(Tier::Grandmaster) },
                Rung { silver: 10, ..Rung::new(Tier::Master) },
                Rung { bronze: 5, ..Rung::new(Tier::Expert) },
            ),
            Self::Discussion => (
                Rung { gold: 50, all: 500, ..Rung::new(Tier::Grandmaster) },
                Rung { silver: 50, all: 200, ..Rung::new(Tier::Master) },
                Rung { bronze: 50, ..Rung::new(Tier::Expert) },
            ),
        };
        [expert, master, grandmaster]
    }

    /// What somebody is who has these medals; without any, a Contributor once something was contributed.
    pub fn tier(self, medals: &Medals, has_contributed: bool) -> Tier {
        let reached = self.ladder().into_iter().rev().find(|rung| rung.is_reached(medals));
        match reached {
            Some(rung) => rung.tier,
            None if has_contributed => Tier::Contributor,
            None => Tier::Novice,
        }
    }
}

/// What a tier takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rung {
    pub tier: Tier,
    pub gold: i64,
    /// Silver beside those golds.
    pub silver: i64,
    /// Bronze beside those golds and silvers.
    pub bronze: i64,
    pub solo_gold: i64,
    /// Medals of any kind, those above among them.
    pub all: i64,
}

impl Rung {
    fn new(tier: Tier) -> Self {
        Self { tier, gold: 0, silver: 0, bronze: 0, solo_gold: 0, all: 0 }
    }

    fn is_reached(&self, medals: &Medals) -> bool {
        let or_better = medals.gold + medals.silver;
        medals.gold >= self.gold
            && or_better >= self.gold + self.silver
            && medals.all() >= self.gold + self.silver + self.bronze
            && medals.solo_gold >= self.solo_gold
            && medals.all() >= self.all
    }

    /// `1 gold and 2 silver`, `50 gold, 500 medals in all`.
    pub fn sentence(&self) -> String {
        let parts = [(self.gold, "gold"), (self.silver, "silver"), (self.bronze, "bronze")];
        let named: Vec<String> =
            parts.iter().filter(|(n, _)| *n > 0).map(|(n, name)| format!("{n} {name}")).collect();
        let mut sentence = named.join(" and ");
        if self.solo_gold > 0 {
            sentence.push_str(&format!(", {} of them won alone", self.solo_gold));
        }
        if self.all > 0 {
            sentence.push_str(&format!(", {} medals in all", self.all));
        }
        sentence
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn golds(n_teams: i64) -> i64 {
        last_ranks(n_teams)[0].1
    }

    #[test]
    fn medals_follow_the_size_of_the_board() {
        assert_eq!([9, 10, 99, 100, 249, 250, 500, 5000].map(golds), [0, 1, 9, 10, 10, 10, 11, 20]);
        assert_eq!(of_rank(1, 9), Some(Medal::Silver));
        assert_eq!(
            [1, 2, 3, 4].map(|rank| of_rank(rank, 9)),
            [Some(Medal::Silver), Some(Medal::Bronze), Some(Medal::Bronze), None]
        );
        assert_eq!(last_ranks(249).map(|(_, last)| last), [10, 49, 99]);
        assert_eq!(last_ranks(999).map(|(_, last)| last), [11, 50, 100]);
        assert_eq!(last_ranks(1000).map(|(_, last)| last), [12, 50, 100]);
        assert_eq!(of_rank(1, 1), None);
    }

    #[test]
    fn points_fall_with_rank_team_and_time() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(5000);
        let won =
            Finish { competition_id: CompetitionId(1), rank: 1, n_teams: 1000, team_size: 1, ended_at: now };
        assert!((won.points(now) - 60_205.999_132_796_24).abs() < 1e-9, "{}", won.points(now));
        let shared = Finish { team_size: 4, ..won };
        assert_eq!(shared.points(now), won.points(now) / 2.0);
        let old = Finish { ended_at: now - TimeDelta::days(500), ..won };
        assert!((old.points(now) / won.points(now) - (-1.0_f64).exp()).abs() < 1e-12);
        assert_eq!(Finish { rank: 16, ..won }.points(now), won.points(now) / 8.0);
        assert_eq!(Finish { n_teams: 1, ..won }.points(now), 0.0);
    }

    #[test]
    fn a_better_medal_counts_for_a_lesser_one() {
        let tier = |gold, silver, bronze, solo_gold| {
            Category::Competitions.tier(&Medals { gold, silver, bronze, solo_gold }, true)
        };
        assert_eq!(tier(0, 0, 1, 0), Tier::Contributor);
        assert_eq!(tier(0, 1, 1, 0), Tier::Expert);
        assert_eq!(tier(0, 3, 0, 0), Tier::Expert);
        assert_eq!(tier(1, 2, 0, 0), Tier::Master);
        assert_eq!(tier(3, 0, 0, 1), Tier::Master);
        assert_eq!(tier(5, 0, 0, 0), Tier::Master);
        assert_eq!(tier(5, 0, 0, 1), Tier::Grandmaster);
    }

    #[test]
    fn discussion_takes_many_medals() {
        let medals = Medals { gold: 50, silver: 100, bronze: 349, solo_gold: 0 };
        assert_eq!(Category::Discussion.tier(&medals, true), Tier::Master);
        assert_eq!(Category::Discussion.tier(&Medals { bronze: 350, ..medals }, true), Tier::Grandmaster);
        assert_eq!(Category::Discussion.tier(&Medals::default(), false), Tier::Novice);
    }

    #[test]
    fn votes_make_medals() {
        let of_post = |n| Thresholds::POSTS.medal(n);
        assert_eq!(
            [0, 1, 4, 5, 10].map(of_post),
            [None, Some(Medal::Bronze), Some(Medal::Bronze), Some(Medal::Silver), Some(Medal::Gold)]
        );
        assert_eq!(
            [4, 5, 20, 50].map(|n| Thresholds::NOTEBOOKS.medal(n)),
            [None, Some(Medal::Bronze), Some(Medal::Silver), Some(Medal::Gold)]
        );
    }

    #[test]
    fn thresholds_rise() {
        assert_eq!("5, 20,50".parse(), Ok(Thresholds::NOTEBOOKS));
        for wrong in ["", "1,2", "0,1,2", "5,4,6", "1,2,x", "1,2,3,4"] {
            assert_eq!(wrong.parse::<Thresholds>(), Err(NoThresholds), "{wrong}");
        }
    }
}
