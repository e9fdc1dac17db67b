//! The kernels and all that is done with them, on the processor: against its own code, and when they fail.

mod shim;

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use holdout_evaluator::compare::{Finding, compare, compare_large};
use holdout_evaluator::device::{Argument, Shape};
use holdout_evaluator::{Cpu, Device, DeviceFailure, Evaluator, Kernels, Plain, Suite};
use sha2::{Digest, Sha256};
use shim::{Shim, Words};

fn agree(seed: u64, findings: &[Finding]) {
    for finding in findings {
        assert!(finding.agrees, "seed {seed}: {finding:?}");
    }
}

/// Other inputs in every run; a failure names them.
fn fresh_seed() -> u64 {
    RandomState::new().hash_one(0)
}

#[test]
fn the_kernels_compute_what_the_processor_does() {
    let kernels = Kernels(Shim::compiled());
    for seed in (100..104).chain([fresh_seed()]) {
        agree(seed, &compare(&kernels, &Cpu, seed).expect("the processor does not fail"));
    }
    let seed = fresh_seed();
    agree(seed, &compare(&kernels, &Plain, seed).expect("the processor does not fail"));
}

/// No digit depends on what computes it, whether one thread of a device is enough for it or many are needed.
#[test]
fn everything_is_equal_to_the_last_bit() {
    let kernels = Kernels(Shim::compiled());
    let all = [
        "roc_auc",
        "average_precision",
        "sums",
        "orders",
        "sorted",
        "weights",
        "means",
        "segment_means",
        "overlaps",
        "distances",
        "text_distances",
        "products",
    ];
    let one_processor = Kernels(Shim::of_processors(1));
    let small = [&kernels, &one_processor]
        .map(|kernels| compare(kernels, &Cpu, 42).expect("the processor does not fail"));
    let large = [(&kernels, 300), (&one_processor, 301)]
        .map(|(kernels, seed)| compare_large(kernels, &Cpu, seed).expect("the processor does not fail"));
    for findings in [small, large].concat() {
        for finding in &findings {
            assert!(finding.agrees && finding.worst == 0.0, "{finding:?}");
        }
        assert!(all.iter().all(|what| findings.iter().any(|finding| finding.what == *what)));
    }
}

/// Breaks at one call, whichever that is.
struct Failing {
    shim: Shim,
    calls_left: AtomicUsize,
    n_failures: Arc<AtomicUsize>,
    failure: DeviceFailure,
}

impl Failing {
    fn call(&self) -> Result<(), DeviceFailure> {
        let left =
            self.calls_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if left == Ok(1) {
            self.n_failures.fetch_add(1, Ordering::Relaxed);
            return Err(self.failure.clone());
        }
        Ok(())
    }
}

impl Device for Failing {
    type Buffer = Words;

    fn n_processors(&self) -> usize {
        self.shim.n_processors()
    }

    fn upload(&self, parts: &[&[u8]]) -> Result<Words, DeviceFailure> {
        self.call()?;
        self.shim.upload(parts)
    }

    fn zeros(&self, n_bytes: usize) -> Result<Words, DeviceFailure> {
        self.call()?;
        self.shim.zeros(n_bytes)
    }

    fn download(&self, buffer: &Words, into: &mut [u8]) -> Result<(), DeviceFailure> {
        self.call()?;
        self.shim.download(buffer, into)
    }

    fn launch(
        &self,
        kernel: &'static str,
        shape: Shape,
        arguments: &[Argument<'_, Words>],
    ) -> Result<(), DeviceFailure> {
        self.call()?;
        self.shim.launch(kernel, shape, arguments)
    }
}

fn failing(at_call: usize, failure: &DeviceFailure) -> (Evaluator, Arc<AtomicUsize>) {
    let n_failures = Arc::new(AtomicUsize::new(0));
    let device = Failing {
        shim: Shim::compiled(),
        calls_left: AtomicUsize::new(at_call),
        n_failures: Arc::clone(&n_failures),
        failure: failure.clone(),
    };
    (Evaluator::with_device(Kernels(device), "a device that fails".to_owned()), n_failures)
}

#[test]
fn a_lost_device_changes_no_result_and_is_left_alone() {
    for at_call in [1, 2, 5, 20, 90, 200] {
        let (evaluator, n_failures) = failing(at_call, &DeviceFailure::Lost("pulled out".to_owned()));
        let Ok(findings) = compare(&evaluator, &Cpu, 3);
        agree(3, &findings);
        assert_eq!(n_failures.load(Ordering::Relaxed), 1, "{at_call}");
        assert!(evaluator.device().is_none());
        assert_eq!(evaluator.about(), Some("a device that fails"), "what was found at the start");
    }
}

#[test]
fn work_that_is_too_large_leaves_the_device_in_use() {
    let (evaluator, n_failures) = failing(3, &DeviceFailure::OutOfMemory);
    let Ok(findings) = compare(&evaluator, &Cpu, 3);
    agree(3, &findings);
    assert_eq!(n_failures.load(Ordering::Relaxed), 1);
    assert!(evaluator.device().is_some());
}

#[test]
fn products_of_columns_among_themselves_are_those_with_copies() {
    let column = |at: usize| (0..700).map(|row| ((row * 37 + at * 11) % 101) as f32 - 50.5).collect();
    let columns: Vec<Vec<f32>> = (0..70).map(column).collect();
    let copies = columns.clone();
    let own: Vec<&[f32]> = columns.iter().map(Vec::as_slice).collect();
    let other: Vec<&[f32]> = copies.iter().map(Vec::as_slice).collect();
    let kernels = Kernels(Shim::compiled());
    assert_eq!(kernels.products(&own, &own), kernels.products(&own, &other));
}

#[test]
fn nothing_comes_of_nothing() {
    let kernels = Kernels(Shim::compiled());
    assert_eq!(kernels.sums(&[]), Ok(Vec::new()));
    assert_eq!(kernels.orders(&[&[], &[]]), Ok(vec![Vec::new(); 2]));
    assert_eq!(kernels.sorted(&[&[], &[]]), Ok(vec![Vec::new(); 2]));
    assert_eq!(kernels.text_distances(&[("", ""), ("", "é")]), Ok(vec![0, 1]));
    assert_eq!(kernels.products(&[], &[&[1.0]]), Ok(vec![Vec::new()]));
    assert_eq!(kernels.distances(&[(&[], &[]), (&[], &[4])]), Ok(vec![0, 1]));
    assert_eq!(kernels.segment_means(&[], &[]), Ok(Vec::new()));
}

#[test]
fn the_ptx_was_made_from_the_source() {
    let hash = hex::encode(Sha256::digest(include_bytes!("../kernels/kernels.cu")));
    let ptx = include_str!("../kernels/kernels.ptx");
    assert_eq!(ptx.lines().next(), Some(format!("// kernels.cu {hash}").as_str()), "run scripts/ptx");
}

/// The instructions of every delivered kernel.
fn delivered() -> Vec<(&'static str, &'static str)> {
    let text = include_str!("../kernels/kernels.ptx");
    let kernels = text.split(".entry ").skip(1);
    kernels.map(|kernel| kernel.split_once('(').expect("parameters follow the name")).collect()
}

/// Two 24-bit factors have an exact product of 48 bits: adding it in one rounding or in two is the same.
const SINGLE_PRECISION_FACTORS: &str = "column_products";

#[test]
fn delivered_kernels_round_as_the_processor_does() {
    let kernels = delivered();
    assert!(kernels.len() > 10);
    for (name, code) in kernels {
        for sloppy in [".approx", ".ftz", "div.full", "sqrt", "ex2", "lg2"] {
            assert!(!code.contains(sloppy), "{name} has {sloppy}");
        }
        assert!(!code.contains("fma.") || name == SINGLE_PRECISION_FACTORS, "{name} leaves out a rounding");
    }
}

#[test]
fn delivered_kernels_ask_for_no_newer_driver_than_is_said() {
    let text = include_str!("../kernels/kernels.ptx");
    assert!(text.contains("\n.version 7.8\n"), "what CUDA 11.8 reads: see scripts/ptx");
    assert!(text.contains("\n.target sm_60\n"));
}
