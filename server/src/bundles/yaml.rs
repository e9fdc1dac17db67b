//! YAML as configurations use it: text, lists and maps with their lines. Anchors are followed within
//! bounds; what a scalar means is for its reader to say.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use super::archive::Refused;

/// Nodes of a document, those that aliases repeat counted again.
const MOST_NODES: usize = 50_000;
const DEEPEST: usize = 64;

#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub line: usize,
    pub value: Value,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `is_plain`: without quotes, so that `true` and `5` may be no texts.
    Scalar {
        text: String,
        is_plain: bool,
    },
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// Reads the first document.
///
/// # Errors
/// What is no YAML, with its line; what repeats itself without end.
pub fn read(file: &str, text: &str) -> Result<Node, Refused> {
    let mut builder = Builder { anchors: HashMap::new(), n_nodes: 0, file };
    let mut parser = Parser::new_from_str(text);
    loop {
        match next(&mut parser, file)? {
            (Event::StreamStart | Event::DocumentStart(_), _) => {}
            (Event::StreamEnd | Event::DocumentEnd, span) => {
                return Err(Refused(format!("{file}:{}: the file is empty.", span.start.line())));
            }
            (event, span) => return builder.node(event, span, &mut parser, 0),
        }
    }
}

type Text<'a> = Parser<'a, saphyr_parser::StrInput<'a>>;

fn next<'a>(parser: &mut Text<'a>, file: &str) -> Result<(Event<'a>, Span), Refused> {
    match parser.next() {
        Some(Ok(found)) => Ok(found),
        Some(Err(error)) => {
            Err(Refused(format!("{file}:{}: this is no YAML: {}.", error.marker().line(), error.info())))
        }
        None => Err(Refused(format!("{file}: the file ends too early."))),
    }
}

struct Builder<'a> {
    anchors: HashMap<usize, (Node, usize)>,
    n_nodes: usize,
    file: &'a str,
}

impl Builder<'_> {
    fn node(
        &mut self,
        event: Event<'_>,
        span: Span,
        parser: &mut Text<'_>,
        depth: usize,
    ) -> Result<Node, Refused> {
        let line = span.start.line();
        self.spend(1, line)?;
        if depth > DEEPEST {
            return Err(Refused(format!("{}:{line}: lists and maps are nested too deep.", self.file)));
        }
        let before = self.n_nodes;
        let (anchor, value) = match event {
            Event::Alias(anchor) => {
                let (node, n_nodes) = self.anchors.get(&anchor).cloned().ok_or_else(|| {
                    Refused(format!("{}:{line}: this alias names what is not there yet.", self.file))
                })?;
                self.spend(n_nodes, line)?;
                return Ok(Node { line, ..node });
            }
            Event::Scalar(text, style, anchor, _) => {
                let is_plain = style == ScalarStyle::Plain;
                (anchor, Value::Scalar { text: text.into_owned(), is_plain })
            }
            Event::SequenceStart(anchor, _) => (anchor, self.list(parser, depth)?),
            Event::MappingStart(anchor, _) => (anchor, self.map(parser, depth)?),
            _ => return Err(Refused(format!("{}:{line}: a value is missing.", self.file))),
        };
        let node = Node { line, value };
        if anchor > 0 {
            self.anchors.insert(anchor, (node.clone(), self.n_nodes - before));
        }
        Ok(node)
    }

    fn list(&mut self, parser: &mut Text<'_>, depth: usize) -> Result<Value, Refused> {
        let mut items = Vec::new();
        loop {
            match next(parser, self.file)? {
                (Event::SequenceEnd, _) => return Ok(Value::List(items)),
                (event, span) => items.push(self.node(event, span, parser, depth + 1)?),
            }
        }
    }

    fn map(&mut self, parser: &mut Text<'_>, depth: usize) -> Result<Value, Refused> {
        let mut entries: Vec<(String, Node)> = Vec::new();
        let mut merged = Vec::new();
        loop {
            let (event, span) = next(parser, self.file)?;
            if matches!(event, Event::MappingEnd) {
                break;
            }
            let line = span.start.line();
            let key = self.node(event, span, parser, depth + 1)?;
            let Value::Scalar { text: key, .. } = key.value else {
                return Err(Refused(format!("{}:{line}: a key must be a text.", self.file)));
            };
            let (event, span) = next(parser, self.file)?;
            let value = self.node(event, span, parser, depth + 1)?;
            if key == "<<" {
                if let Value::Map(others) = value.value {
                    merged.extend(others);
                }
                continue;
            }
            // As most readers have it, the last of two equal keys counts.
            entries.retain(|(known, _)| *known != key);
            entries.push((key, Node { line, ..value }));
        }
        for (key, node) in merged {
            if entries.iter().all(|(known, _)| *known != key) {
                entries.push((key, node));
            }
        }
        Ok(Value::Map(entries))
    }

    fn spend(&mut self, n_nodes: usize, line: usize) -> Result<(), Refused> {
        self.n_nodes += n_nodes;
        if self.n_nodes > MOST_NODES {
            return Err(Refused(format!(
                "{}:{line}: the document is too large, or repeats itself.",
                self.file
            )));
        }
        Ok(())
    }
}

impl Node {
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, is_plain } => {
                (!is_plain || !matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL")).then_some(text)
            }
            _ => None,
        }
    }

    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Scalar { .. }) && self.text().is_none()
    }

    pub fn integer(&self) -> Option<i64> {
        self.text()?.trim().parse().ok()
    }

    /// The truths of YAML 1.1, as its readers in Python have them.
    pub fn flag(&self) -> Option<bool> {
        match self.text()?.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" => Some(true),
            "false" | "no" | "off" => Some(false),
            _ => None,
        }
    }

    pub fn list(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    pub fn entries(&self) -> &[(String, Node)] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|(known, _)| known == key).map(|(_, node)| node)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_their_lines_and_aliases_their_values() {
        let node = read("c.yaml", "a: &x {k: 1}\nb:\n  - *x\n  - 'null'\nc: null\nd:\n  <<: *x\n  m: yes\n")
            .expect("YAML");
        assert_eq!(node.get("b").expect("b").line, 2);
        let list = node.get("b").expect("b").list();
        assert_eq!(list[0].get("k").and_then(Node::integer), Some(1));
        assert_eq!(list[1].text(), Some("null"));
        assert!(node.get("c").expect("c").is_null());
        let d = node.get("d").expect("d");
        assert_eq!(
            (d.get("k").and_then(Node::integer), d.get("m").and_then(Node::flag)),
            (Some(1), Some(true))
        );
    }

    #[test]
    fn a_bomb_of_aliases_is_refused() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let below = format!("*a{}, ", level - 1).repeat(10);
            text.push_str(&format!("a{level}: &a{level} [{}]\n", below.trim_end_matches(", ")));
        }
        let refused = read("c.yaml", &text).expect_err("a bomb");
        assert!(refused.0.contains("repeats itself"), "{refused}");
        assert!(read("c.yaml", "a: [1, 2\nb: 3").expect_err("torn").0.starts_with("c.yaml:"));
        assert!(read("c.yaml", &"[".repeat(1000)).is_err());
    }
}
