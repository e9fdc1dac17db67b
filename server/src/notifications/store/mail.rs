//! Letters that are due, and whether somebody wants any.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::ids::{SubjectId, UserId};
use crate::notifications::model::{Event, MailChoice, Notification, Reason};

/// Told in one letter; the rest follows in the next.
const MOST_IN_A_LETTER: i64 = 50;
const EXCERPT: i32 = 240;

/// Somebody to whom a letter is due; one of its reasons is locked until this transaction ends.
///
/// # Errors
/// Those of the database.
pub async fn next_due(conn: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<Option<UserId>> {
    sqlx::query_scalar!(
        "select user_id as \"id: UserId\" from notifications
         where mail_at <= $1
         order by mail_at
         limit 1
         for update skip locked",
        now,
    )
    .fetch_optional(conn)
    .await
}

/// Takes what is due to somebody off the list, and gives of it what is unread and can still be seen.
///
/// # Errors
/// Those of the database.
pub async fn take_due(
    conn: &mut PgConnection,
    user: UserId,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Notification>> {
    let ids = sqlx::query_scalar!(
        "update notifications set mail_at = null
         where id = any (array(
             select id from notifications where user_id = $1 and mail_at <= $2 order by mail_at limit $3
             for update skip locked
         ))
         returning id",
        user.0,
        now,
        MOST_IN_A_LETTER,
    )
    .fetch_all(&mut *conn)
    .await?;
    sqlx::query_as!(
        Notification,
        "select id as \"id!\", event as \"event!: Event\", reason as \"reason!: Reason\",
                subject_id as \"subject_id: SubjectId\", is_post as \"is_post!\",
                competition_slug as \"competition_slug!\", actor as \"actor!\",
                title as \"title!\", left(plain, $3) as \"excerpt!\", words as \"words!\",
                created_at as \"created_at!\", read_at, owner, slug
         from readable_notifications
         where user_id = $1 and id = any($2) and read_at is null
         order by id",
        user.0,
        &ids,
        EXCERPT,
    )
    .fetch_all(conn)
    .await
}

/// Where letters to somebody go, and what stops them.
#[derive(Debug, Clone)]
pub struct Addressee {
    pub email: String,
    pub unsubscribe_token: Uuid,
}

/// `None` for somebody who is suspended, made up, wants no letters, or whose address is not known to be theirs.
///
/// # Errors
/// Those of the database.
pub async fn addressee(conn: &mut PgConnection, user: UserId) -> sqlx::Result<Option<Addressee>> {
    sqlx::query!("insert into mail_preferences (user_id) values ($1) on conflict do nothing", user.0)
        .execute(&mut *conn)
        .await?;
    sqlx::query_as!(
        Addressee,
        "select u.email, m.unsubscribe_token
         from users u
         join mail_preferences m on m.user_id = u.id
         where u.id = $1 and u.suspended_at is null and u.email_confirmed_at is not null and not u.is_synthetic
           and m.mail <> 'never'",
        user.0,
    )
    .fetch_optional(conn)
    .await
}

/// # Errors
/// Those of the database.
pub async fn choice(conn: &mut PgConnection, user: UserId) -> sqlx::Result<MailChoice> {
    let choice = sqlx::query_scalar!(
        "select mail as \"mail: MailChoice\" from mail_preferences where user_id = $1",
        user.0,
    )
    .fetch_optional(conn)
    .await?;
    Ok(choice.unwrap_or_default())
}

/// Sets the choice, for what waits already too.
///
/// # Errors
/// Those of the database.
pub async fn choose(
    conn: &mut PgConnection,
    user: UserId,
    choice: MailChoice,
    next_letter_at: Option<DateTime<Utc>>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into mail_preferences (user_id, mail) values ($1, $2)
         on conflict (user_id) do update set mail = excluded.mail",
        user.0,
        choice as MailChoice,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "update notifications set mail_at = $2 where user_id = $1 and mail_at is not null",
        user.0,
        next_letter_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whose letters a token stops.
///
/// # Errors
/// Those of the database.
pub async fn find_by_token(conn: &mut PgConnection, token: Uuid) -> sqlx::Result<Option<UserId>> {
    sqlx::query_scalar!(
        "select user_id as \"id: UserId\" from mail_preferences where unsubscribe_token = $1",
        token,
    )
    .fetch_optional(conn)
    .await
}
