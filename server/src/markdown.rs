//! Markdown to safe HTML, in one place: drawn once when a text is saved, stored, and shown as it is.
//! Formulas between dollar signs become MathML on the server.
//!
//! Never here: HTML that a person wrote and that was not cleaned.

mod references;

use std::collections::HashSet;

use ammonia::Builder;
use comrak::nodes::NodeValue;
use comrak::{Arena, Options};
use pulldown_latex::config::DisplayMode;
use pulldown_latex::{Parser, RenderConfig, Storage};

pub use references::{Mentions, mentions};

/// A longer formula is shown as its source: no page needs it, and drawing costs time.
const LONGEST_FORMULA_BYTES: usize = 4_000;

/// Draws CommonMark with tables, strikethrough, footnotes and `$formulas$`, and keeps only
/// harmless HTML.
pub fn draw(markdown: &str) -> String {
    let options = options();
    let arena = Arena::new();
    let root = comrak::parse_document(&arena, markdown, &options);
    let mut formulas = Vec::new();
    for node in root.descendants() {
        let mut data = node.data.borrow_mut();
        if let NodeValue::Math(math) = &data.value {
            let formula = draw_formula(&math.literal, math.display_math);
            data.value = NodeValue::HtmlInline(placeholder(formulas.len()));
            formulas.push(formula);
        }
    }
    let mut html = String::new();
    if comrak::format_html(root, &options, &mut html).is_err() {
        return String::new();
    }
    put_formulas(sanitise(&html), &formulas)
}

/// A text as it is stored beside its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawn {
    pub html: String,
    /// The words alone, in one line a block, for excerpts and search.
    pub plain: String,
}

/// Draws what a person wrote to others.
pub fn draw_post(markdown: &str) -> Drawn {
    Drawn { html: draw(markdown), plain: plain(markdown) }
}

/// The words of a text without its marks.
fn plain(markdown: &str) -> String {
    let options = options();
    let arena = Arena::new();
    let root = comrak::parse_document(&arena, markdown, &options);
    let mut words = String::new();
    for node in root.descendants() {
        match &node.data.borrow().value {
            NodeValue::Text(text) => words.push_str(text),
            NodeValue::Code(code) => words.push_str(&code.literal),
            NodeValue::CodeBlock(block) => push_block(&mut words, &block.literal),
            NodeValue::Math(math) => words.push_str(&math.literal),
            NodeValue::SoftBreak | NodeValue::LineBreak => words.push(' '),
            NodeValue::TableCell => words.push(' '),
            value if value.block() => push_block(&mut words, ""),
            _ => {}
        }
    }
    words.trim().to_owned()
}

fn push_block(words: &mut String, text: &str) {
    if !words.is_empty() && !words.ends_with('\n') {
        words.push('\n');
    }
    words.push_str(text);
}

/// Draws one LaTeX formula as MathML; what cannot be read is shown as its source.
pub fn draw_formula(latex: &str, display: bool) -> String {
    if latex.len() > LONGEST_FORMULA_BYTES {
        return format!("<code>{}</code>", ammonia::clean_text(latex));
    }
    let storage = Storage::new();
    let config = RenderConfig {
        display_mode: if display { DisplayMode::Block } else { DisplayMode::Inline },
        ..RenderConfig::default()
    };
    let mut mathml = String::new();
    match pulldown_latex::push_mathml(&mut mathml, Parser::new(latex, &storage), config) {
        Ok(()) => sanitise_mathml(&mathml),
        Err(_) => format!("<code>{}</code>", ammonia::clean_text(latex)),
    }
}

fn options() -> Options<'static> {
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.strikethrough = true;
    options.extension.autolink = true;
    options.extension.footnotes = true;
    options.extension.math_dollars = true;
    options.render.r#unsafe = true; // ammonia decides what stays
    options
}

/// Survives [`sanitise`] as it is. Quotes inside attributes are escaped there, so that a formula
/// can never land in an attribute.
fn placeholder(number: usize) -> String {
    format!("<span data-formula=\"{number}\"></span>")
}

fn put_formulas(html: String, formulas: &[String]) -> String {
    let mut drawn = html;
    for (number, formula) in formulas.iter().enumerate() {
        drawn = drawn.replacen(&placeholder(number), formula, 1);
    }
    drawn
}

fn sanitise(html: &str) -> String {
    Builder::default()
        .link_rel(Some("noopener noreferrer nofollow"))
        .add_tag_attributes("code", &["class"])
        .add_tag_attributes("th", &["align"])
        .add_tag_attributes("td", &["align"])
        .add_tag_attributes("span", &["data-formula"])
        .url_schemes(["http", "https", "mailto"].into())
        .clean(html)
        .to_string()
}

/// The tags and attributes of MathML Core that draw; nothing that links, embeds or styles.
fn sanitise_mathml(mathml: &str) -> String {
    let tags: HashSet<&str> = [
        "math",
        "mrow",
        "mi",
        "mn",
        "mo",
        "ms",
        "mtext",
        "mspace",
        "mfrac",
        "msqrt",
        "mroot",
        "msub",
        "msup",
        "msubsup",
        "munder",
        "mover",
        "munderover",
        "mmultiscripts",
        "mprescripts",
        "mtable",
        "mtr",
        "mtd",
        "mstyle",
        "mpadded",
        "mphantom",
        "merror",
        "menclose",
    ]
    .into();
    let attributes: HashSet<&str> = [
        "display",
        "mathvariant",
        "accent",
        "accentunder",
        "stretchy",
        "fence",
        "form",
        "lspace",
        "rspace",
        "largeop",
        "movablelimits",
        "symmetric",
        "minsize",
        "maxsize",
        "linethickness",
        "displaystyle",
        "scriptlevel",
        "width",
        "height",
        "depth",
        "voffset",
        "separator",
        "columnspan",
        "rowspan",
    ]
    .into();
    Builder::new()
        .tags(tags)
        .generic_attributes(attributes)
        .tag_attributes(std::collections::HashMap::new())
        .clean(mathml)
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_drawn_and_scripts_are_not() {
        let html = draw("|a|b|\n|-|-|\n|1|2|\n\n<script>alert(1)</script><img src=x onerror=alert(1)>");
        assert!(html.contains("<table>"));
        assert!(!html.contains("script") && !html.contains("onerror"));
        assert!(!draw("[x](javascript:alert(1))").contains("javascript"));
    }

    #[test]
    fn formulas_become_mathml() {
        let html = draw("The error is $\\sqrt{\\frac{1}{n}\\sum_i (y_i - \\hat y_i)^2}$.\n\n$$x^2$$");
        assert!(html.contains("<msqrt>") && html.contains("<mfrac>"), "{html}");
        assert!(html.contains("display=\"block\""), "{html}");
        assert!(!html.contains("data-formula"), "{html}");
    }

    #[test]
    fn a_formula_brings_no_html_and_never_lands_in_an_attribute() {
        let html =
            draw("$\\text{<script>alert(1)</script><img src=x>}$ and ![$x\" onerror=alert(1)$](y.png)");
        assert!(!html.contains("<script") && !html.contains("<img src=\"x"), "{html}");
        assert!(!html.contains("onerror=alert(1)\"") && !html.contains("\" onerror"), "{html}");
        let html = draw("<a title='<span data-formula=\"0\"></span>' href='https://a.b'>x</a> $y$");
        assert!(!html.contains("title=\"<math"), "{html}");
    }

    #[test]
    fn a_formula_that_cannot_be_read_harms_nothing() {
        assert!(!draw("$\\frac{$ text").is_empty());
        assert!(draw(&format!("${}$", "x".repeat(5_000))).contains("<code>"));
        let recursive = draw("$\\def\\a{\\a\\a}\\a$");
        assert!(recursive.len() < 100_000);
    }
}
