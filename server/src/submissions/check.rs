//! The verb that asks for a check of a file: answered as a submission would be, counted as nothing.

use chrono::{DateTime, TimeDelta, Utc};
use holdout_contract::job::{Priority, Subject};
use holdout_contract::queue;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::app::App;
use crate::error::{AppError, Result};
use crate::ids::{CompetitionId, UserId};
use crate::submissions::choose::check_description;
use crate::submissions::store::{self, Check};
use crate::submissions::submit::Entrant;
use crate::uploads::spend::Arrived;
use crate::web::format;

/// Checks that one person may ask for in an hour.
pub const CHECKS_AN_HOUR: i64 = 30;

/// What the sender says of a file.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    pub file_name: &'a str,
    /// Goes with the file, should it be submitted.
    pub description: &'a str,
}

/// Asks for the check of a stored file; one that came with the request is removed when it is refused.
///
/// # Errors
/// [`AppError::TooMany`] after [`CHECKS_AN_HOUR`].
pub async fn check(app: &App, entrant: &Entrant, asked: Asked<'_>, arrived: &Arrived) -> Result<Uuid> {
    let outcome = record(app, entrant, asked, arrived).await;
    if matches!(&outcome, Err(error) if !matches!(error, AppError::Internal(_))) {
        arrived.let_go(app).await?;
    }
    outcome
}

/// A person's own check of a file for a competition.
///
/// # Errors
/// [`AppError::NotFound`] for one that is another's or no longer kept; those of the database.
pub async fn find(
    conn: &mut PgConnection,
    competition_id: CompetitionId,
    user_id: UserId,
    id: Uuid,
) -> Result<Check> {
    store::find_check(conn, competition_id, user_id, id).await?.ok_or(AppError::NotFound)
}

async fn record(app: &App, entrant: &Entrant, asked: Asked<'_>, arrived: &Arrived) -> Result<Uuid> {
    check_description(asked.description)?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    store::lock_person(&mut tx, entrant.member.id).await?;
    let hour = TimeDelta::hours(1);
    if let Some(first) = store::check_of(&mut tx, entrant.member.id, now - hour, CHECKS_AN_HOUR).await? {
        return Err(used_up(first + hour, now));
    }
    let file_name = if asked.file_name.trim().is_empty() { "predictions" } else { asked.file_name };
    arrived.spend(&mut tx, now).await?;
    let new = store::NewCheck {
        competition_id: entrant.competition.id,
        user_id: entrant.member.id,
        file_name,
        description: asked.description,
        stored: &arrived.stored,
    };
    let id = store::insert_check(&mut tx, &new, now).await?;
    let subject = Subject::Check { check_id: id };
    queue::enqueue(&mut tx, entrant.competition.id.0, subject, Priority::Interactive).await?;
    tx.commit().await?;
    Ok(id)
}

/// A refusal that says when the next check can be asked for.
fn used_up(next_at: DateTime<Utc>, now: DateTime<Utc>) -> AppError {
    // The minute is rounded up: who comes at the time that was told is let in.
    let told = next_at + TimeDelta::seconds(59);
    let left = (next_at - now).num_seconds().max(0);
    AppError::TooMany {
        message: format!(
            "{CHECKS_AN_HOUR} checks within an hour are used up; the next is possible at {}.",
            format::time(&told)
        ),
        retry_after_seconds: left.unsigned_abs() + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_when_the_next_check_is_possible() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::hours(13);
        let refusal = used_up(now + TimeDelta::seconds(5 * 60 + 1), now);
        let AppError::TooMany { message, retry_after_seconds } = refusal else { panic!("{refusal}") };
        assert!(message.contains("1970-01-01 13:06 UTC"), "{message}");
        assert_eq!(retry_after_seconds, 302);
    }
}
