//! HTML that a program put out: tables and words are kept, everything else is left out.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use ammonia::Builder;

use super::pictures::Gallery;
use crate::html::{is_deep, with_tags, words};

/// Longer HTML is not looked at, nor what nests too deep: another form of the output is shown.
const LONGEST_BYTES: usize = 300_000;

/// The harmless part of some HTML; `None` where nothing is left to see.
pub fn clean(html: &str, gallery: &mut Gallery) -> Option<String> {
    if html.len() > LONGEST_BYTES && !html.contains("data:image/") {
        return None;
    }
    let html = gallery.rehang(html);
    if html.len() > LONGEST_BYTES || is_deep(&html) {
        return None;
    }
    let cleaned = CLEANER.clean(&html).to_string();
    let shows = cleaned.contains("<img ") || !words(&cleaned).trim().is_empty();
    shows.then(|| with_scopes(&cleaned))
}

static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let tags: HashSet<&str> = [
        "table",
        "caption",
        "thead",
        "tbody",
        "tfoot",
        "tr",
        "th",
        "td",
        "colgroup",
        "col",
        "div",
        "p",
        "br",
        "hr",
        "span",
        "b",
        "strong",
        "i",
        "em",
        "u",
        "s",
        "del",
        "ins",
        "mark",
        "sub",
        "sup",
        "small",
        "code",
        "pre",
        "kbd",
        "samp",
        "var",
        "ul",
        "ol",
        "li",
        "dl",
        "dt",
        "dd",
        "blockquote",
        "details",
        "summary",
        "a",
        "img",
        "abbr",
    ]
    .into();
    let attributes: HashMap<&str, HashSet<&str>> = HashMap::from([
        ("a", ["href"].into()),
        ("img", ["src", "alt", "width", "height"].into()),
        ("th", ["colspan", "rowspan", "scope"].into()),
        ("td", ["colspan", "rowspan"].into()),
        ("col", ["span"].into()),
        ("ol", ["start"].into()),
    ]);
    let classes: HashMap<&str, HashSet<&str>> = HashMap::from([("table", ["dataframe"].into())]);
    let mut builder = Builder::new();
    builder
        .tags(tags)
        .tag_attributes(attributes)
        .generic_attributes(HashSet::new())
        .allowed_classes(classes)
        .clean_content_tags(["script", "style", "title", "noscript", "template", "svg", "math"].into())
        .url_schemes(["http", "https", "mailto"].into())
        .set_tag_attribute_value("img", "loading", "lazy")
        .link_rel(Some("noopener noreferrer nofollow"))
        .attribute_filter(|element, attribute, value| match (element, attribute) {
            // A picture from elsewhere would tell others who reads; its words stay.
            ("img", "src") => value.starts_with("/n/").then(|| value.into()),
            (_, "colspan" | "rowspan" | "span" | "width" | "height" | "start") => {
                (value.len() <= 4 && value.bytes().all(|byte| byte.is_ascii_digit())).then(|| value.into())
            }
            _ => Some(value.into()),
        });
    builder
});

/// Says of heads in tables what they are the head of: in the head of a table of a column, else of a row.
fn with_scopes(html: &str) -> String {
    let mut scope = "row";
    with_tags(html, |tag, changed| {
        if tag.starts_with("<thead") {
            scope = "col";
        } else if tag.starts_with("</thead") {
            scope = "row";
        }
        match tag.strip_prefix("<th") {
            Some(rest) if rest.starts_with(['>', ' ']) && !rest.contains("scope=") => {
                changed.push_str("<th scope=\"");
                changed.push_str(scope);
                changed.push('"');
                changed.push_str(rest);
            }
            _ => changed.push_str(tag),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(html: &str) -> Option<String> {
        clean(html, &mut Gallery::new("/n/ada/x/pictures/"))
    }

    #[test]
    fn tables_of_data_frames_stay() {
        let html = cleaned(
            "<div><style scoped>th {color: red}</style><table border=\"1\" class=\"dataframe evil\" style=\"x\" id=\"main\">\
             <thead><tr style=\"text-align: right;\"><th></th><th>a &lt; b</th></tr></thead>\
             <tbody><tr><th>0</th><td colspan=\"2\" onclick=\"x()\">1</td></tr></tbody></table><p>1 rows</p></div>",
        );
        assert_eq!(
            html.as_deref(),
            Some(
                "<div><table class=\"dataframe\"><thead><tr><th scope=\"col\"></th><th scope=\"col\">a &lt; b</th></tr></thead>\
                 <tbody><tr><th scope=\"row\">0</th><td colspan=\"2\">1</td></tr></tbody></table><p>1 rows</p></div>"
            )
        );
    }

    #[test]
    fn what_could_act_is_gone() {
        assert_eq!(
            cleaned("<script>alert(1)</script><iframe src=\"https://x\"></iframe> <style>a{}</style>"),
            None
        );
        let html = cleaned(
            "<a href=\"javascript:x()\">a</a><img src=\"https://x/y.png\" onerror=\"x()\" alt=\"b\"><form><input></form>\
             <img src=/sign-out><details ontoggle=x() open><summary>c</summary></details>",
        )
        .expect("words");
        for gone in ["javascript", "https://x", "onerror", "form", "input", "sign-out", "ontoggle"] {
            assert!(!html.contains(gone), "{html}");
        }
    }
}
