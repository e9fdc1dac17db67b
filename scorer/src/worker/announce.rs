//! What a worker tells the database about itself: its key's public half, the metrics it computes,
//! and that it is alive.

use chrono::{DateTime, Utc};
use holdout_contract::ENGINE_VERSION;
use holdout_contract::handshake::CONTRACT;
use holdout_contract::spec::MetricSpec;
use sqlx::PgPool;
use uuid::Uuid;

/// Whether a scorer ever told its key.
///
/// # Errors
/// Those of the database.
pub async fn are_keys_known(db: &PgPool) -> sqlx::Result<bool> {
    sqlx::query_scalar!("select exists (select from scorer_keys) as \"known!\"").fetch_one(db).await
}

/// Announces everything, in one transaction; `gpu` is what the worker computes with beside its processor.
///
/// # Errors
/// Those of the database.
pub async fn announce(
    db: &PgPool,
    worker: Uuid,
    recipient: &str,
    specs: &[MetricSpec],
    gpu: Option<&str>,
) -> sqlx::Result<()> {
    let mut tx = db.begin().await?;
    let now: DateTime<Utc> = sqlx::query_scalar!(r#"select now() as "now!""#).fetch_one(&mut *tx).await?;
    sqlx::query!(
        "insert into scorer_keys (recipient) values ($1) on conflict (recipient) do nothing",
        recipient
    )
    .execute(&mut *tx)
    .await?;
    // One order for all, so that scorers that start together cannot block each other.
    let mut specs: Vec<&MetricSpec> = specs.iter().collect();
    specs.sort_by(|a, b| a.name.cmp(&b.name));
    for spec in specs {
        let json = serde_json::to_value(spec).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
        sqlx::query!(
            "insert into metrics as m (name, spec, engine_version, announced_at) values ($1, $2, $3, $4)
             on conflict (name) do update
             set spec = excluded.spec, engine_version = excluded.engine_version, announced_at = excluded.announced_at
             where m.spec <> excluded.spec or m.engine_version <> excluded.engine_version",
            spec.name,
            json,
            ENGINE_VERSION,
            now,
        )
        .execute(&mut *tx)
        .await?;
    }
    sqlx::query!(
        "insert into scorers (id, host, engine_version, contract, started_at, last_seen_at, gpu)
         values ($1, $2, $3, $4, $5, $5, $6)
         on conflict (id) do update
         set last_seen_at = excluded.last_seen_at, gpu = excluded.gpu, refusal = null",
        worker,
        host_name(),
        ENGINE_VERSION,
        CONTRACT,
        now,
        gpu,
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await
}

/// Says that the worker computes with its processor alone from now on.
///
/// # Errors
/// Those of the database.
pub async fn lost_gpu(db: &PgPool, worker: Uuid) -> sqlx::Result<()> {
    sqlx::query!("update scorers set gpu = null where id = $1", worker).execute(db).await?;
    Ok(())
}

/// Says why the worker takes no work, or that it does again; it is heard of even where it never did.
///
/// # Errors
/// Those of the database.
pub async fn refusal(db: &PgPool, worker: Uuid, words: Option<&str>) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into scorers (id, host, engine_version, contract, started_at, last_seen_at, refusal)
         values ($1, $2, $3, $4, now(), now(), $5)
         on conflict (id) do update set last_seen_at = excluded.last_seen_at, refusal = excluded.refusal",
        worker,
        host_name(),
        ENGINE_VERSION,
        CONTRACT,
        words,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Says whether metrics that hosts write can run here: with which libraries, or why not.
///
/// # Errors
/// Those of the database.
pub async fn sandbox(db: &PgPool, worker: Uuid, state: Result<&str, &str>) -> sqlx::Result<()> {
    sqlx::query!(
        "update scorers set sandbox = $2, sandbox_refusal = $3 where id = $1",
        worker,
        state.ok(),
        state.err(),
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Whether another living scorer can run metrics that hosts write, and this one cannot.
///
/// # Errors
/// Those of the database.
pub async fn another_has_sandbox(db: &PgPool, worker: Uuid) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from scorers where id = $1 and sandbox_refusal is not null)
              and exists (
                select from scorers_at_work
                where id <> $1 and sandbox is not null and last_seen_at > now() - interval '30 seconds') as "is_so!""#,
        worker,
    )
    .fetch_one(db)
    .await
}

/// Says that the worker is alive.
///
/// # Errors
/// Those of the database.
pub async fn beat(db: &PgPool, worker: Uuid) -> sqlx::Result<()> {
    sqlx::query!("update scorers set last_seen_at = now() where id = $1", worker).execute(db).await?;
    Ok(())
}

/// Says that the worker left.
///
/// # Errors
/// Those of the database.
pub async fn leave(db: &PgPool, worker: Uuid) -> sqlx::Result<()> {
    sqlx::query!("delete from scorers where id = $1", worker).execute(db).await?;
    Ok(())
}

pub(crate) fn host_name() -> String {
    let read = std::fs::read_to_string("/proc/sys/kernel/hostname");
    read.map_or_else(|_| "unknown".to_owned(), |name| name.trim().to_owned())
}
