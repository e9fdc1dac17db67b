//! A device that is the processor: the kernels' source as C++, compiled when a test asks for it.

use std::ffi::{CString, c_char, c_int, c_void};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use holdout_evaluator::device::{Argument, Shape};
use holdout_evaluator::{Device, DeviceFailure};

type Launch =
    unsafe extern "C" fn(*const c_char, *const [u32; 2], *const [u32; 2], *mut *mut c_void) -> c_int;

#[derive(Clone)]
pub struct Shim {
    /// One call at a time.
    library: Arc<Mutex<libloading::Library>>,
    n_processors: usize,
}

/// Memory in whole words, so that any number may lie in it.
pub struct Words(Mutex<Vec<u64>>);

impl Words {
    fn pointer(&self) -> *mut u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut_ptr()
    }
}

impl Shim {
    /// Compiled once by every process.
    pub fn compiled() -> Self {
        static SHIM: OnceLock<Shim> = OnceLock::new();
        SHIM.get_or_init(Self::compile).clone()
    }

    /// Of which work is cut for so many.
    pub fn of_processors(n_processors: usize) -> Self {
        Self { n_processors, ..Self::compiled() }
    }

    fn compile() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("kernels");
        let name = format!("kernels-{}.so", std::process::id());
        let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
        let compiled = Command::new(compiler)
            .args(["-std=c++20", "-O1", "-shared", "-fPIC", "-ffp-contract=off", "-o"])
            .args([&library, &folder.join("shim.cpp")])
            .status()
            .expect("a C++ compiler runs");
        assert!(compiled.success(), "the kernels are C++");
        // SAFETY: the library was made just now, and nothing runs when it is loaded.
        let loaded = unsafe { libloading::Library::new(&library) }.expect("what was compiled can be loaded");
        std::fs::remove_file(library).expect("what is loaded needs no name");
        Self { library: Arc::new(Mutex::new(loaded)), n_processors: 132 }
    }
}

impl Device for Shim {
    type Buffer = Words;

    fn n_processors(&self) -> usize {
        self.n_processors
    }

    fn upload(&self, parts: &[&[u8]]) -> Result<Words, DeviceFailure> {
        let bytes = parts.concat();
        let mut words = vec![0_u64; bytes.len().div_ceil(8) + 1];
        bytemuck::cast_slice_mut::<u64, u8>(&mut words)[..bytes.len()].copy_from_slice(&bytes);
        Ok(Words(Mutex::new(words)))
    }

    fn zeros(&self, n_bytes: usize) -> Result<Words, DeviceFailure> {
        Ok(Words(Mutex::new(vec![0; n_bytes.div_ceil(8) + 1])))
    }

    fn download(&self, buffer: &Words, into: &mut [u8]) -> Result<(), DeviceFailure> {
        let words = buffer.0.lock().unwrap_or_else(PoisonError::into_inner);
        into.copy_from_slice(&bytemuck::cast_slice::<u64, u8>(&words)[..into.len()]);
        Ok(())
    }

    fn launch(
        &self,
        kernel: &'static str,
        shape: Shape,
        arguments: &[Argument<'_, Words>],
    ) -> Result<(), DeviceFailure> {
        let library = self.library.lock().unwrap_or_else(PoisonError::into_inner);
        let name = CString::new(kernel).expect("names have no zeros");
        let mut values: Vec<u64> = arguments
            .iter()
            .map(|argument| match argument {
                Argument::Buffer(buffer) => buffer.pointer() as u64,
                Argument::Number(number) => u64::from(*number),
            })
            .collect();
        let mut places: Vec<*mut c_void> = values.iter_mut().map(|value| (&raw mut *value).cast()).collect();
        // SAFETY: the function has this type, and each kernel reads as many places as it has parameters, a
        // pointer or the low half of a word from each.
        let result = unsafe {
            let launch = library.get::<Launch>(b"shim_launch").expect("the shim has its function");
            launch(name.as_ptr(), &raw const shape.grid, &raw const shape.block, places.as_mut_ptr())
        };
        assert_eq!(result, 0, "there is a kernel {kernel}");
        Ok(())
    }
}
