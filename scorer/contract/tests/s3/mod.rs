//! A real S3 server for tests, which checks every signature, and a way to it that fails as often as
//! a test wants.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use holdout_contract::place::Place;

mod proxy;

pub use proxy::Proxy;

const ACCESS_KEY: &str = "test-key";
/// Recognisable where it must not be.
pub const SECRET_KEY: &str = "secret-of-the-store";
const BUCKET: &str = "files";
const PREFIX: &str = "house";
/// The first use of it may install the server.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server with one bucket, which ends with this value.
pub struct S3 {
    root: PathBuf,
    port: u16,
    process: Child,
}

impl S3 {
    /// Starts a server that keeps its objects as files below `root`.
    pub fn start(root: &Path) -> Self {
        Self::start_with(root, |_| {})
    }

    /// As [`S3::start`], with a word to the process before it starts.
    pub fn start_with(root: &Path, prepare: impl FnOnce(&mut Command)) -> Self {
        std::fs::create_dir_all(root.join(BUCKET)).unwrap();
        let port = free_port();
        let mut command = Command::new(program());
        command
            .args(["--host", "127.0.0.1", "--access-key", ACCESS_KEY, "--secret-key", SECRET_KEY])
            .args(["--port", &port.to_string()])
            .arg(root)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        prepare(&mut command);
        let process = command.spawn().unwrap();
        let waited = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(waited.elapsed() < PATIENCE, "the S3 server does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { root: root.to_owned(), port, process }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where the stored files lie as plain files.
    pub fn folder(&self) -> PathBuf {
        self.root.join(BUCKET).join(PREFIX)
    }

    pub fn place(&self) -> Place {
        self.place_by(self.port)
    }

    /// The same bucket, reached through another port.
    pub fn place_by(&self, port: u16) -> Place {
        place_of(&environment(port, SECRET_KEY))
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The address of the bucket, for `HOLDOUT_FILES`.
pub fn address() -> String {
    format!("s3://{BUCKET}/{PREFIX}")
}

/// How the bucket is reached, as environment variables say it.
pub fn environment(port: u16, secret_key: &str) -> Vec<(String, String)> {
    let variables = [
        ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}")),
        ("AWS_REGION", "us-east-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", secret_key.to_owned()),
    ];
    variables.map(|(name, value)| (name.to_owned(), value)).to_vec()
}

pub fn place_of(environment: &[(String, String)]) -> Place {
    Place::read(&address(), environment.to_vec()).unwrap()
}

pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn program() -> PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|folder| folder.join("scripts/s3-server"))
        .find(|script| script.exists());
    let output = Command::new(script.unwrap()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
}
