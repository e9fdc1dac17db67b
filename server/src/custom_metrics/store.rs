//! Every SQL statement about modules and failed submissions.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use super::choose::Choice;
use super::model::{Failure, Module, Sandboxes};
use crate::ids::{CompetitionId, SubmissionId, TeamId, UserId, VersionId};

/// The module of a version; `None` where it is judged by another metric.
///
/// # Errors
/// Those of the database.
pub async fn of_version(conn: &mut PgConnection, version: VersionId) -> sqlx::Result<Option<Module>> {
    sqlx::query_as!(
        Module,
        "select v.number as version, m.file_name, m.source, m.sha256, m.uploaded_at,
                coalesce(v.higher_is_better, false) as \"higher_is_better!\", v.params
         from scoring_versions v
         join custom_metrics m on m.id = v.custom_metric_id
         where v.id = $1",
        version.0,
    )
    .fetch_optional(conn)
    .await
}

/// Adds a module and makes it the version's metric.
///
/// # Errors
/// Those of the database.
pub async fn put(
    conn: &mut PgConnection,
    id: CompetitionId,
    version: VersionId,
    choice: &Choice,
    uploader: UserId,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "with made as (
            insert into custom_metrics (competition_id, file_name, source, sha256, uploaded_by, uploaded_at)
            values ($1, $3, $4, sha256(convert_to($4, 'UTF8')), $5, $6)
            returning id
         )
         update scoring_versions
         set metric = 'custom', custom_metric_id = (select id from made), params = $7, context = $8,
             higher_is_better = $9, public_fraction = $10, ranked_parts = null, shown_metrics = null
         where id = $2",
        id.0,
        version.0,
        choice.file_name,
        choice.source,
        uploader.0,
        now,
        Value::Object(choice.params.clone()),
        Value::Object(choice.context.clone()),
        choice.higher_is_better,
        choice.public_fraction,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Removes a competition's modules that no version names.
///
/// # Errors
/// Those of the database.
pub async fn forget_unused(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from custom_metrics m
         where m.competition_id = $1
           and not exists (select from scoring_versions v where v.custom_metric_id = m.id)",
        id.0,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What living scorers say of their sandboxes.
///
/// # Errors
/// Those of the database.
pub async fn sandboxes(conn: &mut PgConnection) -> sqlx::Result<Sandboxes> {
    let row = sqlx::query!(
        "select coalesce(array_agg(distinct sandbox) filter (where sandbox is not null), '{}') as \"versions!\",
                coalesce(array_agg(distinct sandbox_refusal) filter (where sandbox_refusal is not null), '{}')
                    as \"refusals!\"
         from scorers_at_work
         where last_seen_at > now() - interval '1 minute'"
    )
    .fetch_one(conn)
    .await?;
    Ok(Sandboxes { versions: row.versions, refusals: row.refusals })
}

/// A competition's failed submissions behind `before`, newest first, with what the active version's
/// module said; and those that it gave no score on some rows, of which participants are told nothing before the end.
///
/// # Errors
/// Those of the database.
pub async fn failures(
    conn: &mut PgConnection,
    id: CompetitionId,
    before: SubmissionId,
    limit: i64,
) -> sqlx::Result<Vec<Failure>> {
    sqlx::query_as!(
        Failure,
        "with broken as (
            (select id from submissions
             where competition_id = $1 and state = 'failed' and id < $2
             order by id desc
             limit $3)
            union
            (select submission_id from metric_failures
             where version_id = (select active_version_id from competitions where id = $1) and submission_id < $2
             order by submission_id desc
             limit $3))
         select s.id as \"submission_id: SubmissionId\", t.name as team, s.file_name, s.received_at,
                coalesce(s.failure, 'It is scored, but the metric gave no score on some rows. Its team is not told of private rows \
                 before the end.') as \"sentence!\",
                f.report as \"report?\"
         from broken
         join submissions s on s.id = broken.id
         join teams t on t.id = s.team_id
         join competitions c on c.id = s.competition_id
         left join metric_failures f on f.submission_id = s.id and f.version_id = c.active_version_id
         order by s.id desc
         limit $3",
        id.0,
        before.0,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// Submissions on which a version's module broke, behind `before`, newest first.
///
/// # Errors
/// Those of the database.
pub async fn failures_of_version(
    conn: &mut PgConnection,
    id: CompetitionId,
    number: i32,
    before: SubmissionId,
    limit: i64,
) -> sqlx::Result<Vec<Failure>> {
    sqlx::query_as!(
        Failure,
        "select s.id as \"submission_id: SubmissionId\", t.name as team, s.file_name, s.received_at,
                'The metric of this version broke on the file.' as \"sentence!\", f.report as \"report?\"
         from metric_failures f
         join submissions s on s.id = f.submission_id
         join teams t on t.id = s.team_id
         where f.version_id = (select id from scoring_versions where competition_id = $1 and number = $2)
           and f.submission_id < $3
         order by f.submission_id desc
         limit $4",
        id.0,
        number,
        before.0,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// Puts failed submissions back to wait for their turn, at most `limit`.
///
/// # Errors
/// Those of the database.
pub async fn requeue(
    conn: &mut PgConnection,
    id: CompetitionId,
    limit: i32,
) -> sqlx::Result<Vec<(SubmissionId, TeamId)>> {
    let rows = sqlx::query!(
        "select submission_id as \"submission_id!: SubmissionId\", team_id as \"team_id!: TeamId\"
         from requeue_failed_submissions($1, $2)",
        id.0,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.submission_id, row.team_id)).collect())
}
