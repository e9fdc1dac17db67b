//! A run, and what is said about it. Pure.

use chrono::{DateTime, TimeDelta, Utc};

use crate::ids::{NotebookId, RunId};
use crate::web::format;

/// The file that can be submitted with one click.
pub const SUBMISSION: &str = "submission.csv";

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    Waiting,
    Running,
    /// Every cell ran, in order, without an error.
    Ran,
    /// A cell raised an error.
    CellFailed,
    /// A bound of time, memory, disk or output was reached.
    Stopped,
    /// The platform could not run it.
    Failed,
    /// Somebody ended it while it ran.
    Cancelled,
}

impl RunState {
    pub fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Running)
    }

    /// A few words for lists.
    pub fn words(self) -> &'static str {
        match self {
            Self::Waiting => "Waiting",
            Self::Running => "Running",
            Self::Ran => "Runs from the top",
            Self::CellFailed => "A cell failed",
            Self::Stopped => "Stopped",
            Self::Failed => "Not run",
            Self::Cancelled => "Cancelled",
        }
    }

    /// The look of these words.
    pub fn tone(self) -> &'static str {
        match self {
            Self::Waiting | Self::Running | Self::Cancelled => "",
            Self::Ran => "good",
            Self::CellFailed | Self::Stopped | Self::Failed => "bad",
        }
    }
}

impl From<String> for RunState {
    fn from(name: String) -> Self {
        match name.as_str() {
            "waiting" => Self::Waiting,
            "running" => Self::Running,
            "ran" => Self::Ran,
            "cell_failed" => Self::CellFailed,
            "stopped" => Self::Stopped,
            "cancelled" => Self::Cancelled,
            _ => Self::Failed,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    pub id: RunId,
    pub notebook_id: NotebookId,
    /// Of the version.
    pub number: i32,
    pub asked_by: String,
    pub asked_at: DateTime<Utc>,
    /// Who ended it while it ran.
    pub cancelled_by: Option<String>,
    pub state: RunState,
    pub started_at: Option<DateTime<Utc>>,
    pub finished_at: Option<DateTime<Utc>>,
    /// Among the cells of code: the one that runs, or at which it ended.
    pub at_cell: Option<i32>,
    pub n_code_cells: i32,
    pub n_cells_run: i32,
    /// The traceback of a cell, or the sentence that says why it was stopped.
    pub report: String,
    /// What was printed beside the cells.
    pub log: String,
    pub took_seconds: Option<f64>,
    /// Python and its libraries.
    pub environment: String,
    pub executed: Option<Executed>,
}

/// The notebook with the outputs of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executed {
    pub storage_key: String,
    pub size_bytes: i64,
    pub sha256: Vec<u8>,
}

impl Run {
    /// How long it took; empty before its end.
    pub fn took(&self) -> String {
        match self.took_seconds {
            Some(seconds) if seconds < 60.0 => format!("{seconds:.1} seconds"),
            Some(seconds) => format::duration(TimeDelta::seconds(seconds as i64)),
            None => String::new(),
        }
    }

    /// What came of it, in one sentence.
    pub fn sentence(&self) -> String {
        let (at, all) = (self.at_cell.unwrap_or(1), self.n_code_cells);
        match self.state {
            RunState::Waiting => "It waits for a runner.".to_owned(),
            RunState::Running => match self.at_cell {
                Some(cell) => format!("Cell {cell} of its code is running."),
                None => "It begins.".to_owned(),
            },
            RunState::Ran => {
                format!("All {all} cells of code ran in order, from a fresh kernel, without an error.")
            }
            RunState::CellFailed => format!("Cell {at} of {all} raised an error."),
            RunState::Stopped => match self.at_cell {
                Some(cell) => format!("It was stopped at cell {cell}. {}", self.report),
                None => format!("It was stopped. {}", self.report),
            },
            RunState::Failed => format!("The platform could not run it. {}", self.report),
            RunState::Cancelled => {
                let by = self.cancelled_by.as_deref().unwrap_or("somebody");
                match self.at_cell {
                    Some(cell) => {
                        format!("It was cancelled by {by} while cell {cell} of its code was running.")
                    }
                    None => format!("It was cancelled by {by}."),
                }
            }
        }
    }

    /// The traceback of the cell that failed; empty where none did.
    pub fn traceback(&self) -> &str {
        if self.state == RunState::CellFailed { &self.report } else { "" }
    }

    pub fn sample() -> Self {
        Self {
            id: RunId(7),
            notebook_id: NotebookId(1),
            number: 2,
            asked_by: "ada".to_owned(),
            asked_at: DateTime::UNIX_EPOCH,
            cancelled_by: None,
            state: RunState::CellFailed,
            started_at: Some(DateTime::UNIX_EPOCH),
            finished_at: Some(DateTime::UNIX_EPOCH),
            at_cell: Some(3),
            n_code_cells: 12,
            n_cells_run: 2,
            report: "ZeroDivisionError: division by zero".to_owned(),
            log: "something was printed".to_owned(),
            took_seconds: Some(3.25),
            environment: "Python 3.11.2, numpy 2.4.6".to_owned(),
            executed: Some(Executed {
                storage_key: "runs/1/x".to_owned(),
                size_bytes: 12_345,
                sha256: vec![7; 32],
            }),
        }
    }
}

/// A file that a run left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFile {
    /// In the run's list, from 1.
    pub place: i32,
    pub path: String,
    pub storage_key: String,
    pub size_bytes: i64,
    pub sha256: Vec<u8>,
}

impl RunFile {
    pub fn size(&self) -> String {
        format::size(self.size_bytes.unsigned_abs())
    }

    pub fn sha256_hex(&self) -> String {
        hex::encode(&self.sha256)
    }

    /// Under which it is downloaded.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    pub fn sample() -> Self {
        Self {
            place: 1,
            path: SUBMISSION.to_owned(),
            storage_key: "runs/1/y".to_owned(),
            size_bytes: 1234,
            sha256: vec![7; 32],
        }
    }
}

/// What the runners of this installation can do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Runners {
    /// At least one runs notebooks, within these bounds.
    Ready {
        seconds: i32,
        memory_mb: i32,
        disk_mb: i32,
    },
    /// There are some, and none can: the reason of one of them.
    Refused(String),
    Absent,
}

impl Runners {
    /// Why nothing can be run; empty where something can.
    pub fn refusal(&self) -> &'static str {
        match self {
            Self::Ready { .. } => "",
            Self::Refused(_) => {
                "Notebooks cannot be run here now: the runner of this installation has no sandbox."
            }
            Self::Absent => "Notebooks are not run here: no runner is enabled on this installation.",
        }
    }

    /// The bounds of a run, as a sentence.
    pub fn bounds(&self) -> String {
        match self {
            Self::Ready { seconds, memory_mb, disk_mb } => format!(
                "A run has no network, the data of the notebook's competition to read if it has one, {} of time, {memory_mb} MB of memory and {disk_mb} MB of disk.",
                format::duration(TimeDelta::seconds(i64::from(*seconds)))
            ),
            Self::Refused(_) | Self::Absent => String::new(),
        }
    }

    pub fn sample() -> Self {
        Self::Ready { seconds: 1800, memory_mb: 2048, disk_mb: 1024 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_its_sentence() {
        let run = |state| Run { state, ..Run::sample() };
        assert_eq!(run(RunState::CellFailed).sentence(), "Cell 3 of 12 raised an error.");
        assert!(run(RunState::Ran).sentence().starts_with("All 12 cells"));
        assert!(run(RunState::Stopped).sentence().starts_with("It was stopped at cell 3."));
        assert!(
            run(RunState::Ran).traceback().is_empty() && !run(RunState::CellFailed).traceback().is_empty()
        );
        let cancelled = Run { cancelled_by: Some("bob".to_owned()), ..run(RunState::Cancelled) };
        assert_eq!(cancelled.sentence(), "It was cancelled by bob while cell 3 of its code was running.");
        assert_eq!(RunState::from("cell_failed".to_owned()), RunState::CellFailed);
        assert!(Runners::Ready { seconds: 1, memory_mb: 1, disk_mb: 1 }.refusal().is_empty());
        assert!(Runners::Absent.refusal().contains("no runner is enabled"));
    }

    #[test]
    fn a_file_is_downloaded_under_its_own_name() {
        let file = RunFile { path: "a/b c.csv".to_owned(), ..RunFile::sample() };
        assert_eq!(file.name(), "b c.csv");
    }
}
