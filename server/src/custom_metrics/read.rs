//! What is read of modules: the one that everybody is judged by, and for hosts what broke.

use super::model::{Failure, Module};
use super::store;
use crate::api::paging::{Keyset, Slice};
use crate::app::App;
use crate::competitions::access::Seen;
use crate::competitions::store::judging;
use crate::error::Result;
use crate::ids::SubmissionId;

/// The module that counts; before the launch the draft's, which only hosts see. `None` where the metric is of the catalogue.
///
/// # Errors
/// Those of the database.
pub async fn module(app: &App, seen: &Seen) -> Result<Option<Module>> {
    let mut conn = app.db.acquire().await?;
    let version = match seen.competition.active_version_id {
        Some(version) => version,
        None => judging::version_at_hand(&mut conn, seen.competition.id).await?.id,
    };
    Ok(store::of_version(&mut conn, version).await?)
}

/// Submissions without a score by a fault that is not their senders', newest first; with a version's number, those on which
/// its module broke.
///
/// # Errors
/// Those of the database.
pub async fn failures(
    app: &App,
    seen: &Seen,
    version: Option<i32>,
    keyset: Keyset,
) -> Result<Slice<Failure>> {
    let mut conn = app.db.acquire().await?;
    let (id, before) = (seen.competition.id, SubmissionId(keyset.before()));
    let found = match version {
        Some(number) => store::failures_of_version(&mut conn, id, number, before, keyset.fetched()).await?,
        None => store::failures(&mut conn, id, before, keyset.fetched()).await?,
    };
    Ok(keyset.slice(found, |failure| failure.submission_id.0))
}
