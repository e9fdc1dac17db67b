//! How far two scores lie apart, and how likely that is chance.

use holdout_contract::interval::Z;
use holdout_contract::mcnemar;

use super::model::Summary;
use crate::web::format;

/// What happens no less often is called chance.
const LEAST_CHANCE: f64 = 0.05;

/// A difference of two scores, as they are shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// Of the first score less the second.
    pub value: f64,
    /// How far the difference would typically move on other rows.
    pub standard_error: f64,
    /// After the end, where rows are won and lost under the metric.
    pub duel: Option<Duel>,
    /// McNemar's exact probability, where each of these rows is right or wrong.
    pub exact_p: Option<f64>,
}

/// Rows, groups or clusters on which the first of two files is better, and the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duel {
    pub n_won: i32,
    pub n_lost: i32,
}

impl Duel {
    pub fn n_equal(self, summary: &Summary) -> i32 {
        (summary.n_units - self.n_won - self.n_lost).max(0)
    }

    /// How often equally good files would differ at least as much, where rows are right or wrong and nothing between.
    pub fn exact_p(self, difference: f64, n_units: i32) -> Option<f64> {
        let [won, lost, all] = [self.n_won, self.n_lost, n_units].map(i32::unsigned_abs);
        mcnemar::is_of_right_and_wrong(difference, won, lost, all.into())
            .then(|| mcnemar::two_sided(won, lost))
    }
}

impl Difference {
    pub fn interval(&self) -> (f64, f64) {
        (self.value - Z * self.standard_error, self.value + Z * self.standard_error)
    }

    /// How often equally good files would differ at least as much.
    pub fn p_value(&self) -> f64 {
        if let Some(exact) = self.exact_p {
            return exact;
        }
        match (self.standard_error > 0.0, self.value == 0.0) {
            (_, true) => 1.0,
            (false, false) => 0.0,
            (true, false) => {
                complementary_error(self.value.abs() / self.standard_error / std::f64::consts::SQRT_2)
            }
        }
    }

    pub fn is_noise(&self) -> bool {
        if let Some(exact) = self.exact_p {
            return exact >= LEAST_CHANCE;
        }
        self.value.abs() <= Z * self.standard_error || self.value == 0.0
    }

    /// Who is better on how many rows, as a sentence.
    pub fn won(&self, first: &str, second: &str, summary: &Summary) -> Option<String> {
        let duel = self.duel?;
        let [won, lost, equal] =
            [duel.n_won, duel.n_lost, duel.n_equal(summary)].map(|n| format::count(n.into()));
        Some(format!(
            "Of {}, {first} is better on {won}, {second} on {lost}, and on {equal} they are equal.",
            summary.units()
        ))
    }

    /// How many rows would tell the two apart, as a sentence; `None` where the scores are equal.
    pub fn needed(&self, summary: &Summary) -> Option<String> {
        let needed = format::count(self.needed_units(summary.n_units)?);
        let units = summary.unit.many();
        Some(format!(
            "To tell these two apart, about {needed} {units} would be needed; this board has {}.",
            summary.units()
        ))
    }

    fn needed_units(&self, n_units: i32) -> Option<i64> {
        let needed = f64::from(n_units) * (Z * self.standard_error / self.value).powi(2);
        (self.value != 0.0 && needed.is_finite()).then(|| needed.ceil().min(1e15) as i64)
    }
}

/// Abramowitz and Stegun 7.1.26; errors are below 2e-7.
fn complementary_error(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let series = [0.254_829_592, -0.284_496_736, 1.421_413_741, -1.453_152_027, 1.061_405_429];
    let sum = series.iter().rev().fold(0.0, |sum, factor| (sum + factor) * t);
    sum * (-x * x).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_noise_where_its_interval_holds_zero() {
        let difference = Difference { value: 0.002, standard_error: 0.001, duel: None, exact_p: None };
        assert!(!difference.is_noise());
        assert!((difference.p_value() - 0.0455).abs() < 1e-4);
        assert_eq!(difference.needed_units(1000), Some(961));
        let noise = Difference { value: -0.001, ..difference };
        assert!(noise.is_noise() && noise.interval().1 > 0.0);
        assert!((noise.p_value() - 0.3173).abs() < 1e-4);
        let equal = Difference { value: 0.0, standard_error: 0.0, ..difference };
        assert!(equal.is_noise() && equal.needed_units(1000).is_none());
        assert_eq!(equal.p_value(), 1.0);
    }

    #[test]
    fn rows_right_and_wrong_are_compared_by_counting_them() {
        let duel = Duel { n_won: 9, n_lost: 2 };
        assert_eq!(duel.exact_p(0.0702, 100), None, "more than right and wrong");
        let exact_p = duel.exact_p(-0.07, 100);
        let difference = Difference { value: -0.07, standard_error: 0.033, duel: Some(duel), exact_p };
        assert!(
            Difference { exact_p: None, ..difference }.p_value() < 0.05,
            "seven are few for a normal number"
        );
        assert!(difference.is_noise() && (difference.p_value() - 0.0654).abs() < 1e-3);
    }

    #[test]
    fn rows_won_and_lost_are_told_with_those_that_are_equal() {
        let duel = Some(Duel { n_won: 1700, n_lost: 1250 });
        let difference = Difference { value: 0.002, standard_error: 0.001, duel, exact_p: None };
        assert_eq!(
            difference.won("Ada", "Bob", &Summary::sample()).as_deref(),
            Some("Of 3,000 rows, Ada is better on 1,700, Bob on 1,250, and on 50 they are equal.")
        );
        assert_eq!(Difference { duel: None, ..difference }.won("Ada", "Bob", &Summary::sample()), None);
    }
}
