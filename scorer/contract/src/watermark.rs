//! Room on a disk that is kept free: below it nothing more is taken in, until there is clearly more again.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::statvfs;

/// Once it was too little, so much more than the reserve must be free: a file that comes and goes changes nothing.
const FREE_AGAIN_PERCENT: u64 = 125;

/// What is free and what there is on a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    pub free_bytes: u64,
    pub total_bytes: u64,
}

impl Disk {
    /// The disk of a folder; `None` where it cannot be looked at.
    pub fn of(folder: &Path) -> Option<Self> {
        let stat = statvfs(folder).ok()?;
        Some(Self { free_bytes: stat.f_bavail * stat.f_frsize, total_bytes: stat.f_blocks * stat.f_frsize })
    }
}

#[derive(Debug)]
pub struct Watermark {
    pub reserve_bytes: u64,
    is_below: AtomicBool,
}

impl Watermark {
    /// Keeps so many bytes free; 0 for none.
    pub fn new(reserve_mb: u64) -> Self {
        Self { reserve_bytes: reserve_mb.saturating_mul(1 << 20), is_below: AtomicBool::new(false) }
    }

    /// Whether too little is free.
    pub fn is_below(&self, free_bytes: u64) -> bool {
        let again = u128::from(self.reserve_bytes) * u128::from(FREE_AGAIN_PERCENT) / 100;
        let was_below = self.is_below.load(Ordering::Relaxed);
        let wanted = if was_below { again } else { self.reserve_bytes.into() };
        let is_below = u128::from(free_bytes) < wanted;
        self.is_below.store(is_below, Ordering::Relaxed);
        is_below
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_too_little_must_be_clearly_more() {
        let watermark = Watermark::new(100);
        let below = |free_mb: u64| watermark.is_below(free_mb << 20);
        assert_eq!([101, 100, 99].map(below), [false, false, true]);
        assert_eq!([100, 124, 125, 100].map(below), [true, true, false, false]);
        assert!(!Watermark::new(0).is_below(0), "nothing is kept free");
        assert!(Watermark::new(u64::MAX).is_below(u64::MAX - 1), "no overflow");
    }

    #[test]
    fn a_disk_is_looked_at() {
        let here = Disk::of(Path::new("/")).expect("there is a root");
        assert!(here.total_bytes >= here.free_bytes && here.total_bytes > 0);
        assert_eq!(Disk::of(Path::new("/no/such/folder")), None);
    }
}
