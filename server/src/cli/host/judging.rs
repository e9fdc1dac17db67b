//! What scores are computed with: the sealed solution and the metric.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use holdout_contract::spec::CLUSTER_COLUMN;
use serde_json::{Map, Value, json};

use super::Competition;
use super::versions::{self, open_version};
use crate::cli::Session;
use crate::cli::fault::{CliError, Outcome};
use crate::cli::local::{name_of, unreadable};
use crate::cli::seal::{self, Method};
use crate::cli::table::{cell, facts, size, text};

#[derive(Debug, Args)]
pub struct SolutionArgs {
    #[command(flatten)]
    of: Competition,
    /// CSV (also gzip or zip) or Parquet with ids, true values and, if you choose the split, Usage.
    file: PathBuf,
    /// After the launch: why; everyone can read it. Everything is scored again at once.
    #[arg(long)]
    reason: Option<String>,
}

pub fn solution(session: &Session, args: &SolutionArgs) -> Outcome {
    let version = open_version(session, &args.of)?;
    let mut stored = put_solution(session, &args.of, &args.file)?;
    stored["version"] = version.map_or(Value::Null, Value::from);
    if let (Some(number), Some(reason)) = (version, &args.reason) {
        versions::start(session, &args.of, number, reason)?;
        stored["started"] = json!(true);
    }
    session.screen.answer(&stored, |_| {
        let sent = format!("Sealed and sent ({}, SHA-256 {}).", size(&stored["sealed_bytes"]), text(&stored, "sealed_sha256"));
        match (version, &args.reason) {
            (None, _) => sent,
            (Some(number), None) => {
                format!("{sent}\nIt is in version {number}; `holdout host versions start {} {number}` has everything scored under it.", args.of.slug)
            }
            (Some(number), Some(_)) => format!("{sent}\nEverything is scored under version {number}, beside what counts."),
        }
    });
    Ok(())
}

/// Seals a file here and puts it as the solution at hand.
pub fn put_solution(session: &Session, of: &Competition, file: &Path) -> Outcome<Value> {
    let path = of.api("/solution?sealed=true");
    seal::Sealed { method: Method::Put, path: &path, file, of, purpose: "solution" }.send(session)
}

#[derive(Debug, Subcommand)]
pub enum MetricVerb {
    /// Show the current metric, with its parameters.
    Show(Competition),
    /// Choose a metric from the catalogue.
    Set(MetricArgs),
    /// Write the metric yourself: send a Python module.
    Module(ModuleArgs),
}

#[derive(Debug, Args)]
pub struct MetricArgs {
    #[command(flatten)]
    of: Competition,
    /// As `roc_auc`, or with its main parameter `f1@0.5`.
    metric: String,
    #[command(flatten)]
    choice: Choice,
}

#[derive(Debug, Args)]
pub struct ModuleArgs {
    #[command(flatten)]
    of: Competition,
    /// A Python file with the function `score`.
    file: PathBuf,
    /// A lower score is better.
    #[arg(long)]
    lower_is_better: bool,
    #[command(flatten)]
    choice: Choice,
}

#[derive(Debug, Args)]
pub struct Choice {
    /// A parameter, as name=value; values are JSON or text. More than once for more.
    #[arg(short, long = "param", value_name = "NAME=VALUE")]
    params: Vec<String>,
    /// Something about the competition that the metric needs, as name=value.
    #[arg(long, value_name = "NAME=VALUE")]
    context: Vec<String>,
    /// The solution's column that names what rows belong to, such as a patient: rank ranges treat each as one unit.
    #[arg(long, value_name = "NAME")]
    cluster_column: Option<String>,
    /// Share of public rows, for solutions without a Usage column.
    #[arg(long, default_value_t = 0.3)]
    public_fraction: f64,
}

impl Choice {
    fn context(&self) -> Outcome<Value> {
        let mut context = pairs(&self.context)?;
        if let Some(column) = &self.cluster_column {
            context[CLUSTER_COLUMN] = json!(column);
        }
        Ok(context)
    }
}

pub fn metric(session: &Session, verb: &MetricVerb) -> Outcome {
    match verb {
        MetricVerb::Show(of) => show(session, of),
        MetricVerb::Set(args) => {
            open_version(session, &args.of)?;
            set_metric(session, &args.of, &args.metric, &args.choice)?;
            show(session, &args.of)
        }
        MetricVerb::Module(args) => {
            open_version(session, &args.of)?;
            put_module(session, args)?;
            show(session, &args.of)
        }
    }
}

/// Chooses a metric for the version at hand.
pub fn set_metric(session: &Session, of: &Competition, metric: &str, choice: &Choice) -> Outcome<Value> {
    let wish = json!({
        "metric": metric,
        "params": pairs(&choice.params)?,
        "context": choice.context()?,
        "public_fraction": choice.public_fraction,
    });
    session.client.put(&of.api("/metric"), &wish)
}

fn put_module(session: &Session, args: &ModuleArgs) -> Outcome<Value> {
    let source = fs::read_to_string(&args.file).map_err(|error| unreadable(&args.file, &error))?;
    let wish = json!({
        "source": source,
        "file_name": name_of(&args.file),
        "higher_is_better": !args.lower_is_better,
        "params": pairs(&args.choice.params)?,
        "context": args.choice.context()?,
        "public_fraction": args.choice.public_fraction,
    });
    session.client.put(&args.of.api("/metric/module"), &wish)
}

/// `k=v` words as a document; a value that is no JSON is text.
fn pairs(words: &[String]) -> Outcome<Value> {
    let mut found = Map::new();
    for word in words {
        let (name, value) =
            word.split_once('=').ok_or_else(|| CliError::Usage(format!("Write {word:?} as name=value.")))?;
        found.insert(name.to_owned(), serde_json::from_str(value).unwrap_or_else(|_| json!(value)));
    }
    Ok(Value::Object(found))
}

/// The newest version: what is put together now, else what counts.
fn show(session: &Session, of: &Competition) -> Outcome {
    let version = versions::at_hand(session, of)?;
    session.screen.answer(&version, |paint| {
        facts(
            paint,
            &[
                ("metric", cell(&version["metric"])),
                ("parameters", cell(&version["params"])),
                ("public share", cell(&version["public_fraction"])),
                ("version", format!("{} ({})", version["number"], cell(&version["stage"]))),
            ],
        )
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_json_where_they_can_be() {
        let words = ["beta=0.5", "average=macro", "clip=true", "classes=[\"a\",\"b\"]"].map(str::to_owned);
        assert_eq!(
            pairs(&words).ok(),
            Some(json!({ "beta": 0.5, "average": "macro", "clip": true, "classes": ["a", "b"] }))
        );
        assert!(pairs(&["beta".to_owned()]).is_err());
    }
}
