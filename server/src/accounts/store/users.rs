//! Every SQL statement about accounts.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::ids::UserId;

/// What signing in needs to know.
#[derive(Debug)]
pub struct Credentials {
    pub id: UserId,
    pub username: String,
    pub email: String,
    pub password_hash: String,
    pub suspended_at: Option<DateTime<Utc>>,
}

/// # Errors
/// Those of the database.
pub async fn credentials_by_username(
    conn: &mut PgConnection,
    username: &str,
) -> sqlx::Result<Option<Credentials>> {
    sqlx::query_as!(
        Credentials,
        "select id as \"id: UserId\", username, email, password_hash, suspended_at
         from users
         where username = $1",
        username,
    )
    .fetch_optional(conn)
    .await
}

/// # Errors
/// Those of the database.
pub async fn credentials_by_email(conn: &mut PgConnection, email: &str) -> sqlx::Result<Option<Credentials>> {
    sqlx::query_as!(
        Credentials,
        "select id as \"id: UserId\", username, email, password_hash, suspended_at
         from users
         where email = $1",
        email,
    )
    .fetch_optional(conn)
    .await
}

/// By user name or e-mail address: only the latter has an `@`.
///
/// # Errors
/// Those of the database.
pub async fn credentials(conn: &mut PgConnection, login: &str) -> sqlx::Result<Option<Credentials>> {
    let login = login.trim().to_lowercase();
    if login.contains('@') {
        credentials_by_email(conn, &login).await
    } else {
        credentials_by_username(conn, &login).await
    }
}

/// A new account, as it is stored.
#[derive(Debug)]
pub struct NewUser<'a> {
    pub username: &'a str,
    pub email: &'a str,
    pub display_name: &'a str,
    pub password_hash: &'a str,
}

/// # Errors
/// Those of the database; `users_username_taken` and `users_email_taken` are for the person.
pub async fn insert(conn: &mut PgConnection, user: &NewUser<'_>, now: DateTime<Utc>) -> sqlx::Result<UserId> {
    sqlx::query_scalar!(
        "insert into users (username, email, display_name, password_hash, created_at)
         values ($1, $2, $3, $4, $5)
         returning id as \"id: UserId\"",
        user.username,
        user.email,
        user.display_name,
        user.password_hash,
        now,
    )
    .fetch_one(conn)
    .await
}
