//! Servers and a scorer behind PgBouncer, which gives each of their transactions another connection: there are fewer
//! than programs, and far fewer than requests at a time.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection, PgPool, Row};
use tokio::task::JoinSet;
use ureq::http::Method;

use super::{PATIENCE, Server, command, free_port, stop};
use crate::client::{Client, Part};
use crate::open_pages::OpenPage;
use crate::tidy::root;
use crate::versions::raised;
use crate::world::{Arena, Labels, Person, World, sql, until};

const PASSWORD: &str = "correct horse battery";
const CONNECTIONS: usize = 3;

/// The passwords of the programs, and the list of them that a pooler asks by, as an operator makes them.
struct Logins(PathBuf);

impl Logins {
    fn make(folder: &Path) -> Self {
        let secrets = folder.join("secrets");
        let made = Command::new(root().join("deploy/compose/make-secrets")).arg(&secrets).output().unwrap();
        crate::world::require_success(&made);
        Self(secrets)
    }

    fn password(&self, user: &str) -> String {
        let name = user.trim_start_matches("holdout_");
        fs::read_to_string(self.0.join(format!("{name}_password"))).unwrap().trim().to_owned()
    }
}

/// A `holdout.ini` for the test's own database, which itself asks for no password, is made of the one that is shipped.
struct Pooler {
    port: u16,
    process: Child,
    log: PathBuf,
}

impl Pooler {
    fn start(folder: &Path, logins: &Logins, database: &str, database_port: u16) -> Self {
        let port = free_port();
        let users = folder.join("userlist.txt"); // where the pooler's own user may come
        fs::copy(logins.0.join("userlist.txt"), &users).unwrap();
        let mut settings = fs::read_to_string(root().join("deploy/compose/pgbouncer.ini")).unwrap();
        for (shipped, here) in [
            (
                "holdout = host=database port=5432 dbname=holdout",
                format!("{database} = host=127.0.0.1 port={database_port}"),
            ),
            ("listen_addr = 0.0.0.0", "listen_addr = 127.0.0.1".to_owned()),
            ("listen_port = 6432", format!("listen_port = {port}")),
            ("/run/secrets/userlist.txt", users.display().to_string()),
            ("default_pool_size = 15", format!("default_pool_size = {CONNECTIONS}")),
        ] {
            assert!(settings.contains(shipped), "{shipped}");
            settings = settings.replace(shipped, &here);
        }
        let file = folder.join("pgbouncer.ini");
        fs::write(&file, settings).unwrap();
        let log = folder.join("pgbouncer.log");
        let mut command = Command::new(program());
        if rustix::process::geteuid().is_root() {
            for path in [folder, &users, &file] {
                fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
            }
            command.args(["-u", "nobody"]); // it refuses to run as root
        }
        command.arg(&file).stdout(Stdio::null()).stderr(File::create(&log).unwrap());
        let pooler = Self { port, process: command.spawn().unwrap(), log };
        let start = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(start.elapsed() < PATIENCE, "{}", pooler.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        pooler
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn program() -> PathBuf {
    let output = Command::new(root().join("scripts/pgbouncer")).output().unwrap();
    crate::world::require_success(&output);
    PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
}

/// The same database, by the pooler and past it.
struct Roads {
    host: String,
    database: String,
    database_port: u16,
    pooler_port: u16,
    logins: Logins,
}

impl Roads {
    fn pooled(&self, user: &str) -> String {
        self.pooled_by(user, &self.logins.password(user))
    }

    fn pooled_by(&self, user: &str, password: &str) -> String {
        format!("postgres://{user}:{password}@127.0.0.1:{}/{}", self.pooler_port, self.database)
    }

    fn direct(&self, user: &str) -> String {
        format!("postgres://{user}@{}:{}/{}", self.host, self.database_port, self.database)
    }
}

struct Pooled {
    world: World,
    pooler: Pooler,
    roads: Roads,
}

impl Pooled {
    async fn begin(pool: PgPool) -> Self {
        let options = pool.connect_options();
        let (host, database_port) = (options.get_host().to_owned(), options.get_port());
        let database = options.get_database().unwrap().to_owned();
        let world = World::new(pool.clone()).await;
        let logins = Logins::make(world.folder.path());
        let pooler = Pooler::start(world.folder.path(), &logins, &database, database_port);
        let roads = Roads { host, database, database_port, pooler_port: pooler.port, logins };
        Self { world, pooler, roads }
    }

    /// `holdout serve`; its log lies in the folder.
    fn server(&self, port: u16, name: &str) -> Command {
        let mut command = command(&self.world, port, &format!("http://127.0.0.1:{port}"));
        command
            .env("DATABASE_URL", self.roads.pooled("holdout_web"))
            .env("HOLDOUT_DATABASE_DIRECT_URL", self.roads.direct("holdout_web"))
            .env("HOLDOUT_DATABASE_CONNECTIONS", "8")
            .env("HOLDOUT_API_REQUESTS_A_MINUTE", "0")
            .stdout(File::create(self.log_of(name)).unwrap());
        command
    }

    fn scorer(&self) -> Child {
        let mut command = self.world.scorer(&["work"]).into_std();
        command
            .env("HOLDOUT_DATABASE_URL", self.roads.pooled("holdout_scorer"))
            .env("HOLDOUT_DATABASE_DIRECT_URL", self.roads.direct("holdout_scorer"))
            .stdout(Stdio::null())
            .stderr(File::create(self.log_of("scorer")).unwrap());
        command.spawn().unwrap()
    }

    fn log_of(&self, name: &str) -> PathBuf {
        self.world.folder.path().join(format!("{name}.log"))
    }

    fn said(&self, name: &str) -> String {
        fs::read_to_string(self.log_of(name)).unwrap()
    }
}

/// The competition as its people see it at one of the servers.
struct At<'a> {
    base: String,
    arena: &'a Arena,
}

impl At<'_> {
    fn api(&self, person: &Person) -> Client {
        Client::new(&self.base).with_token(&person.token)
    }

    async fn leaders(&self) -> Vec<(String, f64)> {
        let board = Client::new(&self.base).get(&self.arena.api("/leaderboard")).await.expect(200).json();
        let rows = board["items"].as_array().unwrap().iter();
        rows.map(|row| (row["team"].as_str().unwrap().to_owned(), row["score"].as_f64().unwrap())).collect()
    }

    /// Labels half a point higher, from the draft of a version to the board that it makes.
    async fn rescore(&self, host: &Person) {
        let api = self.api(host);
        let ask =
            async |rest: &str, body: Value| api.send_json(Method::POST, &self.arena.api(rest), &body).await;
        ask("/versions", json!({})).await.expect(201);
        let solution = raised(&Labels::regression().solution).into_bytes();
        api.send(Method::PUT, &self.arena.api("/solution"), Some("text/csv"), solution).await.expect(200);
        let reason = json!({ "reason": "Every label was half a point too low." });
        until(PATIENCE, "the solution is examined", || async {
            ask("/versions/2/start", reason.clone()).await.status == 200
        })
        .await;
        until(PATIENCE, "every file is scored again", || async {
            ask("/versions/2/publish", json!({})).await.status == 200
        })
        .await;
    }
}

/// Everybody sends files and looks at boards at once; whatever was not answered as it should be.
async fn load(bases: &[String], arena: &Arena, people: &[Person]) -> Vec<String> {
    let mut working = JoinSet::new();
    for (number, person) in people.iter().enumerate() {
        let api = Client::new(&bases[number % bases.len()]).with_token(&person.token);
        let (submissions, board) = (arena.api("/submissions"), arena.api("/leaderboard"));
        working.spawn(async move {
            let mut wrong = Vec::new();
            for round in 0..5 {
                let file = Labels::predictions(300 + number * 10 + round, 600);
                let sent = api.upload(&submissions, "p.csv", file).await;
                let seen =
                    [api.get(&board).await, api.get("/c/houses/leaderboard").await, api.get("/").await];
                wrong.extend((sent.status != 201).then(|| sent.text()));
                wrong.extend(seen.iter().filter(|answer| answer.status != 200).map(|answer| answer.text()));
            }
            wrong
        });
    }
    working.join_all().await.concat()
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_house_behind_a_pooler_of_transactions_lacks_nothing(pool: PgPool) {
    let house = Pooled::begin(pool).await;
    let world = &house.world;
    let ada = world.member("ada").await;
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    sql("update competitions set daily_limit = 1000").execute(&world.pool).await.unwrap();
    let mut people = Vec::new();
    for number in 0..8 {
        let person = world.member(&format!("p{number}")).await;
        arena.join(&person).await;
        people.push(person);
    }
    let stranger = PgConnection::connect(&house.roads.pooled_by("holdout_web", "guessed")).await;
    assert!(stranger.is_err(), "the pooler asks for the password");
    let ports = [free_port(), free_port(), free_port()];
    let mut deaf = house.server(ports[2], "deaf");
    deaf.env_remove("HOLDOUT_DATABASE_DIRECT_URL");
    let servers = [
        Server::started(house.server(ports[0], "one"), ports[0]).await,
        Server::started(house.server(ports[1], "other"), ports[1]).await,
        Server::started(deaf, ports[2]).await,
    ];
    let mut scorer = house.scorer();
    let bases = ports.map(|port| format!("http://127.0.0.1:{port}"));
    let [one, other] = [0, 1].map(|at| At { base: bases[at].clone(), arena: &arena });

    // Registered, submitted at one, scored, and told to an open page of the other.
    let mut open_page = OpenPage::at(ports[1], "/c/houses/live?on=board").await;
    let bob = Client::new(&one.base);
    let form = [("username", "bob"), ("email", "bob@people.test"), ("password", PASSWORD)];
    assert_eq!(bob.post_form("/register", &form).await.status, 303);
    bob.post_form("/c/houses/join", &[("accept_rules", "on")]).await.expect_redirect();
    let csv = Labels::predictions(100, 617).into_bytes();
    let form = [
        Part::Text("form_key", "5e0f6cf4-1b0c-4a3c-9a1f-0d0f5a3c2b1a"),
        Part::File { field: "file", name: "p.csv", bytes: &csv },
    ];
    bob.post_multipart("/c/houses/submit", &form).await.expect_redirect();
    open_page.hears("event: board").await;
    assert_eq!(other.leaders().await, [("bob".to_owned(), 0.1)]);
    one.rescore(&ada).await;
    open_page.hears("event: board").await;
    assert_eq!(other.leaders().await, [("bob".to_owned(), 0.4)]);

    // More requests at a time than connections, of which none is anybody's own.
    let wrong = load(&bases, &arena, &people).await;
    let said = ["one", "other", "deaf"].map(|name| house.said(name)).concat();
    assert!(wrong.is_empty(), "{wrong:?}\n{said}");
    let judged = || async {
        let left =
            sql("select count(*) from submissions where state <> 'scored'").fetch_one(&world.pool).await;
        left.unwrap().get::<i64, _>(0) == 0
    };
    until(PATIENCE, "every file is scored", judged).await;
    let statement =
        "select count(*) from pg_stat_activity where datname = current_database() and usename = $1";
    let connections = async |user: &str| {
        let counted = sql(statement).bind(user.to_owned()).fetch_one(&world.pool).await.unwrap();
        usize::try_from(counted.get::<i64, _>(0)).unwrap()
    };
    let listeners = 2 * 2; // of two servers; the call that each made to itself may stand yet
    assert!(connections("holdout_web").await <= CONNECTIONS + listeners);
    let says_so = || async { house.said("deaf").contains("set HOLDOUT_DATABASE_DIRECT_URL") };
    until(PATIENCE, "a server that cannot be told anything says so", says_so).await;

    stop(&mut scorer).await;
    for server in servers {
        server.stop().await;
    }
    let logs = ["one", "other", "scorer"].map(|name| house.said(name)).concat();
    for complaint in ["HOLDOUT_DATABASE_DIRECT_URL", "prepared statement", "ERROR"] {
        assert!(!logs.contains(complaint), "{logs}");
    }
    assert!(!house.pooler.log().contains("prepared statement"), "{}", house.pooler.log());
    world.drain().await;
    house.world.close().await;
}
