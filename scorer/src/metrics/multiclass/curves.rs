//! Curves of every class's column against the rest, or of every class against every other.

use std::borrow::Cow;
use std::ops::Range;

use holdout_contract::spec::Cell;

use super::{BLANK, Classes, NORMALISED, empty_row};
use crate::kernels::SortedScores;
use crate::metrics::about::About;
use crate::metrics::binary::curve::{Curve, Ordered, with_curve};
use crate::metrics::{
    Degenerate, Draws, Files, Laws, Metric, Params, PartScores, Rows, ScoresTogether, Undefined, Values,
};
use crate::misfit::Misfits;

impl<'a> Classes<'a> {
    /// Of some of the rows, where no logarithm is taken.
    fn of_part(rows: &Rows<'a>, part: &Range<usize>) -> Self {
        let columns = rows.predictions.iter().map(|column| &column.numbers()[part.clone()]).collect();
        Self { truth: &rows.truths[0].codes()[part.clone()], columns, clip: 0.0 }
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
}

/// A number read off the curve of every class's column, averaged.
pub struct OfClasses {
    about: About,
    /// As for [`OfRow`].
    prediction: Cell,
    of_curve: fn(&Curve<'_>) -> Result<f64, Undefined>,
    is_by_frequency: bool,
}

impl Metric for OfClasses {
    fn about(&self) -> &About {
        &self.about
    }

    fn laws(&self) -> Laws {
        CURVES
    }

    fn prediction_cell(&self) -> Cell {
        self.prediction
    }

    fn misfits(&self, _: &[Values<'_>], predictions: &[Values<'_>], _: &Params) -> Option<Misfits> {
        if self.prediction == Cell::Probability { Misfits::rows_of_zeros(predictions) } else { None }
    }

    fn score(&self, rows: &Rows<'_>, params: &Params) -> Result<f64, Undefined> {
        let classes = Classes::new(rows, params);
        self.refuse(rows, &classes)?;
        let columns = self.columns(&classes);
        let of_class =
            |class: usize| with_curve(&classes.is_class(class), &columns[class], None, self.of_curve);
        self.average(&classes, (0..columns.len()).map(of_class))
    }

    fn scores_of_draws(&self, rows: &Rows<'_>, params: &Params, draws: &Draws<'_>) -> Option<Vec<f64>> {
        let classes = Classes::new(rows, params);
        self.refuse(rows, &classes).ok()?;
        let truth = classes.truth;
        let mut totals = vec![0.0; draws.n_draws()];
        for (class, column) in self.columns(&classes).iter().enumerate() {
            let ordered = Ordered::of(|row| Some(truth[row] as usize == class), column);
            let scores = draws.scores(rows.len(), |times| {
                let curve = ordered.curve(times, None);
                let share = if self.is_by_frequency { curve.share_of_positives() } else { 1.0 };
                Ok::<f64, Undefined>(share * (self.of_curve)(&curve)?)
            });
            totals.iter_mut().zip(scores).for_each(|(total, score)| *total += score);
        }
        let n_counted = if self.is_by_frequency { 1.0 } else { classes.columns.len() as f64 };
        Some(totals.into_iter().map(|total| total / n_counted).collect())
    }

    fn together(&self) -> Option<&dyn ScoresTogether> {
        Some(self)
    }
}

impl OfClasses {
    fn refuse(&self, rows: &Rows<'_>, classes: &Classes<'_>) -> Result<(), Undefined> {
        rows.positive_weight()?;
        classes.all_present()?;
        if self.prediction == Cell::Probability { classes.refuse_empty_rows() } else { Ok(()) }
    }

    fn columns<'a>(&self, classes: &Classes<'a>) -> Vec<Cow<'a, [f64]>> {
        if self.prediction == Cell::Probability {
            return classes.normalised().into_iter().map(Cow::Owned).collect();
        }
        classes.columns.iter().map(|column| Cow::Borrowed(*column)).collect()
    }

    fn average(
        &self,
        classes: &Classes<'_>,
        of_classes: impl ExactSizeIterator<Item = Result<f64, Undefined>>,
    ) -> Result<f64, Undefined> {
        let n_classes = of_classes.len();
        if !self.is_by_frequency {
            return Ok(of_classes.sum::<Result<f64, Undefined>>()? / n_classes as f64);
        }
        let mut counts = vec![0.0; n_classes];
        classes.truth.iter().for_each(|code| counts[*code as usize] += 1.0);
        let terms = counts.iter().zip(of_classes).map(|(count, found)| Ok(count * found?));
        Ok(terms.sum::<Result<f64, Undefined>>()? / classes.truth.len() as f64)
    }
}

impl ScoresTogether for OfClasses {
    /// All files' scores of a class are sorted at once.
    fn score_files(&self, files: &Files<'_>) -> Vec<PartScores> {
        let of_part = |part: &Range<usize>, rows: &[Rows<'_>]| -> PartScores {
            let classes: Vec<Classes<'_>> = rows.iter().map(|rows| Classes::of_part(rows, part)).collect();
            let Some(first) = classes.first() else { return Vec::new() };
            let columns: Vec<Vec<Cow<'_, [f64]>>> =
                classes.iter().map(|classes| self.columns(classes)).collect();
            let curves = |class: usize| {
                let scores: Vec<&[f64]> = columns.iter().map(|columns| &*columns[class]).collect();
                SortedScores::of_all(&first.is_class(class), &scores, files.evaluator)
            };
            let curves: Vec<Vec<SortedScores>> = (0..first.columns.len()).map(curves).collect();
            let score = |(file, classes): (usize, &Classes<'_>)| {
                rows[file].with_part(part.clone(), |rows| self.refuse(rows, classes))?;
                let of_class = |curves: &Vec<SortedScores>| {
                    (self.of_curve)(&Curve::Counted(std::slice::from_ref(&curves[file])))
                };
                self.average(classes, curves.iter().map(of_class))
            };
            classes.iter().enumerate().map(score).collect()
        };
        let n_classes = files.rows.first().map_or(0, |rows| rows.predictions.len());
        files.by_part(|part| files.by_question_of(n_classes).flat_map(|rows| of_part(part, rows)).collect())
    }
}

const CURVES: Laws = Laws {
    is_symmetric: false,
    has_weights: false,
    undefined_on: &[Degenerate::NoRows, Degenerate::ConstantTruth],
};
const PRESENT: &str = "Undefined when a split lacks a class.";
const ORDER_ONLY: &str = "Only the order of each column counts: probabilities need not be calibrated.";

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
    prediction: Cell::Probability,
    of_curve: |curve| curve.roc_auc(),
    is_by_frequency: false,
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
    prediction: Cell::Probability,
    of_curve: |curve| curve.roc_auc(),
    is_by_frequency: true,
};

/// The area under the curve of every class against every other.
pub struct Pairwise;

pub static AUC_OVO_MACRO: Pairwise = Pairwise;

impl Metric for Pairwise {
    fn about(&self) -> &About {
        const ABOUT: About = About {
            name: "auc_ovo_macro",
            title: "ROC AUC, class against class (Hand and Till)",
            sentence: "How well every pair of classes is told apart, averaged over pairs.",
            formula: r"\frac{1}{K(K-1)}\sum_{j\ne k}\mathrm{AUC}(j\,|\,k)",
            edge_cases: &[NORMALISED, PRESENT],
            gaming: ORDER_ONLY,
            ..BLANK
        };
        &ABOUT
    }

    fn laws(&self) -> Laws {
        CURVES
    }

    fn prediction_cell(&self) -> Cell {
        Cell::Probability
    }

    fn misfits(&self, _: &[Values<'_>], predictions: &[Values<'_>], _: &Params) -> Option<Misfits> {
        Misfits::rows_of_zeros(predictions)
    }

    fn score(&self, rows: &Rows<'_>, params: &Params) -> Result<f64, Undefined> {
        rows.positive_weight()?;
        let classes = Classes::new(rows, params);
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
    }

    fn scores_of_draws(&self, rows: &Rows<'_>, params: &Params, draws: &Draws<'_>) -> Option<Vec<f64>> {
        let classes = Classes::new(rows, params);
        classes.all_present().ok()?;
        classes.refuse_empty_rows().ok()?;
        let columns = classes.normalised();
        let n = columns.len();
        let mut totals = vec![0.0; draws.n_draws()];
        for (a, b) in (0..n).flat_map(|a| (0..n).filter(move |b| *b != a).map(move |b| (a, b))) {
            let is_first = |row: usize| {
                let class = classes.truth[row] as usize;
                [a, b].contains(&class).then_some(class == a)
            };
            let ordered = Ordered::of(is_first, &columns[a]);
            let scores = draws.scores(rows.len(), |times| ordered.curve(times, None).roc_auc());
            totals.iter_mut().zip(scores).for_each(|(total, score)| *total += score);
        }
        Some(totals.into_iter().map(|total| total / (n * (n - 1)) as f64).collect())
    }
}

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
    prediction: Cell::Number,
    of_curve: |curve| curve.roc_auc(),
    is_by_frequency: false,
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
    prediction: Cell::Number,
    of_curve: |curve| curve.average_precision(),
    is_by_frequency: false,
};
