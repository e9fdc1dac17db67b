//! Ranks, as far as server and scorer must agree on them. By the mean of ranks, teams are ranked by every one of several
//! metrics, and ordered by the weighted mean of those ranks. What ranks are worth is not known of every file.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

/// The metric of the catalogue whose parts teams are ranked by.
pub const NAME: &str = "mean_rank";

/// The metric of the catalogue whose first part teams are ranked by, the others being shown beside it.
pub const WITH_SECONDARY: &str = "with_secondary";

/// How many metrics teams can be ranked by, and how many a board can show.
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

/// One metric of several that a board shows. Stored in `scoring_versions.shown_metrics`, the one that teams are ranked by
/// first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ShownMetric {
    /// As the catalogue names it.
    pub metric: String,
    /// The metric with what tells it from the others: `rmse`, `rmse of price`.
    pub name: String,
    pub higher_is_better: bool,
}

/// Why it is not known of a file what is chance in its score, where it is of others: only a metric of a host's own leaves any
/// out. Stored in `rank_summaries.left_out`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhyUnknown {
    NoScore,
    TooSlow,
    OneBlock,
}

impl WhyUnknown {
    pub fn sentence(self) -> &'static str {
        match self {
            Self::NoScore => "The metric gives no score where some of the rows are left out.",
            Self::TooSlow => {
                "The metric takes too long to be asked for the score without each of some blocks of rows."
            }
            Self::OneBlock => {
                "One block of rows decides the score, and no other says how far that would move."
            }
        }
    }
}
