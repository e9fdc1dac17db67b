//! Rights that a process gives up before it becomes Python.

use std::io;

use rustix::process::{Gid, Pid, Resource, Rlimit, Signal, Uid};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};

/// The user and group without rights.
pub const NOBODY: u32 = 65534;

/// This process has one thread yet, so that what holds for the thread holds for all of it.
pub fn become_nobody() -> rustix::io::Result<()> {
    let (user, group) = (Uid::from_raw(NOBODY), Gid::from_raw(NOBODY));
    set_thread_groups(&[])?;
    set_thread_res_gid(group, group, group)?;
    set_thread_res_uid(user, user, user)
}

/// Nobody is given more than they have.
pub fn bound(resource: Resource, most: u64) -> rustix::io::Result<()> {
    let most = rustix::process::getrlimit(resource).maximum.map_or(most, |own| own.min(most));
    rustix::process::setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })
}

/// After the change of user, which undoes it. A parent that ended before is not the parent any more.
pub fn end_with(parent: u32) -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    let is_alive = rustix::process::getppid()
        .map(Pid::as_raw_nonzero)
        .is_some_and(|pid| pid.get().unsigned_abs() == parent);
    if is_alive { Ok(()) } else { Err(io::Error::other("the scorer has ended")) }
}

/// Whatever else is open is closed when Python begins.
pub fn hand_down_nothing() -> io::Result<()> {
    let (first, last, how) = (3, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC);
    // SAFETY: the call takes three numbers; it marks descriptors, and closes none before Python begins.
    let marked = unsafe { libc::syscall(libc::SYS_close_range, first as libc::c_uint, last, how) };
    if marked == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
