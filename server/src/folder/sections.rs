//! TOML with lines: every value that is asked for comes with its place, and what nobody asked for is
//! reported as unknown.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problems::{Lines, Problems, did_you_mean};

/// Where the text comes from and where problems go.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    pub file: &'a str,
    pub lines: &'a Lines,
    pub problems: &'a Problems,
    /// Whether the text could be read to its end: else nothing in it counts as missing.
    pub is_whole: bool,
}

impl Source<'_> {
    pub fn line_of<T>(&self, spanned: &Spanned<T>) -> usize {
        self.lines.at(spanned.span().start)
    }

    pub fn error(&self, line: usize, message: impl Into<String>) {
        self.problems.error(self.file, line, message);
    }
}

/// A value with the line it stands in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Located<T> {
    pub value: T,
    pub line: usize,
}

/// One table of the file.
pub struct Section<'a> {
    source: Source<'a>,
    table: &'a DeTable<'a>,
    /// `[limits]`, or nothing for the top of the file.
    name: &'static str,
    pub line: usize,
    asked: BTreeSet<&'static str>,
}

impl<'a> Section<'a> {
    pub fn new(source: Source<'a>, table: &'a DeTable<'a>, name: &'static str, line: usize) -> Self {
        Self { source, table, name, line, asked: BTreeSet::new() }
    }

    /// The place and value of a key; from now on the key is known.
    fn find(&mut self, key: &'static str) -> Option<(usize, &'a DeValue<'a>)> {
        self.asked.insert(key);
        let (name, value) = self.table.iter().find(|(name, _)| name.get_ref() == key)?;
        Some((self.source.line_of(name), value.get_ref()))
    }

    fn read<T>(
        &mut self,
        key: &'static str,
        wanted: &str,
        read: impl FnOnce(&'a DeValue<'a>) -> Option<T>,
    ) -> Option<Located<T>> {
        let (line, value) = self.find(key)?;
        let read = read(value);
        if read.is_none() {
            self.source.error(line, format!("“{key}” must be {wanted}, not {}.", kind(value)));
        }
        read.map(|value| Located { value, line })
    }

    pub fn text(&mut self, key: &'static str) -> Option<Located<String>> {
        self.read(key, "a text in quotes", |value| value.as_str().map(str::to_owned))
    }

    pub fn integer(&mut self, key: &'static str) -> Option<Located<i64>> {
        self.read(key, "a whole number", whole)
    }

    pub fn number(&mut self, key: &'static str) -> Option<Located<f64>> {
        self.read(key, "a number", |value| match value {
            DeValue::Float(float) => float.as_str().parse().ok(),
            other => whole(other).map(|whole| whole as f64),
        })
    }

    pub fn flag(&mut self, key: &'static str) -> Option<Located<bool>> {
        self.read(key, "true or false", DeValue::as_bool)
    }

    pub fn time(&mut self, key: &'static str) -> Option<Located<DateTime<Utc>>> {
        let wanted = "a time with its zone, without quotes, as 2026-11-30T18:00:00Z";
        self.read(key, wanted, |value| {
            let time = value.as_datetime()?.to_string();
            DateTime::parse_from_rfc3339(&time).ok().map(|time| time.to_utc())
        })
    }

    /// A table without names of ours.
    pub fn map(&mut self, key: &'static str) -> Located<Map<String, Value>> {
        let found = self.read(key, "a table", |value| value.as_table().map(json_table));
        found.unwrap_or(Located { value: Map::new(), line: self.line })
    }

    /// The lines in which the keys of a table below stand.
    pub fn key_lines(&self, key: &'static str) -> Vec<(String, usize)> {
        let table = self.table.iter().find(|(name, _)| name.get_ref() == key);
        let table = table.and_then(|(_, value)| value.get_ref().as_table());
        let keys = table.into_iter().flat_map(|table| table.keys());
        keys.map(|key| (key.get_ref().to_string(), self.source.line_of(key))).collect()
    }

    pub fn section(&mut self, key: &'static str, name: &'static str) -> Option<Section<'a>> {
        let table = self.read(key, "a table", DeValue::as_table)?;
        Some(Section::new(self.source, table.value, name, table.line))
    }

    /// An array of tables, `[[pages]]`.
    pub fn sections(&mut self, key: &'static str, name: &'static str) -> Vec<Section<'a>> {
        let Some(array) = self.read(key, &format!("a list of tables, each under {name}"), DeValue::as_array)
        else {
            return Vec::new();
        };
        let mut sections = Vec::new();
        for item in array.value.iter() {
            let line = self.source.line_of(item);
            match item.get_ref().as_table() {
                Some(table) => sections.push(Section::new(self.source, table, name, line)),
                None => self.source.error(
                    line,
                    format!("An entry of “{key}” must be a table, not {}.", kind(item.get_ref())),
                ),
            }
        }
        sections
    }

    /// Whether the key is there, be its value right or wrong.
    pub fn has(&self, key: &str) -> bool {
        self.table.keys().any(|name| name.get_ref() == key)
    }

    /// Reports a key that must be there.
    pub fn missing(&self, key: &str, example: &str) {
        if !self.source.is_whole {
            return;
        }
        let place = if self.name.is_empty() { String::new() } else { format!(" under {}", self.name) };
        self.source.error(self.line, format!("“{key}” is missing{place}: write {example}."));
    }

    /// Reports every key that was not asked for.
    pub fn finish(self) {
        for name in self.table.keys() {
            let key = name.get_ref().as_ref();
            if !self.asked.contains(key) {
                let place =
                    if self.name.is_empty() { "here".to_owned() } else { format!("under {}", self.name) };
                let hint = did_you_mean(key, self.asked.iter().copied());
                self.source.error(self.source.line_of(name), format!("“{key}” means nothing {place}{hint}."));
            }
        }
    }
}

fn whole(value: &DeValue<'_>) -> Option<i64> {
    let integer = value.as_integer()?;
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(time) if time.offset.is_some() => "a time",
        DeValue::Datetime(_) => "a time without its zone",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

pub(super) fn json_table(table: &DeTable<'_>) -> Map<String, Value> {
    table.iter().map(|(name, value)| (name.get_ref().to_string(), json(value.get_ref()))).collect()
}

fn json(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::from(text.as_ref()),
        DeValue::Integer(integer) => whole(value).map_or_else(|| integer.as_str().into(), Value::from),
        DeValue::Float(float) => float.as_str().parse::<f64>().map_or(Value::Null, Value::from),
        DeValue::Boolean(flag) => Value::from(*flag),
        DeValue::Datetime(time) => Value::from(time.to_string()),
        DeValue::Array(array) => array.iter().map(|item| json(item.get_ref())).collect(),
        DeValue::Table(table) => Value::Object(json_table(table)),
    }
}
