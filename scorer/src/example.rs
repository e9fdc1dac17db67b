//! A worked example for every metric: six rows made from its own description, and the score that this
//! program gives them. Predictions follow the truth without reaching it: a test holds every example to that.

mod tables;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use holdout_contract::spec::{Entry, Example, MetricSpec, Params, Task};
use serde_json::{Map, Value, json};

use self::tables::Columns;
use crate::align::align;
use crate::intake::{Content, Limits, Source, content};
use crate::judge::{Context, Judge};
use crate::metrics::Metric;
use crate::score::score_split;
use crate::solution::{Solution, Split};
use crate::split::SplitRule;

const GROUPS: [&str; 2] = ["north", "south"];
const SIDE_PIXELS: u64 = 8;
/// Probabilities that two more teams send, where teams are ranked by several metrics.
const RIVALS: [(&str, [&str; tables::N_ROWS]); 2] = [
    ("bold.csv", ["0.01", "0.99", "0.7", "0.6", "0.95", "0.02"]),
    ("careful.csv", ["0.4", "0.6", "0.45", "0.55", "0.6", "0.4"]),
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
    let tables = Tables::of(metric)?;
    let judge = &tables.judge;
    let (solution, submission) = (csv(&tables.solution), csv(&tables.submission));
    let rivals = rivals(judge);
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
    if !tables.params.is_empty() {
        let _ = write!(command, " --params '{}'", Value::Object(tables.params.clone()));
    }
    let facts = judge.context.values();
    if !facts.is_empty() {
        command += " --context context.json";
        files.push(("context.json".to_owned(), json!({ "context": facts }).to_string() + "\n"));
    }
    let history = &judge.context.history;
    if !history.is_empty() {
        command += " --history history.csv";
        files.push(("history.csv".to_owned(), history_csv(history)));
    }
    files.extend(rivals);
    Some(Example { params: tables.params.into_iter().collect(), files, command, score, entries })
}

/// What an example is made of.
struct Tables {
    judge: Judge,
    params: Params,
    solution: Columns,
    submission: Columns,
}

impl Tables {
    fn of(metric: &dyn Metric) -> Option<Self> {
        let params = params(metric);
        let task = metric.about().task;
        let mut context = Context::new(facts(task));
        context.history = history(task);
        let judge = Judge::new(metric.about().name, &params, context).ok()?;
        let (mut solution, submission) = tables::columns(&judge);
        if judge.needs_groups() {
            let groups = GROUPS.iter().cycle().take(tables::N_ROWS).map(|name| (*name).to_owned()).collect();
            solution.push((judge.named("group_column").unwrap_or_else(|| "series".to_owned()), groups));
        }
        solution.push(("Usage".to_owned(), vec!["Public".to_owned(); tables::N_ROWS]));
        Some(Self { judge, params, solution, submission })
    }
}

/// The parameters that the metric is shown with.
fn params(metric: &dyn Metric) -> Params {
    let mut params = metric.sample_params();
    if metric.about().name == "top_recall" {
        // The default is a share of less than one of so few rows.
        params.insert("percent".to_owned(), 50.into());
    }
    params
}

/// Files of more teams, where one alone shows nothing.
fn rivals(judge: &Judge) -> Vec<(String, String)> {
    let file = |(name, cells): (&str, [&str; tables::N_ROWS])| {
        (name.to_owned(), csv(&[("target".to_owned(), cells.map(str::to_owned).to_vec())]))
    };
    if judge.is_ranked() { RIVALS.map(file).to_vec() } else { Vec::new() }
}

/// The score of all rows, with the values of the metrics that teams are ranked by.
fn score_of(judge: Judge, solution: &str, submission: &str) -> Option<(f64, Vec<f64>)> {
    let prepared = prepared(judge, solution)?;
    let aligned = align(&prepared, &opened(submission)?, &Limits::default()).ok()?;
    let score = score_split(&prepared, &aligned, Split::All);
    Some((score.value()?, score.parts().unwrap_or_default().to_vec()))
}

fn prepared(judge: Judge, solution: &str) -> Option<Solution> {
    Solution::prepare(&opened(solution)?, judge, &SplitRule::default(), &Limits::default()).ok()
}

fn opened(text: &str) -> Option<Content> {
    content::open(Source::Bytes(text.as_bytes().into()), &Limits::default()).ok()?.ok()
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

fn csv<'a>(columns: impl IntoIterator<Item = &'a (String, Vec<String>)>) -> String {
    let columns: Vec<_> = columns.into_iter().collect();
    let mut text = "id".to_owned();
    columns.iter().for_each(|(name, _)| text += &format!(",{name}"));
    text += "\n";
    for row in 0..tables::N_ROWS {
        text += &(row + 1).to_string();
        columns.iter().for_each(|(_, cells)| text += &format!(",{}", cells[row]));
        text += "\n";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of what no example can be better than a file with one value, and why.
    const A_CONSTANT_DOES_AS_WELL: [(&str, &str); 4] = [
        ("mean_bias", "it reads the sum of all errors, whatever row each is of"),
        ("ece", "the share of positives, sent for every row, is calibrated"),
        ("recall", "yes to every row recalls all of them"),
        ("completeness_score", "one cluster of everything is complete"),
    ];
    /// Of what a perfect file need not be the best one, and what stands in which row is not read.
    const READS_NO_ROWS: &str = "mean_bias";

    #[test]
    fn every_metric_has_an_example() {
        let without: Vec<&str> = crate::metrics::all()
            .filter(|metric| example(*metric).is_none())
            .map(|metric| metric.about().name)
            .collect();
        assert!(without.is_empty(), "no example for {without:?}");
    }

    #[test]
    fn every_example_is_better_than_a_file_that_knows_nothing_and_worse_than_a_perfect_one() {
        let mut wrong = Vec::new();
        for metric in crate::metrics::all() {
            let name = metric.about().name;
            let tables = Tables::of(metric).expect(name);
            let solution = csv(&tables.solution);
            let value = |columns: &Columns| {
                score_of(tables.judge.clone(), &solution, &csv(columns)).map(|(score, _)| score)
            };
            let own = value(&tables.submission).expect(name);
            let direction = tables.judge.direction();
            let is_better = |one: f64, other: f64| direction.rank_key(one) < direction.rank_key(other);
            // Its own cells, each in the row of another.
            let elsewhere: Vec<f64> =
                (1..tables::N_ROWS).filter_map(|by| value(&rearranged(&tables, |row| row + by))).collect();
            let by_chance = elsewhere.iter().sum::<f64>() / elsewhere.len() as f64;
            if name != READS_NO_ROWS && !is_better(own, by_chance) {
                wrong.push(format!("{name}: {own} is no better than {by_chance} by chance"));
            }
            let constants = (0..tables::N_ROWS).filter_map(|at| value(&rearranged(&tables, |_| at)));
            let best = constants.reduce(|one, other| if is_better(one, other) { one } else { other });
            let is_excepted = A_CONSTANT_DOES_AS_WELL.iter().any(|(excepted, _)| *excepted == name);
            if best.is_some_and(|best| is_better(own, best)) == is_excepted && best.is_some() {
                wrong.push(format!("{name}: {own} against {best:?} of a constant"));
            }
            let prepared = prepared(tables.judge.clone(), &solution).expect(name);
            let perfect =
                prepared.perfect().and_then(|file| score_split(&prepared, &file, Split::All).value());
            if name != READS_NO_ROWS && perfect.is_some_and(|perfect| !is_better(perfect, own)) {
                wrong.push(format!("{name}: {own} is as good as {perfect:?} of a perfect file"));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    /// The submission with the cells of these rows instead.
    fn rearranged(tables: &Tables, from: impl Fn(usize) -> usize) -> Columns {
        let cells = |cells: &Vec<String>| {
            (0..tables::N_ROWS).map(|row| cells[from(row) % tables::N_ROWS].clone()).collect()
        };
        tables.submission.iter().map(|(name, column)| (name.clone(), cells(column))).collect()
    }
}
