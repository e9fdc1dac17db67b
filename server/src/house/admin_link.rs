//! The one-time link that makes the first administrator: `holdout up` prints it at a terminal once the site answers, and
//! `holdout admin-link` for whoever runs it as a service, or servers by themselves, as containers do. The database's address is all that it takes: whoever has that
//! could write the same into the database.
//!
//! While there is an administrator, a link is made only for whoever asks for another one: a site whose administrators
//! cannot sign in any more is entered by it. The log of administration records who used it.

use anyhow::{Context, anyhow};
use sqlx::{Connection, PgConnection};

use crate::accounts::become_admin::{ensure_admin_link, make_link};
use crate::clock::Clock;
use crate::house::versions;
use crate::paths;

/// Whom a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom {
    First,
    /// Beside administrators that there are.
    Another,
}

/// The link's address, or `None` for the first administrator where there is one. Earlier links end.
///
/// # Errors
/// Those of the database; one whose schema is not this release's.
pub async fn make(database_url: &str, public_url: &str, whom: Whom) -> anyhow::Result<Option<String>> {
    let mut conn = PgConnection::connect(database_url).await.context("The database does not answer")?;
    versions::require_ours(&mut conn).await?;
    let clock = Clock::default();
    clock.synchronise(&mut conn).await?;
    let mut tx = conn.begin().await?;
    let made = match whom {
        Whom::First => ensure_admin_link(&mut tx, clock.now()).await,
        Whom::Another => make_link(&mut tx, clock.now()).await.map(Some),
    };
    let token = made.map_err(|error| anyhow!("{error:?}"))?;
    tx.commit().await?;
    Ok(token.map(|token| format!("{public_url}{}", paths::become_admin(&token))))
}
