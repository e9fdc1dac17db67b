//! Every SQL statement about submissions and checks of files; those about their log stand beside it.

pub mod choice;
pub mod log;
pub mod provenance;
pub mod slots;

use chrono::{DateTime, Utc};
use holdout_contract::custom::HOST_IS_TOLD;
use holdout_contract::job::CheckVerdict;
use holdout_contract::rejection::Rejection;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use crate::competitions::model::{Ended, SendingLimits};
use crate::files::Stored;
use crate::ids::{CompetitionId, SubmissionId, TeamId, UserId};
use crate::submissions::model::{Allowance, State, Submission, midnight, next_midnight};
use crate::submissions::submit::{Terms, Upload};

/// Only the first so many jobs ahead are counted.
pub const QUEUE_COUNTED: i64 = 1000;

/// A row about to be written.
pub struct NewSubmission<'a> {
    pub competition_id: CompetitionId,
    pub team_id: TeamId,
    pub user_id: UserId,
    pub received_at: DateTime<Utc>,
    pub is_late: bool,
    pub upload: &'a Upload,
}

/// Reads the competition's terms and holds off its settling until the transaction ends.
///
/// # Errors
/// Those of the database.
pub async fn hold_terms(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<Terms> {
    sqlx::query_as!(
        Terms,
        "select daily_limit, total_limit, ends_at, settled_at from competitions where id = $1 for key share",
        id.0,
    )
    .fetch_one(conn)
    .await
}

/// What counts on `now`'s day and on no other, even where a clock that ran ahead was set back.
///
/// # Errors
/// Those of the database.
pub async fn allowance(
    conn: &mut PgConnection,
    team_id: TeamId,
    limits: SendingLimits,
    now: DateTime<Utc>,
) -> sqlx::Result<Allowance> {
    let used = sqlx::query_scalar!(
        "select count(*) as \"used!\"
         from submissions
         where team_id = $1 and received_at >= $2 and received_at < $3 and state not in ('rejected', 'failed')",
        team_id.0,
        midnight(now),
        next_midnight(now),
    )
    .fetch_one(&mut *conn)
    .await?;
    let today = Allowance::new(limits.daily, used, now);
    match limits.total {
        Some(total) => Ok(today.with_total(total, count_in_time(conn, team_id).await?)),
        None => Ok(today),
    }
}

/// What a team sent before the end, as far as it counts.
async fn count_in_time(conn: &mut PgConnection, team_id: TeamId) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        "select count(*) as \"used!\"
         from submissions
         where team_id = $1 and not is_late and state not in ('rejected', 'failed')",
        team_id.0,
    )
    .fetch_one(conn)
    .await
}

/// # Errors
/// Those of the database.
pub async fn insert(conn: &mut PgConnection, new: &NewSubmission<'_>) -> sqlx::Result<SubmissionId> {
    sqlx::query_scalar!(
        "insert into submissions
            (competition_id, team_id, user_id, received_at, is_late, file_name, storage_key, size_bytes,
             sha256, description, idempotency_key)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         returning id as \"id: SubmissionId\"",
        new.competition_id.0,
        new.team_id.0,
        new.user_id.0,
        new.received_at,
        new.is_late,
        new.upload.file_name,
        new.upload.arrived.stored.key,
        size(&new.upload.arrived.stored),
        new.upload.arrived.stored.sha256.as_slice(),
        new.upload.description,
        new.upload.idempotency_key,
    )
    .fetch_one(conn)
    .await
}

fn size(stored: &Stored) -> i64 {
    i64::try_from(stored.size_bytes).unwrap_or(i64::MAX)
}

/// One submission of a team.
///
/// # Errors
/// Those of the database.
pub async fn find(
    conn: &mut PgConnection,
    team_id: TeamId,
    id: SubmissionId,
) -> sqlx::Result<Option<Submission>> {
    Ok(with_ids(conn, team_id, &[id.0]).await?.pop())
}

/// The newest file of a team that has these bytes and was not refused.
///
/// # Errors
/// Those of the database.
pub async fn of_the_same_bytes(
    conn: &mut PgConnection,
    team_id: TeamId,
    sha256: &[u8],
) -> sqlx::Result<Option<SubmissionId>> {
    sqlx::query_scalar!(
        "select id as \"id: SubmissionId\" from submissions
         where team_id = $1 and sha256 = $2 and state not in ('rejected', 'failed')
         order by id desc
         limit 1",
        team_id.0,
        sha256,
    )
    .fetch_optional(conn)
    .await
}

/// The competition of a submission that a person's team sent.
///
/// # Errors
/// Those of the database.
pub async fn competition_of(
    conn: &mut PgConnection,
    user_id: UserId,
    id: SubmissionId,
) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!(
        "select c.slug
         from submissions s
         join team_members m on m.team_id = s.team_id and m.competition_id = s.competition_id
         join competitions c on c.id = s.competition_id
         where s.id = $1 and m.user_id = $2",
        id.0,
        user_id.0,
    )
    .fetch_optional(conn)
    .await
}

/// A team's submissions before `before`, newest first.
///
/// # Errors
/// Those of the database.
pub async fn list(
    conn: &mut PgConnection,
    team_id: TeamId,
    before: SubmissionId,
    limit: i64,
) -> sqlx::Result<Vec<Submission>> {
    let ids = sqlx::query_scalar!(
        "select id from submissions where team_id = $1 and id < $2 order by id desc limit $3",
        team_id.0,
        before.0,
        limit,
    )
    .fetch_all(&mut *conn)
    .await?;
    with_ids(conn, team_id, &ids).await
}

/// Those of a team's submissions that have these ids, newest first.
///
/// # Errors
/// Those of the database.
pub async fn with_ids(
    conn: &mut PgConnection,
    team_id: TeamId,
    ids: &[i64],
) -> sqlx::Result<Vec<Submission>> {
    sqlx::query_as!(
        Submission,
        "select s.id as \"id: SubmissionId\", s.team_id as \"team_id: TeamId\", u.display_name as sender,
                s.received_at, s.is_late, s.file_name, s.storage_key, s.size_bytes, s.sha256,
                s.description, case when x.rejection is null then s.state else 'rejected' end as \"state!: State\",
                coalesce(x.rejection, s.rejection) as \"rejection: Json<Rejection>\",
                case when x.ladder_step is null then x.public_score else told_public_score(x) end as \"public_score?\",
                x.public_undefined as \"public_undefined?\",
                coalesce(x.ladder_step = 'held' and c.ladder = 'on' and c.ends_at > clock_now(), false) as \"is_held!\",
                x.part_scores as \"part_scores?\", s.scored_at, s.selected_at,
                coalesce(l.position, 0) as \"log_position!\", coalesce(l.entry_hash, '') as \"entry_hash!\",
                coalesce(l.sent_as, s.team_id) as \"log_team_id!: TeamId\", l.nonce as \"log_nonce?\",
                coalesce(s.failure = $3, false) as \"is_hosts_fault!\",
                (select d.reason from disqualifications d
                 where d.team_id = s.team_id and coalesce(d.submission_id, s.id) = s.id and d.lifted_at is null
                 order by d.id limit 1) as disqualified_because,
                s.file_gone_at
         from submissions s
         join users u on u.id = s.user_id
         join competitions c on c.id = s.competition_id
         left join scores x on x.submission_id = s.id and x.version_id = c.active_version_id
         left join submission_log l on l.submission_id = s.id
         where s.team_id = $1 and s.id = any($2)
         order by s.id desc",
        team_id.0,
        ids,
        HOST_IS_TOLD,
    )
    .fetch_all(conn)
    .await
}

/// The submission that an idempotency key named before.
///
/// # Errors
/// Those of the database.
pub async fn find_by_key(
    conn: &mut PgConnection,
    team_id: TeamId,
    key: &str,
) -> sqlx::Result<Option<Submission>> {
    let id = sqlx::query_scalar!(
        "select id as \"id: SubmissionId\" from submissions where team_id = $1 and idempotency_key = $2",
        team_id.0,
        key,
    )
    .fetch_optional(&mut *conn)
    .await?;
    match id {
        Some(id) => find(conn, team_id, id).await,
        None => Ok(None),
    }
}

/// Where a waiting submission stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// Jobs that run before it, at most [`QUEUE_COUNTED`].
    pub ahead: i64,
    /// Until its score, as the last hundred jobs went; `None` while no scorer runs or none has finished a job.
    pub wait_seconds: Option<f64>,
}

/// Where a submission stands in the queue; `None` when it does not wait.
///
/// Its competition's turns come round among competitions, and within the competition its team's.
///
/// # Errors
/// Those of the database.
pub async fn place(conn: &mut PgConnection, id: SubmissionId) -> sqlx::Result<Option<Place>> {
    sqlx::query_as!(
        Place,
        "with mine as materialized (
            select id, competition_id, priority, team_turn from jobs
            where submission_id = $1 and kind = 'score' and state = 'queued'
         ), own as materialized (
            select count(*) as n
            from (
                select from jobs a, mine
                where a.state = 'queued' and a.competition_id = mine.competition_id and a.priority = mine.priority
                  and (a.team_turn, a.id) < (mine.team_turn, mine.id)
                limit $2
            ) earlier
         ), door as materialized (
            select a.turn, a.id from jobs a, mine
            where a.state = 'queued' and a.competition_id = mine.competition_id and a.priority = mine.priority
            order by a.turn, a.id
            offset (select n from own)
            limit 1
         ), others as materialized (
            select count(*) as n
            from (
                select from jobs a, mine, door
                where a.state = 'queued' and (a.priority, a.turn, a.id) < (mine.priority, door.turn, door.id)
                  and (a.competition_id <> mine.competition_id or a.priority <> mine.priority)
                limit $2
            ) earlier
         ), pace as materialized (
            select avg(extract(epoch from finished_at - leased_at))::double precision as seconds
            from (
                select finished_at, leased_at from jobs
                where state = 'done'
                order by finished_at desc
                limit 100
            ) newest
         ), hands as materialized (
            select count(*) as n from scorers_at_work where last_seen_at > clock_now() - interval '1 minute'
         )
         select least(own.n + others.n, $2) as \"ahead!\",
                (own.n + others.n + 1) * pace.seconds / nullif(hands.n, 0) as wait_seconds
         from mine, own, others, pace, hands",
        id.0,
        QUEUE_COUNTED,
    )
    .fetch_optional(conn)
    .await
}

/// # Errors
/// Those of the database.
pub async fn describe(
    conn: &mut PgConnection,
    team_id: TeamId,
    id: SubmissionId,
    description: &str,
) -> sqlx::Result<bool> {
    let described = sqlx::query!(
        "update submissions set description = $3 where id = $2 and team_id = $1",
        team_id.0,
        id.0,
        description,
    )
    .execute(conn)
    .await?;
    Ok(described.rows_affected() == 1)
}

/// How many submissions a team has chosen for the final.
///
/// # Errors
/// Those of the database.
pub async fn count_selected(conn: &mut PgConnection, team_id: TeamId) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        "select count(*) as \"selected!\"
         from submissions
         where team_id = $1 and selected_at is not null",
        team_id.0,
    )
    .fetch_one(conn)
    .await
}

/// Chooses a submission (`Some`) or takes the choice back (`None`).
///
/// # Errors
/// Those of the database.
pub async fn set_selected(
    conn: &mut PgConnection,
    team_id: TeamId,
    id: SubmissionId,
    selected_at: Option<DateTime<Utc>>,
) -> sqlx::Result<bool> {
    let set = sqlx::query!(
        "update submissions set selected_at = $3 where id = $2 and team_id = $1",
        team_id.0,
        id.0,
        selected_at,
    )
    .execute(conn)
    .await?;
    Ok(set.rows_affected() == 1)
}

/// A private score that was released.
#[derive(Debug, Clone, PartialEq)]
pub struct Released {
    pub submission_id: SubmissionId,
    pub private_score: Option<f64>,
    pub private_undefined: Option<String>,
    /// Under every metric that teams are ranked by, the primary first.
    pub part_scores: Option<Vec<f64>>,
}

impl Released {
    pub fn parts(&self) -> Option<&[f64]> {
        self.part_scores.as_deref()
    }
}

/// Private scores of submissions; the witness shows that the competition is over, and the database
/// looks again.
///
/// # Errors
/// Those of the database.
pub async fn released(
    conn: &mut PgConnection,
    _: Ended,
    competition_id: CompetitionId,
    ids: &[i64],
) -> sqlx::Result<Vec<Released>> {
    sqlx::query_as!(
        Released,
        "select submission_id as \"submission_id!: SubmissionId\", private_score, private_undefined, part_scores
         from released_private_scores($1, $2)",
        competition_id.0,
        ids,
    )
    .fetch_all(conn)
    .await
}

/// A point of the plot of a team's scores.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    pub received_at: DateTime<Utc>,
    pub score: f64,
}

/// A team's newest public scores, newest first.
///
/// # Errors
/// Those of the database.
pub async fn points(conn: &mut PgConnection, team_id: TeamId, limit: i64) -> sqlx::Result<Vec<Point>> {
    sqlx::query_as!(
        Point,
        "select s.received_at, told_public_score(x) as \"score!\"
         from submissions s
         join competitions c on c.id = s.competition_id
         join scores x on x.submission_id = s.id and x.version_id = c.active_version_id
         where s.team_id = $1 and s.state = 'scored' and x.public_score is not null
         order by s.id desc
         limit $2",
        team_id.0,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// A check of a file.
#[derive(Debug, Clone)]
pub struct Check {
    pub id: Uuid,
    pub file_name: String,
    pub description: String,
    pub storage_key: String,
    pub size_bytes: i64,
    pub created_at: DateTime<Utc>,
    pub verdict: Option<Json<CheckVerdict>>,
}

/// When a person asked for the `n`th of their newest checks since a moment; `None` where they asked for fewer.
///
/// # Errors
/// Those of the database.
pub async fn check_of(
    conn: &mut PgConnection,
    user_id: UserId,
    since: DateTime<Utc>,
    n: i64,
) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!(
        "select created_at from file_checks
         where user_id = $1 and created_at > $2
         order by created_at desc
         offset $3 limit 1",
        user_id.0,
        since,
        n - 1,
    )
    .fetch_optional(conn)
    .await
}

/// One person's checks are counted one after the other.
///
/// # Errors
/// Those of the database.
pub async fn lock_person(conn: &mut PgConnection, user_id: UserId) -> sqlx::Result<()> {
    sqlx::query_scalar!("select id from users where id = $1 for no key update", user_id.0)
        .fetch_one(conn)
        .await?;
    Ok(())
}

/// A check about to be asked for.
#[derive(Debug, Clone, Copy)]
pub struct NewCheck<'a> {
    pub competition_id: CompetitionId,
    pub user_id: UserId,
    pub file_name: &'a str,
    pub description: &'a str,
    pub stored: &'a Stored,
}

/// # Errors
/// Those of the database.
pub async fn insert_check(
    conn: &mut PgConnection,
    new: &NewCheck<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<Uuid> {
    sqlx::query_scalar!(
        "insert into file_checks (competition_id, user_id, file_name, description, storage_key, size_bytes, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)
         returning id",
        new.competition_id.0,
        new.user_id.0,
        new.file_name,
        new.description,
        new.stored.key,
        size(new.stored),
        now,
    )
    .fetch_one(conn)
    .await
}

/// A person's own check.
///
/// # Errors
/// Those of the database.
pub async fn find_check(
    conn: &mut PgConnection,
    competition_id: CompetitionId,
    user_id: UserId,
    id: Uuid,
) -> sqlx::Result<Option<Check>> {
    sqlx::query_as!(
        Check,
        "select id, file_name, description, storage_key, size_bytes, created_at, verdict as \"verdict: Json<CheckVerdict>\"
         from file_checks
         where id = $1 and user_id = $2 and competition_id = $3",
        id,
        user_id.0,
        competition_id.0,
    )
    .fetch_optional(conn)
    .await
}
