//! The process of a sandbox, from outside: how it is started, given its task, and ended.

use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};
use serde::Serialize;

use super::python::Python;

/// Starts this program as a cage: the leader of its own group, with three pipes and nothing of our environment.
///
/// # Errors
/// It cannot be started.
pub fn start(program: &Path, arguments: Vec<OsString>) -> io::Result<Child> {
    Command::new(program)
        .args(arguments)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
}

/// What a cage becomes: the interpreter with a script, and nothing of its user's.
pub fn python_arguments(python: &Python, script: &str) -> impl Iterator<Item = OsString> {
    let program = [python.program().as_os_str(), "--".as_ref()].map(OsString::from);
    program.into_iter().chain(["-s", "-B", "-X", "utf8", "-c", script].map(OsString::from))
}

/// A task is one line; what it speaks of follows.
///
/// # Errors
/// The process reads no more.
pub fn send(input: &mut impl Write, task: &impl Serialize, contents: &[&[u8]]) -> io::Result<()> {
    let mut line = serde_json::to_vec(task)?;
    line.push(b'\n');
    input.write_all(&line)?;
    contents.iter().try_for_each(|content| input.write_all(content))
}

/// Ends the whole group and takes leave of its leader.
pub fn end(leader: &mut Child) {
    kill(leader.id());
    let _ = leader.kill();
    let _ = leader.wait();
}

/// Ends a whole group, whose leader nobody has taken leave of yet.
pub fn kill(leader: u32) {
    if let Some(group) = Pid::from_raw(leader.cast_signed()) {
        let _ = kill_process_group(group, Signal::KILL);
    }
}
