//! A weighted sum of metrics of the catalogue. The score is the plain sum of weight times value, so
//! that anyone can recompute it; a part whose direction is not the sum's must say so by a negative
//! weight.

use holdout_contract::spec::{Cell, Direction, Layout, Task};
use serde_json::{Map, Value, json};

use super::PartScore;
use crate::metrics::about::{About, Kind, POSITIVE, ParameterAbout, fields};
use crate::metrics::{Degenerate, Laws, Metric, Params, Rows, Undefined, Values, find};
use crate::misfit::Misfits;

const MAX_PARTS: usize = 10;
const KEYS: [&str; 4] = ["metric", "weight", "params", "target"];
/// What the sum says for all parts that say nothing themselves.
const HANDED_DOWN: [&str; 3] = ["weight_column", "group_column", "positive_class"];

/// One metric of the sum.
#[derive(Clone)]
pub struct Part {
    /// As the host wrote it, short form included.
    pub name: String,
    pub metric: &'static dyn Metric,
    pub params: Params,
    pub weight: f64,
}

/// Reads the parts from the sum's parameters.
///
/// # Errors
/// A sentence that names the part.
pub(super) fn parts(params: &Params) -> Result<Vec<Part>, String> {
    let list = params.value("parts").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    list.iter()
        .enumerate()
        .map(|(at, given)| {
            part(given, params).map_err(|sentence| format!("Part {} of the sum: {sentence}", at + 1))
        })
        .collect()
}

fn part(given: &Value, sum: &Params) -> Result<Part, String> {
    let given = given.as_object().ok_or("it must be an object with “metric” and “weight”.")?;
    if let Some(key) = given.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return Err(format!("it has no place for “{key}”; it takes {}.", KEYS.join(", ")));
    }
    let name = given.get("metric").and_then(Value::as_str).ok_or("“metric” must name a metric.")?;
    let weight = given.get("weight").and_then(Value::as_f64).filter(|w| w.is_finite() && *w != 0.0);
    let weight = weight.ok_or("“weight” must be a number other than 0.")?;
    let mut own = match given.get("params") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(own)) => own.clone(),
        Some(_) => return Err("“params” must be an object.".into()),
    };
    if own.contains_key("parts") {
        return Err("a sum cannot be a part of a sum.".into());
    }
    let (metric, plain) = find(name, &own).map_err(|sentence| {
        // A sum has no parts of its own here, which its check would complain about first.
        if name.starts_with(WEIGHTED.about.name) {
            "a sum cannot be a part of a sum.".into()
        } else {
            sentence
        }
    })?;
    if let Some(target) = given.get("target").and_then(Value::as_str).filter(|text| !text.is_empty()) {
        if plain.as_map().get("columns").is_none() {
            return Err(format!("{name} has no single target column to choose."));
        }
        own.insert("columns".into(), target.into());
    }
    for key in HANDED_DOWN {
        let Some(value) = sum.text(key).filter(|_| plain.text(key).is_none()) else { continue };
        if plain.as_map().contains_key(key) {
            own.insert(key.into(), value.into());
        } else if key == "weight_column" {
            return Err(format!("{name} takes no weights, so the sum cannot have a weight column."));
        }
    }
    let (metric, params) = if own.is_empty() { (metric, plain) } else { find(name, &own)? };
    Ok(Part { name: name.to_owned(), metric, params, weight })
}

/// Checks the parts against each other and against the sum's direction.
pub(super) fn check(direction: Direction, parts: &[Part]) -> Result<(), String> {
    if parts.is_empty() || parts.len() > MAX_PARTS {
        return Err(format!(
            "The parameter “parts” must list 1 to {MAX_PARTS} parts, each with “metric” and “weight”; it lists {}.",
            parts.len()
        ));
    }
    for part in parts {
        let is_turned = part.metric.about().direction != direction;
        if is_turned != (part.weight < 0.0) {
            return Err(wrong_sign(part, direction, is_turned));
        }
    }
    for key in ["weight_column", "group_column", "positive_class"] {
        let mut named: Vec<&str> = parts.iter().filter_map(|part| part.params.text(key)).collect();
        named.sort_unstable();
        named.dedup();
        if named.len() > 1 {
            return Err(format!("The parts name different values of “{key}”: {}.", named.join(", ")));
        }
    }
    layout(parts).map(|_| ())
}

fn wrong_sign(part: &Part, direction: Direction, is_turned: bool) -> String {
    let better = |direction: Direction| if direction.higher_is_better() { "higher" } else { "lower" };
    let sign = if is_turned { "negative" } else { "positive" };
    format!(
        "{} is better when {}, the sum when {}: its weight must be {sign}, {} instead of {}.",
        part.name,
        better(part.metric.about().direction),
        better(direction),
        -part.weight,
        part.weight
    )
}

/// One layout for all parts.
pub(super) fn layout(parts: &[Part]) -> Result<Layout, String> {
    let mut layouts = parts.iter().map(|part| super::layout(part.metric, &part.params));
    let first = layouts.next().ok_or("The sum has no parts.")?;
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
        _ => Err("The parts of the sum read different columns: name the target column of every part.".into()),
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
        _ => Err("The parts of the sum read one column differently, one as numbers and one as names, say; \
                  give each part a target column of its own."
            .into()),
    }
}

fn places(all: &Named, own: &Named) -> Vec<usize> {
    own.iter().filter_map(|(name, _)| all.iter().position(|(known, _)| known == name)).collect()
}

/// The columns that a part reads, of all that the sum reads.
fn part_columns<'a>(
    part: &Part,
    all: &Layout,
    truths: &[Values<'a>],
    predictions: &[Values<'a>],
) -> (Vec<Values<'a>>, Vec<Values<'a>>) {
    let (Layout::Named { solution, submission }, Layout::Named { solution: own, submission: predicted }) =
        (all, super::layout(part.metric, &part.params))
    else {
        return (truths.to_vec(), predictions.to_vec());
    };
    let pick =
        |columns: &[Values<'a>], places: Vec<usize>| places.into_iter().map(|at| columns[at]).collect();
    (pick(truths, places(solution, &own)), pick(predictions, places(submission, &predicted)))
}

/// Cells that cannot belong to their rows, for the first part that finds any.
pub(super) fn misfits(parts: &[Part], truths: &[Values<'_>], predictions: &[Values<'_>]) -> Option<Misfits> {
    let all = layout(parts).ok()?;
    parts.iter().find_map(|part| {
        let (truths, predictions) = part_columns(part, &all, truths, predictions);
        super::misfits(part.metric, &part.params, &truths, &predictions)
    })
}

/// The value of every part, in order.
pub(super) fn part_scores(parts: &[Part], rows: &Rows<'_>) -> Result<Vec<PartScore>, Undefined> {
    let all = layout(parts).map_err(Undefined::because)?;
    let mut scores = Vec::with_capacity(parts.len());
    for part in parts {
        let score = part_score(part, &all, rows)
            .map_err(|why| Undefined::because(format!("The part {} has no value: {why}", part.name)))?;
        scores.push(PartScore { metric: part.name.clone(), weight: part.weight, score });
    }
    Ok(scores)
}

fn part_score(part: &Part, all: &Layout, rows: &Rows<'_>) -> Result<f64, Undefined> {
    let weights = rows.weights.filter(|_| part.params.text("weight_column").is_some());
    let groups = rows.groups.filter(|_| super::needs_groups(part.metric, &part.params));
    let (truths, predictions) = part_columns(part, all, rows.truths, rows.predictions);
    let rows = Rows { truths: &truths, predictions: &predictions, weights, groups, ..*rows };
    super::score(part.metric, &part.params, &rows)
}

/// The sum as a metric, in one direction.
pub struct WeightedSum {
    about: About,
    laws: Laws,
    /// Metrics and weights that examples and tests sum up.
    sample: &'static [(&'static str, f64)],
}

impl Metric for WeightedSum {
    fn about(&self) -> &About {
        &self.about
    }

    fn laws(&self) -> Laws {
        self.laws
    }

    fn sample_params(&self) -> Map<String, Value> {
        let parts: Vec<Value> = self
            .sample
            .iter()
            .map(|(metric, weight)| json!({ "metric": metric, "weight": weight }))
            .collect();
        Map::from_iter([("parts".to_owned(), Value::Array(parts))])
    }

    fn score(&self, rows: &Rows<'_>, params: &Params) -> Result<f64, Undefined> {
        let parts = parts(params).map_err(Undefined::because)?;
        Ok(part_scores(&parts, rows)?.iter().map(|part| part.weight * part.score).sum())
    }
}

const PARAMETERS: &[ParameterAbout] = &[
    ParameterAbout {
        name: "parts",
        kind: Kind::Parts,
        description: "The metrics of the sum, 1 to 10, each with its weight; a part may have parameters and a target column of its own.",
        is_main: false,
    },
    ParameterAbout {
        name: "group_column",
        kind: Kind::Text(""),
        description: "The column of the solution that names every row's group, for parts that need groups.",
        is_main: false,
    },
    POSITIVE,
];

const BLANK: About = About {
    name: "",
    title: "",
    task: Task::Composite,
    direction: Direction::HigherIsBetter,
    best: None,
    layout: fields::Fields::Named { solution: &[], submission: &[] },
    parameters: PARAMETERS,
    sentence: "",
    formula: r"\sum_k w_k\,s_k",
    edge_cases: &[
        "A part whose direction is not the sum's needs a negative weight; any other sign is refused.",
        "Weights are taken as they are, not divided by their sum.",
        "Undefined when a part is undefined.",
    ],
    gaming: "The part whose values spread most decides the ranking, whatever its weight says; compare the spread of real submissions before trusting the weights. Whatever games a part games the sum.",
};

const LAWS: Laws = Laws {
    is_symmetric: false,
    has_weights: true,
    undefined_on: &[Degenerate::NoRows, Degenerate::NoPositives],
};

pub static WEIGHTED: WeightedSum = WeightedSum {
    about: About {
        name: "weighted_sum",
        title: "Weighted sum, higher is better",
        sentence: "Several metrics of this catalogue, each times its weight, added up.",
        ..BLANK
    },
    laws: LAWS,
    sample: &[("roc_auc", 0.75), ("log_loss", -0.25)],
};

pub static LOWER: WeightedSum = WeightedSum {
    about: About {
        name: "weighted_sum_of_losses",
        title: "Weighted sum, lower is better",
        direction: Direction::LowerIsBetter,
        sentence: "Several losses of this catalogue, each times its weight, added up.",
        ..BLANK
    },
    laws: Laws { is_symmetric: true, undefined_on: &[Degenerate::NoRows], ..LAWS },
    sample: &[("rmse", 0.5), ("mae", 0.5)],
};
