//! Writing a folder from what a competition consists of; read again, it is the same.

use std::fmt::Write as _;
use std::path::Path;
use std::{fs, io};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value};

use super::model::{Audit, Contents, FORMAT, Metric, PAGES, SETTINGS};
use crate::competitions::board_shows::BoardShows;

/// What stands in the settings beside the contents.
#[derive(Debug, Clone, Default)]
pub struct Remarks {
    /// The file with the labels, where there is one.
    pub solution: Option<String>,
    /// Lines for a person, written as comments where the solution or the metric would stand.
    pub about_solution: Vec<String>,
    pub about_metric: Vec<String>,
    /// Times that nobody has set: they are left out, and the folder is told to be incomplete.
    pub open_times: Vec<&'static str>,
    /// Nobody has said which way the module's score is better.
    pub is_direction_open: bool,
}

/// Writes settings, pages and the metric's module; data files and the solution are the caller's.
///
/// # Errors
/// Those of the file system.
pub fn write(folder: &Path, contents: &Contents, remarks: &Remarks) -> io::Result<()> {
    fs::create_dir_all(folder.join(PAGES))?;
    for page in &contents.pages {
        fs::write(folder.join(PAGES).join(format!("{}.md", page.slug)), &page.markdown)?;
    }
    if let Some(module) = contents.metric.as_ref().and_then(|metric| metric.module.as_ref()) {
        fs::write(folder.join(&module.file_name), &module.source)?;
    }
    fs::write(folder.join(SETTINGS), settings(contents, remarks))
}

/// The text of `competition.toml`.
pub fn settings(contents: &Contents, remarks: &Remarks) -> String {
    let mut text = String::new();
    let mut line = |line: String| {
        text.push_str(&line);
        text.push('\n');
    };
    line(format!("format = {FORMAT}"));
    line(format!("title = {}", quoted(&contents.title)));
    line(format!("slug = {}", quoted(&contents.slug)));
    line(format!("subtitle = {}", quoted(&contents.subtitle)));
    line(format!("visibility = {}", quoted(&contents.visibility)));
    line("\n[timeline]".to_owned());
    for (name, at) in [
        ("starts_at", contents.starts_at),
        ("entry_deadline_at", contents.entry_deadline_at),
        ("merger_deadline_at", contents.merger_deadline_at),
        ("ends_at", contents.ends_at),
    ] {
        if !remarks.open_times.contains(&name) {
            line(format!("{name} = {}", time(at)));
        }
    }
    limits_section(contents).into_iter().for_each(&mut line);
    line(comments(&remarks.about_metric));
    if let Some(metric) = &contents.metric {
        line(metric_section(metric, remarks.is_direction_open));
    }
    if let Some(audit) = &contents.audit {
        line(audit_section(audit));
    }
    line(comments(&remarks.about_solution));
    if let Some(solution) = &remarks.solution {
        line(format!("[solution]\nfile = {}\n", quoted(solution)));
    }
    for page in &contents.pages {
        line(format!(
            "[[pages]]\nfile = {}\ntitle = {}\n",
            quoted(&format!("{}.md", page.slug)),
            quoted(&page.title)
        ));
    }
    for file in &contents.data {
        line(format!(
            "[[data]]\nfile = {}\nrole = {}\ndescription = {}\n",
            quoted(&file.name),
            quoted(&file.role),
            quoted(&file.description)
        ));
    }
    text.trim_end().to_owned() + "\n"
}

fn limits_section(contents: &Contents) -> Vec<String> {
    let mut lines = vec!["\n[limits]".to_owned(), format!("daily_limit = {}", contents.daily_limit)];
    if contents.total_limit != 0 {
        lines.push(format!("total_limit = {}", contents.total_limit));
    }
    lines.extend([
        format!("final_limit = {}", contents.final_limit),
        format!("team_limit = {}", contents.team_limit),
        format!("max_upload_bytes = {}", contents.max_upload_bytes),
        format!("score_decimals = {}", contents.score_decimals),
        format!("ladder = {}", quoted(contents.ladder.name())),
    ]);
    if contents.board_shows != BoardShows::Everybody {
        lines.push(format!("board_shows = {}", quoted(contents.board_shows.name())));
        lines.push(format!("board_stays_veiled = {}", contents.board_stays_veiled));
    }
    lines
}

fn comments(lines: &[String]) -> String {
    lines.iter().map(|line| format!("# {}\n", line.replace(['\n', '\r'], " "))).collect()
}

fn metric_section(metric: &Metric, is_direction_open: bool) -> String {
    let mut text = "[metric]\n".to_owned();
    let _ = match &metric.module {
        Some(module) if is_direction_open => writeln!(text, "module = {}", quoted(&module.file_name)),
        Some(module) => writeln!(
            text,
            "module = {}\nhigher_is_better = {}",
            quoted(&module.file_name),
            module.higher_is_better
        ),
        None => writeln!(text, "name = {}", quoted(&metric.name)),
    };
    let _ = writeln!(text, "public_fraction = {}", number(metric.public_fraction));
    for (name, map) in [("params", &metric.params), ("context", &metric.context)] {
        if !map.is_empty() {
            let _ = writeln!(text, "\n[metric.{name}]");
            text.push_str(&entries(map));
        }
    }
    text
}

fn audit_section(audit: &Audit) -> String {
    let mut text = "[audit]\n".to_owned();
    for (name, answer) in [("declared", &audit.declared), ("reason", &audit.reason)] {
        if let Some(answer) = answer {
            let _ = writeln!(text, "{name} = {}", quoted(answer));
        }
    }
    text
}

fn entries(map: &Map<String, Value>) -> String {
    map.iter().filter_map(|(name, value)| Some(format!("{} = {}\n", quoted(name), toml(value)?))).collect()
}

/// A value as TOML has it; there is none for null.
fn toml(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(flag) => flag.to_string(),
        Value::String(text) => quoted(text),
        Value::Number(any) => {
            any.as_i64().map_or_else(|| any.as_f64().map(number), |whole| Some(whole.to_string()))?
        }
        Value::Array(items) => format!("[{}]", items.iter().filter_map(toml).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => {
            let inside: Vec<String> = map
                .iter()
                .filter_map(|(name, value)| Some(format!("{} = {}", quoted(name), toml(value)?)))
                .collect();
            format!("{{ {} }}", inside.join(", "))
        }
    })
}

/// With a point or an exponent, so that it reads back as a number with a fraction.
fn number(value: f64) -> String {
    format!("{value:?}")
}

/// JSON's strings are TOML's basic strings, but for one character that TOML wants escaped.
fn quoted(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007F")
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_numbers_read_back_as_they_were() {
        let map = serde_json::json!({
            "a b": "quote \" line\n tab\t del\u{7f} \u{1}", "f": 2.0, "i": -3, "tiny": 1e-300,
            "list": [1, "x", { "k": 0.1 }], "yes": true
        });
        let Value::Object(map) = map else { unreachable!("it is a map") };
        let text = entries(&map);
        let table = toml::de::DeTable::parse(&text).expect("TOML");
        assert_eq!(super::super::sections::json_table(table.get_ref()), map);
    }

    #[test]
    fn a_remark_stays_a_comment() {
        assert_eq!(comments(&["a\nformat = 2".to_owned()]), "# a format = 2\n");
    }
}
