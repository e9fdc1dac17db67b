//! All SQL about webhooks and their messages.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::model::{Delivery, Due, TRIAL, Webhook};
use super::register::Wish;
use crate::ids::{CompetitionId, UserId, WebhookId};

/// # Errors
/// Those of the database.
pub async fn list(conn: &mut PgConnection, competition: CompetitionId) -> sqlx::Result<Vec<Webhook>> {
    sqlx::query_as!(
        Webhook,
        "select id as \"id: WebhookId\", url, secret, events, created_at, disabled_at
         from webhooks where competition_id = $1 order by id",
        competition.0,
    )
    .fetch_all(conn)
    .await
}

/// # Errors
/// Those of the database.
pub async fn find(
    conn: &mut PgConnection,
    competition: CompetitionId,
    id: WebhookId,
) -> sqlx::Result<Option<Webhook>> {
    sqlx::query_as!(
        Webhook,
        "select id as \"id: WebhookId\", url, secret, events, created_at, disabled_at
         from webhooks where competition_id = $1 and id = $2",
        competition.0,
        id.0,
    )
    .fetch_optional(conn)
    .await
}

/// Lets one after the other add a webhook to a competition, without holding up anything else.
///
/// # Errors
/// Those of the database.
pub async fn lock_competition(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<()> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended('webhooks', $1))", id.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// # Errors
/// Those of the database.
pub async fn count(conn: &mut PgConnection, competition: CompetitionId) -> sqlx::Result<i64> {
    sqlx::query_scalar!("select count(*) as \"n!\" from webhooks where competition_id = $1", competition.0)
        .fetch_one(conn)
        .await
}

/// # Errors
/// Those of the database.
pub async fn insert(
    conn: &mut PgConnection,
    competition: CompetitionId,
    creator: UserId,
    wish: &Wish,
    secret: &[u8],
    now: DateTime<Utc>,
) -> sqlx::Result<Webhook> {
    sqlx::query_as!(
        Webhook,
        "insert into webhooks (competition_id, url, secret, events, created_by, created_at)
         values ($1, $2, $3, $4, $5, $6)
         returning id as \"id: WebhookId\", url, secret, events, created_at, disabled_at",
        competition.0,
        wish.url,
        secret,
        &wish.events,
        creator.0,
        now,
    )
    .fetch_one(conn)
    .await
}

/// `false` when there is none.
///
/// # Errors
/// Those of the database.
pub async fn remove(
    conn: &mut PgConnection,
    competition: CompetitionId,
    id: WebhookId,
) -> sqlx::Result<bool> {
    let done =
        sqlx::query!("delete from webhooks where competition_id = $1 and id = $2", competition.0, id.0)
            .execute(conn)
            .await?;
    Ok(done.rows_affected() == 1)
}

/// Puts a trial into the outbox; `false` when ten messages to this webhook wait.
///
/// # Errors
/// Those of the database.
pub async fn ping(
    conn: &mut PgConnection,
    id: WebhookId,
    slug: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let payload = serde_json::json!({
        "type": TRIAL,
        "timestamp": now.to_rfc3339_opts(chrono::SecondsFormat::Micros, true),
        "data": { "competition": slug },
    });
    let done = sqlx::query!(
        "insert into webhook_deliveries (webhook_id, event, payload, created_at, next_attempt_at)
         select $1, $2, $3, $4, $4
         where (select count(*) from (
             select from webhook_deliveries
             where webhook_id = $1 and next_attempt_at is not null
             order by id desc limit 10
         ) waiting) < 10",
        id.0,
        TRIAL,
        payload,
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Messages to a webhook, newest first.
///
/// # Errors
/// Those of the database.
pub async fn deliveries(
    conn: &mut PgConnection,
    id: WebhookId,
    before: i64,
    limit: i64,
) -> sqlx::Result<Vec<Delivery>> {
    sqlx::query_as!(
        Delivery,
        "select id, message_id, event, created_at, attempts, next_attempt_at, delivered_at, last_status, last_error
         from webhook_deliveries
         where webhook_id = $1 and id < $2
         order by id desc
         limit $3",
        id.0,
        before,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// Takes the message whose turn it is, and sets its next attempt; the last one has none.
///
/// # Errors
/// Those of the database.
pub async fn claim(conn: &mut PgConnection, now: DateTime<Utc>, pauses: &[f64]) -> sqlx::Result<Option<Due>> {
    sqlx::query_as!(
        Due,
        "with due as materialized (
             select id from webhook_deliveries
             where next_attempt_at <= $1
             order by next_attempt_at
             limit 1
             for update skip locked
         )
         update webhook_deliveries d
         set attempts = d.attempts + 1,
             next_attempt_at = $1 + make_interval(secs => ($2::float8[])[d.attempts + 1])
         from due, webhooks w
         where d.id = due.id and w.id = d.webhook_id
         returning d.id, d.webhook_id as \"webhook_id: WebhookId\", d.message_id, d.payload, w.url, w.secret",
        now,
        pauses,
    )
    .fetch_optional(conn)
    .await
}

/// # Errors
/// Those of the database.
pub async fn delivered(
    conn: &mut PgConnection,
    id: i64,
    status: u16,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update webhook_deliveries
         set delivered_at = $3, next_attempt_at = null, last_status = $2, last_error = null
         where id = $1",
        id,
        i32::from(status),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Says why an attempt failed; when the next one is due stands already.
///
/// # Errors
/// Those of the database.
pub async fn failed(conn: &mut PgConnection, id: i64, status: Option<u16>, why: &str) -> sqlx::Result<()> {
    sqlx::query!(
        "update webhook_deliveries set last_status = $2, last_error = $3 where id = $1 and delivered_at is null",
        id,
        status.map(i32::from),
        why,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Sends nothing more to a webhook.
///
/// # Errors
/// Those of the database.
pub async fn disable(conn: &mut PgConnection, id: WebhookId, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "with gone as (update webhooks set disabled_at = $2 where id = $1 returning id)
         update webhook_deliveries d set next_attempt_at = null
         from gone where d.webhook_id = gone.id and d.next_attempt_at is not null",
        id.0,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}
