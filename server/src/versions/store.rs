//! All SQL about scoring versions after launch.

pub mod labels;

use sqlx::PgConnection;

use super::model::{Change, ChangeKind, Committed, Fault, Move, MoveKey, Stage, Verification, Version};
use crate::ids::{CompetitionId, SubmissionId, TeamId, UserId, VersionId};

/// Versions as their hosts see them.
macro_rules! versions {
    ($which:literal, $($value:expr),+ $(,)?) => {
        sqlx::query_as!(
            Version,
            "select v.id as \"id: VersionId\", v.number, v.stage as \"stage: Stage\", v.metric, v.params, v.public_fraction,
                    x.sealed_sha256 as \"solution_sha256?\", v.reason, v.created_at, v.activated_at, v.started_at,
                    v.prepared_at, v.n_total, v.n_asked,
                    (select count(*) from jobs j
                     where j.version_id = v.id and j.kind = 'rescore' and j.state in ('queued', 'leased')) as \"n_waiting!\",
                    (select count(*) from jobs j
                     where j.version_id = v.id and j.kind = 'rescore' and j.state = 'failed') as \"n_failed!\",
                    v.n_moved, v.input_revision, v.examined_revision, v.report
             from scoring_versions v
             left join solutions x on x.id = v.solution_id
             where v.competition_id = $1 " + $which,
            $($value),+
        )
    };
}

/// A competition's newest versions, newest first.
///
/// # Errors
/// Those of the database.
pub async fn list(conn: &mut PgConnection, id: CompetitionId, limit: i64) -> sqlx::Result<Vec<Version>> {
    versions!("order by v.number desc limit $2", id.0, limit).fetch_all(conn).await
}

/// # Errors
/// Those of the database.
pub async fn find(conn: &mut PgConnection, id: CompetitionId, number: i32) -> sqlx::Result<Option<Version>> {
    versions!("and v.number = $2", id.0, number).fetch_optional(conn).await
}

/// Versions below `before` that count or counted, newest first, with what was committed to.
///
/// # Errors
/// Those of the database.
pub async fn committed(
    conn: &mut PgConnection,
    id: CompetitionId,
    before: i64,
    limit: i64,
) -> sqlx::Result<Vec<Committed>> {
    sqlx::query_as!(
        Committed,
        "select v.number, v.activated_at as \"counted_at!\", k.sha256 as \"sha256?\", k.made_at as \"made_at?\"
         from scoring_versions v
         left join commitments k on k.version_id = v.id
         where v.competition_id = $1 and v.number < $2 and v.activated_at is not null
         order by v.number desc
         limit $3",
        id.0,
        i32::try_from(before).unwrap_or(i32::MAX),
        limit,
    )
    .fetch_all(conn)
    .await
}

/// Begins a version with everything of the active one; `None` while another is open.
///
/// # Errors
/// Those of the database.
pub async fn begin(
    conn: &mut PgConnection,
    id: CompetitionId,
    creator: UserId,
) -> sqlx::Result<Option<(VersionId, i32)>> {
    let begun = sqlx::query!(
        "insert into scoring_versions
            (competition_id, number, solution_id, metric, params, context, public_fraction, split_seed,
             higher_is_better, ranked_parts, shown_metrics, custom_metric_id, declared, audit_reason, created_by)
         select v.competition_id, (select max(number) + 1 from scoring_versions where competition_id = $1),
                v.solution_id, v.metric, v.params, v.context, v.public_fraction, v.split_seed, v.higher_is_better,
                v.ranked_parts, v.shown_metrics, v.custom_metric_id, v.declared, v.audit_reason, $2
         from competitions c
         join scoring_versions v on v.id = c.active_version_id
         where c.id = $1 and c.launched_at is not null
         on conflict do nothing
         returning id, number",
        id.0,
        creator.0,
    )
    .fetch_optional(conn)
    .await?;
    Ok(begun.map(|row| (VersionId(row.id), row.number)))
}

/// Whether private scores are told already, or a scorer held the version's split, as it is now, against that of the one that
/// counts now. Its caller holds both; the schema starts no other.
///
/// # Errors
/// Those of the database.
pub async fn is_split_compared(
    conn: &mut PgConnection,
    id: CompetitionId,
    version: VersionId,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select is_over(c) or exists (
            select from split_comparisons k
            join scoring_versions v on v.id = k.version_id and v.input_revision = k.input_revision
            where k.version_id = $2 and k.active_version_id = c.active_version_id and k.is_allowed) as "is_compared!"
           from competitions c
           where c.id = $1"#,
        id.0,
        version.0,
    )
    .fetch_one(conn)
    .await
}

/// Has scorers begin: from now on its parts are fixed. `false` when it is no draft any more.
///
/// # Errors
/// Those of the database.
pub async fn start(conn: &mut PgConnection, version: &Version, reason: &str) -> sqlx::Result<bool> {
    let started = sqlx::query!(
        "update scoring_versions v
         set stage = 'rescoring', reason = $3, started_at = clock_now(),
             n_total = (select c.n_entries from competitions c where c.id = v.competition_id)
                + (select count(*)::integer
                   from teams t
                   join submissions s on s.team_id = t.id
                   where t.competition_id = v.competition_id and t.is_baseline and s.state = 'scored' and not s.is_late)
         where v.id = $1 and v.stage = 'draft' and v.input_revision = $2 and v.examined_revision = $2",
        version.id.0,
        version.input_revision,
        reason,
    )
    .execute(conn)
    .await?;
    Ok(started.rows_affected() == 1)
}

/// Makes a version the one that counts; `Some` names why it cannot be.
///
/// # Errors
/// Those of the database.
pub async fn switch(
    conn: &mut PgConnection,
    id: CompetitionId,
    version: VersionId,
    kind: &str,
    reason: &str,
    actor: UserId,
) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!("select switch_version($1, $2, $3, $4, $5)", id.0, version.0, kind, reason, actor.0)
        .fetch_one(conn)
        .await
}

/// # Errors
/// Those of the database.
pub async fn abandon(conn: &mut PgConnection, id: CompetitionId, version: VersionId) -> sqlx::Result<bool> {
    sqlx::query_scalar!("select abandon_version($1, $2) as \"is_done!\"", id.0, version.0)
        .fetch_one(conn)
        .await
}

/// Whether a file would have several scores under a version.
///
/// # Errors
/// Those of the database.
pub async fn shows_several(conn: &mut PgConnection, version: VersionId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select ranked_parts is not null or shown_metrics is not null as "shows_several!"
           from scoring_versions where id = $1"#,
        version.0
    )
    .fetch_one(conn)
    .await
}

/// Has what broke off tried again; how many.
///
/// # Errors
/// Those of the database.
pub async fn retry(conn: &mut PgConnection, version: VersionId) -> sqlx::Result<i64> {
    sqlx::query_scalar!("select retry_rescoring($1) as \"n!\"", version.0).fetch_one(conn).await
}

/// What happened to versions that were scored, before the change `before`, newest first.
///
/// # Errors
/// Those of the database.
pub async fn changes(
    conn: &mut PgConnection,
    id: CompetitionId,
    before: i64,
    limit: i64,
) -> sqlx::Result<Vec<Change>> {
    sqlx::query_as!(
        Change,
        "select h.id, v.number, p.number as \"previous_number?\", h.kind as \"kind: ChangeKind\", h.reason,
                u.display_name as \"actor?\", h.at
         from version_changes h
         join scoring_versions v on v.id = h.version_id
         left join scoring_versions p on p.id = h.previous_version_id
         left join users u on u.id = h.actor_id
         where h.competition_id = $1 and h.id < $2
         order by h.id desc
         limit $3",
        id.0,
        before,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// Who would move furthest if the version were published, behind `after`.
///
/// # Errors
/// Those of the database.
pub async fn moves(
    conn: &mut PgConnection,
    version: VersionId,
    after: MoveKey,
    limit: i64,
) -> sqlx::Result<Vec<Move>> {
    sqlx::query_as!(
        Move,
        "select m.team_id as \"team_id: TeamId\", t.name as team, m.distance, m.old_rank, m.new_rank, m.old_score,
                m.new_score, m.old_final_rank, m.new_final_rank
         from version_moves m
         join teams t on t.id = m.team_id
         where m.version_id = $1 and m.distance <= $2 and (m.distance < $2 or m.team_id > $3)
         order by m.distance desc, m.team_id
         limit $4",
        version.0,
        after.distance,
        after.team_id.0,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// Asks for a verification of the version that counts; `None` while another runs.
///
/// # Errors
/// Those of the database.
pub async fn ask_verification(
    conn: &mut PgConnection,
    id: CompetitionId,
    actor: UserId,
) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!(
        "insert into verifications (competition_id, version_id, asked_by, asked_at)
         select id, active_version_id, $2, clock_now() from competitions
         where id = $1 and launched_at is not null
         on conflict do nothing
         returning id",
        id.0,
        actor.0,
    )
    .fetch_optional(conn)
    .await
}

/// A competition's verifications behind `before`, newest first.
///
/// # Errors
/// Those of the database.
pub async fn verifications(
    conn: &mut PgConnection,
    id: CompetitionId,
    before: i64,
    limit: i64,
) -> sqlx::Result<Vec<Verification>> {
    sqlx::query_as!(
        Verification,
        "select v.id, s.number as version, v.asked_at, v.finished_at, v.n_asked,
                (select count(*) from jobs j where j.verification_id = v.id and j.state in ('queued', 'leased')) as \"n_waiting!\",
                (select count(*) from jobs j where j.verification_id = v.id and j.state = 'failed') as \"n_failed!\",
                (select count(*) from verification_faults f where f.verification_id = v.id) as \"n_faults!\",
                coalesce((select g.n_gone from files_let_go g where g.competition_id = v.competition_id), 0) as \"n_files_gone!\"
         from verifications v
         join scoring_versions s on s.id = v.version_id
         where v.competition_id = $1 and v.id < $2
         order by v.id desc
         limit $3",
        id.0,
        before,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// A verification of a competition; the newest where no number is given.
///
/// # Errors
/// Those of the database.
pub async fn verification(
    conn: &mut PgConnection,
    id: CompetitionId,
    number: Option<i64>,
) -> sqlx::Result<Option<Verification>> {
    sqlx::query_as!(
        Verification,
        "select v.id, s.number as version, v.asked_at, v.finished_at, v.n_asked,
                (select count(*) from jobs j where j.verification_id = v.id and j.state in ('queued', 'leased')) as \"n_waiting!\",
                (select count(*) from jobs j where j.verification_id = v.id and j.state = 'failed') as \"n_failed!\",
                (select count(*) from verification_faults f where f.verification_id = v.id) as \"n_faults!\",
                coalesce((select g.n_gone from files_let_go g where g.competition_id = v.competition_id), 0) as \"n_files_gone!\"
         from verifications v
         join scoring_versions s on s.id = v.version_id
         where v.competition_id = $1 and v.id <= coalesce($2, 9223372036854775807) and v.id >= coalesce($2, 0)
         order by v.id desc
         limit 1",
        id.0,
        number,
    )
    .fetch_optional(conn)
    .await
}

/// What differed, by submission, behind `after`.
///
/// # Errors
/// Those of the database.
pub async fn faults(
    conn: &mut PgConnection,
    verification: i64,
    after: SubmissionId,
    limit: i64,
) -> sqlx::Result<Vec<Fault>> {
    sqlx::query_as!(
        Fault,
        "select f.submission_id as \"submission_id: SubmissionId\", t.name as team, f.what
         from verification_faults f
         join submissions s on s.id = f.submission_id
         join teams t on t.id = s.team_id
         where f.verification_id = $1 and f.submission_id > $2
         order by f.submission_id
         limit $3",
        verification,
        after.0,
        limit,
    )
    .fetch_all(conn)
    .await
}
