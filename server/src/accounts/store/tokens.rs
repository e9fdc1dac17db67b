//! Every SQL statement about API tokens.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::accounts::model::Member;
use crate::ids::{TokenId, UserId};

/// A valid token's owner and what it may do.
#[derive(Debug)]
pub struct Bearer {
    pub id: TokenId,
    pub member: Member,
    pub scopes: Vec<String>,
    pub expires_at: Option<DateTime<Utc>>,
    pub last_used_at: Option<DateTime<Utc>>,
}

/// # Errors
/// Those of the database.
pub async fn find(
    conn: &mut PgConnection,
    token_hash: &[u8; 32],
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Bearer>> {
    let row = sqlx::query!(
        "select t.id as \"token_id: TokenId\", t.scopes, t.expires_at, t.last_used_at,
                u.id as \"id: UserId\", u.username, u.display_name, u.is_admin,
                u.email_confirmed_at is not null as \"has_confirmed_email!\"
         from api_tokens t
         join users u on u.id = t.user_id
         where t.token_hash = $1 and t.revoked_at is null and (t.expires_at is null or t.expires_at > $2)
           and u.suspended_at is null",
        token_hash.as_slice(),
        now,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Bearer {
        id: row.token_id,
        member: Member {
            id: row.id,
            username: row.username,
            display_name: row.display_name,
            is_admin: row.is_admin,
            has_confirmed_email: row.has_confirmed_email,
        },
        scopes: row.scopes,
        expires_at: row.expires_at,
        last_used_at: row.last_used_at,
    }))
}

/// # Errors
/// Those of the database.
pub async fn note_use(conn: &mut PgConnection, token: TokenId, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("update api_tokens set last_used_at = $2 where id = $1", token.0, now).execute(conn).await?;
    Ok(())
}

/// A new token, as it is stored.
#[derive(Debug)]
pub struct NewToken<'a> {
    pub user: UserId,
    pub name: &'a str,
    pub token_hash: [u8; 32],
    pub hint: &'a str,
    pub scopes: &'a [String],
    pub expires_at: Option<DateTime<Utc>>,
}

/// # Errors
/// Those of the database.
pub async fn insert(
    conn: &mut PgConnection,
    token: &NewToken<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<TokenId> {
    sqlx::query_scalar!(
        "insert into api_tokens (user_id, name, token_hash, hint, scopes, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7)
         returning id as \"id: TokenId\"",
        token.user.0,
        token.name,
        token.token_hash.as_slice(),
        token.hint,
        token.scopes,
        now,
        token.expires_at,
    )
    .fetch_one(conn)
    .await
}

/// A token in its owner's list.
#[derive(Debug, Clone)]
pub struct Listed {
    pub id: TokenId,
    pub name: String,
    pub hint: String,
    pub scopes: Vec<String>,
    pub created_at: DateTime<Utc>,
    pub expires_at: Option<DateTime<Utc>>,
    pub last_used_at: Option<DateTime<Utc>>,
}

impl Listed {
    pub fn is_expired(&self, now: &DateTime<Utc>) -> bool {
        self.expires_at.is_some_and(|at| at <= *now)
    }
}

/// A person's tokens that are not revoked, newest first, at most 100.
///
/// # Errors
/// Those of the database.
pub async fn list(conn: &mut PgConnection, user: UserId) -> sqlx::Result<Vec<Listed>> {
    sqlx::query_as!(
        Listed,
        "select id as \"id: TokenId\", name, hint, scopes, created_at, expires_at, last_used_at
         from api_tokens
         where user_id = $1 and revoked_at is null
         order by id desc
         limit 100",
        user.0,
    )
    .fetch_all(conn)
    .await
}

/// Locks the person's row, so that two requests cannot both be the last that fits, and counts the
/// tokens in use.
///
/// # Errors
/// Those of the database.
pub async fn lock_and_count(conn: &mut PgConnection, user: UserId, now: DateTime<Utc>) -> sqlx::Result<i64> {
    sqlx::query!("select id from users where id = $1 for update", user.0).fetch_one(&mut *conn).await?;
    sqlx::query_scalar!(
        "select count(*) as \"n!\"
         from api_tokens
         where user_id = $1 and revoked_at is null and (expires_at is null or expires_at > $2)",
        user.0,
        now,
    )
    .fetch_one(conn)
    .await
}

/// The scopes of a person's token that is not revoked.
///
/// # Errors
/// Those of the database.
pub async fn scopes(
    conn: &mut PgConnection,
    user: UserId,
    token: TokenId,
) -> sqlx::Result<Option<Vec<String>>> {
    sqlx::query_scalar!(
        "select scopes from api_tokens where id = $2 and user_id = $1 and revoked_at is null",
        user.0,
        token.0,
    )
    .fetch_optional(conn)
    .await
}

/// Its name; `None` when the token is not this person's or was revoked before.
///
/// # Errors
/// Those of the database.
pub async fn revoke(
    conn: &mut PgConnection,
    user: UserId,
    token: TokenId,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!(
        "update api_tokens
         set revoked_at = $3
         where id = $2 and user_id = $1 and revoked_at is null
         returning name",
        user.0,
        token.0,
        now,
    )
    .fetch_optional(conn)
    .await
}

/// Revokes all of a person's tokens; whether there were any.
///
/// # Errors
/// Those of the database.
pub async fn revoke_all(conn: &mut PgConnection, user: UserId, now: DateTime<Utc>) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update api_tokens set revoked_at = $2 where user_id = $1 and revoked_at is null",
        user.0,
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}
