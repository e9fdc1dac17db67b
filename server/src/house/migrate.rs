//! Brings the schema up to date while people write.

use std::time::{Duration, Instant};

use sqlx::migrate::{MigrateDatabase, MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, PgPool, Postgres};

use super::versions;

/// Whoever comes after a migration that waits for a table waits as well; so it gives up, and tries again.
const LOCK_TIMEOUT: &str = "2s";
const LET_OTHERS_GO: Duration = Duration::from_secs(1);
/// For a table that is never free for a moment.
const LOCK_PATIENCE: Duration = Duration::from_secs(600);
/// What a migration does outside of a transaction.
const MAKES_AN_INDEX: &str = "index concurrently ";

/// Makes the database where it is missing and brings its schema up to date. Nobody waits for that longer than a
/// moment: see [`LOCK_TIMEOUT`].
///
/// # Errors
/// Those of the database; see [`super::is_away`].
pub async fn migrate(owner_url: &str) -> anyhow::Result<()> {
    apply(&holdout_contract::MIGRATOR, owner_url).await
}

/// As [`migrate`], by other migrations.
///
/// # Errors
/// As [`migrate`].
pub async fn apply(migrator: &Migrator, owner_url: &str) -> anyhow::Result<()> {
    if !Postgres::database_exists(owner_url).await? {
        Postgres::create_database(owner_url).await?;
    }
    let options: PgConnectOptions = owner_url.parse()?;
    let options = options.options([("lock_timeout", LOCK_TIMEOUT)]);
    let pool = PgPoolOptions::new().max_connections(1).connect_with(options).await?;
    let is_new = is_new(&pool).await?;
    if is_new {
        sqlx::raw_sql("set synchronous_commit = off").execute(&pool).await?;
    }
    let since = Instant::now();
    loop {
        match attempt(migrator, &pool).await {
            Err(error) if is_locked_out(&error) && since.elapsed() < LOCK_PATIENCE => {
                tracing::info!("a migration waits for a table that is in use, and lets others go first");
                tokio::time::sleep(LET_OTHERS_GO).await;
            }
            run => {
                if is_new && run.is_ok() {
                    flush(&pool).await?;
                }
                pool.close().await;
                return run.map_err(versions::explained);
            }
        }
    }
}

/// Whether nothing was ever migrated here: a power cut then loses nothing that the next start does not make again, and no
/// step has to wait for the disk.
async fn is_new(pool: &PgPool) -> sqlx::Result<bool> {
    sqlx::query_scalar!("select to_regclass('_sqlx_migrations') is null as \"is_new!\"").fetch_one(pool).await
}

/// Waits for the disk once: with a write that waits, all before it is on the disk as well.
async fn flush(pool: &PgPool) -> sqlx::Result<()> {
    let write = "reset synchronous_commit;
        update _sqlx_migrations set success = success where version = (select max(version) from _sqlx_migrations)";
    sqlx::raw_sql(write).execute(pool).await?;
    Ok(())
}

async fn attempt(migrator: &Migrator, pool: &PgPool) -> Result<(), MigrateError> {
    let made_apart: Vec<&str> = migrator
        .iter()
        .filter(|migration| migration.no_tx)
        .filter_map(|migration| index_made_by(migration.sql.as_str()))
        .collect();
    for name in half_made(pool, &made_apart).await? {
        // Its name is one of those that the migrations hold.
        let forget = AssertSqlSafe(format!("drop index concurrently if exists {name}"));
        sqlx::raw_sql(forget).execute(pool).await?;
    }
    migrator.run(pool).await
}

/// An index whose making was cut short is there, and serves nobody: making it again would find its name taken.
async fn half_made(pool: &PgPool, names: &[&str]) -> sqlx::Result<Vec<String>> {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    sqlx::query_scalar!(
        "select c.relname::text as \"name!\"
         from pg_index i
         join pg_class c on c.oid = i.indexrelid
         where not i.indisvalid and c.relnamespace = 'public'::regnamespace and c.relname = any($1)",
        &names,
    )
    .fetch_all(pool)
    .await
}

fn index_made_by(statement: &str) -> Option<&str> {
    let (_, rest) = statement.split_once(MAKES_AN_INDEX)?;
    rest.split_whitespace().next()
}

/// A migration that could not have a lock in time; what it did in a transaction is undone.
fn is_locked_out(error: &MigrateError) -> bool {
    let (MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) = error else {
        return false;
    };
    // 55P03: lock_not_available; 40P01: a deadlock, which the next try resolves.
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| ["55P03", "40P01"].contains(&&*code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_of_a_migration_without_a_transaction_is_known_by_its_name() {
        let statement = "-- no-transaction\ncreate unique index concurrently posts_once\n    on posts (id);";
        assert_eq!(index_made_by(statement), Some("posts_once"));
        assert_eq!(index_made_by("-- no-transaction\nvacuum posts;"), None);
    }
}
