//! The honesty of metrics of a number.

use holdout_contract::audit::{Check, Verdict};

use super::{Candidate, Honesty, NAME, SLIGHT, best_of, honest_loses, honest_wins};
use crate::audit::ask::Declared;
use crate::audit::case::{Case, deviation, mean};
use crate::audit::forecast::Forecaster;
use crate::audit::leverage::counts_order_alone;
use crate::audit::question;
use crate::audit::repair;
use crate::audit::report::{advised, check, judged, part, percent};

/// Values above and below 0 that come to less than such a part of their sizes have no total to speak of.
const CANCELLED: f64 = 0.5;

/// What is sent of everything that one holds possible.
const MEAN: &str = "the average";
const MEDIAN: &str = "the median";
const MIDDLE_OF_FACTORS: &str = "the middle by percentage";

/// The honest reports of one number: what the host asked for, or each of the usual ones.
pub fn honest_numbers(case: &Case<'_>, forecaster: &Forecaster) -> Vec<Candidate> {
    match case.declared() {
        Some(Declared::Mean) => vec![(MEAN.to_owned(), forecaster.mean())],
        Some(Declared::Median) => vec![(MEDIAN.to_owned(), forecaster.median())],
        Some(Declared::Quantile(share)) => {
            vec![(question::wanted(Declared::Quantile(share)), forecaster.quantile(share))]
        }
        _ => vec![
            (MEAN.to_owned(), forecaster.mean()),
            (MEDIAN.to_owned(), forecaster.median()),
            (MIDDLE_OF_FACTORS.to_owned(), forecaster.geometric_mean()),
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
    let verdict = judged(gain, 0.01, 0.05);
    let text = match best.as_ref().filter(|_| gain > SLIGHT) {
        Some(best) => format!(
            "{} With the same knowledge, sending {} scores {} better than {}.",
            honest_loses(verdict, "their best forecast"),
            best.name,
            percent(gain),
            of_belief(&honest[at].0)
        ),
        None => honest_wins(&of_belief(&honest[at].0)),
    };
    let honesty = advised(
        check(NAME, verdict, gain, text),
        "Multiply or shift every forecast before sending it, without any better model.",
        repair::of_numbers(case),
    );
    let wants_mean = honest[at].0 == MEAN && !counts_order_alone(case, &forecaster.draws[0], &honest[at].1);
    let sent = best.filter(|_| gain > SLIGHT).map_or_else(|| honest[at].1.clone(), |best| best.report);
    let usual = if wants_mean { forecaster.mean() } else { forecaster.median() };
    Some(Honesty {
        checks: vec![honesty, volume(case, forecaster, &sent, reacts)],
        usual: case.clamped(usual),
    })
}

/// What is expected, of everything that one holds possible.
fn of_belief(name: &str) -> String {
    let is_whole = ![MEAN, MEDIAN, MIDDLE_OF_FACTORS].contains(&name);
    if is_whole { name.to_owned() } else { format!("{name} of what one expects") }
}

fn number_distortions(case: &Case<'_>, forecaster: &Forecaster, honest: &[Candidate]) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    for (name, report) in honest {
        let factors = (6..20).chain(21..32).map(|step| f64::from(step) * 0.05);
        for factor in factors {
            found.push((
                format!("{factor:.2} times {name}"),
                report.iter().map(|value| factor * value).collect(),
            ));
        }
        let (centre, spread) = (mean(report), deviation(report));
        for step in [-0.5, -0.25, -0.1, 0.1, 0.25, 0.5] {
            let way = if step > 0.0 { "raised" } else { "lowered" };
            found.push((
                format!("{name} {way} by {} of how much forecasts differ", part(f64::abs(step))),
                report.iter().map(|value| value + step * spread).collect(),
            ));
        }
        for stretch in [0.5, 0.75, 1.25, 1.5] {
            let stretched = report.iter().map(|value| centre + stretch * (value - centre)).collect();
            let way = if stretch > 1.0 { "pushed away from" } else { "drawn towards" };
            found.push((format!("{name} {way} the usual value ({stretch} times the distance)"), stretched));
        }
    }
    for percentile in [5, 10, 20, 30, 40, 60, 70, 80, 90, 95] {
        let share = f64::from(percentile) / 100.0;
        found.push((question::wanted(Declared::Quantile(share)), forecaster.quantile(share)));
    }
    if case.declared().is_some() {
        found.push((MEAN.to_owned(), forecaster.mean()));
        found.push((MEDIAN.to_owned(), forecaster.median()));
        found.push((MIDDLE_OF_FACTORS.to_owned(), forecaster.geometric_mean()));
    }
    found.into_iter().map(|(name, report)| (name, case.clamped(report))).collect()
}

/// How far the total of some forecasts is off.
struct Bias {
    value: f64,
    /// As a part of what all values come to without their signs, not of their total, which is next to nothing beside that.
    is_of_sizes: bool,
}

impl Bias {
    fn of(sent: &[f64], honest: &[f64]) -> Self {
        let (sent, honest, size) = (total(sent), total(honest), size(honest));
        match honest.abs() < CANCELLED * size {
            true => Self { value: (sent - honest) / size, is_of_sizes: true },
            false => Self { value: sent / honest - 1.0, is_of_sizes: false },
        }
    }
}

fn total(values: &[f64]) -> f64 {
    values.iter().sum()
}

/// Without their signs.
fn size(values: &[f64]) -> f64 {
    values.iter().map(|value| value.abs()).sum()
}

/// E2: the sum of the best report against the sum that is to be expected.
fn volume(case: &Case<'_>, forecaster: &Forecaster, sent: &[f64], reacts: bool) -> Check {
    const NAME: &str = "E2 volume bias";
    if case.declared().is_some_and(|declared| declared != Declared::Mean) {
        return check(
            NAME,
            Verdict::Info,
            None,
            "You ask for something other than the average, so totals are not meant to match.",
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
            "Totals are not rewarded at all: the score ignores how large forecasts are altogether.",
        );
    }
    let n = case.n_looked();
    if means.chunks(n).any(|column| total(column) == 0.0 && size(column) == 0.0) {
        return check(
            NAME,
            Verdict::Info,
            None,
            "Totals cannot be compared: the true total that is to be expected is 0.",
        );
    }
    let biases = sent.chunks(n).zip(means.chunks(n)).map(|(sent, honest)| Bias::of(sent, honest));
    let most = biases.reduce(|most, next| if next.value.abs() > most.value.abs() { next } else { most });
    let Bias { value: bias, is_of_sizes } = most.unwrap_or(Bias { value: 0.0, is_of_sizes: false });
    let verdict = match judged(bias.abs(), 0.05, 0.2) {
        // Of a total about 0 nothing is a share, so that no miss makes it useless.
        Verdict::Fail if is_of_sizes => Verdict::Warn,
        verdict => verdict,
    };
    let meant = match verdict {
        Verdict::Pass => {
            "Totals stay right: whoever adds up the winner's forecasts gets what is to be expected."
        }
        _ => "Totals go wrong: whoever adds up the winner's forecasts does not get what is to be expected.",
    };
    let text = match is_of_sizes {
        false => format!("{meant} They come to {} of it.", percent(1.0 + bias)),
        true => format!(
            "{meant} As values above and below 0 nearly cancel out, the total is off by {} of what all values come to without their signs.",
            percent(bias.abs())
        ),
    };
    advised(
        check(NAME, verdict, bias, text),
        "None by itself; but whoever adds up the winner's forecasts plans with a wrong total.",
        "Use rmse if totals matter; if you want the median, say so, and this is no fault.",
    )
}
