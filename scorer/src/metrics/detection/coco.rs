//! Average precision and recall of the COCO evaluation, as pycocotools computes them.

use crate::intake::shapes::Boxed;
use crate::metrics::about::{About, Kind, ParameterAbout};
use crate::metrics::{Degenerate, Draws, Laws, Metric, Params, Rows, Undefined};
use std::borrow::Cow;

use super::matching::{Image, Times, area, by_class, by_confidence, count_predictions, iou, mean, of_draws};
use super::walk::Walk;
use super::{BLANK, CLASSES, FORMAT, TIES, with_confidence};

const N_THRESHOLDS: usize = 10;
pub(super) const N_RECALLS: usize = 101;
/// Below every recall and overlap that matters; pycocotools adds it to denominators.
pub(super) const EPSILON: f64 = f64::EPSILON;

/// 0.50, 0.55 … 0.95, to the last bit as numpy spaces them.
fn threshold(at: usize) -> f64 {
    if at + 1 == N_THRESHOLDS { 0.95 } else { at as f64 * ((0.95 - 0.5) / 9.0) + 0.5 }
}

/// What is averaged, over classes and thresholds.
#[derive(Clone, Copy)]
enum Quantity {
    Precision,
    Recall,
}

/// A metric of the COCO evaluation.
pub struct Coco {
    about: About,
    quantity: Quantity,
    n_thresholds: usize,
}

impl Metric for Coco {
    fn about(&self) -> &About {
        &self.about
    }

    fn laws(&self) -> Laws {
        Laws { is_symmetric: false, has_weights: false, undefined_on: &[Degenerate::NoRows] }
    }

    fn perfect_text<'a>(&self, truth: &'a str) -> Cow<'a, str> {
        with_confidence(truth)
    }

    fn score(&self, rows: &Rows<'_>, params: &Params) -> Result<f64, Undefined> {
        let curves = curves(rows, params, |curve| self.value(curve))?;
        mean(&curves)
            .ok_or_else(|| Undefined::because("No true box of this split has an area within the bounds."))
    }

    /// Boxes are matched within their image: in a draw each counts as often as its image comes.
    fn scores_of_draws(&self, rows: &Rows<'_>, params: &Params, draws: &Draws<'_>) -> Option<Vec<f64>> {
        let curves = curves(rows, params, Clone::clone).ok()?;
        let n_boxes: usize = curves.iter().map(|curve| curve.fates.len()).sum();
        let of_class = |curve: &Curve, times: &Times| match self.quantity {
            Quantity::Precision => Walk::of(curve, self.n_thresholds, times).mean_precisions(),
            Quantity::Recall => Walk::of(curve, self.n_thresholds, times).recalls(),
        };
        Some(of_draws(draws, rows.len(), &curves, n_boxes, of_class))
    }
}

/// Something of the curve of every class that has a true box that counts.
fn curves<T: Send>(
    rows: &Rows<'_>,
    params: &Params,
    of: impl Fn(&Curve) -> T + Sync,
) -> Result<Vec<T>, Undefined> {
    let bounds = Bounds {
        n_detections: params.count(MAX_DETECTIONS.name),
        area: params.number(AREA_FROM.name)..=params.number(AREA_TO.name),
    };
    let classes = by_class(rows)?;
    let n_items = count_predictions(&classes) * WORK_OF_A_BOX;
    let found = crate::parallel::map(classes.len(), n_items, |class| {
        Curve::of(&classes[class], &bounds).map(|curve| of(&curve))
    });
    Ok(found.into_iter().flatten().collect())
}

/// How many plain items matching one predicted box is worth.
const WORK_OF_A_BOX: usize = 30;

impl Coco {
    /// The mean over thresholds.
    fn value(&self, curve: &Curve) -> f64 {
        let at = |threshold: usize| match self.quantity {
            Quantity::Precision => curve.mean_precision(threshold),
            Quantity::Recall => curve.recall(threshold),
        };
        (0..self.n_thresholds).map(at).sum::<f64>() / self.n_thresholds as f64
    }
}

struct Bounds {
    n_detections: usize,
    area: std::ops::RangeInclusive<f64>,
}

/// What became of a predicted box, a bit for every threshold.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Fate {
    pub is_matched: u16,
    pub is_ignored: u16,
}

/// The predicted boxes of a class by falling confidence, and the true ones, each with the row of its image.
#[derive(Clone)]
pub(super) struct Curve {
    pub fates: Vec<(u32, Fate)>,
    pub truths: Vec<u32>,
}

impl Curve {
    /// `None` where no true box of the class counts.
    fn of(images: &[Image<'_>], bounds: &Bounds) -> Option<Self> {
        let is_outside = |of: &Boxed<'_>| !bounds.area.contains(&area(of));
        let is_true = |image: &Image<'_>| {
            let n_inside = image.truths.iter().filter(|truth| !is_outside(truth)).count();
            std::iter::repeat_n(image.row as u32, n_inside)
        };
        let truths: Vec<u32> = images.iter().flat_map(is_true).collect();
        if truths.is_empty() {
            return None;
        }
        let mut fates = Vec::new();
        let mut confidences = Vec::new();
        for image in images {
            let predictions = &image.predictions[..image.predictions.len().min(bounds.n_detections)];
            confidences.extend(predictions.iter().map(|prediction| prediction.confidence));
            let found = image_fates(&image.truths, predictions, is_outside);
            fates.extend(found.into_iter().map(|fate| (image.row as u32, fate)));
        }
        let fates = by_confidence(&confidences).into_iter().map(|at| fates[at]).collect();
        Some(Self { fates, truths })
    }

    fn n_true(&self) -> f64 {
        self.truths.len() as f64
    }

    /// Right and wrong boxes so far, after every box that counts or not.
    fn counts(&self, threshold: usize) -> impl Iterator<Item = (f64, f64)> {
        let bit = 1_u16 << threshold;
        self.fates.iter().scan((0.0, 0.0), move |(right, wrong), (_, fate)| {
            if fate.is_ignored & bit == 0 {
                if fate.is_matched & bit != 0 {
                    *right += 1.0;
                } else {
                    *wrong += 1.0;
                }
            }
            Some((*right, *wrong))
        })
    }

    fn recall(&self, threshold: usize) -> f64 {
        self.counts(threshold).last().map_or(0.0, |(right, _)| right / self.n_true())
    }

    /// The mean, over 101 levels of recall, of the best precision at that recall or more.
    fn mean_precision(&self, threshold: usize) -> f64 {
        let n_true = self.n_true();
        let (recalls, mut precisions): (Vec<f64>, Vec<f64>) = self
            .counts(threshold)
            .map(|(right, wrong)| (right / n_true, right / (wrong + right + EPSILON)))
            .unzip();
        for at in (1..precisions.len()).rev() {
            precisions[at - 1] = precisions[at - 1].max(precisions[at]);
        }
        let value = |at: usize| {
            let first = recalls.partition_point(|reached| *reached < level(at));
            precisions.get(first).copied().unwrap_or(0.0)
        };
        (0..N_RECALLS).map(value).sum::<f64>() / N_RECALLS as f64
    }
}

/// Of recall, at which precision is read off.
pub(super) fn level(at: usize) -> f64 {
    if at + 1 == N_RECALLS { 1.0 } else { at as f64 * 0.01 }
}

/// Matches the boxes of one image, for every threshold: predictions by falling confidence, each to the
/// free true box of the largest overlap; true boxes outside of the bounds last, and without effect.
fn image_fates(
    truths: &[Boxed<'_>],
    predictions: &[Boxed<'_>],
    is_outside: impl Fn(&Boxed<'_>) -> bool,
) -> Vec<Fate> {
    let mut order: Vec<&Boxed<'_>> = truths.iter().collect();
    order.sort_by_key(|truth| is_outside(truth));
    let n_inside = order.iter().filter(|truth| !is_outside(truth)).count();
    let mut taken = vec![0_u16; order.len()];
    let mut overlaps = vec![0.0; order.len()];
    let mut fates = vec![Fate::default(); predictions.len()];
    for (fate, prediction) in fates.iter_mut().zip(predictions) {
        overlaps.iter_mut().zip(&order).for_each(|(place, truth)| *place = iou(prediction, truth));
        let outside = is_outside(prediction);
        for at in 0..N_THRESHOLDS {
            let bit = 1_u16 << at;
            let free = |truth: &usize| taken[*truth] & bit == 0;
            let match_inside = best(&overlaps, (0..n_inside).filter(free), threshold(at));
            let found =
                match_inside.or_else(|| best(&overlaps, (n_inside..order.len()).filter(free), threshold(at)));
            match found {
                Some(truth) => {
                    taken[truth] |= bit;
                    fate.is_matched |= bit;
                    fate.is_ignored |= if truth >= n_inside { bit } else { 0 };
                }
                None => fate.is_ignored |= if outside { bit } else { 0 },
            }
        }
    }
    fates
}

/// The candidate of the largest overlap, the last of several, that reaches the threshold.
fn best(overlaps: &[f64], candidates: impl Iterator<Item = usize>, threshold: f64) -> Option<usize> {
    let mut least = threshold.min(1.0 - 1e-10);
    let mut found = None;
    for candidate in candidates {
        if overlaps[candidate] >= least {
            least = overlaps[candidate];
            found = Some(candidate);
        }
    }
    found
}

const MAX_DETECTIONS: ParameterAbout = ParameterAbout {
    name: "max_detections",
    kind: Kind::Integer(1, 100_000, 100),
    description: "How many boxes of each class and image count, those of highest confidence.",
    is_main: false,
};
const AREA_FROM: ParameterAbout = ParameterAbout {
    name: "area_from",
    kind: Kind::Number(0.0, 1e10, 0.0),
    description: "Boxes of a smaller area do not count, for or against (COCO: 1024 for medium, 9216 for large objects).",
    is_main: false,
};
const AREA_TO: ParameterAbout = ParameterAbout {
    name: "area_to",
    kind: Kind::Number(0.0, 1e10, 1e10),
    description: "Boxes of a larger area do not count, for or against (COCO: 1024 for small, 9216 for medium objects).",
    is_main: false,
};
const MATCHED: &str = "Boxes of a class in an image are matched by falling confidence, each with the free true box of the largest overlap that reaches the threshold.";

pub static COCO_MAP: Coco = Coco {
    about: About {
        name: "coco_map",
        title: "COCO mean average precision",
        parameters: &[MAX_DETECTIONS, AREA_FROM, AREA_TO],
        sentence: "Average precision at 101 levels of recall, averaged over overlap thresholds 0.50 to 0.95 and over classes.",
        formula: r"\frac1K\sum_{k=1}^{K}\frac1{10}\sum_{t\in\{.5,.55,\dots,.95\}}\frac1{101}\sum_{r\in\{0,.01,\dots,1\}}\max_{\tilde r\ge r}p_{k,t}(\tilde r)",
        edge_cases: &[
            MATCHED,
            "The best 100 boxes of each class and image count, or as many as the parameter says.",
            CLASSES,
            TIES,
            FORMAT,
        ],
        ..BLANK
    },
    quantity: Quantity::Precision,
    n_thresholds: N_THRESHOLDS,
};

pub static COCO_AP50: Coco = Coco {
    about: About {
        name: "coco_ap50",
        title: "COCO average precision at overlap 0.50",
        sentence: "Average precision at 101 levels of recall for an overlap of at least 0.50, averaged over classes.",
        formula: r"\frac1K\sum_{k=1}^{K}\frac1{101}\sum_{r\in\{0,.01,\dots,1\}}\max_{\tilde r\ge r}p_{k,.5}(\tilde r)",
        ..COCO_MAP.about
    },
    quantity: Quantity::Precision,
    n_thresholds: 1,
};

pub static COCO_AR100: Coco = Coco {
    about: About {
        name: "coco_ar100",
        title: "COCO average recall, 100 boxes",
        sentence: "The share of true boxes that are found, averaged over overlap thresholds 0.50 to 0.95 and over classes.",
        formula: r"\frac1K\sum_{k=1}^{K}\frac1{10}\sum_{t\in\{.5,.55,\dots,.95\}}\frac{TP_{k,t}}{n_k}",
        gaming: "Wrong boxes cost nothing: every image should get as many boxes as count.",
        ..COCO_MAP.about
    },
    quantity: Quantity::Recall,
    n_thresholds: N_THRESHOLDS,
};
