//! The fair alternative that keeps what the host wants.

use super::ask::Declared;
use super::case::Case;

/// For metrics of a number.
pub fn of_numbers(case: &Case<'_>) -> String {
    match case.settings.declared {
        Some(Declared::Mean) => "You want the average: use rmse, or poisson_deviance or gamma_deviance for amounts.".to_owned(),
        Some(Declared::Median) => "You want the median: use mae; for errors by percentage use male, to which twice too much is as bad as half too little.".to_owned(),
        Some(Declared::Quantile(share)) => format!("You want {}: use pinball@{share}.", super::question::wanted(Declared::Quantile(share))),
        Some(Declared::Order) => "You want an order: use spearman or normalized_gini.".to_owned(),
        _ => {
            "For errors by percentage use male or rmsle, to which twice too much is as bad as half too little; use rmse if totals matter; or say what the winner's file should hold.".to_owned()
        }
    }
}
