//! G: does the same error cost the same wherever it is made? And K: rows on which it costs nothing.

use holdout_contract::audit::{Check, Verdict};

use super::case::{Case, Family, quantile};
use super::forecast::Forecasters;
use super::metric::Trial;
use super::normal;
use super::report::{advised, check, judged, percent, short};

const MAX_ROWS: usize = 400;
const MAX_GROUPS: usize = 2000;
/// Stands for a spread without end.
const ENDLESS: f64 = 1e9;
/// Where units count alike by amount, a spread by percentage beyond this is worth a word.
const LOPSIDED: f64 = 100.0;

/// The natural units of an error.
const UNITS: [&str; 3] = ["equal absolute error", "equal square-root error", "equal percentage error"];

pub fn leverage(case: &Case<'_>, reacts: bool) -> Option<Check> {
    const NAME: &str = "G leverage";
    if case.family != Family::Number {
        return None;
    }
    if !reacts {
        return Some(check(
            NAME,
            Verdict::Info,
            None,
            "The score compares rows with one another; what single rows weigh is told under H.",
        ));
    }
    let costs = costs(case)?;
    let spreads: Vec<f64> = costs.iter().map(|costs| spread(costs)).collect();
    let (unit, least) = spreads.iter().copied().enumerate().min_by(|a, b| a.1.total_cmp(&b.1))?;
    let is_lopsided = case.groups.is_some() && unit == 0 && spreads[2] > LOPSIDED;
    let verdict = judged(least, 2.0, 6.0).max(if is_lopsided { Verdict::Warn } else { Verdict::Pass });
    let what = case.unit_name();
    let mut text = format!(
        "Measured in the unit in which {what} count most nearly alike ({}), the {what} that weigh most cost {} times as much as those that weigh least (95th against 5th percentile).",
        UNITS[unit],
        short(least)
    );
    if case.groups.is_some() {
        text.push_str(&format!(
            " The heaviest tenth of the series holds {} of the weight.",
            percent(top_share(&costs[unit]))
        ));
    }
    if is_lopsided {
        text.push_str(&format!(
            " By percentage, they differ {} times: large series decide.",
            short(spreads[2])
        ));
    }
    text.push_str(case.by_weight());
    let repair = match case.groups {
        Some(_) => {
            "Use a metric in which series count alike: smape_by_series, or male (mean |log(p/y)|); or leave out series whose history hardly changes, or write weights down and say so (wrmsse)."
        }
        None => {
            "Use male (mean |log(p/y)|) for percentages or mae for amounts, or give rows weights and say so."
        }
    };
    Some(advised(
        check(NAME, verdict, least, text),
        format!(
            "Find the few {what} that weigh most, before the contest even, and spend all effort on them at the expense of the others."
        ),
        repair,
    ))
}

/// What an error on one unit alone costs, for every unit of error.
fn costs(case: &Case<'_>) -> Option<[Vec<f64>; 3]> {
    let truth = case.clamped(case.truth.clone());
    let base = case.score(&case.truth, &truth)?;
    let spreads = case.spreads();
    let is_eligible =
        |rows: &Vec<u32>| case.floor.is_none() || rows.iter().any(|row| case.truth[*row as usize] > 0.0);
    let units: Vec<Vec<u32>> = case.units().into_iter().filter(is_eligible).collect();
    let most = if case.groups.is_some() { MAX_GROUPS } else { MAX_ROWS };
    let chosen = normal::some(units.len(), most);
    let cost_of = |error: &dyn Fn(f64, f64) -> f64| -> Vec<f64> {
        let trials: Vec<Trial<'_>> = chosen
            .iter()
            .map(|unit| {
                let change = |cell: &u32| {
                    let (truth, spread) = (truth[*cell as usize], spreads[*cell as usize]);
                    (*cell, truth + error(truth, spread))
                };
                Trial {
                    reports: units[*unit as usize].iter().map(change).collect(),
                    ..Trial::of(&case.truth, &truth)
                }
            })
            .collect();
        let scores = case.metric.score_each(&trials);
        let cost = |(score, unit): (Option<f64>, &u32)| {
            Some((score? - base).abs() / case.weight(units[*unit as usize][0]))
        };
        scores.into_iter().zip(&chosen).filter_map(cost).collect()
    };
    Some([
        cost_of(&|_, spread| 0.1 * spread),
        cost_of(&|truth, spread| 0.1 * (truth.abs() * spread).sqrt()),
        cost_of(&|truth, _| 0.1 * truth.abs()),
    ])
}

fn spread(costs: &[f64]) -> f64 {
    let (low, high) = (quantile(costs, 0.05), quantile(costs, 0.95));
    if low > 1e-12 * high.max(1e-300) { high / low } else { ENDLESS }
}

fn top_share(costs: &[f64]) -> f64 {
    let mut sorted = costs.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let top: f64 = sorted.iter().take(sorted.len().div_ceil(10)).sum();
    top / sorted.iter().sum::<f64>().max(1e-300)
}

/// K: rows whose forecast may be as wrong as it likes.
pub fn dead_rows(case: &Case<'_>, known: &Forecasters) -> Option<Check> {
    const NAME: &str = "K dead rows";
    if case.family != Family::Number {
        return None;
    }
    let truth = &known.strong.draws[0];
    let least = case.floor.map_or(f64::NEG_INFINITY, |_| 1e-3);
    let report: Vec<f64> = known.strong.median().into_iter().map(|value| value.max(least)).collect();
    let base = case.score(truth, &report)?;
    let spreads = case.spreads();
    let chosen = normal::some(case.n(), MAX_ROWS);
    let trials: Vec<Trial<'_>> = chosen
        .iter()
        .map(|row| {
            let wrong = 1.5 * report[*row as usize] + 0.25 * spreads[*row as usize];
            Trial { reports: vec![(*row, wrong)], ..Trial::of(truth, &report) }
        })
        .collect();
    let scores = case.metric.score_each(&trials);
    let is_same =
        |score: &&Option<f64>| score.is_some_and(|score| (score - base).abs() < 1e-13 * base.abs().max(1.0));
    let share = scores.iter().filter(is_same).count() as f64 / chosen.len() as f64;
    let verdict =
        if counts_order_alone(case, truth, &report) { Verdict::Info } else { judged(share, 0.02, 0.1) };
    let text =
        format!("On {} of the rows the score does not care how wrong the forecast is.", percent(share));
    Some(advised(
        check(NAME, verdict, share, text),
        "Leave these rows out of all work: nothing can be won or lost there.",
        "Mark these rows “Ignored”, or use a metric that judges them, such as mae or rmsle.",
    ))
}

/// Whether the values of neither truth nor report matter, only their order.
pub fn counts_order_alone(case: &Case<'_>, truth: &[f64], report: &[f64]) -> bool {
    let steps = |values: &[f64]| -> Vec<f64> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted.dedup();
        values.iter().map(|value| 1.0 + sorted.partition_point(|known| known < value) as f64).collect()
    };
    let plain = case.score(truth, report);
    // Steps of equal size would still be the values themselves where these are counts.
    let rising: Vec<f64> = steps(truth).into_iter().map(|step| step * step).collect();
    let of_steps = case.score(&rising, &steps(report));
    let is_same = |other: Option<f64>| matches!((plain, other), (Some(a), Some(b)) if (a - b).abs() < 1e-9);
    is_same(of_steps)
}
