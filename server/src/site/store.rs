//! Every SQL statement about the site's settings.

use sqlx::PgConnection;

use super::model::{AskedOf, Site};

/// The site; what was never set is as `configured`.
///
/// # Errors
/// Those of the database.
pub async fn find(conn: &mut PgConnection, configured: Site) -> sqlx::Result<Site> {
    let row = sqlx::query!(
        "select name, notice, open_registration, members_may_host, two_factors_for from site_settings"
    )
    .fetch_one(conn)
    .await?;
    Ok(Site {
        name: row.name.unwrap_or(configured.name),
        notice: row.notice,
        open_registration: row.open_registration.unwrap_or(configured.open_registration),
        members_may_host: row.members_may_host.unwrap_or(configured.members_may_host),
        two_factors_for: AskedOf::parse(&row.two_factors_for).unwrap_or_default(),
    })
}

/// Has others wait until this transaction ends.
///
/// # Errors
/// Those of the database.
pub async fn lock(conn: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("select is_only from site_settings for update").fetch_one(conn).await?;
    Ok(())
}

/// # Errors
/// Those of the database.
pub async fn put(conn: &mut PgConnection, site: &Site) -> sqlx::Result<()> {
    sqlx::query!(
        "update site_settings
         set name = $1, notice = $2, open_registration = $3, members_may_host = $4, two_factors_for = $5",
        site.name,
        site.notice,
        site.open_registration,
        site.members_may_host,
        site.two_factors_for.name(),
    )
    .execute(conn)
    .await?;
    Ok(())
}
