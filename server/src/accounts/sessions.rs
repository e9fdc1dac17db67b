//! Sessions: a random secret in a cookie, its SHA-256 in the database.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use crate::accounts::model::Member;
use crate::app::App;
use crate::error::Result;
use crate::ids::UserId;

pub const COOKIE: &str = "holdout_session";

/// What is stored of a secret.
pub fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// The member a session's secret belongs to, or `None` when it is unknown, expired or suspended.
///
/// # Errors
/// Those of the database.
pub async fn find_member(app: &App, secret: &str, now: DateTime<Utc>) -> Result<Option<Member>> {
    let token_hash = digest(secret);
    let mut conn = app.db.acquire().await?;
    let member = sqlx::query_as!(
        Member,
        "select u.id as \"id: UserId\", u.username, u.display_name, u.is_admin
         from sessions s
         join users u on u.id = s.user_id
         where s.token_hash = $1 and s.expires_at > $2 and u.suspended_at is null",
        token_hash.as_slice(),
        now,
    )
    .fetch_optional(&mut *conn)
    .await?;
    Ok(member)
}
