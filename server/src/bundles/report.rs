//! What an import carried over, what it changed, what it left behind, and what the host has to do.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ImportItem)]
pub struct Item {
    /// What it is, in the words of the platform that it comes from.
    pub what: String,
    /// What became of it, and why.
    pub note: String,
}

/// Nothing of a bundle is missing from its report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ImportReport)]
pub struct Report {
    /// Which kind of bundle it was.
    pub kind: String,
    pub carried: Vec<Item>,
    /// Means something else here.
    pub changed: Vec<Item>,
    pub not_carried: Vec<Item>,
    /// What stands between the folder and a competition.
    pub to_do: Vec<Item>,
}

fn item(what: impl Into<String>, note: impl Into<String>) -> Item {
    Item { what: what.into(), note: note.into() }
}

impl Report {
    pub fn new(kind: &str) -> Self {
        Self { kind: kind.to_owned(), ..Self::default() }
    }

    pub fn carried(&mut self, what: impl Into<String>, note: impl Into<String>) {
        self.carried.push(item(what, note));
    }

    pub fn changed(&mut self, what: impl Into<String>, note: impl Into<String>) {
        self.changed.push(item(what, note));
    }

    pub fn not_carried(&mut self, what: impl Into<String>, note: impl Into<String>) {
        self.not_carried.push(item(what, note));
    }

    pub fn to_do(&mut self, what: impl Into<String>, note: impl Into<String>) {
        self.to_do.push(item(what, note));
    }

    /// The report as a page.
    pub fn markdown(&self) -> String {
        let mut text = format!("# Imported: {}\n", self.kind);
        for (title, items) in self.sections() {
            let _ = writeln!(text, "\n## {title}\n");
            if items.is_empty() {
                text.push_str("Nothing.\n");
            }
            for item in items {
                let what = item.what.replace(['\n', '\r'], " ");
                let _ = writeln!(text, "- **{what}**: {}", item.note.replace(['\n', '\r'], " "));
            }
        }
        text
    }

    pub fn sections(&self) -> [(&'static str, &[Item]); 4] {
        [
            ("For you to do", &self.to_do),
            ("Not carried over", &self.not_carried),
            ("Changed on the way", &self.changed),
            ("Carried over", &self.carried),
        ]
    }
}
