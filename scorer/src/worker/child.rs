//! The child: bounded, without database and without secrets but the key, answering one request at
//! a time. It alone opens solutions.
//!
//! Never here: labels or scores in a fault's text, anything printed but answers.

mod beside;
mod by_module;
mod desk;
mod releasing;
mod resplitting;
mod scoring;
mod siblings;

use std::cell::OnceCell;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use holdout_contract::examine::Report;
use holdout_contract::rejection::Rejection;
use holdout_contract::spec::Params;
use holdout_evaluator::{Choice, Evaluator};
use rustix::process::{DumpableBehavior, Resource, Rlimit, Signal};

use self::desk::Desk;
use super::board;
use super::cache::Cache;
use super::message::{
    Answer, Board, Draft, Entered, FileRef, Judging, Reply, Request, SplitFiles, Table, TrainingFile,
    receive, send,
};
use super::storage::{Storage, StorageError, Stored, is_passing};
use crate::custom;
use crate::custom::sandbox::{self, Sandbox};
use crate::examine::{self, Competition, Training};
use crate::intake::content::{self, Bytes};
use crate::intake::{Content, Limits, Source, read_header};
use crate::judge::{Context, Judge, read_history};
use crate::sample::check_against_sample;
use crate::similar::{self, Answers, Draw};
use crate::solution::Solution;
use crate::split::{SplitRule, kept_together};
use crate::unseal::{Key, Opened, UnsealError};

/// Room above the watched memory for stacks and for what is mapped but not used.
const SLACK_MB: u64 = 512;

/// Of the memory of a job, the part that predictions of a batch may take: what is made of them, such as terms and keys,
/// takes several times as much.
const PART_OF_A_BATCH: usize = 16;

/// Answers requests from the standard input until it ends.
///
/// # Errors
/// Those of the key, of the bounds and of the two pipes.
pub fn serve(
    storage: Storage,
    key_path: &Path,
    python: Option<PathBuf>,
    of_metric: sandbox::Bounds,
    gpu: Choice,
) -> anyhow::Result<()> {
    bind(of_metric.memory_mb)?;
    std::panic::set_hook(Box::new(|_| {})); // a panic's text could hold a cell
    let limits = Limits::within_memory(of_metric.memory_mb << 20);
    let modules = Modules { python, bounds: of_metric, sandbox: None };
    let mut child = Child {
        storage,
        key: Key::read(key_path)?,
        cache: Cache::default(),
        limits,
        batch_bytes: (of_metric.memory_mb << 20) as usize / PART_OF_A_BATCH,
        modules,
        gpu,
        evaluator: OnceCell::new(),
    };
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    while let Some(request) = receive::<Request>(&mut input)? {
        let answer = child.answer(request);
        let evaluator = child.evaluator.get();
        let gpu_failure = evaluator.and_then(Evaluator::take_failure);
        let has_lost_gpu = gpu_failure.is_some() && evaluator.is_some_and(|left| left.device().is_none());
        send(&mut output, &Reply { answer, gpu_failure, has_lost_gpu })?;
    }
    Ok(())
}

/// Dies with its parent, leaves no core file, and gets no more memory than it may use.
pub(crate) fn bind(memory_mb: u64) -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    limit(Resource::Core, 0)?;
    limit(Resource::Data, (memory_mb + SLACK_MB) << 20)?;
    Ok(())
}

fn limit(resource: Resource, value: u64) -> io::Result<()> {
    Ok(rustix::process::setrlimit(resource, Rlimit { current: Some(value), maximum: Some(value) })?)
}

/// Why there is no answer.
enum Refusal {
    /// The file is wrong; its author is told.
    Rejected(Rejection),
    /// A fault of ours.
    Fault(Fault),
}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl<F: Into<Fault>> From<F> for Refusal {
    fn from(fault: F) -> Self {
        Self::Fault(fault.into())
    }
}

fn answer_of(answered: Result<Answer, Refusal>) -> Answer {
    match answered {
        Ok(answer) => answer,
        Err(Refusal::Rejected(rejection)) => Answer::Rejected { rejection },
        Err(Refusal::Fault(fault)) => {
            Answer::Fault { text: fault.to_string(), is_passing: fault.is_passing() }
        }
    }
}

/// A fault of ours, worded without anything of a file.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Unseal(#[from] UnsealError),
    #[error("a stored file cannot be read or written: {0}")]
    Io(#[from] io::Error),
    #[error("the competition's solution cannot be used with its metric; examine the competition again")]
    Solution,
    #[error("this scorer cannot use the competition's metric with its parameters: {0}")]
    Metric(String),
    #[error("the competition's history file cannot be read")]
    History,
    #[error("the competition's sample submission cannot be read")]
    Sample,
    #[error("metrics written by hosts cannot run on this scorer: {0}")]
    NoSandbox(String),
    #[error("{0}")]
    Sandbox(String),
}

/// What hosts' metrics run in, tried when the first of them comes.
struct Modules {
    python: Option<PathBuf>,
    bounds: sandbox::Bounds,
    sandbox: Option<Sandbox>,
}

impl Modules {
    /// Where there is none, the next job tries again: somebody may have mended the machine.
    fn sandbox(&mut self) -> Result<&Sandbox, Fault> {
        let sandbox = match self.sandbox.take() {
            Some(sandbox) => sandbox,
            None => Sandbox::of_this_program(self.python.as_deref(), self.bounds)
                .map_err(|reason| Fault::NoSandbox(reason.to_string()))?,
        };
        Ok(self.sandbox.insert(sandbox))
    }
}

/// A solution, ready for a metric of the catalogue or for one that its host wrote.
enum Prepared {
    Catalogue(Box<Solution>),
    Module {
        solution: Box<custom::tables::Solution>,
        /// The columns that a submission must have beside the id.
        columns: Option<Vec<String>>,
    },
}

impl Fault {
    /// Whether the storage is away, rather than the file gone or wrong.
    fn is_passing(&self) -> bool {
        match self {
            Self::Storage(error) => error.is_passing(),
            Self::Io(error) => is_passing(error),
            _ => false,
        }
    }
}

struct Child {
    storage: Storage,
    key: Key,
    cache: Cache<Prepared>,
    limits: Limits,
    /// Predictions of several submissions that are held at a time.
    batch_bytes: usize,
    modules: Modules,
    gpu: Choice,
    /// Opened by the first job that needs it.
    evaluator: OnceCell<Evaluator>,
}

impl Child {
    /// A GPU that the scorer found and this process does not find is missed aloud; the work is done all the same.
    fn evaluator(&self) -> &Evaluator {
        self.evaluator
            .get_or_init(|| Evaluator::open(self.gpu).unwrap_or_else(|reason| Evaluator::without(&reason)))
    }

    fn answer(&mut self, request: Request) -> Answer {
        let answered = catch_unwind(AssertUnwindSafe(|| match request {
            Request::Score { judging, submission, ladder } => {
                self.score(&judging, &submission, ladder.as_ref())
            }
            Request::ScoreBatch { judging, submitted, time_ms } => {
                self.score_batch(&judging, &submitted, Duration::from_millis(time_ms))
            }
            Request::Check { judging, file, sample } => self.check(&judging, &file, sample.as_ref()),
            Request::Compare { judging, sample, entered } => {
                self.compare(&judging, sample.as_ref(), &entered)
            }
            Request::Examine { draft } => self.examine(&draft),
            Request::Release { asked } => self.release(&asked),
            Request::Split { table } => self.split(&table),
            Request::Ranks { board } => self.ranks(&board),
            Request::OtherMetrics { wanted } => self.other_metrics(&wanted),
            Request::Probing { judging, looked } => self.look(&judging, &looked),
        }));
        match answered {
            Ok(answered) => answer_of(answered),
            Err(_) => {
                self.cache = Cache::default();
                let text = "the scoring code met a case it does not handle".to_owned();
                Answer::Fault { text, is_passing: false }
            }
        }
    }

    /// Against the sample submission where there is one; else against the ids of the solution. No
    /// label has a part in the answer.
    fn check(
        &mut self,
        judging: &Judging,
        file: &FileRef,
        sample: Option<&FileRef>,
    ) -> Result<Answer, Refusal> {
        let submission = open(self.read(file)?, &self.limits)?;
        let n_rows = match sample {
            Some(sample) => {
                let sample = open(self.read(sample)?, &self.limits).map_err(|_| Fault::Sample)?;
                let judge = if judging.module.is_none() { Some(self.judge(judging)?) } else { None };
                check_against_sample(&sample, &submission, judge.as_ref(), &self.limits)?
            }
            None => match &*self.solution(judging)? {
                Prepared::Catalogue(solution) => {
                    crate::align::align(solution, &submission, &self.limits)?;
                    solution.n_rows() as u64
                }
                Prepared::Module { solution, columns } => {
                    solution.align(&submission, columns.as_deref(), &self.limits)?;
                    solution.n_rows() as u64
                }
            },
        };
        Ok(Answer::Fits { n_rows })
    }

    /// No label has a part in the answer; the solution says which row is which.
    fn compare(
        &mut self,
        judging: &Judging,
        sample: Option<&FileRef>,
        entered: &[Entered],
    ) -> Result<Answer, Refusal> {
        let solution = self.solution(judging)?;
        let draw = match &*solution {
            Prepared::Catalogue(solution) => Draw::of(solution.n_rows(), solution.expected_columns().len()),
            Prepared::Module { solution, .. } => Draw::of(solution.n_rows(), solution.names().len()),
        };
        let sample = match sample {
            Some(sample) => self.answers(&solution, sample, &draw)?,
            None => None,
        };
        let mut entries = Vec::with_capacity(entered.len());
        for Entered { submission_id, team_id, file } in entered {
            if let Some(answers) = self.answers(&solution, file, &draw)? {
                entries.push(similar::Entry { submission_id: *submission_id, team_id: *team_id, answers });
            }
        }
        let n_unread = entered.len() - entries.len();
        Ok(Answer::Compared {
            comparison: similar::compare(self.evaluator(), entries, sample.as_ref(), draw.n_rows(), n_unread),
        })
    }

    /// What a file says of the rows that were drawn; `None` where the solution does not take it.
    fn answers(&self, solution: &Prepared, file: &FileRef, draw: &Draw) -> Result<Option<Answers>, Refusal> {
        let content = match open(self.read(file)?, &self.limits) {
            Err(Refusal::Rejected(_)) => return Ok(None),
            content => content?,
        };
        Ok(match solution {
            Prepared::Catalogue(solution) => crate::align::align(solution, &content, &self.limits)
                .ok()
                .map(|aligned| Answers::of(&aligned, draw)),
            Prepared::Module { solution, columns } => solution
                .align(&content, columns.as_deref(), &self.limits)
                .ok()
                .map(|aligned| Answers::of_texts(&aligned, draw)),
        })
    }

    fn report(&mut self, module: Option<custom::Module>, competition: &Competition<'_>) -> Report {
        let limits = self.limits;
        match module {
            None => examine::examine(competition, &limits),
            Some(module) => {
                let sandbox = self.modules.sandbox().map_err(|fault| fault.to_string());
                custom::examine(
                    sandbox.as_ref().map(|held| *held).map_err(String::as_str),
                    &module,
                    competition,
                    &limits,
                )
            }
        }
    }

    fn examine(&mut self, draft: &Draft) -> Result<Answer, Refusal> {
        let Some(mut competition) = self.opened(draft)? else {
            let report = Box::new(examine::sealed_to_another());
            return Ok(Answer::Examined { report, commitment: None, resplit: None });
        };
        let held = self.resplit(&mut competition, draft)?;
        let mut report = self.report_of(draft, &competition);
        let kept = held.as_ref().and_then(|held| held.resplit.kept.as_ref());
        if kept.is_some() || draft.keeps_split {
            report.findings.push(examine::resplit::told_kept());
        }
        let solution_sha256 = match kept {
            Some(kept) => Some(kept.stored.sha256),
            None => draft.solution.as_ref().and_then(|file| file.sha256),
        };
        let resplit = held.map(|held| {
            report.findings.extend(held.findings);
            Box::new(held.resplit)
        });
        let commitment = match draft.commits {
            true => self.commit(&competition, draft.module.is_some(), solution_sha256)?,
            false => None,
        };
        Ok(Answer::Examined { report: Box::new(report), commitment, resplit })
    }

    /// What is said of a draft as far as it is there: of its files alone, or with its metric.
    fn report_of(&mut self, draft: &Draft, competition: &Competition<'_>) -> Report {
        match draft.module.as_ref() {
            None if draft.files_alone => examine::of_files(competition, &self.limits),
            Some(_) if draft.files_alone => custom::examine_files(competition, &self.limits),
            module => {
                let params = || draft.params.clone();
                let module = module.map(|source| custom::Module { source: source.clone(), params: params() });
                self.report(module, competition)
            }
        }
    }

    /// A draft with its files read and its solution opened; `None` where that was sealed to another key.
    fn opened<'d>(&self, draft: &'d Draft) -> Result<Option<Competition<'d>>, Refusal> {
        let optional = |file: &Option<FileRef>| {
            file.as_ref().map(|file| Ok::<_, StorageError>(self.read(file)?.into())).transpose()
        };
        let history = optional(&draft.data.history)?;
        let mapped = |file: &FileRef| self.storage.map(&file.key, file.sha256.as_ref());
        let training = draft.data.train.iter();
        let train: Result<Vec<Training>, StorageError> = training
            .map(|TrainingFile { name, file }| {
                mapped(file).map(|bytes| Training { name: name.clone(), bytes })
            })
            .collect();
        let train = train?;
        let test = draft.data.test.as_ref().map(mapped).transpose()?;
        let sample = optional(&draft.data.sample_submission)?;
        let solution = draft.solution.as_ref().map(|file| self.unseal(file)).transpose();
        let solution = match solution {
            Err(Fault::Unseal(UnsealError::CannotOpen)) => return Ok(None),
            solution => solution?,
        };
        Ok(Some(Competition {
            solution: solution.map(Bytes::of),
            metric: draft.metric.as_deref(),
            params: &draft.params,
            context: &draft.context,
            history,
            rule: rule(&draft.context, draft.public_fraction, draft.split_seed),
            train,
            test,
            sample_submission: sample,
            declared: draft.declared,
            plan: draft.plan,
            direction: draft.direction,
        }))
    }

    fn split(&mut self, table: &Table) -> Result<Answer, Refusal> {
        let opened = self.unseal(&table.file)?;
        let frame = examine::frame::Frame::read(&Bytes::of(opened), &self.limits)?;
        let wish = examine::split::Wish {
            target_column: table.target_column.clone(),
            test_fraction: table.test_fraction,
            public_fraction: table.public_fraction,
            seed: table.seed,
        };
        let parts = examine::split::take_apart(&frame, &wish)?;
        let files = Box::new(self.write(table.competition_id, &frame, &parts)?);
        Ok(Answer::Split { files, proposal: Box::new(parts.proposal) })
    }

    fn write(
        &self,
        competition_id: i64,
        frame: &examine::frame::Frame,
        parts: &examine::split::Parts,
    ) -> Result<SplitFiles, Fault> {
        use examine::write;
        let recipient = self.key.recipient();
        let mut written = Written { storage: &self.storage, competition_id, done: Vec::new() };
        let train = written.add("data", |output| write::train(frame, parts, output))?;
        let test = written.add("data", |output| write::test(frame, parts, output))?;
        let sample_submission =
            written.add("data", |output| write::sample_submission(frame, parts, output))?;
        let solution = written.add("solutions", |output| {
            write::solution(frame, parts, &recipient, output).map_err(io::Error::other)
        })?;
        written.done.clear();
        Ok(SplitFiles { train, test, sample_submission, solution, recipient })
    }

    fn ranks(&mut self, board: &Board) -> Result<Answer, Refusal> {
        let ranks = board::look(&mut Desk::of(self, board), board)?;
        Ok(Answer::Ranks { ranks: Box::new(ranks) })
    }

    fn solution(&mut self, judging: &Judging) -> Result<Rc<Prepared>, Fault> {
        if let Some(prepared) = self.cache.get(judging) {
            return Ok(prepared);
        }
        let opened = self.unseal(&judging.solution)?;
        let n_bytes = opened.len() as u64;
        let content = open(Bytes::of(opened), &self.limits).map_err(|_| Fault::Solution)?;
        let rule = rule(&judging.context, judging.public_fraction, judging.split_seed);
        let prepared = if judging.module.is_some() {
            let solution = custom::tables::Solution::prepare(&content, &judging.context, &rule, &self.limits)
                .map_err(|_| Fault::Solution)?;
            let columns = self.columns_of_sample(judging, Some(solution.id_name()))?;
            Prepared::Module { solution: Box::new(solution), columns }
        } else {
            let judge = self.judge(judging)?;
            let solution = Solution::prepare(&content, judge, &rule, &self.limits);
            Prepared::Catalogue(Box::new(solution.map_err(|_| Fault::Solution)?))
        };
        Ok(self.cache.put(judging, n_bytes, prepared))
    }

    /// Beside the id, which is the first where no other is named.
    fn columns_of_sample(
        &self,
        judging: &Judging,
        id_name: Option<&str>,
    ) -> Result<Option<Vec<String>>, Fault> {
        let Some(sample) = &judging.sample else { return Ok(None) };
        let content = open(self.read(sample)?, &self.limits).map_err(|_| Fault::Sample)?;
        let mut columns = read_header(&content, &self.limits).map_err(|_| Fault::Sample)?;
        let id_name = id_name.map(str::to_owned).or_else(|| columns.first().cloned());
        columns.retain(|name| Some(name) != id_name.as_ref());
        Ok(Some(columns))
    }

    fn judge(&self, judging: &Judging) -> Result<Judge, Fault> {
        let mut context = Context::new(judging.context.clone());
        if let Some(file) = &judging.history {
            let content = open(self.read(file)?, &self.limits).map_err(|_| Fault::History)?;
            context.history = read_history(&content, &self.limits).map_err(|_| Fault::History)?;
        }
        Judge::new(&judging.metric, &judging.params, context).map_err(Fault::Metric)
    }

    fn read(&self, file: &FileRef) -> Result<Vec<u8>, StorageError> {
        read(&self.storage, file)
    }

    fn unseal(&self, file: &FileRef) -> Result<Opened, Fault> {
        Ok(self.key.open(&self.read(file)?)?)
    }
}

fn read(storage: &Storage, file: &FileRef) -> Result<Vec<u8>, StorageError> {
    match &file.sha256 {
        Some(sha256) => storage.read(&file.key, sha256),
        None => storage.read_unverified(&file.key),
    }
}

/// Files of a split; removed again when one of them cannot be written.
struct Written<'a> {
    storage: &'a Storage,
    competition_id: i64,
    done: Vec<String>,
}

impl Written<'_> {
    fn add(
        &mut self,
        room: &str,
        fill: impl FnOnce(&mut super::storage::Writing) -> io::Result<()>,
    ) -> Result<Stored, Fault> {
        let mut writing = self.storage.create(room, self.competition_id)?;
        fill(&mut writing)?;
        let stored = writing.finish()?;
        self.done.push(stored.key.clone());
        Ok(stored)
    }
}

impl Drop for Written<'_> {
    fn drop(&mut self) {
        self.done.iter().for_each(|key| drop(self.storage.remove(key)));
    }
}

fn open(bytes: impl Into<Bytes>, limits: &Limits) -> Result<Content, Refusal> {
    Ok(content::open(Source::Bytes(bytes.into()), limits).map_err(Fault::Io)??)
}

/// How the split is made where the solution has no `Usage` column.
fn rule(context: &Params, public_fraction: f64, seed: i64) -> SplitRule {
    SplitRule {
        public_fraction,
        seed: seed.cast_unsigned(),
        group_column: kept_together(|key| context.get(key)?.as_str()).map(str::to_owned),
    }
}
