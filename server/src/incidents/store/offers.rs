//! What hosts are asked after an outage, and what they answered.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use crate::ids::{CompetitionId, IncidentId, UserId};
use crate::incidents::model::exactly;

/// One question, with its answer.
#[derive(Debug, Clone)]
pub struct Offer {
    pub incident: IncidentId,
    pub title: String,
    pub began_at: DateTime<Utc>,
    /// Now, while it lasts over an end that waits for it.
    pub ended_at: DateTime<Utc>,
    pub asked_at: DateTime<Utc>,
    /// `None`: no host has answered.
    pub is_accepted: Option<bool>,
    /// Empty where nobody has, or the account is gone.
    pub answered_by: String,
    pub answered_at: Option<DateTime<Utc>>,
}

impl Offer {
    pub fn length(&self) -> TimeDelta {
        self.ended_at - self.began_at
    }

    /// In words.
    pub fn exact_length(&self) -> String {
        exactly(self.length())
    }

    pub fn sample() -> Self {
        let at = DateTime::UNIX_EPOCH;
        Self {
            incident: IncidentId(1),
            title: "Files could not be stored".to_owned(),
            began_at: at,
            ended_at: at + TimeDelta::minutes(91),
            asked_at: at + TimeDelta::minutes(91),
            is_accepted: None,
            answered_by: String::new(),
            answered_at: None,
        }
    }
}

/// A competition whose hosts are asked now.
pub struct Asked {
    pub id: CompetitionId,
    pub title: String,
}

/// Writes the questions down for those competitions that had begun by the end of the outage, run now, and end before
/// `until`; gives those that were not asked before.
///
/// # Errors
/// Those of the database.
pub async fn ask(
    conn: &mut PgConnection,
    incident: IncidentId,
    ended_at: DateTime<Utc>,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Asked>> {
    sqlx::query_as!(
        Asked,
        "with concerned as (
             select id, title from competitions
             where launched_at is not null and settled_at is null
               and starts_at < $2 and ends_at > $4 and ends_at <= $3
         ), asked as (
             insert into extension_offers (incident_id, competition_id, asked_at)
             select $1, id, $4 from concerned
             on conflict do nothing
             returning competition_id
         )
         select c.id as \"id: CompetitionId\", c.title from concerned c join asked a on a.competition_id = c.id
         order by c.id",
        incident.0,
        ended_at,
        until,
        now,
    )
    .fetch_all(conn)
    .await
}

/// A competition that ended while nobody was there, and whose host agreed beforehand that its end moves.
pub struct EndedUnseen {
    pub id: CompetitionId,
    pub title: String,
    pub created_by: UserId,
}

/// Those that ran at `since`, were to end by `now`, and stand open.
///
/// # Errors
/// Those of the database.
pub async fn ended_unseen(
    conn: &mut PgConnection,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<EndedUnseen>> {
    sqlx::query_as!(
        EndedUnseen,
        "select id as \"id: CompetitionId\", title, created_by as \"created_by: UserId\"
         from competitions
         where launched_at is not null and settled_at is null and ends_at > $1 and ends_at <= $2
           and starts_at <= $1 and moves_over_outage
         order by id",
        since,
        now,
    )
    .fetch_all(conn)
    .await
}

/// The question with the answer that was given beforehand.
///
/// # Errors
/// Those of the database.
pub async fn agreed_beforehand(
    conn: &mut PgConnection,
    incident: IncidentId,
    competition: CompetitionId,
    host: UserId,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into extension_offers (incident_id, competition_id, asked_at, is_accepted, answered_by, answered_at)
         values ($1, $2, $4, true, $3, $4)",
        incident.0,
        competition.0,
        host.0,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Those of a competition behind `before`, newest first.
///
/// # Errors
/// Those of the database.
pub async fn list(
    conn: &mut PgConnection,
    competition: CompetitionId,
    before: i64,
    limit: i64,
) -> sqlx::Result<Vec<Offer>> {
    sqlx::query_as!(
        Offer,
        "select o.incident_id as \"incident: IncidentId\", i.title,
                coalesce(o.held_since, i.began_at) as \"began_at!\",
                coalesce(i.ended_at, clock_now()) as \"ended_at!\", o.asked_at, o.is_accepted,
                coalesce(u.display_name, '') as \"answered_by!\", o.answered_at
         from extension_offers o
         join incidents i on i.id = o.incident_id
         left join users u on u.id = o.answered_by
         where o.competition_id = $1 and o.incident_id < $2
         order by o.incident_id desc
         limit $3",
        competition.0,
        before,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// # Errors
/// Those of the database.
pub async fn find(
    conn: &mut PgConnection,
    competition: CompetitionId,
    incident: IncidentId,
) -> sqlx::Result<Option<Offer>> {
    let found = list(conn, competition, incident.0.saturating_add(1), 1).await?.pop();
    Ok(found.filter(|offer| offer.incident == incident))
}

/// Its caller holds the competition.
///
/// # Errors
/// Those of the database.
pub async fn answer(
    conn: &mut PgConnection,
    competition: CompetitionId,
    incident: IncidentId,
    is_accepted: bool,
    host: UserId,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update extension_offers
         set is_accepted = $3, answered_by = $4, answered_at = $5
         where competition_id = $1 and incident_id = $2",
        competition.0,
        incident.0,
        is_accepted,
        host.0,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}
