//! Looking for probing: idle scorers look at files that were scored, each beside the one that its team sent before, and
//! write down what their host should see. Nothing follows from it by itself.

use holdout_contract::job::{Priority, Subject};
use holdout_contract::probing::Signs;
use holdout_contract::queue::{self, Leased};
use sqlx::{PgConnection, PgPool};

use super::finish::{Written, with_the_job};
use super::message::{Looked, Request};
use super::read::{self, Version, Work, file};
use super::rescoring::Advance;

/// Files that are looked at in one job.
const BATCH: i64 = 32;

/// What the outcome is written to.
#[derive(Debug, Clone)]
pub struct About {
    /// Submissions that were looked at, each with the one before it.
    looked: Vec<(i64, Option<i64>)>,
}

/// Puts a look at one competition's files into the queue, where one is due and none waits.
///
/// # Errors
/// Those of the database.
pub(super) async fn advance(db: &PgPool) -> sqlx::Result<Advance> {
    let mut tx = db.begin().await?;
    let due = sqlx::query_scalar!(
        "update probing_looks set due_at = null
         where competition_id = (
            select competition_id from probing_looks l
            where due_at <= now()
              and not exists (
                select from jobs j
                where j.competition_id = l.competition_id and j.kind = 'probing' and j.state in ('queued', 'leased'))
            order by due_at
            limit 1
            for update skip locked)
         returning competition_id"
    )
    .fetch_optional(&mut *tx)
    .await?;
    let Some(competition_id) = due else { return Ok(Advance::Nothing) };
    queue::enqueue(&mut tx, competition_id, Subject::Probing, Priority::Audit).await?;
    tx.commit().await?;
    Ok(Advance::Asked)
}

/// The files that nobody looked at yet, up to the first that still waits for its score.
///
/// # Errors
/// Those of the database.
pub(super) async fn work(
    conn: &mut PgConnection,
    competition_id: i64,
    version: Option<Version>,
) -> sqlx::Result<Option<Work>> {
    let Some(version) = version else { return Ok(None) };
    let rows = sqlx::query!(
        r#"select s.id, s.storage_key, s.sha256, p.id as "previous_id?", p.storage_key as "previous_key?",
                  p.sha256 as "previous_sha256?"
           from submissions s
           left join lateral (
                select e.id, e.storage_key, e.sha256 from submissions e
                where e.team_id = s.team_id and e.id < s.id and e.state = 'scored' and e.file_gone_at is null
                order by e.id desc
                limit 1
           ) p on true
           where s.competition_id = $1 and s.state = 'scored' and s.file_gone_at is null
             and s.id > coalesce((select looked_upto from probing_looks where competition_id = $1), 0)
             and s.id < coalesce((
                select w.id from submissions w
                where w.competition_id = $1 and w.state in ('queued', 'scoring')
                order by w.id
                limit 1), 9223372036854775807)
           order by s.id
           limit $2"#,
        competition_id,
        BATCH,
    )
    .fetch_all(conn)
    .await?;
    let about = About { looked: rows.iter().map(|row| (row.id, row.previous_id)).collect() };
    let looked = rows.into_iter().map(|row| Looked {
        file: file(row.storage_key, Some(row.sha256)),
        previous: row.previous_key.map(|key| file(key, row.previous_sha256)),
    });
    let request = Request::Probing { judging: version.judging, looked: looked.collect() };
    Ok(Some(Work { request, about: read::About::Probing(about) }))
}

/// Writes down what was found, and looks further where there is more.
///
/// # Errors
/// Those of the database.
pub(super) async fn found(
    db: &PgPool,
    leased: &Leased,
    about: &About,
    signs: &[Option<Signs>],
) -> sqlx::Result<Written> {
    with_the_job(db, leased, async |conn| {
        let competition_id = leased.competition()?;
        for ((submission_id, previous_id), signs) in about.looked.iter().zip(signs) {
            if let Some(signs) = signs.filter(Signs::are_any) {
                write(conn, competition_id, *submission_id, *previous_id, &signs).await?;
            }
        }
        if let Some((last, _)) = about.looked.last() {
            sqlx::query!(
                "update probing_looks
                 set looked_upto = greatest(looked_upto, $2), due_at = case when $3 then now() else due_at end
                 where competition_id = $1",
                competition_id,
                last,
                about.looked.len() as i64 == BATCH,
            )
            .execute(&mut *conn)
            .await?;
        }
        Ok(Written::Yes)
    })
    .await
}

async fn write(
    conn: &mut PgConnection,
    competition_id: i64,
    submission_id: i64,
    previous_id: Option<i64>,
    signs: &Signs,
) -> sqlx::Result<()> {
    let count = |n: Option<u32>| n.map(|n| i32::try_from(n).unwrap_or(i32::MAX));
    sqlx::query!(
        "insert into probing_signs
            (submission_id, competition_id, n_rows, n_changed, previous_id, n_far_out, n_ladder, n_blocks)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (submission_id) do nothing",
        submission_id,
        competition_id,
        count(Some(signs.n_rows)),
        count(signs.n_changed),
        previous_id.filter(|_| signs.n_changed.is_some()),
        count(signs.n_far_out),
        count(signs.n_ladder),
        count(signs.n_blocks),
    )
    .execute(conn)
    .await?;
    Ok(())
}
