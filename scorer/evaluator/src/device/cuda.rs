//! A GPU of NVIDIA. Driver and compiler are looked for when the program runs; nothing of them is needed to build.
//! Kernels are compiled for the device that is there, or, without a compiler, taken as the PTX that this program
//! carries, which the driver makes code from.

use std::collections::HashMap;
use std::panic::catch_unwind;
use std::sync::Arc;

use cudarc::driver::sys::{self, CUdevice_attribute, CUresult};
use cudarc::driver::{
    CudaContext, CudaFunction, CudaModule, CudaSlice, CudaStream, DriverError, LaunchConfig, PushKernelArg,
};
use cudarc::nvrtc::{CompileOptions, Ptx, compile_ptx_with_opts};

use super::{Argument, Device, DeviceFailure, Kernels, Shape};
use crate::suite::Suite;

const SOURCE: &str = include_str!("../../kernels/kernels.cu");
/// Made from the source by `scripts/ptx`.
const PTX: &str = include_str!("../../kernels/kernels.ptx");
const KERNELS: [&str; 16] = [
    "draw_weights",
    "count_segments",
    "join_counts",
    "gain_segments",
    "join_gains",
    "mean_blocks",
    "join_means",
    "sum_blocks",
    "number_rows",
    "count_digits",
    "scan_digits",
    "scatter_digits",
    "overlap_runs",
    "edit_distances",
    "column_products",
    "join_products",
];

/// Why no device is used, in a few words for whoever keeps the machine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoDevice {
    /// As on most machines.
    #[error("no driver for a GPU of NVIDIA on this machine")]
    Absent,
    /// There is a driver, of which somebody may expect something.
    #[error("{0}")]
    Unusable(String),
}

/// Of CUDA, which the delivered kernels need; `scripts/ptx` says why.
const OLDEST_DRIVER: &str = "11.8";

pub struct Cuda {
    stream: Arc<CudaStream>,
    functions: HashMap<&'static str, CudaFunction>,
    limits: Limits,
    about: String,
}

/// What a device could do at most, as its driver says; 0 where it does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Limits {
    pub n_processors: usize,
    pub clock_khz: usize,
    pub memory_clock_khz: usize,
    pub memory_bus_bits: usize,
}

impl Limits {
    fn of(context: &CudaContext) -> Self {
        let read = |attribute| {
            context
                .attribute(attribute)
                .ok()
                .and_then(|value| usize::try_from(value).ok())
                .unwrap_or_default()
        };
        Self {
            n_processors: read(CUdevice_attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT),
            clock_khz: read(CUdevice_attribute::CU_DEVICE_ATTRIBUTE_CLOCK_RATE),
            memory_clock_khz: read(CUdevice_attribute::CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE),
            memory_bus_bits: read(CUdevice_attribute::CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH),
        }
    }
}

impl Cuda {
    /// The first device of this machine.
    ///
    /// # Errors
    /// Why there is none that can be used.
    pub fn open() -> Result<Self, NoDevice> {
        // SAFETY: looks for the library and its symbols, and calls none of them.
        if !unsafe { sys::is_culib_present() } {
            return Err(NoDevice::Absent);
        }
        // A driver too old to have a function that is asked for shows itself by a panic.
        let opened = catch_unwind(Self::open_with_driver);
        opened.unwrap_or_else(|_| Err(too_old("it lacks a function")))
    }

    fn open_with_driver() -> Result<Self, NoDevice> {
        let context = CudaContext::new(0).map_err(|error| refused("the GPU cannot be opened", error))?;
        let capability =
            context.compute_capability().map_err(|error| refused("the GPU does not answer", error))?;
        let (module, compiled) = load(&context, capability)?;
        let function = |name: &'static str| {
            let function = module.load_function(name);
            function.map(|function| (name, function)).map_err(|error| refused("a kernel is missing", error))
        };
        let functions = KERNELS.into_iter().map(function).collect::<Result<_, NoDevice>>()?;
        let limits = Limits::of(&context);
        let name = context.name().unwrap_or_else(|_| "GPU".to_owned());
        let memory_gb = context.total_mem().unwrap_or_default() >> 30;
        let about = format!("{name}, {memory_gb} GB, driver for CUDA {}, {compiled}", driver_version());
        tried_out(Self { stream: context.default_stream(), functions, limits, about })
    }

    /// The device in a line.
    pub fn about(&self) -> &str {
        &self.about
    }

    pub fn limits(&self) -> Limits {
        self.limits
    }
}

/// A small sum goes all the way: what cannot do it is found out before anybody waits for a result.
fn tried_out(device: Cuda) -> Result<Cuda, NoDevice> {
    let kernels = Kernels(device);
    match kernels.sums(&[&[1.0, 2.0, 4.0]]) {
        Ok(sums) if sums == [7.0] => Ok(kernels.0),
        Ok(_) => Err(NoDevice::Unusable("the GPU cannot add".to_owned())),
        Err(failure) => Err(NoDevice::Unusable(format!("the GPU was tried out: {failure}"))),
    }
}

fn refused(what: &str, error: DriverError) -> NoDevice {
    NoDevice::Unusable(format!("{what}: {error}"))
}

fn too_old(shown_by: impl std::fmt::Display) -> NoDevice {
    let needed = format!("one for CUDA {OLDEST_DRIVER} or newer is needed");
    NoDevice::Unusable(format!("the GPU's driver is too old ({shown_by}): {needed}"))
}

/// Compiled for this device where there is a compiler that the driver keeps up with.
fn load(
    context: &Arc<CudaContext>,
    capability: (i32, i32),
) -> Result<(Arc<CudaModule>, &'static str), NoDevice> {
    let compiled = compile(capability).and_then(|ptx| context.load_module(ptx).ok());
    if let Some(module) = compiled {
        return Ok((module, "kernels compiled here"));
    }
    let module = context.load_module(Ptx::from_src(PTX));
    let module = module.map_err(|error| match error.0 {
        CUresult::CUDA_ERROR_UNSUPPORTED_PTX_VERSION => too_old(format!("for CUDA {}", driver_version())),
        _ => refused("the GPU's driver cannot load the kernels", error),
    })?;
    Ok((module, "kernels as delivered"))
}

fn compile((major, minor): (i32, i32)) -> Option<Ptx> {
    // SAFETY: looks for the library and its symbols, and calls none of them.
    if !unsafe { cudarc::nvrtc::sys::is_culib_present() } {
        return None;
    }
    let options = vec![format!("--gpu-architecture=compute_{major}{minor}")];
    let compile = || compile_ptx_with_opts(SOURCE, CompileOptions { options, ..CompileOptions::default() });
    catch_unwind(compile).ok()?.ok()
}

fn driver_version() -> String {
    let mut version = 0;
    // SAFETY: writes one number to a place that lives longer than the call.
    let result = unsafe { sys::cuDriverGetVersion(&raw mut version) };
    if result == CUresult::CUDA_SUCCESS {
        format!("{}.{}", version / 1000, version % 1000 / 10)
    } else {
        "of unknown version".to_owned()
    }
}

impl From<DriverError> for DeviceFailure {
    fn from(error: DriverError) -> Self {
        match error.0 {
            CUresult::CUDA_ERROR_OUT_OF_MEMORY => Self::OutOfMemory,
            _ => Self::Lost(error.to_string()),
        }
    }
}

impl Device for Cuda {
    type Buffer = CudaSlice<u8>;

    fn n_processors(&self) -> usize {
        self.limits.n_processors.max(1)
    }

    fn upload(&self, parts: &[&[u8]]) -> Result<CudaSlice<u8>, DeviceFailure> {
        if let [bytes] = parts
            && !bytes.is_empty()
        {
            return Ok(self.stream.clone_htod(*bytes)?);
        }
        let mut buffer = self.zeros(parts.iter().map(|part| part.len()).sum())?;
        let mut start = 0;
        for part in parts.iter().filter(|part| !part.is_empty()) {
            self.stream.memcpy_htod(*part, &mut buffer.slice_mut(start..start + part.len()))?;
            start += part.len();
        }
        Ok(buffer)
    }

    fn zeros(&self, n_bytes: usize) -> Result<CudaSlice<u8>, DeviceFailure> {
        // A device has no memory of no bytes.
        Ok(self.stream.alloc_zeros(n_bytes.max(1))?)
    }

    fn download(&self, buffer: &CudaSlice<u8>, into: &mut [u8]) -> Result<(), DeviceFailure> {
        if !into.is_empty() {
            self.stream.memcpy_dtoh(&buffer.slice(..into.len()), into)?;
        }
        // What a kernel did wrong shows itself here at the latest.
        Ok(self.stream.synchronize()?)
    }

    fn launch(
        &self,
        kernel: &'static str,
        shape: Shape,
        arguments: &[Argument<'_, CudaSlice<u8>>],
    ) -> Result<(), DeviceFailure> {
        let function =
            self.functions.get(kernel).ok_or_else(|| DeviceFailure::Lost(format!("no kernel {kernel}")))?;
        let mut launch = self.stream.launch_builder(function);
        for argument in arguments {
            match argument {
                Argument::Buffer(buffer) => launch.arg(*buffer),
                Argument::Number(number) => launch.arg(number),
            };
        }
        let config = LaunchConfig {
            grid_dim: (shape.grid[0], shape.grid[1], 1),
            block_dim: (shape.block[0], shape.block[1], 1),
            shared_mem_bytes: 0,
        };
        // SAFETY: the arguments are those of the kernel in number and kind, and it stays inside the buffers
        // that were laid out for it; tests run the same calls on the same source. All calls are in one stream.
        unsafe { launch.launch(config) }?;
        Ok(())
    }
}
