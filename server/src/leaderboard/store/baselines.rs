//! Baselines beside the boards: a handful, read with every page.

use sqlx::PgConnection;

use super::{Line, Place};
use crate::competitions::model::Ended;
use crate::ids::{CompetitionId, TeamId, TopicId, VersionId};
use crate::leaderboard::baselines::Baseline;
use crate::leaderboard::model::{Key, Ranked, Row};
use crate::leaderboard::ranked::Entry;

/// Where the baseline stands whose best file this is.
///
/// # Errors
/// Those of the database.
pub(super) async fn place(
    conn: &mut PgConnection,
    id: CompetitionId,
    submission_id: i64,
) -> sqlx::Result<Option<Place>> {
    sqlx::query_as!(
        Place,
        "select b.rank_key as \"rank_key!\", b.reached_at as \"reached_at!\", b.submission_id as \"submission_id!\"
         from competitions c
         cross join lateral best_public_entries(c.id, c.active_version_id, true) b
         where c.id = $1 and b.submission_id = $2",
        id.0,
        submission_id,
    )
    .fetch_optional(conn)
    .await
}

/// Whether a baseline sent this file.
///
/// # Errors
/// Those of the database.
pub async fn sent(conn: &mut PgConnection, id: CompetitionId, submission_id: i64) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        "select exists (
            select from submissions s
            where s.id = $2 and s.competition_id = $1
              and (select is_baseline from teams where id = s.team_id)) as \"is!\"",
        id.0,
        submission_id,
    )
    .fetch_one(conn)
    .await
}

/// Those of the public board behind a place, in their order.
///
/// # Errors
/// Those of the database.
pub(super) async fn on_public_board(
    conn: &mut PgConnection,
    id: CompetitionId,
    after: Place,
) -> sqlx::Result<Vec<(Place, Row)>> {
    let lines = lines!(
        "e.rank_key, e.reached_at, e.public_score as score, null::integer as rank,
         null::integer as earlier_rank, null::double precision as mean_rank,
         e.part_scores, null::double precision[] as part_ranks,
         null::bigint as \"write_up: TopicId\"",
        "(select c.id as competition_id, c.active_version_id as version_id, b.*
          from competitions c
          cross join lateral best_public_entries(c.id, c.active_version_id, true) b
          where c.id = $1)",
        "(e.rank_key, e.reached_at, e.submission_id) > ($2, $3, $4)
         order by e.rank_key, e.reached_at, e.submission_id",
        id.0,
        after.rank_key,
        after.reached_at,
        after.submission_id,
    )
    .fetch_all(conn)
    .await?;
    Ok(lines.into_iter().filter_map(|line| Some((line.place()?, line.into_row(0)))).collect())
}

/// All that are on the public board, without their places.
///
/// # Errors
/// Those of the database.
pub async fn public(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<Vec<Baseline>> {
    let rows = on_public_board(conn, id, Place::before_all()).await?;
    Ok(rows.into_iter().map(|(_, row)| Baseline { n_above: 0, row }).collect())
}

fn in_place(line: Line) -> Baseline {
    Baseline { n_above: line.rank.map_or(0, i64::from), row: line.into_row(0) }
}

/// Beside the final board by private score, in their order.
///
/// # Errors
/// Those of the database.
pub async fn private(conn: &mut PgConnection, _: Ended, id: CompetitionId) -> sqlx::Result<Vec<Baseline>> {
    let lines = lines!(
        "null::double precision as rank_key, null::timestamptz as reached_at, e.private_score as score,
         e.n_above as rank, null::integer as earlier_rank, e.mean_rank, e.part_scores, e.part_ranks,
         null::bigint as \"write_up: TopicId\"",
        "final_baselines",
        "true
         order by e.n_above, e.mean_rank,
                  case when (select higher_is_better from scoring_versions where id = e.version_id)
                       then - e.private_score else e.private_score end, e.submission_id",
        id.0,
    )
    .fetch_all(conn)
    .await?;
    Ok(lines.into_iter().map(in_place).collect())
}

/// Beside the final board's submissions by public score, in their order.
///
/// # Errors
/// Those of the database.
pub async fn public_at_end(
    conn: &mut PgConnection,
    _: Ended,
    id: CompetitionId,
) -> sqlx::Result<Vec<Baseline>> {
    let lines = lines!(
        "null::double precision as rank_key, null::timestamptz as reached_at, e.public_score as score,
         e.n_above_public as rank, null::integer as earlier_rank, e.public_mean_rank as mean_rank,
         e.public_part_scores as part_scores, e.public_part_ranks as part_ranks,
         null::bigint as \"write_up: TopicId\"",
        "final_baselines",
        "true
         order by e.n_above_public, e.public_mean_rank,
                  case when (select higher_is_better from scoring_versions where id = e.version_id)
                       then - e.public_score else e.public_score end, e.submission_id",
        id.0,
    )
    .fetch_all(conn)
    .await?;
    Ok(lines.into_iter().map(in_place).collect())
}

/// Those of a board by the mean of ranks, in their order.
///
/// # Errors
/// Those of the database.
pub async fn ranked(
    conn: &mut PgConnection,
    id: CompetitionId,
    version: VersionId,
) -> sqlx::Result<Vec<Entry>> {
    let are_any = sqlx::query_scalar!(
        "select exists (select from teams where competition_id = $1 and is_baseline) as \"are!\"",
        id.0,
    )
    .fetch_one(&mut *conn)
    .await?;
    if !are_any {
        return Ok(Vec::new());
    }
    let rows = sqlx::query!(
        "select b.team_id as \"team_id!: TeamId\", r.n_above as \"n_above!\", r.mean_rank, r.part_ranks, b.part_scores,
                b.public_score as \"score!\", b.n_entries as \"n_entries!\", b.last_entry_at as \"last_entry_at!\",
                b.submission_id as \"submission_id!\"
         from best_public_entries($1, $2, true) b
         join public_baseline_places($1, $2) r on r.team_id = b.team_id
         order by r.n_above, r.mean_rank, b.rank_key, b.reached_at, b.submission_id",
        id.0,
        version.0,
    )
    .fetch_all(conn)
    .await?;
    let entries = rows.into_iter().map(|row| Entry {
        team_id: row.team_id,
        rank: None,
        ranked: Ranked::new(row.mean_rank, row.part_scores, row.part_ranks),
        score: row.score,
        n_entries: row.n_entries,
        last_entry_at: row.last_entry_at,
        rank_at_midnight: None,
        key: Key { submission_id: row.submission_id, rank: row.n_above.into() },
    });
    Ok(entries.collect())
}
