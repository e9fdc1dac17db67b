//! D and E: does saying something other than one believes score better? And E2: what does the best
//! report do to the total?

mod distributions;
mod labels;
mod numbers;
mod probabilities;
mod ratings;

use holdout_contract::audit::{Check, Verdict};

use super::case::{Case, Family};
use super::forecast::{Expected, Forecaster, Forecasters, expect};
use super::ground::Ground;

pub use labels::{Tuned, likeliest};
pub use numbers::honest_numbers;
pub use probabilities::pushed;
pub use ratings::honest_ratings;

pub(super) const NAME: &str = "E honest report";
/// A gain must be so many standard errors to be believed.
const CERTAIN: f64 = 3.0;
/// Relative gains below this are called nothing.
pub(super) const SLIGHT: f64 = 0.002;

/// What is said of a metric that honest work wins.
pub(super) fn honest_wins(sent: &str) -> String {
    format!("To win, a participant sends {sent}: nothing else that was tried scores better.")
}

/// What is said of a metric under which something else than honest work scores better: by so little that it passes, or more.
pub(super) fn honest_loses(verdict: Verdict, sent: &str) -> String {
    match verdict {
        Verdict::Pass => format!("To win, a participant sends {sent}, or something that is hardly better."),
        _ => format!("To win, participants should not send {sent}."),
    }
}

/// A report with the words for it.
pub(super) type Candidate = (String, Vec<f64>);

/// What the checks of honesty found.
pub struct Honesty {
    pub checks: Vec<Check>,
    /// The honest report that scores best, for checks that need a usual forecast.
    pub usual: Vec<f64>,
}

/// The best of some candidates, when it beats the honest report beyond doubt.
pub(super) struct Best {
    pub gain: f64,
    pub name: String,
    pub report: Vec<f64>,
}

fn best_of(
    case: &Case<'_>,
    forecaster: &Forecaster,
    honest: &Expected,
    candidates: Vec<Candidate>,
) -> Option<Best> {
    best_over(case, &forecaster.draws, honest, candidates)
}

/// As [`best_of`], over possible truths.
pub(super) fn best_over(
    ground: &Ground<'_>,
    draws: &[Vec<f64>],
    honest: &Expected,
    candidates: Vec<Candidate>,
) -> Option<Best> {
    let (names, reports): (Vec<String>, Vec<Vec<f64>>) = candidates.into_iter().unzip();
    let expected = expect(ground.metric, draws, &reports);
    let mut best: Option<(f64, usize)> = None;
    for (at, expected) in expected.iter().enumerate() {
        let Some(expected) = expected else { continue };
        let gain = ground.gain(expected.mean, honest.mean);
        if gain > best.map_or(0.0, |(known, _)| known) {
            best = Some((gain, at));
        }
    }
    let (gain, at) = best?;
    let is_certain = expected[at].as_ref().is_some_and(|found| found.errors_from(honest) > CERTAIN);
    is_certain.then(|| Best { gain, name: names[at].clone(), report: reports[at].clone() })
}

/// Whether anything scores better than what a forecaster believes; `None` where that cannot be asked of such a target.
pub fn examine(case: &Case<'_>, known: &Forecasters, tuned: Option<&Tuned>, reacts: bool) -> Option<Honesty> {
    match case.family {
        Family::Number => numbers::numbers(case, &known.strong, reacts),
        Family::Probability => probabilities::probabilities(case, &known.usual),
        Family::Yes => labels::yes(case, &known.usual, tuned?),
        Family::Rating => ratings::ratings(case, &known.strong),
        Family::Class => labels::classes(case, &known.usual),
        Family::ClassProbabilities => probabilities::class_probabilities(case, &known.usual),
        Family::Distribution => distributions::distributions(case, &known.usual),
    }
}
