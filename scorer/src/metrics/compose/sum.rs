//! A weighted sum of metrics of the catalogue. The score is the plain sum of weight times value, so
//! that anyone can recompute it; a part whose direction is not the sum's must say so by a negative
//! weight.

use std::ops::RangeInclusive;

use holdout_contract::spec::{Direction, Task};
use serde_json::{Map, Value};

use super::PartScore;
use super::parts::{self, FOR_ALL_PARTS, Part};
use crate::metrics::about::{About, Kind, ParameterAbout, fields};
use crate::metrics::{Degenerate, Files, Laws, Metric, Params, PartScores, Rows, ScoresTogether, Undefined};

const N_PARTS: RangeInclusive<usize> = 1..=10;

/// Checks the parts against each other and against the sum's direction.
pub(super) fn check(direction: Direction, parts: &[Part]) -> Result<(), String> {
    for part in parts {
        let is_turned = part.metric.about().direction != direction;
        if is_turned != (part.weight < 0.0) {
            return Err(wrong_sign(part, direction, is_turned));
        }
    }
    parts::check(parts, &N_PARTS)
}

fn wrong_sign(part: &Part, direction: Direction, is_turned: bool) -> String {
    let better = |direction: Direction| if direction.higher_is_better() { "higher" } else { "lower" };
    let sign = if is_turned { "negative" } else { "positive" };
    format!(
        "{} is better when {}, the sum when {}: its weight must be {sign}, {} instead of {}.",
        part.name,
        better(part.metric.about().direction),
        better(direction),
        -part.weight,
        part.weight
    )
}

/// The sum as a metric, in one direction.
pub struct WeightedSum {
    about: About,
    laws: Laws,
    /// Metrics and weights that examples and tests sum up.
    sample: &'static [(&'static str, f64)],
}

impl Metric for WeightedSum {
    fn about(&self) -> &About {
        &self.about
    }

    fn laws(&self) -> Laws {
        self.laws
    }

    fn sample_params(&self) -> Map<String, Value> {
        parts::sample(self.sample)
    }

    fn score(&self, rows: &Rows<'_>, params: &Params) -> Result<f64, Undefined> {
        let parts = parts::read(params).map_err(Undefined::because)?;
        weighted_sum(&parts::scores(&parts, rows)?)
    }

    fn together(&self) -> Option<&dyn ScoresTogether> {
        Some(self)
    }
}

impl ScoresTogether for WeightedSum {
    fn score_files(&self, files: &Files<'_>) -> Vec<PartScores> {
        parts::score_files(files, weighted_sum)
    }
}

fn weighted_sum(parts: &[PartScore]) -> Result<f64, Undefined> {
    Ok(parts.iter().map(|part| part.weight * part.score).sum())
}

const PARAMETERS: &[ParameterAbout] = &[
    ParameterAbout {
        name: "parts",
        kind: Kind::Parts,
        description: "The metrics of the sum, 1 to 10, each with its weight; a part may have parameters and a target column of its own.",
        is_main: false,
    },
    FOR_ALL_PARTS[0],
    FOR_ALL_PARTS[1],
];

const BLANK: About = About {
    name: "",
    title: "",
    task: Task::Composite,
    direction: Direction::HigherIsBetter,
    best: None,
    layout: fields::Fields::Named { solution: &[], submission: &[] },
    parameters: PARAMETERS,
    sentence: "",
    formula: r"\sum_k w_k\,s_k",
    edge_cases: &[
        "A part whose direction is not the sum's needs a negative weight; any other sign is refused.",
        "Weights are taken as they are, not divided by their sum.",
        "Undefined when a part is undefined.",
    ],
    gaming: "The part whose values spread most decides the ranking, whatever its weight says; compare the spread of real submissions before trusting the weights. Whatever games a part games the sum.",
};

const LAWS: Laws = Laws {
    is_symmetric: false,
    has_weights: true,
    undefined_on: &[Degenerate::NoRows, Degenerate::NoPositives],
};

pub static WEIGHTED: WeightedSum = WeightedSum {
    about: About {
        name: "weighted_sum",
        title: "Weighted sum, higher is better",
        sentence: "Several metrics of this catalogue, each times its weight, added up.",
        ..BLANK
    },
    laws: LAWS,
    sample: &[("roc_auc", 0.75), ("log_loss", -0.25)],
};

pub static LOWER: WeightedSum = WeightedSum {
    about: About {
        name: "weighted_sum_of_losses",
        title: "Weighted sum, lower is better",
        direction: Direction::LowerIsBetter,
        sentence: "Several losses of this catalogue, each times its weight, added up.",
        ..BLANK
    },
    laws: Laws { is_symmetric: true, undefined_on: &[Degenerate::NoRows], ..LAWS },
    sample: &[("rmse", 0.5), ("mae", 0.5)],
};
