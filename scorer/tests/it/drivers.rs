//! A driver of NVIDIA that a test made, loaded as a real one is: what can be wrong with a driver or its device, and
//! that the same results come all the same.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::OnceLock;

const PROGRAM: &str = env!("CARGO_BIN_EXE_holdout-scorer");

/// What is wrong with a driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    None,
    NoDevice,
    /// It cannot read the kernels.
    Old,
    /// It lacks a function.
    Ancient,
    LittleMemory,
    /// The device breaks after some work.
    Lost,
    /// It finds something else, after some work.
    Wrong,
}

impl Fault {
    const ALL: [Self; 7] =
        [Self::None, Self::NoDevice, Self::Old, Self::Ancient, Self::LittleMemory, Self::Lost, Self::Wrong];

    fn definition(self) -> &'static str {
        match self {
            Self::None => "-DNO_FAULT",
            Self::NoDevice => "-DNO_DEVICE",
            Self::Old => "-DOLD",
            Self::Ancient => "-DANCIENT",
            Self::LittleMemory => "-DLITTLE_MEMORY",
            Self::Lost => "-DLOST",
            Self::Wrong => "-DWRONG",
        }
    }

    /// The folder of a driver with this fault, made once by every process.
    pub fn folder(self) -> &'static PathBuf {
        static FOLDERS: [OnceLock<PathBuf>; 7] = [const { OnceLock::new() }; 7];
        let at = Self::ALL.iter().position(|fault| *fault == self).expect("all are listed");
        FOLDERS[at].get_or_init(|| self.compile())
    }

    fn compile(self) -> PathBuf {
        let name = format!("driver-{self:?}-{}", std::process::id());
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/evaluator/tests/shim/driver.cpp");
        let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
        let compiled = Command::new(compiler)
            .args(["-std=c++20", "-O1", "-shared", "-fPIC", "-ffp-contract=off", self.definition(), "-o"])
            .arg(folder.join("libcuda.so"))
            .arg(source)
            .status()
            .expect("a C++ compiler runs");
        assert!(compiled.success(), "the driver is C++");
        folder
    }
}

fn evaluator(fault: Fault, arguments: &[&str]) -> Output {
    Command::new(PROGRAM)
        .arg("evaluator")
        .args(arguments)
        .env_remove("HOLDOUT_GPU")
        .env("LD_LIBRARY_PATH", fault.folder())
        .output()
        .expect("it runs")
}

fn said(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_driver_is_asked_as_it_wants_to_be() {
    let looked = evaluator(Fault::None, &["--gpu", "on", "--seed", "17"]);
    let (text, complaint) = said(&looked);
    assert!(looked.status.success(), "{text}{complaint}");
    assert!(
        text.starts_with("computes with: a processor, 8 GB, driver for CUDA 13.0, kernels as delivered\n")
    );
    let on_device = text.split_once("the GPU against the processor").expect("it is compared").1;
    assert!(on_device.contains("roc_auc: agrees") && on_device.contains("products: agrees"), "{text}");
    assert!(!text.contains("DIFFERS"), "{text}");
}

#[test]
fn a_driver_that_cannot_be_used_is_told_with_the_reason_and_what_would_do() {
    let reasons = [
        (Fault::NoDevice, "the GPU cannot be opened"),
        (Fault::Old, "the GPU's driver is too old (for CUDA 11.4): one for CUDA 11.8 or newer is needed"),
        (
            Fault::Ancient,
            "the GPU's driver is too old (it lacks a function): one for CUDA 11.8 or newer is needed",
        ),
    ];
    for (fault, reason) in reasons {
        let (about, complaint) = said(&evaluator(fault, &["--about"]));
        assert!(about.is_empty() && complaint.contains(reason), "{fault:?}: {about}{complaint}");
        let (text, _) = said(&evaluator(fault, &["--seed", "3"]));
        assert!(text.starts_with("computes with: the processor\n"), "{fault:?}: {text}");
        let demanded = evaluator(fault, &["--gpu", "on", "--about"]);
        assert!(!demanded.status.success() && said(&demanded).1.contains(reason), "{fault:?}");
    }
}

#[test]
fn a_machine_without_a_driver_complains_of_nothing() {
    let looked = Command::new(PROGRAM)
        .args(["evaluator", "--about"])
        .env_remove("HOLDOUT_GPU")
        .output()
        .expect("it runs");
    assert!(looked.status.success() && said(&looked).1.is_empty(), "{looked:?}");
}

/// The figures of a GPU, in small, with this driver; the table and the numbers that it wrote.
fn figures(name: &str, fault: Fault, arguments: &[&str]) -> (Output, PathBuf) {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    let output = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../bench/gpu"))
        .args(["--small", "--into"])
        .arg(&folder)
        .args(arguments)
        .env_remove("HOLDOUT_GPU")
        .env("HOLDOUT_SCORER", PROGRAM)
        .env("LD_LIBRARY_PATH", fault.folder())
        .output()
        .expect("it runs");
    (output, folder)
}

#[test]
fn figures_of_a_gpu_are_made_by_one_command() {
    let (output, folder) = figures("figures", Fault::None, &[]);
    let (text, complaint) = said(&output);
    assert!(output.status.success(), "{text}{complaint}");
    let written = std::fs::read(folder.join("figures.json")).expect("figures");
    let figures: serde_json::Value = serde_json::from_slice(&written).expect("JSON");
    let computations = figures["gpu"]["computations"].as_array().expect("a list");
    assert_eq!(computations.len(), figures["two_cores"]["computations"].as_array().map_or(0, Vec::len));
    for computation in computations {
        let steps = computation["steps"].as_object().expect("steps");
        assert!(steps.contains_key("upload") && steps.contains_key("download"), "{computation}");
    }
    let table = std::fs::read_to_string(folder.join("figures.md")).expect("a table");
    for named in
        ["GPU: a processor, 8 GB", "| auc_of_one, ", "| replicates of rmse, GPU |", "column_products "]
    {
        assert!(table.contains(named), "{named}: {table}");
    }
    assert!(table.lines().any(|line| line.contains("operations: ") && line.contains("(3 x 64 x 1.98 GHz)")));
}

#[test]
fn figures_of_a_gpu_that_computes_something_else_are_none_and_the_seed_is_told() {
    let (output, folder) = figures("no-figures", Fault::Wrong, &["--seed", "4242"]);
    let (text, complaint) = said(&output);
    assert!(!output.status.success(), "{text}");
    assert!(complaint.contains("DIFFERS") && complaint.contains("bench/gpu --seed 4242"), "{complaint}");
    assert!(!folder.join("figures.md").exists());
}
