//! Notebook files as other programs write them: nbformat 3 and 4, read with patience for what is missing
//! or odd, and within bounds.
//!
//! Never here: a guess at what broken JSON might have meant, but for the `NaN` that Python writes.

mod lenient;
mod raw;

use std::borrow::Cow;

use serde_json::value::RawValue;

pub use lenient::Bundle;

use crate::markdown;

/// Largest notebook that is taken.
pub const LARGEST_BYTES: u64 = 20_000_000;
const MOST_CELLS: usize = 20_000;

/// A notebook, whichever format it was written in.
#[derive(Debug, Default)]
pub struct Notebook<'a> {
    /// Major and minor number of its nbformat.
    pub format: (i64, i64),
    /// In small letters, such as `python`.
    pub language: String,
    pub title: String,
    pub cells: Vec<Cell<'a>>,
}

/// What a cell of a notebook holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CellKind {
    Markdown,
    Code,
    /// For other programs than Jupyter.
    #[default]
    Raw,
}

#[derive(Debug, Default)]
pub struct Cell<'a> {
    /// From nbformat 4.5 on; empty before.
    pub id: Cow<'a, str>,
    pub kind: CellKind,
    pub source: Cow<'a, str>,
    /// Pictures of a Markdown cell, by the names it uses.
    pub attachments: Vec<(Cow<'a, str>, Bundle<'a>)>,
    pub count: Option<u64>,
    pub outputs: Vec<Output<'a>>,
    /// Its author folded the source away.
    pub hides_source: bool,
    pub hides_outputs: bool,
}

#[derive(Debug)]
pub enum Output<'a> {
    Stream {
        is_error: bool,
        text: Cow<'a, str>,
    },
    /// The same thing in several forms, of which one is shown; `count` where it is the cell's result.
    Data {
        bundle: Bundle<'a>,
        count: Option<u64>,
    },
    Error {
        name: Cow<'a, str>,
        value: Cow<'a, str>,
        traceback: Vec<Cow<'a, str>>,
    },
}

/// One form of an output.
#[derive(Debug, Clone)]
pub enum Payload<'a> {
    Text(Cow<'a, str>),
    Json(&'a RawValue),
}

impl<'a> Payload<'a> {
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Json(json) => json.get(),
        }
    }
}

/// Why a file is no notebook that can be read here: a sentence for whoever sent it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub String);

/// The text of a notebook file, ready for [`parse`].
///
/// # Errors
/// When it is no text.
pub fn text(bytes: &[u8]) -> Result<Cow<'_, str>, Unreadable> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        Unreadable(format!(
            "This file is no notebook: byte {} is no UTF-8 text. A notebook is the .ipynb file that Jupyter saves.",
            error.valid_up_to() + 1
        ))
    })?;
    Ok(lenient::without_nan(text))
}

/// Reads a notebook.
///
/// # Errors
/// A sentence that says what is wrong, and where.
pub fn parse(text: &str) -> Result<Notebook<'_>, Unreadable> {
    if !text.trim_start().starts_with('{') {
        return Err(Unreadable(
            "This file is no notebook: it does not begin with “{”. A notebook is the .ipynb file that Jupyter saves."
                .to_owned(),
        ));
    }
    let raw: raw::Notebook<'_> = serde_json::from_str(text).map_err(|error| {
        let what = if error.is_eof() {
            "it breaks off before its end".to_owned()
        } else {
            let said = error.to_string();
            said.split(" at line ").next().unwrap_or_default().to_owned()
        };
        Unreadable(format!(
            "This notebook cannot be read: {what} (line {}, column {}). Open it in Jupyter and save it again.",
            error.line(),
            error.column()
        ))
    })?;
    let notebook = raw.into_notebook()?;
    if notebook.cells.len() > MOST_CELLS {
        return Err(Unreadable(format!(
            "This notebook has {} cells; the most that are taken are {MOST_CELLS}.",
            notebook.cells.len()
        )));
    }
    Ok(notebook)
}

impl Notebook<'_> {
    pub fn n_code_cells(&self) -> usize {
        self.cells.iter().filter(|cell| cell.kind == CellKind::Code).count()
    }

    /// What its author wrote, prose without its marks and code, up to so many bytes: for the search.
    pub fn sources(&self, most: usize) -> String {
        let mut text = String::new();
        for cell in self.cells.iter().filter(|cell| cell.kind != CellKind::Raw) {
            match cell.kind {
                CellKind::Markdown => text.push_str(&markdown::plain(&cell.source)),
                _ => text.push_str(cell.source.trim()),
            }
            text.push('\n');
            if text.len() > most {
                text.truncate(text.floor_char_boundary(most));
                break;
            }
        }
        text.replace('\0', " ")
    }

    /// The text of its first heading.
    pub fn first_heading(&self) -> Option<String> {
        let prose = self.cells.iter().filter(|cell| cell.kind == CellKind::Markdown);
        let heading = |line: &str| {
            let text = line.trim_start_matches('#');
            (text.len() < line.len() && text.starts_with(' ')).then(|| text.trim().to_owned())
        };
        prose.flat_map(|cell| cell.source.lines().find_map(heading)).find(|text| !text.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Notebook<'_> {
        parse(json).unwrap()
    }

    fn complaint(bytes: &[u8]) -> String {
        text(bytes).and_then(|text| parse(&text).map(|_| String::new())).unwrap_or_else(|error| error.0)
    }

    #[test]
    fn both_formats_come_out_alike() {
        let new = read(
            r##"{"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": {"language": "Python"}}, "cells": [
                {"cell_type": "markdown", "id": "a", "source": ["# One\n", "two"]},
                {"cell_type": "code", "execution_count": 3, "source": "x", "outputs": [
                    {"output_type": "stream", "name": "stderr", "text": ["a\n", "b"]},
                    {"output_type": "execute_result", "execution_count": 3,
                     "data": {"text/plain": "1", "application/json": {"a": [1]}}},
                    {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["t"]}]}]}"##,
        );
        let old = read(
            r##"{"nbformat": 3, "metadata": {"language": "python"}, "worksheets": [{"cells": [
                {"cell_type": "heading", "level": 1, "source": "One\ntwo"},
                {"cell_type": "code", "prompt_number": 3, "input": "x", "language": "python", "outputs": [
                    {"output_type": "stream", "stream": "stderr", "text": "a\nb"},
                    {"output_type": "pyout", "prompt_number": 3, "text": "1", "json": "{\"a\": [1]}"},
                    {"output_type": "pyerr", "ename": "E", "evalue": "v", "traceback": ["t"]}]}]}]}"##,
        );
        for (notebook, heading) in [(&new, "# One\ntwo"), (&old, "# One two")] {
            assert_eq!(notebook.language, "python");
            assert_eq!((notebook.cells[0].kind, &*notebook.cells[0].source), (CellKind::Markdown, heading));
            let code = &notebook.cells[1];
            assert_eq!((code.kind, &*code.source, code.count), (CellKind::Code, "x", Some(3)));
            assert!(matches!(&code.outputs[0], Output::Stream { is_error: true, text } if text == "a\nb"));
            let Output::Data { bundle, count: Some(3) } = &code.outputs[1] else {
                panic!("{:?}", code.outputs[1])
            };
            assert_eq!(bundle.text("text/plain"), Some("1"));
            assert_eq!(
                bundle.text("application/json").map(|json| json.replace(' ', "")),
                Some("{\"a\":[1]}".to_owned())
            );
            assert!(matches!(&code.outputs[2], Output::Error { name, .. } if name == "E"));
        }
        assert_eq!(new.first_heading(), Some("One".to_owned()));
        assert_eq!((new.n_code_cells(), new.cells[0].id.as_ref()), (1, "a"));
    }

    #[test]
    fn what_is_searched_is_what_was_written() {
        let notebook = read(
            r#"{"nbformat": 4, "cells": [{"cell_type": "markdown", "source": " # One\n**two** [three](/x)"},
                {"cell_type": "raw", "source": "raw"}, {"cell_type": "code", "source": "a\u0000\u00f6",
                "outputs": [{"output_type": "stream", "text": "printed"}]}]}"#,
        );
        assert_eq!(notebook.sources(100), "One\ntwo three\na \u{f6}\n");
        assert_eq!(notebook.sources(17), "One\ntwo three\na ", "half a letter is none");
    }

    #[test]
    fn what_is_odd_is_borne() {
        let notebook = read(
            r#"{"nbformat": 4, "metadata": null, "extra": {"deep": [[[]]]}, "cells": [
                {"cell_type": "code", "source": null, "outputs": null, "metadata": {"tags": 3}},
                {"cell_type": "markdown", "source": ["a", null, 7, ["b"]], "attachments": {"x.png": {"image/png": "AA=="}}},
                {"cell_type": "of another kind", "source": true},
                {"cell_type": "code", "source": "", "execution_count": "*", "outputs": [
                    {"output_type": "display_data", "data": null}, {"output_type": "unheard of"}, {}]}]}"#,
        );
        assert_eq!(notebook.cells.len(), 4);
        assert_eq!(notebook.cells[1].source, "a7");
        assert_eq!(notebook.cells[1].attachments.len(), 1);
        assert_eq!((notebook.cells[2].kind, notebook.cells[3].count), (CellKind::Raw, None));
        assert_eq!(notebook.language, "python", "as almost all are");
    }

    #[test]
    fn python_writes_numbers_that_are_no_json() {
        let json = br#"{"nbformat": 4, "metadata": {"a": NaN, "b": -Infinity}, "cells":
            [{"cell_type": "code", "source": "x = \"NaN\\\"\" NaN", "outputs": []}]}"#;
        let text = text(json).unwrap();
        assert_eq!(parse(&text).unwrap().cells[0].source, "x = \"NaN\\\"\" NaN");
    }

    #[test]
    fn what_is_no_notebook_is_said_to_be_none() {
        for (bytes, words) in [
            (&b"\xff\xfe"[..], "byte 1 is no UTF-8"),
            (b"", "does not begin with"),
            (b"id,target\n", "does not begin with"),
            (b"{\"cells\": [", "breaks off before its end"),
            (b"{\"cells\": [1 2]}", "line 1, column"),
            (b"{}", "neither cells nor worksheets"),
            (b"{\"nbformat\": 2, \"worksheets\": []}", "nbformat 2"),
            (b"{\"nbformat\": 5, \"cells\": []}", "nbformat 5"),
        ] {
            let said = complaint(bytes);
            assert!(said.contains(words), "{said}");
        }
        let deep = format!("{{\"nbformat\": 4, \"cells\": {}", "[".repeat(100_000));
        assert!(!complaint(deep.as_bytes()).is_empty());
    }
}
