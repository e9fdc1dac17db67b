//! A notebook as static HTML: one writer from the first cell to the last, no template a cell.
//!
//! What comes out holds tags of this house and text, cleaned HTML, MathML, and addresses of pictures that
//! are served as files of their own. Never here: a script, a style, a frame, a picture inside the page.

mod markup;
mod outputs;
pub mod pictures;
mod prose;
mod terminal;

use pictures::{Gallery, Picture};
use prose::Contents;
pub use prose::Heading;

use super::ipynb::{Cell, CellKind, Notebook};
use crate::highlight::push_code;
use crate::html::push_text;

/// Grows whenever notebooks are drawn otherwise than before, so that old drawings are made anew. (2: what they
/// say is kept for the search.)
pub const DRAWER: i32 = 2;

/// A page shows so much of a notebook; the rest is in the file.
const LONGEST_PAGE: usize = 3_000_000;
/// Longer sources are not coloured.
const LONGEST_COLOURED: usize = 200_000;
const LONGEST_SOURCE: usize = 500_000;

/// A drawn notebook.
#[derive(Debug, Default)]
pub struct Drawing {
    pub html: String,
    pub contents: Vec<Heading>,
    pub pictures: Vec<Picture>,
}

/// The page while it is written.
#[derive(Debug, Default)]
pub struct Pen {
    html: String,
    gallery: Gallery,
    contents: Contents,
}

/// Draws a notebook; the addresses of its pictures begin with `picture_prefix`.
pub fn draw(notebook: &Notebook<'_>, picture_prefix: &str) -> Drawing {
    let mut pen = Pen::new(picture_prefix);
    for (at, cell) in notebook.cells.iter().enumerate() {
        if pen.html.len() > LONGEST_PAGE {
            pen.html.push_str(&format!(
                "<p class=\"notice\">This notebook goes on for {} more cells. They are in the file.</p>",
                notebook.cells.len() - at
            ));
            break;
        }
        pen.push_cell(cell, at + 1, &notebook.language);
    }
    Drawing { html: pen.html, contents: pen.contents.headings, pictures: pen.gallery.into_pictures() }
}

impl Pen {
    pub fn new(picture_prefix: &str) -> Self {
        Self { gallery: Gallery::new(picture_prefix), ..Self::default() }
    }

    /// What is written since the pen was made or this was asked for.
    pub fn take_html(&mut self) -> String {
        std::mem::take(&mut self.html)
    }

    fn push_cell(&mut self, cell: &Cell<'_>, number: usize, language: &str) {
        match cell.kind {
            CellKind::Markdown if cell.source.trim().is_empty() => {}
            CellKind::Markdown => {
                self.html.push_str(&format!("<div class=\"cell prose\" id=\"cell-{number}\">"));
                self.push_prose(cell);
                self.html.push_str("</div>\n");
            }
            CellKind::Code if cell.source.trim().is_empty() && cell.outputs.is_empty() => {}
            CellKind::Code => {
                self.html.push_str(&format!("<div class=\"cell code\" id=\"cell-{number}\">"));
                self.push_source(cell, language);
                self.push_outputs(cell, number);
                self.html.push_str("</div>\n");
            }
            CellKind::Raw if cell.source.trim().is_empty() => {}
            CellKind::Raw => {
                self.html.push_str(&format!(
                    "<div class=\"cell raw\" id=\"cell-{number}\"><p class=\"count\">Raw text:</p><pre>"
                ));
                push_text(&mut self.html, shortened(&cell.source));
                self.html.push_str("</pre></div>\n");
            }
        }
    }

    /// A Markdown cell.
    pub fn push_prose(&mut self, cell: &Cell<'_>) {
        prose::push_prose(&mut self.html, cell, &mut self.gallery, &mut self.contents);
    }

    fn push_source(&mut self, cell: &Cell<'_>, language: &str) {
        if cell.source.trim().is_empty() {
            return;
        }
        self.html.push_str("<p class=\"count\">");
        match cell.count {
            Some(count) => self.html.push_str(&format!("In [{count}]:")),
            None => self.html.push_str("Not run:"),
        }
        self.html.push_str("</p>");
        if cell.hides_source {
            self.html.push_str("<details class=\"more\"><summary>Code that its author folded away</summary>");
        }
        self.html.push_str("<pre class=\"source\"><code>");
        let source = shortened(cell.source.trim_end());
        let is_coloured = source.len() <= LONGEST_COLOURED;
        push_code(
            &mut self.html,
            source,
            if is_coloured { magic_language(source).unwrap_or(language) } else { "" },
        );
        self.html.push_str("</code></pre>");
        if cell.hides_source {
            self.html.push_str("</details>");
        }
    }

    /// The outputs of a code cell, in a box of their own.
    pub fn push_outputs(&mut self, cell: &Cell<'_>, number: usize) {
        if cell.outputs.is_empty() {
            return;
        }
        self.html.push_str("<div class=\"out\">");
        if cell.hides_outputs {
            self.html
                .push_str("<details class=\"more\"><summary>Output that its author folded away</summary>");
        }
        outputs::push_outputs(self, &cell.outputs, number);
        if cell.hides_outputs {
            self.html.push_str("</details>");
        }
        self.html.push_str("</div>");
    }
}

/// The language of a cell that begins with a magic command for another one.
fn magic_language(source: &str) -> Option<&'static str> {
    let name = source.trim_start().strip_prefix("%%")?.split_whitespace().next()?;
    match name {
        "bash" | "sh" | "script" => Some("bash"),
        "sql" => Some("sql"),
        "R" => Some("r"),
        "javascript" | "js" => Some("javascript"),
        "latex" => Some("latex"),
        "html" | "HTML" | "markdown" | "writefile" | "svg" | "SVG" => Some(""),
        _ => None,
    }
}

fn shortened(source: &str) -> &str {
    let mut end = source.len().min(LONGEST_SOURCE);
    while !source.is_char_boundary(end) {
        end -= 1;
    }
    &source[..end]
}

#[cfg(test)]
mod tests {
    use super::super::ipynb;
    use super::*;

    fn fixture(name: &str) -> String {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/notebooks").join(name);
        std::fs::read_to_string(path).unwrap()
    }

    fn drawn(name: &str) -> Drawing {
        draw(&ipynb::parse(&fixture(name)).unwrap(), "/n/ada/tour/pictures/")
    }

    #[test]
    fn real_notebooks_are_drawn_with_everything_in_them() {
        let drawing = drawn("tour.ipynb");
        for part in [
            "<h2 id=\"nb-A-tour-of-outputs\">",
            "<table class=\"dataframe\">",
            "<th scope=\"col\">price &lt;€&gt;</th>",
            "<math",
            "<span class=\"hl-k\">import</span>",
            "<span class=\"t-ink-1\">red</span>",
            "plain &amp; &lt;b&gt;not bold&lt;/b&gt;",
            "alt=\"Figure with 2 axes, output of cell",
            "more lines</summary>",
            "A figure “Loss by epoch” drawn by Plotly (scatter).",
            "A figure “Width and price” drawn by Vega.",
            "<em>rendered</em> <strong>string</strong>",
            "<span class=\"hl-s\">&quot;trees&quot;</span>",
            "ValueError",
            "RandomForestRegressor(n_estimators=10)",
            "In [1]:",
            "Out [1]:",
            "Raw text:",
        ] {
            assert!(drawing.html.contains(part), "{part}");
        }
        for gone in ["<script", "<iframe", "<style", " style=", "data:image", "sk-top", "\u{1b}", "  0%|"] {
            let around = drawing.html.find(gone).map(|at| drawing.html.get(at.saturating_sub(100)..at + 100));
            assert!(around.is_none(), "{gone}: {around:?}");
        }
        assert_eq!(drawing.pictures.len(), 3, "PNG, SVG and JPEG");
        assert_eq!(drawing.contents.first().map(|heading| heading.text.as_str()), Some("A tour of outputs"));
        assert_eq!(drawing.html.matches("<div").count(), drawing.html.matches("</div>").count());
    }

    #[test]
    fn the_older_format_is_drawn_alike() {
        let (old, new) = (drawn("tour-nbformat3.ipynb"), drawn("tour.ipynb"));
        assert_eq!(old.pictures, new.pictures);
        assert_eq!(old.contents, new.contents);
        for part in ["<table class=\"dataframe\">", "In [1]:", "<math", "t-ink-1", "ValueError"] {
            assert!(old.html.contains(part), "{part}");
        }
    }

    #[test]
    fn what_is_long_is_cut_and_said_to_be() {
        let line = "x".repeat(60) + "\\n";
        let text = line.repeat(5_000);
        let output = format!("{{\"output_type\": \"stream\", \"name\": \"stdout\", \"text\": \"{text}\"}}");
        let cell = format!("{{\"cell_type\": \"code\", \"source\": \"x\", \"outputs\": [{output}]}}");
        let json = format!("{{\"nbformat\": 4, \"cells\": [{}]}}", vec![cell; 60].join(","));
        let drawing = draw(&ipynb::parse(&json).unwrap(), "/n/");
        assert!(
            json.len() > 18_000_000 && drawing.html.len() < LONGEST_PAGE + 200_000,
            "{}",
            drawing.html.len()
        );
        assert!(drawing.html.contains("4000 lines more in the file"), "{}", &drawing.html[..300]);
        assert!(drawing.html.contains("more cells. They are in the file."));
    }
}
