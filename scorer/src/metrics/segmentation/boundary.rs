//! How far the outlines of two masks lie apart.

use holdout_contract::spec::{Direction, Layout};
use std::collections::HashMap;

use crate::judge::Context;
use crate::metrics::about::{About, Kind, ParameterAbout};
use crate::metrics::{Degenerate, Laws, Metric, Params, PerRow, Rows, ScoresPerRow, Undefined, Values};
use crate::misfit::Misfits;

use super::outline::{Columns, each_squared_distance};
use super::size::{self, HEIGHT, HEIGHT_COLUMN, MASK_COLUMN, WIDTH, WIDTH_COLUMN};
use super::{BLANK, CHECKED, EMPTIES, EMPTY_PAIR, LEAVE_OUT, RUNS};

/// The outlines of a row's masks, with what distances need.
struct Pair {
    truth: Columns,
    predicted: Columns,
    size: (u32, u32),
    spacing: (f64, f64),
}

/// A metric of outlines: the value of a row, `None` where it is left out.
pub struct Boundary {
    about: About,
    value: fn(&Pair, &Params) -> Option<f64>,
}

impl Metric for Boundary {
    fn about(&self) -> &About {
        &self.about
    }

    fn laws(&self) -> Laws {
        Laws { is_symmetric: true, has_weights: true, undefined_on: &[Degenerate::NoRows] }
    }

    fn layout(&self, params: &Params) -> Layout {
        size::layout(&self.about, params)
    }

    fn misfits(&self, truths: &[Values<'_>], predictions: &[Values<'_>], _: &Params) -> Option<Misfits> {
        size::misfits(truths, predictions)
    }

    fn fits(&self, params: &Params, context: &Context) -> Result<(), String> {
        size::fits(params)?;
        if size::is_known(params, context) {
            return Ok(());
        }
        Err(format!(
            "The metric {} needs the size of the images: set its parameters “height” and “width”, or “height_column” and “width_column”.",
            self.about.name
        ))
    }

    fn score(&self, rows: &Rows<'_>, params: &Params) -> Result<f64, Undefined> {
        self.score_rows(rows, params)
    }

    fn per_row(&self) -> Option<&dyn ScoresPerRow> {
        Some(self)
    }
}

impl PerRow for Boundary {
    type Found = Option<f64>;

    fn find(&self, rows: &Rows<'_>, params: &Params) -> Vec<Option<f64>> {
        let everywhere = size::image_size(params, rows.context);
        let spacing = (params.number(PIXEL_HEIGHT.name), params.number(PIXEL_WIDTH.name));
        let (truths, predictions) = (rows.truths[0], rows.predictions[0]);
        crate::parallel::map(rows.len(), rows.len() * WORK_OF_A_ROW, |at| {
            let size = size::of_row(rows.truths, at, everywhere).unwrap_or((1, 1));
            let outline = |mask: &str| Columns::of(mask, size.0, size.1).outline();
            let (truth, predicted) = (outline(truths.text(at)), outline(predictions.text(at)));
            (self.value)(&Pair { truth, predicted, size, spacing }, params)
        })
    }

    fn add_up(&self, rows: &Rows<'_>, values: &[Option<f64>], params: &Params) -> Result<f64, Undefined> {
        rows.positive_weight()?;
        if !size::is_known(params, rows.context) {
            return Err(Undefined::because("The height and the width of the images are not known."));
        }
        let counted: Vec<usize> = (0..rows.len()).filter(|at| values[*at].is_some()).collect();
        let total = crate::kernels::sum(counted.len(), |at| rows.weight(counted[at]));
        if total == 0.0 {
            return Err(Undefined::because(
                "Every row of this split that counts has two empty masks, and those are left out.",
            ));
        }
        let value = |row: usize| rows.weight(row) * values[row].unwrap_or_default();
        Ok(crate::kernels::sum(counted.len(), |at| value(counted[at])) / total)
    }
}

/// How many plain items one row's distances are worth.
const WORK_OF_A_ROW: usize = 20_000;

impl Pair {
    fn each_distance(&self, mut see: impl FnMut(f64)) {
        each_squared_distance(&self.truth, &self.predicted, self.spacing, |squared| see(squared.sqrt()));
        each_squared_distance(&self.predicted, &self.truth, self.spacing, |squared| see(squared.sqrt()));
    }
}

/// The share of both outlines that lies within the tolerance of the other.
fn surface_dice(pair: &Pair, params: &Params) -> Option<f64> {
    match (pair.truth.is_empty(), pair.predicted.is_empty()) {
        (true, true) if params.flag(LEAVE_OUT.name) => None,
        (true, true) => params.optional_number(EMPTY_PAIR.name),
        (true, false) | (false, true) => Some(0.0),
        (false, false) => {
            let tolerance = params.number(TOLERANCE.name);
            let mut n_near = 0_u64;
            pair.each_distance(|distance| n_near += u64::from(distance <= tolerance));
            Some(n_near as f64 / (pair.truth.n_pixels() + pair.predicted.n_pixels()) as f64)
        }
    }
}

fn hausdorff_95(pair: &Pair, params: &Params) -> Option<f64> {
    match (pair.truth.is_empty(), pair.predicted.is_empty()) {
        (true, true) if params.flag(LEAVE_OUT.name) => None,
        (true, true) => Some(0.0),
        (true, false) | (false, true) => Some(params.optional_number(PENALTY.name).unwrap_or_else(|| {
            let (height, width) = pair.size;
            (f64::from(height) * pair.spacing.0).hypot(f64::from(width) * pair.spacing.1)
        })),
        (false, false) => {
            // Many pixels, few distances: counted, so that memory stays small.
            let mut counts: HashMap<u64, u64, foldhash::fast::FixedState> = HashMap::default();
            pair.each_distance(|distance| *counts.entry(distance.to_bits()).or_default() += 1);
            let mut counts: Vec<(f64, u64)> =
                counts.into_iter().map(|(bits, count)| (f64::from_bits(bits), count)).collect();
            counts.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
            Some(percentile_95(&counts))
        }
    }
}

/// Of values and how often each occurs, ascending; between two values by straight line.
fn percentile_95(counts: &[(f64, u64)]) -> f64 {
    let n: u64 = counts.iter().map(|(_, count)| count).sum();
    let place = 0.95 * (n - 1) as f64;
    let value = |rank: u64| {
        let mut before = 0;
        let found = counts.iter().find(|(_, count)| {
            before += count;
            rank < before
        });
        found.or(counts.last()).map_or(0.0, |(value, _)| *value)
    };
    let (low, high) = (value(place.floor() as u64), value(place.ceil() as u64));
    low + (high - low) * place.fract()
}

const TOLERANCE: ParameterAbout = ParameterAbout {
    name: "tolerance",
    kind: Kind::Number(0.0, 1e9, 1.0),
    description: "The distance up to which outlines count as equal, in the unit of the pixel sizes.",
    is_main: true,
};
const PENALTY: ParameterAbout = ParameterAbout {
    name: "empty_penalty",
    kind: Kind::OptionalNumber(0.0, 1e9),
    description: "The distance of a row where only one of the masks has a pixel; unset: the diagonal of the image.",
    is_main: false,
};
const PIXEL_HEIGHT: ParameterAbout = ParameterAbout {
    name: "pixel_height",
    kind: Kind::Number(1e-9, 1e9, 1.0),
    description: "The height of a pixel, for distances in millimetres or metres.",
    is_main: false,
};
const PIXEL_WIDTH: ParameterAbout = ParameterAbout {
    name: "pixel_width",
    description: "The width of a pixel, for distances in millimetres or metres.",
    ..PIXEL_HEIGHT
};
const OUTLINE: &str = "The outline: pixels of the mask with a neighbour above, below, left or right outside the mask or the image.";

pub static NSD: Boundary = Boundary {
    about: About {
        name: "nsd",
        title: "Normalised surface distance",
        parameters: &[
            TOLERANCE,
            ParameterAbout { is_main: false, ..EMPTY_PAIR },
            LEAVE_OUT,
            HEIGHT,
            WIDTH,
            HEIGHT_COLUMN,
            WIDTH_COLUMN,
            MASK_COLUMN,
            PIXEL_HEIGHT,
            PIXEL_WIDTH,
        ],
        sentence: "The share of the true and of the predicted outline that lies within a tolerance of the other, averaged over rows.",
        formula: r"\frac1n\sum_{i=1}^{n}\frac{|\{y\in\partial Y_i:d(y,\partial P_i)\le\tau\}|+|\{p\in\partial P_i:d(p,\partial Y_i)\le\tau\}|}{|\partial Y_i|+|\partial P_i|}",
        edge_cases: &[OUTLINE, EMPTIES, RUNS, CHECKED],
        gaming: "Only outlines count: a thin ring scores as well as a filled object.",
        ..BLANK
    },
    value: surface_dice,
};

pub static HD95: Boundary = Boundary {
    about: About {
        name: "hd95",
        title: "Hausdorff distance, 95th percentile",
        direction: Direction::LowerIsBetter,
        best: Some(0.0),
        parameters: &[
            PENALTY,
            LEAVE_OUT,
            HEIGHT,
            WIDTH,
            HEIGHT_COLUMN,
            WIDTH_COLUMN,
            MASK_COLUMN,
            PIXEL_HEIGHT,
            PIXEL_WIDTH,
        ],
        sentence: "The distance within which 95% of both outlines lie from each other, averaged over rows.",
        formula: r"\frac1n\sum_{i=1}^{n}Q_{0.95}\bigl(\{d(y,\partial P_i):y\in\partial Y_i\}\cup\{d(p,\partial Y_i):p\in\partial P_i\}\bigr)",
        edge_cases: &[
            OUTLINE,
            "The distances of both outlines are pooled; the percentile between two of them is interpolated on a straight line.",
            "Where only one mask has a pixel the row costs the penalty; where neither has, 0, or it is left out.",
            RUNS,
            CHECKED,
        ],
        gaming: "The worst 5% of an outline cost nothing; a few stray pixels far away are free.",
        ..BLANK
    },
    value: hausdorff_95,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_interpolate() {
        assert_eq!(percentile_95(&[(3.0, 1)]), 3.0);
        assert!((percentile_95(&[(0.0, 19), (10.0, 2)]) - 10.0).abs() < 1e-12);
        assert!((percentile_95(&[(1.0, 10), (2.0, 1)]) - 1.5).abs() < 1e-12);
    }
}
