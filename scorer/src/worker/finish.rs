//! Writing an outcome down: everything in one transaction, the lease first. A lost lease rolls all
//! of it back, so that a submission is scored once whatever happens.
//!
//! Never here: computing anything, or a private score anywhere but in `private_scores`.

use holdout_contract::events::{Event, announce};
use holdout_contract::examine::{Proposal, Report};
use holdout_contract::job::{CheckVerdict, Priority, Scores, Subject};
use holdout_contract::queue::{self, Leased};
use holdout_contract::rejection::Rejection;
use holdout_contract::{ENGINE_VERSION, spec::Direction};
use serde::Serialize;
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::message::SplitFiles;
use super::read::Submission;
use super::storage::Stored;

/// What became of an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    Yes,
    /// Another worker owns the job now; nothing was written.
    LeaseLost,
    /// What the outcome was computed from is no longer what counts; nothing was written.
    Stale,
}

/// Writes scores, board row and job state.
///
/// # Errors
/// Those of the database.
pub async fn scored(
    db: &PgPool,
    leased: &Leased,
    submission: &Submission,
    scores: &Scores,
) -> sqlx::Result<Written> {
    let mut tx = db.begin().await?;
    if !queue::finish(&mut tx, leased).await? {
        return Ok(Written::LeaseLost);
    }
    let Some(before) = lock(&mut tx, submission.id).await? else { return Ok(Written::Stale) };
    if before.active_version_id != Some(submission.version_id) {
        return Ok(Written::Stale);
    }
    write_score(&mut tx, submission, scores).await?;
    let is_first = before.state != "scored";
    place(&mut tx, leased.competition_id, submission, &before, is_first).await?;
    tx.commit().await?;
    Ok(Written::Yes)
}

/// Writes why a submission was refused.
///
/// # Errors
/// Those of the database.
pub async fn rejected(
    db: &PgPool,
    leased: &Leased,
    submission: &Submission,
    rejection: &Rejection,
) -> sqlx::Result<Written> {
    let mut tx = db.begin().await?;
    if !queue::finish(&mut tx, leased).await? {
        return Ok(Written::LeaseLost);
    }
    let Some(before) = lock(&mut tx, submission.id).await? else { return Ok(Written::Stale) };
    if before.active_version_id != Some(submission.version_id) {
        return Ok(Written::Stale);
    }
    sqlx::query!(
        "update submissions
         set state = 'rejected', rejection = $2, failure = null, version_id = null, public_score = null,
             public_undefined = null, rank_key = null, scored_at = null, selected_at = null
         where id = $1",
        submission.id,
        json(rejection)?,
    )
    .execute(&mut *tx)
    .await?;
    if before.state == "scored" {
        place(&mut tx, leased.competition_id, submission, &before, false).await?;
    } else {
        announce_submission(&mut tx, leased.competition_id, submission).await?;
    }
    tx.commit().await?;
    Ok(Written::Yes)
}

struct Before {
    state: String,
    is_late: bool,
    active_version_id: Option<i64>,
}

/// Locks in the order that submitting does: the team before anything of it.
async fn lock(conn: &mut PgConnection, submission_id: i64) -> sqlx::Result<Option<Before>> {
    sqlx::query!(
        "select 1 as one from teams where id = (select team_id from submissions where id = $1) for update",
        submission_id
    )
    .fetch_optional(&mut *conn)
    .await?;
    sqlx::query_as!(
        Before,
        "select s.state, s.is_late, c.active_version_id
         from submissions s
         join competitions c on c.id = s.competition_id
         where s.id = $1
         for update of s",
        submission_id
    )
    .fetch_optional(conn)
    .await
}

async fn write_score(conn: &mut PgConnection, submission: &Submission, scores: &Scores) -> sqlx::Result<()> {
    let public = scores.public.value();
    sqlx::query!(
        "update submissions
         set state = 'scored', version_id = $2, public_score = $3, public_undefined = $4, rank_key = $5,
             scored_at = clock_now(), rejection = null, failure = null
         where id = $1",
        submission.id,
        submission.version_id,
        public,
        scores.public.reason(),
        public.map(|score| rank_key(submission.direction, score)),
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into scores
            (submission_id, version_id, public_score, submission_sha256, solution_sha256, engine_version, scored_at)
         values ($1, $2, $3, $4, $5, $6, clock_now())
         on conflict (submission_id, version_id) do update set
            public_score = excluded.public_score,
            submission_sha256 = excluded.submission_sha256,
            solution_sha256 = excluded.solution_sha256,
            engine_version = excluded.engine_version,
            scored_at = excluded.scored_at",
        submission.id,
        submission.version_id,
        public,
        submission.sha256,
        submission.solution_sha256,
        ENGINE_VERSION,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into private_scores (submission_id, version_id, private_score, private_undefined)
         values ($1, $2, $3, $4)
         on conflict (submission_id, version_id) do update set
            private_score = excluded.private_score,
            private_undefined = excluded.private_undefined",
        submission.id,
        submission.version_id,
        scores.private.value(),
        scores.private.reason(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Adding zero turns −0 into 0, which sorts the same but prints without a sign.
fn rank_key(direction: Direction, score: f64) -> f64 {
    direction.rank_key(score) + 0.0
}

async fn place(
    conn: &mut PgConnection,
    competition_id: i64,
    submission: &Submission,
    before: &Before,
    is_new_entry: bool,
) -> sqlx::Result<()> {
    if !before.is_late {
        sqlx::query!("select place_on_board($1, $2)", competition_id, submission.team_id)
            .execute(&mut *conn)
            .await?;
        sqlx::query!(
            "update competitions
             set n_entries = n_entries + $2, board_revision = board_revision + 1
             where id = $1",
            competition_id,
            i32::from(is_new_entry),
        )
        .execute(&mut *conn)
        .await?;
        announce(conn, Event::Board { competition_id }).await?;
    }
    announce_submission(conn, competition_id, submission).await
}

async fn announce_submission(
    conn: &mut PgConnection,
    competition_id: i64,
    submission: &Submission,
) -> sqlx::Result<()> {
    let event =
        Event::Submission { competition_id, team_id: submission.team_id, submission_id: submission.id };
    announce(conn, event).await
}

/// Writes the answer to a file check.
///
/// # Errors
/// Those of the database.
pub async fn checked(
    db: &PgPool,
    leased: &Leased,
    check_id: Uuid,
    verdict: &CheckVerdict,
) -> sqlx::Result<Written> {
    let mut tx = db.begin().await?;
    if !queue::finish(&mut tx, leased).await? {
        return Ok(Written::LeaseLost);
    }
    sqlx::query!("update file_checks set verdict = $2 where id = $1", check_id, json(verdict)?)
        .execute(&mut *tx)
        .await?;
    announce_job(&mut tx, leased).await?;
    tx.commit().await?;
    Ok(Written::Yes)
}

/// Writes an examination's report, unless the version was changed while it was read: then the
/// version is examined again.
///
/// # Errors
/// Those of the database.
pub async fn examined(
    db: &PgPool,
    leased: &Leased,
    version_id: i64,
    input_revision: i32,
    report: &Report,
) -> sqlx::Result<Written> {
    let mut tx = db.begin().await?;
    if !queue::finish(&mut tx, leased).await? {
        return Ok(Written::LeaseLost);
    }
    let written = sqlx::query!(
        "update scoring_versions set report = $3, examined_revision = $2
         where id = $1 and input_revision = $2",
        version_id,
        input_revision,
        json(report)?,
    )
    .execute(&mut *tx)
    .await?;
    if written.rows_affected() == 0 {
        examine_again(&mut tx, leased.competition_id, version_id).await?;
    }
    announce_job(&mut tx, leased).await?;
    tx.commit().await?;
    Ok(Written::Yes)
}

async fn examine_again(conn: &mut PgConnection, competition_id: i64, version_id: i64) -> sqlx::Result<()> {
    let is_waiting = sqlx::query_scalar!(
        r#"select exists (
            select from jobs where version_id = $1 and kind = 'examine' and state = 'queued') as "waits!""#,
        version_id
    )
    .fetch_one(&mut *conn)
    .await?;
    if !is_waiting {
        queue::enqueue(conn, competition_id, Subject::Examine { version_id }, Priority::Interactive).await?;
    }
    Ok(())
}

/// Writes why a labelled table could not be split.
///
/// # Errors
/// Those of the database.
pub async fn table_rejected(
    db: &PgPool,
    leased: &Leased,
    table_id: i64,
    rejection: &Rejection,
) -> sqlx::Result<Written> {
    let mut tx = db.begin().await?;
    if !queue::finish(&mut tx, leased).await? {
        return Ok(Written::LeaseLost);
    }
    sqlx::query!("update labelled_tables set rejection = $2 where id = $1", table_id, json(rejection)?)
        .execute(&mut *tx)
        .await?;
    announce_job(&mut tx, leased).await?;
    tx.commit().await?;
    Ok(Written::Yes)
}

/// Writes what a split made: data files, solution, metric, proposal; and has it examined.
/// Stale when the competition has been launched since.
///
/// # Errors
/// Those of the database.
pub async fn split(
    db: &PgPool,
    leased: &Leased,
    table_id: i64,
    files: &SplitFiles,
    proposal: &Proposal,
) -> sqlx::Result<Written> {
    let competition_id = leased.competition_id;
    let mut tx = db.begin().await?;
    if !queue::finish(&mut tx, leased).await? {
        return Ok(Written::LeaseLost);
    }
    let Some(version_id) = sqlx::query_scalar!(
        "select v.id
         from scoring_versions v
         join competitions c on c.id = v.competition_id
         where v.competition_id = $1 and v.activated_at is null and c.launched_at is null
         order by v.number
         limit 1
         for update of v",
        competition_id
    )
    .fetch_optional(&mut *tx)
    .await?
    else {
        return Ok(Written::Stale);
    };
    replace_data_files(&mut tx, competition_id, files).await?;
    let solution_id = sqlx::query_scalar!(
        "insert into solutions (competition_id, recipient, storage_key, sealed_bytes, sealed_sha256)
         values ($1, $2, $3, $4, $5)
         returning id",
        competition_id,
        files.recipient,
        files.solution.key,
        size(&files.solution)?,
        &files.solution.sha256[..],
    )
    .fetch_one(&mut *tx)
    .await?;
    sqlx::query!(
        "update scoring_versions v
         set solution_id = $2, params = '{}', input_revision = v.input_revision + 1,
             metric = (select name from metrics where name = $3),
             higher_is_better =
                (select (spec ->> 'direction') = 'higher_is_better' from metrics where name = $3)
         where v.id = $1",
        version_id,
        solution_id,
        proposal.metric,
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "update labelled_tables set proposal = $2, rejection = null where id = $1",
        table_id,
        json(proposal)?
    )
    .execute(&mut *tx)
    .await?;
    examine_again(&mut tx, competition_id, version_id).await?;
    announce_job(&mut tx, leased).await?;
    tx.commit().await?;
    Ok(Written::Yes)
}

async fn replace_data_files(
    conn: &mut PgConnection,
    competition_id: i64,
    files: &SplitFiles,
) -> sqlx::Result<()> {
    let made = [
        ("train.csv", "train", &files.train, "Rows with the target, to learn from."),
        ("test.csv", "test", &files.test, "Rows without the target, to predict."),
        (
            "sample_submission.csv",
            "sample_submission",
            &files.sample_submission,
            "A file in the right form: the same simple guess for every row.",
        ),
    ];
    for (name, role, stored, description) in made {
        sqlx::query!(
            "delete from data_files where competition_id = $1 and (name = $2 or role = $3)",
            competition_id,
            name,
            role
        )
        .execute(&mut *conn)
        .await?;
        sqlx::query!(
            "insert into data_files (competition_id, name, role, storage_key, size_bytes, sha256, description)
             values ($1, $2, $3, $4, $5, $6, $7)",
            competition_id,
            name,
            role,
            stored.key,
            size(stored)?,
            &stored.sha256[..],
            description,
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

async fn announce_job(conn: &mut PgConnection, leased: &Leased) -> sqlx::Result<()> {
    announce(conn, Event::Job { competition_id: leased.competition_id, job_id: leased.job_id }).await
}

fn size(stored: &Stored) -> sqlx::Result<i64> {
    i64::try_from(stored.size_bytes).map_err(|error| sqlx::Error::Encode(Box::new(error)))
}

fn json(value: &impl Serialize) -> sqlx::Result<Value> {
    serde_json::to_value(value).map_err(|error| sqlx::Error::Encode(Box::new(error)))
}
