//! The warm child as its parent sees it: started when first needed, bounded in memory and time,
//! replaced when it breaks. A broken child is the platform's fault, never a participant's.
//!
//! Never here: the environment handed down but for what finds a GPU, a database connection, what the child prints.

use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use holdout_evaluator::Choice;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::{Instant, sleep, sleep_until};

use super::message::{Answer, Reply, Request, receive_async, send_async};
use crate::custom::sandbox;
use crate::evaluate;

const WATCH_EVERY: Duration = Duration::from_millis(25);

/// How a child is started and what it may use.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// The scorer's own program.
    pub program: PathBuf,
    pub files: PathBuf,
    pub key: PathBuf,
    /// The Python for metrics that hosts write; the system's, unless named.
    pub python: Option<PathBuf>,
    /// Whether the child uses a GPU; where it cannot any more, it says so and does without.
    pub gpu: Choice,
    pub memory_mb: u64,
    /// Wall time of one job.
    pub job_time: Duration,
}

/// Time of a job that is kept from a host's metric, for reading the files and trying the sandbox; at
/// most half of the job's time.
const READING_TIME: Duration = Duration::from_secs(60);

impl Bounds {
    /// What a host's metric may use. It runs beside the child, and has the memory of a job for itself.
    pub fn of_metric(&self) -> sandbox::Bounds {
        let kept = READING_TIME.min(self.job_time / 2);
        sandbox::Bounds { memory_mb: self.memory_mb, time: self.job_time - kept }
    }
}

/// Why there is no answer; the texts are for the host.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    #[error("the scoring process stopped in the middle of its work")]
    Died,
    #[error("the work needed more than the {0} MB of memory that one job may use")]
    TooMuchMemory(u64),
    #[error("the work took longer than the {0} seconds that one job may take")]
    TooLong(u64),
    #[error("the scoring process could not be started")]
    CannotStart(#[source] io::Error),
}

/// A child that stays alive between jobs.
pub struct Warm {
    bounds: Bounds,
    resting: Option<Running>,
    has_lost_gpu: bool,
}

struct Running {
    process: Child,
    input: ChildStdin,
    output: ChildStdout,
}

impl Running {
    /// One that ended while it rested is no fault of the job that comes next.
    fn alive(mut self) -> Option<Self> {
        matches!(self.process.try_wait(), Ok(None)).then_some(self)
    }
}

impl Warm {
    pub fn new(bounds: Bounds) -> Self {
        Self { bounds, resting: None, has_lost_gpu: false }
    }

    /// Whether a child came to do without its GPU for good, once.
    pub fn take_lost_gpu(&mut self) -> bool {
        std::mem::take(&mut self.has_lost_gpu)
    }

    /// Wall time that a question may take.
    pub fn job_time(&self) -> Duration {
        self.bounds.job_time
    }

    /// Asks the child. Dropped before it is ready, this ends the child.
    ///
    /// # Errors
    /// [`Broken`]; the child is gone then, and the next question starts another.
    pub async fn ask(&mut self, request: &Request) -> Result<Answer, Broken> {
        let mut running = match self.resting.take().and_then(Running::alive) {
            Some(running) => running,
            None => self.start().map_err(Broken::CannotStart)?,
        };
        let deadline = Instant::now() + self.bounds.job_time;
        let memory_bytes = self.bounds.memory_mb << 20;
        let pid = running.process.id();
        let outcome = tokio::select! {
            answer = exchange(&mut running, request) => answer.map_err(|_| Broken::Died),
            () = sleep_until(deadline) => Err(Broken::TooLong(self.bounds.job_time.as_secs())),
            () = outgrown(pid, memory_bytes) => Err(Broken::TooMuchMemory(self.bounds.memory_mb)),
        };
        match outcome {
            Ok(Reply { answer, gpu_failure, has_lost_gpu }) => {
                if let Some(failure) = gpu_failure {
                    tracing::warn!(failure, "the processor did the work of the GPU");
                }
                self.has_lost_gpu |= has_lost_gpu;
                self.resting = Some(running);
                Ok(answer)
            }
            Err(broken) => {
                let _ = running.process.kill().await;
                Err(broken)
            }
        }
    }

    /// The process id of the child that rests between two jobs.
    pub fn resting_pid(&self) -> Option<u32> {
        self.resting.as_ref().and_then(|running| running.process.id())
    }

    fn start(&self) -> io::Result<Running> {
        let mut process = Command::new(&self.bounds.program)
            .arg("child")
            .arg("--files")
            .arg(&self.bounds.files)
            .arg("--key")
            .arg(&self.bounds.key)
            .arg("--memory-mb")
            .arg(self.bounds.memory_mb.to_string())
            .arg("--metric-seconds")
            .arg(self.bounds.of_metric().time.as_secs_f64().to_string())
            .arg("--gpu")
            .arg(self.bounds.gpu.as_str())
            .args(self.bounds.python.iter().flat_map(|python| ["--python".as_ref(), python.as_os_str()]))
            .env_clear()
            .envs(evaluate::environment_of_device())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let pipes = process.stdin.take().zip(process.stdout.take());
        let (input, output) = pipes.ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Running { process, input, output })
    }
}

async fn exchange(running: &mut Running, request: &Request) -> io::Result<Reply> {
    send_async(&mut running.input, request).await?;
    receive_async(&mut running.output).await
}

/// Ready once the process holds more than `limit_bytes` of memory.
async fn outgrown(pid: Option<u32>, limit_bytes: u64) {
    loop {
        if pid.and_then(resident_bytes).is_some_and(|bytes| bytes > limit_bytes) {
            return;
        }
        sleep(WATCH_EVERY).await;
    }
}

/// Memory of its own that a process holds; pages of mapped files are not counted.
fn resident_bytes(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? << 10)
}
