//! A competition on a real database with real files, sealed with a real key, and a real worker.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use holdout_contract::job::{Priority, Subject};
use holdout_contract::queue;
use holdout_contract::seal::Sealer;
use holdout_evaluator::Choice;
use holdout_scorer::metrics;
use holdout_scorer::unseal::Key;
use holdout_scorer::worker::announce::announce;
use holdout_scorer::worker::batch::Pace;
use holdout_scorer::worker::cli::ROLE;
use holdout_scorer::worker::database::connect;
use holdout_scorer::worker::depot::Depot;
use holdout_scorer::worker::leaving::Leaving;
use holdout_scorer::worker::sealings::Admitted;
use holdout_scorer::worker::step::{Stepped, Worker, step};
use holdout_scorer::worker::storage::{Storage, Stored};
use holdout_scorer::worker::warm::{Bounds, Warm};
use sqlx::{ConnectOptions, PgPool};
use uuid::Uuid;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_holdout-scorer");

/// The public score of [`GOOD`] against the usual solution is 1, its private score 2.
pub const SOLUTION: &str = "id,y,Usage\na,10,Public\nb,20,Public\nc,30,Private\nd,40,Private\n";
pub const GOOD: &str = "id,y\nd,42\na,11\nb,19\nc,28\n";

pub struct World {
    pub db: PgPool,
    pub folder: Folder,
    pub storage: Storage,
    pub key: Key,
    pub user_id: i64,
    /// What workers think there is.
    pub gpu: Choice,
}

/// Removed with everything in it.
pub struct Folder(PathBuf);

impl Folder {
    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn key(&self) -> PathBuf {
        self.0.join("keys").join("scorer.key")
    }

    pub fn files(&self) -> PathBuf {
        self.0.join("files")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[derive(Debug, Clone, Copy)]
pub struct Competition {
    pub id: i64,
    pub version_id: i64,
}

impl World {
    pub async fn new(db: PgPool) -> Self {
        let folder = Folder(std::env::temp_dir().join(format!("holdout-world-{}", Uuid::now_v7())));
        std::fs::create_dir_all(folder.files()).expect("a folder for files");
        let key = Key::read_or_make(&folder.key()).expect("a key");
        let specs: Vec<_> = metrics::all().map(|metric| metric.spec()).collect();
        announce(&db, Uuid::now_v7(), &key.recipient(), &specs, None).await.expect("announced");
        let user_id = sqlx::query_scalar!(
            "insert into users (username, email, display_name, password_hash)
             values ('ada', 'ada@example.org', 'Ada', '!') returning id"
        )
        .fetch_one(&db)
        .await
        .expect("a user");
        Self { db, storage: Storage::new(folder.files()), folder, key, user_id, gpu: Choice::Off }
    }

    /// A launched competition judged by RMSE.
    pub async fn competition(&self, slug: &str, solution: &str) -> Competition {
        let competition = self.draft(slug).await;
        self.set_solution(competition, solution).await;
        sqlx::query!(
            "update scoring_versions set metric = 'rmse', higher_is_better = false, activated_at = now() where id = $1",
            competition.version_id
        )
        .execute(&self.db)
        .await
        .expect("activated");
        sqlx::query!(
            "update competitions
             set active_version_id = $2, launched_at = now(), starts_at = now() - interval '1 day',
                 entry_deadline_at = now() + interval '1 day', merger_deadline_at = now() + interval '1 day',
                 ends_at = now() + interval '1 day'
             where id = $1",
            competition.id,
            competition.version_id
        )
        .execute(&self.db)
        .await
        .expect("launched");
        competition
    }

    pub async fn draft(&self, slug: &str) -> Competition {
        let id = sqlx::query_scalar!(
            "insert into competitions (slug, title, created_by, daily_limit) values ($1, $1, $2, 1000) returning id",
            slug,
            self.user_id
        )
        .fetch_one(&self.db)
        .await
        .expect("a competition");
        let version_id = sqlx::query_scalar!(
            "insert into scoring_versions (competition_id, number) values ($1, 1) returning id",
            id
        )
        .fetch_one(&self.db)
        .await
        .expect("a version");
        Competition { id, version_id }
    }

    pub async fn set_solution(&self, competition: Competition, solution: &str) {
        let sealed = self.store_sealed("solutions", competition.id, solution.as_bytes());
        sqlx::query!(
            "with made as (
                insert into solutions (competition_id, recipient, storage_key, sealed_bytes, sealed_sha256)
                values ($1, $2, $3, $4, $5) returning id)
             update scoring_versions set solution_id = made.id, input_revision = input_revision + 1
             from made where scoring_versions.id = $6",
            competition.id,
            self.key.recipient(),
            sealed.key,
            sealed.size_bytes as i64,
            &sealed.sha256[..],
            competition.version_id,
        )
        .execute(&self.db)
        .await
        .expect("a solution");
    }

    /// Makes a Python module the metric of a competition, as if it had been uploaded before the launch.
    pub async fn set_module(&self, competition: Competition, source: &str, params: serde_json::Value) {
        sqlx::query!(
            "with made as (
                insert into custom_metrics (competition_id, file_name, source, sha256, uploaded_at)
                values ($1, 'metric.py', $2, sha256(convert_to($2, 'UTF8')), now()) returning id)
             update scoring_versions
             set metric = 'custom', custom_metric_id = made.id, params = $4, input_revision = input_revision + 1
             from made where scoring_versions.id = $3",
            competition.id,
            source,
            competition.version_id,
            params,
        )
        .execute(&self.db)
        .await
        .expect("a module");
    }

    pub fn store(&self, room: &str, owner: i64, bytes: &[u8]) -> Stored {
        let mut writing = self.storage.create(room, owner).expect("begun");
        writing.write_all(bytes).expect("written");
        writing.finish().expect("finished")
    }

    pub fn store_sealed(&self, room: &str, owner: i64, bytes: &[u8]) -> Stored {
        let mut sealer = Sealer::new(&self.key.recipient(), Vec::new()).expect("recipient");
        sealer.write_all(bytes).expect("sealed");
        let sealed = sealer.finish().expect("sealed");
        self.store(room, owner, &sealed)
    }

    pub async fn data_file(&self, competition: Competition, role: &str, bytes: &[u8]) {
        self.named_file(competition, (&format!("{role}.csv"), role), bytes).await;
    }

    pub async fn named_file(&self, competition: Competition, (name, role): (&str, &str), bytes: &[u8]) {
        let stored = self.store("data", competition.id, bytes);
        sqlx::query!(
            "insert into data_files (competition_id, name, role, storage_key, size_bytes, sha256)
             values ($1, $6, $2, $3, $4, $5)",
            competition.id,
            role,
            stored.key,
            stored.size_bytes as i64,
            &stored.sha256[..],
            name,
        )
        .execute(&self.db)
        .await
        .expect("a data file");
    }

    /// Of one person.
    pub async fn team(&self, competition: Competition, name: &str) -> i64 {
        sqlx::query_scalar!(
            "with person as (
                insert into users (username, email, display_name, password_hash)
                values ('of-' || right($3, 20), $3 || '@example.org', $2, '!') returning id
             ), team as (
                insert into teams (competition_id, name) values ($1, $2) returning id
             )
             insert into team_members (competition_id, team_id, user_id, is_leader, rules_accepted_at, joined_at)
             select $1, team.id, person.id, true, now(), now() from person, team
             returning team_id",
            competition.id,
            name,
            Uuid::now_v7().simple().to_string(),
        )
        .fetch_one(&self.db)
        .await
        .expect("a team")
    }

    pub async fn submit(&self, competition: Competition, team_id: i64, csv: &str) -> i64 {
        self.submit_late(competition, team_id, csv, false).await
    }

    pub async fn submit_late(&self, competition: Competition, team_id: i64, csv: &str, is_late: bool) -> i64 {
        let stored = self.store("submissions", competition.id, csv.as_bytes());
        let mut tx = self.db.begin().await.expect("begun");
        let submission_id = sqlx::query_scalar!(
            "insert into submissions
                (competition_id, team_id, user_id, received_at, is_late, file_name, storage_key, size_bytes, sha256)
             values ($1, $2, (select user_id from team_members where team_id = $2), now(), $3, 'p.csv', $4, $5, $6)
             returning id",
            competition.id,
            team_id,
            is_late,
            stored.key,
            stored.size_bytes as i64,
            &stored.sha256[..],
        )
        .fetch_one(&mut *tx)
        .await
        .expect("a submission");
        let subject = Subject::Score { submission_id, team_id };
        queue::enqueue(&mut tx, competition.id, subject, Priority::Interactive).await.expect("enqueued");
        tx.commit().await.expect("committed");
        submission_id
    }

    pub async fn enqueue(&self, competition: Competition, subject: Subject) -> i64 {
        let mut conn = self.db.acquire().await.expect("a connection");
        queue::enqueue(&mut conn, competition.id, subject, Priority::Interactive).await.expect("enqueued")
    }

    pub fn url(&self) -> String {
        self.db.connect_options().to_url_lossy().to_string()
    }

    pub fn worker(&self) -> Worker {
        self.worker_with(1024, Duration::from_secs(60))
    }

    pub fn worker_with(&self, memory_mb: u64, job_time: Duration) -> Worker {
        self.worker_that_runs_modules(memory_mb, job_time, None)
    }

    /// With the Python for metrics that hosts write.
    pub fn worker_that_runs_modules(
        &self,
        memory_mb: u64,
        job_time: Duration,
        python: Option<PathBuf>,
    ) -> Worker {
        let db = connect(ROLE, &self.url()).expect("a pool");
        Worker {
            id: Uuid::now_v7(),
            direct: db.clone(),
            db,
            depot: Depot::in_folder(self.storage.clone()),
            warm: Warm::new(Bounds {
                program: PROGRAM.into(),
                files: self.folder.files(),
                key: self.folder.key(),
                python,
                gpu: self.gpu,
                memory_mb,
                job_time,
            }),
            lease: Duration::from_secs(15),
            leaving: Leaving::default(),
            admitted: Admitted::default(),
            pace: Pace::at_most(64),
        }
    }

    /// `holdout-scorer work` with these arguments, not yet started.
    pub fn program(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .arg("work")
            .args(arguments)
            .env("HOLDOUT_DATABASE_URL", self.url())
            .env("HOLDOUT_FILES", self.folder.files())
            .env("HOLDOUT_SCORER_KEY", self.folder.key())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// Whether all is well here, and what `holdout-scorer doctor` says of it.
    pub fn doctor(&self) -> (bool, String) {
        let mut command = Command::new(PROGRAM);
        let output = command
            .arg("doctor")
            .env("HOLDOUT_DATABASE_URL", self.url())
            .env("HOLDOUT_FILES", self.folder.files())
            .env("HOLDOUT_SCORER_KEY", self.folder.key())
            .output()
            .expect("it runs");
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Every step until no job waits, pauses between attempts skipped.
    pub async fn drain(&self, worker: &mut Worker) -> Vec<Stepped> {
        let mut steps = Vec::new();
        loop {
            sqlx::query!("update jobs set run_at = now() where state = 'queued'")
                .execute(&self.db)
                .await
                .expect("hurried");
            match step(worker).await.expect("stepped") {
                Stepped::Idle => return steps,
                stepped => steps.push(stepped),
            }
        }
    }

    pub async fn submission(&self, submission_id: i64) -> Submission {
        sqlx::query_as!(
            Submission,
            "select s.state, x.public_score as \"public_score?\", x.rank_key as \"rank_key?\", s.failure, s.rejection,
                    p.private_score as \"private_score?\"
             from submissions s
             join competitions c on c.id = s.competition_id
             left join scores x on x.submission_id = s.id and x.version_id = c.active_version_id
             left join private_scores p on p.submission_id = s.id and p.version_id = c.active_version_id
             where s.id = $1",
            submission_id
        )
        .fetch_one(&self.db)
        .await
        .expect("a submission")
    }

    pub async fn n_entries(&self, competition: Competition) -> (i32, i64) {
        let row =
            sqlx::query!("select n_entries, board_revision from competitions where id = $1", competition.id)
                .fetch_one(&self.db)
                .await
                .expect("a competition");
        (row.n_entries, row.board_revision)
    }
}

#[derive(Debug, PartialEq)]
pub struct Submission {
    pub state: String,
    pub public_score: Option<f64>,
    pub rank_key: Option<f64>,
    pub failure: Option<String>,
    pub rejection: Option<serde_json::Value>,
    pub private_score: Option<f64>,
}
