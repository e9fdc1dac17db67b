//! Metrics of one label a row, from the margins of the confusion matrix. With a threshold, the same
//! definitions judge scores against truths of 0 and 1.

use std::borrow::Cow;

use holdout_contract::spec::{Cell, Direction, Layout, Task};

use super::slopes::{Ratio, Slopes};
use crate::kernels::Margins;
use crate::metrics::about::{About, Kind, ParameterAbout, fields};
use crate::metrics::{Degenerate, Laws, Metric, Params, Rows, Undefined};

/// A metric of margins.
pub struct Label {
    pub about: About,
    pub laws: Laws,
    pub compute: fn(&Margins) -> Result<f64, Undefined>,
    /// How it moves; `None` of what is a mean over rows.
    slopes: Option<fn(&Margins) -> Slopes>,
}

pub(super) const THRESHOLD: ParameterAbout = ParameterAbout {
    name: "threshold",
    kind: Kind::OptionalNumber(f64::NEG_INFINITY, f64::INFINITY),
    description: "Set: submissions hold scores, and a score at or above this counts as 1. Unset: submissions hold labels.",
    is_main: true,
};

/// The layout of a label metric, turned to scores where a threshold is set.
pub(super) fn layout(about: &About, params: &Params) -> Layout {
    match params.optional_number("threshold") {
        Some(_) => Layout::Target { solution: Cell::Binary, submission: Cell::Number },
        None => about.layout.to_layout(),
    }
}

/// How many classes there are, and those of truths and predictions: of labels, or 0 and 1 where columns hold numbers.
pub(super) fn classes<'a>(rows: &Rows<'a>, params: &Params) -> (usize, Cow<'a, [u32]>, Cow<'a, [u32]>) {
    if let crate::metrics::Values::Codes(_) = rows.truths[0] {
        let (y, p) = rows.labels();
        return (rows.n_classes, Cow::Borrowed(y), Cow::Borrowed(p));
    }
    let (y, p) = rows.numbers();
    let threshold = params.optional_number("threshold").unwrap_or(0.5);
    let y = y.iter().map(|y| u32::from(*y == 1.0)).collect();
    let p = p.iter().map(|p| u32::from(*p >= threshold)).collect();
    (2, Cow::Owned(y), Cow::Owned(p))
}

pub(super) fn margins(rows: &Rows<'_>, params: &Params) -> Result<Margins, Undefined> {
    rows.positive_weight()?;
    let (n_classes, y, p) = classes(rows, params);
    Ok(match rows.weights {
        None => Margins::count(n_classes, &y, &p),
        Some(weights) => Margins::weigh(n_classes, &y, &p, weights),
    })
}

impl Metric for Label {
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
        (self.compute)(&margins(rows, params)?)
    }

    fn influence(&self, rows: &Rows<'_>, params: &Params) -> Option<Vec<f64>> {
        let margins = margins(rows, params).ok()?;
        Some((self.slopes?)(&margins).influence(rows, params))
    }
}

pub(super) const SYMMETRIC: Laws =
    Laws { is_symmetric: true, has_weights: true, undefined_on: &[Degenerate::NoRows] };
pub(super) const ONE_SIDED: Laws = Laws { is_symmetric: false, ..SYMMETRIC };
pub(super) const UNSEEN: &str = "A predicted class that the solution never has is a wrong prediction.";

const BLANK: About = About {
    name: "",
    title: "",
    task: Task::Labels,
    direction: Direction::HigherIsBetter,
    best: Some(1.0),
    layout: fields::LABELS,
    parameters: &[THRESHOLD],
    sentence: "",
    formula: "",
    edge_cases: &[],
    gaming: "",
};

const PLAIN: About = About { parameters: &[], ..BLANK };
pub(super) const MACRO_GAMING: &str = "Every class counts the same, so rare classes are worth over-predicting; predicting a class that never appears lowers the score.";

fn mean(values: impl Iterator<Item = f64>) -> Result<f64, Undefined> {
    let (sum, n) = values.fold((0.0, 0.0), |(sum, n), value| (sum + value, n + 1.0));
    if n == 0.0 { Err(Undefined::because("This split has no class.")) } else { Ok(sum / n) }
}

/// a / b, 0 where both are 0.
pub(super) fn share(a: f64, b: f64) -> f64 {
    if b == 0.0 { 0.0 } else { a / b }
}

pub static ACCURACY: Label = Label {
    about: About {
        name: "accuracy",
        title: "Accuracy",
        sentence: "The share of rows whose label is right.",
        formula: r"\frac1n\sum_{i=1}^{n}[y_i=p_i]",
        edge_cases: &[UNSEEN],
        gaming: "Where one class is frequent, always predicting it scores well; the hard, rare rows hardly count.",
        ..BLANK
    },
    laws: SYMMETRIC,
    compute: |margins| Ok(margins.n_right() / margins.total),
    slopes: None,
};

pub static ERROR_RATE: Label = Label {
    about: About {
        name: "error_rate",
        title: "Error rate",
        direction: Direction::LowerIsBetter,
        best: Some(0.0),
        sentence: "The share of rows whose label is wrong.",
        formula: r"1-\frac1n\sum_{i=1}^{n}[y_i=p_i]",
        edge_cases: &[UNSEEN],
        gaming: "Where one class is frequent, always predicting it scores well; the hard, rare rows hardly count.",
        ..BLANK
    },
    laws: SYMMETRIC,
    compute: |margins| Ok((margins.total - margins.n_right()) / margins.total),
    slopes: None,
};

pub static BALANCED_ACCURACY: Label = Label {
    about: About {
        name: "balanced_accuracy",
        title: "Balanced accuracy",
        sentence: "The share of right rows, taken for every class apart and averaged: all classes count the same.",
        formula: r"\frac1K\sum_{k=1}^{K}\frac{|\{i:y_i=p_i=k\}|}{|\{i:y_i=k\}|}",
        edge_cases: &["The classes are those that the truth of the split has.", UNSEEN],
        gaming: "Rare classes are worth over-predicting: the best report weighs each class by one over its frequency.",
        ..BLANK
    },
    laws: ONE_SIDED,
    compute: |margins| {
        let present = (0..margins.n_classes()).filter(|class| margins.truth[*class] > 0.0);
        mean(present.map(|class| margins.matched[class] / margins.truth[class]))
    },
    slopes: Some(|margins| {
        let share = Ratio { above: 1.0, truth: 1.0, predicted: 0.0, matched: 0.0 };
        let present = || (0..margins.n_classes()).filter(|class| margins.truth[*class] > 0.0);
        let mut slopes = Slopes::none(margins.n_classes());
        let factor = 1.0 / present().count() as f64;
        present().for_each(|class| share.add_slopes(margins, class, factor, &mut slopes));
        slopes
    }),
};

pub static F1_MICRO: Label = Label {
    about: About {
        name: "f1_micro",
        title: "Micro F1",
        sentence: "F1 of all rows pooled; with one label a row it equals accuracy.",
        formula: r"\frac{2\sum_k TP_k}{\sum_k(2\,TP_k+FP_k+FN_k)}",
        edge_cases: &[UNSEEN],
        gaming: "As accuracy: the frequent classes decide.",
        ..PLAIN
    },
    laws: SYMMETRIC,
    compute: |margins| Ok(margins.n_right() / margins.total),
    slopes: None,
};

pub static MCC: Label = Label {
    about: About {
        name: "mcc",
        title: "Matthews correlation coefficient",
        sentence: "The correlation of predicted and true classes: 0 is chance, 1 is perfect, whatever the class frequencies.",
        formula: r"\frac{c\,n-\sum_k t_kp_k}{\sqrt{(n^2-\sum_k p_k^2)(n^2-\sum_k t_k^2)}}",
        edge_cases: &["0 when truth or predictions have one class only.", UNSEEN],
        gaming: "Predicting as many rows of each class as there are pays; a threshold other than 0.5 may be best.",
        ..BLANK
    },
    laws: SYMMETRIC,
    compute: |margins| {
        let n = margins.total;
        let together = margins.n_right() * n - pairs(&margins.truth, &margins.predicted);
        let spread_truth = n * n - pairs(&margins.truth, &margins.truth);
        let spread_predicted = n * n - pairs(&margins.predicted, &margins.predicted);
        let scale = spread_truth.sqrt() * spread_predicted.sqrt();
        Ok(if is_flat(margins) { 0.0 } else { together / scale })
    },
    slopes: Some(|margins| {
        let mut slopes = Slopes::none(margins.n_classes());
        if is_flat(margins) {
            return slopes;
        }
        let (n, n_right) = (margins.total, margins.n_right());
        let spread_truth = n * n - pairs(&margins.truth, &margins.truth);
        let spread_predicted = n * n - pairs(&margins.predicted, &margins.predicted);
        let scale = spread_truth.sqrt() * spread_predicted.sqrt();
        let score = (n_right * n - pairs(&margins.truth, &margins.predicted)) / scale;
        slopes.every = n_right / scale;
        for class in 0..margins.n_classes() {
            let (truth, predicted) = (margins.truth[class], margins.predicted[class]);
            slopes.truth[class] = -predicted / scale - score * (n - truth) / spread_truth;
            slopes.predicted[class] = -truth / scale - score * (n - predicted) / spread_predicted;
            slopes.matched[class] = n / scale;
        }
        slopes
    }),
};

fn pairs(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Whether truth or predictions have one class only.
fn is_flat(margins: &Margins) -> bool {
    [&margins.truth, &margins.predicted].iter().any(|side| side.iter().filter(|w| **w > 0.0).count() < 2)
}

pub static KAPPA: Label = Label {
    about: About {
        name: "kappa",
        title: "Cohen's kappa",
        sentence: "Agreement beyond what the class frequencies would give by chance.",
        formula: r"\frac{p_o-p_e}{1-p_e}",
        edge_cases: &["Undefined when truth and predictions are all one and the same class.", UNSEEN],
        gaming: "The best report depends on all rows at once: predicting as many rows of each class as there are pays.",
        ..BLANK
    },
    laws: SYMMETRIC,
    compute: |margins| {
        if margins.present().count() < 2 {
            return Err(Undefined::because(
                "Truth and predictions of this split are all one and the same class.",
            ));
        }
        let n = margins.total;
        let chance = pairs(&margins.truth, &margins.predicted) / n;
        Ok(1.0 - (n - margins.n_right()) / (n - chance))
    },
    slopes: Some(|margins| {
        let n = margins.total;
        let chance = pairs(&margins.truth, &margins.predicted) / n;
        let left = n - chance;
        let ratio = (n - margins.n_right()) / left;
        let mut slopes = Slopes::none(margins.n_classes());
        slopes.every = (ratio * (1.0 + chance / n) - 1.0) / left;
        for class in 0..margins.n_classes() {
            slopes.truth[class] = -ratio * margins.predicted[class] / n / left;
            slopes.predicted[class] = -ratio * margins.truth[class] / n / left;
            slopes.matched[class] = 1.0 / left;
        }
        slopes
    }),
};
