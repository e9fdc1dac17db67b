//! What everybody who took part was told elsewhere: announcements and changes. Nobody is told again.

use sqlx::PgConnection;

use super::import::contradiction;
use super::model::{ANNOUNCEMENTS, AnnouncementLine, CHANGES, ChangeLine};
use super::store::news;
use super::unpacked::{Unpacked, wrong};
use crate::announcements::model::{Wish, reason};
use crate::competitions::changes::checked_note;
use crate::error::{AppError, Result};
use crate::folder::links;
use crate::ids::CompetitionId;

/// Takes those of an archive in. Who wrote them stays behind: they are the hosts' of another house.
///
/// # Errors
/// What is wrong with the archive; those of the database.
pub async fn take_in(
    conn: &mut PgConnection,
    (id, slug): (CompetitionId, &str),
    from: &Unpacked,
) -> Result<()> {
    for line in from.lines::<AnnouncementLine>(ANNOUNCEMENTS)? {
        let line = line?;
        let wish = Wish { title: line.title.clone(), text: line.markdown.clone() };
        let wish = wish.checked().map_err(|error| unfit(&line.title, error))?;
        if let Some(because) = &line.withdrawn_because {
            reason(because).map_err(|error| unfit(&line.title, error))?;
        }
        let html = links::draw(slug, &wish.text);
        news::insert_announcement(conn, id, &line, &wish, &html).await.map_err(contradiction)?;
    }
    for line in from.lines::<ChangeLine>(CHANGES)? {
        let line = line?;
        checked_note("note", &line.note).map_err(|error| unfit(&line.item, error))?;
        news::insert_change(conn, id, &line).await.map_err(contradiction)?;
    }
    Ok(())
}

fn unfit(what: &str, error: AppError) -> AppError {
    match error {
        AppError::Field { message, .. } => wrong(format!("“{what}” in the archive: {message}")),
        other => other,
    }
}
