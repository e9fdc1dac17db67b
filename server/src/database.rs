//! How the web server reaches its database: by the address that it was given, which may be that of a proxy that pools
//! transactions; and by PostgreSQL's own address for what such a proxy cannot carry, which is listening; boards by that of a
//! replica, where there is one. What their addresses name for TLS was read before ([`certificates`]).
//!
//! Never here: other rights than those of [`ROLE`].

pub mod certificates;

use std::time::Duration;

use holdout_contract::database;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection as _, PgPool};

use crate::config::{Config, Secret};

/// Of the web server, in the database.
pub const ROLE: &str = "holdout_web";

/// A connection that rested longer is tried before it is used: each trial costs a page one more way to the
/// database and back.
const UNTRIED: Duration = Duration::from_secs(1);

/// The primary is there as well.
const REPLICA_PATIENCE: Duration = Duration::from_secs(1);

/// # Errors
/// An address that is none; those of the database.
pub async fn connect(config: &Config) -> sqlx::Result<PgPool> {
    let options = options(config, &config.database_url)?;
    pool().max_connections(config.database_connections).connect_with(options).await
}

fn options(config: &Config, url: &Secret) -> sqlx::Result<PgConnectOptions> {
    let options = database::with_role(url.reveal(), ROLE)?;
    Ok(config.database_certificates.given_to(options, url.reveal()))
}

fn pool() -> PgPoolOptions {
    database::pool(ROLE).test_before_acquire(false).before_acquire(|connection, state| {
        Box::pin(async move {
            if state.idle_for > UNTRIED {
                connection.ping().await?;
            }
            Ok(true)
        })
    })
}

/// Where notifications arrive.
///
/// # Errors
/// An address that is none.
pub fn direct(config: &Config, db: &PgPool) -> sqlx::Result<PgPool> {
    let Some(url) = &config.database_direct_url else { return Ok(db.clone()) };
    let options = options(config, url)?;
    Ok(database::pool(ROLE).max_connections(2).connect_lazy_with(options))
}

/// The replica, where there is one.
///
/// # Errors
/// An address that is none.
pub fn replica(config: &Config) -> sqlx::Result<Option<PgPool>> {
    let Some(url) = &config.database_replica_url else { return Ok(None) };
    let options = options(config, url)?;
    let pool = pool().max_connections(config.database_connections).acquire_timeout(REPLICA_PATIENCE);
    Ok(Some(pool.connect_lazy_with(options)))
}
