//! Writing competitions: drafts, their settings, their hosts, their launch.

use chrono::{DateTime, Utc};
use rand::RngExt;
use serde_json::Value;
use sqlx::PgConnection;

use crate::audit_log;
use crate::competitions::ladder::Ladder;
use crate::competitions::settings::{Basics, Limits, Timeline};
use crate::competitions::visibility::Visibility;
use crate::ids::{CompetitionId, UserId, VersionId};

/// Adds a draft with its first scoring version and its host.
///
/// # Errors
/// Those of the database; `competitions_slug_taken` when the slug is.
pub async fn create(
    conn: &mut PgConnection,
    host: UserId,
    basics: &Basics,
    timeline: &Timeline,
    now: DateTime<Utc>,
) -> sqlx::Result<CompetitionId> {
    let id = sqlx::query_scalar!(
        "insert into competitions
            (slug, title, subtitle, created_by, starts_at, entry_deadline_at, merger_deadline_at, ends_at, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         returning id as \"id: CompetitionId\"",
        basics.slug,
        basics.title,
        basics.subtitle,
        host.0,
        timeline.starts_at,
        timeline.entry_deadline_at,
        timeline.merger_deadline_at,
        timeline.ends_at,
        now,
    )
    .fetch_one(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into competition_hosts (competition_id, user_id, added_at) values ($1, $2, $3)",
        id.0,
        host.0,
        now,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into scoring_versions (competition_id, number, created_at, split_seed) values ($1, 1, $2, $3)",
        id.0,
        now,
        // Whoever knows the seed and the order of rows knows which of them are public.
        i64::from(rand::rng().random::<u32>()),
    )
    .execute(conn)
    .await?;
    Ok(id)
}

/// # Errors
/// Those of the database; `competitions_slug_taken` when the slug is.
pub async fn set_basics(conn: &mut PgConnection, id: CompetitionId, basics: &Basics) -> sqlx::Result<()> {
    sqlx::query!(
        "update competitions set slug = $2, title = $3, subtitle = $4 where id = $1",
        id.0,
        basics.slug,
        basics.title,
        basics.subtitle,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// # Errors
/// Those of the database.
pub async fn set_timeline(
    conn: &mut PgConnection,
    id: CompetitionId,
    timeline: &Timeline,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update competitions
         set starts_at = $2, entry_deadline_at = $3, merger_deadline_at = $4, ends_at = $5
         where id = $1",
        id.0,
        timeline.starts_at,
        timeline.entry_deadline_at,
        timeline.merger_deadline_at,
        timeline.ends_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// # Errors
/// Those of the database.
pub async fn set_moves_over_outage(
    conn: &mut PgConnection,
    id: CompetitionId,
    moves: bool,
) -> sqlx::Result<()> {
    sqlx::query!("update competitions set moves_over_outage = $2 where id = $1", id.0, moves)
        .execute(conn)
        .await?;
    Ok(())
}

/// # Errors
/// Those of the database.
pub async fn set_hosts_may_have_files(
    conn: &mut PgConnection,
    id: CompetitionId,
    they_may: bool,
) -> sqlx::Result<()> {
    sqlx::query!("update competitions set hosts_may_have_files = $2 where id = $1", id.0, they_may)
        .execute(conn)
        .await?;
    Ok(())
}

/// # Errors
/// Those of the database.
pub async fn set_limits(conn: &mut PgConnection, id: CompetitionId, limits: &Limits) -> sqlx::Result<()> {
    sqlx::query!(
        "update competitions
         set daily_limit = $2, total_limit = $8, final_limit = $3, team_limit = $4, max_upload_bytes = $5, score_decimals = $6,
             ladder = $7, board_shows = $9, board_stays_veiled = $10,
             are_decimals_chosen = are_decimals_chosen or shown_decimals(competitions) <> $6
         where id = $1",
        id.0,
        limits.daily,
        limits.finals,
        limits.team,
        limits.max_upload_bytes,
        limits.score_decimals,
        limits.ladder.name(),
        limits.total,
        limits.board_shows.name(),
        limits.board_stays_veiled,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// # Errors
/// Those of the database.
pub async fn set_visibility(
    conn: &mut PgConnection,
    id: CompetitionId,
    visibility: Visibility,
) -> sqlx::Result<()> {
    sqlx::query!("update competitions set visibility = $2 where id = $1", id.0, visibility.name())
        .execute(conn)
        .await?;
    Ok(())
}

/// Waits for whoever changes this competition, and reads when it was launched.
///
/// # Errors
/// Those of the database.
pub async fn lock(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!("select launched_at from competitions where id = $1 for update", id.0)
        .fetch_one(conn)
        .await
}

/// Removes a draft that nobody entered, with all that belongs to it; false for every other competition.
///
/// # Errors
/// Those of the database.
pub async fn discard(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<bool> {
    sqlx::query_scalar!("select discard_draft($1) as \"is_gone!\"", id.0).fetch_one(conn).await
}

/// What a launch decides beside its version.
#[derive(Debug, Clone, Copy)]
pub struct AtLaunch {
    pub ladder: Ladder,
    pub counts_for_medals: bool,
    /// That a score is worth on the public rows, where it is known.
    pub worth_decimals: Option<i32>,
}

/// Launches with a version that is whole, and with the reason to go on over what its audit holds against it.
///
/// # Errors
/// Those of the database.
pub async fn set_launched(
    conn: &mut PgConnection,
    id: CompetitionId,
    version: VersionId,
    audit_reason: Option<&str>,
    decided: AtLaunch,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update scoring_versions set activated_at = $2, audit_reason = $3 where id = $1",
        version.0,
        now,
        audit_reason,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "update competitions
         set launched_at = $3, active_version_id = $2, ladder = $4, counts_for_medals = $5,
             worth_decimals = coalesce($6, worth_decimals)
         where id = $1 and launched_at is null",
        id.0,
        version.0,
        now,
        decided.ladder.name(),
        decided.counts_for_medals,
        decided.worth_decimals,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Makes a draft of what was launched and nobody entered; false for every other competition.
///
/// # Errors
/// Those of the database.
pub async fn take_launch_back(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<bool> {
    sqlx::query_scalar!("select take_launch_back($1) as \"is_draft!\"", id.0).fetch_one(conn).await
}

/// Writes down who did what to a competition.
///
/// # Errors
/// Those of the database.
pub async fn note(
    conn: &mut PgConnection,
    at: DateTime<Utc>,
    actor: UserId,
    action: &str,
    id: CompetitionId,
    detail: &Value,
) -> sqlx::Result<()> {
    audit_log::record(conn, at, actor, action, Some(id), detail).await
}
