//! Why a file was refused, in a form that the command line, the database, the API and the pages share.

use serde::{Deserialize, Serialize};

/// The closed list of reasons for which a file can be refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RejectionKind {
    MissingIds,
    UnknownIds,
    DuplicateIds,
    MissingColumn,
    UnknownColumn,
    DuplicateColumn,
    RowWidth,
    MissingValue,
    NotANumber,
    NotFinite,
    NotAnInteger,
    OutOfRange,
    BadRle,
    BadBoxes,
    EmptyFile,
    NoRows,
    #[serde(rename = "not_utf8")]
    NotUtf8,
    MalformedCsv,
    BadSolution,
    UnknownClass,
    FieldTooLong,
    TooLarge,
    BadArchive,
    /// A metric that the host wrote refused the file, in its own words.
    RefusedByMetric,
}

/// A refused file: the participant's to mend, never the platform's fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Rejection {
    #[serde(rename = "error")]
    pub kind: RejectionKind,
    /// One or two plain sentences: what was found, what was expected.
    pub message: String,
    /// First offending line of the file, counted from 1 with the header as line 1.
    #[serde(default)]
    pub line: Option<u64>,
    /// Header of the offending column.
    #[serde(default)]
    pub column: Option<String>,
    /// Up to [`Rejection::MAX_EXAMPLES`] offending ids or cells.
    #[serde(default)]
    pub examples: Vec<String>,
    /// How many there are in all, where they were counted.
    #[serde(default)]
    pub total: Option<u64>,
}

impl Rejection {
    /// At most this many examples are ever shown.
    pub const MAX_EXAMPLES: usize = 5;

    /// A rejection with a message alone; add the rest with the `with_…` methods.
    pub fn new(kind: RejectionKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), line: None, column: None, examples: Vec::new(), total: None }
    }

    #[must_use]
    pub fn with_line(mut self, line: u64) -> Self {
        self.line = Some(line);
        self
    }

    #[must_use]
    pub fn with_column(mut self, column: impl Into<String>) -> Self {
        self.column = Some(column.into());
        self
    }

    /// Keeps the first [`Rejection::MAX_EXAMPLES`].
    #[must_use]
    pub fn with_examples<T: Into<String>>(mut self, examples: impl IntoIterator<Item = T>) -> Self {
        self.examples = examples.into_iter().take(Self::MAX_EXAMPLES).map(Into::into).collect();
        self
    }

    #[must_use]
    pub fn with_total(mut self, total: u64) -> Self {
        self.total = Some(total);
        self
    }
}

impl std::fmt::Display for Rejection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Rejection {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_uses_the_documented_names() {
        let rejection = Rejection::new(RejectionKind::NotUtf8, "The file is UTF-16.").with_line(1);
        let json = serde_json::to_value(&rejection).expect("a rejection is JSON");
        assert_eq!(json["error"], "not_utf8");
        assert_eq!(json["line"], 1);
        assert_eq!(serde_json::from_value::<Rejection>(json).expect("reads back"), rejection);
    }
}
