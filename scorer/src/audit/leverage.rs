//! G: does the same error cost the same wherever it is made? And K: rows on which it costs nothing.

use holdout_contract::audit::{Check, Verdict};

use super::case::{Case, Family, mean, quantile};
use super::forecast::Forecasters;
use super::ground::members;
use super::metric::Trial;
use super::normal;
use super::repair;
use super::report::{advised, check, judged, percent, some_of, times};

const NAME: &str = "G leverage";
const MAX_ROWS: usize = 400;
const MAX_GROUPS: usize = 2000;
/// Of all series together, where an error is made in one row at a time.
const MAX_ROWS_OF_SERIES: usize = 3000;
/// Stands for a spread without end.
const ENDLESS: f64 = 1e9;
/// Where units count alike by amount, a spread by percentage beyond this is worth a word.
const LOPSIDED: f64 = 100.0;
/// Series that are so many times as long as others are of unequal length.
const UNEQUAL: f64 = 2.0;

/// The natural units of an error: the same for all, with the root of the level, with the level.
const UNITS: [&str; 3] = [
    "errors of the same size",
    "errors that grow with the square root of the value",
    "errors of the same percentage",
];

/// Whether a few large values decide the score; of numbers alone. `reacts`: an error has a price of its own.
pub fn leverage(case: &Case<'_>, reacts: bool) -> Option<Check> {
    if case.family != Family::Number {
        return None;
    }
    if !reacts {
        return Some(check(
            NAME,
            Verdict::Info,
            None,
            "The score compares rows with one another, so an error has no price of its own; what single rows weigh is told by their influence.",
        ));
    }
    let [of_series, of_rows] =
        [series(case), rows(case)].map(|probes| Some(told(case, &costs(case, &probes?)?)));
    match (of_series, of_rows) {
        // What is fair to series may still be unfair to rows.
        (Some(series), Some(rows)) if rows.verdict > series.verdict => Some(rows),
        (series, rows) => series.or(rows),
    }
}

/// An error that is made in one place alone.
struct Probe {
    /// The number of the row or the series in which it is made.
    unit: usize,
    cells: Vec<(u32, f64)>,
    weight: f64,
}

/// Where errors are made: in every row, or in every series.
struct Probes {
    each: Vec<Probe>,
    of_series: bool,
}

/// What errors cost, for every size of error: a number for every row or series.
struct Costs {
    of: [Vec<f64>; UNITS.len()],
    of_series: bool,
}

/// An error in single rows; every cell has its own level.
fn rows(case: &Case<'_>) -> Option<Probes> {
    if case.groups.is_some() {
        return None;
    }
    let units: Vec<Vec<u32>> = eligible(case, case.units());
    let of_row = |(unit, row): (usize, u32)| {
        let cells: Vec<(u32, f64)> =
            units[row as usize].iter().map(|cell| (*cell, case.truth[*cell as usize].abs())).collect();
        Probe { unit, weight: case.weight(cells[0].0), cells }
    };
    let each = normal::some(units.len(), MAX_ROWS).into_iter().enumerate().map(of_row).collect();
    Some(Probes { each, of_series: false })
}

/// The same error in a whole series where the metric scores series, and in each of its rows alone where it scores rows. A
/// series' level is the mean of its amounts.
fn series(case: &Case<'_>) -> Option<Probes> {
    let units = eligible(case, members(case.groups.as_ref().or(case.series.as_ref())?));
    let chosen = normal::some(units.len(), MAX_GROUPS);
    let most = (MAX_ROWS_OF_SERIES / chosen.len().max(1)).max(1);
    let mut each = Vec::new();
    for (unit, rows) in chosen.into_iter().map(|unit| &units[unit as usize]).enumerate() {
        let amounts: Vec<f64> = rows.iter().map(|row| case.truth[*row as usize].abs()).collect();
        let level = mean(&amounts);
        if case.groups.is_some() {
            let cells = rows.iter().map(|row| (*row, level)).collect();
            each.push(Probe { unit, cells, weight: case.weight(rows[0]) });
            continue;
        }
        let some = normal::some(rows.len(), most).into_iter().map(|at| rows[at as usize]);
        each.extend(some.map(|row| Probe { unit, cells: vec![(row, level)], weight: case.weight(row) }));
    }
    Some(Probes { each, of_series: true })
}

/// Those in which something is more than 0, where truths are amounts.
fn eligible(case: &Case<'_>, mut units: Vec<Vec<u32>>) -> Vec<Vec<u32>> {
    units.retain(|rows| case.floor.is_none() || rows.iter().any(|row| case.truth[*row as usize] > 0.0));
    units
}

fn costs(case: &Case<'_>, probes: &Probes) -> Option<Costs> {
    let truth = case.clamped(case.truth.clone());
    let base = case.score(&case.truth, &truth)?;
    let spreads = case.spreads();
    let of_size = |error: &dyn Fn(f64, f64) -> f64| -> Vec<f64> {
        let trial = |probe: &Probe| {
            let changed = |(cell, level): &(u32, f64)| {
                let at = *cell as usize;
                (*cell, truth[at] + error(*level, spreads[at]))
            };
            Trial { reports: probe.cells.iter().map(changed).collect(), ..Trial::of(&case.truth, &truth) }
        };
        let trials: Vec<Trial<'_>> = probes.each.iter().map(trial).collect();
        let n_units = probes.each.last().map_or(0, |probe| probe.unit + 1);
        let mut of_units: Vec<Vec<f64>> = vec![Vec::new(); n_units];
        for (score, probe) in case.metric.score_each(&trials).into_iter().zip(&probes.each) {
            of_units[probe.unit].extend(score.map(|score| (score - base).abs() / probe.weight));
        }
        of_units.iter().filter(|costs| !costs.is_empty()).map(|costs| mean(costs)).collect()
    };
    Some(Costs {
        of: [
            of_size(&|_, spread| 0.1 * spread),
            of_size(&|level, spread| 0.1 * (level * spread).sqrt()),
            of_size(&|level, _| 0.1 * level),
        ],
        of_series: probes.of_series,
    })
}

impl Costs {
    fn spreads(&self) -> [f64; UNITS.len()] {
        [0, 1, 2].map(|size| spread(&self.of[size]))
    }

    /// The size of error by which rows or series count most nearly alike.
    fn fairest(&self) -> usize {
        let spreads = self.spreads();
        (1..UNITS.len()).fold(0, |best, size| if spreads[size] < spreads[best] { size } else { best })
    }
}

fn told(case: &Case<'_>, costs: &Costs) -> Check {
    let (spreads, unit) = (costs.spreads(), costs.fairest());
    let is_lopsided = costs.of_series && unit == 0 && spreads[2] > LOPSIDED;
    let verdict =
        judged(spreads[unit], 2.0, 6.0).max(if is_lopsided { Verdict::Warn } else { Verdict::Pass });
    let what = if costs.of_series { "series" } else { "rows" };
    let mut text = heaviest(what, UNITS[unit], spreads[unit], is_lopsided);
    if costs.of_series {
        text.push_str(&format!(
            ", and the heaviest tenth holds {} of the weight",
            percent(top_share(&costs.of[unit]))
        ));
    }
    if is_lopsided {
        text.push_str(&format!(
            "; for {}, the heaviest cost {} as much as the lightest",
            UNITS[2],
            times(spreads[2])
        ));
    }
    text.push_str(case.by_weight());
    text.push_str(&lengths(case).filter(|_| costs.of_series).unwrap_or_default());
    text.push('.');
    let repair = match costs.of_series {
        true => format!(
            "Use a metric in which series count alike: {}; or leave out series whose history hardly changes, or write weights down and say so (wrmsse).",
            repair::one_of(case, &["smape_by_series", "male"])
        ),
        false => {
            let ways = [("male", "male for percentages"), ("mae", "mae for amounts")];
            let ways = ways.into_iter().filter(|(name, _)| repair::is_fit(case, name));
            let ways: Vec<&str> = ways.map(|(_, way)| way).collect();
            format!("Use {}, or give rows weights and say so.", ways.join(" or "))
        }
    };
    advised(
        check(NAME, verdict, spreads[unit], text),
        format!(
            "Find the few {what} that weigh most, before the contest even, and spend all effort on them at the expense of the others."
        ),
        repair,
    )
}

/// What series of unequal length mean for rows, or rows for series.
fn lengths(case: &Case<'_>) -> Option<String> {
    let units = members(case.groups.as_ref().or(case.series.as_ref())?);
    let lengths: Vec<f64> = units.iter().map(|rows| rows.len() as f64).collect();
    let (low, high) = (quantile(&lengths, 0.05), quantile(&lengths, 0.95));
    (high >= UNEQUAL * low).then(|| match case.groups {
        Some(_) => format!(
            "; but series are of unequal length, so that one row of the shortest weighs {} as much as one of the longest",
            times(high / low)
        ),
        None => format!(
            "; that is for an error in one row, and the longest series have {} as many rows as the shortest",
            times(high / low)
        ),
    })
}

/// How unlike things count, in the way of counting that is fairest to them.
pub fn heaviest(what: &str, fairest: &str, ratio: f64, is_lopsided: bool) -> String {
    let meant = match judged(ratio, 2.0, 6.0) {
        Verdict::Pass if is_lopsided => format!("A few large {what} decide the contest."),
        Verdict::Pass => format!("The {what} count nearly alike, so none is worth more work than another."),
        _ => {
            format!("A few {what} decide the contest: the same error costs far more in them than in others.")
        }
    };
    let heavier = if ratio < 1.005 {
        format!("all {what} cost the same")
    } else {
        format!("the heaviest 5 of 100 {what} cost at least {} as much as the lightest 5", times(ratio))
    };
    format!("{meant} For {fairest}, the fairest way to count, {heavier}")
}

fn spread(costs: &[f64]) -> f64 {
    let (low, high) = (quantile(costs, 0.05), quantile(costs, 0.95));
    if low > 1e-12 * high.max(1e-300) { high / low } else { ENDLESS }
}

fn top_share(costs: &[f64]) -> f64 {
    let mut sorted = costs.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let top: f64 = sorted.iter().take((sorted.len() / 10).max(1)).sum();
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
    let text = dead(verdict, share, "rows");
    Some(advised(
        check(NAME, verdict, share, text),
        "Leave these rows out of all work: nothing can be won or lost there.",
        format!(
            "Mark these rows “Ignored”, or use a metric that judges them, such as {}.",
            repair::one_of(case, &["mae", "rmsle"])
        ),
    ))
}

/// What it means that the score does not react in some rows.
pub fn dead(verdict: Verdict, share: f64, unit: &str) -> String {
    let some = some_of(share, unit);
    match verdict {
        _ if share <= 0.0 => format!(
            "There is something to win on every one of the {unit}: the score reacts to each wrong forecast that was tried."
        ),
        Verdict::Pass => format!(
            "There is something to win on nearly every one of the {unit}; on {some} the score does not react however wrong a forecast is."
        ),
        Verdict::Info => format!(
            "The score looks at the order alone, so one wrong value often changes nothing: it did not on {some}."
        ),
        _ => format!(
            "Part of the work cannot be won or lost: on {some} the score does not react however wrong a forecast is."
        ),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::ask::Settings;
    use crate::audit::prepare::with_case;
    use crate::intake::{Limits, Source, content};
    use crate::judge::{Context, Judge};
    use crate::solution::Solution;
    use crate::split::SplitRule;
    use serde_json::{Map, Value, json};
    use std::path::{Path, PathBuf};

    fn audits(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/audits").join(name)
    }

    /// The steps of a past, so many, of this mean and root mean square.
    fn steps(mean: f64, square: f64, n: usize) -> Vec<f64> {
        let spread = (square * square - mean * mean).max(0.0).sqrt();
        let rest = ((n - 1) as f64).sqrt().max(1.0);
        std::iter::once(mean + spread * rest)
            .chain(std::iter::repeat_n(mean - spread / rest, n - 1))
            .collect()
    }

    /// A short past that changes from season to season, and from step to step, as a series' whole past did.
    fn past(season: usize, change: f64, square: f64) -> Vec<f64> {
        let steps = match season {
            1 => steps(change, square, 2 + (square / change).powi(2) as usize),
            _ => steps(change / season as f64, square, season),
        };
        let mut at = 0.0;
        std::iter::once(0.0)
            .chain(steps.into_iter().map(|step| {
                at += step;
                at
            }))
            .collect()
    }

    /// All series of the founding contest.
    fn founding(metric: &str) -> Solution {
        let text = std::fs::read_to_string(audits("tourism.csv")).expect("the series");
        let (mut rows, mut seasons, mut context) = (String::new(), Map::new(), Context::default());
        for line in text.lines().skip(1) {
            let [name, season, change, square, truths] = line.split(',').collect::<Vec<_>>()[..] else {
                panic!("{line}")
            };
            let number = |text: &str| text.parse::<f64>().expect("a number");
            let season = season.parse().expect("a season");
            seasons.insert(name.to_owned(), json!(season));
            context.history.insert(name.to_owned(), past(season, number(change), number(square)));
            for (at, truth) in truths.split(' ').enumerate() {
                rows.push_str(&format!("{name}_{at},{name},{truth}\n"));
            }
        }
        let history = context.history;
        let mut context = Context::new(Map::from_iter([("season".to_owned(), Value::Object(seasons))]));
        context.history = history;
        let limits = Limits::default();
        let judge = Judge::new(metric, &Map::new(), context).expect("a metric");
        let csv = format!("id,series,target\n{rows}").into_bytes();
        let content = content::open(Source::Bytes(csv.into()), &limits).expect("read").expect("a table");
        let mut solution =
            Solution::prepare(&content, judge, &SplitRule::default(), &limits).expect("a solution");
        solution.read_series(&content, &limits);
        solution
    }

    #[test]
    fn every_series_of_the_founding_contest_weighs_as_it_did() {
        let text = std::fs::read(audits("expected_verdicts.json")).expect("expected verdicts");
        let expected: Value = serde_json::from_slice(&text).expect("JSON");
        for (metric, expected) in expected["grouped"].as_object().expect("metrics") {
            let solution = founding(metric);
            with_case(&solution, &Settings::default(), |case| {
                let case = case.expect("a case");
                let probes = series(&case).expect("series");
                let n_series = probes.each.iter().map(|probe| probe.unit).max().expect("one") + 1;
                let costs = costs(&case, &probes).expect("costs");
                let close = |found: f64, wanted: &Value, slack: f64| {
                    let wanted = wanted.as_f64().expect("a number");
                    assert!((found / wanted - 1.0).abs() < slack, "{metric}: {found}, not {wanted}");
                };
                // Series' metrics read all rows; others, a part of them.
                let is_whole = case.groups.is_some();
                let slack = if is_whole { 1e-3 } else { 0.3 }; // known to four digits
                let all = expected["series"].as_u64().expect("a number");
                let n_series = n_series as u64;
                assert!(n_series == all || !is_whole && n_series > all * 9 / 10, "{metric}: {n_series}");
                let unit = costs.fairest();
                let names = ["absolute", "square-root", "percentage"];
                assert_eq!(names[unit], expected["unit"], "{metric}");
                close(costs.spreads()[unit], &expected["spread"][names[unit]], slack);
                close(top_share(&costs.of[unit]), &expected["top_decile_share"], slack);
                if ["mase", "rmsse", "mae"].contains(&metric.as_str()) {
                    // Where the cost is no multiple of the error, it depends on how large an error is tried.
                    names
                        .iter()
                        .zip(costs.spreads())
                        .for_each(|(name, spread)| close(spread, &expected["spread"][*name], slack));
                }
                let verdict = told(&case, &costs).verdict.word().to_lowercase();
                assert_eq!(json!(verdict), expected["verdict"], "{metric}");
            });
        }
    }
}
