//! A comparison of all teams' predictions: what is compared, and what came of it.

use holdout_contract::comparison::{Comparison, MAX_SUBMISSIONS, Pair};
use holdout_contract::queue::Leased;
use sqlx::{PgConnection, PgPool};

use super::finish::{Written, announce_job, with_the_job};
use super::message::{Entered, Request};
use super::read::{About, Work, active_version, file};

/// No more is read than this: a worker that has its files elsewhere keeps copies of all of them.
const MAX_BYTES: i64 = 4 << 30;

/// What is compared, and notes that it begins.
///
/// # Errors
/// Those of the database.
pub(super) async fn comparison(conn: &mut PgConnection, comparison_id: i64) -> sqlx::Result<Option<Work>> {
    let competition_id = sqlx::query_scalar!(
        "update comparisons set begun_at = clock_now() where id = $1 returning competition_id",
        comparison_id
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(competition_id) = competition_id else { return Ok(None) };
    let Some(version) = active_version(conn, competition_id).await? else { return Ok(None) };
    let entered = entered(conn, competition_id, version.version_id).await?;
    Ok(Some(Work {
        request: Request::Compare { judging: version.judging, sample: version.sample, entered },
        about: About::Comparison { comparison_id },
    }))
}

/// Of every team the best submission and those that it selected, the best of the board first.
async fn entered(
    conn: &mut PgConnection,
    competition_id: i64,
    version_id: i64,
) -> sqlx::Result<Vec<Entered>> {
    let rows = sqlx::query!(
        r#"select s.id as "id!", s.team_id as "team_id!", s.storage_key as "storage_key!", s.sha256 as "sha256!",
                  s.size_bytes as "size_bytes!"
           from (
                select b.team_id, b.submission_id, b.rank_key, b.reached_at from board_entries b
                where b.competition_id = $1 and b.version_id = $2
                order by b.rank_key, b.reached_at, b.submission_id
                limit $3
           ) b
           join lateral (
                select x.id, x.team_id, x.storage_key, x.sha256, x.size_bytes from submissions x
                where x.id = b.submission_id
                union
                select x.id, x.team_id, x.storage_key, x.sha256, x.size_bytes from submissions x
                where x.team_id = b.team_id and x.selected_at is not null and x.state = 'scored'
           ) s on true
           order by b.rank_key, b.reached_at, s.id
           limit $3"#,
        competition_id,
        version_id,
        MAX_SUBMISSIONS,
    )
    .fetch_all(conn)
    .await?;
    let mut room = MAX_BYTES;
    let mut entered = Vec::with_capacity(rows.len());
    for row in rows {
        room -= row.size_bytes;
        if room < 0 {
            break;
        }
        let file = file(row.storage_key, Some(row.sha256));
        entered.push(Entered { submission_id: row.id, team_id: row.team_id, file });
    }
    Ok(entered)
}

/// Writes the report.
///
/// # Errors
/// Those of the database.
pub(super) async fn compared(
    db: &PgPool,
    leased: &Leased,
    comparison_id: i64,
    found: &Comparison,
) -> sqlx::Result<Written> {
    with_the_job(db, leased, async |conn| {
        let ended = sqlx::query!(
            "update comparisons
             set finished_at = clock_now(), n_teams = $2, n_submissions = $3, n_left_out = $4, n_rows = $5,
                 n_answers = $6, n_found = $7, usual = $8, bound = $9
             where id = $1 and finished_at is null",
            comparison_id,
            count(found.n_teams),
            count(found.n_submissions),
            count(found.n_left_out),
            count(found.n_rows),
            count(found.n_answers),
            count(found.n_found),
            found.usual,
            found.bound,
        )
        .execute(&mut *conn)
        .await?;
        if ended.rows_affected() == 0 {
            return Ok(Written::Stale);
        }
        write_pairs(conn, comparison_id, &found.pairs).await?;
        announce_job(conn, leased).await
    })
    .await
}

async fn write_pairs(conn: &mut PgConnection, comparison_id: i64, pairs: &[Pair]) -> sqlx::Result<()> {
    let firsts: Vec<i64> = pairs.iter().map(|pair| pair.first).collect();
    let seconds: Vec<i64> = pairs.iter().map(|pair| pair.second).collect();
    let likenesses: Vec<Option<f64>> = pairs.iter().map(|pair| pair.likeness).collect();
    let n_same: Vec<i32> = pairs.iter().map(|pair| count(pair.n_same)).collect();
    sqlx::query!(
        "insert into similar_pairs (comparison_id, place, first_id, second_id, likeness, n_same)
         select $1, place, first_id, second_id, likeness, n_same
         from unnest($2::bigint[], $3::bigint[], $4::double precision[], $5::integer[])
              with ordinality as found (first_id, second_id, likeness, n_same, place)",
        comparison_id,
        &firsts,
        &seconds,
        &likenesses as &[Option<f64>],
        &n_same,
    )
    .execute(conn)
    .await?;
    Ok(())
}

fn count(n: u32) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

/// Says why there is no report.
///
/// # Errors
/// Those of the database.
pub(super) async fn failed(conn: &mut PgConnection, comparison_id: i64, text: &str) -> sqlx::Result<()> {
    sqlx::query!(
        "update comparisons set finished_at = clock_now(), failure = $2 where id = $1 and finished_at is null",
        comparison_id,
        text,
    )
    .execute(conn)
    .await?;
    Ok(())
}
