//! Every SQL statement of telemetry. None reads more than what waits, up to a bound, or ended a moment ago.

use holdout_contract::job::Priority;
use sqlx::PgConnection;

/// What "lately" is, in seconds.
pub const LATELY_SECONDS: f64 = 300.0;
/// Of what waits, and of what ended lately, no more is looked at.
const LOOKED_AT: i64 = 10_000;

/// Jobs of one kind that wait, as far as they are counted.
pub struct Waiting {
    pub kind: String,
    /// Whether somebody waits for them: submissions, checks, what a host looks at before the launch.
    pub is_urgent: bool,
    /// For how long the oldest could have been taken; `None` where none can be now.
    pub oldest_seconds: Option<f64>,
    /// So many were put back until later: what they need is away.
    pub n_put_back: i64,
}

/// # Errors
/// Those of the database.
pub async fn waiting(conn: &mut PgConnection) -> sqlx::Result<Vec<Waiting>> {
    sqlx::query_as!(
        Waiting,
        "select kind as \"kind!\", priority = $2 as \"is_urgent!\",
                extract(epoch from now() - min(greatest(created_at, run_at)) filter (where run_at <= now()))::float8
                    as oldest_seconds,
                count(*) filter (where run_at > now()) as \"n_put_back!\"
         from (select kind, priority, created_at, run_at from jobs
               where state = 'queued' order by priority, turn, id limit $1) waiting
         group by kind, priority",
        LOOKED_AT,
        Priority::Interactive as i16,
    )
    .fetch_all(conn)
    .await
}

/// How long people waited for their scores: from "received" to the outcome, in seconds.
pub struct Waits {
    pub n: i64,
    /// Median, ninetieth and ninety-ninth percentile; nothing where nothing was scored lately.
    pub quantiles: Option<Vec<f64>>,
}

/// # Errors
/// Those of the database.
pub async fn waits(conn: &mut PgConnection) -> sqlx::Result<Waits> {
    sqlx::query_as!(
        Waits,
        "select count(*) as \"n!\",
                percentile_cont(array[0.5, 0.9, 0.99]) within group (order by seconds) as quantiles
         from (select extract(epoch from finished_at - created_at)::float8 as seconds
               from jobs
               where state in ('done', 'failed') and kind = 'score'
                 and finished_at > now() - make_interval(secs => $1)
               order by finished_at desc limit $2) lately",
        LATELY_SECONDS,
        LOOKED_AT,
    )
    .fetch_one(conn)
    .await
}

/// From "received" to the outcome, of every submission since this is counted.
#[derive(Debug, Clone, PartialEq)]
pub struct Durations {
    /// All of them together.
    pub seconds: f64,
    /// Upper bounds in seconds, the last infinite, each with how many took no longer and longer than the one before.
    pub counts: Vec<(f64, i64)>,
}

/// Adds what was finished since some server was asked last, and gives the whole.
///
/// # Errors
/// Those of the database.
pub async fn durations(conn: &mut PgConnection) -> sqlx::Result<Durations> {
    sqlx::query!("select count_score_durations()").execute(&mut *conn).await?;
    let rows = sqlx::query!(
        "select d.at_most, d.n, c.seconds from score_durations d cross join score_durations_counted c order by d.at_most"
    )
    .fetch_all(conn)
    .await?;
    let seconds = rows.first().map_or(0.0, |row| row.seconds);
    Ok(Durations { seconds, counts: rows.into_iter().map(|row| (row.at_most, row.n)).collect() })
}

/// Files that were refused.
pub struct Rejected {
    /// `holdout_contract::rejection::RejectionKind`
    pub kind: String,
    pub n: i64,
}

/// # Errors
/// Those of the database.
pub async fn rejected(conn: &mut PgConnection) -> sqlx::Result<Vec<Rejected>> {
    sqlx::query_as!(
        Rejected,
        "select kind as \"kind!\", count(*) as \"n!\"
         from (select (select coalesce(s.rejection ->> 'error', '')
                       from submissions s
                       where s.id = lately.submission_id and s.state = 'rejected') as kind
               from (select submission_id
                     from jobs
                     where state in ('done', 'failed') and kind = 'score'
                       and finished_at > now() - make_interval(secs => $1)
                     order by finished_at desc limit $2) lately) kinds
         where kind is not null
         group by kind",
        LATELY_SECONDS,
        LOOKED_AT,
    )
    .fetch_all(conn)
    .await
}
