//! Telling people of an event. What is told twice is told once: the constraint `notifications_once`.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::ids::{CompetitionId, IncidentId, PostId, SubjectId, UserId};
use crate::notifications::model::Event;

/// A post that its readers were not told of yet.
#[derive(Debug, Clone)]
pub struct Telling {
    pub post_id: PostId,
    pub is_edit: bool,
    pub markdown: String,
}

/// # Errors
/// Those of the database.
pub async fn ask(conn: &mut PgConnection, post: PostId, is_edit: bool) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into tellings (post_id, is_edit) values ($1, $2)
         on conflict (post_id) do update set is_edit = tellings.is_edit and excluded.is_edit",
        post.0,
        is_edit,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The next one; others leave it alone until this transaction ends.
///
/// # Errors
/// Those of the database.
pub async fn next(conn: &mut PgConnection) -> sqlx::Result<Option<Telling>> {
    sqlx::query_as!(
        Telling,
        "select t.post_id as \"post_id: PostId\", t.is_edit, p.markdown
         from tellings t
         join posts p on p.id = t.post_id
         order by t.post_id
         limit 1
         for update of t skip locked",
    )
    .fetch_optional(conn)
    .await
}

/// # Errors
/// Those of the database.
pub async fn done(conn: &mut PgConnection, post: PostId) -> sqlx::Result<()> {
    sqlx::query!("delete from tellings where post_id = $1", post.0).execute(conn).await?;
    Ok(())
}

/// Tells the people with these names that a post mentions them, as far as they may see it.
///
/// # Errors
/// Those of the database.
pub async fn mentioned(
    conn: &mut PgConnection,
    post: PostId,
    names: &[String],
    now: DateTime<Utc>,
    digest_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into notifications (user_id, event, reason, subject_id, actor_id, created_at, mail_at)
         select u.id, 'posted', 'mention', s.id, s.author_id, $3,
                case coalesce(m.mail, 'daily') when 'immediately' then $3::timestamptz when 'daily' then $4 end
         from posts p
         join subjects s on s.id = p.id and s.hidden_at is null and s.deleted_at is null
         join subjects b on b.id = p.under_id and b.hidden_at is null and b.deleted_at is null
         join users u on u.username = any($2) and u.suspended_at is null and u.id <> s.author_id
         left join mail_preferences m on m.user_id = u.id
         where p.id = $1 and (s.competition_id is null or sees_competition(u.id, s.competition_id))
         on conflict do nothing",
        post.0,
        names,
        now,
        digest_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Tells everybody who follows: whose post it answers, who follows what it is under, who follows its
/// author, and for a new topic who follows the forum; each for the first of these reasons.
///
/// # Errors
/// Those of the database.
pub async fn followers(
    conn: &mut PgConnection,
    post: PostId,
    now: DateTime<Utc>,
    digest_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "with written as (
             select p.id, p.parent_id, p.under_id, p.is_opening, s.author_id, s.competition_id
             from posts p
             join subjects s on s.id = p.id and s.hidden_at is null and s.deleted_at is null
             join subjects b on b.id = p.under_id and b.hidden_at is null and b.deleted_at is null
             where p.id = $1
         ), told as (
             select a.author_id as user_id, 1 as rank, 'reply' as reason
             from written w join subjects a on a.id = w.parent_id
             union all
             select f.user_id, 2, 'subject' from written w join follows f on f.subject_id = w.under_id
             union all
             select f.user_id, 3, 'person' from written w join follows f on f.person_id = w.author_id
             union all
             select f.user_id, 4, 'forum'
             from written w
             join topics t on t.id = w.under_id and w.is_opening
             join follows f on f.forum_id = t.forum_id
         ), once as (
             select distinct on (user_id) user_id, reason from told order by user_id, rank
         )
         insert into notifications (user_id, event, reason, subject_id, actor_id, created_at, mail_at)
         select o.user_id, 'posted', o.reason, w.id, w.author_id, $2,
                case coalesce(m.mail, 'daily') when 'immediately' then $2::timestamptz when 'daily' then $3 end
         from once o
         cross join written w
         join users u on u.id = o.user_id and u.suspended_at is null
         left join mail_preferences m on m.user_id = o.user_id
         where o.user_id <> w.author_id
           and (w.competition_id is null or sees_competition(o.user_id, w.competition_id))
         on conflict do nothing",
        post.0,
        now,
        digest_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Tells the author of a text of an event about it; `false` when they were told before. Nobody is told of what they did themselves.
///
/// # Errors
/// Those of the database.
pub async fn to_author(
    conn: &mut PgConnection,
    event: Event,
    subject: SubjectId,
    actor: Option<UserId>,
    words: &str,
    now: DateTime<Utc>,
    digest_at: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "insert into notifications (user_id, event, reason, subject_id, actor_id, words, created_at, mail_at)
         select s.author_id, $2, 'own', s.id, $3::bigint, $4, $5,
                case coalesce(m.mail, 'daily') when 'immediately' then $5::timestamptz when 'daily' then $6 end
         from subjects s
         left join mail_preferences m on m.user_id = s.author_id
         where s.id = $1 and s.author_id is distinct from $3
         on conflict do nothing",
        subject.0,
        event as Event,
        actor.map(|id| id.0),
        words,
        now,
        digest_at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Tells people of an event of a team, but not whoever did it.
///
/// # Errors
/// Those of the database.
pub async fn of_team(
    conn: &mut PgConnection,
    team_event: i64,
    people: &[i64],
    sentence: &str,
    now: DateTime<Utc>,
    digest_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into notifications
            (user_id, event, reason, competition_id, team_event_id, actor_id, words, created_at, mail_at)
         select u.id, 'team', 'team', e.competition_id, e.id, e.actor_id, $3, $4,
                case coalesce(m.mail, 'daily') when 'immediately' then $4::timestamptz when 'daily' then $5 end
         from team_events e
         join users u on u.id = any($2) and u.suspended_at is null and u.id is distinct from e.actor_id
         left join mail_preferences m on m.user_id = u.id
         where e.id = $1
         on conflict do nothing",
        team_event,
        people,
        sentence,
        now,
        digest_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Tells a participant of the end of a competition, at once.
///
/// # Errors
/// Those of the database.
pub async fn of_end(
    conn: &mut PgConnection,
    user: UserId,
    event: Event,
    competition: CompetitionId,
    words: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into notifications (user_id, event, reason, competition_id, words, created_at, mail_at)
         select u.id, $2, 'team', $3, $4, $5,
                case when coalesce(m.mail, 'daily') <> 'never' then $5::timestamptz end
         from users u
         left join mail_preferences m on m.user_id = u.id
         where u.id = $1 and u.suspended_at is null
         on conflict do nothing",
        user.0,
        event as Event,
        competition.0,
        words,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Tells hosts of an outage, at once: the end may be near.
///
/// # Errors
/// Those of the database.
pub async fn of_outage(
    conn: &mut PgConnection,
    competition: CompetitionId,
    incident: IncidentId,
    words: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into notifications (user_id, event, reason, competition_id, incident_id, words, created_at, mail_at)
         select u.id, 'outage', 'hosting', h.competition_id, $2, $3, $4,
                case when coalesce(m.mail, 'daily') <> 'never' then $4::timestamptz end
         from competition_hosts h
         join users u on u.id = h.user_id and u.suspended_at is null
         left join mail_preferences m on m.user_id = u.id
         where h.competition_id = $1
         on conflict do nothing",
        competition.0,
        incident.0,
        words,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// # Errors
/// Those of the database.
pub async fn of_invitation(
    conn: &mut PgConnection,
    competition: CompetitionId,
    people: &[i64],
    host: UserId,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into notifications (user_id, event, reason, competition_id, actor_id, created_at, mail_at)
         select u.id, 'invited', 'invited', $2, $3, $4,
                case when coalesce(m.mail, 'daily') <> 'never' then $4::timestamptz end
         from users u
         left join mail_preferences m on m.user_id = u.id
         where u.id = any($1) and u.id <> $3 and u.suspended_at is null
         on conflict (user_id, competition_id) where event = 'invited'
         do update set actor_id = excluded.actor_id, created_at = excluded.created_at, read_at = null,
                       mail_at = excluded.mail_at",
        people,
        competition.0,
        host.0,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}
