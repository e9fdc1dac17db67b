//! How scorers and runners reach the database: what the command line says of it, and connections.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use holdout_contract::{database, secrets};
use sqlx::PgPool;

#[derive(Debug, Args)]
pub struct Database {
    /// PostgreSQL, e.g. `postgres:///holdout?host=/run/holdout`.
    #[arg(long, env = "HOLDOUT_DATABASE_URL", hide_env_values = true)]
    database_url: String,
    /// PostgreSQL itself, where the address above is that of a proxy that pools transactions.
    #[arg(long, env = "HOLDOUT_DATABASE_DIRECT_URL", hide_env_values = true)]
    database_direct_url: Option<String>,
    /// File with the password of the user whom the addresses name.
    #[arg(long, env = "HOLDOUT_DATABASE_PASSWORD_FILE")]
    database_password_file: Option<PathBuf>,
}

/// Both lead to one database.
#[derive(Clone)]
pub struct Pools {
    pub db: PgPool,
    /// Past a proxy that pools transactions: notifications come to a connection.
    pub direct: PgPool,
}

impl Database {
    /// [`connect`] to it with the rights of `role`.
    ///
    /// # Errors
    /// An address that is none; a file of the password that cannot be read.
    pub fn connect(&self, role: &'static str) -> anyhow::Result<Pools> {
        let db = connect(role, &self.whole(&self.database_url)?)?;
        let direct = match self.database_direct_url.as_deref().filter(|url| !url.is_empty()) {
            None => db.clone(),
            Some(url) => connect(role, &self.whole(url)?)?,
        };
        Ok(Pools { db, direct })
    }

    fn whole(&self, url: &str) -> anyhow::Result<String> {
        match &self.database_password_file {
            None => Ok(url.to_owned()),
            Some(file) => Ok(secrets::with_password(url, file)?),
        }
    }
}

/// A pool that connects when first used and again whenever it must, with the rights of `role` alone.
///
/// # Errors
/// An address that is none.
pub fn connect(role: &'static str, database_url: &str) -> anyhow::Result<PgPool> {
    let options = database::with_role(database_url, role)
        .map_err(|_| anyhow::anyhow!("the database's address is not a PostgreSQL URL"))?;
    Ok(database::pool(role)
        .max_connections(4)
        .acquire_timeout(Duration::from_secs(5))
        .connect_lazy_with(options))
}
