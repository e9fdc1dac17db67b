//! One probability column a class.

use holdout_contract::spec::{Cell, Direction, Task};

use super::about::{About, CLIP, Kind, ParameterAbout, fields};
use super::binary::curve::with_curve;
use super::{
    Degenerate, Files, Laws, Metric, Params, PartScores, PerRow, Rows, ScoresPerRow, ScoresTogether,
    SumsTogether, Undefined, Values,
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

    fn refuse_empty_rows(&self) -> Result<(), Undefined> {
        match (0..self.truth.len()).find(|at| self.total(*at) <= 0.0) {
            None => Ok(()),
            Some(_) => Err(empty_row()),
        }
    }

    fn is_class(&self, class: usize) -> Vec<f64> {
        self.truth.iter().map(|code| f64::from(u8::from(*code as usize == class))).collect()
    }

    fn all_present(&self) -> Result<(), Undefined> {
        let mut present = vec![false; self.columns.len()];
        self.truth.iter().for_each(|code| present[*code as usize] = true);
        if present.iter().all(|present| *present) {
            return Ok(());
        }
        Err(Undefined::because("This split lacks a class, so that class has no curve."))
    }

    /// Columns divided by each row's sum.
    fn normalised(&self) -> Vec<Vec<f64>> {
        let totals: Vec<f64> = (0..self.truth.len()).map(|at| self.total(at)).collect();
        let divide = |column: &&[f64]| column.iter().zip(&totals).map(|(p, total)| p / total).collect();
        self.columns.iter().map(divide).collect()
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

impl PerRow for OfRow {
    /// No number for a row that cannot be divided by its sum.
    type Found = f64;

    fn find(&self, rows: &Rows<'_>, params: &Params) -> Vec<f64> {
        let classes = Classes::new(rows, params);
        rows.each(|at| {
            let total = if self.prediction == Cell::Probability { classes.total(at) } else { 1.0 };
            if total > 0.0 { (self.term)(&classes, at, total) } else { f64::NAN }
        })
    }

    fn add_up(&self, rows: &Rows<'_>, terms: &[f64], params: &Params) -> Result<f64, Undefined> {
        self.sum_up(rows, terms, params)
    }
}

impl SumsTogether for OfRow {
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

impl ScoresTogether for OfRow {
    fn score_files(&self, files: &Files<'_>) -> Vec<PartScores> {
        self.sum_files(files)
    }
}

fn empty_row() -> Undefined {
    Undefined::because(
        "A row of this split has probability 0 for every class, so it cannot be divided by its sum.",
    )
}

/// A metric of class columns.
pub struct OfClasses {
    about: About,
    laws: Laws,
    /// As for [`OfRow`].
    prediction: Cell,
    compute: fn(&Classes<'_>) -> Result<f64, Undefined>,
}

impl Metric for OfClasses {
    fn about(&self) -> &About {
        &self.about
    }

    fn laws(&self) -> Laws {
        self.laws
    }

    fn prediction_cell(&self) -> Cell {
        self.prediction
    }

    fn misfits(&self, _: &[Values<'_>], predictions: &[Values<'_>], _: &Params) -> Option<Misfits> {
        if self.prediction == Cell::Probability { Misfits::rows_of_zeros(predictions) } else { None }
    }

    fn score(&self, rows: &Rows<'_>, params: &Params) -> Result<f64, Undefined> {
        rows.positive_weight()?;
        (self.compute)(&Classes::new(rows, params))
    }
}

const ROWWISE: Laws = Laws { is_symmetric: false, has_weights: true, undefined_on: &[Degenerate::NoRows] };
const CURVES: Laws = Laws {
    is_symmetric: false,
    has_weights: false,
    undefined_on: &[Degenerate::NoRows, Degenerate::ConstantTruth],
};
const NORMALISED: &str = "Each row is divided by its sum; a file with a row of zeros is refused.";
const PRESENT: &str = "Undefined when a split lacks a class.";
const ORDER_ONLY: &str = "Only the order of each column counts: probabilities need not be calibrated.";
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

fn one_against_rest(classes: &Classes<'_>, columns: &[Vec<f64>], class: usize) -> Result<f64, Undefined> {
    with_curve(&classes.is_class(class), &columns[class], None, |curve| curve.roc_auc())
}

fn mean_over_classes(n: usize, of: impl Fn(usize) -> Result<f64, Undefined>) -> Result<f64, Undefined> {
    let sum = (0..n).map(of).sum::<Result<f64, Undefined>>()?;
    Ok(sum / n as f64)
}

pub static AUC_OVR_MACRO: OfClasses = OfClasses {
    about: About {
        name: "auc_ovr_macro",
        title: "ROC AUC, one class against the rest, macro",
        sentence: "The area under the ROC curve of every class against all others, averaged.",
        formula: r"\frac1K\sum_{k}\mathrm{AUC}\bigl([y=k],p_k\bigr)",
        edge_cases: &[NORMALISED, PRESENT],
        gaming: ORDER_ONLY,
        ..BLANK
    },
    laws: CURVES,
    prediction: Cell::Probability,
    compute: |classes| {
        classes.all_present()?;
        classes.refuse_empty_rows()?;
        let columns = classes.normalised();
        mean_over_classes(columns.len(), |class| one_against_rest(classes, &columns, class))
    },
};

pub static AUC_OVR_WEIGHTED: OfClasses = OfClasses {
    about: About {
        name: "auc_ovr_weighted",
        title: "ROC AUC, one class against the rest, weighted",
        sentence: "The area under the ROC curve of every class against all others, averaged by class frequency.",
        formula: r"\sum_{k}\frac{n_k}{n}\mathrm{AUC}\bigl([y=k],p_k\bigr)",
        edge_cases: &[NORMALISED, PRESENT],
        gaming: ORDER_ONLY,
        ..BLANK
    },
    laws: CURVES,
    prediction: Cell::Probability,
    compute: |classes| {
        classes.all_present()?;
        classes.refuse_empty_rows()?;
        let columns = classes.normalised();
        let mut counts = vec![0.0; columns.len()];
        classes.truth.iter().for_each(|code| counts[*code as usize] += 1.0);
        let terms =
            (0..columns.len()).map(|class| Ok(counts[class] * one_against_rest(classes, &columns, class)?));
        Ok(terms.sum::<Result<f64, Undefined>>()? / classes.truth.len() as f64)
    },
};

pub static AUC_OVO_MACRO: OfClasses = OfClasses {
    about: About {
        name: "auc_ovo_macro",
        title: "ROC AUC, class against class (Hand and Till)",
        sentence: "How well every pair of classes is told apart, averaged over pairs.",
        formula: r"\frac{1}{K(K-1)}\sum_{j\ne k}\mathrm{AUC}(j\,|\,k)",
        edge_cases: &[NORMALISED, PRESENT],
        gaming: ORDER_ONLY,
        ..BLANK
    },
    laws: CURVES,
    prediction: Cell::Probability,
    compute: |classes| {
        classes.all_present()?;
        classes.refuse_empty_rows()?;
        let columns = classes.normalised();
        let pair = |a: usize, b: usize| {
            let rows: Vec<usize> = (0..classes.truth.len())
                .filter(|at| [a, b].contains(&(classes.truth[*at] as usize)))
                .collect();
            let truth: Vec<f64> =
                rows.iter().map(|at| f64::from(u8::from(classes.truth[*at] as usize == a))).collect();
            let score: Vec<f64> = rows.iter().map(|at| columns[a][*at]).collect();
            with_curve(&truth, &score, None, |curve| curve.roc_auc())
        };
        let n = columns.len();
        let pairs = (0..n).flat_map(|a| (0..n).filter(move |b| *b != a).map(move |b| (a, b)));
        let sum = pairs.map(|(a, b)| pair(a, b)).sum::<Result<f64, Undefined>>()?;
        Ok(sum / (n * (n - 1)) as f64)
    },
};

pub static MEAN_COLUMN_AUC: OfClasses = OfClasses {
    about: About {
        name: "mean_column_auc",
        title: "Mean column-wise ROC AUC",
        sentence: "The area under the ROC curve of every class column as it stands, averaged.",
        formula: r"\frac1K\sum_{k}\mathrm{AUC}\bigl([y=k],p_k\bigr)",
        edge_cases: &["Rows are not divided by their sum; any numbers will do.", PRESENT],
        gaming: ORDER_ONLY,
        ..BLANK
    },
    laws: CURVES,
    prediction: Cell::Number,
    compute: |classes| {
        classes.all_present()?;
        mean_over_classes(classes.columns.len(), |class| {
            with_curve(&classes.is_class(class), classes.columns[class], None, |curve| curve.roc_auc())
        })
    },
};

pub static MAP_MACRO_CLASSES: OfClasses = OfClasses {
    about: About {
        name: "map_macro_classes",
        title: "Macro average precision over classes",
        sentence: "The average precision of every class column, averaged.",
        formula: r"\frac1K\sum_{k}\mathrm{AP}\bigl([y=k],p_k\bigr)",
        edge_cases: &["Rows are not divided by their sum; any numbers will do.", PRESENT],
        gaming: ORDER_ONLY,
        ..BLANK
    },
    laws: CURVES,
    prediction: Cell::Number,
    compute: |classes| {
        classes.all_present()?;
        mean_over_classes(classes.columns.len(), |class| {
            with_curve(&classes.is_class(class), classes.columns[class], None, |curve| {
                curve.average_precision()
            })
        })
    },
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

impl PerRow for TopK {
    type Found = f64;

    fn find(&self, rows: &Rows<'_>, params: &Params) -> Vec<f64> {
        let (classes, k) = (Classes::new(rows, params), params.count("k"));
        rows.each(|at| classes.is_within(at, k))
    }

    fn add_up(&self, rows: &Rows<'_>, terms: &[f64], params: &Params) -> Result<f64, Undefined> {
        self.sum_up(rows, terms, params)
    }
}

impl SumsTogether for TopK {
    fn term(&self, term: &f64, _: usize) -> f64 {
        *term
    }
}

impl ScoresTogether for TopK {
    fn score_files(&self, files: &Files<'_>) -> Vec<PartScores> {
        self.sum_files(files)
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
