//! Verb: release the hidden labels, once the final board stands. A scorer opens them, holds them against what was committed
//! to, and publishes them with the salt.

use holdout_contract::job::{Priority, Subject};
use holdout_contract::queue;
use serde_json::json;

use super::model::{Release, ReleasedFile};
use super::rescore::read_reason;
use super::store::labels::{self, Another};
use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::access::Seen;
use crate::competitions::changes::{self, Changed};
use crate::competitions::download::Download;
use crate::competitions::model::Phase;
use crate::competitions::store::drafts;
use crate::error::{AppError, Result};
use crate::paths;

/// What the file is called.
pub const FILE_NAME: &str = "solution.csv";

/// Computes a commitment from a file and a salt, as `docs/cryptography.md` has it.
pub const PROGRAM: &str = include_str!("check.py");

/// Has the labels published. Everybody who takes part is told, with the reason.
///
/// # Errors
/// [`AppError::Field`] without a reason; [`AppError::Refused`] before the final board stands, a second time, and while another
/// competition is judged by the same labels.
pub async fn ask(app: &App, host: &Member, seen: &Seen, reason: &str) -> Result<()> {
    let reason = read_reason(reason)?;
    let competition = &seen.competition;
    let (id, now) = (competition.id, app.clock.now());
    if competition.phase(now) != Phase::Final {
        return Err(AppError::refused(
            "The labels can be released once the competition is over and the final board is out.",
        ));
    }
    let mut tx = app.db.begin().await?;
    drafts::lock(&mut tx, id).await?;
    if let Some(another) = labels::competition_with_same_labels(&mut tx, id, host.id).await? {
        return Err(in_use(&another));
    }
    let is_first = labels::find(&mut tx, id).await?.is_none();
    let Some(version) = labels::ask(&mut tx, id, reason, host.id, now).await? else {
        return Err(AppError::refused(
            "The labels have already been released, or a scorer is about to publish them.",
        ));
    };
    queue::enqueue(&mut tx, id.0, Subject::Release { version_id: version.0 }, Priority::Interactive).await?;
    if is_first {
        changes::record(&mut tx, (id, &competition.title), host, &[Changed::labels()], reason, now).await?;
    }
    let detail = json!({ "version": competition.version_number, "reason": reason });
    drafts::note(&mut tx, now, host.id, "release_labels", id, &detail).await?;
    tx.commit().await?;
    Ok(())
}

/// Names the other competition to whoever may know of it.
fn in_use(another: &Another) -> AppError {
    let which = match another.is_seen {
        true => format!("“{}” ({})", another.title, paths::competition(&another.slug)),
        false => "Another host's competition".to_owned(),
    };
    AppError::refused(format!(
        "{which} has the same solution, as copies do, and is not over. Give that one a different solution, delete it if it \
         is a draft, or wait for its end."
    ))
}

/// What was released, for everybody who sees the competition; its hosts also see what was asked for.
///
/// # Errors
/// Those of the database.
pub async fn find(app: &App, seen: &Seen) -> Result<Option<Release>> {
    let mut conn = app.db.acquire().await?;
    let release = labels::find(&mut conn, seen.competition.id).await?;
    Ok(release.filter(|release| release.file.is_some() || seen.standing.is_host))
}

/// The file of labels that were released.
///
/// # Errors
/// [`AppError::NotFound`] where there are none.
pub async fn file(app: &App, seen: &Seen) -> Result<ReleasedFile> {
    find(app, seen).await?.and_then(|release| release.file).ok_or(AppError::NotFound)
}

impl<'a> From<&'a ReleasedFile> for Download<'a> {
    fn from(file: &'a ReleasedFile) -> Self {
        Self {
            storage_key: &file.storage_key,
            name: FILE_NAME,
            size_bytes: file.size_bytes.unsigned_abs(),
            sha256_hex: hex::encode(&file.sha256),
        }
    }
}
