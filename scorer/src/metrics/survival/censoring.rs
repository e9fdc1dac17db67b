//! The chance of being still under observation at a time, by Kaplan and Meier, from the rows that are
//! scored. One over it makes up for rows that were censored before.

use holdout_evaluator::sums_by_cell;

use super::Observed;
use crate::kernels::places;

/// A falling step function from 1.
pub(crate) struct Censoring {
    /// Distinct times, ascending.
    steps: Vec<Step>,
}

struct Step {
    time: f64,
    /// From here on.
    chance: f64,
    /// Rows that could be censored here, and those that were.
    n_open: f64,
    n_censored: f64,
}

impl Step {
    /// How the logarithm of the chance moves with the weight of a row that is observed longer.
    fn slope(&self) -> f64 {
        let n_kept = self.n_open - self.n_censored;
        if self.n_censored == 0.0 || n_kept == 0.0 { 0.0 } else { 1.0 / n_kept - 1.0 / self.n_open }
    }
}

impl Censoring {
    /// At equal times events happen before censoring.
    pub(crate) fn of(observed: &Observed) -> Self {
        let order = observed.by_time();
        let (mut n_left, mut chance) = (order.len(), 1.0);
        let mut steps = Vec::new();
        for together in order.chunk_by(|a, b| observed.times[*a] == observed.times[*b]) {
            let n_events = together.iter().filter(|row| observed.is_event[**row]).count();
            let n_censored = together.len() - n_events;
            let (n_open, n_censored) = ((n_left - n_events) as f64, n_censored as f64);
            if n_censored > 0.0 {
                chance *= 1.0 - n_censored / n_open;
            }
            n_left -= together.len();
            steps.push(Step { time: observed.times[together[0]], chance, n_open, n_censored });
        }
        Self { steps }
    }

    pub(crate) fn at(&self, time: f64) -> f64 {
        self.step_at(time).map_or(1.0, |step| self.steps[step].chance)
    }

    /// The last step up to a time.
    fn step_at(&self, time: f64) -> Option<usize> {
        self.steps.partition_point(|step| step.time <= time).checked_sub(1)
    }

    /// One over the chance at a time; `None` where nobody is observed that long.
    pub(crate) fn weight(&self, time: f64) -> Option<f64> {
        let chance = self.at(time);
        (chance > 0.0).then(|| 1.0 / chance)
    }

    /// How the weight of every row moves a sum of logarithms of the chance: each mark is a time and how often the
    /// logarithm there is part of the sum. Marks where the chance is 0 hold nothing.
    pub(crate) fn moved(&self, observed: &Observed, marks: impl Iterator<Item = (f64, f64)>) -> Vec<f64> {
        let mut held = vec![0.0; self.steps.len()];
        for (time, times) in marks {
            if let Some(step) = self.step_at(time) {
                held[step] += times;
            }
        }
        let mut left: f64 = held.iter().sum();
        let (mut slope_before, mut sum_before) = (0.0, 0.0);
        // Of a row that has its event at the step, and of one that is censored there.
        let of_steps: Vec<(f64, f64)> = self
            .steps
            .iter()
            .zip(&held)
            .map(|(step, held)| {
                let of_event = sum_before + slope_before * left;
                let of_censored = if left == 0.0 { of_event } else { of_event - left / step.n_open };
                slope_before += step.slope();
                sum_before += held * slope_before;
                left -= held;
                (of_event, of_censored)
            })
            .collect();
        let of_row = |row: usize| {
            let step = self.step_at(observed.times[row]).unwrap_or_default();
            let (of_event, of_censored) = of_steps[step];
            if observed.is_event[row] { of_event } else { of_censored }
        };
        (0..observed.len()).map(of_row).collect()
    }
}

/// Observed times in their order, for any number of draws of their rows.
pub(crate) struct Steps {
    /// Of every row: twice the place of its time, the earliest first, and one more for an event.
    cell_of_row: Vec<u32>,
    /// Distinct times.
    times: Vec<f64>,
}

impl Steps {
    pub(crate) fn of(observed: &Observed) -> Self {
        let (places, n_places) = places(&observed.times);
        let mut times = vec![0.0; n_places];
        places.iter().zip(&observed.times).for_each(|(place, time)| times[*place] = *time);
        let cell = |(place, is_event): (&usize, &bool)| 2 * *place as u32 + u32::from(*is_event);
        Self { cell_of_row: places.iter().zip(&observed.is_event).map(cell).collect(), times }
    }

    /// The place of a row's time.
    pub(crate) fn of_row(&self, row: usize) -> usize {
        self.cell_of_row[row] as usize / 2
    }

    pub(crate) fn drawn(&self, times: &[u8]) -> Drawn<'_> {
        let counts = sums_by_cell(times, &self.cell_of_row, 2 * self.times.len(), None);
        Drawn { counts, times: &self.times }
    }
}

/// What a draw has at every time.
pub(crate) struct Drawn<'a> {
    /// Censored rows and events, one after the other.
    counts: Vec<f64>,
    times: &'a [f64],
}

impl Drawn<'_> {
    /// As [`Censoring::of`] of copied rows: the chance from every time on.
    pub(crate) fn chances(&self) -> Vec<f64> {
        let mut n_left: f64 = self.counts.iter().sum();
        let mut chance = 1.0;
        let of_step = |counts: &[f64]| {
            let [n_censored, n_events] = [counts[0], counts[1]];
            if n_censored > 0.0 {
                chance *= 1.0 - n_censored / (n_left - n_events);
            }
            n_left -= n_censored + n_events;
            chance
        };
        self.counts.chunks_exact(2).map(of_step).collect()
    }

    /// The middle of the times of events, or the mean of the two middle ones; `None` without an event.
    pub(crate) fn median_event(&self) -> Option<f64> {
        let n_events: f64 = self.counts.chunks_exact(2).map(|counts| counts[1]).sum();
        if n_events == 0.0 {
            return None;
        }
        let time_of = |place: f64| {
            let mut below = 0.0;
            let is_reached = |counts: &[f64]| {
                below += counts[1];
                below > place
            };
            self.counts.chunks_exact(2).position(is_reached).map(|step| self.times[step])
        };
        let (lower, upper) = (time_of(((n_events - 1.0) / 2.0).floor())?, time_of((n_events / 2.0).floor())?);
        Some(if n_events % 2.0 == 1.0 { upper } else { lower / 2.0 + upper / 2.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn censored_rows_lower_the_chance_after_the_events_of_their_time() {
        let observed =
            Observed { times: vec![1.0, 2.0, 2.0, 3.0, 5.0], is_event: vec![true, false, true, true, false] };
        let censoring = Censoring::of(&observed);
        // At 2: four left, one event first, then one of three is censored.
        let chances = [0.5, 1.0, 2.0, 4.9].map(|time| censoring.at(time));
        assert_eq!(chances, [1.0, 1.0, 1.0 - 1.0 / 3.0, 1.0 - 1.0 / 3.0]);
        assert_eq!(censoring.weight(5.0), None);
    }

    /// Every row so many times, and one of them once more: nearly the derivative by its weight.
    #[test]
    fn it_is_how_the_logarithm_moves_when_a_row_comes_once_more() {
        const TIMES: usize = 2000;
        const MARKS: [(f64, f64); 3] = [(2.0, 0.7), (3.5, -1.5), (0.5, 9.0)];
        let times = [1.0, 2.0, 2.0, 3.0, 3.0, 5.0, 6.0];
        let is_event = [true, false, true, true, false, false, true];
        let sum_with = |more: Option<usize>| {
            let rows: Vec<usize> =
                (0..7).flat_map(|row| std::iter::repeat_n(row, TIMES)).chain(more).collect();
            let repeated = Observed {
                times: rows.iter().map(|row| times[*row]).collect(),
                is_event: rows.iter().map(|row| is_event[*row]).collect(),
            };
            let censoring = Censoring::of(&repeated);
            MARKS.iter().map(|(time, held)| held * censoring.at(*time).ln()).sum::<f64>()
        };
        let observed = Observed { times: times.to_vec(), is_event: is_event.to_vec() };
        let found = Censoring::of(&observed).moved(&observed, MARKS.into_iter());
        for (row, found) in found.iter().enumerate() {
            let moved = (sum_with(Some(row)) - sum_with(None)) * TIMES as f64;
            assert!((moved - found).abs() < 1e-3, "row {row}: {found}, not {moved}");
        }
    }
}
