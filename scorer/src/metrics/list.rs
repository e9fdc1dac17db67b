//! The catalogue, one line a metric, in the order in which hosts see it.

use super::{Metric, regression};

pub static METRICS: &[&dyn Metric] = &[&regression::RMSE];
