//! Who follows what.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::ids::{PostId, TopicId, UserId};
use crate::notifications::model::{Follow, Target, Work, Written};
use crate::paths;

/// # Errors
/// Those of the database.
pub async fn insert(
    conn: &mut PgConnection,
    user: UserId,
    target: Target,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let (subject, forum, person) = target.columns();
    sqlx::query!(
        "insert into follows (user_id, subject_id, forum_id, person_id, followed_at)
         values ($1, $2, $3, $4, $5)
         on conflict do nothing",
        user.0,
        subject,
        forum,
        person,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// # Errors
/// Those of the database.
pub async fn remove(conn: &mut PgConnection, user: UserId, target: Target) -> sqlx::Result<()> {
    let (subject, forum, person) = target.columns();
    sqlx::query!(
        "delete from follows where user_id = $1 and (subject_id = $2 or forum_id = $3 or person_id = $4)",
        user.0,
        subject,
        forum,
        person,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// # Errors
/// Those of the database.
pub async fn exists(conn: &mut PgConnection, user: UserId, target: Target) -> sqlx::Result<bool> {
    let (subject, forum, person) = target.columns();
    sqlx::query_scalar!(
        "select exists (
             select from follows
             where user_id = $1 and (subject_id = $2 or forum_id = $3 or person_id = $4)) as \"follows!\"",
        user.0,
        subject,
        forum,
        person,
    )
    .fetch_one(conn)
    .await
}

/// What somebody follows and may see, newest first.
///
/// # Errors
/// Those of the database.
pub async fn list(
    conn: &mut PgConnection,
    user: UserId,
    before: i64,
    limit: i64,
) -> sqlx::Result<Vec<Follow>> {
    let rows = sqlx::query!(
        "select f.id, f.followed_at, t.id as \"topic_id?: TopicId\", t.title as \"topic?\",
                k.title as \"notebook?\", k.slug as \"notebook_slug?\", o.username as \"owner?\",
                g.slug as \"forum_slug?\", g.title as \"forum?\", c.slug as \"competition_slug?\",
                c.title as \"competition?\", p.username as \"username?\", p.display_name as \"person?\"
         from follows f
         left join subjects s on s.id = f.subject_id and s.hidden_at is null and s.deleted_at is null
         left join topics t on t.id = s.id
         left join notebooks k on k.id = s.id and (k.visibility = 'public' or k.owner_id = $1)
         left join users o on o.id = k.owner_id
         left join forums g on g.id = f.forum_id
         left join competitions c on c.id = g.competition_id
         left join users p on p.id = f.person_id and p.suspended_at is null
         where f.user_id = $1 and f.id < $2
           and num_nonnulls(t.id, k.id, g.id, p.id) = 1
           and (s.competition_id is null or sees_competition($1, s.competition_id))
           and (c.id is null or sees_competition($1, c.id))
         order by f.id desc
         limit $3",
        user.0,
        before,
        limit,
    )
    .fetch_all(conn)
    .await?;
    let follows = rows.into_iter().filter_map(|row| {
        let (kind, words, address) = match (row.topic_id, row.owner, row.username, row.competition_slug) {
            (Some(topic), _, _, _) => ("topic", row.topic?, paths::topic(topic)),
            (_, Some(owner), _, _) => {
                ("notebook", row.notebook?, paths::notebook(&owner, &row.notebook_slug?))
            }
            (_, _, Some(username), _) => ("person", row.person?, paths::profile(&username)),
            (_, _, _, Some(slug)) => ("forum", row.competition?, paths::competition_forum(&slug)),
            _ => ("forum", row.forum?, paths::forum(&row.forum_slug?)),
        };
        Some(Follow { id: row.id, kind, words, address, followed_at: row.followed_at })
    });
    Ok(follows.collect())
}

/// People looked at for what they wrote, those followed last first.
const PEOPLE_ASKED: i64 = 100;
const OF_EACH: i64 = 5;

/// What people wrote and shared whom somebody follows, newest first.
///
/// # Errors
/// Those of the database.
pub async fn written(conn: &mut PgConnection, user: UserId, limit: i64) -> sqlx::Result<Vec<Written>> {
    let rows = sqlx::query!(
        "select w.post_id as \"post_id?: PostId\", w.is_opening as \"is_opening!\", w.slug as \"slug?\",
                w.title as \"title!\", w.written_at as \"written_at!\", u.username, u.display_name as author
         from (
             select person_id from follows
             where user_id = $1 and person_id is not null
             order by id desc
             limit $2
         ) f
         join users u on u.id = f.person_id and u.suspended_at is null
         cross join lateral (
             (select p.id as post_id, p.is_opening, null as slug, coalesce(t.title, k.title, '') as title,
                     p.created_at as written_at, p.competition_id
              from (
                  select * from shown_posts where author_id = f.person_id order by id desc limit $3
              ) p
              left join topics t on t.id = p.under_id
              left join notebooks k on k.id = p.under_id)
             union all
             (select null, false, slug, title, published_at, competition_id
              from public_notebooks
              where owner_id = f.person_id
              order by id desc
              limit $3)
         ) w
         where w.competition_id is null or sees_competition($1, w.competition_id)
         order by w.written_at desc
         limit $4",
        user.0,
        PEOPLE_ASKED,
        OF_EACH,
        limit,
    )
    .fetch_all(conn)
    .await?;
    let written = rows.into_iter().map(|row| {
        let what = match (row.post_id, row.slug) {
            (Some(post), _) if row.is_opening => Work::Topic(post),
            (Some(post), _) => Work::Post(post),
            (None, slug) => Work::Notebook(paths::notebook(&row.username, &slug.unwrap_or_default())),
        };
        Written { what, title: row.title, author: row.author, written_at: row.written_at }
    });
    Ok(written.collect())
}
