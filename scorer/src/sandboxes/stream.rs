//! Reads what a process says, keeps a bounded part of it, and notices when it says too much.

use std::collections::VecDeque;
use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Thread;

/// How much is read and how much is kept of it.
#[derive(Debug, Clone, Copy)]
pub struct Share {
    /// Bytes kept from the beginning, and as many from the end.
    pub kept: usize,
    /// Beyond this, `flooded` is set and nothing more is read.
    pub most: u64,
}

/// Reads to the end, or until it is too much; then wakes `waiting`.
pub fn read(mut source: impl Read, share: Share, flooded: &AtomicBool, waiting: &Thread) -> String {
    let (mut head, mut tail) = (Vec::new(), VecDeque::new());
    let mut total = 0_u64;
    let mut buffer = vec![0; 64 << 10];
    while let Ok(n @ 1..) = source.read(&mut buffer) {
        total += n as u64;
        let part = &buffer[..n];
        let first = part.len().min(share.kept - head.len());
        head.extend_from_slice(&part[..first]);
        tail.extend(&part[first..]);
        let surplus = tail.len().saturating_sub(share.kept);
        tail.drain(..surplus);
        if total > share.most {
            flooded.store(true, Ordering::Relaxed);
            break;
        }
    }
    waiting.unpark();
    let dropped = total - (head.len() + tail.len()) as u64;
    let mut text = String::from_utf8_lossy(&head).into_owned();
    if dropped > 0 {
        text.push_str("\n[…]\n");
    }
    text.push_str(&String::from_utf8_lossy(tail.make_contiguous()));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(text: &str, share: Share) -> (String, bool) {
        let flooded = AtomicBool::new(false);
        let kept = read(text.as_bytes(), share, &flooded, &std::thread::current());
        (kept, flooded.into_inner())
    }

    #[test]
    fn beginning_and_end_are_kept_and_a_flood_is_noticed() {
        let share = Share { kept: 2, most: 9 };
        assert_eq!(keep("abcd", share), ("abcd".to_owned(), false));
        assert_eq!(keep("abcdefg", share), ("ab\n[…]\nfg".to_owned(), false));
        assert!(keep("abcdefghij", share).1);
    }
}
