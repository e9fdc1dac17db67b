//! Boards that are Ladders: a team's files are judged in the order in which they came, each against the best
//! one before it whose score was released and that was not disqualified then. The order is put on record when a file is
//! judged first (`ladder_turns`), decisions and merges take turns in it, and it is followed ever after: so the same files
//! come to the same scores whoever computes them, under a new version as well, though one was delayed by a fault of ours,
//! disqualified or reinstated, or two teams became one in between.

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
    /// `None`: it was let go.
    file: Option<FileRef>,
}

/// A submission to a Ladder, as it was read before it was scored.
#[derive(Debug, Clone)]
pub struct Climber {
    best: Option<Best>,
}

impl Climber {
    pub(super) fn climb(&self) -> Climb {
        Climb { best: self.best.as_ref().and_then(|best| best.file.clone()) }
    }

    /// Whether all is there that its step follows from.
    pub(super) fn is_whole(&self) -> bool {
        self.best.as_ref().is_none_or(|best| best.file.is_some())
    }

    /// What the team is shown of a score; `None` without one.
    pub(super) fn step(&self, direction: Direction, public: &SplitScore, rung: Rung) -> Option<Step> {
        let best = self.best.as_ref().map(|best| best.score);
        let least_gain = rung.least_gain.filter(|_| self.is_whole());
        public.value().map(|score| Rung { least_gain, ..rung }.step(direction, score, best))
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
        r#"select x.submission_id, x.public_score as "score!", s.storage_key, s.sha256,
                  s.file_gone_at is not null as "is_gone!"
           from scores x
           join submissions s on s.id = x.submission_id
           join ladder_turns t on t.submission_id = x.submission_id
           where x.version_id = $1 and x.team_id = $2 and x.ladder_step = 'released' and not x.is_late
             and t.turn < $3 and t.team_id = any($4)
             and not exists (
                select from disqualifications d
                where d.submission_id = x.submission_id and d.turn < $3
                  and (d.lifted_turn is null or d.lifted_turn >= $3))
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
            file: (!row.is_gone).then(|| file(row.storage_key, Some(row.sha256))),
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

/// Puts on record how far the files of a submission's team are judged, now that it has a score.
///
/// # Errors
/// Those of the database.
pub(super) async fn reach(conn: &mut PgConnection, submission: &Submission) -> sqlx::Result<()> {
    if submission.climber.is_some() {
        sqlx::query!("select reach_on_ladder($1, $2)", submission.id, submission.version_id)
            .execute(conn)
            .await?;
    }
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

/// Whether another file of the team is still to be judged before it.
///
/// # Errors
/// Those of the database.
pub(super) async fn waits_for_earlier(db: &PgPool, leased: &Leased) -> sqlx::Result<bool> {
    let (submission_id, version_id) = match leased.subject {
        Subject::Score { submission_id, .. } => (submission_id, None),
        Subject::Rescore { submission_id, version_id, .. } => (submission_id, Some(version_id)),
        _ => return Ok(false),
    };
    sqlx::query_scalar!(
        r#"select exists (
            select from waiting_on_ladders
            where submission_id = $1
              and version_id = coalesce($2, (select active_version_id from competitions where id = $3))) as "waits!""#,
        submission_id,
        version_id,
        leased.competition()?,
    )
    .fetch_one(db)
    .await
}
