//! The fair alternative that keeps what the host wants.

use super::ask::Declared;
use super::case::Case;

/// For metrics of a number.
pub fn of_numbers(case: &Case<'_>) -> String {
    match case.settings.declared {
        Some(Declared::Mean) => "You want the mean: use rmse, or poisson_deviance or gamma_deviance for amounts.".to_owned(),
        Some(Declared::Median) => "You want the median: use mae; for errors by percentage use male, the mean of |log(p/y)|.".to_owned(),
        Some(Declared::Quantile(share)) => format!("You want a quantile: use pinball@{share}."),
        Some(Declared::Order) => "You want an order: use spearman or normalized_gini.".to_owned(),
        _ => {
            "For errors by percentage use male (the mean of |log(p/y)|) or rmsle, which reward no shrinking; use rmse if totals matter; or say which quantile you want.".to_owned()
        }
    }
}
