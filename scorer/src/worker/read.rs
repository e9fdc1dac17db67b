//! What a job is about, read from the tables it names. Nothing is locked and nothing is written.

use std::collections::HashMap;

use holdout_contract::audit::Plan;
use holdout_contract::job::Subject;
use holdout_contract::queue::Leased;
use holdout_contract::spec::{Direction, Params};
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::climbing::{self, Climber};
use super::comparing;
use super::message::{DataFiles, Draft, FileRef, Judging, Request, Submitted, Table, TrainingFile};
use super::other_metrics;
use super::probing;
use super::ranks;
use super::releasing;
use super::resplits;

/// A request for the child, with what is needed to write its answer down.
#[derive(Debug)]
pub struct Work {
    pub request: Request,
    pub about: About,
}

impl Work {
    /// Whether a module that a host wrote has to run.
    pub fn needs_sandbox(&self) -> bool {
        match &self.request {
            Request::Score { judging, .. } | Request::ScoreBatch { judging, .. } => judging.module.is_some(),
            Request::Examine { draft } => draft.module.is_some() && !draft.files_alone,
            Request::Ranks { board } => board.judging.module.is_some(),
            Request::Check { .. }
            | Request::Compare { .. }
            | Request::Release { .. }
            | Request::Split { .. }
            | Request::OtherMetrics { .. }
            | Request::Probing { .. } => false,
        }
    }
}

/// Which rows an answer goes to.
#[derive(Debug, Clone)]
pub enum About {
    Submission(Submission),
    /// A submission that is only compared with what is on record.
    Verification {
        verification_id: i64,
        submission: Submission,
    },
    Check {
        check_id: Uuid,
    },
    Comparison {
        comparison_id: i64,
    },
    Version(Examined),
    /// The files of a version that counts.
    Files {
        version_id: i64,
        files_revision: i32,
    },
    /// Labels that are published.
    Release {
        version_id: i64,
    },
    Table {
        table_id: i64,
    },
    /// A board whose ranks are looked at.
    Ranks(ranks::About),
    /// A final board whose files other metrics score.
    OtherMetrics(other_metrics::About),
    /// Files that are looked at.
    Probing(probing::About),
}

/// A version as it was when it was read.
#[derive(Debug, Clone)]
pub struct Examined {
    pub version_id: i64,
    pub input_revision: i32,
    /// Where another one counts.
    pub active_version_id: Option<i64>,
}

#[derive(Debug, Clone)]
pub struct Submission {
    pub id: i64,
    pub team_id: i64,
    pub sha256: Vec<u8>,
    pub version_id: i64,
    /// Whether it is scored under a version beside the active one.
    pub is_rescoring: bool,
    pub solution_sha256: Vec<u8>,
    pub metric_sha256: [u8; 32],
    pub direction: Direction,
    /// Where the board is a Ladder.
    pub climber: Option<Climber>,
}

/// Reads what the leased job is about. `None` when a part of it is missing: the platform's fault.
///
/// # Errors
/// Those of the database.
pub async fn work(db: &PgPool, leased: &Leased) -> sqlx::Result<Option<Work>> {
    let mut conn = db.acquire().await?;
    match leased.subject {
        Subject::Score { submission_id, .. } => {
            let active = active_version(&mut conn, leased.competition()?).await?;
            submission(&mut conn, leased.subject, submission_id, active).await
        }
        Subject::Rescore { submission_id, .. } | Subject::Verify { submission_id, .. } => {
            let named = named_version(&mut conn, leased.subject).await?;
            submission(&mut conn, leased.subject, submission_id, named).await
        }
        Subject::Check { check_id } => check(&mut conn, check_id).await,
        Subject::Compare { comparison_id } => comparing::comparison(&mut conn, comparison_id).await,
        Subject::Examine { version_id } => draft(&mut conn, version_id).await,
        Subject::Release { version_id } => match draft(&mut conn, version_id).await? {
            Some(Work { request: Request::Examine { draft }, .. }) => {
                releasing::work(&mut conn, version_id, draft).await
            }
            _ => Ok(None),
        },
        Subject::Split { table_id } => table(&mut conn, table_id).await,
        Subject::Run { .. } => Ok(None),
        Subject::Ranks => {
            let active = active_version(&mut conn, leased.competition()?).await?;
            ranks::work(&mut conn, leased.competition()?, active).await
        }
        Subject::OtherMetrics => {
            let active = active_version(&mut conn, leased.competition()?).await?;
            other_metrics::work(&mut conn, leased.competition()?, active).await
        }
        Subject::Probing => {
            let active = active_version(&mut conn, leased.competition()?).await?;
            probing::work(&mut conn, leased.competition()?, active).await
        }
    }
}

async fn submission(
    conn: &mut PgConnection,
    subject: Subject,
    submission_id: i64,
    version: Option<Version>,
) -> sqlx::Result<Option<Work>> {
    let row = stored(conn, &[submission_id]).await?.remove(&submission_id);
    let Some((row, version)) = row.zip(version) else { return Ok(None) };
    let (Submitted { file, ladder }, about) = version.judges(conn, subject, row).await?;
    Ok(Some(Work { request: Request::Score { judging: version.judging, submission: file, ladder }, about }))
}

/// Submissions that are scored under one version together.
#[derive(Debug)]
pub struct Batch {
    pub judging: Judging,
    pub entries: Vec<Entry>,
}

/// One of them, with what is needed to write its answer down.
#[derive(Debug)]
pub struct Entry {
    pub leased: Leased,
    pub about: About,
    pub submitted: Submitted,
    pub size_bytes: u64,
}

/// Reads what jobs are about that name the same version. `None` when a part of it is missing: the platform's fault.
///
/// # Errors
/// Those of the database.
pub async fn batch(db: &PgPool, jobs: &[Leased]) -> sqlx::Result<Option<Batch>> {
    let mut conn = db.acquire().await?;
    let Some(first) = jobs.first() else { return Ok(None) };
    let Some(version) = named_version(&mut conn, first.subject).await? else { return Ok(None) };
    let ids: Vec<i64> = jobs.iter().filter_map(|leased| leased.subject.submission_id()).collect();
    let mut rows = stored(&mut conn, &ids).await?;
    let mut entries = Vec::with_capacity(jobs.len());
    for leased in jobs {
        let row = leased.subject.submission_id().and_then(|id| rows.remove(&id));
        let Some(row) = row else { continue };
        let size_bytes = row.size_bytes.unsigned_abs();
        let (submitted, about) = version.judges(&mut conn, leased.subject, row).await?;
        entries.push(Entry { leased: leased.clone(), about, submitted, size_bytes });
    }
    Ok(Some(Batch { judging: version.judging, entries }))
}

struct StoredSubmission {
    id: i64,
    team_id: i64,
    storage_key: String,
    sha256: Vec<u8>,
    size_bytes: i64,
}

async fn stored(conn: &mut PgConnection, ids: &[i64]) -> sqlx::Result<HashMap<i64, StoredSubmission>> {
    let rows = sqlx::query_as!(
        StoredSubmission,
        "select id, team_id, storage_key, sha256, size_bytes from submissions where id = any ($1)",
        ids
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

/// The version that a job names, by itself or by its verification.
async fn named_version(conn: &mut PgConnection, subject: Subject) -> sqlx::Result<Option<Version>> {
    let version_id = match subject {
        Subject::Rescore { version_id, .. } => Some(version_id),
        Subject::Verify { verification_id, .. } => {
            sqlx::query_scalar!("select version_id from verifications where id = $1", verification_id)
                .fetch_optional(&mut *conn)
                .await?
        }
        _ => None,
    };
    match version_id {
        Some(version_id) => version(conn, version_id).await,
        None => Ok(None),
    }
}

async fn check(conn: &mut PgConnection, check_id: Uuid) -> sqlx::Result<Option<Work>> {
    let Some(row) =
        sqlx::query!("select competition_id, storage_key from file_checks where id = $1", check_id)
            .fetch_optional(&mut *conn)
            .await?
    else {
        return Ok(None);
    };
    let Some(active) = active_version(conn, row.competition_id).await? else { return Ok(None) };
    Ok(Some(Work {
        request: Request::Check {
            judging: active.judging,
            file: file(row.storage_key, None),
            sample: active.sample,
        },
        about: About::Check { check_id },
    }))
}

/// A version that scores can be computed with.
pub struct Version {
    pub version_id: i64,
    pub judging: Judging,
    pub solution_sha256: Vec<u8>,
    pub direction: Direction,
    pub(super) sample: Option<FileRef>,
    metric_sha256: [u8; 32],
    is_ladder: bool,
}

impl Version {
    /// What it is asked about a submission, and what is needed to write the answer down.
    async fn judges(
        &self,
        conn: &mut PgConnection,
        subject: Subject,
        row: StoredSubmission,
    ) -> sqlx::Result<(Submitted, About)> {
        let climber =
            if self.is_ladder { climbing::climber(conn, row.id, self.version_id).await? } else { None };
        let submitted = Submitted {
            file: file(row.storage_key, Some(row.sha256.clone())),
            ladder: climber.as_ref().map(Climber::climb),
        };
        let submission = Submission {
            id: row.id,
            team_id: row.team_id,
            sha256: row.sha256,
            version_id: self.version_id,
            is_rescoring: !matches!(subject, Subject::Score { .. }),
            solution_sha256: self.solution_sha256.clone(),
            metric_sha256: self.metric_sha256,
            direction: self.direction,
            climber,
        };
        let about = match subject {
            Subject::Verify { verification_id, .. } => About::Verification { verification_id, submission },
            _ => About::Submission(submission),
        };
        Ok((submitted, about))
    }
}

pub(super) async fn active_version(
    conn: &mut PgConnection,
    competition_id: i64,
) -> sqlx::Result<Option<Version>> {
    let active =
        sqlx::query_scalar!("select active_version_id from competitions where id = $1", competition_id)
            .fetch_optional(&mut *conn)
            .await?;
    match active.flatten() {
        Some(version_id) => version(conn, version_id).await,
        None => Ok(None),
    }
}

/// Reads a version; `None` while a part of it is missing.
///
/// # Errors
/// Those of the database.
pub async fn version(conn: &mut PgConnection, version_id: i64) -> sqlx::Result<Option<Version>> {
    let Some(row) = sqlx::query!(
        r#"select v.id, v.competition_id, v.metric as "metric!", v.params, v.context, v.public_fraction, v.split_seed,
                  v.higher_is_better as "higher_is_better!", x.storage_key, x.sealed_sha256, m.source as "module?",
                  c.ladder = 'on' as "is_ladder!"
           from scoring_versions v
           join competitions c on c.id = v.competition_id
           join solutions x on x.id = v.solution_id
           left join custom_metrics m on m.id = v.custom_metric_id
           where v.id = $1 and v.metric is not null and v.higher_is_better is not null"#,
        version_id
    )
    .fetch_optional(&mut *conn)
    .await?
    else {
        return Ok(None);
    };
    let data = data_files(conn, row.competition_id).await?;
    let judging = Judging {
        competition_id: row.competition_id,
        solution: file(row.storage_key, Some(row.sealed_sha256.clone())),
        metric: row.metric,
        sample: data.sample_submission.clone().filter(|_| row.module.is_some()),
        module: row.module,
        params: object(row.params),
        context: object(row.context),
        history: data.history,
        public_fraction: row.public_fraction,
        split_seed: row.split_seed,
    };
    Ok(Some(Version {
        version_id: row.id,
        solution_sha256: row.sealed_sha256,
        direction: direction(row.higher_is_better),
        sample: data.sample_submission,
        metric_sha256: judging.metric_sha256(),
        is_ladder: row.is_ladder,
        judging,
    }))
}

fn direction(higher_is_better: bool) -> Direction {
    if higher_is_better { Direction::HigherIsBetter } else { Direction::LowerIsBetter }
}

async fn draft(conn: &mut PgConnection, version_id: i64) -> sqlx::Result<Option<Work>> {
    let Some(row) = sqlx::query!(
        r#"select v.competition_id, v.metric, v.params, v.context, v.public_fraction, v.split_seed,
                  v.declared, v.input_revision, v.files_revision, v.activated_at, x.storage_key as "storage_key?", x.sealed_sha256 as "sealed_sha256?",
                  coalesce(x.keeps_split, false) as "keeps_split!",
                  m.source as "module?", v.higher_is_better, c.daily_limit, c.total_limit, c.starts_at, c.ends_at,
                  shown_decimals(c) as "score_decimals!", c.active_version_id, is_over(c) as "is_over!",
                  exists (select from commitments k where k.version_id = v.id) as "is_committed!"
           from scoring_versions v
           join competitions c on c.id = v.competition_id
           left join solutions x on x.id = v.solution_id
           left join custom_metrics m on m.id = v.custom_metric_id
           where v.id = $1"#,
        version_id
    )
    .fetch_optional(&mut *conn)
    .await?
    else {
        return Ok(None);
    };
    let data = data_files(conn, row.competition_id).await?;
    let files_alone = row.activated_at.is_some();
    let about = match files_alone {
        true => About::Files { version_id, files_revision: row.files_revision },
        false => About::Version(Examined {
            version_id,
            input_revision: row.input_revision,
            active_version_id: row.active_version_id,
        }),
    };
    let counted = match row.active_version_id {
        Some(active) if !files_alone && !row.is_over => {
            resplits::counted(conn, row.competition_id, active).await?
        }
        _ => Vec::new(),
    };
    Ok(Some(Work {
        request: Request::Examine {
            draft: Draft {
                solution: row.storage_key.map(|key| file(key, row.sealed_sha256)),
                keeps_split: row.keeps_split,
                metric: row.metric,
                module: row.module,
                params: object(row.params),
                context: object(row.context),
                public_fraction: row.public_fraction,
                split_seed: row.split_seed,
                declared: row.declared.and_then(|declared| declared.parse().ok()),
                direction: row.higher_is_better.map(direction),
                plan: Plan::of(
                    row.score_decimals,
                    row.daily_limit,
                    row.total_limit,
                    row.starts_at.zip(row.ends_at),
                ),
                data,
                files_alone,
                commits: !(files_alone && row.is_committed),
                counted,
            },
        },
        about,
    }))
}

async fn table(conn: &mut PgConnection, table_id: i64) -> sqlx::Result<Option<Work>> {
    let row = sqlx::query!(
        "select competition_id, storage_key, sealed_sha256, target_column, test_fraction, public_fraction, seed
         from labelled_tables
         where id = $1",
        table_id
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Work {
        request: Request::Split {
            table: Table {
                competition_id: row.competition_id,
                file: file(row.storage_key, Some(row.sealed_sha256)),
                target_column: row.target_column,
                test_fraction: row.test_fraction,
                public_fraction: row.public_fraction,
                seed: row.seed,
            },
        },
        about: About::Table { table_id },
    }))
}

async fn data_files(conn: &mut PgConnection, competition_id: i64) -> sqlx::Result<DataFiles> {
    let rows = sqlx::query!(
        "select name, role, storage_key, sha256 from data_files where competition_id = $1 and role <> 'data' order by name",
        competition_id
    )
    .fetch_all(conn)
    .await?;
    let mut data = DataFiles::default();
    for row in rows {
        let found = file(row.storage_key, Some(row.sha256));
        match row.role.as_str() {
            "train" => data.train.push(TrainingFile { name: row.name, file: found }),
            "test" => data.test = Some(found),
            "sample_submission" => data.sample_submission = Some(found),
            "history" => data.history = Some(found),
            _ => {}
        }
    }
    Ok(data)
}

pub(super) fn file(key: String, sha256: Option<Vec<u8>>) -> FileRef {
    FileRef { key, sha256: sha256.and_then(|hash| hash.try_into().ok()) }
}

fn object(value: Value) -> Params {
    match value {
        Value::Object(map) => map,
        _ => Params::new(),
    }
}
