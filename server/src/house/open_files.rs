//! How many files and connections a process may have open. What starts services gives them 1,024 of what the kernel
//! allows, for programs that cannot count further; each open page of a board holds one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// With fewer than these, a day with many visitors ends in refused files.
const ENOUGH: u64 = 4096;

/// Takes all that this process may have, and what it starts with it. Gives the number.
pub fn take_all() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let taken = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    if let Err(error) = taken {
        tracing::warn!(%error, current = limit.current, "no more files can be opened than that");
    }
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// How many a server that is started here can have.
pub fn most() -> u64 {
    getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX)
}

/// How many this process has.
pub fn n_open() -> i64 {
    let listed = std::fs::read_dir("/proc/self/fd").map(Iterator::count);
    listed.ok().and_then(|n| i64::try_from(n).ok()).unwrap_or(0)
}

/// # Errors
/// What is wrong, and how to mend it.
pub fn judge(most: u64) -> Result<String, String> {
    if most >= ENOUGH {
        return Ok(format!("A server that is started here can have {most} files and connections open."));
    }
    Err(format!(
        "A server that is started here can have no more than {most} files and connections open, and each open page of a \
         board holds one. Raise the hard limit to {ENOUGH} or more: LimitNOFILE of its unit, or `ulimit -Hn`."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_few_are_told_with_what_to_do() {
        assert!(judge(65_536).is_ok_and(|words| words.contains("65536")));
        assert!(judge(1024).is_err_and(|words| words.contains("LimitNOFILE")));
    }

    #[test]
    fn all_that_a_process_may_have_is_taken() {
        assert_eq!(take_all(), most());
        assert_eq!(getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX), most());
    }
}
