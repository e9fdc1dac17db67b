//! The two formats as they are written down, and how each becomes a [`super::Notebook`].

use std::borrow::Cow;

use serde::Deserialize;

use super::lenient::{Bundle, Count, Flag, Lines, Text};
use super::{CellKind, Output, Payload, Unreadable};

#[derive(Deserialize)]
pub(super) struct Notebook<'a> {
    #[serde(default)]
    nbformat: Count,
    #[serde(default)]
    nbformat_minor: Count,
    #[serde(borrow, default)]
    metadata: Option<Metadata<'a>>,
    #[serde(borrow, default)]
    cells: Option<Vec<Cell<'a>>>,
    #[serde(borrow, default)]
    worksheets: Option<Vec<Worksheet<'a>>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Metadata<'a> {
    #[serde(borrow)]
    kernelspec: Option<Kernel<'a>>,
    #[serde(borrow)]
    language_info: Option<Kernel<'a>>,
    #[serde(borrow)]
    title: Text<'a>,
    #[serde(borrow)]
    language: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Kernel<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    language: Text<'a>,
}

#[derive(Deserialize)]
struct Worksheet<'a> {
    #[serde(borrow, default)]
    cells: Option<Vec<Cell<'a>>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Cell<'a> {
    #[serde(borrow)]
    cell_type: Text<'a>,
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    source: Text<'a>,
    /// The source of a code cell in nbformat 3.
    #[serde(borrow)]
    input: Text<'a>,
    execution_count: Count,
    prompt_number: Count,
    level: Count,
    collapsed: Flag,
    #[serde(borrow)]
    outputs: Option<Vec<RawOutput<'a>>>,
    #[serde(borrow)]
    attachments: Option<Attachments<'a>>,
    metadata: Option<CellMetadata>,
}

type Attachments<'a> = std::collections::BTreeMap<String, Bundle<'a>>;

#[derive(Deserialize, Default)]
#[serde(default)]
struct CellMetadata {
    collapsed: Flag,
    jupyter: Option<Hidden>,
    #[serde(rename = "_kg_hide-input")]
    kaggle_hides_source: Flag,
    #[serde(rename = "_kg_hide-output")]
    kaggle_hides_outputs: Flag,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Hidden {
    source_hidden: Flag,
    outputs_hidden: Flag,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawOutput<'a> {
    #[serde(borrow)]
    output_type: Text<'a>,
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    stream: Text<'a>,
    #[serde(borrow)]
    text: Text<'a>,
    #[serde(borrow)]
    data: Bundle<'a>,
    execution_count: Count,
    prompt_number: Count,
    #[serde(borrow)]
    ename: Text<'a>,
    #[serde(borrow)]
    evalue: Text<'a>,
    #[serde(borrow)]
    traceback: Lines<'a>,
    #[serde(borrow)]
    html: Text<'a>,
    #[serde(borrow)]
    svg: Text<'a>,
    #[serde(borrow)]
    png: Text<'a>,
    #[serde(borrow)]
    jpeg: Text<'a>,
    #[serde(borrow)]
    latex: Text<'a>,
    #[serde(borrow)]
    json: Text<'a>,
    #[serde(borrow)]
    javascript: Text<'a>,
}

impl<'a> Notebook<'a> {
    pub(super) fn into_notebook(self) -> Result<super::Notebook<'a>, Unreadable> {
        let cells = match (self.cells, self.worksheets) {
            (Some(cells), _) => cells,
            (None, Some(sheets)) => {
                sheets.into_iter().flat_map(|sheet| sheet.cells.unwrap_or_default()).collect()
            }
            (None, None) => {
                return Err(Unreadable(
                    "This JSON is no notebook: it has neither cells nor worksheets.".to_owned(),
                ));
            }
        };
        let major = self.nbformat.0.and_then(|number| i64::try_from(number).ok()).unwrap_or(4);
        if !matches!(major, 3 | 4) {
            return Err(Unreadable(format!(
                "This notebook is written in nbformat {major}; 3 and 4 are read here. Open it in Jupyter and save it again."
            )));
        }
        let minor = self.nbformat_minor.0.and_then(|number| i64::try_from(number).ok()).unwrap_or(0);
        let metadata = self.metadata.unwrap_or_default();
        Ok(super::Notebook {
            format: (major, minor),
            language: metadata.language(),
            title: metadata.title.0.into_owned(),
            cells: cells.into_iter().map(Cell::into_cell).collect(),
        })
    }
}

impl Metadata<'_> {
    fn language(&self) -> String {
        let info = self.language_info.as_ref().map(|info| info.name.0.as_ref());
        let kernel = self.kernelspec.as_ref().map(|kernel| kernel.language.0.as_ref());
        let named = [info, kernel, Some(self.language.0.as_ref())]
            .into_iter()
            .flatten()
            .find(|name| !name.is_empty());
        named.unwrap_or("python").chars().take(40).collect::<String>().to_lowercase()
    }
}

impl<'a> Cell<'a> {
    fn into_cell(self) -> super::Cell<'a> {
        let metadata = self.metadata.unwrap_or_default();
        let jupyter = metadata.jupyter.unwrap_or_default();
        let source = if self.source.0.is_empty() { self.input.0 } else { self.source.0 };
        let (kind, source) = match self.cell_type.0.as_ref() {
            "code" => (CellKind::Code, source),
            "markdown" | "html" => (CellKind::Markdown, source),
            "heading" => (CellKind::Markdown, heading(self.level.0.unwrap_or(1), &source)),
            _ => (CellKind::Raw, source),
        };
        let attachments = self.attachments.unwrap_or_default();
        super::Cell {
            id: self.id.0,
            kind,
            source,
            attachments: attachments.into_iter().map(|(name, bundle)| (Cow::Owned(name), bundle)).collect(),
            count: self.execution_count.0.or(self.prompt_number.0),
            outputs: self
                .outputs
                .unwrap_or_default()
                .into_iter()
                .filter_map(RawOutput::into_output)
                .collect(),
            hides_source: jupyter.source_hidden.0 || metadata.kaggle_hides_source.0,
            hides_outputs: jupyter.outputs_hidden.0
                || metadata.kaggle_hides_outputs.0
                || metadata.collapsed.0
                || self.collapsed.0,
        }
    }
}

fn heading(level: u64, text: &str) -> Cow<'static, str> {
    let marks = "#".repeat(usize::try_from(level.clamp(1, 6)).unwrap_or(1));
    Cow::Owned(format!("{marks} {}", text.replace(['\n', '\r'], " ")))
}

impl<'a> RawOutput<'a> {
    fn into_output(self) -> Option<Output<'a>> {
        let count = self.execution_count.0.or(self.prompt_number.0);
        match self.output_type.0.as_ref() {
            "stream" => {
                let is_error = self.name.0 == "stderr" || self.stream.0 == "stderr";
                Some(Output::Stream { is_error, text: self.text.0 })
            }
            "error" | "pyerr" => {
                Some(Output::Error { name: self.ename.0, value: self.evalue.0, traceback: self.traceback.0 })
            }
            "execute_result" => Some(Output::Data { bundle: self.data, count }),
            "display_data" if !self.data.0.is_empty() => {
                Some(Output::Data { bundle: self.data, count: None })
            }
            "display_data" => Some(Output::Data { bundle: self.old_bundle(), count: None }),
            "pyout" => Some(Output::Data { bundle: self.old_bundle(), count }),
            _ => None,
        }
    }

    /// The forms that nbformat 3 has names of its own for.
    fn old_bundle(self) -> Bundle<'a> {
        let forms = [
            ("text/html", self.html),
            ("image/svg+xml", self.svg),
            ("image/png", self.png),
            ("image/jpeg", self.jpeg),
            ("text/latex", self.latex),
            ("application/json", self.json),
            ("application/javascript", self.javascript),
            ("text/plain", self.text),
        ];
        let named = forms.into_iter().filter(|(_, text)| !text.0.is_empty());
        Bundle(named.map(|(mime, text)| (Cow::Borrowed(mime), Payload::Text(text.0))).collect())
    }
}
