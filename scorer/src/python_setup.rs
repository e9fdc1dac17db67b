//! `holdout-scorer python-setup`: a private Python with the libraries that metrics are written with, and the
//! kernel that runs notebooks.
//!
//! Never here: a change of the system's own Python.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;

use crate::sandboxes::python::Python;
use crate::{custom, notebooks};

/// What hosts and notebooks may count on. The driver of notebooks speaks to these kernels and clients.
const PACKAGES: [&str; 7] = [
    "numpy>=1.24",
    "pandas>=2.0",
    "scikit-learn>=1.3",
    "matplotlib>=3.8",
    "ipykernel>=6.29,<7",
    "jupyter-client>=8.6,<9",
    "nbclient>=0.10,<0.11",
];

#[derive(Debug, Args)]
pub struct SetupArgs {
    /// The folder of the private environment.
    #[arg(long)]
    into: PathBuf,
    /// The Python to start from; the system's, unless named.
    #[arg(long, env = "HOLDOUT_PYTHON")]
    base: Option<PathBuf>,
}

/// Installs what metrics need and tries the sandbox with it.
///
/// # Errors
/// What is missing, or why the sandbox does not hold.
pub fn set_up(arguments: &SetupArgs) -> anyhow::Result<()> {
    let python = install(&arguments.into, arguments.base.as_deref())?;
    let python = std::path::absolute(python)?;
    let sandbox = custom::sandbox::Sandbox::of_this_program(
        Some(&python),
        custom::sandbox::Bounds { memory_mb: 2048, time: Duration::from_secs(60) },
    )?;
    println!("Metrics written by hosts run with {} in their sandbox.", sandbox.versions());
    let bounds = notebooks::sandbox::Bounds { memory_mb: 1024, disk_mb: 64, time: Duration::from_secs(60) };
    match notebooks::sandbox::Sandbox::of_this_program(Some(&python), bounds, &std::env::temp_dir()) {
        Ok(sandbox) => println!("Notebooks can be run with {} in theirs.", sandbox.versions()),
        Err(reason) => println!("Notebooks cannot be run here: {reason}."),
    }
    println!("Scorers find it with HOLDOUT_PYTHON={}", python.display());
    println!("A Holdout that runs already uses it once it was started again.");
    Ok(())
}

/// The interpreter of a private environment.
fn interpreter(folder: &Path) -> PathBuf {
    folder.join("bin/python")
}

/// Makes the environment, or completes one that is there. Gives its interpreter.
///
/// # Errors
/// No Python to start from, one without `venv`, or packages that cannot be fetched.
fn install(folder: &Path, base: Option<&Path>) -> anyhow::Result<PathBuf> {
    let base = Python::find(base)?;
    // The user nobody must be able to read what is installed.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    if let Some(parent) = folder.parent() {
        std::fs::create_dir_all(parent).with_context(|| format!("{} cannot be made", parent.display()))?;
    }
    let python = interpreter(folder);
    if !python.exists() {
        run(Command::new(base.program()).args(["-m", "venv"]).arg(folder)).with_context(|| {
            format!(
                "{} could not make an environment; on Debian and Ubuntu this needs the package python3-venv",
                base.program().display()
            )
        })?;
    }
    run(Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"])
        .args(PACKAGES))
    .context("pandas, numpy, scikit-learn and Jupyter's kernel could not be installed")?;
    Ok(python)
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status()?;
    if !status.success() {
        bail!("{} ended with {status}", command.get_program().display());
    }
    Ok(())
}
