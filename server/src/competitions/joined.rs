//! The competitions that somebody takes part in, with the rank that their team has in each.

use std::collections::HashMap;

use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::store;
use crate::competitions::store::lists::Card;
use crate::error::Result;
use crate::leaderboard::model::View;
use crate::leaderboard::read;
use crate::leaderboard::sight::BoardSight;

/// A competition that a member takes part in.
#[derive(Debug, Clone)]
pub struct Joined {
    pub card: Card,
    /// On the board; `None` before the first score.
    pub rank: Option<i64>,
}

impl Joined {
    pub fn sample() -> Self {
        Self { card: Card::sample(), rank: Some(3) }
    }
}

/// Ranks come from memory where the board did not change.
///
/// # Errors
/// Those of the database.
pub async fn with_ranks(app: &App, member: &Member, cards: Vec<Card>) -> Result<Vec<Joined>> {
    let ids: Vec<_> = cards.iter().map(|card| card.id).collect();
    let mut conn = app.db.acquire().await?;
    let competitions = store::find_by_ids(&mut conn, &ids).await?;
    let teams = store::teams_of(&mut conn, member.id, &ids).await?;
    drop(conn);
    let mut ranks = HashMap::new();
    for competition in &competitions {
        let team = teams.iter().find(|(id, _)| *id == competition.id);
        let view = View::choose(competition, app.clock.now(), false);
        if let Some((id, team)) = team
            && let Some(row) =
                read::kept_own_row(app, competition, view, &BoardSight::of_own_row(*team)).await?
            && let Some(rank) = row.rank
        {
            ranks.insert(*id, rank);
        }
    }
    Ok(cards.into_iter().map(|card| Joined { rank: ranks.get(&card.id).copied(), card }).collect())
}
