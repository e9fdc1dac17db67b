//! The site as every request needs it: in memory, read again every few seconds for what another server changed.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use super::model::Site;
use super::store;
use crate::app::App;
use crate::error::Result;

const EVERY: Duration = Duration::from_secs(5);

pub struct Current(RwLock<Arc<Site>>);

impl Current {
    pub fn new(site: Site) -> Self {
        Self(RwLock::new(Arc::new(site)))
    }

    pub fn get(&self) -> Arc<Site> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, site: Site) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(site);
    }
}

/// Reads the site as it is on record.
///
/// # Errors
/// Those of the database.
pub async fn refresh(app: &App) -> Result<()> {
    let mut conn = app.db.acquire().await?;
    let site = store::find(&mut conn, Site::configured(&app.config)).await?;
    app.site.set(site);
    Ok(())
}

/// Runs for ever.
pub async fn follow(app: App) {
    loop {
        if let Err(error) = refresh(&app).await {
            tracing::warn!(%error, "the settings of the site cannot be read; trying again");
        }
        tokio::time::sleep(EVERY).await;
    }
}
