//! A complete copy of the web server's memory, disk and database does not reveal a label.
//!
//! The real server takes a solution over HTTP; then its whole memory, its files and every row of
//! its database are searched for the labels.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, PgPool, Row};

/// The public half of a key that nobody holds.
const RECIPIENT: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
/// Begins every label; occurs nowhere else.
const MARK: &str = "hush5e3c91";
const N_ROWS: usize = 50_000;

struct Server {
    process: Child,
    base: String,
    folder: PathBuf,
}

impl Server {
    fn start(database_url: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).unwrap().port();
        let folder = std::env::temp_dir().join(format!("holdout-sealed-{}", uuid::Uuid::new_v4()));
        fs::create_dir_all(&folder).unwrap();
        let process = Command::new(env!("CARGO_BIN_EXE_holdout"))
            .arg("serve")
            .env("DATABASE_URL", database_url)
            .env("HOLDOUT_LISTEN", format!("127.0.0.1:{port}"))
            .env("HOLDOUT_DATA_DIR", &folder)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { process, base: format!("http://127.0.0.1:{port}"), folder };
        let deadline = Instant::now() + Duration::from_secs(20);
        while ureq::get(format!("{}/healthz", server.base)).call().is_err() {
            assert!(Instant::now() < deadline, "the server does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    /// How often `wanted` stands in the process's writable memory.
    fn occurrences_in_memory(&self, wanted: &[u8]) -> usize {
        let pid = self.process.id();
        let memory = File::open(format!("/proc/{pid}/mem")).unwrap();
        let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
        let mut found = 0;
        let mut searched_bytes = 0;
        for line in maps.lines() {
            let mut words = line.split_whitespace();
            let (Some(range), Some(rights)) = (words.next(), words.next()) else { continue };
            if !rights.starts_with("rw") {
                continue;
            }
            let (from, to) = range.split_once('-').unwrap();
            let from = u64::from_str_radix(from, 16).unwrap();
            let to = u64::from_str_radix(to, 16).unwrap();
            let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
            if memory.read_exact_at(&mut bytes, from).is_ok() {
                searched_bytes += bytes.len();
                found += occurrences(&bytes, wanted);
            }
        }
        assert!(searched_bytes > 1_000_000, "the server's memory could not be read");
        found
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn occurrences(bytes: &[u8], wanted: &[u8]) -> usize {
    bytes.windows(wanted.len()).filter(|window| *window == wanted).count()
}

fn files_under(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            files.extend(files_under(&entry.path()));
        } else {
            files.push(entry.path());
        }
    }
    files
}

async fn host_with_token(pool: &PgPool, token: &str) {
    let hash = Sha256::digest(token.as_bytes()).to_vec();
    sqlx::raw_sql(AssertSqlSafe(format!(
        "insert into scorer_keys (recipient) values ('{RECIPIENT}');
         insert into users (username, email, display_name, password_hash)
         values ('host', 'host@people.test', 'Host', '!');
         insert into api_tokens (user_id, name, token_hash, hint, scopes, created_at)
         select id, 'test', '\\x{}', 'hld_', array['read', 'host'], clock_now() from users;",
        hex::encode(hash)
    )))
    .execute(pool)
    .await
    .unwrap();
}

/// Tables in which a row, written as text, contains the mark.
async fn tables_with_mark(pool: &PgPool) -> Vec<String> {
    let tables =
        sqlx::raw_sql("select table_name::text from information_schema.tables where table_schema = 'public'")
            .fetch_all(pool)
            .await
            .unwrap();
    let mut guilty = Vec::new();
    for table in tables.iter().map(|row| row.get::<String, _>(0)) {
        let count: i64 = sqlx::raw_sql(AssertSqlSafe(format!(
            "select count(*) from \"{table}\" t where t::text like '%{MARK}%'"
        )))
        .fetch_one(pool)
        .await
        .unwrap()
        .get(0);
        if count > 0 {
            guilty.push(table);
        }
    }
    guilty
}

fn solution() -> String {
    let mut text = String::from("id,target,Usage\n");
    for row in 0..N_ROWS {
        let usage = if row % 3 == 0 { "Public" } else { "Private" };
        text.push_str(&format!("{row},{MARK}{row},{usage}\n"));
    }
    text
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_copy_of_the_server_reveals_no_label(pool: PgPool) {
    let token = "hld_sealedtest";
    host_with_token(&pool, token).await;
    let database: String =
        sqlx::raw_sql("select current_database()::text").fetch_one(&pool).await.unwrap().get(0);
    let mut url = std::env::var("DATABASE_URL").unwrap();
    let path_at = url.find("://").map_or(0, |at| at + 3);
    let name_at = url[path_at..].find('/').map(|at| path_at + at + 1).unwrap();
    let name_end = url[name_at..].find('?').map_or(url.len(), |at| name_at + at);
    url.replace_range(name_at..name_end, &database);

    let server = Server::start(&url);
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).max_idle_connections(0).build().into();
    let authorization = format!("Bearer {token}");
    let created = agent
        .post(format!("{}/api/v1/competitions", server.base))
        .header("authorization", &authorization)
        .send_json(serde_json::json!({ "title": "Sealed", "slug": "sealed" }))
        .unwrap();
    assert_eq!(created.status(), 201);
    let stored = agent
        .put(format!("{}/api/v1/competitions/sealed/solution", server.base))
        .header("authorization", &authorization)
        .header("content-type", "application/octet-stream")
        .header("connection", "close")
        .send(solution())
        .unwrap();
    assert!(stored.status().is_success(), "{}", stored.status());
    drop(stored);
    std::thread::sleep(Duration::from_millis(500)); // the connection's buffers go with it

    let sealed: u64 = files_under(&server.folder).iter().map(|file| fs::metadata(file).unwrap().len()).sum();
    assert!(sealed as usize > N_ROWS * MARK.len(), "the sealed solution is not on the disk");
    for file in files_under(&server.folder) {
        assert_eq!(occurrences(&fs::read(&file).unwrap(), MARK.as_bytes()), 0, "{}", file.display());
    }
    assert_eq!(tables_with_mark(&pool).await, Vec::<String>::new());
    assert_eq!(server.occurrences_in_memory(MARK.as_bytes()), 0, "labels are left in the server's memory");
}
