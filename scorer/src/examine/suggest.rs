//! Which metrics fit a target, best first, and why the first one is proposed.

use holdout_contract::examine::TargetKind;

use super::frame::frequencies;
use super::has_classes;
use super::kinds::number;

/// What the suggestion looks at beside the kind.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shape {
    /// The rarest class has less than a third of the rows that it would have if all were equal.
    pub is_imbalanced: bool,
    /// Numbers that are never negative and spread over a factor of 100 or more.
    pub spans_magnitudes: bool,
}

/// A metric of the catalogue with the sentence that says why.
pub struct Suggestion {
    pub metric: &'static str,
    pub reason: &'static str,
}

const fn because(metric: &'static str, reason: &'static str) -> Suggestion {
    Suggestion { metric, reason }
}

/// Metrics that fit, best first; may be empty.
pub fn metrics(kind: &TargetKind, shape: Shape) -> Vec<Suggestion> {
    match kind {
        TargetKind::Binary { classes } if is_zero_one(classes) => vec![
            because(
                "roc_auc",
                "The target is 0 or 1: the area under the ROC curve rewards ranking the ones above the zeros, \
                 whatever their share.",
            ),
            because("log_loss", "Log loss rewards probabilities that can be believed."),
            because(
                "average_precision",
                "Average precision looks at the ones alone, which suits rare events.",
            ),
        ],
        TargetKind::Binary { .. } | TargetKind::Classes { .. } if shape.is_imbalanced => vec![
            because(
                "f1_macro",
                "The target names classes, and some are rare: macro F1 counts every class the same, so that a \
                 guess of the commonest class scores poorly.",
            ),
            because("balanced_accuracy", "Balanced accuracy averages the share found of each class."),
            because("mcc", "Matthews' correlation is hard to please by guessing."),
            because("accuracy", "Accuracy is the plain share of correct answers."),
        ],
        TargetKind::Binary { .. } | TargetKind::Classes { .. } => vec![
            because(
                "accuracy",
                "The target names classes of similar size: accuracy is the share of correct answers, and \
                 everybody understands it.",
            ),
            because("f1_macro", "Macro F1 counts every class the same."),
            because("balanced_accuracy", "Balanced accuracy averages the share found of each class."),
            because("mcc", "Matthews' correlation is hard to please by guessing."),
        ],
        TargetKind::Ratings { .. } => vec![
            because(
                "qwk",
                "The target is a rating: quadratic weighted kappa punishes a miss by the square of its distance.",
            ),
            because("mae", "The mean absolute error is the average distance from the true rating."),
            because("accuracy", "Accuracy is the plain share of exact hits."),
        ],
        TargetKind::Number { has_negative: false, .. } if shape.spans_magnitudes => vec![
            because(
                "rmsle",
                "The target is never negative and spans magnitudes: RMSLE judges errors by their ratio, so that \
                 large values do not drown the small ones.",
            ),
            because("rmse", "RMSE judges errors in the target's own unit."),
            because("mae", "The mean absolute error forgives single large misses."),
        ],
        TargetKind::Number { .. } => vec![
            because(
                "rmse",
                "The target is a number: RMSE is in the same unit and punishes large misses most.",
            ),
            because("mae", "The mean absolute error forgives single large misses."),
            because("r2", "R² says which share of the spread is explained."),
        ],
        TargetKind::Lists => vec![
            because("map", "The target lists items: MAP rewards the right ones near the top."),
            because("ndcg", "NDCG rewards the right items near the top."),
        ],
        TargetKind::Text => Vec::new(),
    }
}

/// The shape of a target column.
pub fn shape<'a>(kind: &TargetKind, labels: impl Iterator<Item = &'a str> + Clone) -> Shape {
    let counts = frequencies(labels.clone());
    Shape {
        is_imbalanced: has_classes(kind) && is_imbalanced(counts.iter().map(|(_, n)| *n)),
        spans_magnitudes: matches!(kind, TargetKind::Number { .. })
            && spans_magnitudes(labels.filter_map(number).collect()),
    }
}

fn is_zero_one(classes: &[String]) -> bool {
    classes == ["0", "1"]
}

/// The rarest class has less than a third of an equal share.
fn is_imbalanced(counts: impl Iterator<Item = usize> + Clone) -> bool {
    let (n, total) = counts.clone().fold((0, 0), |(n, total), count| (n + 1, total + count));
    counts.min().is_some_and(|rarest| rarest * n * 3 < total)
}

/// Never negative, and the 95th percentile at least a hundred times the 5th.
fn spans_magnitudes(mut numbers: Vec<f64>) -> bool {
    numbers.sort_by(f64::total_cmp);
    let at = |share: f64| numbers.get((numbers.len() as f64 * share) as usize).copied().unwrap_or(0.0);
    numbers.first().is_some_and(|lowest| *lowest >= 0.0) && at(0.05) > 0.0 && at(0.95) >= 100.0 * at(0.05)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_classes_and_wide_ranges_change_the_proposal() {
        assert!(is_imbalanced([95, 5].into_iter()));
        assert!(!is_imbalanced([50, 40, 30].into_iter()));
        assert!(spans_magnitudes((1..=1000).map(|n| f64::from(n) * f64::from(n)).collect()));
        assert!(!spans_magnitudes((100..=200).map(f64::from).collect()));
        let kind = TargetKind::Number { is_whole: false, has_negative: false, has_zero: false };
        assert_eq!(metrics(&kind, Shape { spans_magnitudes: true, ..Shape::default() })[0].metric, "rmsle");
        assert_eq!(metrics(&kind, Shape::default())[0].metric, "rmse");
    }

    #[test]
    fn a_target_that_is_zero_or_one_is_judged_by_rank() {
        let binary = |a: &str, b: &str| TargetKind::Binary { classes: vec![a.into(), b.into()] };
        assert_eq!(metrics(&binary("0", "1"), Shape::default())[0].metric, "roc_auc");
        assert_eq!(metrics(&binary("no", "yes"), Shape::default())[0].metric, "accuracy");
    }
}
