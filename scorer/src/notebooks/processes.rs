//! The processes of a run as the machine sees them: all that come from its cage, and their memory.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};

/// One process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Process {
    pub pid: u32,
    pub parent: u32,
    /// Shared memory is counted for each of those that share it.
    pub resident_bytes: u64,
}

impl Process {
    /// Memory of which each process that shares it has its part.
    pub fn own_bytes(&self) -> u64 {
        let rollup = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.pid)).unwrap_or_default();
        let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
        let kilobytes =
            line.and_then(|rest| rest.split_whitespace().next()).and_then(|n| n.parse::<u64>().ok());
        kilobytes.map_or(self.resident_bytes, |kilobytes| kilobytes << 10)
    }

    pub fn kill(&self) {
        if let Some(pid) = Pid::from_raw(self.pid.cast_signed()) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

/// Every process that came from `ancestor`, its children first. Orphans of a namespace stay children of
/// its first process, so that none is missed.
pub fn below(ancestor: u32) -> Vec<Process> {
    let all = all();
    let mut found: Vec<Process> = Vec::new();
    let mut parents = vec![ancestor];
    while let Some(parent) = parents.pop() {
        let children: Vec<Process> = all.iter().filter(|process| process.parent == parent).copied().collect();
        parents.extend(children.iter().map(|child| child.pid));
        found.extend(children);
    }
    found
}

fn all() -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid: u32| parse(pid, &fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)).collect()
}

/// A process's name may hold anything, so that its line is read from behind the name.
fn parse(pid: u32, stat: &str) -> Option<Process> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let pages: u64 = fields.get(21)?.parse().ok()?;
    Some(Process {
        pid,
        parent: fields.get(1)?.parse().ok()?,
        resident_bytes: pages * rustix::param::page_size() as u64,
    })
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_name_with_brackets_hides_nothing() {
        let stat = "7 (a) b) S 3 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5 1000 2 18446744073709551615";
        let page = rustix::param::page_size() as u64;
        assert_eq!(parse(7, stat), Some(Process { pid: 7, parent: 3, resident_bytes: 2 * page }));
    }

    #[test]
    fn children_are_found_and_weighed() {
        let mut child = Command::new("sleep").arg("60").spawn().expect("a child");
        let found = below(std::process::id());
        let sleeper = found.iter().find(|process| process.pid == child.id()).expect("found");
        assert!(sleeper.parent == std::process::id() && sleeper.own_bytes() > 0);
        sleeper.kill();
        child.wait().expect("ended");
    }
}
