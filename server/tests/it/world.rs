//! A whole platform for one test: the real router on a real port, real scorers, a clock that moves,
//! and people who send requests.
//!
//! What is not the subject of a test is put into the database directly; what people do goes through
//! HTTP. [`World::close`] fails when queued work is left over.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use chrono::TimeDelta;
use holdout::accounts::sessions;
use holdout::config::{Config, DirectRoad, Secret};
use holdout::database::certificates::Certificates;
use holdout::medals::model::Thresholds;
use holdout::web::proxies::Proxies;
use holdout::{App, router};
use holdout_contract::place::Place;
use holdout_contract::seal::Sealer;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::postgres::{PgArguments, PgPoolOptions};
use sqlx::query::Query;
use sqlx::{PgPool, Postgres, Row};
use uuid::Uuid;

use crate::client::{Answer, Client};

/// Of no password anybody uses; recognisable where it must not be.
pub const PASSWORD_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5J3Mgc2FsdA$bm9ib2R5J3MgaGFzaA";

pub struct World {
    /// The schema owner's connections, for looking behind the curtain.
    pub pool: PgPool,
    pub app: App,
    pub base: String,
    pub folder: Folder,
    /// How scorers reach the bucket of files, where there is one.
    environment: Vec<(String, String)>,
    is_closed: bool,
}

/// Somebody with a browser and, beside it, an API token of all scopes.
#[derive(Clone)]
pub struct Person {
    pub id: i64,
    pub name: String,
    pub email: String,
    pub browser: Client,
    pub api: Client,
    pub token: String,
    /// What nobody may read anywhere: session, token, and what is stored of them.
    pub secrets: Vec<String>,
}

/// An open competition.
#[derive(Clone)]
pub struct Arena {
    pub id: i64,
    pub slug: String,
    pub host: Person,
}

/// A solution with the sample submission that goes with it.
pub struct Labels {
    pub metric: &'static str,
    pub params: Value,
    /// Where teams are ranked by several metrics.
    pub ranked_parts: Option<Value>,
    pub higher_is_better: bool,
    pub solution: String,
    pub sample: String,
}

/// A folder that is removed at the end.
pub struct Folder(PathBuf);

impl World {
    pub async fn new(pool: PgPool) -> Self {
        let world = Self::without_scorers(pool).await;
        world.drain().await; // announces the metrics and the scorers' public key
        world
    }

    /// A platform that no scorer has announced itself to.
    pub async fn without_scorers(pool: PgPool) -> Self {
        Self::configured(pool, |config| config).await
    }

    /// As [`World::without_scorers`], set up otherwise.
    pub async fn configured(pool: PgPool, change: impl FnOnce(Config) -> Config) -> Self {
        let folder = Folder::new();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let listen = listener.local_addr().unwrap();
        let base = format!("http://{listen}");
        let url = database_url(&pool).await;
        let config = Config {
            listen,
            public_url: base.clone(),
            data_dir: folder.path().to_owned(),
            files: Place::Folder(folder.path().join("files")),
            direct: None,
            database_url: Secret::new(url),
            database_direct_url: None,
            database_replica_url: None,
            database_certificates: Certificates::default(),
            smtp: None,
            providers: Vec::new(),
            accounts_key: Some(Secret::new("for tests, of no other use at all")),
            open_registration: true,
            members_may_host: true,
            members_give_medals: true,
            proxies: Proxies::None,
            other_hosts: Vec::new(),
            database_connections: 8,
            disk_reserve_mb: 0,
            leave_after: Duration::ZERO,
            api_requests_a_minute: 0,
            metrics_listen: None,
            webhooks_to_private_addresses: false,
            tls_for_subdomains: false,
            notebooks: None,
            notebook_openers: holdout::notebooks::openers::Openers::default(),
            notebook_medals: Thresholds::NOTEBOOKS,
            post_medals: Thresholds::POSTS,
        };
        // Boards of tests show every score, unless a test says otherwise: theirs are all small.
        sql("alter table competitions alter column ladder set default 'off'").execute(&pool).await.unwrap();
        let web_role = pool.connect_options().as_ref().clone().options([("role", "holdout_web")]);
        // Tests of several servers share it; each listens, and holds what rests in `coalescing::ParkedConnection`.
        let web_pool = PgPoolOptions::new().max_connections(24).connect_with(web_role).await.unwrap();
        let app = App::new(web_pool, change(config)).unwrap();
        app.clock.synchronise(&mut app.db.acquire().await.unwrap()).await.unwrap();
        tokio::spawn(holdout::web::live::listen(app.clone()));
        let service = router(app.clone()).into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        Self { pool, app, base, folder, environment: Vec::new(), is_closed: false }
    }

    /// As [`World::without_scorers`], with files in a bucket.
    pub async fn in_bucket(
        pool: PgPool,
        address: &str,
        environment: Vec<(String, String)>,
        direct: Option<DirectRoad>,
    ) -> Self {
        let files = Place::read(address, environment.clone()).unwrap();
        let mut world = Self::configured(pool, |config| Config { files, direct, ..config }).await;
        world.environment = environment;
        world
    }

    /// Ends the test: nothing may wait or run any more.
    pub async fn close(mut self) {
        self.is_closed = true;
        let left = sql("select count(*) from jobs where state in ('queued', 'leased')");
        let left: i64 = left.fetch_one(&self.pool).await.unwrap().get(0);
        assert_eq!(left, 0, "queued work is left over");
        self.app.close().await;
    }

    /// Somebody who is not signed in.
    pub fn visitor(&self) -> Client {
        Client::new(&self.base)
    }

    pub async fn member(&self, name: &str) -> Person {
        self.person(name, false).await
    }

    pub async fn admin(&self, name: &str) -> Person {
        self.person(name, true).await
    }

    async fn person(&self, name: &str, is_admin: bool) -> Person {
        let email = format!("{name}@people.test");
        let id: i64 =
            sql("insert into users (username, email, display_name, password_hash, is_admin, created_at, email_confirmed_at)
             values ($1, $2, $3, $5, $4, clock_now() - interval '30 days', clock_now()) returning id")
            .bind(name)
            .bind(&email)
            .bind(format!("{name} {name}son"))
            .bind(is_admin)
            .bind(PASSWORD_HASH)
            .fetch_one(&self.pool)
            .await
            .unwrap()
            .get(0);
        let browser = self.visitor();
        let secret = Uuid::new_v4().simple().to_string();
        browser.set_cookie(sessions::COOKIE, &secret);
        sql("insert into sessions (token_hash, user_id, created_at, last_seen_at, expires_at)
             values ($1, $2, clock_now(), clock_now(), clock_now() + interval '1000 days')")
        .bind(digest(&secret))
        .bind(id)
        .execute(&self.pool)
        .await
        .unwrap();
        let token = format!("hld_{}", Uuid::new_v4().simple());
        sql("insert into api_tokens (user_id, name, token_hash, hint, scopes, created_at)
             values ($1, 'test', $2, 'hld_test', array['read', 'submit', 'host', 'admin'], clock_now())")
        .bind(id)
        .bind(digest(&token))
        .execute(&self.pool)
        .await
        .unwrap();
        let api = browser.with_token(&token);
        let secrets =
            [secret, token.clone()].into_iter().flat_map(|secret| [hex::encode(digest(&secret)), secret]);
        Person { id, name: name.to_owned(), email, browser, api, token, secrets: secrets.collect() }
    }

    /// A competition that began yesterday and ends in thirty days.
    pub async fn open_competition(&self, host: &Person, slug: &str, labels: &Labels) -> Arena {
        let id: i64 = sql("insert into competitions (slug, title, subtitle, created_by, starts_at,
                 entry_deadline_at, merger_deadline_at, ends_at, hosts_may_have_files)
             values ($1, 'Competition ' || $1, 'As tests have it', $2, clock_now() - interval '1 day',
                 clock_now() + interval '30 days', clock_now() + interval '30 days', clock_now() + interval '30 days', true)
             returning id")
        .bind(slug)
        .bind(host.id)
        .fetch_one(&self.pool)
        .await
        .unwrap()
        .get(0);
        sql("insert into competition_hosts (competition_id, user_id) values ($1, $2)")
            .bind(id)
            .bind(host.id)
            .execute(&self.pool)
            .await
            .unwrap();
        let version_id = self.judge(id, labels).await;
        sql("update competitions set launched_at = starts_at, active_version_id = $2 where id = $1")
            .bind(id)
            .bind(version_id)
            .execute(&self.pool)
            .await
            .unwrap();
        Arena { id, slug: slug.to_owned(), host: host.clone() }
    }

    async fn judge(&self, competition_id: i64, labels: &Labels) -> i64 {
        let recipient: String =
            sql("select recipient from scorer_keys where retired_at is null order by id desc limit 1")
                .fetch_one(&self.pool)
                .await
                .unwrap()
                .get(0);
        let mut sealer = Sealer::new(&recipient, Vec::new()).unwrap();
        std::io::Write::write_all(&mut sealer, labels.solution.as_bytes()).unwrap();
        let sealed = sealer.finish().unwrap();
        let (key, size_bytes, sha256) = self.store("solutions", competition_id, &sealed).await;
        let solution: i64 =
            sql("insert into solutions (competition_id, recipient, storage_key, sealed_bytes, sealed_sha256)
             values ($1, $2, $3, $4, $5) returning id")
            .bind(competition_id)
            .bind(&recipient)
            .bind(&key)
            .bind(size_bytes)
            .bind(sha256)
            .fetch_one(&self.pool)
            .await
            .unwrap()
            .get(0);
        self.give(competition_id, "sample_submission", &labels.sample).await;
        sql("insert into scoring_versions
                 (competition_id, number, solution_id, metric, higher_is_better, params, ranked_parts, activated_at)
             values ($1, 1, $2, $3, $4, $5, $6, clock_now()) returning id")
        .bind(competition_id)
        .bind(solution)
        .bind(labels.metric)
        .bind(labels.higher_is_better)
        .bind(&labels.params)
        .bind(&labels.ranked_parts)
        .fetch_one(&self.pool)
        .await
        .unwrap()
        .get(0)
    }

    /// Puts a data file of this role into a competition, whether or not it was launched.
    pub async fn give(&self, competition_id: i64, role: &str, csv: &str) {
        let (key, size_bytes, sha256) = self.store("data", competition_id, csv.as_bytes()).await;
        sql("insert into data_files (competition_id, name, role, storage_key, size_bytes, sha256)
             values ($1, $2 || '.csv', $2, $3, $4, $5)")
        .bind(competition_id)
        .bind(role)
        .bind(&key)
        .bind(size_bytes)
        .bind(sha256)
        .execute(&self.pool)
        .await
        .unwrap();
    }

    async fn store(&self, room: &'static str, owner: i64, bytes: &[u8]) -> (String, i64, Vec<u8>) {
        let mut writing = self.app.files.create(room, owner).await.unwrap();
        writing.write(bytes).await.unwrap();
        let stored = writing.finish().await.unwrap();
        (stored.key, stored.size_bytes as i64, stored.sha256.to_vec())
    }

    /// Lets real scorers do all that waits.
    pub async fn drain(&self) {
        let output = self.scorer(&["work", "--drain"]).output().await.unwrap();
        require_success(&output);
    }

    /// A scorer process for this world, not started yet.
    pub fn scorer(&self, arguments: &[&str]) -> tokio::process::Command {
        let mut command = tokio::process::Command::new(scorer_binary());
        command
            .args(arguments)
            .env("HOLDOUT_DATABASE_URL", self.app.config.database_url.reveal())
            .env("HOLDOUT_FILES", self.app.config.files.to_string())
            .envs(self.environment.clone())
            .env("HOLDOUT_SPOOL", self.folder.path())
            .env("HOLDOUT_SCORER_KEY", self.folder.path().join("keys/scorer.key"))
            .env("RUST_LOG", "warn")
            .kill_on_drop(true);
        command
    }

    /// Where stored files lie, unless that is a bucket.
    pub fn files(&self) -> &Path {
        self.app.config.files.folder().unwrap()
    }

    /// Moves contest time for database, server and scorers.
    pub async fn let_pass(&self, length: TimeDelta) {
        let definition = format!(
            "create or replace function clock_now() returns timestamptz language sql stable
             as $$ select now() + interval '{} seconds' $$",
            length.num_seconds()
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(definition)).execute(&self.pool).await.unwrap();
        self.app.clock.synchronise(&mut self.app.db.acquire().await.unwrap()).await.unwrap();
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if !self.is_closed && !std::thread::panicking() {
            panic!("end the test with world.close().await, which looks for work left over");
        }
    }
}

impl Arena {
    pub fn api(&self, rest: &str) -> String {
        format!("/api/v1/competitions/{}{rest}", self.slug)
    }

    pub async fn join(&self, person: &Person) {
        let answer = person
            .api
            .send_json(ureq::http::Method::POST, &self.api("/join"), &json!({ "accept_rules": true }))
            .await;
        assert!((200..300).contains(&answer.status), "{}", answer.text());
    }

    /// Sends predictions; the answer is the receipt.
    pub async fn send(&self, person: &Person, file_name: &str, bytes: impl Into<Vec<u8>>) -> Answer {
        person.api.upload(&self.api("/submissions"), file_name, bytes).await
    }

    /// Sends predictions that are received.
    pub async fn submit(&self, person: &Person, csv: &str) -> i64 {
        let answer = self.send(person, "predictions.csv", csv).await;
        assert!((200..300).contains(&answer.status), "{} {}", answer.status, answer.text());
        answer.json()["id"].as_i64().unwrap()
    }

    pub async fn submission(&self, person: &Person, id: i64) -> Value {
        person.api.get(&self.api(&format!("/submissions/{id}"))).await.expect(200).json()
    }

    pub async fn board(&self) -> Value {
        self.host.api.get(&self.api("/leaderboard")).await.expect(200).json()
    }

    /// Asks as the host.
    pub async fn ask(&self, rest: &str, body: Value) -> Answer {
        self.host.api.send_json(ureq::http::Method::POST, &self.api(rest), &body).await
    }

    /// Gives the version that is being put together another solution.
    pub async fn put_solution(&self, solution: &str) {
        let (path, text) = (self.api("/solution"), solution.as_bytes().to_vec());
        self.host.api.send(ureq::http::Method::PUT, &path, Some("text/csv"), text).await.expect(200);
    }
}

impl Labels {
    /// Ten regression rows, the first three public. Labels look like `7003.321`.
    pub fn regression() -> Self {
        let rows = (0..10).map(|row| {
            let usage = if row < 3 { "Public" } else { "Private" };
            format!("r{row},{},{usage}\n", Self::label(row))
        });
        Self {
            metric: "rmse",
            params: json!({}),
            ranked_parts: None,
            higher_is_better: false,
            solution: format!("id,target,Usage\n{}", rows.collect::<String>()),
            sample: format!("id,target\n{}", (0..10).map(|row| format!("r{row},0\n")).collect::<String>()),
        }
    }

    /// The same rows, teams ranked by these metrics, of which the first is better when lower.
    pub fn ranked(parts: &[(&str, f64, bool)]) -> Self {
        let chosen = parts.iter().map(|(metric, weight, _)| json!({ "metric": metric, "weight": weight }));
        let ranked = parts.iter().map(|(name, weight, higher_is_better)| {
            json!({ "name": name, "weight": weight, "higher_is_better": higher_is_better })
        });
        Self {
            metric: "mean_rank",
            params: json!({ "parts": chosen.collect::<Vec<_>>() }),
            ranked_parts: Some(ranked.collect()),
            ..Self::regression()
        }
    }

    pub fn label(row: usize) -> String {
        format!("{}.321", 7000 + row)
    }

    /// Predictions that are wrong by exactly these thousandths on public and private rows.
    pub fn predictions(public_thousandths: usize, private_thousandths: usize) -> String {
        let rows = (0..10).map(|row| {
            let error = if row < 3 { public_thousandths } else { private_thousandths };
            let thousandths = (7000 + row) * 1000 + 321 + error;
            format!("r{row},{}.{:03}\n", thousandths / 1000, thousandths % 1000)
        });
        format!("id,target\n{}", rows.collect::<String>())
    }
}

impl Folder {
    pub fn new() -> Self {
        let path = std::env::temp_dir().join(format!("holdout-test-{}", Uuid::new_v4().simple()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A statement of a test; the ones of the program are checked when it is compiled.
#[expect(clippy::disallowed_methods, reason = "tests are compiled without descriptions of their statements")]
pub fn sql(statement: &'static str) -> Query<'static, Postgres, PgArguments> {
    sqlx::query(statement)
}

/// As [`sql`], of a statement that was put together from names of tables and columns.
#[expect(clippy::disallowed_methods, reason = "no macro knows the names that are found while a test runs")]
pub fn composed_sql(statement: String) -> Query<'static, Postgres, PgArguments> {
    sqlx::query(sqlx::AssertSqlSafe(statement))
}

/// What the database keeps of a secret.
pub fn digest(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

pub fn server_binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_holdout"))
}

pub fn scorer_binary() -> PathBuf {
    let path = server_binary().with_file_name("holdout-scorer");
    assert!(path.exists(), "build it first: cargo build -p holdout-scorer");
    path
}

/// The URL of a test's own database.
pub async fn database_url(pool: &PgPool) -> String {
    let name: String = sql("select current_database()::text").fetch_one(pool).await.unwrap().get(0);
    let url = std::env::var("DATABASE_URL").expect("DATABASE_URL");
    let (before, after) = url.rsplit_once('/').unwrap();
    let options = after.split_once('?').map_or(String::new(), |(_, options)| format!("?{options}"));
    format!("{before}/{name}{options}")
}

pub fn require_success(output: &Output) {
    assert!(
        output.status.success(),
        "{}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Asks until the answer is yes; fails after `patience`.
/// One more server within this process; gives its address.
pub async fn serve(app: App) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(holdout::web::live::listen(app.clone()));
    let service = router(app).into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    base
}

pub async fn until<F: Future<Output = bool>>(patience: Duration, what: &str, mut ask: impl FnMut() -> F) {
    let waited = std::time::Instant::now();
    while !ask().await {
        assert!(waited.elapsed() < patience, "{what} did not happen within {patience:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
