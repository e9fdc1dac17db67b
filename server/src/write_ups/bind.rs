//! Verbs: say which topic is the team's write-up, and that none is.

use holdout_contract::events::{Event, announce};

use super::store;
use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::access::{self, Seen};
use crate::error::{AppError, Result};
use crate::forum::subjects::see_topic;
use crate::ids::{CompetitionId, TeamId, TopicId};

const NOT_THEIRS: &str = "Choose a topic of this competition’s forum that someone in your team wrote and that is not hidden or deleted.";

/// The team that may choose a write-up now.
///
/// # Errors
/// [`AppError::Refused`] for who is in none, and before the end.
pub fn team(app: &App, seen: &Seen) -> Result<TeamId> {
    let team = seen.standing.team_id.ok_or_else(|| {
        AppError::refused("You do not take part in this competition, so there is no team of yours.")
    })?;
    match seen.competition.ended(app.clock.now()) {
        Some(_) => Ok(team),
        None => Err(AppError::refused("A team chooses its solution write-up once the competition is over.")),
    }
}

/// Makes a topic the write-up of the member's team, in place of another.
///
/// # Errors
/// As [`team`]; [`AppError::Field`] for a topic that cannot be it.
pub async fn bind(app: &App, member: &Member, slug: &str, topic: TopicId) -> Result<()> {
    let seen = access::see(app, slug, Some(member)).await?;
    let (team, id) = (team(app, &seen)?, seen.competition.id);
    let not_theirs = || AppError::field("topic", NOT_THEIRS);
    let found = match see_topic(app, topic, Some(member)).await {
        Err(AppError::NotFound) => Err(not_theirs()),
        found => found,
    }?;
    if !found.under.is_shown() {
        return Err(not_theirs());
    }
    let mut tx = app.db.begin().await?;
    store::bind(&mut tx, id, team, topic, app.clock.now()).await.map_err(|error| {
        match error.as_database_error().and_then(|error| error.constraint()) {
            Some("write_ups_of_the_team" | "write_ups_topic_taken") => not_theirs(),
            _ => error.into(),
        }
    })?;
    tell(&mut tx, id).await?;
    tx.commit().await?;
    Ok(())
}

/// Takes the choice back; the topic stays.
///
/// # Errors
/// As [`team`]; [`AppError::NotFound`] where there is none.
pub async fn unbind(app: &App, member: &Member, slug: &str) -> Result<()> {
    let seen = access::see(app, slug, Some(member)).await?;
    let (team, id) = (team(app, &seen)?, seen.competition.id);
    let mut tx = app.db.begin().await?;
    if !store::unbind(&mut tx, id, team).await? {
        return Err(AppError::NotFound);
    }
    tell(&mut tx, id).await?;
    tx.commit().await?;
    Ok(())
}

async fn tell(conn: &mut sqlx::PgConnection, competition: CompetitionId) -> sqlx::Result<()> {
    announce(conn, Event::Board { competition_id: competition.0 }).await
}
