//! Drawings as they are stored: a page's part and its pictures, made when a version arrives and again when the
//! drawer has changed.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::draw::pictures::Picture;
use super::draw::{Drawing, Heading, draw};
use super::ipynb;
use super::model::{Notebook, Version};
use super::push::{blocking, read_whole};
use super::runs;
use super::store::drawings::{self, StoredPicture};
use crate::app::App;
use crate::error::{AppError, Result};
use crate::files::Stored;
use crate::ids::{NotebookId, RunId, UserId};
use crate::paths;

/// Bytes of what a notebook says that the search knows.
const SEARCHED: usize = 100_000;

/// A drawing whose files stand on the disk, while its rows are not written yet.
pub struct Prepared {
    page: Stored,
    contents: Vec<Heading>,
    /// For the search.
    sources: String,
    /// The file of the pictures that were not stored before, and where each lies in it.
    pictures: Option<(Stored, Vec<StoredPicture>)>,
}

/// A version as a page shows it.
#[derive(Debug, Clone, Default)]
pub struct Drawn {
    pub html: String,
    pub contents: Vec<Heading>,
}

/// Draws a notebook that is, or will be, at `username/slug`; pictures that `known` has are not stored again.
///
/// # Errors
/// [`AppError::Field`] for what is no notebook; those of storage.
pub async fn prepare(
    app: &App,
    username: &str,
    owner: UserId,
    slug: &str,
    bytes: Vec<u8>,
    known: Option<NotebookId>,
) -> Result<Prepared> {
    let prefix = paths::notebook_picture(username, slug, "");
    let (Drawing { html, contents, pictures }, sources) = blocking(move || drawn(&bytes, &prefix)).await?;
    let pictures = match known {
        Some(id) => not_stored(app, id, pictures).await?,
        None => pictures,
    };
    let pictures = if pictures.is_empty() { None } else { Some(store_pictures(app, owner, pictures).await?) };
    let mut writing = app.files.create("notebook-pages", owner.0).await?;
    writing.write(html.as_bytes()).await?;
    Ok(Prepared { page: writing.finish().await?, contents, sources, pictures })
}

fn drawn(bytes: &[u8], prefix: &str) -> Result<(Drawing, String)> {
    look_into(bytes, |notebook| (draw(notebook, prefix), notebook.sources(SEARCHED)))
}

/// What the search is to know of a notebook.
///
/// # Errors
/// [`AppError::Field`] for what is no notebook.
pub fn sources_of(bytes: &[u8]) -> Result<String> {
    look_into(bytes, |notebook| notebook.sources(SEARCHED))
}

fn look_into<T>(bytes: &[u8], look: impl FnOnce(&ipynb::Notebook<'_>) -> T) -> Result<T> {
    let unreadable = |error: ipynb::Unreadable| AppError::field("file", error.0);
    let text = ipynb::text(bytes).map_err(unreadable)?;
    let notebook = ipynb::parse(&text).map_err(unreadable)?;
    Ok(look(&notebook))
}

async fn not_stored(app: &App, id: NotebookId, pictures: Vec<Picture>) -> Result<Vec<Picture>> {
    let digests: Vec<Vec<u8>> = pictures.iter().map(|picture| picture.digest.0.to_vec()).collect();
    let mut conn = app.db.acquire().await?;
    let known = drawings::known_pictures(&mut conn, id, &digests).await?;
    Ok(pictures.into_iter().filter(|picture| !known.iter().any(|known| *known == picture.digest.0)).collect())
}

/// Writes pictures one behind the other.
async fn store_pictures(
    app: &App,
    owner: UserId,
    pictures: Vec<Picture>,
) -> Result<(Stored, Vec<StoredPicture>)> {
    let mut writing = app.files.create("notebook-pictures", owner.0).await?;
    let mut places = Vec::with_capacity(pictures.len());
    for picture in pictures {
        places.push(StoredPicture {
            digest: picture.digest,
            kind: picture.kind,
            storage_key: String::new(),
            starts_at: writing.size_bytes(),
            size_bytes: picture.bytes.len() as u64,
        });
        writing.write(&picture.bytes).await?;
    }
    Ok((writing.finish().await?, places))
}

impl Prepared {
    /// Writes the rows; gives the storage key of a drawing that was replaced.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn put(
        &self,
        conn: &mut PgConnection,
        id: NotebookId,
        number: i32,
        now: DateTime<Utc>,
    ) -> sqlx::Result<Option<String>> {
        if let Some((stored, pictures)) = &self.pictures {
            drawings::add_pictures(conn, id, &stored.key, pictures).await?;
        }
        drawings::put_sources(conn, id, number, &self.sources).await?;
        drawings::put(conn, id, number, &self.page, &self.contents, now).await
    }

    /// As [`Prepared::put`], for the notebook that came out of a run.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn put_of_run(
        &self,
        conn: &mut PgConnection,
        id: NotebookId,
        run: RunId,
        now: DateTime<Utc>,
    ) -> sqlx::Result<Option<String>> {
        if let Some((stored, pictures)) = &self.pictures {
            drawings::add_pictures(conn, id, &stored.key, pictures).await?;
        }
        runs::store::put_drawing(conn, run, &self.page, &self.contents, now).await
    }

    /// Removes the files of a drawing that is not needed after all.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn discard(self, app: &App) -> Result<()> {
        app.files.remove(&self.page.key).await?;
        if let Some((stored, _)) = self.pictures {
            app.files.remove(&stored.key).await?;
        }
        Ok(())
    }
}

/// The drawing of a version, made anew where there is none by the drawer of today.
///
/// # Errors
/// Those of database and storage.
pub async fn of_version(app: &App, notebook: &Notebook, version: &Version) -> Result<Drawn> {
    let mut conn = app.db.acquire().await?;
    let stored = drawings::find(&mut conn, notebook.id, version.number).await?;
    drop(conn);
    let stored = match stored {
        Some(stored) => stored,
        None => draw_again(app, notebook, version).await?,
    };
    read_drawn(app, stored).await
}

/// A drawing as it is stored.
///
/// # Errors
/// Those of storage.
pub async fn read_drawn(app: &App, stored: drawings::DrawnVersion) -> Result<Drawn> {
    let html = read_whole(app, &stored.storage_key, 0).await?;
    let html = String::from_utf8(html).map_err(anyhow::Error::from)?;
    Ok(Drawn { html, contents: stored.contents.0 })
}

async fn draw_again(app: &App, notebook: &Notebook, version: &Version) -> Result<drawings::DrawnVersion> {
    let bytes = read_whole(app, &version.storage_key, version.size_bytes.unsigned_abs()).await?;
    let owner = (notebook.owner_username.as_str(), notebook.owner_id);
    let prepared = prepare(app, owner.0, owner.1, &notebook.slug, bytes, Some(notebook.id)).await?;
    let mut tx = app.db.begin().await?;
    let replaced = prepared.put(&mut tx, notebook.id, version.number, app.clock.now()).await?;
    let stored = drawings::find(&mut tx, notebook.id, version.number).await?.ok_or(AppError::NotFound)?;
    tx.commit().await?;
    if let Some(replaced) = replaced {
        app.files.remove(&replaced).await?;
    }
    Ok(stored)
}
