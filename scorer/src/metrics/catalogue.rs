//! From a name, as fixtures, API and command line write it, to a metric with its parameters.

use serde_json::{Map, Value};

use super::list::{ALIASES, LIST_FORMS, METRICS};
use super::{Metric, Params, compose};

/// Every metric, in the order of the catalogue.
pub fn all() -> impl Iterator<Item = &'static dyn Metric> {
    METRICS.iter().copied()
}

/// Finds `rmse`, `map@5` (the main parameter in short form) and `weighted_mae` (weights from the
/// solution's column `weight`), and completes the parameters.
///
/// # Errors
/// A sentence: no such metric, or a parameter that does not fit.
pub fn find(name: &str, given: &Map<String, Value>) -> Result<(&'static dyn Metric, Params), String> {
    let mut given = given.clone();
    let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, known)| *known);
    let (base, short) = split_short_form(name);
    let base = list_form(base, short).unwrap_or(base);
    let metric = match named(base) {
        Some(metric) => metric,
        None => weighted(base, &mut given).ok_or_else(|| unknown(name))?,
    };
    let known = metric.about().all_parameters(metric.laws().has_weights, metric.needs_groups());
    if let Some(short) = short {
        let main = known
            .iter()
            .find(|parameter| parameter.is_main)
            .ok_or_else(|| format!("The metric “{base}” has no parameter to set with “@”."))?;
        let value: f64 =
            short.parse().map_err(|_| format!("“{short}” in “{name}” is not a number for {}.", main.name))?;
        given.insert(main.name.to_owned(), value.into());
    }
    let params = Params::check(&known, &given)?;
    compose::check(metric, &params)?;
    Ok((metric, params))
}

fn split_short_form(name: &str) -> (&str, Option<&str>) {
    if named(name).is_some() {
        return (name, None);
    }
    match name.split_once('@') {
        Some((base, value)) => (base, Some(value)),
        None => (name, None),
    }
}

/// `recall@5` and `precision@5` judge lists, as a threshold of 1 and more would judge nothing.
fn list_form(base: &str, short: Option<&str>) -> Option<&'static str> {
    let k: f64 = short?.parse().ok()?;
    let is_place = k >= 1.0 && k.fract() == 0.0;
    LIST_FORMS.iter().find(|(short, _)| is_place && *short == base).map(|(_, list)| *list)
}

fn named(name: &str) -> Option<&'static dyn Metric> {
    all().find(|metric| metric.about().name == name)
}

fn weighted(name: &str, given: &mut Map<String, Value>) -> Option<&'static dyn Metric> {
    let metric = named(name.strip_prefix("weighted_")?).filter(|metric| metric.laws().has_weights)?;
    given.entry("weight_column").or_insert_with(|| "weight".into());
    Some(metric)
}

fn unknown(name: &str) -> String {
    let wanted = name.split('@').next().unwrap_or(name);
    let near: Vec<&str> = all()
        .map(|metric| metric.about().name)
        .filter(|known| known.contains(wanted) || wanted.contains(known))
        .take(5)
        .collect();
    match near.is_empty() {
        true => format!("There is no metric “{name}”; `holdout-scorer metrics --table` lists all."),
        false => format!("There is no metric “{name}”; did you mean {}?", near.join(", ")),
    }
}
