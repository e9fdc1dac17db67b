//! Outputs of code cells: of several forms of the same thing the best that can do no harm.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::pictures::{Gallery, Hung};
use super::prose::{Contents, push_markdown};
use super::terminal::{Style, plain, push_terminal, settle};
use super::{Pen, markup};
use crate::html::{escaped, push_text};
use crate::markdown;
use crate::notebooks::ipynb::{Bundle, Output, Payload};

/// Lines of a text that are shown before the rest is folded away.
const LINES_SHOWN: usize = 30;
/// A text is folded only where it hides more than these.
const LINES_TO_FOLD: usize = 20;
/// Lines of a text that are drawn at all.
const MOST_LINES: usize = 1_000;
/// Longest text that is drawn.
const LONGEST_BYTES: usize = 100_000;
const PICTURES: [&str; 5] = ["image/png", "image/jpeg", "image/svg+xml", "image/gif", "image/webp"];

/// Appends all outputs of the cell with this number.
pub fn push_outputs(pen: &mut Pen, outputs: &[Output<'_>], cell: usize) {
    let mut at = 0;
    while let Some(output) = outputs.get(at) {
        at += 1;
        match output {
            Output::Stream { is_error, text } => {
                let mut whole = text.to_string();
                // What one program printed piece by piece is one text: progress bars go over pieces.
                while let Some(Output::Stream { is_error: same, text }) = outputs.get(at)
                    && same == is_error
                {
                    whole.push_str(text);
                    at += 1;
                }
                push_lines(&mut pen.html, &settle(&whole), if *is_error { "stderr" } else { "" });
            }
            Output::Error { name, value, traceback } => {
                push_error(&mut pen.html, name, value, &traceback.join("\n"))
            }
            Output::Data { bundle, count } => {
                if let Some(count) = count {
                    pen.html.push_str(&format!("<p class=\"count\">Out [{count}]:</p>"));
                }
                push_bundle(pen, bundle, cell);
            }
        }
    }
}

fn push_error(html: &mut String, name: &str, value: &str, traceback: &str) {
    if traceback.trim().is_empty() {
        push_lines(html, &format!("{name}: {value}"), "error");
    } else {
        push_lines(html, &settle(traceback), "error");
    }
}

/// A text of a terminal. What is long is folded, what is very long is cut.
fn push_lines(html: &mut String, text: &str, class: &str) {
    let text = text.trim_end_matches('\n');
    if text.is_empty() {
        return;
    }
    let drawn = cut(text);
    let n_lines = drawn.lines().count();
    let mut style = Style::default();
    let mut pre = |html: &mut String, text: &str| {
        html.push_str("<pre class=\"term");
        if !class.is_empty() {
            html.push(' ');
            html.push_str(class);
        }
        html.push_str("\">");
        push_terminal(html, text, &mut style);
        html.push_str("</pre>");
    };
    if n_lines <= LINES_SHOWN + LINES_TO_FOLD {
        pre(html, drawn);
    } else {
        let shown = drawn.match_indices('\n').nth(LINES_SHOWN - 1).map_or(drawn.len(), |(at, _)| at);
        pre(html, &drawn[..shown]);
        html.push_str(&format!(
            "<details class=\"more\"><summary>{} more lines</summary>",
            n_lines - LINES_SHOWN
        ));
        pre(html, drawn[shown..].trim_start_matches('\n'));
        html.push_str("</details>");
    }
    let left = &text[drawn.len()..];
    let n_left = left.strip_prefix('\n').unwrap_or(left).lines().count();
    if n_left > 0 {
        html.push_str(&format!(
            "<p class=\"placeholder\">This output goes on: {} more in the file.</p>",
            if n_left == 1 { "1 line".to_owned() } else { format!("{n_left} lines") }
        ));
    }
}

/// The part of a text that is drawn: whole characters, whole lines where it has many.
fn cut(text: &str) -> &str {
    let by_lines = text.match_indices('\n').nth(MOST_LINES - 1).map_or(text.len(), |(at, _)| at);
    let mut end = by_lines.min(LONGEST_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn push_bundle(pen: &mut Pen, bundle: &Bundle<'_>, cell: usize) {
    let kinds = (Moving::of(bundle), has(bundle, "application/vnd.jupyter.widget-view+json"));
    let drawn = match kinds {
        (Some(moving), _) => {
            push_picture(pen, bundle, cell, moving.words()) || push_placeholder(pen, &moving.sentence())
        }
        (None, true) => {
            push_plain_or(pen, bundle, "A widget. It works in Jupyter; here is no program behind it.")
        }
        (None, false) => {
            push_markup(pen, bundle, cell)
                || push_prose(pen, bundle)
                || push_picture(pen, bundle, cell, None)
                || push_latex(pen, bundle)
                || push_json(pen, bundle)
                || push_plain(pen, bundle)
        }
    };
    if !drawn {
        let what = bundle.forms().map(|(mime, _)| mime).next().map(short_mime);
        if let Some(what) = what {
            push_placeholder(
                pen,
                &format!("An output of the kind {what} that is not drawn here. It is in the file."),
            );
        }
    }
}

fn has(bundle: &Bundle<'_>, mime: &str) -> bool {
    bundle.text(mime).is_some()
}

fn short_mime(mime: &str) -> String {
    mime.chars().take(60).collect()
}

fn push_placeholder(pen: &mut Pen, sentence: &str) -> bool {
    pen.html.push_str("<p class=\"placeholder\">");
    push_text(&mut pen.html, sentence);
    pen.html.push_str("</p>");
    true
}

fn push_plain(pen: &mut Pen, bundle: &Bundle<'_>) -> bool {
    let text = bundle.text("text/plain").filter(|text| !text.trim().is_empty());
    text.inspect(|text| push_lines(&mut pen.html, &settle(text), "")).is_some()
}

fn push_plain_or(pen: &mut Pen, bundle: &Bundle<'_>, sentence: &str) -> bool {
    push_plain(pen, bundle);
    push_placeholder(pen, sentence)
}

/// HTML that holds more than words in a script's wrapping.
fn push_markup(pen: &mut Pen, bundle: &Bundle<'_>, cell: usize) -> bool {
    let Some(html) = bundle.text("text/html") else { return false };
    if html.contains("sk-top-container") && has(bundle, "text/plain") {
        return false; // scikit-learn's diagram is nothing without its style sheet
    }
    let Some(cleaned) = markup::clean(html, &mut pen.gallery) else {
        return !has(bundle, "text/plain")
            && push_placeholder(
                pen,
                "HTML that is not shown here: it needs scripts, frames or styles. It is in the file.",
            );
    };
    pen.html.push_str(&format!(
        "<div class=\"html\" role=\"group\" tabindex=\"0\" aria-label=\"Output of cell {cell}\">"
    ));
    pen.html.push_str(&cleaned);
    pen.html.push_str("</div>");
    true
}

fn push_prose(pen: &mut Pen, bundle: &Bundle<'_>) -> bool {
    let Some(text) = bundle.text("text/markdown").filter(|text| text.len() <= LONGEST_BYTES) else {
        return false;
    };
    let text = pen.gallery.rehang(text);
    pen.html.push_str("<div class=\"prose\">");
    push_markdown(&mut pen.html, &text, &mut Contents::default());
    pen.html.push_str("</div>");
    true
}

/// The first picture of the bundle that is one.
fn push_picture(pen: &mut Pen, bundle: &Bundle<'_>, cell: usize, words: Option<String>) -> bool {
    let hung = PICTURES.iter().find_map(|mime| {
        let data = bundle.text(mime)?;
        hang(&mut pen.gallery, mime, data)
    });
    let Some(Hung { address, size }) = hung else { return false };
    let words = words.or_else(|| bundle.text("text/plain").and_then(picture_words));
    let words = words.map_or_else(
        || format!("Picture, output of cell {cell}"),
        |words| format!("{words}, output of cell {cell}"),
    );
    pen.html.push_str(&format!("<img src=\"{}\" loading=\"lazy\" decoding=\"async\"", escaped(&address)));
    if let Some((width, height)) = size {
        pen.html.push_str(&format!(" width=\"{width}\" height=\"{height}\""));
    }
    pen.html.push_str(&format!(" alt=\"{}\">", escaped(&words)));
    true
}

fn hang(gallery: &mut Gallery, mime: &str, data: &str) -> Option<Hung> {
    if mime == "image/svg+xml" { gallery.hang_svg(data) } else { gallery.hang(data) }
}

/// `Figure with 2 axes`, from what matplotlib calls a figure.
fn picture_words(repr: &str) -> Option<String> {
    let inside = repr.trim().strip_prefix('<')?.strip_suffix('>')?;
    let (_, axes) = inside.split_once(" with ")?;
    inside
        .starts_with("Figure")
        .then(|| format!("Figure with {}", axes.to_lowercase().chars().take(60).collect::<String>()))
}

fn push_latex(pen: &mut Pen, bundle: &Bundle<'_>) -> bool {
    let Some(latex) = bundle.text("text/latex") else { return false };
    let formula = latex.trim().trim_matches('$').trim();
    if formula.is_empty() {
        return false;
    }
    pen.html.push_str("<div class=\"maths\">");
    pen.html.push_str(&markdown::draw_formula(formula, true));
    pen.html.push_str("</div>");
    true
}

fn push_json(pen: &mut Pen, bundle: &Bundle<'_>) -> bool {
    let json = bundle.forms().find_map(|(mime, payload)| match payload {
        Payload::Json(json) if mime == "application/json" => Some(json.get()),
        Payload::Text(text) if mime == "application/json" => Some(text.as_ref()),
        _ => None,
    });
    let Some(json) = json else { return false };
    let pretty = match serde_json::from_str::<serde_json::Value>(json) {
        Ok(value) if json.len() <= LONGEST_BYTES => format!("{value:#}"),
        _ => json.to_owned(),
    };
    let drawn = cut(&pretty);
    let mut code = String::new();
    crate::highlight::push_code(&mut code, drawn, "json");
    let n_lines = drawn.lines().count();
    if n_lines > LINES_SHOWN {
        pen.html.push_str(&format!(
            "<details class=\"more\"><summary>JSON of {n_lines} lines</summary><pre class=\"term\">{code}</pre></details>"
        ));
    } else {
        pen.html.push_str(&format!("<pre class=\"term\">{code}</pre>"));
    }
    true
}

/// A figure that a script would draw, and what can be said of it without.
#[derive(Debug, PartialEq, Eq)]
struct Moving {
    tool: &'static str,
    title: String,
    /// Such as `scatter, bar`.
    parts: String,
}

/// A title as a text, or as an object that holds one.
#[derive(Deserialize)]
#[serde(untagged)]
enum Title {
    Text(String),
    Object { text: String },
    Other(IgnoredAny),
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Layout {
    title: Option<Title>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Trace {
    r#type: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Plotly {
    data: Vec<Trace>,
    layout: Layout,
}

impl Moving {
    fn of(bundle: &Bundle<'_>) -> Option<Self> {
        bundle.forms().find_map(|(mime, payload)| {
            let Payload::Json(json) = payload else { return None };
            if mime.starts_with("application/vnd.plotly.") {
                let figure: Plotly = serde_json::from_str(json.get()).unwrap_or_default();
                let mut parts: Vec<_> = figure.data.into_iter().filter_map(|trace| trace.r#type).collect();
                parts.sort();
                parts.dedup();
                Some(Self { tool: "Plotly", title: title_of(figure.layout), parts: parts.join(", ") })
            } else if mime.starts_with("application/vnd.vega") {
                let chart: Layout = serde_json::from_str(json.get()).unwrap_or_default();
                Some(Self { tool: "Vega", title: title_of(chart), parts: String::new() })
            } else if mime.starts_with("application/vnd.bokehjs")
                || mime.starts_with("application/vnd.holoviews")
            {
                Some(Self { tool: "Bokeh", title: String::new(), parts: String::new() })
            } else {
                None
            }
        })
    }

    /// For a picture of it.
    fn words(&self) -> Option<String> {
        (!self.title.is_empty()).then(|| self.title.clone())
    }

    fn sentence(&self) -> String {
        let title = if self.title.is_empty() { String::new() } else { format!(" “{}”", self.title) };
        let parts = if self.parts.is_empty() { String::new() } else { format!(" ({})", self.parts) };
        format!(
            "A figure{title} drawn by {}{parts}. It moves in Jupyter; here no script runs, and the notebook carries no \
             picture of it.",
            self.tool
        )
    }
}

fn title_of(layout: Layout) -> String {
    let text = match layout.title {
        Some(Title::Text(text) | Title::Object { text }) => text,
        Some(Title::Other(_)) | None => String::new(),
    };
    plain(&text).chars().take(200).collect()
}
