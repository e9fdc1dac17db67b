//! Scores that are a mean of what their units come to alone, or the root of a mean of squares. The metric
//! itself is asked about every unit, and it proves that it is such a mean: on all units, and on two parts.

use std::ops::Range;

use super::{Influence, Unit};
use crate::kernels::sum;
use crate::metrics::gathered::Gathered;
use crate::metrics::groups::Groups;
use crate::metrics::{Metric, Params, Rows, compose};
use crate::parallel;

/// Sums in another order differ by as much.
const ALIKE: f64 = 1e-9;

pub(super) fn over_rows(metric: &dyn Metric, params: &Params, rows: &Rows<'_>) -> Option<Vec<f64>> {
    let n = rows.len();
    let singles: Vec<Range<usize>> = (0..n).map(|at| at..at + 1).collect();
    let proofs = proofs(&singles);
    let ranges: Vec<Range<usize>> = singles.iter().chain(&proofs).cloned().collect();
    let scores: Vec<Option<f64>> = match metric.per_row() {
        // Each part is tiny: threads would cost more than they bring.
        Some(per_row) => {
            let scored = parallel::with_threads(1, || per_row.score_row_parts(rows, &ranges, params));
            scored.into_iter().map(Result::ok).collect()
        }
        None => {
            let score = |rows: &Rows<'_>| metric.score(rows, params).ok();
            ranges.iter().map(|range| rows.with_part(range.clone(), score)).collect()
        }
    };
    Some(mean_of(&scores[..n], &scores[n..], |unit| rows.weight(unit))?.influence)
}

/// A score that is the mean of its units' scores, or the root of the mean of their squares.
pub(super) struct Mean {
    pub influence: Vec<f64>,
    pub is_root: bool,
    pub score: f64,
}

impl Mean {
    /// How far the score is moved where the mean of the influence values is so far from 0.
    pub(super) fn moved(&self, mean: f64) -> f64 {
        if !self.is_root {
            return mean;
        }
        (self.score * self.score + 2.0 * self.score * mean).max(0.0).sqrt() - self.score
    }
}

pub(super) fn over_groups(metric: &dyn Metric, params: &Params, rows: &Rows<'_>) -> Option<Influence> {
    let values = mean_over_groups(metric, params, rows)?.influence;
    Some(Influence { n_units: values.len(), unit: Unit::Group, values })
}

/// Groups count the same, however many rows they have.
pub(super) fn mean_over_groups(metric: &dyn Metric, params: &Params, rows: &Rows<'_>) -> Option<Mean> {
    let groups = Groups::of(rows).ok()?;
    let (mut order, mut spans, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
    for (number, members) in groups.iter() {
        spans.push(order.len()..order.len() + members.len());
        order.extend_from_slice(members);
        numbers.push(number);
    }
    let by_group: Vec<u32> =
        numbers.iter().zip(&spans).flat_map(|(number, span)| vec![*number as u32; span.len()]).collect();
    let score = |rows: &Rows<'_>| compose::score(metric, params, rows).ok();
    Gathered::new(rows, &order).with_rows(rows, |gathered| {
        let gathered = Rows { groups: Some(&by_group), ..*gathered };
        let alone = spans.iter().zip(&numbers).map(|(span, number)| {
            let zeros = vec![0; span.len()];
            let names = rows.group_names.get(*number..=*number).unwrap_or_default();
            gathered.with_part(span.clone(), |part| {
                score(&Rows { groups: Some(&zeros), group_names: names, ..*part })
            })
        });
        let alone: Vec<Option<f64>> = alone.collect();
        let together = proofs(&spans).into_iter().map(|range| gathered.with_part(range, score));
        let together: Vec<Option<f64>> = together.collect();
        mean_of(&alone, &together, |_| 1.0)
    })
}

/// Everything, the first half, and the third quarter.
fn proofs(units: &[Range<usize>]) -> Vec<Range<usize>> {
    parts_of(units.len())
        .into_iter()
        .filter_map(|part| {
            let part = units.get(part)?;
            Some(part.first()?.start..part.last()?.end)
        })
        .collect()
}

fn parts_of(n: usize) -> [Range<usize>; 3] {
    [0..n, 0..n / 2, n / 2..n / 4 * 3]
}

/// `None` unless `together` are the means of `alone`, plain or of squares.
fn mean_of(alone: &[Option<f64>], together: &[Option<f64>], weight: impl Fn(usize) -> f64) -> Option<Mean> {
    [1, 2].into_iter().find_map(|power| {
        let total = |part: &Range<usize>, of: &dyn Fn(f64) -> f64| {
            sum(part.len(), |at| {
                let unit = part.start + at;
                alone[unit].map_or(0.0, |score| weight(unit) * of(score))
            })
        };
        let parts = parts_of(alone.len());
        for (part, score) in parts.iter().zip(together) {
            let mean = total(part, &|score| score.powi(power)) / total(part, &|_| 1.0);
            let size = total(part, &|score| score.abs().powi(power)) / total(part, &|_| 1.0);
            let is_mean = ((*score)?.powi(power) - mean).abs() <= ALIKE * size;
            if !is_mean {
                return None;
            }
        }
        if together.len() < parts.len() {
            return None;
        }
        let whole = together[0]?;
        let slope = alone.len() as f64
            / total(&parts[0], &|_| 1.0)
            / match power {
                1 => 1.0,
                _ if whole == 0.0 => f64::INFINITY, // no error anywhere, and nothing moves
                _ => 2.0 * whole,
            };
        let moved = |(unit, score): (usize, &Option<f64>)| {
            score.map_or(0.0, |score| weight(unit) * (score.powi(power) - whole.powi(power)) * slope)
        };
        let influence = alone.iter().enumerate().map(moved).collect();
        Some(Mean { influence, is_root: power == 2, score: whole })
    })
}
