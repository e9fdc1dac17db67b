//! The cage of a notebook: this program, started anew, moves into namespaces of its own, in which there is
//! nothing but Python, the competition's data and a bounded disk, gives up every right, and starts Python
//! as the first process there. With that process, everything in the cage ends.
//!
//! Never here: a way on without one of these steps. What the kernel refuses ends the cage with the reason.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::Context;
use clap::Args;
use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreatedAttr,
    path_beneath_rules,
};
use rustix::process::{DumpableBehavior, Resource, Signal};
use rustix::thread::{UnshareFlags, set_no_new_privs};

use super::mounts::{self, View, WRITABLE};
use super::syscalls;
use crate::sandboxes::process::python_arguments;
use crate::sandboxes::python::Python;
use crate::sandboxes::rights::{become_nobody, bound, end_with, hand_down_nothing};

/// What a cage may use; written by [`super::sandbox::Sandbox`].
#[derive(Debug, Args)]
pub struct NotebookCageArgs {
    /// The process that started it, and with which it ends.
    #[arg(long)]
    parent: u32,
    #[arg(long)]
    memory_mb: u64,
    #[arg(long)]
    disk_mb: u64,
    #[arg(long)]
    cpu_seconds: u64,
    /// Files and folders of the interpreter.
    #[arg(long)]
    read: Vec<PathBuf>,
    /// An empty folder for the root.
    #[arg(long)]
    root: PathBuf,
    /// The folder with the data files, if there are any.
    #[arg(long, requires = "input_name")]
    input: Option<PathBuf>,
    #[arg(long)]
    input_name: Option<String>,
    python: PathBuf,
    #[arg(last = true)]
    arguments: Vec<OsString>,
}

/// As whom a notebook runs, in its own eyes; no user of the machine.
const INSIDE: u32 = 1000;
/// Processes and threads, of which every process of Python has a few.
const MOST_PROCESSES: u64 = 256;
const MOST_OPEN_FILES: u64 = 1024;
/// Scores are computed first.
const NICE: i32 = 19;
/// Libraries that compute in parallel take no more threads.
const MOST_THREADS: usize = 4;
/// Beyond its memory, a process may reserve addresses that it does not use.
const ADDRESSES_A_BYTE: u64 = 8;

/// Runs Python in the cage, to its end.
///
/// # Errors
/// Why the cage could not be built.
pub fn run(arguments: &NotebookCageArgs) -> anyhow::Result<ExitCode> {
    confine(arguments)?;
    let mut command = Command::new(&arguments.python);
    command.args(&arguments.arguments).env_clear().envs(environment());
    let tie =
        || rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).map_err(io::Error::from);
    // SAFETY: between fork and exec, the closure makes one system call and touches no memory.
    unsafe { command.pre_exec(tie) };
    let mut python = command.spawn().with_context(|| {
        format!(
            "{} cannot be started there; it must lie where every user of this machine may read it",
            arguments.python.display()
        )
    })?;
    let status = python.wait()?;
    Ok(ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)))
}

fn confine(arguments: &NotebookCageArgs) -> anyhow::Result<()> {
    if rustix::process::geteuid().is_root() {
        become_nobody().context("it cannot become the user nobody")?;
    }
    end_with(arguments.parent).context("it cannot be tied to its runner")?;
    hand_down_nothing().context("it cannot let go of open files")?;
    let _ = rustix::process::setpriority_process(None, NICE);
    own_namespaces().context(
        "this machine gives it no namespaces of its own (user namespaces of unprivileged users must be allowed)",
    )?;
    mounts::enter(&View {
        at: &arguments.root,
        disk_mb: arguments.disk_mb,
        read: &arguments.read,
        input: arguments.input.as_deref().zip(arguments.input_name.as_deref()),
        python: &arguments.python,
    })?;
    limit(arguments).context("its memory, time and processes cannot be bounded")?;
    set_no_new_privs(true).context("it cannot renounce further rights")?;
    restrict().context("the kernel does not confine files (Landlock, Linux 5.13 or newer)")?;
    syscalls::confine().context("the kernel does not filter system calls (seccomp)")
}

/// Users, files, processes, network, messages and names of its own. The first process that is started
/// now is the first of the namespace of processes.
fn own_namespaces() -> io::Result<()> {
    let (user, group) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    // Whoever changed its user is hidden from itself, and could not say whom it stands for.
    rustix::process::set_dumpable_behavior(DumpableBehavior::Dumpable)?;
    let all = UnshareFlags::NEWUSER
        | UnshareFlags::NEWNS
        | UnshareFlags::NEWPID
        | UnshareFlags::NEWNET
        | UnshareFlags::NEWIPC
        | UnshareFlags::NEWUTS
        | UnshareFlags::NEWCGROUP;
    // SAFETY: it is dangerous to open files and to threads that share them; here is one thread, and the
    // table of open files is not among what is unshared.
    unsafe { rustix::thread::unshare_unsafe(all) }?;
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("{INSIDE} {user} 1"))?;
    fs::write("/proc/self/gid_map", format!("{INSIDE} {group} 1"))
}

/// Counted in its own namespace of users: those of others do not count.
fn limit(arguments: &NotebookCageArgs) -> rustix::io::Result<()> {
    let memory = arguments.memory_mb << 20;
    bound(Resource::As, memory * ADDRESSES_A_BYTE)?;
    bound(Resource::Data, memory)?;
    bound(Resource::Cpu, arguments.cpu_seconds.max(1))?;
    bound(Resource::Fsize, arguments.disk_mb << 20)?;
    bound(Resource::Core, 0)?;
    bound(Resource::Memlock, 0)?;
    bound(Resource::Msgqueue, 0)?;
    bound(Resource::Nofile, MOST_OPEN_FILES)?;
    bound(Resource::Nproc, MOST_PROCESSES)
}

/// Behind the walls of the root, once more: what may be written is named, and no port is there.
fn restrict() -> Result<(), landlock::RulesetError> {
    let known = ABI::V6;
    let reading = AccessFs::ReadFile | AccessFs::ReadDir | AccessFs::Execute;
    Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(ABI::V1))?
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(known))?
        .handle_access(AccessNet::from_all(known))?
        .create()?
        .add_rules(path_beneath_rules(["/"], reading))?
        .add_rules(path_beneath_rules(["/dev"], reading | AccessFs::WriteFile | AccessFs::IoctlDev))?
        .add_rules(path_beneath_rules(WRITABLE, AccessFs::from_all(known)))?
        .restrict_self()?;
    Ok(())
}

fn environment() -> Vec<(&'static str, String)> {
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get().min(MOST_THREADS)).to_string();
    let counts = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"];
    let home = "/tmp/home";
    let plain = [
        ("HOME", home),
        ("USER", "notebook"),
        ("LANG", "C.UTF-8"),
        ("PATH", "/usr/bin:/bin"),
        ("SHELL", "/bin/sh"),
        ("TMPDIR", "/tmp"),
        ("TZ", "UTC"),
        ("MPLCONFIGDIR", home),
        ("IPYTHONDIR", home),
        ("JUPYTER_CONFIG_DIR", home),
        ("JUPYTER_DATA_DIR", home),
        ("JUPYTER_RUNTIME_DIR", home),
        ("PYTHONDONTWRITEBYTECODE", "1"),
        ("PYDEVD_DISABLE_FILE_VALIDATION", "1"),
        // A kernel would rather use a port for that.
        ("PYTHONWARNINGS", "ignore:Couldn't bind IOPub Pipe:UserWarning"),
    ];
    let plain = plain.map(|(name, value)| (name, value.to_owned()));
    plain.into_iter().chain(counts.map(|name| (name, threads.clone()))).collect()
}

/// The arguments with which a cage is started.
pub(super) fn arguments(
    parent: u32,
    bounds: &super::sandbox::Bounds,
    python: &Python,
    folders: &super::sandbox::Folders<'_>,
    script: &str,
) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = vec!["notebook-cage".into()];
    let mut add = |name: &str, value: OsString| arguments.extend([name.into(), value]);
    let path = |path: &Path| path.as_os_str().to_owned();
    add("--parent", parent.to_string().into());
    add("--memory-mb", bounds.memory_mb.to_string().into());
    add("--disk-mb", bounds.disk_mb.to_string().into());
    add("--cpu-seconds", bounds.cpu_seconds().to_string().into());
    python.reads().iter().chain(python.runs()).for_each(|file| add("--read", path(file)));
    add("--root", path(folders.root));
    if let Some((input, name)) = folders.input {
        add("--input", path(input));
        add("--input-name", name.into());
    }
    arguments.extend(python_arguments(python, script));
    arguments
}
