//! The demonstration competitions: real public data, set up, launched and played by the same verbs
//! that people use, scored by the real scorers. Loading them again changes nothing.
//!
//! Never here: a score. The labels of the demonstrations are public by nature.

pub mod files;
mod load;
mod store;

use serde::Deserialize;

pub use load::load;

/// The demonstrations, in the order in which they are loaded.
pub const FOLDERS: [&str; 4] = ["diabetes", "breast-cancer", "digits", "tourism-2010"];

/// `demo.json` of a folder.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Demo {
    pub title: String,
    pub subtitle: String,
    pub metric: String,
    pub params: std::collections::BTreeMap<String, serde_json::Value>,
    /// What the metric must know beside the solution.
    #[serde(default)]
    pub context: serde_json::Map<String, serde_json::Value>,
    /// Why it is launched over a FAIL of the audit.
    #[serde(default)]
    pub audit_reason: Option<String>,
    pub started_days_ago: i64,
    pub runs_days: i64,
    /// File names with their descriptions.
    pub files: std::collections::BTreeMap<String, String>,
    pub baselines: Vec<Baseline>,
}

/// A team that everybody can measure themselves against.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    pub file: String,
    pub team: String,
}

impl Demo {
    /// # Errors
    /// When the folder is unknown or its `demo.json` cannot be read.
    pub fn read(folder: &str) -> anyhow::Result<Self> {
        let bytes =
            files::file(folder, "demo.json").ok_or_else(|| anyhow::anyhow!("there is no demo {folder}"))?;
        Ok(serde_json::from_slice(bytes)?)
    }

    /// What a file is for participants.
    pub fn role(name: &str) -> &'static str {
        match name {
            "train.csv" => "train",
            "test.csv" => "test",
            "history.csv" => "history",
            "sample_submission.csv" => "sample_submission",
            _ => "data",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_demonstration_is_whole() {
        for folder in FOLDERS {
            let demo = Demo::read(folder).expect("demo.json");
            assert!((4..=8).contains(&demo.baselines.len()), "{folder}");
            let names = demo.files.keys().chain(demo.baselines.iter().map(|baseline| &baseline.file));
            for name in
                names.map(String::as_str).chain(["solution.csv", "pages/overview.md", "pages/rules.md"])
            {
                assert!(files::file(folder, name).is_some(), "{folder}/{name}");
            }
            assert!(demo.started_days_ago < demo.runs_days, "{folder} is still open when it is loaded");
        }
    }
}
