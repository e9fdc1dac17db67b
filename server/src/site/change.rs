//! The verb of whoever runs the installation.

use std::sync::Arc;

use serde_json::json;

use super::model::{AskedOf, Changes, Registration, Site};
use super::{current, store};
use crate::accounts::model::Member;
use crate::accounts::two_factors::seal;
use crate::admin;
use crate::app::App;
use crate::error::{AppError, Result};

/// Changes the site, at once for this server and a moment later for the others; on record.
///
/// # Errors
/// [`crate::error::AppError::Field`] as [`Changes::applied`], for a second factor that nobody could set up, and for
/// providers where there is none.
pub async fn change(app: &App, admin: &Member, changes: Changes) -> Result<Arc<Site>> {
    let mut tx = app.db.begin().await?;
    store::lock(&mut tx).await?;
    let before = store::find(&mut tx, Site::configured(&app.config)).await?;
    let after = changes.applied(&before)?;
    refuse_the_impossible(app, &after)?;
    store::put(&mut tx, &after).await?;
    let detail = json!({ "before": described(&before), "after": described(&after) });
    admin::store::note(&mut tx, app.clock.now(), admin.id, "change_site", &detail).await?;
    tx.commit().await?;
    current::refresh(app).await?;
    app.fellows.note_change_of_site();
    Ok(app.site.get())
}

/// Nobody could set up what is asked of them, administrators neither.
fn refuse_the_impossible(app: &App, site: &Site) -> Result<()> {
    if site.registration == Registration::Providers && app.config.providers.is_empty() {
        return Err(AppError::field(
            "registration",
            "There is no sign-in provider: the operator lists them in HOLDOUT_PROVIDERS_FILE.",
        ));
    }
    if site.two_factors_for == AskedOf::Nobody || seal::is_possible(app) {
        return Ok(());
    }
    Err(AppError::field(
        "two_factors_for",
        "Nobody can set it up yet: the operator has to set HOLDOUT_ACCOUNTS_KEY_FILE.",
    ))
}

fn described(site: &Site) -> serde_json::Value {
    json!({
        "name": site.name,
        "notice": site.notice,
        "registration": site.registration.name(),
        "registration_domains": site.registration_domains,
        "members_may_host": site.members_may_host,
        "two_factors_for": site.two_factors_for.name(),
    })
}
