//! The crowd, and how every submission departs from it.
//!
//! A number departs by its distance from the crowd's mean in the crowd's standard deviations: rows
//! count alike, whatever their size. A name departs as a vector with a 1 at the name and the crowd's
//! shares taken off, over the chance that two of the crowd differ. Either way an answer that few give
//! weighs much, and one that all give nothing.

use holdout_evaluator::{Evaluator, Suite};

use super::Entry;
use super::answers::{Answers, Column};
use super::names::{Names, TOGETHER};
use crate::kernels::sum;

/// A spread below this part of the values' size is rounding.
const ROUNDING: f64 = 1e-9;

pub struct Crowd {
    /// Column and row of each answer over which the crowd differs.
    differing: Vec<(usize, usize)>,
    numbers: Departures,
    names: Names,
}

/// Of every submission, how each number departs.
#[derive(Default)]
struct Departures(Vec<Vec<f32>>);

impl Crowd {
    pub fn of(entries: &[Entry]) -> Self {
        let mut crowd = Self {
            differing: Vec::new(),
            numbers: Departures(vec![Vec::new(); entries.len()]),
            names: Names::of(entries.len()),
        };
        let Some(first) = entries.first() else { return crowd };
        for (at, column) in first.answers.0.iter().enumerate() {
            match column {
                Column::Numbers(numbers) => {
                    (0..numbers.len()).for_each(|row| crowd.add_numbers(entries, at, row));
                }
                Column::Names(names) => (0..names.len()).for_each(|row| crowd.add_names(entries, at, row)),
            }
        }
        crowd
    }

    pub fn n_answers(&self) -> usize {
        self.differing.len()
    }

    pub fn differing(&self) -> impl Iterator<Item = (usize, usize)> {
        self.differing.iter().copied()
    }

    fn add_numbers(&mut self, entries: &[Entry], column: usize, row: usize) {
        let Some(values) = gathered(entries, |answers| match answers.0.get(column) {
            Some(Column::Numbers(numbers)) => Some(numbers[row]),
            _ => None,
        }) else {
            return;
        };
        let n = values.len();
        let mean = sum(n, |at| values[at]) / n as f64;
        let deviation = (sum(n, |at| (values[at] - mean).powi(2)) / n as f64).sqrt();
        let largest = values.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
        if deviation <= ROUNDING * largest || !deviation.is_finite() {
            return;
        }
        self.differing.push((column, row));
        for (departures, value) in self.numbers.0.iter_mut().zip(&values) {
            departures.push(((value - mean) / deviation) as f32);
        }
    }

    fn add_names(&mut self, entries: &[Entry], column: usize, row: usize) {
        let Some(names) = gathered(entries, |answers| match answers.0.get(column) {
            Some(Column::Names(names)) => Some(names[row]),
            _ => None,
        }) else {
            return;
        };
        if self.names.add(&names) {
            self.differing.push((column, row));
        }
    }

    /// Of every pair, how alike it is.
    pub fn likeness(&self, evaluator: &Evaluator, n: usize) -> Likeness {
        let columns: Vec<&[f32]> = self.numbers.0.iter().map(Vec::as_slice).collect();
        let mut products = self.names.products(evaluator);
        for first in (0..n).step_by(TOGETHER) {
            let last = (first + TOGETHER).min(n);
            let Ok(found) = evaluator.products(&columns[..last], &columns[first..last]);
            for (of_both, of_numbers) in products[first..last].iter_mut().zip(found) {
                of_both.iter_mut().zip(of_numbers).for_each(|(both, numbers)| *both += numbers);
            }
        }
        Likeness { products }
    }
}

/// A value of every submission; `None` where one of them has none.
fn gathered<T>(entries: &[Entry], value: impl Fn(&Answers) -> Option<T>) -> Option<Vec<T>> {
    entries.iter().map(|entry| value(&entry.answers)).collect()
}

/// The correlation of any two submissions' departures from all others.
pub struct Likeness {
    /// Of the departures from all, the two themselves among them; the lower triangle.
    products: Vec<Vec<f64>>,
}

impl Likeness {
    /// The mean of all is drawn towards the two that are judged. All departures add up to nothing, so
    /// that the mean of the others is told by the two: each departs from it by itself and, besides,
    /// by their sum over the number of the others.
    pub fn of(&self, (first, second): (usize, usize)) -> f64 {
        let (aa, bb) = (self.products[first][first], self.products[second][second]);
        let ab = self.products[second][first];
        let share = 1.0 / (self.products.len() as f64 - 2.0);
        let own = 1.0 + share;
        let product = (own * own + share * share) * ab + own * share * (aa + bb);
        let length_of_a = own * own * aa + 2.0 * own * share * ab + share * share * bb;
        let length_of_b = own * own * bb + 2.0 * own * share * ab + share * share * aa;
        let lengths = (length_of_a * length_of_b).sqrt();
        // Fisher's transformation has no value at 1.
        if lengths > 0.0 { (product / lengths).clamp(-0.999_999, 0.999_999) } else { 0.0 }
    }
}
