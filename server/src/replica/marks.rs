//! How far the primary had come, and when: from it follows how old a replica is, also while nobody writes, and while it
//! hears nothing any more and cannot know.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Marks kept; one a second.
const KEPT: usize = 120;

/// Positions in the primary's log, the newest last.
#[derive(Debug, Default)]
pub struct Marks(VecDeque<(Instant, i64)>);

impl Marks {
    pub fn put(&mut self, at: Instant, position: i64) {
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back((at, position));
    }

    /// How old what a replica shows is, that has come to `position`: the time since the primary was last known to have
    /// come no further. Where that is longer ago than is remembered, at least as long as that.
    pub fn lag(&self, position: i64, now: Instant) -> Duration {
        let is_reached = |(_, mark): &&(Instant, i64)| *mark <= position;
        match self.0.iter().rev().find(is_reached) {
            Some((at, _)) if self.0.back().is_some_and(|(newest, _)| newest == at) => Duration::ZERO,
            Some((at, _)) => now.duration_since(*at),
            None => self.0.front().map_or(Duration::MAX, |(oldest, _)| now.duration_since(*oldest)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replica_is_as_old_as_the_last_mark_that_it_reached() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut marks = Marks::default();
        assert_eq!(marks.lag(0, start), Duration::MAX, "nothing is known");
        for (seconds, position) in [(0, 10), (1, 20), (2, 20), (3, 30)] {
            marks.put(at(seconds), position);
        }
        let lag = |position| marks.lag(position, at(4)).as_secs();
        assert_eq!([lag(30), lag(31), lag(29), lag(20), lag(19), lag(9)], [0, 0, 2, 2, 4, 4]);
        (4..1000).for_each(|second| marks.put(at(second), 30));
        assert!(marks.0.len() == KEPT);
        assert_eq!(marks.lag(29, at(1000)), Duration::from_secs(KEPT as u64), "at least");
    }
}
