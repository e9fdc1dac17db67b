//! A metric of one column, averaged over several columns; and distances on the globe.

use holdout_contract::rejection::RejectionKind;
use holdout_contract::spec::{Cell, Direction, Task};

use super::about::{About, CLIP, Kind, ParameterAbout, fields};
use super::binary::{curve, loss};
use super::regression::{association, pointwise, ratio};
use super::{
    Degenerate, Draws, Files, Laws, Metric, Params, PartScores, Rows, ScoresPerRow, ScoresTogether,
    SumsTogether, Undefined, Values,
};
use crate::misfit::Misfits;

/// The mean of an inner metric over columns.
pub struct Columnwise {
    about: About,
    inner: &'static dyn Metric,
    prediction: Cell,
}

const SKIP: &str = "skip";

const ONE_CLASS_COLUMNS: ParameterAbout = ParameterAbout {
    name: "one_class_columns",
    kind: Kind::Choice(&["refuse", SKIP], "refuse"),
    description: "What a column does whose rows of the split are all positive, or all negative: it leaves the whole score undefined, or is left out of the average.",
    is_main: false,
};

/// Whether columns without a score are left out of the average.
pub(crate) fn skips(params: &Params) -> bool {
    params.text(ONE_CLASS_COLUMNS.name) == Some(SKIP)
}

/// The mean of the scores of columns.
fn averaged(scores: impl Iterator<Item = Result<f64, Undefined>>, params: &Params) -> Result<f64, Undefined> {
    let skips = skips(params);
    let (mut total, mut n_columns) = (0.0, 0);
    for score in scores {
        if skips && score.is_err() {
            continue;
        }
        total += score?;
        n_columns += 1;
    }
    match n_columns {
        0 => Err(Undefined::because("No column of this split has a score, so there is none to average.")),
        _ => Ok(total / f64::from(n_columns)),
    }
}

impl Metric for Columnwise {
    fn about(&self) -> &About {
        &self.about
    }

    fn laws(&self) -> Laws {
        self.inner.laws()
    }

    fn prediction_cell(&self) -> Cell {
        self.prediction
    }

    fn score(&self, rows: &Rows<'_>, params: &Params) -> Result<f64, Undefined> {
        let scores = (0..rows.truths.len()).map(|at| self.inner.score(&of_column(rows, at), params));
        averaged(scores, params)
    }

    fn scores_of_draws(&self, rows: &Rows<'_>, params: &Params, draws: &Draws<'_>) -> Option<Vec<f64>> {
        let of_column = |at| {
            let column = of_column(rows, at);
            match self.inner.per_row().filter(|_| self.laws().has_weights) {
                Some(per_row) => Some(per_row.scores_of_row_draws(&column, params, draws)),
                None => self.inner.scores_of_draws(&column, params, draws),
            }
        };
        let columns = (0..rows.truths.len()).map(of_column).collect::<Option<Vec<Vec<f64>>>>()?;
        let of_draw = |draw: usize| {
            let scores = columns.iter().map(|scores| super::finite(scores[draw]));
            averaged(scores, params).unwrap_or(f64::NAN)
        };
        Some((0..draws.n_draws()).map(of_draw).collect())
    }

    fn together(&self) -> Option<&dyn ScoresTogether> {
        self.inner.together().map(|_| self as &dyn ScoresTogether)
    }
}

impl ScoresTogether for Columnwise {
    fn score_files(&self, files: &Files<'_>) -> Vec<PartScores> {
        let (Some(first), Some(inner)) = (files.rows.first(), self.inner.together()) else {
            return Vec::new();
        };
        let of_column = |at| {
            let rows: Vec<Rows<'_>> = files.rows.iter().map(|rows| of_column(rows, at)).collect();
            inner.score_files(&Files { rows: &rows, ..*files })
        };
        let columns: Vec<Vec<PartScores>> = (0..first.truths.len()).map(of_column).collect();
        let of_part = |file: usize, part: usize| {
            averaged(columns.iter().map(|column| column[file][part].clone()), files.params)
        };
        let of_file = |file| (0..files.parts.len()).map(|part| of_part(file, part)).collect();
        (0..files.rows.len()).map(of_file).collect()
    }
}

fn of_column<'a>(rows: &Rows<'a>, at: usize) -> Rows<'a> {
    Rows { truths: &rows.truths[at..=at], predictions: &rows.predictions[at..=at], ..*rows }
}

const BLANK: About = About {
    name: "",
    title: "",
    task: Task::Regression,
    direction: Direction::LowerIsBetter,
    best: Some(0.0),
    layout: fields::Fields::TargetColumns(Cell::Number),
    parameters: &[],
    sentence: "",
    formula: "",
    edge_cases: &["Undefined when it is undefined for one column."],
    gaming: "Columns with a large scale decide unless all have the same unit.",
};

pub static MCRMSE: Columnwise = Columnwise {
    about: About {
        name: "mcrmse",
        title: "Mean column-wise RMSE",
        sentence: "The root mean squared error of every column, averaged.",
        formula: r"\frac1C\sum_{c}\mathrm{RMSE}_c",
        ..BLANK
    },
    inner: &pointwise::RMSE,
    prediction: Cell::Number,
};

pub static MCMAE: Columnwise = Columnwise {
    about: About {
        name: "mcmae",
        title: "Mean column-wise MAE",
        sentence: "The mean absolute error of every column, averaged.",
        formula: r"\frac1C\sum_{c}\mathrm{MAE}_c",
        ..BLANK
    },
    inner: &pointwise::MAE,
    prediction: Cell::Number,
};

pub static MC_RMSLE: Columnwise = Columnwise {
    about: About {
        name: "mc_rmsle",
        title: "Mean column-wise RMSLE",
        sentence: "The root mean squared logarithmic error of every column, averaged.",
        formula: r"\frac1C\sum_{c}\mathrm{RMSLE}_c",
        gaming: "Forecasts that are best here fall short of the total.",
        ..BLANK
    },
    inner: &pointwise::RMSLE,
    prediction: Cell::Number,
};

pub static R2_UNIFORM: Columnwise = Columnwise {
    about: About {
        name: "r2_uniform",
        title: "Mean column-wise R²",
        direction: Direction::HigherIsBetter,
        best: Some(1.0),
        sentence: "The explained share of the spread of every column, averaged.",
        formula: r"\frac1C\sum_{c}R^2_c",
        gaming: "Columns with little spread can drag the mean far below 0.",
        ..BLANK
    },
    inner: &ratio::R2,
    prediction: Cell::Number,
};

pub static MC_SPEARMAN: Columnwise = Columnwise {
    about: About {
        name: "mc_spearman",
        title: "Mean column-wise Spearman correlation",
        direction: Direction::HigherIsBetter,
        best: Some(1.0),
        sentence: "How well every column's rows are put in order, averaged.",
        formula: r"\frac1C\sum_{c}\rho_c",
        gaming: "Only the order counts.",
        ..BLANK
    },
    inner: &association::SPEARMAN,
    prediction: Cell::Number,
};

pub static MC_LOG_LOSS: Columnwise = Columnwise {
    about: About {
        name: "mc_log_loss",
        title: "Mean column-wise log loss",
        task: Task::Multilabel,
        layout: fields::Fields::TargetColumns(Cell::Binary),
        sentence: "The log loss of every 0/1 column, averaged.",
        formula: r"\frac1C\sum_{c}\mathrm{LogLoss}_c",
        parameters: &[CLIP],
        edge_cases: &[
            "Probabilities are kept inside [clip, 1 - clip]; the clip is 1e-15 unless the host sets another.",
        ],
        gaming: "Honest: the best report is the probability one believes.",
        ..BLANK
    },
    inner: &loss::LOG_LOSS,
    prediction: Cell::Probability,
};

pub static MC_AUC: Columnwise = Columnwise {
    about: About {
        name: "mc_auc",
        title: "Mean column-wise ROC AUC of tags",
        task: Task::Multilabel,
        direction: Direction::HigherIsBetter,
        best: Some(1.0),
        layout: fields::Fields::TargetColumns(Cell::Binary),
        sentence: "The area under the ROC curve of every 0/1 column, averaged.",
        formula: r"\frac1C\sum_{c}\mathrm{AUC}_c",
        parameters: &[ONE_CLASS_COLUMNS],
        edge_cases: &[
            "Undefined when a column of the split has one class only, unless such columns are left out; then it is undefined when all have.",
        ],
        gaming: "Only the order within a column counts.",
    },
    inner: &curve::ROC_AUC,
    prediction: Cell::Number,
};

/// The mean great-circle distance.
pub struct Haversine;

pub static HAVERSINE: Haversine = Haversine;

const EARTH_RADIUS_KM: f64 = 6371.0088;
const PLACE: &[(&str, Cell)] = &[("latitude", Cell::Number), ("longitude", Cell::Number)];

impl Metric for Haversine {
    fn about(&self) -> &About {
        const ABOUT: About = About {
            name: "haversine_km",
            title: "Mean great-circle distance",
            layout: fields::Fields::Named { solution: PLACE, submission: PLACE },
            sentence: "The mean distance over the globe between predicted and true place, in kilometres.",
            formula: r"\frac1n\sum_i 2R\arcsin\sqrt{\sin^2\tfrac{\Delta\varphi}{2}+\cos\varphi_y\cos\varphi_p\sin^2\tfrac{\Delta\lambda}{2}}",
            edge_cases: &[
                "A sphere of radius 6371.0088 km; longitudes wrap around.",
                "Degrees. A file with a latitude that is not between -90 and 90 is refused.",
            ],
            gaming: "The best report is the point with the smallest mean distance to all places one thinks possible.",
            ..BLANK
        };
        &ABOUT
    }

    fn laws(&self) -> Laws {
        Laws { is_symmetric: true, has_weights: true, undefined_on: &[Degenerate::NoRows] }
    }

    fn perfect(&self, truths: &[&[f64]], _params: &Params) -> Option<Vec<Vec<f64>>> {
        Some(truths.iter().map(|column| column.to_vec()).collect())
    }

    fn misfits(&self, _: &[Values<'_>], predictions: &[Values<'_>], _: &Params) -> Option<Misfits> {
        let latitudes = predictions[0].numbers();
        let what = "which is no latitude between -90 and 90 degrees";
        Misfits::among(latitudes.len(), |at| latitudes[at].abs() > 90.0, 0, RejectionKind::OutOfRange, what)
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

impl SumsTogether for Haversine {
    type Found = f64;

    fn find(&self, rows: &Rows<'_>, _: &Params) -> Vec<f64> {
        let degrees = |values: &[Values<'_>], row: usize| [0, 1].map(|at| values[at].numbers()[row]);
        rows.each(|row| EARTH_RADIUS_KM * angle(degrees(rows.truths, row), degrees(rows.predictions, row)))
    }

    fn term(&self, distance: &f64, _: usize) -> f64 {
        *distance
    }

    fn of_sums(
        &self,
        rows: &Rows<'_>,
        distances: &[f64],
        _: &Params,
        sum: impl Fn(usize) -> f64,
    ) -> Result<f64, Undefined> {
        let latitudes = rows.truths[0].numbers().iter().chain(rows.predictions[0].numbers());
        if latitudes.into_iter().any(|latitude| latitude.abs() > 90.0) {
            return Err(Undefined::because("A latitude of this split is not between -90 and 90 degrees."));
        }
        rows.mean_of(|| sum(0), |at| distances[at])
    }
}

/// The angle at the centre of the globe between two places, each as latitude and longitude in degrees.
/// From its half's sine and cosine together: exact for neighbours and for opposite ends of the globe.
fn angle([lat_y, lon_y]: [f64; 2], [lat_p, lon_p]: [f64; 2]) -> f64 {
    let half = |degrees: f64| (degrees / 2.0).to_radians().sin_cos();
    let ((apart_lat, _), (sum_lat, _)) = (half(lat_p - lat_y), half(lat_p + lat_y));
    let (apart_lon, facing_lon) = half((lon_p - lon_y) % 360.0);
    let cosines = (lat_y.to_radians().cos() * lat_p.to_radians().cos()).max(0.0);
    let near = apart_lat.powi(2) + cosines * apart_lon.powi(2);
    let far = sum_lat.powi(2) + cosines * facing_lon.powi(2);
    2.0 * near.sqrt().atan2(far.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// mpmath 1.3.0, the formula of haversines with 40 digits.
    #[test]
    fn distances_of_neighbours_and_of_opposite_places() {
        for (a, b, kilometres) in [
            ([0.0, 360.0], [6.774581498584264e-07, 180.0], 20015.11436670591),
            ([14.476431457383285, -180.0], [14.476430648889263, 180.0], 8.990055763942508e-05),
            ([47.4, 8.5], [47.4, 8.500000001], 7.526528398449086e-08),
            ([-90.0, 12.0], [0.0, -725.5], 10007.557221017962),
            ([48.5, 2.25], [-48.5, -177.75], 20015.114442035923),
        ] {
            let found = EARTH_RADIUS_KM * angle(a, b);
            assert!((found - kilometres).abs() <= 1e-12 * kilometres, "{a:?} {b:?}: {found}");
        }
    }
}
