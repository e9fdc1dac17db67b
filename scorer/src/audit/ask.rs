//! What a host is asked, and the plan of the contest.

use std::fmt;
use std::str::FromStr;

/// The one question: what should the winner's file hold?
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Declared {
    Mean,
    Median,
    Quantile(f64),
    Probabilities,
    Order,
    Labels,
}

impl Declared {
    /// Whether it says which number a forecaster should report of many that are possible.
    pub fn is_functional(&self) -> bool {
        matches!(self, Self::Mean | Self::Median | Self::Quantile(_))
    }
}

impl FromStr for Declared {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            ["mean"] => Ok(Self::Mean),
            ["median"] => Ok(Self::Median),
            ["probabilities"] => Ok(Self::Probabilities),
            ["order"] => Ok(Self::Order),
            ["labels"] => Ok(Self::Labels),
            ["quantile", share] => match share.parse() {
                Ok(share) if share > 0.0 && share < 1.0 => Ok(Self::Quantile(share)),
                _ => Err(format!("“{share}” is no quantile; it must lie between 0 and 1.")),
            },
            _ => Err(format!(
                "“{text}” is none of mean, median, “quantile 0.9” (any number between 0 and 1), probabilities, order and labels."
            )),
        }
    }
}

impl fmt::Display for Declared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mean => f.write_str("mean"),
            Self::Median => f.write_str("median"),
            Self::Quantile(share) => write!(f, "quantile {share}"),
            Self::Probabilities => f.write_str("probabilities"),
            Self::Order => f.write_str("order"),
            Self::Labels => f.write_str("labels"),
        }
    }
}

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
