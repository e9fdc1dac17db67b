//! Supervised processes: started with a prefix for their words, restarted when they die, and never
//! outliving the supervisor.
//!
//! A trap: the kernel ties a child's fate to the *thread* that started it, so children are started
//! from the main thread, which lives as long as the program.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::house::words;

/// Pause before the first restart; doubles with each death in quick succession.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// A process that lived this long is restarted at once and forgiven.
const SETTLED_AFTER: Duration = Duration::from_secs(30);

/// How to start one process, again and again.
pub type Recipe = Box<dyn Fn() -> Command + Send>;

/// One process of the tree.
pub struct Supervised {
    name: String,
    recipe: Recipe,
    /// Sent by the kernel when the supervisor dies, and by [`Supervised::ask_to_stop`].
    stop_signal: Signal,
    child: Option<Child>,
    started_at: Instant,
    quick_deaths: u32,
}

impl Supervised {
    /// Starts the process.
    ///
    /// # Errors
    /// When it cannot be started at all.
    pub fn start(name: impl Into<String>, stop_signal: Signal, recipe: Recipe) -> std::io::Result<Self> {
        let mut supervised = Self {
            name: name.into(),
            recipe,
            stop_signal,
            child: None,
            started_at: Instant::now(),
            quick_deaths: 0,
        };
        supervised.spawn()?;
        Ok(supervised)
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Starts it again when it has died and its pause is over.
    pub fn keep_alive(&mut self) {
        if let Some(status) = self.reap() {
            let lived = self.started_at.elapsed();
            self.quick_deaths = if lived >= SETTLED_AFTER { 0 } else { self.quick_deaths + 1 };
            self.started_at = Instant::now();
            tracing::warn!(process = self.name, %status, "ended by itself; it is started again");
        }
        let is_due = self.child.is_none() && self.started_at.elapsed() >= pause(self.quick_deaths);
        if is_due && let Err(error) = self.spawn() {
            tracing::error!(process = self.name, %error, "cannot be started");
            self.started_at = Instant::now();
            self.quick_deaths += 1;
        }
    }

    pub fn is_running(&mut self) -> bool {
        self.reap();
        self.child.is_some()
    }

    pub fn ask_to_stop(&mut self) {
        self.signal(self.stop_signal);
    }

    pub fn kill(&mut self) {
        self.signal(Signal::KILL);
    }

    /// Waits for the end; `false` when it still runs after `patience`.
    pub fn wait(&mut self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        while self.is_running() {
            if Instant::now() >= deadline {
                return false;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        true
    }

    fn reap(&mut self) -> Option<ExitStatus> {
        let status = self.child.as_mut()?.try_wait().ok().flatten()?;
        self.child = None;
        Some(status)
    }

    /// Sends any signal, if it runs.
    pub fn signal(&mut self, signal: Signal) {
        let pid = self.child.as_ref().and_then(|child| Pid::from_raw(i32::try_from(child.id()).ok()?));
        if let Some(pid) = pid {
            let _ = kill_process(pid, signal); // it may have ended this moment
        }
    }

    fn spawn(&mut self) -> std::io::Result<()> {
        let mut command = (self.recipe)();
        // A group of its own: Ctrl-C reaches the supervisor alone, which stops the tree in order.
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        die_with_supervisor(&mut command, self.stop_signal);
        let mut child = command.spawn()?;
        pass_on(&self.name, child.stdout.take());
        pass_on(&self.name, child.stderr.take());
        self.child = Some(child);
        self.started_at = Instant::now();
        Ok(())
    }
}

/// Asks the kernel to send `signal` to the process when the thread that starts it ends.
pub fn die_with_supervisor(command: &mut Command, signal: Signal) {
    // SAFETY: the closure runs between fork and exec and makes one system call; it allocates
    // nothing and takes no lock. It must run after the change of user, which would clear the
    // setting, and `Command` runs it last.
    unsafe {
        command.pre_exec(move || {
            rustix::process::set_parent_process_death_signal(Some(signal)).map_err(Into::into)
        });
    }
}

fn pass_on(name: &str, stream: Option<impl Read + Send + 'static>) {
    let Some(stream) = stream else { return };
    let name = name.to_owned();
    std::thread::spawn(move || words::pass_on(&name, stream));
}

fn pause(quick_deaths: u32) -> Duration {
    if quick_deaths == 0 {
        return Duration::ZERO;
    }
    (FIRST_PAUSE * 2_u32.saturating_pow(quick_deaths - 1)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_stay_bounded() {
        assert_eq!(pause(0), Duration::ZERO);
        assert_eq!(pause(1), FIRST_PAUSE);
        assert_eq!(pause(3), FIRST_PAUSE * 4);
        assert_eq!(pause(40), LONGEST_PAUSE);
    }

    #[test]
    fn a_process_that_dies_is_started_again() {
        let recipe: Recipe = Box::new(|| {
            let mut command = Command::new("sleep");
            command.arg("60");
            command
        });
        let mut supervised = Supervised::start("sleep", Signal::TERM, recipe).expect("starts");
        let first = supervised.child.as_ref().map(Child::id);
        supervised.kill();
        let deadline = Instant::now() + Duration::from_secs(5);
        while supervised.child.as_ref().map(Child::id).is_none_or(|id| Some(id) == first) {
            supervised.keep_alive();
            assert!(Instant::now() < deadline, "it was not started again");
            std::thread::sleep(Duration::from_millis(10));
        }
        supervised.ask_to_stop();
        assert!(supervised.wait(Duration::from_secs(5)));
    }
}
