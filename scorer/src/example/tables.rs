//! The cells of the examples. Every submission knows something about its rows and errs in some of them.

use holdout_contract::spec::{Cell, Layout, Task};

use crate::judge::Judge;

pub const N_ROWS: usize = 6;
type Cells = [&'static str; N_ROWS];
/// Columns by name.
pub type Columns = Vec<(String, Vec<String>)>;

const RECALLED: Cells = ["0", "1", "0", "1", "0", "0"];
/// Any numbers do where their order alone counts.
const SCORES: Cells = ["-1.4", "2.1", "0.4", "-0.3", "0.9", "-2.2"];
const CONFIDENCES: Cells = ["0.9", "0.8", "0.6", "0.7", "0.5", "0.4"];
/// Enough classes that not all are among the first three.
const CLASSES: [(&str, Cells); 5] = [
    ("bird", ["0.1", "0.1", "0.08", "0.05", "0.05", "0.25"]),
    ("cat", ["0.2", "0.5", "0.4", "0.1", "0.45", "0.05"]),
    ("dog", ["0.6", "0.2", "0.12", "0.3", "0.4", "0.1"]),
    ("fox", ["0.05", "0.1", "0.1", "0.5", "0.05", "0.15"]),
    ("hen", ["0.05", "0.1", "0.3", "0.05", "0.05", "0.45"]),
];
const CLASS_OF_ROW: Cells = ["dog", "cat", "bird", "fox", "dog", "hen"];
const SHARES: [Cells; 2] =
    [["0.8", "0.1", "0.7", "0.3", "0.9", "0.2"], ["0.2", "0.9", "0.3", "0.7", "0.1", "0.8"]];
const PREDICTED_SHARES: [Cells; 2] =
    [["0.7", "0.2", "0.5", "0.4", "0.8", "0.3"], ["0.3", "0.8", "0.5", "0.6", "0.2", "0.7"]];
const TIMES: Cells = ["12", "25", "8", "35", "18", "28"];
const EVENTS: Cells = ["1", "1", "1", "0", "1", "0"];
const RISKS: Cells = ["2.1", "1.7", "1.5", "-1.2", "0.2", "-0.3"];
/// The chance of no event by the times 10, 20 and 30.
const SURVIVAL: [Cells; 3] = [
    ["0.8", "0.9", "0.4", "0.95", "0.85", "0.9"],
    ["0.3", "0.7", "0.2", "0.9", "0.5", "0.8"],
    ["0.1", "0.4", "0.05", "0.7", "0.2", "0.5"],
];
/// From a forecast to its quantiles: one of six rows falls outside of the outer ones.
const QUANTILES_FROM_MIDDLE: [f64; 5] = [-1.2, -0.5, 0.0, 0.5, 1.2];
const BETWEEN_MEMBERS: f64 = 0.2;

/// The columns of the solution and of the submission.
pub fn columns(judge: &Judge) -> (Columns, Columns) {
    let task = judge.metric.about().task;
    match judge.layout() {
        Layout::Named { submission, .. } if task == Task::Survival => (
            named(["time", "event"], &[TIMES, EVENTS]),
            match submission.len() {
                1 => named(names(&submission), &[RISKS]),
                _ => named(names(&submission), &SURVIVAL),
            },
        ),
        Layout::Target { solution, submission } => (
            named(["target"], &[truth(solution)]),
            named(
                ["target"],
                &[match (solution, submission) {
                    // What misses a row and raises no false alarm: precision sees nothing of it.
                    (Cell::Binary, _) if judge.metric.about().name == "recall" => RECALLED,
                    _ => prediction(solution, submission),
                }],
            ),
        ),
        Layout::ClassColumns => {
            let (classes, predictions): (Vec<&str>, Vec<Cells>) = CLASSES.into_iter().unzip();
            (named(["target"], &[CLASS_OF_ROW]), named(classes, &predictions))
        }
        Layout::TargetColumns { cell: Cell::Probability } => {
            (named(BOTH, &SHARES), named(BOTH, &PREDICTED_SHARES))
        }
        Layout::TargetColumns { cell } => {
            let predicted = if cell == Cell::Binary { judge.prediction_cell() } else { cell };
            let both = |cells: Cells| named(BOTH, &[cells, from_row(cells, 1)]);
            (both(truth(cell)), both(prediction(cell, predicted)))
        }
        Layout::Named { solution, submission } => (
            solution
                .iter()
                .enumerate()
                .map(|(at, (name, cell))| column(name, from_row(truth(*cell), at)))
                .collect(),
            predictions(&submission),
        ),
    }
}

const BOTH: [&str; 2] = ["first", "second"];

fn predictions(columns: &[(String, Cell)]) -> Columns {
    let starts_with = |start: char| columns.iter().all(|(name, _)| name.starts_with(start));
    if starts_with('q') {
        return around(columns, &QUANTILES_FROM_MIDDLE);
    }
    if starts_with('m') && columns.len() > 1 && columns.iter().all(|(_, cell)| *cell == Cell::Number) {
        let middle = (columns.len() - 1) as f64 / 2.0;
        let steps: Vec<f64> = (0..columns.len()).map(|at| (at as f64 - middle) * BETWEEN_MEMBERS).collect();
        return around(columns, &steps);
    }
    let cells = |at: usize, (name, cell): &(String, Cell)| match cell {
        Cell::Number if name == "confidence" => column(name, CONFIDENCES),
        cell => column(name, from_row(prediction(*cell, *cell), at)),
    };
    columns.iter().enumerate().map(|(at, named)| cells(at, named)).collect()
}

/// A forecast, and what lies so far from it in each column.
fn around(columns: &[(String, Cell)], steps: &[f64]) -> Columns {
    let forecast = prediction(Cell::Number, Cell::Number);
    let moved = |cell: &str, step: f64| {
        let number = cell.parse::<f64>().unwrap_or_default() + step;
        ((number * 10.0).round() / 10.0).to_string()
    };
    let cells = |step: f64| forecast.iter().map(|cell| moved(cell, step)).collect();
    columns.iter().zip(steps).map(|((name, _), step)| (name.clone(), cells(*step))).collect()
}

fn truth(cell: Cell) -> Cells {
    match cell {
        Cell::Number => ["3", "5", "2.5", "7", "4", "6"],
        Cell::Positive => ["1", "0.5", "2", "1.5", "0.8", "1.2"],
        Cell::Probability => SHARES[0],
        Cell::Binary => ["0", "1", "0", "1", "1", "0"],
        Cell::Integer => ["0", "2", "1", "3", "2", "1"],
        Cell::Label => ["dog", "cat", "bird", "cat", "dog", "bird"],
        Cell::List => ["a b", "c", "d e", "b", "c f", "e"],
        Cell::Text => [
            "the red house on the hill",
            "a small boat at sea",
            "green hills in the morning",
            "snow lies on the road",
            "cold water from the well",
            "two birds sing in a tree",
        ],
        Cell::Mask => ["1 4 9 4", "3 2", "20 6", "33 4 41 4", "50 3", "10 5"],
        Cell::Masks => ["1 4;33 4", "3 2;40 4", "20 6", "33 4;50 4", "50 3", "10 5"],
        Cell::Boxes | Cell::ScoredBoxes => {
            ["cat 0 0 10 10", "dog 5 5 20 10", "cat 2 3 8 8", "dog 0 0 4 4", "cat 9 9 6 6", "dog 1 1 12 7"]
        }
    }
}

fn prediction(truth: Cell, cell: Cell) -> Cells {
    match cell {
        Cell::Number if truth == Cell::Binary => SCORES,
        Cell::Number => ["2.5", "5", "4", "8", "3.5", "6.5"],
        Cell::Positive => ["1", "0.5", "2", "1.5", "0.8", "1.2"],
        Cell::Probability => ["0.2", "0.9", "0.6", "0.4", "0.7", "0.1"],
        Cell::Binary => ["0", "1", "1", "1", "1", "0"],
        Cell::Integer => ["0", "1", "1", "3", "3", "1"],
        Cell::Label => ["dog", "cat", "cat", "cat", "dog", "bird"],
        Cell::List => ["a b", "c a", "d e b", "a c", "f c", "e"],
        Cell::Text => [
            "the red house on a hill",
            "a small boat at sea",
            "green hill in the morning",
            "snow lay on the road",
            "cold water from the well",
            "two birds sang in a tree",
        ],
        Cell::Mask => ["1 3 9 4", "3 2", "22 6", "33 4 41 2", "50 4", "11 5"],
        Cell::Masks => ["1 3;33 4", "3 2;41 4", "22 6", "33 4", "50 3", "11 5"],
        Cell::Boxes | Cell::ScoredBoxes => [
            "cat 0.9 0 0 10 9",
            "dog 0.8 5 5 19 10",
            "cat 0.7 3 3 8 8",
            "dog 0.6 0 0 4 4",
            "cat 0.5 20 9 6 6",
            "dog 0.4 1 1 12 6",
        ],
    }
}

/// Every further column of the same kind begins a row later.
fn from_row(mut cells: Cells, at: usize) -> Cells {
    cells.rotate_left(at % N_ROWS);
    cells
}

fn names(columns: &[(String, Cell)]) -> impl Iterator<Item = &str> {
    columns.iter().map(|(name, _)| name.as_str())
}

fn named<'a>(names: impl IntoIterator<Item = &'a str>, columns: &[Cells]) -> Columns {
    names.into_iter().zip(columns).map(|(name, cells)| column(name, *cells)).collect()
}

fn column(name: &str, cells: Cells) -> (String, Vec<String>) {
    (name.to_owned(), cells.map(str::to_owned).to_vec())
}
