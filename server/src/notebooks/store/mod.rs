//! Every SQL statement about notebooks.

pub mod drawings;
pub mod lists;
pub mod scores;
pub mod versions;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::model::{Details, Notebook, Origin, Visibility};
use crate::ids::{CompetitionId, NotebookId, UserId};

struct Row {
    id: NotebookId,
    owner_id: UserId,
    owner_username: String,
    owner_name: String,
    slug: String,
    title: String,
    competition_id: Option<CompetitionId>,
    visibility: String,
    licence: String,
    tags: Vec<String>,
    forked_from_id: Option<NotebookId>,
    forked_from_number: Option<i32>,
    latest: i32,
    n_votes: i32,
    n_comments: i32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    hidden_at: Option<DateTime<Utc>>,
    hidden_because: String,
}

impl From<Row> for Notebook {
    fn from(row: Row) -> Self {
        let origin = row.forked_from_id.zip(row.forked_from_number);
        Self {
            id: row.id,
            owner_id: row.owner_id,
            owner_username: row.owner_username,
            owner_name: row.owner_name,
            slug: row.slug,
            title: row.title,
            competition_id: row.competition_id,
            visibility: row.visibility.into(),
            licence: row.licence,
            tags: row.tags,
            origin: origin.map(|(notebook_id, number)| Origin { notebook_id, number }),
            latest: row.latest,
            n_votes: row.n_votes,
            n_comments: row.n_comments,
            created_at: row.created_at,
            updated_at: row.updated_at,
            hidden_at: row.hidden_at,
            hidden_because: row.hidden_because,
        }
    }
}

/// A notebook by its owner's user name and its own; none that was deleted.
///
/// # Errors
/// Those of the database.
pub async fn find(conn: &mut PgConnection, username: &str, slug: &str) -> sqlx::Result<Option<Notebook>> {
    let row = sqlx::query_as!(
        Row,
        "select n.id as \"id: NotebookId\", n.owner_id as \"owner_id: UserId\", u.username as owner_username,
                u.display_name as owner_name, n.slug, n.title, n.competition_id as \"competition_id: CompetitionId\",
                n.visibility, n.licence, n.tags, n.forked_from_id as \"forked_from_id: NotebookId\",
                n.forked_from_number, n.latest, n.n_votes, n.n_comments, s.created_at, n.updated_at, s.hidden_at,
                s.hidden_because
         from notebooks n
         join users u on u.id = n.owner_id
         join subjects s on s.id = n.id
         where n.owner_id = (select id from users where username = $1) and n.slug = $2 and s.deleted_at is null",
        username,
        slug,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(Notebook::from))
}

/// # Errors
/// Those of the database.
pub async fn find_by_id(conn: &mut PgConnection, id: NotebookId) -> sqlx::Result<Option<Notebook>> {
    let row = sqlx::query_as!(
        Row,
        "select n.id as \"id: NotebookId\", n.owner_id as \"owner_id: UserId\", u.username as owner_username,
                u.display_name as owner_name, n.slug, n.title, n.competition_id as \"competition_id: CompetitionId\",
                n.visibility, n.licence, n.tags, n.forked_from_id as \"forked_from_id: NotebookId\",
                n.forked_from_number, n.latest, n.n_votes, n.n_comments, s.created_at, n.updated_at, s.hidden_at,
                s.hidden_because
         from notebooks n
         join users u on u.id = n.owner_id
         join subjects s on s.id = n.id
         where n.id = $1 and s.deleted_at is null",
        id.0,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(Notebook::from))
}

/// Whether a person has a notebook of this name.
///
/// # Errors
/// Those of the database.
pub async fn exists(conn: &mut PgConnection, owner: UserId, slug: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        "select exists (select from notebooks where owner_id = $1 and slug = $2) as \"exists!\"",
        owner.0,
        slug,
    )
    .fetch_one(conn)
    .await
}

/// A notebook without versions; one follows in the same transaction.
///
/// # Errors
/// Those of the database; `notebooks_slug_taken` when the owner has one of this name.
pub async fn insert(
    conn: &mut PgConnection,
    owner: UserId,
    slug: &str,
    details: &Details,
    competition: Option<CompetitionId>,
    origin: Option<Origin>,
    now: DateTime<Utc>,
) -> sqlx::Result<NotebookId> {
    let published_at = (details.visibility == Visibility::Public).then_some(now);
    sqlx::query_scalar!(
        "with subject as (
             insert into subjects (kind, competition_id, author_id, created_at)
             values ('notebook', $1, $2, $3)
             returning id
         )
         insert into notebooks (id, owner_id, slug, title, competition_id, visibility, licence, tags, forked_from_id,
             forked_from_number, published_at, updated_at)
         select id, $2, $4, $5, $1, $6, $7, $8, $9, $10, $11, $3 from subject
         returning id as \"id: NotebookId\"",
        competition.map(|id| id.0),
        owner.0,
        now,
        slug,
        details.title,
        details.visibility.name(),
        details.licence,
        &details.tags,
        origin.map(|origin| origin.notebook_id.0),
        origin.map(|origin| origin.number),
        published_at,
    )
    .fetch_one(conn)
    .await
}

/// Changes what is said about a notebook. One that was public before keeps the day it became so.
///
/// # Errors
/// Those of the database.
pub async fn set_details(
    conn: &mut PgConnection,
    id: NotebookId,
    details: &Details,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update notebooks
         set title = $2, visibility = $3, licence = $4, tags = $5, updated_at = $6,
             published_at = case when $3 = 'public' then coalesce(published_at, $6) else published_at end
         where id = $1",
        id.0,
        details.title,
        details.visibility.name(),
        details.licence,
        &details.tags,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Waits for whoever pushes to this notebook, and gives the number of its newest version.
///
/// # Errors
/// Those of the database.
pub async fn lock(conn: &mut PgConnection, id: NotebookId) -> sqlx::Result<i32> {
    sqlx::query_scalar!("select latest from notebooks where id = $1 for no key update", id.0)
        .fetch_one(conn)
        .await
}

/// Marks a notebook as deleted by its author and frees its name; gives the storage keys of all its files.
/// `false` in the first place when it was deleted before.
///
/// # Errors
/// Those of the database.
pub async fn delete(
    conn: &mut PgConnection,
    id: NotebookId,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Vec<String>>> {
    let deleted =
        sqlx::query!("update subjects set deleted_at = $2 where id = $1 and deleted_at is null", id.0, now)
            .execute(&mut *conn)
            .await?;
    if deleted.rows_affected() == 0 {
        return Ok(None);
    }
    sqlx::query!(
        "update notebooks set visibility = 'private', slug = 'deleted-' || id, updated_at = $2 where id = $1",
        id.0,
        now,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!("delete from notebook_words where notebook_id = $1", id.0).execute(&mut *conn).await?;
    let keys = sqlx::query_scalar!(
        "select storage_key as \"storage_key!\" from notebook_versions where notebook_id = $1
         union select storage_key from notebook_pictures where notebook_id = $1
         union select storage_key from notebook_drawings where notebook_id = $1
         union select executed_key from notebook_runs where notebook_id = $1 and executed_key is not null
         union select f.storage_key from notebook_runs r join notebook_run_files f on f.run_id = r.id
             where r.notebook_id = $1
         union select d.storage_key from notebook_runs r join notebook_run_drawings d on d.run_id = r.id
             where r.notebook_id = $1",
        id.0,
    )
    .fetch_all(conn)
    .await?;
    Ok(Some(keys))
}

/// Whether two people are in the same team of a competition.
///
/// # Errors
/// Those of the database.
pub async fn are_team_mates(
    conn: &mut PgConnection,
    competition: CompetitionId,
    one: UserId,
    other: UserId,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        "select exists (
            select from team_members a
            join team_members b on b.competition_id = a.competition_id and b.team_id = a.team_id
            where a.competition_id = $1 and a.user_id = $2 and b.user_id = $3) as \"together!\"",
        competition.0,
        one.0,
        other.0,
    )
    .fetch_one(conn)
    .await
}

/// How many notebooks that everybody finds began as this one, counted up to 1,000.
///
/// # Errors
/// Those of the database.
pub async fn n_forks(conn: &mut PgConnection, id: NotebookId) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        "select count(*) as \"count!\"
         from (select from listed_notebooks where forked_from_id = $1 limit 1000) f",
        id.0,
    )
    .fetch_one(conn)
    .await
}
