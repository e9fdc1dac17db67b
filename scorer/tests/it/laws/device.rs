//! A device that is the processor: it notes what it is asked, and fails when it is told to.

use std::sync::{Arc, Mutex, PoisonError};

use holdout_evaluator::{Cpu, DeviceFailure, Draw, Evaluator, Pair, Ranking, Run, Suite};

pub struct Fake {
    asked: Asked,
    failure: Option<DeviceFailure>,
}

/// The computations that a device was asked for, one after another.
#[derive(Clone, Default)]
pub struct Asked(Arc<Mutex<Vec<&'static str>>>);

impl Asked {
    pub fn all(&self) -> Vec<&'static str> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, what: &'static str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }
}

impl Fake {
    /// An evaluator with such a device, and what the device is asked.
    pub fn evaluator(failure: Option<DeviceFailure>) -> (Evaluator, Asked) {
        let asked = Asked::default();
        let device = Self { asked: asked.clone(), failure };
        (Evaluator::with_device(device, "the processor in disguise".to_owned()), asked)
    }
}

macro_rules! asked {
    ($(fn $what:ident(&self $(, $input:ident: $type:ty)*) -> $found:ty;)*) => {
        impl Suite for Fake {
            type Error = DeviceFailure;

            $(fn $what(&self $(, $input: $type)*) -> Result<$found, DeviceFailure> {
                self.asked.note(stringify!($what));
                match &self.failure {
                    Some(failure) => Err(failure.clone()),
                    None => {
                        let Ok(found) = Cpu.$what($($input),*);
                        Ok(found)
                    }
                }
            })*
        }
    };
}

asked! {
    fn sums(&self, columns: &[&[f64]]) -> Vec<f64>;
    fn orders(&self, columns: &[&[u64]]) -> Vec<Vec<u32>>;
    fn sorted(&self, columns: &[&[u64]]) -> Vec<Vec<u64>>;
    fn weights(&self, draw: Draw, n_rows: usize) -> Vec<u8>;
    fn roc_auc(&self, rankings: &[&Ranking], draw: Draw) -> Vec<Vec<f64>>;
    fn average_precision(&self, rankings: &[&Ranking], draw: Draw) -> Vec<Vec<f64>>;
    fn means(&self, columns: &[&[f64]], draw: Draw) -> Vec<Vec<f64>>;
    fn segment_means(&self, values: &[f64], ends: &[u32]) -> Vec<f64>;
    fn overlaps(&self, pairs: &[(&[Run], &[Run])]) -> Vec<u64>;
    fn distances(&self, pairs: &[Pair<'_>]) -> Vec<u32>;
    fn text_distances(&self, pairs: &[(&str, &str)]) -> Vec<u32>;
    fn products(&self, columns: &[&[f32]], with: &[&[f32]]) -> Vec<Vec<f64>>;
}
