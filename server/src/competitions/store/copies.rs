//! What one competition takes over from another.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::files::Stored;
use crate::ids::{CompetitionId, VersionId};

/// Where the sealed solution lies that scores are computed with.
///
/// # Errors
/// Those of the database.
pub async fn solution_key(conn: &mut PgConnection, from: CompetitionId) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!(
        "select s.storage_key
         from competitions c
         join scoring_versions v on v.id = c.active_version_id
         join solutions s on s.id = v.solution_id
         where c.id = $1",
        from.0,
    )
    .fetch_optional(conn)
    .await
}

/// Limits and visibility; who is invited stays behind.
///
/// # Errors
/// Those of the database.
pub async fn settings(conn: &mut PgConnection, from: CompetitionId, to: CompetitionId) -> sqlx::Result<()> {
    sqlx::query!(
        "update competitions c
         set visibility = f.visibility, daily_limit = f.daily_limit, total_limit = f.total_limit,
             final_limit = f.final_limit,
             team_limit = f.team_limit, max_upload_bytes = f.max_upload_bytes, score_decimals = f.score_decimals,
             ladder = f.ladder, board_shows = f.board_shows, board_stays_veiled = f.board_stays_veiled,
             moves_over_outage = f.moves_over_outage,
             hosts_may_have_files = f.hosts_may_have_files,
             counts_for_medals = not (f.is_demo or f.is_synthetic)
         from competitions f
         where f.id = $1 and c.id = $2",
        from.0,
        to.0,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Metric, parameters, split and solution of the version that counts become the draft's.
///
/// # Errors
/// Those of the database.
pub async fn version(
    conn: &mut PgConnection,
    from: CompetitionId,
    to: CompetitionId,
    solution: Option<&Stored>,
    now: DateTime<Utc>,
) -> sqlx::Result<VersionId> {
    let solution_id = match solution {
        Some(stored) => Some(insert_solution(conn, from, to, stored, now).await?),
        None => None,
    };
    let module = sqlx::query_scalar!(
        "insert into custom_metrics (competition_id, file_name, source, sha256, uploaded_at)
         select $2, m.file_name, m.source, m.sha256, $3
         from competitions c
         join scoring_versions v on v.id = c.active_version_id
         join custom_metrics m on m.id = v.custom_metric_id
         where c.id = $1
         returning id",
        from.0,
        to.0,
        now,
    )
    .fetch_optional(&mut *conn)
    .await?;
    sqlx::query_scalar!(
        r#"update scoring_versions d
           set solution_id = $3, custom_metric_id = $4, metric = v.metric, params = v.params, context = v.context,
               public_fraction = v.public_fraction, split_seed = v.split_seed,
               higher_is_better = v.higher_is_better, ranked_parts = v.ranked_parts, shown_metrics = v.shown_metrics
           from competitions c
           join scoring_versions v on v.id = c.active_version_id
           where c.id = $1 and d.competition_id = $2 and d.number = 1
           returning d.id as "id: VersionId""#,
        from.0,
        to.0,
        solution_id,
        module,
    )
    .fetch_one(conn)
    .await
}

async fn insert_solution(
    conn: &mut PgConnection,
    from: CompetitionId,
    to: CompetitionId,
    stored: &Stored,
    now: DateTime<Utc>,
) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        "insert into solutions (competition_id, recipient, storage_key, sealed_bytes, sealed_sha256, uploaded_at)
         select $2, s.recipient, $3, s.sealed_bytes, s.sealed_sha256, $4
         from competitions c
         join scoring_versions v on v.id = c.active_version_id
         join solutions s on s.id = v.solution_id
         where c.id = $1
         returning id",
        from.0,
        to.0,
        stored.key,
        now,
    )
    .fetch_one(conn)
    .await
}
