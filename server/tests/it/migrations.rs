//! From the release before to this one: the newer migrations are applied to its data while people write. None waits
//! long for a lock, since everybody who came after it would wait as well, and everything stands afterwards.
//!
//! With each release, [`LAST_RELEASE`] and the file of its data move on together.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use holdout::house;
use holdout_contract::MIGRATOR;
use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, PgPool, Row};

use crate::world::{database_url, sql};

const LAST_RELEASE: i64 = 20_261_128_050_100;
const DATA: &str = include_str!("releases/20261128050100.sql");
/// Nobody waits so long; a test that hangs should end.
const PATIENCE: Duration = Duration::from_secs(60);

async fn release_before(pool: &PgPool) {
    let older = MIGRATOR.iter().filter(|migration| migration.version <= LAST_RELEASE).cloned().collect();
    let before = Migrator { migrations: Cow::Owned(older), ..Migrator::DEFAULT };
    before.run(pool).await.unwrap();
    sqlx::raw_sql(DATA).execute(pool).await.unwrap();
}

/// Rows of every table, and a digest of what is in them but for columns that came later.
async fn contents(pool: &PgPool, columns: &[(String, String)]) -> BTreeMap<String, (i64, String)> {
    let mut found = BTreeMap::new();
    for (table, columns) in columns {
        let statement = format!(
            "select count(*), coalesce(md5(string_agg(line, chr(10) order by line)), '')
             from (select row({columns})::text as line from {table}) rows"
        );
        let row = sqlx::raw_sql(AssertSqlSafe(statement)).fetch_one(pool).await.unwrap();
        found.insert(table.clone(), (row.get(0), row.get(1)));
    }
    found
}

async fn columns(pool: &PgPool) -> Vec<(String, String)> {
    sql("select c.table_name::text, string_agg(quote_ident(c.column_name), ', ' order by c.ordinal_position)
         from information_schema.columns c
         join information_schema.tables t using (table_schema, table_name)
         where table_schema = 'public' and table_type = 'BASE TABLE' and table_name <> '_sqlx_migrations'
         group by 1")
    .fetch_all(pool)
    .await
    .unwrap()
    .into_iter()
    .map(|row| (row.get(0), row.get(1)))
    .collect()
}

#[sqlx::test(migrations = false)]
async fn newer_migrations_wait_for_nobody_long_and_lose_nothing(pool: PgPool) {
    release_before(&pool).await;
    let columns = columns(&pool).await;
    let before = contents(&pool, &columns).await;
    assert!(before["submissions"].0 > 3000 && before["jobs"].0 > 3000, "{before:?}");

    // Somebody is in the middle of writing, for as long as it takes.
    let mut slow = pool.begin().await.unwrap();
    let touched =
        sql("update jobs set run_at = run_at where state = 'queued' and turn = 1").execute(&mut *slow);
    assert_eq!(touched.await.unwrap().rows_affected(), 1);
    let url = database_url(&pool).await;
    let migrating = tokio::spawn(async move { house::migrate(&url).await });
    let is_waiting = "select exists (select from pg_locks l join pg_stat_activity a using (pid)
                      where a.datname = current_database() and not l.granted and l.locktype = 'relation')";
    crate::world::until(PATIENCE, "a migration waits for the table", || async {
        sql(is_waiting).fetch_one(&pool).await.unwrap().get(0)
    })
    .await;
    // Everybody else goes on while that somebody still has not ended.
    for turn in 2..6_i64 {
        let write = sql("update jobs set run_at = run_at where state = 'queued' and turn = $1").bind(turn);
        let written = tokio::time::timeout(PATIENCE, write.execute(&pool)).await;
        assert_eq!(written.expect("a writer waits behind a migration").unwrap().rows_affected(), 1);
    }
    assert!(!migrating.is_finished(), "it cannot be done yet");
    slow.commit().await.unwrap();
    tokio::time::timeout(PATIENCE, migrating).await.expect("it is tried again").unwrap().unwrap();

    assert_eq!(contents(&pool, &columns).await, before);
    let newest: i64 = sql("select max(version) from _sqlx_migrations").fetch_one(&pool).await.unwrap().get(0);
    assert_eq!(Some(newest), MIGRATOR.iter().map(|migration| migration.version).max());
}
