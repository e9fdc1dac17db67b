//! Competitions of other platforms become folders: Codabench bundles, EvalAI configurations, Kaggle-style
//! folders, Hugging Face repositories.
//!
//! The road: [`archive`] unpacks within bounds, [`tree`] holds the files, one importer makes a [`draft`] of
//! them, with a [`report`] in which everything of the bundle stands.
//!
//! On the site, [`receive`] reads a bundle and keeps what was read with its report; [`make`] makes a draft of it once
//! its host has seen that. A small one is read in memory; a large one came in parts, and is read where it lies under
//! the key of its sender, into a [`scratch`] that nobody can read.
//!
//! Never here: running a program, guessing what a bundle does not say, or a label in the clear on the server's disk.

mod adapter;
pub mod api;
pub mod archive;
mod codabench;
pub mod draft;
mod evalai;
mod html;
mod huggingface;
mod kaggle;
mod keys;
pub mod make;
pub mod pages;
pub mod receive;
pub mod report;
mod scratch;
pub mod store;
mod tables;
mod times;
pub mod tree;
mod yaml;

use archive::Refused;
use draft::Draft;
use tree::Tree;

use crate::error::{AppError, Result};

/// Which platform a bundle comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    Codabench,
    #[value(name = "evalai")]
    EvalAi,
    Kaggle,
    #[value(name = "huggingface")]
    HuggingFace,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::Codabench, Self::EvalAi, Self::Kaggle, Self::HuggingFace];

    pub fn name(self) -> &'static str {
        match self {
            Self::Codabench => "codabench",
            Self::EvalAi => "evalai",
            Self::Kaggle => "kaggle",
            Self::HuggingFace => "huggingface",
        }
    }

    /// `None` for an empty word: the kind is found out then.
    ///
    /// # Errors
    /// [`AppError::Field`] for a word that names none.
    pub fn read(word: &str) -> Result<Option<Self>> {
        if word.trim().is_empty() {
            return Ok(None);
        }
        let known = Self::ALL.into_iter().find(|kind| kind.name() == word.trim());
        known
            .map(Some)
            .ok_or_else(|| AppError::field("from", "Choose codabench, evalai, kaggle or huggingface."))
    }
}

/// The kind of a bundle, by the file that describes it.
pub fn detect(tree: &Tree) -> Option<Kind> {
    let has_any = |names: &[&str]| names.iter().any(|name| tree.has(name));
    if has_any(&codabench::CONFIGS) {
        Some(Kind::Codabench)
    } else if evalai::config(tree).is_some() {
        Some(Kind::EvalAi)
    } else if tree.has(huggingface::CONFIG) {
        Some(Kind::HuggingFace)
    } else if kaggle::is_one(tree) {
        Some(Kind::Kaggle)
    } else {
        None
    }
}

/// Makes a competition of a bundle. `sample` is a submission as participants would send it, for bundles that
/// hold none.
///
/// # Errors
/// A bundle that cannot be read at all; what cannot be carried over is no error, but stands in the report.
pub fn import(tree: &Tree, kind: Kind, sample: Option<&Tree>) -> std::result::Result<Draft, Refused> {
    match kind {
        Kind::Codabench => codabench::import(tree, sample),
        Kind::EvalAi => evalai::import(tree, sample),
        Kind::Kaggle => kaggle::import(tree),
        Kind::HuggingFace => huggingface::import(tree),
    }
}
