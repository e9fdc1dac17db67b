//! Boards that are Ladders: a team's files are judged in the order in which they came, each against the best
//! one before it whose score was released. So the same files come to the same scores whoever computes them,
//! under a new version as well.

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

/// `None` where the board is no Ladder, and for what came after the end.
///
/// # Errors
/// Those of the database.
pub(super) async fn climber(
    conn: &mut PgConnection,
    submission_id: i64,
    version_id: i64,
) -> sqlx::Result<Option<Climber>> {
    let climbs = sqlx::query_scalar!(
        r#"select s.team_id
           from submissions s
           join competitions c on c.id = s.competition_id
           where s.id = $1 and c.ladder = 'on' and not s.is_late"#,
        submission_id
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(team_id) = climbs else { return Ok(None) };
    let best = sqlx::query!(
        r#"select x.submission_id, x.public_score as "score!", s.storage_key, s.sha256
           from scores x
           join submissions s on s.id = x.submission_id
           where x.version_id = $1 and x.team_id = $2 and x.rank_key is not null and not x.is_late
             and not x.is_barred and x.ladder_step = 'released' and x.submission_id < $3
           order by x.rank_key, x.received_at, x.submission_id
           limit 1"#,
        version_id,
        team_id,
        submission_id,
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
    let (submission_id, version_id) = match leased.subject {
        Subject::Score { submission_id, .. } => (submission_id, None),
        Subject::Rescore { submission_id, version_id, .. } => (submission_id, Some(version_id)),
        _ => return Ok(false),
    };
    sqlx::query_scalar!(
        r#"select exists (
            select from submissions s
            join competitions c on c.id = s.competition_id and c.ladder = 'on'
            join jobs j on j.team_id = s.team_id and j.submission_id < s.id
            where s.id = $1 and not s.is_late and j.state in ('queued', 'leased')
              and j.kind in ('score', 'rescore') and j.version_id is not distinct from $2) as "waits!""#,
        submission_id,
        version_id,
    )
    .fetch_one(db)
    .await
}
