//! The verb that takes an image: count, draw anew, store.

use chrono::TimeDelta;
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::{encode, store};
use crate::accounts::model::Member;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::ids::{SubjectId, UserId};
use crate::markdown;

/// Largest file that is taken.
pub const LARGEST_BYTES: u64 = 8 << 20;
const MOST_A_DAY: i64 = 60;
/// Images that no text shows are kept so long.
const UNUSED_KEPT: TimeDelta = TimeDelta::days(1);

/// One at a time: the pixels of a large image take a hundred megabytes.
static DRAWING: Semaphore = Semaphore::const_new(1);

/// Takes an image for texts; gives its name in addresses.
///
/// # Errors
/// [`AppError::Field`] for what is no image; [`AppError::TooMany`] beyond sixty a day.
pub async fn take(app: &App, member: &Member, file: Vec<u8>) -> Result<Uuid> {
    let now = app.clock.now();
    let since = now - TimeDelta::days(1);
    let n_sent = store::count_since(&mut *app.db.acquire().await?, member.id, since, MOST_A_DAY).await?;
    if n_sent >= MOST_A_DAY {
        return Err(AppError::TooMany {
            message: "You have uploaded sixty images in a day, which is the limit. Try again tomorrow."
                .to_owned(),
            retry_after_seconds: 3600,
        });
    }
    let turn = DRAWING.acquire().await.map_err(anyhow::Error::from)?;
    let drawn =
        tokio::task::spawn_blocking(move || encode::encode(&file)).await.map_err(anyhow::Error::from)?;
    drop(turn);
    let image = drawn.map_err(|refusal| AppError::field("file", refusal.to_string()))?;
    let mut writing = app.files.create("images", member.id.0).await?;
    writing.write(&image.bytes).await?;
    let stored = writing.finish().await?;
    let inserted = store::insert(&mut *app.db.acquire().await?, member.id, &image, &stored, now).await;
    let outcome = inserted.map_err(AppError::from);
    if matches!(&outcome, Err(error) if !matches!(error, AppError::Internal(_))) {
        app.files.remove(&stored.key).await?;
    }
    outcome
}

/// Notes in a text's own transaction which images it shows.
///
/// # Errors
/// Those of the database.
pub async fn note_uses(
    conn: &mut sqlx::PgConnection,
    author: UserId,
    subject: SubjectId,
    html: &str,
) -> Result<()> {
    let ids = shown_in(html);
    if !ids.is_empty() {
        store::note_uses(conn, author, subject, &ids).await?;
    }
    Ok(())
}

/// The images of this site in a drawn text.
fn shown_in(html: &str) -> Vec<Uuid> {
    let mark = format!("src=\"{}", markdown::IMAGES);
    let after = html.split(mark.as_str()).skip(1);
    after
        .filter_map(|rest| rest.split('"').next())
        .filter_map(|id| Uuid::try_parse(id).ok())
        .take(200)
        .collect()
}

/// Removes images that no text showed for a day.
///
/// # Errors
/// Those of the database and of storage.
pub async fn sweep(app: &App) -> Result<()> {
    let before = app.clock.now() - UNUSED_KEPT;
    for key in store::sweep(&mut *app.db.acquire().await?, before).await? {
        app.files.remove(&key).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_found_in_what_was_drawn() {
        let id = Uuid::from_u128(7);
        let html = format!("<p><img src=\"/images/{id}\" alt=\"x\"> src=\"/images/nonsense\"</p>");
        assert_eq!(shown_in(&html), [id]);
    }
}
