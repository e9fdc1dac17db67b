//! Announcements and changes, out of a competition and into one.

use sqlx::PgConnection;

use crate::announcements::model::Wish;
use crate::archives::model::{AnnouncementLine, ChangeLine};
use crate::competitions::changes::{About, Verb};
use crate::ids::CompetitionId;

const ROWS: i64 = 500;

/// Announcements after the one with the key `after`.
///
/// # Errors
/// Those of the database.
pub async fn announcements(
    conn: &mut PgConnection,
    id: CompetitionId,
    after: i64,
) -> sqlx::Result<Vec<AnnouncementLine>> {
    sqlx::query_as!(
        AnnouncementLine,
        r#"select a.id, a.title, a.markdown, coalesce(u.display_name, '') as "posted_by!", b.posted_at, a.corrected_at,
                  a.withdrawn_at, a.withdrawn_because
           from announcements a
           join bulletins b on b.id = a.id
           left join users u on u.id = b.posted_by
           where a.competition_id = $1 and a.id > $2
           order by a.id
           limit $3"#,
        id.0,
        after,
        ROWS,
    )
    .fetch_all(conn)
    .await
}

/// Changes after the one with the key `after`. What happened to scoring versions stands with them.
///
/// # Errors
/// Those of the database.
pub async fn changes(
    conn: &mut PgConnection,
    id: CompetitionId,
    after: i64,
) -> sqlx::Result<Vec<ChangeLine>> {
    sqlx::query_as!(
        ChangeLine,
        r#"select c.id, c.about as "about: About", c.item, c.verb as "verb: Verb", c.moved_from, c.moved_to, c.note,
                  coalesce(u.display_name, '') as "changed_by!", c.changed_at
           from changes c
           left join users u on u.id = c.changed_by
           where c.competition_id = $1 and c.id > $2 and c.about <> 'version'
           order by c.id
           limit $3"#,
        id.0,
        after,
        ROWS,
    )
    .fetch_all(conn)
    .await
}

/// One that people were told of elsewhere.
///
/// # Errors
/// Those of the database.
pub async fn insert_announcement(
    conn: &mut PgConnection,
    id: CompetitionId,
    line: &AnnouncementLine,
    wish: &Wish,
    html: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "with told as (
             insert into bulletins (competition_id, event, sentence, posted_at, told_at)
             values ($1, 'announced', $2, $5, $5)
             returning id
         )
         insert into announcements
            (id, competition_id, title, markdown, html, corrected_at, withdrawn_at, withdrawn_because)
         select id, $1, $2, $3, $4, $6, $7, $8 from told",
        id.0,
        wish.title,
        wish.text,
        html,
        line.posted_at,
        line.corrected_at,
        line.withdrawn_at,
        line.withdrawn_because,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// # Errors
/// Those of the database.
pub async fn insert_change(
    conn: &mut PgConnection,
    id: CompetitionId,
    line: &ChangeLine,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into changes (competition_id, about, item, verb, moved_from, moved_to, note, changed_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        id.0,
        line.about as About,
        line.item,
        line.verb as Verb,
        line.moved_from,
        line.moved_to,
        line.note,
        line.changed_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}
