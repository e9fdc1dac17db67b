//! Baselines and their files.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::ids::{CompetitionId, SubmissionId, TeamId};
use crate::submissions;
use crate::submissions::model::{State, Submission};

/// A baseline with its newest file.
#[derive(Debug, Clone)]
pub struct Baseline {
    pub team_id: TeamId,
    pub team: String,
    /// Without those that were rejected.
    pub n_files: i64,
    /// `None` where its first file did not arrive.
    pub newest: Option<Submission>,
}

impl Baseline {
    pub fn sample(state: State) -> Self {
        Self {
            team_id: TeamId(1),
            team: "All zeros".to_owned(),
            n_files: 2,
            newest: Some(Submission::sample(state)),
        }
    }

    /// What came of its newest file: a score, a reason, or that it waits.
    pub fn outcome(&self, decimals: i32) -> String {
        let Some(newest) = &self.newest else { return "no file arrived".to_owned() };
        let reason = newest.reason().map(|reason| reason.message.clone());
        let told = reason.or_else(|| newest.failure().map(str::to_owned));
        told.or_else(|| newest.public_undefined.clone()).unwrap_or_else(|| match newest.state {
            State::Scored => newest.shown_score(&decimals),
            State::Queued => "waits for a scorer".to_owned(),
            _ => "is being scored".to_owned(),
        })
    }
}

/// The live team of this name, and whether it is a baseline.
///
/// # Errors
/// Those of the database.
pub async fn named(
    conn: &mut PgConnection,
    id: CompetitionId,
    name: &str,
) -> sqlx::Result<Option<(TeamId, bool)>> {
    let found = sqlx::query!(
        "select id as \"id: TeamId\", is_baseline from teams
         where competition_id = $1 and lower(name) = lower($2) and merged_into is null",
        id.0,
        name,
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.map(|team| (team.id, team.is_baseline)))
}

/// # Errors
/// Those of the database.
pub async fn count(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        "select count(*) as \"n!\" from teams where competition_id = $1 and is_baseline",
        id.0
    )
    .fetch_one(conn)
    .await
}

/// A new baseline.
///
/// # Errors
/// Those of the database; of a name that is taken meanwhile as well.
pub async fn insert(
    conn: &mut PgConnection,
    id: CompetitionId,
    name: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<TeamId> {
    sqlx::query_scalar!(
        "insert into teams (competition_id, name, is_baseline, created_at) values ($1, $2, true, $3)
         returning id as \"id: TeamId\"",
        id.0,
        name,
        now,
    )
    .fetch_one(conn)
    .await
}

/// Files that a team sent, without those that were rejected.
///
/// # Errors
/// Those of the database.
pub async fn n_files(conn: &mut PgConnection, team_id: TeamId) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        "select count(*) as \"n!\" from submissions where team_id = $1 and state not in ('rejected', 'failed')",
        team_id.0,
    )
    .fetch_one(conn)
    .await
}

/// In the order of their names.
///
/// # Errors
/// Those of the database.
pub async fn all(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<Vec<Baseline>> {
    let teams = sqlx::query!(
        "select id as \"id: TeamId\", name from teams where competition_id = $1 and is_baseline order by lower(name)",
        id.0,
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut found = Vec::with_capacity(teams.len());
    for team in teams {
        let newest = submissions::store::list(conn, team.id, SubmissionId(i64::MAX), 1).await?.pop();
        let n_files = n_files(conn, team.id).await?;
        found.push(Baseline { team_id: team.id, team: team.name, n_files, newest });
    }
    Ok(found)
}
