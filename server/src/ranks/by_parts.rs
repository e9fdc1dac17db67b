//! Two teams that are ranked by several metrics: how far they lie apart under each, and whether their order by the mean
//! of ranks is more than chance.

use holdout_contract::ranks::RankedPart;

use super::difference::Difference;
use super::model::error_beside_scores;
use super::store::RankedPair;
use crate::leaderboard::model::{Ranked, Row, shown_mean_rank};
use crate::submissions::model::rounded;

/// Two teams under one metric.
#[derive(Debug, Clone, PartialEq)]
pub struct PartDifference {
    pub name: String,
    /// As they are shown.
    pub scores: [f64; 2],
    pub difference: Difference,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ByParts {
    pub parts: Vec<PartDifference>,
    /// Of the first team's mean rank less the second's.
    pub value: f64,
    /// Where that truly lies, with those of all other teams, in 95 of 100 contests.
    pub low: f64,
    pub high: f64,
}

/// By its text: a number of few digits stays one.
fn exact(value: f32) -> Option<f64> {
    value.to_string().parse().ok()
}

impl ByParts {
    /// `hidden` are the decimals of scores that are not shown in full.
    pub(super) fn of(
        [a, b]: [&Row; 2],
        named: &[RankedPart],
        pair: &RankedPair,
        n_units: i32,
        hidden: Option<i32>,
    ) -> Option<Self> {
        let (a, b) = a.ranked.as_ref().zip(b.ranked.as_ref())?;
        let shown = |score: f64| hidden.map_or(score, |decimals| rounded(score, decimals));
        let part = |(at, part): (usize, &RankedPart)| {
            let scores = [a, b].map(|team| team.parts.get(at).map(|place| shown(place.score)));
            let [Some(first), Some(second)] = scores else { return None };
            let error = exact(*pair.part_errors.get(at)?)?;
            let standard_error = hidden.map_or(error, |decimals| error_beside_scores(error, decimals));
            let difference =
                Difference { value: first - second, standard_error, n_units, duel: None, exact_p: None };
            Some(PartDifference { name: part.name.clone(), scores: [first, second], difference })
        };
        let value = a.mean_rank - b.mean_rank;
        let (high, low) = (exact(pair.a_behind?)?, -exact(pair.b_behind?)?);
        Some(Self {
            parts: named.iter().enumerate().map(part).collect::<Option<_>>()?,
            value,
            // Whoever entered since may have moved the mean ranks.
            low: low.min(value),
            high: high.max(value),
        })
    }

    pub fn sample() -> Self {
        let difference =
            Difference { value: 0.0123, standard_error: 0.0041, n_units: 3000, duel: None, exact_p: None };
        let part = |name: &str, scores| PartDifference { name: name.to_owned(), scores, difference };
        let (a, b) = (Ranked::sample(), Ranked { mean_rank: 2.25, ..Ranked::sample() });
        Self {
            parts: vec![part("roc_auc", [0.9123, 0.9]), part("log_loss", [0.25, 0.2377])],
            value: a.mean_rank - b.mean_rank,
            low: -2.5,
            high: 1.0,
        }
    }

    /// Whether their order by the mean may be chance.
    pub fn is_noise(&self) -> bool {
        self.low <= 0.0 && self.high >= 0.0
    }

    pub fn sentence(&self) -> String {
        let verdict = if self.is_noise() { "may be chance" } else { "is more than chance" };
        format!(
            "Their order by the mean of ranks {verdict}. Their mean ranks differ by {}; on other rows of the same kind the true \
             difference lies between {} and {} in 95 of 100 contests, whatever order is true of teams that a metric does \
             not tell apart.",
            shown_mean_rank(self.value),
            shown_mean_rank(self.low),
            shown_mean_rank(self.high),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::competitions::model::Competition;

    fn pair(a_behind: f32, b_behind: f32) -> RankedPair {
        RankedPair {
            submission_a: 1,
            submission_b: 2,
            part_errors: vec![0.0021, 0.1],
            a_behind: Some(a_behind),
            b_behind: Some(b_behind),
        }
    }

    fn apart(pair: &RankedPair, hidden: Option<i32>) -> ByParts {
        let row = |mean_rank| Row { ranked: Some(Ranked { mean_rank, ..Ranked::sample() }), ..Row::sample() };
        ByParts::of([&row(1.5), &row(3.0)], &Competition::sample_parts(), pair, 100, hidden).expect("known")
    }

    #[test]
    fn an_order_is_told_where_no_bound_holds_zero() {
        let told = apart(&pair(-0.5, 4.0), None);
        assert_eq!((told.value, told.low, told.high, told.is_noise()), (-1.5, -4.0, -0.5, false));
        assert!(told.sentence().starts_with("Their order by the mean of ranks is more than chance."));
        assert!(told.sentence().contains("between -4.000 and -0.500"), "{}", told.sentence());
        assert!(apart(&pair(0.5, 4.0), None).is_noise());
        let moved = apart(&pair(-2.0, 4.0), None);
        assert_eq!(moved.high, -1.5, "the board changed since");
    }

    #[test]
    fn differences_under_each_metric_have_the_digits_of_the_board() {
        let hidden = apart(&pair(1.0, 1.0), Some(2));
        assert_eq!(hidden.parts[0].scores, [0.91, 0.91]);
        assert_eq!(hidden.parts[0].difference.standard_error, 0.003);
        let whole = apart(&pair(1.0, 1.0), None);
        assert_eq!((whole.parts[0].scores[0], whole.parts[1].name.as_str()), (0.912_345_6, "log_loss"));
        assert_eq!(whole.parts[0].difference.standard_error, 0.0021);
    }
}
