//! Every SQL statement about reports, the moderators' log and newcomers.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::ids::{PostId, SubjectId, UserId};
use crate::moderation::model::{Case, Complaint, Entry, Report, Thing};

const EXCERPT: i32 = 500;
/// Reports shown of one post.
const REPORTS_EACH: usize = 20;

/// `false` when the person reported it before.
///
/// # Errors
/// Those of the database.
pub async fn insert(
    conn: &mut PgConnection,
    subject: SubjectId,
    reporter: UserId,
    complaint: Complaint,
    words: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "insert into reports (subject_id, reporter_id, reason, words, reported_at)
         values ($1, $2, $3, $4, $5)
         on conflict do nothing",
        subject.0,
        reporter.0,
        complaint as Complaint,
        words,
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Closes the open reports of a post; how many there were.
///
/// # Errors
/// Those of the database.
pub async fn close(conn: &mut PgConnection, subject: SubjectId, now: DateTime<Utc>) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "update reports set closed_at = $2 where subject_id = $1 and closed_at is null",
        subject.0,
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Whether somebody looks after any competition.
///
/// # Errors
/// Those of the database.
pub async fn hosts_anything(conn: &mut PgConnection, user: UserId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        "select exists (select from competition_hosts where user_id = $1) as \"hosts!\"",
        user.0,
    )
    .fetch_one(conn)
    .await
}

/// What is reported on the whole site, the newest report first: subject and key.
///
/// # Errors
/// Those of the database.
pub async fn reported(
    conn: &mut PgConnection,
    before: i64,
    limit: i64,
) -> sqlx::Result<Vec<(SubjectId, i64)>> {
    let rows = sqlx::query!(
        "select subject_id as \"id: SubjectId\", max(id) as \"key!\"
         from reports
         where closed_at is null
         group by subject_id
         having max(id) < $1
         order by max(id) desc
         limit $2",
        before,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.key)).collect())
}

/// As [`reported`], in the competitions that somebody hosts.
///
/// # Errors
/// Those of the database.
pub async fn reported_to_host(
    conn: &mut PgConnection,
    host: UserId,
    before: i64,
    limit: i64,
) -> sqlx::Result<Vec<(SubjectId, i64)>> {
    let rows = sqlx::query!(
        "select r.subject_id as \"id: SubjectId\", max(r.id) as \"key!\"
         from reports r
         join subjects s on s.id = r.subject_id
         join competition_hosts h on h.competition_id = s.competition_id and h.user_id = $1
         where r.closed_at is null
         group by r.subject_id
         having max(r.id) < $2
         order by max(r.id) desc
         limit $3",
        host.0,
        before,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.key)).collect())
}

/// The cases of these posts and notebooks, in their order; without what its author keeps private now.
///
/// # Errors
/// Those of the database.
pub async fn cases(conn: &mut PgConnection, keys: &[(SubjectId, i64)]) -> sqlx::Result<Vec<Case>> {
    let ids: Vec<_> = keys.iter().map(|(id, _)| id.0).collect();
    let mut reports = reports(conn, &ids).await?;
    let rows = sqlx::query!(
        "select s.id, s.kind = 'post' as \"is_post!\", coalesce(t.title, k.title, '') as \"title!\",
                coalesce(left(p.plain, $2), left(w.sources, $2), '') as \"excerpt!\", k.slug as \"slug?\",
                s.author_id as \"author_id: UserId\", u.username, u.display_name,
                s.hidden_at is not null or b.hidden_at is not null as \"is_hidden!\",
                s.deleted_at is not null or b.deleted_at is not null as \"is_deleted!\"
         from subjects s
         left join posts p on p.id = s.id
         join subjects b on b.id = coalesce(p.under_id, s.id)
         join users u on u.id = s.author_id
         left join topics t on t.id = b.id
         left join notebooks k on k.id = b.id
         left join notebook_words w on w.notebook_id = s.id
         where s.id = any($1) and (k.id is null or k.visibility = 'public')",
        &ids,
        EXCERPT,
    )
    .fetch_all(conn)
    .await?;
    let mut found: HashMap<_, _> = rows.into_iter().map(|row| (row.id, row)).collect();
    let case = |(id, key): &(SubjectId, i64)| {
        let row = found.remove(&id.0)?;
        Some(Case {
            key: *key,
            thing: match row.slug {
                Some(slug) if !row.is_post => Thing::Notebook(row.username.clone(), slug),
                _ => Thing::Post(PostId(row.id)),
            },
            title: row.title,
            author_id: row.author_id,
            author: row.display_name,
            username: row.username,
            is_hidden: row.is_hidden,
            is_deleted: row.is_deleted,
            excerpt: row.excerpt,
            reports: reports.remove(&id.0).unwrap_or_default(),
        })
    };
    Ok(keys.iter().filter_map(case).collect())
}

/// The open reports of these posts, oldest first.
async fn reports(conn: &mut PgConnection, ids: &[i64]) -> sqlx::Result<HashMap<i64, Vec<Report>>> {
    let rows = sqlx::query!(
        "select r.subject_id, u.display_name, r.reason as \"complaint: Complaint\", r.words, r.reported_at
         from reports r
         join users u on u.id = r.reporter_id
         where r.subject_id = any($1) and r.closed_at is null
         order by r.id",
        ids,
    )
    .fetch_all(conn)
    .await?;
    let mut reports: HashMap<i64, Vec<Report>> = HashMap::new();
    for row in rows {
        let of_post = reports.entry(row.subject_id).or_default();
        if of_post.len() < REPORTS_EACH {
            of_post.push(Report {
                reporter: row.display_name,
                complaint: row.complaint,
                words: row.words,
                reported_at: row.reported_at,
            });
        }
    }
    Ok(reports)
}

/// What moderators did, newest first.
///
/// # Errors
/// Those of the database.
pub async fn log(conn: &mut PgConnection, before: i64, limit: i64) -> sqlx::Result<Vec<Entry>> {
    sqlx::query_as!(
        Entry,
        "select l.id, l.at, coalesce(u.display_name, '') as \"moderator!\", l.action,
                c.slug as \"competition?\", l.detail
         from audit_log l
         left join users u on u.id = l.actor_id
         left join competitions c on c.id = l.competition_id
         where l.action ^@ 'moderate_' and l.id < $1
         order by l.id desc
         limit $2",
        before,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// As [`log`], in the competitions that somebody hosts.
///
/// # Errors
/// Those of the database.
pub async fn log_of_host(
    conn: &mut PgConnection,
    host: UserId,
    before: i64,
    limit: i64,
) -> sqlx::Result<Vec<Entry>> {
    sqlx::query_as!(
        Entry,
        "select l.id as \"id!\", l.at as \"at!\", coalesce(u.display_name, '') as \"moderator!\",
                l.action as \"action!\", c.slug as \"competition?\", l.detail as \"detail!\"
         from competition_hosts h
         join competitions c on c.id = h.competition_id
         cross join lateral (
             select * from audit_log a
             where a.competition_id = h.competition_id and a.action ^@ 'moderate_' and a.id < $2
             order by a.id desc
             limit $3
         ) l
         left join users u on u.id = l.actor_id
         where h.user_id = $1
         order by l.id desc
         limit $3",
        host.0,
        before,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// Whether somebody came after `since`; then nobody else counts their posts before this transaction ends.
///
/// # Errors
/// Those of the database.
pub async fn lock_if_newcomer(
    conn: &mut PgConnection,
    user: UserId,
    since: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let found = sqlx::query_scalar!(
        "select id from users where id = $1 and created_at > $2 for no key update",
        user.0,
        since,
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.is_some())
}

/// When somebody's nth newest post was written.
///
/// # Errors
/// Those of the database.
pub async fn nth_newest_post(
    conn: &mut PgConnection,
    author: UserId,
    n: i64,
) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!(
        "select created_at from subjects
         where author_id = $1 and kind = 'post'
         order by id desc
         offset $2::bigint - 1
         limit 1",
        author.0,
        n,
    )
    .fetch_optional(conn)
    .await
}
