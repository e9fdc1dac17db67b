//! Bulletins: what everybody who takes part in a competition is told, each once: the constraint
//! `notifications_bulletin_once`.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::ids::BulletinId;
use crate::notifications::model::Event;
use crate::notifications::tell::Bulletin;

/// # Errors
/// Those of the database.
pub async fn insert(
    conn: &mut PgConnection,
    bulletin: &Bulletin<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<BulletinId> {
    sqlx::query_scalar!(
        r#"insert into bulletins (competition_id, event, sentence, excerpt, posted_by, posted_at)
           values ($1, $2, $3, $4, $5, $6)
           returning id as "id: BulletinId""#,
        bulletin.competition.0,
        bulletin.event as Event,
        bulletin.sentence,
        bulletin.excerpt,
        bulletin.by.0,
        now,
    )
    .fetch_one(conn)
    .await
}

/// Gives it other words, which whoever was told reads too.
///
/// # Errors
/// Those of the database.
pub async fn reword(
    conn: &mut PgConnection,
    id: BulletinId,
    sentence: &str,
    excerpt: &str,
) -> sqlx::Result<()> {
    sqlx::query!("update bulletins set sentence = $2, excerpt = $3 where id = $1", id.0, sentence, excerpt)
        .execute(conn)
        .await?;
    Ok(())
}

/// The next that nobody was told of; others leave it alone until this transaction ends.
///
/// # Errors
/// Those of the database.
pub async fn next(conn: &mut PgConnection) -> sqlx::Result<Option<BulletinId>> {
    sqlx::query_scalar!(
        r#"select id as "id: BulletinId" from bulletins
           where told_at is null
           order by id
           limit 1
           for update skip locked"#,
    )
    .fetch_optional(conn)
    .await
}

/// Tells everybody who takes part now, but not whoever posted it.
///
/// # Errors
/// Those of the database.
pub async fn tell(
    conn: &mut PgConnection,
    id: BulletinId,
    now: DateTime<Utc>,
    digest_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into notifications
            (user_id, event, reason, competition_id, bulletin_id, actor_id, created_at, mail_at)
         select u.id, b.event, 'taking_part', b.competition_id, b.id, b.posted_by, $2,
                case coalesce(p.mail, 'daily') when 'immediately' then $2::timestamptz when 'daily' then $3 end
         from bulletins b
         join team_members m on m.competition_id = b.competition_id and m.user_id is distinct from b.posted_by
         join users u on u.id = m.user_id and u.suspended_at is null
         left join mail_preferences p on p.user_id = u.id
         where b.id = $1
         on conflict do nothing",
        id.0,
        now,
        digest_at,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!("update bulletins set told_at = $2 where id = $1", id.0, now).execute(conn).await?;
    Ok(())
}
