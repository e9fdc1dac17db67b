//! Every SQL statement of the server about runs.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use sqlx::types::Json;

use super::model::{Executed, Run, RunFile, RunState, Runners};
use crate::files::Stored;
use crate::ids::{NotebookId, RunId, UserId};
use crate::notebooks::draw::{DRAWER, Heading};
use crate::notebooks::store::drawings::DrawnVersion;

struct Row {
    id: RunId,
    notebook_id: NotebookId,
    number: i32,
    asked_by: String,
    asked_at: DateTime<Utc>,
    cancelled_by: Option<String>,
    state: String,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
    at_cell: Option<i32>,
    n_code_cells: i32,
    n_cells_run: i32,
    report: String,
    log: String,
    took_seconds: Option<f64>,
    environment: String,
    executed_key: Option<String>,
    executed_bytes: Option<i64>,
    executed_sha256: Option<Vec<u8>>,
}

impl From<Row> for Run {
    fn from(row: Row) -> Self {
        let executed = row.executed_key.zip(row.executed_bytes).zip(row.executed_sha256);
        Self {
            id: row.id,
            notebook_id: row.notebook_id,
            number: row.number,
            asked_by: row.asked_by,
            asked_at: row.asked_at,
            cancelled_by: row.cancelled_by,
            state: RunState::from(row.state),
            started_at: row.started_at,
            finished_at: row.finished_at,
            at_cell: row.at_cell,
            n_code_cells: row.n_code_cells,
            n_cells_run: row.n_cells_run,
            report: row.report,
            log: row.log,
            took_seconds: row.took_seconds,
            environment: row.environment,
            executed: executed.map(|((storage_key, size_bytes), sha256)| Executed {
                storage_key,
                size_bytes,
                sha256,
            }),
        }
    }
}

/// One run of a notebook.
///
/// # Errors
/// Those of the database.
pub async fn find(conn: &mut PgConnection, notebook: NotebookId, id: RunId) -> sqlx::Result<Option<Run>> {
    let row = sqlx::query_as!(
        Row,
        "select r.id as \"id: RunId\", r.notebook_id as \"notebook_id: NotebookId\", r.number, u.username as asked_by,
                r.asked_at, c.username as \"cancelled_by?\", r.state, r.started_at, r.finished_at, r.at_cell, r.n_code_cells, r.n_cells_run, r.report,
                r.log, r.took_seconds, r.environment, r.executed_key, r.executed_bytes, r.executed_sha256
         from notebook_runs r
         join users u on u.id = r.asked_by
         left join users c on c.id = r.cancelled_by
         where r.id = $2 and r.notebook_id = $1",
        notebook.0,
        id.0,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(Run::from))
}

/// A notebook's runs below `before`, newest first.
///
/// # Errors
/// Those of the database.
pub async fn list(
    conn: &mut PgConnection,
    notebook: NotebookId,
    before: i64,
    limit: i64,
) -> sqlx::Result<Vec<Run>> {
    let rows = sqlx::query_as!(
        Row,
        "select r.id as \"id: RunId\", r.notebook_id as \"notebook_id: NotebookId\", r.number, u.username as asked_by,
                r.asked_at, c.username as \"cancelled_by?\", r.state, r.started_at, r.finished_at, r.at_cell, r.n_code_cells, r.n_cells_run, r.report,
                '' as \"log!\", r.took_seconds, r.environment, r.executed_key, r.executed_bytes, r.executed_sha256
         from notebook_runs r
         join users u on u.id = r.asked_by
         left join users c on c.id = r.cancelled_by
         where r.notebook_id = $1 and r.id < $2
         order by r.id desc
         limit $3",
        notebook.0,
        before,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Run::from).collect())
}

/// The newest run of a version.
///
/// # Errors
/// Those of the database.
pub async fn newest(
    conn: &mut PgConnection,
    notebook: NotebookId,
    number: i32,
) -> sqlx::Result<Option<RunId>> {
    sqlx::query_scalar!(
        "select id as \"id: RunId\" from notebook_runs where notebook_id = $1 and number = $2 order by id desc limit 1",
        notebook.0,
        number,
    )
    .fetch_optional(conn)
    .await
}

/// Whether a version runs from the top: the newest of its runs that came to an end of its own did.
///
/// # Errors
/// Those of the database.
pub async fn is_from_the_top(
    conn: &mut PgConnection,
    notebook: NotebookId,
    number: i32,
) -> sqlx::Result<bool> {
    let state = sqlx::query_scalar!(
        "select state from notebook_runs
         where notebook_id = $1 and number = $2 and state in ('ran', 'cell_failed', 'stopped')
         order by id desc
         limit 1",
        notebook.0,
        number,
    )
    .fetch_optional(conn)
    .await?;
    Ok(state.as_deref() == Some("ran"))
}

/// Waits for whoever asks in the name of the same person.
///
/// # Errors
/// Those of the database.
pub async fn lock_person(conn: &mut PgConnection, person: UserId) -> sqlx::Result<()> {
    sqlx::query!("select id from users where id = $1 for no key update", person.0).fetch_one(conn).await?;
    Ok(())
}

/// How many runs a person asked for since a moment, of all notebooks.
///
/// # Errors
/// Those of the database.
pub async fn count_since(conn: &mut PgConnection, person: UserId, since: DateTime<Utc>) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        "select count(*) as \"count!\" from notebook_runs where asked_by = $1 and asked_at >= $2",
        person.0,
        since,
    )
    .fetch_one(conn)
    .await
}

/// Bytes that the runs of a person keep, of all notebooks.
///
/// # Errors
/// Those of the database.
pub async fn kept_bytes(conn: &mut PgConnection, person: UserId) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        "select (coalesce(sum(r.executed_bytes), 0) + coalesce(sum(f.size_bytes), 0))::bigint as \"bytes!\"
         from notebook_runs r
         left join lateral (
            select sum(size_bytes) as size_bytes from notebook_run_files where run_id = r.id
         ) f on true
         join subjects s on s.id = r.notebook_id and s.deleted_at is null
         where r.asked_by = $1",
        person.0,
    )
    .fetch_one(conn)
    .await
}

/// # Errors
/// Those of the database; `notebook_runs_one_open` where one of the version is open.
pub async fn insert(
    conn: &mut PgConnection,
    notebook: NotebookId,
    number: i32,
    asked_by: UserId,
    now: DateTime<Utc>,
) -> sqlx::Result<RunId> {
    sqlx::query_scalar!(
        "insert into notebook_runs (notebook_id, number, asked_by, asked_at) values ($1, $2, $3, $4)
         returning id as \"id: RunId\"",
        notebook.0,
        number,
        asked_by.0,
        now,
    )
    .fetch_one(conn)
    .await
}

/// The run of a version that waits or runs.
///
/// # Errors
/// Those of the database.
pub async fn open(conn: &mut PgConnection, notebook: NotebookId, number: i32) -> sqlx::Result<Option<RunId>> {
    sqlx::query_scalar!(
        "select id as \"id: RunId\" from notebook_runs
         where notebook_id = $1 and number = $2 and finished_at is null",
        notebook.0,
        number,
    )
    .fetch_optional(conn)
    .await
}

/// What a run was when it was ended; `None` where it had ended already. What waited is gone, what ran is on record.
///
/// # Errors
/// Those of the database.
pub async fn cancel(conn: &mut PgConnection, run: RunId, by: UserId) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!("select cancel_notebook_run($1, $2)", run.0, by.0).fetch_one(conn).await
}

/// What a run left, in its order.
///
/// # Errors
/// Those of the database.
pub async fn files(conn: &mut PgConnection, run: RunId) -> sqlx::Result<Vec<RunFile>> {
    sqlx::query_as!(
        RunFile,
        "select place, path, storage_key, size_bytes, sha256 from notebook_run_files where run_id = $1 order by place",
        run.0,
    )
    .fetch_all(conn)
    .await
}

/// What the runners that were heard of lately can do.
///
/// # Errors
/// Those of the database.
pub async fn runners(conn: &mut PgConnection) -> sqlx::Result<Runners> {
    let row = sqlx::query!(
        "select seconds, memory_mb, disk_mb, refusal from notebook_runners
         where last_seen_at > now() - interval '30 seconds'
         order by refusal is not null, id
         limit 1"
    )
    .fetch_optional(conn)
    .await?;
    Ok(match row {
        None => Runners::Absent,
        Some(row) => match row.refusal {
            Some(reason) => Runners::Refused(reason),
            None => Runners::Ready { seconds: row.seconds, memory_mb: row.memory_mb, disk_mb: row.disk_mb },
        },
    })
}

/// The drawing of a run by the drawer of today.
///
/// # Errors
/// Those of the database.
pub async fn find_drawing(conn: &mut PgConnection, run: RunId) -> sqlx::Result<Option<DrawnVersion>> {
    sqlx::query_as!(
        DrawnVersion,
        "select storage_key, contents as \"contents: Json<Vec<Heading>>\"
         from notebook_run_drawings
         where run_id = $1 and drawer = $2",
        run.0,
        DRAWER,
    )
    .fetch_optional(conn)
    .await
}

/// Keeps a drawing in the place of an older one; gives the storage key that nothing names any more.
///
/// # Errors
/// Those of the database.
pub async fn put_drawing(
    conn: &mut PgConnection,
    run: RunId,
    stored: &Stored,
    contents: &[Heading],
    now: DateTime<Utc>,
) -> sqlx::Result<Option<String>> {
    let replaced = sqlx::query_scalar!(
        "select storage_key from notebook_run_drawings where run_id = $1 for update",
        run.0,
    )
    .fetch_optional(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into notebook_run_drawings (run_id, drawer, storage_key, size_bytes, contents, drawn_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (run_id) do update
         set drawer = excluded.drawer, storage_key = excluded.storage_key, size_bytes = excluded.size_bytes,
             contents = excluded.contents, drawn_at = excluded.drawn_at",
        run.0,
        DRAWER,
        stored.key,
        i64::try_from(stored.size_bytes).unwrap_or(i64::MAX),
        Json(contents) as _,
        now,
    )
    .execute(conn)
    .await?;
    Ok(replaced)
}
