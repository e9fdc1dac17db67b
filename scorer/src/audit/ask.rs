//! What a host is asked, and the plan of the contest.

pub use holdout_contract::audit::{Declared, Plan};

/// What the audit is told beside labels and metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    pub declared: Option<Declared>,
    /// The public share of the rows that count.
    pub public_fraction: f64,
    /// Decimals that the public board shows.
    pub digits: u32,
    /// Submissions that one team may make in the whole contest.
    pub n_submissions: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { declared: None, public_fraction: 0.3, digits: 5, n_submissions: 300 }
    }
}

impl Settings {
    /// As a competition plans to use its metric.
    pub fn of_competition(declared: Option<Declared>, plan: Plan, public_fraction: f64) -> Self {
        Self { declared, public_fraction, digits: plan.digits, n_submissions: plan.n_submissions() }
    }
}
