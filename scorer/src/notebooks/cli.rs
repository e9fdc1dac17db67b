//! The command line of runs: a notebook that is run here, by hand.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use serde_json::json;

use super::folder::RunFolder;
use super::sandbox::{Bounds, Ending, Ran, Sandbox, Watch};
use crate::sandboxes::python::PythonArgs;

/// What a run may use.
#[derive(Debug, Clone, Args)]
pub struct BoundArgs {
    /// Memory of a notebook's processes together, in MB.
    #[arg(long, env = "HOLDOUT_NOTEBOOK_MEMORY_MB", default_value_t = 2048, value_parser = clap::value_parser!(u64).range(512..))]
    pub memory_mb: u64,
    /// The disk that a notebook writes to, in MB. It is kept in memory.
    #[arg(long, env = "HOLDOUT_NOTEBOOK_DISK_MB", default_value_t = 1024, value_parser = clap::value_parser!(u64).range(16..))]
    pub disk_mb: u64,
    /// Time that a run may take, in seconds.
    #[arg(long, env = "HOLDOUT_NOTEBOOK_SECONDS", default_value_t = 1800, value_parser = clap::value_parser!(u64).range(1..))]
    pub seconds: u64,
}

impl BoundArgs {
    pub fn bounds(&self) -> Bounds {
        Bounds { memory_mb: self.memory_mb, disk_mb: self.disk_mb, time: Duration::from_secs(self.seconds) }
    }
}

#[derive(Debug, Args)]
pub struct RunArgs {
    /// An .ipynb file.
    notebook: PathBuf,
    /// A folder with data files, which the notebook finds as `data` and in /kaggle/input.
    #[arg(long)]
    data: Option<PathBuf>,
    /// The name of that folder in /kaggle/input.
    #[arg(long, default_value = "competition")]
    name: String,
    /// Where the notebook with its outputs and the files that it wrote are put.
    #[arg(long)]
    into: Option<PathBuf>,
    #[command(flatten)]
    bounds: BoundArgs,
    #[command(flatten)]
    python: PythonArgs,
}

/// Runs a notebook from the top and prints what came of it, as JSON. `Ok(false)` where not every cell ran.
///
/// # Errors
/// A file that cannot be read; a machine without the sandbox.
pub fn run(arguments: &RunArgs) -> anyhow::Result<bool> {
    let notebook = fs::read(&arguments.notebook)
        .with_context(|| format!("{} cannot be read", arguments.notebook.display()))?;
    let spools = std::env::temp_dir();
    let python = arguments.python.python.as_deref();
    let sandbox = Sandbox::of_this_program(python, arguments.bounds.bounds(), &spools)?;
    let folder = RunFolder::make(&spools)?;
    if let Some(data) = &arguments.data {
        for entry in fs::read_dir(data)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                fs::copy(entry.path(), folder.input().join(entry.file_name()))?;
            }
        }
    }
    let name = arguments.data.as_ref().map(|_| arguments.name.as_str());
    let ran = sandbox.run(&folder, name, &notebook, &Watch::default());
    if let Some(into) = &arguments.into {
        keep(&ran, into)?;
    }
    println!("{:#}", document(&ran));
    Ok(ran.ending == Ending::FromTheTop)
}

fn keep(ran: &Ran, into: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(into)?;
    if let Some(executed) = &ran.executed {
        fs::copy(executed, into.join("executed.ipynb"))?;
    }
    for file in &ran.files {
        let target = into.join("files").join(&file.path);
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::copy(&file.at, target)?;
    }
    Ok(())
}

fn document(ran: &Ran) -> serde_json::Value {
    let (ending, cell, text) = match &ran.ending {
        Ending::FromTheTop => ("from_the_top", None, ""),
        Ending::CellFailed { cell, traceback } => ("cell_failed", Some(*cell), traceback.as_str()),
        Ending::Stopped { cell, reason } => ("stopped", *cell, reason.as_str()),
        Ending::Fault(reason) => ("fault", None, reason.as_str()),
    };
    let files: Vec<_> =
        ran.files.iter().map(|file| json!({ "path": file.path, "size_bytes": file.size_bytes })).collect();
    json!({
        "ending": ending,
        "cell": cell,
        "text": text,
        "n_cells_run": ran.n_cells_run,
        "n_code_cells": ran.n_code_cells,
        "files": files,
        "log": ran.log,
        "seconds": ran.took.as_secs_f64(),
    })
}
