//! Where code looks for the competition's data: the folder of Kaggle's machines, or one of the reader's own.
//! Only the sources of code cells change; every other byte of the file stays.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::ipynb::{self, Unreadable};

/// Folders in which Kaggle's machines keep a competition's data, before its name.
const KAGGLE_FOLDERS: [&str; 4] =
    ["/kaggle/input/competitions/", "/kaggle/input/", "../input/competitions/", "../input/"];
const LONGEST_FOLDER: usize = 200;

/// Where the paths shall lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// From Kaggle's folder to this one.
    Local(String),
    /// From this folder to Kaggle's.
    Kaggle(String),
}

impl Target {
    /// A choice as it is typed: `local` or `kaggle`, and the reader's folder.
    ///
    /// # Errors
    /// The field and the sentence for it.
    pub fn choose(kind: &str, folder: &str) -> Result<Self, (&'static str, String)> {
        let folder = folder.trim().trim_end_matches('/');
        let folder = if folder.is_empty() { "data" } else { folder };
        let is_plain = |c: char| c.is_alphanumeric() || "-_./~ ".contains(c);
        if folder.len() > LONGEST_FOLDER || !folder.chars().all(is_plain) {
            return Err((
                "folder",
                "Name a folder with letters, digits, spaces and . _ - / ~ alone.".to_owned(),
            ));
        }
        match kind {
            "local" => Ok(Self::Local(folder.to_owned())),
            "kaggle" => Ok(Self::Kaggle(folder.to_owned())),
            _ => Err(("paths", "Say where the paths shall lead: local or kaggle.".to_owned())),
        }
    }
}

#[derive(Deserialize)]
struct File<'a> {
    #[serde(borrow, default)]
    cells: Option<Vec<Cell<'a>>>,
    #[serde(borrow, default)]
    worksheets: Option<Vec<Sheet<'a>>>,
}

#[derive(Deserialize)]
struct Sheet<'a> {
    #[serde(borrow, default)]
    cells: Option<Vec<Cell<'a>>>,
}

#[derive(Deserialize)]
struct Cell<'a> {
    #[serde(borrow, default)]
    cell_type: Option<&'a RawValue>,
    #[serde(borrow, default)]
    source: Option<&'a RawValue>,
    #[serde(borrow, default)]
    input: Option<&'a RawValue>,
}

/// The file with the data paths of its code led elsewhere.
///
/// # Errors
/// When it is no notebook.
pub fn lead(bytes: &[u8], competition: &str, target: &Target) -> Result<Vec<u8>, Unreadable> {
    let text = ipynb::text(bytes)?;
    let file: File<'_> = serde_json::from_str(&text).map_err(|error| Unreadable(error.to_string()))?;
    let sheets =
        file.worksheets.unwrap_or_default().into_iter().flat_map(|sheet| sheet.cells.unwrap_or_default());
    let mut led = String::with_capacity(text.len() + 256);
    let mut written = 0;
    for cell in file.cells.unwrap_or_default().into_iter().chain(sheets) {
        if cell.cell_type.is_none_or(|kind| kind.get() != "\"code\"") {
            continue;
        }
        for source in [cell.source, cell.input].into_iter().flatten() {
            // A raw value is a part of the text it was read from.
            let begins = source.get().as_ptr() as usize - text.as_ptr() as usize;
            led.push_str(&text[written..begins]);
            led.push_str(&lead_source(source.get(), competition, target));
            written = begins + source.get().len();
        }
    }
    led.push_str(&text[written..]);
    Ok(led.into_bytes())
}

/// The JSON of a source, in which paths stand as they do in code: no character of them is escaped.
fn lead_source(json: &str, competition: &str, target: &Target) -> String {
    match target {
        Target::Local(folder) => {
            let from = KAGGLE_FOLDERS.map(|kaggle| format!("{kaggle}{competition}"));
            from.iter().fold(json.to_owned(), |json, from| replace(&json, from, folder, |_| true))
        }
        Target::Kaggle(folder) => {
            let to = format!("/kaggle/input/{competition}");
            // Only where a string begins with it: `data` is a word as well.
            let is_quoted = |before: &str| before.ends_with('\'') || before.ends_with("\\\"");
            let json = replace(json, &format!("./{}", folder.trim_start_matches("./")), &to, is_quoted);
            replace(&json, folder, &to, is_quoted)
        }
    }
}

/// Replaces a folder where the path goes on or ends, and where what stands before is right.
fn replace(json: &str, from: &str, to: &str, is_right: impl Fn(&str) -> bool) -> String {
    let mut replaced = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find(from) {
        let (before, found) = rest.split_at(at);
        let after = &found[from.len()..];
        let ends = after.starts_with(['/', '\'']) || after.starts_with("\\\"");
        replaced.push_str(before);
        let is_path = ends && is_right(&replaced);
        replaced.push_str(if is_path { to } else { from });
        rest = after;
    }
    replaced.push_str(rest);
    replaced
}

#[cfg(test)]
mod tests {
    use super::*;

    fn led(source: &str, target: &Target) -> String {
        let json = serde_json::json!({"nbformat": 4, "cells": [
            {"cell_type": "markdown", "source": "in /kaggle/input/houses/"},
            {"cell_type": "code", "source": source, "outputs": [{"output_type": "stream", "text": "/kaggle/input/houses/x"}]},
        ]});
        let bytes = lead(json.to_string().as_bytes(), "houses", target).unwrap();
        let changed: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(changed["cells"][0], json["cells"][0]);
        assert_eq!(changed["cells"][1]["outputs"], json["cells"][1]["outputs"]);
        changed["cells"][1]["source"].as_str().unwrap().to_owned()
    }

    #[test]
    fn kaggles_folder_becomes_the_readers() {
        let local = Target::choose("local", "./my data/").unwrap();
        assert_eq!(
            led(
                "a('/kaggle/input/houses/train.csv', \"../input/houses\", '/kaggle/input/houses-2/x')",
                &local
            ),
            "a('./my data/train.csv', \"./my data\", '/kaggle/input/houses-2/x')"
        );
        assert_eq!(led("p('/kaggle/input/competitions/houses/x')", &local), "p('./my data/x')");
    }

    #[test]
    fn and_the_readers_becomes_kaggles() {
        let kaggle = Target::choose("kaggle", "data").unwrap();
        assert_eq!(
            led("data", &kaggle)
                + &led("data = read('data/train.csv') + read(\"./data/x\") + 'my data/x'", &kaggle),
            "datadata = read('/kaggle/input/houses/train.csv') + read(\"/kaggle/input/houses/x\") + 'my data/x'"
        );
    }

    #[test]
    fn what_does_not_change_stays_byte_for_byte() {
        let odd = b"{ \"nbformat\" : 4,\n\"cells\":[ {\"cell_type\":\"code\",\"source\":[\"x\\u0041\" , \"y\"]} ]}\n";
        assert_eq!(lead(odd, "houses", &Target::Local("data".to_owned())).unwrap(), odd);
        assert!(Target::choose("local", "da'ta").is_err() && Target::choose("elsewhere", "").is_err());
    }
}
