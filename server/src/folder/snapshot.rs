//! What a server holds of a competition, in the form of its folder.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sqlx::PgConnection;

use super::model::{Audit, Contents, DataFile, Metric, Module, Page};
use super::store::{self, Judging};
use crate::competitions::model::Competition;
use crate::competitions::settings::Timeline;
use crate::competitions::store::{data, texts};
use crate::custom_metrics;
use crate::error::Result;

/// A competition as its folder would hold it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = CompetitionFolder)]
pub struct Snapshot {
    pub competition: Contents,
    /// `draft`, `upcoming`, `open`, `closed` or `final`.
    pub state: String,
    pub launched_at: Option<DateTime<Utc>>,
    /// The scoring version that metric and solution are of: the one that counts.
    pub version: i32,
    /// SHA-256 of the sealed solution: the labels themselves cannot be given back.
    pub sealed_sha256: Option<String>,
    /// Pages that Holdout wrote and no host has touched; they are no part of the folder.
    pub proposed_pages: Vec<String>,
}

/// What the folder of a competition would hold.
///
/// # Errors
/// Those of the database.
pub async fn snapshot(conn: &mut PgConnection, of: Competition, now: DateTime<Utc>) -> Result<Snapshot> {
    let judging = store::judging(conn, of.id).await?;
    let sealed_sha256 = judging.sealed_sha256.as_ref().map(hex::encode);
    let (state, launched_at, version) = (of.phase(now).name().to_owned(), of.launched_at, judging.number);
    let (proposed, written): (Vec<_>, Vec<_>) =
        texts::all(conn, of.id).await?.into_iter().partition(|page| page.is_proposed);
    let usual = Timeline::proposed(now);
    let ends_at = of.ends_at.unwrap_or(usual.ends_at);
    let competition = Contents {
        pages: written
            .into_iter()
            .map(|page| Page { slug: page.slug, title: page.title, markdown: page.markdown })
            .collect(),
        data: data::all(conn, of.id).await?.into_iter().map(DataFile::from).collect(),
        audit: audit(&judging),
        metric: metric(conn, judging).await?,
        title: of.title,
        slug: of.slug,
        subtitle: of.subtitle,
        visibility: of.visibility.name().to_owned(),
        starts_at: of.starts_at.unwrap_or(usual.starts_at),
        entry_deadline_at: of.entry_deadline_at.unwrap_or(ends_at),
        merger_deadline_at: of.merger_deadline_at.unwrap_or(ends_at),
        ends_at,
        daily_limit: of.daily_limit,
        total_limit: of.total_limit.unwrap_or_default(),
        final_limit: of.final_limit,
        team_limit: of.team_limit,
        max_upload_bytes: of.max_upload_bytes,
        score_decimals: of.score_decimals,
        ladder: of.ladder,
        board_shows: of.board_shows,
        board_stays_veiled: of.board_stays_veiled,
    };
    let proposed_pages = proposed.into_iter().map(|page| page.slug).collect();
    Ok(Snapshot { competition, state, launched_at, version, sealed_sha256, proposed_pages })
}

fn audit(judging: &Judging) -> Option<Audit> {
    let audit = Audit { declared: judging.declared.clone(), reason: judging.audit_reason.clone() };
    (audit != Audit::default()).then_some(audit)
}

async fn metric(conn: &mut PgConnection, judging: Judging) -> Result<Option<Metric>> {
    let Some(name) = judging.metric else { return Ok(None) };
    let module = custom_metrics::store::of_version(conn, judging.version_id).await?;
    Ok(Some(Metric {
        name,
        params: object(judging.params),
        context: object(judging.context),
        public_fraction: judging.public_fraction,
        module: module.map(|module| Module {
            file_name: module.file_name,
            source: module.source,
            higher_is_better: module.higher_is_better,
        }),
    }))
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

impl From<data::DataFile> for DataFile {
    fn from(file: data::DataFile) -> Self {
        Self {
            sha256: file.sha256_hex(),
            size_bytes: file.size_bytes.unsigned_abs(),
            name: file.name,
            role: file.role,
            description: file.description,
        }
    }
}
