//! A final board made anew from its history of submissions, scores, selections and decisions, beside the one
//! that is stored; and what a difference means for medals, points and tiers. Nothing is changed.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::accounts::model::Member;
use crate::app::App;
use crate::closing::close;
use crate::competitions::access::Seen;
use crate::competitions::model::{Competition, Phase};
use crate::error::{AppError, Result};
use crate::ids::{CompetitionId, SubmissionId, TeamId, UserId};
use crate::leaderboard::store as boards;
use crate::medals::model::{Category, Finish, Medal, Medals, Tier};
use crate::medals::store::{self, recomputed};

/// Differences that are told of one board, best ranks first; all are counted.
pub const MOST_TOLD: usize = 100;

/// A team's place on a final board.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stand {
    pub rank: i64,
    pub public_rank: i64,
    pub submission_id: SubmissionId,
    pub private_score: f64,
    pub public_score: Option<f64>,
    /// `None` for a team without people, as the host's reference entries may be.
    pub n_members: Option<i64>,
}

/// A team on the stored board, and on the one that its history gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    pub team_id: TeamId,
    /// To the last bit of every column.
    pub is_same: bool,
    pub stored: Option<Stand>,
    pub given: Option<Stand>,
}

/// A place with what it is worth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    pub stand: Stand,
    pub finish: Option<Finish>,
    pub medal: Option<Medal>,
    pub points: f64,
}

/// A tier in competitions that is another one under the board that the history gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TierChange {
    pub username: String,
    pub stored: Tier,
    pub given: Tier,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    pub team_id: TeamId,
    pub team: String,
    /// `None` where the stored board lacks the team.
    pub stored: Option<Place>,
    /// `None` where the team has no business there.
    pub given: Option<Place>,
    pub tiers: Vec<TierChange>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Recomputed {
    /// On the board that the history gives.
    pub n_teams: i64,
    pub counts_for_medals: bool,
    pub n_differences: usize,
    /// The first of them.
    pub differences: Vec<Difference>,
}

impl Recomputed {
    pub fn is_same(&self) -> bool {
        self.n_differences == 0
    }

    pub fn n_untold(&self) -> usize {
        self.n_differences - self.differences.len()
    }

    pub fn sample() -> Self {
        let stand = Stand {
            rank: 1,
            public_rank: 2,
            submission_id: SubmissionId(7),
            private_score: 0.5,
            public_score: Some(0.4),
            n_members: Some(1),
        };
        let place = Place { stand, finish: None, medal: Some(Medal::Gold), points: 100.0 };
        let difference = Difference {
            team_id: TeamId(1),
            team: "The first".to_owned(),
            stored: Some(place),
            given: None,
            tiers: vec![TierChange { username: "ada".to_owned(), stored: Tier::Expert, given: Tier::Novice }],
        };
        Self { n_teams: 9, counts_for_medals: true, n_differences: 2, differences: vec![difference] }
    }
}

/// What places on one side are worth.
struct Rules {
    competition_id: CompetitionId,
    counts_for_medals: bool,
    n_teams: i64,
    ended_at: DateTime<Utc>,
    now: DateTime<Utc>,
}

impl Rules {
    fn place(&self, stand: Stand) -> Place {
        let finish = stand.n_members.filter(|_| self.counts_for_medals).map(|team_size| Finish {
            competition_id: self.competition_id,
            rank: stand.rank,
            n_teams: self.n_teams,
            team_size,
            ended_at: self.ended_at,
        });
        Place {
            stand,
            finish,
            medal: finish.and_then(|finish| finish.medal()),
            points: finish.map_or(0.0, |finish| finish.points(self.now)),
        }
    }
}

/// For a host, or an administrator.
///
/// # Errors
/// [`AppError::NotFound`] for everybody else; [`AppError::Refused`] before the final board stands.
pub async fn recompute(app: &App, slug: &str, host: &Member) -> Result<Recomputed> {
    let Seen { competition, .. } = close::open(app, slug, host).await?;
    let now = app.clock.now();
    let over = competition.ended(now).zip(competition.ends_at);
    let Some((ended, ended_at)) = over.filter(|_| competition.phase(now) == Phase::Final) else {
        return Err(AppError::refused(
            "The final board can be computed again once the competition is over and the board is out.",
        ));
    };
    let mut conn = app.db.acquire().await?;
    let lines = recomputed::lines(&mut conn, ended, competition.id).await?;
    let counts_for_medals = recomputed::counts(&mut conn, competition.id).await?;
    let rules = |side: fn(&Line) -> Option<Stand>| Rules {
        competition_id: competition.id,
        counts_for_medals,
        n_teams: lines.iter().filter_map(side).map(|stand| stand.rank).max().unwrap_or(0),
        ended_at,
        now,
    };
    let (stored, given) = (rules(|line| line.stored), rules(|line| line.given));
    let n_teams = given.n_teams;
    let mut differences = compare(&lines, &stored, &given);
    let n_differences = differences.len();
    differences.truncate(MOST_TOLD);
    name(&mut conn, &competition, &mut differences).await?;
    Ok(Recomputed { n_teams, counts_for_medals, n_differences, differences })
}

/// Teams whose rows differ, or whose place is worth something else because others' rows do.
fn compare(lines: &[Line], stored: &Rules, given: &Rules) -> Vec<Difference> {
    let both = lines.iter().map(|line| {
        let (was, is) = (line.stored.map(|s| stored.place(s)), line.given.map(|s| given.place(s)));
        let worth = |place: Option<Place>| place.map(|place| (place.medal, place.points.to_bits()));
        (line, was, is, line.is_same && worth(was) == worth(is))
    });
    both.filter(|(.., is_same)| !is_same)
        .map(|(line, stored, given, _)| Difference {
            team_id: line.team_id,
            team: String::new(),
            stored,
            given,
            tiers: Vec::new(),
        })
        .collect()
}

/// Adds teams' names, and the tiers of people that change.
async fn name(
    conn: &mut PgConnection,
    competition: &Competition,
    differences: &mut [Difference],
) -> Result<()> {
    let ids: Vec<i64> = differences.iter().map(|difference| difference.team_id.0).collect();
    let teams = boards::teams(conn, &ids).await?;
    let names: HashMap<TeamId, String> = teams.into_iter().map(|team| (team.team_id, team.team)).collect();
    let mates = recomputed::mates(conn, &ids).await?;
    for difference in differences {
        difference.team = names.get(&difference.team_id).cloned().unwrap_or_default();
        for mate in mates.iter().filter(|mate| mate.team_id == difference.team_id) {
            let elsewhere = finishes_elsewhere(conn, mate.user_id, competition.id).await?;
            let stored = tier(&elsewhere, difference.stored, mate.has_contributed);
            let given = tier(&elsewhere, difference.given, mate.has_contributed);
            if stored != given {
                difference.tiers.push(TierChange { username: mate.username.clone(), stored, given });
            }
        }
    }
    Ok(())
}

async fn finishes_elsewhere(
    conn: &mut PgConnection,
    user: UserId,
    competition: CompetitionId,
) -> sqlx::Result<Vec<Finish>> {
    let mut finishes = store::finishes(conn, user).await?;
    finishes.retain(|finish| finish.competition_id != competition);
    Ok(finishes)
}

fn tier(elsewhere: &[Finish], here: Option<Place>, has_contributed: bool) -> Tier {
    let all: Vec<Finish> = elsewhere.iter().copied().chain(here.and_then(|place| place.finish)).collect();
    Category::Competitions.tier(&Medals::of_finishes(&all), has_contributed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(n_teams: i64) -> Rules {
        Rules {
            competition_id: CompetitionId(1),
            counts_for_medals: true,
            n_teams,
            ended_at: DateTime::UNIX_EPOCH,
            now: DateTime::UNIX_EPOCH,
        }
    }

    fn line(rank: i64, is_same: bool) -> Line {
        let stand = Stand {
            rank,
            public_rank: rank,
            submission_id: SubmissionId(rank),
            private_score: 0.5,
            public_score: None,
            n_members: Some(1),
        };
        Line { team_id: TeamId(rank), is_same, stored: Some(stand), given: Some(stand) }
    }

    #[test]
    fn a_row_that_is_the_same_differs_where_the_board_around_it_is_worth_something_else() {
        let lines: Vec<Line> = (1..=10).map(|rank| line(rank, true)).collect();
        assert!(compare(&lines, &rules(10), &rules(10)).is_empty());
        let told = compare(&lines, &rules(10), &rules(9));
        assert_eq!(told.len(), 10, "points follow the number of teams");
        let medals = |difference: &Difference| {
            [difference.stored, difference.given].map(|place| place.and_then(|place| place.medal))
        };
        assert_eq!(medals(&told[0]), [Some(Medal::Gold), Some(Medal::Silver)]);
    }

    #[test]
    fn a_row_that_differs_in_what_is_worth_nothing_is_told_too() {
        let told = compare(&[line(1, true), line(2, false)], &rules(2), &rules(2));
        assert_eq!(told.iter().map(|difference| difference.team_id).collect::<Vec<_>>(), [TeamId(2)]);
    }

    #[test]
    fn a_medal_that_is_missing_here_may_be_a_tier() {
        let bronze = rules(10).place(line(4, true).stored.unwrap());
        let elsewhere = [Finish { competition_id: CompetitionId(2), ..bronze.finish.unwrap() }];
        assert_eq!(tier(&elsewhere, Some(bronze), true), Tier::Expert);
        assert_eq!(tier(&elsewhere, None, true), Tier::Contributor);
    }
}
