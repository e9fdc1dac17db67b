//! `holdout-scorer audit`: the report on two files, without a database.

use clap::Args;

use super::ask::{Declared, Settings};

#[derive(Debug, Clone, Args)]
pub struct PlanArgs {
    /// What the winner's file should hold: mean, median, "quantile 0.9", probabilities, order or labels.
    #[arg(long)]
    declared: Option<Declared>,
    /// Share of the rows that the public board is computed on; 1 for all.
    #[arg(long, default_value_t = 0.3)]
    public_frac: f64,
    /// Decimals that the public board shows.
    #[arg(long, default_value_t = 5)]
    digits: u32,
    /// Submissions that one team may make in the whole contest.
    #[arg(long, default_value_t = 300)]
    subs: u32,
}

impl PlanArgs {
    /// # Errors
    /// A sentence for the command line.
    pub fn settings(&self) -> Result<Settings, String> {
        if !(self.public_frac > 0.0 && self.public_frac <= 1.0) {
            return Err("--public-frac must lie above 0 and not above 1.".to_owned());
        }
        if self.digits > super::probing::MAX_DIGITS {
            return Err(format!("--digits must not be above {}.", super::probing::MAX_DIGITS));
        }
        Ok(Settings {
            declared: self.declared,
            public_fraction: self.public_frac,
            digits: self.digits,
            n_submissions: self.subs,
        })
    }
}
