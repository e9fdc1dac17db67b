//! A loss of every row, averaged, then finished (a root, a scale).

use holdout_contract::spec::{Direction, Task};

use crate::metrics::about::{About, Kind, ParameterAbout, fields};
use crate::metrics::{
    Degenerate, Laws, Metric, NoMeasure, Params, Rows, ScoresPerRow, ScoresTogether, SumsTogether, Undefined,
    Values,
};

type OfRows = fn(&Rows<'_>) -> Result<f64, Undefined>;
type OfLabels = fn(&Rows<'_>) -> Option<Result<String, NoMeasure>>;

/// A loss averaged over rows.
pub struct Pointwise {
    pub about: About,
    pub laws: Laws,
    /// What truths and predictions must be for the loss to exist; given the number parameter, too.
    pub domain: fn(f64, f64, f64) -> bool,
    pub domain_sentence: &'static str,
    /// Of truth, prediction, and the value of the metric's number parameter.
    pub term: fn(f64, f64, f64) -> f64,
    pub finish: fn(f64, &Params) -> f64,
    /// The score of rows whose terms are too large or too small for doubles.
    pub of_extremes: Option<OfRows>,
    /// As [`Metric::measure`].
    pub measure: OfLabels,
}

impl Metric for Pointwise {
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

    fn measure(&self, labels: &Rows<'_>) -> Option<Result<String, NoMeasure>> {
        (self.measure)(labels)
    }
}

impl SumsTogether for Pointwise {
    type Found = f64;

    fn find(&self, rows: &Rows<'_>, params: &Params) -> Vec<f64> {
        let (truth, prediction) = rows.numbers();
        let number = self.number(params);
        rows.each(|at| (self.term)(truth[at], prediction[at], number))
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
        self.of_mean(rows, params, || rows.mean_of(|| sum(0), |at| terms[at]))
    }
}

/// Squares below this may have lost digits, or all of them.
const TINY: f64 = 1e-280;

impl Pointwise {
    fn of_mean(
        &self,
        rows: &Rows<'_>,
        params: &Params,
        mean: impl FnOnce() -> Result<f64, Undefined>,
    ) -> Result<f64, Undefined> {
        let (truth, prediction) = rows.numbers();
        let number = self.number(params);
        if !truth.iter().zip(prediction).all(|(y, p)| (self.domain)(*y, *p, number)) {
            return Err(Undefined::because(self.domain_sentence));
        }
        let mean = mean()?;
        match self.of_extremes {
            Some(of_extremes) if !(TINY..=f64::MAX).contains(&mean) => of_extremes(rows),
            _ => Ok((self.finish)(mean, params)),
        }
    }

    /// The value of the metric's number parameter, where it has one.
    fn number(&self, params: &Params) -> f64 {
        let mut numbers = self.about.parameters.iter().filter_map(|known| params.optional_number(known.name));
        numbers.next().unwrap_or_default()
    }
}

const fn laws(is_symmetric: bool, undefined_on: &'static [Degenerate]) -> Laws {
    Laws { is_symmetric, has_weights: true, undefined_on }
}

const ANY: &[Degenerate] = &[Degenerate::NoRows];
const NOT_NEGATIVE: &[Degenerate] = &[Degenerate::NoRows, Degenerate::NegativeTruth];

const BLANK: About = About {
    name: "",
    title: "",
    task: Task::Regression,
    direction: Direction::LowerIsBetter,
    best: Some(0.0),
    layout: fields::NUMBERS,
    parameters: &[],
    sentence: "",
    formula: "",
    edge_cases: &[],
    gaming: "",
};

const MEAN_IS_BEST: &str = "The best report is the mean of what one believes, so honest forecasts of the mean are rewarded. Where targets are skewed, a few rows with very large values can decide the ranking.";
const MEDIAN_IS_BEST: &str = "The best report is the median of what one believes, not the mean: where targets are skewed, forecasts that are best here fall short of the total.";

macro_rules! pointwise {
    ($id:ident, $about:expr, $laws:expr, $term:expr) => {
        pointwise!($id, $about, $laws, $term, |mean, _| mean, |_, _, _| true, "");
    };
    ($id:ident, $about:expr, $laws:expr, $term:expr, $finish:expr, $domain:expr, $sentence:expr) => {
        pointwise!($id, $about, $laws, $term, $finish, $domain, $sentence, |_| None);
    };
    ($id:ident, $about:expr, $laws:expr, $term:expr, $finish:expr, $domain:expr, $sentence:expr, $measure:expr) => {
        pub static $id: Pointwise = Pointwise {
            about: $about,
            laws: $laws,
            domain: $domain,
            domain_sentence: $sentence,
            term: $term,
            finish: $finish,
            of_extremes: None,
            measure: $measure,
        };
    };
}

pub static RMSE: Pointwise = Pointwise {
    about: About {
        name: "rmse",
        title: "Root mean squared error",
        sentence: "The typical size of an error, in the target's own unit; large errors weigh more than their share.",
        formula: r"\sqrt{\frac{1}{n}\sum_{i=1}^{n}(y_i-p_i)^2}",
        gaming: MEAN_IS_BEST,
        ..BLANK
    },
    laws: laws(true, ANY),
    domain: |_, _, _| true,
    domain_sentence: "",
    term: |y, p, _| (y - p) * (y - p),
    finish: |mean, _| mean.sqrt(),
    of_extremes: Some(scaled_root_mean_square),
    measure: |_| None,
};

/// With errors measured by the largest one, so that no square leaves the range of doubles.
fn scaled_root_mean_square(rows: &Rows<'_>) -> Result<f64, Undefined> {
    let (y, p) = rows.numbers();
    let largest = y.iter().zip(p).fold(0.0_f64, |largest, (y, p)| largest.max((y - p).abs()));
    if largest == 0.0 {
        return Ok(0.0);
    }
    Ok(largest * rows.mean(|at| ((y[at] - p[at]) / largest).powi(2))?.sqrt())
}

pointwise!(
    MSE,
    About {
        name: "mse",
        title: "Mean squared error",
        sentence: "The mean of squared errors, in the square of the target's unit.",
        formula: r"\frac{1}{n}\sum_{i=1}^{n}(y_i-p_i)^2",
        gaming: MEAN_IS_BEST,
        ..BLANK
    },
    laws(true, ANY),
    |y, p, _| (y - p) * (y - p)
);

pointwise!(
    MAE,
    About {
        name: "mae",
        title: "Mean absolute error",
        sentence: "The mean distance between prediction and truth, in the target's own unit.",
        formula: r"\frac{1}{n}\sum_{i=1}^{n}|y_i-p_i|",
        gaming: MEDIAN_IS_BEST,
        ..BLANK
    },
    laws(true, ANY),
    |y, p, _| (y - p).abs()
);

pointwise!(
    MSLE,
    About {
        name: "msle",
        title: "Mean squared logarithmic error",
        sentence: "The mean squared difference of ln(1 + value): relative rather than absolute errors count.",
        formula: r"\frac{1}{n}\sum_{i=1}^{n}\bigl(\ln(1+y_i)-\ln(1+p_i)\bigr)^2",
        edge_cases: &["Undefined when a truth or a prediction is negative."],
        gaming: LOG_GAMING,
        ..BLANK
    },
    laws(true, NOT_NEGATIVE),
    log_term,
    |mean, _| mean,
    |y, p, _| y >= 0.0 && p >= 0.0,
    LOG_SENTENCE
);

pointwise!(
    RMSLE,
    About {
        name: "rmsle",
        title: "Root mean squared logarithmic error",
        sentence: "The typical relative error: the root mean squared difference of ln(1 + value).",
        formula: r"\sqrt{\frac{1}{n}\sum_{i=1}^{n}\bigl(\ln(1+y_i)-\ln(1+p_i)\bigr)^2}",
        edge_cases: &["Undefined when a truth or a prediction is negative."],
        gaming: LOG_GAMING,
        ..BLANK
    },
    laws(true, NOT_NEGATIVE),
    log_term,
    |mean, _| mean.sqrt(),
    |y, p, _| y >= 0.0 && p >= 0.0,
    LOG_SENTENCE
);

const LOG_SENTENCE: &str =
    "The logarithm needs values of 0 or more, and this split has a negative truth or prediction.";
const LOG_GAMING: &str = "The best report is the mean of the logarithm, turned back: it lies below the mean, so forecasts that are best here fall short of the total.";

fn log_term(y: f64, p: f64, _: f64) -> f64 {
    let difference = y.ln_1p() - p.ln_1p();
    difference * difference
}

pointwise!(
    MAPE,
    About {
        name: "mape",
        title: "Mean absolute percentage error",
        sentence: "The mean error as a fraction of the truth (0.1 means ten per cent), or in per cent.",
        formula: r"\frac{1}{n}\sum_{i=1}^{n}\frac{|y_i-p_i|}{\max(|y_i|,\varepsilon)}",
        parameters: &[UNIT],
        edge_cases: &[
            "A fraction unless the parameter asks for per cent.",
            "A truth of 0 is replaced by 2.2e-16 in the denominator: one such row decides the score, so that no competition with one can be launched.",
        ],
        gaming: "Forecasting low pays: too low costs at most 1 a row, too high has no limit. On skewed targets the best report lies well below the median.",
        ..BLANK
    },
    laws(false, ANY),
    |y, p, _| (y - p).abs() / y.abs().max(f64::EPSILON),
    |mean, params| if params.text(UNIT.name) == Some(PERCENT) { 100.0 * mean } else { mean },
    |_, _, _| true,
    "",
    percentages_of_zero
);

fn percentages_of_zero(labels: &Rows<'_>) -> Option<Result<String, NoMeasure>> {
    let truths = labels.truths.iter().flat_map(Values::numbers);
    let n_zeros = truths.filter(|truth| **truth == 0.0).count();
    (n_zeros > 0).then(|| {
        Err(NoMeasure {
            reason: format!(
                "{n_zeros} of the true values are 0. No error is a percentage of 0: such rows alone decide the score."
            ),
            mend: "Choose a metric that takes no percentages, such as mae or rmsle, or mark these rows “Ignored”.",
        })
    })
}

const PERCENT: &str = "percent";
const UNIT: ParameterAbout = ParameterAbout {
    name: "unit",
    kind: Kind::Choice(&["fraction", PERCENT], "fraction"),
    description: "Whether an error of ten per cent counts 0.1 or 10.",
    is_main: false,
};

pointwise!(
    SMAPE,
    About {
        name: "smape",
        title: "Symmetric mean absolute percentage error",
        sentence: "The mean error as a percentage of the average of truth and prediction, from 0 to 200.",
        formula: r"\frac{100}{n}\sum_{i=1}^{n}\frac{2\,|y_i-p_i|}{|y_i|+|p_i|}",
        edge_cases: &[
            "0 against 0 costs nothing.",
            "A row whose truth is 0 costs 200 whatever else is predicted."
        ],
        gaming: "Not symmetric in absolute errors: forecasting too high costs less than too low by the same amount. Rows with a truth of 0 tell nothing.",
        ..BLANK
    },
    laws(true, ANY),
    smape_term,
    |mean, _| 100.0 * mean,
    |_, _, _| true,
    ""
);

/// Twice the difference over the sum of sizes; 0 against 0 is 0.
pub fn smape_term(y: f64, p: f64, _: f64) -> f64 {
    let size = y.abs() + p.abs();
    if size == 0.0 { 0.0 } else { 2.0 * (y - p).abs() / size }
}

pointwise!(
    MALE,
    About {
        name: "male",
        title: "Mean absolute logarithmic error",
        sentence: "The mean of |ln(prediction / truth)|: twice too high and half too low cost the same.",
        formula: r"\frac{1}{n}\sum_{i=1}^{n}\left|\ln\frac{p_i}{y_i}\right|",
        edge_cases: &["Undefined unless all truths and predictions are above 0."],
        gaming: MEDIAN_IS_BEST,
        ..BLANK
    },
    laws(true, &[Degenerate::NoRows, Degenerate::NegativeTruth, Degenerate::ZeroTruth]),
    |y, p, _| ln_ratio(p, y).abs(),
    |mean, _| mean,
    |y, p, _| y > 0.0 && p > 0.0,
    "The ratio needs values above 0, and this split has a truth or prediction that is not."
);

pointwise!(
    LOG_COSH,
    About {
        name: "log_cosh",
        title: "Log-cosh error",
        sentence: "Squared for small errors, absolute for large ones, smooth between.",
        formula: r"\frac{1}{n}\sum_{i=1}^{n}\ln\cosh(p_i-y_i)",
        edge_cases: &["Depends on the unit of the target."],
        gaming: "The best report lies between mean and median of what one believes.",
        ..BLANK
    },
    laws(true, ANY),
    |y, p, _| {
        let size = (p - y).abs();
        size + (-2.0 * size).exp().ln_1p() - std::f64::consts::LN_2
    }
);

pointwise!(
    HUBER,
    About {
        name: "huber",
        title: "Huber loss",
        parameters: &[ParameterAbout {
            name: "delta",
            kind: Kind::Number(1e-12, f64::INFINITY, 1.0),
            description: "Errors up to this size count squared, larger ones in proportion; in the target's unit.",
            is_main: true,
        }],
        sentence: "Squared for errors up to delta, absolute beyond.",
        formula: r"\frac{1}{n}\sum_{i=1}^{n}\begin{cases}\tfrac12 e_i^2&|e_i|\le\delta\\\delta(|e_i|-\tfrac12\delta)&\text{else}\end{cases}",
        edge_cases: &["Depends on the unit of the target through delta."],
        gaming: "The best report lies between mean and median of what one believes.",
        ..BLANK
    },
    laws(true, ANY),
    |y, p, delta| {
        let size = (y - p).abs();
        if size <= delta { 0.5 * size * size } else { delta * (size - 0.5 * delta) }
    }
);

pointwise!(
    PINBALL,
    About {
        name: "pinball",
        title: "Pinball (quantile) loss",
        parameters: &[ParameterAbout {
            name: "quantile",
            kind: Kind::Number(0.0, 1.0, 0.9),
            description: "The quantile that is asked for, from 0 to 1.",
            is_main: true,
        }],
        sentence: "Rewards forecasts of one quantile: at 0.9, forecasting too low costs nine times as much as too high.",
        formula: r"\frac{1}{n}\sum_{i=1}^{n}\max\bigl(q\,e_i,(q-1)\,e_i\bigr),\quad e_i=y_i-p_i",
        gaming: "Honest: the best report is the declared quantile of what one believes.",
        ..BLANK
    },
    laws(false, ANY),
    |y, p, quantile| {
        let error = y - p;
        (quantile * error).max((quantile - 1.0) * error)
    }
);

pointwise!(
    MEAN_BIAS,
    About {
        name: "mean_bias",
        title: "Mean bias",
        best: None,
        sentence: "The mean of prediction minus truth; a diagnostic, best at 0 from either side.",
        formula: r"\frac{1}{n}\sum_{i=1}^{n}(p_i-y_i)",
        edge_cases: &["No score to rank by: the lowest value is not the best."],
        gaming: "As a score it is won by the lowest predictions; use it to look, not to rank.",
        ..BLANK
    },
    laws(false, ANY),
    |y, p, _| p - y
);

const DEVIANCE_GAMING: &str = "Honest: the best report is the mean of what one believes.";

pointwise!(
    POISSON,
    About {
        name: "poisson_deviance",
        title: "Mean Poisson deviance",
        sentence: "For counts: how unlikely the truth is under a Poisson distribution with the predicted mean.",
        formula: r"\frac{2}{n}\sum_{i=1}^{n}\left(y_i\ln\frac{y_i}{p_i}-y_i+p_i\right)",
        edge_cases: &["Undefined unless truths are 0 or more and predictions above 0."],
        gaming: DEVIANCE_GAMING,
        ..BLANK
    },
    laws(false, NOT_NEGATIVE),
    |y, p, _| deviance(y, p, 1.0),
    |mean, _| mean,
    |y, p, _| y >= 0.0 && p > 0.0,
    "Poisson deviance needs truths of 0 or more and predictions above 0, and this split has others."
);

pointwise!(
    GAMMA,
    About {
        name: "gamma_deviance",
        title: "Mean gamma deviance",
        sentence: "For positive amounts: relative errors count, whatever the size of the amount.",
        formula: r"\frac{2}{n}\sum_{i=1}^{n}\left(\ln\frac{p_i}{y_i}+\frac{y_i}{p_i}-1\right)",
        edge_cases: &["Undefined unless all truths and predictions are above 0."],
        gaming: DEVIANCE_GAMING,
        ..BLANK
    },
    laws(false, &[Degenerate::NoRows, Degenerate::NegativeTruth, Degenerate::ZeroTruth]),
    |y, p, _| deviance(y, p, 2.0),
    |mean, _| mean,
    |y, p, _| y > 0.0 && p > 0.0,
    "Gamma deviance needs truths and predictions above 0, and this split has others."
);

pointwise!(
    TWEEDIE,
    About {
        name: "tweedie",
        title: "Mean Tweedie deviance",
        parameters: &[ParameterAbout {
            name: "power",
            kind: Kind::Number(1.0, 3.0, 1.5),
            description: "1 is Poisson, 2 gamma, 3 inverse Gaussian; in between, amounts with many zeros.",
            is_main: true,
        }],
        sentence: "For amounts with many zeros, such as insurance claims: between Poisson and gamma deviance.",
        formula: r"\frac{2}{n}\sum_{i=1}^{n}\left(\frac{y_i^{2-q}}{(1-q)(2-q)}-\frac{y_i\,p_i^{1-q}}{1-q}+\frac{p_i^{2-q}}{2-q}\right)",
        edge_cases: &[
            "Undefined unless predictions are above 0 and truths 0 or more (above 0 from a power of 2 on).",
        ],
        gaming: DEVIANCE_GAMING,
        ..BLANK
    },
    laws(false, NOT_NEGATIVE),
    deviance,
    |mean, _| mean,
    |y, p, q| p > 0.0 && (y > 0.0 || (y == 0.0 && q < 2.0)),
    "Tweedie deviance needs predictions above 0, and truths of 0 or more (above 0 from a power of 2 on); this split has others."
);

/// The deviance of one row; 1 is Poisson's power, 2 gamma's.
fn deviance(y: f64, p: f64, power: f64) -> f64 {
    let relative = (y - p) / p;
    if relative.abs() <= CLOSE {
        return 2.0 * p.powf(2.0 - power) * close_deviance(relative, power);
    }
    match power {
        1.0 => 2.0 * (x_log_ratio(y, p) - y + p),
        2.0 => 2.0 * (ln_ratio(p, y) + y / p - 1.0),
        q => {
            2.0 * (y.powf(2.0 - q) / ((1.0 - q) * (2.0 - q)) - y * p.powf(1.0 - q) / (1.0 - q)
                + p.powf(2.0 - q) / (2.0 - q))
        }
    }
}

/// Up to this relative difference of truth and prediction the closed forms, small differences of large
/// terms, lose digits that the series keeps.
const CLOSE: f64 = 0.1;
const N_CLOSE_TERMS: u32 = 20;

/// Half the deviance of 1 + r from 1, by Taylor's series: its second derivative is (1 + r)^-power.
fn close_deviance(r: f64, power: f64) -> f64 {
    let (mut sum, mut coefficient, mut r_to_k) = (0.0, 1.0, r * r);
    for k in (2..2 + N_CLOSE_TERMS).map(f64::from) {
        sum += coefficient * r_to_k / (k * (k - 1.0));
        coefficient *= -(power + k - 2.0) / (k - 1.0);
        r_to_k *= r;
    }
    sum
}

/// y ln(y / p), 0 at y = 0.
fn x_log_ratio(y: f64, p: f64) -> f64 {
    if y == 0.0 { 0.0 } else { y * ln_ratio(y, p) }
}

/// ln(a / b), also where the ratio is no normal number.
fn ln_ratio(a: f64, b: f64) -> f64 {
    let ratio = a / b;
    if ratio.is_normal() { ratio.ln() } else { a.ln() - b.ln() }
}
