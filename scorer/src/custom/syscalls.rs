//! The system calls that a host's metric may make: memory, threads, reading, the clock. Everything
//! else is refused: sockets, processes, signals to others, tracing, writing files, mounting.

use std::collections::BTreeMap;

use libc::c_long;
use seccompiler::{BackendError, SeccompCmpOp, SeccompRule};

use crate::sandboxes::calls::{OLD, PLAIN, confine_to, one_of};

/// Bits of a file's mode of opening that write or make something.
const WRITING: u64 = (libc::O_WRONLY | libc::O_RDWR | libc::O_CREAT | libc::O_TRUNC | libc::O_APPEND) as u64;

/// Confines this thread and all that come from it. Needs `no_new_privs`.
///
/// # Errors
/// A machine whose system calls are not known here, or a kernel without filters.
pub fn confine() -> Result<(), seccompiler::Error> {
    confine_to(allowed()?)
}

fn allowed() -> Result<BTreeMap<c_long, Vec<SeccompRule>>, BackendError> {
    let mut rules: BTreeMap<c_long, Vec<SeccompRule>> =
        PLAIN.iter().chain(OLD).map(|call| (*call, Vec::new())).collect();
    // Files are opened for reading alone.
    rules.insert(libc::SYS_openat, vec![has_none_of(2, WRITING)?]);
    #[cfg(target_arch = "x86_64")]
    rules.insert(libc::SYS_open, vec![has_none_of(1, WRITING)?]);
    // Threads, but no process.
    let thread = libc::CLONE_THREAD as u64;
    rules.insert(libc::SYS_clone, vec![one_of(0, SeccompCmpOp::MaskedEq(thread), thread)?]);
    // Signals to itself alone, as `abort` sends one.
    let own = u64::from(std::process::id());
    rules.insert(libc::SYS_tgkill, vec![one_of(0, SeccompCmpOp::Eq, own)?]);
    // Limits of its own.
    rules.insert(libc::SYS_prlimit64, vec![one_of(0, SeccompCmpOp::Eq, 0)?]);
    let names = [libc::PR_SET_NAME, libc::PR_GET_NAME, libc::PR_SET_VMA];
    rules.insert(libc::SYS_prctl, each(0, names.map(|option| option as u64))?);
    // Whether something is a terminal, what waits in a pipe.
    let questions = [libc::TCGETS, libc::FIOCLEX, libc::FIONREAD, libc::FIONBIO];
    rules.insert(libc::SYS_ioctl, each(1, questions)?);
    Ok(rules)
}

fn has_none_of(argument: u8, bits: u64) -> Result<SeccompRule, BackendError> {
    one_of(argument, SeccompCmpOp::MaskedEq(bits), 0)
}

fn each(argument: u8, values: impl IntoIterator<Item = u64>) -> Result<Vec<SeccompRule>, BackendError> {
    values.into_iter().map(|value| one_of(argument, SeccompCmpOp::Eq, value)).collect()
}
