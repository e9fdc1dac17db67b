//! Looking at boards: idle scorers take up those that changed a while ago, and what comes of it is written
//! beside the board. The board itself is exact without.
//!
//! Never here: a range from private rows before the final board stands; the schema refuses it, too.

mod summary;

use holdout_contract::job::{Priority, Subject};
use holdout_contract::queue::{self, Leased};
use holdout_contract::ranks::RankedPart;
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};

use super::finish::{Written, with_the_job};
use super::gains;
use super::message::{Board, BoardEntry, BoardRanks, Kept, KeyBelow, RanksOutcome, Request};
use super::read::{self, Version, Work, file};
use super::rescoring::Advance;
use super::storage::Stored;

/// Teams that are looked at, from the top, however many rows there are: the work is that of so many squared, for each row.
/// Below them one is a landmark for all up to the next, which is 5 in 100 places further down; `compared` and
/// `compared_at_end` choose it, one whose influence is known before others.
const MOST_TEAMS: i64 = 1000;
/// Of few rows more teams are no more work, but what is known of each pair takes memory.
const MOST_TEAMS_ON_FEW_ROWS: i64 = 3000;
/// Teams squared times rows: as many as a thousand teams on a million rows.
const MOST_PRODUCTS: f64 = 1e12;
/// Scores below these teams that a forecast reads.
const MOST_BELOW: i64 = 50_000;

/// What the outcome is written to.
#[derive(Debug, Clone)]
pub struct About {
    version_id: i64,
    is_final: bool,
    board_revision: i64,
    n_teams: i32,
    /// Teams and submissions, best first.
    entries: Vec<(i64, i64)>,
    /// Submissions of teams below these.
    landmarks: Vec<i64>,
}

impl About {
    fn split(&self) -> &'static str {
        split(self.is_final)
    }
}

/// How many teams are looked at, by the number of rows when somebody looked the last time. What is dear: a host's own metric,
/// which is asked about each file, and several metrics at once.
fn most_teams(n_units: Option<i32>, is_dear: bool) -> i64 {
    match n_units {
        Some(n_units) if !is_dear && n_units > 0 => {
            let most = (MOST_PRODUCTS / f64::from(n_units)).sqrt() as i64;
            most.clamp(MOST_TEAMS, MOST_TEAMS_ON_FEW_ROWS)
        }
        _ => MOST_TEAMS,
    }
}

fn split(is_final: bool) -> &'static str {
    if is_final { "private" } else { "public" }
}

/// Puts a look at one board into the queue, where one is due and none waits.
///
/// # Errors
/// Those of the database.
pub(super) async fn advance(db: &PgPool) -> sqlx::Result<Advance> {
    let mut tx = db.begin().await?;
    let due = sqlx::query_scalar!(
        "delete from rank_refreshes
         where competition_id = (
            select competition_id from rank_refreshes r
            where due_at <= now()
              and not exists (
                select from jobs j
                where j.competition_id = r.competition_id and j.kind = 'ranks' and j.state in ('queued', 'leased'))
            order by due_at
            limit 1
            for update skip locked)
         returning competition_id"
    )
    .fetch_optional(&mut *tx)
    .await?;
    let Some(competition_id) = due else {
        return if is_about_to_be_asked(&mut tx).await? {
            Ok(Advance::Elsewhere)
        } else {
            Ok(Advance::Nothing)
        };
    };
    queue::enqueue(&mut tx, competition_id, Subject::Ranks, Priority::Audit).await?;
    tx.commit().await?;
    Ok(Advance::Asked)
}

/// Whether another scorer holds what is due.
async fn is_about_to_be_asked(conn: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (
            select from rank_refreshes r
            where due_at <= now()
              and not exists (
                select from jobs j
                where j.competition_id = r.competition_id and j.kind = 'ranks' and j.state in ('queued', 'leased'))
           ) as "is_due!""#
    )
    .fetch_one(conn)
    .await
}

/// The board as it stands, with what is known of its submissions.
///
/// # Errors
/// Those of the database.
pub(super) async fn work(
    conn: &mut PgConnection,
    competition_id: i64,
    version: Option<Version>,
) -> sqlx::Result<Option<Work>> {
    let Some(version) = version else { return Ok(None) };
    let state = sqlx::query!(
        r#"select c.board_revision, c.settled_at is not null as "is_final!",
                  v.ranked_parts as "parts: Json<Vec<RankedPart>>"
           from competitions c
           join scoring_versions v on v.id = $2
           where c.id = $1"#,
        competition_id,
        version.version_id,
    )
    .fetch_one(&mut *conn)
    .await?;
    let parts = state.parts.map(|Json(parts)| parts).unwrap_or_default();
    let n_units = sqlx::query_scalar!(
        "select max(n_units) from rank_summaries where competition_id = $1 and version_id = $2 and absent is null",
        competition_id,
        version.version_id,
    )
    .fetch_one(&mut *conn)
    .await?;
    let is_dear = version.judging.module.is_some() || !parts.is_empty();
    let most_teams = most_teams(n_units, is_dear);
    let (rows, keys_below, gains) = if state.is_final {
        (compared_at_end(conn, competition_id, version.version_id, most_teams).await?, Vec::new(), Vec::new())
    } else if parts.is_empty() {
        (
            compared(conn, competition_id, version.version_id, most_teams).await?,
            keys_below(conn, competition_id, version.version_id, most_teams).await?,
            gains::wanted(conn, competition_id, version.version_id).await?,
        )
    } else {
        (
            compared_by_ranks(conn, competition_id, version.version_id).await?,
            Vec::new(),
            gains::wanted(conn, competition_id, version.version_id).await?,
        )
    };
    let covariances = sqlx::query!(
        "select storage_key, sealed_sha256 from covariances where version_id = $1 and split = $2",
        version.version_id,
        split(state.is_final),
    )
    .fetch_optional(&mut *conn)
    .await?;
    let n_first = rows.partition_point(|row| row.rank <= most_teams);
    let n_teams = rows.first().map_or(0, |row| row.n_teams);
    let about = About {
        version_id: version.version_id,
        is_final: state.is_final,
        board_revision: state.board_revision,
        n_teams,
        entries: rows[..n_first].iter().map(|row| (row.team_id, row.submission_id)).collect(),
        landmarks: rows[n_first..].iter().map(|row| row.submission_id).collect(),
    };
    let rank_key = |score: f64| if state.is_final { version.direction.rank_key(score) } else { score };
    let board = Board {
        entries: rows.into_iter().map(|row| row.into_entry(rank_key, &parts)).collect(),
        n_first,
        n_teams: n_teams.cast_unsigned(),
        keys_below,
        gains,
        is_final: state.is_final,
        covariances: covariances.map(|row| file(row.storage_key, Some(row.sealed_sha256))),
        seed: version.version_id.cast_unsigned(),
        direction: version.direction,
        judging: version.judging,
        parts,
    };
    Ok(Some(Work { request: Request::Ranks { board }, about: read::About::Ranks(about) }))
}

/// Scores of the teams below the first ones, best first.
async fn keys_below(
    conn: &mut PgConnection,
    competition_id: i64,
    version_id: i64,
    most_teams: i64,
) -> sqlx::Result<Vec<KeyBelow>> {
    let keys = sqlx::query_scalar!(
        "select rank_key from board_entries
         where competition_id = $1 and version_id = $2
         order by rank_key, reached_at, submission_id
         offset $3 limit $4",
        competition_id,
        version_id,
        most_teams,
        MOST_BELOW,
    )
    .fetch_all(conn)
    .await?;
    Ok((most_teams as u32 + 1..).zip(keys).map(|(rank, key)| KeyBelow { rank, key }).collect())
}

struct Row {
    team_id: i64,
    submission_id: i64,
    rank: i64,
    /// On the whole board.
    n_teams: i32,
    /// On the public board turned so that lower is better.
    score: f64,
    /// As they are, under every metric that teams are ranked by.
    part_scores: Option<Vec<f64>>,
    storage_key: String,
    sha256: Vec<u8>,
    influence_key: Option<String>,
    influence_sha256: Option<Vec<u8>>,
}

impl Row {
    fn into_entry(self, rank_key: impl Fn(f64) -> f64, parts: &[RankedPart]) -> BoardEntry {
        let part_scores = self.part_scores.unwrap_or_default();
        let part_key = |(score, part): (f64, &RankedPart)| if part.higher_is_better { -score } else { score };
        BoardEntry {
            rank: u32::try_from(self.rank).unwrap_or(u32::MAX),
            rank_key: rank_key(self.score),
            part_keys: part_scores.into_iter().zip(parts).map(part_key).collect(),
            kept: Kept {
                submission_id: self.submission_id,
                file: file(self.storage_key, Some(self.sha256)),
                influence: self.influence_key.map(|key| file(key, self.influence_sha256)),
            },
        }
    }
}

/// The first teams of the public board and the landmarks below them, best first.
async fn compared(
    conn: &mut PgConnection,
    competition_id: i64,
    version_id: i64,
    most_teams: i64,
) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as!(
        Row,
        r#"with board as (
               select team_id, submission_id, rank_key, part_scores,
                      row_number() over (order by rank_key, reached_at, submission_id) as rank,
                      (count(*) over ())::integer as n_teams
               from board_entries
               where competition_id = $1 and version_id = $2
           ), placed as (
               select *, case when rank <= $3 then rank::double precision
                              else $3 + 1 + floor(ln(rank::double precision / $3) / ln(1.05::double precision)) end as place
               from board
           )
           select distinct on (p.place) p.team_id, p.submission_id, p.rank as "rank!",
                  p.n_teams as "n_teams!", p.rank_key as score, p.part_scores,
                  s.storage_key, s.sha256,
                  i.storage_key as "influence_key?", i.sealed_sha256 as "influence_sha256?"
           from placed p
           join submissions s on s.id = p.submission_id
           left join influences i
               on i.submission_id = p.submission_id and i.version_id = $2 and i.split = 'public'
           where s.file_gone_at is null or i.storage_key is not null
           order by p.place, i.storage_key is null, p.rank"#,
        competition_id,
        version_id,
        most_teams,
    )
    .fetch_all(conn)
    .await
}

/// As [`compared`], of a board whose teams are ranked by several metrics.
async fn compared_by_ranks(
    conn: &mut PgConnection,
    competition_id: i64,
    version_id: i64,
) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as!(
        Row,
        r#"with board as materialized (
               select team_id, rank, (count(*) over ())::integer as n_teams
               from board_ranks($1, $2)
               order by rank
               limit $3
           )
           select p.team_id as "team_id!", b.submission_id, p.rank::bigint as "rank!", p.n_teams as "n_teams!",
                  b.rank_key as score, b.part_scores, s.storage_key, s.sha256,
                  i.storage_key as "influence_key?", i.sealed_sha256 as "influence_sha256?"
           from board p
           join board_entries b on b.competition_id = $1 and b.version_id = $2 and b.team_id = p.team_id
           join submissions s on s.id = b.submission_id
           left join influences i
               on i.submission_id = b.submission_id and i.version_id = $2 and i.split = 'public'
           where s.file_gone_at is null or i.storage_key is not null
           order by p.rank"#,
        competition_id,
        version_id,
        MOST_TEAMS,
    )
    .fetch_all(conn)
    .await
}

/// As [`compared`], of the final board, however its teams are ranked.
async fn compared_at_end(
    conn: &mut PgConnection,
    competition_id: i64,
    version_id: i64,
    most_teams: i64,
) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as!(
        Row,
        r#"with placed as (
               select team_id, submission_id, private_score, part_scores, rank, (count(*) over ())::integer as n_teams,
                      case when rank <= $3::bigint then rank::double precision
                           else $3 + 1 + floor(ln(rank::double precision / $3) / ln(1.05::double precision)) end as place
               from final_entries
               where competition_id = $1 and version_id = $2
           )
           select distinct on (p.place) p.team_id, p.submission_id, p.rank::bigint as "rank!", p.n_teams as "n_teams!",
                  p.private_score as score, p.part_scores, s.storage_key, s.sha256,
                  i.storage_key as "influence_key?", i.sealed_sha256 as "influence_sha256?"
           from placed p
           join submissions s on s.id = p.submission_id
           left join influences i
               on i.submission_id = p.submission_id and i.version_id = $2 and i.split = 'private'
           where s.file_gone_at is null or i.storage_key is not null
           order by p.place, i.storage_key is null, p.rank"#,
        competition_id,
        version_id,
        most_teams,
    )
    .fetch_all(conn)
    .await
}

/// Writes what a look at a board came to. An older look never replaces a newer one. What is replaced is
/// named by no row then, and swept with everything else that is not.
///
/// # Errors
/// Those of the database.
pub(super) async fn found(
    db: &PgPool,
    leased: &Leased,
    about: &About,
    ranks: &BoardRanks,
) -> sqlx::Result<Written> {
    with_the_job(db, leased, async |conn| {
        let n_newer = sqlx::query_scalar!(
            r#"select count(*) as "n!" from rank_summaries
               where competition_id = $1 and version_id = $2 and split = $3 and board_revision > $4"#,
            leased.competition()?,
            about.version_id,
            about.split(),
            about.board_revision,
        )
        .fetch_one(&mut *conn)
        .await?;
        if n_newer > 0 {
            return Ok(Written::Stale);
        }
        remember_files(conn, about, ranks).await?;
        gains::write(conn, about.version_id, &ranks.gains).await?;
        match &ranks.outcome {
            RanksOutcome::Unfinished => look_again(conn, leased.competition()?).await?,
            outcome => summary::write(conn, leased.competition()?, about, ranks, outcome).await?,
        }
        if ranks.gains.len() == gains::MOST_GAINS {
            look_again(conn, leased.competition()?).await?;
        }
        Ok(Written::Yes)
    })
    .await
}

async fn look_again(conn: &mut PgConnection, competition_id: i64) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into rank_refreshes (competition_id, due_at) values ($1, now())
         on conflict (competition_id) do update set due_at = excluded.due_at",
        competition_id
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Of the submissions that are compared and of no others.
async fn remember_files(conn: &mut PgConnection, about: &About, ranks: &BoardRanks) -> sqlx::Result<()> {
    let first = about.entries.iter().map(|(_, submission_id)| *submission_id);
    let ranked: Vec<i64> = first.chain(about.landmarks.iter().copied()).collect();
    sqlx::query!(
        "delete from influences where version_id = $1 and split = $2 and submission_id <> all ($3)",
        about.version_id,
        about.split(),
        &ranked,
    )
    .execute(&mut *conn)
    .await?;
    let submissions: Vec<i64> = ranks.made.iter().map(|(submission_id, _)| *submission_id).collect();
    let (keys, digests): (Vec<String>, Vec<Vec<u8>>) =
        ranks.made.iter().map(|(_, stored)| (stored.key.clone(), stored.sha256.to_vec())).unzip();
    sqlx::query!(
        "insert into influences (submission_id, version_id, split, storage_key, sealed_sha256)
         select submission_id, $1, $2, storage_key, sealed_sha256
         from unnest($3::bigint[], $4::text[], $5::bytea[]) as made (submission_id, storage_key, sealed_sha256)
         on conflict (submission_id, version_id, split) do update set
            storage_key = excluded.storage_key, sealed_sha256 = excluded.sealed_sha256",
        about.version_id,
        about.split(),
        &submissions,
        &keys,
        &digests,
    )
    .execute(&mut *conn)
    .await?;
    if let Some(Stored { key, sha256, .. }) = &ranks.covariances {
        sqlx::query!(
            "insert into covariances (version_id, split, storage_key, sealed_sha256) values ($1, $2, $3, $4)
             on conflict (version_id, split) do update set
                storage_key = excluded.storage_key, sealed_sha256 = excluded.sealed_sha256",
            about.version_id,
            about.split(),
            key,
            &sha256[..],
        )
        .execute(conn)
        .await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_teams_are_looked_at_where_there_are_few_rows() {
        let of = |n_units| most_teams(n_units, false);
        assert_eq!([None, Some(0), Some(40), Some(100_000)].map(of), [1000, 1000, 3000, 3000]);
        assert_eq!([250_000, 1_000_000, i32::MAX].map(|n| of(Some(n))), [2000, 1000, 1000]);
        assert_eq!(most_teams(Some(40), true), 1000);
    }
}
