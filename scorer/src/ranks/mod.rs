//! What a board's ranks are worth: standard errors, comparisons of two teams, and the ranks that each team
//! may truly have, from the influence values of all teams' files on the same rows.
//!
//! Everything follows from the teams-by-teams [`Covariance`] of the scores; a team that sends a better file
//! changes one row and one column of it. What comes out is the same on any number of cores.

mod covariance;
mod digits;
mod draws;
mod duels;
mod ladder;
mod mean_ranks;
pub mod measure;
mod pictures;
mod ranges;
mod shake_up;

pub use covariance::{Covariance, together};
pub use digits::{Digits, decimals_of_noise, decimals_of_scale, digits};
pub use draws::Normal;
pub use duels::{Duel, Mean};
pub use ladder::{Rung, Step};
pub use mean_ranks::{MeanRankRange, MeanRanks, PartKeys};
pub use pictures::{Pictures, Replicates, pictures};
pub use ranges::{Places, RankRange, rank_ranges};
pub use shake_up::{Uncompared, shake_up};

/// Imagined contests; of so many, one in twenty is known well enough.
const N_DRAWS: usize = 1000;
/// Imagined ends.
const N_DRAWS_OF_FORECAST: usize = 300;
/// The part of all imagined contests in which a rank range must hold.
const CONFIDENCE: f64 = 0.95;
/// The bounds of a difference at that confidence, in standard errors.
const Z: f64 = 1.959_963_984_540_054;
