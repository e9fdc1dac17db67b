//! A metric with everything a host decides about it: parameters, and the context (class list,
//! rating range, seasons) that belongs to the competition rather than to a row.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::{Map, Value};

use crate::intake::{self, CellRule, Column, Content, Limits, Plan, Wanted};
use crate::metrics::compose::{self, AllScores};
use crate::metrics::{self, Files, Metric, NoMeasure, Params, PartScores, Rows, Undefined, Values};
use crate::misfit::Misfits;
use holdout_contract::rejection::{Rejection, RejectionKind};
use holdout_contract::spec::{Cell, Direction, Layout};
use holdout_evaluator::Evaluator;

/// What a competition says beside its solution file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Context {
    values: Map<String, Value>,
    /// Past values of every series, in time order, for metrics that scale by them.
    pub history: BTreeMap<String, Vec<f64>>,
}

impl Context {
    pub fn new(values: Map<String, Value>) -> Self {
        Self { values, history: BTreeMap::new() }
    }

    pub fn values(&self) -> &Map<String, Value> {
        &self.values
    }

    pub fn get(&self, key: &str) -> Option<&Value> {
        self.values.get(key)
    }

    pub fn text(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    pub fn number(&self, key: &str) -> Option<f64> {
        self.get(key).and_then(Value::as_f64)
    }

    /// A list of names; numbers are taken as they print.
    pub fn names(&self, key: &str) -> Option<Vec<String>> {
        let list = self.get(key)?.as_array()?;
        Some(list.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned)).collect())
    }

    /// A list of numbers.
    pub fn numbers(&self, key: &str) -> Option<Vec<f64>> {
        self.get(key)?.as_array()?.iter().map(Value::as_f64).collect()
    }

    /// The lowest and highest rating.
    pub fn rating_range(&self) -> Option<(i64, i64)> {
        match self.get("rating_range")?.as_array()?.as_slice() {
            [low, high] => Some((low.as_i64()?, high.as_i64()?)),
            _ => None,
        }
    }
}

/// A metric ready to judge.
#[derive(Clone)]
pub struct Judge {
    pub metric: &'static dyn Metric,
    pub params: Params,
    pub context: Context,
}

impl Judge {
    /// Finds the metric by name or short form and checks its parameters.
    ///
    /// # Errors
    /// A sentence for the host.
    pub fn new(name: &str, params: &Map<String, Value>, context: Context) -> Result<Self, String> {
        let (metric, found) = metrics::find(name, params)?;
        let is_open = found.value("levels").is_some() && params.get("levels").is_none_or(Value::is_null);
        let Some(levels) = context.numbers("levels").filter(|_| is_open) else {
            return Ok(Self { metric, params: found, context });
        };
        let levels: Vec<String> = levels.iter().map(f64::to_string).collect();
        let mut params = params.clone();
        params.insert("levels".to_owned(), levels.join(", ").into());
        let (metric, params) = metrics::find(name, &params)?;
        Ok(Self { metric, params, context })
    }

    /// The columns of solution and submission.
    pub fn layout(&self) -> Layout {
        compose::layout(self.metric, &self.params)
    }

    /// # Errors
    /// A sentence for the host: what the metric misses in this competition.
    pub fn fits(&self) -> Result<(), String> {
        compose::fits(self.metric, &self.params, &self.context)
    }

    /// Rows whose cells, well-formed as they are, cannot belong to them.
    pub fn misfits(&self, truths: &[Values<'_>], predictions: &[Values<'_>]) -> Option<Misfits> {
        compose::misfits(self.metric, &self.params, truths, predictions)
    }

    /// What errors are measured by on these labels.
    pub fn measure(&self, labels: &Rows<'_>) -> Option<Result<String, NoMeasure>> {
        compose::measure(self.metric, &self.params, labels)
    }

    /// The cell of a perfect submission where the truth is this text.
    pub fn perfect_text<'a>(&self, truth: &'a str) -> Cow<'a, str> {
        compose::perfect_text(self.metric, &self.params, truth)
    }

    /// Whether the solution must name a group for every row.
    pub fn needs_groups(&self) -> bool {
        compose::needs_groups(self.metric, &self.params)
    }

    /// A column or class that the parameters name.
    pub fn named(&self, key: &str) -> Option<String> {
        compose::shared_text(&self.params, key)
    }

    /// What a prediction cell must hold where several 0/1 columns are predicted.
    pub fn prediction_cell(&self) -> Cell {
        compose::prediction_cell(self.metric, &self.params)
    }

    /// The score of a perfect submission, where there is one.
    pub fn best(&self) -> Option<f64> {
        compose::best(self.metric, &self.params)
    }

    /// The direction of a submission's own score.
    pub fn direction(&self) -> Direction {
        compose::direction(self.metric, &self.params)
    }

    /// Whether teams are ranked by every part of the metric, not by one score.
    pub fn is_ranked(&self) -> bool {
        compose::is_ranked(self.metric)
    }

    /// Whether teams are ranked by the first part of the metric, and the others shown beside it.
    pub fn has_secondary(&self) -> bool {
        compose::has_secondary(self.metric)
    }

    /// Whether a board shows the value of every part of the metric.
    pub fn shows_parts(&self) -> bool {
        compose::shows_parts(self.metric)
    }

    /// The value of every part of the metric; none where it has no parts.
    ///
    /// # Errors
    /// Why one of them has none.
    pub fn part_scores(&self, rows: &Rows<'_>) -> AllScores {
        compose::part_scores(&self.params, rows)
    }

    /// The score of a perfect submission under every part, where there is one.
    pub fn bests_of_parts(&self) -> Vec<Option<f64>> {
        compose::bests(&self.params)
    }

    /// The score of these rows.
    ///
    /// # Errors
    /// Why there is none.
    pub fn score(&self, rows: &Rows<'_>) -> Result<f64, Undefined> {
        compose::score(self.metric, &self.params, rows)
    }

    /// The scores of parts of these rows.
    pub fn score_parts(&self, rows: &Rows<'_>, parts: &[Range<usize>]) -> Vec<Result<f64, Undefined>> {
        if self.is_one_metric() {
            return self.metric.score_parts(rows, parts, &self.params);
        }
        crate::parallel::each(parts, rows.len(), |part| rows.with_part(part.clone(), |rows| self.score(rows)))
    }

    /// As [`Judge::score_parts`], of several files that predict the same rows; the same to the last bit.
    pub fn score_files(
        &self,
        rows: &[Rows<'_>],
        parts: &[Range<usize>],
        evaluator: &Evaluator,
    ) -> Vec<PartScores> {
        compose::score_files(self.metric, &Files { rows, parts, params: &self.params, evaluator })
    }

    /// The values of the metric's parts, of several files that predict the same rows and of parts of these; the same to
    /// the last bit as [`Judge::part_scores`].
    pub fn part_scores_of_files(
        &self,
        rows: &[Rows<'_>],
        parts: &[Range<usize>],
        evaluator: &Evaluator,
    ) -> Vec<Vec<AllScores>> {
        compose::part_scores_of_files(&Files { rows, parts, params: &self.params, evaluator })
    }

    /// Whether work for several files is done at once.
    pub fn is_together(&self) -> bool {
        compose::is_together(self.metric, &self.params)
    }

    /// Whether one metric judges one table: no sum of several, no columns or groups apart.
    pub(crate) fn is_one_metric(&self) -> bool {
        let names_columns = self.params.text("columns").is_some();
        let by_group = self.params.text("groups").is_some_and(|groups| groups != "none");
        self.params.value("parts").is_none() && !names_columns && !by_group
    }
}

/// Reads a history: columns `series`, `t` and `value`, any order, other columns unused. Values come
/// back in time order.
///
/// # Errors
/// A missing column or a bad cell.
pub fn read_history(content: &Content, limits: &Limits) -> Result<BTreeMap<String, Vec<f64>>, Rejection> {
    let table = intake::read(content, limits, |header| {
        let wanted = |(name, rule): (&str, CellRule)| {
            let field = header.iter().position(|column| column == name).ok_or_else(|| {
                Rejection::new(
                    RejectionKind::MissingColumn,
                    format!("The history has no column “{name}”; it needs series, t and value."),
                )
                .with_line(1)
                .with_column(name)
            })?;
            Ok(Wanted { name: name.to_owned(), field, rule })
        };
        let columns = [("series", CellRule::Label), ("t", CellRule::Number), ("value", CellRule::Number)];
        Ok(Plan::new(header, None, columns.into_iter().map(wanted).collect::<Result<_, Rejection>>()?))
    })?;
    let [Column::Labels(series), Column::Numbers(times), Column::Numbers(values)] = table.columns.as_slice()
    else {
        return Ok(BTreeMap::new());
    };
    let mut points: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
    for row in 0..table.n_rows {
        points.entry(series.name(row).to_owned()).or_default().push((times[row], values[row]));
    }
    Ok(points
        .into_iter()
        .map(|(name, mut points)| {
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
            (name, points.into_iter().map(|(_, value)| value).collect())
        })
        .collect())
}
