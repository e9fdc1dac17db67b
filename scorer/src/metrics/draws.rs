//! Rows drawn anew, many times.

use holdout_evaluator::Draw;

use crate::parallel;

/// Many contests of the same rows, in each of which some come several times and others not at all.
#[derive(Clone, Copy)]
pub struct Draws<'a> {
    draw: Draw,
    /// Of every row, what it comes with, and how many of these there are; else every row comes by itself.
    units: Option<(&'a [u32], usize)>,
}

impl<'a> Draws<'a> {
    pub fn of_rows(draw: Draw) -> Self {
        Self { draw, units: None }
    }

    /// Rows of one unit come together; units are numbered from 0.
    pub fn of_units(draw: Draw, unit_of_row: &'a [u32], n_units: usize) -> Self {
        Self { draw, units: Some((unit_of_row, n_units)) }
    }

    pub fn n_draws(&self) -> usize {
        self.draw.n_replicates
    }

    /// How often each of so many rows comes in a draw.
    pub fn times(&self, at: usize, n_rows: usize) -> Vec<u8> {
        match self.units {
            None => self.draw.weights(at as u32, n_rows),
            Some((unit_of_row, n_units)) => {
                let times = self.draw.weights(at as u32, n_units);
                unit_of_row.iter().map(|unit| times[*unit as usize]).collect()
            }
        }
    }

    /// The score of every draw, of how often each of so many rows comes there; `NaN` where there is none.
    pub fn scores<E>(&self, n_rows: usize, score: impl Fn(&[u8]) -> Result<f64, E> + Sync) -> Vec<f64> {
        let of_draw = |at: usize| score(&self.times(at, n_rows)).unwrap_or(f64::NAN);
        parallel::map(self.n_draws(), self.n_draws() * n_rows, of_draw)
    }
}
