//! One process in the sandbox that scores many made-up files: starting Python for each would take hours.
//!
//! Never here: a score that counts. Submissions are scored one process a split, so that no file can touch
//! the next.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::sandbox::{Ended, READY, Sandbox};
use super::verdict::Task;
use crate::sandboxes::process::{end, kill, send};

/// An answer is a list of as many numbers as there were trials.
const MAX_ANSWER: u64 = 4 << 20;

/// A trial: which rows, their truths, and their reports column by column.
pub struct Made {
    pub rows: Vec<u32>,
    pub truth: Vec<f64>,
    pub report: Vec<f64>,
}

/// A module at work.
pub struct Session {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    /// Dropped at the end, so that the watch ends.
    watched: Option<Sender<()>>,
    threads: Vec<JoinHandle<()>>,
}

impl Session {
    /// Starts a module that may work for so long.
    ///
    /// # Errors
    /// The sandbox cannot be started.
    pub fn start(
        sandbox: &Sandbox,
        task: &Task<'_>,
        tables: [&[u8]; 2],
        time: Duration,
    ) -> Result<Self, Ended> {
        let not_started = |error: io::Error| Ended::NotStarted(error.to_string());
        let mut child = sandbox.start(time).map_err(not_started)?;
        let (Some(mut input), Some(output), Some(mut errors)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            end(&mut child);
            return Err(Ended::NotStarted("it has no pipes".to_owned()));
        };
        let (watched, watch) = mpsc::channel::<()>();
        let process = child.id();
        let threads = vec![
            thread::spawn(move || {
                if watch.recv_timeout(time) == Err(RecvTimeoutError::Timeout) {
                    kill(process);
                }
            }),
            thread::spawn(move || {
                let _ = io::copy(&mut errors, &mut io::sink());
            }),
        ];
        // A process that ends early closes the pipe; the missing answer tells.
        let _ = send(&mut input, task, &tables);
        let output = BufReader::new(output);
        let mut session = Self { child, input: Some(input), output, watched: Some(watched), threads };
        match session.line() {
            Some(line) if line == READY => Ok(session),
            _ => Err(Ended::Silent),
        }
    }

    /// The scores of some trials, in order; `None` where the module gives none.
    ///
    /// # Errors
    /// The process is gone, for whatever reason.
    pub fn ask(&mut self, trials: &[Made]) -> Result<Vec<Option<f64>>, Ended> {
        let input = self.input.as_mut().ok_or(Ended::Silent)?;
        write(input, trials).map_err(|_| Ended::Silent)?;
        let line = self.line().ok_or(Ended::Silent)?;
        let scores: Vec<Option<f64>> = serde_json::from_str(&line).map_err(|_| Ended::Garbled)?;
        if scores.len() == trials.len() { Ok(scores) } else { Err(Ended::Garbled) }
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let n = (&mut self.output).take(MAX_ANSWER).read_line(&mut line).ok()?;
        (n > 0).then_some(line)
    }
}

fn write(input: &mut impl Write, trials: &[Made]) -> io::Result<()> {
    let mut bytes = (trials.len() as u32).to_le_bytes().to_vec();
    for trial in trials {
        bytes.extend((trial.rows.len() as u32).to_le_bytes());
        bytes.extend(trial.rows.iter().flat_map(|row| row.to_le_bytes()));
        bytes.extend(trial.truth.iter().chain(&trial.report).flat_map(|value| value.to_le_bytes()));
        input.write_all(&bytes)?;
        bytes.clear();
    }
    input.write_all(&bytes)?;
    input.flush()
}

impl Drop for Session {
    fn drop(&mut self) {
        drop(self.input.take());
        drop(self.watched.take());
        // The process is taken leave of last: until then nothing else can have its number.
        kill(self.child.id());
        self.threads.drain(..).for_each(|thread| {
            let _ = thread.join();
        });
        end(&mut self.child);
    }
}
