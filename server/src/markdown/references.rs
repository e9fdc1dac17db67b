//! What a text refers to: `@ada` a person, `#42` a topic, `submission:17` the score of a submission.
//!
//! A reference that is not known stays the text that it is: it tells nothing of what exists.

use std::collections::{BTreeSet, HashMap};

use comrak::Arena;
use comrak::nodes::{AstNode, NodeValue};

use super::{Parts, options};
use crate::html::escaped;
use crate::paths;

/// So many of each kind are looked up in one text; the rest stays text.
const MOST_OF_EACH: usize = 20;
const SUBMISSION: &str = "submission:";

/// What a text names, before anybody looked whether it exists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mentions {
    /// In small letters.
    pub people: BTreeSet<String>,
    pub topics: BTreeSet<i64>,
    pub submissions: BTreeSet<i64>,
}

/// What a text may link to: found for its author and for everybody who may read it.
#[derive(Debug, Clone, Default)]
pub struct References {
    pub people: BTreeSet<String>,
    /// Titles of topics.
    pub topics: HashMap<i64, String>,
    pub submissions: HashMap<i64, Score>,
}

/// What may be told of a submission's score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Score {
    pub competition_slug: String,
    pub competition: String,
    pub team: String,
    /// With the decimals that the competition shows.
    pub public_score: String,
    /// After the end.
    pub private_score: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name<'t> {
    Person(&'t str),
    Topic(i64),
    Submission(i64),
}

/// The names in a text: what its room looks up.
pub fn mentions(markdown: &str) -> Mentions {
    let arena = Arena::new();
    let root = comrak::parse_document(&arena, markdown, &options());
    let mut found = Mentions::default();
    for node in root.descendants().filter(|node| !is_inside_link(node)) {
        if let NodeValue::Text(text) = &node.data.borrow().value {
            for (name, _, _) in names(text) {
                match name {
                    Name::Person(person) => keep(&mut found.people, person.to_lowercase()),
                    Name::Topic(id) => keep(&mut found.topics, id),
                    Name::Submission(id) => keep(&mut found.submissions, id),
                }
            }
        }
    }
    found
}

fn keep<T: Ord>(set: &mut BTreeSet<T>, item: T) {
    if set.len() < MOST_OF_EACH {
        set.insert(item);
    }
}

pub(super) fn is_inside_link<'a>(node: &'a AstNode<'a>) -> bool {
    node.ancestors()
        .skip(1)
        .any(|above| matches!(above.data.borrow().value, NodeValue::Link(_) | NodeValue::Image(_)))
}

/// A piece of text as HTML with its links; `None` where nothing in it is known.
pub(super) fn link(text: &str, known: &References, parts: &mut Parts) -> Option<String> {
    let drawn: Vec<_> = names(text)
        .into_iter()
        .filter_map(|(name, start, end)| draw(name, &text[start..end], known).map(|html| (html, start, end)))
        .collect();
    if drawn.is_empty() {
        return None;
    }
    let mut html = String::new();
    let mut done = 0;
    for (part, start, end) in drawn {
        html.push_str(&escaped(&text[done..start]));
        html.push_str(&parts.keep(part));
        done = end;
    }
    html.push_str(&escaped(&text[done..]));
    Some(html)
}

fn draw(name: Name<'_>, written: &str, known: &References) -> Option<String> {
    match name {
        Name::Person(person) => {
            let username = known.people.get(&person.to_lowercase())?;
            Some(format!(
                "<a class=\"mention\" href=\"{}\">{}</a>",
                paths::profile(username),
                escaped(written)
            ))
        }
        Name::Topic(id) => {
            let title = known.topics.get(&id)?;
            let address = paths::topic(crate::ids::TopicId(id));
            Some(format!("<a href=\"{address}\">{} (#{id})</a>", escaped(title)))
        }
        Name::Submission(id) => Some(draw_score(id, known.submissions.get(&id)?)),
    }
}

fn draw_score(id: i64, score: &Score) -> String {
    let private =
        score.private_score.as_ref().map(|score| format!(", private {}", escaped(score))).unwrap_or_default();
    format!(
        "<span class=\"score-card\">Submission {id} of {} in <a href=\"{}\">{}</a>: <strong>{}</strong>{private}</span>",
        escaped(&score.team),
        paths::board(&score.competition_slug),
        escaped(&score.competition),
        escaped(&score.public_score),
    )
}

/// The names in a piece of text with where they begin and end, from left to right.
fn names(text: &str) -> Vec<(Name<'_>, usize, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(offset) = text[at..].find(['@', '#', 's']) {
        let start = at + offset;
        match name_at(text, start) {
            Some((name, end)) => {
                found.push((name, start, end));
                at = end;
            }
            None => at = start + 1,
        }
    }
    found
}

fn name_at(text: &str, start: usize) -> Option<(Name<'_>, usize)> {
    let is_in_word = |letter: char| letter.is_alphanumeric() || "_@#/&".contains(letter);
    if text[..start].chars().next_back().is_some_and(is_in_word) {
        return None;
    }
    let rest = &text[start..];
    if let Some(after) = rest.strip_prefix('@') {
        let length = after.bytes().take_while(|byte| is_name_byte(*byte)).count();
        let name = after[..length].trim_end_matches(['-', '_']);
        let is_name = (2..=30).contains(&name.len()) && !name.starts_with(['-', '_']);
        return is_name.then_some((Name::Person(name), start + 1 + name.len()));
    }
    let (number, skipped, make): (_, _, fn(i64) -> Name<'static>) = match rest.strip_prefix('#') {
        Some(after) => (after, 1, Name::Topic),
        None => (rest.strip_prefix(SUBMISSION)?, SUBMISSION.len(), Name::Submission),
    };
    let length = number.bytes().take_while(u8::is_ascii_digit).count();
    let is_whole = !number[length..].starts_with(|letter: char| letter.is_alphanumeric() || letter == '_');
    let id = number[..length].parse().ok().filter(|_| is_whole && length <= 18)?;
    Some((make(id), start + skipped + length))
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        names(text).into_iter().map(|(_, start, end)| &text[start..end]).collect()
    }

    #[test]
    fn names_stand_alone() {
        assert_eq!(
            found("@ada, ask @Bob-2_x. See #12; submission:7!"),
            ["@ada", "@Bob-2_x", "#12", "submission:7"]
        );
        assert_eq!(found("(@ada) \u{201c}#3\u{201d}"), ["@ada", "#3"]);
        for none in [
            "ada@example.org",
            "x#1",
            "#1a",
            "#",
            "@",
            "@a",
            "@-a",
            "re-submission:x",
            "/#1",
            "&#38",
            "#99999999999999999999",
        ] {
            assert!(found(none).is_empty(), "{none}: {:?}", found(none));
        }
    }

    #[test]
    fn names_in_code_and_links_are_none() {
        let all = mentions("@ada `@bob` [@carol](https://example.org)\n\n    #1\n\n#2 $@dave$");
        assert_eq!(all.people.into_iter().collect::<Vec<_>>(), ["ada"]);
        assert_eq!(all.topics.into_iter().collect::<Vec<_>>(), [2]);
        let many: String = (0..50).map(|number| format!("@person{number} ")).collect();
        assert_eq!(mentions(&many).people.len(), MOST_OF_EACH);
    }
}
