//! Reads of write-ups, for pages and JSON alike.

use super::bind;
use super::model::{Choice, OwnTopic, Owner, WriteUp};
use super::store;
use crate::app::App;
use crate::competitions::access::Seen;
use crate::error::{AppError, Result};
use crate::forum::subjects::SeenSubject;
use crate::ids::TopicId;

/// Offered for choice at most.
const TOPICS: i64 = 100;

/// What a team's page shows once the competition is over.
#[derive(Debug, Clone)]
pub struct Desk {
    pub write_up: Option<WriteUp>,
    /// What else could be it.
    pub topics: Vec<OwnTopic>,
}

impl Desk {
    pub fn sample() -> Self {
        let topic = OwnTopic { id: TopicId(2), title: "What worked".to_owned() };
        Self { write_up: Some(WriteUp::sample()), topics: vec![topic] }
    }
}

/// `None` before the end, and for who is in no team.
///
/// # Errors
/// Those of the database.
pub async fn desk(app: &App, seen: &Seen) -> Result<Option<Desk>> {
    let Ok(team) = bind::team(app, seen) else { return Ok(None) };
    let mut conn = app.db.acquire().await?;
    let write_up = store::of_team(&mut conn, seen.competition.id, team).await?;
    let mut topics = store::own_topics(&mut conn, seen.competition.id, team, TOPICS).await?;
    topics.retain(|topic| write_up.as_ref().is_none_or(|chosen| chosen.id != topic.id));
    Ok(Some(Desk { write_up, topics }))
}

/// The write-up of the caller's team.
///
/// # Errors
/// As [`bind::team`]; [`AppError::NotFound`] where it chose none.
pub async fn own(app: &App, seen: &Seen) -> Result<WriteUp> {
    let team = bind::team(app, seen)?;
    let mut conn = app.db.acquire().await?;
    store::of_team(&mut conn, seen.competition.id, team).await?.ok_or(AppError::NotFound)
}

/// Whose write-up a topic is, and what its viewer may say of it.
///
/// # Errors
/// Those of the database.
pub async fn of_topic(
    app: &App,
    seen: &SeenSubject,
    topic: TopicId,
) -> Result<(Option<Owner>, Option<Choice>)> {
    let Some(competition) = &seen.competition else { return Ok((None, None)) };
    let mut conn = app.db.acquire().await?;
    let owner = store::owner(&mut conn, topic).await?;
    let choice = match bind::team(app, competition) {
        Ok(team) if owner.as_ref().is_some_and(|owner| owner.team_id == team) => Some(Choice::Unbind),
        Ok(_) if seen.is_own && owner.is_none() && seen.under.is_shown() => Some(Choice::Bind),
        _ => None,
    };
    Ok((owner, choice))
}
