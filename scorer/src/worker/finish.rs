//! Writing an outcome down: everything in one transaction, the lease first. A lost lease rolls all
//! of it back, so that a submission is scored once whatever happens.
//!
//! Never here: computing anything, or a private score anywhere but in `private_scores`.

mod scores;

use holdout_contract::events::{Event, announce};
use holdout_contract::examine::Proposal;
use holdout_contract::job::{CheckVerdict, Priority, Scores, Subject};
use holdout_contract::queue::{self, Leased};
use holdout_contract::rejection::Rejection;
use serde::Serialize;
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::broke;
use super::climbing;
use super::examinations;
use super::message::SplitFiles;
use super::read::Submission;
use super::storage::Stored;
use crate::ranks::Rung;

/// What became of an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    Yes,
    /// Another worker owns the job now; nothing was written.
    LeaseLost,
    /// What the outcome was computed from is no longer what counts; nothing was written.
    Stale,
    /// Another file of the team came before it on a Ladder; nothing was written.
    Overtaken,
}

/// Runs `write` in one transaction with the end of the job. Unless it answers [`Written::Yes`]
/// under a lease that is still held, nothing is kept.
pub(crate) async fn with_the_job(
    db: &PgPool,
    leased: &Leased,
    write: impl AsyncFnOnce(&mut PgConnection) -> sqlx::Result<Written>,
) -> sqlx::Result<Written> {
    let mut tx = db.begin().await?;
    if !queue::finish(&mut tx, leased).await? {
        return Ok(Written::LeaseLost);
    }
    let written = write(&mut tx).await?;
    if written == Written::Yes {
        tx.commit().await?;
    }
    Ok(written)
}

/// Holds a competition as whoever adds to it does. Hosts hold it before the version that they change: whoever writes to a version
/// first, and then what belongs to the competition, would wait for them while they wait.
pub(super) async fn hold_competition(conn: &mut PgConnection, competition_id: i64) -> sqlx::Result<()> {
    sqlx::query_scalar!("select id from competitions where id = $1 for key share", competition_id)
        .fetch_optional(conn)
        .await?;
    Ok(())
}

/// What a submission's file came to under one version.
#[derive(Debug, Clone, Copy)]
pub enum Judged<'a> {
    Scored {
        scores: &'a Scores,
        /// Where the board is a Ladder.
        rung: Option<Rung>,
        /// Why the host's metric gave no score on some rows, for the host alone.
        report: Option<&'a str>,
    },
    Rejected(&'a Rejection),
    /// The host's metric broke, with the report for the host alone.
    Broke(&'a str),
}

/// Writes what became of a submission: state, scores, board row.
///
/// # Errors
/// Those of the database.
pub async fn judged(
    db: &PgPool,
    leased: &Leased,
    submission: &Submission,
    judged: Judged<'_>,
) -> sqlx::Result<Written> {
    if let (Judged::Broke(report) | Judged::Scored { report: Some(report), .. }, true) =
        (judged, submission.is_rescoring)
    {
        return broke::beside(db, leased, submission, report).await;
    }
    with_the_job(db, leased, async |conn| {
        let Some(before) = lock(conn, leased.competition()?, submission).await? else {
            return Ok(Written::Stale);
        };
        let submission = &Submission { team_id: before.team_id, ..submission.clone() };
        if climbing::is_overtaken(conn, submission).await? {
            return Ok(Written::Overtaken);
        }
        if submission.is_rescoring {
            need_not_wait_for_the_disk(conn).await?;
            climbing::take_turn(conn, submission).await?;
            return rescored(conn, leased.competition()?, submission, &before, judged).await;
        }
        if before.active_version_id != Some(submission.version_id) {
            return Ok(Written::Stale);
        }
        if !matches!(judged, Judged::Broke(_)) {
            climbing::take_turn(conn, submission).await?;
        }
        match judged {
            Judged::Scored { .. } => scored(conn, leased.competition()?, submission, &before, judged).await?,
            Judged::Rejected(rejection) => rejected(conn, submission, rejection).await?,
            Judged::Broke(report) => broke::broke(conn, submission, report).await?,
        }
        announce_submission(conn, leased.competition()?, submission).await?;
        Ok(Written::Yes)
    })
    .await
}

/// What a power cut takes is computed again, to the same digits: what was found out and the end of the job go together.
pub(super) async fn need_not_wait_for_the_disk(conn: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("set local synchronous_commit = off").execute(conn).await?;
    Ok(())
}

async fn scored(
    conn: &mut PgConnection,
    competition_id: i64,
    submission: &Submission,
    before: &Before,
    judged: Judged<'_>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update submissions
         set state = 'scored', scored_at = clock_now(), rejection = null, failure = null
         where id = $1",
        submission.id,
    )
    .execute(&mut *conn)
    .await?;
    scores::write(conn, submission, judged).await?;
    follow(conn, competition_id, submission).await?;
    place(conn, competition_id, submission, before, before.state != "scored").await
}

async fn rejected(
    conn: &mut PgConnection,
    submission: &Submission,
    rejection: &Rejection,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update submissions
         set state = 'rejected', rejection = $2, failure = null, scored_at = null, selected_at = null
         where id = $1 and state in ('queued', 'scoring', 'failed')",
        submission.id,
        json(rejection)?,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A score beside the active version's. Nobody sees it before that version is published, unless it
/// was published while the job ran. A version that nobody follows any more gets no score.
async fn rescored(
    conn: &mut PgConnection,
    competition_id: i64,
    submission: &Submission,
    before: &Before,
    judged: Judged<'_>,
) -> sqlx::Result<Written> {
    let is_active = before.active_version_id == Some(submission.version_id);
    let followed = sqlx::query!(
        r#"select prepared_at is not null as "has_board!" from scoring_versions
           where id = $1 and stage in ('rescoring', 'standby')"#,
        submission.version_id
    )
    .fetch_optional(&mut *conn)
    .await?;
    if !is_active && followed.is_none() {
        return Ok(Written::Yes);
    }
    scores::write(conn, submission, judged).await?;
    if is_active {
        place(conn, competition_id, submission, before, false).await?;
        announce_submission(conn, competition_id, submission).await?;
    } else if !before.is_late && followed.is_some_and(|version| version.has_board) {
        place_on_board(conn, competition_id, submission).await?;
    }
    Ok(Written::Yes)
}

/// Has a new score repeated under each version that is being prepared or held ready.
async fn follow(conn: &mut PgConnection, competition_id: i64, submission: &Submission) -> sqlx::Result<()> {
    let versions = sqlx::query_scalar!(
        "select id from scoring_versions
         where competition_id = $1 and stage in ('rescoring', 'standby') and id <> $2
           and (asked_all_at is not null or asked_upto >= $3 or stage = 'standby')",
        competition_id,
        submission.version_id,
        submission.id,
    )
    .fetch_all(&mut *conn)
    .await?;
    for version_id in versions {
        let is_asked = sqlx::query_scalar!(
            r#"select exists (
                select from jobs
                where submission_id = $1 and version_id = $2 and kind = 'rescore'
                  and state in ('queued', 'leased')) as "is_asked!""#,
            submission.id,
            version_id
        )
        .fetch_one(&mut *conn)
        .await?;
        if !is_asked {
            let subject =
                Subject::Rescore { submission_id: submission.id, team_id: submission.team_id, version_id };
            queue::enqueue(conn, competition_id, subject, Priority::Rescoring).await?;
        }
    }
    Ok(())
}

struct Before {
    state: String,
    /// Its team may have been merged into another since the job began.
    team_id: i64,
    is_late: bool,
    active_version_id: Option<i64>,
}

/// Locks in the order that submitting and publishing do: the team, the versions, the submission.
/// What counts is read after the versions are held, so that a publication comes before or after.
async fn lock(
    conn: &mut PgConnection,
    competition_id: i64,
    submission: &Submission,
) -> sqlx::Result<Option<Before>> {
    sqlx::query_scalar!("select hold_team_of_submission($1)", submission.id).fetch_one(&mut *conn).await?;
    sqlx::query!(
        "select 1 as one from scoring_versions where competition_id = $1 order by id for share",
        competition_id
    )
    .fetch_all(&mut *conn)
    .await?;
    sqlx::query_as!(
        Before,
        "select s.state, s.team_id, s.is_late, c.active_version_id
         from submissions s
         join competitions c on c.id = s.competition_id
         where s.id = $1
         for update of s",
        submission.id
    )
    .fetch_optional(conn)
    .await
}

async fn place_on_board(
    conn: &mut PgConnection,
    competition_id: i64,
    submission: &Submission,
) -> sqlx::Result<()> {
    sqlx::query!(
        "select place_on_board($1, $2, $3)",
        competition_id,
        submission.team_id,
        submission.version_id
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn place(
    conn: &mut PgConnection,
    competition_id: i64,
    submission: &Submission,
    before: &Before,
    is_new_entry: bool,
) -> sqlx::Result<()> {
    if before.is_late {
        return Ok(());
    }
    place_on_board(conn, competition_id, submission).await?;
    sqlx::query!(
        "update competitions
         set n_entries = n_entries + case when (select is_baseline from teams where id = $3) then 0 else $2 end,
             board_revision = board_revision + 1
         where id = $1",
        competition_id,
        i32::from(is_new_entry),
        submission.team_id,
    )
    .execute(&mut *conn)
    .await?;
    announce(conn, Event::Board { competition_id }).await
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
    with_the_job(db, leased, async |conn| {
        sqlx::query!("update file_checks set verdict = $2 where id = $1", check_id, json(verdict)?)
            .execute(&mut *conn)
            .await?;
        announce_job(conn, leased).await
    })
    .await
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
    with_the_job(db, leased, async |conn| {
        sqlx::query!("update labelled_tables set rejection = $2 where id = $1", table_id, json(rejection)?)
            .execute(&mut *conn)
            .await?;
        announce_job(conn, leased).await
    })
    .await
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
    with_the_job(db, leased, async |conn| {
        hold_competition(conn, leased.competition()?).await?;
        let Some(version_id) = draft_version(conn, leased.competition()?).await? else {
            return Ok(Written::Stale);
        };
        write_split(conn, leased.competition()?, version_id, table_id, files, proposal).await?;
        announce_job(conn, leased).await
    })
    .await
}

async fn draft_version(conn: &mut PgConnection, competition_id: i64) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!(
        "select v.id
         from scoring_versions v
         join competitions c on c.id = v.competition_id
         where v.competition_id = $1 and v.activated_at is null and c.launched_at is null
         order by v.number
         limit 1
         for update of v",
        competition_id
    )
    .fetch_optional(conn)
    .await
}

async fn write_split(
    conn: &mut PgConnection,
    competition_id: i64,
    version_id: i64,
    table_id: i64,
    files: &SplitFiles,
    proposal: &Proposal,
) -> sqlx::Result<()> {
    count_only(conn).await?;
    replace_data_files(conn, competition_id, files).await?;
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
    .fetch_one(&mut *conn)
    .await?;
    sqlx::query!(
        "update scoring_versions v
         set solution_id = $2, params = '{}', ranked_parts = null, shown_metrics = null, input_revision = v.input_revision + 1,
             metric = (select name from metrics where name = $3),
             higher_is_better =
                (select (spec ->> 'direction') = 'higher_is_better' from metrics where name = $3)
         where v.id = $1",
        version_id,
        solution_id,
        proposal.metric,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "update labelled_tables set proposal = $2, rejection = null where id = $1",
        table_id,
        json(proposal)?
    )
    .execute(&mut *conn)
    .await?;
    examinations::examine_again(conn, competition_id, version_id).await
}

/// What is made of a table that was received is counted in the competition's room, and never refused.
async fn count_only(conn: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("select set_config('holdout.counts_only', 'yes', true)").fetch_one(conn).await?;
    Ok(())
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
            "delete from data_files
             where competition_id = $1 and (name = $2 or (role = $3 and role <> 'train'))",
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

pub(super) async fn announce_job(conn: &mut PgConnection, leased: &Leased) -> sqlx::Result<Written> {
    announce(conn, Event::Job { competition_id: leased.competition()?, job_id: leased.job_id }).await?;
    Ok(Written::Yes)
}

pub(super) fn size(stored: &Stored) -> sqlx::Result<i64> {
    i64::try_from(stored.size_bytes).map_err(|error| sqlx::Error::Encode(Box::new(error)))
}

/// As the database keeps it: files may hold NUL, and no `jsonb` does.
pub(super) fn json(value: &impl Serialize) -> sqlx::Result<Value> {
    let value = serde_json::to_value(value).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
    Ok(without_nul(value))
}

fn without_nul(value: Value) -> Value {
    match value {
        Value::String(text) if text.contains('\0') => Value::String(text.replace('\0', " ")),
        Value::Array(items) => items.into_iter().map(without_nul).collect(),
        Value::Object(fields) => {
            fields.into_iter().map(|(name, field)| (name.replace('\0', " "), without_nul(field))).collect()
        }
        other => other,
    }
}
