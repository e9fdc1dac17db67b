//! A file that a scorer or a runner writes again while its loop turns, and `holdout-scorer alive`, which reads it for whoever
//! looks after processes.
//!
//! Never here: a question to anybody else. A database that is away is no reason to start all scorers again.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::Args;
use tokio::task::JoinHandle;
use tokio::time::sleep;

const BEAT_EVERY: Duration = Duration::from_secs(5);
const SILENT_AFTER: Duration = Duration::from_secs(60);

const WAITING: &str = "waiting\n";
const READY: &str = "ready\n";

#[derive(Debug, Args)]
pub struct PulseArgs {
    /// A file to write again and again while this process is alive, for `holdout-scorer alive`; none unless named.
    #[arg(long, env = "HOLDOUT_PULSE")]
    pub pulse: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct AliveArgs {
    /// The file that the process in question writes.
    #[arg(long, env = "HOLDOUT_PULSE")]
    pulse: PathBuf,
    /// Also demand that it has reached the database, is understood there, and takes work.
    #[arg(long)]
    ready: bool,
}

/// Beats until it is dropped; then the file goes.
#[derive(Debug)]
pub struct Pulse {
    is_ready: Arc<AtomicBool>,
    beating: Option<(PathBuf, JoinHandle<()>)>,
}

impl Pulse {
    /// Begins to beat on the runtime of the caller, whose standstill ends it.
    pub fn begin(args: &PulseArgs) -> Self {
        let is_ready = Arc::new(AtomicBool::new(false));
        let beating =
            args.pulse.clone().map(|path| (path.clone(), tokio::spawn(beat(path, is_ready.clone()))));
        Self { is_ready, beating }
    }

    /// From now on, work is taken.
    pub fn tell_ready(&self) {
        self.is_ready.store(true, Ordering::Relaxed);
        if let Some((path, _)) = &self.beating {
            let _ = fs::write(path, READY); // the next beat complains
        }
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        if let Some((path, beating)) = &self.beating {
            beating.abort();
            let _ = fs::remove_file(path);
        }
    }
}

async fn beat(path: PathBuf, is_ready: Arc<AtomicBool>) {
    let mut is_said = false;
    loop {
        let words = if is_ready.load(Ordering::Relaxed) { READY } else { WAITING };
        match fs::write(&path, words) {
            Ok(()) => is_said = false,
            Err(error) if !is_said => {
                tracing::warn!(path = %path.display(), %error, "no sign of life can be written");
                is_said = true;
            }
            Err(_) => {}
        }
        sleep(BEAT_EVERY).await;
    }
}

/// Whether a process on this machine gave a sign of life within a minute.
///
/// # Errors
/// That it did not; with `--ready`, that it takes no work yet.
pub fn alive(args: &AliveArgs) -> anyhow::Result<()> {
    let path = args.pulse.display();
    let silence = silence(&args.pulse).with_context(|| format!("There is no sign of life in {path}"))?;
    ensure!(silence < SILENT_AFTER, "The last sign of life in {path} is {} s old.", silence.as_secs());
    let says = fs::read_to_string(&args.pulse)?;
    ensure!(
        !args.ready || says == READY,
        "It is alive, and takes no work yet: its log says what it waits for."
    );
    Ok(())
}

/// None at all where the clock was set back meanwhile.
fn silence(path: &Path) -> io::Result<Duration> {
    Ok(fs::metadata(path)?.modified()?.elapsed().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::time::SystemTime;

    use super::*;

    #[tokio::test]
    async fn a_sign_of_life_is_fresh_or_none() {
        let path = std::env::temp_dir().join(format!("holdout-pulse-{}", uuid::Uuid::new_v4()));
        let ask = |ready: bool| alive(&AliveArgs { pulse: path.clone(), ready });
        assert!(ask(false).is_err(), "nobody has begun");
        let pulse = Pulse::begin(&PulseArgs { pulse: Some(path.clone()) });
        tokio::task::yield_now().await;
        ask(false).expect("alive");
        assert!(ask(true).expect_err("waits").to_string().contains("takes no work yet"));
        pulse.tell_ready();
        ask(true).expect("ready");
        File::options()
            .write(true)
            .open(&path)
            .expect("stands")
            .set_modified(SystemTime::UNIX_EPOCH)
            .expect("set");
        assert!(ask(false).expect_err("silent").to_string().contains("s old"));
        drop(pulse);
        assert!(!path.exists());
    }
}
