//! Which quantiles a submission holds: columns `q0.05`, `q0.5`, `q0.95`.

use holdout_contract::spec::{Cell, Layout};

use crate::metrics::Params;
use crate::metrics::about::{Kind, ParameterAbout};

/// Levels are told apart by at least this much.
const RESOLUTION: f64 = 1e-9;
const DEFAULT: &str = "0.05, 0.25, 0.5, 0.75, 0.95";

pub(super) const LEVELS: ParameterAbout = ParameterAbout {
    name: "levels",
    kind: Kind::Text(DEFAULT),
    description: "The levels of the predicted quantiles, separated by commas; a level of 0.05 is the column q0.05. The context's “levels” are taken where this is left as it is.",
    is_main: false,
};

/// A central interval: its columns, and what both tails hold together.
pub(super) struct Interval {
    pub(super) lower: usize,
    pub(super) upper: usize,
    pub(super) outside: f64,
}

/// The quantiles of a submission, in the order of its columns.
pub(super) struct Levels {
    names: Vec<String>,
    pub(super) values: Vec<f64>,
}

impl Levels {
    /// # Errors
    /// A sentence: a level that is none.
    pub(super) fn of(params: &Params) -> Result<Self, String> {
        Self::parse(params.text(LEVELS.name).unwrap_or(DEFAULT))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut levels = Self { names: Vec::new(), values: Vec::new() };
        for name in text.split(',').map(str::trim) {
            let value: f64 = name.parse().map_err(|_| format!("The level “{name}” is no number."))?;
            if !(value > 0.0 && value < 1.0) {
                return Err(format!("The level {name} is not between 0 and 1."));
            }
            if levels.place(value).is_some() {
                return Err(format!("The level {name} is listed twice."));
            }
            levels.names.push(format!("q{name}"));
            levels.values.push(value);
        }
        Ok(levels)
    }

    /// The column of a level.
    pub(super) fn place(&self, level: f64) -> Option<usize> {
        self.values.iter().position(|value| (value - level).abs() < RESOLUTION)
    }

    /// The columns of the central interval that holds this share.
    ///
    /// # Errors
    /// A sentence: the quantile that is missing.
    pub(super) fn interval(&self, share: f64) -> Result<(usize, usize), String> {
        let lower = f64::midpoint(1.0, -share);
        let place = |level: f64| {
            self.place(level).ok_or_else(|| {
                format!("The interval {share} needs the quantile of level {level:.4}, which “levels” does not list.")
            })
        };
        Ok((place(lower)?, place(1.0 - lower)?))
    }

    /// The median's column and the intervals around it.
    ///
    /// # Errors
    /// A sentence: no median, or a quantile without its counterpart.
    pub(super) fn symmetric(&self) -> Result<(usize, Vec<Interval>), String> {
        let median = self.place(0.5).ok_or("The score needs the median: list the level 0.5.")?;
        let mut intervals = Vec::new();
        for (at, level) in self.values.iter().enumerate().filter(|(at, _)| *at != median) {
            let other = self.place(1.0 - level).ok_or_else(|| {
                format!("The level {level} has no counterpart {:.4} above the median.", 1.0 - level)
            })?;
            if *level < 0.5 {
                intervals.push(Interval { lower: at, upper: other, outside: 2.0 * level });
            }
        }
        Ok((median, intervals))
    }

    pub(super) fn layout(params: &Params) -> Layout {
        let names = Self::of(params).map(|levels| levels.names).unwrap_or_default();
        Layout::Named {
            solution: super::TARGET.iter().map(|(name, cell)| ((*name).to_owned(), *cell)).collect(),
            submission: names.into_iter().map(|name| (name, Cell::Number)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_read_and_refused() {
        let levels = Levels::parse("0.025,0.5, 0.975").unwrap_or_else(|reason| panic!("{reason}"));
        assert_eq!(levels.names, ["q0.025", "q0.5", "q0.975"]);
        assert_eq!(levels.interval(0.95), Ok((0, 2)));
        assert!(levels.interval(0.9).is_err());
        for wrong in ["", "0.5,x", "0.5,1", "0.1,0.10"] {
            assert!(Levels::parse(wrong).is_err(), "{wrong}");
        }
        assert!(Levels::parse("0.1,0.5,0.8").is_ok_and(|levels| levels.symmetric().is_err()));
        assert!(Levels::parse("0.1,0.9").is_ok_and(|levels| levels.symmetric().is_err()));
    }
}
