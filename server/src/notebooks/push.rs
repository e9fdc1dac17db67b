//! The verbs that bring bytes in: a new notebook, a new version, a fork. A version stands once its file is on
//! the disk and its row is committed; what is drawn of it can be made anew.

use chrono::TimeDelta;
use futures_util::TryStreamExt;
use sqlx::PgConnection;
use tokio::sync::Semaphore;

use super::access::SeenNotebook;
use super::drawing::{self, Prepared};
use super::ipynb;
use super::model::{self, Details, Notebook, Origin, Version, Visibility};
use super::store::{self, versions::NewVersion};
use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::access::Seen;
use crate::error::{AppError, Result};
use crate::files::Stored;
use crate::ids::{CompetitionId, NotebookId};
use crate::notifications::follow;

/// Versions that one person pushes in a day, at most.
const MOST_A_DAY: i64 = 200;
/// A name made from a title may be taken: so many others are tried, `…-2`, `…-3`.
const NAME_TRIES: u32 = 50;

/// Notebooks that are read or drawn at once; each takes a few times its size in memory.
static READING: Semaphore = Semaphore::const_new(2);

/// A file that stands on the disk, with what its sender said about it.
#[derive(Debug, Clone)]
pub struct Upload {
    pub file_name: String,
    pub stored: Stored,
    pub message: String,
}

/// What somebody wants a new notebook to be.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// Its title is made from the notebook where none is typed.
    pub typed: model::TypedDetails,
    /// Name in addresses; made from the title when empty.
    pub slug: String,
    /// The competition as its author sees it.
    pub competition: Option<Seen>,
}

/// What a notebook's file says of itself.
#[derive(Debug, Clone)]
pub struct Facts {
    pub title: String,
    pub language: String,
    pub n_cells: i32,
    pub n_code_cells: i32,
}

#[derive(Debug, Clone)]
pub struct Pushed {
    pub notebook: Notebook,
    pub version: Version,
    /// `false` when the bytes are those of the newest version already.
    pub is_new: bool,
}

/// Takes a file as the first version of a new notebook.
///
/// # Errors
/// [`AppError::Field`] for what cannot be read and for what is said about it; [`AppError::TooMany`] past the
/// daily limit. The file is then removed.
pub async fn create(app: &App, owner: &Member, wish: Wish, upload: Upload) -> Result<Pushed> {
    let key = upload.stored.key.clone();
    let outcome = first_version(app, owner, wish, upload).await;
    keep_or_remove(app, &key, outcome).await
}

/// Takes a file as the next version of a notebook.
///
/// # Errors
/// [`AppError::Refused`] for everybody but its author; as [`create`] besides.
pub async fn push(app: &App, owner: &Member, seen: &SeenNotebook, upload: Upload) -> Result<Pushed> {
    let key = upload.stored.key.clone();
    let outcome = next_version(app, owner, seen, upload).await;
    keep_or_remove(app, &key, outcome).await
}

async fn keep_or_remove(app: &App, key: &str, outcome: Result<Pushed>) -> Result<Pushed> {
    let is_kept = match &outcome {
        Ok(pushed) => pushed.version.storage_key == key,
        // After a fault of ours the row may stand all the same, so the file stays.
        Err(AppError::Internal(_)) => true,
        Err(_) => false,
    };
    if !is_kept {
        app.files.remove(key).await?;
    }
    outcome
}

async fn first_version(app: &App, owner: &Member, wish: Wish, upload: Upload) -> Result<Pushed> {
    let message = checked_message(&upload.message)?;
    let bytes = read(app, &upload.stored).await?;
    let file_name = upload.file_name.clone();
    let (bytes, facts) = blocking(move || facts_of(&bytes, &file_name).map(|facts| (bytes, facts))).await?;
    let mut typed = wish.typed;
    if typed.title.trim().is_empty() {
        typed.title = facts.title.clone();
    }
    let details = typed.check().map_err(|(field, sentence)| AppError::Field { field, message: sentence })?;
    let competition = competition_for(wish.competition.as_ref(), &details)?;
    let mut conn = app.db.acquire().await?;
    refuse_too_many(app, &mut conn, owner).await?;
    let slug = free_slug(&mut conn, owner, &wish.slug, &details.title).await?;
    drop(conn);
    let prepared = prepare(app, owner, &slug, bytes, None).await?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let id =
        store::insert(&mut tx, owner.id, &slug, &details, competition, None, now).await.map_err(taken)?;
    let new = NewVersion {
        notebook: id,
        number: 1,
        pushed_by: owner.id,
        message: &message,
        stored: &upload.stored,
        facts: &facts,
    };
    store::versions::insert(&mut tx, &new, now).await?;
    prepared.put(&mut tx, id, 1, now).await?;
    follow::what_one_writes_in(&mut tx, owner.id, id.into(), now).await?;
    tx.commit().await?;
    pushed(app, id, 1, true).await
}

async fn next_version(app: &App, owner: &Member, seen: &SeenNotebook, upload: Upload) -> Result<Pushed> {
    seen.require_owner()?;
    let message = checked_message(&upload.message)?;
    let id = seen.notebook.id;
    let bytes = read(app, &upload.stored).await?;
    let file_name = upload.file_name.clone();
    let (bytes, facts) = blocking(move || facts_of(&bytes, &file_name).map(|facts| (bytes, facts))).await?;
    let mut conn = app.db.acquire().await?;
    refuse_too_many(app, &mut conn, owner).await?;
    drop(conn);
    let prepared = prepare(app, owner, &seen.notebook.slug, bytes, Some(id)).await?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let latest = store::lock(&mut tx, id).await?;
    let newest = store::versions::find(&mut tx, id, latest).await?;
    if newest.is_some_and(|newest| newest.sha256 == upload.stored.sha256) {
        drop(tx);
        prepared.discard(app).await?;
        return pushed(app, id, latest, false).await;
    }
    let new = NewVersion {
        notebook: id,
        number: latest + 1,
        pushed_by: owner.id,
        message: &message,
        stored: &upload.stored,
        facts: &facts,
    };
    store::versions::insert(&mut tx, &new, now).await?;
    prepared.put(&mut tx, id, latest + 1, now).await?;
    tx.commit().await?;
    pushed(app, id, latest + 1, true).await
}

/// Copies a version of a notebook that a member may see into a notebook of their own, which keeps where it
/// came from. It is private at first, and stays with the competition.
///
/// # Errors
/// [`AppError::NotFound`] where there is no such version; [`AppError::TooMany`] past the daily limit.
pub async fn fork(app: &App, member: &Member, seen: &SeenNotebook, number: Option<i32>) -> Result<Pushed> {
    let origin = &seen.notebook;
    let mut conn = app.db.acquire().await?;
    let version = seen.version(&mut conn, number).await?;
    refuse_too_many(app, &mut conn, member).await?;
    let slug = free_slug(&mut conn, member, "", &origin.title).await?;
    drop(conn);
    let bytes = read_whole(app, &version.storage_key, version.size_bytes.unsigned_abs()).await?;
    let mut writing = app.files.create("notebooks", member.id.0).await?;
    writing.write(&bytes).await?;
    let stored = writing.finish().await?;
    let details = Details {
        title: origin.title.clone(),
        visibility: Visibility::Private,
        licence: origin.licence.clone(),
        tags: origin.tags.clone(),
    };
    let facts = Facts {
        title: origin.title.clone(),
        language: version.language.clone(),
        n_cells: version.n_cells,
        n_code_cells: version.n_code_cells,
    };
    let prepared = prepare(app, member, &slug, bytes, None).await?;
    let now = app.clock.now();
    let from = Origin { notebook_id: origin.id, number: version.number };
    let mut tx = app.db.begin().await?;
    let id = store::insert(&mut tx, member.id, &slug, &details, origin.competition_id, Some(from), now)
        .await
        .map_err(taken)?;
    // Without a name: who may not see the origin any more learns nothing of it.
    let message = format!("Fork of version {}", version.number);
    let new = NewVersion {
        notebook: id,
        number: 1,
        pushed_by: member.id,
        message: &message,
        stored: &stored,
        facts: &facts,
    };
    store::versions::insert(&mut tx, &new, now).await?;
    prepared.put(&mut tx, id, 1, now).await?;
    follow::what_one_writes_in(&mut tx, member.id, id.into(), now).await?;
    tx.commit().await?;
    pushed(app, id, 1, true).await
}

async fn pushed(app: &App, id: NotebookId, number: i32, is_new: bool) -> Result<Pushed> {
    let mut conn = app.db.acquire().await?;
    let notebook = store::find_by_id(&mut conn, id).await?.ok_or(AppError::NotFound)?;
    let version = store::versions::find(&mut conn, id, number).await?.ok_or(AppError::NotFound)?;
    Ok(Pushed { notebook, version, is_new })
}

/// The competition that a notebook is put under. What a team shall see needs one in which the author has a team.
fn competition_for(seen: Option<&Seen>, details: &Details) -> Result<Option<CompetitionId>> {
    let has_team = seen.is_some_and(|seen| seen.standing.team_id.is_some());
    if details.visibility == Visibility::Team && !has_team {
        return Err(AppError::field(
            "visibility",
            "Choose a competition in which you have a team: then it can be shared with the team.",
        ));
    }
    Ok(seen.map(|seen| seen.competition.id))
}

fn checked_message(typed: &str) -> Result<String> {
    model::message(typed).map_err(|sentence| AppError::field("message", sentence))
}

async fn refuse_too_many(app: &App, conn: &mut PgConnection, person: &Member) -> Result<()> {
    let since = app.clock.now() - TimeDelta::days(1);
    if store::versions::count_since(conn, person.id, since).await? < MOST_A_DAY {
        return Ok(());
    }
    Err(AppError::TooMany {
        message: format!(
            "You have pushed {MOST_A_DAY} versions within a day, which is the limit. Try again \
        tomorrow."
        ),
        retry_after_seconds: 3600,
    })
}

/// A name in addresses that the owner has not used: the one typed, or one made from the title.
async fn free_slug(conn: &mut PgConnection, owner: &Member, typed: &str, title: &str) -> Result<String> {
    if !typed.trim().is_empty() {
        let slug = model::slug(typed).map_err(|sentence| AppError::field("slug", sentence))?;
        return if store::exists(conn, owner.id, &slug).await? { Err(name_taken()) } else { Ok(slug) };
    }
    let wished = model::slug_of(title);
    for number in 1..=NAME_TRIES {
        let slug = if number == 1 { wished.clone() } else { format!("{wished}-{number}") };
        if !store::exists(conn, owner.id, &slug).await? {
            return Ok(slug);
        }
    }
    Err(AppError::field("title", "You have too many notebooks with this title: choose another."))
}

fn name_taken() -> AppError {
    AppError::field(
        "slug",
        "You already have a notebook with this name: push a version to it, or choose another \
    name.",
    )
}

/// Turns the constraint on names into a sentence.
fn taken(error: sqlx::Error) -> AppError {
    let is_taken =
        error.as_database_error().and_then(|error| error.constraint()) == Some("notebooks_slug_taken");
    if is_taken { name_taken() } else { error.into() }
}

async fn read(app: &App, stored: &Stored) -> Result<Vec<u8>> {
    read_whole(app, &stored.key, stored.size_bytes).await
}

/// The bytes of a stored notebook.
pub async fn read_whole(app: &App, key: &str, size_bytes: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(usize::try_from(size_bytes.min(ipynb::LARGEST_BYTES)).unwrap_or(0));
    let mut pieces = app.files.read_whole(key).await?;
    while let Some(piece) = pieces.try_next().await? {
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

/// Runs what takes long on a thread that may, a few at once.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let _permit = READING.acquire().await.map_err(anyhow::Error::from)?;
    tokio::task::spawn_blocking(work).await.map_err(anyhow::Error::from)?
}

/// Reads two versions and looks at both.
///
/// # Errors
/// Those of storage.
pub(super) async fn both<T: Send + 'static>(
    app: &App,
    old: &Version,
    new: &Version,
    look: impl FnOnce(&ipynb::Notebook<'_>, &ipynb::Notebook<'_>) -> T + Send + 'static,
) -> Result<T> {
    let old = read_whole(app, &old.storage_key, old.size_bytes.unsigned_abs()).await?;
    let new = read_whole(app, &new.storage_key, new.size_bytes.unsigned_abs()).await?;
    blocking(move || {
        let broken = |error: ipynb::Unreadable| AppError::Internal(error.into());
        let (old, new) = (ipynb::text(&old).map_err(broken)?, ipynb::text(&new).map_err(broken)?);
        let (old, new) = (ipynb::parse(&old).map_err(broken)?, ipynb::parse(&new).map_err(broken)?);
        Ok(look(&old, &new))
    })
    .await
}

/// Draws a notebook for the place where it will stand, and stores what was drawn.
async fn prepare(
    app: &App,
    owner: &Member,
    slug: &str,
    bytes: Vec<u8>,
    known: Option<NotebookId>,
) -> Result<Prepared> {
    drawing::prepare(app, &owner.username, owner.id, slug, bytes, known).await
}

fn facts_of(bytes: &[u8], file_name: &str) -> Result<Facts> {
    let unreadable = |error: ipynb::Unreadable| AppError::field("file", error.0);
    let text = ipynb::text(bytes).map_err(unreadable)?;
    let notebook = ipynb::parse(&text).map_err(unreadable)?;
    let count = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
    let stem = file_name.trim_end_matches(".ipynb").replace(['_', '-'], " ");
    let titles = [notebook.title.clone(), notebook.first_heading().unwrap_or_default(), stem];
    let title = titles.into_iter().find(|title| !title.trim().is_empty()).unwrap_or_default();
    Ok(Facts {
        title: model::title_from(&title),
        n_cells: count(notebook.cells.len()),
        n_code_cells: count(notebook.n_code_cells()),
        language: notebook.language,
    })
}
