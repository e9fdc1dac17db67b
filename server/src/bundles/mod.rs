//! Competitions of other platforms become folders: Codabench bundles, EvalAI configurations, Kaggle-style
//! folders, Hugging Face repositories.
//!
//! The road: [`archive`] unpacks within bounds, [`tree`] holds the files, one importer makes a [`draft`] of
//! them, with a [`report`] in which everything of the bundle stands.
//!
//! Never here: running a program, or guessing what a bundle does not say.

mod adapter;
pub mod archive;
mod codabench;
pub mod draft;
mod evalai;
mod html;
mod huggingface;
mod kaggle;
mod keys;
pub mod report;
mod tables;
mod times;
pub mod tree;
mod yaml;

use archive::Refused;
use draft::Draft;
use tree::Tree;

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
pub fn import(tree: &Tree, kind: Kind, sample: Option<&Tree>) -> Result<Draft, Refused> {
    match kind {
        Kind::Codabench => codabench::import(tree, sample),
        Kind::EvalAi => evalai::import(tree, sample),
        Kind::Kaggle => kaggle::import(tree),
        Kind::HuggingFace => huggingface::import(tree),
    }
}
