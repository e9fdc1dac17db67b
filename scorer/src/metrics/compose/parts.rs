//! The metrics that one metric is put together from: read from its parameters, checked against each
//! other, each given the columns, weights and groups that it reads.

use std::ops::RangeInclusive;

use holdout_contract::spec::{Cell, Layout};
use serde_json::{Map, Value, json};

use super::PartScore;
use crate::judge::{Context, Judge};
use crate::metrics::about::{Kind, POSITIVE, ParameterAbout};
use crate::metrics::{Files, Metric, NoMeasure, Params, PartScores, Rows, Undefined, Values, find, finite};
use crate::misfit::Misfits;

const KEYS: [&str; 4] = ["metric", "weight", "params", "target"];
/// What the whole says for all parts that say nothing themselves.
const HANDED_DOWN: [&str; 3] = ["weight_column", "group_column", "positive_class"];

const NO_WEIGHT: &str = "“weight” must be a number other than 0.";

/// One metric of several.
#[derive(Clone)]
pub struct Part {
    /// As the host wrote it, short form included.
    pub name: String,
    pub metric: &'static dyn Metric,
    pub params: Params,
    /// Where parts take none: 1 of the first, which alone counts, and 0 of the others.
    pub weight: f64,
}

impl Part {
    /// Judges by this part alone, in the whole's contest.
    pub(crate) fn judge(&self, context: &Context) -> Judge {
        Judge { metric: self.metric, params: self.params.clone(), context: context.clone() }
    }

    fn scored(&self, score: Result<f64, Undefined>) -> Result<PartScore, Undefined> {
        let score = score
            .and_then(finite)
            .map_err(|why| Undefined::because(format!("The part {} has no value: {why}", self.name)))?;
        let target = self.params.text("columns").map(str::to_owned);
        Ok(PartScore { metric: self.name.clone(), target, weight: self.weight, score })
    }
}

/// The value of every part, in order, or why one of them has none.
pub type AllScores = Result<Vec<PartScore>, Undefined>;

/// Reads the parts from the whole's parameters.
///
/// # Errors
/// A sentence that names the part.
pub(super) fn read(params: &Params) -> Result<Vec<Part>, String> {
    listed(params)
        .iter()
        .enumerate()
        .map(|(at, given)| part(at, given, params).map_err(|sentence| format!("Part {}: {sentence}", at + 1)))
        .collect()
}

fn listed(params: &Params) -> &[Value] {
    params.value("parts").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn given_weight(part: &Map<String, Value>) -> Option<&Value> {
    part.get("weight").filter(|weight| !weight.is_null())
}

/// Refuses parts without a weight, or with one where only the first part counts.
///
/// # Errors
/// A sentence that names the part.
pub(super) fn check_weights(params: &Params, are_weighted: bool) -> Result<(), String> {
    let is_wrong =
        |given: &Value| given.as_object().is_some_and(|part| given_weight(part).is_some() != are_weighted);
    let sentence =
        if are_weighted { NO_WEIGHT } else { "it takes no weight: only the first part ranks teams." };
    match listed(params).iter().position(is_wrong) {
        Some(at) => Err(format!("Part {}: {sentence}", at + 1)),
        None => Ok(()),
    }
}

fn part(at: usize, given: &Value, whole: &Params) -> Result<Part, String> {
    let given = given.as_object().ok_or("it must be an object with “metric” and “weight”.")?;
    if let Some(key) = given.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return Err(format!("it has no place for “{key}”; it takes {}.", KEYS.join(", ")));
    }
    let name = given.get("metric").and_then(Value::as_str).ok_or("“metric” must name a metric.")?;
    let weight = match given_weight(given) {
        Some(weight) => weight.as_f64().filter(|w| w.is_finite() && *w != 0.0).ok_or(NO_WEIGHT)?,
        None if at == 0 => 1.0,
        None => 0.0,
    };
    let mut own = match given.get("params") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(own)) => own.clone(),
        Some(_) => return Err("“params” must be an object.".into()),
    };
    if super::of_parts().any(|metric| metric.about().name == name) {
        return Err(format!("{name} is put together from parts itself and cannot be a part."));
    }
    let (metric, plain) = find(name, &own)?;
    if let Some(target) = given.get("target").and_then(Value::as_str).filter(|text| !text.is_empty()) {
        if plain.as_map().get("columns").is_none() {
            return Err(format!("{name} has no single target column to choose."));
        }
        own.insert("columns".into(), target.into());
    }
    for key in HANDED_DOWN {
        let Some(value) = whole.text(key).filter(|_| plain.text(key).is_none()) else { continue };
        if plain.as_map().contains_key(key) {
            own.insert(key.into(), value.into());
        } else if key == "weight_column" {
            return Err(format!("{name} takes no weights, so there cannot be a weight column."));
        }
    }
    let (metric, params) = if own.is_empty() { (metric, plain) } else { find(name, &own)? };
    Ok(Part { name: name.to_owned(), metric, params, weight })
}

/// Checks how many parts there are, and each against the others.
pub(super) fn check(parts: &[Part], wanted: &RangeInclusive<usize>) -> Result<(), String> {
    if !wanted.contains(&parts.len()) {
        return Err(format!(
            "The parameter “parts” must list {} to {} parts, each with “metric” and “weight”; it lists {}.",
            wanted.start(),
            wanted.end(),
            parts.len()
        ));
    }
    for key in HANDED_DOWN {
        let mut named: Vec<&str> = parts.iter().filter_map(|part| part.params.text(key)).collect();
        named.sort_unstable();
        named.dedup();
        if named.len() > 1 {
            return Err(format!("The parts name different values of “{key}”: {}.", named.join(", ")));
        }
    }
    layout(parts).map(|_| ())
}

/// One layout for all parts.
pub(super) fn layout(parts: &[Part]) -> Result<Layout, String> {
    let mut layouts = parts.iter().map(|part| super::layout(part.metric, &part.params));
    let first = layouts.next().ok_or("There are no parts.")?;
    layouts.try_fold(first, united)
}

fn united(a: Layout, b: Layout) -> Result<Layout, String> {
    match (a, b) {
        (Layout::Target { solution: a, submission: p }, Layout::Target { solution: b, submission: q }) => {
            Ok(Layout::Target { solution: stricter(a, b)?, submission: stricter(p, q)? })
        }
        (Layout::ClassColumns, Layout::ClassColumns) => Ok(Layout::ClassColumns),
        (Layout::TargetColumns { cell: a }, Layout::TargetColumns { cell: b }) => {
            Ok(Layout::TargetColumns { cell: stricter(a, b)? })
        }
        (Layout::Named { solution: a, submission: p }, Layout::Named { solution: b, submission: q }) => {
            Ok(Layout::Named { solution: joined(a, b)?, submission: joined(p, q)? })
        }
        _ => Err("The parts read different columns: name the target column of every part.".into()),
    }
}

type Named = Vec<(String, Cell)>;

fn joined(mut columns: Named, others: Named) -> Result<Named, String> {
    for (name, cell) in others {
        match columns.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = stricter(*known, cell)?,
            None => columns.push((name, cell)),
        }
    }
    Ok(columns)
}

/// The cell that satisfies both readers of one column.
pub(super) fn stricter(a: Cell, b: Cell) -> Result<Cell, String> {
    let is_numeric = |cell| {
        matches!(cell, Cell::Number | Cell::Positive | Cell::Probability | Cell::Integer | Cell::Binary)
    };
    match (a, b) {
        (a, b) if a == b => Ok(a),
        (Cell::Number, other) | (other, Cell::Number) if is_numeric(other) => Ok(other),
        (Cell::Binary, other) | (other, Cell::Binary) if is_numeric(other) => Ok(Cell::Binary),
        _ => Err("The parts read one column differently, one as numbers and one as names, say; \
                  give each part a target column of its own."
            .into()),
    }
}

fn places(all: &Named, own: &Named) -> Vec<usize> {
    own.iter().filter_map(|(name, _)| all.iter().position(|(known, _)| known == name)).collect()
}

/// Where the columns that a part reads stand among all that are read: in the solution, in the submission.
struct Reads {
    truths: Vec<usize>,
    predictions: Vec<usize>,
}

impl Reads {
    fn of(part: &Part, all: &Layout, n_truths: usize, n_predictions: usize) -> Self {
        match (all, super::layout(part.metric, &part.params)) {
            (
                Layout::Named { solution, submission },
                Layout::Named { solution: own, submission: predicted },
            ) => Self { truths: places(solution, &own), predictions: places(submission, &predicted) },
            _ => Self { truths: (0..n_truths).collect(), predictions: (0..n_predictions).collect() },
        }
    }
}

/// The places of the truth columns that a part reads.
pub(super) fn truths_of(part: &Part, all: &Layout, n_truths: usize) -> Vec<usize> {
    Reads::of(part, all, n_truths, 0).truths
}

fn pick<T: Clone>(columns: &[T], places: &[usize]) -> Vec<T> {
    places.iter().filter_map(|at| columns.get(*at).cloned()).collect()
}

/// Cells that cannot belong to their rows, for the first part that finds any.
pub(super) fn misfits(parts: &[Part], truths: &[Values<'_>], predictions: &[Values<'_>]) -> Option<Misfits> {
    let all = layout(parts).ok()?;
    parts.iter().find_map(|part| {
        let reads = Reads::of(part, &all, truths.len(), predictions.len());
        let (truths, predictions) = (pick(truths, &reads.truths), pick(predictions, &reads.predictions));
        let misfits = super::misfits(part.metric, &part.params, &truths, &predictions)?;
        Some(Misfits { column: reads.predictions[misfits.column], ..misfits })
    })
}

/// What every part comes to on these rows.
pub(super) fn scores(parts: &[Part], rows: &Rows<'_>) -> AllScores {
    let Ok(all) = layout(parts) else { return Ok(Vec::new()) };
    let score = |part: &Part| part.scored(part_score(part, &all, rows));
    parts.iter().map(score).collect()
}

/// As [`scores`], of several files and of parts of their rows.
pub(super) fn scores_of_files(parts: &[Part], files: &Files<'_>) -> Vec<Vec<AllScores>> {
    let of_parts: Vec<Vec<PartScores>> = match layout(parts) {
        Ok(all) => parts.iter().map(|part| part_scores_of_files(part, &all, files)).collect(),
        Err(_) => Vec::new(),
    };
    let of_rows = |file: usize, at: usize| -> AllScores {
        parts.iter().zip(&of_parts).map(|(part, scores)| part.scored(scores[file][at].clone())).collect()
    };
    let of_file = |file: usize| (0..files.parts.len()).map(|at| of_rows(file, at)).collect();
    (0..files.rows.len()).map(of_file).collect()
}

/// The scores of several files under a metric that follows from the values of its parts.
pub(super) fn score_files(
    files: &Files<'_>,
    of_parts: impl Fn(&[PartScore]) -> Result<f64, Undefined>,
) -> Vec<PartScores> {
    let put_together = |scores: AllScores| of_parts(&scores?);
    scores_of_files(&super::parts(files.params), files)
        .into_iter()
        .map(|of_file| of_file.into_iter().map(put_together).collect())
        .collect()
}

/// As [`super::measure`], of every part.
pub(super) fn measures(parts: &[Part], labels: &Rows<'_>) -> Vec<Option<Result<String, NoMeasure>>> {
    let Ok(all) = layout(parts) else { return Vec::new() };
    let measure = |part: &Part| with_rows(part, &all, labels, |rows| part.metric.measure(rows));
    parts.iter().map(measure).collect()
}

fn part_score(part: &Part, all: &Layout, rows: &Rows<'_>) -> Result<f64, Undefined> {
    with_rows(part, all, rows, |rows| super::score(part.metric, &part.params, rows))
}

fn part_scores_of_files(part: &Part, all: &Layout, files: &Files<'_>) -> Vec<PartScores> {
    let read: Vec<Read<'_>> = files.rows.iter().map(|rows| Read::of(part, all, rows)).collect();
    let rows: Vec<Rows<'_>> = read.iter().zip(files.rows).map(|(read, rows)| read.rows(rows)).collect();
    super::score_files(part.metric, &Files { rows: &rows, params: &part.params, ..*files })
}

/// Does some work with the columns, weights and groups that a part reads.
pub(super) fn with_rows<T>(
    part: &Part,
    all: &Layout,
    rows: &Rows<'_>,
    work: impl FnOnce(&Rows<'_>) -> T,
) -> T {
    work(&Read::of(part, all, rows).rows(rows))
}

/// The columns, weights and groups that a part reads.
struct Read<'a> {
    truths: Vec<Values<'a>>,
    predictions: Vec<Values<'a>>,
    column_classes: Vec<Vec<u32>>,
    weights: Option<&'a [f64]>,
    groups: Option<&'a [u32]>,
}

impl<'a> Read<'a> {
    fn of(part: &Part, all: &Layout, rows: &Rows<'a>) -> Self {
        let reads = Reads::of(part, all, rows.truths.len(), rows.predictions.len());
        Self {
            truths: pick(rows.truths, &reads.truths),
            predictions: pick(rows.predictions, &reads.predictions),
            column_classes: pick(rows.column_classes, &reads.truths),
            weights: rows.weights.filter(|_| part.params.text("weight_column").is_some()),
            groups: rows.groups.filter(|_| super::needs_groups(part.metric, &part.params)),
        }
    }

    fn rows<'b>(&'b self, all: &Rows<'b>) -> Rows<'b> {
        Rows {
            truths: &self.truths,
            predictions: &self.predictions,
            column_classes: &self.column_classes,
            weights: self.weights,
            groups: self.groups,
            ..*all
        }
    }
}

/// The parameter “parts” of examples and tests.
pub(super) fn sample(metrics: &[(&str, f64)]) -> Map<String, Value> {
    let parts = metrics.iter().map(|(metric, weight)| json!({ "metric": metric, "weight": weight }));
    Map::from_iter([("parts".to_owned(), parts.collect())])
}

/// The parameter “parts” of examples and tests, where only the first part counts.
pub(super) fn sample_without_weights(metrics: &[&str]) -> Map<String, Value> {
    let parts = metrics.iter().map(|metric| json!({ "metric": metric }));
    Map::from_iter([("parts".to_owned(), parts.collect())])
}

/// What holds for all parts, beside the list of them.
pub(super) const FOR_ALL_PARTS: [ParameterAbout; 2] = [
    ParameterAbout {
        name: "group_column",
        kind: Kind::Text(""),
        description: "The column of the solution that names every row's group, for parts that need groups.",
        is_main: false,
    },
    POSITIVE,
];
