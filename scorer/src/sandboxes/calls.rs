//! Filters of system calls, and the calls that no sandbox is without: memory, threads, reading, the clock.

use std::collections::BTreeMap;

use libc::c_long;
use seccompiler::{
    BackendError, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

/// Allowed in every sandbox, whatever their arguments are.
pub const PLAIN: &[c_long] = &[
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_pread64,
    libc::SYS_preadv,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_close,
    libc::SYS_close_range,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_statfs,
    libc::SYS_fstatfs,
    libc::SYS_lseek,
    libc::SYS_readlinkat,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_getdents64,
    libc::SYS_getcwd,
    libc::SYS_dup,
    libc::SYS_dup3,
    libc::SYS_fcntl,
    libc::SYS_pipe2,
    libc::SYS_ppoll,
    libc::SYS_pselect6,
    libc::SYS_mmap,
    libc::SYS_mprotect,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_membarrier,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_futex,
    libc::SYS_set_robust_list,
    libc::SYS_set_tid_address,
    libc::SYS_rseq,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_getcpu,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_getppid,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_uname,
    libc::SYS_sysinfo,
    libc::SYS_getrusage,
    libc::SYS_times,
    libc::SYS_getrandom,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_restart_syscall,
    libc::SYS_exit,
    libc::SYS_exit_group,
    // Becoming Python; Landlock leaves nothing else to become.
    libc::SYS_execve,
    // Answered with "no such call" by the other filter: its arguments lie in memory, out of a filter's sight.
    libc::SYS_clone3,
];

/// The older names that x86-64 has beside them.
#[cfg(target_arch = "x86_64")]
pub const OLD: &[c_long] = &[
    libc::SYS_stat,
    libc::SYS_lstat,
    libc::SYS_access,
    libc::SYS_readlink,
    libc::SYS_dup2,
    libc::SYS_pipe,
    libc::SYS_poll,
    libc::SYS_select,
    libc::SYS_time,
    libc::SYS_arch_prctl,
];
#[cfg(not(target_arch = "x86_64"))]
pub const OLD: &[c_long] = &[];

/// Confines this thread and all that come from it to these calls, under these conditions. Needs `no_new_privs`.
///
/// # Errors
/// A machine whose system calls are not known here, or a kernel without filters.
pub fn confine_to(allowed: BTreeMap<c_long, Vec<SeccompRule>>) -> Result<(), seccompiler::Error> {
    let arch = std::env::consts::ARCH.try_into()?;
    answer_with(libc::ENOSYS, BTreeMap::from([(libc::SYS_clone3, Vec::new())]))?;
    let refused = SeccompAction::Errno(libc::EPERM as u32);
    apply(SeccompFilter::new(allowed, refused, SeccompAction::Allow, arch)?)
}

/// Answers calls with an error of their own, where `EPERM` would be taken for something else.
///
/// # Errors
/// As [`confine_to`].
pub fn answer_with(error: i32, calls: BTreeMap<c_long, Vec<SeccompRule>>) -> Result<(), seccompiler::Error> {
    let arch = std::env::consts::ARCH.try_into()?;
    let answer = SeccompAction::Errno(error.cast_unsigned());
    apply(SeccompFilter::new(calls, SeccompAction::Allow, answer, arch)?)
}

fn apply(filter: SeccompFilter) -> Result<(), seccompiler::Error> {
    let program: seccompiler::BpfProgram = filter.try_into()?;
    seccompiler::apply_filter(&program)
}

pub fn one_of(argument: u8, operator: SeccompCmpOp, value: u64) -> Result<SeccompRule, BackendError> {
    SeccompRule::new(vec![condition(argument, operator, value)?])
}

pub fn condition(argument: u8, operator: SeccompCmpOp, value: u64) -> Result<SeccompCondition, BackendError> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value)
}
