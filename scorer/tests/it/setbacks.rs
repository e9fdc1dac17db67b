//! What is nobody's fault and passes: a clock that is set back, storage that is away, a full disk
//! under the database. Work waits for it and loses nothing, not even an attempt.

use std::os::unix::fs::symlink;

use crate::world::{GOOD, SOLUTION, World};
use holdout_contract::MIGRATOR;
use holdout_contract::queue;
use holdout_scorer::worker::step::{Stepped, recover, step};
use sqlx::PgPool;
use uuid::Uuid;

async fn tries(world: &World) -> (i32, i32) {
    let job =
        sqlx::query!("select attempts, setbacks from jobs").fetch_one(&world.db).await.expect("one job");
    (job.attempts, job.setbacks)
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_job_from_before_the_clock_was_set_back_is_due(db: PgPool) {
    let world = World::new(db).await;
    let open = world.competition("open", SOLUTION).await;
    let team = world.team(open, "b").await;
    world.submit(open, team, GOOD).await;
    for (ahead, is_due) in [(30.0, false), (3600.0, true)] {
        sqlx::query!("update jobs set run_at = now() + make_interval(secs => $1)", ahead)
            .execute(&world.db)
            .await
            .expect("set");
        let mut conn = world.db.acquire().await.expect("a connection");
        let claimed = queue::claim(&mut conn, Uuid::now_v7(), 15.0).await.expect("claimed");
        assert_eq!(claimed.is_some(), is_due, "{ahead} seconds ahead");
    }
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_lease_from_before_the_clock_was_set_back_ends_soon(db: PgPool) {
    let world = World::new(db).await;
    let open = world.competition("open", SOLUTION).await;
    let team = world.team(open, "b").await;
    world.submit(open, team, GOOD).await;
    let mut conn = world.db.acquire().await.expect("a connection");
    let leased = queue::claim(&mut conn, Uuid::now_v7(), 3600.0).await.expect("claimed").expect("a job");
    recover(&world.db, Uuid::now_v7()).await.expect("recovered");
    let ends_in = sqlx::query_scalar!(
        r#"select extract(epoch from lease_until - now())::float8 as "seconds!" from jobs"#
    )
    .fetch_one(&world.db)
    .await
    .expect("a lease");
    assert!((0.0..=15.0).contains(&ends_in), "{ends_in} seconds");
    assert!(queue::renew(&mut conn, &leased, 15.0).await.expect("renewed"), "who lives keeps it");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn storage_that_is_away_is_waited_for(db: PgPool) {
    let world = World::new(db).await;
    let open = world.competition("open", SOLUTION).await;
    let team = world.team(open, "b").await;
    let submission = world.submit(open, team, GOOD).await;
    let (files, away) = (world.folder.files(), world.folder.path().join("away"));
    std::fs::rename(&files, &away).expect("taken away");
    let mut worker = world.worker();
    for time in 0..6 {
        if time == 3 {
            symlink("files", &files).expect("a link to itself");
        }
        sqlx::query!("update jobs set run_at = now()").execute(&world.db).await.expect("hurried");
        let stepped = step(&mut worker).await.expect("stepped");
        assert!(matches!(stepped, Stepped::PutBack { .. }), "{stepped:?}");
    }
    assert_eq!(tries(&world).await, (0, 6));
    let pause =
        sqlx::query_scalar!(r#"select extract(epoch from run_at - now())::float8 as "seconds!" from jobs"#)
            .fetch_one(&world.db)
            .await
            .expect("a job");
    assert!((6.0..=8.0).contains(&pause), "the sixth pause is 8 seconds, of which {pause} are left");

    std::fs::remove_file(&files).expect("removed");
    std::fs::rename(&away, &files).expect("brought back");
    world.drain(&mut worker).await;
    assert_eq!(world.submission(submission).await.public_score, Some(1.0));
    assert_eq!(tries(&world).await, (1, 6));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_full_disk_under_the_database_is_waited_out(db: PgPool) {
    let world = World::new(db).await;
    let open = world.competition("open", SOLUTION).await;
    let team = world.team(open, "b").await;
    let submission = world.submit(open, team, GOOD).await;
    // Sequences keep what they counted when the transaction is rolled back.
    sqlx::raw_sql(
        "create sequence writes;
         grant usage on sequence writes to public;
         create function refuse_twice() returns trigger language plpgsql as $$
         begin
            if nextval('writes') <= 2 then
                raise exception 'could not extend file: No space left on device' using errcode = '53100';
            end if;
            return new;
         end $$;
         create trigger refuse_twice before insert on scores for each row execute function refuse_twice();",
    )
    .execute(&world.db)
    .await
    .expect("a trigger");
    let stepped = step(&mut world.worker()).await.expect("stepped");
    assert!(matches!(stepped, Stepped::Done { .. }), "{stepped:?}");
    assert_eq!(world.submission(submission).await.public_score, Some(1.0));
    assert_eq!(tries(&world).await, (1, 0));
    assert_eq!(world.n_entries(open).await, (1, 1), "scored once");
}
