//! What a scorer computes with: its device, where it has one, and the processor. Whatever becomes of the device,
//! a result comes, and it is the same.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::cpu::Cpu;
use crate::device::{Cuda, DeviceFailure, Kernels, NoDevice};
use crate::philox::Draw;
use crate::ranking::Ranking;
use crate::suite::{Pair, Run, Suite};

/// Whether a GPU is used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Choice {
    /// Where there is one that can be used.
    #[default]
    Auto,
    Off,
    /// A scorer without one does not start.
    On,
}

impl Choice {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Off => "off",
            Self::On => "on",
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Choice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let all = [Self::Auto, Self::Off, Self::On];
        all.into_iter().find(|choice| choice.as_str() == text).ok_or_else(|| "auto, off or on".to_owned())
    }
}

type OnDevice = dyn Suite<Error = DeviceFailure>;

/// A device, as long as it works, and the processor.
#[derive(Default)]
pub struct Evaluator {
    device: RwLock<Option<Arc<OnDevice>>>,
    about: Option<String>,
    /// Since they were last taken.
    failures: Mutex<Vec<String>>,
}

impl Evaluator {
    /// # Errors
    /// Why there is no device, where one is demanded.
    pub fn open(choice: Choice) -> Result<Self, NoDevice> {
        if choice == Choice::Off {
            return Ok(Self::default());
        }
        match Cuda::open() {
            Ok(device) => {
                let about = device.about().to_owned();
                Ok(Self::with_device(Kernels(device), about))
            }
            Err(reason) if choice == Choice::On => Err(reason),
            Err(NoDevice::Absent) => Ok(Self::default()),
            Err(reason) => Ok(Self::without(&reason)),
        }
    }

    pub fn with_device(device: impl Suite<Error = DeviceFailure> + 'static, about: String) -> Self {
        let device: Arc<OnDevice> = Arc::new(device);
        Self { device: RwLock::new(Some(device)), about: Some(about), failures: Mutex::default() }
    }

    /// The processor alone, although there should be a device: the reason is told as a failure.
    pub fn without(reason: &NoDevice) -> Self {
        Self { failures: Mutex::new(vec![format!("open: {reason}")]), ..Self::default() }
    }

    /// The device that was found at the start, in a line.
    pub fn about(&self) -> Option<&str> {
        self.about.as_deref()
    }

    /// The device itself, while it works.
    pub fn device(&self) -> Option<Arc<OnDevice>> {
        self.device.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Why the processor did the device's work since this was asked last.
    pub fn take_failure(&self) -> Option<String> {
        let failures = std::mem::take(&mut *self.failures.lock().unwrap_or_else(PoisonError::into_inner));
        (!failures.is_empty()).then(|| failures.join("; "))
    }

    /// Tells that the processor takes over: for this once, or for good.
    fn take_over(&self, what: &str, failure: &DeviceFailure) {
        tracing::warn!(what, %failure, "the processor does the work of the GPU");
        let told = format!("{what}: {failure}");
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if !failures.contains(&told) {
            failures.push(told);
        }
        drop(failures);
        if *failure != DeviceFailure::OutOfMemory {
            *self.device.write().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }
}

/// On the device, or else on the processor.
macro_rules! evaluate {
    ($self:ident.$what:ident($($input:expr),*)) => {{
        match $self.device().map(|device| device.$what($($input),*)) {
            Some(Ok(found)) => return Ok(found),
            Some(Err(failure)) => $self.take_over(stringify!($what), &failure),
            None => {}
        }
        Cpu.$what($($input),*)
    }};
}

impl Suite for Evaluator {
    type Error = std::convert::Infallible;

    fn sums(&self, columns: &[&[f64]]) -> Result<Vec<f64>, Self::Error> {
        evaluate!(self.sums(columns))
    }

    fn orders(&self, columns: &[&[u64]]) -> Result<Vec<Vec<u32>>, Self::Error> {
        evaluate!(self.orders(columns))
    }

    fn sorted(&self, columns: &[&[u64]]) -> Result<Vec<Vec<u64>>, Self::Error> {
        evaluate!(self.sorted(columns))
    }

    fn weights(&self, draw: Draw, n_rows: usize) -> Result<Vec<u8>, Self::Error> {
        evaluate!(self.weights(draw, n_rows))
    }

    fn roc_auc(&self, rankings: &[&Ranking], draw: Draw) -> Result<Vec<Vec<f64>>, Self::Error> {
        evaluate!(self.roc_auc(rankings, draw))
    }

    fn average_precision(&self, rankings: &[&Ranking], draw: Draw) -> Result<Vec<Vec<f64>>, Self::Error> {
        evaluate!(self.average_precision(rankings, draw))
    }

    fn means(&self, columns: &[&[f64]], draw: Draw) -> Result<Vec<Vec<f64>>, Self::Error> {
        evaluate!(self.means(columns, draw))
    }

    fn segment_means(&self, values: &[f64], ends: &[u32]) -> Result<Vec<f64>, Self::Error> {
        evaluate!(self.segment_means(values, ends))
    }

    fn overlaps(&self, pairs: &[(&[Run], &[Run])]) -> Result<Vec<u64>, Self::Error> {
        evaluate!(self.overlaps(pairs))
    }

    fn distances(&self, pairs: &[Pair<'_>]) -> Result<Vec<u32>, Self::Error> {
        evaluate!(self.distances(pairs))
    }

    fn text_distances(&self, pairs: &[(&str, &str)]) -> Result<Vec<u32>, Self::Error> {
        evaluate!(self.text_distances(pairs))
    }

    fn products(&self, columns: &[&[f32]], with: &[&[f32]]) -> Result<Vec<Vec<f64>>, Self::Error> {
        evaluate!(self.products(columns, with))
    }
}
