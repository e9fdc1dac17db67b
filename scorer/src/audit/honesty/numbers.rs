//! The honesty of metrics of a number.

use holdout_contract::audit::{Check, Verdict};

use super::{Candidate, Honesty, NAME, SLIGHT, best_of};
use crate::audit::ask::Declared;
use crate::audit::case::{Case, deviation, mean};
use crate::audit::forecast::Forecaster;
use crate::audit::leverage::counts_order_alone;
use crate::audit::repair;
use crate::audit::report::{advised, check, judged, percent};

/// The honest reports of one number: what the host asked for, or each of the usual ones.
pub fn honest_numbers(case: &Case<'_>, forecaster: &Forecaster) -> Vec<Candidate> {
    match case.declared() {
        Some(Declared::Mean) => vec![("mean".to_owned(), forecaster.mean())],
        Some(Declared::Median) => vec![("median".to_owned(), forecaster.median())],
        Some(Declared::Quantile(share)) => {
            vec![(Declared::Quantile(share).to_string(), forecaster.quantile(share))]
        }
        _ => vec![
            ("mean".to_owned(), forecaster.mean()),
            ("median".to_owned(), forecaster.median()),
            ("geometric mean".to_owned(), forecaster.geometric_mean()),
        ],
    }
}

pub(super) fn numbers(case: &Case<'_>, forecaster: &Forecaster, reacts: bool) -> Option<Honesty> {
    let honest: Vec<Candidate> = honest_numbers(case, forecaster)
        .into_iter()
        .map(|(name, report)| (name, case.clamped(report)))
        .collect();
    let reports: Vec<Vec<f64>> = honest.iter().map(|(_, report)| report.clone()).collect();
    let expected = forecaster.expect(case, &reports);
    let (at, score) =
        case.best(expected.iter().map(|found| found.as_ref().map_or(f64::NAN, |found| found.mean)))?;
    let base = expected[at].as_ref()?;
    let best = best_of(case, forecaster, base, number_distortions(case, forecaster, &honest));
    let gain = best.as_ref().map_or(0.0, |best| best.gain / score.abs().max(1e-9));
    let text = match best.as_ref().filter(|_| gain > SLIGHT) {
        Some(best) => format!(
            "With the same knowledge, sending the {} of one's belief instead of the {} scores {} better.",
            best.name,
            honest[at].0,
            percent(gain)
        ),
        None => format!(
            "To win, a participant sends the {} of an honest forecast; nothing else that was tried scores better.",
            honest[at].0
        ),
    };
    let honesty = advised(
        check(NAME, judged(gain, 0.01, 0.05), gain, text),
        "Multiply or shift every forecast before sending it, without any better model.",
        repair::of_numbers(case),
    );
    let wants_mean = honest[at].0 == "mean" && !counts_order_alone(case, &forecaster.draws[0], &honest[at].1);
    let sent = best.filter(|_| gain > SLIGHT).map_or_else(|| honest[at].1.clone(), |best| best.report);
    let usual = if wants_mean { forecaster.mean() } else { forecaster.median() };
    Some(Honesty {
        checks: vec![honesty, volume(case, forecaster, &sent, reacts)],
        usual: case.clamped(usual),
    })
}

fn number_distortions(case: &Case<'_>, forecaster: &Forecaster, honest: &[Candidate]) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    for (name, report) in honest {
        let factors = (6..20).chain(21..32).map(|step| f64::from(step) * 0.05);
        for factor in factors {
            found.push((
                format!("{name} times {factor:.2}"),
                report.iter().map(|value| factor * value).collect(),
            ));
        }
        let (centre, spread) = (mean(report), deviation(report));
        for step in [-0.5, -0.25, -0.1, 0.1, 0.25, 0.5] {
            found.push((
                format!("{name} {step:+} standard deviations"),
                report.iter().map(|value| value + step * spread).collect(),
            ));
        }
        for stretch in [0.5, 0.75, 1.25, 1.5] {
            let stretched = report.iter().map(|value| centre + stretch * (value - centre)).collect();
            found.push((format!("{name} stretched by {stretch} about its mean"), stretched));
        }
    }
    for percentile in [5, 10, 20, 30, 40, 60, 70, 80, 90, 95] {
        found
            .push((format!("{percentile}th percentile"), forecaster.quantile(f64::from(percentile) / 100.0)));
    }
    if case.declared().is_some() {
        found.push(("mean".to_owned(), forecaster.mean()));
        found.push(("median".to_owned(), forecaster.median()));
        found.push(("geometric mean".to_owned(), forecaster.geometric_mean()));
    }
    found.into_iter().map(|(name, report)| (name, case.clamped(report))).collect()
}

/// E2: the sum of the best report against the sum that is to be expected.
fn volume(case: &Case<'_>, forecaster: &Forecaster, sent: &[f64], reacts: bool) -> Check {
    const NAME: &str = "E2 volume bias";
    if case.declared().is_some_and(|declared| declared != Declared::Mean) {
        return check(
            NAME,
            Verdict::Info,
            None,
            "You ask for something other than the mean, so totals are not meant to match.",
        );
    }
    let means = forecaster.mean();
    let turned: Vec<f64> = sent.iter().map(|value| 2.0 * value + 3.0).collect();
    let scores = case.scores(&forecaster.draws[0], &[sent.to_vec(), turned]);
    let is_level_free = matches!(scores[..], [Some(one), Some(other)] if (one - other).abs() < 1e-9);
    if !reacts || is_level_free {
        return check(
            NAME,
            Verdict::Info,
            None,
            "The score ignores the level of forecasts, so totals are not rewarded at all.",
        );
    }
    let n = case.n_looked();
    if means.chunks(n).any(|column| column.iter().sum::<f64>() == 0.0) {
        return check(
            NAME,
            Verdict::Info,
            None,
            "The true total that is to be expected is 0, so no total can be compared with it.",
        );
    }
    let bias_of =
        |(sent, honest): (&[f64], &[f64])| sent.iter().sum::<f64>() / honest.iter().sum::<f64>() - 1.0;
    let biases = sent.chunks(n).zip(means.chunks(n)).map(bias_of);
    let bias = biases.reduce(|most, next| if next.abs() > most.abs() { next } else { most }).unwrap_or(0.0);
    let verdict = judged(bias.abs(), 0.05, 0.2);
    let text = format!(
        "Forecasts tuned for this metric add up to {} of the true total that is to be expected.",
        percent(1.0 + bias)
    );
    advised(
        check(NAME, verdict, bias, text),
        "None by itself; but whoever adds up the winner's forecasts plans with a wrong total.",
        "Use rmse if totals matter; if you want the median, say so, and this is no fault.",
    )
}
