//! The verbs of administrators.

use serde_json::json;

use super::model::{Allowed, Owner, Usage, checked};
use super::store;
use crate::accounts::model::Member;
use crate::admin;
use crate::app::App;
use crate::error::{AppError, Result};

/// Sets what each person and each competition may keep; on record. What is kept already stays.
///
/// # Errors
/// [`AppError::Field`] as [`Allowed::checked`].
pub async fn allow_everybody(app: &App, admin: &Member, allowed: Allowed) -> Result<Allowed> {
    let allowed = allowed.checked()?;
    let mut tx = app.db.begin().await?;
    store::put_allowed(&mut tx, allowed).await?;
    let detail =
        json!({ "person_bytes": allowed.person_bytes, "competition_bytes": allowed.competition_bytes });
    admin::store::note(&mut tx, app.clock.now(), admin.id, "change_quotas", &detail).await?;
    tx.commit().await?;
    Ok(allowed)
}

/// Whom an exception is for, by name.
#[derive(Debug, Clone, Copy)]
pub enum Named<'a> {
    Person(&'a str),
    Competition(&'a str),
}

/// Lets one of them keep more or less than others; `None`: as the site allows everybody. On record.
///
/// # Errors
/// [`AppError::NotFound`] for whom there is not; [`AppError::Field`] beyond what anybody means.
pub async fn allow(app: &App, admin: &Member, named: Named<'_>, bytes: Option<i64>) -> Result<Usage> {
    checked("allowed_bytes", bytes.unwrap_or(0))?;
    let mut tx = app.db.begin().await?;
    let owner = store::find_owner(&mut tx, named).await?.ok_or(AppError::NotFound)?;
    let (usage, detail) = match owner {
        Owner::Person(id) => {
            store::allow_person(&mut tx, id, bytes).await?;
            (store::of_person(&mut tx, id).await?, json!({ "user_id": id, "allowed_bytes": bytes }))
        }
        Owner::Competition(id) => {
            store::allow_competition(&mut tx, id, bytes).await?;
            (
                store::of_competition(&mut tx, id).await?,
                json!({ "competition_id": id, "allowed_bytes": bytes }),
            )
        }
    };
    admin::store::note(&mut tx, app.clock.now(), admin.id, "allow_room", &detail).await?;
    tx.commit().await?;
    Ok(usage)
}
