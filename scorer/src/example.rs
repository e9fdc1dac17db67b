//! A worked example for every metric: six rows made from its own description, and the score that this
//! program gives them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use holdout_contract::spec::{Cell, Entry, Example, Layout, MetricSpec, Task};
use serde_json::{Map, Value, json};

use crate::align::align;
use crate::intake::{Limits, Source, content};
use crate::judge::{Context, Judge};
use crate::metrics::Metric;
use crate::score::score_split;
use crate::solution::{Solution, Split};
use crate::split::SplitRule;

const N_ROWS: usize = 6;
const GROUPS: [&str; 2] = ["north", "south"];
const SIDE_PIXELS: u64 = 8;
/// Probabilities that two more teams send, where teams are ranked by several metrics.
const RIVALS: [(&str, [&str; N_ROWS]); 2] = [
    ("bold.csv", ["0.99", "0.01", "0.6", "0.7", "0.95", "0.02"]),
    ("careful.csv", ["0.6", "0.4", "0.55", "0.45", "0.6", "0.4"]),
];

/// The description of a metric, with its worked example. Where columns follow from parameters, they
/// are those of the example.
pub fn described(metric: &dyn Metric) -> MetricSpec {
    let spec = metric.spec();
    let judge = Judge::new(metric.about().name, &metric.sample_params(), Context::default());
    let layout = judge.map_or_else(|_| spec.layout.clone(), |judge| judge.layout());
    MetricSpec { example: example(metric), layout, ..spec }
}

fn example(metric: &dyn Metric) -> Option<Example> {
    let params = metric.sample_params();
    let (facts, history) = (facts(metric.about().task), history(metric.about().task));
    let mut context = Context::new(facts.clone());
    context.history.clone_from(&history);
    let judge = Judge::new(metric.about().name, &params, context).ok()?;
    let (truths, predictions) = columns(&judge.layout(), &judge);
    let groups: Vec<String> = GROUPS.iter().cycle().take(N_ROWS).map(|name| (*name).to_owned()).collect();
    let mut extra = Vec::new();
    if judge.needs_groups() {
        extra.push((judge.named("group_column").unwrap_or_else(|| "series".to_owned()), groups));
    }
    extra.push(("Usage".to_owned(), vec!["Public".to_owned(); N_ROWS]));
    let solution = csv(truths.iter().chain(&extra));
    let submission = csv(&predictions);
    let rivals = rivals(&judge);
    let (score, values) = score_of(judge.clone(), &solution, &submission)?;
    let mut entries = Vec::new();
    if judge.is_ranked() {
        entries.push(Entry { file: "submission.csv".to_owned(), scores: values });
    }
    for (file, text) in &rivals {
        entries.push(Entry { file: file.clone(), scores: score_of(judge.clone(), &solution, text)?.1 });
    }
    let mut files = vec![("solution.csv".to_owned(), solution), ("submission.csv".to_owned(), submission)];
    let mut command = format!(
        "holdout-scorer score --metric {} --solution solution.csv --submission submission.csv",
        metric.about().name
    );
    if !params.is_empty() {
        let _ = write!(command, " --params '{}'", Value::Object(params.clone()));
    }
    if !facts.is_empty() {
        command += " --context context.json";
        files.push(("context.json".to_owned(), json!({ "context": facts }).to_string() + "\n"));
    }
    if !history.is_empty() {
        command += " --history history.csv";
        files.push(("history.csv".to_owned(), history_csv(&history)));
    }
    files.extend(rivals);
    Some(Example { params: params.into_iter().collect(), files, command, score, entries })
}

/// Files of more teams, where one alone shows nothing.
fn rivals(judge: &Judge) -> Vec<(String, String)> {
    let file = |(name, cells): (&str, [&str; N_ROWS])| {
        (name.to_owned(), csv(&[("target".to_owned(), cells.map(str::to_owned).to_vec())]))
    };
    if judge.is_ranked() { RIVALS.map(file).to_vec() } else { Vec::new() }
}

/// The score of all rows, with the values of the metrics that teams are ranked by.
fn score_of(judge: Judge, solution: &str, submission: &str) -> Option<(f64, Vec<f64>)> {
    let limits = Limits::default();
    let opened = |text: &[u8]| content::open(Source::Bytes(text.into()), &limits).ok()?.ok();
    let prepared =
        Solution::prepare(&opened(solution.as_bytes())?, judge, &SplitRule::default(), &limits).ok()?;
    let aligned = align(&prepared, &opened(submission.as_bytes())?, &limits).ok()?;
    let score = score_split(&prepared, &aligned, Split::All);
    Some((score.value()?, score.parts().unwrap_or_default().to_vec()))
}

/// What the metrics of this kind need to know beside the files.
fn facts(task: Task) -> Map<String, Value> {
    match task {
        Task::Segmentation => Map::from_iter([
            ("height".to_owned(), SIDE_PIXELS.into()),
            ("width".to_owned(), SIDE_PIXELS.into()),
        ]),
        Task::Forecast => {
            let weights: Map<String, Value> =
                GROUPS.iter().zip([1, 3]).map(|(name, weight)| ((*name).to_owned(), weight.into())).collect();
            Map::from_iter([("series_weight".to_owned(), Value::Object(weights))])
        }
        _ => Map::new(),
    }
}

/// The past of every series, where forecasts are scaled by it.
fn history(task: Task) -> BTreeMap<String, Vec<f64>> {
    let pasts = [vec![2.0, 4.0, 3.0, 6.0], vec![5.0, 3.0, 4.0, 2.0]];
    match task {
        Task::Forecast => GROUPS.iter().map(|name| (*name).to_owned()).zip(pasts).collect(),
        _ => BTreeMap::new(),
    }
}

fn history_csv(history: &BTreeMap<String, Vec<f64>>) -> String {
    let mut text = "series,t,value\n".to_owned();
    for (series, values) in history {
        for (t, value) in values.iter().enumerate() {
            let _ = writeln!(text, "{series},{},{value}", t + 1);
        }
    }
    text
}

type Columns = Vec<(String, Vec<String>)>;

fn columns(layout: &Layout, judge: &Judge) -> (Columns, Columns) {
    let named = |columns: &[(String, Cell)], side: Side| -> Columns {
        columns.iter().enumerate().map(|(at, (name, cell))| (name.clone(), cells(*cell, side, at))).collect()
    };
    match layout {
        Layout::Target { solution, submission } => (
            vec![("target".to_owned(), cells(*solution, Side::Truth, 0))],
            vec![("target".to_owned(), cells(*submission, Side::Prediction, 0))],
        ),
        Layout::ClassColumns => {
            let classes = ["bird", "cat", "dog"];
            let column = |at: usize| cells(Cell::Probability, Side::Prediction, at);
            (
                vec![("target".to_owned(), cells(Cell::Label, Side::Truth, 0))],
                classes.iter().enumerate().map(|(at, name)| ((*name).to_owned(), column(2 - at))).collect(),
            )
        }
        Layout::TargetColumns { cell } => {
            let predicted = if *cell == Cell::Binary { judge.prediction_cell() } else { *cell };
            let side = |cell: Cell, side: Side| {
                ["first", "second"]
                    .iter()
                    .enumerate()
                    .map(|(at, name)| ((*name).to_owned(), cells(cell, side, at)))
                    .collect()
            };
            (side(*cell, Side::Truth), side(predicted, Side::Prediction))
        }
        Layout::Named { solution, submission } => {
            (named(solution, Side::Truth), rising_quantiles(named(submission, Side::Prediction)))
        }
    }
}

/// Columns of quantiles rise from one to the next by one.
fn rising_quantiles(mut columns: Columns) -> Columns {
    if columns.iter().all(|(name, _)| name.starts_with('q')) {
        let lowest = cells(Cell::Number, Side::Prediction, 0);
        for (at, (_, cells)) in columns.iter_mut().enumerate() {
            let above = |cell: &String| cell.parse().map_or(0.0, |number: f64| number + at as f64 - 2.0);
            *cells = lowest.iter().map(|cell| above(cell).to_string()).collect();
        }
    }
    columns
}

#[derive(Clone, Copy)]
enum Side {
    Truth,
    Prediction,
}

/// Six cells; every further column of the same kind begins a row later.
fn cells(cell: Cell, side: Side, at: usize) -> Vec<String> {
    use Side::{Prediction, Truth};
    let values: [&str; N_ROWS] = match (cell, side) {
        (Cell::Number, Truth) => ["3", "5", "2.5", "7", "4", "6"],
        (Cell::Number, Prediction) => ["2.5", "5", "4", "8", "3.5", "6.5"],
        (Cell::Positive, _) => ["1", "0.5", "2", "1.5", "0.8", "1.2"],
        (Cell::Probability, Truth) => ["0.8", "0.1", "0.7", "0.3", "0.9", "0.2"],
        (Cell::Probability, Prediction) => ["0.9", "0.2", "0.4", "0.6", "0.7", "0.1"],
        (Cell::Binary, Truth) => ["1", "0", "1", "0", "1", "0"],
        (Cell::Binary, Prediction) => ["1", "0", "0", "0", "1", "1"],
        (Cell::Integer, Truth) => ["0", "2", "1", "3", "2", "1"],
        (Cell::Integer, Prediction) => ["0", "1", "1", "3", "3", "1"],
        (Cell::Label, Truth) => ["dog", "cat", "bird", "cat", "dog", "bird"],
        (Cell::Label, Prediction) => ["dog", "cat", "cat", "cat", "dog", "bird"],
        (Cell::List, Truth) => ["a b", "c", "a d", "b", "c d", "a"],
        (Cell::List, Prediction) => ["b c a", "c a", "b d", "b a", "a c", "d a"],
        (Cell::Text, Truth) => {
            ["the red house", "a small boat", "green hills", "on the road", "cold water", "two birds sing"]
        }
        (Cell::Text, Prediction) => {
            ["the red hose", "a small boat", "green hill", "on a road", "cold water", "two bird sang"]
        }
        (Cell::Mask, Truth) => ["1 4 9 4", "3 2", "20 6", "33 4 41 4", "50 3", "10 5"],
        (Cell::Mask, Prediction) => ["1 3 9 4", "3 2", "22 6", "33 4 41 2", "50 4", "11 5"],
        (Cell::Masks, Truth) => ["1 4;33 4", "3 2;40 4", "20 6", "33 4;50 4", "50 3", "10 5"],
        (Cell::Masks, Prediction) => ["1 3;33 4", "3 2;41 4", "22 6", "33 4", "50 3", "11 5"],
        (Cell::Boxes, _) => {
            ["cat 0 0 10 10", "dog 5 5 20 10", "cat 2 3 8 8", "dog 0 0 4 4", "cat 9 9 6 6", "dog 1 1 12 7"]
        }
        (Cell::ScoredBoxes, _) => [
            "cat 0.9 0 0 10 9",
            "dog 0.8 5 5 19 10",
            "cat 0.7 3 3 8 8",
            "dog 0.6 0 0 4 4",
            "cat 0.5 20 9 6 6",
            "dog 0.4 1 1 12 6",
        ],
    };
    values.iter().cycle().skip(at).take(N_ROWS).map(|value| (*value).to_owned()).collect()
}

fn csv<'a>(columns: impl IntoIterator<Item = &'a (String, Vec<String>)>) -> String {
    let columns: Vec<_> = columns.into_iter().collect();
    let mut text = "id".to_owned();
    columns.iter().for_each(|(name, _)| text += &format!(",{name}"));
    text += "\n";
    for row in 0..N_ROWS {
        text += &(row + 1).to_string();
        columns.iter().for_each(|(_, cells)| text += &format!(",{}", cells[row]));
        text += "\n";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_has_an_example() {
        let without: Vec<&str> = crate::metrics::all()
            .filter(|metric| example(*metric).is_none())
            .map(|metric| metric.about().name)
            .collect();
        assert!(without.is_empty(), "no example for {without:?}");
    }
}
