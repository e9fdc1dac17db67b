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

    /// Longest message, in characters.
    pub const LONGEST_MESSAGE: usize = 2000;
    /// Longest name of a column and longest example, in characters.
    pub const LONGEST_QUOTE: usize = 200;

    /// A rejection with a message alone; add the rest with the `with_…` methods. What of the file is repeated in it
    /// is cut where it is long, and loses the characters that no database keeps and no screen shows.
    pub fn new(kind: RejectionKind, message: impl AsRef<str>) -> Self {
        let message = told(message.as_ref(), Self::LONGEST_MESSAGE);
        Self { kind, message, line: None, column: None, examples: Vec::new(), total: None }
    }

    #[must_use]
    pub fn with_line(mut self, line: u64) -> Self {
        self.line = Some(line);
        self
    }

    #[must_use]
    pub fn with_column(mut self, column: impl AsRef<str>) -> Self {
        self.column = Some(told(column.as_ref(), Self::LONGEST_QUOTE));
        self
    }

    /// Keeps the first [`Rejection::MAX_EXAMPLES`].
    #[must_use]
    pub fn with_examples<T: AsRef<str>>(mut self, examples: impl IntoIterator<Item = T>) -> Self {
        let kept = examples.into_iter().take(Self::MAX_EXAMPLES);
        self.examples = kept.map(|example| told(example.as_ref(), Self::LONGEST_QUOTE)).collect();
        self
    }

    /// Whether the message leaves out one of the examples.
    pub fn has_more_examples(&self) -> bool {
        self.examples.iter().any(|example| !self.message.contains(example.as_str()))
    }

    #[must_use]
    pub fn with_total(mut self, total: u64) -> Self {
        self.total = Some(total);
        self
    }
}

fn told(text: &str, most: usize) -> String {
    let mut told: String =
        text.chars().take(most).map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    if text.chars().nth(most).is_some() {
        told.push('…');
    }
    told
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
    fn what_a_file_says_is_told_short_and_without_what_no_database_keeps() {
        let long = "x\0\u{1b}[2J".repeat(1000);
        let rejection = Rejection::new(RejectionKind::UnknownIds, format!("The id “{long}” is unknown."))
            .with_column(&long)
            .with_examples([&long, &long]);
        let texts =
            [&rejection.message, &rejection.column.clone().expect("a column"), &rejection.examples[1]];
        for text in texts {
            assert!(!text.contains(char::is_control) && text.ends_with('…'), "{text:?}");
        }
        assert!(rejection.message.chars().count() <= 2001 && rejection.examples[0].chars().count() <= 201);
        let named = Rejection::new(RejectionKind::UnknownIds, "The id “a” is unknown.");
        assert!(!named.clone().with_examples(["a"]).has_more_examples());
        assert!(named.with_examples(["a", "b7"]).has_more_examples());
        assert_eq!(
            Rejection::new(RejectionKind::NoRows, "Short – “as it is”.").message,
            "Short – “as it is”."
        );
    }

    #[test]
    fn json_uses_the_documented_names() {
        let rejection = Rejection::new(RejectionKind::NotUtf8, "The file is UTF-16.").with_line(1);
        let json = serde_json::to_value(&rejection).expect("a rejection is JSON");
        assert_eq!(json["error"], "not_utf8");
        assert_eq!(json["line"], 1);
        assert_eq!(serde_json::from_value::<Rejection>(json).expect("reads back"), rejection);
    }
}
