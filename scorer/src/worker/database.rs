//! How scorers and runners reach the database: what the command line says of it, and connections.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use holdout_contract::secrets;
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

#[derive(Debug, Args)]
pub struct Database {
    /// PostgreSQL, e.g. `postgres:///holdout?host=/run/holdout`.
    #[arg(long, env = "HOLDOUT_DATABASE_URL", hide_env_values = true)]
    database_url: String,
    /// File with the password of the user whom the address names.
    #[arg(long, env = "HOLDOUT_DATABASE_PASSWORD_FILE")]
    database_password_file: Option<PathBuf>,
}

impl Database {
    /// [`connect`] to it with the rights of `role`.
    ///
    /// # Errors
    /// An address that is none; a file of the password that cannot be read.
    pub fn connect(&self, role: &str) -> anyhow::Result<PgPool> {
        match &self.database_password_file {
            None => connect(role, &self.database_url),
            Some(file) => connect(role, &secrets::with_password(&self.database_url, file)?),
        }
    }
}

/// A pool that connects when first used and again whenever it must, with the rights of `role` alone.
///
/// # Errors
/// An address that is none.
pub fn connect(role: &str, database_url: &str) -> anyhow::Result<PgPool> {
    let options: PgConnectOptions = database_url
        .parse()
        .map_err(|_| anyhow::anyhow!("the database's address is not a PostgreSQL URL"))?;
    let options = if options.get_username() == role { options } else { options.options([("role", role)]) };
    Ok(PgPoolOptions::new()
        .max_connections(4)
        .acquire_timeout(Duration::from_secs(5))
        .connect_lazy_with(options))
}
