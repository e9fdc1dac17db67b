//! Documents as columns that line up, and times as their reader counts them.

use chrono::{DateTime, Local, Utc};
use serde_json::Value;

use super::screen::Paint;
use crate::invisible_characters::is_invisible;
use crate::web::format;

/// Rows under a header; marked rows stand out.
pub struct Table {
    header: Vec<String>,
    rows: Vec<(Vec<String>, bool)>,
}

impl Table {
    pub fn new(header: &[&str]) -> Self {
        Self { header: header.iter().map(|name| (*name).to_owned()).collect(), rows: Vec::new() }
    }

    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push((cells.into_iter().collect(), false));
    }

    pub fn marked_row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push((cells.into_iter().collect(), true));
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table, or a sentence where it has no rows.
    pub fn draw(&self, paint: Paint, when_empty: &str) -> String {
        if self.is_empty() {
            return when_empty.to_owned();
        }
        let width = |column: usize| {
            let cells = self.rows.iter().map(|(cells, _)| cells[column].chars().count());
            cells.chain([self.header[column].chars().count()]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.header.len()).map(width).collect();
        let line = |cells: &mut dyn Iterator<Item = &str>| {
            let padded = cells.zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        let mut lines = vec![paint.faint(&line(&mut self.header.iter().map(String::as_str)))];
        for (cells, is_marked) in &self.rows {
            let text = line(&mut cells.iter().map(String::as_str));
            lines.push(if *is_marked { paint.bold(&text) } else { text });
        }
        lines.join("\n")
    }
}

/// Names and values, one a line.
pub fn facts(paint: Paint, facts: &[(&str, String)]) -> String {
    let known = || facts.iter().filter(|(_, value)| !value.is_empty());
    let width = known().map(|(name, _)| name.chars().count()).max().unwrap_or(0) + 1;
    let line = |(name, value): &(&str, String)| {
        let label = format!("{:<width$}", format!("{name}:"));
        format!("{} {value}", paint.faint(&label))
    };
    known().map(line).collect::<Vec<_>>().join("\n")
}

/// A field as it is shown; nothing is a dash.
pub fn cell(value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::String(text) => one_line(text),
        Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join(", "),
        Value::Object(_) => one_line(&format::settings(value)),
        other => other.to_string(),
    }
}

/// A text without what would move the cursor or turn the line around.
pub fn one_line(text: &str) -> String {
    text.chars().map(|character| if is_invisible(character) { ' ' } else { character }).collect()
}

pub fn text(document: &Value, field: &str) -> String {
    document[field].as_str().map(one_line).unwrap_or_default()
}

pub fn items(document: &Value) -> &[Value] {
    document["items"].as_array().map_or(&[], Vec::as_slice)
}

/// A size in the largest unit that fits.
pub fn size(value: &Value) -> String {
    value.as_u64().map_or_else(|| cell(value), format::size)
}

/// A time of the API in the reader's zone: `2026-11-30 19:00 +01:00`.
pub fn local(value: &Value) -> String {
    time(value)
        .map_or_else(|| cell(value), |at| at.with_timezone(&Local).format("%Y-%m-%d %H:%M %Z").to_string())
}

/// As [`local`], with how far it is away.
pub fn local_and_relative(value: &Value) -> String {
    match time(value) {
        Some(at) => format!("{} ({})", local(value), format::relative(&at, &now())),
        None => cell(value),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how far away a time is, by the reader's own clock; nothing is decided"
)]
fn now() -> DateTime<Utc> {
    Utc::now()
}

fn time(value: &Value) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(value.as_str()?).ok().map(|at| at.to_utc())
}

/// `3 of 5 left, next at 00:00 UTC (02:00 +02:00 your time); rejected files do not count`.
pub fn allowance(document: &Value) -> String {
    let Some(resets_at) = time(&document["resets_at"]) else { return text(document, "sentence") };
    let (utc, local) = (resets_at.format("%H:%M UTC"), resets_at.with_timezone(&Local));
    let yours = if local.offset().local_minus_utc() == 0 {
        String::new()
    } else {
        format!(" ({} your time)", local.format("%H:%M"))
    };
    let in_all = match &document["total"] {
        Value::Object(total) => format!(" now, {} of {} in all", total["left"], total["limit"]),
        _ => String::new(),
    };
    format!(
        "{} of {} left{in_all}, next at {utc}{yours}; rejected files do not count",
        document["left"], document["daily_limit"]
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_line_up_and_nothing_is_a_dash() {
        let mut table = Table::new(&["rank", "team"]);
        table.row([cell(&json!(1)), cell(&json!("ada"))]);
        table.marked_row([cell(&json!(10)), cell(&Value::Null)]);
        assert_eq!(table.draw(Paint::PLAIN, "none"), "rank  team\n1     ada\n10    –");
        assert_eq!(Table::new(&["rank"]).draw(Paint::PLAIN, "Nobody is here."), "Nobody is here.");
    }

    #[test]
    fn a_name_cannot_move_the_cursor() {
        assert_eq!(cell(&json!("a\u{1b}[2Jb\n")), "a [2Jb ");
    }

    #[test]
    fn an_allowance_says_when_more_comes() {
        let document = json!({ "left": 3, "daily_limit": 5, "resets_at": "2026-11-30T00:00:00Z" });
        let sentence = allowance(&document);
        assert!(sentence.starts_with("3 of 5 left, next at 00:00 UTC"), "{sentence}");
        let mut bounded = document;
        bounded["total"] = json!({ "left": 17, "limit": 40 });
        let sentence = allowance(&bounded);
        assert!(sentence.starts_with("3 of 5 left now, 17 of 40 in all, next at 00:00 UTC"), "{sentence}");
    }

    #[test]
    fn facts_without_a_value_are_left_out() {
        let drawn = facts(Paint::PLAIN, &[("title", "Houses".to_owned()), ("metric", String::new())]);
        assert_eq!(drawn, "title: Houses");
    }
}
