//! The Python that runs hosts' metrics and notebooks, and the files it needs for that.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;
use serde::Deserialize;

/// Where systems keep their own interpreter.
const USUAL: [&str; 2] = ["/usr/bin/python3", "/usr/local/bin/python3"];

/// Shared libraries, and where the loader finds them.
const LIBRARIES: [&str; 4] = ["/usr/lib", "/usr/lib64", "/lib", "/lib64"];
const DETAILS: [&str; 4] = ["/etc/ld.so.cache", "/usr/share/zoneinfo", "/dev/null", "/dev/urandom"];

/// Prints what the interpreter is made of. It is the operator's program and no host's.
const ASK: &str = "import json, sys; print(json.dumps({'program': sys.executable, 'prefixes': [sys.prefix, \
                   sys.base_prefix], 'paths': sys.path, 'version': '%d.%d.%d' % sys.version_info[:3]}))";

/// Which Python runs what people wrote.
#[derive(Debug, Clone, Default, Args)]
pub struct PythonArgs {
    /// The Python for metrics written by hosts and for notebooks, as `python-setup` makes one.
    #[arg(long, env = "HOLDOUT_PYTHON")]
    pub python: Option<PathBuf>,
}

/// An interpreter.
#[derive(Debug, Clone)]
pub struct Python {
    program: PathBuf,
    version: String,
    reads: Vec<PathBuf>,
    runs: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct Told {
    program: PathBuf,
    prefixes: Vec<PathBuf>,
    paths: Vec<PathBuf>,
    version: String,
}

/// Why there is no interpreter.
#[derive(Debug, thiserror::Error)]
pub enum NoPython {
    #[error("there is no Python on this machine: install python3, or name one in HOLDOUT_PYTHON")]
    None,
    #[error("{0} is no Python that can be started: {1}")]
    Unusable(PathBuf, String),
}

/// Why a sandbox with Python in it cannot be had on this machine.
#[derive(Debug, thiserror::Error)]
pub enum Unavailable {
    #[error(transparent)]
    NoPython(#[from] NoPython),
    #[error("the sandbox cannot be set up: {0}")]
    NoCage(String),
    #[error("the sandbox does not hold: inside of it, {0} is possible")]
    Open(String),
    #[error(
        "{python} {lacks}: {reason}. Run `holdout python-setup` and start Holdout again, or name an interpreter that has them in HOLDOUT_PYTHON"
    )]
    NoLibraries { python: PathBuf, lacks: &'static str, reason: String },
    #[error("the sandbox could not be tried: {0}")]
    Untried(String),
}

impl Unavailable {
    /// `lacks` goes on after the interpreter's name: `cannot load …`.
    pub(crate) fn no_libraries(python: &Python, lacks: &'static str, reason: String) -> Self {
        Self::NoLibraries { python: python.program().to_owned(), lacks, reason }
    }
}

impl Python {
    /// The one that is named, else the system's.
    ///
    /// # Errors
    /// None there, or none that starts.
    pub fn find(named: Option<&Path>) -> Result<Self, NoPython> {
        let program = match named {
            Some(named) => named.to_owned(),
            None => USUAL.iter().map(PathBuf::from).find(|path| path.exists()).ok_or(NoPython::None)?,
        };
        Self::at(&program)
    }

    fn at(program: &Path) -> Result<Self, NoPython> {
        let unusable = |reason: String| NoPython::Unusable(program.to_owned(), reason);
        let output = Command::new(program)
            .args(["-s", "-B", "-X", "utf8", "-c", ASK])
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::null())
            .output()
            .map_err(|error| unusable(error.to_string()))?;
        let told: Told = serde_json::from_slice(&output.stdout)
            .map_err(|_| unusable(String::from_utf8_lossy(&output.stderr).trim().to_owned()))?;
        let real = told.program.canonicalize().map_err(|error| unusable(error.to_string()))?;
        let of_prefix = |prefix: &PathBuf| ["lib", "lib64", "pyvenv.cfg"].map(|name| prefix.join(name));
        let reads = told
            .prefixes
            .iter()
            .filter(|prefix| prefix.parent().is_some())
            .flat_map(of_prefix)
            .chain(told.paths.into_iter().filter(|path| path.is_absolute() && path.parent().is_some()))
            .chain(DETAILS.map(PathBuf::from))
            .filter(|path| path.exists());
        let libraries = LIBRARIES.map(PathBuf::from).into_iter().filter(|path| path.exists());
        Ok(Self {
            reads: reads.collect(),
            runs: std::iter::once(real).chain(libraries).collect(),
            program: told.program,
            version: told.version,
        })
    }

    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Its version and those of its libraries, as people read them.
    pub fn with_libraries(&self, libraries: &BTreeMap<String, String>) -> String {
        let libraries = libraries.iter().map(|(name, version)| format!("{name} {version}"));
        let all: Vec<String> = std::iter::once(format!("Python {}", self.version)).chain(libraries).collect();
        all.join(", ")
    }

    /// What it reads of the machine's files.
    pub fn reads(&self) -> &[PathBuf] {
        &self.reads
    }

    /// The interpreter itself, and the folders of the loader and of shared libraries.
    pub fn runs(&self) -> &[PathBuf] {
        &self.runs
    }
}
