//! Markdown cells, drawn as all Markdown of the house is, with what notebooks have besides: attached
//! pictures, headings that the table of contents leads to, LaTeX without dollar signs.

use std::borrow::Cow;
use std::collections::HashSet;

use super::pictures::{Gallery, Hung};
use crate::html::{push_text, tag_length, with_tags, words};
use crate::markdown;
use crate::notebooks::ipynb::Cell;

/// A longer text is shown as it was typed.
const LONGEST_BYTES: usize = 300_000;
/// Headings behind these are drawn and not listed.
const MOST_HEADINGS: usize = 200;
/// What the addresses of places within a notebook begin with, so that none is one of the page's own.
const PLACE: &str = "nb-";
const LONGEST_PLACE: usize = 120;
/// Survive Markdown and its cleaning as text; stand around the name of a place.
const MARK: (char, char) = ('\u{e0a0}', '\u{e0a1}');

/// A line of the table of contents.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Heading {
    /// 1 for the highest.
    pub level: u8,
    /// Where it stands in the page.
    pub place: String,
    pub text: String,
}

/// The headings of one notebook, as far as they are drawn.
#[derive(Debug, Default)]
pub struct Contents {
    pub headings: Vec<Heading>,
    places: HashSet<String>,
}

/// Appends a Markdown cell.
pub fn push_prose(html: &mut String, cell: &Cell<'_>, gallery: &mut Gallery, contents: &mut Contents) {
    let mut text = cell.source.to_string();
    for (name, bundle) in &cell.attachments {
        let hung =
            bundle.forms().filter(|(mime, _)| mime.starts_with("image/")).find_map(|(mime, payload)| {
                if mime == "image/svg+xml" {
                    gallery.hang_svg(payload.text())
                } else {
                    gallery.hang(payload.text())
                }
            });
        if let Some(Hung { address, .. }) = hung {
            for spelled in [name.to_string(), name.replace(' ', "%20")] {
                text = text.replace(&format!("attachment:{spelled}"), &address);
            }
        }
    }
    let text = gallery.rehang(&text);
    if text.len() > LONGEST_BYTES {
        html.push_str("<pre>");
        push_text(html, text.get(..LONGEST_BYTES).unwrap_or_default());
        html.push_str("</pre>");
        return;
    }
    push_markdown(html, &text, contents);
}

/// Appends Markdown whose pictures hang already.
pub fn push_markdown(html: &mut String, text: &str, contents: &mut Contents) {
    let drawn = markdown::draw(&with_dollars(&with_marks(text)));
    html.push_str(&finish(&drawn, contents));
}

/// LaTeX environments that stand alone, between dollar signs as the rest of the house writes formulas.
fn with_dollars(text: &str) -> Cow<'_, str> {
    const BEGIN: &str = "\\begin{";
    if !text.contains(BEGIN) {
        return Cow::Borrowed(text);
    }
    let mut changed = String::with_capacity(text.len() + 16);
    let mut open: Option<String> = None;
    let mut is_fenced = false;
    let mut n_dollars = 0;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim();
        if trimmed.starts_with("```") || trimmed.starts_with("~~~") {
            is_fenced = !is_fenced;
        }
        let begins = open.is_none() && !is_fenced && n_dollars % 2 == 0 && trimmed.starts_with(BEGIN);
        n_dollars += line.matches("$$").count();
        if begins {
            let name = trimmed[BEGIN.len()..].split('}').next().unwrap_or_default();
            open = Some(format!("\\end{{{name}}}"));
            changed.push_str("$$\n");
        }
        match &open {
            Some(end) if trimmed.ends_with(end.as_str()) => {
                changed.push_str(line.trim_end());
                changed.push_str("\n$$\n");
                open = None;
            }
            _ => changed.push_str(line),
        }
    }
    if open.is_some() { Cow::Borrowed(text) } else { Cow::Owned(changed) }
}

/// `<a id="…">`, the way in which notebooks name places, as marks that cleaning leaves alone.
fn with_marks(text: &str) -> Cow<'_, str> {
    if !text.contains("<a ") {
        return Cow::Borrowed(text);
    }
    let mut changed = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("<a ") {
        let (before, tag) = rest.split_at(at);
        changed.push_str(before);
        let (tag, after) = tag.split_at(tag_length(tag));
        let place = attribute(tag, "id")
            .or_else(|| attribute(tag, "name"))
            .filter(|_| attribute(tag, "href").is_none());
        rest = match place {
            Some(place) if place.len() <= LONGEST_PLACE => {
                changed.push(MARK.0);
                changed.extend(place.chars().filter(|c| c.is_alphanumeric() || "-_.:".contains(*c)));
                changed.push(MARK.1);
                after.strip_prefix("</a>").unwrap_or(after)
            }
            _ => {
                changed.push_str(tag);
                after
            }
        };
    }
    changed.push_str(rest);
    Cow::Owned(changed)
}

/// The value of an attribute that is written in quotes.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let (_, after) = tag.split_once(&format!(" {name}="))?;
    let quote = after.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    after[1..].split(quote).next()
}

/// Gives headings their places below the page's own heading, and pictures from elsewhere a link instead.
fn finish(drawn: &str, contents: &mut Contents) -> String {
    let mut heading: Option<(usize, usize, u8)> = None;
    let mut is_link_open = false;
    let html = with_tags(drawn, |tag, html| {
        if let Some(level) = heading_level(tag) {
            if let Some((id_at, text_at, level)) = heading.take() {
                let place = contents.add(level, &words(&html[text_at..]));
                html.insert_str(id_at, &place);
                html.push_str(&format!("</h{}>", (level + 1).min(6)));
            } else if !tag.starts_with("</") {
                html.push_str(&format!("<h{} id=\"", (level + 1).min(6)));
                let id_at = html.len();
                html.push_str("\">");
                heading = Some((id_at, html.len(), level));
            }
            return;
        }
        match tag {
            _ if tag.starts_with("<a ") => {
                is_link_open = true;
                html.push_str(&tag.replacen(" href=\"#", &format!(" href=\"#{PLACE}"), 1));
            }
            "</a>" => {
                is_link_open = false;
                html.push_str(tag);
            }
            _ if tag.starts_with("<img ") => push_picture(html, tag, is_link_open),
            "<th>" => html.push_str("<th scope=\"col\">"), // Markdown has no other heads
            _ => html.push_str(tag),
        }
    });
    let mut placed = String::with_capacity(html.len());
    let mut rest = html.as_str();
    while let Some((before, after)) = rest.split_once(MARK.0) {
        placed.push_str(before);
        rest = match after.split_once(MARK.1) {
            Some((name, after)) if name.len() <= LONGEST_PLACE && !name.contains(['<', '>', '"', '&']) => {
                if contents.places.insert(format!("{PLACE}{name}")) {
                    placed.push_str(&format!("<span id=\"{PLACE}{name}\"></span>"));
                }
                after
            }
            _ => after,
        };
    }
    placed.push_str(rest);
    placed
}

/// The level of a heading's tag, opening or closing.
fn heading_level(tag: &str) -> Option<u8> {
    let name = tag.trim_start_matches(['<', '/']).strip_prefix('h')?;
    let level = name.bytes().next().filter(|digit| (b'1'..=b'6').contains(digit))?;
    name[1..].starts_with(['>', ' ']).then_some(level - b'0')
}

/// A picture of this house, or a link to one elsewhere, from where the page loads nothing.
fn push_picture(html: &mut String, tag: &str, is_link_open: bool) {
    let source = attribute(tag, "src").unwrap_or_default();
    if source.starts_with("/n/") {
        html.push_str("<img loading=\"lazy\" ");
        html.push_str(tag.trim_start_matches("<img "));
        return;
    }
    let words = attribute(tag, "alt").filter(|alt| !alt.is_empty()).unwrap_or("no description");
    let is_elsewhere = source.starts_with("https://") || source.starts_with("http://");
    if is_elsewhere && !is_link_open {
        html.push_str(&format!(
            "<a class=\"elsewhere\" href=\"{source}\" rel=\"noopener noreferrer nofollow\">Picture elsewhere: {words}</a>"
        ));
    } else {
        html.push_str(&format!("<span class=\"elsewhere\">Picture that is not here: {words}</span>"));
    }
}

impl Contents {
    /// Lists a heading; gives its place, escaped for an attribute.
    fn add(&mut self, level: u8, text: &str) -> String {
        let text: String =
            text.replace([MARK.0, MARK.1], "").split_whitespace().collect::<Vec<_>>().join(" ");
        let short: String = text.chars().take(LONGEST_PLACE).collect();
        let wanted = format!("{PLACE}{}", short.replace(' ', "-"));
        let mut place = wanted.clone();
        let mut number = 1;
        while !self.places.insert(place.clone()) {
            number += 1;
            place = format!("{wanted}-{number}");
        }
        if self.headings.len() < MOST_HEADINGS && !text.is_empty() {
            self.headings.push(Heading { level, place: place.clone(), text: short });
        }
        crate::html::escaped(&place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(text: &str) -> (String, Vec<Heading>) {
        let mut contents = Contents::default();
        let mut html = String::new();
        let cell = Cell { source: text.into(), ..Cell::default() };
        push_prose(&mut html, &cell, &mut Gallery::new("/n/"), &mut contents);
        (html, contents.headings)
    }

    #[test]
    fn headings_get_places_that_links_find() {
        let (html, headings) = drawn("# The `data` & more\n\n[there](#The-data-&-more)\n\n# The data & more");
        assert!(
            html.contains("<h2 id=\"nb-The-data-&amp;-more\">The <code>data</code> &amp; more</h2>"),
            "{html}"
        );
        assert!(html.contains("<h2 id=\"nb-The-data-&amp;-more-2\">"), "{html}");
        assert!(html.contains("href=\"#nb-The-data-"), "{html}");
        assert_eq!(headings.len(), 2);
        assert_eq!((headings[0].level, headings[0].text.as_str()), (1, "The data & more"));
    }

    #[test]
    fn named_places_stay() {
        let (html, _) = drawn("<a id=\"sec\"></a>\n## Two\n[up](#sec) <a name='b\"onclick=x'></a>");
        assert!(html.contains("<span id=\"nb-sec\"></span>") && html.contains("href=\"#nb-sec\""), "{html}");
        assert!(!html.contains("onclick=x'") && !html.contains("\"onclick"), "{html}");
    }

    #[test]
    fn environments_without_dollars_are_formulas() {
        let (html, _) = drawn("See\n\n\\begin{align}\na &= b \\\\\n\\end{align}\n\nand `\\begin{x}`.");
        assert!(html.contains("<math") && html.contains("<mtable") && html.contains("and <code>"), "{html}");
        let (html, _) = drawn("```\n\\begin{align}\n\\end{align}\n```");
        assert!(!html.contains("<math"), "{html}");
    }

    #[test]
    fn pictures_from_elsewhere_are_links() {
        let (html, _) =
            drawn("![a chart](https://example.org/x.png) [![b](http://e.org/y.png)](https://e.org)");
        assert!(
            html.contains("href=\"https://example.org/x.png\"") && html.contains("elsewhere: a chart"),
            "{html}"
        );
        assert!(!html.contains("<img") && html.contains("not here: b"), "{html}");
    }

    #[test]
    fn a_heading_inside_of_an_attribute_is_none() {
        let (html, headings) =
            drawn("<a href=\"https://x.org\" title=\"<h1>\">y</a>\n\n![<h2> \" onerror=x](/n/a.png)");
        assert!(headings.is_empty(), "{html}");
        assert!(!html.contains("\" onerror"), "{html}");
    }
}
