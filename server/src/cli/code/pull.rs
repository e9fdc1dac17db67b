//! From a server to a folder that can be pushed again.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::push::snapshot;
use crate::cli::download::{self, Wanted};
use crate::cli::host::Competition;
use crate::cli::{CliError, Outcome, Session};
use crate::competitions::edit_pages;
use crate::competitions::settings::file_name_from;
use crate::files::sha256_of;
use crate::folder::diff::bare_params;
use crate::folder::lock::{Lock, Sent};
use crate::folder::model::DATA;
use crate::folder::snapshot::Snapshot;
use crate::folder::write::{self, Remarks};
use crate::web::problems::encode;

#[derive(Debug, Args)]
pub struct PullArgs {
    #[command(flatten)]
    of: Competition,
    /// The folder to write; it must be new or empty.
    #[arg(long)]
    into: PathBuf,
    /// Write into a folder that is not empty, and replace files with the same names.
    #[arg(long)]
    force: bool,
}

pub fn pull(session: &Session, args: &PullArgs) -> Outcome {
    let folder = &args.into;
    refuse_full(folder, args.force)?;
    let mut held = snapshot(session, &args.of)?
        .ok_or_else(|| CliError::NotFound(format!("You host no competition “{}”.", args.of.slug)))?;
    make_safe(&mut held)?;
    let known = holdout_contract::catalogue::known();
    if let Some(metric) = &mut held.competition.metric {
        metric.params = bare_params(metric, known);
    }
    write::write(folder, &held.competition, &remarks(&held))?;
    fetch_data(session, &args.of, folder, &held)?;
    remember(session, &args.of, folder, &held)?;
    if !held.proposed_pages.is_empty() {
        let pages = held.proposed_pages.join(", ");
        session.screen.note(&format!("Left out, as Holdout writes them by itself: {pages}."));
    }
    if held.sealed_sha256.is_some() {
        session.screen.note("The labels stay on the server, sealed: they cannot be given back.");
    }
    let done = json!({
        "folder": folder.display().to_string(), "slug": held.competition.slug, "version": held.version,
        "sealed_sha256": held.sealed_sha256, "proposed_pages": held.proposed_pages,
    });
    session.screen.answer(&done, |_| format!("{} is in {}.", held.competition.slug, folder.display()));
    Ok(())
}

/// Nothing of a host's work is written over unasked.
pub(super) fn refuse_full(folder: &Path, may_replace: bool) -> Outcome {
    let is_full = fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    if is_full && !may_replace {
        return Err(CliError::Refused(format!(
            "{} is not empty. --force writes into it and replaces what has the same names.",
            folder.display()
        )));
    }
    Ok(())
}

/// Names come from a server: none may lead out of the folder.
fn make_safe(held: &mut Snapshot) -> Outcome {
    let unsafe_name = |name: &str| CliError::Refused(format!("The server offers the unsafe name {name:?}."));
    for page in &held.competition.pages {
        if !edit_pages::is_page_slug(&page.slug) {
            return Err(unsafe_name(&page.slug));
        }
    }
    for file in &held.competition.data {
        if file_name_from(&file.name) != file.name {
            return Err(unsafe_name(&file.name));
        }
    }
    held.competition.tame_module_name();
    Ok(())
}

fn remarks(held: &Snapshot) -> Remarks {
    let about_solution = held.sealed_sha256.iter().flat_map(|sealed| {
        [
            format!("The solution stays on the server, where nobody can read it (SHA-256 of the sealed file: {sealed})."),
            "To send another one, put it beside this file and write: [solution] and file = \"solution.csv\".".to_owned(),
        ]
    });
    Remarks { about_solution: about_solution.collect(), ..Remarks::default() }
}

fn fetch_data(session: &Session, of: &Competition, folder: &Path, held: &Snapshot) -> Outcome {
    fs::create_dir_all(folder.join(DATA))?;
    for file in &held.competition.data {
        let target = folder.join(DATA).join(&file.name);
        if sha256_of(&target).is_ok_and(|hash| hash == file.sha256) {
            continue;
        }
        let path = of.api(&format!("/data/{}", encode(&file.name)));
        let wanted =
            Wanted { path: &path, name: &file.name, size_bytes: file.size_bytes, sha256: &file.sha256 };
        download::fetch(session, &wanted, &target)?;
        session.screen.note(&format!("{DATA}/{}", file.name));
    }
    Ok(())
}

/// Leaves the hash of the sealed solution beside what was known of its file.
fn remember(session: &Session, of: &Competition, folder: &Path, held: &Snapshot) -> Outcome {
    let Some(sealed_sha256) = held.sealed_sha256.clone() else { return Ok(()) };
    let lock = Lock::read(folder);
    let server = session.client.server().to_owned();
    let known = lock.find(&server, &of.slug).filter(|known| known.sealed_sha256 == sealed_sha256);
    let file_sha256 = known.and_then(|known| known.file_sha256.clone());
    lock.remember(folder, Sent { server, slug: of.slug.clone(), file_sha256, sealed_sha256 })?;
    Ok(())
}
