//! A scorer and its GPU: looked for at the start, announced, and preferred for what profits; nothing waits for
//! one that is not there.

use std::process::{Command, Output};
use std::time::Duration;

use crate::drivers::Fault;
use crate::world::{GOOD, SOLUTION, World};
use holdout_contract::MIGRATOR;
use holdout_contract::job::{Priority, Subject};
use holdout_contract::queue;
use holdout_scorer::worker::step::{Stepped, Worker, step};
use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;

fn evaluator(arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_holdout-scorer");
    Command::new(program)
        .arg("evaluator")
        .args(arguments)
        .env_remove("HOLDOUT_GPU")
        .output()
        .expect("it runs")
}

fn has_gpu() -> bool {
    !evaluator(&["--about"]).stdout.is_empty()
}

#[test]
fn a_scorer_holds_what_it_computes_with_against_the_definitions() {
    let looked = evaluator(&["--seed", "11"]);
    let text = String::from_utf8(looked.stdout).expect("text");
    assert!(looked.status.success(), "{text}");
    assert!(text.contains("the processor against the definitions, seed 11:"), "{text}");
    assert!(text.contains("roc_auc: agrees") && !text.contains("DIFFERS"), "{text}");
    assert_eq!(text.contains("the GPU against the processor"), has_gpu());
    let drawn = |output: Output| String::from_utf8(output.stdout).expect("text");
    assert!(drawn(evaluator(&["--gpu", "off"])).starts_with("computes with: the processor\n"));
}

#[test]
fn times_are_json() {
    let size =
        ["--teams", "2", "--rows", "300", "--rows-of-one", "90", "--replicates", "70", "--columns", "3"];
    let measured = evaluator(&[&["--measure", "processor", "--pairs", "5"], size.as_slice()].concat());
    let found: serde_json::Value = serde_json::from_slice(&measured.stdout).expect("JSON");
    let items = |what: &str| {
        let all = found["computations"].as_array().expect("a list");
        all.iter().find(|computation| computation["what"] == what).map(|found| found["n_items"].clone())
    };
    assert_eq!(items("auc_of_teams"), Some((2 * 300 * 70).into()));
    assert_eq!(items("products"), Some((3 * 3 * 300).into()));
    assert_eq!(evaluator(&["--measure", "gpu", "--teams", "1", "--rows", "9"]).status.success(), has_gpu());
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_scorer_that_needs_a_gpu_does_not_start_without(db: PgPool) {
    let world = World::new(db).await;
    for (choice, starts) in [("off", true), ("auto", true), ("on", has_gpu())] {
        let worked = world.program(&["--drain"]).env("HOLDOUT_GPU", choice).output().expect("it runs");
        assert_eq!(worked.status.success(), starts, "{choice}");
    }
    assert!(!world.program(&["--drain"]).env("HOLDOUT_GPU", "maybe").status().expect("it runs").success());
}

async fn announce(world: &World, worker: Uuid, gpu: Option<&str>, silent_s: f64) {
    sqlx::query!(
        "insert into scorers (id, host, engine_version, contract, started_at, last_seen_at, gpu)
         values ($1, 'here', '1', (select newest from contract), now(), now() - make_interval(secs => $3), $2)
         on conflict (id) do update set last_seen_at = excluded.last_seen_at, gpu = excluded.gpu",
        worker,
        gpu,
        silent_s,
    )
    .execute(&world.db)
    .await
    .expect("announced");
}

async fn stepped(world: &World, worker: &mut Worker) -> Stepped {
    sqlx::query!("update jobs set run_at = now()").execute(&world.db).await.expect("hurried");
    step(worker).await.expect("stepped")
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_look_at_a_board_is_left_to_a_scorer_with_a_gpu_for_a_while(db: PgPool) {
    let world = World::new(db).await;
    let contest = world.competition("open", SOLUTION).await;
    let (mut plain, able) = (world.worker(), Uuid::now_v7());
    announce(&world, plain.id, None, 0.0).await;
    announce(&world, able, Some("a GPU"), 0.0).await;
    let job_id = world.enqueue(contest, Subject::Ranks).await;
    for _ in 0..3 {
        assert_eq!(stepped(&world, &mut plain).await, Stepped::Idle, "nobody takes it only to pass it on");
    }
    let other = world.competition("other", SOLUTION).await;
    let small = world.enqueue(other, Subject::Examine { version_id: other.version_id }).await;
    assert_eq!(
        stepped(&world, &mut plain).await,
        Stepped::Done { job_id: small },
        "what stands behind it does not wait"
    );
    sqlx::query!("update jobs set created_at = now() - interval '1 minute'")
        .execute(&world.db)
        .await
        .expect("waited");
    assert_eq!(stepped(&world, &mut plain).await, Stepped::Done { job_id }, "the other one is busy");
    let job_id = world.enqueue(contest, Subject::Ranks).await;
    announce(&world, able, Some("a GPU"), 120.0).await;
    assert_eq!(stepped(&world, &mut plain).await, Stepped::Done { job_id }, "the other one is gone");
    announce(&world, able, Some("a GPU"), 0.0).await;
    announce(&world, plain.id, Some("a GPU"), 0.0).await;
    let job_id = world.enqueue(contest, Subject::Ranks).await;
    assert_eq!(stepped(&world, &mut plain).await, Stepped::Done { job_id }, "it has one itself");
}

async fn run(world: &World, statement: &str) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned())).execute(&world.db).await.expect("changed");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn what_gains_by_a_gpu_is_left_to_it_and_what_does_not_is_taken_at_once(db: PgPool) {
    let world = World::new(db).await;
    let contest = world.competition("open", SOLUTION).await;
    let team_id = world.team(contest, "team").await;
    let submission_id = world.submit(contest, team_id, GOOD).await;
    world.drain(&mut world.worker()).await;
    let plain = Uuid::now_v7();
    announce(&world, plain, None, 0.0).await;
    announce(&world, Uuid::now_v7(), Some("a GPU"), 0.0).await;
    run(
        &world,
        &format!(
            "insert into scoring_versions
                (competition_id, number, solution_id, metric, higher_is_better, stage, started_at, reason)
             select competition_id, 2, solution_id, 'mcc', true, 'rescoring', now(), 'Another metric.'
             from scoring_versions where id = {version};
             insert into verifications (competition_id, version_id, asked_at, finished_at)
             select competition_id, id, now(), now() from scoring_versions where competition_id = {contest} order by number;
             insert into comparisons (competition_id, asked_at) values ({contest}, now());",
            version = contest.version_id,
            contest = contest.id,
        ),
    )
    .await;
    let (by_evaluator, file_by_file) = (contest.version_id, contest.version_id + 1);
    let rescored = |version_id| Subject::Rescore { submission_id, team_id, version_id };
    let verified = |verification_id| Subject::Verify { submission_id, team_id, verification_id };
    let is_left = async |subject: Subject, priority: Priority| {
        let mut conn = world.db.acquire().await.expect("a connection");
        queue::enqueue(&mut conn, contest.id, subject, priority).await.expect("enqueued");
        let leased = queue::claim(&mut conn, plain, 60.0).await.expect("asked");
        run(&world, "delete from jobs").await;
        leased.is_none()
    };
    run(&world, "delete from jobs").await;
    for (subject, priority) in [
        (Subject::Compare { comparison_id: 1 }, Priority::Audit),
        (Subject::Ranks, Priority::Audit),
        (rescored(by_evaluator), Priority::Rescoring),
        (verified(1), Priority::Audit),
    ] {
        assert!(is_left(subject, priority).await, "{subject:?} waits for a GPU");
    }
    for (subject, priority) in [(rescored(file_by_file), Priority::Rescoring), (verified(2), Priority::Audit)]
    {
        assert!(!is_left(subject, priority).await, "{subject:?} gains nothing");
    }
    for (parts, gains) in [(["mcc", "fbeta@2"], false), (["mcc", "roc_auc"], true)] {
        let parts = parts.map(|metric| json!({ "metric": metric, "weight": 1 }));
        run(
            &world,
            &format!(
                "update scoring_versions set metric = 'weighted_sum', params = '{}' where id = {file_by_file}",
                json!({ "parts": parts })
            ),
        )
        .await;
        let is_left = is_left(rescored(file_by_file), Priority::Rescoring).await;
        assert_eq!(is_left, gains, "a sum of {parts:?}");
    }
    run(&world, "update competitions set settled_at = now()").await;
    assert!(!is_left(Subject::Ranks, Priority::Audit).await, "a final board is the processor's");
    assert!(is_left(Subject::Compare { comparison_id: 1 }, Priority::Audit).await);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_scorer_announces_the_gpu_that_it_found_and_takes_it_back_when_it_leaves(db: PgPool) {
    const PATIENCE: Duration = Duration::from_secs(60);
    let world = World::new(db).await;
    let announced = async || {
        sqlx::query_scalar!(r#"select gpu as "gpu!" from scorers where gpu is not null"#)
            .fetch_optional(&world.db)
            .await
            .expect("read")
    };
    let mut scorer = world
        .program(&[])
        .env("HOLDOUT_GPU", "on")
        .env("LD_LIBRARY_PATH", Fault::None.folder())
        .spawn()
        .expect("started");
    let until = std::time::Instant::now() + PATIENCE;
    let mut found = announced().await;
    while found.is_none() && std::time::Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(100)).await;
        found = announced().await;
    }
    let pid = rustix::process::Pid::from_child(&scorer);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("told to leave");
    assert!(scorer.wait().expect("left").success());
    let found = found.expect("it announced a GPU");
    assert!(found.starts_with("a processor, 8 GB"), "{found}");
    assert_eq!(announced().await, None, "what is gone has none");
}
