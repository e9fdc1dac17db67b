//! Influence of rows that may be censored: by the pairs or terms that they are part of, and by the chance of being
//! observed, which follows from all of them.

use super::curve;
use crate::metrics::survival::Observed;
use crate::metrics::survival::brier::{Judged, mean_over_time, times};
use crate::metrics::survival::censoring::Censoring;
use crate::metrics::survival::pairs::{Share, shares_of_events, shares_of_later};
use crate::metrics::{Params, Rows, Values};

/// Pairs in the right order of those that can be compared, each weighed as its event is.
struct Concordance {
    /// Of every row: what its pairs, as the event and as the later row, hold beyond the index.
    beyond: Vec<(f64, f64)>,
    all: f64,
}

impl Concordance {
    /// `None` where no two rows can be compared.
    fn of(observed: &Observed, risk: &[f64], weights: &[f64]) -> Option<Self> {
        let weighed =
            |(share, weight): (Share, &f64)| Share { right: weight * share.right, all: weight * share.all };
        let events: Vec<Share> =
            shares_of_events(observed, risk).into_iter().zip(weights).map(weighed).collect();
        let later = shares_of_later(observed, risk, weights);
        let (right, all) =
            events.iter().fold((0.0, 0.0), |sum, share| (sum.0 + share.right, sum.1 + share.all));
        if all <= 0.0 {
            return None;
        }
        let index = right / all;
        let beyond = |share: &Share| share.right - index * share.all;
        let both = events.iter().zip(&later).map(|(event, later)| (beyond(event), beyond(later)));
        Some(Self { beyond: both.collect(), all })
    }

    /// `of_weights` is what a row holds beyond the index because it moves the weights of all events.
    fn influence(&self, of_weights: impl Fn(usize) -> f64) -> Vec<f64> {
        let scale = self.beyond.len() as f64 / self.all;
        let of_row = |(row, (event, later)): (usize, &(f64, f64))| scale * (event + later + of_weights(row));
        self.beyond.iter().enumerate().map(of_row).collect()
    }
}

/// Of times and events against risks; a higher risk means an earlier event.
pub(super) fn harrell(rows: &Rows<'_>) -> Option<Vec<f64>> {
    let observed = Observed::of(rows).ok()?;
    let weights = vec![1.0; observed.len()];
    let found = Concordance::of(&observed, rows.predictions[0].numbers(), &weights)?;
    Some(found.influence(|_| 0.0))
}

/// The same where an event is weighed by one over the squared chance of being observed that long.
pub(super) fn uno(rows: &Rows<'_>, params: &Params) -> Option<Vec<f64>> {
    let observed = Observed::of(rows).ok()?;
    let censoring = Censoring::of(&observed);
    let tau = params.optional_number("tau").unwrap_or(f64::INFINITY);
    let counts = |row: usize| observed.is_event[row] && observed.times[row] < tau;
    let weight = |row: usize| {
        let chance = censoring.weight(observed.times[row]).filter(|_| counts(row));
        chance.map_or(0.0, |weight| weight * weight)
    };
    let weights: Vec<f64> = (0..observed.len()).map(weight).collect();
    let found = Concordance::of(&observed, rows.predictions[0].numbers(), &weights)?;
    let marks = found.beyond.iter().zip(&observed.times).map(|((event, _), time)| (*time, *event));
    let moved = censoring.moved(&observed, marks);
    Some(found.influence(|row| -2.0 * moved[row]))
}

/// Who has had the event by a time against who has not. Without a time it is the median of all events, which moves in
/// steps.
pub(super) fn auc_at(rows: &Rows<'_>, params: &Params) -> Option<Vec<f64>> {
    let time = params.optional_number("time")?;
    let observed = Observed::of(rows).ok()?;
    let censoring = Censoring::of(&observed);
    let weight = |row: usize| match (observed.times[row] > time, observed.is_event[row]) {
        (true, _) => Some(1.0),
        (false, true) => censoring.weight(observed.times[row]),
        (false, false) => Some(0.0),
    };
    let weights = (0..observed.len()).map(weight).collect::<Option<Vec<f64>>>()?;
    let had: Vec<f64> = observed.times.iter().map(|own| f64::from(u8::from(*own <= time))).collect();
    let weighed = Rows { weights: Some(&weights), ..*rows };
    let direct = curve::roc_auc(&weighed, &had, rows.predictions[0].numbers())?;
    let events = (0..observed.len()).filter(|row| had[*row] == 1.0);
    let moved = censoring.moved(&observed, events.map(|row| (observed.times[row], direct[row])));
    Some(direct.iter().zip(moved).map(|(direct, moved)| direct - moved).collect())
}

/// The Brier score over time.
pub(super) fn brier(rows: &Rows<'_>, params: &Params) -> Option<Vec<f64>> {
    let observed = Observed::of(rows).ok()?;
    let censoring = Censoring::of(&observed);
    let times = times(params).ok()?;
    let at_time = |((_, time), chances): (&(String, f64), &Values<'_>)| {
        let (judged, chances) = (Judged::new(&observed, &censoring, *time), chances.numbers());
        let terms: Vec<f64> = (0..observed.len()).map(|row| judged.term(row, chances[row])).collect();
        let marks = terms.iter().enumerate().map(|(row, term)| (judged.mark(row), *term));
        let moved = censoring.moved(&observed, marks);
        terms.into_iter().zip(moved).map(|(term, moved)| term - moved).collect::<Vec<f64>>()
    };
    let of_times: Vec<Vec<f64>> = times.iter().zip(rows.predictions).map(at_time).collect();
    let of_row = |row: usize| {
        let points: Vec<(f64, f64)> =
            times.iter().zip(&of_times).map(|((_, time), values)| (*time, values[row])).collect();
        mean_over_time(&points)
    };
    let values: Vec<f64> = (0..observed.len()).map(of_row).collect();
    // How terms move with the chance of being observed adds up to nothing: what is left is the score itself.
    let score = crate::kernels::sum(values.len(), |row| values[row]) / values.len() as f64;
    Some(values.into_iter().map(|value| value - score).collect())
}
