//! Every SQL statement about accounts.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;

use crate::accounts::model::Member;
use crate::audit_log;
use crate::ids::UserId;

/// What signing in needs to know.
#[derive(Debug)]
pub struct Credentials {
    pub member: Member,
    pub email: String,
    pub password_hash: String,
    pub suspended_at: Option<DateTime<Utc>>,
    pub suspended_until: Option<DateTime<Utc>>,
    /// Whether the address, for which the account was let in, is still to be confirmed.
    pub must_confirm: bool,
}

/// Of accounts that never had one: they sign in elsewhere.
pub const NO_PASSWORD: &str = "!";

impl Credentials {
    pub fn has_password(&self) -> bool {
        self.password_hash != NO_PASSWORD
    }
}

struct Row {
    id: UserId,
    username: String,
    display_name: String,
    is_admin: bool,
    has_confirmed_email: bool,
    email: String,
    password_hash: String,
    suspended_at: Option<DateTime<Utc>>,
    suspended_until: Option<DateTime<Utc>>,
    must_confirm: bool,
}

impl From<Row> for Credentials {
    fn from(row: Row) -> Self {
        let member = Member {
            id: row.id,
            username: row.username,
            display_name: row.display_name,
            is_admin: row.is_admin,
            has_confirmed_email: row.has_confirmed_email,
        };
        Self {
            member,
            email: row.email,
            password_hash: row.password_hash,
            suspended_at: row.suspended_at,
            suspended_until: row.suspended_until,
            must_confirm: row.must_confirm,
        }
    }
}

/// # Errors
/// Those of the database.
async fn credentials_by_username(
    conn: &mut PgConnection,
    username: &str,
) -> sqlx::Result<Option<Credentials>> {
    let row = sqlx::query_as!(
        Row,
        "select id as \"id: UserId\", username, display_name, is_admin, email_confirmed_at is not null as \"has_confirmed_email!\",
                email, password_hash, suspended_at, suspended_until,
                must_confirm and email_confirmed_at is null as \"must_confirm!\"
         from users
         where username = $1",
        username,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(Into::into))
}

/// # Errors
/// Those of the database.
async fn credentials_by_email(conn: &mut PgConnection, email: &str) -> sqlx::Result<Option<Credentials>> {
    let row = sqlx::query_as!(
        Row,
        "select id as \"id: UserId\", username, display_name, is_admin, email_confirmed_at is not null as \"has_confirmed_email!\",
                email, password_hash, suspended_at, suspended_until,
                must_confirm and email_confirmed_at is null as \"must_confirm!\"
         from users
         where email = $1",
        email,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(Into::into))
}

/// # Errors
/// Those of the database.
pub async fn credentials_by_id(conn: &mut PgConnection, user: UserId) -> sqlx::Result<Option<Credentials>> {
    let row = sqlx::query_as!(
        Row,
        "select id as \"id: UserId\", username, display_name, is_admin, email_confirmed_at is not null as \"has_confirmed_email!\",
                email, password_hash, suspended_at, suspended_until,
                must_confirm and email_confirmed_at is null as \"must_confirm!\"
         from users
         where id = $1",
        user.0,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(Into::into))
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
    /// Whether the address is known to be theirs.
    pub has_confirmed_email: bool,
    /// Whether nobody signs in to it before.
    pub must_confirm: bool,
}

/// # Errors
/// Those of the database; `users_username_taken` and `users_email_taken` are for the person.
pub async fn insert(conn: &mut PgConnection, user: &NewUser<'_>, now: DateTime<Utc>) -> sqlx::Result<UserId> {
    sqlx::query_scalar!(
        "insert into users (username, email, display_name, password_hash, created_at, email_confirmed_at, must_confirm)
         values ($1, $2, $3, $4, $5::timestamptz, case when $6::boolean then $5::timestamptz end, $7)
         returning id as \"id: UserId\"",
        user.username,
        user.email,
        user.display_name,
        user.password_hash,
        now,
        user.has_confirmed_email,
        user.must_confirm,
    )
    .fetch_one(conn)
    .await
}

/// Whether a launched competition by invitation names this address.
///
/// # Errors
/// Those of the database.
pub async fn is_invited(conn: &mut PgConnection, email: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        "select exists (
            select from competition_invitations i
            where i.email = $1
              and (select visibility = 'invitation' and launched_at is not null
                   from competitions where id = i.competition_id)) as \"is_invited!\"",
        email,
    )
    .fetch_one(conn)
    .await
}

/// # Errors
/// Those of the database.
pub async fn set_password(conn: &mut PgConnection, user: UserId, password_hash: &str) -> sqlx::Result<()> {
    sqlx::query!("update users set password_hash = $2 where id = $1", user.0, password_hash)
        .execute(conn)
        .await?;
    Ok(())
}

/// # Errors
/// Those of the database.
pub async fn set_profile(
    conn: &mut PgConnection,
    user: UserId,
    display_name: &str,
    bio: &str,
) -> sqlx::Result<()> {
    sqlx::query!("update users set display_name = $2, bio = $3 where id = $1", user.0, display_name, bio)
        .execute(conn)
        .await?;
    Ok(())
}

/// # Errors
/// Those of the database.
pub async fn has_admin(conn: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        "select exists (select from users where is_admin and suspended_at is null) as \"has!\""
    )
    .fetch_one(conn)
    .await
}

/// Makes somebody an administrator and puts it on record. Whoever runs the site is taken at their word on their address.
///
/// # Errors
/// Those of the database.
pub async fn make_admin(conn: &mut PgConnection, user: UserId, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "update users set is_admin = true, email_confirmed_at = coalesce(email_confirmed_at, $2) where id = $1",
        user.0,
        now,
    )
    .execute(&mut *conn)
    .await?;
    audit_log::record(conn, now, user, "became_admin", None, &json!({})).await
}

/// Whether an administrator lets this person host, whoever else may.
///
/// # Errors
/// Those of the database.
pub async fn may_host(conn: &mut PgConnection, user: UserId) -> sqlx::Result<bool> {
    sqlx::query_scalar!("select may_host from users where id = $1", user.0).fetch_one(conn).await
}

/// # Errors
/// Those of the database.
pub async fn bio(conn: &mut PgConnection, user: UserId) -> sqlx::Result<String> {
    sqlx::query_scalar!("select bio from users where id = $1", user.0).fetch_one(conn).await
}

/// The words of a person's that others see.
#[derive(Debug)]
pub struct Words {
    pub display_name: String,
    pub bio: String,
}

/// Waits for whoever changes this profile, and reads it as it is then.
///
/// # Errors
/// Those of the database.
pub async fn lock_profile(conn: &mut PgConnection, user: UserId) -> sqlx::Result<Words> {
    sqlx::query_as!(Words, "select display_name, bio from users where id = $1 for update", user.0)
        .fetch_one(conn)
        .await
}
