//! The house: one command that runs everything on one machine. An embedded PostgreSQL, the web
//! server and the scorers are one supervised tree of processes.
//!
//! Never here: a rule of the product. The supervisor alone may act as the schema's owner; the web
//! server is given another database role and cannot read the keys (`confine`).
//! Start at [`up::up`].

pub mod admin_link;
pub mod backup;
pub mod binaries;
pub mod children;
pub mod cluster;
pub mod confine;
pub mod doctor;
pub mod fetch;
pub mod identity;
pub mod keys;
pub mod layout;
pub mod open_files;
pub mod rows;
pub mod storage;
pub mod up;
pub mod versions;
pub mod welcome;
pub mod words;

use std::time::{Duration, Instant};

use sqlx::migrate::MigrateError;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Postgres, migrate::MigrateDatabase};

use crate::config::{Config, Secret};
use crate::house::cluster::Cluster;
use crate::house::layout::Layout;

/// Where the migrator keeps its books.
const MIGRATIONS_TABLE: &str = "_sqlx_migrations";

/// Whoever comes after a migration that waits for a table waits as well; so it gives up, and tries again.
const LOCK_TIMEOUT: &str = "2s";
const LET_OTHERS_GO: Duration = Duration::from_secs(1);
/// For a table that is never free for a moment.
const LOCK_PATIENCE: Duration = Duration::from_secs(600);

/// Makes the database where it is missing and brings its schema up to date. Nobody waits for that longer than a
/// moment: see [`LOCK_TIMEOUT`].
///
/// # Errors
/// Those of the database; see [`is_away`].
pub async fn migrate(owner_url: &str) -> anyhow::Result<()> {
    if !Postgres::database_exists(owner_url).await? {
        Postgres::create_database(owner_url).await?;
    }
    let options: PgConnectOptions = owner_url.parse()?;
    let options = options.options([("lock_timeout", LOCK_TIMEOUT)]);
    let pool = PgPoolOptions::new().max_connections(1).connect_with(options).await?;
    let since = Instant::now();
    loop {
        match holdout_contract::MIGRATOR.run(&pool).await {
            Err(error) if is_locked_out(&error) && since.elapsed() < LOCK_PATIENCE => {
                tracing::info!("a migration waits for a table that is in use, and lets others go first");
                tokio::time::sleep(LET_OTHERS_GO).await;
            }
            run => {
                pool.close().await;
                return run.map_err(versions::explained);
            }
        }
    }
}

/// A migration that could not have a lock in time; it changed nothing.
fn is_locked_out(error: &MigrateError) -> bool {
    let (MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) = error else {
        return false;
    };
    // 55P03: lock_not_available; 40P01: a deadlock, which the next try resolves.
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| ["55P03", "40P01"].contains(&&*code))
}

/// Whether the database may answer later: nobody listens yet, or it is still starting.
pub fn is_away(error: &anyhow::Error) -> bool {
    match error.downcast_ref::<sqlx::Error>() {
        Some(sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut) => true,
        // 57P03: "the database system is starting up"
        Some(sqlx::Error::Database(error)) => error.code().as_deref() == Some("57P03"),
        _ => false,
    }
}

/// Fills in the embedded database's address for a command beside a running `holdout up`.
///
/// # Errors
/// When there is no embedded database in the data folder either.
pub fn with_database(mut config: Config, as_owner: bool) -> anyhow::Result<Config> {
    if config.database_url.reveal().is_empty() {
        let layout = Layout::of(&config.data_dir).map_err(|_| {
            anyhow::anyhow!("There is no database: set DATABASE_URL, or run `holdout up` first.")
        })?;
        let cluster = Cluster::existing(&layout)?;
        let url = if as_owner { cluster.owner_url() } else { cluster.url(cluster::WEB) };
        config.database_url = Secret::new(url);
    } else if as_owner {
        config.database_url = config.owner_url().clone();
    }
    Ok(config)
}
