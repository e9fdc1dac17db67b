//! The checks, asked of any world. A to C, E2, G and K; thresholds are those of other families.

use holdout_contract::audit::{Check, Verdict};

use super::world::World;
use crate::audit::case::{mean, quantile};
use crate::audit::ground::Ground;
use crate::audit::metric::Trial;
use crate::audit::normal;
use crate::audit::report::{advised, check, judged, percent, short};

/// Differences that rounding explains.
const NOTHING: f64 = 1e-9;
const MAX_UNITS: usize = 300;
/// Stands for a spread without end.
const ENDLESS: f64 = 1e9;
/// Where rows count alike by share, a spread by amount beyond this is worth a word.
const LOPSIDED: f64 = 100.0;

/// A: truth and report exchanged.
pub fn exchange(ground: &Ground<'_>, world: &World) -> Option<Check> {
    if !world.is_alike {
        return None;
    }
    let [one, other] = [&world.strong.draws[0], &world.strong.draws[1]];
    let scores = ground.metric.score_each(&[Trial::of(one, other), Trial::of(other, one)]);
    let (one, other) = (scores[0]?, scores[1]?);
    let change = (one - other).abs() / one.abs().max(other.abs()).max(1e-12);
    let verdict = if change < 0.02 { Verdict::Pass } else { Verdict::Info };
    let text = format!("Exchanging truth and report changes the score by {}.", percent(change));
    Some(check("A exchange", verdict, change, text))
}

/// B: too much against too little, by an amount and by a factor; the fairer of both is judged.
pub fn over_under(ground: &Ground<'_>, world: &World) -> Option<Check> {
    let base = ground.score(&world.truth, &(world.perfect)(&world.truth))?;
    let cost = |report: &Vec<f64>| ground.score(&world.truth, report).map(|score| (score - base).abs());
    let ratio = |pairs: &[[Vec<f64>; 2]]| -> Option<(f64, bool)> {
        let ratios = pairs.iter().filter_map(|[more, less]| {
            let (more, less) = (cost(more)?, cost(less)?);
            (more.max(less) > NOTHING).then(|| (more.max(less) / more.min(less).max(1e-12), more > less))
        });
        ratios.max_by(|a, b| a.0.total_cmp(&b.0))
    };
    let found = [ratio(&world.amounts), ratio(&world.factors)];
    if world.amounts.is_empty() && world.factors.is_empty() {
        return None;
    }
    let Some((least, is_more_dear)) = found.into_iter().flatten().min_by(|a, b| a.0.total_cmp(&b.0)) else {
        let text = format!(
            "The score does not react to a little too much or too little in the {} of a report.",
            world.words.volume
        );
        return Some(check("B over/under", Verdict::Info, None, text));
    };
    let verdict = if least > 1.05 { Verdict::Warn } else { Verdict::Pass };
    let said = |found: Option<(f64, bool)>| {
        found.map_or_else(|| "is not told".to_owned(), |(ratio, _)| format!("differs {} times", short(ratio)))
    };
    let text = format!(
        "The cost of too much and too little {} in a report, by the same amount, {}; by the same factor, it {}. Where it differs, too {} costs more.",
        world.words.volume,
        said(found[0]),
        said(found[1]),
        if is_more_dear { "much" } else { "little" }
    );
    Some(advised(
        check("B over/under", verdict, least, text),
        "Whoever is unsure leans to the cheaper side.",
        "Keep it if that side is worth more to you, and say so in the rules; else choose a metric of the same kind that treats both alike.",
    ))
}

/// C: all names exchanged.
pub fn relabelling(ground: &Ground<'_>, world: &World) -> Option<Check> {
    let renamed = world.renamed.as_ref()?;
    let of = |[truth, report]: &[Vec<f64>; 2]| ground.score(truth, report);
    let (plain, other) = (of(&renamed.plain)?, of(&renamed.other)?);
    let change = (plain - other).abs();
    let verdict = if change < NOTHING { Verdict::Pass } else { Verdict::Warn };
    let text = format!("Exchanging names takes the same report from {} to {}.", short(plain), short(other));
    Some(advised(
        check("C relabel", verdict, change, text),
        "Nothing by itself, but the score says as much about names as about a model.",
        "Use a metric that treats names alike.",
    ))
}

/// D: whether only the order of values counts.
pub fn invariance(ground: &Ground<'_>, world: &World, honest: &[f64]) -> Option<Check> {
    let turned = world.turned.as_ref()?;
    let truth = &world.usual.draws[0];
    let (plain, other) = (ground.score(truth, honest)?, ground.score(truth, turned)?);
    let text = match (plain - other).abs() < NOTHING {
        true => "Only the order of the reports counts: whether their values can be believed is not rewarded.",
        false => "The values themselves count, not only their order.",
    };
    Some(check("D invariance", Verdict::Info, None, text))
}

/// E2: what the best report holds altogether, against what is to be expected of the truth.
pub fn volume(world: &World, best: &[f64]) -> Option<Check> {
    if world.sizes.is_empty() {
        return None;
    }
    let n = world.rows.len();
    let sum = |cells: &[f64]| cells[..n].iter().map(|cell| world.sizes[*cell as usize]).sum::<f64>();
    let expected = mean(&world.usual.draws.iter().map(|truth| sum(truth)).collect::<Vec<f64>>());
    let bias = sum(best) / expected.max(1e-12) - 1.0;
    let words = world.words;
    if !words.volume_counts {
        let text = format!(
            "The best report holds {} times as many {} as are to be expected in the truth: this metric asks for an order, and what stands at its end costs little. Read reports as orders, not as sets.",
            short(1.0 + bias),
            words.volume
        );
        return Some(check("E2 volume bias", Verdict::Info, bias, text));
    }
    let text = format!(
        "The best report holds {} of the {} that are to be expected.",
        percent(1.0 + bias),
        words.volume
    );
    Some(advised(
        check("E2 volume bias", judged(bias.abs(), 0.05, 0.2), bias, text),
        format!("None by itself; but whoever counts the winner's {} counts wrong.", words.volume),
        words.repair,
    ))
}

/// G: what the same error costs in one row and in another, in the unit in which rows count most nearly alike.
pub fn leverage(ground: &Ground<'_>, world: &World) -> Option<Check> {
    let perfect = (world.perfect)(&world.truth);
    let base = ground.score(&world.truth, &perfect)?;
    let spread_of = |errors: &Vec<Option<f64>>| -> Option<f64> {
        let able: Vec<(u32, f64)> =
            errors.iter().enumerate().filter_map(|(row, cell)| Some((row as u32, (*cell)?))).collect();
        if able.len() < 10 {
            return None;
        }
        let chosen: Vec<(u32, f64)> =
            normal::some(able.len(), MAX_UNITS).into_iter().map(|at| able[at as usize]).collect();
        let trials: Vec<Trial<'_>> = chosen
            .iter()
            .map(|error| Trial { reports: vec![*error], ..Trial::of(&world.truth, &perfect) })
            .collect();
        let scores = ground.metric.score_each(&trials);
        let cost =
            |(score, (row, _)): (Option<f64>, &(u32, f64))| Some((score? - base).abs() / ground.weight(*row));
        let costs: Vec<f64> = scores.into_iter().zip(&chosen).filter_map(cost).collect();
        let (low, high) = (quantile(&costs, 0.05), quantile(&costs, 0.95));
        Some(if low > 1e-12 * high.max(1e-300) { high / low } else { ENDLESS })
    };
    let spreads: Vec<(&str, f64)> =
        world.errors.iter().filter_map(|(name, errors)| Some((*name, spread_of(errors)?))).collect();
    let Some((unit, least)) = spreads.iter().copied().min_by(|a, b| a.1.total_cmp(&b.1)) else {
        let text = format!("Too few {} have room for an error of the same size.", world.words.unit);
        return (!world.errors.is_empty()).then(|| check("G leverage", Verdict::Info, None, text));
    };
    let (smallest, by_amount) = spreads[0];
    // Where the smallest error costs nothing at all in some rows, it is too small to tell.
    let is_lopsided = unit != smallest && by_amount > LOPSIDED && by_amount < ENDLESS;
    let verdict = judged(least, 2.0, 6.0).max(if is_lopsided { Verdict::Warn } else { Verdict::Pass });
    let mut text = format!(
        "Measured in the unit in which {} count most nearly alike ({unit}), those that weigh most cost {} times as much as those that weigh least (95th against 5th percentile).",
        world.words.unit,
        short(least)
    );
    if is_lopsided {
        text.push_str(&format!(" Measured by {smallest}, it is {} times.", short(by_amount)));
    }
    text.push_str(ground.by_weight());
    Some(advised(
        check("G leverage", verdict, least, text),
        format!(
            "Find the few {} that weigh most and spend all effort on them at the expense of the others.",
            world.words.unit
        ),
        world.words.repair_of_weights,
    ))
}

/// K: rows on which the truth's own report may be as wrong as it likes.
pub fn dead_rows(ground: &Ground<'_>, world: &World) -> Option<Check> {
    let [truth, report] =
        world.tried.clone().unwrap_or_else(|| [world.truth.clone(), (world.perfect)(&world.truth)]);
    let base = ground.score(&truth, &report)?;
    let n = world.rows.len();
    let units = ground.units();
    let chosen = normal::some(units.len(), MAX_UNITS);
    let mut is_dead = vec![true; chosen.len()];
    for wrong in &world.wrong {
        let trials: Vec<Trial<'_>> = chosen
            .iter()
            .map(|unit| {
                let rows = units[*unit as usize].iter().filter(|cell| (**cell as usize) < n);
                let cells = rows.flat_map(|row| (*row as usize..wrong.len()).step_by(n));
                Trial {
                    reports: cells.map(|cell| (cell as u32, wrong[cell])).collect(),
                    ..Trial::of(&truth, &report)
                }
            })
            .collect();
        let scores = ground.metric.score_each(&trials);
        let is_same = |score: &Option<f64>| {
            score.is_some_and(|score| (score - base).abs() < 1e-13 * base.abs().max(1.0))
        };
        is_dead.iter_mut().zip(&scores).for_each(|(dead, score)| *dead &= is_same(score));
    }
    let counts = counting(ground, &truth, &report, &world.wrong, &units, &chosen);
    is_dead.iter_mut().zip(counts).for_each(|(dead, counts)| *dead &= counts);
    let share = is_dead.iter().filter(|dead| **dead).count() as f64 / chosen.len().max(1) as f64;
    let text = format!(
        "On {} of the {} the score does not care how wrong the report is.",
        percent(share),
        world.words.unit
    );
    Some(advised(
        check("K dead rows", judged(share, 0.02, 0.1), share, text),
        format!("Leave these {} out of all work: nothing can be won or lost there.", world.words.unit),
        "Mark these rows “Ignored” or have them left out by a parameter of the metric, so that they do not dilute the score.",
    ))
}

/// Whether units count at all: leaving out one that does changes the score of a report that is wrong in every other row.
/// Units that a metric leaves out by itself are as good as ignored.
fn counting(
    ground: &Ground<'_>,
    truth: &[f64],
    report: &[f64],
    wrong: &[Vec<f64>],
    units: &[Vec<u32>],
    chosen: &[u32],
) -> Vec<bool> {
    let Some(wrong) = wrong.first() else { return vec![true; chosen.len()] };
    let mixed: Vec<f64> =
        (0..report.len()).map(|at| if at % 2 == 0 { report[at] } else { wrong[at] }).collect();
    let Some(base) = ground.score(truth, &mixed) else { return vec![true; chosen.len()] };
    let without = |unit: &u32| Trial { without: &units[*unit as usize], ..Trial::of(truth, &mixed) };
    let trials: Vec<Trial<'_>> = chosen.iter().map(without).collect();
    let moved =
        |score: Option<f64>| score.is_none_or(|score| (score - base).abs() > 1e-13 * base.abs().max(1.0));
    ground.metric.score_each(&trials).into_iter().map(moved).collect()
}
