//! Long slices divided among cores. What comes out never depends on how many cores there are.

use std::cell::Cell;
use std::ops::Range;

/// Below this many items a second thread costs more than it brings.
const FEW: usize = 1 << 17;
const MAX_THREADS: usize = 8;
/// Vectors of this size and more are worth large pages.
const LARGE_BYTES: usize = 4 << 20;
const PAGE_BYTES: usize = 4096;

thread_local! {
    /// Set by [`with_threads`], and handed on to the threads that are started under it.
    static DEMANDED: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Does some work with exactly so many threads, however little it is and however many cores there
/// are; what comes out must not depend on it.
pub fn with_threads<R>(n_threads: usize, work: impl FnOnce() -> R) -> R {
    demanding(Some(n_threads), work)
}

fn demanding<R>(n_threads: Option<usize>, work: impl FnOnce() -> R) -> R {
    let before = DEMANDED.replace(n_threads);
    let result = work();
    DEMANDED.set(before);
    result
}

/// How many threads to use for so many items.
pub fn n_threads(n_items: usize) -> usize {
    n_threads_for(n_items, FEW)
}

/// How many threads to use for so many items, when one thread is worth its cost for so many.
pub fn n_threads_for(n_items: usize, items_per_thread: usize) -> usize {
    if let Some(demanded) = DEMANDED.get() {
        return demanded.clamp(1, n_items.max(1));
    }
    let n_worth_it = n_items / items_per_thread;
    if n_worth_it <= 1 {
        // How many cores there are, the kernel tells from files: for a group of rows that takes longer than its score.
        return 1;
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    n_worth_it.min(cores).min(MAX_THREADS)
}

/// Cuts `out` into one part for each core; `work` fills a part, given its place in the whole. The
/// results come back in the order of the parts.
pub fn fill<T: Send, R: Send>(out: &mut [T], work: impl Fn(Range<usize>, &mut [T]) -> R + Sync) -> Vec<R> {
    let n_threads = n_threads(out.len());
    if n_threads == 1 {
        return vec![work(0..out.len(), out)];
    }
    let size = out.len().div_ceil(n_threads);
    let (work, demanded) = (&work, DEMANDED.get());
    std::thread::scope(|scope| {
        let running: Vec<_> = out
            .chunks_mut(size)
            .enumerate()
            .map(|(at, part)| {
                scope.spawn(move || demanding(demanded, || work(at * size..at * size + part.len(), part)))
            })
            .collect();
        running.into_iter().map(join).collect()
    })
}

/// `work(0) … work(n - 1)`, in order; `n_items` says how much work it is, as for [`n_threads`].
pub fn map<R: Send>(n: usize, n_items: usize, work: impl Fn(usize) -> R + Sync) -> Vec<R> {
    map_ranges(n, n_items, |range| range.map(&work).collect())
}

/// As [`map`], where `work` does a range at once and returns a result for each place of it.
pub fn map_ranges<R: Send>(n: usize, n_items: usize, work: impl Fn(Range<usize>) -> Vec<R> + Sync) -> Vec<R> {
    let n_threads = n_threads(n_items).min(n.max(1));
    if n_threads == 1 {
        return work(0..n);
    }
    let size = n.div_ceil(n_threads);
    let (work, demanded) = (&work, DEMANDED.get());
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..n_threads)
            .map(|part| (part * size).min(n)..((part + 1) * size).min(n))
            .map(|range| scope.spawn(move || demanding(demanded, || work(range))))
            .collect();
        let mut results = Vec::with_capacity(n);
        running.into_iter().for_each(|thread| results.append(&mut join(thread)));
        results
    })
}

/// The results of several pieces of work, at the same time where there is enough of it.
pub fn each<T: Sync, R: Send>(items: &[T], n_rows: usize, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    if n_threads(n_rows) == 1 {
        return items.iter().map(work).collect();
    }
    let (work, demanded) = (&work, DEMANDED.get());
    std::thread::scope(|scope| {
        let running: Vec<_> =
            items.iter().map(|item| scope.spawn(move || demanding(demanded, || work(item)))).collect();
        running.into_iter().map(join).collect()
    })
}

/// A panic goes on where the work was asked for.
fn join<R>(thread: std::thread::ScopedJoinHandle<'_, R>) -> R {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// A vector of so many equal values, in large pages where it is long.
pub fn filled<T: Copy>(value: T, n: usize) -> Vec<T> {
    let mut values = reserved(n);
    values.resize(n, value);
    values
}

/// An empty vector with room, in large pages where it is long: fewer page faults while it is filled,
/// and fewer misses when it is read in random order.
pub fn reserved<T>(n: usize) -> Vec<T> {
    let values: Vec<T> = Vec::with_capacity(n);
    advise_large_pages(values.as_ptr().cast(), values.capacity() * size_of::<T>());
    values
}

fn advise_large_pages(start: *const u8, n_bytes: usize) {
    if n_bytes < LARGE_BYTES {
        return;
    }
    let before_first_page = start.align_offset(PAGE_BYTES);
    let length = (n_bytes - before_first_page) / PAGE_BYTES * PAGE_BYTES;
    // SAFETY: the range lies inside one allocation, and this advice changes no byte of it. A kernel
    // that does not take it changes nothing.
    unsafe {
        libc::madvise(start.add(before_first_page).cast_mut().cast(), length, libc::MADV_HUGEPAGE);
    }
}

/// Takes whole pages of a file that is mapped and never written out of this process's memory.
pub(crate) fn forget_pages(part: &[u8]) {
    let into_page = part.as_ptr().addr() % PAGE_BYTES;
    let length = (into_page + part.len()) / PAGE_BYTES * PAGE_BYTES;
    // SAFETY: a mapping begins with a page, so that the range lies inside it; and its pages have no
    // content of their own: the next access reads the same bytes from the file. A kernel that refuses
    // the advice changes nothing.
    unsafe {
        let first_page = part.as_ptr().wrapping_sub(into_page);
        libc::madvise(first_page.cast_mut().cast(), length, libc::MADV_DONTNEED);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_the_whole_in_order() {
        for n in [0, 1, FEW, 5 * FEW + 3] {
            let mut out = filled(0_u32, n);
            let ranges = fill(&mut out, |range, part| {
                part.iter_mut().zip(range.clone()).for_each(|(place, at)| *place = at as u32);
                range
            });
            assert!(out.iter().enumerate().all(|(at, value)| *value == at as u32));
            assert_eq!(ranges.iter().map(Range::len).sum::<usize>(), n);
            assert!(ranges.windows(2).all(|pair| pair[0].end == pair[1].start));
        }
    }

    #[test]
    fn a_map_is_in_order_on_any_number_of_threads() {
        for n_items in [1, 2 * FEW, 100 * FEW] {
            for n in [0, 1, 5, 1001] {
                assert_eq!(map(n, n_items, |at| at * 3), (0..n).map(|at| at * 3).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn work_on_items_keeps_their_order() {
        for n_rows in [1, 10 * FEW] {
            assert_eq!(each(&[3, 1, 2], n_rows, |item| item * 2), [6, 2, 4]);
        }
    }
}
