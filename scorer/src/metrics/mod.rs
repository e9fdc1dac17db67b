//! The catalogue of metrics. A metric reads [`Rows`] (joined, finite, weighted slices) and returns a
//! finite score or the reason why there is none.
//!
//! To add one:
//! 1. write it in the file of its family (or a new file): an [`About`], a `score`, its [`Laws`];
//! 2. add one line to [`list::METRICS`];
//! 3. name it in a family of [`siblings::FAMILIES`], beside what reads the same cells;
//! 4. run `cargo nextest run -p holdout-scorer`: the laws and, where a fixture names it, the
//!    reference values are checked without another line of test.
//!
//! Never here: files, ids, NaN, a guess. No silent clip, cast or sigmoid beyond what the
//! definition says.

mod about;
mod catalogue;
mod draws;
pub mod list;
mod params;
mod per_row;
mod rows;
mod together;

pub mod binary;
pub mod clustering;
pub mod columnwise;
pub mod compose;
pub mod detection;
pub mod divergence;
pub(crate) mod gathered;
pub mod grouped;
pub(crate) mod groups;
pub mod labels;
pub mod multiclass;
pub mod multilabel;
pub mod probabilistic;
pub mod ranking;
pub mod regression;
pub mod segmentation;
pub mod siblings;
pub mod survival;
pub mod text;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

pub use about::{About, ParameterAbout, fields};
pub use catalogue::{all, find};
pub use draws::Draws;
pub use params::Params;
pub(crate) use per_row::PerRow;
pub use per_row::ScoresPerRow;
pub use rows::{Rows, Values};
pub(crate) use together::SumsTogether;
pub use together::{Files, PartScores, ScoresTogether};

use crate::influence::Sums;
use crate::misfit::Misfits;
use holdout_contract::spec::{Cell, Layout, MetricSpec};
use serde_json::{Map, Value};

/// Why a metric has no value on these rows, as a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undefined(pub String);

impl Undefined {
    pub fn because(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for Undefined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A score that can be stored and compared.
///
/// # Errors
/// [`Undefined`] for what is no finite number.
pub fn finite(score: f64) -> Result<f64, Undefined> {
    if score.is_finite() {
        Ok(score)
    } else {
        Err(Undefined::because("The score is not a finite number: the values are too large or too small."))
    }
}

/// Rows on which a metric must answer [`Undefined`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Degenerate {
    NoRows,
    ConstantTruth,
    ConstantPrediction,
    NoPositives,
    NoNegatives,
    ZeroTruth,
    NegativeTruth,
}

/// Why errors have no measure on some labels, in sentences for the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoMeasure {
    pub reason: String,
    pub mend: &'static str,
}

/// What tests hold a metric to; no default, so a metric without laws does not build.
#[derive(Debug, Clone, Copy)]
pub struct Laws {
    /// Exchanging truth and prediction leaves the score as it is.
    pub is_symmetric: bool,
    /// Weights are read, and a weight of 2 equals a doubled row.
    pub has_weights: bool,
    pub undefined_on: &'static [Degenerate],
}

/// One metric.
pub trait Metric: Send + Sync {
    /// What it is, as data.
    fn about(&self) -> &About;

    fn laws(&self) -> Laws;

    /// The score of these rows.
    ///
    /// # Errors
    /// [`Undefined`] where the definition has no value; never a stand-in number.
    fn score(&self, rows: &Rows<'_>, params: &Params) -> Result<f64, Undefined>;

    /// Itself, where it finds something out about every row and adds it up.
    fn per_row(&self) -> Option<&dyn ScoresPerRow> {
        None
    }

    /// Itself, where scores of several files are computed together.
    fn together(&self) -> Option<&dyn ScoresTogether> {
        None
    }

    /// Itself as a function of sums over rows, where it is one.
    fn sums<'a>(&'a self, _rows: &Rows<'_>, _params: &Params) -> Option<Sums<'a>> {
        None
    }

    /// How much every row moves the score, where the metric has a formula of its own: see [`crate::influence`].
    fn influence(&self, _rows: &Rows<'_>, _params: &Params) -> Option<Vec<f64>> {
        None
    }

    /// The scores of draws of these rows, where they are found without looking at the rows of each draw from the
    /// start; `NaN` where there is none.
    fn scores_of_draws(&self, _rows: &Rows<'_>, _params: &Params, _draws: &Draws<'_>) -> Option<Vec<f64>> {
        None
    }

    /// The scores of parts of these rows, each as [`Metric::score`] gives it.
    fn score_parts(
        &self,
        rows: &Rows<'_>,
        parts: &[Range<usize>],
        params: &Params,
    ) -> Vec<Result<f64, Undefined>> {
        if let Some(per_row) = self.per_row() {
            return per_row.score_row_parts(rows, parts, params);
        }
        crate::parallel::each(parts, rows.len(), |part| {
            rows.with_part(part.clone(), |rows| self.score(rows, params))
        })
    }

    /// Which columns it reads, given its parameters.
    fn layout(&self, _params: &Params) -> Layout {
        self.about().layout.to_layout()
    }

    /// Whether the solution must name a group for every row.
    fn needs_groups(&self) -> bool {
        false
    }

    /// Whether groups are classes, each of which some rows show: other contests have other rows of them. Else
    /// groups themselves are drawn anew.
    fn groups_are_classes(&self) -> bool {
        false
    }

    /// What a prediction cell must hold where several 0/1 columns are predicted.
    fn prediction_cell(&self) -> Cell {
        Cell::Number
    }

    /// The prediction columns of a perfect submission, where truth and prediction columns differ.
    fn perfect(&self, _truths: &[&[f64]], _params: &Params) -> Option<Vec<Vec<f64>>> {
        None
    }

    /// The cell of a perfect submission where the truth is this text.
    fn perfect_text<'a>(&self, truth: &'a str) -> Cow<'a, str> {
        Cow::Borrowed(truth)
    }

    /// Whether it can be computed at all with these parameters in this competition.
    ///
    /// # Errors
    /// A sentence for the host: what is missing.
    fn fits(&self, _params: &Params, _context: &crate::judge::Context) -> Result<(), String> {
        Ok(())
    }

    /// Rows whose cells, well-formed as they are, cannot belong to them.
    fn misfits(&self, _truths: &[Values<'_>], _predictions: &[Values<'_>], _: &Params) -> Option<Misfits> {
        None
    }

    /// Looks, before the launch, at what these labels' errors are measured by, where that is not the same
    /// for all labels: a remark on it, or why there is no measure. Predictions are not looked at.
    fn measure(&self, _labels: &Rows<'_>) -> Option<Result<String, NoMeasure>> {
        None
    }

    /// Parameters with which it can be shown and tried; empty where the defaults do.
    fn sample_params(&self) -> Map<String, Value> {
        Map::new()
    }

    /// The description that hosts, API and documentation are made from.
    fn spec(&self) -> MetricSpec {
        self.about().to_spec(self.laws().has_weights, self.needs_groups())
    }
}
