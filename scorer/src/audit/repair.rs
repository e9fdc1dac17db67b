//! The fair alternative that keeps what the host wants. Never the metric that is audited, nor one that has no value on these
//! labels.

use super::ask::Declared;
use super::case::Case;
use super::ground::Ground;

/// For metrics of a number.
pub fn of_numbers(case: &Case<'_>) -> String {
    match case.settings.declared {
        Some(Declared::Mean) => {
            let amounts = one_of(case, &["poisson_deviance", "gamma_deviance"]);
            let amounts =
                Some(amounts).filter(|names| !names.is_empty()).map(|names| format!("{names} for amounts"));
            let ways: Vec<String> = fitting(case, &["rmse"]).map(str::to_owned).chain(amounts).collect();
            format!("You want the average: use {}.", ways.join(", or "))
        }
        Some(Declared::Median) => {
            let plain = fitting(case, &["mae", "pinball@0.5"]).next().unwrap_or("mae");
            let by_percentage = match is_fit(case, "male") {
                true => {
                    "; for errors by percentage use male, to which twice too much is as bad as half too little"
                }
                false => "",
            };
            format!("You want the median: use {plain}{by_percentage}.")
        }
        Some(Declared::Quantile(share)) => {
            format!("You want {}: use pinball@{share}.", super::question::wanted(Declared::Quantile(share)))
        }
        Some(Declared::Order) => {
            format!("You want an order: use {}.", one_of(case, &["spearman", "normalized_gini"]))
        }
        _ => unasked(case),
    }
}

/// Where the host did not say what is wanted.
fn unasked(case: &Case<'_>) -> String {
    let by_percentage = one_of(case, &["male", "rmsle"]);
    let if_totals = fitting(case, &["rmse"]).next().map(|_| "use rmse if totals matter");
    let if_not = fitting(case, &["mae"]).next().map(|_| "mae if not").filter(|_| by_percentage.is_empty());
    let by_percentage = (!by_percentage.is_empty()).then(|| {
        format!(
            "for errors by percentage use {by_percentage}, to which twice too much is as bad as half too little"
        )
    });
    let totals = match (if_totals, if_not) {
        (Some(rmse), Some(mae)) => Some(format!("{rmse}, {mae}")),
        (one, other) => one.map(str::to_owned).or_else(|| other.map(|_| "use mae".to_owned())),
    };
    let mut ways: Vec<String> = by_percentage.into_iter().chain(totals).collect();
    ways.push("or say what the winner's file should hold".to_owned());
    let text = ways.join("; ");
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    format!("{}{}.", first.into_iter().collect::<String>(), letters.as_str())
}

/// Those of some metrics that can be recommended, as `mae or rmsle`; empty where none can.
pub fn one_of(ground: &Ground<'_>, names: &[&'static str]) -> String {
    fitting(ground, names).collect::<Vec<&str>>().join(" or ")
}

fn fitting<'a>(ground: &'a Ground<'_>, names: &'a [&'static str]) -> impl Iterator<Item = &'static str> + 'a {
    names.iter().copied().filter(move |name| is_fit(ground, name))
}

pub fn is_fit(ground: &Ground<'_>, name: &str) -> bool {
    let takes_truths = match name {
        "male" | "gamma_deviance" => ground.truth.iter().all(|truth| *truth > 0.0),
        "rmsle" | "poisson_deviance" => ground.truth.iter().all(|truth| *truth >= 0.0),
        _ => true,
    };
    takes_truths && ground.metric.name() != Some(name)
}
