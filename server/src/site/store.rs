//! Every SQL statement about the site's settings.

use sqlx::PgConnection;

use super::model::{AskedOf, Registration, Site};
use crate::site_texts;

/// The site; what was never set is as `configured`.
///
/// # Errors
/// Those of the database.
pub async fn find(conn: &mut PgConnection, configured: Site) -> sqlx::Result<Site> {
    let row = sqlx::query!(
        "select name, notice, open_registration, registration, registration_domains, members_may_host, two_factors_for
         from site_settings"
    )
    .fetch_one(&mut *conn)
    .await?;
    let texts = site_texts::store::in_force(conn).await?;
    Ok(Site {
        texts,
        name: row.name.unwrap_or(configured.name),
        notice: row.notice,
        registration: row
            .registration
            .and_then(|name| Registration::parse(&name))
            .or(row.open_registration.map(Registration::of_open))
            .unwrap_or(configured.registration),
        registration_domains: row.registration_domains,
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
         set name = $1, notice = $2, open_registration = $3, members_may_host = $4, two_factors_for = $5,
             registration = $6, registration_domains = $7",
        site.name,
        site.notice,
        site.anybody_may_register(),
        site.members_may_host,
        site.two_factors_for.name(),
        site.registration.name(),
        &site.registration_domains,
    )
    .execute(conn)
    .await?;
    Ok(())
}
