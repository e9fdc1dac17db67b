//! Competitions of other platforms: bundles built here as public ones are, imported by the program, and
//! scored in the real sandbox as their own programs score them.

mod codabench;
mod hostile;
mod in_parts;
mod on_the_site;
mod others;

use std::fs;
use std::io::{Cursor, Write};
use std::path::PathBuf;
use std::process::{Command, Output};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::python::python;
use crate::world::{Folder, scorer_binary, server_binary};

struct Desk {
    folder: Folder,
}

impl Desk {
    fn new() -> Self {
        Self { folder: Folder::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), bytes).unwrap();
    }

    fn run(&self, words: &[&str]) -> Output {
        Command::new(server_binary())
            .args(words)
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            .output()
            .unwrap()
    }

    /// Imports what is done, and gives its document.
    #[track_caller]
    fn import(&self, words: &[&str]) -> Value {
        let output = self.run(&[&["host", "import"], words, &["--json"]].concat());
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{words:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_str(&text).unwrap()
    }

    /// Imports what is refused, and gives the sentence.
    #[track_caller]
    fn refuse(&self, words: &[&str]) -> String {
        let output = self.run(&[&["host", "import"], words].concat());
        assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stderr).unwrap()
    }

    /// Public and private score of a submission by the imported module, in the sandbox.
    #[track_caller]
    fn score(&self, folder: &str, submission: &str) -> (f64, f64) {
        let output = Command::new(scorer_binary())
            .args(["score", "--metric", "metric.py", "--solution", "solution.csv", "--submission"])
            .arg(self.path(submission))
            .current_dir(self.path(folder))
            .env("HOLDOUT_PYTHON", python(&scorer_binary()))
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        let scores: Value = serde_json::from_str(&text).unwrap();
        (scores["public"].as_f64().unwrap(), scores["private"].as_f64().unwrap())
    }

    /// What a program prints, run by Python as its platform runs it.
    #[track_caller]
    fn natively(&self, words: &[&str]) -> String {
        let output = Command::new(python(&scorer_binary()))
            .args(words)
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

/// What of a report speaks of something.
fn notes<'a>(document: &'a Value, section: &str, what: &str) -> Vec<&'a str> {
    let items = document["report"][section].as_array().unwrap();
    let about = items.iter().filter(|item| item["what"].as_str().unwrap().contains(what));
    about.map(|item| item["note"].as_str().unwrap()).collect()
}

#[track_caller]
fn expect_note(document: &Value, section: &str, what: &str, words: &str) {
    let notes = notes(document, section, what);
    assert!(
        notes.iter().any(|note| note.contains(words)),
        "{section}, {what}: {words}: {:#}",
        document["report"][section]
    );
}

fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn tarred(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, *bytes).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

fn borrowed<'a>(files: &'a [(&'static str, Vec<u8>)]) -> Vec<(&'a str, &'a [u8])> {
    files.iter().map(|(name, bytes)| (*name, bytes.as_slice())).collect()
}
