//! What changed after the launch.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::competitions::changes::{About, Change, Changed, Verb};
use crate::ids::{BulletinId, CompetitionId, UserId};

/// # Errors
/// Those of the database.
pub async fn insert(
    conn: &mut PgConnection,
    id: CompetitionId,
    bulletin: BulletinId,
    changed: &Changed,
    note: &str,
    host: UserId,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into changes
            (competition_id, bulletin_id, about, item, verb, moved_from, moved_to, note, changed_by, changed_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        id.0,
        bulletin.0,
        changed.about as About,
        changed.item,
        changed.verb as Verb,
        changed.moved_from,
        changed.moved_to,
        note,
        host.0,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

struct Row {
    id: i64,
    about: About,
    item: String,
    verb: Verb,
    moved_from: Option<DateTime<Utc>>,
    moved_to: Option<DateTime<Utc>>,
    note: String,
    changed_by: String,
    changed_at: DateTime<Utc>,
}

impl From<Row> for Change {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            changed: Changed {
                about: row.about,
                item: row.item,
                verb: row.verb,
                moved_from: row.moved_from,
                moved_to: row.moved_to,
            },
            note: row.note,
            changed_by: row.changed_by,
            changed_at: row.changed_at,
        }
    }
}

/// Changes of a competition behind `before`, newest first.
///
/// # Errors
/// Those of the database.
pub async fn list(
    conn: &mut PgConnection,
    id: CompetitionId,
    before: i64,
    limit: i64,
) -> sqlx::Result<Vec<Change>> {
    let rows = sqlx::query_as!(
        Row,
        r#"select c.id, c.about as "about: About", c.item, c.verb as "verb: Verb", c.moved_from, c.moved_to, c.note,
                  coalesce(u.display_name, '') as "changed_by!", c.changed_at
           from changes c
           left join users u on u.id = c.changed_by
           where c.competition_id = $1 and c.id < $2
           order by c.id desc
           limit $3"#,
        id.0,
        before,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Change::from).collect())
}

/// As [`list`], of one kind.
///
/// # Errors
/// Those of the database.
pub async fn list_about(
    conn: &mut PgConnection,
    id: CompetitionId,
    about: About,
    before: i64,
    limit: i64,
) -> sqlx::Result<Vec<Change>> {
    let rows = sqlx::query_as!(
        Row,
        r#"select c.id, c.about as "about: About", c.item, c.verb as "verb: Verb", c.moved_from, c.moved_to, c.note,
                  coalesce(u.display_name, '') as "changed_by!", c.changed_at
           from changes c
           left join users u on u.id = c.changed_by
           where c.competition_id = $1 and c.about = $2 and c.id < $3
           order by c.id desc
           limit $4"#,
        id.0,
        about as About,
        before,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Change::from).collect())
}
