//! Every SQL statement about how teams moved.

use sqlx::PgConnection;

use crate::competitions::model::Ended;
use crate::ids::{CompetitionId, TeamId};
use crate::leaderboard::sight::{BoardSight, SeenTeam};

/// A team's rank on the public and on the private rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    pub team: SeenTeam,
    pub rank: i32,
    pub public_rank: i32,
}

impl Move {
    /// Places gained from public to private, or, below zero, lost.
    pub fn gained(&self) -> i32 {
        self.public_rank - self.rank
    }

    pub fn sample() -> Self {
        Self { team: SeenTeam::sample(1, "Ada & friends"), rank: 1, public_rank: 4 }
    }
}

/// Teams of the final board behind rank `after`, best first.
///
/// # Errors
/// Those of the database.
pub async fn moves(
    conn: &mut PgConnection,
    _: Ended,
    sight: &BoardSight,
    id: CompetitionId,
    after: i32,
    limit: i64,
) -> sqlx::Result<Vec<Move>> {
    let rows = sqlx::query!(
        "select f.team_id as \"team_id: TeamId\", t.name as team, f.rank, f.public_rank
         from final_entries f
         join teams t on t.id = f.team_id
         where f.competition_id = $1 and f.version_id = (select active_version_id from competitions where id = $1)
           and f.rank > $2
         order by f.rank
         limit $3",
        id.0,
        after,
        limit,
    )
    .fetch_all(conn)
    .await?;
    let moves = rows.into_iter().filter_map(|row| {
        let team = sight.team(row.team_id, row.team)?;
        Some(Move { team, rank: row.rank, public_rank: row.public_rank })
    });
    Ok(moves.collect())
}
