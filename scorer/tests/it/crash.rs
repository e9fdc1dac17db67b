//! Real worker processes that are killed, told to leave, or left without a child: every submission
//! is scored once all the same.

use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::world::{Competition, GOOD, SOLUTION, World};
use holdout_contract::{MIGRATOR, handshake, queue};
use holdout_scorer::worker::step::{Stepped, step};
use rustix::fs::{CWD, Mode, mkfifoat};
use rustix::process::{Pid, Signal, kill_process};
use sqlx::PgPool;

/// A submission whose file is a pipe: whoever reads it stands in the middle of the job until the
/// test writes the file's bytes.
struct Held {
    world: World,
    open: Competition,
    submission: i64,
    path: PathBuf,
}

impl Held {
    async fn new(db: PgPool) -> Self {
        let world = World::new(db).await;
        let open = world.competition("open", SOLUTION).await;
        let team = world.team(open, "b").await;
        let submission = world.submit(open, team, GOOD).await;
        let key = sqlx::query_scalar!("select storage_key from submissions where id = $1", submission)
            .fetch_one(&world.db)
            .await
            .expect("a key");
        let path = world.folder.files().join(key);
        std::fs::remove_file(&path).expect("removed");
        mkfifoat(CWD, &path, Mode::RUSR | Mode::WUSR).expect("a pipe");
        Self { world, open, submission, path }
    }

    /// Starts `holdout-scorer work` and waits until it is in the middle of the job.
    async fn start(&self, arguments: &[&str]) -> Child {
        let child = self.world.program(arguments).spawn().expect("started");
        wait_for(&self.world, self.submission, "scoring", PATIENCE).await;
        child
    }

    /// The bytes arrive at whoever reads the pipe.
    fn release(&self) {
        std::fs::write(&self.path, GOOD).expect("somebody reads");
    }

    /// The file stands there as it was received.
    fn restore(&self) {
        std::fs::remove_file(&self.path).expect("removed");
        std::fs::write(&self.path, GOOD).expect("restored");
    }

    async fn attempts(&self) -> i32 {
        sqlx::query_scalar!(
            "select attempts from jobs where submission_id = $1 and state = 'done'",
            self.submission
        )
        .fetch_one(&self.world.db)
        .await
        .expect("one job")
    }
}

/// The promise: scored within a minute, whatever was killed.
const PATIENCE: Duration = Duration::from_secs(60);

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
    let held = Held::new(db).await;
    let mut killed = held.start(&[]).await;
    signal(&killed, Signal::KILL);
    killed.wait().expect("gone");
    assert_eq!(held.world.submission(held.submission).await.state, "scoring", "it was killed in the middle");

    held.restore();
    let mut next = held.world.program(&["--drain"]).spawn().expect("started");
    wait_for(&held.world, held.submission, "scored", PATIENCE).await;
    assert!(next.wait().expect("left").success());

    let scored = held.world.submission(held.submission).await;
    assert_eq!((scored.public_score, scored.private_score), (Some(1.0), Some(2.0)));
    assert_eq!(held.world.n_entries(held.open).await, (1, 1), "scored once");
    assert_eq!(held.attempts().await, 2);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_scorer_told_to_leave_finishes_the_job_in_hand(db: PgPool) {
    let held = Held::new(db).await;
    let team = held.world.team(held.open, "c").await;
    let next = held.world.submit(held.open, team, GOOD).await;
    let mut leaving = held.start(&[]).await;
    signal(&leaving, Signal::TERM);
    held.release();
    assert!(leaving.wait().expect("left").success());
    assert_eq!(held.world.submission(held.submission).await.state, "scored");
    assert_eq!(held.world.submission(next).await.state, "queued", "no other job was begun");
    let registered = sqlx::query_scalar!("select count(*) as \"n!\" from scorers")
        .fetch_one(&held.world.db)
        .await
        .expect("counted");
    assert_eq!(registered, 1, "the world's own announcement alone");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn connections_cut_in_the_middle_of_a_job_cost_nothing(db: PgPool) {
    let held = Held::new(db).await;
    let mut worker = held.start(&["--drain"]).await;
    sqlx::query!(
        "select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid()"
    )
    .fetch_all(&held.world.db)
    .await
    .expect("cut");
    held.release();
    wait_for(&held.world, held.submission, "scored", PATIENCE).await;
    assert!(worker.wait().expect("left").success());
    assert_eq!(held.world.n_entries(held.open).await, (1, 1), "scored once");
    assert_eq!(held.attempts().await, 1, "the job in hand was kept");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_child_that_dies_at_rest_costs_no_attempt(db: PgPool) {
    let world = World::new(db).await;
    let open = world.competition("open", SOLUTION).await;
    let team = world.team(open, "b").await;
    let mut worker = world.worker();
    world.submit(open, team, GOOD).await;
    step(&mut worker).await.expect("stepped");
    let pid = worker.warm.resting_pid().expect("a warm child");
    kill_process(Pid::from_raw(pid.cast_signed()).expect("a pid"), Signal::KILL).expect("killed");
    let has_ended =
        || std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") Z "));
    while !has_ended() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let submission = world.submit(open, team, GOOD).await;
    let stepped = step(&mut worker).await.expect("stepped");
    assert!(matches!(stepped, Stepped::Done { .. }), "{stepped:?}");
    assert_eq!(world.submission(submission).await.public_score, Some(1.0));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_scorer_told_to_leave_hands_back_what_takes_too_long(db: PgPool) {
    let held = Held::new(db).await;
    let mut leaving = held.world.program(&[]).env("HOLDOUT_DRAIN_SECONDS", "0").spawn().expect("started");
    wait_for(&held.world, held.submission, "scoring", PATIENCE).await;
    signal(&leaving, Signal::TERM);
    assert!(leaving.wait().expect("left").success());
    let job = sqlx::query!("select state, attempts, setbacks, lease from jobs")
        .fetch_one(&held.world.db)
        .await
        .expect("one job");
    assert_eq!((job.state.as_str(), job.attempts, job.setbacks, job.lease), ("queued", 0, 0, None));
    held.restore();
    assert!(held.world.program(&["--drain"]).status().expect("left").success());
    assert_eq!(held.world.submission(held.submission).await.public_score, Some(1.0));
    assert_eq!(held.attempts().await, 1, "it cost no attempt");
}

/// A program that is ended with the test.
struct Working(Child);

impl Drop for Working {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn wait_for_refusal(world: &World, beginning: &str) {
    let start = Instant::now();
    loop {
        let said = sqlx::query_scalar!("select refusal as \"words!\" from scorers where refusal is not null")
            .fetch_optional(&world.db)
            .await
            .expect("asked");
        match said {
            Some(words) => return assert!(words.starts_with(beginning), "{words}"),
            None => tokio::time::sleep(Duration::from_millis(20)).await,
        }
        assert!(start.elapsed() < PATIENCE, "nobody says why no work is taken");
    }
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_scorer_that_became_too_old_says_so_and_takes_nothing_until_it_is_understood(db: PgPool) {
    let world = World::new(db).await;
    let open = world.competition("open", SOLUTION).await;
    let team = world.team(open, "b").await;
    let first = world.submit(open, team, GOOD).await;
    let _old = Working(world.program(&[]).spawn().expect("started"));
    wait_for(&world, first, "scored", PATIENCE).await;
    sqlx::query!("update contract set oldest = 4, newest = 4").execute(&world.db).await.expect("upgraded");
    let second = world.submit(open, team, GOOD).await;
    wait_for_refusal(&world, "This scorer is too old").await;
    let taken = sqlx::query_scalar!("select attempts from jobs where submission_id = $1", second);
    assert_eq!(taken.fetch_one(&world.db).await.expect("a job"), 0);
    assert!(!world.program(&["--drain"]).status().expect("left").success(), "it does not wait then");
    let doctor = world.doctor();
    assert!(!doctor.0 && doctor.1.contains("WRONG  This scorer is too old"), "{}", doctor.1);

    sqlx::query!("update contract set oldest = 2").execute(&world.db).await.expect("put back");
    wait_for(&world, second, "scored", PATIENCE).await;
    let refused = sqlx::query_scalar!("select count(*) as \"n!\" from scorers where refusal is not null");
    assert_eq!(refused.fetch_one(&world.db).await.expect("counted"), 0);
    let doctor = world.doctor();
    for well in
        ["may score, and no more", "understands it (contract 3)", "clocks", "MB are free", "The key is"]
    {
        assert!(doctor.1.contains(well), "{well} in {}", doctor.1);
    }
    assert!(doctor.0, "{}", doctor.1);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_scorer_without_its_key_draws_none_where_scorers_had_one(db: PgPool) {
    let world = World::new(db).await;
    let elsewhere = world.folder.key().with_file_name("other.key");
    let begin = || {
        let mut program = world.program(&["--drain"]);
        program.env("HOLDOUT_SCORER_KEY", &elsewhere).stderr(Stdio::piped());
        program.output().expect("it ends")
    };
    sqlx::query!("delete from scorer_keys").execute(&world.db).await.expect("as on the first day");
    assert!(begin().status.success(), "the first scorer draws it");
    let drawn = std::fs::read(&elsewhere).expect("a key");
    std::fs::remove_file(&elsewhere).expect("lost");
    let refused = begin();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("solutions were sealed to it"), "{said}");
    assert!(!elsewhere.exists());
    std::fs::write(&elsewhere, drawn).expect("put back");
    assert!(begin().status.success());
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn the_database_gives_no_job_to_who_does_not_understand_it(db: PgPool) {
    let world = World::new(db).await;
    let open = world.competition("open", SOLUTION).await;
    let team = world.team(open, "b").await;
    world.submit(open, team, GOOD).await;
    // As scorers took jobs before there were contracts, and as one from a release to come would.
    for (spoken, words) in [(None, "too old"), (Some(4), "too new")] {
        let taken = sqlx::query!(
            "update jobs set state = 'leased', lease = gen_random_uuid(), lease_until = now(), spoken = $1",
            spoken
        );
        let error = taken.execute(&world.db).await.expect_err("refused");
        assert!(handshake::is_refusal(&error) && error.to_string().contains(words), "{error}");
    }
    let mut conn = world.db.acquire().await.expect("a connection");
    sqlx::query!("update jobs set needs = 4").execute(&mut *conn).await.expect("set");
    let worker = uuid::Uuid::now_v7();
    assert!(queue::claim(&mut conn, worker, 15.0).await.expect("asked").is_none(), "it is left to others");
    sqlx::query!("update jobs set needs = 1").execute(&mut *conn).await.expect("set");
    assert!(queue::claim(&mut conn, worker, 15.0).await.expect("asked").is_some());
    let asked = handshake::asked(&mut conn).await.expect("asked");
    assert_eq!(asked.newest, handshake::CONTRACT, "the migrations ask for what this release speaks");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_scorer_whose_disk_is_nearly_full_says_so_and_takes_nothing(db: PgPool) {
    const MORE_THAN_THERE_IS: &str = "1000000000";
    let world = World::new(db).await;
    let open = world.competition("open", SOLUTION).await;
    let team = world.team(open, "b").await;
    let submission = world.submit(open, team, GOOD).await;
    let mut full = world.program(&[]);
    let full = Working(full.env("HOLDOUT_DISK_RESERVE_MB", MORE_THAN_THERE_IS).spawn().expect("started"));
    wait_for_refusal(&world, "The disk is nearly full").await;
    assert_eq!(world.submission(submission).await.state, "queued");
    drop(full);
    assert!(world.program(&["--drain"]).status().expect("left").success());
    assert_eq!(world.submission(submission).await.state, "scored");
}
