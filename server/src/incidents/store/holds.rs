//! Ends that pass while an outage lasts, of competitions whose hosts agreed that they wait for it.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::ids::{CompetitionId, IncidentId, UserId};

/// An outage that lasts longer holds nothing any more.
const LONGEST_DAYS: i32 = 7;

/// The latest of the ends that passed since `seen_at` and have not taken effect.
///
/// # Errors
/// Those of the database.
pub async fn latest_in_doubt(
    conn: &mut PgConnection,
    seen_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!(
        "select max(ends_at) from competitions
         where launched_at is not null and settled_at is null and moves_over_outage
           and ends_at > $1 and ends_at <= $2",
        seen_at,
        now,
    )
    .fetch_one(conn)
    .await
}

/// The next end that an outage could move.
///
/// # Errors
/// Those of the database.
pub async fn next_end(conn: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!(
        "select min(ends_at) from competitions
         where launched_at is not null and settled_at is null and moves_over_outage and ends_at > $1",
        now,
    )
    .fetch_one(conn)
    .await
}

/// Has whoever ends an outage wait until this transaction ends.
///
/// # Errors
/// Those of the database.
pub async fn lock_lasting(conn: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("select id from incidents where ended_at is null order by id for share")
        .fetch_all(conn)
        .await?;
    Ok(())
}

/// An end that passed during an outage.
pub struct Waiting {
    pub id: CompetitionId,
    pub created_by: UserId,
    pub incident: IncidentId,
    /// What the outage is called.
    pub title: String,
    /// From where its length counts: its beginning, or the end of an outage that moved this end before.
    pub since: DateTime<Utc>,
    /// `None` while it lasts.
    pub ended_at: Option<DateTime<Utc>>,
    /// Where the end was to be; `None` where it has not moved yet.
    pub held_end_at: Option<DateTime<Utc>>,
    pub ends_at: DateTime<Utc>,
}

/// Those that passed since `seen_at`, each with the oldest outage that lay over it.
///
/// # Errors
/// Those of the database.
pub async fn waiting(
    conn: &mut PgConnection,
    seen_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Waiting>> {
    sqlx::query_as!(
        Waiting,
        "select c.id as \"id: CompetitionId\", c.created_by as \"created_by: UserId\",
                i.id as \"incident: IncidentId\", i.title, coalesce(o.held_since, i.since) as \"since!\", i.ended_at,
                o.held_end_at as \"held_end_at?\", c.ends_at as \"ends_at!\"
         from competitions c
         cross join lateral (
             select max((select h.ended_at from incidents h where h.id = e.incident_id)) as until
             from extension_offers e
             where e.competition_id = c.id and e.held_end_at is not null
         ) earlier
         cross join lateral (
             select id, title, greatest(began_at, earlier.until) as since, ended_at
             from incidents
             where began_at >= greatest(c.starts_at, $2::timestamptz - make_interval(days => $3))
               and affects && array['pages', 'uploads']
               and greatest(began_at, earlier.until) < c.ends_at
               and (ended_at is null or ended_at > c.ends_at)
             order by began_at, id
             limit 1
         ) i
         left join extension_offers o on o.incident_id = i.id and o.competition_id = c.id
         where c.launched_at is not null and c.settled_at is null and c.moves_over_outage
           and c.ends_at > $1 and c.ends_at <= $2
         order by c.id",
        seen_at,
        now,
        LONGEST_DAYS,
    )
    .fetch_all(conn)
    .await
}

/// The question of this outage with the answer that was given beforehand, while the outage lasts or just after.
///
/// # Errors
/// Those of the database.
pub async fn hold(conn: &mut PgConnection, held: &Waiting, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into extension_offers
             (incident_id, competition_id, asked_at, is_accepted, answered_by, answered_at, held_since, held_end_at)
         values ($1, $2, $4, true, $3, $4, $5, $6)",
        held.incident.0,
        held.id.0,
        held.created_by.0,
        now,
        held.since,
        held.ends_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// An end that an outage moved while it lasted.
pub struct Held {
    pub id: CompetitionId,
    pub created_by: UserId,
    pub since: DateTime<Utc>,
    /// Where the end was to be.
    pub end_at: DateTime<Utc>,
}

/// Those of an outage that have not taken effect.
///
/// # Errors
/// Those of the database.
pub async fn held(conn: &mut PgConnection, incident: IncidentId) -> sqlx::Result<Vec<Held>> {
    sqlx::query_as!(
        Held,
        "select c.id as \"id: CompetitionId\", c.created_by as \"created_by: UserId\",
                o.held_since as \"since!\", o.held_end_at as \"end_at!\"
         from extension_offers o
         join competitions c on c.id = o.competition_id
         where o.incident_id = $1 and o.held_end_at is not null and not is_over(c)
         order by c.id",
        incident.0,
    )
    .fetch_all(conn)
    .await
}
