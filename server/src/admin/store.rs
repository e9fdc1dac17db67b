//! Every SQL statement of administration. Counts of tables that grow are the database's estimates
//! or stop at a bound: no page reads a whole table.

use chrono::{DateTime, TimeDelta, Utc};
use holdout_contract::handshake::{Asked, Standing};
use serde_json::Value;
use sqlx::PgConnection;

use crate::audit_log;
use crate::ids::UserId;

/// Counting stops here.
pub const COUNTED_AT_MOST: i64 = 10_000;

/// Scorers in one list.
const SCORERS_SHOWN: i64 = 100;
/// Seconds after which a scorer that has not been heard of counts as gone.
const SCORER_IS_SILENT_AFTER_SECONDS: f64 = 60.0;

#[derive(Debug, Clone)]
pub struct Numbers {
    /// The database's estimate.
    pub n_users: i64,
    /// The database's estimate.
    pub n_competitions: i64,
    pub n_waiting: i64,
    pub oldest_waiting_since: Option<DateTime<Utc>>,
    pub n_running: i64,
    pub n_failed: i64,
    pub n_scorers: i64,
    pub n_refusing_scorers: i64,
    pub n_unsent_mails: i64,
}

/// # Errors
/// Those of the database.
pub async fn numbers(conn: &mut PgConnection) -> sqlx::Result<Numbers> {
    let queue = sqlx::query!(
        "select count(*) as \"n!\", min(created_at) as oldest
         from (select created_at from jobs
               where state = 'queued' order by priority, turn, id limit $1) waiting",
        COUNTED_AT_MOST,
    )
    .fetch_one(&mut *conn)
    .await?;
    let row = sqlx::query!(
        "select
            (select count(*) from (select from jobs where state = 'leased' limit $1) j) as \"n_running!\",
            (select count(*) from (select from jobs where state = 'failed' limit $1) j) as \"n_failed!\",
            (select count(*) from scorers_at_work
             where last_seen_at > now() - make_interval(secs => $2)) as \"n_scorers!\",
            (select count(*) from scorers s
             where last_seen_at > now() - make_interval(secs => $2)
               and not exists (select from scorers_at_work w where w.id = s.id)) as \"n_refusing!\",
            (select count(*) from (select from mails where sent_at is null limit $1) m) as \"n_unsent!\"",
        COUNTED_AT_MOST,
        SCORER_IS_SILENT_AFTER_SECONDS,
    )
    .fetch_one(&mut *conn)
    .await?;
    Ok(Numbers {
        n_users: about(conn, "users").await?,
        n_competitions: about(conn, "competitions").await?,
        n_waiting: queue.n,
        oldest_waiting_since: queue.oldest,
        n_running: row.n_running,
        n_failed: row.n_failed,
        n_scorers: row.n_scorers,
        n_refusing_scorers: row.n_refusing,
        n_unsent_mails: row.n_unsent,
    })
}

/// How many rows a table has, as the database estimates.
async fn about(conn: &mut PgConnection, table: &str) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        "select greatest(s.n_live_tup, c.reltuples::bigint, 0) as \"n!\"
         from pg_stat_user_tables s
         join pg_class c on c.oid = s.relid
         where s.schemaname = 'public' and s.relname = $1::text",
        table,
    )
    .fetch_one(conn)
    .await
}

#[derive(Debug, Clone)]
pub struct Mail {
    pub id: i64,
    pub to_address: String,
    pub subject: String,
    /// Empty once the mail was sent.
    pub body: String,
    pub created_at: DateTime<Utc>,
    pub sent_at: Option<DateTime<Utc>>,
    pub attempts: i32,
    pub last_error: Option<String>,
}

/// Newest first.
///
/// # Errors
/// Those of the database.
pub async fn mails(conn: &mut PgConnection, before: i64, limit: i64) -> sqlx::Result<Vec<Mail>> {
    sqlx::query_as!(
        Mail,
        "select id, to_address, subject, body, created_at, sent_at, attempts, last_error
         from mails
         where id < $1
         order by id desc
         limit $2",
        before,
        limit,
    )
    .fetch_all(conn)
    .await
}

#[derive(Debug, Clone)]
pub struct User {
    pub id: UserId,
    pub username: String,
    pub email: String,
    pub display_name: String,
    pub is_admin: bool,
    pub created_at: DateTime<Utc>,
    pub suspended_at: Option<DateTime<Utc>>,
    pub has_two_factors: bool,
    /// Whether the address is known to be theirs.
    pub has_confirmed_email: bool,
    /// Whether they may host where not every member may.
    pub may_host: bool,
}

/// Newest first.
///
/// # Errors
/// Those of the database.
pub async fn newest_users(conn: &mut PgConnection, before: i64, limit: i64) -> sqlx::Result<Vec<User>> {
    sqlx::query_as!(
        User,
        "select id as \"id: UserId\", username, email, display_name, is_admin, created_at, suspended_at,
                coalesce((select f.confirmed_at is not null from second_factors f where f.user_id = users.id), false) as \"has_two_factors!\",
                email_confirmed_at is not null as \"has_confirmed_email!\", may_host
         from users
         where id < $1
         order by id desc
         limit $2",
        before,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// Those whose user name begins with `prefix`, by name. `beyond` is the first text that sorts after
/// all of them.
///
/// # Errors
/// Those of the database.
pub async fn users_by_prefix(
    conn: &mut PgConnection,
    prefix: &str,
    beyond: &str,
    limit: i64,
) -> sqlx::Result<Vec<User>> {
    sqlx::query_as!(
        User,
        "select id as \"id: UserId\", username, email, display_name, is_admin, created_at, suspended_at,
                coalesce((select f.confirmed_at is not null from second_factors f where f.user_id = users.id), false) as \"has_two_factors!\",
                email_confirmed_at is not null as \"has_confirmed_email!\", may_host
         from users
         where username ~>=~ $1 and username ~<~ $2
         order by username using ~<~
         limit $3",
        prefix,
        beyond,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// `false` when there is no such account or it is suspended already.
///
/// # Errors
/// Those of the database.
pub async fn suspend(
    conn: &mut PgConnection,
    user: UserId,
    now: DateTime<Utc>,
    until: Option<DateTime<Utc>>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update users set suspended_at = $2, suspended_until = $3 where id = $1 and suspended_at is null",
        user.0,
        now,
        until,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// `false` when there is no such account or it is not suspended.
///
/// # Errors
/// Those of the database.
pub async fn unsuspend(conn: &mut PgConnection, user: UserId) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update users set suspended_at = null, suspended_until = null
         where id = $1 and suspended_at is not null and erased_at is null",
        user.0,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// # Errors
/// Those of the database.
pub async fn lift_suspensions(conn: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "update users set suspended_at = null, suspended_until = null where suspended_until <= $1",
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A job as administrators see it: what it is about and why it failed, never a result.
#[derive(Debug, Clone)]
pub struct Job {
    pub id: i64,
    pub kind: String,
    /// None of a notebook that belongs to none.
    pub competition: Option<String>,
    pub submission_id: Option<i64>,
    pub attempts: i32,
    pub created_at: DateTime<Utc>,
    pub error: Option<String>,
}

/// Those that are next, at most `limit`.
///
/// # Errors
/// Those of the database.
pub async fn waiting_jobs(conn: &mut PgConnection, limit: i64) -> sqlx::Result<Vec<Job>> {
    sqlx::query_as!(
        Job,
        "select j.id, j.kind, c.slug as \"competition?\", j.submission_id, j.attempts, j.created_at, j.error
         from jobs j
         left join competitions c on c.id = j.competition_id
         where j.state = 'queued'
         order by j.priority, j.turn, j.id
         limit $1",
        limit,
    )
    .fetch_all(conn)
    .await
}

/// Those that were given up, newest first.
///
/// # Errors
/// Those of the database.
pub async fn failed_jobs(conn: &mut PgConnection, before: i64, limit: i64) -> sqlx::Result<Vec<Job>> {
    sqlx::query_as!(
        Job,
        "select j.id, j.kind, c.slug as \"competition?\", j.submission_id, j.attempts, j.created_at, j.error
         from jobs j
         left join competitions c on c.id = j.competition_id
         where j.state = 'failed' and j.id < $1
         order by j.id desc
         limit $2",
        before,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// The administrators, none of whom changes before this transaction ends.
///
/// # Errors
/// Those of the database.
pub async fn lock_admins(conn: &mut PgConnection) -> sqlx::Result<Vec<UserId>> {
    sqlx::query_scalar!("select id as \"id: UserId\" from users where is_admin order by id for update")
        .fetch_all(conn)
        .await
}

/// `false` when there is no such account or it is so already.
///
/// # Errors
/// Those of the database.
pub async fn set_admin(conn: &mut PgConnection, user: UserId, is_admin: bool) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update users set is_admin = $2 where id = $1 and is_admin <> $2 and erased_at is null",
        user.0,
        is_admin,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// `false` when there is no such account or it is so already.
///
/// # Errors
/// Those of the database.
pub async fn set_may_host(conn: &mut PgConnection, user: UserId, may_host: bool) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update users set may_host = $2 where id = $1 and may_host <> $2 and erased_at is null",
        user.0,
        may_host,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A line of the audit log.
#[derive(Debug, Clone)]
pub struct Entry {
    pub id: i64,
    pub at: DateTime<Utc>,
    /// User name; `None`: the platform itself, or an account that is gone.
    pub actor: Option<String>,
    pub action: String,
    pub competition: Option<String>,
    pub detail: Value,
}

impl Entry {
    /// Whether there is more to say than who did what.
    pub fn has_detail(&self) -> bool {
        self.detail.as_object().is_none_or(|detail| !detail.is_empty())
    }
}

/// Everything that was put on record, newest first.
///
/// # Errors
/// Those of the database.
pub async fn log(conn: &mut PgConnection, before: i64, limit: i64) -> sqlx::Result<Vec<Entry>> {
    sqlx::query_as!(
        Entry,
        "select l.id, l.at, u.username as \"actor?\", l.action, c.slug as \"competition?\", l.detail
         from audit_log l
         left join users u on u.id = l.actor_id
         left join competitions c on c.id = l.competition_id
         where l.id < $1
         order by l.id desc
         limit $2",
        before,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// Puts on record what somebody did for the whole installation.
///
/// # Errors
/// Those of the database.
pub async fn note(
    conn: &mut PgConnection,
    at: DateTime<Utc>,
    actor: UserId,
    action: &str,
    detail: &Value,
) -> sqlx::Result<()> {
    audit_log::record(conn, at, actor, action, None, detail).await
}

/// A scorer that was heard of within a day.
#[derive(Debug, Clone)]
pub struct Scorer {
    pub host: String,
    pub engine_version: String,
    pub started_at: DateTime<Utc>,
    pub last_seen_at: DateTime<Utc>,
    /// It was heard of lately.
    pub is_awake: bool,
    /// What it speaks; none of a scorer from before there were contracts.
    pub contract: Option<i32>,
    /// The contracts that the installation asks for.
    pub oldest: i32,
    pub newest: i32,
    /// Why it takes no work, as it says itself.
    pub refusal: Option<String>,
    /// Which Python runs metrics that hosts wrote.
    pub sandbox: Option<String>,
    /// Why none does.
    pub sandbox_refusal: Option<String>,
    /// What it computes with beside its processor.
    pub gpu: Option<String>,
}

impl Scorer {
    /// Why it takes no work; `None` for one that does.
    pub fn why_no_work(&self) -> Option<&str> {
        let asked = Asked { oldest: self.oldest, newest: self.newest };
        Standing::of(self.contract, asked).refusal().or(self.refusal.as_deref())
    }

    pub fn is_at_work(&self) -> bool {
        self.is_awake && self.why_no_work().is_none()
    }
}

/// Last heard of first; the first hundred.
///
/// # Errors
/// Those of the database.
pub async fn scorers(conn: &mut PgConnection) -> sqlx::Result<Vec<Scorer>> {
    sqlx::query_as!(
        Scorer,
        "select host, engine_version, started_at, last_seen_at,
                last_seen_at > now() - make_interval(secs => $1) as \"is_awake!\", sandbox, sandbox_refusal,
                gpu, contract, c.oldest, c.newest, refusal
         from scorers cross join contract c
         where last_seen_at > now() - interval '1 day'
         order by last_seen_at desc
         limit $2",
        SCORER_IS_SILENT_AFTER_SECONDS,
        SCORERS_SHOWN,
    )
    .fetch_all(conn)
    .await
}

/// What became of the last backup.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LastBackup {
    pub made_at: Option<DateTime<Utc>>,
    /// After that one.
    pub failed_at: Option<DateTime<Utc>>,
    /// Why, in words for the operator.
    pub failure: Option<String>,
}

impl LastBackup {
    /// A night was left out.
    pub fn is_old(&self, now: &DateTime<Utc>) -> bool {
        self.made_at.is_some_and(|made_at| *now - made_at > TimeDelta::days(2))
    }
}

/// # Errors
/// Those of the database.
pub async fn last_backup(conn: &mut PgConnection) -> sqlx::Result<LastBackup> {
    let found = sqlx::query_as!(LastBackup, "select made_at, failed_at, failure from last_backup");
    Ok(found.fetch_optional(conn).await?.unwrap_or_default())
}

/// # Errors
/// Those of the database.
pub async fn note_backup_made(
    conn: &mut PgConnection,
    made_at: DateTime<Utc>,
    n_bytes: u64,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update last_backup set made_at = $1, n_bytes = $2, failed_at = null, failure = null",
        made_at,
        i64::try_from(n_bytes).unwrap_or(i64::MAX),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// # Errors
/// Those of the database.
pub async fn note_backup_failed(
    conn: &mut PgConnection,
    failed_at: DateTime<Utc>,
    failure: &str,
) -> sqlx::Result<()> {
    sqlx::query!("update last_backup set failed_at = $1, failure = $2", failed_at, failure)
        .execute(conn)
        .await?;
    Ok(())
}

/// Where administrators are written to: addresses that are known to be theirs.
///
/// # Errors
/// Those of the database.
pub async fn addresses_of_admins(conn: &mut PgConnection) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        "select email from users
         where is_admin and suspended_at is null and email_confirmed_at is not null
         order by id"
    )
    .fetch_all(conn)
    .await
}

/// Bytes of the database on its disk.
///
/// # Errors
/// Those of the database.
pub async fn database_bytes(conn: &mut PgConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar!("select pg_database_size(current_database()) as \"n!\"").fetch_one(conn).await
}
