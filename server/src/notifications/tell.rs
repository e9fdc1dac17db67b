//! Telling people what happened: at once where one person is told, afterwards where many are.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::app::App;
use crate::error::Result;
use crate::ids::{BulletinId, CompetitionId, IncidentId, PostId, SubjectId, UserId};
use crate::markdown;
use crate::notifications::model::{Event, next_digest};
use crate::notifications::store::{bulletins, spread};

const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Has a new post told to those whom it concerns, once the transaction that wrote it is over.
///
/// # Errors
/// Those of the database.
pub async fn of_post(conn: &mut PgConnection, post: PostId) -> sqlx::Result<()> {
    spread::ask(conn, post, false).await
}

/// As [`of_post`], for a changed text: those alone are told whom it mentions and did not mention before.
///
/// # Errors
/// Those of the database.
pub async fn of_edit(conn: &mut PgConnection, post: PostId) -> sqlx::Result<()> {
    spread::ask(conn, post, true).await
}

/// Tells the author of a text what happened to it; `false` when they were told before. `actor` is left
/// out for a moderator.
///
/// # Errors
/// Those of the database.
pub async fn author(
    conn: &mut PgConnection,
    event: Event,
    subject: SubjectId,
    actor: Option<UserId>,
    words: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    spread::to_author(conn, event, subject, actor, words, now, next_digest(now)).await
}

/// Tells people of something that happened to a team of theirs, in one sentence; not whoever did it.
///
/// # Errors
/// Those of the database.
pub async fn of_team(
    conn: &mut PgConnection,
    team_event: i64,
    people: &[UserId],
    sentence: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let people: Vec<i64> = people.iter().map(|id| id.0).collect();
    spread::of_team(conn, team_event, &people, sentence, now, next_digest(now)).await
}

/// Tells a participant what counts as things stand before the end: once an event, and by mail at once
/// unless they want no letters.
///
/// # Errors
/// Those of the database.
pub async fn of_end(
    conn: &mut PgConnection,
    user: UserId,
    event: Event,
    competition: CompetitionId,
    words: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    spread::of_end(conn, user, event, competition, words, now).await
}

/// Tells the hosts of a competition that they are asked about its end, each once an incident.
///
/// # Errors
/// Those of the database.
pub async fn of_outage(
    conn: &mut PgConnection,
    competition: CompetitionId,
    incident: IncidentId,
    words: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    spread::of_outage(conn, competition, incident, words, now).await
}

/// Tells people that a host invites them into a competition, by mail at once unless they want no letters. Told again, it is
/// unread again.
///
/// # Errors
/// Those of the database.
pub async fn of_invitation(
    conn: &mut PgConnection,
    competition: CompetitionId,
    people: &[UserId],
    host: UserId,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let people: Vec<i64> = people.iter().map(|id| id.0).collect();
    spread::of_invitation(conn, competition, &people, host, now).await
}

/// What everybody who takes part in a competition is told.
#[derive(Debug, Clone, Copy)]
pub struct Bulletin<'a> {
    pub competition: CompetitionId,
    pub event: Event,
    /// At most 500 characters.
    pub sentence: &'a str,
    /// Quoted below the sentence, at most 1,000 characters; may be empty.
    pub excerpt: &'a str,
    pub by: UserId,
}

/// Has a bulletin told to everybody who takes part, once this transaction is over.
///
/// # Errors
/// Those of the database.
pub async fn all_who_take_part(
    conn: &mut PgConnection,
    bulletin: &Bulletin<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<BulletinId> {
    bulletins::insert(conn, bulletin, now).await
}

/// Gives a bulletin other words: those who were told read them in place of the first ones, and so does
/// everybody whose letter is not written yet.
///
/// # Errors
/// Those of the database.
pub async fn otherwise(
    conn: &mut PgConnection,
    id: BulletinId,
    sentence: &str,
    excerpt: &str,
) -> sqlx::Result<()> {
    bulletins::reword(conn, id, sentence, excerpt).await
}

/// Runs for ever.
pub async fn tell_forever(app: App) {
    loop {
        match tell_any(&app).await {
            Ok(true) => {}
            Ok(false) => tokio::time::sleep(LOOK_EVERY).await,
            Err(error) => {
                tracing::warn!(%error, "followers cannot be told; trying again");
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
    }
}

async fn tell_any(app: &App) -> Result<bool> {
    Ok(tell_next(app).await? | tell_next_bulletin(app).await?)
}

/// Tells everybody who takes part of one bulletin, in one transaction; `false` when there is none.
///
/// # Errors
/// Those of the database.
pub async fn tell_next_bulletin(app: &App) -> Result<bool> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let Some(id) = bulletins::next(&mut tx).await? else { return Ok(false) };
    bulletins::tell(&mut tx, id, now, next_digest(now)).await?;
    tx.commit().await?;
    Ok(true)
}

/// Tells of one post everybody whom it concerns, in one transaction; `false` when there is none.
///
/// # Errors
/// Those of the database.
pub async fn tell_next(app: &App) -> Result<bool> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let Some(telling) = spread::next(&mut tx).await? else { return Ok(false) };
    let names: Vec<_> = markdown::mentions(&telling.markdown).people.into_iter().collect();
    spread::mentioned(&mut tx, telling.post_id, &names, now, next_digest(now)).await?;
    if !telling.is_edit {
        spread::followers(&mut tx, telling.post_id, now, next_digest(now)).await?;
    }
    spread::done(&mut tx, telling.post_id).await?;
    tx.commit().await?;
    Ok(true)
}
