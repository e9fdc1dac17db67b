//! Average precision of PASCAL VOC since 2010: the whole area under the envelope of the curve.

use std::borrow::Cow;

use crate::metrics::about::{About, Kind, ParameterAbout};
use crate::metrics::{Degenerate, Laws, Metric, Params, Rows, Undefined};

use super::matching::{Image, by_class, by_confidence, iou};
use super::{BLANK, CLASSES, FORMAT, TIES, with_confidence};

/// Average precision at one overlap threshold.
pub struct Voc {
    about: About,
}

impl Metric for Voc {
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
        let threshold = params.number(OVERLAP.name);
        let classes = by_class(rows)?;
        let values: Vec<f64> = classes.iter().map(|images| average_precision(images, threshold)).collect();
        Ok(crate::kernels::sum(values.len(), |at| values[at]) / values.len() as f64)
    }
}

fn average_precision(images: &[Image<'_>], threshold: f64) -> f64 {
    let n_true: usize = images.iter().map(|image| image.truths.len()).sum();
    let confidences: Vec<f64> =
        images.iter().flat_map(|image| &image.predictions).map(|prediction| prediction.confidence).collect();
    let is_right: Vec<bool> = images.iter().flat_map(|image| right(image, threshold)).collect();
    let mut n_right = 0.0;
    let mut precisions = Vec::new();
    for (place, at) in by_confidence(&confidences).into_iter().enumerate() {
        if is_right[at] {
            n_right += 1.0;
            precisions.push(n_right / (place + 1) as f64);
        }
    }
    // Recall grows by one true box at every right prediction; there the best precision to come counts.
    let mut best = 0.0_f64;
    let envelope = precisions.iter().rev().map(|precision| {
        best = best.max(*precision);
        best
    });
    envelope.sum::<f64>() / n_true as f64
}

/// Which predictions of an image are right: a box goes to the true box that it overlaps most, and is
/// wrong when that one has been found before.
fn right(image: &Image<'_>, threshold: f64) -> Vec<bool> {
    let mut is_found = vec![false; image.truths.len()];
    let judged = image.predictions.iter().map(|prediction| {
        let overlaps = image.truths.iter().map(|truth| iou(prediction, truth)).enumerate();
        let most = overlaps.reduce(|most, other| if other.1 > most.1 { other } else { most });
        match most {
            Some((truth, overlap)) if overlap >= threshold => !std::mem::replace(&mut is_found[truth], true),
            _ => false,
        }
    });
    judged.collect()
}

const OVERLAP: ParameterAbout = ParameterAbout {
    name: "overlap",
    kind: Kind::Number(0.01, 1.0, 0.5),
    description: "The intersection over union from which a box counts as found.",
    is_main: true,
};

pub static VOC_AP: Voc = Voc {
    about: About {
        name: "voc_ap",
        title: "PASCAL VOC average precision",
        parameters: &[OVERLAP],
        sentence: "The area under the best precision to come, over recall, at one overlap threshold, averaged over classes.",
        formula: r"\frac1K\sum_{k=1}^{K}\sum_{j}(r_j-r_{j-1})\max_{\tilde r\ge r_j}p_k(\tilde r)",
        edge_cases: &[
            "A box goes to the true box of its class that it overlaps most; when that one is found already, the box is wrong.",
            "An overlap equal to the threshold counts. Boxes are continuous: a width is not one pixel more than the difference.",
            CLASSES,
            TIES,
            FORMAT,
        ],
        ..BLANK
    },
};
