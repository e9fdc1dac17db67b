//! One column for every predicted quantile.

use holdout_contract::rejection::RejectionKind;
use holdout_contract::spec::{Direction, Layout, Task};

use super::levels::{Interval, LEVELS, Levels};
use super::{LAWS, TARGET};
use crate::judge::Context;
use crate::metrics::about::{About, Kind, ParameterAbout, fields};
use crate::metrics::{
    Laws, Metric, Params, Rows, ScoresPerRow, ScoresTogether, SumsTogether, Undefined, Values,
};
use crate::misfit::Misfits;

/// Predicted quantiles of one split.
struct Quantiles<'a> {
    rows: &'a Rows<'a>,
    truth: &'a [f64],
    levels: Levels,
}

impl Quantiles<'_> {
    fn at(&self, column: usize, row: usize) -> f64 {
        self.rows.predictions[column].numbers()[row]
    }

    /// The pinball loss of a row, summed over levels.
    fn pinball(&self, row: usize) -> f64 {
        let losses = self.levels.values.iter().enumerate().map(|(column, level)| {
            let error = self.truth[row] - self.at(column, row);
            (level * error).max((level - 1.0) * error)
        });
        losses.sum()
    }

    fn n_levels(&self) -> f64 {
        self.levels.values.len() as f64
    }
}

/// The mean over rows of a number from quantiles.
pub struct OfQuantiles {
    about: About,
    fits: fn(&Levels, &Params) -> Result<(), String>,
    /// Whether a file is refused whose interval has its lower end above its upper end.
    refuses_crossing: bool,
    terms: fn(&Quantiles<'_>, &Params) -> Result<Vec<f64>, String>,
}

impl Metric for OfQuantiles {
    fn about(&self) -> &About {
        &self.about
    }

    fn laws(&self) -> Laws {
        LAWS
    }

    fn layout(&self, params: &Params) -> Layout {
        Levels::layout(params)
    }

    fn fits(&self, params: &Params, _context: &Context) -> Result<(), String> {
        (self.fits)(&Levels::of(params)?, params)
    }

    fn perfect(&self, truths: &[&[f64]], params: &Params) -> Option<Vec<Vec<f64>>> {
        let levels = Levels::of(params).ok()?;
        Some(vec![truths.first()?.to_vec(); levels.values.len()])
    }

    fn misfits(&self, _: &[Values<'_>], predictions: &[Values<'_>], params: &Params) -> Option<Misfits> {
        if !self.refuses_crossing {
            return None;
        }
        let (lower, upper) = Levels::of(params).ok()?.interval(params.number(LEVEL.name)).ok()?;
        let (lows, highs) = (predictions[lower].numbers(), predictions[upper].numbers());
        let what = "which is above the upper end of its interval";
        Misfits::among(lows.len(), |at| lows[at] > highs[at], lower, RejectionKind::OutOfRange, what)
    }

    fn score(&self, rows: &Rows<'_>, params: &Params) -> Result<f64, Undefined> {
        self.score_rows(rows, params)
    }

    fn per_row(&self) -> Option<&dyn ScoresPerRow> {
        Some(self)
    }

    fn together(&self) -> Option<&dyn ScoresTogether> {
        Some(self)
    }
}

impl SumsTogether for OfQuantiles {
    /// No number for an interval that is refused.
    type Found = f64;

    fn find(&self, rows: &Rows<'_>, params: &Params) -> Vec<f64> {
        let terms = Levels::of(params).and_then(|levels| {
            (self.terms)(&Quantiles { rows, truth: rows.truths[0].numbers(), levels }, params)
        });
        terms.unwrap_or_else(|_| vec![f64::NAN; rows.len()])
    }

    fn term(&self, term: &f64, _: usize) -> f64 {
        *term
    }

    fn of_sums(
        &self,
        rows: &Rows<'_>,
        terms: &[f64],
        params: &Params,
        sum: impl Fn(usize) -> f64,
    ) -> Result<f64, Undefined> {
        rows.positive_weight()?;
        let levels = Levels::of(params).map_err(Undefined::because)?;
        (self.fits)(&levels, params).map_err(Undefined::because)?;
        if self.refuses_crossing && terms.iter().any(|term| term.is_nan()) {
            return Err(Undefined::because(
                "A predicted interval of this split has its lower end above its upper end.",
            ));
        }
        rows.mean_of(|| sum(0), |at| terms[at])
    }
}

const CROSSING: &str = "Quantiles that cross are scored as they are.";
const HONEST: &str = "Honest: the best report is the quantiles one believes.";
const LEVEL: ParameterAbout = ParameterAbout {
    name: "level",
    kind: Kind::Number(0.001, 0.999, 0.9),
    description: "The share that the central interval should hold; both of its quantiles must be among the levels.",
    is_main: true,
};

const BLANK: About = About {
    name: "",
    title: "",
    task: Task::Probabilistic,
    direction: Direction::LowerIsBetter,
    best: Some(0.0),
    layout: fields::Fields::Named { solution: TARGET, submission: &[] },
    parameters: &[LEVELS],
    sentence: "",
    formula: "",
    edge_cases: &[CROSSING],
    gaming: HONEST,
};

pub static MEAN_PINBALL: OfQuantiles = OfQuantiles {
    about: About {
        name: "mean_pinball",
        title: "Mean pinball loss",
        sentence: "The error of every quantile, weighed by its level on either side, averaged over levels and rows.",
        formula: r"\frac{1}{nL}\sum_{i}\sum_{\alpha}\max\left(\alpha(y_i-q_{i\alpha}),(\alpha-1)(y_i-q_{i\alpha})\right)",
        ..BLANK
    },
    fits: |_, _| Ok(()),
    refuses_crossing: false,
    terms: |quantiles, _| Ok(quantiles.rows.each(|row| quantiles.pinball(row) / quantiles.n_levels())),
};

pub static CRPS_QUANTILE: OfQuantiles = OfQuantiles {
    about: About {
        name: "crps_quantile",
        title: "CRPS from quantiles",
        sentence: "The continuous ranked probability score, estimated as twice the mean pinball loss of the predicted quantiles.",
        formula: r"\frac{2}{nL}\sum_{i}\sum_{\alpha}\max\left(\alpha(y_i-q_{i\alpha}),(\alpha-1)(y_i-q_{i\alpha})\right)",
        ..BLANK
    },
    fits: |_, _| Ok(()),
    refuses_crossing: false,
    terms: |quantiles, _| Ok(quantiles.rows.each(|row| 2.0 * quantiles.pinball(row) / quantiles.n_levels())),
};

pub static WIS: OfQuantiles = OfQuantiles {
    about: About {
        name: "wis",
        title: "Weighted interval score",
        sentence: "The width of every predicted interval and a price for truths outside it, with the error of the median, averaged.",
        formula: r"\frac1n\sum_i\frac{\tfrac12|y_i-m_i|+\sum_k\tfrac{\alpha_k}{2}\mathrm{IS}_{\alpha_k}}{K+\tfrac12}",
        edge_cases: &[
            CROSSING,
            "The levels must hold 0.5 and, for every other level, its counterpart on the other side.",
        ],
        ..BLANK
    },
    fits: |levels, _| levels.symmetric().map(|_| ()),
    refuses_crossing: false,
    terms: |quantiles, _| {
        let (median, intervals) = quantiles.levels.symmetric()?;
        Ok(quantiles.rows.each(|row| {
            let y = quantiles.truth[row];
            let of_interval = |interval: &Interval| {
                let (l, u) = (quantiles.at(interval.lower, row), quantiles.at(interval.upper, row));
                interval.outside / 2.0 * (u - l) + (l - y).max(0.0) + (y - u).max(0.0)
            };
            let median = 0.5 * (y - quantiles.at(median, row)).abs();
            let total = median + intervals.iter().map(of_interval).sum::<f64>();
            total / (intervals.len() as f64 + 0.5)
        }))
    },
};

pub static INTERVAL_SCORE: OfQuantiles = OfQuantiles {
    about: About {
        name: "interval_score",
        title: "Interval score",
        parameters: &[LEVEL, LEVELS],
        sentence: "The width of the central interval, and a price for every truth outside it that grows with the distance.",
        formula: r"\frac1n\sum_i\left((u_i-l_i)+\tfrac2\alpha(l_i-y_i)_++\tfrac2\alpha(y_i-u_i)_+\right)",
        edge_cases: &["A file with a lower end above its upper end is refused.", "α is one minus the level."],
        gaming: "Honest: the best report is the two quantiles one believes; the others are not looked at.",
        ..BLANK
    },
    fits: |levels, params| levels.interval(params.number(LEVEL.name)).map(|_| ()),
    refuses_crossing: true,
    terms: |quantiles, params| {
        let share = params.number(LEVEL.name);
        let (lower, upper) = quantiles.levels.interval(share)?;
        Ok(quantiles.rows.each(|row| {
            let (l, u, y) = (quantiles.at(lower, row), quantiles.at(upper, row), quantiles.truth[row]);
            let outside = 2.0 / (1.0 - share) * ((l - y).max(0.0) + (y - u).max(0.0));
            if l > u { f64::NAN } else { (u - l) + outside }
        }))
    },
};

pub static COVERAGE: OfQuantiles = OfQuantiles {
    about: About {
        name: "coverage",
        title: "Coverage of intervals",
        direction: Direction::HigherIsBetter,
        best: None,
        parameters: &[LEVEL, LEVELS],
        sentence: "The share of true values inside the predicted central interval; it should be the level itself.",
        formula: r"\frac1n\sum_i[l_i\le y_i\le u_i]",
        edge_cases: &[
            "Values on an end are inside.",
            "An interval with its lower end above its upper end holds nothing.",
        ],
        gaming: "A diagnostic and no contest's score: infinite intervals hold everything.",
        ..BLANK
    },
    fits: |levels, params| levels.interval(params.number(LEVEL.name)).map(|_| ()),
    refuses_crossing: false,
    terms: |quantiles, params| {
        let (lower, upper) = quantiles.levels.interval(params.number(LEVEL.name))?;
        Ok(quantiles.rows.each(|row| {
            let y = quantiles.truth[row];
            f64::from(u8::from(quantiles.at(lower, row) <= y && y <= quantiles.at(upper, row)))
        }))
    },
};
