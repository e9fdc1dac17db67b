//! A device as the evaluator needs it: memory of its own, and kernels that are started by name.
//!
//! [`Kernels`] is all that is done with one. It runs on a GPU ([`Cuda`]), and in tests on the processor, where
//! the kernels are the same source compiled as C++.

mod cuda;
mod curves;
mod kernels;
mod layout;
mod timed;

pub use cuda::{Cuda, Limits, NoDevice};
pub use kernels::Kernels;
pub use timed::{Spent, Timed};

/// Why a device did not do its work. None of these is anybody's fault: the processor does it then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeviceFailure {
    /// Only this work was too large.
    #[error("the device has too little memory for it")]
    OutOfMemory,
    /// Nothing can be expected of the device any more.
    #[error("the device is lost: {0}")]
    Lost(String),
}

/// What a kernel is given, in the order of its parameters.
pub enum Argument<'a, B> {
    Buffer(&'a B),
    Number(u32),
}

/// What is started: so many blocks of so many threads.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    pub grid: [u32; 2],
    pub block: [u32; 2],
}

impl Shape {
    /// At least so many threads in a row.
    pub(crate) fn of_threads(n: usize) -> Self {
        const BLOCK: usize = 128;
        Self { grid: [n.div_ceil(BLOCK).max(1) as u32, 1], block: [BLOCK as u32, 1] }
    }
}

/// Work is done in the order in which it is asked for.
pub trait Device: Send + Sync {
    /// Memory of the device.
    type Buffer: Send + Sync + 'static;

    /// Parts that run blocks of threads at the same time. Work is cut for as many; no digit depends on it.
    fn n_processors(&self) -> usize;

    /// The parts one after another.
    ///
    /// # Errors
    /// Why it could not be done; so everywhere below.
    fn upload(&self, parts: &[&[u8]]) -> Result<Self::Buffer, DeviceFailure>;

    /// # Errors
    /// As above.
    fn zeros(&self, n_bytes: usize) -> Result<Self::Buffer, DeviceFailure>;

    /// Fills `into` from the buffer's beginning, after all that was started before.
    ///
    /// # Errors
    /// As above.
    fn download(&self, buffer: &Self::Buffer, into: &mut [u8]) -> Result<(), DeviceFailure>;

    /// # Errors
    /// As above.
    fn launch(
        &self,
        kernel: &'static str,
        shape: Shape,
        arguments: &[Argument<'_, Self::Buffer>],
    ) -> Result<(), DeviceFailure>;
}

impl<D: Device> Device for &D {
    type Buffer = D::Buffer;

    fn n_processors(&self) -> usize {
        (**self).n_processors()
    }

    fn upload(&self, parts: &[&[u8]]) -> Result<Self::Buffer, DeviceFailure> {
        (**self).upload(parts)
    }

    fn zeros(&self, n_bytes: usize) -> Result<Self::Buffer, DeviceFailure> {
        (**self).zeros(n_bytes)
    }

    fn download(&self, buffer: &Self::Buffer, into: &mut [u8]) -> Result<(), DeviceFailure> {
        (**self).download(buffer, into)
    }

    fn launch(
        &self,
        kernel: &'static str,
        shape: Shape,
        arguments: &[Argument<'_, Self::Buffer>],
    ) -> Result<(), DeviceFailure> {
        (**self).launch(kernel, shape, arguments)
    }
}
