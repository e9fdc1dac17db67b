//! Markdown to safe HTML, in one place: drawn once when a text is saved, stored, and shown as it is.
//! Formulas between dollar signs become MathML on the server, and code gets its colours there.
//! What a text refers to is found out by its room, between [`mentions`] and [`draw_post`].
//!
//! Never here: HTML that a person wrote and that was not cleaned.

mod references;

use ammonia::Builder;
use comrak::nodes::{AstNode, NodeLink, NodeValue};
use comrak::{Arena, Options};
use pulldown_latex::config::DisplayMode;
use pulldown_latex::{Parser, RenderConfig, Storage};

use crate::highlight;
use crate::html::{escaped, is_deep};

pub use references::{Mentions, References, Score, mentions};

/// A longer formula is shown as its source: no page needs it, and drawing costs time.
const LONGEST_FORMULA_BYTES: usize = 4_000;
/// Around what the drawing of a formula says of its source, for whoever programs it.
const WRONG_FORMULA: &str = "<merror";
/// Longer code is shown without colours.
const LONGEST_COLOURED_BYTES: usize = 100_000;
const DONE: &str = "<input type=\"checkbox\" aria-label=\"done\" checked disabled>";
const TO_DO: &str = "<input type=\"checkbox\" aria-label=\"to do\" disabled>";
/// Where images of this site are; posts show no others.
pub const IMAGES: &str = "/images/";

/// Draws CommonMark with tables, strikethrough, lists of tasks, footnotes, `$formulas$` and coloured code, and keeps
/// only harmless HTML. What nests deeper than anybody reads is shown as its source.
pub fn draw(markdown: &str) -> String {
    draw_linked(markdown, |_| None)
}

/// As [`draw`]; what `address` gives for a link or a picture is where it leads.
pub fn draw_linked(markdown: &str, address: impl Fn(&str) -> Option<String>) -> String {
    render(markdown, None, address)
}

/// With `known`, as people write to others: names become links, and images are those of this site.
fn render(markdown: &str, known: Option<&References>, address: impl Fn(&str) -> Option<String>) -> String {
    let options = options();
    let arena = Arena::new();
    let root = comrak::parse_document(&arena, markdown, &options);
    let mut parts = Parts::default();
    let nodes: Vec<_> = root.descendants().collect();
    for node in nodes {
        lead(node, &address);
        // The box that comrak draws looks like any that a person typed, and is cleaned away.
        if let Some((task, words)) = task(node).zip(node.first_child())
            && matches!(words.data.borrow().value, NodeValue::Paragraph)
        {
            words.prepend(arena.alloc(NodeValue::HtmlInline(parts.keep(task.to_owned())).into()));
        }
        replace(node, known, &mut parts);
    }
    let mut html = String::new();
    if comrak::format_html(root, &options, &mut html).is_err() {
        return String::new();
    }
    if is_deep(&html) {
        return format!("<pre>{}</pre>", escaped(markdown));
    }
    let html = sanitise(&html, known.is_some());
    parts.put_into(&html)
}

/// Leads a link or a picture to where `address` says.
fn lead<'a>(node: &'a AstNode<'a>, address: impl Fn(&str) -> Option<String>) {
    if let NodeValue::Link(link) | NodeValue::Image(link) = &mut node.data.borrow_mut().value
        && let Some(url) = address(&link.url)
    {
        link.url = url;
    }
}

/// The box of an item in a list of tasks; nobody ticks it in the text of another.
fn task<'a>(node: &'a AstNode<'a>) -> Option<&'static str> {
    match &node.data.borrow().value {
        NodeValue::TaskItem(item) if item.symbol.is_some() => Some(DONE),
        NodeValue::TaskItem(_) => Some(TO_DO),
        _ => None,
    }
}

/// Draws by hand what comrak does not, and leaves a mark in its place.
fn replace<'a>(node: &'a AstNode<'a>, known: Option<&References>, parts: &mut Parts) {
    let named = known.filter(|_| !references::is_inside_link(node));
    let mut data = node.data.borrow_mut();
    match &mut data.value {
        NodeValue::Math(math) => {
            let formula = draw_formula(&math.literal, math.display_math);
            data.value = NodeValue::HtmlInline(parts.keep(formula));
        }
        NodeValue::CodeBlock(block) => {
            if let Some(code) = coloured(&block.info, &block.literal) {
                data.value = NodeValue::Raw(format!("{}\n", parts.keep(code)));
            }
        }
        NodeValue::Image(image) if known.is_some() && !is_own_image(&image.url) => {
            let link = NodeLink { url: std::mem::take(&mut image.url), title: String::new() };
            data.value = NodeValue::Link(Box::new(link));
        }
        NodeValue::Text(text) => {
            let drawn = named.and_then(|known| references::link(text, known, parts));
            if let Some(html) = drawn {
                data.value = NodeValue::HtmlInline(html);
            }
        }
        _ => {}
    }
}

/// A block of code with its syntax marked; `None` where its language is unknown.
fn coloured(info: &str, source: &str) -> Option<String> {
    let language = info.split([' ', ',', '{']).next().unwrap_or_default();
    if !highlight::is_known(language) || source.len() > LONGEST_COLOURED_BYTES {
        return None;
    }
    let mut html = "<pre><code>".to_owned();
    highlight::push_code(&mut html, source, language);
    html.push_str("</code></pre>");
    Some(html)
}

/// Whether an address is that of an image that was uploaded here.
fn is_own_image(url: &str) -> bool {
    url.strip_prefix(IMAGES).is_some_and(|id| uuid::Uuid::try_parse(id).is_ok())
}

/// A text as it is stored beside its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawn {
    pub html: String,
    /// The words alone, in one line a block, for excerpts and search.
    pub plain: String,
}

/// Draws what a person wrote to others, with links to what it refers to.
pub fn draw_post(markdown: &str, known: &References) -> Drawn {
    Drawn { html: render(markdown, Some(known), |_| None), plain: plain(markdown) }
}

/// The words of a text without its marks.
pub fn plain(markdown: &str) -> String {
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
        Ok(()) if !mathml.contains(WRONG_FORMULA) => sanitise_mathml(&mathml),
        Ok(()) | Err(_) => format!("<code>{}</code>", ammonia::clean_text(latex)),
    }
}

fn options() -> Options<'static> {
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.strikethrough = true;
    options.extension.autolink = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    options.extension.math_dollars = true;
    options.render.r#unsafe = true; // ammonia decides what stays
    options
}

/// HTML that was drawn here and needs no cleaning, each part behind a mark that survives it.
/// Quotes inside attributes are escaped there, so that no part can land in an attribute.
#[derive(Debug, Default)]
struct Parts(Vec<String>);

const MARK: &str = "<span data-part=\"";
const MARK_END: &str = "\"></span>";

impl Parts {
    /// Takes a part; what stands for it.
    fn keep(&mut self, html: String) -> String {
        self.0.push(html);
        format!("{MARK}{}{MARK_END}", self.0.len() - 1)
    }

    /// Every mark replaced by its part, in one walk. A mark that a person typed shows nothing new: a part
    /// again, or none.
    fn put_into(&self, html: &str) -> String {
        let mut pieces = html.split(MARK);
        let mut whole = pieces.next().unwrap_or_default().to_owned();
        let mut is_shown = vec![false; self.0.len()];
        for piece in pieces {
            let (number, rest) = piece.split_once(MARK_END).unwrap_or(("", piece));
            let number = number.parse::<usize>().unwrap_or(usize::MAX);
            if is_shown.get(number) == Some(&false) {
                is_shown[number] = true;
                whole.push_str(&self.0[number]);
            }
            whole.push_str(rest);
        }
        whole
    }
}

fn sanitise(html: &str, own_images_alone: bool) -> String {
    Builder::default()
        .link_rel(Some("noopener noreferrer nofollow"))
        .add_tag_attributes("code", &["class"])
        .add_tag_attributes("th", &["align"])
        .add_tag_attributes("td", &["align"])
        .add_tag_attributes("span", &["data-part"])
        .url_schemes(["http", "https", "mailto"].into())
        .attribute_filter(move |element, attribute, value| {
            let is_kept = match (element, attribute) {
                ("img", "src") => !own_images_alone || is_own_image(value),
                ("code", "class") => value.strip_prefix("language-").is_some_and(is_word),
                ("span", "data-part") => value.bytes().all(|byte| byte.is_ascii_digit()),
                _ => true,
            };
            is_kept.then(|| value.into())
        })
        .clean(html)
        .to_string()
}

fn is_word(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-#_.".contains(&byte))
}

/// The tags of MathML Core that draw; nothing that links, embeds or styles.
const MATHML_TAGS: [&str; 26] = [
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
    "menclose",
];
/// Their attributes, likewise.
const MATHML_ATTRIBUTES: [&str; 24] = [
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
];

fn sanitise_mathml(mathml: &str) -> String {
    Builder::new()
        .tags(MATHML_TAGS.into())
        .generic_attributes(MATHML_ATTRIBUTES.into())
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
    fn what_nests_too_deep_and_a_wrong_formula_are_shown_as_their_source() {
        let quotes = ">".repeat(30_000);
        for deep in [quotes.clone(), "<div>".repeat(6_000), format!("{quotes}\n{}", "a\n".repeat(9_000))] {
            let html = draw(&deep);
            assert!(html.starts_with("<pre>&") && html.len() < 5 * deep.len(), "{}", &html[..60]);
        }
        assert_eq!(draw("> > > a").matches("<blockquote>").count(), 3);
        for wrong in ["\\foo{", "\\frac{1}", "\\unknown{x}"] {
            assert_eq!(draw_formula(wrong, false), format!("<code>{wrong}</code>"));
        }
    }

    #[test]
    fn tasks_have_boxes_that_nobody_can_tick_and_no_typed_field_comes_in() {
        let tasks = "- [x] **split**\n- [ ] train";
        let html = render(tasks, None, |_| None);
        assert_eq!(html.matches("<input ").count(), 2, "{html}");
        assert!(html.contains(&format!("<li>{DONE}")) || html.contains(&format!("<li> {DONE}")), "{html}");
        assert!(html.contains(TO_DO), "{html}");
        let typed = "<input type=checkbox disabled> <input type=text name=q autofocus onfocus=alert(1)>";
        assert!(!render(typed, None, |_| None).contains("input"));
        assert_eq!(plain(tasks), "split\ntrain");
    }

    #[test]
    fn formulas_become_mathml() {
        let html = draw("The error is $\\sqrt{\\frac{1}{n}\\sum_i (y_i - \\hat y_i)^2}$.\n\n$$x^2$$");
        assert!(html.contains("<msqrt>") && html.contains("<mfrac>"), "{html}");
        assert!(html.contains("display=\"block\""), "{html}");
        assert!(!html.contains("data-part"), "{html}");
    }

    #[test]
    fn a_formula_brings_no_html_and_never_lands_in_an_attribute() {
        let html =
            draw("$\\text{<script>alert(1)</script><img src=x>}$ and ![$x\" onerror=alert(1)$](y.png)");
        assert!(!html.contains("<script") && !html.contains("<img src=\"x"), "{html}");
        assert!(!html.contains("onerror=alert(1)\"") && !html.contains("\" onerror"), "{html}");
        let html = draw("<a title='<span data-part=\"0\"></span>' href='https://a.b'>x</a> $y$");
        assert!(!html.contains("title=\"<math"), "{html}");
    }

    #[test]
    fn code_has_colours_and_stays_code() {
        let html = draw("```python\ndef f(x): return \"<script>\"\n```\n\n```nonsense\n<b>\n```");
        assert!(html.contains("class=\"hl-k\"") && html.contains("&lt;script&gt;"), "{html}");
        assert!(html.contains("<code class=\"language-nonsense\">&lt;b&gt;"), "{html}");
    }

    #[test]
    fn posts_link_what_is_known_and_show_images_of_this_site_alone() {
        let known = References {
            people: ["ada".to_owned()].into(),
            topics: [(7, "A <b> topic".to_owned())].into(),
            ..References::default()
        };
        let image = "/images/5c1f7d1e-93f6-4b5c-8a44-0d2a4f0e7b11";
        let text = format!(
            "@Ada @bob #7 #8 <i>@ada</i> ![own]({image}) ![far](https://a.b/c.png) <img src=//a.b/c>"
        );
        let html = draw_post(&text, &known).html;
        assert!(html.contains("<a class=\"mention\" href=\"/u/ada\">@Ada</a> @bob"), "{html}");
        assert!(html.contains("<a href=\"/topics/7\">A &lt;b&gt; topic (#7)</a> #8"), "{html}");
        assert!(html.contains(&format!("<img src=\"{image}\"")), "{html}");
        assert!(!html.contains("src=\"https") && !html.contains("src=\"//"), "{html}");
        assert!(html.contains("href=\"https://a.b/c.png\""), "{html}");
    }

    #[test]
    fn a_formula_that_cannot_be_read_harms_nothing() {
        assert!(!draw("$\\frac{$ text").is_empty());
        assert!(draw(&format!("${}$", "x".repeat(5_000))).contains("<code>"));
        let recursive = draw("$\\def\\a{\\a\\a}\\a$");
        assert!(recursive.len() < 100_000);
    }
}
