//! Numbers against numbers, one term a row: means of a loss, and functions of such means.

use holdout_contract::spec::{Direction, Task};

use super::about::{About, fields};
use super::{Degenerate, Laws, Metric, Params, Rows, Undefined};

/// A loss averaged over rows, then finished (a root, a scale).
pub struct Pointwise {
    about: About,
    laws: Laws,
    check: fn(&Rows<'_>) -> Result<(), Undefined>,
    term: fn(f64, f64, &Params) -> f64,
    finish: fn(f64) -> f64,
}

impl Metric for Pointwise {
    fn about(&self) -> &About {
        &self.about
    }

    fn laws(&self) -> Laws {
        self.laws
    }

    fn score(&self, rows: &Rows<'_>, params: &Params) -> Result<f64, Undefined> {
        (self.check)(rows)?;
        let (truth, prediction) = rows.numbers();
        let mean = rows.mean(|at| (self.term)(truth[at], prediction[at], params))?;
        Ok((self.finish)(mean))
    }
}

const SYMMETRIC: Laws = Laws { is_symmetric: true, has_weights: true, undefined_on: &[Degenerate::NoRows] };

fn anything(_: &Rows<'_>) -> Result<(), Undefined> {
    Ok(())
}

pub static RMSE: Pointwise = Pointwise {
    about: About {
        name: "rmse",
        title: "Root mean squared error",
        task: Task::Regression,
        direction: Direction::LowerIsBetter,
        best: Some(0.0),
        layout: fields::NUMBERS,
        parameters: &[],
        sentence: "The typical size of an error, in the target's own unit; large errors weigh more than their share.",
        formula: r"\sqrt{\frac{1}{n}\sum_{i=1}^{n}(y_i-p_i)^2}",
        edge_cases: &[],
        gaming: "The best report is the mean of what one believes, so honest forecasts are rewarded. A few rows with very large targets can decide the ranking.",
    },
    laws: SYMMETRIC,
    check: anything,
    term: |y, p, _| (y - p) * (y - p),
    finish: f64::sqrt,
};
