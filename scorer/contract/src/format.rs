//! What a submission must hold, as data: a scorer derives it from metric and solution, the server hands it to
//! participants, and the command line judges a file by it before anything is sent.
//!
//! Never here: a label, or anything that the sample submission does not show as well.

use serde::{Deserialize, Serialize};

/// The columns of a submission.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SubmissionFormat {
    pub id_column: String,
    /// The columns beside the id.
    pub columns: Vec<Expected>,
    /// Whether every column stands for a class.
    pub are_classes: bool,
}

/// A column that submissions must have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = ExpectedColumn))]
pub struct Expected {
    pub name: String,
    pub rule: CellRule,
}

/// What a cell must hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CellRule {
    Number,
    /// A number of 0 or more (weights).
    NotNegative,
    Positive,
    Probability,
    Integer {
        range: Option<(i64, i64)>,
    },
    /// 0 or 1; or any text, of which `positive` means 1.
    Binary {
        positive: Option<String>,
    },
    Label,
    /// Any text, also none.
    Text,
    /// A mask as runs, inside the image where its size is known.
    Mask {
        n_pixels: Option<u64>,
    },
    /// Masks that share no pixel, separated by semicolons.
    Masks {
        n_pixels: Option<u64>,
    },
    /// Class, x, y, width and height, again and again; with `scored`, a confidence after each class.
    Boxes {
        scored: bool,
    },
}

impl CellRule {
    pub fn is_number(&self) -> bool {
        *self != Self::Label && !self.is_text()
    }

    /// Whether cells are kept as text.
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Text | Self::Mask { .. } | Self::Masks { .. } | Self::Boxes { .. })
    }

    /// What was expected, to follow "expected".
    pub fn expectation(&self) -> String {
        match self {
            Self::Number => "a number".into(),
            Self::NotNegative => "a number of 0 or more".into(),
            Self::Positive => "a number above 0".into(),
            Self::Probability => "a probability from 0 to 1".into(),
            Self::Integer { range: None } => "a whole number".into(),
            Self::Integer { range: Some((low, high)) } => format!("a whole number from {low} to {high}"),
            Self::Binary { positive: None } => "0 or 1".into(),
            Self::Binary { positive: Some(_) } | Self::Label => "a class name".into(),
            Self::Text => "text".into(),
            Self::Mask { n_pixels } => {
                format!("“start length …”, runs of pixels in ascending order{}", within(*n_pixels))
            }
            Self::Masks { n_pixels } => format!(
                "masks “start length …”, separated by semicolons and without a common pixel{}",
                within(*n_pixels)
            ),
            Self::Boxes { scored: false } => "“class x y width height”, again for every box".into(),
            Self::Boxes { scored: true } => "“class confidence x y width height”, again for every box".into(),
        }
    }
}

fn within(n_pixels: Option<u64>) -> String {
    let numbers = "pixels counted from 1 down the columns";
    match n_pixels {
        Some(n_pixels) => format!(", {numbers} up to {n_pixels}"),
        None => format!(", {numbers}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_reads_back_from_its_json() {
        let rules = [
            CellRule::Integer { range: Some((0, 6)) },
            CellRule::Binary { positive: Some("yes".into()) },
            CellRule::Mask { n_pixels: None },
            CellRule::Probability,
        ];
        let column = |rule: CellRule| Expected { name: rule.expectation(), rule };
        let format = SubmissionFormat {
            id_column: "id".into(),
            columns: rules.map(column).into(),
            are_classes: false,
        };
        let json = serde_json::to_value(&format).expect("a format is JSON");
        assert_eq!(json["columns"][0]["rule"]["kind"], "integer");
        assert_eq!(serde_json::from_value::<SubmissionFormat>(json).expect("reads back"), format);
    }
}
