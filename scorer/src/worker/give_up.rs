//! When a job broke a scorer for the last time: it is marked failed, its owner is told, and
//! nothing else waits for it.

use holdout_contract::events::{Event, announce};
use holdout_contract::examine::{Finding, Report, Verdict};
use holdout_contract::job::{CheckVerdict, Subject};
use holdout_contract::queue::{self, Leased};
use holdout_contract::rejection::{Rejection, RejectionKind};
use sqlx::{PgConnection, PgPool};

use super::comparing;
use super::finish::json;
use super::releasing;

/// Marks job and subject failed. `false` when the lease was lost; nothing is written then.
///
/// # Errors
/// Those of the database.
pub async fn give_up(db: &PgPool, leased: &Leased, reason: &str) -> sqlx::Result<bool> {
    let mut tx = db.begin().await?;
    if !queue::give_up(&mut tx, leased, reason).await? {
        return Ok(false);
    }
    let text = format!("The platform tried {} times and could not finish: {reason}.", leased.attempts);
    match leased.subject {
        Subject::Score { submission_id, team_id } => {
            fail_submission(&mut tx, submission_id, &text).await?;
            let competition_id = leased.competition()?;
            announce(&mut tx, Event::Submission { competition_id, team_id, submission_id }).await?;
        }
        // The submission keeps its score under the active version, the board its ranges, and files stay unlooked
        // at; the host sees the failed job.
        Subject::Rescore { .. }
        | Subject::Verify { .. }
        | Subject::Ranks
        | Subject::OtherMetrics
        | Subject::Probing => {}
        Subject::Check { check_id } => {
            let verdict = json(&CheckVerdict::Failed { reason: text })?;
            sqlx::query!("update file_checks set verdict = $2 where id = $1", check_id, verdict)
                .execute(&mut *tx)
                .await?;
        }
        Subject::Compare { comparison_id } => comparing::failed(&mut tx, comparison_id, &text).await?,
        Subject::Run { run_id } => fail_run(&mut tx, run_id, &text).await?,
        Subject::Examine { version_id } => fail_examination(&mut tx, version_id, text).await?,
        Subject::Release { version_id } => releasing::failed(&mut tx, version_id, &text).await?,
        Subject::Split { table_id } => {
            let rejection = json(&Rejection::new(RejectionKind::BadSolution, text))?;
            sqlx::query!("update labelled_tables set rejection = $2 where id = $1", table_id, rejection)
                .execute(&mut *tx)
                .await?;
        }
    }
    if let Some(competition_id) = leased.competition_id {
        announce(&mut tx, Event::Job { competition_id, job_id: leased.job_id }).await?;
    }
    tx.commit().await?;
    Ok(true)
}

/// A submission that has a score keeps it: only one that waited can fail.
async fn fail_submission(conn: &mut PgConnection, submission_id: i64, text: &str) -> sqlx::Result<()> {
    sqlx::query!(
        "update submissions set state = 'failed', failure = $2
         where id = $1 and state in ('queued', 'scoring')",
        submission_id,
        text,
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn fail_run(conn: &mut PgConnection, run_id: i64, text: &str) -> sqlx::Result<()> {
    sqlx::query!(
        "update notebook_runs set state = 'failed', finished_at = clock_now(), report = left($2, 60000)
         where id = $1 and finished_at is null",
        run_id,
        text,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What a competition was launched with stays on record: of a version that counts, its files were to be examined.
async fn fail_examination(conn: &mut PgConnection, version_id: i64, text: String) -> sqlx::Result<()> {
    let findings = vec![Finding {
        check: "examination_ran".to_owned(),
        verdict: Verdict::Refused,
        text,
        fix: "Save the competition or upload the file again to have it examined anew; if that does not help, tell \
              whoever runs this installation."
            .to_owned(),
    }];
    let of_files = json(&findings)?;
    let report = Report::of_findings(findings);
    sqlx::query!(
        "update scoring_versions set report = $2, examined_revision = input_revision
         where id = $1 and activated_at is null",
        version_id,
        json(&report)?,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "update scoring_versions set files_findings = $2, files_examined_revision = files_revision
         where id = $1 and activated_at is not null",
        version_id,
        of_files,
    )
    .execute(conn)
    .await?;
    Ok(())
}
