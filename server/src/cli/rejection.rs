//! A rejected file, told so that it can be mended.

use serde_json::Value;

use super::screen::Paint;
use super::table::{one_line, text};

/// The sentence, and below it where to look.
pub fn describe(paint: Paint, rejection: &Value) -> String {
    let message = match rejection["message"].as_str() {
        Some(message) => one_line(message),
        None => "The file was rejected.".to_owned(),
    };
    let mut lines = vec![paint.bad(&message)];
    let mut add = |name: &str, value: String| {
        if !value.is_empty() {
            lines.push(format!("  {} {value}", paint.faint(&format!("{:<9}", format!("{name}:")))));
        }
    };
    add("line", rejection["line"].as_u64().map_or_else(String::new, |line| line.to_string()));
    add("column", text(rejection, "column"));
    let examples = rejection["examples"].as_array().into_iter().flatten().filter_map(Value::as_str);
    add("examples", examples.map(one_line).collect::<Vec<_>>().join(", "));
    add(
        "in all",
        rejection["total"].as_u64().filter(|total| *total > 1).map_or_else(String::new, |n| n.to_string()),
    );
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_rejection_names_line_column_examples_and_total() {
        let rejection = json!({
            "message": "2 ids are unknown.", "line": 3, "column": "id", "examples": ["a", "b"], "total": 2
        });
        let told = describe(Paint::PLAIN, &rejection);
        assert_eq!(
            told,
            "2 ids are unknown.\n  line:     3\n  column:   id\n  examples: a, b\n  in all:   2"
        );
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        assert_eq!(
            describe(Paint::PLAIN, &json!({ "message": "The file is empty.", "line": null })),
            "The file is empty."
        );
    }
}
