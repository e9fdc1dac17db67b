//! The sandbox from outside: starts a cage, hands it a notebook, watches time and memory, and leaves no
//! process behind.
//!
//! Never here: a run without the cage. Where the cage does not hold, [`Sandbox::open`] says why and there is
//! no other way in.

use std::fs;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::cage;
use super::folder::RunFolder;
use super::processes;
use super::reply::{self, MOST_OUTPUT_BYTES, Outcome, OutputFile, Probe, Reply, Task};
use crate::sandboxes::process::{self, send};
use crate::sandboxes::python::{Python, Unavailable};
use crate::sandboxes::stream::{self, Share};

const SOCKET: &str = "socket";
const DRIVER: &str = include_str!("driver.py");

/// What the kernel said beside its cells.
const LOG: Share = Share { kept: 32 << 10, most: 64 << 20 };
/// Python and a kernel alone take about a quarter of this.
const LEAST_MEMORY_MB: u64 = 512;
/// The driver ends a run by itself; it is ended when it does not.
const GRACE: Duration = Duration::from_secs(60);
const PROBE_TIME: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(100);
const END_WITHIN: Duration = Duration::from_secs(10);
/// Where the probe has nothing to run cells in.
const LACKS: &str = "has no kernel with its libraries";

/// What one run may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    pub memory_mb: u64,
    /// Of the folder that it writes to, which is kept in memory.
    pub disk_mb: u64,
    /// Wall time.
    pub time: Duration,
}

impl Bounds {
    /// For each process: no more than all cores for all of the time.
    pub(super) fn cpu_seconds(&self) -> u64 {
        let cores = thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
        (self.time + GRACE).as_secs().saturating_mul(cores)
    }
}

/// Where a cage finds things.
#[derive(Debug, Clone, Copy)]
pub(super) struct Folders<'a> {
    pub root: &'a Path,
    /// With the name under which a notebook finds it; `None` where there are no data.
    pub input: Option<(&'a Path, &'a str)>,
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

/// What came of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Ran {
    pub ending: Ending,
    pub n_cells_run: u32,
    pub n_code_cells: u32,
    /// The notebook with its outputs, as far as it came.
    pub executed: Option<PathBuf>,
    pub files: Vec<OutputFile>,
    /// What was printed beside the cells, and which files were not kept.
    pub log: String,
    pub took: Duration,
}

impl Ran {
    /// A run that never came to its cells.
    pub fn fault(reason: impl Into<String>) -> Self {
        Self {
            ending: Ending::Fault(reason.into()),
            n_cells_run: 0,
            n_code_cells: 0,
            executed: None,
            files: Vec::new(),
            log: String::new(),
            took: Duration::ZERO,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// Every cell, in order, without an error.
    FromTheTop,
    /// A cell of code, counted from 1, raised an error.
    CellFailed { cell: u32, traceback: String },
    /// A bound was reached, with the sentence that says which.
    Stopped { cell: Option<u32>, reason: String },
    /// No fault of the notebook.
    Fault(String),
}

/// How a run is told to end early, and where it is.
#[derive(Debug, Default)]
pub struct Watch {
    pub at_cell: AtomicU32,
    /// Set when nobody wants the outcome any more.
    pub is_unwanted: AtomicBool,
}

impl Sandbox {
    /// Tries the sandbox of this machine, with this program as its cage: what must be shut is shut, and a kernel runs
    /// a cell.
    ///
    /// # Errors
    /// Why notebooks cannot be run here.
    pub fn of_this_program(
        python: Option<&Path>,
        bounds: Bounds,
        spools: &Path,
    ) -> Result<Self, Unavailable> {
        Self::open(&std::env::current_exe().map_err(untried)?, python, bounds, spools)
    }

    /// As [`Sandbox::of_this_program`], with another program as its cage.
    ///
    /// # Errors
    /// Why notebooks cannot be run here.
    pub fn open(
        program: &Path,
        python: Option<&Path>,
        bounds: Bounds,
        spools: &Path,
    ) -> Result<Self, Unavailable> {
        let python = Python::find(python)?;
        let bounds = Bounds { memory_mb: bounds.memory_mb.max(LEAST_MEMORY_MB), ..bounds };
        let mut sandbox = Self { program: program.to_owned(), python, bounds, versions: String::new() };
        sandbox.versions = sandbox.probe(spools)?;
        let folder = RunFolder::make(spools).map_err(untried)?;
        let ran = sandbox.run(&folder, None, FIRST_NOTEBOOK.as_bytes(), &Watch::default());
        match ran.ending {
            Ending::FromTheTop => Ok(sandbox),
            Ending::CellFailed { traceback: reason, .. }
            | Ending::Stopped { reason, .. }
            | Ending::Fault(reason) => Err(Unavailable::no_libraries(&sandbox.python, LACKS, reason)),
        }
    }

    /// Which interpreter and libraries it has.
    pub fn versions(&self) -> &str {
        &self.versions
    }

    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// Runs one notebook with the data in its folder, which it finds under `input_name`; without data where there
    /// is no name.
    pub fn run(&self, folder: &RunFolder, input_name: Option<&str>, notebook: &[u8], watch: &Watch) -> Ran {
        let task = Task::new(self.bounds.time.as_secs(), notebook, None);
        let since = Instant::now();
        let heard = self.converse(folder, input_name, &task, notebook, self.bounds.time + GRACE, watch);
        let mut ran = self.judge(heard, watch);
        ran.took = since.elapsed();
        ran
    }

    fn probe(&self, spools: &Path) -> Result<String, Unavailable> {
        let folder = RunFolder::make(spools).map_err(untried)?;
        let reachable = Reachable::open().map_err(untried)?;
        let abstract_socket = format!("holdout-{}", Uuid::now_v7());
        let address = SocketAddr::from_abstract_name(&abstract_socket);
        let _nameless = address.and_then(|address| UnixListener::bind_addr(&address)).map_err(untried)?;
        let reads = folder.whole().join("secret");
        fs::write(&reads, "secret").map_err(untried)?;
        let probe =
            Probe { reads, folder: folder.whole().to_owned(), socket: reachable.socket(), abstract_socket };
        let task = Task::new(PROBE_TIME.as_secs(), &[], Some(probe));
        let heard = self.converse(&folder, None, &task, &[], PROBE_TIME, &Watch::default());
        match heard.reply {
            Ok(Reply::Probed(probed)) if probed.open_doors.is_empty() => {
                Ok(self.python.with_libraries(&probed.versions))
            }
            Ok(Reply::Probed(probed)) => Err(Unavailable::Open(probed.open_doors.join(", "))),
            Ok(Reply::Nothing) => Err(Unavailable::NoCage(last_line(&heard.log))),
            Ok(Reply::Unfinished) => {
                Err(Unavailable::no_libraries(&self.python, LACKS, last_line(&heard.log)))
            }
            Ok(Reply::Ended { .. }) => Err(Unavailable::Untried("the probe gave another answer".to_owned())),
            Err(error) => Err(Unavailable::Untried(error.to_string())),
        }
    }

    fn converse(
        &self,
        folder: &RunFolder,
        input_name: Option<&str>,
        task: &Task,
        notebook: &[u8],
        time: Duration,
        watch: &Watch,
    ) -> Heard {
        let (root, input) = (folder.root(), folder.input());
        let folders = Folders { root: &root, input: input_name.map(|name| (input.as_path(), name)) };
        let started = self.start(&folders);
        let mut child = match started {
            Ok(child) => child,
            Err(error) => return Heard { reply: Err(error), ..Heard::default() },
        };
        let (Some(mut entrance), Some(output), Some(errors)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            end(&mut child);
            return Heard { reply: Err(io::Error::other("it has no pipes")), ..Heard::default() };
        };
        let (is_flooded, this) = (AtomicBool::new(false), thread::current());
        thread::scope(|scope| {
            scope.spawn(move || {
                // Who ends before it has read everything says why elsewhere.
                let _ = send(&mut entrance, task, &[notebook]);
            });
            let output_folder = folder.output();
            let reply = scope.spawn(move || reply::read(output, &output_folder, &watch.at_cell));
            let log = scope.spawn({
                let (is_flooded, this) = (&is_flooded, this);
                move || stream::read(errors, LOG, is_flooded, &this)
            });
            let ended_by = self.watch_over(&mut child, Instant::now() + time, &is_flooded, watch);
            Heard {
                reply: reply.join().unwrap_or_else(|_| Err(io::Error::other("the reply could not be read"))),
                log: log.join().unwrap_or_default(),
                ended_by,
            }
        })
    }

    fn start(&self, folders: &Folders<'_>) -> io::Result<Child> {
        let arguments = cage::arguments(std::process::id(), &self.bounds, &self.python, folders, DRIVER);
        process::start(&self.program, arguments)
    }

    /// Waits for the end, and brings it about where a bound is reached. What is over then is all of it.
    fn watch_over(
        &self,
        child: &mut Child,
        deadline: Instant,
        is_flooded: &AtomicBool,
        watch: &Watch,
    ) -> Option<EndedBy> {
        let mut ended_by = None;
        loop {
            match child.try_wait() {
                Ok(None) => {}
                Ok(Some(_)) | Err(_) => return ended_by,
            }
            let over = if watch.is_unwanted.load(Ordering::Relaxed) {
                Some(EndedBy::Nobody)
            } else if is_flooded.load(Ordering::Relaxed) {
                Some(EndedBy::Log)
            } else if Instant::now() >= deadline {
                Some(EndedBy::Time)
            } else {
                None
            };
            if over.is_some() {
                end(child);
                return over;
            }
            if self.end_what_takes_too_much_memory(child.id()) {
                ended_by = Some(EndedBy::Memory);
            }
            thread::park_timeout(LOOK_EVERY);
        }
    }

    /// The largest process; with the driver, everything. `true` when one was ended.
    fn end_what_takes_too_much_memory(&self, cage: u32) -> bool {
        let most = self.bounds.memory_mb << 20;
        let inside = processes::below(cage);
        // Pages that several processes share are counted once only where the quick sum is too large.
        if inside.iter().map(|process| process.resident_bytes).sum::<u64>() <= most {
            return false;
        }
        let weighed: Vec<_> = inside.iter().map(|process| (process.own_bytes(), process)).collect();
        if weighed.iter().map(|(bytes, _)| bytes).sum::<u64>() <= most {
            return false;
        }
        if let Some((_, largest)) = weighed.iter().max_by_key(|(bytes, _)| *bytes) {
            largest.kill();
        }
        true
    }

    fn judge(&self, heard: Heard, watch: &Watch) -> Ran {
        let at_cell = Some(watch.at_cell.load(Ordering::Relaxed)).filter(|cell| *cell > 0);
        let n_cells_run = at_cell.map_or(0, |cell| cell - 1);
        let mut ran = Ran { n_cells_run, log: heard.log, ..Ran::fault("") };
        let stopped = |reason: String| Ending::Stopped { cell: at_cell, reason };
        ran.ending = match (heard.reply, heard.ended_by) {
            (Ok(Reply::Ended { ended, executed, files }), ended_by) => {
                ran.n_cells_run = ended.n_run;
                ran.n_code_cells = ended.n_code;
                ran.executed = executed;
                ran.files = files;
                if ended.n_left_out > 0 {
                    ran.log.push_str(&format!("\n{}\n", self.left_out(ended.n_left_out)));
                }
                match (ended.outcome, ended.failed_cell) {
                    // Its processes were ended, though no cell noticed.
                    (Outcome::Ran, _) if ended_by == Some(EndedBy::Memory) => {
                        Ending::Stopped { cell: None, reason: self.reason("memory", None) }
                    }
                    (Outcome::Ran, _) => Ending::FromTheTop,
                    (Outcome::CellFailed, Some(cell)) => Ending::CellFailed { cell, traceback: ended.text },
                    (Outcome::Stopped, cell) => {
                        Ending::Stopped { cell, reason: self.reason(&ended.text, ended_by) }
                    }
                    (Outcome::CellFailed | Outcome::Broken, _) => Ending::Fault(ended.text),
                }
            }
            (_, Some(EndedBy::Nobody)) => Ending::Fault("nobody waits for it any more".to_owned()),
            (_, Some(EndedBy::Time)) => stopped(self.reason("time", None)),
            (_, Some(EndedBy::Memory)) => stopped(self.reason("memory", None)),
            (_, Some(EndedBy::Log)) => {
                stopped(format!("It printed more than {} MB beside its cells.", LOG.most >> 20))
            }
            (Ok(Reply::Unfinished), None) => {
                Ending::Fault(format!("the driver of the kernel ended: {}", last_line(&ran.log)))
            }
            (Ok(Reply::Nothing | Reply::Probed(_)), None) => {
                Ending::Fault(format!("the sandbox could not be started: {}", last_line(&ran.log)))
            }
            (Err(error), None) => Ending::Fault(format!("what came out could not be read: {error}")),
        };
        ran
    }

    fn reason(&self, word: &str, ended_by: Option<EndedBy>) -> String {
        let Bounds { memory_mb, time, .. } = self.bounds;
        match (word, ended_by) {
            ("time", _) => format!("It took longer than the {} that a run may take.", spoken(time)),
            ("output", _) => {
                format!("Its cells put out more than {} MB, the most that is kept.", MOST_OUTPUT_BYTES >> 20)
            }
            ("memory", _) | (_, Some(EndedBy::Memory)) => {
                format!("It used more than the {memory_mb} MB of memory that a run may use.")
            }
            _ => "Its kernel ended in the middle of a cell, as happens when a library breaks or the code ends it."
                .to_owned(),
        }
    }

    fn left_out(&self, n_left_out: u32) -> String {
        format!(
            "{n_left_out} output files were not kept: at most {} files of {} MB together are.",
            reply::MOST_FILES,
            reply::MOST_FILE_BYTES >> 20
        )
    }
}

/// What the first run of a sandbox runs.
const FIRST_NOTEBOOK: &str = r#"{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "code",
"id": "a", "metadata": {}, "execution_count": null, "outputs": [], "source": "import socket; socket.socketpair()"}]}"#;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EndedBy {
    Nobody,
    Time,
    Memory,
    Log,
}

struct Heard {
    reply: io::Result<Reply>,
    log: String,
    ended_by: Option<EndedBy>,
}

impl Default for Heard {
    fn default() -> Self {
        Self { reply: Ok(Reply::Nothing), log: String::new(), ended_by: None }
    }
}

fn untried(error: io::Error) -> Unavailable {
    Unavailable::Untried(error.to_string())
}

fn last_line(log: &str) -> String {
    log.trim().lines().last().unwrap_or("it ended without a word").to_owned()
}

fn spoken(time: Duration) -> String {
    match time.as_secs() {
        seconds if seconds % 60 == 0 && seconds > 60 => format!("{} minutes", seconds / 60),
        seconds => format!("{seconds} seconds"),
    }
}

/// Ends the first process of the namespace, with which all others end, and takes leave of the cage.
fn end(cage: &mut Child) {
    let until = Instant::now() + END_WITHIN;
    while Instant::now() < until {
        processes::below(cage.id()).iter().for_each(|process| process.kill());
        if !matches!(cage.try_wait(), Ok(None)) {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    process::end(cage);
}

/// A socket that everybody on this machine may connect to. Its address is short: the kernel takes 108 bytes.
struct Reachable {
    folder: PathBuf,
    _listening: UnixListener,
}

impl Reachable {
    fn open() -> io::Result<Self> {
        let folder = std::env::temp_dir().join(format!("holdout-{}", Uuid::new_v4().simple()));
        fs::create_dir(&folder)?;
        let socket = folder.join(SOCKET);
        let listening = UnixListener::bind(&socket).inspect_err(|_| _ = fs::remove_dir(&folder))?;
        let reachable = Self { folder, _listening: listening };
        for open in [&reachable.folder, &socket] {
            fs::set_permissions(open, fs::Permissions::from_mode(0o777))?;
        }
        Ok(reachable)
    }

    fn socket(&self) -> PathBuf {
        self.folder.join(SOCKET)
    }
}

impl Drop for Reachable {
    fn drop(&mut self) {
        _ = fs::remove_dir_all(&self.folder);
    }
}
