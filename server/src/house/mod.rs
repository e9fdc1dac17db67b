//! The house: one command that runs everything on one machine. An embedded PostgreSQL, the web
//! server and the scorers are one supervised tree of processes.
//!
//! Never here: a rule of the product. The supervisor alone may act as the schema's owner; the web
//! server is given another database role and cannot read the keys (`confine`).
//! Start at [`up::up`].

pub mod accounts_key;
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
pub mod migrate;
pub mod open_files;
pub mod rows;
pub mod storage;
pub mod up;
pub mod versions;
pub mod welcome;
pub mod words;

pub use migrate::migrate;

use crate::config::{Config, Secret};
use crate::house::cluster::Cluster;
use crate::house::layout::Layout;

/// Where the migrator keeps its books.
const MIGRATIONS_TABLE: &str = "_sqlx_migrations";

/// Told where a command finds no installation.
pub const NO_DATABASE: &str = "There is no database: set DATABASE_URL, or run `holdout up` first (where install.sh made the \
                               site, root types `holdout-site` in place of `holdout`)";

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
        let layout = Layout::of(&config.data_dir).map_err(|_| anyhow::anyhow!("{NO_DATABASE}."))?;
        let cluster = Cluster::existing(&layout)?;
        let url = if as_owner { cluster.owner_url() } else { cluster.url(cluster::WEB) };
        config.database_url = Secret::new(url);
    } else if as_owner {
        config.database_url = config.owner_url().clone();
    }
    Ok(config)
}
