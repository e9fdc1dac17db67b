//! What a backup takes no room for again, what it says of files that went while it was made, and who is told of one that
//! failed.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::{Value, json};
use sqlx::{PgPool, Row};

use crate::world::{Labels, World, composed_sql, database_url, require_success, server_binary, sql};

/// The program as the timer calls it.
struct Keeper {
    url: String,
    backups: PathBuf,
    /// PostgreSQL's programs where they are not the system's.
    programs: Option<PathBuf>,
    reserve_mb: &'static str,
}

impl Keeper {
    async fn of(world: &World) -> Self {
        let backups = world.folder.path().join("backups");
        fs::create_dir(&backups).unwrap();
        Self { url: database_url(&world.pool).await, backups, programs: None, reserve_mb: "0" }
    }

    async fn run(&self, world: &World, name: &str) -> Output {
        let mut command = tokio::process::Command::new(server_binary());
        command
            .args(["backup", self.folder(name).to_str().unwrap(), "--json"])
            .env("DATABASE_URL", &self.url)
            .env("HOLDOUT_FILES", world.files())
            .env("HOLDOUT_DATA_DIR", world.folder.path())
            .env("HOLDOUT_DISK_RESERVE_MB", self.reserve_mb);
        if let Some(programs) = &self.programs {
            command.env("HOLDOUT_PG_BIN", programs);
        }
        command.output().await.unwrap()
    }

    async fn make(&self, world: &World, name: &str) -> Value {
        let output = self.run(world, name).await;
        require_success(&output);
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.backups.join(name)
    }
}

/// The keys of all submissions' files.
async fn keys(world: &World) -> Vec<String> {
    let rows = sql("select storage_key from submissions order by id").fetch_all(&world.pool).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

async fn world_with_files(pool: PgPool) -> World {
    let world = World::new(pool).await;
    let [ada, bob] = [world.member("ada").await, world.member("bob").await];
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    arena.join(&bob).await;
    for error in [250, 300] {
        arena.submit(&bob, &Labels::predictions(error, 617)).await;
    }
    world.drain().await;
    world
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn what_did_not_change_takes_no_room_again_unless_the_copy_is_spoiled(pool: PgPool) {
    let world = world_with_files(pool).await;
    let keeper = Keeper::of(&world).await;
    let first = keeper.make(&world, "first").await;
    assert_eq!(first["n_linked"], 0, "{first}");
    let [one, other] = keys(&world).await.try_into().unwrap();
    let inode =
        |name: &str, key: &str| fs::metadata(keeper.folder(name).join("files").join(key)).unwrap().ino();

    let second = keeper.make(&world, "second").await;
    assert_eq!(second["n_linked"], first["n_files"], "{second}");
    assert_eq!(inode("second", &one), inode("first", &one));
    assert_ne!(inode("second", &one), fs::metadata(world.files().join(&one)).unwrap().ino());
    fs::remove_dir_all(keeper.folder("first")).unwrap();

    // The disk spoils a copy, in its size.
    let copy = keeper.folder("second").join("files").join(&one);
    let spoiled = fs::read(&copy).unwrap().iter().map(|byte| byte ^ 1).collect::<Vec<_>>();
    fs::write(&copy, spoiled).unwrap();
    let third = keeper.make(&world, "third").await;
    assert_eq!(third["n_linked"].as_i64().unwrap(), second["n_files"].as_i64().unwrap() - 1, "{third}");
    assert_eq!(inode("third", &other), inode("second", &other));
    let same = |name: &str| fs::read(keeper.folder(name).join("files").join(&one)).unwrap();
    assert_eq!(same("third"), fs::read(world.files().join(&one)).unwrap());
    assert_ne!(same("third"), same("second"), "it is not handed on");
    world.close().await;
}

/// PostgreSQL's programs, of which `pg_dump` lets a while pass in which `happens`.
fn slow_programs(folder: &Path, happens: &str) -> PathBuf {
    let psql = PathBuf::from(std::env::var("HOLDOUT_PSQL").expect("as scripts/with-postgres tells it"));
    let programs = folder.join("programs");
    fs::create_dir(&programs).unwrap();
    for program in fs::read_dir(psql.parent().unwrap()).unwrap().flatten() {
        if program.file_name() != "pg_dump" {
            std::os::unix::fs::symlink(program.path(), programs.join(program.file_name())).unwrap();
        }
    }
    let real = psql.with_file_name("pg_dump");
    let script = format!(
        "#!/bin/sh\n{} \"$@\" || exit\n[ \"$1\" = --version ] || {{ {happens} ; }}\n",
        real.display()
    );
    fs::write(programs.join("pg_dump"), script).unwrap();
    fs::set_permissions(programs.join("pg_dump"), fs::Permissions::from_mode(0o755)).unwrap();
    programs
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn files_that_go_while_a_backup_is_made_are_named_and_told_from_lost_ones(pool: PgPool) {
    let world = world_with_files(pool).await;
    let mut keeper = Keeper::of(&world).await;
    let [gone, lost] = keys(&world).await.try_into().unwrap();
    let let_go = composed_sql(format!(
        "create function let_go() returns void language sql as $$
            update submissions set file_gone_at = clock_now() where storage_key = '{gone}' $$"
    ));
    let_go.execute(&world.pool).await.unwrap();
    let (psql, url) = (std::env::var("HOLDOUT_PSQL").unwrap(), &keeper.url);
    let files = world.files().display();
    let happens =
        format!("{psql} -q -d '{url}' -c 'select let_go()' >&2 && rm '{files}/{gone}' '{files}/{lost}'");
    keeper.programs = Some(slow_programs(world.folder.path(), &happens));
    let made = keeper.make(&world, "made").await;
    assert_eq!(made["gone"], json!({ "n": 1, "items": [gone] }), "{made}");
    assert_eq!(made["missing"], json!({ "n": 1, "items": [lost] }), "{made}");
    assert!(!keeper.folder("made").join("named").exists());
    let kept: Value =
        serde_json::from_slice(&fs::read(keeper.folder("made").join("manifest.json")).unwrap()).unwrap();
    assert_eq!(kept["gone"], made["gone"], "whoever restores it reads it too");
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_backup_without_room_is_not_begun_and_administrators_are_told(pool: PgPool) {
    let world = world_with_files(pool).await;
    let root = world.admin("root").await;
    let overview = async || root.api.get("/api/v1/admin/overview").await.expect(200).json();
    let mut keeper = Keeper::of(&world).await;
    assert!(overview().await["last_backup_at"].is_null());
    keeper.reserve_mb = "1000000000";
    let failed = keeper.run(&world, "first").await;
    let told = String::from_utf8_lossy(&failed.stdout).into_owned();
    assert!(!failed.status.success() && told.contains("HOLDOUT_DISK_RESERVE_MB"), "{told}");
    assert!(!keeper.folder("first").exists());
    assert!(overview().await["backup_failed_at"].is_string());
    let page = root.browser.get("/admin").await.expect(200).text();
    assert!(page.contains("A backup failed") && page.contains("HOLDOUT_DISK_RESERVE_MB"), "{page}");
    let mails = sql("select count(*) from mails where subject = 'A backup failed'");
    assert_eq!(mails.fetch_one(&world.pool).await.unwrap().get::<i64, _>(0), 1, "to administrators alone");

    keeper.reserve_mb = "0";
    keeper.make(&world, "first").await;
    let now = overview().await;
    assert!(now["last_backup_at"].is_string() && now["backup_failed_at"].is_null(), "{now}");
    let page = root.browser.get("/admin").await.expect(200).text();
    assert!(page.contains("Last backup") && !page.contains("A backup failed"), "{page}");
    world.close().await;
}
