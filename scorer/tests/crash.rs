//! Real worker processes that are killed, told to leave, or left without a child: every submission
//! is scored once all the same.

mod world;

use std::process::Child;
use std::time::{Duration, Instant};

use holdout_contract::MIGRATOR;
use holdout_scorer::worker::step::step;
use rustix::process::{Pid, Signal, kill_process};
use sqlx::PgPool;
use world::{Competition, GOOD, SOLUTION, World};

/// Long enough to be in the middle of it for a second or more.
const N_ROWS: usize = 3_000_000;

async fn busy_world(db: PgPool) -> (World, Competition, i64) {
    let world = World::new(db).await;
    let mut solution = String::with_capacity(N_ROWS * 24);
    let mut submission = String::with_capacity(N_ROWS * 24);
    solution.push_str("id,y,Usage\n");
    submission.push_str("id,y\n");
    for row in 0..N_ROWS {
        let usage = if row % 2 == 0 { "Public" } else { "Private" };
        solution.push_str(&format!("row-{row},{row},{usage}\n"));
        submission.push_str(&format!("row-{row},{}\n", row + 1));
    }
    let open = world.competition("busy", &solution).await;
    let team = world.team(open, "b").await;
    let submission = world.submit(open, team, &submission).await;
    (world, open, submission)
}

async fn wait_for(world: &World, submission: i64, state: &str, patience: Duration) {
    let start = Instant::now();
    loop {
        let now = world.submission(submission).await;
        if now.state == state {
            return;
        }
        assert!(start.elapsed() < patience, "{now:?} after {patience:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).expect("signalled");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_scorer_killed_in_the_middle_of_a_job_costs_nothing(db: PgPool) {
    let (world, open, submission) = busy_world(db).await;
    let mut killed = world.program(&[]).spawn().expect("started");
    wait_for(&world, submission, "scoring", Duration::from_secs(60)).await;
    signal(&killed, Signal::KILL);
    killed.wait().expect("gone");
    assert_eq!(world.submission(submission).await.state, "scoring", "it was killed in the middle");

    let start = Instant::now();
    let mut next = world.program(&["--drain"]).spawn().expect("started");
    wait_for(&world, submission, "scored", Duration::from_secs(60)).await;
    assert!(start.elapsed() < Duration::from_secs(60));
    assert!(next.wait().expect("left").success());

    let scored = world.submission(submission).await;
    assert_eq!((scored.public_score, scored.private_score), (Some(1.0), Some(1.0)));
    assert_eq!(world.n_entries(open).await, (1, 1), "scored once");
    let attempts =
        sqlx::query_scalar!("select attempts from jobs where state = 'done'").fetch_one(&world.db).await;
    assert_eq!(attempts.expect("one job"), 2);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_scorer_told_to_leave_finishes_the_job_in_hand(db: PgPool) {
    let (world, open, submission) = busy_world(db).await;
    let team = world.team(open, "c").await;
    let next = world.submit(open, team, GOOD).await;
    let mut leaving = world.program(&[]).spawn().expect("started");
    wait_for(&world, submission, "scoring", Duration::from_secs(60)).await;
    signal(&leaving, Signal::TERM);
    assert!(leaving.wait().expect("left").success());
    assert_eq!(world.submission(submission).await.state, "scored");
    assert_eq!(world.submission(next).await.state, "queued", "no other job was begun");
    let registered = sqlx::query_scalar!("select count(*) as \"n!\" from scorers where host <> ''")
        .fetch_one(&world.db)
        .await
        .expect("counted");
    assert_eq!(registered, 1, "the world's own announcement alone");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn connections_cut_in_the_middle_of_a_job_cost_nothing(db: PgPool) {
    let (world, open, submission) = busy_world(db).await;
    let mut worker = world.program(&["--drain"]).spawn().expect("started");
    wait_for(&world, submission, "scoring", Duration::from_secs(60)).await;
    sqlx::query!(
        "select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid()"
    )
    .fetch_all(&world.db)
    .await
    .expect("cut");
    wait_for(&world, submission, "scored", Duration::from_secs(60)).await;
    assert!(worker.wait().expect("left").success());
    assert_eq!(world.n_entries(open).await, (1, 1), "scored once");
    let attempts = sqlx::query_scalar!("select attempts from jobs").fetch_one(&world.db).await;
    assert_eq!(attempts.expect("one job"), 1, "the job in hand was kept");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_dead_child_is_replaced(db: PgPool) {
    let world = World::new(db).await;
    let open = world.competition("open", SOLUTION).await;
    let team = world.team(open, "b").await;
    let mut worker = world.worker();
    world.submit(open, team, GOOD).await;
    step(&mut worker).await.expect("stepped");
    let pid = worker.warm.resting_pid().expect("a warm child");
    kill_process(Pid::from_raw(pid.cast_signed()).expect("a pid"), Signal::KILL).expect("killed");
    let submission = world.submit(open, team, GOOD).await;
    world.drain(&mut worker).await;
    assert_eq!(world.submission(submission).await.public_score, Some(1.0));
}
