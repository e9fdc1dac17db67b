//! All checks of a world, in order.

use holdout_contract::audit::{Audit, Check, Verdict};

use super::checks;
use super::world::{Belief, World};
use crate::audit::ask::Settings;
use crate::audit::forecast::{Expected, expect};
use crate::audit::ground::Ground;
use crate::audit::honesty::{self, Candidate, SLIGHT};
use crate::audit::metric::{BlackBox, Trial};
use crate::audit::report::{advised, check, gained, judged, short};
use crate::audit::{
    applicable, contest, floor as floors, influence, normal, prepare, probing, question, reshuffle,
};

/// Gains are told as a part of what honest work gains, or of this part of its score where that is nothing.
const LEAST_WAY: f64 = 0.1;
/// Rows that a crafted file asks about.
const ASKED: usize = 10;

/// Asks a metric of these cells everything.
pub fn examine(world: &World, metric: &dyn BlackBox, settings: &Settings) -> Audit {
    let ground = Ground {
        truth: world.truth.clone(),
        n_columns: world.shaped.truths.len(),
        groups: world.groups.clone(),
        series: None,
        weights: world.weights.clone().filter(|_| world.groups.is_none()),
        n_rows: world.n_rows,
        metric,
        settings,
    };
    if ground.score(&world.truth, &(world.perfect)(&world.truth)).is_none() {
        return Audit::of(vec![advised(
            check("R refusal", Verdict::Refused, None, prepare::WITHOUT_VALUE),
            prepare::NO_SCORES,
            "Choose a metric that takes all of them, or mark those without a value “Ignored”.",
        )]);
    }
    let mut checks: Vec<Check> = Vec::new();
    checks.extend(checks::exchange(&ground, world));
    checks.extend(checks::over_under(&ground, world));
    checks.extend(checks::relabelling(&ground, world));
    let empty = best(&ground, &world.usual, &world.empties);
    let honest = best(&ground, &world.usual, &world.usual.honest);
    if let Some((honest, expected)) = honest {
        checks.extend(checks::invariance(&ground, world, &honest.1));
        let empty = empty.map(|(_, found)| found.mean);
        let (check, sent) = honest_report(&ground, world, &world.usual, (&honest, &expected), empty);
        let of_uneven = world.uneven.as_ref().and_then(|belief| {
            let (honest, expected) = best(&ground, belief, &belief.honest)?;
            Some(honest_report(&ground, world, belief, (&honest, &expected), empty).0)
        });
        checks.push(of_uneven.filter(|found| found.verdict > check.verdict).unwrap_or(check));
        checks.extend(checks::volume(world, &sent));
    }
    checks.extend(floor(&ground, world));
    checks.extend(checks::leverage(&ground, world));
    checks.extend(checks::dead_rows(&ground, world));
    checks.extend(of_the_contest(&ground, world));
    checks.extend((world.rows.len() < world.n_rows).then(|| {
        let text = format!(
            "Not every row was looked at, but {} of {}, chosen by chance that is the same each time; what chance does is told for all of them.",
            world.rows.len(),
            world.n_rows
        );
        check("R rows looked at", Verdict::Info, None, text)
    }));
    checks.extend(question::answered(settings.declared, world.words.asks));
    applicable::complete(&mut checks, |name| {
        let found = world.words.not_applicable.iter().find(|(known, _)| *known == name);
        found.map(|(_, reason)| (*reason).to_owned())
    });
    Audit::of(checks)
}

/// The best of some files that a forecaster could send, with what it is expected to score.
fn best(ground: &Ground<'_>, belief: &Belief, files: &[Candidate]) -> Option<(Candidate, Expected)> {
    let reports: Vec<Vec<f64>> = files.iter().map(|(_, report)| report.clone()).collect();
    let mut expected = expect(ground.metric, &belief.draws, &reports);
    let scores = expected.iter().map(|found| found.as_ref().map_or(f64::NAN, |found| found.mean));
    let (at, _) = ground.best(scores.collect::<Vec<f64>>())?;
    Some((files[at].clone(), expected.swap_remove(at)?))
}

/// E: whether something else than the belief scores better; with the report that scores best.
fn honest_report(
    ground: &Ground<'_>,
    world: &World,
    belief: &Belief,
    (honest, expected): (&Candidate, &Expected),
    empty: Option<f64>,
) -> (Check, Vec<f64>) {
    let way = empty.map_or(0.0, |empty| ground.gain(expected.mean, empty).max(0.0));
    let is_told_by_way = way >= LEAST_WAY * expected.mean.abs();
    let found = honesty::best_over(ground, &belief.draws, expected, belief.tricks.clone());
    let gain =
        found.as_ref().map_or(0.0, |best| best.gain / way.max(LEAST_WAY * expected.mean.abs()).max(1e-9));
    let found = found.filter(|_| gain > SLIGHT);
    let verdict = judged(gain, 0.01, 0.05);
    let text = match &found {
        Some(best) if is_told_by_way => {
            format!("{} {}", honesty::honest_loses(verdict, &honest.0), gained(&best.name, gain))
        }
        Some(best) => format!(
            "{} With the same knowledge, sending {} scores better by {}.",
            honesty::honest_loses(verdict, &honest.0),
            best.name,
            short(best.gain)
        ),
        None => honesty::honest_wins(&honest.0),
    };
    let check = advised(check(honesty::NAME, verdict, gain, text), world.words.exploit, world.words.repair);
    (check, found.map_or_else(|| honest.1.clone(), |best| best.report))
}

/// F: whether a file without content beats a weak but honest one.
fn floor(ground: &Ground<'_>, world: &World) -> Option<Check> {
    let (empty, of_empty) = best(ground, &world.weak, &world.empties)?;
    let (_, weak) = best(ground, &world.weak, &world.weak.honest)?;
    let (_, good) = best(ground, &world.strong, &world.strong.honest)?;
    let lead = ground.gain(of_empty.mean, weak.mean) / ground.gain(good.mean, weak.mean).abs().max(1e-12);
    let scores = [of_empty.mean, weak.mean, good.mean];
    let is_in_vain = floors::is_in_vain(ground, scores);
    let verdict = if is_in_vain { Verdict::Fail } else { floors::on_lead(lead) };
    let text = match is_in_vain {
        true => floors::in_vain(&empty.0, scores),
        false => floors::against_honest(verdict, lead, &empty.0, scores),
    };
    Some(advised(
        check("F degenerate", verdict, lead, text),
        "Send the same in every row and stand above honest work.",
        world.words.repair_of_empty,
    ))
}

/// H to J, and the plan.
fn of_the_contest(ground: &Ground<'_>, world: &World) -> Vec<Check> {
    let mut checks = Vec::new();
    let usual = best(ground, &world.usual, &world.usual.honest);
    let influence = usual.and_then(|(usual, _)| influence::of_units(ground, &world.usual.draws[0], &usual.1));
    let step = || {
        let score = |belief: &Belief| Some(best(ground, belief, &belief.honest)?.1.mean);
        Some((score(&world.strong)? - score(&world.stronger)?).abs())
    };
    let resolution =
        influence.as_ref().and_then(|found| Some(influence::of_step(ground, step()?, found.error)));
    checks.extend(influence.map(|found| found.check));
    let probing = (ground.settings.public_fraction > 0.0)
        .then(|| probing::told(ground, &designs(ground, world), ground.n_looked(), public(ground)));
    let mut plan = vec![contest::public_board(ground)];
    plan.extend(probing.as_ref().map(|probing| contest::decimals(ground, probing)));
    plan.extend(resolution.as_ref().and_then(|found| contest::private_rows(ground, found)));
    plan.extend(resolution.as_ref().and_then(|found| reshuffle::forecast(ground, found)));
    checks.push(probing.map_or_else(probing::of_nothing, |found| found.check));
    checks.extend(resolution.map(|found| found.check));
    checks.extend(plan);
    checks
}

fn public(ground: &Ground<'_>) -> usize {
    ((ground.settings.public_fraction * ground.n_rows as f64).round() as usize).max(2)
}

/// The scores of a file that asks which of two possible cells some rows have, over all answers.
fn designs(ground: &Ground<'_>, world: &World) -> Vec<Vec<f64>> {
    let [one, other] = [&world.usual.draws[0], &world.usual.draws[1]];
    let n = ground.n_looked();
    let differs = |row: &u32| (*row as usize..one.len()).step_by(n).any(|cell| one[cell] != other[cell]);
    let asked: Vec<u32> = normal::order(n, 0).into_iter().filter(differs).take(ASKED).collect();
    let patterns: Vec<Vec<(u32, f64)>> = (0..1_usize << asked.len())
        .map(|pattern| {
            let turned = asked.iter().enumerate().filter(|(bit, _)| pattern >> bit & 1 == 1);
            turned
                .flat_map(|(_, row)| (*row as usize..one.len()).step_by(n))
                .map(|cell| (cell as u32, other[cell]))
                .collect()
        })
        .collect();
    let right = (world.perfect)(one);
    let scores = |file: &Vec<f64>| {
        let trials: Vec<Trial<'_>> =
            patterns.iter().map(|truths| Trial { truths: truths.clone(), ..Trial::of(one, file) }).collect();
        ground.metric.score_each(&trials).into_iter().flatten().collect()
    };
    vec![scores(&right)]
}
