//! `holdout-scorer python-setup`: a private Python with the libraries that metrics are written with, and the
//! kernel that runs notebooks.
//!
//! Never here: a change of the system's own Python.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use super::python::Python;

/// What hosts and notebooks may count on. The driver of notebooks speaks to these kernels and clients.
pub const PACKAGES: [&str; 7] = [
    "numpy>=1.24",
    "pandas>=2.0",
    "scikit-learn>=1.3",
    "matplotlib>=3.8",
    "ipykernel>=6.29,<7",
    "jupyter-client>=8.6,<9",
    "nbclient>=0.10,<0.11",
];

/// The interpreter of a private environment.
pub fn interpreter(folder: &Path) -> PathBuf {
    folder.join("bin/python")
}

/// Makes the environment, or completes one that is there. Gives its interpreter.
///
/// # Errors
/// No Python to start from, one without `venv`, or packages that cannot be fetched.
pub fn set_up(folder: &Path, base: Option<&Path>) -> anyhow::Result<PathBuf> {
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
