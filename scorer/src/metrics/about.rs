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
    /// Minimum, maximum, default.
    Integer(i64, i64, i64),
    /// Default.
    Text(&'static str),
    /// Default.
    Boolean(bool),
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
    description: "A column of the solution with a weight of 0 or more for every row; empty: every row counts the same.",
    is_main: false,
};

const GROUP: ParameterAbout = ParameterAbout {
    name: "group_column",
    kind: Kind::Text(""),
    description: "The column of the solution that names every row's group; empty: the metric's usual name.",
    is_main: false,
};

const POSITIVE: ParameterAbout = ParameterAbout {
    name: "positive_class",
    kind: Kind::Text(""),
    description: "The class that counts as 1 where the solution holds class names; empty: the solution holds 0 and 1.",
    is_main: false,
};

impl About {
    /// Every parameter, the common ones included.
    pub(super) fn all_parameters(&self, has_weights: bool, needs_groups: bool) -> Vec<ParameterAbout> {
        let reads_binary = matches!(self.layout, fields::Fields::Target { solution: Cell::Binary, .. });
        let mut parameters = self.parameters.to_vec();
        parameters.extend(has_weights.then_some(WEIGHT));
        parameters.extend(needs_groups.then_some(GROUP));
        parameters.extend(
            (reads_binary && !parameters.iter().any(|p| p.name == POSITIVE.name)).then_some(POSITIVE),
        );
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
            parameters: parameters.iter().map(|parameter| parameter.to_spec()).collect(),
            sentence: self.sentence.into(),
            formula: self.formula.into(),
            edge_cases: self.edge_cases.iter().map(|text| (*text).to_owned()).collect(),
            gaming: self.gaming.into(),
        }
    }
}

impl ParameterAbout {
    pub(super) fn default(self) -> Value {
        match self.kind {
            Kind::Number(_, _, default) => default.into(),
            Kind::OptionalNumber(..) => Value::Null,
            Kind::Integer(_, _, default) => default.into(),
            Kind::Text(default) => default.into(),
            Kind::Boolean(default) => default.into(),
        }
    }

    fn to_spec(self) -> ParameterSpec {
        let parameter_type = match self.kind {
            Kind::Number(low, high, _) | Kind::OptionalNumber(low, high) => {
                ParameterType::Number { minimum: bound(low), maximum: bound(high) }
            }
            Kind::Integer(low, high, _) => ParameterType::Integer { minimum: Some(low), maximum: Some(high) },
            Kind::Text(_) => ParameterType::Text,
            Kind::Boolean(_) => ParameterType::Boolean,
        };
        ParameterSpec {
            name: self.name.into(),
            parameter_type,
            default: self.default(),
            description: self.description.into(),
            is_main: self.is_main,
        }
    }
}

fn bound(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}
