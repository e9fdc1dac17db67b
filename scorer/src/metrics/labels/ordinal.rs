//! Whole-number ratings: agreement where near misses cost less than far ones.

use holdout_contract::spec::{Direction, Task};

use crate::judge::Context;
use crate::kernels::{order_key, sum};
use crate::metrics::about::{About, Kind, ParameterAbout, fields};
use crate::metrics::{Degenerate, Laws, Metric, Params, Rows, Undefined};

/// The observed and the expected penalty of truths and predictions.
type Penalties = fn(&Rows<'_>, &[f64], &[f64]) -> Result<(f64, f64), Undefined>;

/// A kappa whose penalty grows with the distance of ratings.
pub struct WeightedKappa {
    about: About,
    penalties: Penalties,
}

impl Metric for WeightedKappa {
    fn about(&self) -> &About {
        &self.about
    }

    fn laws(&self) -> Laws {
        Laws { is_symmetric: true, has_weights: true, undefined_on: &[Degenerate::NoRows] }
    }

    fn fits(&self, params: &Params, context: &Context) -> Result<(), String> {
        match rating_range(params, context) {
            Some((low, high)) if low > high => {
                Err(format!("The lowest rating, {low}, is above the highest, {high}."))
            }
            _ => Ok(()),
        }
    }

    fn score(&self, rows: &Rows<'_>, _params: &Params) -> Result<f64, Undefined> {
        rows.positive_weight()?;
        let (y, p) = rows.numbers();
        let (observed, expected) = (self.penalties)(rows, y, p)?;
        if y.iter().chain(p).all(|rating| *rating == y[0]) {
            return Err(Undefined::because(
                "Truth and predictions of this split are all one and the same rating.",
            ));
        }
        Ok(1.0 - observed / expected)
    }
}

const LOWEST: ParameterAbout = ParameterAbout {
    name: "lowest_rating",
    kind: Kind::OptionalInteger(-1_000_000, 1_000_000),
    description: "The lowest rating there is; unset: as the competition's “rating_range” says, or any.",
    is_main: false,
};
const HIGHEST: ParameterAbout = ParameterAbout {
    name: "highest_rating",
    description: "The highest rating there is; unset: as the competition's “rating_range” says, or any.",
    ..LOWEST
};

/// The lowest and the highest rating, where parameters or competition say so.
pub(crate) fn rating_range(params: &Params, context: &Context) -> Option<(i64, i64)> {
    let bound = |parameter: ParameterAbout| params.optional_number(parameter.name).map(|bound| bound as i64);
    match (bound(LOWEST), bound(HIGHEST)) {
        (None, None) => context.rating_range(),
        (low, high) => Some((low.unwrap_or(i64::MIN), high.unwrap_or(i64::MAX))),
    }
}

const BLANK: About = About {
    name: "",
    title: "",
    task: Task::Ordinal,
    direction: Direction::HigherIsBetter,
    best: Some(1.0),
    layout: fields::RATINGS,
    parameters: &[LOWEST, HIGHEST],
    sentence: "",
    formula: "",
    edge_cases: &[
        "Ratings are whole numbers; where the parameters or the competition name a range, others are refused.",
        "The range changes no score: distances count, and ratings that nobody gives have no weight.",
        "Undefined when truth and predictions are all one and the same rating.",
    ],
    gaming: "The best report depends on all rows at once: spreading predictions as widely as the truth is pays, so thresholds are tuned rather than models.",
};

pub static QWK: WeightedKappa = WeightedKappa {
    about: About {
        name: "qwk",
        title: "Quadratic weighted kappa",
        sentence: "Agreement of ratings beyond chance, where a miss costs the square of its distance.",
        formula: r"1-\frac{\sum_{i}(y_i-p_i)^2}{\frac1n\sum_{i}\sum_{j}(y_i-p_j)^2}",
        ..BLANK
    },
    penalties: |rows, y, p| {
        let (mean_y, mean_p) = (rows.mean(|at| y[at])?, rows.mean(|at| p[at])?);
        let spread_y = rows.mean(|at| (y[at] - mean_y).powi(2))?;
        let spread_p = rows.mean(|at| (p[at] - mean_p).powi(2))?;
        let observed = rows.mean(|at| (y[at] - p[at]).powi(2))?;
        Ok((observed, spread_y + spread_p + (mean_y - mean_p).powi(2)))
    },
};

pub static LWK: WeightedKappa = WeightedKappa {
    about: About {
        name: "lwk",
        title: "Linear weighted kappa",
        sentence: "Agreement of ratings beyond chance, where a miss costs its distance.",
        formula: r"1-\frac{\sum_{i}|y_i-p_i|}{\frac1n\sum_{i}\sum_{j}|y_i-p_j|}",
        ..BLANK
    },
    penalties: |rows, y, p| {
        let observed = rows.mean(|at| (y[at] - p[at]).abs())?;
        Ok((observed, expected_distance(rows, y, p)))
    },
};

/// The mean distance of a random truth and a random prediction: between neighbouring values, every
/// pair with one end on either side crosses the gap.
fn expected_distance(rows: &Rows<'_>, y: &[f64], p: &[f64]) -> f64 {
    let n = rows.len();
    let value = |at: usize| if at < n { y[at] } else { p[at - n] };
    let mut order: Vec<usize> = (0..2 * n).collect();
    order.sort_unstable_by_key(|at| (order_key(value(*at)), *at));
    let total = rows.total_weight();
    let (mut below_y, mut below_p) = (0.0, 0.0);
    let mut gaps = Vec::new();
    for pair in order.windows(2) {
        let (this, next) = (pair[0], pair[1]);
        let side = if this < n { &mut below_y } else { &mut below_p };
        *side += rows.weight(this % n) / total;
        let gap = value(next) - value(this);
        if gap > 0.0 {
            gaps.push(gap * (below_y * (1.0 - below_p) + below_p * (1.0 - below_y)));
        }
    }
    sum(gaps.len(), |at| gaps[at])
}
