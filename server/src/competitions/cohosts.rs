//! Who hosts a competition: any host adds others, and removes any but the one who made it. A host may do
//! everything that hosts may do; administrators are hosts everywhere.

use serde_json::json;

use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::access::Seen;
use crate::competitions::store::{cohosts, drafts};
use crate::error::{AppError, Result};
use crate::forum;
use crate::ids::UserId;

/// Hosts of one competition.
const MOST_HOSTS: usize = 20;
const TAKES_PART: &str = "This person takes part, in a team with others or with files on record, and hosts cannot \
be ranked. If they have not submitted anything, they can leave the team first; otherwise ask them for another \
account, or host without them.";

/// Makes a member a host as well.
///
/// # Errors
/// [`AppError::Field`] for a name that nobody has, that hosts already, or whose team is ranked or may be;
/// [`AppError::Refused`] beyond [`MOST_HOSTS`].
pub async fn add(app: &App, host: &Member, seen: &Seen, username: &str) -> Result<()> {
    let (id, now) = (seen.competition.id, app.clock.now());
    let mut tx = app.db.begin().await?;
    let person = find(&mut tx, username).await?;
    // Before the competition is locked, as by those who join.
    if seen.competition.launched_at.is_some() && !cohosts::stop_taking_part(&mut tx, id, person).await? {
        return Err(AppError::field("username", TAKES_PART));
    }
    drafts::lock(&mut tx, id).await?;
    let hosts = cohosts::all(&mut tx, id).await?;
    if hosts.len() >= MOST_HOSTS {
        return Err(AppError::refused(format!("A competition has at most {MOST_HOSTS} hosts.")));
    }
    if !cohosts::insert(&mut tx, id, person, now).await? {
        return Err(AppError::field("username", "This person already hosts the competition."));
    }
    forum::of_hosts::follow(&mut tx, id, person, now).await?;
    drafts::note(&mut tx, now, host.id, "add_host", id, &json!({ "user_id": person })).await?;
    tx.commit().await?;
    Ok(())
}

/// Takes a host's part away; one may take one's own.
///
/// # Errors
/// [`AppError::Refused`] for the one who made the competition; [`AppError::NotFound`] for whoever is no host.
pub async fn remove(app: &App, host: &Member, seen: &Seen, username: &str) -> Result<()> {
    let (id, now) = (seen.competition.id, app.clock.now());
    let mut tx = app.db.begin().await?;
    drafts::lock(&mut tx, id).await?;
    let person = cohosts::person(&mut tx, username.trim()).await?.ok_or(AppError::NotFound)?;
    if person == seen.competition.created_by {
        return Err(AppError::refused("The person who created the competition stays its host."));
    }
    if !cohosts::remove(&mut tx, id, person).await? {
        return Err(AppError::NotFound);
    }
    drafts::note(&mut tx, now, host.id, "remove_host", id, &json!({ "user_id": person })).await?;
    tx.commit().await?;
    Ok(())
}

async fn find(conn: &mut sqlx::PgConnection, username: &str) -> Result<UserId> {
    let found = cohosts::person(conn, username.trim()).await?;
    found.ok_or_else(|| AppError::field("username", "No account has this user name."))
}
