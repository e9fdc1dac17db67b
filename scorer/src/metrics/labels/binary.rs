//! Metrics of the positive class: F scores, precision, recall, Jaccard.

use holdout_contract::spec::{Direction, Layout, Task};

use super::single::{THRESHOLD, layout, margins, share};
use super::slopes::Slopes;
use crate::influence::gradient;
use crate::metrics::about::{About, BETA, ParameterAbout, fields};
use crate::metrics::{Degenerate, Laws, Metric, Params, Rows, Undefined};
use holdout_contract::spec::Cell;

/// Counts of the positive class.
struct Counts {
    hit: f64,
    false_alarm: f64,
    missed: f64,
}

/// A ratio of the positive class's counts.
pub struct PositiveClass {
    about: About,
    laws: Laws,
    /// Of the counts, and of beta where the metric has it.
    compute: fn(&Counts, f64) -> f64,
}

impl PositiveClass {
    fn of_counts(&self, counts: &Counts, params: &Params) -> f64 {
        (self.compute)(counts, params.optional_number(BETA.name).unwrap_or(1.0))
    }
}

impl Metric for PositiveClass {
    fn about(&self) -> &About {
        &self.about
    }

    fn laws(&self) -> Laws {
        self.laws
    }

    fn layout(&self, params: &Params) -> Layout {
        layout(&self.about, params)
    }

    fn score(&self, rows: &Rows<'_>, params: &Params) -> Result<f64, Undefined> {
        let margins = margins(rows, params)?;
        let hit = margins.matched[1];
        let counts = Counts { hit, false_alarm: margins.predicted[1] - hit, missed: margins.truth[1] - hit };
        Ok(self.of_counts(&counts, params))
    }

    fn influence(&self, rows: &Rows<'_>, params: &Params) -> Option<Vec<f64>> {
        let margins = margins(rows, params).ok()?;
        let hit = margins.matched[1];
        let counts = [hit, margins.predicted[1] - hit, margins.truth[1] - hit];
        let score = |counts: &[f64]| {
            let counts = Counts { hit: counts[0], false_alarm: counts[1], missed: counts[2] };
            Some(self.of_counts(&counts, params))
        };
        let found = gradient(&counts, &counts, score)?;
        let mut slopes = Slopes::none(2);
        slopes.predicted[1] = found[1];
        slopes.truth[1] = found[2];
        slopes.matched[1] = found[0] - found[1] - found[2];
        Some(slopes.influence(rows, params))
    }
}

const LAWS: Laws = Laws { is_symmetric: false, has_weights: true, undefined_on: &[Degenerate::NoRows] };

const BLANK: About = About {
    name: "",
    title: "",
    task: Task::Labels,
    direction: Direction::HigherIsBetter,
    best: Some(1.0),
    layout: fields::Fields::Target { solution: Cell::Binary, submission: Cell::Binary },
    parameters: &[THRESHOLD],
    sentence: "",
    formula: "",
    edge_cases: &["0/0 counts as 0."],
    gaming: F_GAMING,
};

const F_GAMING: &str = "The best threshold lies at about half of the best score, below 0.5: predicting more positives than one believes pays. Swapping the classes changes the score.";

fn f_beta(counts: &Counts, beta: f64) -> f64 {
    let square = beta * beta;
    share(
        (1.0 + square) * counts.hit,
        (1.0 + square) * counts.hit + square * counts.missed + counts.false_alarm,
    )
}

pub static F1: PositiveClass = PositiveClass {
    about: About {
        name: "f1",
        title: "F1",
        sentence: "The harmonic mean of precision and recall of the positive class.",
        formula: r"\frac{2\,TP}{2\,TP+FP+FN}",
        ..BLANK
    },
    laws: Laws { is_symmetric: true, ..LAWS },
    compute: f_beta,
};

pub static F2: PositiveClass = PositiveClass {
    about: About {
        name: "f2",
        title: "F2",
        sentence: "As F1, with recall counting twice as much as precision.",
        formula: r"\frac{5\,TP}{5\,TP+FP+4\,FN}",
        ..BLANK
    },
    laws: LAWS,
    compute: |counts, _| f_beta(counts, 2.0),
};

pub static F_HALF: PositiveClass = PositiveClass {
    about: About {
        name: "f0.5",
        title: "F0.5",
        sentence: "As F1, with precision counting twice as much as recall.",
        formula: r"\frac{1.25\,TP}{1.25\,TP+FP+0.25\,FN}",
        ..BLANK
    },
    laws: LAWS,
    compute: |counts, _| f_beta(counts, 0.5),
};

pub static F_BETA: PositiveClass = PositiveClass {
    about: About {
        name: "fbeta",
        title: "F-beta",
        parameters: &[BETA, ParameterAbout { is_main: false, ..THRESHOLD }],
        sentence: "As F1, with recall counting beta times as much as precision.",
        formula: r"\frac{(1+\beta^2)\,TP}{(1+\beta^2)\,TP+FP+\beta^2\,FN}",
        ..BLANK
    },
    laws: LAWS,
    compute: f_beta,
};

pub static PRECISION: PositiveClass = PositiveClass {
    about: About {
        name: "precision",
        title: "Precision",
        sentence: "Of the rows predicted positive, the share that is.",
        formula: r"\frac{TP}{TP+FP}",
        gaming: "Predicting a single sure row as positive gives 1.",
        ..BLANK
    },
    laws: LAWS,
    compute: |counts, _| share(counts.hit, counts.hit + counts.false_alarm),
};

pub static RECALL: PositiveClass = PositiveClass {
    about: About {
        name: "recall",
        title: "Recall",
        sentence: "Of the positive rows, the share that is found.",
        formula: r"\frac{TP}{TP+FN}",
        gaming: "Predicting every row as positive gives 1.",
        ..BLANK
    },
    laws: LAWS,
    compute: |counts, _| share(counts.hit, counts.hit + counts.missed),
};

pub static JACCARD: PositiveClass = PositiveClass {
    about: About {
        name: "jaccard",
        title: "Jaccard index",
        sentence: "The overlap of predicted and true positive rows.",
        formula: r"\frac{TP}{TP+FP+FN}",
        ..BLANK
    },
    laws: Laws { is_symmetric: true, ..LAWS },
    compute: |counts, _| share(counts.hit, counts.hit + counts.false_alarm + counts.missed),
};
