//! The sandbox from outside: starts a cage, hands it its task, reads the verdict, and ends it when it
//! takes too long or says too much.
//!
//! Never here: a call without the cage. Where the cage does not hold, [`Sandbox::open`] says why and
//! there is no other way in.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::cage;
use super::verdict::{Task, Verdict};
use crate::sandboxes::process::{self, end, send};
use crate::sandboxes::python::{Python, Unavailable};
use crate::sandboxes::stream::{self, Share};

const DRIVER: &str = include_str!("driver.py");
pub(super) const READY: &str = "ready\n";

/// An answer is one line; its longest part is a traceback.
const ANSWER: Share = Share { kept: 128 << 10, most: 256 << 10 };
/// What the metric printed, for the host.
const PRINTED: Share = Share { kept: 4 << 10, most: 64 << 20 };
/// An interpreter alone takes about half of this.
const LEAST_MEMORY_MB: u64 = 512;
const PROBE_TIME: Duration = Duration::from_secs(60);
/// Where the probe ends before it says anything.
const LACKS: &str = "cannot load pandas, numpy and scikit-learn";
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What one call may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    pub memory_mb: u64,
    /// Wall time.
    pub time: Duration,
}

/// A sandbox that was tried and holds.
#[derive(Debug, Clone)]
pub struct Sandbox {
    /// This program, which becomes the cage.
    program: PathBuf,
    python: Python,
    bounds: Bounds,
    /// The interpreter and the libraries in it.
    versions: String,
}

/// How a call ended without a verdict.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Ended {
    #[error("it took longer than the {} seconds that it may take", .0.as_secs())]
    TooLong(Duration),
    #[error("it printed more than {} MB", PRINTED.most >> 20)]
    TooLoud,
    #[error(
        "it was ended by the system ({0}), as happens when too little memory is left or a library breaks"
    )]
    Killed(String),
    #[error("it ended without an answer")]
    Silent,
    #[error("it gave an answer that is none")]
    Garbled,
    /// No fault of the metric.
    #[error("the sandbox could not be started: {0}")]
    NotStarted(String),
}

/// What came out of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    pub outcome: Result<Verdict, Ended>,
    /// What the metric printed: for the host alone.
    pub printed: String,
}

impl Sandbox {
    /// Tries the sandbox of this machine, with this program as its cage.
    ///
    /// # Errors
    /// Why metrics written by hosts cannot run here.
    pub fn of_this_program(python: Option<&Path>, bounds: Bounds) -> Result<Self, Unavailable> {
        let program = std::env::current_exe().map_err(|error| Unavailable::Untried(error.to_string()))?;
        Self::open(&program, python, bounds)
    }

    /// As [`Sandbox::of_this_program`], with another program as its cage.
    ///
    /// # Errors
    /// Why metrics written by hosts cannot run here.
    pub fn open(program: &Path, python: Option<&Path>, bounds: Bounds) -> Result<Self, Unavailable> {
        let python = Python::find(python)?;
        let bounds = Bounds { memory_mb: bounds.memory_mb.max(LEAST_MEMORY_MB), ..bounds };
        let mut sandbox = Self { program: program.to_owned(), python, bounds, versions: String::new() };
        sandbox.versions = sandbox.probe()?;
        Ok(sandbox)
    }

    /// Which interpreter and libraries it has.
    pub fn versions(&self) -> &str {
        &self.versions
    }

    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// Does one task; `tables` follow its line.
    pub fn call<const N: usize>(&self, task: &Task<'_>, tables: [&[u8]; N], time: Duration) -> Reply {
        match self.start(time) {
            Ok(child) => converse(child, task, tables, time),
            Err(error) => {
                Reply { outcome: Err(Ended::NotStarted(error.to_string())), printed: String::new() }
            }
        }
    }

    pub(super) fn start(&self, time: Duration) -> io::Result<Child> {
        let arguments = cage::arguments(
            std::process::id(),
            self.bounds.memory_mb,
            time.as_secs() + 1,
            &self.python,
            DRIVER,
        );
        process::start(&self.program, arguments)
    }

    /// Has a task of ours try what must be forbidden, next to what must be there.
    fn probe(&self) -> Result<String, Unavailable> {
        let own = std::env::temp_dir().join(format!("holdout-probe-{}", std::process::id()));
        let task =
            Task::Probe { reads: "/etc/passwd", writes: &own.to_string_lossy(), signals: std::process::id() };
        let reply = self.call(&task, [&[], &[]], PROBE_TIME);
        match reply.outcome {
            Ok(Verdict::Probed { open_doors, versions }) if open_doors.is_empty() => {
                Ok(self.python.with_libraries(&versions))
            }
            Ok(Verdict::Probed { open_doors, .. }) => Err(Unavailable::Open(open_doors.join(", "))),
            Ok(Verdict::Failed { text }) => {
                let last = text.trim().lines().last().unwrap_or_default().to_owned();
                Err(Unavailable::no_libraries(&self.python, LACKS, last))
            }
            Ok(_) => Err(Unavailable::Untried("the probe gave another answer".to_owned())),
            Err(Ended::NotStarted(reason)) => Err(Unavailable::NoCage(reason)),
            Err(ended) => Err(Unavailable::Untried(ended.to_string())),
        }
    }
}

fn converse<const N: usize>(mut child: Child, task: &Task<'_>, tables: [&[u8]; N], time: Duration) -> Reply {
    let deadline = Instant::now() + time;
    let (Some(mut input), Some(output), Some(errors)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        end(&mut child);
        return Reply {
            outcome: Err(Ended::NotStarted("it has no pipes".to_owned())),
            printed: String::new(),
        };
    };
    let flooded = AtomicBool::new(false);
    let this = thread::current();
    thread::scope(|scope| {
        scope.spawn(move || {
            // A metric that does not read to the end closes the pipe; its answer says why.
            let _ = send(&mut input, task, &tables);
        });
        let answer = scope.spawn(|| stream::read(output, ANSWER, &flooded, &this));
        let printed = scope.spawn(|| stream::read(errors, PRINTED, &flooded, &this));
        let ended = wait(&mut child, deadline, &flooded);
        let answer = answer.join().unwrap_or_default();
        let printed = printed.join().unwrap_or_default();
        let outcome = match ended {
            Waited::TooLoud => Err(Ended::TooLoud),
            Waited::TooLong => Err(Ended::TooLong(time)),
            Waited::Ended(status) => read_answer(&answer, status, &printed),
        };
        Reply { outcome, printed }
    })
}

enum Waited {
    Ended(ExitStatus),
    TooLong,
    TooLoud,
}

fn wait(child: &mut Child, deadline: Instant, flooded: &AtomicBool) -> Waited {
    loop {
        let over = if flooded.load(Ordering::Relaxed) {
            Some(Waited::TooLoud)
        } else if Instant::now() >= deadline {
            Some(Waited::TooLong)
        } else {
            None
        };
        if let Some(over) = over {
            end(child);
            return over;
        }
        match child.try_wait() {
            Ok(Some(status)) if flooded.load(Ordering::Relaxed) => {
                let _ = status;
                return Waited::TooLoud;
            }
            Ok(Some(status)) => return Waited::Ended(status),
            Ok(None) => thread::park_timeout(LOOK_EVERY),
            Err(_) => {
                end(child);
                return Waited::TooLong;
            }
        }
    }
}

fn read_answer(answer: &str, status: ExitStatus, printed: &str) -> Result<Verdict, Ended> {
    let Some(rest) = answer.strip_prefix(READY) else {
        let last = printed.trim().lines().last().unwrap_or("it ended at once without a word");
        return Err(Ended::NotStarted(last.to_owned()));
    };
    match rest.lines().next() {
        Some(line) => serde_json::from_str(line).map_err(|_| Ended::Garbled),
        None => Err(match status.signal() {
            Some(signal) if signal == libc::SIGXCPU => Ended::Killed("too much computing time".to_owned()),
            Some(signal) => Ended::Killed(format!("signal {signal}")),
            None => Ended::Silent,
        }),
    }
}
