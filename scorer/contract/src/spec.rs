//! A metric described as data. The host's form, the command line, the API and the metric's page
//! are made from it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// In a competition's context: the column whose rows come together, such as a patient's or an author's.
pub const CLUSTER_COLUMN: &str = "cluster_column";

/// Values for a metric's parameters, by name.
pub type Params = Map<String, Value>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    HigherIsBetter,
    LowerIsBetter,
}

impl Direction {
    pub fn higher_is_better(self) -> bool {
        self == Self::HigherIsBetter
    }

    /// The score turned so that a lower key ranks higher.
    pub fn rank_key(self, score: f64) -> f64 {
        match self {
            Self::HigherIsBetter => -score,
            Self::LowerIsBetter => score,
        }
    }
}

/// What kind of problem a metric judges; groups the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Task {
    Regression,
    BinaryProbability,
    MulticlassProbability,
    Labels,
    Ordinal,
    Multilabel,
    Ranking,
    Probabilistic,
    Forecast,
    Survival,
    Text,
    Segmentation,
    Detection,
    Clustering,
    /// Several metrics in one.
    Composite,
}

/// What stands in the cells that a metric reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Cell {
    /// A finite number.
    Number,
    /// A number above 0.
    Positive,
    /// A number from 0 to 1.
    Probability,
    /// A whole number.
    Integer,
    /// 0 or 1; a solution may hold two class names instead when the positive one is named.
    Binary,
    /// A class name, compared as text.
    Label,
    /// Free text; may be empty.
    Text,
    /// Space-separated items, best first; may be empty.
    List,
    /// One mask as runs: pairs of first pixel (from 1, column by column) and length; empty: no pixel.
    Mask,
    /// Several masks as runs, separated by semicolons, no pixel in two of them; may be empty.
    Masks,
    /// Boxes, each as class, x, y, width and height; may be empty.
    Boxes,
    /// Boxes, each as class, confidence, x, y, width and height; may be empty.
    ScoredBoxes,
}

/// Which columns a solution and a submission have beside the id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Layout {
    /// One column of the same name in both files.
    Target { solution: Cell, submission: Cell },
    /// The solution has one label column, the submission one probability column a class.
    ClassColumns,
    /// Several columns, the same names in both files.
    TargetColumns { cell: Cell },
    /// Named columns that differ between the two files.
    Named { solution: Vec<(String, Cell)>, submission: Vec<(String, Cell)> },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ParameterType {
    Number {
        minimum: Option<f64>,
        maximum: Option<f64>,
    },
    Integer {
        minimum: Option<i64>,
        maximum: Option<i64>,
    },
    Choice {
        values: Vec<String>,
    },
    Boolean,
    /// The name of a column or a class; empty means none.
    Text,
    /// A list of `{metric, weight, params, target}`: metrics of the catalogue that are put together.
    Parts,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ParameterSpec {
    pub name: String,
    #[serde(flatten)]
    pub parameter_type: ParameterType,
    pub default: Value,
    /// One sentence for the host.
    pub description: String,
    /// The parameter that the short form `name@value` sets.
    pub is_main: bool,
    /// Part of no definition: several columns, groups and weights, alike for every metric that takes them.
    #[serde(default)]
    pub is_common: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MetricSpec {
    /// The name fixtures, API and command line use: `roc_auc`.
    pub name: String,
    /// The name people use: "Area under the ROC curve".
    pub title: String,
    pub task: Task,
    pub direction: Direction,
    /// The score of a perfect submission, where there is one.
    pub best: Option<f64>,
    pub layout: Layout,
    pub parameters: Vec<ParameterSpec>,
    /// What it measures, in one plain sentence.
    pub sentence: String,
    /// The formula in LaTeX.
    pub formula: String,
    /// What happens with ties, empty or constant input, clips; one entry a rule.
    pub edge_cases: Vec<String>,
    /// How an entrant could raise this score without a better model.
    pub gaming: String,
    /// A small competition with its score, computed by the scorer that announced the metric.
    #[serde(default)]
    pub example: Option<Example>,
}

/// Files small enough to read, and the score that the scorer gave them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Example {
    /// The parameters that were not left at their defaults.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub params: Params,
    /// Name and text of every file, the solution and the submission first.
    pub files: Vec<(String, String)>,
    /// What scores these files: a command line.
    pub command: String,
    pub score: f64,
    /// Where teams are ranked by several metrics: files of several teams, the submission's first.
    #[serde(default)]
    pub entries: Vec<Entry>,
}

/// A team's file in an example, with its value under every part of the metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Entry {
    pub file: String,
    pub scores: Vec<f64>,
}
