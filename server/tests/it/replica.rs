//! Boards come from a streaming replica while it is near, and never older than the primary's.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use holdout::config::{Config, Secret};
use holdout::house::identity::Identity;
use holdout::leaderboard::settle;
use holdout::replica::model::{Condition, Source};
use holdout::replica::watch;
use serde_json::Value;
use sqlx::postgres::PgPoolOptions;
use sqlx::{PgPool, Row};

use crate::telemetry::{told, value};
use crate::world::{Arena, Folder, Labels, World, require_success, sql, until};

const SOON: Duration = Duration::from_secs(60);

/// A replica of the tests' own cluster.
struct Standby {
    folder: Folder,
    programs: PathBuf,
    identity: Option<Identity>,
    db: PgPool,
}

impl Standby {
    /// Made by `pg_basebackup`, and kept up from then on.
    fn start(primary: &PgPool, port: u16) -> Self {
        let folder = Folder::new();
        let identity = Identity::for_postgres().unwrap();
        if let Some(identity) = identity {
            identity.own(folder.path()).unwrap();
        }
        let programs = PathBuf::from(std::env::var("HOLDOUT_PSQL").expect("scripts/with-postgres"));
        let programs = programs.parent().unwrap().to_owned();
        let options = primary.connect_options();
        let here = options.as_ref().clone().port(port);
        let db = PgPoolOptions::new().max_connections(1).connect_lazy_with(here);
        let standby = Self { folder, programs, identity, db };
        let mut copy = standby.program("pg_basebackup");
        copy.args(["-h", options.get_host(), "-p", &options.get_port().to_string()])
            .args(["-U", options.get_username(), "-D", "cluster"])
            .args(["--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync"]);
        require_success(&copy.output().unwrap());
        let settings = format!(
            "-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={} -c max_connections=300 \
             -c fsync=off -c shared_buffers=32MB",
            standby.folder.path().display()
        );
        let mut start = standby.program("pg_ctl");
        start.args(["-D", "cluster", "-l", "log", "-w", "-o", &settings, "start"]);
        require_success(&start.output().unwrap());
        standby
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.current_dir(self.folder.path());
        if let Some(Identity { uid, gid }) = self.identity {
            command.uid(uid).gid(gid);
        }
        command
    }

    async fn pause(&self) {
        sql("select pg_wal_replay_pause()").execute(&self.db).await.unwrap();
        until(SOON, "the replay is paused", || async {
            let state = sql("select pg_get_wal_replay_pause_state()").fetch_one(&self.db).await.unwrap();
            state.get::<String, _>(0) == "paused"
        })
        .await;
    }

    async fn resume(&self) {
        sql("select pg_wal_replay_resume()").execute(&self.db).await.unwrap();
    }

    fn kill(&self) {
        let mut stop = self.program("pg_ctl");
        require_success(&stop.args(["-D", "cluster", "-m", "immediate", "-w", "stop"]).output().unwrap());
    }
}

impl Drop for Standby {
    fn drop(&mut self) {
        let _ = self.program("pg_ctl").args(["-D", "cluster", "-m", "immediate", "stop"]).output();
    }
}

struct Seen {
    board: String,
    items: Value,
    of_replica: u64,
    of_primary: u64,
}

impl Seen {
    fn scores(&self) -> Vec<f64> {
        let scores = self.items.as_array().unwrap().iter().map(|row| row["score"].as_f64().unwrap());
        scores.map(|score| (score * 1e6).round() / 1e6).collect()
    }

    fn is_of_replica(&self) -> bool {
        self.of_replica > 0 && self.of_primary == 0
    }
}

/// Boards that were read so far, of the replica and of the primary.
fn n_reads(world: &World) -> [u64; 2] {
    [Source::REPLICA, Source::PRIMARY].map(|source| world.app.replica.reads.get_or_create(&source).get())
}

/// The board, by a page of a length that nobody asked for before: no cache has it.
async fn see(world: &World, arena: &Arena) -> Seen {
    static LIMIT: AtomicI64 = AtomicI64::new(10);
    let before = n_reads(world);
    let path = format!("{}?limit={}", arena.api("/leaderboard"), LIMIT.fetch_add(1, Ordering::Relaxed));
    let mut seen = world.visitor().get(&path).await.expect(200).json();
    let after = n_reads(world);
    Seen {
        board: seen["board"].as_str().unwrap().to_owned(),
        items: seen["items"].take(),
        of_replica: after[0] - before[0],
        of_primary: after[1] - before[1],
    }
}

/// Looks until the replica gives the whole board.
async fn see_replica(world: &World, arena: &Arena) -> Seen {
    let start = std::time::Instant::now();
    loop {
        let seen = see(world, arena).await;
        if seen.is_of_replica() {
            return seen;
        }
        assert!(start.elapsed() < SOON, "the replica gives no board: {:?}", world.app.replica.condition());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_replica_gives_boards_while_it_is_near_and_none_that_is_older_than_the_primarys(pool: PgPool) {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let options = pool.connect_options();
    let replica =
        format!("postgres://{}@127.0.0.1:{port}/{}", options.get_username(), options.get_database().unwrap());
    let world = World::configured(pool.clone(), |config| Config {
        database_replica_url: Some(Secret::new(replica)),
        ..config
    })
    .await;
    world.drain().await;
    tokio::spawn(watch::follow(world.app.clone()));
    let [ada, bob] = [world.member("ada").await, world.member("bob").await];
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    arena.join(&bob).await;
    arena.submit(&bob, &Labels::predictions(250, 617)).await;
    world.drain().await;
    let alone = see(&world, &arena).await;
    assert_eq!((alone.scores(), alone.of_replica), (vec![0.25], 0), "it is not there yet");

    let standby = Standby::start(&pool, port);
    assert_eq!(see_replica(&world, &arena).await.scores(), [0.25]);

    // Held back: what changed comes from the primary, at once, and stays when it was kept.
    standby.pause().await;
    let id = arena.submit(&bob, &Labels::predictions(50, 400)).await;
    world.drain().await;
    let changed = see(&world, &arena).await;
    assert_eq!((changed.scores(), changed.of_replica), (vec![0.05], 0));
    assert_eq!(arena.submission(&bob, id).await["public_score"], 0.05);
    let csv = world.visitor().get("/c/houses/leaderboard.csv").await.expect(200).text();
    assert!(csv.contains("0.0500"), "{csv}");
    for _ in 0..2 {
        let page = world.visitor().get("/c/houses/leaderboard").await.expect(200).text();
        assert!(page.contains("0.0500") && !page.contains("0.2500"));
    }
    until(SOON, "the replica is known to lag behind", || async {
        world.app.replica.condition() == Condition::Behind
    })
    .await;
    assert_eq!(see(&world, &arena).await.board, "public");
    world.let_pass(TimeDelta::days(31)).await;
    settle::round(&world.app).await.unwrap();
    let last = see(&world, &arena).await;
    assert_eq!((last.board.as_str(), last.scores(), last.of_replica), ("private", vec![0.4], 0));

    standby.resume().await;
    let caught_up = see_replica(&world, &arena).await;
    assert_eq!((caught_up.board.as_str(), caught_up.items), ("private", last.items.clone()));
    assert_eq!(value(&told(&world).await, "holdout_replica_near"), 1.0);
    // What people read, of this board for the first time.
    let before = n_reads(&world);
    let page = world.visitor().get("/c/houses/leaderboard").await.expect(200).text();
    let csv = world.visitor().get("/c/houses/leaderboard.csv").await.expect(200).text();
    let after = n_reads(&world);
    assert!(page.contains("0.4000") && csv.contains("0.39999"), "{csv}");
    assert!(after[0] > before[0] && after[1] == before[1], "of the replica: {before:?} {after:?}");

    // Gone in the middle of it: whoever asks next is answered all the same.
    standby.kill();
    assert_eq!(see(&world, &arena).await.items, last.items);
    until(SOON, "the replica is known to be away", || async {
        world.app.replica.condition() == Condition::Away
    })
    .await;
    let monitored = told(&world).await;
    assert_eq!(value(&monitored, "holdout_replica_near"), 0.0);
    for source in ["primary", "replica"] {
        let name = format!("holdout_board_reads_total{{source=\"{source}\"}}");
        assert!(value(&monitored, &name) > 0.0, "{monitored}");
    }
    world.drain().await;
    world.close().await;
}
