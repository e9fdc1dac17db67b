//! Scores that are a mean of what their units come to alone, the root of a mean of squares, or a mean less the standard
//! deviation. The metric itself is asked about every unit, and it proves that it is such a mean: on all units, and on
//! two parts.

use std::ops::Range;

use super::{Influence, Unit};
use crate::kernels::sum;
use crate::metrics::gathered::Gathered;
use crate::metrics::groups::Groups;
use crate::metrics::{Metric, Params, Rows, compose};
use crate::parallel;

/// Sums in another order differ by as much.
const ALIKE: f64 = 1e-9;
/// A smaller part of the values is no standard deviation of them that could be told from rounding.
const LEAST_SPREAD: f64 = 1e-3;

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

/// How a score follows from what its units come to alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Plain,
    /// The root of the mean of squares.
    Root,
    /// The mean less the standard deviation.
    LessSpread,
}

const FORMS: [Form; 3] = [Form::Plain, Form::Root, Form::LessSpread];

impl Form {
    /// From the mean of the units' values and that of their squares.
    fn score(self, mean: f64, square: f64) -> f64 {
        match self {
            Self::Plain => mean,
            Self::Root => square.max(0.0).sqrt(),
            Self::LessSpread => mean - (square - mean * mean).max(0.0).sqrt(),
        }
    }
}

/// A score of that form.
pub(super) struct Mean {
    form: Form,
    /// What every unit comes to alone; those that come to nothing are left out of the mean.
    alone: Vec<Option<f64>>,
    score: f64,
    pub influence: Vec<f64>,
}

impl Mean {
    /// Columns whose means, over the units of a draw, tell the score of the draw.
    pub(super) fn columns(&self) -> [Vec<f64>; 3] {
        let centre = self.centre();
        let column = |of: &dyn Fn(f64) -> f64| self.alone.iter().map(|value| value.map_or(0.0, of)).collect();
        [column(&|_| 1.0), column(&|value| value - centre), column(&|value| (value - centre).powi(2))]
    }

    /// The score of a draw, from the means of the columns there.
    pub(super) fn score_of_draw(&self, [counted, value, square]: [f64; 3]) -> f64 {
        let (mean, square, centre) = (value / counted, square / counted, self.centre());
        self.form.score(centre + mean, square + 2.0 * centre * mean + centre * centre)
    }

    /// What values are measured from, so that squares lose no digits: of a root, nothing.
    fn centre(&self) -> f64 {
        if self.form == Form::Root { 0.0 } else { self.score }
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

/// `None` unless `together` are such means of `alone`.
fn mean_of(alone: &[Option<f64>], together: &[Option<f64>], weight: impl Fn(usize) -> f64) -> Option<Mean> {
    let parts = parts_of(alone.len());
    if together.len() < parts.len() {
        return None;
    }
    let sums: Vec<Sums> = parts.iter().map(|part| Sums::of(alone, part, &weight)).collect();
    FORMS.into_iter().find_map(|form| {
        let is_form =
            |(sums, score): (&Sums, &Option<f64>)| score.is_some_and(|score| sums.is_form(form, score));
        if !sums.iter().zip(together).all(is_form) {
            return None;
        }
        let score = together[0]?;
        let influence = sums[0].influence(form, score, alone, &weight);
        Some(Mean { form, alone: alone.to_vec(), score, influence })
    })
}

/// Of the units of a part that come to something.
struct Sums {
    weight: f64,
    mean: f64,
    square: f64,
    /// The mean of the values' sizes.
    size: f64,
}

impl Sums {
    fn of(alone: &[Option<f64>], part: &Range<usize>, weight: &impl Fn(usize) -> f64) -> Self {
        let total = |of: &dyn Fn(f64) -> f64| {
            sum(part.len(), |at| {
                let unit = part.start + at;
                alone[unit].map_or(0.0, |value| weight(unit) * of(value))
            })
        };
        let weight = total(&|_| 1.0);
        let mean = |of: &dyn Fn(f64) -> f64| total(of) / weight;
        Self {
            weight,
            mean: mean(&|value| value),
            square: mean(&|value| value * value),
            size: mean(&f64::abs),
        }
    }

    fn is_form(&self, form: Form, score: f64) -> bool {
        let spread = self.mean - score;
        let (found, expected, size) = match form {
            Form::Plain => (score, self.mean, self.size),
            Form::Root => (score * score, self.square, self.square),
            Form::LessSpread if spread <= LEAST_SPREAD * self.size => return false,
            // Squares are compared, since a root of little has few digits.
            Form::LessSpread => (spread * spread, self.square - self.mean * self.mean, self.square),
        };
        (found - expected).abs() <= ALIKE * size
    }

    fn influence(
        &self,
        form: Form,
        score: f64,
        alone: &[Option<f64>],
        weight: &impl Fn(usize) -> f64,
    ) -> Vec<f64> {
        let spread = self.mean - score;
        let scale = alone.len() as f64 / self.weight;
        let moved = |value: f64| match form {
            Form::Plain => value - score,
            Form::Root if score == 0.0 => 0.0, // no error anywhere
            Form::Root => (value * value - score * score) / (2.0 * score),
            Form::LessSpread => {
                let apart = value - self.mean;
                apart - (apart * apart - spread * spread) / (2.0 * spread)
            }
        };
        let of_unit = |(unit, value): (usize, &Option<f64>)| {
            value.map_or(0.0, |value| scale * weight(unit) * moved(value))
        };
        alone.iter().enumerate().map(of_unit).collect()
    }
}
