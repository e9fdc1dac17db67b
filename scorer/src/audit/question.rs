//! The one question to a host: whether this metric asks for what the winner's file should hold, and which one does.

use holdout_contract::audit::{Check, Verdict};

use super::ask::Declared;
use super::case::Family;
use super::report::{advised, check, short};

/// What a metric asks participants for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    Number,
    Rating,
    Probabilities,
    /// Probabilities or scores of which only the order may count.
    Scores,
    Order,
    /// One answer a row: a class, a text, a mask, a group.
    Answers,
    Distribution,
}

impl Asks {
    pub fn of(family: Family) -> Self {
        match family {
            Family::Number => Self::Number,
            Family::Rating => Self::Rating,
            Family::Probability | Family::ClassProbabilities => Self::Scores,
            Family::Yes | Family::Class => Self::Answers,
            Family::Distribution => Self::Distribution,
        }
    }

    fn is(self, declared: Declared) -> bool {
        use Declared::{Labels, Mean, Median, Order, Probabilities, Quantile};
        match declared {
            Mean | Median => matches!(self, Self::Number | Self::Rating),
            Quantile(_) => matches!(self, Self::Number | Self::Rating | Self::Distribution),
            Probabilities => matches!(self, Self::Probabilities | Self::Scores | Self::Distribution),
            Order => matches!(self, Self::Order | Self::Scores | Self::Number | Self::Rating),
            Labels => matches!(self, Self::Answers | Self::Rating),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Number => "a number",
            Self::Rating => "a rating",
            Self::Probabilities | Self::Scores => "probabilities or scores",
            Self::Order => "an order",
            Self::Answers => "one answer in every row",
            Self::Distribution => "whole distributions",
        }
    }
}

/// The metrics that ask for it.
fn fair(declared: Declared) -> String {
    match declared {
        Declared::Mean => "Use rmse, or poisson_deviance or gamma_deviance for amounts.".to_owned(),
        Declared::Median => "Use mae; for errors by percentage male.".to_owned(),
        Declared::Quantile(share) => format!("Use pinball@{share}."),
        Declared::Probabilities => {
            "Use log_loss or brier, multiclass_log_loss for several classes, integrated_brier for times until an event.".to_owned()
        }
        Declared::Order => {
            "Use roc_auc for yes and no, spearman for numbers, c_index for times until an event, map or ndcg for lists.".to_owned()
        }
        Declared::Labels => {
            "Use accuracy or balanced_accuracy for classes, levenshtein_similarity for texts, dice_mean for masks.".to_owned()
        }
    }
}

/// Whether the metric asks for what the host wants; nothing where the host did not say.
pub fn answered(declared: Option<Declared>, asks: Asks) -> Option<Check> {
    let declared = declared?;
    let is_asked = asks.is(declared);
    let text = match is_asked {
        true => format!(
            "The metric asks for what you want: you want {}, and it takes {}.",
            wanted(declared),
            asks.words()
        ),
        false => format!(
            "The metric asks for something else than you want: you want {}, and it takes {}.",
            wanted(declared),
            asks.words()
        ),
    };
    let verdict = if is_asked { Verdict::Pass } else { Verdict::Warn };
    Some(advised(
        check("R question", verdict, None, text),
        "Send what the metric asks for and win without what you want.",
        fair(declared),
    ))
}

/// What the host wants, in words.
pub fn wanted(declared: Declared) -> String {
    match declared {
        Declared::Mean => "the average".to_owned(),
        Declared::Median => "the median".to_owned(),
        Declared::Quantile(share) => {
            format!("a value that lies above the truth in {} of 100 cases", short(100.0 * share))
        }
        Declared::Probabilities => "probabilities".to_owned(),
        Declared::Order => "an order".to_owned(),
        Declared::Labels => "labels".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_asked_for_is_told_with_the_metric_that_asks_for_it() {
        assert_eq!(answered(None, Asks::Order), None);
        let found = answered(Some(Declared::Probabilities), Asks::Order).expect("an answer");
        assert_eq!(found.verdict, Verdict::Warn);
        assert!(found.repair.contains("integrated_brier"), "{found:?}");
        let found = answered(Some(Declared::Quantile(0.9)), Asks::Number).expect("an answer");
        assert_eq!((found.verdict, found.repair.as_str()), (Verdict::Pass, ""));
    }
}
