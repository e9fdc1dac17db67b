//! The chance of being still under observation at a time, by Kaplan and Meier, from the rows that are
//! scored. One over it makes up for rows that were censored before.

use super::Observed;

/// A falling step function from 1.
pub(super) struct Censoring {
    /// Distinct times, ascending, and the chance from each on.
    steps: Vec<(f64, f64)>,
}

impl Censoring {
    /// At equal times events happen before censoring.
    pub(super) fn of(observed: &Observed) -> Self {
        let order = observed.by_time();
        let (mut n_left, mut chance) = (order.len(), 1.0);
        let mut steps = Vec::new();
        for together in order.chunk_by(|a, b| observed.times[*a] == observed.times[*b]) {
            let n_events = together.iter().filter(|row| observed.is_event[**row]).count();
            let n_censored = together.len() - n_events;
            if n_censored > 0 {
                chance *= 1.0 - n_censored as f64 / (n_left - n_events) as f64;
            }
            n_left -= together.len();
            steps.push((observed.times[together[0]], chance));
        }
        Self { steps }
    }

    pub(super) fn at(&self, time: f64) -> f64 {
        let n_before = self.steps.partition_point(|step| step.0 <= time);
        if n_before == 0 { 1.0 } else { self.steps[n_before - 1].1 }
    }

    /// One over the chance at a time; `None` where nobody is observed that long.
    pub(super) fn weight(&self, time: f64) -> Option<f64> {
        let chance = self.at(time);
        (chance > 0.0).then(|| 1.0 / chance)
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
}
