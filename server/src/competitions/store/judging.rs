//! What scores are computed with: the metric catalogue, sealed files, scoring versions.

use chrono::{DateTime, Utc};
use holdout_contract::format::SubmissionFormat;
use holdout_contract::ranks::{RankedPart, ShownMetric};
use holdout_contract::spec::MetricSpec;
use serde_json::Value;
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::competitions::audit::Doubt;
use crate::files::Stored;
use crate::ids::{CompetitionId, SolutionId, VersionId};

/// The whole catalogue, by name. Specs that this version cannot read are left out; so is what stands
/// for the metrics that hosts write.
///
/// # Errors
/// Those of the database.
pub async fn metrics(conn: &mut PgConnection) -> sqlx::Result<Vec<MetricSpec>> {
    let specs = sqlx::query_scalar!("select spec from metrics where name <> 'custom' order by name")
        .fetch_all(conn)
        .await?;
    Ok(specs.into_iter().filter_map(|spec| serde_json::from_value(spec).ok()).collect())
}

/// # Errors
/// Those of the database.
pub async fn metric(conn: &mut PgConnection, name: &str) -> sqlx::Result<Option<MetricSpec>> {
    let spec =
        sqlx::query_scalar!("select spec from metrics where name = $1", name).fetch_optional(conn).await?;
    Ok(spec.and_then(|spec| serde_json::from_value(spec).ok()))
}

/// The public key that seals new uploads, or `None` while no scorer has announced one.
///
/// # Errors
/// Those of the database.
pub async fn recipient(conn: &mut PgConnection) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!("select recipient from scorer_keys where retired_at is null order by id desc limit 1")
        .fetch_optional(conn)
        .await
}

/// A scoring version as its host sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    pub id: VersionId,
    pub number: i32,
    pub solution_id: Option<SolutionId>,
    pub metric: Option<String>,
    pub params: Value,
    pub context: Value,
    pub public_fraction: f64,
    /// What the winner's file should hold, as its host said.
    pub declared: Option<String>,
    /// Why the host goes on over what the audit holds against the metric.
    pub audit_reason: Option<String>,
    pub higher_is_better: Option<bool>,
    pub input_revision: i32,
    pub examined_revision: Option<i32>,
    pub report: Option<Value>,
    pub activated_at: Option<DateTime<Utc>>,
    /// Goes up when a file that participants get is replaced while the version counts.
    pub files_revision: i32,
    pub files_examined_revision: Option<i32>,
    /// What the files give away since then.
    pub files_findings: Option<Value>,
}

/// What a submission must hold under a version, as its examination found; `None` where none is current.
///
/// # Errors
/// Those of the database.
pub async fn submission_format(
    conn: &mut PgConnection,
    version: Option<VersionId>,
) -> sqlx::Result<Option<SubmissionFormat>> {
    let Some(version) = version else { return Ok(None) };
    let found = sqlx::query_scalar!(
        "select report -> 'profile' -> 'submission'
         from scoring_versions
         where id = $1 and examined_revision = input_revision",
        version.0,
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.flatten().and_then(|format| serde_json::from_value(format).ok()))
}

/// The version that a host works on: one that is being put together, else the active one.
///
/// # Errors
/// Those of the database.
pub async fn version_at_hand(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<Version> {
    sqlx::query_as!(
        Version,
        "select v.id as \"id: VersionId\", v.number, v.solution_id as \"solution_id: SolutionId\", v.metric, v.params,
                v.context, v.public_fraction, v.declared, v.audit_reason, v.higher_is_better, v.input_revision, v.examined_revision, v.report,
                v.activated_at, v.files_revision, v.files_examined_revision, v.files_findings
         from scoring_versions v
         join competitions c on c.id = v.competition_id
         where v.competition_id = $1 and (v.stage = 'draft' or v.id = c.active_version_id)
         order by v.stage = 'draft' desc
         limit 1",
        id.0,
    )
    .fetch_one(conn)
    .await
}

/// The parameters of the metric that counts; of the draft's before launch.
///
/// # Errors
/// Those of the database.
pub async fn params(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<Option<Value>> {
    sqlx::query_scalar!(
        "select v.params
         from competitions c
         join scoring_versions v
             on v.competition_id = c.id and (c.active_version_id is null or v.id = c.active_version_id)
         where c.id = $1
         order by v.number desc
         limit 1",
        id.0,
    )
    .fetch_optional(conn)
    .await
}

/// Locks the version that is being put together, before launch or after.
///
/// # Errors
/// Those of the database.
pub async fn lock_open_version(
    conn: &mut PgConnection,
    id: CompetitionId,
) -> sqlx::Result<Option<VersionId>> {
    sqlx::query_scalar!(
        "select v.id as \"id: VersionId\"
         from competitions c
         join scoring_versions v on v.competition_id = c.id and v.stage = 'draft'
         where c.id = $1
         for update of c, v",
        id.0,
    )
    .fetch_optional(conn)
    .await
}

/// Locks the draft's version for a change; `None` when it was launched.
///
/// # Errors
/// Those of the database.
pub async fn lock_draft(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<Option<VersionId>> {
    sqlx::query_scalar!(
        "select v.id as \"id: VersionId\"
         from competitions c
         join scoring_versions v on v.competition_id = c.id and v.number = 1
         where c.id = $1 and c.launched_at is null
         for update of c, v",
        id.0,
    )
    .fetch_optional(conn)
    .await
}

/// Writes down what a host answers to the audit.
///
/// # Errors
/// Those of the database.
pub async fn set_audit_answer(
    conn: &mut PgConnection,
    version: VersionId,
    declared: Option<&str>,
    reason: Option<&str>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update scoring_versions set declared = $2, audit_reason = $3 where id = $1",
        version.0,
        declared,
        reason,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What everybody who takes part reads of the audit: its verdict, and why the host went on all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditStatement {
    pub overall: String,
    pub reason: Option<String>,
    pub metric: Option<String>,
}

impl AuditStatement {
    /// What the host answered for.
    pub fn doubt(&self) -> Option<Doubt> {
        let overall = serde_json::from_value(Value::String(self.overall.clone())).ok();
        Doubt::of(overall, self.metric.as_deref())
    }

    /// Whether nobody tried how the metric can be gamed.
    pub fn is_unjudged(&self) -> bool {
        self.overall == "NOT_JUDGED"
    }

    /// The host's words; `None` where there is nothing to answer for.
    pub fn answer(&self) -> Option<&str> {
        self.reason.as_deref().filter(|_| self.doubt().is_some())
    }

    pub fn sample() -> Self {
        Self { overall: "FAIL".to_owned(), reason: Some("It is a replay.".to_owned()), metric: None }
    }
}

/// Of the version that counts; `None` before the launch, and where there was no audit.
///
/// # Errors
/// Those of the database.
pub async fn audit_statement(
    conn: &mut PgConnection,
    version: Option<VersionId>,
) -> sqlx::Result<Option<AuditStatement>> {
    let Some(version) = version else { return Ok(None) };
    sqlx::query_as!(
        AuditStatement,
        "select audit_overall as \"overall!\", audit_reason as reason, metric
         from scoring_versions
         where id = $1 and audit_overall is not null",
        version.0,
    )
    .fetch_optional(conn)
    .await
}

/// Marks what the examination reads as changed.
///
/// # Errors
/// Those of the database.
pub async fn bump_revision(conn: &mut PgConnection, version: VersionId) -> sqlx::Result<()> {
    sqlx::query!("update scoring_versions set input_revision = input_revision + 1 where id = $1", version.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// Marks the files beside the version that counts as changed, and names it; `None` before the launch.
///
/// # Errors
/// Those of the database.
pub async fn bump_files_revision(
    conn: &mut PgConnection,
    id: CompetitionId,
) -> sqlx::Result<Option<VersionId>> {
    sqlx::query_scalar!(
        "update scoring_versions v set files_revision = v.files_revision + 1
         from competitions c
         where c.id = $1 and v.id = c.active_version_id
         returning v.id as \"id: VersionId\"",
        id.0,
    )
    .fetch_optional(conn)
    .await
}

/// What became of the newest job about a version or a table: its state and, where it failed, why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobState {
    pub state: String,
    pub error: Option<String>,
    pub attempts: i32,
}

/// # Errors
/// Those of the database.
pub async fn newest_examination(
    conn: &mut PgConnection,
    version: VersionId,
) -> sqlx::Result<Option<JobState>> {
    sqlx::query_as!(
        JobState,
        "select state, error, attempts from jobs
         where version_id = $1 and kind = 'examine' order by id desc limit 1",
        version.0,
    )
    .fetch_optional(conn)
    .await
}

/// # Errors
/// Those of the database.
pub async fn newest_split(conn: &mut PgConnection, table_id: i64) -> sqlx::Result<Option<JobState>> {
    sqlx::query_as!(
        JobState,
        "select state, error, attempts from jobs
         where table_id = $1 and kind = 'split' order by id desc limit 1",
        table_id,
    )
    .fetch_optional(conn)
    .await
}

/// Adds a sealed solution and makes it the version's.
///
/// # Errors
/// Those of the database.
pub async fn put_solution(
    conn: &mut PgConnection,
    id: CompetitionId,
    version: VersionId,
    recipient: &str,
    stored: &Stored,
    now: DateTime<Utc>,
) -> sqlx::Result<SolutionId> {
    let solution = sqlx::query_scalar!(
        "insert into solutions (competition_id, recipient, storage_key, sealed_bytes, sealed_sha256, uploaded_at)
         values ($1, $2, $3, $4, $5, $6)
         returning id as \"id: SolutionId\"",
        id.0,
        recipient,
        stored.key,
        i64::try_from(stored.size_bytes).unwrap_or(i64::MAX),
        stored.sha256.as_slice(),
        now,
    )
    .fetch_one(&mut *conn)
    .await?;
    sqlx::query!("update scoring_versions set solution_id = $2 where id = $1", version.0, solution.0)
        .execute(conn)
        .await?;
    Ok(solution)
}

/// A sealed solution as its host sees it: that it is there, and nothing of what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedSolution {
    pub sealed_bytes: i64,
    pub sealed_sha256: Vec<u8>,
    pub uploaded_at: DateTime<Utc>,
}

/// # Errors
/// Those of the database.
pub async fn solution(conn: &mut PgConnection, id: SolutionId) -> sqlx::Result<Option<SealedSolution>> {
    sqlx::query_as!(
        SealedSolution,
        "select sealed_bytes, sealed_sha256, uploaded_at from solutions where id = $1",
        id.0,
    )
    .fetch_optional(conn)
    .await
}

/// A metric of the catalogue with what a host said about it.
pub struct Metric<'a> {
    pub spec: &'a MetricSpec,
    pub params: &'a Value,
    pub context: &'a Value,
    /// The metrics that teams are ranked by, where the metric is that.
    pub parts: Option<Vec<RankedPart>>,
    /// Those that the board shows, where the metric is one that ranks with others beside it.
    pub shown: Option<Vec<ShownMetric>>,
}

impl Metric<'_> {
    /// Of a submission's own score: the primary's, where there are several.
    fn higher_is_better(&self) -> bool {
        let ranked = self.parts.iter().flatten().map(|part| part.higher_is_better);
        let shown = self.shown.iter().flatten().map(|metric| metric.higher_is_better);
        ranked.chain(shown).next().unwrap_or(self.spec.direction.higher_is_better())
    }
}

/// Chooses the metric of a version.
///
/// # Errors
/// Those of the database.
pub async fn set_metric(
    conn: &mut PgConnection,
    version: VersionId,
    metric: &Metric<'_>,
    public_fraction: f64,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update scoring_versions
         set metric = $2, params = $3, context = $4, higher_is_better = $5, public_fraction = $6,
             ranked_parts = $7, shown_metrics = $8, custom_metric_id = null
         where id = $1",
        version.0,
        metric.spec.name,
        metric.params,
        metric.context,
        metric.higher_is_better(),
        public_fraction,
        metric.parts.as_ref().map(Json) as _,
        metric.shown.as_ref().map(Json) as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A labelled table that was sent to be split.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelledTable {
    pub id: i64,
    pub target_column: String,
    pub test_fraction: f64,
    pub public_fraction: f64,
    pub proposal: Option<Value>,
    pub rejection: Option<Value>,
    pub uploaded_at: DateTime<Utc>,
}

/// The sealed file of a labelled table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableFile {
    pub storage_key: String,
    pub sealed_sha256: Vec<u8>,
    /// Unknown of the oldest.
    pub sealed_bytes: Option<i64>,
    pub uploaded_at: DateTime<Utc>,
}

impl TableFile {
    pub fn new(stored: &Stored, now: DateTime<Utc>) -> Self {
        Self {
            storage_key: stored.key.clone(),
            sealed_sha256: stored.sha256.to_vec(),
            sealed_bytes: Some(i64::try_from(stored.size_bytes).unwrap_or(i64::MAX)),
            uploaded_at: now,
        }
    }
}

/// # Errors
/// Those of the database.
pub async fn put_table(
    conn: &mut PgConnection,
    id: CompetitionId,
    file: &TableFile,
    target_column: &str,
    (test_fraction, public_fraction): (f64, f64),
    seed: i64,
) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        "insert into labelled_tables
            (competition_id, storage_key, sealed_sha256, target_column, test_fraction, public_fraction, seed, uploaded_at,
             sealed_bytes)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         returning id",
        id.0,
        file.storage_key,
        file.sealed_sha256,
        target_column,
        test_fraction,
        public_fraction,
        seed,
        file.uploaded_at,
        file.sealed_bytes,
    )
    .fetch_one(conn)
    .await
}

/// Forgets a competition's tables, and the jobs about them, but for one that a scorer is reading: it holds the job and waits
/// for the draft, which is locked here. Gives their files, the newest last.
///
/// # Errors
/// Those of the database.
pub async fn forget_tables(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<Vec<TableFile>> {
    let mut files = sqlx::query_as!(
        TableFile,
        "delete from labelled_tables t
         where competition_id = $1
           and (select count(*) from jobs j where j.table_id = t.id and j.state = 'leased') = 0
         returning storage_key, sealed_sha256, sealed_bytes, uploaded_at",
        id.0,
    )
    .fetch_all(conn)
    .await?;
    files.sort_by_key(|file| file.uploaded_at);
    Ok(files)
}

/// # Errors
/// Those of the database.
pub async fn newest_table(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<Option<LabelledTable>> {
    sqlx::query_as!(
        LabelledTable,
        "select id, target_column, test_fraction, public_fraction, proposal, rejection, uploaded_at
         from labelled_tables where competition_id = $1 order by id desc limit 1",
        id.0,
    )
    .fetch_optional(conn)
    .await
}
