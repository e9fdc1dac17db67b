//! Telling the other servers, and hearing them.

use std::time::Duration;

use super::{mark, store};
use crate::app::App;

/// What comes to pass in the meantime is told together.
const PAUSE: Duration = Duration::from_millis(200);

/// Tells the others where parts of uploads arrive, where that is a folder beside a bucket.
pub fn introduce(app: &App) {
    if app.config.files.folder().is_some() {
        return;
    }
    match mark::mark_of(&app.config.writable_folder()) {
        Ok(mark) => app.fellows.introduce(mark),
        Err(error) => {
            tracing::warn!(%error, "whether servers share the folder for parts of uploads is not known");
        }
    }
}

/// Runs for ever: the first word at once, and those that follow it after a pause.
pub async fn tell_forever(app: App) {
    loop {
        app.fellows.spent.news().await;
        if let Err(error) = tell(&app).await {
            tracing::warn!(%error, "the other servers could not be told");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn tell(app: &App) -> sqlx::Result<()> {
    let words = app.fellows.words();
    if words.is_empty() {
        return Ok(());
    }
    let mut conn = app.db.acquire().await?;
    for word in words {
        store::say(&mut conn, &word).await?;
    }
    Ok(())
}

/// Takes in what came over the channel.
pub async fn hear(app: &App, payload: &str) {
    let Some(word) = app.fellows.heard(payload) else { return };
    if app.fellows.finds_apart(&word) {
        let folder = app.config.writable_folder();
        tracing::error!(
            folder = %folder.display(),
            "another server of this site keeps parts of uploads in another folder: an upload whose parts reach both ends there; \
             have all servers share this folder"
        );
    }
    for spending in &word.spent {
        app.limits.hear(spending);
        app.paces.hear(spending);
    }
    if word.has_written {
        app.front.forget();
    }
    if word.has_changed_site
        && let Err(error) = crate::site::current::refresh(app).await
    {
        tracing::warn!(%error, "the settings of the site cannot be read; they are read again in a moment");
    }
}
