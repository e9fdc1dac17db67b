//! Forecasts of a whole distribution: mean and spread, quantiles, or members of an ensemble.

pub mod ensemble;
pub mod gaussian;
mod levels;
pub mod quantiles;

use holdout_contract::spec::Cell;

use super::{Degenerate, Laws};

const LAWS: Laws = Laws { is_symmetric: false, has_weights: true, undefined_on: &[Degenerate::NoRows] };
const TARGET: &[(&str, Cell)] = &[("target", Cell::Number)];
