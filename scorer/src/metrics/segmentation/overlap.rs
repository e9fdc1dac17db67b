//! Dice and intersection over union, by merging the runs of two masks.

use holdout_contract::spec::Layout;
use holdout_evaluator::{Evaluator, Run as ShortRun, Suite};

use crate::influence::{Sums, mean_over_classes};
use crate::intake::shapes::{Run, Runs};
use crate::judge::Context;
use crate::kernels::sum;
use crate::metrics::about::About;
use crate::metrics::groups::Groups;
use crate::metrics::{
    Degenerate, Files, Laws, Metric, Params, PartScores, PerRow, Rows, ScoresPerRow, ScoresTogether,
    Undefined, Values, finite,
};
use crate::misfit::Misfits;

use super::size::{self, HEIGHT, HEIGHT_COLUMN, MASK_COLUMN, WIDTH, WIDTH_COLUMN};
use super::{BLANK, CHECKED, EMPTIES, EMPTY_PAIR, LEAVE_OUT, RUNS};

/// Pixels of the truth, of the prediction, and of both.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Overlap {
    truth: u64,
    predicted: u64,
    both: u64,
}

impl Overlap {
    fn of(truth: &str, predicted: &str) -> Self {
        let (mut truths, mut predictions) = (Runs::of(truth), Runs::of(predicted));
        let (mut a, mut b) = (truths.next(), predictions.next());
        let mut found = Self::default();
        while let (Some(left), Some(right)) = (a, b) {
            found.both += left.end.min(right.end).saturating_sub(left.start.max(right.start));
            if left.end <= right.end {
                found.truth += left.len();
                a = truths.next();
            } else {
                found.predicted += right.len();
                b = predictions.next();
            }
        }
        found.truth += a.into_iter().chain(truths).map(Run::len).sum::<u64>();
        found.predicted += b.into_iter().chain(predictions).map(Run::len).sum::<u64>();
        found
    }

    /// Of every row of every file; a truth is read once for all files.
    fn of_files(files: &Files<'_>) -> Vec<Vec<Self>> {
        let truths = files.rows.first().and_then(|rows| short_runs(rows, &rows.truths[0]));
        let Some(truths) = truths else {
            return files.rows.iter().map(|rows| rows.each_pair(Self::of)).collect();
        };
        files.by_question().flat_map(|rows| Self::of_question(rows, &truths, files.evaluator)).collect()
    }

    /// What the evaluator cannot be asked about, for its numbers are too large, is compared here.
    fn of_question(files: &[Rows<'_>], truths: &[ShortRuns], evaluator: &Evaluator) -> Vec<Vec<Self>> {
        let masks: Vec<Option<Vec<ShortRuns>>> =
            files.iter().map(|rows| short_runs(rows, &rows.predictions[0])).collect();
        let pairs: Vec<(&[ShortRun], &[ShortRun])> = masks
            .iter()
            .flatten()
            .flat_map(|masks| truths.iter().zip(masks))
            .map(|(truth, predicted)| (truth.as_slice(), predicted.as_slice()))
            .collect();
        let Ok(overlaps) = evaluator.overlaps(&pairs);
        let mut found = overlaps.into_iter().zip(&pairs).map(|(both, (truth, predicted))| Self {
            truth: n_pixels(truth),
            predicted: n_pixels(predicted),
            both,
        });
        let of_file = |(rows, masks): (&Rows<'_>, &Option<_>)| match masks {
            Some(_) => found.by_ref().take(rows.len()).collect(),
            None => rows.each_pair(Self::of),
        };
        files.iter().zip(&masks).map(of_file).collect()
    }

    fn is_empty(self) -> bool {
        self.truth == 0 && self.predicted == 0
    }

    fn dice(self) -> f64 {
        2.0 * self.both as f64 / (self.truth + self.predicted) as f64
    }

    fn union(self) -> u64 {
        self.truth + self.predicted - self.both
    }

    fn iou(self) -> f64 {
        self.both as f64 / self.union() as f64
    }

    /// The share of the thresholds 0.50, 0.55 … 0.95 that the intersection over union exceeds; in whole
    /// numbers, so that an overlap of exactly 0.6 never depends on how 0.6 is written in binary.
    fn thresholds_passed(self) -> f64 {
        let (both, union) = (u128::from(self.both), u128::from(self.union()));
        let n_passed = (10..20).filter(|twentieths| both * 20 > union * twentieths).count();
        n_passed as f64 / 10.0
    }
}

/// A mask as the evaluator takes it.
type ShortRuns = Vec<ShortRun>;

/// The masks of a column; `None` where a pixel's number has more than 32 bits.
fn short_runs(rows: &Rows<'_>, column: &Values<'_>) -> Option<Vec<ShortRuns>> {
    let short =
        |run: Run| Some(ShortRun { start: run.start.try_into().ok()?, length: run.len().try_into().ok()? });
    rows.each(|at| Runs::of(column.text(at)).map(short).collect::<Option<Vec<_>>>()).into_iter().collect()
}

fn n_pixels(mask: &[ShortRun]) -> u64 {
    mask.iter().map(|run| u64::from(run.length)).sum()
}

#[derive(Clone, Copy)]
enum Over {
    Rows,
    Classes,
}

/// A metric of overlaps; `value` is never asked about two empty masks.
pub struct Mask {
    about: About,
    over: Over,
    value: fn(Overlap) -> f64,
}

/// Dice or intersection over union of all pixels together.
pub struct Pooled {
    about: About,
    /// Of the common pixels, and the pixels of both sides added up.
    value: fn(f64, f64) -> f64,
}

impl Metric for Mask {
    fn about(&self) -> &About {
        &self.about
    }

    fn laws(&self) -> Laws {
        let has_weights = !matches!(self.over, Over::Classes);
        Laws { is_symmetric: true, has_weights, undefined_on: &[Degenerate::NoRows] }
    }

    fn layout(&self, params: &Params) -> Layout {
        size::layout(&self.about, params)
    }

    fn fits(&self, params: &Params, _: &Context) -> Result<(), String> {
        size::fits(params)
    }

    fn misfits(&self, truths: &[Values<'_>], predictions: &[Values<'_>], _: &Params) -> Option<Misfits> {
        size::misfits(truths, predictions)
    }

    fn needs_groups(&self) -> bool {
        matches!(self.over, Over::Classes)
    }

    fn groups_are_classes(&self) -> bool {
        matches!(self.over, Over::Classes)
    }

    fn influence(&self, rows: &Rows<'_>, params: &Params) -> Option<Vec<f64>> {
        if matches!(self.over, Over::Rows) {
            return None;
        }
        let of_empty_pair = of_empty_pair(params);
        let term = |value: f64| match of_empty_pair {
            None if value.is_nan() => [0.0, 0.0],
            of_empty_pair => [value_or(value, of_empty_pair.unwrap_or(0.0)), 1.0],
        };
        let terms: Vec<[f64; 2]> = self.find(rows, params).into_iter().map(term).collect();
        mean_over_classes(rows, &terms)
    }

    fn score(&self, rows: &Rows<'_>, params: &Params) -> Result<f64, Undefined> {
        self.score_rows(rows, params)
    }

    fn together(&self) -> Option<&dyn ScoresTogether> {
        Some(self)
    }

    fn per_row(&self) -> Option<&dyn ScoresPerRow> {
        Some(self)
    }
}

impl PerRow for Mask {
    /// No number for two empty masks.
    type Found = f64;

    fn find(&self, rows: &Rows<'_>, _: &Params) -> Vec<f64> {
        rows.each_pair(|truth, predicted| self.value_of(Overlap::of(truth, predicted)))
    }

    fn add_up(&self, rows: &Rows<'_>, values: &[f64], params: &Params) -> Result<f64, Undefined> {
        rows.positive_weight()?;
        match self.over {
            Over::Rows if params.flag(LEAVE_OUT.name) => {
                let all: Vec<u32> = (0..rows.len() as u32).collect();
                mean(rows, params, values, &all).ok_or_else(all_left_out)
            }
            Over::Rows => {
                let of_empty_pair = params.optional_number(EMPTY_PAIR.name).unwrap_or(1.0);
                rows.mean(|at| value_or(values[at], of_empty_pair))
            }
            Over::Classes => {
                let groups = Groups::of(rows)?;
                let means: Vec<f64> =
                    groups.iter().filter_map(|(_, members)| mean(rows, params, values, members)).collect();
                if means.is_empty() {
                    return Err(all_left_out());
                }
                Ok(sum(means.len(), |at| means[at]) / means.len() as f64)
            }
        }
    }
}

impl Mask {
    fn value_of(&self, overlap: Overlap) -> f64 {
        if overlap.is_empty() { f64::NAN } else { (self.value)(overlap) }
    }
}

impl ScoresTogether for Mask {
    fn score_files(&self, files: &Files<'_>) -> Vec<PartScores> {
        let values =
            |overlaps: Vec<Overlap>| overlaps.into_iter().map(|found| self.value_of(found)).collect();
        files.add_up(self, Overlap::of_files(files).into_iter().map(values).collect())
    }
}

impl ScoresTogether for Pooled {
    fn score_files(&self, files: &Files<'_>) -> Vec<PartScores> {
        files.add_up(self, Overlap::of_files(files))
    }
}

/// What two empty masks count; `None` where they are left out.
fn of_empty_pair(params: &Params) -> Option<f64> {
    (!params.flag(LEAVE_OUT.name)).then(|| params.optional_number(EMPTY_PAIR.name).unwrap_or(1.0))
}

fn value_or(value: f64, of_empty_pair: f64) -> f64 {
    if value.is_nan() { of_empty_pair } else { value }
}

/// `None` where nothing is left to count.
fn mean(rows: &Rows<'_>, params: &Params, values: &[f64], members: &[u32]) -> Option<f64> {
    let of_empty_pair = of_empty_pair(params);
    let counts = |at: usize| of_empty_pair.is_some() || !values[at].is_nan();
    let counted: Vec<usize> = members.iter().map(|at| *at as usize).filter(|at| counts(*at)).collect();
    let total = sum(counted.len(), |at| rows.weight(counted[at]));
    let value = |at: usize| value_or(values[at], of_empty_pair.unwrap_or(0.0));
    let weighted = sum(counted.len(), |at| rows.weight(counted[at]) * value(counted[at]));
    (total > 0.0).then(|| weighted / total)
}

impl Metric for Pooled {
    fn about(&self) -> &About {
        &self.about
    }

    fn laws(&self) -> Laws {
        Laws { is_symmetric: true, has_weights: true, undefined_on: &[Degenerate::NoRows] }
    }

    fn layout(&self, params: &Params) -> Layout {
        size::layout(&self.about, params)
    }

    fn fits(&self, params: &Params, _: &Context) -> Result<(), String> {
        size::fits(params)
    }

    fn misfits(&self, truths: &[Values<'_>], predictions: &[Values<'_>], _: &Params) -> Option<Misfits> {
        size::misfits(truths, predictions)
    }

    fn score(&self, rows: &Rows<'_>, params: &Params) -> Result<f64, Undefined> {
        self.score_rows(rows, params)
    }

    fn sums<'a>(&'a self, rows: &Rows<'_>, params: &Params) -> Option<Sums<'a>> {
        let overlaps = self.find(rows, params);
        let column =
            |part: fn(&Overlap) -> u64| overlaps.iter().map(|overlap| part(overlap) as f64).collect();
        let terms = vec![column(|overlap| overlap.both), column(|overlap| overlap.truth + overlap.predicted)];
        Some(Sums { terms, combine: Box::new(|sums| finite((self.value)(sums[0], sums[1]))) })
    }

    fn together(&self) -> Option<&dyn ScoresTogether> {
        Some(self)
    }

    fn per_row(&self) -> Option<&dyn ScoresPerRow> {
        Some(self)
    }
}

impl PerRow for Pooled {
    type Found = Overlap;

    fn find(&self, rows: &Rows<'_>, _: &Params) -> Vec<Overlap> {
        rows.each_pair(Overlap::of)
    }

    fn add_up(&self, rows: &Rows<'_>, overlaps: &[Overlap], _: &Params) -> Result<f64, Undefined> {
        rows.positive_weight()?;
        let total = |part: fn(&Overlap) -> u64| {
            sum(overlaps.len(), |at| rows.weight(at) * part(&overlaps[at]) as f64)
        };
        let sides = total(|overlap| overlap.truth + overlap.predicted);
        if sides == 0.0 {
            return Err(Undefined::because("No mask of this split has a pixel, in truth or prediction."));
        }
        Ok((self.value)(total(|overlap| overlap.both), sides))
    }
}

fn all_left_out() -> Undefined {
    Undefined::because("Every row of this split that counts has two empty masks, and those are left out.")
}

const DICE: &str = r"\frac1n\sum_{i=1}^{n}\frac{2|Y_i\cap P_i|}{|Y_i|+|P_i|}";
const IOU: &str = r"\frac1n\sum_{i=1}^{n}\frac{|Y_i\cap P_i|}{|Y_i\cup P_i|}";
const GLOBAL_GAMING: &str = "Images with large objects decide; small objects may be given up at no cost.";
const NO_PIXEL: &str = "Undefined where no mask of the split has a pixel, in truth or prediction.";
const BY_CLASS: &str = "Classes are the groups of the solution's column “class” (or the one named by “group_column”); a class whose rows are all left out does not count.";

pub static DICE_MEAN: Mask = Mask {
    about: About {
        name: "dice_mean",
        title: "Mean Dice",
        parameters: &[EMPTY_PAIR, LEAVE_OUT, HEIGHT, WIDTH, HEIGHT_COLUMN, WIDTH_COLUMN, MASK_COLUMN],
        sentence: "Twice the common pixels of true and predicted mask over the pixels of both, for every row, averaged.",
        formula: DICE,
        edge_cases: &[EMPTIES, RUNS, CHECKED],
        ..BLANK
    },
    over: Over::Rows,
    value: Overlap::dice,
};

pub static IOU_MEAN: Mask = Mask {
    about: About {
        name: "iou_mean",
        title: "Mean intersection over union",
        sentence: "The common pixels of true and predicted mask over the pixels of either, for every row, averaged.",
        formula: IOU,
        ..DICE_MEAN.about
    },
    over: Over::Rows,
    value: Overlap::iou,
};

pub static DICE_GLOBAL: Pooled = Pooled {
    about: About {
        name: "dice_global",
        title: "Global Dice",
        parameters: &[HEIGHT, WIDTH, HEIGHT_COLUMN, WIDTH_COLUMN, MASK_COLUMN],
        sentence: "Twice the common pixels over the pixels of true and predicted masks, all images taken together.",
        formula: r"\frac{2\sum_i|Y_i\cap P_i|}{\sum_i(|Y_i|+|P_i|)}",
        edge_cases: &[NO_PIXEL, RUNS, CHECKED],
        gaming: GLOBAL_GAMING,
        ..BLANK
    },
    value: |both, sides| 2.0 * both / sides,
};

pub static IOU_GLOBAL: Pooled = Pooled {
    about: About {
        name: "iou_global",
        title: "Global intersection over union",
        sentence: "The common pixels over the pixels of either mask, all images taken together.",
        formula: r"\frac{\sum_i|Y_i\cap P_i|}{\sum_i|Y_i\cup P_i|}",
        ..DICE_GLOBAL.about
    },
    value: |both, sides| both / (sides - both),
};

pub static TGS_MAP_IOU: Mask = Mask {
    about: About {
        name: "tgs_map_iou",
        title: "Share of overlap thresholds passed",
        parameters: &[HEIGHT, WIDTH, HEIGHT_COLUMN, WIDTH_COLUMN, MASK_COLUMN],
        sentence: "For every row the share of the thresholds 0.50, 0.55 … 0.95 that the intersection over union exceeds, averaged.",
        formula: r"\frac1n\sum_{i=1}^{n}\frac1{10}\sum_{t\in\{.5,.55,\dots,.95\}}\bigl[\mathrm{IoU}(Y_i,P_i)>t\bigr]",
        edge_cases: &[
            "An overlap equal to a threshold does not pass it.",
            "Where neither mask has a pixel the row counts 1; where one of them has, 0.",
            RUNS,
            CHECKED,
        ],
        gaming: "Below an overlap of 0.5 nothing is gained: a mask that will not reach it is best left empty.",
        ..BLANK
    },
    over: Over::Rows,
    value: Overlap::thresholds_passed,
};

pub static DICE_CLASS_MEAN: Mask = Mask {
    about: About {
        name: "dice_class_mean",
        title: "Mean Dice over classes",
        sentence: "The mean Dice of every class, averaged: all classes count the same.",
        formula: r"\frac1K\sum_{k=1}^{K}\frac1{n_k}\sum_{i\in k}\frac{2|Y_i\cap P_i|}{|Y_i|+|P_i|}",
        edge_cases: &[BY_CLASS, EMPTIES, RUNS, CHECKED],
        gaming: "Every class counts the same, so effort pays most on the rarest.",
        ..DICE_MEAN.about
    },
    over: Over::Classes,
    value: Overlap::dice,
};

pub static IOU_CLASS_MEAN: Mask = Mask {
    about: About {
        name: "iou_class_mean",
        title: "Mean intersection over union over classes",
        sentence: "The mean intersection over union of every class, averaged: all classes count the same.",
        formula: r"\frac1K\sum_{k=1}^{K}\frac1{n_k}\sum_{i\in k}\frac{|Y_i\cap P_i|}{|Y_i\cup P_i|}",
        ..DICE_CLASS_MEAN.about
    },
    over: Over::Classes,
    value: Overlap::iou,
};

#[cfg(test)]
mod tests {
    use super::*;

    fn pixels(mask: &str) -> Vec<u64> {
        Runs::of(mask).flat_map(|run| run.start..run.end).collect()
    }

    #[test]
    fn merging_counts_as_pixels_do() {
        let masks =
            ["", "1 64", "1 1 3 1 5 1", "2 5 7 9 20 1 22 30", "1 3 4 3 7 3", "60 5", "3 1 5 2 50 3 60 1"];
        for a in masks {
            for b in masks {
                let (y, p) = (pixels(a), pixels(b));
                let both = y.iter().filter(|pixel| p.contains(pixel)).count() as u64;
                let counted = Overlap { truth: y.len() as u64, predicted: p.len() as u64, both };
                assert_eq!(Overlap::of(a, b), counted, "{a} and {b}");
            }
        }
    }

    #[test]
    fn an_overlap_on_a_threshold_does_not_pass_it() {
        let passed = |both, union| Overlap { truth: union, predicted: both, both }.thresholds_passed();
        assert_eq!(passed(1, 2), 0.0);
        assert_eq!(passed(3, 5), 0.2);
        assert_eq!(passed(11, 20), 0.1);
        assert_eq!(passed(1, 1), 1.0);
    }
}
