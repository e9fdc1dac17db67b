//! What parent and child say to each other: a closed set of requests and answers, each as JSON
//! behind its length. Never here: labels or file contents; only keys, hashes and outcomes.

use std::io::{self, Read, Write};

use holdout_contract::audit::{Declared, Plan};
use holdout_contract::comparison::Comparison;
use holdout_contract::examine::{Proposal, Report};
use holdout_contract::job::Scores;
use holdout_contract::probing::Signs;
use holdout_contract::rejection::Rejection;
use holdout_contract::spec::{Direction, Params};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::releasing::{Released, ToRelease};
use super::storage::{StorageError, Stored};
use crate::examine::committed::Committed;
use crate::ranks::Rung;

mod board;

pub use board::{Board, BoardEntry, BoardRanks, FoundGain, Gain, Kept, KeyBelow, RanksOutcome, TeamRanks};

/// No message is longer.
const MAX_MESSAGE_BYTES: usize = 16 << 20;

/// What a submission is compared with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judging {
    pub competition_id: i64,
    /// Key and hash of the sealed solution.
    pub solution: FileRef,
    pub metric: String,
    /// The text of the Python module, where the host wrote the metric.
    pub module: Option<String>,
    /// The sample submission, where it alone says which columns a file must have.
    pub sample: Option<FileRef>,
    pub params: Params,
    pub context: Params,
    /// Data file with the role `history`, for metrics that scale by the past.
    pub history: Option<FileRef>,
    /// For solutions without a `Usage` column.
    pub public_fraction: f64,
    pub split_seed: i64,
}

impl Judging {
    fn files(&self) -> Vec<&FileRef> {
        Some(&self.solution).into_iter().chain(&self.sample).chain(&self.history).collect()
    }

    /// Names the metric version: SHA-256 of metric, parameters, context, history and split, as JSON
    /// with sorted keys, and of a host's module. The solution has a hash of its own.
    pub fn metric_sha256(&self) -> [u8; 32] {
        let mut parts = serde_json::json!({
            "metric": self.metric,
            "params": self.params,
            "context": self.context,
            "history_sha256": self.history.as_ref().and_then(|file| file.sha256),
            "public_fraction": self.public_fraction,
            "split_seed": self.split_seed,
        });
        if let Some(module) = &self.module {
            parts["module_sha256"] = Sha256::digest(module).to_vec().into();
        }
        Sha256::digest(parts.to_string()).into()
    }
}

/// A scoring version as it stands before launch: parts of it may be missing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    pub solution: Option<FileRef>,
    /// Whether it was sent without a split, and has that which counts from a look before.
    pub keeps_split: bool,
    pub metric: Option<String>,
    /// The text of the Python module, where the host wrote the metric.
    pub module: Option<String>,
    pub params: Params,
    pub context: Params,
    pub public_fraction: f64,
    pub split_seed: i64,
    /// What the winner's file should hold, as its host said.
    pub declared: Option<Declared>,
    /// What the contest plans to show and to allow.
    pub plan: Plan,
    /// Of a metric that its host wrote, as the host says.
    pub direction: Option<Direction>,
    pub data: DataFiles,
    /// Of a version that counts, what its files give away and nothing else.
    pub files_alone: bool,
    /// Whether labels and split are to be committed to.
    pub commits: bool,
    /// Whose splits a new version is held against while private scores are hidden.
    pub counted: Vec<CountedVersion>,
}

/// A version that counts or counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CountedVersion {
    pub number: i32,
    pub is_active: bool,
    /// Whether the launch was with it.
    pub is_first: bool,
    /// Without the text of a module: it has no part in the split.
    pub judging: Judging,
}

/// What came of holding a version's split against those before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Resplit {
    pub is_allowed: bool,
    /// The solution with the split that counts, where its file left that to us and it would have become another.
    pub kept: Option<KeptSolution>,
}

/// A sealed solution, written to storage and not yet in the database.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptSolution {
    pub stored: Stored,
    pub recipient: String,
}

/// A stored file as the database has it on record.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FileRef {
    pub key: String,
    /// `None` where no hash is on record.
    pub sha256: Option<[u8; 32]>,
}

/// The data files that an examination looks at.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DataFiles {
    pub train: Vec<TrainingFile>,
    pub test: Option<FileRef>,
    pub sample_submission: Option<FileRef>,
    pub history: Option<FileRef>,
}

/// One of the files that participants learn from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainingFile {
    pub name: String,
    pub file: FileRef,
}

/// A labelled table to be split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Table {
    pub competition_id: i64,
    pub file: FileRef,
    pub target_column: String,
    pub test_fraction: f64,
    pub public_fraction: f64,
    pub seed: i64,
}

/// A submission that is compared with others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entered {
    pub submission_id: i64,
    pub team_id: i64,
    pub file: FileRef,
}

/// A submission that may have been made to find out about hidden rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Looked {
    pub file: FileRef,
    /// What its team sent before.
    pub previous: Option<FileRef>,
}

/// A submission to a board that is a Ladder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Climb {
    /// The team's best file of those before whose score was released.
    pub best: Option<FileRef>,
}

/// A submission among others that are scored under one version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Submitted {
    pub file: FileRef,
    pub ladder: Option<Climb>,
}

/// What the worker asks of its child, one request at a time.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case")]
pub enum Request {
    Score {
        judging: Judging,
        submission: FileRef,
        ladder: Option<Climb>,
    },
    /// As many of these as can be scored in the time, one at least.
    ScoreBatch {
        judging: Judging,
        submitted: Vec<Submitted>,
        time_ms: u64,
    },
    Check {
        judging: Judging,
        file: FileRef,
        sample: Option<FileRef>,
    },
    Compare {
        judging: Judging,
        sample: Option<FileRef>,
        entered: Vec<Entered>,
    },
    Examine {
        draft: Draft,
    },
    Release {
        asked: Box<ToRelease>,
    },
    Split {
        table: Table,
    },
    Ranks {
        board: Board,
    },
    OtherMetrics {
        wanted: Vec<OtherMetric>,
    },
    Probing {
        judging: Judging,
        looked: Vec<Looked>,
    },
}

impl Request {
    /// The files in it that hold labels.
    pub(super) fn sealed(&self) -> Vec<&FileRef> {
        match self {
            Self::Score { judging, .. }
            | Self::ScoreBatch { judging, .. }
            | Self::Check { judging, .. }
            | Self::Compare { judging, .. }
            | Self::Probing { judging, .. } => vec![&judging.solution],
            Self::Examine { draft } => {
                let counted = draft.counted.iter().map(|counted| &counted.judging.solution);
                draft.solution.iter().chain(counted).collect()
            }
            Self::Release { asked } => asked.draft.solution.iter().collect(),
            Self::Split { table } => vec![&table.file],
            Self::Ranks { board } => vec![&board.judging.solution],
            Self::OtherMetrics { wanted } => wanted.iter().map(|metric| &metric.judging.solution).collect(),
        }
    }

    /// Whether it is asked again and again with the same solution.
    pub(super) fn is_scoring(&self) -> bool {
        !matches!(self, Self::Examine { .. } | Self::Release { .. } | Self::Split { .. })
    }

    /// Every file that it names.
    pub fn files(&self) -> Vec<&FileRef> {
        match self {
            Self::Score { judging, submission, ladder } => {
                let mut files = judging.files();
                files.push(submission);
                files.extend(ladder.iter().filter_map(|climb| climb.best.as_ref()));
                files
            }
            Self::ScoreBatch { judging, submitted, .. } => {
                let mut files = judging.files();
                for Submitted { file, ladder } in submitted {
                    files.push(file);
                    files.extend(ladder.iter().filter_map(|climb| climb.best.as_ref()));
                }
                files
            }
            Self::Check { judging, file, sample } => {
                let mut files = judging.files();
                files.extend(sample);
                files.push(file);
                files
            }
            Self::Compare { judging, sample, entered } => {
                let mut files = judging.files();
                files.extend(sample);
                files.extend(entered.iter().map(|entered| &entered.file));
                files
            }
            Self::Examine { draft } => {
                let data = &draft.data;
                let named = [&draft.solution, &data.test, &data.sample_submission, &data.history];
                let train = data.train.iter().map(|training| &training.file);
                let counted = draft.counted.iter().flat_map(|counted| counted.judging.files());
                named.into_iter().flatten().chain(train).chain(counted).collect()
            }
            Self::Release { asked } => asked.draft.solution.iter().chain(&asked.draft.data.history).collect(),
            Self::Split { table } => vec![&table.file],
            Self::Ranks { board } => board.files(),
            Self::OtherMetrics { wanted } => wanted.iter().flat_map(OtherMetric::files).collect(),
            Self::Probing { looked, .. } if looked.is_empty() => Vec::new(),
            Self::Probing { judging, looked } => {
                let mut files = judging.files();
                files.extend(looked.iter().flat_map(|looked| looked.previous.iter().chain([&looked.file])));
                files
            }
        }
    }
}

/// A metric that could have judged the same files, and the files that it has not scored yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OtherMetric {
    pub place: i16,
    pub judging: Judging,
    pub entries: Vec<Asked>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    pub submission_id: i64,
    pub file: FileRef,
}

impl OtherMetric {
    fn files(&self) -> Vec<&FileRef> {
        let mut files = self.judging.files();
        files.extend(self.entries.iter().map(|entry| &entry.file));
        files
    }
}

/// Private scores of submissions; `None` where the metric gives the file none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OtherScores {
    pub place: i16,
    /// The solution cannot be used with the metric.
    pub is_absent: bool,
    pub scores: Vec<(i64, Option<f64>)>,
}

/// Everything that a split made, written to storage and not yet in the database.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SplitFiles {
    pub train: Stored,
    pub test: Stored,
    pub sample_submission: Stored,
    /// Sealed.
    pub solution: Stored,
    pub recipient: String,
}

impl SplitFiles {
    fn all(&self) -> [&Stored; 4] {
        [&self.train, &self.test, &self.sample_submission, &self.solution]
    }
}

/// What the child answers; each answer fits one kind of [`Request`].
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    Scored {
        scores: Scores,
        /// Where the board is a Ladder.
        rung: Option<Rung>,
        /// Why the host's metric gave no score on some rows: for the host alone, it may hold labels.
        report: Option<String>,
    },
    /// What each of the first submissions came to, in the order of the question; there was no time for the others.
    ScoredBatch {
        answers: Vec<Answer>,
    },
    /// The file fits.
    Fits {
        n_rows: u64,
    },
    Rejected {
        rejection: Rejection,
    },
    Compared {
        comparison: Comparison,
    },
    Examined {
        report: Box<Report>,
        /// None where the solution cannot be read, and where none was asked for.
        commitment: Option<Committed>,
        /// None where there was nothing to compare.
        resplit: Option<Box<Resplit>>,
    },
    Released {
        released: Box<Released>,
    },
    /// Labels are not published, with the reason for their host.
    Withheld {
        reason: String,
    },
    Split {
        files: Box<SplitFiles>,
        proposal: Box<Proposal>,
    },
    Ranks {
        ranks: Box<BoardRanks>,
    },
    OtherMetrics {
        found: Vec<OtherScores>,
    },
    /// In the order of the question; `None` for a file that cannot be read any more.
    Probing {
        signs: Vec<Option<Signs>>,
    },
    /// The host's metric broke; the report is for the host alone and may hold labels.
    Broke {
        report: String,
    },
    /// A fault of ours, in words that hold nothing of any file.
    Fault {
        text: String,
        /// Something around the work is away and may come back; the work itself was not at fault.
        is_passing: bool,
    },
}

impl Answer {
    /// Files that were written for it, which somebody must name or remove.
    pub fn files(&self) -> Vec<&Stored> {
        match self {
            Self::Split { files, .. } => files.all().to_vec(),
            Self::Released { released } => vec![&released.stored],
            Self::Examined { resplit: Some(resplit), .. } => {
                resplit.kept.iter().map(|kept| &kept.stored).collect()
            }
            Self::Ranks { ranks } => {
                ranks.made.iter().map(|(_, stored)| stored).chain(&ranks.covariances).collect()
            }
            _ => Vec::new(),
        }
    }
}

impl From<StorageError> for Answer {
    fn from(error: StorageError) -> Self {
        Self::Fault { text: error.to_string(), is_passing: error.is_passing() }
    }
}

/// An answer, and what befell the child while it worked.
#[derive(Debug, Serialize, Deserialize)]
pub struct Reply {
    pub answer: Answer,
    /// Why the processor did what the GPU should have done; the answer is the same.
    pub gpu_failure: Option<String>,
    /// Whether it will do so from now on.
    pub has_lost_gpu: bool,
}

/// Writes one message.
///
/// # Errors
/// Those of the output.
pub fn send(output: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    output.write_all(&framed(message)?)?;
    output.flush()
}

/// Reads one message; `None` at the end of the input.
///
/// # Errors
/// Those of the input; what is no message is invalid data.
pub fn receive<T: DeserializeOwned>(input: &mut impl Read) -> io::Result<Option<T>> {
    let mut length = [0; 4];
    match input.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let mut body = vec![0; checked(length)?];
    input.read_exact(&mut body)?;
    Ok(Some(serde_json::from_slice(&body)?))
}

/// [`send`], without blocking.
///
/// # Errors
/// As [`send`].
pub async fn send_async(output: &mut (impl AsyncWrite + Unpin), message: &impl Serialize) -> io::Result<()> {
    output.write_all(&framed(message)?).await?;
    output.flush().await
}

/// [`receive`], without blocking; the end of the input is an error.
///
/// # Errors
/// As [`receive`].
pub async fn receive_async<T: DeserializeOwned>(input: &mut (impl AsyncRead + Unpin)) -> io::Result<T> {
    let mut length = [0; 4];
    input.read_exact(&mut length).await?;
    let mut body = vec![0; checked(length)?];
    input.read_exact(&mut body).await?;
    Ok(serde_json::from_slice(&body)?)
}

fn framed(message: &impl Serialize) -> io::Result<Vec<u8>> {
    let body = serde_json::to_vec(message)?;
    let length = u32::try_from(body.len()).map_err(|_| io::ErrorKind::InvalidData)?;
    let mut frame = Vec::with_capacity(4 + body.len());
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(&body);
    Ok(frame)
}

fn checked(length: [u8; 4]) -> io::Result<usize> {
    let length = u32::from_be_bytes(length) as usize;
    if length > MAX_MESSAGE_BYTES { Err(io::ErrorKind::InvalidData.into()) } else { Ok(length) }
}

#[cfg(test)]
mod tests {
    use holdout_contract::job::SplitScore;

    use super::*;

    #[test]
    fn a_score_arrives_with_every_digit() {
        let scores = Scores {
            public: SplitScore::Defined(0.1 + 0.2),
            private: SplitScore::Undefined { undefined: "one class only".to_owned() },
        };
        let mut pipe = Vec::new();
        send(&mut pipe, &Answer::Scored { scores: scores.clone(), rung: None, report: None }).expect("sent");
        let mut input = pipe.as_slice();
        let Some(Answer::Scored { scores: arrived, .. }) = receive(&mut input).expect("received") else {
            panic!("another answer")
        };
        assert_eq!(arrived, scores);
        assert!(receive::<Answer>(&mut input).expect("the end").is_none());
    }

    #[test]
    fn an_absurd_length_is_refused_before_memory_is_taken() {
        assert!(receive::<Answer>(&mut [0xff; 8].as_slice()).is_err());
    }
}
