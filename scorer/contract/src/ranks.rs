//! Mean of ranks, as far as server and scorer must agree on it: teams are ranked by every one of several
//! metrics, and ordered by the weighted mean of those ranks.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

/// The metric of the catalogue whose parts teams are ranked by.
pub const NAME: &str = "mean_rank";

/// How many metrics teams can be ranked by.
pub const N_PARTS: RangeInclusive<usize> = 2..=10;

/// What a part may weigh; within these bounds no board is too large for its sums.
pub const WEIGHTS: RangeInclusive<f64> = 1e-6..=1e6;

/// One metric that teams are ranked by. Stored in `scoring_versions.ranked_parts`, the primary first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RankedPart {
    /// The metric with what tells it from the others: `rmse`, `rmse of price`.
    pub name: String,
    pub weight: f64,
    pub higher_is_better: bool,
}
