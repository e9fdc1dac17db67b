//! From a bundle of another platform to a folder.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use clap::Args;
use serde_json::json;

use super::pull::refuse_full;
use super::take_in::{self, ArchiveArgs};
use super::validate::document;
use crate::bundles::archive::{Budget, Refused};
use crate::bundles::report::Report;
use crate::bundles::tree::{Space, Tree};
use crate::bundles::{self, Kind};
use crate::cli::{CliError, Outcome, Session};
use crate::folder::problems::n_errors;
use crate::folder::read;

/// What a bundle may unpack into.
pub(super) const BUDGET: Budget = Budget { n_files: 100_000, n_bytes: 64 << 30 };

#[derive(Debug, Args)]
pub struct ImportArgs {
    /// A zip, a tar.gz, or a folder.
    pub(super) bundle: PathBuf,
    /// The folder to write, for a bundle of another platform; it must be new or empty.
    #[arg(long)]
    into: Option<PathBuf>,
    /// The platform it comes from; detected if left out.
    #[arg(long, value_enum)]
    from: Option<Kind>,
    /// A submission as participants would send it, for bundles that contain none: a file, a zip or a folder.
    #[arg(long, value_name = "FILE")]
    sample: Option<PathBuf>,
    /// Write into a folder that is not empty, and replace files with the same names.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    pub(super) archive: ArchiveArgs,
}

pub fn import(session: &Session, args: &ImportArgs) -> Outcome {
    if args.from.is_none()
        && let Some(manifest) = take_in::manifest(&args.bundle)
    {
        return take_in::take_in(session, args, &manifest);
    }
    let into = args.into.as_deref().ok_or_else(|| {
        CliError::Usage(
            "Name the folder to write with --into: a bundle of another platform becomes a folder.".to_owned(),
        )
    })?;
    refuse_full(into, args.force)?;
    let space = Space::on_disk(BUDGET)?;
    let tree = open(&args.bundle, space.clone())?;
    let kind = args.from.or_else(|| bundles::detect(&tree)).ok_or_else(|| no_bundle(&tree))?;
    let sample = args.sample.as_deref().map(|path| sample(path, space)).transpose()?;
    let draft = bundles::import(&tree, kind, sample.as_ref()).map_err(rejected)?;
    draft.write(into).map_err(rejected)?;
    let problems = read::read(into, holdout_contract::catalogue::known()).problems;
    let found = document(&problems);
    let done = json!({
        "folder": into.display().to_string(), "report": draft.report, "problems": found["problems"],
        "n_errors": found["n_errors"],
    });
    session.screen.answer(&done, |_| told(into, &draft.report, n_errors(&problems)));
    Ok(())
}

pub(super) fn rejected(refused: Refused) -> CliError {
    CliError::Rejected(refused.to_string())
}

fn open(path: &Path, space: Rc<Space>) -> Outcome<Tree> {
    if path.is_dir() {
        return Tree::of_folder(path, space).map_err(rejected);
    }
    let file = File::open(path)
        .map_err(|error| CliError::Refused(format!("{} cannot be read: {error}.", path.display())))?;
    Tree::of_archive(file, space).map_err(rejected)
}

/// A folder, an archive, or the file itself.
fn sample(path: &Path, space: Rc<Space>) -> Outcome<Tree> {
    if path.is_dir() {
        return Tree::of_folder(path, space).map_err(rejected);
    }
    Tree::of_file(path, space).map_err(rejected)
}

fn no_bundle(tree: &Tree) -> CliError {
    let hint = if tree.has(crate::folder::model::SETTINGS) {
        " It holds a competition.toml: unpack it and push the folder."
    } else {
        ""
    };
    CliError::Rejected(format!(
        "This is no bundle that is known here: no competition.yaml, challenge_config.yaml, conf.json, solution or sample \
         submission is at its root.{hint}"
    ))
}

fn told(folder: &Path, report: &Report, n_errors: usize) -> String {
    let mut lines =
        vec![format!("{} is in {}; IMPORT.md there has the whole report.", report.kind, folder.display())];
    for (title, items) in report.sections() {
        lines.push(format!("{title}: {}", items.len()));
        if title == "For you to do" {
            lines.extend(items.iter().map(|item| format!("  {}: {}", item.what, item.note)));
        }
    }
    let next = match n_errors {
        0 => "Review it, then: holdout host push".to_owned(),
        n => format!("{n} things must be completed first: holdout host validate"),
    };
    lines.push(format!("{next} {}", folder.display()));
    let text = lines.join("\n");
    text.chars().filter(|letter| !letter.is_control() || *letter == '\n').collect()
}
