//! The middle and the largest error.

use holdout_contract::spec::Direction;

use super::ratio::{BLANK, Unit, Whole};
use crate::kernels::median;
use crate::metrics::{About, Degenerate, Laws};

const LAWS: Laws = Laws { is_symmetric: true, has_weights: false, undefined_on: &[Degenerate::NoRows] };

pub static MEDAE: Whole = Whole {
    about: About {
        name: "medae",
        title: "Median absolute error",
        direction: Direction::LowerIsBetter,
        best: Some(0.0),
        sentence: "The error that half of the rows stay below.",
        formula: r"\operatorname{median}_i|y_i-p_i|",
        edge_cases: &["The mean of the two middle errors where their number is even.", "Takes no weights."],
        gaming: "Half of the rows do not matter: hard ones can be given up entirely.",
        ..BLANK
    },
    laws: LAWS,
    unit: Unit::Fixed,
    compute: |_, y, p| Ok(median(y.iter().zip(p).map(|(y, p)| (y - p).abs()).collect())),
};

pub static MAX_ERROR: Whole = Whole {
    about: About {
        name: "max_error",
        title: "Largest error",
        direction: Direction::LowerIsBetter,
        best: Some(0.0),
        sentence: "The largest absolute error of all rows.",
        formula: r"\max_i|y_i-p_i|",
        edge_cases: &["One row decides."],
        gaming: "All rows but the worst are free; a single outlier in the labels decides the ranking.",
        ..BLANK
    },
    laws: LAWS,
    unit: Unit::Fixed,
    compute: |_, y, p| Ok(y.iter().zip(p).map(|(y, p)| (y - p).abs()).fold(0.0, f64::max)),
};
