//! Well-known clients of tus, as they are installed, against a house: whole files, files gone on with
//! by another process, a server that is killed and comes back.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::{PgPool, Postgres, Row, Transaction};
use tokio::process::{Child, Command};
use ureq::http::Method;

use crate::tidy::root;
use crate::world::{Arena, Labels, Person, World, require_success, server_binary, sql, until};

const MIB: usize = 1 << 20;

struct Clients(PathBuf);

impl Clients {
    async fn installed() -> Self {
        let output = Command::new(root().join("scripts/tus-clients")).output().await.unwrap();
        require_success(&output);
        Self(PathBuf::from(String::from_utf8(output.stdout).unwrap().trim()))
    }

    fn command(&self, client: &str, wish: &Value) -> Command {
        let programs = root().join("tests/tus");
        let (program, script) = match client {
            "tuspy" => (self.0.join("bin/python"), programs.join("upload.py")),
            _ => (PathBuf::from("node"), programs.join("upload.mjs")),
        };
        let mut command = Command::new(program);
        command
            .arg(script)
            .arg(wish.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    async fn run(&self, client: &str, wish: &Value) -> Value {
        let output = self.command(client, wish).output().await.unwrap();
        require_success(&output);
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn wish(
        &self,
        base: &str,
        person: &Person,
        purpose: &str,
        file: &Path,
        state: &Path,
        more: &Value,
    ) -> Value {
        let mut wish = json!({
            "endpoint": format!("{base}/api/v1/uploads"), "token": person.token, "competition": "houses", "purpose": purpose,
            "file": file, "state": state, "chunk": MIB, "modules": self.0,
        });
        wish.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        wish
    }
}

fn named(told: &Value) -> Value {
    json!({ "upload": told["url"].as_str().unwrap().rsplit('/').next().unwrap() })
}

fn noise(length: usize) -> Vec<u8> {
    (0..length).map(|n| u8::try_from(n * 31 % 251).unwrap()).collect()
}

async fn put_data(arena: &Arena, ada: &Person, name: &str, told: &Value, bytes: &[u8]) {
    let path = arena.api(&format!("/data/{name}"));
    let file = ada.api.send_json(Method::PUT, &path, &named(told)).await.expect(200).json();
    assert_eq!(file["sha256"], hex::encode(Sha256::digest(bytes)), "{name}");
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn real_clients_upload_and_go_on_in_another_process(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    arena.join(&bob).await;
    let clients = Clients::installed().await;
    let (large, small) = (world.folder.path().join("large.bin"), world.folder.path().join("small.csv"));
    let bytes = noise(5 * MIB + 4321);
    std::fs::write(&large, &bytes).unwrap();
    std::fs::write(&small, Labels::predictions(250, 617)).unwrap();
    for client in ["tuspy", "tus-js-client"] {
        let state = world.folder.path().join(format!("{client}.json"));
        let part = json!({ "until": 2 * MIB, "checksum": true });
        let first =
            clients.run(client, &clients.wish(&world.base, &ada, "data", &large, &state, &part)).await;
        let rest = json!({ "checksum": true });
        let second =
            clients.run(client, &clients.wish(&world.base, &ada, "data", &large, &state, &rest)).await;
        assert_eq!(first["url"], second["url"], "{client} goes on");
        assert_ne!(second["began_at"], 0, "{client} goes on");
        put_data(&arena, &ada, &format!("{client}.bin"), &second, &bytes).await;

        let state = world.folder.path().join(format!("{client}-small.json"));
        let whole = json!({ "chunk": 100 * MIB, "with_creation": true, "override_method": true });
        let wish = clients.wish(&world.base, &bob, "submission", &small, &state, &whole);
        let told = clients.run(client, &wish).await;
        let path = arena.api("/submissions");
        let sent = bob.api.send_json(Method::POST, &path, &named(&told)).await.expect(201).json();
        assert_eq!(sent["file_name"], "predictions.csv");
    }
    world.drain().await;
    let list = bob.api.get(&arena.api("/submissions")).await.expect(200).json();
    let states: Vec<_> = list["items"].as_array().unwrap().iter().map(|item| &item["state"]).collect();
    assert_eq!(states, ["scored", "scored"]);
    world.close().await;
}

/// A server of its own process, on the world's database and files.
struct Server {
    port: u16,
    process: Child,
}

impl Server {
    fn start(world: &World, port: u16) -> Self {
        let process = Command::new(server_binary())
            .arg("serve")
            .env("DATABASE_URL", world.app.config.database_url.reveal())
            .env("HOLDOUT_FILES", world.app.config.files.folder().unwrap())
            .env("HOLDOUT_DATA_DIR", &world.app.config.data_dir)
            .env("HOLDOUT_LISTEN", format!("127.0.0.1:{port}"))
            .env("HOLDOUT_DATABASE_CONNECTIONS", "4")
            .env("HOLDOUT_API_REQUESTS_A_MINUTE", "0")
            .env("RUST_LOG", "warn")
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self { port, process }
    }

    fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    async fn is_ready(&self) -> bool {
        let address = format!("{}/readyz", self.base());
        tokio::task::spawn_blocking(move || ureq::get(address).call().is_ok()).await.unwrap()
    }
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_server_that_is_killed_in_mid_upload_goes_on_with_what_it_told(pool: PgPool) {
    let world = World::new(pool).await;
    let ada = world.member("ada").await;
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    let clients = Clients::installed().await;
    let file = world.folder.path().join("large.bin");
    let bytes = noise(48 * MIB + 99);
    std::fs::write(&file, &bytes).unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for (client, chunk) in [("tuspy", MIB), ("tus-js-client", MIB)] {
        let mut server = Server::start(&world, port);
        until(Duration::from_secs(60), "the server is ready", || server.is_ready()).await;
        let state = world.folder.path().join(format!("{client}.json"));
        let more = json!({ "chunk": chunk, "retries": if client == "tuspy" { json!(60) } else { json!(vec![500; 60]) } });
        let wish = clients.wish(&server.base(), &ada, "data", &file, &state, &more);
        let barrier = Barrier::raise(&world).await;
        let client_at_work = clients.command(client, &wish).spawn().unwrap();
        until(Duration::from_secs(60), "some of it is there", || async { received(&world).await > 0 }).await;
        server.process.kill().await.unwrap();
        let told = received(&world).await;
        assert!(told > 0 && told < bytes.len() as i64, "{client}: killed in mid-upload, at {told}");
        barrier.lift(&world).await;
        let mut server = Server::start(&world, port);
        until(Duration::from_secs(60), "the server is back", || server.is_ready()).await;
        let output = client_at_work.wait_with_output().await.unwrap();
        require_success(&output);
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        put_data(&arena, &ada, &format!("{client}.bin"), &said, &bytes).await;
        server.process.kill().await.unwrap(); // and not later: the next one listens there
    }
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn the_command_line_goes_on_where_a_run_before_it_was_killed(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    arena.join(&bob).await;
    let file = world.folder.path().join("large.csv");
    let bytes = noise(80 * MIB);
    std::fs::write(&file, &bytes).unwrap();
    let submit = || {
        let mut command = Command::new(server_binary());
        command
            .arg("submit")
            .arg(&file)
            .args(["--no-check", "--competition", "houses", "--server", &world.base, "--token", &bob.token])
            .env("XDG_STATE_HOME", world.folder.path().join("state"))
            .kill_on_drop(true);
        command
    };
    let barrier = Barrier::raise(&world).await;
    let mut first = submit().spawn().unwrap();
    until(Duration::from_secs(60), "a part is there", || async { received(&world).await > 0 }).await;
    first.kill().await.unwrap();
    let told = received(&world).await;
    assert!(told < bytes.len() as i64, "killed in mid-upload, at {told}");
    barrier.lift(&world).await;
    require_success(&submit().output().await.unwrap());
    let list = bob.api.get(&arena.api("/submissions")).await.expect(200).json();
    assert_eq!(list["items"][0]["sha256"], hex::encode(Sha256::digest(&bytes)));
    let uploads: i64 = sql("select count(*) from uploads").fetch_one(&world.pool).await.unwrap().get(0);
    assert_eq!(uploads, 1, "it went on");
    let left = std::fs::read_dir(world.folder.path().join("state/holdout/uploads")).unwrap().count();
    assert_eq!(left, 0, "the address is forgotten once the file was taken");
    world.drain().await;
    world.close().await;
}

/// Lets no upload be recorded whole while it stands, however fast the machine is.
struct Barrier(Transaction<'static, Postgres>);

impl Barrier {
    async fn raise(world: &World) -> Self {
        sqlx::raw_sql(
            "create or replace function wait_at_barrier() returns trigger language plpgsql
             as $$ begin perform pg_advisory_xact_lock_shared(17); return new; end $$;
             create or replace trigger uploads_wait before update of received_bytes on uploads
                 for each row when (new.received_bytes = new.total_bytes) execute function wait_at_barrier()",
        )
        .execute(&world.pool)
        .await
        .unwrap();
        let mut held = world.pool.begin().await.unwrap();
        sql("select pg_advisory_xact_lock(17)").execute(&mut *held).await.unwrap();
        Self(held)
    }

    /// Ends those who wait: the server that asked for it is dead, or its line broke.
    async fn lift(self, world: &World) {
        sql("select pg_terminate_backend(pid) from pg_locks
             where locktype = 'advisory' and objid = 17 and not granted
               and database = (select oid from pg_database where datname = current_database())")
        .execute(&world.pool)
        .await
        .unwrap();
        self.0.rollback().await.unwrap();
    }
}

async fn received(world: &World) -> i64 {
    let row =
        sql("select received_bytes from uploads where spent_at is null order by created_at desc limit 1");
    row.fetch_optional(&world.pool).await.unwrap().map_or(0, |row| row.get(0))
}
