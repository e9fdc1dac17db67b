//! The command line of metrics written by hosts: `python-setup`, the hidden `cage`, and scoring two
//! files with a module.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use super::sandbox::{Bounds, Sandbox, Unavailable};
use super::setup;
use crate::notebooks;

#[derive(Debug, Args)]
pub struct SetupArgs {
    /// The folder of the private environment.
    #[arg(long)]
    into: PathBuf,
    /// The Python to start from; the system's, unless named.
    #[arg(long, env = "HOLDOUT_PYTHON")]
    base: Option<PathBuf>,
}

/// Which Python runs hosts' metrics.
#[derive(Debug, Clone, Default, Args)]
pub struct PythonArgs {
    /// The Python for metrics written by hosts and for notebooks, as `python-setup` makes one.
    #[arg(long, env = "HOLDOUT_PYTHON")]
    pub python: Option<PathBuf>,
}

/// Installs what metrics need and tries the sandbox with it.
///
/// # Errors
/// What is missing, or why the sandbox does not hold.
pub fn set_up(arguments: &SetupArgs) -> anyhow::Result<()> {
    let python = setup::set_up(&arguments.into, arguments.base.as_deref())?;
    let python = std::path::absolute(python)?;
    let sandbox = open(Some(&python), Bounds { memory_mb: 2048, time: Duration::from_secs(60) })?;
    println!("Metrics written by hosts run with {} in their sandbox.", sandbox.versions());
    let bounds = notebooks::sandbox::Bounds { memory_mb: 1024, disk_mb: 64, time: Duration::from_secs(60) };
    match notebooks::cli::open(Some(&python), bounds, &std::env::temp_dir()) {
        Ok(sandbox) => println!("Notebooks can be run with {} in theirs.", sandbox.versions()),
        Err(reason) => println!("Notebooks cannot be run here: {reason}."),
    }
    println!("Scorers find it with HOLDOUT_PYTHON={}", python.display());
    Ok(())
}

/// The sandbox of this machine, with this program as its cage.
///
/// # Errors
/// Why metrics written by hosts cannot run here.
pub fn open(python: Option<&Path>, bounds: Bounds) -> Result<Sandbox, Unavailable> {
    let program = std::env::current_exe().map_err(|error| Unavailable::Untried(error.to_string()))?;
    Sandbox::open(&program, python, bounds)
}
