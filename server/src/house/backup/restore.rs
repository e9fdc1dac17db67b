//! `holdout restore`: an installation from a backup, on a machine that has none.
//!
//! Every hash is compared before anything is written. What exists already is never touched: neither a database nor a
//! file is overwritten.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::Args;
use futures_util::TryStreamExt;
use holdout_contract::files::Files;
use rustix::process::Signal;
use serde::Serialize;
use sqlx::migrate::MigrateDatabase;
use sqlx::{Connection, PgConnection, Postgres};
use tokio::io::AsyncReadExt;
use uuid::Uuid;

use super::database::Database;
use super::store;
use super::sums::{self, Sum};
use super::{DUMP, FILES, FORMAT, MANIFEST, Manifest, SUMS};
use crate::accounts::two_factors::seal;
use crate::config::Config;
use crate::files::sha256_of;
use crate::house::children::Supervised;
use crate::house::cluster::{Cluster, RUNNER, SCORER, WEB};
use crate::house::layout::Layout;
use crate::house::up::{DATABASE_PATIENCE, STOP_PATIENCE};
use crate::house::{is_away, migrate, up};

const BUFFER_BYTES: usize = 1 << 20;
const ROLES: [&str; 3] = [WEB, SCORER, RUNNER];

/// What `holdout restore` can be told.
#[derive(Debug, Clone, Args)]
pub struct RestoreArgs {
    /// A folder that `holdout backup` made.
    pub folder: PathBuf,
}

/// What stands again.
#[derive(Debug, Serialize)]
pub struct Restored {
    #[serde(flatten)]
    pub manifest: Manifest,
    /// Whether people sign in with an authenticator app, for which the accounts key is needed, that no backup holds.
    pub has_second_factors: bool,
    /// Where `holdout up` looks for the keys; absent where servers and scorers run by themselves, and are each told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keys: Option<PathBuf>,
}

impl Restored {
    /// What there is to do now.
    pub fn sentence(&self) -> String {
        let accounts = if self.has_second_factors {
            " and accounts.key, without which nobody can sign in with an authenticator app"
        } else {
            ""
        };
        let place = self.keys.as_ref().map_or_else(
            || "Before servers and scorers start, put back where they look for it".to_owned(),
            |keys| format!("Before `holdout up`, put back into {}", keys.display()),
        );
        format!(
            "Restored as of {}. {place} what no backup holds: scorer.key, without which no solution can be \
             opened{accounts}. Afterwards `holdout login` and `holdout verify COMPETITION` compute every score again.",
            self.manifest.made_at.format("%Y-%m-%d %H:%M UTC"),
        )
    }
}

/// Restores a backup into the data folder and the place of files that the configuration names, or into
/// the database of `DATABASE_URL`, which must be empty or not exist yet. Call as [`up::up`] is called.
///
/// # Errors
/// A backup that is not whole or of a newer program; an installation that is there already.
pub async fn restore(config: &Config, folder: &Path) -> anyhow::Result<Restored> {
    let manifest = read(folder)?;
    let sums = sums::read(&folder.join(SUMS))?;
    compare(folder, &sums, &manifest)?;
    let layout = Layout::prepare(&config.data_dir)
        .with_context(|| format!("The data folder {} cannot be used", config.data_dir.display()))?;
    let _lock = up::lock(&layout)?;
    let files = Files::open(&config.files)?;
    ensure!(
        files.all().try_next().await?.is_none(),
        "Files lie in {} already: a backup is restored where there are none.",
        config.files
    );
    let has_second_factors = restore_database(config, &layout, &folder.join(DUMP)).await?;
    for sum in &sums {
        if let Some(key) = key_of(sum) {
            store(&files, key, &folder.join(&sum.name), sum).await?;
        }
    }
    fs::write(layout.furnished(), [])?; // the demonstrations are in the backup, or were not wanted
    let keys = config.database_url.reveal().is_empty().then(|| layout.keys());
    Ok(Restored { manifest, has_second_factors, keys })
}

fn read(folder: &Path) -> anyhow::Result<Manifest> {
    let path = folder.join(MANIFEST);
    let text = fs::read(&path)
        .with_context(|| format!("{} is no backup: {MANIFEST} is missing", folder.display()))?;
    let manifest: Manifest = serde_json::from_slice(&text).with_context(|| path.display().to_string())?;
    let newest = holdout_contract::MIGRATOR.iter().map(|migration| migration.version).max();
    ensure!(
        manifest.format <= FORMAT && Some(manifest.schema) <= newest,
        "This backup was made by a newer program ({}): restore it with that one, or a newer one.",
        manifest.program
    );
    Ok(manifest)
}

fn key_of(sum: &Sum) -> Option<&str> {
    sum.name.strip_prefix(FILES)?.strip_prefix('/')
}

/// The backup is what it was when it was made: no file changed, none missing.
fn compare(folder: &Path, sums: &[Sum], manifest: &Manifest) -> anyhow::Result<()> {
    let n_files = sums.iter().filter(|sum| key_of(sum).is_some()).count() as u64;
    let has_dump = sums.iter().any(|sum| sum.name == DUMP);
    ensure!(n_files == manifest.n_files && has_dump, "{SUMS} does not list what {MANIFEST} counts.");
    for sum in sums {
        let path = folder.join(&sum.name);
        let found = sha256_of(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        ensure!(found == sum.sha256, "{} is not what was kept: its hash differs.", path.display());
    }
    Ok(())
}

/// Says whether people there have second factors.
async fn restore_database(config: &Config, layout: &Layout, dump: &Path) -> anyhow::Result<bool> {
    if !config.database_url.reveal().is_empty() {
        return fill(&Database::of(config).await?, dump, || Ok(())).await;
    }
    ensure!(
        Cluster::existing(layout).is_err(),
        "The data folder {} has a database already: a backup is restored where there is none.",
        layout.root.display()
    );
    let cluster = Cluster::prepare(layout)?;
    let recipe = cluster.clone();
    let mut server = Supervised::start("postgres", Signal::INT, Box::new(move || recipe.command()))?;
    let database = Database::embedded(cluster);
    let filled = fill(&database, dump, || {
        ensure!(server.is_running(), "PostgreSQL ended by itself.");
        Ok(())
    })
    .await;
    server.ask_to_stop();
    if !server.wait(STOP_PATIENCE) {
        server.kill();
    }
    filled
}

/// Fills a database that is empty or does not exist yet. `is_well` says when waiting for the server is of no use.
async fn fill(
    database: &Database,
    dump: &Path,
    mut is_well: impl FnMut() -> anyhow::Result<()>,
) -> anyhow::Result<bool> {
    let since = Instant::now();
    let exists = loop {
        match Postgres::database_exists(&database.url).await.map_err(anyhow::Error::from) {
            Ok(exists) => break exists,
            Err(error) if !is_away(&error) || since.elapsed() > DATABASE_PATIENCE => return Err(error),
            Err(_) => is_well()?,
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    if exists {
        let mut conn = PgConnection::connect(&database.url).await?;
        ensure!(
            !store::is_used(&mut conn).await?,
            "The database exists already, and is not empty: a backup is restored where there is none."
        );
        conn.close().await?;
    }
    make_roles(database).await?;
    if !exists {
        database.make_empty().await?;
    }
    database.restore(dump)?;
    migrate(&database.url).await?;
    let mut conn = PgConnection::connect(&database.url).await?;
    let has_second_factors = seal::try_key(&mut conn, None).await?.n_people > 0;
    conn.close().await?; // the server may be stopped next
    Ok(has_second_factors)
}

/// The schema's roles belong to the whole server, and no dump holds them: migrations make them, here in a database of
/// no other use.
async fn make_roles(database: &Database) -> anyhow::Result<()> {
    let mut conn = PgConnection::connect(&database.beside("postgres")?).await?;
    let has_roles = store::has_roles(&mut conn, &ROLES.map(str::to_owned)).await?;
    conn.close().await?;
    if has_roles {
        return Ok(());
    }
    let scratch = database.beside(&format!("holdout_restoring_{}", Uuid::new_v4().simple()))?;
    let migrated = migrate(&scratch).await;
    let dropped = Postgres::drop_database(&scratch).await;
    migrated?;
    Ok(dropped?)
}

async fn store(files: &Files, key: &str, from: &Path, sum: &Sum) -> anyhow::Result<()> {
    let mut file = tokio::fs::File::open(from).await?;
    let mut writing = files.create_as(key.to_owned())?;
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        match file.read(&mut buffer).await? {
            0 => break,
            n => writing.write(&buffer[..n]).await?,
        }
    }
    let stored = writing.finish().await?;
    ensure!(hex::encode(stored.sha256) == sum.sha256, "{} changed while it was read.", from.display());
    Ok(())
}
