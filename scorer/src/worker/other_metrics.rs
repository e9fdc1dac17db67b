//! What other metrics would have said: after the end, the final submissions of the best teams are scored by
//! siblings of the competition's metric, some at a time, and the scores are written beside the final board.
//!
//! Never here: a private score before the final board stands; the schema refuses it, too.

use std::collections::HashMap;

use holdout_contract::job::{Priority, Subject};
use holdout_contract::queue::{self, Leased};
use sqlx::{PgConnection, PgPool};

use super::finish::{Written, with_the_job};
use super::message::{Asked, FileRef, Judging, OtherMetric, OtherScores, Request};
use super::read::{self, Version, Work, file};
use crate::judge::{Context, Judge};
use crate::metrics::siblings::{Sibling, named, siblings};

/// Teams whose final submissions are scored, from the top.
const MOST_TEAMS: i64 = 100;
/// Submissions of one job: the rest follows in the next, so that nobody waits for all of them.
const BATCH: usize = 32;
/// No more is read in one job than this, the first file apart.
const MAX_BYTES: i64 = 4 << 30;

/// What the outcome is written to.
#[derive(Debug, Clone)]
pub struct About {
    version_id: i64,
    siblings: Vec<(i16, Sibling)>,
}

/// Puts the job into the queue, unless it waits or runs: then it looks itself whether something is left.
///
/// # Errors
/// Those of the database.
pub(super) async fn want(conn: &mut PgConnection, competition_id: i64) -> sqlx::Result<()> {
    let is_wanted = sqlx::query_scalar!(
        r#"select exists (
            select from jobs where competition_id = $1 and kind = 'other_metrics' and state in ('queued', 'leased')
           ) as "is_wanted!""#,
        competition_id
    )
    .fetch_one(&mut *conn)
    .await?;
    if !is_wanted {
        queue::enqueue(conn, competition_id, Subject::OtherMetrics, Priority::Audit).await?;
    }
    Ok(())
}

/// The next submissions that a sibling has not scored.
///
/// # Errors
/// Those of the database.
pub(super) async fn work(
    conn: &mut PgConnection,
    competition_id: i64,
    version: Option<Version>,
) -> sqlx::Result<Option<Work>> {
    let Some(version) = version else { return Ok(None) };
    let siblings = siblings_of(conn, &version).await?;
    let siblings: Vec<(i16, Sibling)> = (1..).zip(siblings).collect();
    let known = known(conn, &version, &siblings).await?;
    let rows = rows(conn, competition_id, version.version_id).await?;
    let batch = batch(&rows, &siblings, &known);
    let asked = |place: i16, sibling: &Sibling| OtherMetric {
        place,
        judging: Judging {
            metric: sibling.metric.clone(),
            module: None,
            params: sibling.params.clone(),
            ..version.judging.clone()
        },
        entries: batch.iter().filter(|row| known.misses(row, place)).map(|row| row.asked()).collect(),
    };
    let wanted = siblings.iter().map(|(place, sibling)| asked(*place, sibling));
    let wanted = wanted.filter(|metric| !metric.entries.is_empty()).collect();
    Ok(Some(Work {
        request: Request::OtherMetrics { wanted },
        about: read::About::OtherMetrics(About { version_id: version.version_id, siblings }),
    }))
}

/// Of a metric that its host wrote, those that the examination found to read the same files.
async fn siblings_of(conn: &mut PgConnection, version: &Version) -> sqlx::Result<Vec<Sibling>> {
    let judging = &version.judging;
    let context = context_of(judging);
    if judging.module.is_none() {
        let judge = Judge::new(&judging.metric, &judging.params, context);
        return Ok(judge.map(|judge| siblings(&judge)).unwrap_or_default());
    }
    let suggested = sqlx::query_scalar!(
        "select report -> 'suggested_metrics' from scoring_versions where id = $1",
        version.version_id
    )
    .fetch_one(conn)
    .await?;
    let names: Vec<String> =
        suggested.and_then(|names| serde_json::from_value(names).ok()).unwrap_or_default();
    Ok(named(&names, &context))
}

fn context_of(judging: &Judging) -> Context {
    // A history decides nothing about which metrics read the same columns, only whether there is one.
    let mut context = Context::new(judging.context.clone());
    if judging.history.is_some() {
        context.history.insert(String::new(), Vec::new());
    }
    context
}

/// A row of the final board with the places of the siblings that scored it.
struct Row {
    submission_id: i64,
    storage_key: String,
    sha256: Vec<u8>,
    size_bytes: i64,
    places: Vec<i16>,
}

impl Row {
    fn asked(&self) -> Asked {
        let file: FileRef = file(self.storage_key.clone(), Some(self.sha256.clone()));
        Asked { submission_id: self.submission_id, file }
    }
}

/// What stands in the tables of the siblings as they are chosen now, by place: whether one is absent.
struct Known(HashMap<i16, bool>);

impl Known {
    /// A sibling that is new, or another than the one on record, misses every score.
    fn misses(&self, row: &Row, place: i16) -> bool {
        match self.0.get(&place) {
            None => true,
            Some(is_absent) => !is_absent && !row.places.contains(&place),
        }
    }
}

async fn known(
    conn: &mut PgConnection,
    version: &Version,
    siblings: &[(i16, Sibling)],
) -> sqlx::Result<Known> {
    let rows = sqlx::query!(
        "select place, metric, params, note, is_absent from other_metrics where version_id = $1",
        version.version_id
    )
    .fetch_all(conn)
    .await?;
    let is_chosen = |place: i16, metric: &str, params: &serde_json::Value, note: &str| {
        siblings.iter().any(|(at, sibling)| {
            *at == place
                && sibling.metric == metric
                && sibling.note == note
                && params.as_object() == Some(&sibling.params)
        })
    };
    let chosen = rows.iter().filter(|row| is_chosen(row.place, &row.metric, &row.params, &row.note));
    Ok(Known(chosen.map(|row| (row.place, row.is_absent)).collect()))
}

async fn rows(conn: &mut PgConnection, competition_id: i64, version_id: i64) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as!(
        Row,
        r#"select f.submission_id, s.storage_key, s.sha256, s.size_bytes,
                  array(select o.place from other_scores o
                        where o.submission_id = f.submission_id and o.version_id = f.version_id) as "places!"
           from final_entries f
           join submissions s on s.id = f.submission_id
           where f.competition_id = $1 and f.version_id = $2 and s.file_gone_at is null
           order by f.rank
           limit $3"#,
        competition_id,
        version_id,
        MOST_TEAMS,
    )
    .fetch_all(conn)
    .await
}

fn batch<'a>(rows: &'a [Row], siblings: &[(i16, Sibling)], known: &Known) -> Vec<&'a Row> {
    let misses = |row: &&Row| siblings.iter().any(|(place, _)| known.misses(row, *place));
    let mut room = MAX_BYTES;
    let mut batch: Vec<&Row> = Vec::new();
    for row in rows.iter().filter(misses).take(BATCH) {
        room -= row.size_bytes;
        if room < 0 && !batch.is_empty() {
            break;
        }
        batch.push(row);
    }
    batch
}

/// Writes the scores, and asks for the next ones where some are left.
///
/// # Errors
/// Those of the database.
pub(super) async fn found(
    db: &PgPool,
    leased: &Leased,
    about: &About,
    found: &[OtherScores],
) -> sqlx::Result<Written> {
    with_the_job(db, leased, async |conn| {
        let competition_id = leased.competition()?;
        if !is_final(conn, competition_id).await? {
            return Ok(Written::Yes); // the next final board asks again
        }
        remember_siblings(conn, competition_id, about, found).await?;
        for scores in found {
            remember_scores(conn, competition_id, about.version_id, scores).await?;
        }
        let version = read::active_version(conn, competition_id).await?;
        if version.as_ref().is_none_or(|version| version.version_id != about.version_id) {
            want(conn, competition_id).await?;
            return Ok(Written::Yes);
        }
        let left = work(conn, competition_id, version).await?;
        let is_complete = left.is_none_or(|work| {
            matches!(
                work.request,
                Request::OtherMetrics { wanted } if wanted.is_empty()
            )
        });
        sqlx::query!(
            "insert into other_looks (version_id, competition_id, is_complete) values ($1, $2, $3)
             on conflict (version_id) do update set is_complete = excluded.is_complete",
            about.version_id,
            competition_id,
            is_complete,
        )
        .execute(&mut *conn)
        .await?;
        if !is_complete {
            want(conn, competition_id).await?;
        }
        Ok(Written::Yes)
    })
    .await
}

async fn is_final(conn: &mut PgConnection, competition_id: i64) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select settled_at is not null as "is_final!" from competitions where id = $1"#,
        competition_id
    )
    .fetch_one(conn)
    .await
}

/// What is on record of siblings that are chosen no more goes, with its scores.
async fn remember_siblings(
    conn: &mut PgConnection,
    competition_id: i64,
    about: &About,
    found: &[OtherScores],
) -> sqlx::Result<()> {
    let n_siblings = i16::try_from(about.siblings.len()).unwrap_or(i16::MAX);
    sqlx::query!(
        "delete from other_metrics where version_id = $1 and place > $2",
        about.version_id,
        n_siblings
    )
    .execute(&mut *conn)
    .await?;
    for (place, sibling) in &about.siblings {
        let params = serde_json::Value::Object(sibling.params.clone());
        sqlx::query!(
            "delete from other_metrics
             where version_id = $1 and place = $2 and (metric, params, note) is distinct from ($3, $4, $5)",
            about.version_id,
            place,
            sibling.metric,
            params,
            sibling.note,
        )
        .execute(&mut *conn)
        .await?;
        let is_absent = found.iter().any(|scores| scores.place == *place && scores.is_absent);
        sqlx::query!(
            "insert into other_metrics
                (version_id, competition_id, place, metric, params, note, higher_is_better, is_absent)
             values ($1, $2, $3, $4, $5, $6, $7, $8)
             on conflict (version_id, place) do update set is_absent = other_metrics.is_absent or excluded.is_absent",
            about.version_id,
            competition_id,
            place,
            sibling.metric,
            params,
            sibling.note,
            sibling.direction.higher_is_better(),
            is_absent,
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

async fn remember_scores(
    conn: &mut PgConnection,
    competition_id: i64,
    version_id: i64,
    found: &OtherScores,
) -> sqlx::Result<()> {
    let (submissions, scores): (Vec<i64>, Vec<Option<f64>>) = found.scores.iter().copied().unzip();
    sqlx::query!(
        "insert into other_scores (version_id, competition_id, place, submission_id, score)
         select $1, $2, $3, t.submission_id, t.score
         from unnest($4::bigint[], $5::double precision[]) as t (submission_id, score)
         on conflict (version_id, place, submission_id) do update set score = excluded.score",
        version_id,
        competition_id,
        found.place,
        &submissions,
        &scores as &[Option<f64>],
    )
    .execute(conn)
    .await?;
    Ok(())
}
