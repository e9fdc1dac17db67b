//! The command line: scoring and checking files, and the catalogue, with no database.

mod audit;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Args, Parser, Subcommand};
use holdout_contract::audit::Audit;
use holdout_contract::catalogue;
use holdout_contract::log;
use holdout_contract::rejection::Rejection;
use holdout_contract::spec::Direction;
use holdout_evaluator::Evaluator;
use serde::Serialize;
use serde_json::{Map, Value, json};

use self::audit::{PlanArgs, TablesArgs};
use crate::align::{Aligned, align};
use crate::custom;
use crate::custom::cage::{self, CageArgs};
use crate::custom::sandbox::{Bounds, Sandbox};
use crate::evaluate::{self, EvaluatorArgs, GpuArgs};
use crate::example;
use crate::intake::{Content, Limits, Source, content};
use crate::judge::{Context, Judge};
use crate::measure;
use crate::metrics;
use crate::metrics::compose::PartScore;
use crate::notebooks;
use crate::notebooks::cage::NotebookCageArgs;
use crate::python_setup::{SetupArgs, set_up};
use crate::ranks::measure::MeasureArgs;
use crate::sample::check_against_sample;
use crate::sandboxes::python::PythonArgs;
use crate::score::{part_scores, score_splits};
use crate::solution::{Solution, Split};
use crate::split::{SplitRule, kept_together};
use crate::worker::cli as worker;
use crate::worker::pulse::{self, AliveArgs};

/// A file was refused: the reason is on standard output, as JSON.
const REJECTED: u8 = 2;

/// What a module may use when somebody tries it by hand.
const MODULE_MEMORY_MB: u64 = 4096;
const MODULE_TIME: Duration = Duration::from_secs(1800);

#[derive(Parser)]
#[command(name = "holdout-scorer", version, about = "Scores predictions against hidden labels.")]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Score a submission against a solution; prints the public, private and overall score as JSON.
    Score(ScoreArguments),
    /// Print the catalogue of metrics as JSON.
    Metrics {
        /// Print a table for people instead.
        #[arg(long)]
        table: bool,
        /// Print what other programs compile in: one metric a line, without the texts for people.
        #[arg(long, conflicts_with = "table")]
        bare: bool,
    },
    /// Find out how a metric can be gamed on a solution's labels; prints a verdict for every check as JSON.
    Audit(AuditArguments),
    /// Check a submission against the sample submission; reads no labels.
    Check(CheckArguments),
    /// Take jobs from the queue and score them.
    Work(worker::WorkArgs),
    /// Take runs of notebooks from the queue and do them, each in its sandbox. Needs no key.
    RunNotebooks(notebooks::runner::RunNotebooksArgs),
    /// Make this scorer's private key and print its public half.
    Keygen(worker::KeygenArgs),
    /// Say whether this scorer could do its work here, and what to mend if not.
    Doctor(worker::DoctorArgs),
    /// Say whether a scorer or a runner on this machine is alive, by the file that it writes; asks no database.
    Alive(AliveArgs),
    /// Install pandas, numpy, scikit-learn and Jupyter's kernel for metrics written by hosts and for runs of
    /// notebooks, and try their sandboxes.
    PythonSetup(SetupArgs),
    /// Run a notebook on this machine from the top, in the sandbox, and say as JSON what came of it.
    Run(notebooks::cli::RunArgs),
    #[command(hide = true)]
    Child(worker::ChildArgs),
    #[command(hide = true)]
    Cage(CageArgs),
    #[command(hide = true)]
    NotebookCage(NotebookCageArgs),
    /// Say what does heavy computations here, and hold it against the definitions on fresh random inputs.
    Evaluator(EvaluatorArgs),
    /// Say how fast a board of made-up teams is looked at, as JSON.
    #[command(hide = true)]
    MeasureRanks(MeasureArgs),
    /// Say how long what is done with a file takes, as JSON.
    #[command(hide = true)]
    MeasureFile(MeasureFileArguments),
}

#[derive(Args)]
struct JudgeArguments {
    /// A JSON file whose `context` object names classes, rating range, seasons and the like.
    #[arg(long)]
    context: Option<PathBuf>,
    /// A CSV file with columns series, t and value: the history that forecasts are scaled by.
    #[arg(long)]
    history: Option<PathBuf>,
    /// The metric's parameters as a JSON object.
    #[arg(long)]
    params: Option<String>,
}

#[derive(Args)]
struct ScoreArguments {
    /// A metric's name, also in short form: rmse, map@5, f1@0.5, weighted_mae; or a Python module of
    /// your own, a file that ends in .py.
    #[arg(long)]
    metric: String,
    #[arg(long)]
    solution: PathBuf,
    #[arg(long)]
    submission: PathBuf,
    #[command(flatten)]
    judge: JudgeArguments,
    /// Share of public rows, where the solution has no Usage column.
    #[arg(long, default_value_t = 0.3)]
    public_fraction: f64,
    /// Seed of the split, where the solution has no Usage column.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    python: PythonArgs,
}

#[derive(Args)]
struct MeasureFileArguments {
    what: measure::What,
    /// Replicates, or files of a batch.
    #[arg(long, default_value_t = 200)]
    n: usize,
    #[command(flatten)]
    score: ScoreArguments,
    #[command(flatten)]
    gpu: GpuArgs,
}

#[derive(Args)]
struct AuditArguments {
    /// A metric's name, also in short form; or a Python module of your own, a file that ends in .py.
    #[arg(long)]
    metric: String,
    #[arg(long)]
    solution: PathBuf,
    /// A sample submission: says which columns a module reads, where they are not the solution's.
    #[arg(long)]
    sample: Option<PathBuf>,
    #[command(flatten)]
    judge: JudgeArguments,
    #[command(flatten)]
    plan: PlanArgs,
    #[command(flatten)]
    tables: TablesArgs,
    #[command(flatten)]
    python: PythonArgs,
}

#[derive(Args)]
struct CheckArguments {
    #[arg(long)]
    sample: PathBuf,
    #[arg(long)]
    submission: PathBuf,
    /// With a metric, its rules for cells apply (probabilities, whole numbers).
    #[arg(long)]
    metric: Option<String>,
    #[command(flatten)]
    judge: JudgeArguments,
}

/// Why a command did not succeed.
enum Failure {
    Rejected(Box<Rejection>),
    /// The command line, the host's settings, or a file that cannot be opened.
    Usage(String),
}

impl From<Rejection> for Failure {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(Box::new(rejection))
    }
}

/// Runs the program: 0 for success, 2 for a refused file, 1 for anything else.
pub fn run() -> ExitCode {
    let result = match Arguments::parse().verb {
        Verb::Score(arguments) => score(&arguments),
        Verb::Metrics { bare: true, .. } => Ok(catalogue::write(metrics::all().map(|metric| metric.spec()))),
        Verb::Metrics { table, .. } => print_metrics(table),
        Verb::Audit(arguments) => audit(&arguments),
        Verb::Check(arguments) => check(&arguments),
        Verb::Work(arguments) => return exit_of_service(worker::work(&arguments)),
        Verb::RunNotebooks(arguments) => return exit_of_service(notebooks::runner::work(&arguments)),
        Verb::Keygen(arguments) => return exit(worker::keygen(&arguments).map(|()| true)),
        Verb::Doctor(arguments) => return exit(worker::doctor(&arguments)),
        Verb::Alive(arguments) => return exit(pulse::alive(&arguments).map(|()| true)),
        Verb::PythonSetup(arguments) => return exit(set_up(&arguments).map(|()| true)),
        Verb::Run(arguments) => return exit(notebooks::cli::run(&arguments)),
        Verb::NotebookCage(arguments) => return cage_of_notebook(&arguments),
        Verb::Cage(arguments) => return exit(Err(cage::become_python(&arguments))),
        Verb::Evaluator(arguments) => return exit(evaluate::evaluator(&arguments)),
        Verb::MeasureRanks(arguments) => {
            Ok(crate::ranks::measure::measure(&arguments, &evaluate::automatic()).to_string())
        }
        Verb::MeasureFile(arguments) => measure_file(&arguments),
        Verb::Child(arguments) => return exit(worker::child(&arguments).map(|()| true)),
    };
    match result {
        Ok(text) => print(&text, ExitCode::SUCCESS),
        Err(Failure::Rejected(rejection)) => print(&json!(rejection).to_string(), ExitCode::from(REJECTED)),
        Err(Failure::Usage(message)) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn cage_of_notebook(arguments: &NotebookCageArgs) -> ExitCode {
    notebooks::cage::run(arguments).unwrap_or_else(|error| {
        eprintln!("{error:#}");
        ExitCode::FAILURE
    })
}

/// `Ok(false)`: something is wrong and was said already.
fn exit(done: anyhow::Result<bool>) -> ExitCode {
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The end of a program that keeps a log.
fn exit_of_service(done: anyhow::Result<()>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::tell_end(format_args!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// A reader that stops reading (`| head`) is no failure of ours.
fn print(text: &str, code: ExitCode) -> ExitCode {
    match writeln!(std::io::stdout().lock(), "{text}") {
        Ok(()) => code,
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => code,
        Err(_) => ExitCode::FAILURE,
    }
}

fn score(arguments: &ScoreArguments) -> Result<String, Failure> {
    if !(arguments.public_fraction > 0.0 && arguments.public_fraction < 1.0) {
        return Err(Failure::Usage("--public-fraction must lie between 0 and 1.".into()));
    }
    if arguments.metric.ends_with(".py") {
        return score_by_module(arguments);
    }
    let (solution, aligned) = prepared(arguments)?;
    let splits = [Split::Public, Split::Private, Split::All];
    let [public, private, all] = score_splits(&solution, &aligned, splits);
    let undefined = [("public", &public), ("private", &private), ("all", &all)];
    let undefined = undefined.iter().filter_map(|(name, score)| Some((*name, score.reason()?.to_owned())));
    let output = ScoreOutput {
        public: public.value(),
        private: private.value(),
        all: all.value(),
        parts: parts(&solution, &aligned),
        undefined: undefined.collect(),
        notices: aligned.notices,
    };
    serde_json::to_string(&output).map_err(|error| Failure::Usage(error.to_string()))
}

fn prepared(arguments: &ScoreArguments) -> Result<(Solution, Aligned), Failure> {
    let limits = Limits::default();
    let judge = judge(&arguments.metric, &arguments.judge, &limits)?;
    let rule = SplitRule {
        public_fraction: arguments.public_fraction,
        seed: arguments.seed,
        group_column: kept_together(|key| judge.context.text(key)).map(str::to_owned),
    };
    let solution = {
        let content = open(&arguments.solution, &limits)?;
        Solution::prepare(&content, judge, &rule, &limits)?
    };
    let aligned = {
        let content = open(&arguments.submission, &limits)?;
        align(&solution, &content, &limits)?
    };
    Ok((solution, aligned))
}

fn measure_file(arguments: &MeasureFileArguments) -> Result<String, Failure> {
    let evaluator = Evaluator::open(arguments.gpu.gpu).map_err(|none| Failure::Usage(none.to_string()))?;
    let started = Instant::now();
    let (solution, aligned) = prepared(&arguments.score)?;
    let read_s = started.elapsed().as_secs_f64();
    let measured = measure::measure(arguments.what, arguments.n, &solution, &aligned, &evaluator);
    let mut measured = measured.map_err(Failure::Usage)?;
    measured["read_s"] = json!(read_s);
    measured["device"] = json!(evaluator.about());
    measured["failure"] = json!(evaluator.take_failure());
    Ok(measured.to_string())
}

fn parts(solution: &Solution, aligned: &Aligned) -> BTreeMap<&'static str, Vec<PartScore>> {
    let splits = [("public", Split::Public), ("private", Split::Private), ("all", Split::All)];
    splits
        .into_iter()
        .map(|(name, split)| (name, part_scores(solution, aligned, split)))
        .filter(|(_, parts)| !parts.is_empty())
        .collect()
}

/// Scores with a metric that a host wrote, in the sandbox as a worker does.
fn score_by_module(arguments: &ScoreArguments) -> Result<String, Failure> {
    let limits = Limits::default();
    let (module, sandbox) = module(&arguments.metric, &arguments.judge, &arguments.python)?;
    let context = context(&arguments.judge)?;
    let rule = SplitRule {
        public_fraction: arguments.public_fraction,
        seed: arguments.seed,
        group_column: kept_together(|key| context.text(key)).map(str::to_owned),
    };
    let solution = {
        let content = open(&arguments.solution, &limits)?;
        custom::tables::Solution::prepare(&content, context.values(), &rule, &limits)?
    };
    let aligned = solution.align(&open(&arguments.submission, &limits)?, None, &limits)?;
    let scores = match custom::score(&sandbox, &module, &solution, &aligned) {
        Ok(custom::Scored { scores, report: None }) => scores,
        Err(custom::Failure::Refused(rejection)) => return Err(rejection.into()),
        Ok(custom::Scored { report: Some(report), .. })
        | Err(
            custom::Failure::Broke(report)
            | custom::Failure::Stopped(report)
            | custom::Failure::Platform(report),
        ) => return Err(Failure::Usage(report)),
    };
    let undefined = [("public", &scores.public), ("private", &scores.private)];
    let undefined = undefined.iter().filter_map(|(name, score)| Some((*name, score.reason()?.to_owned())));
    let output = ScoreOutput {
        public: scores.public.value(),
        private: scores.private.value(),
        all: None,
        parts: BTreeMap::new(),
        undefined: undefined.collect(),
        notices: Vec::new(),
    };
    serde_json::to_string(&output).map_err(|error| Failure::Usage(error.to_string()))
}

#[derive(Serialize)]
struct ScoreOutput {
    public: Option<f64>,
    private: Option<f64>,
    all: Option<f64>,
    /// The values that the scores are put together from, by split.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    parts: BTreeMap<&'static str, Vec<PartScore>>,
    /// Why a score is null, by split.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    undefined: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notices: Vec<String>,
}

fn audit(arguments: &AuditArguments) -> Result<String, Failure> {
    arguments.plan.check().map_err(Failure::Usage)?;
    let limits = Limits::default();
    let report = if arguments.metric.ends_with(".py") {
        audit_of_module(arguments, &limits)?
    } else {
        let judge = judge(&arguments.metric, &arguments.judge, &limits)?;
        let content = open(&arguments.solution, &limits)?;
        let mut solution = Solution::prepare(&content, judge, &SplitRule::default(), &limits)?;
        solution.read_series(&content, &limits);
        let report = crate::audit::of_solution(&solution, &arguments.plan.settings(Some(&solution)));
        arguments.tables.complete(report, &solution, &limits).map_err(Failure::Usage)?
    };
    serde_json::to_string_pretty(&report).map_err(|error| Failure::Usage(error.to_string()))
}

/// Audits a metric that a host wrote, in the sandbox as a worker does.
fn audit_of_module(arguments: &AuditArguments, limits: &Limits) -> Result<Audit, Failure> {
    let (module, sandbox) = module(&arguments.metric, &arguments.judge, &arguments.python)?;
    let context = context(&arguments.judge)?;
    let solution = open(&arguments.solution, limits)?;
    let solution =
        custom::tables::Solution::prepare(&solution, context.values(), &SplitRule::default(), limits)?;
    let sample = match &arguments.sample {
        Some(sample) => solution.align(&open(sample, limits)?, None, limits)?,
        None => solution.as_submission(),
    };
    let subject = custom::Subject {
        sandbox: &sandbox,
        module: &module,
        solution: &solution,
        sample: &sample,
        direction: None,
        time: MODULE_TIME,
    };
    let audit = custom::audit(&subject, &arguments.plan.settings(None));
    let known: Vec<String> =
        std::iter::once(solution.id_name().to_owned()).chain(solution.names().iter().cloned()).collect();
    arguments.tables.complete_of_module(audit, &known, limits).map_err(Failure::Usage)
}

/// A module in a file, with a sandbox for it.
fn module(
    file: &str,
    judge: &JudgeArguments,
    python: &PythonArgs,
) -> Result<(custom::Module, Sandbox), Failure> {
    let source = std::fs::read_to_string(file)
        .map_err(|error| Failure::Usage(format!("{file} cannot be read: {error}.")))?;
    let module = custom::Module { source, params: params(judge)? };
    let bounds = Bounds { memory_mb: MODULE_MEMORY_MB, time: MODULE_TIME };
    let sandbox = Sandbox::of_this_program(python.python.as_deref(), bounds)
        .map_err(|error| Failure::Usage(format!("Metrics of your own cannot run here: {error}.")))?;
    Ok((module, sandbox))
}

fn check(arguments: &CheckArguments) -> Result<String, Failure> {
    let limits = Limits::default();
    let judge =
        arguments.metric.as_ref().map(|metric| judge(metric, &arguments.judge, &limits)).transpose()?;
    let sample = open(&arguments.sample, &limits)?;
    let submission = open(&arguments.submission, &limits)?;
    let n_rows = check_against_sample(&sample, &submission, judge.as_ref(), &limits)?;
    Ok(json!({ "fits": true, "rows": n_rows }).to_string())
}

fn open(path: &Path, limits: &Limits) -> Result<Content, Failure> {
    let opened = content::open(Source::Path(path), limits)
        .map_err(|error| Failure::Usage(format!("{} cannot be read: {error}.", path.display())))?;
    Ok(opened?)
}

fn judge(metric: &str, arguments: &JudgeArguments, limits: &Limits) -> Result<Judge, Failure> {
    let mut context = context(arguments)?;
    if let Some(path) = &arguments.history {
        context.history = history_file(path, limits)?;
    }
    Judge::new(metric, &params(arguments)?, context).map_err(Failure::Usage)
}

fn params(arguments: &JudgeArguments) -> Result<Map<String, Value>, Failure> {
    arguments.params.as_ref().map_or_else(
        || Ok(Map::new()),
        |text| {
            serde_json::from_str(text)
                .map_err(|error| Failure::Usage(format!("--params is not a JSON object: {error}.")))
        },
    )
}

fn context(arguments: &JudgeArguments) -> Result<Context, Failure> {
    arguments.context.as_deref().map_or_else(|| Ok(Context::default()), context_file)
}

fn context_file(path: &Path) -> Result<Context, Failure> {
    let fail = |reason: String| Failure::Usage(format!("{} cannot be used: {reason}.", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| fail(error.to_string()))?;
    let mut values: Map<String, Value> =
        serde_json::from_str(&text).map_err(|error| fail(error.to_string()))?;
    match values.remove("context") {
        Some(Value::Object(context)) => Ok(Context::new(context)),
        Some(_) => Err(fail("its “context” is not an object".into())),
        None => Ok(Context::new(values)),
    }
}

fn history_file(path: &Path, limits: &Limits) -> Result<BTreeMap<String, Vec<f64>>, Failure> {
    let content = open(path, limits)?;
    crate::judge::read_history(&content, limits).map_err(|rejection| {
        Failure::Usage(format!("{} cannot be used as a history: {}", path.display(), rejection.message))
    })
}

fn print_metrics(table: bool) -> Result<String, Failure> {
    let specs: Vec<_> = metrics::all().map(example::described).collect();
    if !table {
        return serde_json::to_string_pretty(&specs).map_err(|error| Failure::Usage(error.to_string()));
    }
    let lines = specs.iter().map(|spec| {
        let better = match spec.direction {
            Direction::HigherIsBetter => "higher",
            Direction::LowerIsBetter => "lower",
        };
        let parameters: Vec<String> = spec
            .parameters
            .iter()
            .filter(|parameter| parameter.is_main)
            .map(|parameter| format!("@{}", parameter.name))
            .collect();
        format!("{:<28} {:<7} {}", format!("{}{}", spec.name, parameters.concat()), better, spec.sentence)
    });
    Ok(std::iter::once(format!("{:<28} {:<7} {}", "metric", "better", "what it measures"))
        .chain(lines)
        .collect::<Vec<_>>()
        .join("\n"))
}
