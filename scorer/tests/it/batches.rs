//! Rescorings and verifications many at a time: to the digit, the refusal and the place on the board what one by one
//! comes to; and what befalls a batch costs none of its jobs what another did.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::drivers::Fault;
use crate::world::{Competition, World};
use holdout_contract::MIGRATOR;
use holdout_contract::job::Subject;
use holdout_contract::queue::{self, Leased};
use holdout_evaluator::Choice;
use holdout_scorer::worker::batch::Pace;
use holdout_scorer::worker::rescoring;
use holdout_scorer::worker::step::{Stepped, Worker, step};
use rustix::fs::{CWD, Mode, mkfifoat};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

const TRUTHS: &str =
    "id,y,Usage\na,0,Public\nb,1,Public\nc,0,Public\nd,1,Private\ne,1,Private\nf,0,Private\n";
const N_TEAMS: usize = 4;

#[derive(PartialEq)]
enum Kind {
    Plain,
    Ladder,
}

/// What is done again with every file.
#[derive(Debug, Clone, Copy)]
enum Again {
    /// Under this version.
    Rescored(i64),
    /// For this verification.
    Verified(i64),
}

struct Contest {
    world: World,
    open: Competition,
    submissions: Vec<i64>,
}

impl Contest {
    /// Three files of each team are scored by their squared errors: probabilities, some with ties, numbers above 1
    /// and below 0, and one that came late.
    async fn begin(db: PgPool, board: Kind) -> Self {
        let world = World::new(db).await;
        if board == Kind::Ladder {
            sqlx::raw_sql("alter table competitions alter column ladder set default 'on'")
                .execute(&world.db)
                .await
                .expect("set");
        }
        let open = world.competition("open", TRUTHS).await;
        let mut submissions = Vec::new();
        for number in 0..N_TEAMS {
            let team = world.team(open, &format!("team {number}")).await;
            for round in 0..3 {
                let csv = predictions(3 * number + round);
                submissions.push(world.submit_late(open, team, &csv, number == 2 && round == 1).await);
            }
        }
        world.drain(&mut world.worker()).await;
        Self { world, open, submissions }
    }

    /// Begins a rescoring with the same labels under another metric.
    async fn rescore(&self, number: i32, metric: &str) -> i64 {
        sqlx::query!(
            "update scoring_versions set stage = 'retired' where competition_id = $1 and stage = 'rescoring'",
            self.open.id
        )
        .execute(&self.world.db)
        .await
        .expect("ended");
        sqlx::query_scalar!(
            "insert into scoring_versions
                (competition_id, number, solution_id, metric, higher_is_better, stage, started_at, reason)
             select v.competition_id, $2, v.solution_id, $3, $3 in ('roc_auc', 'r2'), 'rescoring', now(), 'Another metric.'
             from scoring_versions v
             where v.id = $1
             returning id",
            self.open.version_id,
            number,
            metric,
        )
        .fetch_one(&self.world.db)
        .await
        .expect("a version")
    }

    /// Begins a verification of the version that counts.
    async fn verify(&self) -> i64 {
        sqlx::query_scalar!(
            "insert into verifications (competition_id, version_id, asked_by, asked_at)
             values ($1, $2, $3, now()) returning id",
            self.open.id,
            self.open.version_id,
            self.world.user_id,
        )
        .fetch_one(&self.world.db)
        .await
        .expect("a verification")
    }

    /// What a verification that is over found.
    async fn faults(&self, verification_id: i64) -> Vec<(i64, String)> {
        let rows = sqlx::query!(
            "select f.submission_id, f.what
             from verifications v
             join verification_faults f on f.verification_id = v.id
             where v.id = $1 and v.finished_at is not null
             order by f.submission_id",
            verification_id
        )
        .fetch_all(&self.world.db)
        .await
        .expect("faults");
        rows.into_iter().map(|row| (row.submission_id, row.what)).collect()
    }

    /// Moves two scores on record by a bit, and names another file in the place of a third.
    async fn spoil_the_record(&self) {
        let [private, public, file] = [1, 9, 3].map(|at| self.submissions[at]);
        let db = &self.world.db;
        sqlx::query!(
            "update private_scores set private_score = private_score * (1 + 2.3e-16::float8) where submission_id = $1",
            private
        )
        .execute(db)
        .await
        .expect("spoilt");
        sqlx::query!(
            "update scores set public_score = public_score * (1 + 2.3e-16::float8) where submission_id = $1",
            public
        )
        .execute(db)
        .await
        .expect("spoilt");
        sqlx::query!(
            "update scores set submission_sha256 = sha256('another') where submission_id = $1",
            file
        )
        .execute(db)
        .await
        .expect("spoilt");
    }

    /// Everything that a version has on record, without its number and times.
    async fn on_record(&self, version_id: i64) -> Value {
        sqlx::query_scalar!(
            r#"select jsonb_build_object(
                'scores', (
                    select jsonb_agg(
                        (to_jsonb(x) - 'version_id' - 'scored_at') || jsonb_build_object(
                            'private', to_jsonb(p) - 'version_id', 'exact', e.public_score) order by x.submission_id)
                    from scores x
                    left join private_scores p on p.submission_id = x.submission_id and p.version_id = x.version_id
                    left join exact_public_scores e
                        on e.submission_id = x.submission_id and e.version_id = x.version_id
                    where x.version_id = $1),
                'board', (
                    select jsonb_agg((to_jsonb(b) - 'version_id') order by b.rank_key, b.reached_at, b.submission_id)
                    from board_entries b where b.version_id = $1),
                'moves', (
                    select jsonb_agg((to_jsonb(m) - 'version_id') order by m.team_id)
                    from version_moves m where m.version_id = $1)) as "record!""#,
            version_id
        )
        .fetch_one(&self.world.db)
        .await
        .expect("a record")
    }

    fn worker(&self, most: usize) -> Worker {
        Worker { pace: Pace::at_most(most), ..self.world.worker() }
    }

    async fn jobs(&self, again: Again) -> Vec<Job> {
        let (version_id, verification_id) = match again {
            Again::Rescored(version_id) => (Some(version_id), None),
            Again::Verified(verification_id) => (None, Some(verification_id)),
        };
        sqlx::query_as!(
            Job,
            "select state, attempts, is_alone from jobs where version_id = $1 or verification_id = $2
             order by submission_id",
            version_id,
            verification_id,
        )
        .fetch_all(&self.world.db)
        .await
        .expect("jobs")
    }

    /// The path of a submission's file.
    async fn path(&self, submission: i64) -> std::path::PathBuf {
        let key = sqlx::query_scalar!("select storage_key from submissions where id = $1", submission)
            .fetch_one(&self.world.db)
            .await
            .expect("a key");
        self.world.folder.files().join(key)
    }

    /// Whoever reads this file waits until somebody writes it.
    async fn hold(&self, submission: i64) -> (std::path::PathBuf, Vec<u8>) {
        let path = self.path(submission).await;
        let bytes = std::fs::read(&path).expect("a file");
        std::fs::remove_file(&path).expect("removed");
        mkfifoat(CWD, &path, Mode::RUSR | Mode::WUSR).expect("a pipe");
        (path, bytes)
    }
}

#[derive(Debug, PartialEq)]
struct Job {
    state: String,
    attempts: i32,
    is_alone: bool,
}

fn job(state: &str, attempts: i32, is_alone: bool) -> Job {
    Job { state: state.to_owned(), attempts, is_alone }
}

fn predictions(seed: usize) -> String {
    let value = |row: usize| match (seed, row) {
        (4, 2) => 1.7,
        (7, 5) => -0.2,
        (8, _) => 0.5,
        _ => ((seed * 7 + row * 5) % 11) as f64 / 10.0,
    };
    let line = |(row, id): (usize, &str)| format!("{id},{}\n", value(row));
    let lines: String = ["a", "b", "c", "d", "e", "f"].into_iter().enumerate().map(line).collect();
    format!("id,y\n{lines}")
}

fn batches(steps: &[Stepped]) -> Vec<(usize, usize)> {
    let of_batch = |stepped: &Stepped| match stepped {
        Stepped::Batch { n_taken, n_done } => Some((*n_taken, *n_done)),
        _ => None,
    };
    steps.iter().filter_map(of_batch).collect()
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn batches_come_to_the_digit_to_what_one_by_one_comes_to(db: PgPool) {
    let contest = Contest::begin(db, Kind::Plain).await;
    let n = contest.submissions.len();
    let mut number = 1;
    // Log loss refuses what is no probability, RMSLE has no value below 0, and R² is scored file by file.
    let sizes: [(&str, &[usize]); 4] =
        [("log_loss", &[1, 5, 64]), ("roc_auc", &[1, 64]), ("rmsle", &[1, 64]), ("r2", &[1, 64])];
    for (metric, sizes) in sizes {
        let mut records = Vec::new();
        for most in sizes.iter().copied() {
            number += 1;
            let version_id = contest.rescore(number, metric).await;
            let gone = contest.path(contest.submissions[6]).await;
            std::fs::rename(&gone, gone.with_extension("gone")).expect("away");
            let steps = contest.world.drain(&mut contest.worker(most)).await;
            std::fs::rename(gone.with_extension("gone"), &gone).expect("back");
            let failed = contest
                .jobs(Again::Rescored(version_id))
                .await
                .iter()
                .filter(|job| job.state == "failed")
                .count();
            assert_eq!(failed, 1, "{metric}, {most} at a time: {steps:?}");
            let first = batches(&steps).first().copied();
            assert_eq!(first, (most > 1).then_some((most.min(n), most.min(n))), "{metric}: {steps:?}");
            sqlx::query!("select retry_rescoring($1)", version_id)
                .fetch_one(&contest.world.db)
                .await
                .expect("again");
            contest.world.drain(&mut contest.worker(most)).await;
            records.push(contest.on_record(version_id).await);
        }
        assert_eq!(records[0]["scores"].as_array().map(Vec::len), Some(n));
        assert_eq!(records[0]["board"].as_array().map(Vec::len), Some(N_TEAMS));
        for (record, most) in records.iter().zip(sizes) {
            assert_eq!(*record, records[0], "{metric}, {most} at a time");
        }
        let scores = records[0]["scores"].as_array().expect("scores");
        let n_refused = scores.iter().filter(|score| !score["rejection"].is_null()).count();
        assert_eq!(n_refused, if metric == "log_loss" { 2 } else { 0 });
        let n_undefined = scores.iter().filter(|score| score["private"]["private_score"].is_null()).count();
        assert_eq!(n_undefined, n_refused + usize::from(metric == "rmsle"));
    }
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn on_a_ladder_a_batch_has_one_file_of_a_team(db: PgPool) {
    let contest = Contest::begin(db, Kind::Ladder).await;
    let mut records = Vec::new();
    for (number, most) in [(2, 1), (3, 64)] {
        let version_id = contest.rescore(number, "mae").await;
        let steps = contest.world.drain(&mut contest.worker(most)).await;
        // And the file that came late, which is on no Ladder.
        assert!(batches(&steps).iter().all(|(n_taken, _)| (2..=N_TEAMS + 1).contains(n_taken)), "{steps:?}");
        assert_eq!(batches(&steps).is_empty(), most == 1, "{steps:?}");
        records.push(contest.on_record(version_id).await);
    }
    let scores = records[0]["scores"].as_array().expect("scores");
    assert!(scores.iter().any(|score| score["ladder_step"] == "released" && score["exact"].is_f64()));
    assert!(scores.iter().any(|score| score["ladder_step"] == "held"), "{scores:?}");
    assert_eq!(records[0], records[1]);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_verification_in_batches_finds_what_one_by_one_finds(db: PgPool) {
    let contest = Contest::begin(db, Kind::Plain).await;
    let n = contest.submissions.len();
    let before = contest.on_record(contest.open.version_id).await;
    let clean = contest.verify().await;
    let steps = contest.world.drain(&mut contest.worker(64)).await;
    assert_eq!(batches(&steps), [(n, n)], "{steps:?}");
    assert_eq!(contest.faults(clean).await, []);
    assert_eq!(contest.on_record(contest.open.version_id).await, before, "nothing was written");

    contest.spoil_the_record().await;
    let [gone, changed] = [6, 8].map(|at| contest.submissions[at]);
    let gone_path = contest.path(gone).await;
    std::fs::rename(&gone_path, gone_path.with_extension("gone")).expect("away");
    std::fs::write(contest.path(changed).await, predictions(1)).expect("changed");
    let mut found = Vec::new();
    for most in [1, 5, 64] {
        let verification_id = contest.verify().await;
        let steps = contest.world.drain(&mut contest.worker(most)).await;
        let first = batches(&steps).first().copied();
        assert_eq!(first, (most > 1).then_some((most.min(n), most.min(n))), "{most} at a time: {steps:?}");
        let failed = sqlx::query!(
            r#"select submission_id as "submission_id!", error as "error!", attempts from jobs
               where verification_id = $1 and state = 'failed' order by submission_id"#,
            verification_id
        )
        .fetch_all(&contest.world.db)
        .await
        .expect("failed jobs");
        let failed: Vec<_> =
            failed.into_iter().map(|job| (job.submission_id, job.error, job.attempts)).collect();
        found.push((contest.faults(verification_id).await, failed));
    }
    let (faults, failed) = &found[0];
    let what = |at: usize| {
        let fault = faults.iter().find(|(submission, _)| *submission == contest.submissions[at]);
        fault.map_or("", |(_, what)| what.as_str())
    };
    assert!(what(1).starts_with("The private score differs."), "{faults:?}");
    assert!(what(9).starts_with("The public score differs."), "{faults:?}");
    assert!(what(3).starts_with("The file is not the one that was scored."), "{faults:?}");
    assert!(faults.iter().all(|(_, what)| !what.contains(|c: char| c.is_ascii_digit())), "no digit is said");
    assert_eq!(
        failed.iter().map(|(id, _, attempts)| (*id, *attempts)).collect::<Vec<_>>(),
        [(gone, 3), (changed, 3)]
    );
    assert!(failed[1].1.contains("not what was received"), "{failed:?}");
    assert!(found.iter().all(|other| *other == found[0]), "{found:?}");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_verification_takes_all_files_of_a_team_on_a_ladder_at_once(db: PgPool) {
    let contest = Contest::begin(db, Kind::Ladder).await;
    let n = contest.submissions.len();
    let verification_id = contest.verify().await;
    let steps = contest.world.drain(&mut contest.worker(64)).await;
    assert_eq!(batches(&steps), [(n, n)], "{steps:?}");
    assert_eq!(contest.faults(verification_id).await, []);
    assert_eq!(
        contest.jobs(Again::Verified(verification_id)).await,
        (0..n).map(|_| job("done", 1, false)).collect::<Vec<_>>()
    );
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_batch_is_of_one_kind_and_verifications_come_last(db: PgPool) {
    let contest = Contest::begin(db, Kind::Plain).await;
    let n = contest.submissions.len();
    let verification_id = contest.verify().await;
    rescoring::advance(&contest.world.db).await.expect("asked");
    let version_id = contest.rescore(2, "mae").await;
    rescoring::advance(&contest.world.db).await.expect("asked");
    let team = contest.world.team(contest.open, "new").await;
    contest.world.submit(contest.open, team, &predictions(1)).await;
    let mut conn = contest.world.db.acquire().await.expect("a connection");
    let first = claimed(&contest).await;
    assert!(matches!(first.subject, Subject::Score { .. }), "{first:?}");
    for again in [Again::Rescored(version_id), Again::Verified(verification_id)] {
        let in_hand = claimed(&contest).await;
        let beside =
            queue::claim_beside(&mut conn, Uuid::now_v7(), 60.0, &in_hand, 64).await.expect("claimed");
        let is_of_it = |leased: &Leased| match (leased.subject, again) {
            (Subject::Rescore { version_id, .. }, Again::Rescored(id)) => version_id == id,
            (Subject::Verify { verification_id, .. }, Again::Verified(id)) => verification_id == id,
            _ => false,
        };
        assert_eq!(beside.len(), n - 1);
        assert!(is_of_it(&in_hand) && beside.iter().all(is_of_it), "{again:?}: {in_hand:?}, {beside:?}");
    }
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_scorer_killed_in_the_middle_of_a_batch_loses_nothing_and_doubles_nothing(db: PgPool) {
    let contest = Contest::begin(db, Kind::Plain).await;
    let first = contest.rescore(2, "mae").await;
    contest.world.drain(&mut contest.worker(1)).await;
    let version_id = contest.rescore(3, "mae").await;
    killed_in_the_middle(&contest, Again::Rescored(version_id)).await;
    assert_eq!(contest.on_record(version_id).await, contest.on_record(first).await);
    let verification_id = contest.verify().await;
    killed_in_the_middle(&contest, Again::Verified(verification_id)).await;
    assert_eq!(contest.faults(verification_id).await, []);
}

async fn killed_in_the_middle(contest: &Contest, again: Again) {
    let n = contest.submissions.len();
    let (path, bytes) = contest.hold(contest.submissions[n / 2]).await;
    let mut killed = contest.world.program(&[]).spawn().expect("started");
    wait_until_leased(contest, n as i64).await;
    kill_process(Pid::from_child(&killed), Signal::KILL).expect("killed");
    killed.wait().expect("gone");
    std::fs::remove_file(&path).expect("removed");
    std::fs::write(&path, bytes).expect("restored");
    sqlx::query!("update jobs set lease_until = now() - interval '1 second' where state = 'leased'")
        .execute(&contest.world.db)
        .await
        .expect("run out");
    let mut worker = contest.worker(64);
    holdout_scorer::worker::step::recover(&contest.world.db, worker.id).await.expect("recovered");
    let steps = contest.world.drain(&mut worker).await;
    assert!(batches(&steps).is_empty(), "what was held before is done alone: {steps:?}");
    let done: Vec<Job> = (0..n).map(|_| job("done", 2, false)).collect();
    assert_eq!(contest.jobs(again).await, done, "{again:?}");
}

async fn wait_until_leased(contest: &Contest, expected: i64) {
    let begun = Instant::now();
    loop {
        let n = sqlx::query_scalar!(
            "select count(*) as \"n!\" from jobs where kind in ('rescore', 'verify') and state = 'leased'"
        )
        .fetch_one(&contest.world.db)
        .await
        .expect("counted");
        if n == expected {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{n} of {expected}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

const MORE_THAN_A_JOB_MAY_USE: u64 = 400 << 20;

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_file_that_breaks_its_batch_fails_alone(db: PgPool) {
    let contest = Contest::begin(db, Kind::Plain).await;
    let n = contest.submissions.len();
    let poison = n / 2;
    let path = contest.path(contest.submissions[poison]).await;
    let file = std::fs::File::options().write(true).open(&path).expect("opened");
    file.set_len(MORE_THAN_A_JOB_MAY_USE).expect("made large, without a byte on the disk");
    let all = [Again::Rescored(contest.rescore(2, "mae").await), Again::Verified(contest.verify().await)];
    let mut worker = contest.world.worker_with(40, Duration::from_secs(60));
    let steps = contest.world.drain(&mut worker).await;
    assert_eq!(batches(&steps), [(n, 0), (n, 0)], "{steps:?}");
    for again in all {
        let expected =
            (0..n).map(|at| if at == poison { job("failed", 3, true) } else { job("done", 1, true) });
        assert_eq!(contest.jobs(again).await, expected.collect::<Vec<_>>(), "{again:?}: {steps:?}");
    }
}

async fn claimed(contest: &Contest) -> Leased {
    let mut conn = contest.world.db.acquire().await.expect("a connection");
    queue::claim(&mut conn, Uuid::now_v7(), 60.0).await.expect("claimed").expect("a job")
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn what_just_came_goes_first_and_what_is_handed_back_has_lost_nothing(db: PgPool) {
    let contest = Contest::begin(db, Kind::Plain).await;
    let n = contest.submissions.len();
    let version_id = contest.rescore(2, "mae").await;
    rescoring::advance(&contest.world.db).await.expect("asked");
    let team = contest.world.team(contest.open, "new").await;
    contest.world.submit(contest.open, team, &predictions(1)).await;
    let first = claimed(&contest).await;
    assert!(matches!(first.subject, Subject::Score { .. }), "{first:?}");
    let in_hand = claimed(&contest).await;
    let mut conn = contest.world.db.acquire().await.expect("a connection");
    let beside = async |conn: &mut sqlx::PgConnection, in_hand: &Leased, most| {
        queue::claim_beside(conn, Uuid::now_v7(), 60.0, in_hand, most).await.expect("claimed")
    };
    assert!(beside(&mut conn, &first, 64).await.is_empty(), "a first score is nobody's neighbour");
    let three = beside(&mut conn, &in_hand, 3).await;
    assert_eq!(three.len(), 3);
    let order = |jobs: &[Leased]| jobs.iter().map(|leased| leased.job_id).collect::<Vec<_>>();
    queue::hand_back(&mut conn, &three).await.expect("handed back");
    assert_eq!(order(&beside(&mut conn, &in_hand, 3).await), order(&three), "they kept their turns");
    queue::hand_back(&mut conn, &three).await.expect("their leases are others' now");
    assert_eq!(beside(&mut conn, &in_hand, 64).await.len(), n - 4);
    assert_eq!(
        contest.jobs(Again::Rescored(version_id)).await,
        (0..n).map(|_| job("leased", 1, false)).collect::<Vec<_>>()
    );
    assert_eq!(queue::renew_all(&mut conn, &three, 60.0).await.expect("asked"), 0);
    queue::take_apart(&mut conn, std::slice::from_ref(&in_hand)).await.expect("taken apart");
    let alone = claimed(&contest).await;
    assert_eq!((alone.job_id, alone.attempts), (in_hand.job_id, 1));
    queue::hand_back(&mut conn, std::slice::from_ref(&alone)).await.expect("handed back");
    assert!(matches!(step(&mut contest.worker(64)).await.expect("stepped"), Stepped::Done { .. }));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_gpu_that_is_gone_when_it_is_needed_is_announced_and_the_work_is_done(db: PgPool) {
    if !std::process::Command::new(env!("CARGO_BIN_EXE_holdout-scorer"))
        .args(["evaluator", "--about"])
        .output()
        .expect("it runs")
        .stdout
        .is_empty()
    {
        return; // there is one, which does not go
    }
    let mut contest = Contest::begin(db, Kind::Plain).await;
    let alone = contest.rescore(2, "log_loss").await;
    contest.world.drain(&mut contest.worker(1)).await;
    contest.world.gpu = Choice::On;
    let mut worker = contest.worker(64);
    sqlx::query!(
        "insert into scorers (id, host, engine_version, contract, started_at, last_seen_at, gpu)
         values ($1, 'here', '1', 1, now(), now(), 'a GPU')",
        worker.id
    )
    .execute(&contest.world.db)
    .await
    .expect("announced");
    let together = contest.rescore(3, "log_loss").await;
    contest.world.drain(&mut worker).await;
    assert_eq!(contest.on_record(together).await, contest.on_record(alone).await);
    let announced = sqlx::query_scalar!("select gpu from scorers where id = $1", worker.id)
        .fetch_one(&contest.world.db)
        .await
        .expect("announced");
    assert_eq!(announced, None);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn whatever_becomes_of_a_device_the_scores_are_the_same_and_it_is_told(db: PgPool) {
    let contest = Contest::begin(db, Kind::Plain).await;
    let alone = contest.rescore(2, "roc_auc").await;
    contest.world.drain(&mut contest.worker(1)).await;
    let expected = contest.on_record(alone).await;
    let fates = [
        (Fault::None, None, true),
        (Fault::LittleMemory, Some("the device has too little memory for it"), true),
        (Fault::Lost, Some("the device is lost"), true),
        (Fault::Old, Some("the GPU's driver is too old"), false),
    ];
    for (number, (fault, told, is_opened)) in (3..).zip(fates) {
        let version = contest.rescore(number, "roc_auc").await;
        let mut program = contest.world.program(&["--drain"]);
        program.env("LD_LIBRARY_PATH", fault.folder()).env("HOLDOUT_GPU", "auto").env("RUST_LOG", "info");
        let worked = program.stdout(Stdio::piped()).stderr(Stdio::piped()).output().expect("it runs");
        assert!(worked.status.success(), "{worked:?}");
        assert_eq!(contest.on_record(version).await, expected, "{fault:?}");
        let log = String::from_utf8([worked.stdout, worked.stderr].concat()).expect("text");
        assert_eq!(told.is_some_and(|words| log.contains(words)), told.is_some(), "{fault:?}: {log}");
        assert_eq!(log.contains("GPU"), told.is_some(), "{fault:?}: {log}");
        assert_eq!(log.contains("a processor, 8 GB"), is_opened, "{fault:?}: {log}");
    }
}
