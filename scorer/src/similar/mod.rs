//! Similar submissions: which pairs of different teams have more in common than the crowd has.
//!
//! Good predictions resemble each other because they are good. What is compared is therefore how two
//! files depart from the crowd: from what all other teams say of the same rows. Start at [`compare`].
//!
//! Rows are drawn by a seed, sums have a fixed order: the same files give the same report everywhere.
//! Never here: a label. Even the number of common mistakes would tell something of private rows.

mod answers;
mod crowd;
mod names;

use std::collections::{BTreeMap, BTreeSet};

use holdout_contract::comparison::{Comparison, LEAST_CROWD, MAX_PAIRS, Pair};
use holdout_evaluator::Evaluator;

pub use answers::{Answers, Draw};
use crowd::Crowd;

/// One submission's answers in the rows that were drawn.
pub struct Entry {
    pub submission_id: i64,
    pub team_id: i64,
    pub answers: Answers,
}

/// So many of the crowd's own deviations above its middle, a pair is far beyond it.
const DEVIATIONS: f64 = 6.0;
/// However widely the crowd is spread, this is no likeness to speak of.
const LEAST_LIKENESS: f64 = 0.9;
/// However alike the crowd is, this is as good as a copy.
const COPY: f64 = 0.9999;
/// From the median of absolute deviations to the standard deviation of a normal distribution.
const MAD_TO_DEVIATION: f64 = 1.4826;

/// Compares every two submissions of different teams, but for those that are the sample submission or
/// say one thing of all rows. `n_unread` were given up before.
pub fn compare(
    evaluator: &Evaluator,
    entries: Vec<Entry>,
    sample: Option<&Answers>,
    n_rows: usize,
    n_unread: usize,
) -> Comparison {
    let n_given = entries.len();
    let shape = usual_shape(&entries);
    let counts = |entry: &Entry| {
        entry.answers.shape() == shape && entry.answers.say_something() && sample != Some(&entry.answers)
    };
    let entries: Vec<Entry> = entries.into_iter().filter(counts).collect();
    let teams: BTreeSet<i64> = entries.iter().map(|entry| entry.team_id).collect();
    let crowd = Crowd::of(&entries);
    let found =
        if teams.len() < LEAST_CROWD { copies(&entries, &crowd) } else { alike(evaluator, &entries, &crowd) };
    Comparison {
        n_teams: teams.len() as u32,
        n_submissions: entries.len() as u32,
        n_left_out: (n_given - entries.len() + n_unread) as u32,
        n_rows: n_rows as u32,
        n_answers: crowd.n_answers() as u32,
        usual: found.usual,
        bound: found.bound,
        n_found: found.n_found,
        pairs: found.pairs,
    }
}

/// Where a host's own metric takes any columns, files may differ in them.
fn usual_shape(entries: &[Entry]) -> Vec<bool> {
    let mut counts: BTreeMap<Vec<bool>, usize> = BTreeMap::new();
    entries.iter().for_each(|entry| *counts.entry(entry.answers.shape()).or_default() += 1);
    counts.into_iter().max_by_key(|(_, n)| *n).map(|(shape, _)| shape).unwrap_or_default()
}

struct Found {
    usual: Option<f64>,
    bound: Option<f64>,
    n_found: u32,
    pairs: Vec<Pair>,
}

fn of_different_teams(entries: &[Entry]) -> impl Iterator<Item = (usize, usize)> {
    (1..entries.len())
        .flat_map(|second| (0..second).map(move |first| (first, second)))
        .filter(|(first, second)| entries[*first].team_id != entries[*second].team_id)
}

/// Without a crowd: files that say the same wherever somebody differs.
fn copies(entries: &[Entry], crowd: &Crowd) -> Found {
    let mut pairs: Vec<Pair> = of_different_teams(entries)
        .map(|pair| named(entries, crowd, pair, None))
        .filter(|pair| pair.n_same as usize == crowd.n_answers() && crowd.n_answers() > 0)
        .collect();
    let n_found = pairs.len() as u32;
    pairs.truncate(MAX_PAIRS);
    Found { usual: None, bound: None, n_found, pairs }
}

fn alike(evaluator: &Evaluator, entries: &[Entry], crowd: &Crowd) -> Found {
    let likeness = crowd.likeness(evaluator, entries.len());
    let mut all: Vec<f64> = of_different_teams(entries).map(|pair| likeness.of(pair).atanh()).collect();
    let usual = median(&mut all);
    let bound = bound(&mut all, usual, crowd.n_answers());
    let mut found: Vec<((usize, usize), f64)> = of_different_teams(entries)
        .map(|pair| (pair, likeness.of(pair)))
        .filter(|(_, likeness)| *likeness >= bound)
        .collect();
    // The most alike first; among equals, in the order of the board.
    found.sort_by(|(at, a), (other, b)| b.total_cmp(a).then_with(|| at.cmp(other)));
    let n_found = found.len() as u32;
    let kept = found.iter().take(MAX_PAIRS);
    let pairs = kept.map(|(pair, likeness)| named(entries, crowd, *pair, Some(*likeness))).collect();
    Found { usual: Some(usual.tanh()), bound: Some(bound), n_found, pairs }
}

/// Fisher's transformation makes the spread of correlations alike everywhere; few answers spread by
/// chance alone, by one over the root of their number.
fn bound(all: &mut [f64], usual: f64, n_answers: usize) -> f64 {
    all.iter_mut().for_each(|likeness| *likeness = (*likeness - usual).abs());
    let by_chance = 1.0 / ((n_answers.max(4) - 3) as f64).sqrt();
    let deviation = (MAD_TO_DEVIATION * median(all)).max(by_chance);
    (usual + DEVIATIONS * deviation).tanh().clamp(LEAST_LIKENESS, COPY)
}

/// Reorders the values; 0 where there is none.
fn median(values: &mut [f64]) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f64::total_cmp).1
}

fn named(entries: &[Entry], crowd: &Crowd, (first, second): (usize, usize), likeness: Option<f64>) -> Pair {
    let [a, b] = [&entries[first], &entries[second]];
    let n_same = crowd.differing().filter(|(column, row)| a.answers.is_same(&b.answers, *column, *row));
    Pair { first: a.submission_id, second: b.submission_id, likeness, n_same: n_same.count() as u32 }
}

#[cfg(test)]
mod tests;
