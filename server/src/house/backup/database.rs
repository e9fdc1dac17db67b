//! The database of an installation as PostgreSQL's own programs dump and restore it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use chrono::{DateTime, Utc};
use holdout_contract::secrets;
use sqlx::migrate::Migrate;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};

use super::store;
use crate::clock::Clock;
use crate::config::Config;
use crate::house::MIGRATIONS_TABLE;
use crate::house::binaries;
use crate::house::cluster::Cluster;
use crate::house::layout::Layout;

/// A database that answers.
pub struct Database {
    /// Of the schema's owner.
    pub url: String,
    road: Road,
}

enum Road {
    Embedded(Cluster),
    External(PathBuf),
}

impl Database {
    pub fn embedded(cluster: Cluster) -> Self {
        Self { url: cluster.owner_url(), road: Road::Embedded(cluster) }
    }

    /// The one that `DATABASE_URL` names, or that of a running `holdout up`.
    ///
    /// # Errors
    /// No database; no programs of PostgreSQL.
    pub async fn of(config: &Config) -> anyhow::Result<Self> {
        let url = config.owner_url().reveal();
        if url.is_empty() {
            let layout = Layout::of(&config.data_dir).context(crate::house::NO_DATABASE)?;
            return Ok(Self::embedded(Cluster::existing(&layout)?));
        }
        let major = major_of_server(url).await.context("The database does not answer")?;
        let programs = binaries::clients(&Layout { root: config.data_dir.clone() }, major)?;
        Ok(Self { url: url.to_owned(), road: Road::External(programs) })
    }

    /// Another database of the same server.
    ///
    /// # Errors
    /// An address that cannot be understood.
    pub fn beside(&self, name: &str) -> anyhow::Result<String> {
        Ok(self.url.parse::<PgConnectOptions>()?.database(name).to_url_lossy().into())
    }

    /// Makes it, with nothing in it, not even what this server gives every new database: that is in the dump already.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn make_empty(&self) -> anyhow::Result<()> {
        let options: PgConnectOptions = self.url.parse()?;
        let name = options.get_database().context("The address of the database names none")?;
        let mut conn = PgConnection::connect(&self.beside("postgres")?).await?;
        store::make_empty(&mut conn, name).await?;
        Ok(conn.close().await?)
    }

    /// The newest migration that it has, and its time.
    ///
    /// # Errors
    /// Those of the database; one without a schema of ours.
    pub async fn state(&self) -> anyhow::Result<(i64, DateTime<Utc>)> {
        let mut conn = PgConnection::connect(&self.url).await?;
        let applied = conn.list_applied_migrations(MIGRATIONS_TABLE).await?;
        let newest = applied.iter().map(|migration| migration.version).max();
        let newest = newest.context("The database has no schema of Holdout: there is nothing to keep")?;
        let clock = Clock::default();
        clock.synchronise(&mut conn).await?;
        Ok((newest, clock.now()))
    }

    /// What a transaction sees that exported the snapshot.
    ///
    /// # Errors
    /// What `pg_dump` says.
    pub fn dump(&self, snapshot: &str, into: &Path) -> anyhow::Result<()> {
        let mut command = self.program("pg_dump");
        command
            .args(["--format=custom", "--exclude-table-data=ticket_keys", "--snapshot", snapshot])
            .stdin(Stdio::null())
            .stdout(File::create_new(into)?);
        run(command)
    }

    /// Into a database that is empty, as a whole or not at all.
    ///
    /// # Errors
    /// What `pg_restore` says.
    pub fn restore(&self, from: &Path) -> anyhow::Result<()> {
        let mut command = self.program("pg_restore");
        command.args(["--single-transaction", "--exit-on-error"]);
        command.stdin(File::open(from)?).stdout(Stdio::null());
        run(command)
    }

    /// The password travels in the environment of the child, which only its user can read.
    fn program(&self, name: &str) -> Command {
        let (address, password) = self.address();
        let mut command = match &self.road {
            Road::Embedded(cluster) => cluster.program(name),
            Road::External(folder) => Command::new(folder.join(name)),
        };
        if let Some(password) = password {
            command.env("PGPASSWORD", password);
        }
        command.arg("--dbname").arg(address);
        command
    }

    fn address(&self) -> (String, Option<String>) {
        match &self.road {
            Road::Embedded(cluster) => cluster.owner_address(),
            Road::External(_) => secrets::without_password(&self.url),
        }
    }
}

/// Asked in another database where this one does not exist yet, as before a restore.
async fn major_of_server(url: &str) -> anyhow::Result<u32> {
    const NO_SUCH_DATABASE: &str = "3D000";
    let options: PgConnectOptions = url.parse()?;
    let conn = match options.connect().await {
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(NO_SUCH_DATABASE) => {
            options.database("postgres").connect().await?
        }
        connected => connected?,
    };
    let version = conn.server_version_num().context("it does not tell its version")?;
    Ok(version / 10_000)
}

fn run(mut command: Command) -> anyhow::Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("{name} cannot be started"))?
        .wait_with_output()?;
    ensure!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}
