//! Teams' files beside the best ones that they sent before: compared when a board is looked at, for whoever sent
//! them. Never on private rows.

use sqlx::PgConnection;

use super::message::{FoundGain, Gain, Kept};
use super::read::file;

/// The newest submissions of a competition that are compared: of older ones nobody asks any more.
const MOST_SUBMISSIONS: i64 = 1000;
/// In one look at the board.
pub(super) const MOST_GAINS: usize = 100;

/// Submissions that were not compared yet, newest first.
///
/// # Errors
/// Those of the database.
pub(super) async fn wanted(
    conn: &mut PgConnection,
    competition_id: i64,
    version_id: i64,
) -> sqlx::Result<Vec<Gain>> {
    let rows = sqlx::query!(
        r#"with newest as materialized (
               select id, storage_key, sha256, file_gone_at
               from submissions
               where competition_id = $1
               order by id desc
               limit $3
           )
           select s.id, s.storage_key, s.sha256,
                  i.storage_key as "influence_key?", i.sealed_sha256 as "influence_sha256?",
                  before.submission_id as before_id, b.storage_key as before_key, b.sha256 as before_sha256,
                  j.storage_key as "before_influence_key?", j.sealed_sha256 as "before_influence_sha256?"
           from newest s
           join scores x on x.submission_id = s.id and x.version_id = $2
           cross join lateral (
               select o.submission_id from scores o
               where o.version_id = $2 and o.team_id = x.team_id and o.submission_id < s.id
                 and o.rank_key is not null and not o.is_late and not o.is_barred
                 and o.ladder_step is distinct from 'held'
               order by o.rank_key, o.received_at, o.submission_id
               limit 1
           ) before
           join submissions b on b.id = before.submission_id and b.file_gone_at is null
           left join influences i on i.submission_id = s.id and i.version_id = $2 and i.split = 'public'
           left join influences j on j.submission_id = b.id and j.version_id = $2 and j.split = 'public'
           where s.file_gone_at is null and x.rank_key is not null and not x.is_late and not x.is_barred
             and x.ladder_step is distinct from 'held'
             and not exists (select from gains g where g.submission_id = s.id and g.version_id = $2)
           order by s.id desc
           limit $4"#,
        competition_id,
        version_id,
        MOST_SUBMISSIONS,
        MOST_GAINS as i64,
    )
    .fetch_all(conn)
    .await?;
    let gain = rows.into_iter().map(|row| Gain {
        submission: Kept {
            submission_id: row.id,
            file: file(row.storage_key, Some(row.sha256)),
            influence: row.influence_key.map(|key| file(key, row.influence_sha256)),
        },
        before: Kept {
            submission_id: row.before_id,
            file: file(row.before_key, Some(row.before_sha256)),
            influence: row.before_influence_key.map(|key| file(key, row.before_influence_sha256)),
        },
    });
    Ok(gain.collect())
}

/// # Errors
/// Those of the database.
pub(super) async fn write(conn: &mut PgConnection, version_id: i64, found: &[FoundGain]) -> sqlx::Result<()> {
    let submissions: Vec<i64> = found.iter().map(|gain| gain.submission_id).collect();
    let befores: Vec<i64> = found.iter().map(|gain| gain.before_id).collect();
    let errors: Vec<Option<f64>> = found.iter().map(|gain| gain.standard_error).collect();
    // Arrays of arrays would have to be of one length.
    let of_parts: Vec<f64> = found.iter().flat_map(|gain| gain.part_errors.iter().copied()).collect();
    let n_parts: Vec<i32> = found.iter().map(|gain| gain.part_errors.len() as i32).collect();
    sqlx::query!(
        "insert into gains (submission_id, version_id, before_id, standard_error, part_errors)
         select submission_id, $1, before_id, standard_error,
                case when n_parts > 0 then ($5::double precision[])[upto - n_parts + 1 : upto] end
         from (
            select *, (sum(n_parts) over (order by at))::integer as upto
            from unnest($2::bigint[], $3::bigint[], $4::double precision[], $6::integer[]) with ordinality
                 as found (submission_id, before_id, standard_error, n_parts, at)
         ) found
         on conflict (submission_id, version_id) do update set
            before_id = excluded.before_id, standard_error = excluded.standard_error, part_errors = excluded.part_errors",
        version_id,
        &submissions,
        &befores,
        &errors as &[Option<f64>],
        &of_parts,
        &n_parts,
    )
    .execute(conn)
    .await?;
    Ok(())
}
