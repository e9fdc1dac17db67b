//! Competitions with several metrics, whether teams are ranked by all of them or by the first: what a host's list of
//! them means, and how it is said to everybody.

use std::collections::HashSet;

use holdout_contract::ranks::{N_PARTS, RankedPart, ShownMetric, WEIGHTS};
use holdout_contract::spec::{MetricSpec, Task};
use serde_json::Value;
use sqlx::PgConnection;

use crate::competitions::store::judging;
use crate::error::{AppError, Result};
use crate::leaderboard::{self, model::Ranked};

/// Longest name of a target column; it stands at the head of the board.
const TARGET_CHARS: usize = 100;

/// The metrics of the parameter `parts`, with the directions that the catalogue gives them.
///
/// # Errors
/// [`AppError::Field`] for a metric that no scorer computes, and for a weight or a number of parts out
/// of bounds.
pub async fn read_parts(conn: &mut PgConnection, parts: &Value) -> Result<Vec<RankedPart>> {
    let listed = listed(parts)?;
    let metrics = read_metrics(conn, listed).await?;
    let weighted = listed.iter().zip(metrics).enumerate().map(|(at, (part, metric))| {
        let weight = part["weight"].as_f64().filter(|weight| WEIGHTS.contains(weight)).ok_or_else(|| {
            wrong(
                at,
                &format!(
                    "its weight must be a number from {} to {}; the direction of a metric needs no sign here.",
                    WEIGHTS.start(),
                    WEIGHTS.end()
                ),
            )
        })?;
        Ok(RankedPart { name: metric.name, weight, higher_is_better: metric.higher_is_better })
    });
    weighted.collect()
}

/// As [`read_parts`], where the first ranks teams and the others are shown beside it.
///
/// # Errors
/// [`AppError::Field`] for a metric that no scorer computes, for a weight, and for a number of parts out of bounds.
pub async fn read_shown(conn: &mut PgConnection, parts: &Value) -> Result<Vec<ShownMetric>> {
    let listed = listed(parts)?;
    match listed.iter().position(|part| !part["weight"].is_null()) {
        Some(at) => Err(wrong(at, "it takes no weight: only the first metric ranks teams.")),
        None => read_metrics(conn, listed).await,
    }
}

fn listed(parts: &Value) -> Result<&[Value]> {
    let listed = parts.as_array().map_or(&[][..], Vec::as_slice);
    if N_PARTS.contains(&listed.len()) {
        return Ok(listed);
    }
    Err(AppError::field("params", format!("Name {} to {} metrics.", N_PARTS.start(), N_PARTS.end())))
}

fn wrong(at: usize, sentence: &str) -> AppError {
    AppError::field("params", format!("Part {}: {sentence}", at + 1))
}

/// Names that are distinct, and directions.
async fn read_metrics(conn: &mut PgConnection, parts: &[Value]) -> Result<Vec<ShownMetric>> {
    let mut metrics = Vec::with_capacity(parts.len());
    let mut names = HashSet::new();
    for (at, part) in parts.iter().enumerate() {
        let name = part["metric"].as_str().unwrap_or_default();
        let base = name.split('@').next().unwrap_or_default();
        let spec = judging::metric(conn, base).await?.filter(|spec| spec.task != Task::Composite);
        let spec = spec.ok_or_else(|| {
            wrong(at, &format!("“{name}” cannot be one of several; name a metric of the catalogue."))
        })?;
        let target = part["target"].as_str().unwrap_or_default();
        if target.chars().count() > TARGET_CHARS {
            return Err(wrong(at, &format!("a target column's name has at most {TARGET_CHARS} characters.")));
        }
        let name = distinct(&mut names, &label(name, target));
        metrics.push(ShownMetric {
            metric: spec.name,
            name,
            higher_is_better: spec.direction.higher_is_better(),
        });
    }
    Ok(metrics)
}

/// The board of a metric's example, drawn up as the boards of competitions are.
#[derive(Debug, Clone)]
pub struct ExampleBoard {
    pub parts: Vec<String>,
    /// Files, best first.
    pub lines: Vec<(String, Ranked)>,
}

/// The board of the files in a metric's example; `None` where the metric ranks no teams by several metrics.
///
/// # Errors
/// As [`read_parts`]; those of the database.
pub async fn rank_example(conn: &mut PgConnection, spec: &MetricSpec) -> Result<Option<ExampleBoard>> {
    let Some(example) = spec.example.as_ref().filter(|example| !example.entries.is_empty()) else {
        return Ok(None);
    };
    let listed = example.params.get("parts").cloned().unwrap_or_default();
    let parts = read_parts(conn, &listed).await?;
    let scores: Vec<&[f64]> = example.entries.iter().map(|entry| entry.scores.as_slice()).collect();
    let places = leaderboard::store::rank_scores(conn, &scores, &parts).await?;
    let line = |(at, ranked): (usize, Ranked)| Some((example.entries.get(at)?.file.clone(), ranked));
    Ok(Some(ExampleBoard {
        parts: parts.into_iter().map(|part| part.name).collect(),
        lines: places.into_iter().filter_map(line).collect(),
    }))
}

fn label(metric: &str, target: &str) -> String {
    if target.is_empty() { metric.to_owned() } else { format!("{metric} of {target}") }
}

/// A label of its own for every part: the second `pinball` is `pinball 2`.
fn distinct(taken: &mut HashSet<String>, label: &str) -> String {
    let numbered = (2..).map(|number| format!("{label} {number}"));
    let mut free = std::iter::once(label.to_owned()).chain(numbered).filter(|name| !taken.contains(name));
    let name = free.next().unwrap_or_default();
    taken.insert(name.clone());
    name
}

fn better(higher_is_better: bool) -> &'static str {
    if higher_is_better { "higher is better" } else { "lower is better" }
}

/// What the metrics beside the score are, for people; empty where there are none.
pub fn beside(shown: &[ShownMetric]) -> String {
    let Some((primary, secondary)) = shown.split_first() else { return String::new() };
    let listed =
        secondary.iter().map(|metric| format!("{} ({})", metric.name, better(metric.higher_is_better)));
    format!(
        "Teams are ranked by {} alone ({}). Shown beside it: {}. They change no rank.",
        primary.name,
        better(primary.higher_is_better),
        listed.collect::<Vec<_>>().join(", "),
    )
}

/// How teams are put in order, for people; empty where it is by their scores.
pub fn how(parts: &[RankedPart]) -> String {
    let Some(primary) = parts.first() else { return String::new() };
    let is_weighted = parts.iter().any(|part| part.weight != primary.weight);
    let listed: Vec<String> = parts
        .iter()
        .map(|part| {
            let weight = if is_weighted { format!(", weight {}", part.weight) } else { String::new() };
            format!("{} ({}{weight})", part.name, better(part.higher_is_better))
        })
        .collect();
    format!(
        "Teams are ranked by each of these metrics: {}. They are ordered by the {}mean of those ranks, lowest first; \
         equal means by {primary}, then by the earlier submission. Which of a team's files counts is decided by \
         {primary} alone, so a file that is no better by it changes no rank.",
        listed.join(", "),
        if is_weighted { "weighted " } else { "" },
        primary = primary.name,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_has_a_name_of_its_own() {
        let mut taken = HashSet::new();
        let labels = [("rmse", "price"), ("rmse", ""), ("rmse", ""), ("rmse", "")];
        let names = labels.map(|(metric, target)| distinct(&mut taken, &label(metric, target)));
        assert_eq!(names, ["rmse of price", "rmse", "rmse 2", "rmse 3"]);
    }

    #[test]
    fn weights_are_said_where_they_differ() {
        let mut parts = crate::competitions::model::Competition::sample_parts();
        let plain = how(&parts);
        assert!(plain.contains("roc_auc (higher is better), log_loss (lower is better)"), "{plain}");
        assert!(!plain.contains("weight"), "{plain}");
        parts[1].weight = 2.5;
        assert!(how(&parts).contains("log_loss (lower is better, weight 2.5)"));
        assert_eq!(how(&[]), "");
    }

    #[test]
    fn secondary_metrics_are_told_from_the_one_that_ranks() {
        let shown = crate::competitions::model::Competition::sample_shown();
        assert_eq!(
            beside(&shown),
            "Teams are ranked by roc_auc alone (higher is better). Shown beside it: log_loss (lower is better). They change no rank."
        );
        assert_eq!(beside(&[]), "");
    }
}
