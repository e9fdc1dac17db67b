//! Scores that are a function of sums over rows. A row moves each sum by what it adds to it, and the score
//! by the function's gradient.

use crate::kernels::sum;
use crate::metrics::groups::Groups;
use crate::metrics::{Rows, Undefined};

/// The score that sums give.
type Combine<'a> = Box<dyn Fn(&[f64]) -> Result<f64, Undefined> + 'a>;

/// What every row adds to each sum, and the score that the sums give.
pub struct Sums<'a> {
    /// A column for each sum.
    pub terms: Vec<Vec<f64>>,
    pub combine: Combine<'a>,
}

/// A step that neither drowns in rounding nor sees the function's bend.
const STEP: f64 = 1e-5;

impl Sums<'_> {
    pub(super) fn influence(&self, rows: &Rows<'_>) -> Option<Vec<f64>> {
        let n = rows.len();
        let totals: Vec<f64> =
            self.terms.iter().map(|term| sum(n, |at| rows.weight(at) * term[at])).collect();
        let sizes = self.terms.iter().map(|term| sum(n, |at| rows.weight(at) * term[at].abs()));
        let sizes: Vec<f64> = sizes.collect();
        let gradient = gradient(&totals, &sizes, |totals| (self.combine)(totals).ok())?;
        let moved =
            |at: usize| self.terms.iter().zip(&gradient).map(|(term, slope)| slope * term[at]).sum::<f64>();
        Some((0..n).map(|at| n as f64 * rows.weight(at) * moved(at)).collect())
    }
}

/// Of the mean over classes, each a group of rows, of one sum over another; a class with nothing below does not count.
/// Every row adds to the sum above and to the one below. `None` where no class counts.
pub fn mean_over_classes(rows: &Rows<'_>, terms: &[[f64; 2]]) -> Option<Vec<f64>> {
    let groups = Groups::of(rows).ok()?;
    let total = |members: &[u32], side: usize| {
        sum(members.len(), |at| rows.weight(members[at] as usize) * terms[members[at] as usize][side])
    };
    let mut values = vec![0.0; rows.len()];
    let mut n_classes = 0.0;
    for (_, members) in groups.iter() {
        let [above, below] = [0, 1].map(|side| total(members, side));
        if below <= 0.0 {
            continue;
        }
        n_classes += 1.0;
        for row in members {
            let [own_above, own_below] = terms[*row as usize];
            let moved = (own_above - above / below * own_below) / below;
            values[*row as usize] = rows.len() as f64 * rows.weight(*row as usize) * moved;
        }
    }
    (n_classes > 0.0).then(|| values.into_iter().map(|value| value / n_classes).collect())
}

/// How a score moves with each of these totals, by a step that is as small a part of the given sizes. `None` where
/// there is no score next to them.
pub fn gradient(totals: &[f64], sizes: &[f64], combine: impl Fn(&[f64]) -> Option<f64>) -> Option<Vec<f64>> {
    let slope = |part: usize| {
        let step = STEP * sizes[part].abs();
        if step == 0.0 {
            return Some(0.0);
        }
        let at = |change: f64| {
            let mut totals = totals.to_vec();
            totals[part] += change;
            combine(&totals)
        };
        Some((at(step)? - at(-step)?) / (2.0 * step))
    };
    (0..totals.len()).map(slope).collect()
}
