//! What does heavy computations on this machine: chosen when a scorer starts, announced, and tried by hand.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};
use clap::Args;
use holdout_evaluator::compare::{Finding, compare, compare_large};
use holdout_evaluator::measure::{Computation, Size, measure};
use holdout_evaluator::{Choice, Cpu, Cuda, Evaluator, Kernels, Plain, Timed};
use serde_json::{Value, json};

use crate::parallel;
use crate::worker::child;

#[derive(Debug, Clone, Args)]
pub struct GpuArgs {
    /// Whether a GPU of NVIDIA is used for what profits from one: auto, off, or on, which demands one.
    #[arg(long, env = "HOLDOUT_GPU", default_value_t)]
    pub gpu: Choice,
}

#[derive(Debug, Args)]
pub struct EvaluatorArgs {
    #[command(flatten)]
    gpu: GpuArgs,
    /// Print the device alone; nothing where there is none.
    #[arg(long)]
    about: bool,
    /// Look for it within the memory of a job.
    #[arg(long, hide = true, requires = "about")]
    memory_mb: Option<u64>,
    /// Makes the inputs; drawn by the clock unless it is named.
    #[arg(long)]
    seed: Option<u64>,
    #[command(flatten)]
    measure: MeasureArgs,
}

/// What is measured, and how often.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Measured {
    Processor,
    Gpu,
}

#[derive(Debug, Args)]
struct MeasureArgs {
    /// Print times on made-up inputs instead, as JSON: of the processor's cores that this process may use, or of the GPU.
    #[arg(long, conflicts_with = "about")]
    measure: Option<Measured>,
    /// Teams whose files are looked at together.
    #[arg(long, default_value_t = 100, requires = "measure")]
    teams: usize,
    #[arg(long, default_value_t = 100_000, requires = "measure")]
    rows: usize,
    /// Of a file that is looked at alone.
    #[arg(long, default_value_t = 1_000_000, requires = "measure")]
    rows_of_one: usize,
    #[arg(long, default_value_t = 10_000, requires = "measure")]
    replicates: usize,
    /// Columns that are multiplied with each other.
    #[arg(long, default_value_t = 256, requires = "measure")]
    columns: usize,
    /// Pairs of masks and of texts.
    #[arg(long, default_value_t = 100_000, requires = "measure")]
    pairs: usize,
    /// The median of so many runs counts.
    #[arg(long, default_value_t = 5, requires = "measure")]
    runs: usize,
}

/// Whatever there is.
pub fn automatic() -> Evaluator {
    Evaluator::open(Choice::Auto).unwrap_or_default()
}

/// What tells where the driver, its compiler and the device are; a child gets nothing else of the environment.
pub(crate) fn environment_of_device() -> impl Iterator<Item = (&'static str, OsString)> {
    let names = ["LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES"];
    names.into_iter().filter_map(|name| std::env::var_os(name).map(|value| (name, value)))
}

/// The GPU that a child of this program would use, in a line. A process of its own looks for it, with what a child
/// has: a scorer keeps nothing of a driver, and survives what it does.
///
/// # Errors
/// Why there is none, where one is demanded; a program that cannot be started.
pub(crate) fn found_by(program: &Path, choice: Choice, memory_mb: u64) -> anyhow::Result<Option<String>> {
    if choice == Choice::Off {
        return Ok(None);
    }
    let looked = Command::new(program)
        .args(["evaluator", "--about", "--gpu", choice.as_str(), "--memory-mb"])
        .arg(memory_mb.to_string())
        .env_clear()
        .envs(environment_of_device())
        .output()
        .context("looking for a GPU")?;
    // The last line is the reason; before it stands what a library had to say.
    let complaint = String::from_utf8_lossy(&looked.stderr).lines().last().unwrap_or_default().to_owned();
    if !looked.status.success() && choice == Choice::On {
        bail!("HOLDOUT_GPU is on: {complaint}");
    }
    if !complaint.is_empty() {
        tracing::warn!(reason = complaint, "the GPU is not used, and the processor does all work");
    }
    let about = String::from_utf8_lossy(&looked.stdout).trim().to_owned();
    Ok(Some(about).filter(|about| !about.is_empty()))
}

/// Says what there is and how it does; `Ok(false)` when something was computed wrongly.
///
/// # Errors
/// No GPU where one is demanded; a GPU that fails.
pub fn evaluator(args: &EvaluatorArgs) -> anyhow::Result<bool> {
    if let Some(memory_mb) = args.memory_mb {
        child::bind(memory_mb).context("the bounds of a job")?;
    }
    let evaluator = Evaluator::open(args.gpu.gpu)?;
    let mut output = std::io::stdout().lock();
    if args.about {
        if let Some(about) = evaluator.about() {
            writeln!(output, "{about}")?;
        }
        if let Some(complaint) = evaluator.take_failure() {
            eprintln!("{complaint}");
        }
        return Ok(true);
    }
    if let Some(measured) = args.measure.measure {
        writeln!(output, "{:#}", args.measure.times(measured)?)?;
        return Ok(true);
    }
    let seed = args.seed.unwrap_or_else(seed_of_now);
    let Ok(on_processor) = compare(&Cpu, &Plain, seed);
    let mut parts = vec![("the processor against the definitions", on_processor)];
    writeln!(output, "computes with: {}", evaluator.about().unwrap_or("the processor"))?;
    if let Some(device) = evaluator.device() {
        let findings = [compare(&*device, &Cpu, seed)?, compare_large(&*device, &Cpu, seed)?].concat();
        parts.push(("the GPU against the processor", findings));
    }
    for (what, findings) in &parts {
        writeln!(output, "{what}, seed {seed}:")?;
        for Finding { what, n_values, worst, agrees } in findings {
            let verdict = if *agrees { "agrees" } else { "DIFFERS" };
            writeln!(output, "  {what}: {verdict} ({n_values} values, largest difference {worst:e})")?;
        }
    }
    Ok(parts.iter().flat_map(|(_, findings)| findings).all(|finding| finding.agrees))
}

impl MeasureArgs {
    fn times(&self, measured: Measured) -> anyhow::Result<Value> {
        match measured {
            Measured::Processor => {
                let times = Computation::ALL.map(|what| {
                    let Ok(found) = measure(&Cpu, what, self.size(), (self.runs, false));
                    found
                });
                Ok(json!({ "n_threads": parallel::n_threads(usize::MAX), "computations": times }))
            }
            Measured::Gpu => self.times_of(&Cuda::open()?),
        }
    }

    /// With what every kernel and every journey took, of a run of its own in which each is waited for.
    fn times_of(&self, device: &Cuda) -> anyhow::Result<Value> {
        let timed = Kernels(Timed::new(device));
        let mut times = Vec::with_capacity(Computation::ALL.len());
        for what in Computation::ALL {
            let found = measure(&Kernels(device), what, self.size(), (self.runs, true))?;
            measure(&timed, what, self.size(), (1, false))?;
            let mut found = json!(found);
            found["steps"] = json!(timed.0.take());
            times.push(found);
        }
        Ok(json!({ "device": device.about(), "limits": device.limits(), "computations": times }))
    }

    fn size(&self) -> Size {
        let Self { teams, rows, rows_of_one, replicates, columns, pairs, .. } = *self;
        Size { teams, rows, rows_of_one, replicates, columns, pairs }
    }
}

fn seed_of_now() -> u64 {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    u64::from(since.subsec_nanos()) ^ since.as_secs() << 20
}
