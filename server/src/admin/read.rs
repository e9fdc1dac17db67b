//! What administrators look at, one function for pages and JSON.

use super::room::{self, Room};
use super::store::{self, Entry, Job, LastBackup, Mail, Numbers, Scorer, User};
use crate::api::paging::{Keyset, Slice};
use crate::app::App;
use crate::error::Result;

/// Accounts that a search by the beginning of their names finds at most.
const MOST_FOUND: i64 = 100;
/// Waiting jobs that are shown at most.
const MOST_WAITING: i64 = 50;

/// The installation in numbers.
#[derive(Debug, Clone)]
pub struct Overview {
    pub numbers: Numbers,
    pub backup: LastBackup,
    pub room: Room,
}

/// # Errors
/// Those of the database and of the disk.
pub async fn overview(app: &App) -> Result<Overview> {
    let (numbers, backup) = {
        let mut conn = app.db.acquire().await?;
        (store::numbers(&mut conn).await?, store::last_backup(&mut conn).await?)
    };
    Ok(Overview { numbers, backup, room: room::measure(app).await? })
}

/// What was mailed and what waits to be, newest first.
///
/// # Errors
/// Those of the database.
pub async fn mails(app: &App, keyset: Keyset) -> Result<Slice<Mail>> {
    let mut conn = app.db.acquire().await?;
    let mails = store::mails(&mut conn, keyset.before(), keyset.fetched()).await?;
    Ok(keyset.slice(mails, |mail| mail.id))
}

/// Accounts, and by which beginning of a name they were found.
#[derive(Debug, Clone)]
pub struct Users {
    /// Empty where all are listed.
    pub prefix: String,
    /// Newest first; those that were found by name.
    pub users: Slice<User>,
}

/// All accounts part by part, or the first whose user names begin like `name`.
///
/// # Errors
/// Those of the database.
pub async fn users(app: &App, name: &str, keyset: Keyset) -> Result<Users> {
    let prefix = name.trim().to_lowercase();
    let mut conn = app.db.acquire().await?;
    let users = if prefix.is_empty() {
        let newest = store::newest_users(&mut conn, keyset.before(), keyset.fetched()).await?;
        keyset.slice(newest, |user| user.id.0)
    } else {
        let beyond = format!("{prefix}\u{10ffff}");
        let items = store::users_by_prefix(&mut conn, &prefix, &beyond, MOST_FOUND).await?;
        Slice { items, next: None }
    };
    Ok(Users { prefix, users })
}

/// What waits for a scorer, what broke off by a fault of the platform, and who works on it.
#[derive(Debug, Clone)]
pub struct Queue {
    /// Last heard of first.
    pub scorers: Vec<Scorer>,
    /// The first in their order.
    pub waiting: Vec<Job>,
    /// Newest first.
    pub failed: Slice<Job>,
}

/// The queue, with the part of what failed that `keyset` names.
///
/// # Errors
/// Those of the database.
pub async fn queue(app: &App, keyset: Keyset) -> Result<Queue> {
    let mut conn = app.db.acquire().await?;
    let waiting = store::waiting_jobs(&mut conn, MOST_WAITING).await?;
    let failed = store::failed_jobs(&mut conn, keyset.before(), keyset.fetched()).await?;
    let scorers = store::scorers(&mut conn).await?;
    Ok(Queue { scorers, waiting, failed: keyset.slice(failed, |job| job.id) })
}

/// What hosts, moderators and administrators did, newest first.
///
/// # Errors
/// Those of the database.
pub async fn log(app: &App, keyset: Keyset) -> Result<Slice<Entry>> {
    let mut conn = app.db.acquire().await?;
    let entries = store::log(&mut conn, keyset.before(), keyset.fetched()).await?;
    Ok(keyset.slice(entries, |entry| entry.id))
}
