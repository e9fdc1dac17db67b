//! What does heavy computations on this machine: chosen when a scorer starts, announced, and tried by hand.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};
use clap::Args;
use holdout_evaluator::compare::{Finding, compare, compare_large};
use holdout_evaluator::measure::{Size, measure};
use holdout_evaluator::{Choice, Cpu, Evaluator, Plain};
use serde_json::{Value, json};

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
    /// Print times of processor and GPU on made-up teams, as JSON.
    #[arg(long, conflicts_with = "about")]
    measure: bool,
    /// Teams whose ROC curves are replicated.
    #[arg(long, default_value_t = 100, requires = "measure")]
    teams: usize,
    #[arg(long, default_value_t = 100_000, requires = "measure")]
    rows: usize,
    #[arg(long, default_value_t = 10_000, requires = "measure")]
    replicates: usize,
    /// Columns that are multiplied with each other.
    #[arg(long, default_value_t = 256, requires = "measure")]
    columns: usize,
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
    if args.measure {
        writeln!(output, "{:#}", measured(args, &evaluator)?)?;
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

fn measured(args: &EvaluatorArgs, evaluator: &Evaluator) -> anyhow::Result<Value> {
    let EvaluatorArgs { teams, rows, replicates, columns, .. } = *args;
    let size = Size { teams, rows, replicates, columns };
    let Ok(processor) = measure(&Cpu, size);
    let gpu = evaluator.device().map(|device| measure(&*device, size)).transpose()?;
    Ok(json!({ "gpu_is": evaluator.about(), "processor": processor, "gpu": gpu }))
}

fn seed_of_now() -> u64 {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    u64::from(since.subsec_nanos()) ^ since.as_secs() << 20
}
