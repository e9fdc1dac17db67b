//! The honesty of metrics of probabilities and scores.

use holdout_contract::audit::{Check, Verdict};

use super::labels::likeliest;
use super::{Best, Candidate, Honesty, NAME, best_of};
use crate::audit::case::{Case, mean, ranks};
use crate::audit::forecast::{Expected, Forecaster};
use crate::audit::report::{advised, check, judged, percent};

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
        candidates.push((format!("logits times {factor}"), of_logits(&|logit| factor * logit)));
    }
    for shift in [-1.0, -0.5, -0.2, 0.2, 0.5, 1.0] {
        candidates.push((format!("logits {shift:+}"), of_logits(&|logit| logit + shift)));
    }
    for threshold in [0.1, 0.2, 0.3, 0.5, 0.7] {
        let rounded = shares.iter().map(|share| f64::from(u8::from(*share >= threshold))).collect();
        candidates.push((format!("0 or 1 at {threshold}"), rounded));
    }
    candidates.push(("0 everywhere".to_owned(), vec![0.0; shares.len()]));
    candidates.push(("ranks".to_owned(), ranks(&shares).into_iter().map(|rank| rank / n).collect()));
    candidates.push((
        "probabilities kept from 0.05 to 0.95".to_owned(),
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

fn of_shares(case: &Case<'_>, honest: &Expected, constant: &Expected, best: Option<Best>) -> Check {
    let way = case.gain(honest.mean, constant.mean).abs().max(1e-12);
    let gain = best.as_ref().map_or(0.0, |best| best.gain / way);
    let text = match best.filter(|_| gain >= 0.01) {
        None => "Nothing that was tried scores better than one's honest probabilities.".to_owned(),
        Some(best) => format!(
            "Sending {} instead of one's honest probabilities gains {} of the way from a constant to an honest forecast.",
            best.name,
            percent(gain)
        ),
    };
    advised(
        check(NAME, judged(gain, 0.01, 0.05), gain, text),
        "Distort every probability before sending it, without any better model.",
        "Use log_loss or brier, which honest probabilities win; or roc_auc, if only the order matters.",
    )
}

fn invariance(honest: &Expected, turned: Option<&Expected>) -> Check {
    let is_order = turned.is_some_and(|turned| (turned.mean - honest.mean).abs() < 1e-9);
    let text = match is_order {
        true => {
            "Only the order of the reports counts: whether probabilities can be believed is not rewarded."
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
        candidates.push((format!("probabilities to the power of {power}"), raised(power)));
    }
    for part in [0.1, 0.3] {
        let mixed =
            shares.iter().zip(&frequencies).map(|(share, frequency)| (1.0 - part) * share + part * frequency);
        candidates
            .push((format!("probabilities mixed with {part} of the classes' frequencies"), mixed.collect()));
    }
    let divided =
        shares.iter().zip(&frequencies).map(|(share, frequency)| share / frequency.max(1e-12)).collect();
    candidates.push(("probabilities divided by the classes' frequencies".to_owned(), normalised(divided)));
    let turned = forecaster.expect_one(case, raised(2.0));
    let best = best_of(case, forecaster, &honest, candidates);
    // A metric of order has no value on a constant; then the gain is measured against the score itself.
    let floor = constant.unwrap_or_else(|| Expected { mean: 0.0, ..honest.clone() });
    Some(Honesty {
        checks: vec![of_shares(case, &honest, &floor, best), invariance(&honest, turned.as_ref())],
        usual: shares,
    })
}
