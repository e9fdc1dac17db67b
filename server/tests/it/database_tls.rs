//! A database that is reached over TLS alone, and that proves to be the one that was meant.

use std::fs;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use holdout::database::ROLE;
use holdout::house::identity::Identity;
use holdout_contract::database;
use sqlx::{Connection as _, PgConnection, Row};

use crate::world::{Folder, require_success, server_binary, sql};

/// A cluster of its own that takes no connection in the clear.
struct Encrypted {
    folder: Folder,
    programs: PathBuf,
    identity: Option<Identity>,
    port: u16,
}

impl Encrypted {
    fn start() -> Self {
        let folder = Folder::new();
        let identity = Identity::for_postgres().unwrap();
        if let Some(identity) = identity {
            identity.own(folder.path()).unwrap();
        }
        let psql = PathBuf::from(std::env::var("HOLDOUT_PSQL").expect("scripts/with-postgres"));
        let programs = psql.parent().unwrap().to_owned();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let cluster = Self { folder, programs, identity, port };
        cluster.run(cluster.programs.join("initdb"), "-D cluster -U postgres -A trust --no-sync");
        cluster.certify();
        let rules = "local all all trust\nhostssl all all all trust\n";
        fs::write(cluster.path("cluster/pg_hba.conf"), rules).unwrap();
        let settings = format!(
            "-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={} -c fsync=off -c ssl=on \
             -c ssl_cert_file=../server.pem -c ssl_key_file=../server.key",
            cluster.folder.path().display()
        );
        let mut start = cluster.command(cluster.programs.join("pg_ctl"));
        start.args(["-D", "cluster", "-l", "log", "-w", "-o", &settings, "start"]);
        require_success(&start.output().unwrap());
        cluster
    }

    /// An authority, what it says of `localhost`, and another authority.
    fn certify(&self) {
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
        for authority in ["ours", "another"] {
            let made = format!(
                "req -x509 {key} -keyout {authority}.key -out {authority}.pem -days 2 -subj /CN={authority}"
            );
            self.run("openssl", &made);
        }
        self.run("openssl", &format!("req {key} -keyout server.key -out server.csr -subj /CN=database"));
        fs::write(self.path("names"), "subjectAltName=DNS:localhost\n").unwrap();
        let signed =
            "x509 -req -in server.csr -CA ours.pem -CAkey ours.key -CAcreateserial -days 2 -extfile names";
        self.run("openssl", &format!("{signed} -out server.pem"));
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, program: impl Into<PathBuf>, words: &str) {
        require_success(&self.command(program).args(words.split(' ')).output().unwrap());
    }

    fn command(&self, program: impl Into<PathBuf>) -> Command {
        let mut command = Command::new(program.into());
        command.current_dir(self.folder.path());
        if let Some(Identity { uid, gid }) = self.identity {
            command.uid(uid).gid(gid);
        }
        command
    }

    fn address(&self, host: &str, manner: &str) -> String {
        format!("postgres://postgres@{host}:{}/postgres?{manner}", self.port)
    }

    fn verified_by(&self, authority: &str) -> String {
        format!("sslmode=verify-full&sslrootcert={}", self.path(&format!("{authority}.pem")).display())
    }
}

impl Drop for Encrypted {
    fn drop(&mut self) {
        let mut stop = self.command(self.programs.join("pg_ctl"));
        let _ = stop.args(["-D", "cluster", "-m", "immediate", "stop"]).output();
    }
}

/// A file below none of the folders that a confined server may read.
struct Elsewhere(PathBuf);

impl Elsewhere {
    fn holding(content: &[u8]) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("ca-{}", uuid::Uuid::new_v4()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("ca.pem"), content).unwrap();
        Self(folder)
    }

    fn file(&self) -> PathBuf {
        self.0.join("ca.pem")
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn migrate(address: &str) -> Output {
    Command::new(server_binary()).arg("migrate").env("DATABASE_URL", address).output().unwrap()
}

#[tokio::test]
async fn a_database_is_reached_over_tls_and_has_to_be_the_one_that_was_meant() {
    let cluster = Encrypted::start();
    for (address, complaint) in [
        (cluster.address("localhost", "sslmode=disable"), "no encryption"),
        (cluster.address("localhost", &cluster.verified_by("another")), "certificate"),
        (cluster.address("127.0.0.1", &cluster.verified_by("ours")), "certificate"),
    ] {
        let refused = migrate(&address);
        let told = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && told.contains(complaint), "{address}: {told}");
    }
    let address = cluster.address("localhost", &cluster.verified_by("ours"));
    require_success(&migrate(&address));
    // As servers, scorers and runners connect, each as its role.
    let options = database::with_role(&address, ROLE).unwrap();
    let db = database::pool(ROLE).max_connections(1).connect_with(options).await.unwrap();
    db.close().await;
    let mut owner = PgConnection::connect_with(&database::as_named(&address).unwrap()).await.unwrap();
    let told = sql("select ssl, version from pg_stat_ssl where pid = pg_backend_pid()");
    let told = told.fetch_one(&mut owner).await.unwrap();
    assert!(told.get::<bool, _>(0) && told.get::<String, _>(1).starts_with("TLSv1."));
    owner.close().await.unwrap();
}

#[tokio::test]
async fn a_confined_server_knows_the_authority_of_each_database_wherever_its_file_lies() {
    let cluster = Encrypted::start();
    require_success(&migrate(&cluster.address("localhost", &cluster.verified_by("ours"))));
    let (folder, authority) =
        (Folder::new(), Elsewhere::holding(&fs::read(cluster.path("ours.pem")).unwrap()));
    let program = |verb: &str| {
        let mut command = Command::new(server_binary());
        command.arg(verb).env("HOLDOUT_DATA_DIR", folder.path());
        command
    };
    require_success(&program("confined").arg(authority.file()).output().unwrap());
    let address = |name: &str| {
        let verified = format!("sslmode=verify-full&sslrootcert={}", authority.file().display());
        cluster.address("localhost", &format!("{verified}&application_name={name}"))
    };
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut serve = program("serve");
    serve
        .env("HOLDOUT_LISTEN", format!("127.0.0.1:{port}"))
        .env("DATABASE_URL", address("primary"))
        .env("HOLDOUT_DATABASE_DIRECT_URL", address("direct"))
        .env("HOLDOUT_DATABASE_REPLICA_URL", address("replica"))
        .stdout(Stdio::null());
    let mut server = Server(serve.spawn().unwrap());
    let mut owner =
        PgConnection::connect_with(&database::as_named(&address("owner")).unwrap()).await.unwrap();
    for tries_left in (0..600).rev() {
        let told =
            sql("select count(distinct application_name) from pg_stat_activity join pg_stat_ssl using (pid)
                        where ssl and application_name in ('primary', 'direct', 'replica')");
        if told.fetch_one(&mut owner).await.unwrap().get::<i64, _>(0) == 3 {
            break;
        }
        assert_eq!(server.0.try_wait().unwrap(), None, "the server ended instead of serving");
        assert!(tries_left > 0, "it reaches none of the databases or not all");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    owner.close().await.unwrap();

    let mut misled = program("serve");
    misled.env("DATABASE_URL", cluster.address("localhost", "sslrootcert=/none/ca.pem"));
    let told = misled.output().unwrap();
    let words = String::from_utf8_lossy(&told.stderr).into_owned();
    assert!(!told.status.success() && words.contains("DATABASE_URL: /none/ca.pem"), "{words}");
}
