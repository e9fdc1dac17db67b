//! F, where the solution names groups that the metric does not read: how far a file gets that holds one value for every
//! group and knows nothing within any.

use std::collections::BTreeMap;

use holdout_contract::audit::{Check, Verdict};

use super::case::{Case, Family, mean, quantile};
use super::floor::{Skill, in_another_order};
use super::ground::members;
use super::report::{advised, check, short};

const NAME: &str = "F group constants";
/// The stream of an order in which groups say nothing.
const APART: u64 = 902;

/// Whether groups alone are worth more than a weak forecaster of all rows; `None` where there are none.
pub fn of_groups(case: &Case<'_>, skill: &Skill) -> Option<Check> {
    let groups = members(case.series.as_ref()?);
    let apart = in_another_order(case, APART);
    let scores = averages(case.family).iter().filter_map(|average| {
        let own = case.score(&case.truth, &filled(case, &case.truth, &groups, average))?;
        let by_chance = case.score(&apart, &filled(case, &apart, &groups, average));
        Some(own - by_chance.map_or(0.0, |score| luck(case, &apart, average, score)))
    });
    let (_, score) = case.best(scores.collect::<Vec<f64>>())?;
    let lead = skill.lead(case, score);
    let verdict = if lead > 0.0 { Verdict::Warn } else { Verdict::Pass };
    let meant = match verdict {
        Verdict::Pass => "Knowing something within groups pays.",
        _ => "Knowing the groups is worth more than knowing something within them.",
    };
    let text = format!(
        "{meant} A file with the average of every group in all its rows scores {} (what chance adds is taken off), weak honest work that does not look at groups {} and good honest work {}.",
        short(score),
        short(skill.weak),
        short(skill.good)
    );
    Some(advised(
        check(NAME, verdict, lead, text),
        "Send for every row the average of its group in the training file, and stand above work that says more within groups.",
        "Score within groups: give the metric the parameter “groups” (mean) with the column that names them; or show the score of such a file beside the board.",
    ))
}

/// Files with the middle of every group, where the metric scores groups of numbers.
pub fn of_scored_groups(case: &Case<'_>) -> Option<(String, Vec<f64>)> {
    let groups = members(case.groups.as_ref()?);
    let report = filled(case, &case.truth, &groups, &Average::Middle);
    Some(("the middle of each series".to_owned(), case.clamped(report)))
}

/// What a file scores, under a metric of groups, that has in every row the middle of the other rows of its group: no chance is
/// in it, and where a group hardly changes it is as good as the truth.
pub fn score_of_others(case: &Case<'_>) -> Option<f64> {
    let groups = members(case.groups.as_ref()?);
    let middle = quantile(&case.truth, 0.5);
    let mut report = vec![middle; case.n()];
    for rows in groups.iter().filter(|rows| rows.len() > 1) {
        let mut order = rows.clone();
        order.sort_by(|a, b| case.truth[*a as usize].total_cmp(&case.truth[*b as usize]));
        let truths: Vec<f64> = order.iter().map(|row| case.truth[*row as usize]).collect();
        for (place, row) in order.iter().enumerate() {
            report[*row as usize] = middle_without(&truths, place);
        }
    }
    case.score(&case.truth, &case.clamped(report))
}

/// The middle of ascending values without one of them.
fn middle_without(sorted: &[f64], place: usize) -> f64 {
    let left = |at: usize| sorted[at + usize::from(at >= place)];
    let n = sorted.len() - 1;
    f64::midpoint(left((n - 1) / 2), left(n / 2))
}

/// How much better this score is, by chance alone, than that of one value for all rows.
fn luck(case: &Case<'_>, apart: &[f64], average: &Average, score: f64) -> f64 {
    let all = vec![(0..apart.len() as u32).collect()];
    let constant = case.score(apart, &filled(case, apart, &all, average));
    // A metric of order has no value on one value: then what knows nothing is the truth in another order.
    let nothing = constant.or_else(|| case.score(apart, &case.truth));
    nothing.filter(|nothing| case.gain(score, *nothing) > 0.0).map_or(0.0, |nothing| score - nothing)
}

/// What stands for all rows of a group.
enum Average {
    Mean,
    Middle,
    RoundedMean,
    Commonest,
    /// A probability of every class.
    Shares,
}

fn averages(family: Family) -> &'static [Average] {
    match family {
        Family::Number => &[Average::Mean, Average::Middle],
        Family::Rating => &[Average::RoundedMean, Average::Commonest],
        Family::Probability => &[Average::Mean],
        Family::Yes | Family::Class => &[Average::Commonest],
        Family::ClassProbabilities => &[Average::Shares],
        Family::Distribution => &[],
    }
}

/// A report with one value for every group, from these truths.
fn filled(case: &Case<'_>, truth: &[f64], groups: &[Vec<u32>], average: &Average) -> Vec<f64> {
    let n = truth.len();
    if matches!(average, Average::Shares) {
        let columns = case.classes.iter().map(|class| {
            let of_class: Vec<f64> = truth.iter().map(|truth| f64::from(u8::from(truth == class))).collect();
            shrunk_means(&of_class, groups)
        });
        return columns.collect::<Vec<_>>().concat();
    }
    if matches!(average, Average::Mean) {
        return case.clamped(shrunk_means(truth, groups));
    }
    let mut report = vec![0.0; n];
    for rows in groups {
        let truths: Vec<f64> = rows.iter().map(|row| truth[*row as usize]).collect();
        let value = match average {
            Average::RoundedMean => mean(&truths).round_ties_even(),
            Average::Commonest => commonest(&truths),
            Average::Mean | Average::Middle | Average::Shares => quantile(&truths, 0.5),
        };
        rows.iter().for_each(|row| report[*row as usize] = value);
    }
    case.clamped(report)
}

/// The mean of every group with one more row of the mean of all, so that no probability is 0 or 1.
fn shrunk_means(values: &[f64], groups: &[Vec<u32>]) -> Vec<f64> {
    let centre = mean(values);
    let mut means = vec![centre; values.len()];
    for rows in groups {
        let total: f64 = rows.iter().map(|row| values[*row as usize]).sum();
        let own = (total + centre) / (rows.len() + 1) as f64;
        rows.iter().for_each(|row| means[*row as usize] = own);
    }
    means
}

/// The value that most rows have.
fn commonest(values: &[f64]) -> f64 {
    let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
    values.iter().for_each(|value| *counts.entry(value.to_bits()).or_default() += 1);
    let most = counts.iter().max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0)));
    most.map_or(f64::NAN, |(bits, _)| f64::from_bits(*bits))
}
