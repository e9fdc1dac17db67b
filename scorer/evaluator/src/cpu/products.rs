//! Sums of products of columns in single precision, added in double precision: for every two columns in the
//! order of the rows within a block, and blocks in order. A product of two such numbers is exact.

use holdout_intake::parallel;

use crate::wide::{Work, widest};

/// Rows that are added up before the total is touched.
pub(crate) const BLOCK_ROWS: usize = 256;
/// Columns of `with` that are too few to be the broad side.
const FEW: usize = 2;
const LINE: usize = 16;

pub(super) fn products(columns: &[&[f32]], with: &[&[f32]]) -> Vec<Vec<f64>> {
    let n_items = columns.iter().map(|column| column.len()).sum::<usize>() * with.len();
    let by_column = parallel::map_ranges(columns.len(), n_items / 4, |range| {
        widest(Products { columns: &columns[range], with })
    });
    (0..with.len()).map(|at| by_column.iter().map(|sums| sums[at]).collect()).collect()
}

struct Products<'a> {
    columns: &'a [&'a [f32]],
    with: &'a [&'a [f32]],
}

impl Work for Products<'_> {
    /// For every column its sums with all of `with`.
    type Out = Vec<Vec<f64>>;

    const WIDER: bool = true;

    #[inline(always)]
    fn run<const FUSED: bool>(self) -> Vec<Vec<f64>> {
        self.in_tiles::<FUSED, 4, 8>()
    }

    #[inline(always)]
    fn run_wider(self) -> Vec<Vec<f64>> {
        self.in_tiles::<true, 4, 16>()
    }
}

impl Products<'_> {
    /// Sums of `TALL` columns with `BROAD` others are in registers together.
    #[inline(always)]
    fn in_tiles<const FUSED: bool, const TALL: usize, const BROAD: usize>(self) -> Vec<Vec<f64>> {
        if self.with.len() <= FEW {
            return self.in_lines::<FUSED>();
        }
        let n_rows = self.with.first().map_or(0, |column| column.len());
        let mut totals = vec![vec![0.0; self.with.len()]; self.columns.len()];
        let mut panels = vec![[[0.0; BROAD]; BLOCK_ROWS]; self.with.len().div_ceil(BROAD)];
        let mut tile = [[0.0; TALL]; BLOCK_ROWS];
        for start in (0..n_rows).step_by(BLOCK_ROWS) {
            let n = BLOCK_ROWS.min(n_rows - start);
            for (panel, with) in panels.iter_mut().zip(self.with.chunks(BROAD)) {
                pack(panel, with, start, n);
            }
            for (columns, totals) in self.columns.chunks(TALL).zip(totals.chunks_mut(TALL)) {
                pack(&mut tile, columns, start, n);
                for (at, panel) in panels.iter().enumerate() {
                    let sums = block::<FUSED, TALL, BROAD>(&tile[..n], &panel[..n]);
                    for (totals, sums) in totals.iter_mut().zip(sums) {
                        let totals = totals[at * BROAD..].iter_mut();
                        totals.zip(sums).for_each(|(total, sum)| *total += sum);
                    }
                }
            }
        }
        totals
    }

    /// Sums of one of `with` and a line of columns are in registers together.
    #[inline(always)]
    fn in_lines<const FUSED: bool>(self) -> Vec<Vec<f64>> {
        let n_rows = self.with.first().map_or(0, |column| column.len());
        let mut totals = vec![vec![0.0; self.with.len()]; self.columns.len()];
        let mut line = [[0.0; LINE]; BLOCK_ROWS];
        for (columns, totals) in self.columns.chunks(LINE).zip(totals.chunks_mut(LINE)) {
            for start in (0..n_rows).step_by(BLOCK_ROWS) {
                let n = BLOCK_ROWS.min(n_rows - start);
                pack(&mut line, columns, start, n);
                for (at, with) in self.with.iter().enumerate() {
                    let mut sums = [0.0; LINE];
                    for (row, own) in line[..n].iter().zip(&with[start..]) {
                        add::<FUSED, LINE>(&mut sums, f64::from(*own), row);
                    }
                    totals.iter_mut().zip(sums).for_each(|(totals, sum)| totals[at] += sum);
                }
            }
        }
        totals
    }
}

/// Some rows of some columns, row by row.
#[inline(always)]
fn pack<const N: usize>(into: &mut [[f64; N]], columns: &[&[f32]], start: usize, n: usize) {
    for (place, column) in columns.iter().enumerate() {
        for (row, value) in into.iter_mut().zip(&column[start..start + n]) {
            row[place] = f64::from(*value);
        }
    }
}

#[inline(always)]
fn block<const FUSED: bool, const TALL: usize, const BROAD: usize>(
    tile: &[[f64; TALL]],
    panel: &[[f64; BROAD]],
) -> [[f64; BROAD]; TALL] {
    let mut sums = [[0.0; BROAD]; TALL];
    for (own, with) in tile.iter().zip(panel) {
        for (sums, own) in sums.iter_mut().zip(own) {
            add::<FUSED, BROAD>(sums, *own, with);
        }
    }
    sums
}

#[inline(always)]
fn add<const FUSED: bool, const N: usize>(sums: &mut [f64; N], own: f64, with: &[f64; N]) {
    for (sum, with) in sums.iter_mut().zip(with) {
        *sum = if FUSED { own.mul_add(*with, *sum) } else { *sum + own * with };
    }
}
