//! Boards that are Ladders: a team's files are judged in the order in which they came, each against the best
//! one before it whose score was released. The order is put on record when a file is judged first
//! (`ladder_turns`), and followed ever after: so the same files come to the same scores whoever computes them, under
//! a new version as well, though one was delayed by a fault of ours, or two teams became one in between.

use holdout_contract::job::{SplitScore, Subject};
use holdout_contract::queue::Leased;
use holdout_contract::spec::Direction;
use sqlx::{PgConnection, PgPool};

use super::message::{Climb, FileRef};
use super::read::{Submission, file};
use crate::ranks::{Rung, Step};

/// What a file has to be better than.
#[derive(Debug, Clone)]
pub struct Best {
    submission_id: i64,
    score: f64,
    file: FileRef,
}

/// A submission to a Ladder, as it was read before it was scored.
#[derive(Debug, Clone)]
pub struct Climber {
    best: Option<Best>,
}

impl Climber {
    pub(super) fn climb(&self) -> Climb {
        Climb { best: self.best.as_ref().map(|best| best.file.clone()) }
    }

    /// What the team is shown of a score; `None` without one.
    pub(super) fn step(&self, direction: Direction, public: &SplitScore, rung: Rung) -> Option<Step> {
        let best = self.best.as_ref().map(|best| best.score);
        public.value().map(|score| rung.step(direction, score, best))
    }

    fn names(&self) -> Option<(i64, u64)> {
        self.best.as_ref().map(|best| (best.submission_id, best.score.to_bits()))
    }
}

/// Where a file stands among those that its team had judged.
struct Turn {
    team_id: i64,
    /// On record since it was judged first; before that, it is the last of all.
    turn: i64,
    /// The team that it belonged to then, and those that had become part of it.
    together: Vec<i64>,
}

/// `None` where the board is no Ladder, and for what came after the end.
///
/// # Errors
/// Those of the database.
pub(super) async fn climber(
    conn: &mut PgConnection,
    submission_id: i64,
    version_id: i64,
) -> sqlx::Result<Option<Climber>> {
    let Some(own) = turn(conn, submission_id).await? else { return Ok(None) };
    let best = sqlx::query!(
        r#"select x.submission_id, x.public_score as "score!", s.storage_key, s.sha256
           from scores x
           join submissions s on s.id = x.submission_id
           join ladder_turns t on t.submission_id = x.submission_id
           where x.version_id = $1 and x.team_id = $2 and x.rank_key is not null and not x.is_late
             and not x.is_barred and x.ladder_step = 'released' and t.turn < $3 and t.team_id = any($4)
           order by x.rank_key, x.received_at, x.submission_id
           limit 1"#,
        version_id,
        own.team_id,
        own.turn,
        &own.together,
    )
    .fetch_optional(conn)
    .await?;
    Ok(Some(Climber {
        best: best.map(|row| Best {
            submission_id: row.submission_id,
            score: row.score,
            file: file(row.storage_key, Some(row.sha256)),
        }),
    }))
}

async fn turn(conn: &mut PgConnection, submission_id: i64) -> sqlx::Result<Option<Turn>> {
    sqlx::query_as!(
        Turn,
        r#"with recursive own as materialized (
               select s.competition_id, s.team_id, coalesce(t.team_id, s.team_id) as judged_in,
                      coalesce(t.turn, 9223372036854775807) as turn
               from submissions s
               join competitions c on c.id = s.competition_id
               left join ladder_turns t on t.submission_id = s.id
               where s.id = $1 and c.ladder = 'on' and not s.is_late
           ), together as (
               select judged_in as id from own
               union
               select gone.id
               from together
               cross join own
               join teams gone on gone.competition_id = own.competition_id and gone.merged_into = together.id
               where coalesce(gone.merged_turn, 0) < own.turn
           )
           select team_id, turn as "turn!", array(select id from together) as "together!" from own"#,
        submission_id
    )
    .fetch_optional(conn)
    .await
}

/// Puts on record when a file was judged first, and in which team; that never changes again. The team is held.
///
/// # Errors
/// Those of the database.
pub(super) async fn take_turn(conn: &mut PgConnection, submission: &Submission) -> sqlx::Result<()> {
    if submission.climber.is_none() {
        return Ok(());
    }
    sqlx::query!(
        "insert into ladder_turns (submission_id, turn, team_id)
         values ($1, nextval('ladder_turn_numbers'), $2)
         on conflict (submission_id) do nothing",
        submission.id,
        submission.team_id,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether a submission was judged against another file than the one that counts now.
///
/// # Errors
/// Those of the database.
pub(super) async fn is_overtaken(conn: &mut PgConnection, submission: &Submission) -> sqlx::Result<bool> {
    let Some(judged) = &submission.climber else { return Ok(false) };
    let now = climber(conn, submission.id, submission.version_id).await?;
    Ok(now.is_none_or(|now| now.names() != judged.names()))
}

/// Writes down what a file came to in truth where a Ladder may show another score; `None` elsewhere.
///
/// # Errors
/// Those of the database.
pub(super) async fn keep_exact(
    conn: &mut PgConnection,
    submission: &Submission,
    score: Option<f64>,
) -> sqlx::Result<()> {
    let Some(score) = score else {
        sqlx::query!(
            "delete from exact_public_scores where submission_id = $1 and version_id = $2",
            submission.id,
            submission.version_id,
        )
        .execute(conn)
        .await?;
        return Ok(());
    };
    sqlx::query!(
        "insert into exact_public_scores (submission_id, version_id, public_score) values ($1, $2, $3)
         on conflict (submission_id, version_id) do update set public_score = excluded.public_score",
        submission.id,
        submission.version_id,
        score,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether an earlier file of the team is still to be judged under the same version.
///
/// # Errors
/// Those of the database.
pub(super) async fn waits_for_earlier(db: &PgPool, leased: &Leased) -> sqlx::Result<bool> {
    match leased.subject {
        Subject::Score { submission_id, .. } => waits_for_earlier_jobs(db, submission_id).await,
        Subject::Rescore { submission_id, version_id, .. } => {
            let mut conn = db.acquire().await?;
            Ok(!waiting_for_earlier_scores(&mut conn, &[submission_id], version_id).await?.is_empty())
        }
        _ => Ok(false),
    }
}

async fn waits_for_earlier_jobs(db: &PgPool, submission_id: i64) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (
            select from submissions s
            join competitions c on c.id = s.competition_id and c.ladder = 'on'
            left join ladder_turns own on own.submission_id = s.id
            join jobs j on j.team_id = s.team_id and j.submission_id <> s.id
            left join ladder_turns t on t.submission_id = j.submission_id
            where s.id = $1 and not s.is_late and j.state in ('queued', 'leased') and j.kind = 'score'
              and (coalesce(t.turn, 9223372036854775807), j.submission_id)
                  < (coalesce(own.turn, 9223372036854775807), s.id)) as "waits!""#,
        submission_id,
    )
    .fetch_one(db)
    .await
}

/// The submissions for which an earlier one has no score yet under another version: it judges in the order on record, in
/// which a file may stand before one that was sent earlier, and that is asked for later therefore.
///
/// # Errors
/// Those of the database.
pub(super) async fn waiting_for_earlier_scores(
    conn: &mut PgConnection,
    submissions: &[i64],
    version_id: i64,
) -> sqlx::Result<Vec<i64>> {
    sqlx::query_scalar!(
        "select s.id from submissions s
         join competitions c on c.id = s.competition_id and c.ladder = 'on'
         join ladder_turns own on own.submission_id = s.id
         where s.id = any ($1) and not s.is_late
           and exists (
              select from submissions e
              join ladder_turns t on t.submission_id = e.id and t.turn < own.turn
              where e.team_id = s.team_id and e.state = 'scored' and not e.is_late
                and not exists (select from scores x where x.submission_id = e.id and x.version_id = $2))",
        submissions,
        version_id,
    )
    .fetch_all(conn)
    .await
}
