//! One probability column a class.

mod curves;

pub use curves::{AUC_OVO_MACRO, AUC_OVR_MACRO, AUC_OVR_WEIGHTED, MAP_MACRO_CLASSES, MEAN_COLUMN_AUC};

use holdout_contract::spec::{Cell, Direction, Task};

use super::about::{About, CLIP, Kind, ParameterAbout, fields};
use super::{
    Degenerate, Laws, Metric, Params, Rows, ScoresPerRow, ScoresTogether, SumsTogether, Undefined, Values,
};
use crate::misfit::Misfits;

/// Predictions of one split, by class.
pub struct Classes<'a> {
    truth: &'a [u32],
    columns: Vec<&'a [f64]>,
    /// How far probabilities are kept from 0 and 1, where a logarithm is taken.
    clip: f64,
}

impl<'a> Classes<'a> {
    fn new(rows: &Rows<'a>, params: &Params) -> Self {
        let columns = rows.predictions.iter().map(|column| column.numbers()).collect();
        let clip = params.optional_number(CLIP.name).unwrap_or_default();
        Self { truth: rows.truths[0].codes(), columns, clip }
    }

    fn total(&self, at: usize) -> f64 {
        self.columns.iter().map(|column| column[at]).sum()
    }

    /// 1 + the number of classes ranked before the true one; equal values go by class order.
    fn rank_of_truth(&self, at: usize) -> usize {
        let class = self.truth[at] as usize;
        let own = self.columns[class][at];
        let before =
            |(other, column): (usize, &&[f64])| column[at] > own || (column[at] == own && other < class);
        1 + self.columns.iter().enumerate().filter(|entry| before(*entry)).count()
    }

    /// Whether the true class is among the first `k`: 1 or 0.
    fn is_within(&self, at: usize, k: usize) -> f64 {
        f64::from(u8::from(self.rank_of_truth(at) <= k))
    }
}

/// A mean over rows of a term of the row's class columns.
pub struct OfRow {
    about: About,
    /// Of the row, and of what its columns add up to.
    term: fn(&Classes<'_>, usize, f64) -> f64,
    /// Probabilities: columns are divided by what the row adds up to. Numbers: they only have an order.
    prediction: Cell,
    least_classes: usize,
}

impl Metric for OfRow {
    fn about(&self) -> &About {
        &self.about
    }

    fn laws(&self) -> Laws {
        ROWWISE
    }

    fn prediction_cell(&self) -> Cell {
        self.prediction
    }

    fn misfits(&self, _: &[Values<'_>], predictions: &[Values<'_>], _: &Params) -> Option<Misfits> {
        if self.prediction == Cell::Probability { Misfits::rows_of_zeros(predictions) } else { None }
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

impl SumsTogether for OfRow {
    /// No number for a row that cannot be divided by its sum.
    type Found = f64;

    fn find(&self, rows: &Rows<'_>, params: &Params) -> Vec<f64> {
        let classes = Classes::new(rows, params);
        rows.each(|at| {
            let total = if self.prediction == Cell::Probability { classes.total(at) } else { 1.0 };
            if total > 0.0 { (self.term)(&classes, at, total) } else { f64::NAN }
        })
    }

    fn term(&self, term: &f64, _: usize) -> f64 {
        *term
    }

    fn of_sums(
        &self,
        rows: &Rows<'_>,
        terms: &[f64],
        _: &Params,
        sum: impl Fn(usize) -> f64,
    ) -> Result<f64, Undefined> {
        rows.positive_weight()?;
        if rows.predictions.len() < self.least_classes {
            return Err(Undefined::because("One class alone has no order."));
        }
        if terms.iter().any(|term| term.is_nan()) {
            return Err(empty_row());
        }
        rows.mean_of(|| sum(0), |at| terms[at])
    }
}

fn empty_row() -> Undefined {
    Undefined::because(
        "A row of this split has probability 0 for every class, so it cannot be divided by its sum.",
    )
}

const ROWWISE: Laws = Laws { is_symmetric: false, has_weights: true, undefined_on: &[Degenerate::NoRows] };
const NORMALISED: &str = "Each row is divided by its sum; a file with a row of zeros is refused.";
const TIES: &str = "Any numbers will do. Equal ones: the class listed first goes first.";

const BLANK: About = About {
    name: "",
    title: "",
    task: Task::MulticlassProbability,
    direction: Direction::HigherIsBetter,
    best: Some(1.0),
    layout: fields::Fields::ClassColumns,
    parameters: &[],
    sentence: "",
    formula: "",
    edge_cases: &[],
    gaming: "",
};

pub static LOG_LOSS: OfRow = OfRow {
    about: About {
        name: "multiclass_log_loss",
        title: "Multiclass log loss",
        direction: Direction::LowerIsBetter,
        best: Some(0.0),
        sentence: "How surprised one would be by the true class, given the predicted probabilities.",
        formula: r"-\frac1n\sum_{i=1}^{n}\ln p_{i,y_i}",
        parameters: &[CLIP],
        edge_cases: &[
            NORMALISED,
            "Probabilities are then kept inside [clip, 1 - clip]; the clip is 1e-15 unless the host sets another.",
        ],
        gaming: "Honest: the best report is what one believes. One confident wrong row can cost more than many good rows gain.",
        ..BLANK
    },
    term: |classes, at, total| {
        let p = classes.columns[classes.truth[at] as usize][at] / total;
        -p.clamp(classes.clip, 1.0 - classes.clip).ln()
    },
    prediction: Cell::Probability,
    least_classes: 1,
};

pub static BRIER: OfRow = OfRow {
    about: About {
        name: "multiclass_brier",
        title: "Multiclass Brier score",
        direction: Direction::LowerIsBetter,
        best: Some(0.0),
        sentence: "The squared distance between predicted probabilities and what happened, summed over classes.",
        formula: r"\frac1n\sum_{i=1}^{n}\sum_{k}\bigl(p_{ik}-[y_i=k]\bigr)^2",
        edge_cases: &[NORMALISED, "From 0 to 2."],
        gaming: "Honest: the best report is what one believes.",
        ..BLANK
    },
    term: |classes, at, total| {
        let truth = classes.truth[at] as usize;
        let miss = |(class, column): (usize, &&[f64])| {
            (column[at] / total - f64::from(u8::from(class == truth))).powi(2)
        };
        classes.columns.iter().enumerate().map(miss).sum()
    },
    prediction: Cell::Probability,
    least_classes: 1,
};

pub static RPS: OfRow = OfRow {
    about: About {
        name: "rps",
        title: "Ranked probability score",
        direction: Direction::LowerIsBetter,
        best: Some(0.0),
        sentence: "For ordered classes: the squared distance of cumulated probabilities, so near misses cost less.",
        formula: r"\frac{1}{n(K-1)}\sum_{i=1}^{n}\sum_{k<K}\bigl(F_{ik}-[y_i\le k]\bigr)^2",
        edge_cases: &[NORMALISED, "Classes are in the order in which the competition lists them."],
        gaming: "Honest: the best report is what one believes.",
        ..BLANK
    },
    term: |classes, at, total| {
        let truth = classes.truth[at] as usize;
        let n_gaps = classes.columns.len() - 1;
        let mut cumulated = 0.0;
        let mut cost = 0.0;
        for (class, column) in classes.columns[..n_gaps].iter().enumerate() {
            cumulated += column[at] / total;
            cost += (cumulated - f64::from(u8::from(truth <= class))).powi(2);
        }
        cost / n_gaps as f64
    },
    prediction: Cell::Probability,
    least_classes: 2,
};

pub static ACCURACY_ARGMAX: OfRow = OfRow {
    about: About {
        name: "accuracy_argmax",
        title: "Accuracy of the most probable class",
        sentence: "The share of rows whose most probable class is right.",
        formula: r"\frac1n\sum_{i=1}^{n}[y_i=\arg\max_k p_{ik}]",
        edge_cases: &[TIES],
        gaming: "Frequent classes decide; how sure one is does not count.",
        ..BLANK
    },
    term: |classes, at, _| classes.is_within(at, 1),
    prediction: Cell::Number,
    least_classes: 1,
};

const TOP: About = About {
    sentence: "The share of rows whose true class is among the most probable ones.",
    formula: r"\frac1n\sum_{i=1}^{n}[\operatorname{rank}_i(y_i)\le k]",
    edge_cases: &[TIES],
    gaming: "How sure one is does not count.",
    ..BLANK
};

pub static TOP2_ACCURACY: OfRow = OfRow {
    about: About { name: "top2_accuracy", title: "Top-2 accuracy", ..TOP },
    term: |classes, at, _| classes.is_within(at, 2),
    prediction: Cell::Number,
    least_classes: 1,
};

pub static TOP3_ACCURACY: OfRow = OfRow {
    about: About { name: "top3_accuracy", title: "Top-3 accuracy", ..TOP },
    term: |classes, at, _| classes.is_within(at, 3),
    prediction: Cell::Number,
    least_classes: 1,
};

/// Accuracy of the first k classes, for any k.
pub struct TopK;

pub static TOP_K_ACCURACY: TopK = TopK;

impl Metric for TopK {
    fn about(&self) -> &About {
        const ABOUT: About = About {
            name: "top_k_accuracy",
            title: "Top-k accuracy",
            parameters: &[ParameterAbout {
                name: "k",
                kind: Kind::Integer(1, 10_000, 3),
                description: "How many of the most probable classes are looked at.",
                is_main: true,
            }],
            ..TOP
        };
        &ABOUT
    }

    fn laws(&self) -> Laws {
        ROWWISE
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

impl SumsTogether for TopK {
    type Found = f64;

    fn find(&self, rows: &Rows<'_>, params: &Params) -> Vec<f64> {
        let (classes, k) = (Classes::new(rows, params), params.count("k"));
        rows.each(|at| classes.is_within(at, k))
    }

    fn term(&self, term: &f64, _: usize) -> f64 {
        *term
    }
}

pub static MRR_CLASSES: OfRow = OfRow {
    about: About {
        name: "mrr_classes",
        title: "Mean reciprocal rank of the true class",
        sentence: "One over the place of the true class among the sorted classes, averaged.",
        formula: r"\frac1n\sum_{i=1}^{n}\frac{1}{\operatorname{rank}_i(y_i)}",
        edge_cases: &[TIES],
        gaming: "How sure one is does not count.",
        ..BLANK
    },
    term: |classes, at, _| 1.0 / classes.rank_of_truth(at) as f64,
    prediction: Cell::Number,
    least_classes: 1,
};
