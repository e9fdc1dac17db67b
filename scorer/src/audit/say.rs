//! K, of scores that are put together: whether every column, and every metric of a sum, has a say in who wins. And H, whether
//! one of several columns is decided by a handful of rows.

use holdout_contract::audit::{Check, Verdict};

use super::case::{Case, Family, mean};
use super::forecast::{Forecaster, Forecasters};
use super::metric::Trial;
use super::report::{advised, check, percent};

/// Of an equal say, the part below which one is none.
const LEAST: f64 = 0.05;
/// Possible truths of which parts are looked at.
const DRAWS: usize = 8;
/// Fewer rows of the rarer class leave the order of such a column to chance.
const FEW: usize = 10;
/// Of an equal say, the part from which on a column counts.
const COUNTS: f64 = 0.3;
/// More names than these are not told.
const MOST_NAMED: usize = 5;

/// What knowing each column better is worth, beside the others.
pub fn of_columns(case: &Case<'_>, known: &Forecasters) -> Vec<Check> {
    if case.n_columns < 2 || !matches!(case.family, Family::Number | Family::Probability) {
        return Vec::new();
    }
    let Some(gains) = gains(case, known) else { return Vec::new() };
    let name = |at: usize| {
        case.metric.column_name(at).map_or_else(|| format!("number {}", at + 1), |name| format!("“{name}”"))
    };
    let named: Vec<(String, f64)> = gains.iter().enumerate().map(|(at, gain)| (name(at), *gain)).collect();
    silent("K columns without say", "column", "columns", &named)
        .into_iter()
        .chain(rare(case, &named))
        .collect()
}

/// How much worse a good forecaster does who knows a column as a weak one does.
fn gains(case: &Case<'_>, known: &Forecasters) -> Option<Vec<f64>> {
    let [good, weak] = [&known.strong, &known.weak].map(|forecaster| usual(case, forecaster));
    let n = case.n_looked();
    let with_weak = |at: usize| {
        let mut report = good.clone();
        report[at * n..(at + 1) * n].copy_from_slice(&weak[at * n..(at + 1) * n]);
        report
    };
    let reports: Vec<Vec<f64>> =
        std::iter::once(good.clone()).chain((0..case.n_columns).map(with_weak)).collect();
    let scores: Option<Vec<f64>> =
        known.strong.expect(case, &reports).into_iter().map(|found| Some(found?.mean)).collect();
    let scores = scores?;
    Some(scores[1..].iter().map(|score| case.gain(scores[0], *score).max(0.0)).collect())
}

fn usual(case: &Case<'_>, forecaster: &Forecaster) -> Vec<f64> {
    match case.family {
        Family::Number => case.clamped(forecaster.median()),
        _ => forecaster.shares().to_vec(),
    }
}

/// Those of some things whose gain is next to nothing beside that of all.
fn silent(name: &str, thing: &str, things: &str, gains: &[(String, f64)]) -> Option<Check> {
    let total: f64 = gains.iter().map(|(_, gain)| gain).sum();
    if total <= 0.0 {
        return None;
    }
    let n = gains.len() as f64;
    let least = gains.iter().map(|(_, gain)| gain / total).fold(f64::INFINITY, f64::min);
    let without: Vec<&str> =
        gains.iter().filter(|(_, gain)| gain / total < LEAST / n).map(|(name, _)| name.as_str()).collect();
    let verdict = if without.is_empty() { Verdict::Pass } else { Verdict::Warn };
    let text = match verdict {
        Verdict::Pass => format!(
            "Every {thing} has a say in who wins. The one with the least has {} of what knowing more is worth in all {things}.",
            percent(least)
        ),
        _ => format!(
            "Some {things} have no say in who wins: {}. Of what knowing more is worth in all {things}, the least of them brings {}.",
            listed(&without),
            percent(least)
        ),
    };
    Some(advised(
        check(name, verdict, least, text),
        format!("Leave these {things} out of all work: nothing can be won or lost there."),
        "Bring all to one scale or give weights so that each counts, use a metric that does not depend on the scale, or leave out what is not meant to count.",
    ))
}

fn listed(names: &[&str]) -> String {
    let shown = names[..names.len().min(MOST_NAMED)].join(", ");
    match names.len().saturating_sub(MOST_NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Columns of yes and no that a few rows decide although they count as much as others.
fn rare(case: &Case<'_>, gains: &[(String, f64)]) -> Option<Check> {
    if case.family != Family::Probability {
        return None;
    }
    let total: f64 = gains.iter().map(|(_, gain)| gain).sum();
    let scale = case.n_rows as f64 / case.n_looked() as f64;
    let n_rarer = |column: &[f64]| {
        let share = mean(column);
        (share.min(1.0 - share) * column.len() as f64 * scale).round() as usize
    };
    let equal = total / gains.len() as f64;
    let counts = |gain: f64| gain > COUNTS * equal;
    let few: Vec<(&str, usize)> = case
        .columns()
        .zip(gains)
        .filter(|(_, (_, gain))| counts(*gain))
        .map(|(column, (name, _))| (name.as_str(), n_rarer(column)))
        .filter(|(_, n_rows)| *n_rows < FEW)
        .collect();
    let least = few.iter().map(|(_, n_rows)| *n_rows).min()?;
    let names: Vec<&str> = few.iter().map(|(name, _)| *name).collect();
    Some(advised(
        check(
            "H rare columns",
            Verdict::Warn,
            least as f64,
            format!(
                "Chance decides part of the score: in {} fewer than {FEW} rows are of the rarer class, and each such column counts as much as one with many.",
                listed(&names)
            ),
        ),
        "Enter often, or be lucky on these few rows: each of them is worth as much as hundreds elsewhere.",
        "Leave these columns out, collect more of their rare rows, or score all columns together.",
    ))
}

/// Metrics of a sum, each beside the others by how far good work is ahead of weak work under it, times its weight.
pub fn of_parts(case: &Case<'_>, known: &Forecasters) -> Option<Check> {
    if !matches!(case.family, Family::Number | Family::Probability) {
        return None;
    }
    let [good, weak] = [&known.strong, &known.weak].map(|forecaster| usual(case, forecaster));
    let mut gains: Vec<(String, f64)> = Vec::new();
    for truth in known.strong.draws.iter().take(DRAWS) {
        let [good, weak] = [&good, &weak].map(|report| case.metric.parts(&Trial::of(truth, report)));
        if good.len() < 2 || good.len() != weak.len() {
            continue;
        }
        gains.resize_with(good.len(), Default::default);
        for (gain, ((name, of_good), (_, of_weak))) in gains.iter_mut().zip(good.into_iter().zip(weak)) {
            *gain = (name, gain.1 + (of_good - of_weak).abs());
        }
    }
    silent("K parts without say", "part", "parts of the sum", &gains)
}
