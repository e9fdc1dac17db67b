//! Scores that only order matters for: areas under curves and points on them.

use std::ops::Range;

use holdout_contract::spec::{Direction, Task};
use holdout_evaluator::sums_by_cell;

use crate::kernels::{SortedScores, counted_thresholds, places, weighted_thresholds};
use crate::metrics::about::{About, Kind, ParameterAbout, fields};
use crate::metrics::{
    Degenerate, Draws, Files, Laws, Metric, Params, PartScores, Rows, ScoresTogether, Undefined,
};
use crate::parallel;

/// Positives and negatives at or above every distinct score, highest first.
pub(crate) enum Curve<'a> {
    /// Of all these rows together, one by one.
    Counted(&'a [SortedScores]),
    /// The points of the curve, from (0, 0).
    Weighted(Vec<(f64, f64)>),
}

/// Does some work with the curve of some rows.
pub(crate) fn with_curve<R>(
    truth: &[f64],
    score: &[f64],
    weights: Option<&[f64]>,
    work: impl FnOnce(&Curve<'_>) -> R,
) -> R {
    match weights {
        Some(weights) => work(&Curve::weighted(truth, score, weights)),
        None => work(&Curve::Counted(&[SortedScores::of(truth, score)])),
    }
}

/// Scores in their order, for the curves of any number of draws of their rows.
pub(crate) struct Ordered {
    /// Of every row: twice the place of its score, the highest first, and one more for a positive.
    cell_of_row: Vec<u32>,
    n_places: usize,
}

impl Ordered {
    /// Of rows that are positive, negative, or of neither class.
    pub(crate) fn of(is_positive: impl Fn(usize) -> Option<bool>, score: &[f64]) -> Self {
        let (places, n_places) = places(score);
        let beyond = 2 * n_places as u32;
        let cell = |(row, place): (usize, &usize)| match is_positive(row) {
            Some(is_positive) => 2 * (n_places - 1 - place) as u32 + u32::from(is_positive),
            None => beyond,
        };
        Self { cell_of_row: places.iter().enumerate().map(cell).collect(), n_places }
    }

    /// The curve where every row comes so many times; each time it counts 1, or what it weighs.
    pub(crate) fn curve(&self, times: &[u8], weights: Option<&[f64]>) -> Curve<'static> {
        let sums = sums_by_cell(times, &self.cell_of_row, 2 * self.n_places + 1, weights);
        let mut points = Vec::with_capacity(self.n_places + 1);
        let mut above = (0.0, 0.0);
        points.push(above);
        points.extend(sums.chunks_exact(2).map(|place| {
            above = (above.0 + place[1], above.1 + place[0]);
            above
        }));
        Curve::Weighted(points)
    }
}

impl Curve<'_> {
    fn weighted(truth: &[f64], score: &[f64], weights: &[f64]) -> Self {
        let mut points = vec![(0.0, 0.0)];
        let (mut above_positive, mut above_negative) = (0.0, 0.0);
        weighted_thresholds(truth, score, weights, |positive, negative| {
            above_positive += positive;
            above_negative += negative;
            points.push((above_positive, above_negative));
        });
        Self::Weighted(points)
    }

    /// Walks along the curve from (0, 0).
    fn each_point(&self, mut see: impl FnMut(f64, f64)) {
        match self {
            Self::Weighted(points) => points.iter().for_each(|point| see(point.0, point.1)),
            Self::Counted(parts) => {
                let (mut above_positive, mut above_negative) = (0.0, 0.0);
                see(above_positive, above_negative);
                counted_thresholds(parts, |positive, negative| {
                    above_positive += positive;
                    above_negative += negative;
                    see(above_positive, above_negative);
                });
            }
        }
    }

    /// Positives and negatives of all rows.
    fn totals(&self) -> (f64, f64) {
        match self {
            Self::Weighted(points) => points.last().copied().unwrap_or_default(),
            Self::Counted(parts) => {
                let total = |of: fn(&SortedScores) -> usize| parts.iter().map(of).sum::<usize>() as f64;
                (total(SortedScores::n_positive), total(SortedScores::n_negative))
            }
        }
    }

    pub(crate) fn share_of_positives(&self) -> f64 {
        let (positive, negative) = self.totals();
        positive / (positive + negative)
    }

    fn both_classes(&self) -> Result<(f64, f64), Undefined> {
        let (positive, negative) = self.totals();
        match (positive > 0.0, negative > 0.0) {
            (true, true) => Ok((positive, negative)),
            (false, _) => Err(Undefined::because("This split has no positive row, so there is no curve.")),
            (_, false) => Err(Undefined::because("This split has no negative row, so there is no curve.")),
        }
    }

    /// Walks along the curve by (false positive rate, true positive rate).
    fn each_rate(&self, mut see: impl FnMut(f64, f64)) -> Result<(), Undefined> {
        let (positive, negative) = self.both_classes()?;
        self.each_point(|above_positive, above_negative| {
            see(above_negative / negative, above_positive / positive);
        });
        Ok(())
    }

    pub(crate) fn roc_auc(&self) -> Result<f64, Undefined> {
        let (positive, negative) = self.both_classes()?;
        let (mut area, mut before) = (0.0, (0.0, 0.0));
        self.each_point(|above_positive, above_negative| {
            area += (above_negative - before.1) * (before.0 + above_positive) / 2.0;
            before = (above_positive, above_negative);
        });
        Ok(area / positive / negative)
    }

    pub(crate) fn average_precision(&self) -> Result<f64, Undefined> {
        let (positive, _) = self.totals();
        if positive == 0.0 {
            return Err(Undefined::because(
                "This split has no positive row, so there is no precision to average.",
            ));
        }
        let (mut precision, mut before) = (0.0, 0.0);
        self.each_point(|above_positive, above_negative| {
            let gained = above_positive - before;
            if gained != 0.0 {
                precision += gained * above_positive / (above_positive + above_negative);
            }
            before = above_positive;
        });
        Ok(precision / positive)
    }
}

/// A number read off the curve.
pub struct OnCurve {
    about: About,
    laws: Laws,
    compute: fn(&Curve<'_>, &Params) -> Result<f64, Undefined>,
}

impl Metric for OnCurve {
    fn about(&self) -> &About {
        &self.about
    }

    fn laws(&self) -> Laws {
        self.laws
    }

    fn score(&self, rows: &Rows<'_>, params: &Params) -> Result<f64, Undefined> {
        rows.positive_weight()?;
        let (truth, score) = rows.numbers();
        with_curve(truth, score, rows.weights, |curve| (self.compute)(curve, params))
    }

    fn scores_of_draws(&self, rows: &Rows<'_>, params: &Params, draws: &Draws<'_>) -> Option<Vec<f64>> {
        let (truth, score) = rows.numbers();
        let ordered = Ordered::of(|row| Some(truth[row] == 1.0), score);
        Some(draws.scores(rows.len(), |times| (self.compute)(&ordered.curve(times, rows.weights), params)))
    }

    /// Without weights every row is sorted once, and the parts of a part are merged.
    fn score_parts(
        &self,
        rows: &Rows<'_>,
        parts: &[Range<usize>],
        params: &Params,
    ) -> Vec<Result<f64, Undefined>> {
        if rows.weights.is_some() {
            let score = |part: &Range<usize>| rows.with_part(part.clone(), |rows| self.score(rows, params));
            return parallel::each(parts, rows.len(), score);
        }
        let (truth, score) = rows.numbers();
        let cuts = cuts(parts);
        let sorted = parallel::each(&pieces(&cuts), rows.len(), |piece| {
            SortedScores::of(&truth[piece.clone()], &score[piece.clone()])
        });
        parallel::each(parts, rows.len(), |part| self.on_pieces(&cuts, &sorted, part, params))
    }

    fn together(&self) -> Option<&dyn ScoresTogether> {
        Some(self)
    }
}

impl ScoresTogether for OnCurve {
    /// All files' scores of a piece are sorted at once.
    fn score_files(&self, files: &Files<'_>) -> Vec<PartScores> {
        let Files { rows, parts, params, evaluator } = *files;
        let Some(first) = rows.first().filter(|rows| rows.weights.is_none()) else {
            return rows.iter().map(|rows| self.score_parts(rows, parts, params)).collect();
        };
        let (truth, _) = first.numbers();
        let cuts = cuts(parts);
        let mut sorted: Vec<Vec<SortedScores>> = rows.iter().map(|_| Vec::new()).collect();
        for piece in pieces(&cuts) {
            let scores: Vec<&[f64]> = rows.iter().map(|rows| &rows.numbers().1[piece.clone()]).collect();
            let of_piece = SortedScores::of_all(&truth[piece], &scores, evaluator);
            sorted.iter_mut().zip(of_piece).for_each(|(sorted, scores)| sorted.push(scores));
        }
        parallel::each(&sorted, first.len() * rows.len(), |sorted| {
            parts.iter().map(|part| self.on_pieces(&cuts, sorted, part, params)).collect()
        })
    }
}

impl OnCurve {
    /// The score of a part, of the sorted pieces that it is made of.
    fn on_pieces(
        &self,
        cuts: &[usize],
        sorted: &[SortedScores],
        part: &Range<usize>,
        params: &Params,
    ) -> Result<f64, Undefined> {
        let first = cuts.partition_point(|cut| *cut < part.start);
        let end = cuts.partition_point(|cut| *cut < part.end);
        (self.compute)(&Curve::Counted(&sorted[first..end]), params)
    }
}

/// Where parts begin and end.
fn cuts(parts: &[Range<usize>]) -> Vec<usize> {
    let mut cuts: Vec<usize> = parts.iter().flat_map(|part| [part.start, part.end]).collect();
    cuts.sort_unstable();
    cuts.dedup();
    cuts
}

fn pieces(cuts: &[usize]) -> Vec<Range<usize>> {
    cuts.windows(2).map(|ends| ends[0]..ends[1]).collect()
}

const ONE_CLASS: &[Degenerate] = &[Degenerate::NoRows, Degenerate::NoPositives, Degenerate::NoNegatives];
const LAWS: Laws = Laws { is_symmetric: false, has_weights: true, undefined_on: ONE_CLASS };
const ORDER_ONLY: &str = "Only the order of the scores counts: probabilities need not be calibrated, and any rising transformation scores the same.";
const ONE_CLASS_RULE: &str = "Undefined when a split has one class only.";

pub(super) const BLANK: About = About {
    name: "",
    title: "",
    task: Task::BinaryProbability,
    direction: Direction::HigherIsBetter,
    best: Some(1.0),
    layout: fields::SCORES,
    parameters: &[],
    sentence: "",
    formula: "",
    edge_cases: &[],
    gaming: ORDER_ONLY,
};

pub static ROC_AUC: OnCurve = OnCurve {
    about: About {
        name: "roc_auc",
        title: "Area under the ROC curve",
        sentence: "The chance that a random positive row is scored above a random negative one.",
        formula: r"\frac{1}{n_+n_-}\sum_{i:y_i=1}\sum_{j:y_j=0}\left([p_i>p_j]+\tfrac12[p_i=p_j]\right)",
        edge_cases: &["Equal scores count one half.", "-0 and 0 are equal.", ONE_CLASS_RULE],
        ..BLANK
    },
    laws: LAWS,
    compute: |curve, _| curve.roc_auc(),
};

pub static GINI_AUC: OnCurve = OnCurve {
    about: About {
        name: "gini_auc",
        title: "Gini of the ROC curve",
        sentence: "Twice the area under the ROC curve minus 1: 0 is random, 1 is perfect.",
        formula: r"2\,\mathrm{AUC}-1",
        edge_cases: &["Equal scores count one half.", ONE_CLASS_RULE],
        ..BLANK
    },
    laws: LAWS,
    compute: |curve, _| Ok(2.0 * curve.roc_auc()? - 1.0),
};

pub static PARTIAL_AUC: OnCurve = OnCurve {
    about: About {
        name: "partial_auc",
        title: "Partial area under the ROC curve",
        parameters: &[ParameterAbout {
            name: "max_fpr",
            kind: Kind::Number(1e-9, 1.0, 0.1),
            description: "The highest false positive rate that counts.",
            is_main: true,
        }],
        sentence: "The area under the start of the ROC curve, where few false alarms are tolerated, scaled so that 0.5 is random.",
        formula: r"\tfrac12\left(1+\frac{A_f-f^2/2}{f-f^2/2}\right)",
        edge_cases: &[
            "The curve is interpolated at the end of the range.",
            "McClish's scaling.",
            ONE_CLASS_RULE,
        ],
        ..BLANK
    },
    laws: LAWS,
    compute: partial_auc,
};

fn partial_auc(curve: &Curve<'_>, params: &Params) -> Result<f64, Undefined> {
    let limit = params.number("max_fpr");
    if limit == 1.0 {
        return curve.roc_auc();
    }
    let (mut area, mut before) = (0.0, (0.0, 0.0));
    let mut is_past = false;
    curve.each_rate(|x1, y1| {
        let (x0, y0) = std::mem::replace(&mut before, (x1, y1));
        if is_past {
            return;
        }
        if x1 <= limit {
            area += (x1 - x0) * (y0 + y1) / 2.0;
        } else {
            let y = y0 + (y1 - y0) * (limit - x0) / (x1 - x0);
            area += (limit - x0) * (y0 + y) / 2.0;
            is_past = true;
        }
    })?;
    let smallest = limit * limit / 2.0;
    Ok(0.5 * (1.0 + (area - smallest) / (limit - smallest)))
}

pub static AUC_ABOVE_TPR: OnCurve = OnCurve {
    about: About {
        name: "auc_above_tpr",
        title: "Area under the ROC curve above a true positive rate",
        best: None,
        parameters: &[ParameterAbout {
            name: "min_tpr",
            kind: Kind::Number(0.0, 1.0 - 1e-9, 0.8),
            description: "The true positive rate above which area counts.",
            is_main: true,
        }],
        sentence: "The area under the ROC curve that lies above a true positive rate, where misses are hardly tolerated: perfect is 1 less that rate.",
        formula: r"\int_0^1\max(\mathrm{TPR}(f)-t,\,0)\,df",
        edge_cases: &["The curve is interpolated where it crosses the rate.", "Not scaled.", ONE_CLASS_RULE],
        ..BLANK
    },
    laws: LAWS,
    compute: area_above_rate,
};

fn area_above_rate(curve: &Curve<'_>, params: &Params) -> Result<f64, Undefined> {
    let least = params.number("min_tpr");
    let (mut area, mut before) = (0.0, (0.0, 0.0));
    curve.each_rate(|x1, y1| {
        let (x0, y0) = std::mem::replace(&mut before, (x1, y1));
        if y0 >= least {
            area += (x1 - x0) * ((y0 - least) + (y1 - least)) / 2.0;
        } else if y1 > least {
            let share_above = (y1 - least) / (y1 - y0);
            area += (x1 - x0) * share_above * (y1 - least) / 2.0;
        }
    })?;
    Ok(area)
}

pub static AVERAGE_PRECISION: OnCurve = OnCurve {
    about: About {
        name: "average_precision",
        title: "Average precision",
        sentence: "Precision averaged over the positive rows, each at the threshold that first finds it.",
        formula: r"\sum_k(R_k-R_{k-1})\,P_k",
        edge_cases: &[
            "Equal scores form one threshold; all equal gives the share of positives.",
            "Undefined when a split has no positive row.",
        ],
        ..BLANK
    },
    laws: Laws { undefined_on: &[Degenerate::NoRows, Degenerate::NoPositives], ..LAWS },
    compute: |curve, _| curve.average_precision(),
};

pub static EER: OnCurve = OnCurve {
    about: About {
        name: "eer",
        title: "Equal error rate",
        direction: Direction::LowerIsBetter,
        best: Some(0.0),
        sentence: "The error rate at the threshold where false alarms and misses are equally frequent.",
        formula: r"\mathrm{FPR}(t)=\mathrm{FNR}(t)",
        edge_cases: &["The crossing is interpolated between neighbouring thresholds.", ONE_CLASS_RULE],
        ..BLANK
    },
    laws: LAWS,
    compute: equal_error_rate,
};

fn equal_error_rate(curve: &Curve<'_>, _: &Params) -> Result<f64, Undefined> {
    let mut before = (0.0, 0.0);
    let mut found = None;
    curve.each_rate(|fpr, tpr| {
        let gap = fpr - (1.0 - tpr);
        if found.is_none() && gap == 0.0 {
            found = Some((fpr + 1.0 - tpr) / 2.0);
        }
        if found.is_none() && gap > 0.0 {
            let gap_before = before.0 - (1.0 - before.1);
            found = Some(before.0 - gap_before / (gap - gap_before) * (fpr - before.0));
        }
        before = (fpr, tpr);
    })?;
    found.ok_or_else(|| Undefined::because("The error rates never meet."))
}

pub static KS: OnCurve = OnCurve {
    about: About {
        name: "ks_statistic",
        title: "Kolmogorov-Smirnov statistic",
        sentence: "The largest gap between the share of positives and of negatives found at one threshold.",
        formula: r"\max_t\bigl(\mathrm{TPR}(t)-\mathrm{FPR}(t)\bigr)",
        edge_cases: &[ONE_CLASS_RULE],
        ..BLANK
    },
    laws: LAWS,
    compute: |curve, _| {
        let mut widest = 0.0_f64;
        curve.each_rate(|fpr, tpr| widest = widest.max(tpr - fpr))?;
        Ok(widest)
    },
};

const P_TARGET: ParameterAbout = ParameterAbout {
    name: "p_target",
    kind: Kind::Number(1e-9, 1.0 - 1e-9, 0.05),
    description: "How frequent positives are where the system is used.",
    is_main: true,
};
const COST_MISS: ParameterAbout = ParameterAbout {
    name: "cost_miss",
    kind: Kind::Number(1e-9, 1e9, 1.0),
    description: "What a missed positive costs.",
    is_main: false,
};
const COST_ALARM: ParameterAbout = ParameterAbout {
    name: "cost_false_alarm",
    kind: Kind::Number(1e-9, 1e9, 1.0),
    description: "What a false alarm costs.",
    is_main: false,
};

pub static MIN_DCF: OnCurve = OnCurve {
    about: About {
        name: "min_dcf",
        title: "Minimum detection cost",
        direction: Direction::LowerIsBetter,
        best: Some(0.0),
        parameters: &[P_TARGET, COST_MISS, COST_ALARM],
        sentence: "The cost of misses and false alarms at the best threshold, against that of always giving the cheaper of the two answers.",
        formula: r"\frac{\min_t\left(C_m\pi\,\mathrm{FNR}(t)+C_f(1-\pi)\,\mathrm{FPR}(t)\right)}{\min\left(C_m\pi,\,C_f(1-\pi)\right)}",
        edge_cases: &[
            "Calling every row positive, or none, is among the thresholds: the cost is 1 at most.",
            ONE_CLASS_RULE,
        ],
        gaming: "The threshold is chosen with the labels at hand, so only the order around one point of the curve counts.",
        ..BLANK
    },
    laws: LAWS,
    compute: |curve, params| {
        let p_target = params.number(P_TARGET.name);
        let miss = params.number(COST_MISS.name) * p_target;
        let alarm = params.number(COST_ALARM.name) * (1.0 - p_target);
        let mut least = f64::INFINITY;
        curve.each_rate(|fpr, tpr| least = least.min(miss * (1.0 - tpr) + alarm * fpr))?;
        Ok(least / miss.min(alarm))
    },
};

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// The minimum over scikit-learn 1.9.1's det_curve of the normalised cost.
    #[test]
    fn detection_costs_are_those_of_the_reference() {
        let truth = [1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0];
        let score = [0.9, 0.8, 0.8, 0.6, 0.5, 0.5, 0.4, 0.3, 0.2, 0.1];
        for (given, expected) in [
            (json!({}), 0.75),
            (json!({"p_target": 0.5}), 0.416_666_666_666_666_63),
            (json!({"p_target": 0.3, "cost_miss": 10}), 0.5),
        ] {
            let given = given.as_object().map_or_else(Default::default, Clone::clone);
            let params = crate::metrics::find("min_dcf", &given).map(|found| found.1);
            let cost = params
                .map(|params| with_curve(&truth, &score, None, |curve| (MIN_DCF.compute)(curve, &params)));
            let is_close = matches!(&cost, Ok(Ok(cost)) if (cost - expected).abs() < 1e-12);
            assert!(is_close, "{}: {cost:?}, not {expected}", Value::Object(given));
        }
    }
}
