//! From the release before to this one: the newer migrations are applied to its data while people write. None waits
//! long for a lock, since everybody who came after it would wait as well, and everything stands afterwards. Servers of
//! the release before go on meanwhile: their statements hold on the new schema.
//!
//! With each release, `scripts/freeze-release` keeps its data and its statements anew.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use holdout::house;
use holdout_contract::MIGRATOR;
use serde::Deserialize;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, Column, Executor, PgConnection, PgPool, Row, SqlSafeStr, Statement, TypeInfo};

use crate::world::{database_url, sql};

/// The newest migration of the release before.
const NEWEST: &str = include_str!("releases/newest-migration");
const DATA: &str = include_str!("releases/rows.sql");
/// One a line, as the release before wrote them.
const STATEMENTS: &str = include_str!("releases/statements.jsonl");
/// Nobody waits so long; a test that hangs should end.
const PATIENCE: Duration = Duration::from_secs(60);
/// Tables that hold nothing that lasts, or a row that is told elsewhere.
const LEFT_EMPTY: [&str; 14] = [
    "competition_invitations",
    "competition_invite_links",
    "covariances",
    "labelled_tables",
    "notebook_runners",
    "probing_looks",
    "rank_refreshes",
    "retention_settings",
    "scorer_keys",
    "scorers",
    "stored_in_all",
    "submission_log_heads",
    "sweeps",
    "ticket_keys",
];

/// As a database is that nothing was ever done to: those that tests get may have all that the migrations make.
async fn emptied(pool: PgPool) -> PgPool {
    let anew = "drop schema public cascade; create schema public; grant all on schema public to public";
    sqlx::raw_sql(anew).execute(&pool).await.unwrap();
    pool
}

async fn schema_before(pool: &PgPool) {
    let newest: i64 = NEWEST.trim().parse().unwrap();
    let older = MIGRATOR.iter().filter(|migration| migration.version <= newest).cloned().collect();
    let before = Migrator { migrations: Cow::Owned(older), ..Migrator::DEFAULT };
    before.run(pool).await.unwrap();
}

/// This release's migrations, and one more.
fn with(statement: &'static str, is_in_transaction: bool) -> Migrator {
    let newest = MIGRATOR.iter().map(|migration| migration.version).max().unwrap();
    let one_more = Migration::new(
        newest + 1,
        "one more".into(),
        MigrationType::Simple,
        statement.into_sql_str(),
        !is_in_transaction,
    );
    let all = MIGRATOR.iter().cloned().chain([one_more]).collect();
    Migrator { migrations: Cow::Owned(all), ..Migrator::DEFAULT }
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
    let pool = emptied(pool).await;
    schema_before(&pool).await;
    let mut conn = pool.acquire().await.unwrap();
    sqlx::raw_sql(DATA).execute(&mut *conn).await.unwrap();
    sqlx::raw_sql("set session_replication_role = origin").execute(&mut *conn).await.unwrap();
    drop(conn);
    let columns = columns(&pool).await;
    let before = contents(&pool, &columns).await;
    assert!(before["submissions"].0 > 3000 && before["jobs"].0 > 300, "{before:?}");
    let empty: Vec<&str> =
        before.iter().filter(|(_, (n, _))| *n == 0).map(|(table, _)| table.as_str()).collect();
    assert_eq!(empty, LEFT_EMPTY, "the rows of the release before are of all its tables");

    // Somebody is in the middle of writing, for as long as it takes.
    let mut slow = pool.begin().await.unwrap();
    let touched =
        sql("update jobs set run_at = run_at where state = 'queued' and turn = 1").execute(&mut *slow);
    assert_eq!(touched.await.unwrap().rows_affected(), 1);
    let url = database_url(&pool).await;
    let migrator = with("alter table jobs add column added_by_a_test text", true);
    let newest = migrator.iter().map(|migration| migration.version).max();
    let migrating = tokio::spawn(async move { house::migrate::apply(&migrator, &url).await });
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

    let mut after = contents(&pool, &columns).await;
    // What it says of scorers is the newer release's own.
    after.insert("contract".to_owned(), before["contract"].clone());
    assert_eq!(after, before);
    let unconfirmed = "select count(*) from users where email_confirmed_at is null";
    let n: i64 = sql(unconfirmed).fetch_one(&pool).await.unwrap().get(0);
    assert_eq!(n, 0, "whoever has an account counts as having confirmed its address");
    sql("insert into users (username, email, display_name, password_hash) values ('newer', 'newer@people.test', 'N', '!')")
        .execute(&pool)
        .await
        .unwrap();
    let n: i64 = sql(unconfirmed).fetch_one(&pool).await.unwrap().get(0);
    assert_eq!(n, 1, "and whoever comes later does not");
    let applied: i64 =
        sql("select max(version) from _sqlx_migrations").fetch_one(&pool).await.unwrap().get(0);
    assert_eq!(Some(applied), newest);
}

#[sqlx::test(migrations = false)]
async fn only_a_new_database_is_migrated_without_waiting_for_the_disk(pool: PgPool) {
    let pool = emptied(pool).await;
    let wait = "do $$ begin
            execute format('alter database %I set synchronous_commit = on', current_database());
        end $$";
    sqlx::raw_sql(wait).execute(&pool).await.unwrap();
    let statement = "create table told_to_a_test as select current_setting('synchronous_commit') as setting";
    let (migrator, url) = (with(statement, true), database_url(&pool).await);
    let migrate = async || -> String {
        house::migrate::apply(&migrator, &url).await.unwrap();
        sql("select setting from told_to_a_test").fetch_one(&pool).await.unwrap().get(0)
    };
    assert_eq!(migrate().await, "off");
    let applied =
        "select (select array_agg((version, checksum) order by version) from _sqlx_migrations)::text";
    let by_us: String = sql(applied).fetch_one(&pool).await.unwrap().get(0);
    let known = MIGRATOR.iter().map(|migration| migration.version.to_string());
    assert!(known.into_iter().all(|version| by_us.contains(&version)), "{by_us}");

    // It is there, and people may be in it.
    for statement in [
        "drop table told_to_a_test",
        "delete from _sqlx_migrations where version = (select max(version) from _sqlx_migrations)",
    ] {
        sql(statement).execute(&pool).await.unwrap();
    }
    assert_eq!(migrate().await, "on");
    let again: String = sql(applied).fetch_one(&pool).await.unwrap().get(0);
    assert_eq!(again, by_us, "applied as before");
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn an_index_whose_making_was_cut_short_is_made_again(pool: PgPool) {
    // What a cut leaves: an index that is kept up to date, or not, and answers nothing.
    for statement in [
        "create index jobs_by_a_test on jobs (created_at)",
        "update pg_index set indisvalid = false where indexrelid = 'jobs_by_a_test'::regclass",
        "create index jobs_by_nobody on jobs (created_at)",
        "update pg_index set indisvalid = false where indexrelid = 'jobs_by_nobody'::regclass",
    ] {
        sql(statement).execute(&pool).await.unwrap();
    }
    let statement = "-- no-transaction\ncreate index concurrently jobs_by_a_test on jobs (created_at);";
    house::migrate::apply(&with(statement, false), &database_url(&pool).await).await.unwrap();
    let is_valid = async |name: &'static str| -> bool {
        let asked = sql("select indisvalid from pg_index where indexrelid = $1::text::regclass").bind(name);
        asked.fetch_one(&pool).await.unwrap().get(0)
    };
    assert_eq!((is_valid("jobs_by_a_test").await, is_valid("jobs_by_nobody").await), (true, false));
}

/// A statement with the names of the types that it takes and gives.
#[derive(Deserialize)]
struct Kept {
    query: String,
    takes: Vec<String>,
    gives: Vec<String>,
}

/// `Int8Array` as the database names it.
fn named(kept: &[String]) -> Vec<String> {
    kept.iter()
        .map(|name| match name.strip_suffix("Array") {
            Some(of) => format!("{}[]", of.to_uppercase()),
            None => name.to_uppercase(),
        })
        .collect()
}

/// Why a statement does not hold any more.
async fn complaint(conn: &mut PgConnection, kept: &Kept) -> Option<String> {
    let prepared = match conn.prepare(AssertSqlSafe(kept.query.clone()).into_sql_str()).await {
        Ok(prepared) => prepared,
        Err(error) => return Some(error.to_string()),
    };
    let name = |found: &sqlx::postgres::PgTypeInfo| found.name().to_owned();
    let takes: Vec<String> =
        prepared.parameters().and_then(sqlx::Either::left).unwrap_or_default().iter().map(name).collect();
    let gives: Vec<String> = prepared.columns().iter().map(|column| name(column.type_info())).collect();
    let expected = (named(&kept.takes), named(&kept.gives));
    let is_same = (&takes, &gives) == (&expected.0, &expected.1);
    (!is_same).then(|| format!("it was {expected:?} and is {:?}", (takes, gives)))
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn the_statements_of_the_release_before_hold_on_this_schema(pool: PgPool) {
    let kept: Vec<Kept> = STATEMENTS.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(kept.len() > 900, "{}", kept.len());
    let mut conn = pool.acquire().await.unwrap();
    let mut wrong = Vec::new();
    for statement in &kept {
        if let Some(complaint) = complaint(&mut conn, statement).await {
            wrong.push(format!("{complaint}\n{}", statement.query));
        }
    }
    assert!(
        wrong.is_empty(),
        "servers of the release before run on this schema until each is replaced; take away what they use in the \
         release after:\n\n{}",
        wrong.join("\n\n")
    );

    // The test finds what it is for.
    for statement in [
        "alter table users rename column display_name to shown_name",
        "alter table jobs alter column attempts type bigint",
    ] {
        sql(statement).execute(&pool).await.unwrap();
    }
    let mut conn = pool.acquire().await.unwrap();
    let mut n_wrong = [0, 0];
    for statement in &kept {
        let complaint = complaint(&mut conn, statement).await.unwrap_or_default();
        n_wrong[0] += usize::from(complaint.contains("display_name"));
        n_wrong[1] += usize::from(complaint.contains("INT4") && complaint.contains("INT8"));
    }
    assert!(n_wrong.iter().all(|n| *n > 0), "{n_wrong:?}");
}

/// What a statement cannot tell: columns that whoever inserts must name.
async fn required(pool: &PgPool) -> BTreeSet<String> {
    let required = "select table_name || '.' || column_name from information_schema.columns
        where table_schema = 'public' and is_nullable = 'NO' and column_default is null and is_identity = 'NO'
          and is_generated = 'NEVER'";
    sql(required).fetch_all(pool).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// What roles may do with tables, columns and functions, each with the name of the thing first.
async fn rights(pool: &PgPool) -> BTreeSet<(String, String)> {
    let rights = "select table_name::text, grantee || ' ' || privilege_type
         from information_schema.role_table_grants where table_schema = 'public' and grantee like 'holdout\\_%'
         union
         select table_name || '.' || column_name, grantee || ' ' || privilege_type
         from information_schema.role_column_grants where table_schema = 'public' and grantee like 'holdout\\_%'
         union
         select routine_name || '()', grantee || ' ' || privilege_type
         from information_schema.role_routine_grants where routine_schema = 'public' and grantee like 'holdout\\_%'";
    sql(rights).fetch_all(pool).await.unwrap().iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// Tables, columns and functions by the names that [`rights`] gives them.
async fn things(pool: &PgPool) -> BTreeSet<String> {
    let things = "select table_name::text from information_schema.tables where table_schema = 'public'
         union
         select table_name || '.' || column_name from information_schema.columns where table_schema = 'public'
         union
         select routine_name || '()' from information_schema.routines where routine_schema = 'public'";
    sql(things).fetch_all(pool).await.unwrap().iter().map(|row| row.get(0)).collect()
}

#[sqlx::test(migrations = false)]
async fn the_release_before_may_still_write_what_it_writes(pool: PgPool) {
    let pool = emptied(pool).await;
    schema_before(&pool).await;
    let (tables, required_before, rights_before) =
        (things(&pool).await, required(&pool).await, rights(&pool).await);
    assert!(required_before.len() > 300 && rights_before.len() > 1000, "the questions find what there is");
    MIGRATOR.run(&pool).await.unwrap();
    let (things, required, rights) = (things(&pool).await, required(&pool).await, rights(&pool).await);
    let is_old = |column: &&String| tables.contains(column.split('.').next().unwrap_or_default());
    let demanded: Vec<_> = required.difference(&required_before).filter(is_old).collect();
    assert!(demanded.is_empty(), "it names no value for these; give them a default: {demanded:?}");
    let lost: Vec<_> =
        rights_before.difference(&rights).filter(|(thing, _)| things.contains(thing)).collect();
    assert!(lost.is_empty(), "it had these rights: {lost:?}");
}
