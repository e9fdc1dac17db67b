//! Every SQL statement about other metrics. The views show nothing before the final board stands.

use sqlx::PgConnection;

use super::model::{Entry, MOST_TEAMS, OtherMetric, OtherScore};
use crate::competitions::model::Ended;
use crate::ids::{CompetitionId, TeamId};
use crate::leaderboard::sight::BoardSight;

/// Whether every file was scored; `None` before anybody looked.
///
/// # Errors
/// Those of the database.
pub async fn is_complete(conn: &mut PgConnection, _: Ended, id: CompetitionId) -> sqlx::Result<Option<bool>> {
    sqlx::query_scalar!(
        "select is_complete as \"is_complete!\" from shown_other_looks where competition_id = $1",
        id.0
    )
    .fetch_optional(conn)
    .await
}

/// The metrics, in the order in which they are shown.
///
/// # Errors
/// Those of the database.
pub async fn metrics(conn: &mut PgConnection, _: Ended, id: CompetitionId) -> sqlx::Result<Vec<OtherMetric>> {
    sqlx::query_as!(
        OtherMetric,
        "select place as \"place!\", metric as \"metric!\", note as \"note!\",
                higher_is_better as \"higher_is_better!\", is_absent as \"is_absent!\"
         from shown_other_metrics
         where competition_id = $1
         order by place",
        id.0
    )
    .fetch_all(conn)
    .await
}

/// The best teams of the final board.
///
/// # Errors
/// Those of the database.
pub async fn entries(
    conn: &mut PgConnection,
    _: Ended,
    sight: &BoardSight,
    id: CompetitionId,
) -> sqlx::Result<Vec<Entry>> {
    let rows = sqlx::query!(
        "select f.team_id as \"team_id: TeamId\", t.name as team, f.rank, f.submission_id
         from final_entries f
         join teams t on t.id = f.team_id
         where f.competition_id = $1 and f.version_id = (select active_version_id from competitions where id = $1)
         order by f.rank
         limit $2",
        id.0,
        MOST_TEAMS,
    )
    .fetch_all(conn)
    .await?;
    let entries = rows.into_iter().filter_map(|row| {
        let team = sight.team(row.team_id, row.team)?;
        Some(Entry { team, rank: row.rank, submission_id: row.submission_id })
    });
    Ok(entries.collect())
}

/// Scores of some submissions under every metric.
///
/// # Errors
/// Those of the database.
pub async fn scores(
    conn: &mut PgConnection,
    _: Ended,
    id: CompetitionId,
    submissions: &[i64],
) -> sqlx::Result<Vec<OtherScore>> {
    sqlx::query_as!(
        OtherScore,
        "select place as \"place!\", submission_id as \"submission_id!\", score
         from shown_other_scores
         where competition_id = $1 and submission_id = any ($2)",
        id.0,
        submissions,
    )
    .fetch_all(conn)
    .await
}
