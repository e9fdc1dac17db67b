//! A competition's data files: put, described, removed. What scores are made with stays as it was at the
//! launch, and each change of it before makes an examination due; so does another training file, whenever it comes.

use sqlx::PgConnection;

use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::access::Seen;
use crate::competitions::changes;
use crate::competitions::settings::{ROLES, file_name_from, role_title};
use crate::competitions::store::data::{DataFile, Ousted};
use crate::competitions::supply::{examine, examine_files, frozen};
use crate::competitions::{propose, store};
use crate::error::{AppError, Result};
use crate::ids::CompetitionId;
use crate::uploads::spend::Arrived;

/// Largest data file.
pub const DATA_LIMIT_BYTES: u64 = 20_000_000_000;

/// Makes a stored file one of the competition's data files. One of its name is replaced; of test data, sample submission and
/// history there is one file each.
///
/// # Errors
/// [`AppError::Field`] for an unknown role, a description that is too long, or a name that something else has;
/// [`AppError::Refused`] when the file may not change after launch; that of the condition.
pub async fn put_data(
    app: &App,
    host: &Member,
    seen: &Seen,
    file: &DataUpload<'_>,
    arrived: impl Into<Arrived>,
    stands: impl AsyncFnOnce(&mut PgConnection) -> Result<()>,
) -> Result<PutFile> {
    let arrived = arrived.into();
    let outcome = put_data_row(app, host, seen, file, &arrived, stands).await;
    if outcome.is_err() {
        arrived.let_go(app).await?;
    }
    outcome
}

/// What a host says about a data file.
#[derive(Debug, Clone, Copy)]
pub struct DataUpload<'a> {
    pub name: &'a str,
    /// Empty: as the file of this name before; other data where there is none.
    pub role: &'a str,
    pub description: &'a str,
    /// What changed, where it changes after the launch: everybody reads it.
    pub note: &'a str,
    /// Whether it may take the place of a file of its name that is something else.
    pub may_replace: bool,
}

/// A data file that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutFile {
    pub name: String,
    /// Names of the files in whose place it is; its own, where one of other bytes had it.
    pub replaced: Vec<String>,
}

impl PutFile {
    /// In one sentence for its host.
    pub fn sentence(&self) -> String {
        let name = &self.name;
        let others: Vec<&str> =
            self.replaced.iter().map(String::as_str).filter(|other| other != name).collect();
        match (others.is_empty(), self.replaced.contains(name)) {
            (true, false) => format!("{name} is here."),
            (true, true) => format!("{name} was replaced: the file of this name before is gone."),
            (false, _) => format!("{name} is here, in place of {}.", others.join(" and ")),
        }
    }
}

async fn put_data_row(
    app: &App,
    host: &Member,
    seen: &Seen,
    file: &DataUpload<'_>,
    arrived: &Arrived,
    stands: impl AsyncFnOnce(&mut PgConnection) -> Result<()>,
) -> Result<PutFile> {
    let id = seen.competition.id;
    if !file.role.is_empty() && !ROLES.contains(&file.role) {
        return Err(AppError::field(
            "role",
            "Choose what this file is: train, test, sample, history or other data.",
        ));
    }
    check_description(file.description)?;
    let note = changes::checked_note("note", file.note)?;
    let name = file_name_from(file.name);
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let launched_at = store::drafts::lock(&mut tx, id).await?;
    stands(&mut tx).await?;
    let before = store::data::all(&mut tx, id).await?;
    let known = before.iter().find(|file| file.name == name);
    let role = match (file.role, known) {
        ("", Some(known)) => known.role.as_str(),
        ("", None) => "data",
        (role, _) => role,
    };
    let roles: Vec<&str> = known.map(|known| known.role.as_str()).into_iter().chain([role]).collect();
    if launched_at.is_some() && roles.iter().any(|role| is_judged_by(role)) {
        return Err(frozen());
    }
    let stored = &arrived.stored;
    if let Some(known) = known.filter(|known| known.role != role && !file.may_replace) {
        return Err(name_is_taken(known));
    }
    arrived.spend(&mut tx, now).await?;
    let ousted = store::data::put(&mut tx, id, &name, role, file.description, stored, now).await?;
    have_examined(&mut tx, id, launched_at.is_some(), &roles).await?;
    if launched_at.is_some() {
        let changed = changes::put(&before, &name, role, &stored.sha256);
        changes::record(&mut tx, (id, &seen.competition.title), host, &changed, note, now).await?;
    }
    propose::refresh(&mut tx, id, now).await?;
    let is_same = known.is_some_and(|known| known.sha256 == stored.sha256);
    let lost = ousted.iter().filter(|other| other.name != name || !is_same);
    let replaced: Vec<String> = lost.map(|other| other.name.clone()).collect();
    let detail =
        serde_json::json!({ "file": name, "sha256": hex::encode(stored.sha256), "replaced": replaced });
    store::drafts::note(&mut tx, now, host.id, "put_data_file", id, &detail).await?;
    tx.commit().await?;
    for Ousted { storage_key, .. } in ousted {
        app.files.remove(&storage_key).await?;
    }
    Ok(PutFile { name, replaced })
}

/// Nobody who adds a file means to lose another one.
fn name_is_taken(known: &DataFile) -> AppError {
    let sentence = format!(
        "{} is the name of another file here ({}). Give this one another name, or remove that one first.",
        known.name,
        role_title(&known.role)
    );
    AppError::field("file", sentence)
}

/// Has a scorer look at a change of files of these roles: with the draft before the launch; afterwards, where it is what
/// participants learn from, with the version that is being put together, and beside the one that counts.
async fn have_examined(
    conn: &mut PgConnection,
    id: CompetitionId,
    is_launched: bool,
    roles: &[&str],
) -> Result<()> {
    if is_launched && !roles.contains(&TRAIN) {
        return Ok(());
    }
    if let Some(version) = store::judging::lock_open_version(conn, id).await? {
        examine(conn, id, version).await?;
    }
    examine_files(conn, id).await
}

/// What participants learn from.
const TRAIN: &str = "train";

/// Whether scores or checks are made with files of this role.
pub fn is_judged_by(role: &str) -> bool {
    matches!(role, "sample_submission" | "history" | "test")
}

/// Removes a data file; after the launch everybody reads of it, with the note.
///
/// # Errors
/// [`AppError::NotFound`]; [`AppError::Refused`] after launch for files that scoring reads; [`AppError::Field`]
/// for the note; that of the condition.
pub async fn remove_data(
    app: &App,
    host: &Member,
    seen: &Seen,
    name: &str,
    note: &str,
    stands: impl AsyncFnOnce(&mut PgConnection) -> Result<()>,
) -> Result<()> {
    let id = seen.competition.id;
    let note = changes::checked_note("note", note)?;
    let mut tx = app.db.begin().await?;
    let launched_at = store::drafts::lock(&mut tx, id).await?;
    stands(&mut tx).await?;
    let (role, key) = store::data::remove(&mut tx, id, name).await?.ok_or(AppError::NotFound)?;
    if launched_at.is_some() && is_judged_by(&role) {
        return Err(frozen());
    }
    have_examined(&mut tx, id, launched_at.is_some(), &[&role]).await?;
    let now = app.clock.now();
    if launched_at.is_some() {
        let changed = changes::removed(name, &role);
        changes::record(&mut tx, (id, &seen.competition.title), host, &changed, note, now).await?;
    }
    propose::refresh(&mut tx, id, now).await?;
    store::drafts::note(&mut tx, now, host.id, "remove_data_file", id, &serde_json::json!({ "file": name }))
        .await?;
    tx.commit().await?;
    app.files.remove(&key).await?;
    Ok(())
}

/// # Errors
/// [`AppError::Field`] for too many words.
pub fn check_description(description: &str) -> Result<()> {
    if description.chars().count() > 1000 {
        return Err(AppError::field("description", "A description has at most 1,000 characters."));
    }
    Ok(())
}

/// Says what a file of data is.
///
/// # Errors
/// [`AppError::Field`] for too many words; [`AppError::NotFound`] when there is no such file; that of the
/// condition.
pub async fn describe_data(
    app: &App,
    seen: &Seen,
    name: &str,
    description: &str,
    stands: impl AsyncFnOnce(&mut PgConnection) -> Result<()>,
) -> Result<()> {
    check_description(description)?;
    let id = seen.competition.id;
    let mut tx = app.db.begin().await?;
    store::drafts::lock(&mut tx, id).await?;
    stands(&mut tx).await?;
    if !store::data::describe(&mut tx, id, name, description.trim()).await? {
        return Err(AppError::NotFound);
    }
    tx.commit().await?;
    Ok(())
}
