//! The cage: this program, started anew, gives up every right it has and becomes Python.
//!
//! What it keeps: the interpreter and its libraries to read, three pipes to its parent, a bounded
//! share of memory and time. Nothing can be written, no process started, no socket opened.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use clap::Args;
use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreatedAttr,
    Scope, path_beneath_rules,
};
use rustix::process::Resource;
use rustix::thread::set_no_new_privs;

use super::syscalls;
use crate::sandboxes::process::python_arguments;
use crate::sandboxes::python::Python;
use crate::sandboxes::rights::{become_nobody, bound, end_with, hand_down_nothing};

/// What a cage may use; written by [`super::sandbox::Sandbox`].
#[derive(Debug, Args)]
pub struct CageArgs {
    /// The process that started it, and with which it ends.
    #[arg(long)]
    parent: u32,
    #[arg(long)]
    memory_mb: u64,
    #[arg(long)]
    cpu_seconds: u64,
    /// Files and folders that may be read.
    #[arg(long)]
    read: Vec<PathBuf>,
    /// What may be read and run.
    #[arg(long)]
    run: Vec<PathBuf>,
    python: PathBuf,
    #[arg(last = true)]
    arguments: Vec<OsString>,
}

/// Rights that the kernel must know about: those of files.
const NEEDED: ABI = ABI::V1;
/// Rights that are given up where the kernel knows them; the filter of system calls covers them as well.
const KNOWN: ABI = ABI::V6;

/// Gives everything up and becomes Python; comes back only with the reason why not.
pub fn become_python(arguments: &CageArgs) -> anyhow::Error {
    match confine(arguments) {
        Err(error) => error,
        Ok(()) => {
            let mut command = Command::new(&arguments.python);
            // Sets of strings come in one order only, so that the same files give the same score.
            command.args(&arguments.arguments).env_clear().env("PYTHONHASHSEED", "0");
            let error = command.exec();
            anyhow::anyhow!(
                "{} cannot be started there: {error}. It must lie where every user of this machine may read it",
                arguments.python.display()
            )
        }
    }
}

fn confine(arguments: &CageArgs) -> anyhow::Result<()> {
    let was_root = rustix::process::geteuid().is_root();
    if was_root {
        become_nobody().context("it cannot become the user nobody")?;
    }
    limit(arguments, was_root).context("its memory and time cannot be bounded")?;
    end_with(arguments.parent).context("it cannot be tied to its scorer")?;
    rustix::process::chdir("/").context("it cannot leave its folder")?;
    hand_down_nothing().context("it cannot let go of open files")?;
    set_no_new_privs(true).context("it cannot renounce further rights")?;
    restrict(&arguments.read, &arguments.run).map_err(|error| {
        anyhow::anyhow!("the kernel does not confine files (Landlock, Linux 5.13 or newer): {error}")
    })?;
    syscalls::confine()
        .map_err(|error| anyhow::anyhow!("the kernel does not filter system calls (seccomp): {error}"))
}

fn limit(arguments: &CageArgs, is_nobody: bool) -> rustix::io::Result<()> {
    bound(Resource::As, arguments.memory_mb << 20)?;
    bound(Resource::Data, arguments.memory_mb << 20)?;
    bound(Resource::Cpu, arguments.cpu_seconds.max(1))?;
    bound(Resource::Fsize, 0)?;
    bound(Resource::Core, 0)?;
    bound(Resource::Memlock, 0)?;
    bound(Resource::Msgqueue, 0)?;
    bound(Resource::Nofile, 64)?;
    // Threads count too. Among the processes of another user, they could not be told apart.
    if is_nobody { bound(Resource::Nproc, 256) } else { Ok(()) }
}

fn restrict(read: &[PathBuf], run: &[PathBuf]) -> Result<(), landlock::RulesetError> {
    let reading = AccessFs::ReadFile | AccessFs::ReadDir;
    Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(NEEDED))?
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(KNOWN))?
        .handle_access(AccessNet::from_all(KNOWN))?
        .scope(Scope::from_all(KNOWN))?
        .create()?
        .add_rules(path_beneath_rules(read, reading))?
        .add_rules(path_beneath_rules(run, reading | AccessFs::Execute))?
        .restrict_self()?;
    Ok(())
}

/// The arguments with which a cage is started.
pub(super) fn arguments(
    parent: u32,
    memory_mb: u64,
    cpu_seconds: u64,
    python: &Python,
    script: &str,
) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = vec!["cage".into()];
    let mut add = |name: &str, value: OsString| arguments.extend([name.into(), value]);
    add("--parent", parent.to_string().into());
    add("--memory-mb", memory_mb.to_string().into());
    add("--cpu-seconds", cpu_seconds.to_string().into());
    let path = |path: &Path| path.as_os_str().to_owned();
    python.reads().iter().for_each(|file| add("--read", path(file)));
    python.runs().iter().for_each(|file| add("--run", path(file)));
    arguments.extend(python_arguments(python, script));
    arguments
}
