//! The catalogue in words: what a metric takes, which way it is better and what its files look like, as pages, proposals
//! and complaints say it.

use holdout_contract::ranks::WITH_SECONDARY;
use holdout_contract::spec::{
    Cell, Direction, Example, Layout, MetricSpec, ParameterSpec, ParameterType, Task,
};

/// Metrics of one kind of problem.
#[derive(Debug, Clone)]
pub struct Group {
    pub title: &'static str,
    pub metrics: Vec<MetricSpec>,
}

/// Metrics by kind of problem, in the order of the kinds.
pub fn group(metrics: Vec<MetricSpec>) -> Vec<Group> {
    let mut groups: Vec<(Task, Group)> = Vec::new();
    for spec in metrics {
        match groups.iter_mut().find(|(task, _)| *task == spec.task) {
            Some((_, group)) => group.metrics.push(spec),
            None => {
                groups.push((spec.task, Group { title: task_title(spec.task), metrics: vec![spec] }));
            }
        }
    }
    groups.sort_by_key(|(task, _)| *task as u8);
    groups.into_iter().map(|(_, group)| group).collect()
}

fn task_title(task: Task) -> &'static str {
    match task {
        Task::Regression => "Numbers",
        Task::BinaryProbability => "Two classes, probabilities",
        Task::MulticlassProbability => "Many classes, probabilities",
        Task::Labels => "Classes, names",
        Task::Ordinal => "Ordered ratings",
        Task::Multilabel => "Several labels a row",
        Task::Ranking => "Ranked lists",
        Task::Probabilistic => "Distributions and quantiles",
        Task::Forecast => "Forecasts of series",
        Task::Survival => "Times until an event",
        Task::Text => "Text",
        Task::Segmentation => "Masks of images",
        Task::Detection => "Boxes in images",
        Task::Clustering => "Clusters",
        Task::Composite => "Several metrics in one",
    }
}

/// A parameter's name in words: `weight column`.
pub fn in_words(parameter: &ParameterSpec) -> String {
    let mut words = parameter.name.replace('_', " ");
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    words
}

/// `Higher is better`.
pub fn direction(spec: &MetricSpec) -> &'static str {
    match spec.direction {
        _ if spec.name == WITH_SECONDARY => "Better as its first metric is",
        Direction::HigherIsBetter => "Higher is better",
        Direction::LowerIsBetter => "Lower is better",
    }
}

/// What solution and submission look like, one sentence each.
pub fn layout(spec: &MetricSpec) -> (String, String) {
    let has_parts = |parameter: &ParameterSpec| matches!(parameter.parameter_type, ParameterType::Parts);
    if spec.parameters.iter().any(has_parts) {
        let of_parts = "the id and the target column of each part".to_owned();
        return (of_parts.clone(), of_parts);
    }
    match &spec.layout {
        Layout::Target { solution, submission } => (
            format!("the id and one target column with {}", cell(*solution)),
            format!("the id and the target column with {}", cell(*submission)),
        ),
        Layout::ClassColumns => (
            "the id and one column with the name of each row's class".to_owned(),
            "the id and one column a class, named after the class, with its probability".to_owned(),
        ),
        Layout::TargetColumns { cell: each } => (
            format!("the id and one or more target columns with {}", cell(*each)),
            "the id and the target columns".to_owned(),
        ),
        Layout::Named { solution, submission } => {
            (format!("the id and {}", named(solution)), format!("the id and {}", named(submission)))
        }
    }
}

fn named(columns: &[(String, Cell)]) -> String {
    columns.iter().map(|(name, each)| format!("{name} ({})", cell(*each))).collect::<Vec<_>>().join(", ")
}

fn cell(cell: Cell) -> &'static str {
    match cell {
        Cell::Number => "numbers",
        Cell::Positive => "numbers above 0",
        Cell::Probability => "probabilities from 0 to 1",
        Cell::Integer => "whole numbers",
        Cell::Binary => "0 or 1",
        Cell::Label => "class names",
        Cell::Text => "text",
        Cell::List => "items separated by spaces, best first",
        Cell::Mask => "a mask as runs “start length …”, pixels counted from 1 down the columns",
        Cell::Masks => "masks as runs “start length …”, separated by semicolons",
        Cell::Boxes => "boxes “class x y width height …”",
        Cell::ScoredBoxes => "boxes “class confidence x y width height …”",
    }
}

/// What a parameter takes: `a number from 0 to 1`.
pub fn takes(parameter: &ParameterSpec) -> String {
    let bounds = |least: Option<String>, most: Option<String>| match (least, most) {
        (Some(least), Some(most)) => format!(" from {least} to {most}"),
        (Some(least), None) => format!(" from {least}"),
        (None, Some(most)) => format!(" up to {most}"),
        (None, None) => String::new(),
    };
    match &parameter.parameter_type {
        ParameterType::Number { minimum, maximum } => {
            format!("a number{}", bounds(minimum.map(|n| n.to_string()), maximum.map(|n| n.to_string())))
        }
        ParameterType::Integer { minimum, maximum } => {
            format!(
                "a whole number{}",
                bounds(minimum.map(|n| n.to_string()), maximum.map(|n| n.to_string()))
            )
        }
        ParameterType::Choice { values } => format!("one of {}", values.join(", ")),
        ParameterType::Boolean => "true or false".to_owned(),
        ParameterType::Text => "text; empty for none".to_owned(),
        ParameterType::Parts => {
            "a list of metrics, such as [{\"metric\": \"rmse\", \"weight\": 0.5}]; without weights where only the first counts"
                .to_owned()
        }
    }
}

/// A default as people write it: text without quotes.
pub fn default_text(parameter: &ParameterSpec) -> String {
    match &parameter.default {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Null => "none".to_owned(),
        other => other.to_string(),
    }
}

/// A metric for tests that draw every page.
pub fn sample_spec() -> MetricSpec {
    MetricSpec {
        name: "fbeta".to_owned(),
        title: "F-beta".to_owned(),
        task: Task::Labels,
        direction: Direction::HigherIsBetter,
        best: Some(1.0),
        layout: Layout::Target { solution: Cell::Label, submission: Cell::Label },
        parameters: vec![ParameterSpec {
            name: "beta".to_owned(),
            parameter_type: ParameterType::Number { minimum: Some(0.0), maximum: None },
            default: serde_json::json!(1.0),
            description: "How much recall counts beside precision.".to_owned(),
            is_main: true,
            is_common: false,
        }],
        sentence: "The weighted harmonic mean of precision and recall.".to_owned(),
        formula: "\\frac{1+\\beta^2}{\\frac{1}{p}+\\frac{\\beta^2}{r}}".to_owned(),
        edge_cases: vec!["A class without rows is undefined.".to_owned()],
        gaming: "Move the threshold.".to_owned(),
        example: Some(Example {
            params: Default::default(),
            files: vec![
                ("solution.csv".to_owned(), "id,target,Usage\n1,a,Public\n".to_owned()),
                ("submission.csv".to_owned(), "id,target\n1,a\n".to_owned()),
            ],
            command:
                "holdout-scorer score --metric fbeta --solution solution.csv --submission submission.csv"
                    .to_owned(),
            score: 1.0,
            entries: Vec::new(),
        }),
    }
}
