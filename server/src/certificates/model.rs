//! What a certificate says, and whether that is still so. Pure.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::competitions::model::Competition;
use crate::competitions::visibility::Visibility;
use crate::ids::{CompetitionId, UserId};
use crate::leaderboard::model::shown_mean_rank;
use crate::medals::model::{Medal, of_rank};
use crate::paths;
use crate::web::format;

/// Where somebody's team stands on a final board.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Placing {
    pub rank: i32,
    /// On that board.
    pub n_teams: i32,
    pub counts_for_medals: bool,
    /// The private score, of the first metric where there are several.
    pub score: Option<f64>,
    /// Where teams are ranked by several metrics.
    pub mean_rank: Option<f64>,
}

impl Placing {
    pub fn sample() -> Self {
        Self { rank: 3, n_teams: 120, counts_for_medals: true, score: Some(0.912_345_6), mean_rank: None }
    }

    pub fn medal(&self) -> Option<Medal> {
        of_rank(self.rank.into(), self.n_teams.into()).filter(|_| self.counts_for_medals)
    }
}

/// What was issued under a code, with names as they are today.
#[derive(Debug, Clone, PartialEq)]
pub struct Issued {
    pub code: Uuid,
    pub competition_id: CompetitionId,
    pub user_id: UserId,
    pub team: String,
    /// The team has a decision against it that was not lifted.
    pub is_disqualified: bool,
    pub username: String,
    pub display_name: String,
    pub placing: Placing,
    pub issued_at: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Certificate {
    pub code: Uuid,
    pub title: String,
    pub slug: String,
    pub ended_at: DateTime<Utc>,
    pub score_decimals: i32,
    /// Whether the rows that decided were public from the beginning.
    pub is_all_public: bool,
    /// Everybody may know of the competition.
    pub is_listed: bool,
    pub team: String,
    pub is_disqualified: bool,
    pub username: String,
    pub display_name: String,
    pub placing: Placing,
    pub issued_at: DateTime<Utc>,
}

impl Certificate {
    /// `None` for a competition that has no end.
    pub fn new(issued: Issued, competition: &Competition) -> Option<Self> {
        let Issued { code, team, is_disqualified, username, display_name, placing, issued_at, .. } = issued;
        Some(Self {
            code,
            title: competition.title.clone(),
            slug: competition.slug.clone(),
            ended_at: competition.ends_at?,
            score_decimals: competition.final_decimals(),
            is_all_public: competition.is_all_public,
            is_listed: competition.visibility == Visibility::Public,
            team,
            is_disqualified,
            username,
            display_name,
            placing,
            issued_at,
        })
    }

    pub fn sample() -> Self {
        Self {
            code: Uuid::from_u128(0x5c1f_7d1e_93f6_4b5c_8a44_0d2a_4f0e_7b11),
            title: "House prices".to_owned(),
            slug: "house-prices".to_owned(),
            ended_at: DateTime::UNIX_EPOCH,
            score_decimals: 5,
            is_all_public: false,
            is_listed: true,
            team: "Difference Engine".to_owned(),
            is_disqualified: false,
            username: "ada".to_owned(),
            display_name: "Ada Lovelace".to_owned(),
            placing: Placing::sample(),
            issued_at: DateTime::UNIX_EPOCH,
        }
    }

    /// Where anyone verifies it, below the installation's own address.
    pub fn address(&self) -> String {
        paths::certificate(&self.code)
    }

    /// As the final board shows it.
    pub fn shown_score(&self, placing: &Placing) -> String {
        match (placing.mean_rank, placing.score) {
            (Some(mean_rank), _) => shown_mean_rank(mean_rank),
            (None, Some(score)) => format::score(score, self.score_decimals),
            (None, None) => "–".to_owned(),
        }
    }

    /// Whether the team's name says more than the holder's.
    pub fn is_of_a_team(&self) -> bool {
        self.team != self.display_name && self.team != self.username
    }

    /// What stands below the holder's name, without saying a name twice.
    pub fn beside_name(&self) -> String {
        let username = Some(self.username.clone()).filter(|username| *username != self.display_name);
        let team = self.is_of_a_team().then(|| format!("in the team “{}”", self.team));
        username.into_iter().chain(team).collect::<Vec<_>>().join(", ")
    }

    pub fn score_name(&self) -> &'static str {
        if self.placing.mean_rank.is_some() { "Mean rank" } else { "Score" }
    }

    /// Of which rows the score is.
    pub fn rows(&self) -> &'static str {
        if self.is_all_public { "rows of the public board" } else { "rows that nobody saw before the end" }
    }

    /// A day of the calendar, in UTC.
    pub fn shown_end(&self) -> String {
        day(&self.ended_at)
    }

    pub fn shown_issue(&self) -> String {
        day(&self.issued_at)
    }

    /// What has become of it.
    pub fn standing(&self, today: Option<Placing>) -> Standing {
        match today {
            _ if self.is_disqualified => Standing::Disqualified,
            Some(placing) if placing == self.placing => Standing::Valid,
            Some(placing) => Standing::Changed(placing),
            None => Standing::Unranked,
        }
    }
}

fn day(at: &DateTime<Utc>) -> String {
    at.format("%-d %B %Y").to_string()
}

/// What the installation says of a certificate today.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Standing {
    Valid,
    /// The final board was computed anew; this is what it says now.
    Changed(Placing),
    Disqualified,
    /// On the final board no more, for another reason.
    Unranked,
}

impl Standing {
    /// For programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Changed(_) => "changed",
            Self::Disqualified => "disqualified",
            Self::Unranked => "unranked",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_holds_as_long_as_the_board_says_the_same() {
        let certificate = Certificate::sample();
        let moved = Placing { rank: 4, ..Placing::sample() };
        assert_eq!(certificate.standing(Some(Placing::sample())), Standing::Valid);
        assert_eq!(certificate.standing(Some(moved)), Standing::Changed(moved));
        assert_eq!(certificate.standing(None), Standing::Unranked);
        let judged = Certificate { is_disqualified: true, ..certificate };
        for today in [None, Some(Placing::sample())] {
            assert_eq!(judged.standing(today), Standing::Disqualified);
        }
    }

    #[test]
    fn no_name_is_said_twice() {
        let said = |display_name: &str, team: &str| {
            let (display_name, team) = (display_name.to_owned(), team.to_owned());
            Certificate { display_name, team, ..Certificate::sample() }.beside_name()
        };
        assert_eq!(said("ada", "ada"), "");
        assert_eq!(said("Ada Lovelace", "ada"), "ada");
        assert_eq!(said("Ada Lovelace", "Ada Lovelace"), "ada");
        assert_eq!(said("ada", "Engines"), "in the team “Engines”");
        assert_eq!(said("Ada Lovelace", "Engines"), "ada, in the team “Engines”");
    }

    #[test]
    fn a_score_is_shown_as_on_the_board_and_a_medal_where_medals_count() {
        let certificate = Certificate::sample();
        assert_eq!(certificate.shown_score(&Placing::sample()), "0.91235");
        let by_rank = Placing { mean_rank: Some(1.75), ..Placing::sample() };
        assert_eq!(certificate.shown_score(&by_rank), "1.750");
        assert_eq!(certificate.rows(), "rows that nobody saw before the end");
        let public = Certificate { is_all_public: true, ..Certificate::sample() };
        assert_eq!(public.rows(), "rows of the public board");
        assert_eq!(Placing::sample().medal(), Some(Medal::Gold));
        assert_eq!(Placing { counts_for_medals: false, ..Placing::sample() }.medal(), None);
    }
}
