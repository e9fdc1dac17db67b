//! A device that is waited for after every step, so that each has a time of its own.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use serde::Serialize;

use super::{Argument, Device, DeviceFailure, Shape};

/// What all steps of one kind came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Spent {
    pub n_steps: usize,
    pub seconds: f64,
    /// That travelled, or were set to zero.
    pub n_bytes: usize,
}

/// Another device, and what it spent: by kernel, and by `upload`, `download` and `zeros`.
pub struct Timed<D> {
    device: D,
    spent: Mutex<BTreeMap<&'static str, Spent>>,
}

impl<D> Timed<D> {
    pub fn new(device: D) -> Self {
        Self { device, spent: Mutex::default() }
    }

    /// Since it was taken last.
    pub fn take(&self) -> BTreeMap<&'static str, Spent> {
        std::mem::take(&mut self.spent.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn step<T>(
        &self,
        what: &'static str,
        n_bytes: usize,
        work: impl FnOnce() -> Result<T, DeviceFailure>,
    ) -> Result<T, DeviceFailure> {
        let started = Instant::now();
        let done = work()?;
        let seconds = started.elapsed().as_secs_f64();
        let mut all = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        let spent = all.entry(what).or_default();
        spent.n_steps += 1;
        spent.seconds += seconds;
        spent.n_bytes += n_bytes;
        Ok(done)
    }
}

/// A download of nothing waits for all that was started before.
fn wait<D: Device>(device: &D, buffer: &D::Buffer) -> Result<(), DeviceFailure> {
    device.download(buffer, &mut [])
}

impl<D: Device> Device for Timed<D> {
    type Buffer = D::Buffer;

    fn n_processors(&self) -> usize {
        self.device.n_processors()
    }

    fn upload(&self, parts: &[&[u8]]) -> Result<D::Buffer, DeviceFailure> {
        self.step("upload", parts.iter().map(|part| part.len()).sum(), || {
            let buffer = self.device.upload(parts)?;
            wait(&self.device, &buffer)?;
            Ok(buffer)
        })
    }

    fn zeros(&self, n_bytes: usize) -> Result<D::Buffer, DeviceFailure> {
        self.step("zeros", n_bytes, || {
            let buffer = self.device.zeros(n_bytes)?;
            wait(&self.device, &buffer)?;
            Ok(buffer)
        })
    }

    fn download(&self, buffer: &D::Buffer, into: &mut [u8]) -> Result<(), DeviceFailure> {
        self.step("download", into.len(), || self.device.download(buffer, into))
    }

    fn launch(
        &self,
        kernel: &'static str,
        shape: Shape,
        arguments: &[Argument<'_, D::Buffer>],
    ) -> Result<(), DeviceFailure> {
        self.step(kernel, 0, || {
            self.device.launch(kernel, shape, arguments)?;
            let buffer = arguments.iter().find_map(|argument| match argument {
                Argument::Buffer(buffer) => Some(*buffer),
                Argument::Number(_) => None,
            });
            buffer.map_or(Ok(()), |buffer| wait(&self.device, buffer))
        })
    }
}
