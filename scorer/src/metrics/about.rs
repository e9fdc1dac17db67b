//! A metric's description as constants, and its way into the contract's [`MetricSpec`].

use holdout_contract::spec::{Cell, Direction, Layout, MetricSpec, ParameterSpec, ParameterType, Task};
use serde_json::Value;

/// A metric in words and columns.
#[derive(Debug, Clone, Copy)]
pub struct About {
    pub name: &'static str,
    pub title: &'static str,
    pub task: Task,
    pub direction: Direction,
    pub best: Option<f64>,
    pub layout: fields::Fields,
    pub parameters: &'static [ParameterAbout],
    pub sentence: &'static str,
    pub formula: &'static str,
    pub edge_cases: &'static [&'static str],
    pub gaming: &'static str,
}

/// One parameter of a metric.
#[derive(Debug, Clone, Copy)]
pub struct ParameterAbout {
    pub name: &'static str,
    pub kind: Kind,
    pub description: &'static str,
    pub is_main: bool,
}

/// A parameter's type, bounds and default.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Minimum, maximum, default.
    Number(f64, f64, f64),
    /// Minimum, maximum; unset by default.
    OptionalNumber(f64, f64),
    /// Minimum, maximum; unset by default.
    OptionalInteger(i64, i64),
    /// Minimum, maximum, default.
    Integer(i64, i64, i64),
    /// Default.
    Text(&'static str),
    /// Default.
    Boolean(bool),
    /// What it chooses from, default.
    Choice(&'static [&'static str], &'static str),
    /// Metrics with weights; none by default.
    Parts,
}

/// Which columns a metric reads, as constants.
pub mod fields {
    use super::{Cell, Layout};

    #[derive(Debug, Clone, Copy)]
    pub enum Fields {
        Target { solution: Cell, submission: Cell },
        ClassColumns,
        TargetColumns(Cell),
        Named { solution: &'static [(&'static str, Cell)], submission: &'static [(&'static str, Cell)] },
    }

    pub const NUMBERS: Fields = Fields::Target { solution: Cell::Number, submission: Cell::Number };
    pub const LABELS: Fields = Fields::Target { solution: Cell::Label, submission: Cell::Label };
    pub const RATINGS: Fields = Fields::Target { solution: Cell::Integer, submission: Cell::Integer };
    pub const SCORES: Fields = Fields::Target { solution: Cell::Binary, submission: Cell::Number };
    pub const PROBABILITIES: Fields =
        Fields::Target { solution: Cell::Binary, submission: Cell::Probability };

    impl Fields {
        pub fn to_layout(self) -> Layout {
            let owned =
                |columns: &[(&str, Cell)]| columns.iter().map(|(n, c)| ((*n).to_owned(), *c)).collect();
            match self {
                Self::Target { solution, submission } => Layout::Target { solution, submission },
                Self::ClassColumns => Layout::ClassColumns,
                Self::TargetColumns(cell) => Layout::TargetColumns { cell },
                Self::Named { solution, submission } => {
                    Layout::Named { solution: owned(solution), submission: owned(submission) }
                }
            }
        }
    }
}

const WEIGHT: ParameterAbout = ParameterAbout {
    name: "weight_column",
    kind: Kind::Text(""),
    description: "A column of the solution with a weight of 0 or more for every row; a row of weight 0 is not scored. Empty: every row counts the same.",
    is_main: false,
};

const GROUP: ParameterAbout = ParameterAbout {
    name: "group_column",
    kind: Kind::Text(""),
    description: "The column of the solution that names every row's group; empty: the metric's usual name.",
    is_main: false,
};

pub(super) const POSITIVE: ParameterAbout = ParameterAbout {
    name: "positive_class",
    kind: Kind::Text(""),
    description: "The class that counts as 1 where the solution holds class names; empty: the solution holds 0 and 1.",
    is_main: false,
};

pub(super) const BETA: ParameterAbout = ParameterAbout {
    name: "beta",
    kind: Kind::Number(1e-6, 1e6, 2.0),
    description: "How many times as much recall counts as precision.",
    is_main: true,
};

pub(super) const CLIP: ParameterAbout = ParameterAbout {
    name: "clip",
    kind: Kind::Number(f64::EPSILON, 0.5, 1e-15),
    description: "Probabilities are kept this far from 0 and from 1, so that no row can cost without end.",
    is_main: false,
};

const COLUMNS: ParameterAbout = ParameterAbout {
    name: "columns",
    kind: Kind::Text(""),
    description: "Target columns, separated by commas: every column is scored by itself and the scores are averaged. Empty: one target column.",
    is_main: false,
};

const COLUMN_WEIGHTS: ParameterAbout = ParameterAbout {
    name: "column_weights",
    kind: Kind::Text(""),
    description: "A weight for each of these columns, in the same order, separated by commas; the average divides by their sum. Empty: all alike.",
    is_main: false,
};

const GROUPS: ParameterAbout = ParameterAbout {
    name: "groups",
    kind: Kind::Choice(&["none", "mean", "worst"], "none"),
    description: "Whether every group of rows is scored by itself: the mean over groups, or the worst group.",
    is_main: false,
};

const UNDEFINED_GROUPS: ParameterAbout = ParameterAbout {
    name: "undefined_groups",
    kind: Kind::Choice(&["refuse", "skip"], "refuse"),
    description: "What a group does on which the metric has no value: it leaves the whole score undefined, or is left out.",
    is_main: false,
};

/// Names of the parameters that compose rather than define.
const COMMON: &[&str] = &["weight_column", "columns", "column_weights", "groups", "undefined_groups"];

impl About {
    /// Every parameter, the common ones included.
    pub(super) fn all_parameters(&self, has_weights: bool, needs_groups: bool) -> Vec<ParameterAbout> {
        let reads_binary = matches!(self.layout, fields::Fields::Target { solution: Cell::Binary, .. });
        let is_single = matches!(self.layout, fields::Fields::Target { .. });
        let is_sum = self.parameters.iter().any(|parameter| matches!(parameter.kind, Kind::Parts));
        let common = [
            (needs_groups, GROUP),
            (reads_binary, POSITIVE),
            (has_weights, WEIGHT),
            (is_single, COLUMNS),
            (is_single, COLUMN_WEIGHTS),
            (!needs_groups && !is_sum, GROUPS),
            (!needs_groups && !is_sum, GROUP),
            (!needs_groups && !is_sum, UNDEFINED_GROUPS),
        ];
        let mut parameters = self.parameters.to_vec();
        for (is_wanted, parameter) in common {
            if is_wanted && parameters.iter().all(|known| known.name != parameter.name) {
                parameters.push(parameter);
            }
        }
        parameters
    }

    pub(super) fn to_spec(self, has_weights: bool, needs_groups: bool) -> MetricSpec {
        let parameters = self.all_parameters(has_weights, needs_groups);
        MetricSpec {
            name: self.name.into(),
            title: self.title.into(),
            task: self.task,
            direction: self.direction,
            best: self.best,
            layout: self.layout.to_layout(),
            parameters: parameters.iter().map(|parameter| parameter.to_spec(needs_groups)).collect(),
            sentence: self.sentence.into(),
            formula: self.formula.into(),
            edge_cases: self.edge_cases.iter().map(|text| (*text).to_owned()).collect(),
            gaming: self.gaming.into(),
            example: None,
        }
    }
}

impl ParameterAbout {
    pub(super) fn default(self) -> Value {
        match self.kind {
            Kind::Number(_, _, default) => default.into(),
            Kind::OptionalNumber(..) | Kind::OptionalInteger(..) => Value::Null,
            Kind::Integer(_, _, default) => default.into(),
            Kind::Text(default) => default.into(),
            Kind::Boolean(default) => default.into(),
            Kind::Choice(_, default) => default.into(),
            Kind::Parts => Value::Array(Vec::new()),
        }
    }

    fn to_spec(self, needs_groups: bool) -> ParameterSpec {
        let parameter_type = match self.kind {
            Kind::Number(low, high, _) | Kind::OptionalNumber(low, high) => {
                ParameterType::Number { minimum: bound(low), maximum: bound(high) }
            }
            Kind::Integer(low, high, _) | Kind::OptionalInteger(low, high) => {
                ParameterType::Integer { minimum: Some(low), maximum: Some(high) }
            }
            Kind::Text(_) => ParameterType::Text,
            Kind::Boolean(_) => ParameterType::Boolean,
            Kind::Choice(values, _) => {
                ParameterType::Choice { values: values.iter().map(|value| (*value).to_owned()).collect() }
            }
            Kind::Parts => ParameterType::Parts,
        };
        ParameterSpec {
            name: self.name.into(),
            parameter_type,
            default: self.default(),
            description: self.description.into(),
            is_main: self.is_main,
            is_common: COMMON.contains(&self.name) || (self.name == GROUP.name && !needs_groups),
        }
    }
}

fn bound(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}
