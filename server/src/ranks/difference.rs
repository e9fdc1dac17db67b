//! How far two scores lie apart, and how likely that is chance.

use holdout_contract::interval::{self, Z};
use holdout_contract::{mcnemar, student};

use super::model::{Summary, Unit};
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
    /// Rows, groups or clusters from which that is known; few of them know it badly.
    pub n_units: i32,
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
        let width = interval::student(self.n_units) * self.standard_error;
        (self.value - width, self.value + width)
    }

    /// How often equally good files would differ at least as much.
    pub fn p_value(&self) -> f64 {
        if let Some(exact) = self.exact_p {
            return exact;
        }
        let freedom = f64::from((self.n_units - 1).max(1));
        match (self.standard_error > 0.0, self.value == 0.0) {
            (_, true) => 1.0,
            (false, false) => 0.0,
            (true, false) => 2.0 * student::upper_tail(self.value.abs() / self.standard_error, freedom),
        }
    }

    pub fn is_noise(&self) -> bool {
        self.p_value() >= LEAST_CHANCE
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
        let needed = self.needed_units(summary.n_units)?;
        if summary.unit == Unit::Blocks {
            let times = needed as f64 / f64::from(summary.n_units.max(1));
            return Some(format!(
                "To tell these two apart, about {times:.1} times as many rows would be needed."
            ));
        }
        let needed = format::count(needed);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_noise_where_its_interval_holds_zero() {
        let difference =
            Difference { value: 0.002, standard_error: 0.001, n_units: 3000, duel: None, exact_p: None };
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

    /// As the significance picture of the same board has it.
    #[test]
    fn few_units_have_the_wider_tails_of_students_t() {
        let few = Difference { value: 0.002, standard_error: 0.001, n_units: 30, duel: None, exact_p: None };
        assert!(few.is_noise() && (few.p_value() - 0.0549).abs() < 1e-4, "{}", few.p_value());
        let (low, high) = few.interval();
        assert!(low < 0.0 && (high - 0.004045).abs() < 1e-5, "{low} {high}");
    }

    #[test]
    fn rows_right_and_wrong_are_compared_by_counting_them() {
        let duel = Duel { n_won: 9, n_lost: 2 };
        assert_eq!(duel.exact_p(0.0702, 100), None, "more than right and wrong");
        let exact_p = duel.exact_p(-0.07, 100);
        let difference =
            Difference { value: -0.07, standard_error: 0.033, n_units: 100, duel: Some(duel), exact_p };
        assert!(Difference { exact_p: None, ..difference }.p_value() < 0.05, "seven are few for Student's t");
        assert!(difference.is_noise() && (difference.p_value() - 0.0654).abs() < 1e-3);
    }

    #[test]
    fn rows_won_and_lost_are_told_with_those_that_are_equal() {
        let duel = Some(Duel { n_won: 1700, n_lost: 1250 });
        let difference =
            Difference { value: 0.002, standard_error: 0.001, n_units: 3000, duel, exact_p: None };
        assert_eq!(
            difference.won("Ada", "Bob", &Summary::sample()).as_deref(),
            Some("Of 3,000 rows, Ada is better on 1,700, Bob on 1,250, and on 50 they are equal.")
        );
        assert_eq!(Difference { duel: None, ..difference }.won("Ada", "Bob", &Summary::sample()), None);
        let own = Summary { unit: Unit::Blocks, n_units: 1000, ..Summary::sample() };
        let told = Difference { n_units: 1000, ..difference }.needed(&own);
        assert_eq!(
            told.as_deref(),
            Some("To tell these two apart, about 1.0 times as many rows would be needed.")
        );
    }
}
