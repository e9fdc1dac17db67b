//! The one-time link that makes the first administrator: `holdout up` prints it at a terminal once the site answers, and
//! `holdout admin-link` for whoever runs it as a service, or servers by themselves, as containers do. The database's address is all that it takes: whoever has that
//! could write the same into the database.
//!
//! Never here: a link while there is an administrator, who gives the role to others on a page that keeps a record.

use anyhow::{Context, anyhow};
use sqlx::{Connection, PgConnection};

use crate::accounts::become_admin::ensure_admin_link;
use crate::clock::Clock;
use crate::house::versions;
use crate::paths;

/// The link's address, or `None` where there is an administrator. Earlier links end.
///
/// # Errors
/// Those of the database; one whose schema is not this release's.
pub async fn make(database_url: &str, public_url: &str) -> anyhow::Result<Option<String>> {
    let mut conn = PgConnection::connect(database_url).await.context("The database does not answer")?;
    versions::require_ours(&mut conn).await?;
    let clock = Clock::default();
    clock.synchronise(&mut conn).await?;
    let mut tx = conn.begin().await?;
    let token = ensure_admin_link(&mut tx, clock.now()).await.map_err(|error| anyhow!("{error:?}"))?;
    tx.commit().await?;
    Ok(token.map(|token| format!("{public_url}{}", paths::become_admin(&token))))
}
