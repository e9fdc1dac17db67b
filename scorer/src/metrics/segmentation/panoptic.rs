//! Panoptic quality: segments found, and how well (Kirillov et al. 2019).

use holdout_contract::spec::{Cell, Layout};
use std::collections::BTreeMap;

use crate::influence::{Sums, mean_over_classes};
use crate::intake::shapes::{Run, Runs, masks};
use crate::judge::Context;
use crate::kernels::sum;
use crate::metrics::about::{About, fields};
use crate::metrics::groups::Groups;
use crate::metrics::{
    Degenerate, Laws, Metric, Params, PerRow, Rows, ScoresPerRow, Undefined, Values, finite,
};
use crate::misfit::Misfits;

use super::size::{self, HEIGHT, HEIGHT_COLUMN, MASK_COLUMN, WIDTH, WIDTH_COLUMN};
use super::{BLANK, CHECKED, RUNS};

/// What one row adds: the overlaps of matched segments, and how many segments there are.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Found {
    iou: f64,
    n_matched: u32,
    n_true: u32,
    n_predicted: u32,
}

/// The runs of all segments of a cell in ascending order, each with its segment; and their sizes.
fn segments(cell: &str) -> (Vec<(Run, u32)>, Vec<u64>) {
    let mut runs = Vec::new();
    let mut sizes = Vec::new();
    for (segment, mask) in masks(cell).enumerate() {
        runs.extend(Runs::of(mask).map(|run| (run, segment as u32)));
        sizes.push(Runs::of(mask).map(Run::len).sum());
    }
    runs.sort_unstable_by_key(|(run, _)| run.start);
    (runs, sizes)
}

impl Found {
    /// Segments of one cell share no pixel, so a true segment has at most one predicted one with which
    /// it shares more than half of their union.
    fn of(truth: &str, predicted: &str) -> Self {
        let ((true_runs, true_sizes), (runs, sizes)) = (segments(truth), segments(predicted));
        let mut common: BTreeMap<(u32, u32), u64> = BTreeMap::new();
        let (mut at, mut other) = (0, 0);
        while let (Some((a, segment)), Some((b, candidate))) = (true_runs.get(at), runs.get(other)) {
            let both = a.end.min(b.end).saturating_sub(a.start.max(b.start));
            if both > 0 {
                *common.entry((*segment, *candidate)).or_default() += both;
            }
            if a.end <= b.end {
                at += 1;
            } else {
                other += 1;
            }
        }
        let mut found =
            Self { n_true: true_sizes.len() as u32, n_predicted: sizes.len() as u32, ..Self::default() };
        for ((segment, candidate), both) in common {
            let union = true_sizes[segment as usize] + sizes[candidate as usize] - both;
            if 2 * both > union {
                found.iou += both as f64 / union as f64;
                found.n_matched += 1;
            }
        }
        found
    }

    /// Matched + half of the wrong + half of the missed: half of all segments of both sides.
    fn half_of_segments(&self) -> f64 {
        0.5 * f64::from(self.n_true + self.n_predicted)
    }
}

/// Panoptic quality of all rows together, or of every class apart.
pub struct Panoptic {
    about: About,
    by_class: bool,
}

impl Metric for Panoptic {
    fn about(&self) -> &About {
        &self.about
    }

    fn laws(&self) -> Laws {
        Laws { is_symmetric: true, has_weights: !self.by_class, undefined_on: &[Degenerate::NoRows] }
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
        self.by_class
    }

    fn groups_are_classes(&self) -> bool {
        self.by_class
    }

    fn influence(&self, rows: &Rows<'_>, params: &Params) -> Option<Vec<f64>> {
        let terms: Vec<[f64; 2]> =
            self.find(rows, params).iter().map(|row| [row.iou, row.half_of_segments()]).collect();
        mean_over_classes(rows, &terms)
    }

    fn score(&self, rows: &Rows<'_>, params: &Params) -> Result<f64, Undefined> {
        self.score_rows(rows, params)
    }

    fn sums<'a>(&'a self, rows: &Rows<'_>, params: &Params) -> Option<Sums<'a>> {
        if self.by_class {
            return None;
        }
        let found = self.find(rows, params);
        let column = |part: fn(&Found) -> f64| found.iter().map(part).collect();
        let terms = vec![column(|row| row.iou), column(Found::half_of_segments)];
        Some(Sums { terms, combine: Box::new(|sums| finite(sums[0] / sums[1])) })
    }

    fn per_row(&self) -> Option<&dyn ScoresPerRow> {
        Some(self)
    }
}

impl PerRow for Panoptic {
    type Found = Found;

    fn find(&self, rows: &Rows<'_>, _: &Params) -> Vec<Found> {
        rows.each_pair(Found::of)
    }

    fn add_up(&self, rows: &Rows<'_>, found: &[Found], _: &Params) -> Result<f64, Undefined> {
        rows.positive_weight()?;
        let all: Vec<u32> = (0..rows.len() as u32).collect();
        let qualities: Vec<f64> = if self.by_class {
            Groups::of(rows)?.iter().filter_map(|(_, members)| quality(rows, found, members)).collect()
        } else {
            quality(rows, found, &all).into_iter().collect()
        };
        if qualities.is_empty() {
            return Err(Undefined::because("No row of this split has a segment, in truth or prediction."));
        }
        Ok(sum(qualities.len(), |at| qualities[at]) / qualities.len() as f64)
    }
}

/// `None` where there is no segment at all.
fn quality(rows: &Rows<'_>, found: &[Found], members: &[u32]) -> Option<f64> {
    let total = |part: fn(&Found) -> f64| {
        sum(members.len(), |at| {
            let row = members[at] as usize;
            rows.weight(row) * part(&found[row])
        })
    };
    let segments = total(Found::half_of_segments);
    (segments > 0.0).then(|| total(|row| row.iou) / segments)
}

const FORMAT: &str = "A cell holds the masks of all segments of a row, separated by semicolons; no pixel may be in two of them.";
const MATCH: &str = "A true and a predicted segment match when they share more than half of their union, so that each has at most one match.";
const NONE: &str = "Undefined where no row of the split has a segment, in truth or prediction.";

pub static PANOPTIC_QUALITY: Panoptic = Panoptic {
    about: About {
        name: "panoptic_quality",
        title: "Panoptic quality",
        layout: fields::Fields::Target { solution: Cell::Masks, submission: Cell::Masks },
        parameters: &[HEIGHT, WIDTH, HEIGHT_COLUMN, WIDTH_COLUMN, MASK_COLUMN],
        sentence: "The overlap of matched segments over the number of matched, and half the missed and wrong ones.",
        formula: r"\frac{\sum_{(y,p)\in TP}\mathrm{IoU}(y,p)}{|TP|+\frac12|FP|+\frac12|FN|}",
        edge_cases: &[MATCH, FORMAT, NONE, RUNS, CHECKED],
        gaming: "A segment that is unlikely to share half of its union with a true one is best left out.",
        ..BLANK
    },
    by_class: false,
};

pub static PANOPTIC_QUALITY_CLASS_MEAN: Panoptic = Panoptic {
    about: About {
        name: "panoptic_quality_class_mean",
        title: "Panoptic quality, mean over classes",
        sentence: "The panoptic quality of every class, averaged: all classes count the same.",
        formula: r"\frac1K\sum_{k=1}^{K}\frac{\sum_{(y,p)\in TP_k}\mathrm{IoU}(y,p)}{|TP_k|+\frac12|FP_k|+\frac12|FN_k|}",
        edge_cases: &[
            "A row holds the segments of one class in one image; the solution's column “class” (or the one named by “group_column”) says which class.",
            MATCH,
            FORMAT,
            "A class without any segment does not count.",
            RUNS,
            CHECKED,
        ],
        ..PANOPTIC_QUALITY.about
    },
    by_class: true,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_match_when_they_share_more_than_half() {
        // 3 of 4 pixels shared; exactly half shared; no partner.
        let found = Found::of("1 4;11 2;31 5", "2 3;11 1;41 1");
        assert_eq!(found, Found { iou: 0.75, n_matched: 1, n_true: 3, n_predicted: 3 });
        // Interleaved runs of two segments on both sides.
        let found = Found::of("1 2 5 2;3 2 7 2", "3 2 7 2;1 2 5 2");
        assert_eq!(found, Found { iou: 2.0, n_matched: 2, n_true: 2, n_predicted: 2 });
        assert_eq!(Found::of("", "").n_true, 0);
    }
}
