//! The misbehaving half of [`machine`](../machine.rs): preloaded into the processes of a house, it
//! moves their wall clock and fills their disk, as the controls say at that moment.
//!
//! Compiled by the test itself into a library of its own; no program of the platform knows of it.
//! Never here: a fault of its own making. Clocks that measure lengths stay true, what was written
//! before the disk was full can be overwritten, and only growing a file fails.

use std::ffi::{CStr, c_char, c_int, c_long, c_void};
use std::fs::{File, OpenOptions};
use std::io::Seek;
use std::mem::ManuallyDrop;
use std::os::fd::{FromRawFd, IntoRawFd};
use std::os::unix::fs::MetadataExt;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicI64, AtomicPtr, AtomicU64, Ordering::Relaxed};

/// What the test sets and reads, in a file that every process maps.
#[repr(C)]
struct Controls {
    clock_offset_micros: AtomicI64,
    is_disk_full: AtomicU64,
    /// The disk that can be full.
    device: AtomicU64,
    n_refused_writes: AtomicU64,
}

static CONTROLS: AtomicPtr<Controls> = AtomicPtr::new(null_mut());

const MICROS: i64 = 1_000_000;
const CLOCK_REALTIME: c_int = 0;
const CLOCK_REALTIME_COARSE: c_int = 5;
const ENOSPC: c_int = 28;
const PROT_READ_WRITE: c_int = 3;
const MAP_SHARED: c_int = 1;

unsafe extern "C" {
    fn dlsym(handle: *mut c_void, symbol: *const c_char) -> *mut c_void;
    fn mmap(at: *mut c_void, len: usize, prot: c_int, flags: c_int, fd: c_int, offset: i64) -> *mut c_void;
    fn __errno_location() -> *mut c_int;
}

#[repr(C)]
pub struct Timespec {
    seconds: i64,
    nanos: c_long,
}

#[repr(C)]
pub struct Timeval {
    seconds: i64,
    micros: c_long,
}

#[repr(C)]
pub struct IoVec {
    base: *const c_void,
    len: usize,
}

// SAFETY: the loader calls every entry of this section once, before `main`, with no other thread.
#[unsafe(link_section = ".init_array")]
#[used]
static AT_START: extern "C" fn() = map_controls;

extern "C" fn map_controls() {
    let Some(path) = std::env::var_os("HOLDOUT_TEST_MACHINE") else { return };
    let Ok(file) = OpenOptions::new().read(true).write(true).open(path) else { return };
    let fd = file.into_raw_fd();
    // SAFETY: a new mapping of a file that is longer than the controls; it stays for ever.
    let mapped = unsafe { mmap(null_mut(), size_of::<Controls>(), PROT_READ_WRITE, MAP_SHARED, fd, 0) };
    if mapped as isize != -1 {
        CONTROLS.store(mapped.cast(), Relaxed);
    }
}

fn controls() -> Option<&'static Controls> {
    // SAFETY: null or the mapping above, which is never taken away and holds atomics alone.
    unsafe { CONTROLS.load(Relaxed).as_ref() }
}

/// The function that stands behind ours.
fn behind(symbol: &CStr) -> *mut c_void {
    const NEXT: *mut c_void = usize::MAX as *mut c_void;
    // SAFETY: a name that ends with a zero byte; the C library has every name that is asked for.
    unsafe { dlsym(NEXT, symbol.as_ptr()) }
}

macro_rules! real {
    ($name:literal as $kind:ty) => {{
        static FOUND: AtomicPtr<c_void> = AtomicPtr::new(null_mut());
        if FOUND.load(Relaxed).is_null() {
            FOUND.store(behind($name), Relaxed);
        }
        // SAFETY: the C library's function of this name has this type.
        unsafe { std::mem::transmute::<*mut c_void, $kind>(FOUND.load(Relaxed)) }
    }};
}

fn shifted(seconds: i64, micros: i64) -> (i64, i64) {
    let offset = controls().map_or(0, |controls| controls.clock_offset_micros.load(Relaxed));
    let all = seconds * MICROS + micros + offset;
    (all.div_euclid(MICROS), all.rem_euclid(MICROS))
}

// SAFETY: takes the place of the C library's function of this name and type.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clock_gettime(clock: c_int, time: *mut Timespec) -> c_int {
    let real = real!(c"clock_gettime" as unsafe extern "C" fn(c_int, *mut Timespec) -> c_int);
    // SAFETY: the caller's own pointer, handed on.
    let answer = unsafe { real(clock, time) };
    if answer == 0 && matches!(clock, CLOCK_REALTIME | CLOCK_REALTIME_COARSE) {
        // SAFETY: the call above has filled it.
        let time = unsafe { &mut *time };
        let (seconds, micros) = shifted(time.seconds, time.nanos / 1000);
        time.nanos = micros * 1000 + time.nanos % 1000;
        time.seconds = seconds;
    }
    answer
}

// SAFETY: as above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettimeofday(time: *mut Timeval, zone: *mut c_void) -> c_int {
    let real = real!(c"gettimeofday" as unsafe extern "C" fn(*mut Timeval, *mut c_void) -> c_int);
    // SAFETY: the caller's own pointers, handed on.
    let answer = unsafe { real(time, zone) };
    // SAFETY: null or filled by the call above.
    if let (0, Some(time)) = (answer, unsafe { time.as_mut() }) {
        (time.seconds, time.micros) = shifted(time.seconds, time.micros);
    }
    answer
}

// SAFETY: as above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn time(time: *mut i64) -> i64 {
    let real = real!(c"time" as unsafe extern "C" fn(*mut i64) -> i64);
    // SAFETY: a null pointer is allowed.
    let (seconds, _) = shifted(unsafe { real(null_mut()) }, 0);
    // SAFETY: null or the caller's.
    if let Some(time) = unsafe { time.as_mut() } {
        *time = seconds;
    }
    seconds
}

/// Whether a file on the full disk would have to grow for these bytes.
fn has_no_room(fd: c_int, n_bytes: usize, at: Option<i64>) -> bool {
    let Some(controls) = controls() else { return false };
    if controls.is_disk_full.load(Relaxed) == 0 {
        return false;
    }
    // SAFETY: the descriptor is the caller's and is not closed here.
    let mut file = ManuallyDrop::new(unsafe { File::from_raw_fd(fd) });
    let Ok(metadata) = file.metadata() else { return false };
    if !metadata.is_file() || metadata.dev() != controls.device.load(Relaxed) {
        return false;
    }
    let at = at.or_else(|| file.stream_position().ok().map(|at| at as i64)).unwrap_or(0);
    let grows = at as u64 + n_bytes as u64 > metadata.len();
    if grows {
        controls.n_refused_writes.fetch_add(1, Relaxed);
    }
    grows
}

fn no_room() -> isize {
    // SAFETY: this thread's own error number.
    unsafe { *__errno_location() = ENOSPC };
    -1
}

// SAFETY: as above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn write(fd: c_int, bytes: *const c_void, len: usize) -> isize {
    if has_no_room(fd, len, None) {
        return no_room();
    }
    let real = real!(c"write" as unsafe extern "C" fn(c_int, *const c_void, usize) -> isize);
    // SAFETY: the caller's own buffer, handed on.
    unsafe { real(fd, bytes, len) }
}

// SAFETY: as above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwrite(fd: c_int, bytes: *const c_void, len: usize, at: i64) -> isize {
    if has_no_room(fd, len, Some(at)) {
        return no_room();
    }
    let real = real!(c"pwrite" as unsafe extern "C" fn(c_int, *const c_void, usize, i64) -> isize);
    // SAFETY: the caller's own buffer, handed on.
    unsafe { real(fd, bytes, len, at) }
}

// SAFETY: as above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwritev(fd: c_int, parts: *const IoVec, n_parts: c_int, at: i64) -> isize {
    // SAFETY: the caller's own buffers, as many as it says.
    let len =
        unsafe { std::slice::from_raw_parts(parts, n_parts as usize) }.iter().map(|part| part.len).sum();
    if has_no_room(fd, len, Some(at)) {
        return no_room();
    }
    let real = real!(c"pwritev" as unsafe extern "C" fn(c_int, *const IoVec, c_int, i64) -> isize);
    // SAFETY: the caller's own buffers, handed on.
    unsafe { real(fd, parts, n_parts, at) }
}

// SAFETY: as above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn posix_fallocate(fd: c_int, at: i64, len: i64) -> c_int {
    if has_no_room(fd, len as usize, Some(at)) {
        return ENOSPC;
    }
    let real = real!(c"posix_fallocate" as unsafe extern "C" fn(c_int, i64, i64) -> c_int);
    // SAFETY: plain numbers.
    unsafe { real(fd, at, len) }
}

/// Processes are killed here, and never the kernel: what was written stands without a flush, and a
/// test that shares its disk with others need not wait for one.
// SAFETY: as above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fsync(_fd: c_int) -> c_int {
    0
}

// SAFETY: as above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fdatasync(_fd: c_int) -> c_int {
    0
}
