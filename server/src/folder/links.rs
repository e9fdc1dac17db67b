//! Links from one page to another and to data files, as they are written in a folder: `rules.md`,
//! `../data/train.csv`. On the site they lead to the addresses of the same things.

use comrak::nodes::NodeValue;
use comrak::{Arena, Options, parse_document};

use crate::{markdown, paths};

/// A link that leads to no address of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub url: String,
    pub line: usize,
}

/// What a relative link leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    Page(&'a str),
    Data(&'a str),
    Elsewhere,
}

impl<'a> Target<'a> {
    /// Where a link of a page leads, without its fragment.
    pub fn of(url: &'a str) -> Self {
        let path = path(url);
        let path = path.strip_prefix("./").unwrap_or(path);
        if let Some(name) = path.strip_prefix("../data/") {
            return if name.contains('/') { Self::Elsewhere } else { Self::Data(name) };
        }
        let page = path.strip_prefix("../pages/").unwrap_or(path);
        if page.is_empty() || page.contains('/') {
            return Self::Elsewhere;
        }
        Self::Page(page.strip_suffix(".md").unwrap_or(page))
    }
}

fn path(url: &str) -> &str {
    url.split(['#', '?']).next().unwrap_or_default()
}

/// Whether a link is relative to its page, and no place in it.
fn is_relative(url: &str) -> bool {
    let scheme = url.split(['/', '?', '#']).next().unwrap_or_default().contains(':');
    !scheme && !url.starts_with('/') && !path(url).is_empty()
}

/// Draws a page of a competition: its relative links lead to the addresses of the same things.
pub fn draw(slug: &str, text: &str) -> String {
    markdown::draw_linked(text, |url| address(slug, url))
}

/// Where a relative link of a page leads on the site; `None` for every other.
fn address(slug: &str, url: &str) -> Option<String> {
    if !is_relative(url) {
        return None;
    }
    let address = match Target::of(url) {
        Target::Page("overview") => paths::competition(slug),
        Target::Page("data") => paths::data(slug),
        Target::Page(page) => paths::competition_page(slug, page),
        Target::Data(name) => paths::data_file(slug, name),
        Target::Elsewhere => return None,
    };
    Some(address + &url[path(url).len()..])
}

/// Every relative link and picture of a page.
pub fn relative(markdown: &str) -> Vec<Link> {
    let arena = Arena::new();
    let root = parse_document(&arena, markdown, &Options::default());
    root.descendants()
        .filter_map(|node| {
            let data = node.data.borrow();
            let (NodeValue::Link(link) | NodeValue::Image(link)) = &data.value else { return None };
            is_relative(&link.url).then(|| Link { url: link.url.clone(), line: data.sourcepos.start.line })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_links_are_found_with_their_lines() {
        let links = relative(
            "# A\n[r](rules.md#top) <https://x.org>\n\n![p](../data/p.png) [m](mailto:a@b) [t](#top) [s](/metrics/rmse)\n",
        );
        assert_eq!(
            links,
            [
                Link { url: "rules.md#top".to_owned(), line: 2 },
                Link { url: "../data/p.png".to_owned(), line: 4 }
            ]
        );
    }

    #[test]
    fn on_the_site_relative_links_lead_to_the_same_things() {
        let html = draw(
            "houses",
            "[r](rules.md#top) [o](./overview.md) ![p](../data/p.png) [w](https://x.org) [t](#top)",
        );
        for address in ["/c/houses/p/rules#top", "/c/houses", "/c/houses/data/p.png", "https://x.org", "#top"]
        {
            assert!(html.contains(&format!("=\"{address}\"")), "{address} in {html}");
        }
    }

    #[test]
    fn a_link_leads_to_a_page_a_data_file_or_elsewhere() {
        assert_eq!(Target::of("rules.md#top"), Target::Page("rules"));
        assert_eq!(Target::of("./rules"), Target::Page("rules"));
        assert_eq!(Target::of("../data/train.csv"), Target::Data("train.csv"));
        assert_eq!(Target::of("../solution.csv"), Target::Elsewhere);
    }
}
