//! Every SQL statement about room for files. The counting itself is done by triggers, whoever records a file.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::change::Named;
use super::model::{Allowed, Kept, Large, Owner, Usage};
use crate::ids::{CompetitionId, UserId};

struct Row {
    data_bytes: i64,
    submission_bytes: i64,
    notebook_bytes: i64,
    other_bytes: i64,
    allowed_bytes: i64,
    is_exception: bool,
}

impl From<Row> for Usage {
    fn from(row: Row) -> Self {
        let Row { data_bytes, submission_bytes, notebook_bytes, other_bytes, allowed_bytes, is_exception } =
            row;
        let kept = Kept { data_bytes, submission_bytes, notebook_bytes, other_bytes };
        Self { kept, allowed_bytes, is_exception }
    }
}

/// What one of `$stored` keeps and may keep; who never kept anything has no row.
macro_rules! usage {
    ($stored:literal, $usually_allowed:literal, $id:expr) => {
        sqlx::query_as!(
            Row,
            "select coalesce(s.data_bytes, 0) as \"data_bytes!\",
                    coalesce(s.submission_bytes, 0) as \"submission_bytes!\",
                    coalesce(s.notebook_bytes, 0) as \"notebook_bytes!\",
                    coalesce(s.other_bytes, 0) as \"other_bytes!\",
                    coalesce(s.allowed_bytes, d."
                + $usually_allowed
                + ") as \"allowed_bytes!\",
                    s.allowed_bytes is not null as \"is_exception!\"
             from site_settings d
             left join "
                + $stored,
            $id,
        )
    };
}

/// # Errors
/// Those of the database.
pub async fn of_person(conn: &mut PgConnection, id: UserId) -> sqlx::Result<Usage> {
    let row = usage!("stored_of_people s on s.user_id = $1", "person_bytes", id.0).fetch_one(conn).await?;
    Ok(row.into())
}

/// # Errors
/// Those of the database.
pub async fn of_competition(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<Usage> {
    let row = usage!("stored_of_competitions s on s.competition_id = $1", "competition_bytes", id.0);
    Ok(row.fetch_one(conn).await?.into())
}

struct LargeRow {
    name: String,
    title: String,
    data_bytes: i64,
    submission_bytes: i64,
    notebook_bytes: i64,
    other_bytes: i64,
    allowed_bytes: i64,
    is_exception: bool,
}

impl From<LargeRow> for Large {
    fn from(row: LargeRow) -> Self {
        let LargeRow { name, title, data_bytes, submission_bytes, notebook_bytes, other_bytes, .. } = row;
        let kept = Kept { data_bytes, submission_bytes, notebook_bytes, other_bytes };
        let usage = Usage { kept, allowed_bytes: row.allowed_bytes, is_exception: row.is_exception };
        Self { name, title, usage }
    }
}

/// Those of `$stored` whose files take most room, with `$names`.
macro_rules! largest {
    ($names:literal, $usually_allowed:literal, $stored:literal, $limit:expr) => {
        sqlx::query_as!(
            LargeRow,
            "select "
                + $names
                + ", s.data_bytes, s.submission_bytes, s.notebook_bytes, s.other_bytes,
                    coalesce(s.allowed_bytes, (select "
                + $usually_allowed
                + " from site_settings))
                        as \"allowed_bytes!\",
                    s.allowed_bytes is not null as \"is_exception!\"
             from "
                + $stored
                + "
             limit $1",
            $limit,
        )
    };
}

/// People whose files take most room.
///
/// # Errors
/// Those of the database.
pub async fn largest_people(conn: &mut PgConnection, limit: i64) -> sqlx::Result<Vec<Large>> {
    let rows = largest!(
        "(select u.username from users u where u.id = s.user_id) as \"name!\",
         (select u.display_name from users u where u.id = s.user_id) as \"title!\"",
        "person_bytes",
        "stored_of_people s order by s.used_bytes desc, s.user_id desc",
        limit
    );
    Ok(rows.fetch_all(conn).await?.into_iter().map(Large::from).collect())
}

/// Competitions whose files take most room.
///
/// # Errors
/// Those of the database.
pub async fn largest_competitions(conn: &mut PgConnection, limit: i64) -> sqlx::Result<Vec<Large>> {
    let rows = largest!(
        "(select c.slug from competitions c where c.id = s.competition_id) as \"name!\",
         (select c.title from competitions c where c.id = s.competition_id) as \"title!\"",
        "competition_bytes",
        "stored_of_competitions s order by s.used_bytes desc, s.competition_id desc",
        limit
    );
    Ok(rows.fetch_all(conn).await?.into_iter().map(Large::from).collect())
}

/// What everybody may keep.
///
/// # Errors
/// Those of the database.
pub async fn allowed(conn: &mut PgConnection) -> sqlx::Result<Allowed> {
    sqlx::query_as!(Allowed, "select person_bytes, competition_bytes from site_settings")
        .fetch_one(conn)
        .await
}

/// # Errors
/// Those of the database.
pub async fn put_allowed(conn: &mut PgConnection, room: Allowed) -> sqlx::Result<()> {
    sqlx::query!(
        "update site_settings set person_bytes = $1, competition_bytes = $2",
        room.person_bytes,
        room.competition_bytes,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// # Errors
/// Those of the database.
pub async fn find_owner(conn: &mut PgConnection, named: Named<'_>) -> sqlx::Result<Option<Owner>> {
    Ok(match named {
        Named::Person(name) => {
            sqlx::query_scalar!("select id as \"id: UserId\" from users where username = $1", name)
                .fetch_optional(conn)
                .await?
                .map(Owner::Person)
        }
        Named::Competition(slug) => {
            sqlx::query_scalar!("select id as \"id: CompetitionId\" from competitions where slug = $1", slug)
                .fetch_optional(conn)
                .await?
                .map(Owner::Competition)
        }
    })
}

/// # Errors
/// Those of the database.
pub async fn allow_person(conn: &mut PgConnection, id: UserId, bytes: Option<i64>) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into stored_of_people (user_id, allowed_bytes) values ($1, $2)
         on conflict (user_id) do update set allowed_bytes = excluded.allowed_bytes",
        id.0,
        bytes,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// # Errors
/// Those of the database.
pub async fn allow_competition(
    conn: &mut PgConnection,
    id: CompetitionId,
    bytes: Option<i64>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into stored_of_competitions (competition_id, allowed_bytes) values ($1, $2)
         on conflict (competition_id) do update set allowed_bytes = excluded.allowed_bytes",
        id.0,
        bytes,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What is kept of the next people in the order of their ids, with the last of them.
///
/// # Errors
/// Those of the database.
pub async fn add_some(
    conn: &mut PgConnection,
    after: UserId,
    limit: i64,
) -> sqlx::Result<Option<(UserId, Kept)>> {
    let row = sqlx::query!(
        r#"select max(user_id) as "last: UserId", coalesce(sum(data_bytes), 0)::bigint as "data_bytes!",
                  coalesce(sum(submission_bytes), 0)::bigint as "submission_bytes!",
                  coalesce(sum(notebook_bytes), 0)::bigint as "notebook_bytes!",
                  coalesce(sum(other_bytes), 0)::bigint as "other_bytes!"
           from (select * from stored_of_people where user_id > $1 order by user_id limit $2) part"#,
        after.0,
        limit,
    )
    .fetch_one(conn)
    .await?;
    Ok(row.last.map(|last| {
        let kept = Kept {
            data_bytes: row.data_bytes,
            submission_bytes: row.submission_bytes,
            notebook_bytes: row.notebook_bytes,
            other_bytes: row.other_bytes,
        };
        (last, kept)
    }))
}

/// # Errors
/// Those of the database.
pub async fn put_total(conn: &mut PgConnection, total: &Kept, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into stored_in_all (data_bytes, submission_bytes, notebook_bytes, other_bytes, added_up_at)
         values ($1, $2, $3, $4, $5)
         on conflict (is_only) do update set
            data_bytes = excluded.data_bytes, submission_bytes = excluded.submission_bytes,
            notebook_bytes = excluded.notebook_bytes, other_bytes = excluded.other_bytes,
            added_up_at = excluded.added_up_at",
        total.data_bytes,
        total.submission_bytes,
        total.notebook_bytes,
        total.other_bytes,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What the whole site keeps; `None` before it was first added up.
///
/// # Errors
/// Those of the database.
pub async fn total(conn: &mut PgConnection) -> sqlx::Result<Option<Kept>> {
    sqlx::query_as!(
        Kept,
        "select data_bytes, submission_bytes, notebook_bytes, other_bytes from stored_in_all"
    )
    .fetch_optional(conn)
    .await
}
