//! A metric's parameters, checked against their types and bounds and filled with defaults.

use serde_json::{Map, Value};

use super::about::{Kind, ParameterAbout};

/// Complete and valid values for a metric's parameters.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Params(Map<String, Value>);

impl Params {
    /// Checks `given` and fills in defaults.
    ///
    /// # Errors
    /// A sentence that names the parameter and what it may be.
    pub(super) fn check(known: &[ParameterAbout], given: &Map<String, Value>) -> Result<Self, String> {
        if let Some(name) = given.keys().find(|name| !known.iter().any(|p| p.name == name.as_str())) {
            let names: Vec<&str> = known.iter().map(|p| p.name).collect();
            return Err(format!("There is no parameter “{name}”; this metric has: {}.", names.join(", ")));
        }
        let mut values = Map::new();
        for parameter in known {
            let value = match given.get(parameter.name) {
                None | Some(Value::Null) => parameter.default(),
                Some(value) => checked(parameter, value)?,
            };
            values.insert(parameter.name.to_owned(), value);
        }
        Ok(Self(values))
    }

    /// # Panics
    /// When the metric declares no number of this name.
    pub fn number(&self, name: &str) -> f64 {
        self.optional_number(name).unwrap_or_else(|| panic!("the metric declares no number “{name}”"))
    }

    pub fn optional_number(&self, name: &str) -> Option<f64> {
        self.0.get(name).and_then(Value::as_f64)
    }

    /// # Panics
    /// When the metric declares no whole number of this name.
    pub fn count(&self, name: &str) -> usize {
        self.0
            .get(name)
            .and_then(Value::as_u64)
            .and_then(|value| usize::try_from(value).ok())
            .unwrap_or_else(|| panic!("the metric declares no count “{name}”"))
    }

    pub fn flag(&self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// The value as it was given or is by default.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// A text that is not empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// As stored beside a score.
    pub fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }
}

fn checked(parameter: &ParameterAbout, value: &Value) -> Result<Value, String> {
    let name = parameter.name;
    let fits = match parameter.kind {
        Kind::Number(low, high, _) | Kind::OptionalNumber(low, high) => {
            value.as_f64().is_some_and(|number| (low..=high).contains(&number))
        }
        Kind::Integer(low, high, _) | Kind::OptionalInteger(low, high) => {
            whole(value).is_some_and(|number| (low..=high).contains(&number))
        }
        Kind::Text(_) => value.is_string(),
        Kind::Boolean(_) => value.is_boolean(),
        Kind::Choice(values, _) => value.as_str().is_some_and(|value| values.contains(&value)),
        Kind::Parts => value.is_array(),
    };
    match (fits, parameter.kind) {
        (true, Kind::Integer(..) | Kind::OptionalInteger(..)) => Ok(whole(value).into()),
        (true, _) => Ok(value.clone()),
        (false, kind) => Err(format!("The parameter “{name}” must be {}; it is {value}.", wanted(kind))),
    }
}

fn whole(value: &Value) -> Option<i64> {
    let number = value.as_f64()?;
    (number.fract() == 0.0 && number.abs() < 1e15).then_some(number as i64)
}

fn wanted(kind: Kind) -> String {
    match kind {
        Kind::Number(low, high, _) | Kind::OptionalNumber(low, high) => {
            match (low.is_finite(), high.is_finite()) {
                (true, true) => format!("a number from {low} to {high}"),
                (true, false) => format!("a number of {low} or more"),
                (false, true) => format!("a number of {high} or less"),
                (false, false) => "a number".into(),
            }
        }
        Kind::Integer(low, high, _) | Kind::OptionalInteger(low, high) => {
            format!("a whole number from {low} to {high}")
        }
        Kind::Text(_) => "a text".into(),
        Kind::Boolean(_) => "true or false".into(),
        Kind::Choice(values, _) => format!("one of {}", values.join(", ")),
        Kind::Parts => "a list of objects with “metric” and “weight”".into(),
    }
}
