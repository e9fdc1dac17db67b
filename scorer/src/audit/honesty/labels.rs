//! The honesty of metrics of labels: of yes and no, and of one of several classes.

use holdout_contract::audit::Verdict;

use super::{Honesty, NAME, SLIGHT, best_of, honest_loses, honest_wins};
use crate::audit::case::{Case, mean};
use crate::audit::forecast::{Forecaster, Forecasters};
use crate::audit::report::{advised, check, judged, percent, short};

/// What is honest, of several classes.
const LIKELIEST: &str = "the likeliest class of every row";

/// The labels that score best, of three forecasters, with the threshold that gives them.
pub struct Tuned {
    pub weak: Threshold,
    pub usual: Threshold,
    pub strong: Threshold,
}

pub struct Threshold {
    pub score: f64,
    pub at: f64,
    pub report: Vec<f64>,
}

impl Tuned {
    pub fn of(case: &Case<'_>, known: &Forecasters) -> Option<Self> {
        Some(Self {
            weak: threshold(case, &known.weak)?,
            usual: threshold(case, &known.usual)?,
            strong: threshold(case, &known.strong)?,
        })
    }
}

fn above(shares: &[f64], threshold: f64) -> Vec<f64> {
    shares.iter().map(|share| f64::from(u8::from(*share >= threshold))).collect()
}

fn threshold(case: &Case<'_>, forecaster: &Forecaster) -> Option<Threshold> {
    let thresholds: Vec<f64> = (1..50).map(|step| f64::from(step) * 0.02).collect();
    let reports: Vec<Vec<f64>> = thresholds.iter().map(|at| above(forecaster.shares(), *at)).collect();
    let expected = forecaster.expect(case, &reports);
    let scores = expected.iter().map(|found| found.as_ref().map_or(f64::NAN, |found| found.mean));
    let (at, score) = case.best(scores)?;
    Some(Threshold { score, at: thresholds[at], report: reports[at].clone() })
}

pub(super) fn yes(case: &Case<'_>, forecaster: &Forecaster, tuned: &Tuned) -> Option<Honesty> {
    let labels = above(forecaster.shares(), 0.5);
    let honest = forecaster.expect_one(case, labels)?.mean;
    let best = &tuned.usual;
    let gain = case.gain(best.score, honest) / honest.abs().max(best.score.abs()).max(1e-9);
    let verdict = judged(gain, 0.02, 0.1);
    let meant = match verdict {
        Verdict::Pass => "To win, a participant names the likelier class, or nearly so.",
        _ => "To win, participants should not name the class that they think likelier.",
    };
    let text = format!(
        "{meant} Naming it scores {}, and saying yes from a probability of {:.2} on scores {} with the same knowledge.",
        short(honest),
        best.at,
        short(best.score)
    );
    let honesty = advised(
        check(NAME, verdict, gain, text),
        "Say yes more or less often than one believes in it, instead of building a better model.",
        "Ask for probabilities (log_loss, brier, roc_auc, average_precision) and let it be chosen afterwards from which probability on to say yes.",
    );
    Some(Honesty { checks: vec![honesty], usual: best.report.clone() })
}

/// The place of the first highest value.
pub(super) fn highest(values: impl Iterator<Item = f64>) -> usize {
    let better = |best: (usize, f64), (at, value)| if value > best.1 { (at, value) } else { best };
    values.enumerate().fold((0, f64::NEG_INFINITY), better).0
}

/// The likeliest class of every row.
pub fn likeliest(case: &Case<'_>, forecaster: &Forecaster) -> Vec<f64> {
    tilted(case, forecaster, 0.0)
}

/// The likeliest class when every probability is divided by a power of the class's frequency.
fn tilted(case: &Case<'_>, forecaster: &Forecaster, power: f64) -> Vec<f64> {
    let (n, shares) = (case.n(), forecaster.shares());
    let frequencies: Vec<f64> =
        (0..case.classes.len()).map(|code| mean(&shares[code * n..(code + 1) * n])).collect();
    let weights: Vec<f64> =
        frequencies.iter().map(|frequency| libm::pow(frequency.max(1e-12), -power)).collect();
    (0..n)
        .map(|row| {
            case.classes
                [highest(weights.iter().enumerate().map(|(code, weight)| weight * shares[code * n + row]))]
        })
        .collect()
}

pub(super) fn classes(case: &Case<'_>, forecaster: &Forecaster) -> Option<Honesty> {
    let labels = likeliest(case, forecaster);
    let honest = forecaster.expect_one(case, labels.clone())?;
    let named = |power: f64| {
        let degree = match (power.abs() * 4.0) as u32 {
            0 | 1 => "a little",
            2 => "clearly",
            3 => "strongly",
            _ => "as much as they are rare",
        };
        format!("labels that favour {} classes {degree}", if power > 0.0 { "rare" } else { "common" })
    };
    let candidates =
        [-0.5, -0.25, 0.25, 0.5, 0.75, 1.0].map(|power| (named(power), tilted(case, forecaster, power)));
    let best = best_of(case, forecaster, &honest, candidates.into());
    let gain = best.as_ref().map_or(0.0, |best| best.gain / honest.mean.abs().max(1e-9));
    let verdict = judged(gain, 0.02, 0.1);
    let text = match best.filter(|_| gain > SLIGHT) {
        Some(best) => {
            format!(
                "{} With the same knowledge, sending {} scores {} better.",
                honest_loses(verdict, LIKELIEST),
                best.name,
                percent(gain)
            )
        }
        None => honest_wins(LIKELIEST),
    };
    let check = advised(
        check(NAME, verdict, gain, text),
        "Name rare classes more often than one believes in them, instead of building a better model.",
        "Ask for a probability of every class (multiclass_log_loss, multiclass_brier) and choose labels afterwards.",
    );
    Some(Honesty { checks: vec![check], usual: labels })
}
