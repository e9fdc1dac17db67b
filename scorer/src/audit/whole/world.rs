//! What a family makes up, in the form that all checks read.

use std::collections::HashMap;

use crate::audit::honesty::Candidate;
use crate::audit::metric::{Kind, Shaped};
use crate::audit::normal;
use crate::audit::question::Asks;
use crate::intake::Texts;
use crate::solution::{Solution, Split, Truth};

/// Truths and reports are numbers for the checks; [`Shaped`] says what they are for the metric.
pub struct World {
    pub shaped: Shaped,
    /// The slots of the solution that are looked at.
    pub rows: Vec<u32>,
    /// How many rows the solution has.
    pub n_rows: usize,
    /// The solution's own truth, column by column.
    pub truth: Vec<f64>,
    /// The group of every row, where a score counts groups.
    pub groups: Option<Vec<u32>>,
    /// The weight of every row, where the solution has weights.
    pub weights: Option<Vec<f64>>,
    pub weak: Belief,
    pub usual: Belief,
    pub strong: Belief,
    /// A little better than strong.
    pub stronger: Belief,
    /// Of a forecaster who knows some groups better than others, where a score looks at groups.
    pub uneven: Option<Belief>,
    /// Files that need no knowledge of any row.
    pub empties: Vec<Candidate>,
    /// Whether a truth may be sent, and a report may be true.
    pub is_alike: bool,
    /// The solution's truth with too much and with too little of it, by an amount.
    pub amounts: Vec<[Vec<f64>; 2]>,
    /// The same by a factor.
    pub factors: Vec<[Vec<f64>; 2]>,
    /// The truth, and the best usual report, with all names exchanged.
    pub renamed: Option<Renamed>,
    /// The best usual report with its values changed and their order kept.
    pub turned: Option<Vec<f64>>,
    /// An error of some size in every row, as the perfect report with that error; none where a row has no room for it.
    pub errors: Vec<(&'static str, Vec<Option<f64>>)>,
    /// The truth and the report in which single rows are made wrong; none for the solution's own truth and its perfect
    /// report.
    pub tried: Option<[Vec<f64>; 2]>,
    /// Reports that are wrong in every row, in different ways.
    pub wrong: Vec<Vec<f64>>,
    /// The perfect report to a truth.
    pub perfect: Box<Perfect>,
    /// How much every cell holds, by its number; empty where there is nothing to add up.
    pub sizes: Vec<f64>,
    pub words: &'static Words,
}

impl World {
    /// Truths that nobody may send, scored row by row, of which nothing is known that a check could try; a family
    /// says beside it what is otherwise.
    pub fn new(
        words: &'static Words,
        shaped: Shaped,
        truth: Vec<f64>,
        rows: Vec<u32>,
        n_rows: usize,
        [weak, usual, strong, stronger]: [Belief; 4],
    ) -> Self {
        Self {
            shaped,
            rows,
            n_rows,
            truth,
            groups: None,
            weights: None,
            weak,
            usual,
            strong,
            stronger,
            uneven: None,
            empties: Vec::new(),
            is_alike: false,
            amounts: Vec::new(),
            factors: Vec::new(),
            renamed: None,
            turned: None,
            errors: Vec::new(),
            tried: None,
            wrong: Vec::new(),
            perfect: Box::new(<[f64]>::to_vec),
            sizes: Vec::new(),
            words,
        }
    }
}

/// From a truth to the report that says exactly that.
pub type Perfect = dyn Fn(&[f64]) -> Vec<f64> + Sync;

/// Truth and report before and after names were exchanged.
pub struct Renamed {
    pub plain: [Vec<f64>; 2],
    pub other: [Vec<f64>; 2],
}

/// A forecaster.
#[derive(Default)]
pub struct Belief {
    /// Possible truths.
    pub draws: Vec<Vec<f64>>,
    /// Reports that say what is believed.
    pub honest: Vec<Candidate>,
    /// Reports that say something else, from the same knowledge.
    pub tricks: Vec<Candidate>,
}

/// What is said of a family.
pub struct Words {
    /// What a participant is asked for.
    pub asks: Asks,
    /// What a score counts: rows, queries.
    pub unit: &'static str,
    /// What is added up in a volume.
    pub volume: &'static str,
    /// Whether a report is meant to hold as much as the truth.
    pub volume_counts: bool,
    /// What a participant does with a gain.
    pub exploit: &'static str,
    /// The fair alternative.
    pub repair: &'static str,
    /// The alternative where a file without content wins.
    pub repair_of_empty: &'static str,
    /// What mends unequal weights.
    pub repair_of_weights: &'static str,
    /// Checks that mean nothing here, and why.
    pub not_applicable: &'static [(&'static str, &'static str)],
}

/// Cells by number, each once.
#[derive(Default)]
pub struct Cells {
    texts: Texts,
    known: HashMap<String, f64>,
}

impl Cells {
    pub fn number(&mut self, text: &str) -> f64 {
        if let Some(number) = self.known.get(text) {
            return *number;
        }
        let number = self.texts.len() as f64;
        self.texts.push(text);
        self.known.insert(text.to_owned(), number);
        number
    }

    /// The cell of a number.
    pub fn text(&self, number: f64) -> &str {
        self.texts.get(number as usize)
    }

    pub fn sizes(&self, size: impl Fn(&str) -> f64) -> Vec<f64> {
        self.texts.iter().map(size).collect()
    }

    /// Cells as the only truth and the only report.
    pub fn shaped(self) -> Shaped {
        Shaped { truths: vec![Kind::Cell], reports: vec![Kind::Cell], cells: self.texts, n_classes: 0 }
    }
}

/// Streams of hashed orders.
pub const SURE: u64 = 2001;
pub const THIRD: u64 = 2002;
/// And those after it, one a draw.
pub const OTHER: u64 = 2200;
pub const FIRST_DRAW: u64 = 2100;

/// Possible truths of cells that are slow to judge.
pub const DRAWS: u64 = 16;

/// How sure a forecaster of this skill is of every one of `n` things; the skill on average.
pub fn sureness(n: usize, skill: f64) -> Vec<f64> {
    let power = (1.0 - skill) / skill;
    normal::uniforms(n, SURE).into_iter().map(|share| libm::pow(share, power)).collect()
}

/// Chances of `n` things in one draw.
pub fn chances(n: usize, draw: u64) -> Vec<f64> {
    normal::uniforms(n, FIRST_DRAW + draw)
}

/// For every one of `n` things another one.
pub fn others(n: usize, stream: u64) -> Vec<u32> {
    normal::order(n, stream)
}

/// The texts of the first truth column at these slots.
pub fn texts_of<'a>(solution: &'a Solution, rows: &[u32]) -> Option<Vec<&'a str>> {
    let Some(Truth::Texts(texts)) = solution.truths.first() else { return None };
    Some(rows.iter().map(|row| texts.get(*row as usize)).collect())
}

/// So many rows that the work on all of them stays within a budget.
pub fn some_rows(solution: &Solution, work: impl Fn(&str) -> usize, budget: usize, most: usize) -> Vec<u32> {
    const LEAST: usize = 30;
    let n_rows = solution.range(Split::All).len();
    let places = normal::some(n_rows, 1000);
    let total: usize =
        texts_of(solution, &places).map_or(places.len(), |texts| texts.into_iter().map(work).sum());
    let mean = (total / places.len().max(1)).max(1);
    normal::some(n_rows, (budget / mean).clamp(LEAST, most))
}

/// Four forecasters, the one that is tried out first of all given more to send.
pub fn believers(of: impl FnMut(f64) -> Belief) -> [Belief; 4] {
    [0.3, 0.6, 0.8, 0.85].map(of)
}
