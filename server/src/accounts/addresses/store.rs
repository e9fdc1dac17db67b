//! Every SQL statement about addresses of people; those about links are with the other links.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::ids::UserId;

/// How it stands with somebody's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub email: String,
    pub confirmed_at: Option<DateTime<Utc>>,
    /// The address that is theirs once its link is used.
    pub pending: Option<String>,
    /// Until when its link can be used.
    pub pending_until: Option<DateTime<Utc>>,
}

/// # Errors
/// Those of the database.
pub async fn standing(conn: &mut PgConnection, user: UserId, now: DateTime<Utc>) -> sqlx::Result<Standing> {
    sqlx::query_as!(
        Standing,
        "select u.email, u.email_confirmed_at as confirmed_at, l.email as \"pending?\", l.expires_at as \"pending_until?\"
         from users u
         left join one_time_links l
           on l.user_id = u.id and l.purpose = 'confirm_email' and l.used_at is null and l.expires_at > $2
              and l.email <> u.email
         where u.id = $1",
        user.0,
        now,
    )
    .fetch_one(conn)
    .await
}

/// An account, locked until the transaction ends.
#[derive(Debug)]
pub struct Holder {
    pub username: String,
    pub email: String,
    pub is_confirmed: bool,
}

/// `None` where there is no such account, or one that is suspended.
///
/// # Errors
/// Those of the database.
pub async fn lock(conn: &mut PgConnection, user: UserId) -> sqlx::Result<Option<Holder>> {
    sqlx::query_as!(
        Holder,
        "select username, email, email_confirmed_at is not null as \"is_confirmed!\"
         from users
         where id = $1 and suspended_at is null
         for update",
        user.0,
    )
    .fetch_optional(conn)
    .await
}

/// Whether any account has this address.
///
/// # Errors
/// Those of the database.
pub async fn is_taken(conn: &mut PgConnection, email: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar!("select exists (select from users where email = $1) as \"taken!\"", email)
        .fetch_one(conn)
        .await
}

/// Takes the account's address as confirmed; `false` where it was before.
///
/// # Errors
/// Those of the database.
pub async fn confirm(conn: &mut PgConnection, user: UserId, now: DateTime<Utc>) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update users set email_confirmed_at = $2 where id = $1 and email_confirmed_at is null",
        user.0,
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The same where it is this very address.
///
/// # Errors
/// Those of the database.
pub async fn confirm_if(
    conn: &mut PgConnection,
    user: UserId,
    email: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update users set email_confirmed_at = $3 where id = $1 and email = $2 and email_confirmed_at is null",
        user.0,
        email,
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives an account an address that is known to be theirs.
///
/// # Errors
/// Those of the database; `users_email_taken` where another account has it.
pub async fn set(conn: &mut PgConnection, user: UserId, email: &str, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("update users set email = $2, email_confirmed_at = $3 where id = $1", user.0, email, now)
        .execute(conn)
        .await?;
    Ok(())
}
