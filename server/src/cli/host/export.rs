//! A competition as one archive on this machine.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use zip::ZipArchive;

use super::Competition;
use crate::archives::model::{MANIFEST, Manifest};
use crate::cli::Session;
use crate::cli::client::again;
use crate::cli::fault::{CliError, Outcome};
use crate::cli::local::size_bytes;
use crate::files::sha256_of;
use crate::web::format;

/// Longest manifest.
const MANIFEST_BYTES: u64 = 1 << 20;

#[derive(Debug, Args)]
pub struct ExportArgs {
    #[command(flatten)]
    of: Competition,
    /// Where to write the archive; COMPETITION.holdout.zip in this folder if left out.
    file: Option<PathBuf>,
    /// Leave out the files that participants sent; their submissions can then be read, but not imported.
    #[arg(long)]
    without_submission_files: bool,
    /// Leave out the data files.
    #[arg(long)]
    without_data: bool,
    /// Add the solution as the server has it: sealed, and useful only to scorers with the same key.
    #[arg(long)]
    sealed_solution: bool,
    /// Replace an existing file.
    #[arg(long)]
    force: bool,
    /// Do not ask for confirmation.
    #[arg(long)]
    yes: bool,
}

pub fn export(session: &Session, args: &ExportArgs) -> Outcome {
    let target = args.file.clone().unwrap_or_else(|| format!("{}.holdout.zip", args.of.slug).into());
    if target.exists() && !args.force {
        return Err(CliError::Refused(format!("{} already exists. --force replaces it.", target.display())));
    }
    let question = "The archive will contain the files that participants sent, which hosts may have if the rules \
    say so, and administrators may always have. This is put on record. Continue?";
    if !args.without_submission_files && !session.screen.confirm(question, args.yes)? {
        session.screen.answer(&json!({ "exported": false }), |_| "Nothing was exported.".to_owned());
        return Ok(());
    }
    let wanted = Wanted {
        data: !args.without_data,
        submission_files: !args.without_submission_files,
        sealed_solution: args.sealed_solution,
    };
    wanted.fetch(session, &args.of, &target)?;
    let manifest = manifest(&target).ok_or_else(no_archive)?;
    let (size_bytes, sha256) = (size_bytes(&target)?, sha256_of(&target)?);
    let done = json!({
        "file": target.display().to_string(), "size_bytes": size_bytes, "sha256": sha256, "archive": manifest,
    });
    session.screen.answer(&done, |_| {
        format!(
            "{} is in {} ({}, SHA-256 {sha256}).",
            args.of.slug,
            target.display(),
            format::size(size_bytes)
        )
    });
    Ok(())
}

/// What is to be in an archive beside settings, people, scores and talk.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    pub data: bool,
    pub submission_files: bool,
    pub sealed_solution: bool,
}

impl Wanted {
    /// # Errors
    /// As [`fetch_zip`].
    pub fn fetch(self, session: &Session, of: &Competition, target: &Path) -> Outcome {
        let path = of.api(&format!(
            "/archive?data={}&submission_files={}&sealed_solution={}",
            self.data, self.submission_files, self.sealed_solution
        ));
        fetch_zip(session, &path, target)
    }
}

/// Downloads an archive. It is made while it is sent, so that one that broke off begins anew; it appears
/// under its name when it is whole.
///
/// # Errors
/// Those of the server and of this machine.
pub fn fetch_zip(session: &Session, path: &str, target: &Path) -> Outcome {
    let partial = target.with_added_extension("part");
    let line = session.screen.waiting("the archive arrives");
    let arrived = again(|| {
        let reader = session.client.open_text(path)?;
        let mut file = File::create(&partial)?;
        copy(reader, &mut file, |n_bytes| {
            line.set_message(format!("the archive arrives: {}", format::size(n_bytes)));
        })?;
        file.sync_all()?;
        // Its directory stands at its end: one that has it is whole.
        match ZipArchive::new(File::open(&partial)?) {
            Ok(_) => Ok(()),
            Err(_) => Err(CliError::Unreachable("The archive was cut off.".to_owned())),
        }
    });
    line.finish_and_clear();
    if let Err(error) = arrived {
        let _ = fs::remove_file(&partial);
        return Err(error);
    }
    fs::rename(&partial, target)?;
    Ok(())
}

fn copy(mut reader: impl Read, file: &mut File, told: impl Fn(u64)) -> Outcome {
    let mut piece = vec![0; 256 << 10];
    let mut n_bytes = 0;
    loop {
        let n = reader
            .read(&mut piece)
            .map_err(|error| CliError::Unreachable(format!("The connection was lost: {error}.")))?;
        if n == 0 {
            return Ok(());
        }
        file.write_all(&piece[..n])?;
        n_bytes += n as u64;
        told(n_bytes);
    }
}

/// What an archive says of itself; `None` for any other file.
pub fn manifest(file: &Path) -> Option<Manifest> {
    let mut archive = ZipArchive::new(File::open(file).ok()?).ok()?;
    let entry = archive.by_name(MANIFEST).ok()?;
    serde_json::from_reader(entry.take(MANIFEST_BYTES)).ok()
}

fn no_archive() -> CliError {
    CliError::Refused("What the server sent is no archive of a competition.".to_owned())
}
