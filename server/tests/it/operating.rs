//! What an operator does where servers run by themselves, as in containers: with the addresses that the servers are told.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use holdout::config::Config;
use holdout_contract::place::Place;
use serde_json::{Value, json};
use sqlx::migrate::MigrateDatabase;
use sqlx::{AssertSqlSafe, PgPool, Postgres, Row};
use ureq::http::Method;
use uuid::Uuid;

use crate::s3::{self, S3};
use crate::tidy::root;
use crate::world::{
    Arena, Folder, Labels, World, composed_sql, database_url, require_success, scorer_binary, server_binary,
    sql, until,
};

const PATIENCE: Duration = Duration::from_secs(30);

/// The program as it is called beside a server: with the address of the web server's own role.
async fn beside(world: &World, arguments: &[&str]) -> Output {
    let url = database_url(&world.pool).await;
    let (scheme, rest) = url.split_once("://").unwrap();
    let place = rest.split_once('@').map_or(rest, |(_, place)| place);
    Command::new(server_binary())
        .args(arguments)
        .env("DATABASE_URL", format!("{scheme}://holdout_web@{place}"))
        .env("HOLDOUT_PUBLIC_URL", &world.base)
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn the_first_administrator_comes_by_a_link_that_a_command_beside_the_server_prints(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    let older = String::from_utf8(beside(&world, &["admin-link"]).await.stdout).unwrap();
    let told = beside(&world, &["admin-link", "--json"]).await;
    require_success(&told);
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    let link = told["link"].as_str().unwrap();
    let path = link.strip_prefix(&world.base).expect("it leads to the site");
    let older = older.trim().lines().last().unwrap();
    let older = older.strip_prefix(&world.base).expect("the last line is the address alone");
    assert_eq!(world.visitor().get(older).await.status, 404, "an older link ends");

    let root = world.visitor();
    let form = [("username", "root"), ("email", "root@people.test"), ("password", "correct horse battery")];
    assert_eq!(root.post_form(path, &form).await.location(), "/admin");
    assert_eq!(root.get("/admin").await.status, 200);
    let refused = beside(&world, &["admin-link"]).await;
    assert_eq!(refused.status.code(), Some(1));
    assert!(said(&refused).contains("There is already an administrator"), "{}", said(&refused));
    assert_eq!(world.visitor().get(path).await.status, 404, "the link works once");

    // For a site whose administrator cannot sign in any more.
    let another = beside(&world, &["admin-link", "--another", "--json"]).await;
    require_success(&another);
    let another: Value = serde_json::from_slice(&another.stdout).unwrap();
    let path = another["link"].as_str().unwrap().strip_prefix(&world.base).unwrap();
    let form =
        [("username", "rescue"), ("email", "rescue@people.test"), ("password", "correct horse battery")];
    let rescue = world.visitor();
    assert_eq!(rescue.post_form(path, &form).await.location(), "/admin");
    assert_eq!(rescue.get("/admin").await.status, 200);
    let log = rescue.get("/admin/log").await.text();
    assert_eq!(log.matches("<code>became_admin</code>").count(), 2, "who used a link is on record");
    world.close().await;
}

#[test]
fn the_doctor_says_when_no_bucket_can_be_opened_for_want_of_certificate_authorities() {
    let folder = Folder::new();
    let told = Command::new(server_binary())
        .arg("doctor")
        .env_remove("DATABASE_URL")
        .env("HOLDOUT_DATA_DIR", folder.path().join("data"))
        .env("HOLDOUT_FILES", "s3://files")
        .envs([("AWS_ENDPOINT_URL", "http://127.0.0.1:1"), ("AWS_REGION", "us-east-1")])
        .envs([("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")])
        .env("SSL_CERT_FILE", "/dev/null")
        .env("SSL_CERT_DIR", folder.path())
        .output()
        .unwrap();
    let words = "this machine knows no certificate authority: install the package ca-certificates";
    let said = said(&told);
    assert!(said.contains("WRONG Files cannot be kept in s3://files") && said.contains(words), "{said}");
}

/// What a probe of a container asks.
async fn is_alive(pulse: &Path, words: &[&str]) -> bool {
    let mut probe = tokio::process::Command::new(scorer_binary());
    let told = probe.arg("alive").args(words).env("HOLDOUT_PULSE", pulse).output().await.unwrap();
    told.status.success()
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_scorer_is_alive_while_the_database_is_away_and_ready_once_it_takes_work(pool: PgPool) {
    let world = World::new(pool).await;
    let pulse = world.folder.path().join("pulse");
    let mut lost = world.scorer(&["work"]);
    let mut lost = lost
        .env("HOLDOUT_PULSE", &pulse)
        .env("HOLDOUT_DATABASE_URL", "postgres://nobody@127.0.0.1:1/none")
        .spawn()
        .unwrap();
    until(PATIENCE, "it gives a sign of life", || is_alive(&pulse, &[])).await;
    assert!(!is_alive(&pulse, &["--ready"]).await, "it waits for the database");
    assert!(lost.try_wait().unwrap().is_none());
    lost.kill().await.unwrap();
    fs::remove_file(&pulse).unwrap();
    assert!(!is_alive(&pulse, &[]).await);

    let mut scorer = world.scorer(&["work"]).env("HOLDOUT_PULSE", &pulse).spawn().unwrap();
    until(PATIENCE, "it takes work", || is_alive(&pulse, &["--ready"])).await;
    scorer.kill().await.unwrap();
    world.drain().await;
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_key_that_is_mounted_for_our_group_to_read_is_well_and_one_for_everybody_is_not(pool: PgPool) {
    let world = World::new(pool).await;
    let key = world.folder.path().join("keys/scorer.key");
    for (mode, is_well) in [(0o440, true), (0o444, false)] {
        fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
        let told = said(&world.scorer(&["doctor"]).output().await.unwrap());
        assert_eq!(told.contains("The key is readable"), is_well, "{told}");
        assert_eq!(told.contains("can be read by others"), !is_well, "{told}");
    }
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_renewed_key_judges_what_was_sealed_before_and_what_comes(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let before = world.open_competition(&ada, "before", &Labels::regression()).await;
    let renewed = world.scorer(&["keygen", "--renew"]).output().await.unwrap();
    assert!(renewed.status.success(), "{}", said(&renewed));
    world.drain().await;
    let after = world.open_competition(&ada, "after", &Labels::regression()).await;
    let rows =
        sql("select recipient from solutions order by competition_id").fetch_all(&world.pool).await.unwrap();
    let recipients: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_ne!(recipients[0], recipients[1]);
    assert!(said(&renewed).contains(&recipients[1]), "it is printed: {}", said(&renewed));
    for arena in [&before, &after] {
        arena.join(&bob).await;
        let id = arena.submit(&bob, &Labels::predictions(250, 617)).await;
        world.drain().await;
        let scored = arena.submission(&bob, id).await;
        assert!(scored["public_score"].is_number(), "{scored}");
    }
    world.close().await;
}

/// PostgreSQL's programs as the image of backups might have them: two, and no server.
fn clients(folder: &Path) -> PathBuf {
    let psql = std::env::var("HOLDOUT_PSQL").expect("as scripts/with-postgres tells it");
    let clients = folder.join("clients");
    fs::create_dir(&clients).unwrap();
    for name in ["pg_dump", "pg_restore"] {
        std::os::unix::fs::symlink(Path::new(&psql).with_file_name(name), clients.join(name)).unwrap();
    }
    clients
}

/// A backup's program, which is told a database and a place of files, and is no neighbour of either.
struct Keeper {
    clients: PathBuf,
    data: PathBuf,
    environment: Vec<(String, String)>,
}

impl Keeper {
    fn run(&self, url: &str, files: &str, arguments: &[&str]) -> Output {
        Command::new(server_binary())
            .args(arguments)
            .env("DATABASE_URL", url)
            .env("HOLDOUT_FILES", files)
            .env("HOLDOUT_DATA_DIR", &self.data)
            .env("HOLDOUT_PG_BIN", &self.clients)
            .envs(self.environment.iter().cloned())
            .output()
            .unwrap()
    }
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_backup_of_a_database_and_a_bucket_becomes_a_site_elsewhere_and_every_score_is_verified(
    pool: PgPool,
) {
    let folder = Folder::new();
    let s3 = S3::start(&folder.path().join("s3"));
    let environment = s3::environment(s3.port(), s3::SECRET_KEY);
    let world = World::in_bucket(pool, &s3::address(), environment.clone(), None).await;
    world.drain().await;
    let [ada, bob] = [world.member("ada").await, world.member("bob").await];
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    arena.join(&bob).await;
    for error in [250, 50] {
        arena.submit(&bob, &Labels::predictions(error, 617)).await;
    }
    world.drain().await;
    let board = arena.board().await;

    let keeper = Keeper { clients: clients(folder.path()), data: folder.path().join("nothing"), environment };
    let (url, backups) = (database_url(&world.pool).await, folder.path().join("backups"));
    for name in ["20200101T000000Z", "20200102T000000Z", "20200103T000000Z.unfinished"] {
        fs::create_dir_all(backups.join(name)).unwrap();
        fs::write(backups.join(name).join("manifest.json"), "{}").unwrap();
    }
    let into = ["backup", "--into", backups.to_str().unwrap(), "--keep", "2", "--json"];
    let made = keeper.run(&url, &s3::address(), &into);
    require_success(&made);
    let made: Value = serde_json::from_slice(&made.stdout).unwrap();
    assert!(made["n_files"].as_i64().unwrap() >= 4, "{made}");
    assert_eq!(made["removed"], json!(["20200101T000000Z"]));
    assert!(
        backups.join("20200102T000000Z").exists() && !backups.join("20200103T000000Z.unfinished").exists()
    );
    let backup = made["folder"].as_str().unwrap();

    let restore = |url: &str, files: &Path| keeper.run(url, files.to_str().unwrap(), &["restore", backup]);
    let files = folder.path().join("files");
    let refused = restore(&url, &files);
    assert!(!refused.status.success() && said(&refused).contains("is not empty"), "{}", said(&refused));
    // One that was made for it and is empty, as an image of PostgreSQL makes it; and one that does not exist yet.
    for is_there in [true, false] {
        let other =
            url.rsplit_once('/').unwrap().0.to_owned() + &format!("/restored_{}", Uuid::new_v4().simple());
        if is_there {
            let name = other.rsplit_once('/').unwrap().1;
            let make = format!("create database {name} template template0");
            sqlx::raw_sql(AssertSqlSafe(make)).execute(&world.pool).await.unwrap();
        }
        let place = folder.path().join(format!("files-{is_there}"));
        require_success(&restore(&other, &place));
        is_the_same_site(&world, &arena, &board, &other, place).await;
        Postgres::force_drop_database(&other).await.unwrap(); // its server may still listen
    }
    world.close().await;
}

/// Served by another server from another database and other files, with the key that was kept apart.
async fn is_the_same_site(world: &World, arena: &Arena, board: &Value, url: &str, files: PathBuf) {
    let pool = PgPool::connect(url).await.unwrap();
    let other =
        World::configured(pool.clone(), |config| Config { files: Place::Folder(files), ..config }).await;
    let key = "keys/scorer.key";
    fs::create_dir(other.folder.path().join("keys")).unwrap();
    fs::copy(world.folder.path().join(key), other.folder.path().join(key)).unwrap();
    let host = other.visitor().with_token(&arena.host.token);
    let items = |board: &Value| board["items"].clone();
    assert_eq!(items(&host.get(&arena.api("/leaderboard")).await.expect(200).json()), items(board));
    let asked = host.send_json(Method::POST, &arena.api("/verifications"), &json!({})).await.json();
    other.drain().await;
    let verified = host.get(&arena.api(&format!("/verifications/{}", asked["id"]))).await.expect(200).json();
    assert_eq!((&verified["n_done"], &verified["is_clean"]), (&json!(2), &json!(true)), "{verified}");
    other.close().await;
    pool.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn roles_get_the_passwords_that_lie_in_files_whatever_is_in_them(pool: PgPool) {
    let folder = Folder::new();
    let mut script = fs::read_to_string(root().join("deploy/compose/roles.sql")).unwrap();
    script = script.replace("/run/secrets", folder.path().to_str().unwrap());
    let mark = Uuid::new_v4().simple().to_string();
    for name in ["web", "scorer", "runner"] {
        fs::write(folder.path().join(format!("{name}_password")), format!("a'b\\ \"{name}\"; --\n")).unwrap();
        script = script.replace(&format!("role holdout_{name} "), &format!("role {name}_{mark} "));
        composed_sql(format!("create role {name}_{mark}")).execute(&pool).await.unwrap();
    }
    fs::write(folder.path().join("roles.sql"), &script).unwrap();
    let mut psql = Command::new(std::env::var("HOLDOUT_PSQL").unwrap());
    let file = folder.path().join("roles.sql");
    psql.args(["-v", "ON_ERROR_STOP=1", "-d", &database_url(&pool).await, "-f"]).arg(file);
    require_success(&psql.output().unwrap());
    for name in ["web", "scorer", "runner"] {
        let role = format!("{name}_{mark}");
        let may = sql(
            "select rolcanlogin and rolpassword like 'SCRAM-SHA-256$%' from pg_authid where rolname = $1",
        );
        assert!(may.bind(role.clone()).fetch_one(&pool).await.unwrap().get::<bool, _>(0), "{role}");
        composed_sql(format!("drop role {role}")).execute(&pool).await.unwrap();
    }
}
