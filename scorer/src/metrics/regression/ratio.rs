//! Ratios of sums: errors against the size or the spread of the truth.

use holdout_contract::spec::{Direction, Task};

use crate::kernels::median;
use crate::metrics::about::{About, fields};
use crate::metrics::{
    Degenerate, Laws, Metric, Params, Rows, ScoresPerRow, ScoresTogether, SumsTogether, Undefined,
};

/// From the rows, their truths and their predictions to a score.
pub type Compute = fn(&Rows<'_>, &[f64], &[f64]) -> Result<f64, Undefined>;

/// A function of all rows of truth and prediction.
pub struct Whole {
    pub about: About,
    pub laws: Laws,
    pub unit: Unit,
    pub compute: Compute,
}

/// What may be done to truths and predictions without changing the score. Where their squares would leave
/// the range of doubles, it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Nothing.
    Fixed,
    /// Both may be measured in another unit.
    Common,
    /// Each may be measured in a unit of its own.
    Apart,
}

impl Metric for Whole {
    fn about(&self) -> &About {
        &self.about
    }

    fn laws(&self) -> Laws {
        self.laws
    }

    fn score(&self, rows: &Rows<'_>, _params: &Params) -> Result<f64, Undefined> {
        rows.positive_weight()?;
        let (truth, prediction) = rows.numbers();
        let (of_truth, of_prediction) = (magnitude(truth), magnitude(prediction));
        let both = of_truth.max(of_prediction);
        match self.unit {
            Unit::Common if !is_usual(both) => {
                (self.compute)(rows, &measured(truth, both), &measured(prediction, both))
            }
            Unit::Apart if !is_usual(of_truth) || !is_usual(of_prediction) => {
                (self.compute)(rows, &measured(truth, of_truth), &measured(prediction, of_prediction))
            }
            _ => (self.compute)(rows, truth, prediction),
        }
    }
}

/// What follows from two sums over rows: of what is divided, and of what it is divided by.
pub struct Quotient {
    about: About,
    laws: Laws,
    /// Of truth and prediction.
    terms: fn(f64, f64) -> Terms,
    /// Of the terms of every row and their sums.
    divided: fn(&Rows<'_>, &[Terms], Terms) -> Result<f64, Undefined>,
}

type Terms = [f64; 2];

impl Metric for Quotient {
    fn about(&self) -> &About {
        &self.about
    }

    fn laws(&self) -> Laws {
        self.laws
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

impl SumsTogether for Quotient {
    type Found = Terms;

    fn find(&self, rows: &Rows<'_>, _: &Params) -> Vec<Terms> {
        let (truth, prediction) = rows.numbers();
        rows.each(|at| (self.terms)(truth[at], prediction[at]))
    }

    fn n_sums(&self) -> usize {
        2
    }

    fn term(&self, terms: &Terms, at_sum: usize) -> f64 {
        terms[at_sum]
    }

    fn of_sums(
        &self,
        rows: &Rows<'_>,
        terms: &[Terms],
        _: &Params,
        sum: impl Fn(usize) -> f64,
    ) -> Result<f64, Undefined> {
        rows.positive_weight()?;
        (self.divided)(rows, terms, [sum(0), sum(1)])
    }
}

/// The power of two below the largest value.
fn magnitude(values: &[f64]) -> f64 {
    const EXPONENT: u64 = 0x7FF << 52;
    let largest = values.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    f64::from_bits(largest.to_bits() & EXPONENT)
}

fn is_usual(magnitude: f64) -> bool {
    magnitude == 0.0 || (1e-100..1e100).contains(&magnitude)
}

/// Exact: only powers of two change.
fn measured(values: &[f64], unit: f64) -> Vec<f64> {
    values.iter().map(|value| if unit == 0.0 { *value } else { value / unit }).collect()
}

pub(super) const BLANK: About = About {
    name: "",
    title: "",
    task: Task::Regression,
    direction: Direction::HigherIsBetter,
    best: Some(1.0),
    layout: fields::NUMBERS,
    parameters: &[],
    sentence: "",
    formula: "",
    edge_cases: &[],
    gaming: "",
};

const CONSTANT: &[Degenerate] = &[Degenerate::NoRows, Degenerate::ConstantTruth];
const CONSTANT_SENTENCE: &str =
    "All true values of this split are the same, so there is no spread to explain.";

pub static R2: Whole = Whole {
    about: About {
        name: "r2",
        title: "R², coefficient of determination",
        sentence: "The share of the spread of the truth that the predictions explain: 1 is perfect, 0 is as good as the mean.",
        formula: r"1-\frac{\sum_{i}(y_i-p_i)^2}{\sum_{i}(y_i-\bar y)^2}",
        edge_cases: &[
            "The mean is that of the split that is scored.",
            "Undefined for a single row or a constant truth.",
            "Below 0 when worse than the mean.",
        ],
        gaming: "Ranks as the squared error does: honest forecasts of the mean are rewarded; a few extreme rows can decide.",
        ..BLANK
    },
    laws: Laws { is_symmetric: false, has_weights: true, undefined_on: CONSTANT },
    unit: Unit::Common,
    compute: |rows, y, p| {
        let centre = rows.mean(|at| y[at])?;
        let spread = rows.mean(|at| (y[at] - centre).powi(2))?;
        if is_constant(y) {
            return Err(Undefined::because(CONSTANT_SENTENCE));
        }
        Ok(1.0 - rows.mean(|at| (y[at] - p[at]).powi(2))? / spread)
    },
};

pub static EXPLAINED_VARIANCE: Whole = Whole {
    about: About {
        name: "explained_variance",
        title: "Explained variance",
        sentence: "As R², but a constant shift of all predictions costs nothing.",
        formula: r"1-\frac{\operatorname{Var}(y-p)}{\operatorname{Var}(y)}",
        edge_cases: &["Undefined for a single row or a constant truth."],
        gaming: "Blind to bias: predictions that are all too high by the same amount score as well as right ones.",
        ..BLANK
    },
    laws: Laws { is_symmetric: false, has_weights: true, undefined_on: CONSTANT },
    unit: Unit::Common,
    compute: |rows, y, p| {
        if is_constant(y) {
            return Err(Undefined::because(CONSTANT_SENTENCE));
        }
        let (centre, centre_p) = (rows.mean(|at| y[at])?, rows.mean(|at| p[at])?);
        // Of values less their means: nothing small is lost beside a large bias.
        let error = |at: usize| (y[at] - centre) - (p[at] - centre_p);
        let bias = rows.mean(error)?;
        let unexplained = rows.mean(|at| (error(at) - bias).powi(2))?;
        Ok(1.0 - unexplained / rows.mean(|at| (y[at] - centre).powi(2))?)
    },
};

pub static D2_ABSOLUTE_ERROR: Whole = Whole {
    about: About {
        name: "d2_absolute_error",
        title: "D² absolute error",
        sentence: "The share of the mean absolute error of the median that the predictions avoid.",
        formula: r"1-\frac{\sum_i|y_i-p_i|}{\sum_i|y_i-\operatorname{median}(y)|}",
        edge_cases: &["The median is that of the split that is scored.", "Undefined for a constant truth."],
        gaming: "Ranks as the absolute error does: the best report is the median of what one believes.",
        ..BLANK
    },
    laws: Laws { is_symmetric: false, has_weights: false, undefined_on: CONSTANT },
    unit: Unit::Fixed,
    compute: |rows, y, p| {
        if is_constant(y) {
            return Err(Undefined::because(CONSTANT_SENTENCE));
        }
        let middle = median(y.to_vec());
        Ok(1.0 - rows.mean(|at| (y[at] - p[at]).abs())? / rows.mean(|at| (y[at] - middle).abs())?)
    },
};

pub static WAPE: Quotient = Quotient {
    about: About {
        name: "wape",
        title: "Weighted absolute percentage error",
        direction: Direction::LowerIsBetter,
        best: Some(0.0),
        sentence: "All absolute errors together, as a fraction of all true values together.",
        formula: r"\frac{\sum_i|y_i-p_i|}{\sum_i|y_i|}",
        edge_cases: &["Undefined when all true values are 0."],
        gaming: "Ranks as the absolute error does; rows with large values decide.",
        ..BLANK
    },
    laws: Laws {
        is_symmetric: false,
        has_weights: true,
        undefined_on: &[Degenerate::NoRows, Degenerate::ZeroTruth],
    },
    terms: |y, p| [(y - p).abs(), y.abs()],
    divided: |rows, terms, [errors, sizes]| {
        let size = rows.mean_of(|| sizes, |at| terms[at][1])?;
        if size == 0.0 {
            return Err(Undefined::because(
                "All true values of this split are 0, so there is nothing to divide by.",
            ));
        }
        Ok(rows.mean_of(|| errors, |at| terms[at][0])? / size)
    },
};

pub static RMSPE: Quotient = Quotient {
    about: About {
        name: "rmspe",
        title: "Root mean squared percentage error",
        direction: Direction::LowerIsBetter,
        best: Some(0.0),
        sentence: "The typical error as a fraction of the truth; rows whose truth is 0 do not count.",
        formula: r"\sqrt{\frac{1}{|\{i:y_i\ne0\}|}\sum_{y_i\ne0}\left(\frac{y_i-p_i}{y_i}\right)^2}",
        edge_cases: &["Rows whose truth is 0 are left out.", "Undefined when all are."],
        gaming: "Forecasting low pays, as with every percentage of the truth. What is predicted where the truth is 0 never matters.",
        ..BLANK
    },
    laws: Laws {
        is_symmetric: false,
        has_weights: true,
        undefined_on: &[Degenerate::NoRows, Degenerate::ZeroTruth],
    },
    terms: |y, p| if y == 0.0 { [0.0, 0.0] } else { [((y - p) / y).powi(2), 1.0] },
    divided: |_, _, [total, counted]| {
        if counted == 0.0 {
            return Err(Undefined::because(
                "All true values of this split are 0, and such rows do not count.",
            ));
        }
        Ok((total / counted).sqrt())
    },
};

pub static R2_ABOUT_ZERO: Quotient = Quotient {
    about: About {
        name: "r2_about_zero",
        title: "R² about zero",
        sentence: "The share of the squared truth that the predictions explain: 1 is perfect, 0 is as good as predicting 0 for every row.",
        formula: r"1-\frac{\sum_{i}(y_i-p_i)^2}{\sum_{i}y_i^2}",
        edge_cases: &["Undefined when all true values are 0.", "Below 0 when worse than a file of zeros."],
        gaming: "Ranks as the squared error does: honest forecasts of the mean are rewarded; a few extreme rows can decide. Where the truth lies far from 0, every sensible file comes near 1.",
        ..BLANK
    },
    laws: Laws {
        is_symmetric: false,
        has_weights: true,
        undefined_on: &[Degenerate::NoRows, Degenerate::ZeroTruth],
    },
    terms: |y, p| [(y - p).powi(2), y.powi(2)],
    divided: |_, _, [errors, squares]| {
        if squares == 0.0 {
            return Err(Undefined::because(
                "All true values of this split are 0, so there is nothing to divide by.",
            ));
        }
        Ok(1.0 - errors / squares)
    },
};

pub(crate) fn is_constant(values: &[f64]) -> bool {
    values.iter().all(|value| *value == values[0])
}
