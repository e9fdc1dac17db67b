//! A number of every class, averaged over classes: each alike, or by how frequent it is.

use holdout_contract::spec::{Direction, Task};

use super::single::{MACRO_GAMING, ONE_SIDED, SYMMETRIC, UNSEEN, margins};
use super::slopes::{Ratio, Slopes};
use crate::kernels::Margins;
use crate::metrics::about::{About, BETA, Kind, ParameterAbout, fields};
use crate::metrics::{Laws, Metric, Params, Rows, Undefined};

#[derive(Clone, Copy)]
enum Average {
    Alike,
    ByFrequency,
}

/// An average over classes.
pub struct Averaged {
    about: About,
    laws: Laws,
    average: Average,
    /// The number of a class, given beta, where the metric has one.
    of_class: fn(f64) -> Ratio,
}

impl Averaged {
    fn of_class(&self, params: &Params) -> Ratio {
        (self.of_class)(params.optional_number(BETA.name).unwrap_or(1.0))
    }

    /// The classes that are averaged.
    fn classes(rows: &Rows<'_>, params: &Params, margins: &Margins) -> Vec<usize> {
        match params.text(CLASS_LIST.name) {
            Some(ALL) => rows.column_classes[0].iter().map(|class| *class as usize).collect(),
            _ => margins.present().collect(),
        }
    }
}

impl Metric for Averaged {
    fn about(&self) -> &About {
        &self.about
    }

    fn laws(&self) -> Laws {
        self.laws
    }

    fn score(&self, rows: &Rows<'_>, params: &Params) -> Result<f64, Undefined> {
        let margins = margins(rows, params)?;
        let ratio = self.of_class(params);
        let of_class = |class: &usize| ratio.of(&margins, *class);
        let classes = Self::classes(rows, params, &margins);
        match self.average {
            Average::ByFrequency => {
                let terms = classes.iter().map(|class| margins.truth[*class] * of_class(class));
                Ok(terms.sum::<f64>() / margins.total)
            }
            Average::Alike if classes.is_empty() => Err(Undefined::because("This split has no class.")),
            Average::Alike => {
                Ok(classes.iter().fold(0.0, |sum, class| sum + of_class(class)) / classes.len() as f64)
            }
        }
    }

    fn influence(&self, rows: &Rows<'_>, params: &Params) -> Option<Vec<f64>> {
        let margins = margins(rows, params).ok()?;
        let ratio = self.of_class(params);
        let classes = Self::classes(rows, params, &margins);
        let mut slopes = Slopes::none(margins.n_classes());
        for class in &classes {
            match self.average {
                Average::Alike => ratio.add_slopes(&margins, *class, 1.0 / classes.len() as f64, &mut slopes),
                Average::ByFrequency => {
                    let share = margins.truth[*class] / margins.total;
                    ratio.add_slopes(&margins, *class, share, &mut slopes);
                    let value = ratio.of(&margins, *class) / margins.total;
                    slopes.truth[*class] += value;
                    slopes.every -= share * value;
                }
            }
        }
        Some(slopes.influence(rows, params))
    }
}

const ALL: &str = "solution";
const CLASS_LIST: ParameterAbout = ParameterAbout {
    name: "class_list",
    kind: Kind::Choice(&["split", ALL], "split"),
    description: "Which classes are averaged: those that truth or predictions of the split have, or all that the solution has or the competition lists.",
    is_main: false,
};
const LISTED: &str = "The classes are those that truth or predictions of the split have, as in scikit-learn, unless the parameter asks for all classes of the solution: then a class that nobody has ever seen only makes its rows wrong.";
const NOTHING: &str = "0/0 counts as 0.";

const BLANK: About = About {
    name: "",
    title: "",
    task: Task::Labels,
    direction: Direction::HigherIsBetter,
    best: Some(1.0),
    layout: fields::LABELS,
    parameters: &[CLASS_LIST],
    sentence: "",
    formula: "",
    edge_cases: &[LISTED, NOTHING, UNSEEN],
    gaming: MACRO_GAMING,
};

fn f_beta(beta: f64) -> Ratio {
    let square = beta * beta;
    Ratio { above: 1.0 + square, truth: square, predicted: 1.0, matched: 0.0 }
}

pub static F1_MACRO: Averaged = Averaged {
    about: About {
        name: "f1_macro",
        title: "Macro F1",
        sentence: "The F1 score of every class, averaged: all classes count the same.",
        formula: r"\frac1K\sum_{k=1}^{K}\frac{2\,TP_k}{2\,TP_k+FP_k+FN_k}",
        ..BLANK
    },
    laws: SYMMETRIC,
    average: Average::Alike,
    of_class: f_beta,
};

pub static F_BETA_MACRO: Averaged = Averaged {
    about: About {
        name: "fbeta_macro",
        title: "Macro F-beta",
        parameters: &[BETA, CLASS_LIST],
        sentence: "The F-beta score of every class, averaged: all classes count the same.",
        formula: r"\frac1K\sum_{k=1}^{K}\frac{(1+\beta^2)\,TP_k}{(1+\beta^2)\,TP_k+FP_k+\beta^2\,FN_k}",
        ..BLANK
    },
    laws: ONE_SIDED,
    average: Average::Alike,
    of_class: f_beta,
};

pub static F1_WEIGHTED: Averaged = Averaged {
    about: About {
        name: "f1_weighted",
        title: "Weighted F1",
        parameters: &[],
        sentence: "The F1 score of every class, averaged by how frequent the class is in the truth.",
        formula: r"\sum_{k=1}^{K}\frac{n_k}{n}\cdot\frac{2\,TP_k}{2\,TP_k+FP_k+FN_k}",
        edge_cases: &[NOTHING, UNSEEN],
        gaming: "The frequent classes decide.",
        ..BLANK
    },
    laws: ONE_SIDED,
    average: Average::ByFrequency,
    of_class: f_beta,
};

pub static F_BETA_WEIGHTED: Averaged = Averaged {
    about: About {
        name: "fbeta_weighted",
        title: "Weighted F-beta",
        parameters: &[BETA],
        sentence: "The F-beta score of every class, averaged by how frequent the class is in the truth.",
        formula: r"\sum_{k=1}^{K}\frac{n_k}{n}\cdot\frac{(1+\beta^2)\,TP_k}{(1+\beta^2)\,TP_k+FP_k+\beta^2\,FN_k}",
        edge_cases: &[NOTHING, UNSEEN],
        gaming: "The frequent classes decide.",
        ..BLANK
    },
    laws: ONE_SIDED,
    average: Average::ByFrequency,
    of_class: f_beta,
};

pub static PRECISION_MACRO: Averaged = Averaged {
    about: About {
        name: "precision_macro",
        title: "Macro precision",
        sentence: "Of the rows predicted as a class, the share that is right; averaged over classes.",
        formula: r"\frac1K\sum_{k=1}^{K}\frac{TP_k}{TP_k+FP_k}",
        gaming: "Predicting rare classes for a few sure rows only pays.",
        ..BLANK
    },
    laws: ONE_SIDED,
    average: Average::Alike,
    of_class: |_| Ratio { above: 1.0, truth: 0.0, predicted: 1.0, matched: 0.0 },
};

pub static RECALL_MACRO: Averaged = Averaged {
    about: About {
        name: "recall_macro",
        title: "Macro recall",
        sentence: "Of the rows of a class, the share that is found; averaged over classes.",
        formula: r"\frac1K\sum_{k=1}^{K}\frac{TP_k}{TP_k+FN_k}",
        ..BLANK
    },
    laws: ONE_SIDED,
    average: Average::Alike,
    of_class: |_| Ratio { above: 1.0, truth: 1.0, predicted: 0.0, matched: 0.0 },
};

pub static JACCARD_MACRO: Averaged = Averaged {
    about: About {
        name: "jaccard_macro",
        title: "Macro Jaccard",
        sentence: "The overlap of predicted and true rows of every class, averaged.",
        formula: r"\frac1K\sum_{k=1}^{K}\frac{TP_k}{TP_k+FP_k+FN_k}",
        ..BLANK
    },
    laws: SYMMETRIC,
    average: Average::Alike,
    of_class: |_| Ratio { above: 1.0, truth: 1.0, predicted: 1.0, matched: -1.0 },
};
