//! Both scores of a file under a version. The private one lies in a table of its own, which the web server may not read.

use holdout_contract::job::SplitScore;
use holdout_contract::{ENGINE_VERSION, spec::Direction};
use serde_json::Value;
use sqlx::PgConnection;

use super::{Judged, json};
use crate::ranks::Step;
use crate::worker::read::Submission;
use crate::worker::{broke, climbing};

/// A file that only a later version cannot read has no score under it, and the reason stands there.
///
/// # Errors
/// Those of the database.
pub(super) async fn write(
    conn: &mut PgConnection,
    submission: &Submission,
    judged: Judged<'_>,
) -> sqlx::Result<()> {
    let (public, private, rejection, rung) = match judged {
        Judged::Scored { scores, rung, .. } => (scores.public.clone(), scores.private.clone(), None, rung),
        Judged::Rejected(rejection) => {
            let none = SplitScore::Undefined { undefined: rejection.message.clone() };
            (none.clone(), none, Some(json(rejection)?), None)
        }
        Judged::Broke(_) => return Ok(()), // reported instead
    };
    match judged {
        Judged::Scored { report: Some(report), .. } => {
            broke::write_report(conn, submission, report).await?;
        }
        _ => broke::forget(conn, submission).await?,
    }
    let climber = submission.climber.as_ref();
    let step =
        climber.zip(rung).and_then(|(climber, rung)| climber.step(submission.direction, &public, rung));
    let shown = step.map(Step::shown).or(public.value());
    write_public(conn, submission, &Public { public: &public, shown, step, rejection }).await?;
    climbing::keep_exact(conn, submission, step.and(public.value())).await?;
    write_private(conn, submission, &private).await?;
    climbing::reach(conn, submission).await
}

/// What may be told while the competition is open.
struct Public<'a> {
    public: &'a SplitScore,
    /// The score; on a Ladder the one that the team is told.
    shown: Option<f64>,
    /// Where the board is a Ladder.
    step: Option<Step>,
    rejection: Option<Value>,
}

async fn write_public(
    conn: &mut PgConnection,
    submission: &Submission,
    told: &Public<'_>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into scores
            (submission_id, version_id, team_id, received_at, is_late, public_score, public_undefined, rank_key,
             rejection, submission_sha256, solution_sha256, metric_sha256, engine_version, part_scores, ladder_step,
             scored_at)
         select id, $2, team_id, received_at, is_late, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, clock_now()
         from submissions
         where id = $1
         on conflict (submission_id, version_id) do update set
            public_score = excluded.public_score,
            public_undefined = excluded.public_undefined,
            rank_key = excluded.rank_key,
            rejection = excluded.rejection,
            submission_sha256 = excluded.submission_sha256,
            solution_sha256 = excluded.solution_sha256,
            metric_sha256 = excluded.metric_sha256,
            engine_version = excluded.engine_version,
            part_scores = excluded.part_scores,
            ladder_step = excluded.ladder_step,
            scored_at = excluded.scored_at",
        submission.id,
        submission.version_id,
        told.shown,
        told.public.reason(),
        told.shown.map(|score| rank_key(submission.direction, score)),
        told.rejection,
        submission.sha256,
        submission.solution_sha256,
        &submission.metric_sha256[..],
        ENGINE_VERSION,
        told.public.parts(),
        told.step.map(Step::name),
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn write_private(
    conn: &mut PgConnection,
    submission: &Submission,
    private: &SplitScore,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into private_scores (submission_id, version_id, private_score, private_undefined, part_scores)
         values ($1, $2, $3, $4, $5)
         on conflict (submission_id, version_id) do update set
            private_score = excluded.private_score,
            private_undefined = excluded.private_undefined,
            part_scores = excluded.part_scores",
        submission.id,
        submission.version_id,
        private.value(),
        private.reason(),
        private.parts(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Adding zero turns −0 into 0, which sorts the same but prints without a sign.
fn rank_key(direction: Direction, score: f64) -> f64 {
    direction.rank_key(score) + 0.0
}
