//! Every SQL statement about sessions.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::accounts::client::Client;
use crate::accounts::model::Member;
use crate::accounts::providers::model::Origin;
use crate::accounts::sessions::LIFE;
use crate::accounts::{providers, two_factors};
use crate::ids::UserId;
use crate::notifications::store::inbox::COUNTED_AT_MOST;

/// SHA-256 of a session's secret.
pub type TokenHash = [u8; 32];

/// A live session's member, and when the session was last used.
#[derive(Debug, Clone)]
pub struct Visit {
    pub member: Member,
    /// Of the notifications, up to a bound, where they were counted.
    pub n_unread: i64,
    pub created_at: DateTime<Utc>,
    pub last_seen_at: DateTime<Utc>,
}

/// The live sessions among these.
macro_rules! visits {
    ($unread:literal, $hashes:expr, $now:expr $(, $more:expr)*) => {
        sqlx::query_as!(
            Found,
            "select s.token_hash, u.id as \"id: UserId\", u.username, u.display_name, u.is_admin,
                    u.email_confirmed_at is not null as \"has_confirmed_email!\", s.created_at, s.last_seen_at, "
                + $unread
                + " as \"n_unread!\"
             from sessions s
             join users u on u.id = s.user_id
             where s.token_hash = any ((select $1::bytea[])::bytea[]) and s.expires_at > $2 and u.suspended_at is null",
            &$hashes.iter().map(<[u8; 32]>::as_slice).collect::<Vec<_>>() as &[&[u8]],
            $now
            $(, $more)*
        )
    };
}

struct Found {
    token_hash: Vec<u8>,
    id: UserId,
    username: String,
    display_name: String,
    is_admin: bool,
    has_confirmed_email: bool,
    created_at: DateTime<Utc>,
    last_seen_at: DateTime<Utc>,
    n_unread: i64,
}

impl Found {
    fn into_visit(self) -> Option<(TokenHash, Visit)> {
        let member = Member {
            id: self.id,
            username: self.username,
            display_name: self.display_name,
            is_admin: self.is_admin,
            has_confirmed_email: self.has_confirmed_email,
        };
        let visit = Visit {
            member,
            n_unread: self.n_unread,
            created_at: self.created_at,
            last_seen_at: self.last_seen_at,
        };
        Some((self.token_hash.try_into().ok()?, visit))
    }
}

/// The live sessions among these, by the hashes of their secrets.
///
/// # Errors
/// Those of the database.
pub async fn find(
    conn: &mut PgConnection,
    token_hashes: &[TokenHash],
    now: DateTime<Utc>,
) -> sqlx::Result<HashMap<TokenHash, Visit>> {
    // The planner does not look into the inner select: however many are asked for, one plan serves.
    let found = visits!("0::bigint", token_hashes, now).fetch_all(conn).await?;
    Ok(found.into_iter().filter_map(Found::into_visit).collect())
}

/// As [`find`], with how many notifications each has not read of those that they may still see.
///
/// # Errors
/// Those of the database.
pub async fn find_with_unread(
    conn: &mut PgConnection,
    token_hashes: &[TokenHash],
    now: DateTime<Utc>,
) -> sqlx::Result<HashMap<TokenHash, Visit>> {
    let unread = visits!(
        "(select count(*)
          from (
             select coalesce(s.competition_id, n.competition_id) as competition_id
             from notifications n
             left join subjects s on s.id = n.subject_id
             left join posts p on p.id = s.id
             left join notebooks k on k.id = p.under_id
             where n.user_id = u.id and n.read_at is null
               and (k.id is null or k.visibility = 'public' or k.owner_id = u.id)
               and (n.subject_id is null or n.event in ('hidden', 'warned') or (s.hidden_at is null and s.deleted_at is null))
             order by n.id desc
             limit $3
          ) newest
          where competition_id is null or sees_competition(u.id, competition_id))",
        token_hashes,
        now,
        COUNTED_AT_MOST
    );
    let found = unread.fetch_all(conn).await?;
    Ok(found.into_iter().filter_map(Found::into_visit).collect())
}

/// # Errors
/// Those of the database.
pub async fn note_visit(
    conn: &mut PgConnection,
    token_hash: &[u8; 32],
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update sessions
         set last_seen_at = $2, expires_at = $3
         where token_hash = $1",
        token_hash.as_slice(),
        now,
        expires_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// # Errors
/// Those of the database.
pub async fn insert(
    conn: &mut PgConnection,
    token_hash: &[u8; 32],
    user: UserId,
    client: &Client,
    origin: Option<&Origin>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into sessions
            (token_hash, user_id, user_agent, ip, created_at, last_seen_at, expires_at, issuer, subject, sid)
         values ($1, $2, $3, $4, $5, $5, $6, $7, $8, $9)",
        token_hash.as_slice(),
        user.0,
        client.user_agent,
        client.ip_text(),
        now,
        now + LIFE,
        origin.map(|origin| origin.issuer.as_str()),
        origin.map(|origin| origin.subject.as_str()),
        origin.and_then(|origin| origin.sid.as_deref()),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends one session; none with that secret is no mistake. Where it was begun, if that was elsewhere.
///
/// # Errors
/// Those of the database.
pub async fn end(conn: &mut PgConnection, token_hash: &[u8; 32]) -> sqlx::Result<Option<Origin>> {
    let ended = sqlx::query!(
        "delete from sessions where token_hash = $1 returning issuer, subject, sid",
        token_hash.as_slice(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(ended.and_then(|row| Origin::read(row.issuer, row.subject, row.sid)))
}

/// A session that is over.
#[derive(Debug)]
pub struct Over {
    /// Where it was begun, if that was elsewhere.
    pub origin: Option<Origin>,
}

/// Ends one session, if it is this person's.
///
/// # Errors
/// Those of the database.
pub async fn end_own(
    conn: &mut PgConnection,
    user: UserId,
    token_hash: &[u8; 32],
) -> sqlx::Result<Option<Over>> {
    let ended = sqlx::query!(
        "delete from sessions where token_hash = $1 and user_id = $2 returning issuer, subject, sid",
        token_hash.as_slice(),
        user.0,
    )
    .fetch_optional(conn)
    .await?;
    Ok(ended.map(|row| Over { origin: Origin::read(row.issuer, row.subject, row.sid) }))
}

/// Ends all sessions of a person, and what waits for a code or a link; returns how many sessions there were.
///
/// # Errors
/// Those of the database.
pub async fn end_all(conn: &mut PgConnection, user: UserId) -> sqlx::Result<u64> {
    two_factors::store::end_challenges(conn, user).await?;
    providers::store::end_links(conn, user).await?;
    let done = sqlx::query!("delete from sessions where user_id = $1", user.0).execute(conn).await?;
    Ok(done.rows_affected())
}

/// Ends all sessions of a person but one; returns how many there were.
///
/// # Errors
/// Those of the database.
pub async fn end_others(conn: &mut PgConnection, user: UserId, kept: &[u8; 32]) -> sqlx::Result<u64> {
    let done =
        sqlx::query!("delete from sessions where user_id = $1 and token_hash <> $2", user.0, kept.as_slice())
            .execute(conn)
            .await?;
    Ok(done.rows_affected())
}

/// Ends the session that a list names; `false` when it is not this person's.
///
/// # Errors
/// Those of the database.
pub async fn end_named(conn: &mut PgConnection, user: UserId, public_id: Uuid) -> sqlx::Result<bool> {
    let done = sqlx::query!("delete from sessions where user_id = $1 and public_id = $2", user.0, public_id)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// A session in its owner's list.
#[derive(Debug, Clone)]
pub struct Listed {
    pub public_id: Uuid,
    pub user_agent: String,
    pub ip: String,
    pub created_at: DateTime<Utc>,
    pub last_seen_at: DateTime<Utc>,
    pub is_this: bool,
}

/// A person's live sessions, the last used first, at most 100.
///
/// # Errors
/// Those of the database.
pub async fn list(
    conn: &mut PgConnection,
    user: UserId,
    this: Option<[u8; 32]>,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Listed>> {
    sqlx::query_as!(
        Listed,
        "select public_id, user_agent, ip, created_at, last_seen_at,
                token_hash is not distinct from $2 as \"is_this!\"
         from sessions
         where user_id = $1 and expires_at > $3
         order by last_seen_at desc
         limit 100",
        user.0,
        this.as_ref().map(<[u8; 32]>::as_slice),
        now,
    )
    .fetch_all(conn)
    .await
}

/// Removes sessions that have run out.
///
/// # Errors
/// Those of the database.
pub async fn sweep(conn: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("delete from sessions where expires_at <= $1", now).execute(conn).await?;
    Ok(())
}
