//! The checks, asked of any world. A to C, E2, G and K; thresholds are those of other families.

use holdout_contract::audit::{Check, Verdict};

use super::world::World;
use crate::audit::case::{mean, quantile};
use crate::audit::ground::Ground;
use crate::audit::metric::Trial;
use crate::audit::normal;
use crate::audit::report::{advised, check, judged, percent, short, times};
use crate::audit::{leverage as weights, symmetry};

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
    Some(check("A exchange", verdict, change, symmetry::exchanged(verdict, change)))
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
            "Neither side is favoured: the score does not react to some {} too many or too few.",
            world.words.volume
        );
        return Some(check("B over/under", Verdict::Info, None, text));
    };
    let verdict = if least > 1.05 { Verdict::Warn } else { Verdict::Pass };
    let volume = world.words.volume;
    let meant = match (verdict, is_more_dear) {
        (Verdict::Pass, _) => format!("Too many and too few {volume} are treated alike."),
        (_, true) => format!("Too many {volume} cost more than too few, so whoever is unsure will send few."),
        (_, false) => {
            format!("Too few {volume} cost more than too many, so whoever is unsure will send many.")
        }
    };
    let said = |found: Option<(f64, bool)>| match found {
        None => "nothing is lost".to_owned(),
        Some((ratio, _)) if ratio < 1.005 => "both sides cost the same".to_owned(),
        Some((ratio, is_more_dear)) => {
            format!("too {} cost {} as much", if is_more_dear { "many" } else { "few" }, times(ratio))
        }
    };
    let text =
        format!("{meant} By the same amount, {}; by the same factor, {}.", said(found[0]), said(found[1]));
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
    let text = match verdict {
        Verdict::Pass => {
            format!(
                "It does not matter what things are called: with all names exchanged, the same file scores {} again.",
                short(plain)
            )
        }
        _ => format!(
            "The score depends on what things are called. With all names exchanged, the same file scores {} instead of {}.",
            short(other),
            short(plain)
        ),
    };
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
        true => {
            "Only the order counts: how large the values are is not rewarded, so do not read the winner's as amounts."
        }
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
            "Read the winner's file as an order, not as a set: what stands at its end costs little. It will hold {} times as many {} as are to be expected.",
            short(1.0 + bias),
            words.volume
        );
        return Some(check("E2 volume bias", Verdict::Info, bias, text));
    }
    let verdict = judged(bias.abs(), 0.05, 0.2);
    let meant = match verdict {
        Verdict::Pass => format!("The winner's file will hold about as many {} as the truth.", words.volume),
        _ => format!(
            "The winner's file will hold {} {} than the truth.",
            if bias > 0.0 { "more" } else { "fewer" },
            words.volume
        ),
    };
    let text = format!("{meant} They come to {} of what is to be expected.", percent(1.0 + bias));
    Some(advised(
        check("E2 volume bias", verdict, bias, text),
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
        let text = format!(
            "Nobody knows whether {unit} count alike: too few {unit} have room for the same error.",
            unit = world.words.unit
        );
        return (!world.errors.is_empty()).then(|| check("G leverage", Verdict::Info, None, text));
    };
    let (smallest, by_amount) = spreads[0];
    // Where the smallest error costs nothing at all in some rows, it is too small to tell.
    let is_lopsided = unit != smallest && by_amount > LOPSIDED && by_amount < ENDLESS;
    let verdict = judged(least, 2.0, 6.0).max(if is_lopsided { Verdict::Warn } else { Verdict::Pass });
    let mut text =
        weights::heaviest(world.words.unit, &format!("an error such as “{unit}”"), least, is_lopsided);
    if is_lopsided {
        text.push_str(&format!(
            "; for one such as “{smallest}”, the heaviest cost {} as much as the lightest",
            times(by_amount)
        ));
    }
    text.push_str(ground.by_weight());
    text.push('.');
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
    let verdict = judged(share, 0.02, 0.1);
    Some(advised(
        check("K dead rows", verdict, share, weights::dead(verdict, share, world.words.unit)),
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
