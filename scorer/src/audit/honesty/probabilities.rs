//! The honesty of metrics of probabilities and scores.

use holdout_contract::audit::{Check, Verdict};

use super::labels::likeliest;
use super::{Best, Candidate, Honesty, NAME, best_of, honest_loses, honest_wins};
use crate::audit::case::{Case, mean, ranks};
use crate::audit::forecast::{Expected, Forecaster};
use crate::audit::report::{advised, check, gained, judged, part};

pub(super) fn probabilities(case: &Case<'_>, forecaster: &Forecaster) -> Option<Honesty> {
    let shares = forecaster.shares().to_vec();
    let n = shares.len() as f64;
    let base_rates = case.by_column(mean);
    let honest = forecaster.expect_one(case, shares.clone())?;
    let logits: Vec<f64> = shares
        .iter()
        .map(|share| share.clamp(1e-12, 1.0 - 1e-12))
        .map(|share| libm::log(share / (1.0 - share)))
        .collect();
    let of_logits = |turn: &dyn Fn(f64) -> f64| {
        logits.iter().map(|logit| 1.0 / (1.0 + libm::exp(-turn(*logit)))).collect::<Vec<f64>>()
    };
    let mut candidates: Vec<Candidate> = Vec::new();
    for factor in [0.25, 0.5, 0.75, 0.9, 1.1, 1.5, 2.0, 4.0] {
        candidates.push((pushed(factor), of_logits(&|logit| factor * logit)));
    }
    for shift in [-1.0, -0.5, -0.2, 0.2, 0.5, 1.0] {
        candidates.push((moved(shift), of_logits(&|logit| logit + shift)));
    }
    for threshold in [0.1, 0.2, 0.3, 0.5, 0.7] {
        let rounded = shares.iter().map(|share| f64::from(u8::from(*share >= threshold))).collect();
        candidates.push((format!("1 where the probability is {threshold} or more and 0 elsewhere"), rounded));
    }
    candidates.push(("0 everywhere".to_owned(), vec![0.0; shares.len()]));
    candidates.push((
        "places in the order instead of probabilities".to_owned(),
        ranks(&shares).into_iter().map(|rank| rank / n).collect(),
    ));
    candidates.push((
        "no probability below 0.05 or above 0.95".to_owned(),
        shares.iter().map(|share| share.clamp(0.05, 0.95)).collect(),
    ));
    let constant = forecaster.expect_one(case, base_rates)?;
    let turned = forecaster.expect_one(case, of_logits(&|logit| 2.0 * logit + 1.0));
    let best = best_of(case, forecaster, &honest, candidates);
    Some(Honesty {
        checks: vec![of_shares(case, &honest, &constant, best), invariance(&honest, turned.as_ref())],
        usual: shares,
    })
}

/// What multiplying distances from one half, in log odds, does to probabilities; raising those of several classes to a
/// power and adding them up to 1 does the same.
pub fn pushed(factor: f64) -> String {
    let much = match factor.max(1.0 / factor) {
        ratio if ratio < 1.2 => "very slightly ",
        ratio if ratio < 1.6 => "slightly ",
        ratio if ratio < 3.0 => "",
        _ => "far ",
    };
    match factor > 1.0 {
        true => format!("every probability pushed {much}towards 0 or 1"),
        false => format!("every probability drawn {much}towards the middle"),
    }
}

/// As [`pushed`], of adding to all of them.
fn moved(shift: f64) -> String {
    let much = match shift.abs() {
        step if step < 0.3 => "slightly ",
        step if step < 0.8 => "",
        _ => "much ",
    };
    format!("every probability {much}{}", if shift > 0.0 { "higher" } else { "lower" })
}

fn of_shares(case: &Case<'_>, honest: &Expected, constant: &Expected, best: Option<Best>) -> Check {
    let way = case.gain(honest.mean, constant.mean).abs().max(1e-12);
    let gain = best.as_ref().map_or(0.0, |best| best.gain / way);
    let verdict = judged(gain, 0.01, 0.05);
    let text = match best.filter(|_| gain >= 0.01) {
        None => honest_wins("honest probabilities"),
        Some(best) => format!(
            "{} {}",
            honest_loses(verdict, "the probabilities they believe in"),
            gained(&best.name, gain)
        ),
    };
    advised(
        check(NAME, verdict, gain, text),
        "Distort every probability before sending it, without any better model.",
        "Use log_loss or brier, which honest probabilities win; or roc_auc, if only the order matters.",
    )
}

fn invariance(honest: &Expected, turned: Option<&Expected>) -> Check {
    let is_order = turned.is_some_and(|turned| (turned.mean - honest.mean).abs() < 1e-9);
    let text = match is_order {
        true => {
            "Only the order of the rows counts: whether a probability can be believed is not rewarded, so do not read the winner's values as probabilities."
        }
        false => "The values themselves count: probabilities that can be believed are rewarded.",
    };
    check("D invariance", Verdict::Info, None, text)
}

pub(super) fn class_probabilities(case: &Case<'_>, forecaster: &Forecaster) -> Option<Honesty> {
    let n = case.n();
    let shares = forecaster.shares().to_vec();
    let n_classes = case.classes.len();
    let normalised = |mut values: Vec<f64>| {
        for row in 0..n {
            let total: f64 = (0..n_classes).map(|code| values[code * n + row]).sum();
            (0..n_classes).for_each(|code| values[code * n + row] /= total);
        }
        values
    };
    let raised =
        |power: f64| normalised(shares.iter().map(|share| libm::pow(share.max(1e-12), power)).collect());
    let frequencies: Vec<f64> = shares.chunks(n).flat_map(|column| vec![mean(column); n]).collect();
    let honest = forecaster.expect_one(case, shares.clone())?;
    let constant = forecaster.expect_one(case, frequencies.clone());
    let labels = likeliest(case, forecaster);
    let one_hot =
        (0..shares.len()).map(|at| f64::from(u8::from(labels[at % n] == case.classes[at / n]))).collect();
    let mut candidates: Vec<Candidate> = vec![("the likeliest class with probability 1".to_owned(), one_hot)];
    for power in [0.25, 0.5, 0.75, 0.9, 1.1, 1.5, 2.0, 4.0] {
        candidates.push((pushed(power), raised(power)));
    }
    for mixed_in in [0.1, 0.3] {
        let mixed = shares
            .iter()
            .zip(&frequencies)
            .map(|(share, frequency)| (1.0 - mixed_in) * share + mixed_in * frequency);
        let name = format!("probabilities drawn {} of the way to how common every class is", part(mixed_in));
        candidates.push((name, mixed.collect()));
    }
    let divided =
        shares.iter().zip(&frequencies).map(|(share, frequency)| share / frequency.max(1e-12)).collect();
    candidates.push(("probabilities divided by how common every class is".to_owned(), normalised(divided)));
    let turned = forecaster.expect_one(case, raised(2.0));
    let best = best_of(case, forecaster, &honest, candidates);
    // A metric of order has no value on a constant; then the gain is measured against the score itself.
    let floor = constant.unwrap_or_else(|| Expected { mean: 0.0, ..honest.clone() });
    Some(Honesty {
        checks: vec![of_shares(case, &honest, &floor, best), invariance(&honest, turned.as_ref())],
        usual: shares,
    })
}
