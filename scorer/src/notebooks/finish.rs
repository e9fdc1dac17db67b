//! Writing down what came of a run: files first, then everything about them in one transaction with the end
//! of the job. A lost lease, or a notebook that is gone, leaves nothing behind.

use std::io;
use std::path::Path;

use holdout_contract::files::{Files, Stored};
use holdout_contract::queue::Leased;
use sqlx::{PgConnection, PgPool};
use tokio::io::AsyncReadExt;

use super::job::Work;
use super::sandbox::{Ending, Ran};
use crate::worker::finish::{Written, with_the_job};

/// Runs of one version that are kept; with an older one go its files.
const KEPT_RUNS: i64 = 3;
const LONGEST_REPORT: usize = 60_000;
const READ_BYTES: usize = 256 * 1024;

/// The files of a run, stored.
#[derive(Debug, Default)]
pub struct Kept {
    executed: Option<Stored>,
    /// With the path that each had for the notebook.
    files: Vec<(String, Stored)>,
}

impl Kept {
    fn keys(&self) -> Vec<String> {
        let files = self.files.iter().map(|(_, stored)| stored.key.clone());
        self.executed.iter().map(|stored| stored.key.clone()).chain(files).collect()
    }
}

/// Stores what came out of the sandbox.
///
/// # Errors
/// Those of the place of files; nothing is left there then.
pub async fn keep(files: &Files, notebook_id: i64, ran: &Ran) -> io::Result<Kept> {
    let mut kept = Kept::default();
    let stored = keep_each(files, notebook_id, ran, &mut kept).await;
    if stored.is_err() {
        discard(files, &kept.keys()).await;
    }
    stored.map(|()| kept)
}

async fn keep_each(files: &Files, notebook_id: i64, ran: &Ran, kept: &mut Kept) -> io::Result<()> {
    if let Some(executed) = &ran.executed {
        kept.executed = Some(store(files, notebook_id, executed).await?);
    }
    for file in &ran.files {
        kept.files.push((file.path.clone(), store(files, notebook_id, &file.at).await?));
    }
    Ok(())
}

async fn store(files: &Files, notebook_id: i64, path: &Path) -> io::Result<Stored> {
    let mut writing = files.create("runs", notebook_id).await?;
    let mut file = tokio::fs::File::open(path).await?;
    let mut piece = vec![0; READ_BYTES];
    loop {
        match file.read(&mut piece).await? {
            0 => return writing.finish().await,
            n_read => writing.write(&piece[..n_read]).await?,
        }
    }
}

/// Removes files that no row names.
pub async fn discard(files: &Files, keys: &[String]) {
    for key in keys {
        if let Err(error) = files.remove(key).await {
            tracing::warn!(%error, key, "a file of a run could not be removed");
        }
    }
}

/// Ends the job with what came of it.
///
/// # Errors
/// Those of the database.
pub async fn ran(
    db: &PgPool,
    files: &Files,
    leased: &Leased,
    work: &Work,
    environment: &str,
    ran: &Ran,
    kept: &Kept,
) -> sqlx::Result<Written> {
    let mut superseded = Vec::new();
    let written = with_the_job(db, leased, async |conn| {
        if !write(conn, work, environment, ran, kept).await? {
            return Ok(Written::Stale);
        }
        superseded = remove_older(conn, work).await?;
        Ok(Written::Yes)
    })
    .await?;
    let unneeded = if written == Written::Yes { superseded } else { kept.keys() };
    discard(files, &unneeded).await;
    Ok(written)
}

/// `false` when the notebook is gone.
async fn write(
    conn: &mut PgConnection,
    work: &Work,
    environment: &str,
    ran: &Ran,
    kept: &Kept,
) -> sqlx::Result<bool> {
    let (state, at_cell, report) = match &ran.ending {
        Ending::FromTheTop => ("ran", None, ""),
        Ending::CellFailed { cell, traceback } => ("cell_failed", Some(*cell), traceback.as_str()),
        Ending::Stopped { cell, reason } => ("stopped", *cell, reason.as_str()),
        Ending::Fault(reason) => ("failed", None, reason.as_str()),
    };
    let number = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
    let executed = kept.executed.as_ref();
    let updated = sqlx::query!(
        "update notebook_runs r
         set state = $2, finished_at = clock_now(), at_cell = $3, n_code_cells = $4, n_cells_run = $5, report = $6,
             log = $7, took_seconds = $8, environment = left($9, 1000), executed_key = $10, executed_bytes = $11,
             executed_sha256 = $12
         where r.id = $1 and r.finished_at is null
           and exists (select from subjects s where s.id = r.notebook_id and s.deleted_at is null)",
        work.run_id,
        state,
        at_cell.map(number),
        number(ran.n_code_cells),
        number(ran.n_cells_run),
        tail(report),
        without_nul(&ran.log),
        ran.took.as_secs_f64(),
        environment,
        executed.map(|stored| stored.key.as_str()),
        executed.map(|stored| bytes(stored)),
        executed.map(|stored| stored.sha256.as_slice()),
    )
    .execute(&mut *conn)
    .await?;
    if updated.rows_affected() == 0 {
        return Ok(false);
    }
    let paths: Vec<String> = kept.files.iter().map(|(path, _)| path.clone()).collect();
    let keys: Vec<String> = kept.files.iter().map(|(_, stored)| stored.key.clone()).collect();
    let sizes: Vec<i64> = kept.files.iter().map(|(_, stored)| bytes(stored)).collect();
    let hashes: Vec<Vec<u8>> = kept.files.iter().map(|(_, stored)| stored.sha256.to_vec()).collect();
    sqlx::query!(
        "insert into notebook_run_files (run_id, place, path, storage_key, size_bytes, sha256)
         select $1, f.place, f.path, f.storage_key, f.size_bytes, f.sha256
         from unnest($2::text[], $3::text[], $4::bigint[], $5::bytea[]) with ordinality
             as f (path, storage_key, size_bytes, sha256, place)",
        work.run_id,
        &paths,
        &keys,
        &sizes,
        &hashes,
    )
    .execute(conn)
    .await?;
    Ok(true)
}

/// Runs of the same version before the newest; gives the keys of their files.
async fn remove_older(conn: &mut PgConnection, work: &Work) -> sqlx::Result<Vec<String>> {
    let old = sqlx::query_scalar!(
        "select id from notebook_runs
         where notebook_id = $1 and number = $2 and finished_at is not null
         order by id desc
         offset $3",
        work.notebook_id,
        work.number,
        KEPT_RUNS,
    )
    .fetch_all(&mut *conn)
    .await?;
    let keys = sqlx::query_scalar!(
        r#"select executed_key as "key!" from notebook_runs where id = any($1) and executed_key is not null
           union all select storage_key from notebook_run_files where run_id = any($1)
           union all select storage_key from notebook_run_drawings where run_id = any($1)"#,
        &old,
    )
    .fetch_all(&mut *conn)
    .await?;
    sqlx::query!("delete from notebook_runs where id = any($1)", &old).execute(conn).await?;
    Ok(keys)
}

fn bytes(stored: &Stored) -> i64 {
    i64::try_from(stored.size_bytes).unwrap_or(i64::MAX)
}

/// The end of a long report has the error.
fn tail(text: &str) -> String {
    let text = without_nul(text);
    let surplus = text.chars().count().saturating_sub(LONGEST_REPORT);
    text.chars().skip(surplus).collect()
}

/// No text of the database holds one.
fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
