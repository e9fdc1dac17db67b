//! A map of a configuration: what is asked for is known, the rest is listed as not carried over.

use std::collections::BTreeSet;

use super::report::Report;
use super::yaml::Node;

pub struct Keys<'a> {
    node: &'a Node,
    asked: BTreeSet<&'static str>,
    /// Where the map stands: `phases[0]`.
    place: String,
    file: &'a str,
}

impl<'a> Keys<'a> {
    pub fn new(node: &'a Node, place: impl Into<String>, file: &'a str) -> Self {
        Self { node, asked: BTreeSet::new(), place: place.into(), file }
    }

    pub fn get(&mut self, key: &'static str) -> Option<&'a Node> {
        self.asked.insert(key);
        self.node.get(key).filter(|node| !node.is_null())
    }

    pub fn text(&mut self, key: &'static str) -> Option<&'a str> {
        self.get(key)?.text()
    }

    pub fn integer(&mut self, key: &'static str) -> Option<i64> {
        self.get(key)?.integer()
    }

    pub fn flag(&mut self, key: &'static str) -> Option<bool> {
        self.get(key)?.flag()
    }

    pub fn list(&mut self, key: &'static str) -> &'a [Node] {
        self.get(key).map_or(&[], Node::list)
    }

    /// Keys that mean nothing beyond what is read elsewhere.
    pub fn skip(&mut self, keys: &[&'static str]) {
        self.asked.extend(keys);
    }

    /// Says of keys, where they are set, that they are not carried over, and why.
    pub fn leave(&mut self, report: &mut Report, keys: &[&'static str], why: &str) {
        for key in keys {
            if let Some(node) = self.get(key) {
                let is_nothing = node.flag() == Some(false)
                    || node.text().is_some_and(|text| text.trim().is_empty())
                    || (node.text().is_none() && node.list().is_empty() && node.entries().is_empty());
                if !is_nothing {
                    report.not_carried(self.name(key), why);
                }
            }
        }
    }

    pub fn name(&self, key: &str) -> String {
        let line = self.node.get(key).map_or(self.node.line, |node| node.line);
        let place = if self.place.is_empty() { String::new() } else { format!("{}.", self.place) };
        format!("{place}{key} ({}:{line})", self.file)
    }

    /// Lists every key that was not asked for.
    pub fn finish(self, report: &mut Report) {
        for (key, _) in self.node.entries() {
            if !self.asked.contains(key.as_str()) {
                report.not_carried(self.name(key), "Holdout knows no such setting.");
            }
        }
    }
}
