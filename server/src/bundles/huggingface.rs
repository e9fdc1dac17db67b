//! Competition repositories of Hugging Face: `conf.json`, a solution with halves, texts, and a metric.

use serde_json::{Map, Value};

use super::adapter::{self, Runner, Sources};
use super::archive::Refused;
use super::draft::{Draft, Payload};
use super::tables;
use super::times;
use super::tree::Tree;

pub const CONFIG: &str = "conf.json";
const LARGEST_TABLE: u64 = 256 << 20;

/// Functions of scikit-learn that the catalogue has under these names, for one column of values.
const SAME: [(&str, &str); 15] = [
    ("mean_squared_error", "mse"),
    ("mean_absolute_error", "mae"),
    ("root_mean_squared_error", "rmse"),
    ("r2_score", "r2"),
    ("median_absolute_error", "medae"),
    ("max_error", "max_error"),
    ("mean_squared_log_error", "msle"),
    ("root_mean_squared_log_error", "rmsle"),
    ("explained_variance_score", "explained_variance"),
    ("roc_auc_score", "roc_auc"),
    ("average_precision_score", "average_precision"),
    ("accuracy_score", "accuracy"),
    ("balanced_accuracy_score", "balanced_accuracy"),
    ("matthews_corrcoef", "mcc"),
    ("cohen_kappa_score", "kappa"),
];

struct Config {
    map: Map<String, Value>,
}

impl Config {
    fn text(&self, key: &str) -> Option<&str> {
        self.map.get(key)?.as_str().map(str::trim).filter(|text| !text.is_empty())
    }

    fn integer(&self, key: &str) -> Option<i64> {
        let value = self.map.get(key)?;
        value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
    }

    fn columns(&self) -> Vec<String> {
        let listed = match self.map.get("SUBMISSION_COLUMNS") {
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            Some(Value::String(text)) => text.split(',').map(|name| name.trim().to_owned()).collect(),
            _ => Vec::new(),
        };
        listed.into_iter().filter(|name: &String| !name.is_empty()).collect()
    }
}

/// # Errors
/// A `conf.json` that cannot be read.
pub fn import(tree: &Tree) -> Result<Draft, Refused> {
    let map = match serde_json::from_str(&tree.text(CONFIG)?) {
        Ok(Value::Object(map)) => map,
        Ok(_) => return Err(Refused(format!("{CONFIG} is no JSON object."))),
        Err(error) => return Err(Refused(format!("{CONFIG}:{}: this is no JSON: {error}.", error.line()))),
    };
    let config = Config { map };
    let mut draft = Draft::new("Hugging Face competition repository");
    pages(&mut draft, tree);
    settings(&mut draft, &config);
    let id = config.text("SUBMISSION_ID_COLUMN").unwrap_or("id").to_owned();
    solution(&mut draft, tree, &id);
    sample(&mut draft, tree, &config, &id);
    metric(&mut draft, tree, &config, &id);
    for path in
        tree.paths().filter(|path| path.starts_with("submissions/") || path.starts_with("submission_info/"))
    {
        tree.mark(path);
    }
    if tree.paths().any(|path| path.starts_with("submissions/")) {
        draft.report.not_carried("submissions", "Submissions of participants stay where they are.");
    }
    for path in ["teams.json", "user_team.json"].into_iter().filter(|path| tree.has(path)) {
        tree.mark(path);
        draft.report.not_carried(path, "Teams are accounts of the platform that the repository comes from.");
    }
    draft.list_unused(tree);
    Ok(draft)
}

fn pages(draft: &mut Draft, tree: &Tree) {
    let description = tree.text("COMPETITION_DESC.md").unwrap_or_default();
    let heading =
        description.lines().find_map(|line| Some(line.trim().strip_prefix("# ")?.trim().to_owned()));
    match heading {
        Some(heading) => draft.title(&heading),
        None => {
            draft.title("");
            draft.report.to_do("title", "The repository names none: set title and slug in competition.toml.");
        }
    }
    for (path, title) in [
        ("COMPETITION_DESC.md", "Overview"),
        ("DATASET_DESC.md", "Data"),
        ("SUBMISSION_DESC.md", "Submissions"),
        ("RULES.md", "Rules"),
    ] {
        if tree.has(path) {
            draft.page_file(tree, path, title);
        }
    }
}

fn settings(draft: &mut Draft, config: &Config) {
    let ends_at = config.text("END_DATE").and_then(times::read);
    draft.timeline(None, ends_at.map(|read| read.at));
    if let Some(read) = ends_at {
        let at = read.at.format("%Y-%m-%d %H:%M UTC");
        draft.report.carried("END_DATE", format!("The end is {at}."));
    }
    if let Some(limit) = config.integer("SUBMISSION_LIMIT") {
        draft.daily_limit("SUBMISSION_LIMIT", limit);
    }
    if let Some(limit) = config.integer("SELECTION_LIMIT") {
        final_limit(draft, limit);
    }
    for (key, why) in NOT_CARRIED {
        if config.map.get(key).is_some_and(|value| !is_empty(value)) {
            draft.report.not_carried(key, why);
        }
    }
    if let Some(kind) = config.text("COMPETITION_TYPE").filter(|kind| *kind != "generic") {
        draft.report.not_carried(
            "COMPETITION_TYPE",
            format!("It is “{kind}”: code of participants is not run, results are scored."),
        );
    }
    if let Some(rows) = config.integer("SUBMISSION_ROWS") {
        draft.report.carried(
            "SUBMISSION_ROWS",
            format!("{rows} rows: a submission must have the solution's ids in any case."),
        );
    }
    let is_known = |key: &str| CARRIED.contains(&key) || NOT_CARRIED.iter().any(|(known, _)| *known == key);
    for key in config.map.keys().filter(|key| !is_known(key)) {
        draft.report.not_carried(format!("{key} ({CONFIG})"), "Holdout knows no such setting.");
    }
}

/// Settings that are looked at, here or where the metric and the form of a submission are read.
const CARRIED: [&str; 10] = [
    "COMPETITION_TYPE",
    "SUBMISSION_LIMIT",
    "SELECTION_LIMIT",
    "END_DATE",
    "EVAL_METRIC",
    "EVAL_HIGHER_IS_BETTER",
    "SUBMISSION_ID_COLUMN",
    "SUBMISSION_COLUMNS",
    "SUBMISSION_ROWS",
    "SCORING_METRIC",
];

const NOT_CARRIED: [(&str, &str); 5] = [
    ("LOGO", "A competition has no picture here."),
    ("HARDWARE", "Code of participants is not run."),
    ("TIME_LIMIT", "Who runs the installation bounds the time of scoring."),
    ("DATASET", "It names data on the platform that the repository comes from: add files under data/."),
    ("SUBMISSION_FILENAMES", "A submission is one file of any name."),
];

fn is_empty(value: &Value) -> bool {
    value.is_null() || *value == "" || *value == Value::Array(Vec::new())
}

fn final_limit(draft: &mut Draft, limit: i64) {
    let kept = limit.clamp(1, 20);
    draft.contents.final_limit = i32::try_from(kept).unwrap_or(2);
    if kept == limit {
        draft.report.carried("SELECTION_LIMIT", format!("{kept} submissions may be selected for the end."));
    } else {
        draft.report.changed("SELECTION_LIMIT", format!("{kept}, as 1 to 20 are taken; it was {limit}."));
    }
}

fn solution(draft: &mut Draft, tree: &Tree, id: &str) {
    if !tree.has("solution.csv") {
        draft.report.to_do(
            "solution.csv",
            "The repository has none: add the hidden labels and name them under [solution].",
        );
        return;
    }
    let made =
        tree.read("solution.csv", LARGEST_TABLE).ok().and_then(|text| tables::with_usage(&text, "split", id));
    let Some((text, n_other)) = made else {
        draft
            .report
            .not_carried("solution.csv", format!("It is no CSV with the columns “{id}” and “split”."));
        draft.report.to_do(
            "solution.csv",
            "Mend it: an id, the true values, and Usage (Public, Private or Ignored).",
        );
        return;
    };
    draft.report.changed("solution.csv", "Its column “split” became “Usage”, its ids come first.");
    if n_other > 0 {
        draft.report.changed(
            "solution.csv",
            format!("{n_other} rows are neither public nor private: they are ignored."),
        );
    }
    draft.solution = Some(Payload::Made(text));
}

/// The repository's own, else one with the ids and noughts.
fn sample(draft: &mut Draft, tree: &Tree, config: &Config, id: &str) {
    if tree.has("sample_submission.csv") {
        draft.data(tree, "sample_submission.csv", "sample_submission", "The form of a submission");
        draft.report.carried("sample_submission.csv", "It is data/sample_submission.csv.");
        return;
    }
    let Some(Payload::Made(solution)) = &draft.solution else { return };
    let mut reader = csv::Reader::from_reader(solution.as_slice());
    let named: Vec<String> = config.columns().into_iter().filter(|name| name != id).collect();
    let header = reader.headers().cloned().unwrap_or_default();
    let columns: Vec<String> = if named.is_empty() {
        header.iter().filter(|name| *name != id && *name != "Usage").map(str::to_owned).collect()
    } else {
        named
    };
    let mut text = format!("{id},{}\n", columns.join(","));
    for record in reader.records().flatten() {
        text.push_str(&format!("{}{}\n", &record[0], ",0".repeat(columns.len())));
    }
    draft.made("sample_submission.csv", "sample_submission", "The form of a submission", text.into_bytes());
    draft.report.changed(
        "sample submission",
        "The repository has none: one was made with every id and 0 in SUBMISSION_COLUMNS. See that 0 is a value that \
         may be predicted.",
    );
}

fn metric(draft: &mut Draft, tree: &Tree, config: &Config, id: &str) {
    let Some(name) = config.text("EVAL_METRIC") else {
        draft.report.to_do("metric", "EVAL_METRIC is not set: choose a metric under [metric].");
        return;
    };
    let higher = config.integer("EVAL_HIGHER_IS_BETTER").map(|flag| flag != 0);
    if higher.is_none() {
        draft.report.to_do("EVAL_HIGHER_IS_BETTER", "It is not set: say which way is better under [metric].");
    }
    if name == "custom" {
        custom(draft, tree, config, id, higher);
        return;
    }
    let n_targets = match &draft.solution {
        Some(Payload::Made(text)) => {
            csv::Reader::from_reader(text.as_slice()).headers().map_or(0, |header| header.len() - 2)
        }
        _ => 0,
    };
    let known = SAME.iter().find(|(sklearn, _)| *sklearn == name && n_targets == 1);
    let known =
        known.and_then(|(_, own)| holdout_contract::catalogue::known().iter().find(|spec| spec.name == *own));
    match known {
        Some(spec) if higher.is_none_or(|higher| higher == spec.direction.higher_is_better()) => {
            draft.metric(&spec.name, None);
            draft.report.carried(
                "EVAL_METRIC",
                format!("sklearn.metrics.{name} is “{}” of the catalogue.", spec.name),
            );
        }
        _ if is_identifier(name) => {
            draft.module(sklearn_module(name), higher);
            draft.report.carried(
                "EVAL_METRIC",
                format!("metric.py calls sklearn.metrics.{name}, as the repository does."),
            );
        }
        _ => {
            draft.report.not_carried("EVAL_METRIC", format!("“{name}” is no name of a function."));
            draft.report.to_do("metric", "Choose a metric under [metric].");
        }
    }
}

fn is_identifier(name: &str) -> bool {
    name.starts_with(|letter: char| letter.is_ascii_lowercase())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

fn sklearn_module(name: &str) -> String {
    format!(
        r#""""Scores with sklearn.metrics.{name}, as the competition's repository does."""

from sklearn import metrics


def score(solution, submission, row_id_column_name):
    """Both tables in the order of their ids, every target column at once."""
    columns = [column for column in solution.columns if column != row_id_column_name]
    truths, predictions = (
        frame.sort_values(row_id_column_name).reset_index(drop=True)[columns] for frame in (solution, submission)
    )
    return float(metrics.{name}(truths, predictions))
"#
    )
}

fn custom(draft: &mut Draft, tree: &Tree, config: &Config, id: &str, higher: Option<bool>) {
    let refuse = |draft: &mut Draft, why: String| {
        draft.report.not_carried("metric.py", why);
        draft.report.to_do(
            "metric",
            "Write metric.py with a function score(solution, submission, row_id_column_name).",
        );
    };
    if !tree.has("metric.py") {
        return refuse(draft, "EVAL_METRIC is custom, and the repository has no metric.py.".to_owned());
    }
    tree.mark("metric.py");
    let Ok(text) = tree.text("metric.py") else {
        return refuse(draft, "It is no text in UTF-8.".to_owned());
    };
    // The platform's own module for downloads is given in memory.
    let sources = Sources { python: [("metric.py".to_owned(), text)].into(), other: Vec::new() };
    let missing: Vec<String> =
        sources.missing_modules().into_iter().filter(|name| name != "huggingface_hub").collect();
    if !missing.is_empty() {
        return refuse(draft, format!("It loads what the sandbox has not: {}.", missing.join(", ")));
    }
    let columns = config.columns();
    let runner =
        Runner::HuggingFace { id_column: id, columns: &columns, score: config.text("SCORING_METRIC") };
    match adapter::write("Scores as the metric.py of the competition's repository does.", &sources, &runner) {
        Ok(module) => {
            draft.module(module, higher);
            draft.report.carried(
                "metric.py",
                "It is embedded in metric.py, which runs it in the sandbox for the public rows and for the private ones. \
                 Everybody who sees the competition can read it.",
            );
        }
        Err(why) => refuse(draft, why),
    }
}
