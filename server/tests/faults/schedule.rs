//! What goes wrong and when, drawn from a seed: every kind of fault at least once, the others as
//! chance has it, faults that last overlapping with whatever comes next.

use std::time::Duration;

use crate::dice::Dice;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// SIGKILL, as all of these.
    KillScorer,
    /// The process that a scorer has do the work.
    KillChild,
    /// PostgreSQL's first process.
    KillDatabase,
    /// One connection's process; PostgreSQL then ends all others and recovers.
    KillConnection,
    KillServer,
    /// The supervisor of all; somebody starts it again.
    KillHouse,
    /// The machine's wall clock is set to this many hours off.
    SetClock {
        hours: i64,
    },
    DiskFull {
        lasts: Duration,
    },
    /// The storage of files is away half of the time.
    StorageFails {
        lasts: Duration,
    },
}

#[derive(Debug, Clone, Copy)]
pub struct Event {
    /// Since the storm began.
    pub at: Duration,
    pub fault: Fault,
}

#[derive(Debug)]
pub struct Schedule {
    /// Minutes after 00:00 UTC at which the machine's clock stands when the storm begins.
    pub begins_at_minute: u64,
    pub events: Vec<Event>,
}

/// How long the storm lasts.
pub const STORM: Duration = Duration::from_secs(25);
const N_EVENTS: usize = 20;

impl Schedule {
    pub fn draw(dice: &mut Dice) -> Self {
        let mut faults = vec![
            Fault::KillScorer,
            Fault::KillChild,
            Fault::KillDatabase,
            Fault::KillConnection,
            Fault::KillServer,
            Fault::KillHouse,
            Fault::DiskFull { lasts: millis(dice, 1500, 3500) },
            Fault::StorageFails { lasts: millis(dice, 3000, 6000) },
        ];
        // An hour off and back, in both directions, takes four more.
        while faults.len() < N_EVENTS - 4 {
            faults.push(any(dice));
        }
        dice.shuffle(&mut faults);
        place_clock(dice, &mut faults);
        let share = STORM.as_millis() as u64 / faults.len() as u64;
        let events = (0..).zip(faults).map(|(n, fault)| Event {
            at: Duration::from_millis(n * share) + millis(dice, share / 4, share),
            fault,
        });
        let events = events.collect();
        // Half of the days an hour forward, or an hour back, is another day.
        let begins_at_minute = match dice.between(0, 4) {
            0 => dice.between(23 * 60 + 5, 23 * 60 + 55),
            1 => dice.between(5, 55),
            _ => dice.between(2 * 60, 22 * 60),
        };
        Self { begins_at_minute, events }
    }
}

/// Faults that may come more than once. The supervisor is killed once: its successor needs a while.
fn any(dice: &mut Dice) -> Fault {
    match dice.between(0, 8) {
        0 | 1 => Fault::KillScorer,
        2 | 3 => Fault::KillChild,
        4 => Fault::KillConnection,
        5 => Fault::KillServer,
        6 => Fault::DiskFull { lasts: millis(dice, 500, 2500) },
        _ => Fault::StorageFails { lasts: millis(dice, 2000, 4000) },
    }
}

/// The clock leaves the truth twice and comes back each time.
fn place_clock(dice: &mut Dice, faults: &mut Vec<Fault>) {
    let first = if dice.chance(50) { 1 } else { -1 };
    let mut at: Vec<usize> = (0..4).map(|_| dice.between(0, faults.len() as u64 + 1) as usize).collect();
    at.sort_unstable();
    let hours = [first, 0, -first, 0];
    for (at, hours) in at.into_iter().zip(hours).rev() {
        faults.insert(at, Fault::SetClock { hours });
    }
}

fn millis(dice: &mut Dice, low: u64, high: u64) -> Duration {
    Duration::from_millis(dice.between(low, high.max(low + 1)))
}

#[test]
fn a_seed_draws_one_schedule_with_every_kind_of_fault() {
    for seed in 0..500 {
        let schedule = Schedule::draw(&mut Dice::new(seed));
        let again = Schedule::draw(&mut Dice::new(seed));
        assert_eq!(format!("{schedule:?}"), format!("{again:?}"));
        let kinds = schedule.events.iter().map(|event| std::mem::discriminant(&event.fault));
        assert_eq!(kinds.collect::<std::collections::HashSet<_>>().len(), 9, "{schedule:?}");
        assert!(schedule.events.is_sorted_by_key(|event| event.at));
        assert!(schedule.events.iter().all(|event| event.at <= STORM));
        let clock = schedule.events.iter().filter_map(|event| match event.fault {
            Fault::SetClock { hours } => Some(hours),
            _ => None,
        });
        let clock: Vec<i64> = clock.collect();
        assert!(clock == [1, 0, -1, 0] || clock == [-1, 0, 1, 0], "{clock:?}");
    }
}
