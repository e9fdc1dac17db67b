//! Who is invited into a competition: addresses that hosts typed, people who came by its link, and who was told of it.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::ids::{CompetitionId, UserId};

/// Longest list of addresses.
const MOST_LISTED: i64 = 5000;

/// An address that a host typed.
#[derive(Debug, Clone)]
pub struct Address {
    pub email: String,
    /// When its owner was told last; `None`: not yet.
    pub told_at: Option<DateTime<Utc>>,
    /// Whether the account that confirmed it joined since. Of who took part before, an address that a host tries tells nothing.
    pub takes_part: bool,
}

/// # Errors
/// Those of the database.
pub async fn addresses(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<Vec<Address>> {
    sqlx::query_as!(
        Address,
        "select i.email, i.told_at,
                exists (
                    select from users u
                    join team_members m on m.user_id = u.id and m.competition_id = i.competition_id
                    where u.email = i.email and u.email_confirmed_at is not null
                      and m.rules_accepted_at >= i.told_at) as \"takes_part!\"
         from competition_invitations i
         where i.competition_id = $1
         order by i.email
         limit $2",
        id.0,
        MOST_LISTED,
    )
    .fetch_all(conn)
    .await
}

/// The address by which somebody is invited into a competition that not everybody sees, where a host typed it.
///
/// # Errors
/// Those of the database.
pub async fn invited_as(
    conn: &mut PgConnection,
    id: CompetitionId,
    user: UserId,
) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!(
        "select i.email
         from users u
         join competitions c on c.id = $1 and c.visibility = 'invitation'
         join competition_invitations i on i.competition_id = c.id and i.email = u.email
         where u.id = $2 and u.email_confirmed_at is not null",
        id.0,
        user.0,
    )
    .fetch_optional(conn)
    .await
}

/// Has hosts see by which address a participant came.
///
/// # Errors
/// Those of the database.
pub async fn note_invited_as(
    conn: &mut PgConnection,
    id: CompetitionId,
    user: UserId,
    email: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into invited_as (competition_id, user_id, email) values ($1, $2, $3)",
        id.0,
        user.0,
        email
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Makes `emails` the whole list of addresses, and gives those that are new in it. People who came by the link stay.
///
/// # Errors
/// Those of the database.
pub async fn set_addresses(
    conn: &mut PgConnection,
    id: CompetitionId,
    emails: &[String],
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<String>> {
    sqlx::query!(
        "delete from competition_invitations where competition_id = $1 and email <> all($2)",
        id.0,
        emails,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query_scalar!(
        "insert into competition_invitations (competition_id, email, created_at)
         select $1, email, $3 from unnest($2::text[]) as email
         on conflict do nothing
         returning email",
        id.0,
        emails,
        now,
    )
    .fetch_all(conn)
    .await
}

/// Somebody who came by the link.
#[derive(Debug, Clone)]
pub struct Guest {
    pub username: String,
    pub display_name: String,
    pub came_at: DateTime<Utc>,
    pub takes_part: bool,
}

impl Guest {
    pub fn sample() -> Self {
        Self {
            username: "ada".to_owned(),
            display_name: "Ada Lovelace".to_owned(),
            came_at: DateTime::UNIX_EPOCH,
            takes_part: false,
        }
    }
}

/// The thousand who came last, the last one first.
///
/// # Errors
/// Those of the database.
pub async fn guests(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<Vec<Guest>> {
    sqlx::query_as!(
        Guest,
        "select u.username, u.display_name, g.came_at,
                exists (
                    select from team_members m
                    where m.competition_id = g.competition_id and m.user_id = g.user_id) as \"takes_part!\"
         from (
             select competition_id, user_id, came_at
             from competition_guests
             where competition_id = $1
             order by came_at desc, user_id desc
             limit 1000
         ) g
         join users u on u.id = g.user_id
         order by g.came_at desc, g.user_id desc",
        id.0,
    )
    .fetch_all(conn)
    .await
}

/// Lets a member in whatever their address, confirmed or not.
///
/// # Errors
/// Those of the database.
pub async fn add_guest(
    conn: &mut PgConnection,
    id: CompetitionId,
    member: UserId,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into competition_guests (competition_id, user_id, came_at) values ($1, $2, $3)
         on conflict do nothing",
        id.0,
        member.0,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The person who is not let in any more; `None` for whoever did not come by the link.
///
/// # Errors
/// Those of the database.
pub async fn remove_guest(
    conn: &mut PgConnection,
    id: CompetitionId,
    username: &str,
) -> sqlx::Result<Option<UserId>> {
    sqlx::query_scalar!(
        "delete from competition_guests g
         using users u
         where g.competition_id = $1 and u.username = $2 and g.user_id = u.id
         returning g.user_id as \"id: UserId\"",
        id.0,
        username,
    )
    .fetch_optional(conn)
    .await
}

/// # Errors
/// Those of the database.
pub async fn secret(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!("select secret from competition_invite_links where competition_id = $1", id.0)
        .fetch_optional(conn)
        .await
}

/// Replaces the invitation link; the old one stops working.
///
/// # Errors
/// Those of the database.
pub async fn set_secret(
    conn: &mut PgConnection,
    id: CompetitionId,
    secret: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into competition_invite_links (competition_id, secret, created_at) values ($1, $2, $3)
         on conflict (competition_id) do update set secret = excluded.secret, created_at = excluded.created_at",
        id.0,
        secret,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// An address whose owner can be told now.
#[derive(Debug, Clone)]
pub struct Addressee {
    pub email: String,
    /// The account that confirmed it.
    pub user_id: Option<UserId>,
    /// Whether that account needs no word, being in already or suspended, and the host is not to learn of it.
    pub is_quiet: bool,
}

/// Addresses that were never told; of `emails`, where these are given, those not told since `told_before` too. Whoever
/// joined once they were told is left out.
///
/// # Errors
/// Those of the database.
pub async fn to_be_told(
    conn: &mut PgConnection,
    id: CompetitionId,
    emails: Option<&[String]>,
    told_before: DateTime<Utc>,
) -> sqlx::Result<Vec<Addressee>> {
    sqlx::query_as!(
        Addressee,
        "select i.email, u.id as \"user_id?: UserId\",
                (u.suspended_at is not null or m.user_id is not null) as \"is_quiet!\"
         from competition_invitations i
         left join users u on u.email = i.email and u.email_confirmed_at is not null
         left join team_members m on m.competition_id = i.competition_id and m.user_id = u.id
         where i.competition_id = $1
           and ($2::text[] is null or i.email = any($2))
           and (i.told_at is null
                or ($2::text[] is not null and i.told_at <= $3
                    and (m.user_id is null or m.rules_accepted_at < i.told_at)))
         order by i.created_at, i.email
         limit $4",
        id.0,
        emails as Option<&[String]>,
        told_before,
        MOST_LISTED,
    )
    .fetch_all(conn)
    .await
}

/// Has everybody who invites wait until this transaction ends, so that of letters at once none is one too many.
///
/// # Errors
/// Those of the database.
pub async fn lock_letters(conn: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended('invitation letters', 0))")
        .execute(conn)
        .await?;
    Ok(())
}

/// Letters since a time.
#[derive(Debug)]
pub struct Sent {
    pub by_person: i64,
    pub by_everybody: i64,
}

/// # Errors
/// Those of the database.
pub async fn sent(conn: &mut PgConnection, host: UserId, since: DateTime<Utc>) -> sqlx::Result<Sent> {
    sqlx::query_as!(
        Sent,
        "select count(*) filter (where invited_by = $1) as \"by_person!\", count(*) as \"by_everybody!\"
         from invitation_letters
         where sent_at > $2",
        host.0,
        since,
    )
    .fetch_one(conn)
    .await
}

/// Of these addresses, by their digests, those that got `most` letters since a time, whoever sent them.
///
/// # Errors
/// Those of the database.
pub async fn had_enough(
    conn: &mut PgConnection,
    digests: &[Vec<u8>],
    since: DateTime<Utc>,
    most: i64,
) -> sqlx::Result<Vec<Vec<u8>>> {
    sqlx::query_scalar!(
        "select address_digest
         from invitation_letters
         where address_digest = any($1) and sent_at > $2
         group by address_digest
         having count(*) >= $3",
        digests,
        since,
        most,
    )
    .fetch_all(conn)
    .await
}

/// # Errors
/// Those of the database.
pub async fn note_told(
    conn: &mut PgConnection,
    id: CompetitionId,
    host: UserId,
    emails: &[String],
    digests: &[Vec<u8>],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update competition_invitations set told_at = $3 where competition_id = $1 and email = any($2)",
        id.0,
        emails,
        now,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into invitation_letters (competition_id, invited_by, address_digest, sent_at)
         select $1, $2, digest, $4 from unnest($3::bytea[]) as digest",
        id.0,
        host.0,
        digests,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// # Errors
/// Those of the database.
pub async fn sweep_letters(conn: &mut PgConnection, before: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("delete from invitation_letters where sent_at <= $1", before).execute(conn).await?;
    Ok(())
}
