//! What is wrong with a folder: every problem with its file and line, never the first one alone.

use std::cell::RefCell;
use std::fmt;

use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The folder cannot be pushed like this.
    Error,
    /// It can be pushed, but something is missing or will surprise.
    Warning,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Relative to the folder.
    pub file: String,
    /// From 1; absent where a problem concerns the file as a whole.
    pub line: Option<usize>,
    pub severity: Severity,
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        let severity = if self.severity == Severity::Error { "error" } else { "warning" };
        write!(f, ": {severity}: {}", self.message)
    }
}

/// Problems as they are found. Shared by everything that reads one folder.
#[derive(Debug, Default)]
pub struct Problems(RefCell<Vec<Problem>>);

impl Problems {
    pub fn error(&self, file: &str, line: impl Into<Option<usize>>, message: impl Into<String>) {
        self.add(file, line.into(), Severity::Error, message.into());
    }

    pub fn warning(&self, file: &str, line: impl Into<Option<usize>>, message: impl Into<String>) {
        self.add(file, line.into(), Severity::Warning, message.into());
    }

    fn add(&self, file: &str, line: Option<usize>, severity: Severity, message: String) {
        self.0.borrow_mut().push(Problem { file: file.to_owned(), line, severity, message });
    }

    /// By file and line, so that a person can go through them from top to bottom.
    pub fn sorted(self) -> Vec<Problem> {
        let mut problems = self.0.into_inner();
        problems.sort_by(|a, b| (&a.file, a.line, a.severity).cmp(&(&b.file, b.line, b.severity)));
        problems.dedup();
        problems
    }
}

/// How many of them stand in the way of a push.
pub fn n_errors(problems: &[Problem]) -> usize {
    problems.iter().filter(|problem| problem.severity == Severity::Error).count()
}

/// Where a text breaks into lines.
#[derive(Debug)]
pub struct Lines(Vec<usize>);

impl Lines {
    pub fn of(text: &str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at);
        Self(ends.collect())
    }

    /// The line, from 1, in which this byte stands.
    pub fn at(&self, byte: usize) -> usize {
        self.0.partition_point(|end| *end < byte) + 1
    }
}

/// ` (did you mean “…”?)` where a known word is near enough to be meant, else nothing.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    const NEAR: f64 = 0.75;
    let near = known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&word.to_lowercase(), name), name))
        .filter(|(nearness, _)| *nearness >= NEAR)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    near.map(|(_, name)| format!(" (did you mean “{name}”?)")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_from_one() {
        let lines = Lines::of("a\nbc\n\nd");
        assert_eq!([0, 1, 2, 4, 5, 6].map(|byte| lines.at(byte)), [1, 1, 2, 2, 3, 4]);
    }

    #[test]
    fn a_near_word_is_proposed_and_a_far_one_is_not() {
        assert_eq!(did_you_mean("titel", ["title", "slug"]), " (did you mean “title”?)");
        assert_eq!(did_you_mean("colour", ["title", "slug"]), "");
    }

    #[test]
    fn problems_come_by_file_and_line() {
        let problems = Problems::default();
        problems.error("b.md", 2, "late");
        problems.warning("a.toml", 9, "second");
        problems.error("a.toml", None, "first");
        let texts: Vec<String> = problems.sorted().iter().map(Problem::to_string).collect();
        assert_eq!(texts, ["a.toml: error: first", "a.toml:9: warning: second", "b.md:2: error: late"]);
    }
}
