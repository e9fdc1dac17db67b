//! A house whose processes can be killed one by one, and somebody who starts its supervisor again
//! when that ends, as a service manager does.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::dice::Dice;
use crate::machine::Machine;
use crate::s3::{self, Proxy, S3};

const N_SCORERS: &str = "2";

/// Where a house keeps its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeping {
    InFolder,
    InBucket,
}

pub struct House {
    pub machine: Machine,
    folder: PathBuf,
    port: u16,
    bucket: Option<Bucket>,
    supervisor: Option<Child>,
}

/// A bucket on the same machine, and the way to it.
struct Bucket {
    s3: S3,
    way: Arc<Proxy>,
}

/// Of a hundred calls to a bucket, while the storm lasts.
const FAILING_PERCENT: u64 = 50;

impl House {
    pub fn new(keeping: Keeping, seed: u64) -> Self {
        let folder = std::env::temp_dir().join(format!("holdout-faults-{}", uuid::Uuid::new_v4().simple()));
        let data = folder.join("data");
        fs::create_dir_all(&data).unwrap();
        let machine = Machine::new(&folder.join("machine"), &data);
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let bucket = (keeping == Keeping::InBucket).then(|| {
            // On the same machine: signatures name the time, which both sides must agree about.
            let s3 = S3::start_with(&folder.join("s3"), |command| machine.carry(command));
            let way = Arc::new(Proxy::start(s3.port(), seed));
            Bucket { s3, way }
        });
        Self { machine, folder, port, bucket, supervisor: None }
    }

    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Where the stored files lie, whatever is between the house and them.
    pub fn files(&self) -> PathBuf {
        self.bucket.as_ref().map_or_else(|| self.data().join("files"), |bucket| bucket.s3.folder())
    }

    /// Has half of the calls to a bucket fail from now on; a folder is left alone.
    pub fn begin_to_fail(&self) {
        if let Some(bucket) = &self.bucket {
            bucket.way.fail(FAILING_PERCENT);
        }
    }

    pub fn fail_no_more(&self) {
        if let Some(bucket) = &self.bucket {
            bucket.way.fail(0);
        }
    }

    /// Has a folder come and go for `lasts`, or no call to a bucket succeed.
    pub fn fail_storage(&self, lasts: Duration, dice: Dice) -> JoinHandle<()> {
        let Some(bucket) = &self.bucket else { return self.machine.fail_storage(self.files(), lasts, dice) };
        let way = bucket.way.clone();
        std::thread::spawn(move || {
            way.fail(100);
            std::thread::sleep(lasts);
            way.fail(FAILING_PERCENT);
        })
    }

    /// Calls to a bucket that failed, and all.
    pub fn n_failed_calls(&self) -> Option<(u64, u64)> {
        self.bucket.as_ref().map(|bucket| (bucket.way.n_failed(), bucket.way.n_calls()))
    }

    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Starts the supervisor unless it runs; to be called now and then.
    pub fn keep(&mut self) {
        if let Some(supervisor) = &mut self.supervisor
            && supervisor.try_wait().unwrap().is_none()
        {
            return;
        }
        let words = File::options().create(true).append(true).open(self.folder.join("words")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_holdout"));
        command
            .args(["up", "--empty", "--scorers", N_SCORERS])
            .env_remove("DATABASE_URL")
            .env("HOLDOUT_DATA_DIR", self.data())
            .env("HOLDOUT_LISTEN", format!("127.0.0.1:{}", self.port))
            .env("HOLDOUT_API_REQUESTS_A_MINUTE", "0")
            .stdout(words.try_clone().unwrap())
            .stderr(words);
        match &self.bucket {
            None => command.env("HOLDOUT_FILES", self.files()),
            Some(bucket) => command
                .env("HOLDOUT_FILES", s3::address())
                .envs(s3::environment(bucket.way.port(), s3::SECRET_KEY)),
        };
        self.machine.carry(&mut command);
        self.supervisor = Some(command.spawn().unwrap());
    }

    pub fn is_ready(&self) -> bool {
        ureq::get(format!("{}/readyz", self.address())).call().is_ok()
    }

    /// Waits, and keeps the house meanwhile.
    pub fn wait(&mut self, patience: Duration, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        let start = Instant::now();
        loop {
            self.keep();
            if holds(self) {
                return;
            }
            assert!(start.elapsed() < patience, "not within {patience:?}: {what}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Kills one process whose command line has `word`; `false` when there is none at the moment.
    pub fn kill(&self, word: &str, dice: &mut Dice) -> bool {
        let found = self.processes(word);
        !found.is_empty() && kill(*dice.pick(&found))
    }

    /// Kills one of the processes that PostgreSQL has for its connections.
    pub fn kill_connection(&self, dice: &mut Dice) -> bool {
        let Some(database) = self.processes("cluster").first().copied() else { return false };
        let connections: Vec<i32> = children_of(database)
            .into_iter()
            .filter(|pid| read(&format!("/proc/{pid}/cmdline")).contains("holdout"))
            .collect();
        !connections.is_empty() && kill(*dice.pick(&connections))
    }

    pub fn kill_supervisor(&mut self) -> bool {
        let Some(mut supervisor) = self.supervisor.take() else { return false };
        supervisor.kill().unwrap();
        supervisor.wait().unwrap();
        true
    }

    /// Ends the house as Ctrl-C does and removes what it left.
    pub fn close(mut self) {
        let mut supervisor = self.supervisor.take().expect("a house that runs");
        kill_process(Pid::from_child(&supervisor), Signal::INT).unwrap();
        assert!(supervisor.wait().unwrap().success(), "it stops cleanly");
        self.bucket = None;
        assert!(self.processes("").is_empty(), "nothing is left running");
        fs::remove_dir_all(&self.folder).unwrap();
    }

    /// Processes of this house with `wanted` as a word of their command line; all for an empty word.
    fn processes(&self, wanted: &str) -> Vec<i32> {
        let folder = self.data().display().to_string();
        let mut found = pids();
        found.retain(|pid| {
            let command = read(&format!("/proc/{pid}/cmdline"));
            let is_ours =
                command.contains(&folder) || read(&format!("/proc/{pid}/environ")).contains(&folder);
            is_ours && (wanted.is_empty() || command.split('\0').any(|word| last_part(word) == wanted))
        });
        found
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let Some(mut supervisor) = self.supervisor.take() else { return };
        let _ = kill_process(Pid::from_child(&supervisor), Signal::INT);
        let _ = supervisor.wait();
        let words = read(&self.folder.join("words").display().to_string());
        let lines: Vec<&str> = words.lines().collect();
        eprintln!("{}", lines[lines.len().saturating_sub(60)..].join("\n"));
        eprintln!("what is left of the house lies in {}", self.folder.display());
    }
}

fn last_part(word: &str) -> &str {
    Path::new(word).file_name().and_then(|name| name.to_str()).unwrap_or(word)
}

fn kill(pid: i32) -> bool {
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).is_ok()
}

fn pids() -> Vec<i32> {
    let listed = fs::read_dir("/proc").unwrap().flatten();
    listed.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

fn children_of(parent: i32) -> Vec<i32> {
    let mut found = pids();
    found.retain(|pid| {
        let status = read(&format!("/proc/{pid}/status"));
        status
            .lines()
            .any(|line| line.strip_prefix("PPid:").is_some_and(|of| of.trim() == parent.to_string()))
    });
    found
}

fn read(path: &str) -> String {
    fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}
