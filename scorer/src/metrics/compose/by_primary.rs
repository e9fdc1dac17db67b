//! Several metrics of which a submission's own score is the first one's, the primary's: the others rank teams with it, or
//! are shown beside it.

use serde_json::{Map, Value};

use super::{PartScore, parts};
use crate::metrics::about::About;
use crate::metrics::{Degenerate, Files, Laws, Metric, Params, PartScores, Rows, ScoresTogether, Undefined};

pub struct ByPrimary {
    pub(super) about: About,
    /// Parameters of examples and tests.
    pub(super) sample: fn() -> Map<String, Value>,
}

impl Metric for ByPrimary {
    fn about(&self) -> &About {
        &self.about
    }

    fn laws(&self) -> Laws {
        Laws {
            is_symmetric: false,
            has_weights: true,
            undefined_on: &[Degenerate::NoRows, Degenerate::NoPositives],
        }
    }

    fn sample_params(&self) -> Map<String, Value> {
        (self.sample)()
    }

    /// The primary's value, where every part has one.
    fn score(&self, rows: &Rows<'_>, params: &Params) -> Result<f64, Undefined> {
        let parts = parts::read(params).map_err(Undefined::because)?;
        primary(&parts::scores(&parts, rows)?)
    }

    fn together(&self) -> Option<&dyn ScoresTogether> {
        Some(self)
    }
}

impl ScoresTogether for ByPrimary {
    fn score_files(&self, files: &Files<'_>) -> Vec<PartScores> {
        parts::score_files(files, primary)
    }
}

fn primary(parts: &[PartScore]) -> Result<f64, Undefined> {
    parts.first().map(|primary| primary.score).ok_or_else(|| Undefined::because("There are no parts."))
}
