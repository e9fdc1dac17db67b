//! Heavy computations behind one interface: sorts, exact replicates of scores under Poisson weights, sums,
//! products, overlaps and distances, for many teams at once.
//!
//! [`Suite`] says what there is. [`Plain`] are the definitions, [`Cpu`] is what runs everywhere, [`Kernels`] are
//! the same on a device, and [`Evaluator`] is what a scorer uses. What is exact is equal to the last bit
//! everywhere; sums have an order that is written down, so that neither threads nor the width of registers
//! change a digit. [`compare`](compare::compare) holds one against another.
//!
//! Never here: labels, files, ids. What comes in are slices.

mod cells;
pub mod compare;
mod cpu;
pub mod device;
pub mod edits;
mod evaluator;
pub mod measure;
pub mod philox;
mod plain;
pub mod radix;
mod ranking;
mod runs;
mod segments;
mod suite;
mod sums;
mod wide;

pub use cells::sums_by_cell;
pub use cpu::Cpu;
pub use device::{Cuda, Device, DeviceFailure, Kernels, Limits, NoDevice, Timed};
pub use evaluator::{Choice, Evaluator};
pub use philox::Draw;
pub use plain::Plain;
pub use radix::order_key;
pub use ranking::{Code, MAX_ROWS, Ranking};
pub use suite::{Pair, Run, Suite};
pub use sums::sum;

/// The area under a ROC curve from counts of weights; NaN without a pair.
fn area(positives: u32, negatives: u32, twice_won: u64) -> f64 {
    let n_pairs = u64::from(positives) * u64::from(negatives);
    twice_won as f64 / (2 * n_pairs) as f64
}
