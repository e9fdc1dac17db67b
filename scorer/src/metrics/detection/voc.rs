//! Average precision of PASCAL VOC since 2010: the whole area under the envelope of the curve.

use std::borrow::Cow;

use crate::metrics::about::{About, Kind, ParameterAbout};
use crate::metrics::{Degenerate, Draws, Laws, Metric, Params, Rows, Undefined};

use super::matching::{Counts, Image, LANES, OfClass, Times, add, by_class, by_confidence, iou, of_draws};
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
        let curves = curves(rows, params)?;
        let values: Vec<f64> = curves.iter().map(Curve::average_precision).collect();
        Ok(crate::kernels::sum(values.len(), |at| values[at]) / values.len() as f64)
    }

    /// Boxes are judged within their image: in a draw each counts as often as its image comes.
    fn scores_of_draws(&self, rows: &Rows<'_>, params: &Params, draws: &Draws<'_>) -> Option<Vec<f64>> {
        let curves = curves(rows, params).ok()?;
        let n_boxes = curves.iter().map(|curve| curve.boxes.len()).sum();
        Some(of_draws(draws, rows.len(), &curves, n_boxes, Curve::of_draws))
    }
}

fn curves(rows: &Rows<'_>, params: &Params) -> Result<Vec<Curve>, Undefined> {
    let threshold = params.number(OVERLAP.name);
    Ok(by_class(rows)?.iter().map(|images| Curve::of(images, threshold)).collect())
}

/// The predicted boxes of a class by falling confidence, each with the row of its image and whether it is right; and the
/// number of true ones by row.
struct Curve {
    boxes: Vec<(u32, bool)>,
    truths: Vec<(u32, u32)>,
}

impl Curve {
    fn of(images: &[Image<'_>], threshold: f64) -> Self {
        let confidences: Vec<f64> = images
            .iter()
            .flat_map(|image| &image.predictions)
            .map(|prediction| prediction.confidence)
            .collect();
        let judged = |image: &Image<'_>| {
            let row = image.row as u32;
            right(image, threshold).into_iter().map(move |is_right| (row, is_right))
        };
        let boxes: Vec<(u32, bool)> = images.iter().flat_map(judged).collect();
        Self {
            boxes: by_confidence(&confidences).into_iter().map(|at| boxes[at]).collect(),
            truths: images.iter().map(|image| (image.row as u32, image.truths.len() as u32)).collect(),
        }
    }

    fn average_precision(&self) -> f64 {
        let (mut n_right, mut n_seen) = (0.0, 0.0);
        let mut precisions = Vec::new();
        for (_, is_right) in &self.boxes {
            n_seen += 1.0;
            if *is_right {
                n_right += 1.0;
                precisions.push(n_right / n_seen);
            }
        }
        // Recall grows by one true box at every right prediction; there the best precision to come counts.
        let mut best = 0.0_f64;
        let envelope = precisions.iter().rev().map(|precision| {
            best = best.max(*precision);
            best
        });
        envelope.sum::<f64>() / self.truths.iter().map(|(_, n)| f64::from(*n)).sum::<f64>()
    }

    fn of_draws(&self, times: &Times) -> OfClass {
        let (mut n_right, mut n_seen) = ([0; LANES], [0; LANES]);
        let mut found: Vec<[Counts; 3]> = Vec::new();
        for (row, is_right) in &self.boxes {
            let times = times.of_row(*row);
            add(&mut n_seen, times);
            if *is_right {
                add(&mut n_right, times);
                found.push([*times, n_right, n_seen]);
            }
        }
        let mut best = [0.0_f64; LANES];
        let mut area = [0.0; LANES];
        for [times, n_right, n_seen] in found.iter().rev() {
            for lane in 0..LANES {
                // Where nothing has been seen yet, nothing is right: 0 of at least 1.
                let precision = f64::from(n_right[lane]) / f64::from(n_seen[lane].max(1));
                best[lane] = best[lane].max(precision);
                area[lane] += f64::from(times[lane]) * best[lane];
            }
        }
        let mut n_true = [0; LANES];
        for (row, n) in &self.truths {
            n_true.iter_mut().zip(times.of_row(*row)).for_each(|(n_true, times)| *n_true += n * times);
        }
        OfClass { scores: std::array::from_fn(|lane| area[lane] / f64::from(n_true[lane])), n_true }
    }
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
