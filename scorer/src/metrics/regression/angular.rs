//! Angles between predicted and true directions in space.

use holdout_contract::rejection::RejectionKind;
use holdout_contract::spec::{Cell, Direction, Task};

use crate::metrics::about::{About, fields};
use crate::metrics::{
    Degenerate, Laws, Metric, Params, Rows, ScoresPerRow, ScoresTogether, SumsTogether, Undefined, Values,
};
use crate::misfit::Misfits;

/// The mean angle.
pub struct AngularError;

pub static ANGULAR_ERROR: AngularError = AngularError;

const VECTOR: &[(&str, Cell)] = &[("x", Cell::Number), ("y", Cell::Number), ("z", Cell::Number)];

impl Metric for AngularError {
    fn about(&self) -> &About {
        const ABOUT: About = About {
            name: "angular_error",
            title: "Mean angular error",
            task: Task::Regression,
            direction: Direction::LowerIsBetter,
            best: Some(0.0),
            layout: fields::Fields::Named { solution: VECTOR, submission: VECTOR },
            parameters: &[],
            sentence: "The mean angle between predicted and true direction, in radians from 0 to π.",
            formula: r"\frac1n\sum_i\arccos\frac{u_i\cdot v_i}{|u_i|\,|v_i|}",
            edge_cases: &[
                "Vectors may have any length above 0.",
                "A file with a vector of 0, which has no direction, is refused.",
            ],
            gaming: "The best report is the direction with the smallest mean angle to all one thinks possible.",
        };
        &ABOUT
    }

    fn laws(&self) -> Laws {
        Laws { is_symmetric: true, has_weights: true, undefined_on: &[Degenerate::NoRows] }
    }

    fn perfect(&self, truths: &[&[f64]], _params: &Params) -> Option<Vec<Vec<f64>>> {
        Some(truths.iter().map(|column| column.to_vec()).collect())
    }

    fn misfits(&self, _: &[Values<'_>], predictions: &[Values<'_>], _: &Params) -> Option<Misfits> {
        let is_zero = |at: usize| predictions.iter().all(|column| column.numbers()[at] == 0.0);
        let what = "as do the other columns of the row: such a vector has no direction";
        Misfits::among(predictions[0].len(), is_zero, 0, RejectionKind::OutOfRange, what)
    }

    fn score(&self, rows: &Rows<'_>, params: &Params) -> Result<f64, Undefined> {
        self.score_rows(rows, params)
    }

    fn per_row(&self) -> Option<&dyn ScoresPerRow> {
        Some(self)
    }

    fn together(&self) -> Option<&dyn ScoresTogether> {
        Some(self)
    }
}

impl SumsTogether for AngularError {
    /// No angle where a vector has no direction.
    type Found = Option<f64>;

    fn find(&self, rows: &Rows<'_>, _: &Params) -> Vec<Option<f64>> {
        let vector = |columns: &[Values<'_>], row: usize| [0, 1, 2].map(|at| columns[at].numbers()[row]);
        rows.each(|row| Some(angle(unit(vector(rows.truths, row))?, unit(vector(rows.predictions, row))?)))
    }

    fn term(&self, angle: &Option<f64>, _: usize) -> f64 {
        angle.unwrap_or_default()
    }

    fn of_sums(
        &self,
        rows: &Rows<'_>,
        angles: &[Option<f64>],
        _: &Params,
        sum: impl Fn(usize) -> f64,
    ) -> Result<f64, Undefined> {
        if angles.iter().any(Option::is_none) {
            return Err(Undefined::because("A vector of this split is 0 and has no direction."));
        }
        rows.mean_of(|| sum(0), |at| angles[at].unwrap_or_default())
    }
}

/// The vector scaled by its longest side, so that no square overflows; `None` without a direction.
fn unit(vector: [f64; 3]) -> Option<[f64; 3]> {
    let longest = vector.iter().fold(0.0_f64, |longest, side| longest.max(side.abs()));
    (longest > 0.0).then(|| vector.map(|side| side / longest))
}

/// By sine and cosine together, exact also where one of them hardly changes.
fn angle(u: [f64; 3], v: [f64; 3]) -> f64 {
    let cross = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
    let sine = cross.iter().map(|side| side * side).sum::<f64>().sqrt();
    let cosine: f64 = u.iter().zip(v).map(|(a, b)| a * b).sum();
    sine.atan2(cosine)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn angles_by_hand() {
        use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI};
        for (u, v, expected) in [
            ([1.0, 0.0, 0.0], [0.0, 5.0, 0.0], FRAC_PI_2),
            ([1.0, 1.0, 0.0], [9.0, 0.0, 0.0], FRAC_PI_4),
            ([0.0, 0.0, 2.0], [0.0, 0.0, -1e300], PI),
            ([1.0, 2.0, 3.0], [1e-300, 2e-300, 3e-300], 0.0),
        ] {
            let found = unit(u).zip(unit(v)).map(|(u, v)| angle(u, v));
            assert!(found.is_some_and(|found| (found - expected).abs() < 1e-15), "{u:?} {v:?}: {found:?}");
        }
        assert_eq!(unit([0.0; 3]), None);
    }
}
