//! What a run is about, read from the tables it names, and laid out for the sandbox.

use std::io;

use futures_util::TryStreamExt;
use holdout_contract::files::Files;
use sha2::{Digest, Sha256};
use sqlx::PgPool;
use tokio::io::AsyncWriteExt;

use super::folder::RunFolder;

/// One run.
#[derive(Debug, Clone)]
pub struct Work {
    pub run_id: i64,
    pub notebook_id: i64,
    /// Of the version.
    pub number: i32,
    /// Under which its data is found; `None` where the notebook belongs to no competition and has none.
    pub input_name: Option<String>,
    notebook: StoredFile,
    data: Vec<(String, StoredFile)>,
}

#[derive(Debug, Clone)]
struct StoredFile {
    key: String,
    sha256: Vec<u8>,
}

/// Reads a run; `None` when its notebook is gone. Data files are those that are handed out to people: no
/// history that a metric reads, and never a solution, which is no data file.
///
/// # Errors
/// Those of the database.
pub async fn work(db: &PgPool, run_id: i64) -> sqlx::Result<Option<Work>> {
    let row = sqlx::query!(
        r#"select r.notebook_id, r.number, v.storage_key, v.sha256, n.competition_id, c.slug as "slug?"
           from notebook_runs r
           join notebook_versions v on v.notebook_id = r.notebook_id and v.number = r.number
           join notebooks n on n.id = r.notebook_id
           join subjects s on s.id = r.notebook_id
           left join competitions c on c.id = n.competition_id
           where r.id = $1 and s.deleted_at is null"#,
        run_id,
    )
    .fetch_optional(db)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let data = sqlx::query!(
        "select name, storage_key, sha256 from data_files where competition_id = $1 and role <> 'history'",
        row.competition_id,
    )
    .fetch_all(db)
    .await?;
    let data =
        data.into_iter().map(|file| (file.name, StoredFile { key: file.storage_key, sha256: file.sha256 }));
    Ok(Some(Work {
        run_id,
        notebook_id: row.notebook_id,
        number: row.number,
        input_name: row.slug,
        notebook: StoredFile { key: row.storage_key, sha256: row.sha256 },
        data: data.collect(),
    }))
}

/// Copies the data into the folder, so that it can be read by a user without rights, and gives the notebook.
///
/// # Errors
/// Those of the place of files; a file that is not what was received.
pub async fn lay_out(files: &Files, work: &Work, folder: &RunFolder) -> io::Result<Vec<u8>> {
    for (name, file) in &work.data {
        let mut copy = tokio::fs::File::create(folder.input().join(name)).await?;
        let mut hasher = Sha256::new();
        let mut content = files.read_whole(&file.key).await?;
        while let Some(bytes) = content.try_next().await? {
            hasher.update(&bytes);
            copy.write_all(&bytes).await?;
        }
        copy.flush().await?;
        same(hasher.finalize().as_slice(), file)?;
    }
    let pieces: Vec<_> = files.read_whole(&work.notebook.key).await?.try_collect().await?;
    let notebook = pieces.concat();
    same(Sha256::digest(&notebook).as_slice(), &work.notebook)?;
    Ok(notebook)
}

fn same(sha256: &[u8], file: &StoredFile) -> io::Result<()> {
    if sha256 == file.sha256 {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, "a stored file is not what was received"))
}
