//! The honesty of metrics of ratings.

use super::labels::highest;
use super::{Candidate, Honesty, NAME, SLIGHT, best_of, honest_loses, honest_wins};
use crate::audit::case::{Case, mean, ranks};
use crate::audit::forecast::Forecaster;
use crate::audit::report::{advised, check, judged, percent};

pub(super) fn ratings(case: &Case<'_>, forecaster: &Forecaster) -> Option<Honesty> {
    let (low, high) = (case.classes[0], case.classes[case.classes.len() - 1]);
    let rounded = |values: Vec<f64>| -> Vec<f64> {
        values.into_iter().map(|value| value.round_ties_even().clamp(low, high)).collect()
    };
    let sent = |values: Vec<f64>| match case.is_between {
        true => values.into_iter().map(|value| value.clamp(low, high)).collect(),
        false => rounded(values),
    };
    let centres = forecaster.mean();
    let honest = honest_ratings(case, forecaster);
    let reports: Vec<Vec<f64>> = honest.iter().map(|(_, report)| report.clone()).collect();
    let expected = forecaster.expect(case, &reports);
    let (at, score) =
        case.best(expected.iter().map(|found| found.as_ref().map_or(f64::NAN, |found| found.mean)))?;
    let mut sorted = case.truth.clone();
    sorted.sort_by(f64::total_cmp);
    let copied = ranks(&centres).into_iter().map(|rank| sorted[rank as usize - 1]).collect();
    let mut candidates = vec![("every rating as often as the labels have it".to_owned(), copied)];
    let centre = mean(&centres);
    for stretch in [0.7, 0.85, 1.1, 1.2, 1.3, 1.5, 1.8] {
        let stretched = centres.iter().map(|value| centre + stretch * (value - centre)).collect();
        let way = if stretch > 1.0 { "pushed away from" } else { "drawn towards" };
        candidates
            .push((format!("ratings {way} the usual one ({stretch} times the distance)"), sent(stretched)));
    }
    for shift in [-0.5, -0.25, 0.25, 0.5] {
        let shifted = centres.iter().map(|value| value + shift).collect();
        let way = if shift > 0.0 { "raised" } else { "lowered" };
        candidates.push((format!("ratings {way} by {}", f64::abs(shift)), sent(shifted)));
    }
    let best = best_of(case, forecaster, expected[at].as_ref()?, candidates);
    let gain = best.as_ref().map_or(0.0, |best| best.gain / score.abs().max(1e-9));
    let verdict = judged(gain, 0.01, 0.05);
    let text = match best.filter(|_| gain > SLIGHT) {
        Some(best) => {
            format!(
                "{} With the same knowledge, sending {} scores {} better than {}.",
                honest_loses(verdict, "the ratings they believe in"),
                best.name,
                percent(gain),
                honest[at].0
            )
        }
        None => honest_wins(&honest[at].0),
    };
    let check = advised(
        check(NAME, verdict, gain, text),
        "Stretch or shift the ratings before sending them, without any better model.",
        "Use mae on the ratings, or say in the rules that it pays to spread forecasts out.",
    );
    Some(Honesty { checks: vec![check], usual: rounded(forecaster.median()) })
}

/// Ways to turn a belief about a rating into one.
pub fn honest_ratings(case: &Case<'_>, forecaster: &Forecaster) -> Vec<Candidate> {
    let (low, high) = (case.classes[0], case.classes[case.classes.len() - 1]);
    let rounded = |values: Vec<f64>| -> Vec<f64> {
        values.into_iter().map(|value| value.round_ties_even().clamp(low, high)).collect()
    };
    let shares: Vec<Vec<f64>> = case.classes.iter().map(|rating| forecaster.share_of(*rating)).collect();
    let likeliest =
        (0..case.n()).map(|row| case.classes[highest(shares.iter().map(|share| share[row]))]).collect();
    let mut honest = vec![
        ("the average rounded to a rating".to_owned(), rounded(forecaster.mean())),
        ("the median rounded to a rating".to_owned(), rounded(forecaster.median())),
        ("the likeliest rating".to_owned(), likeliest),
    ];
    if case.is_between {
        honest.push(("the average".to_owned(), forecaster.mean()));
        honest.push(("the median".to_owned(), forecaster.median()));
    }
    honest
}
