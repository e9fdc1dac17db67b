//! Telling the other servers, and hearing them.

use std::time::Duration;

use super::store;
use crate::app::App;

/// What comes to pass in the meantime is told together.
const PAUSE: Duration = Duration::from_millis(200);

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
