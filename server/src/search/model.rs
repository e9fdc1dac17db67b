//! What is searched for and what is found. Pure.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::forum::list::Key;
use crate::html::push_text;

const LONGEST_QUERY: usize = 200;
/// Around what fits in an excerpt: characters of private use, which no text needs.
pub const MARK: (char, char) = ('\u{e000}', '\u{e001}');
/// A word that is less alike is another word.
const LEAST_LIKENESS: f64 = 0.4;

/// A kind of thing that is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SearchPart)]
pub enum Part {
    Competitions,
    /// Topics and the posts in them.
    Discussion,
    Notebooks,
    People,
}

impl Part {
    pub const ALL: [(Self, &'static str); 4] = [
        (Self::Competitions, "Competitions"),
        (Self::Notebooks, "Notebooks"),
        (Self::Discussion, "Discussion"),
        (Self::People, "People"),
    ];

    /// As it is written in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Competitions => "competitions",
            Self::Discussion => "discussion",
            Self::Notebooks => "notebooks",
            Self::People => "people",
        }
    }
}

/// What somebody typed, made ready; `None` where there is nothing to look for.
pub fn query(typed: &str) -> Option<String> {
    let plain = typed.replace('\0', " ");
    let words = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let query: String = words.chars().take(LONGEST_QUERY).collect();
    (!query.is_empty()).then_some(query)
}

/// The first word of a query, in small letters: excerpts of long texts begin near it.
pub fn first_word(query: &str) -> String {
    words(query).next().unwrap_or_default()
}

/// Something that was found.
#[derive(Debug, Clone)]
pub struct Hit {
    pub key: Key,
    /// In a word, such as `topic`.
    pub kind: &'static str,
    pub title: String,
    pub address: String,
    /// By whom, or what else is worth a line; may be empty.
    pub facts: String,
    /// Plain text in which [`MARK`] stands around what fits.
    pub excerpt: String,
    pub at: Option<DateTime<Utc>>,
}

impl Hit {
    pub fn sample() -> Self {
        Self {
            key: Key { number: 7, id: 1 },
            kind: "topic",
            title: "Why does it jump?".to_owned(),
            address: "/topics/1".to_owned(),
            facts: "Ada Lovelace".to_owned(),
            excerpt: format!("It is the {}noise{}.", MARK.0, MARK.1),
            at: Some(DateTime::UNIX_EPOCH),
        }
    }

    /// The excerpt as HTML.
    pub fn marked(&self) -> String {
        let mut html = String::new();
        let mut pieces = self.excerpt.split(MARK.0);
        push_text(&mut html, pieces.next().unwrap_or_default());
        for piece in pieces {
            match piece.split_once(MARK.1) {
                Some((fitting, rest)) => {
                    html.push_str("<mark>");
                    push_text(&mut html, fitting);
                    html.push_str("</mark>");
                    push_text(&mut html, rest);
                }
                None => push_text(&mut html, piece),
            }
        }
        html
    }
}

/// What was found of one kind.
#[derive(Debug, Clone)]
pub struct Found {
    pub part: Part,
    pub hits: Vec<Hit>,
    pub next: Option<Key>,
    /// What was searched for instead, where nothing was found for what was typed.
    pub instead: Option<String>,
}

/// What might have been meant: every word that is none of these, replaced by the most alike of them.
/// `None` where nothing is alike.
pub fn meant(query: &str, known: &[String]) -> Option<String> {
    let mut changed = false;
    let meant: Vec<_> = words(query)
        .map(|word| {
            let nearest = known
                .iter()
                .map(|other| (likeness(&word, other), other))
                .filter(|(likeness, _)| *likeness >= LEAST_LIKENESS)
                .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)));
            match nearest {
                Some((_, other)) if *other != word => {
                    changed = true;
                    other.clone()
                }
                _ => word,
            }
        })
        .collect();
    changed.then(|| meant.join(" "))
}

fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
}

/// The trigrams that two words share, as a part of all of theirs: as pg_trgm counts.
fn likeness(one: &str, other: &str) -> f64 {
    let (one, other) = (trigrams(one), trigrams(other));
    let shared = one.intersection(&other).count();
    let all = one.len() + other.len() - shared;
    if all == 0 { 0.0 } else { shared as f64 / all as f64 }
}

fn trigrams(word: &str) -> HashSet<[char; 3]> {
    let padded: Vec<char> = "  ".chars().chain(word.chars()).chain(" ".chars()).collect();
    padded.windows(3).filter_map(|window| window.try_into().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_text_with_marks() {
        let excerpt = format!("<b>{}a & b{} \u{e001} \u{e000}cut", MARK.0, MARK.1);
        let hit = Hit { excerpt, ..Hit::sample() };
        assert_eq!(hit.marked(), "&lt;b&gt;<mark>a &amp; b</mark> \u{e001} cut");
    }

    #[test]
    fn a_misspelt_word_is_found_in_titles() {
        let known = ["gradient", "boosting", "houses", "validation"].map(str::to_owned);
        assert_eq!(meant("gradiant bosting", &known), Some("gradient boosting".to_owned()));
        assert_eq!(meant("Gradient xyzzy", &known), None);
        assert_eq!(meant("gradient", &[]), None);
    }

    #[test]
    fn queries_are_one_line_with_an_end() {
        assert_eq!(query(" \n \0"), None);
        assert_eq!(query(" a\0b \n c "), Some("a b c".to_owned()));
        assert_eq!(query(&"ö".repeat(300)).map(|text| text.chars().count()), Some(LONGEST_QUERY));
    }
}
