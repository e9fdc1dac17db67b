//! Files whose predictions are near the truth, for any metric by its own description.

use std::collections::BTreeMap;

use holdout_contract::spec::{Cell, Layout, Task};
use holdout_scorer::judge::{Context, Judge};
use holdout_scorer::metrics::{self, Metric, compose};
use holdout_scorer::ranks::Normal;
use serde_json::{Map, Value, json};

use super::table::{Column, Table};
use crate::laws::inputs::{CLASSES, Random, cells};

/// What a row is like, and what is known of it: in every column anew.
struct Latent {
    seed: u64,
    normal: Normal,
    n_rows: usize,
}

impl Latent {
    fn truth(&self, column: usize, row: usize) -> f64 {
        self.normal.at(2 * column, row)
    }

    /// With as much spread as the truth.
    fn guess(&self, column: usize, row: usize) -> f64 {
        0.8 * self.truth(column, row) + 0.6 * self.normal.at(2 * column + 1, row)
    }

    /// What neither says anything about.
    fn chance(&self, column: usize, row: usize) -> f64 {
        self.normal.at(1000 + column, row)
    }
}

/// A file for this metric, of so many rows; `n_groups` where it needs groups.
pub fn table(name: &str, params: &Value, n_rows: usize, n_groups: usize) -> Table {
    table_of(0, name, params, n_rows, n_groups)
}

/// Of other rows for every seed.
pub fn table_of(seed: u64, name: &str, params: &Value, n_rows: usize, n_groups: usize) -> Table {
    let params: Map<String, Value> = params.as_object().cloned().unwrap_or_default();
    let judge = Judge::new(name, &params, context(n_groups)).unwrap_or_else(|why| panic!("{name}: {why}"));
    let latent = Latent { seed, normal: Normal::new(11 + seed), n_rows };
    let (truths, predictions) = columns(&judge, &latent);
    let n_groups = if judge.metric.groups_are_classes() { CLASSES.len() } else { n_groups };
    let groups = judge.needs_groups().then(|| (0..n_rows as u32).map(|row| row % n_groups as u32).collect());
    Table {
        weights: params
            .contains_key("weight_column")
            .then(|| (0..n_rows).map(|row| [0.3, 1.0, 2.75, 0.0, 1.5][row % 5]).collect()),
        groups,
        group_names: (0..n_groups).map(group_name).collect(),
        n_rows,
        n_classes: CLASSES.len(),
        column_classes: truths.iter().map(|_| (0..CLASSES.len() as u32).collect()).collect(),
        judge,
        truths,
        predictions,
    }
}

fn group_name(group: usize) -> String {
    format!("s{group}")
}

fn context(n_groups: usize) -> Context {
    let names = || (0..n_groups).map(group_name);
    let weights: Map<String, Value> = names().map(|name| (name, json!(1.5))).collect();
    let mut context = Context::new(Map::from_iter([
        ("series_weight".to_owned(), Value::Object(weights)),
        ("height".to_owned(), json!(8)),
        ("width".to_owned(), json!(8)),
    ]));
    let history = |(group, name): (usize, String)| {
        let step = 1.0 + (group % 7) as f64;
        (name, vec![20.0, 20.0 + step, 21.0 - step, 20.0 + 2.0 * step])
    };
    context.history = names().enumerate().map(history).collect::<BTreeMap<_, _>>();
    context
}

type Sides = (Vec<Column>, Vec<Column>);

fn columns(judge: &Judge, latent: &Latent) -> Sides {
    match judge.layout() {
        Layout::Target { solution, submission } => pair(judge, latent, ("target", solution), submission, 0),
        Layout::ClassColumns => {
            let (truths, _) = pair(judge, latent, ("target", Cell::Label), Cell::Label, 0);
            let column = |class: usize| {
                let near = |row: usize| 1.0 / (0.3 + (latent.guess(0, row) - centre(class)).powi(2));
                Column::Numbers((0..latent.n_rows).map(|row| (near(row) / 3.5).min(1.0)).collect())
            };
            (truths, (0..CLASSES.len()).map(column).collect())
        }
        Layout::TargetColumns { cell } => {
            let prediction = if cell == Cell::Binary { judge.prediction_cell() } else { cell };
            joined((0..3).map(|at| pair(judge, latent, ("target", cell), prediction, at)))
        }
        Layout::Named { solution, submission } => named(judge, latent, &solution, &submission),
    }
}

fn joined(pairs: impl Iterator<Item = Sides>) -> Sides {
    let mut all = (Vec::new(), Vec::new());
    for (truths, predictions) in pairs {
        all.0.extend(truths);
        all.1.extend(predictions);
    }
    all
}

fn named(
    judge: &Judge,
    latent: &Latent,
    solution: &[(String, Cell)],
    submission: &[(String, Cell)],
) -> Sides {
    if solution.len() == submission.len() {
        let columns = solution.iter().zip(submission).enumerate();
        return joined(columns.map(|(at, (truth, prediction))| {
            pair(judge, latent, (truth.0.as_str(), truth.1), prediction.1, at)
        }));
    }
    let truths = solution.iter().map(|(name, cell)| truth(latent, name, *cell, 0)).collect();
    let n = submission.len() as f64;
    let prediction = |(at, (name, cell)): (usize, &(String, Cell))| {
        let place = 2.0 * (at as f64 + 0.5) / n - 1.0;
        match (name.as_str(), cell) {
            ("sigma" | "mu" | "risk" | "target", cell) => prediction(judge, latent, name, *cell, 0),
            // Quantiles and members, in order; chances to last so long.
            (_, Cell::Number) => {
                number(latent, |row| 20.0 + 4.0 * (0.8 * latent.guess(0, row) + 1.1 * place))
            }
            _ => number(latent, |row| logistic(1.5 * (latent.guess(0, row) - place))),
        }
    };
    (truths, submission.iter().enumerate().map(prediction).collect())
}

/// A column of the solution with the column of a file that predicts it.
fn pair(judge: &Judge, latent: &Latent, (name, cell): (&str, Cell), predicted: Cell, at: usize) -> Sides {
    if is_written(cell) {
        return written(judge, latent, cell, predicted);
    }
    (vec![truth(latent, name, cell, at)], vec![prediction(judge, latent, name, predicted, at)])
}

/// Whether a cell is neither a number nor a name.
fn is_written(cell: Cell) -> bool {
    matches!(cell, Cell::List | Cell::Text | Cell::Mask | Cell::Masks | Cell::Boxes | Cell::ScoredBoxes)
}

/// Whether a metric reads such cells: each row takes longer than a number.
pub fn is_of_written_cells(metric: &dyn Metric) -> bool {
    let found = metrics::find(metric.about().name, &metric.sample_params());
    match found.map(|(metric, params)| compose::layout(metric, &params)) {
        Ok(Layout::Target { solution, .. }) => is_written(solution),
        Ok(Layout::Named { solution, .. }) => solution.iter().any(|(_, cell)| is_written(*cell)),
        _ => false,
    }
}

fn number(latent: &Latent, of: impl Fn(usize) -> f64) -> Column {
    Column::Numbers((0..latent.n_rows).map(of).collect())
}

fn logistic(value: f64) -> f64 {
    1.0 / (1.0 + (-value).exp())
}

const CUTS: [f64; 4] = [-0.9, -0.2, 0.4, 1.0];

fn class(value: f64) -> u32 {
    CUTS.iter().filter(|cut| value > **cut).count() as u32
}

fn centre(class: usize) -> f64 {
    [-1.5, -0.55, 0.1, 0.7, 1.5][class]
}

fn truth(latent: &Latent, name: &str, cell: Cell, at: usize) -> Column {
    let of = |row: usize| latent.truth(at, row);
    match (name, cell) {
        ("time", _) => number(latent, |row| (20.0 * (0.6 * of(row)).exp()).round()),
        ("event", _) => number(latent, |row| f64::from(u8::from(latent.chance(0, row) > -0.5))),
        ("relevance", _) => number(latent, |row| (2.0 * of(row)).floor().max(0.0)),
        (_, cell) => value(latent, cell, of),
    }
}

fn prediction(judge: &Judge, latent: &Latent, name: &str, cell: Cell, at: usize) -> Column {
    let of = |row: usize| latent.guess(at, row);
    let task = judge.metric.about().task;
    match (name, cell) {
        ("risk", _) => number(latent, |row| (-10.0 * of(row)).round()),
        ("sigma", _) => number(latent, |row| 3.0 * (0.2 * latent.chance(1, row)).exp()),
        (_, Cell::Probability) if task != Task::Regression => {
            // Of few digits, so that scores are tied.
            number(latent, |row| (logistic(2.0 * (of(row) - 0.7)) * 500.0).ceil() / 501.0)
        }
        (_, cell) => value(latent, cell, of),
    }
}

fn value(latent: &Latent, cell: Cell, of: impl Fn(usize) -> f64) -> Column {
    match cell {
        Cell::Label => Column::Codes((0..latent.n_rows).map(|row| class(of(row))).collect()),
        Cell::Positive => number(latent, |row| (0.5 * of(row)).exp()),
        Cell::Probability => number(latent, |row| logistic(of(row))),
        Cell::Binary => number(latent, |row| f64::from(u8::from(of(row) > 0.7))),
        Cell::Integer => number(latent, |row| (1.5 * of(row) + 2.5).floor().clamp(0.0, 5.0)),
        _ => number(latent, |row| 20.0 + 4.0 * of(row)),
    }
}

/// Cells that cannot be near each other in general: half of them are as true ones, the others are alike by
/// chance. Those of texts are a word short, since BLEU's penalty bends where both sides are as long.
fn written(judge: &Judge, latent: &Latent, cell: Cell, predicted: Cell) -> Sides {
    let mut random = Random::new(5 + latent.seed);
    let truths = cells(cell, latent.n_rows, &mut random);
    let others = cells(predicted, latent.n_rows, &mut random);
    let prediction = |(truth, other): (&String, &String)| match (random.below(2), other.rsplit_once(' ')) {
        (0, _) => judge.perfect_text(truth).into_owned(),
        (_, Some((short, _))) if predicted == Cell::Text => short.to_owned(),
        _ => other.clone(),
    };
    let predictions: Vec<String> = truths.iter().zip(&others).map(prediction).collect();
    (vec![Column::of_texts(truths)], vec![Column::of_texts(predictions)])
}
