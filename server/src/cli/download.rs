//! Files from the server: with progress, resumed where the line broke, and compared with their hash.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::ProgressBar;
use serde_json::{Value, json};

use super::Session;
use super::client::again;
use super::competition::Competition;
use super::fault::{CliError, Outcome};
use super::local::name_of;
use super::table::{items, text};
use crate::files::sha256_of;
use crate::web::format;
use crate::web::problems::encode;

#[derive(Debug, Args)]
pub struct DownloadArgs {
    #[command(flatten)]
    of: Competition,
    /// Names of files; all if left out.
    files: Vec<String>,
    /// Folder to put them into.
    #[arg(long, default_value = ".")]
    into: PathBuf,
    /// Replace files here that differ from the server's.
    #[arg(long)]
    force: bool,
}

/// A file as the server has it on record.
pub struct Wanted<'a> {
    pub path: &'a str,
    pub name: &'a str,
    pub size_bytes: u64,
    pub sha256: &'a str,
}

pub fn download(session: &Session, args: &DownloadArgs) -> Outcome {
    let base = args.of.api("/data");
    let listed = session.client.get(&base)?;
    let wanted = choose(items(&listed), &args.files)?;
    fs::create_dir_all(&args.into)?;
    let mut done = Vec::new();
    for file in &wanted {
        let name = safe_name(file)?;
        let target = args.into.join(&name);
        let path = format!("{base}/{}", encode(&name));
        let (sha256, size_bytes) = (text(file, "sha256"), file["size_bytes"].as_u64().unwrap_or(0));
        let is_here = is_here(&target, size_bytes, &sha256, args.force)?;
        if !is_here {
            fetch(session, &Wanted { path: &path, name: &name, size_bytes, sha256: &sha256 }, &target)?;
        }
        let what = if is_here { "is here already".to_owned() } else { format::size(size_bytes) };
        session.screen.note(&format!("{name}  {what}"));
        done.push(json!({
            "name": name, "path": target.display().to_string(), "size_bytes": size_bytes, "sha256": sha256,
            "was_here": is_here,
        }));
    }
    session.screen.answer(&json!({ "items": done }), |_| match done.as_slice() {
        [] => format!("{} has no files.", args.of.slug),
        [only] => format!("{} is here.", only["path"].as_str().unwrap_or_default()),
        many => format!("{} files are in {}.", many.len(), args.into.display()),
    });
    Ok(())
}

fn choose(listed: &[Value], names: &[String]) -> Outcome<Vec<Value>> {
    if names.is_empty() {
        return Ok(listed.to_vec());
    }
    let find = |name: &String| {
        listed.iter().find(|file| file["name"] == *name).cloned().ok_or_else(|| {
            let known: Vec<String> = listed.iter().map(|file| text(file, "name")).collect();
            CliError::NotFound(format!("There is no file {name:?}; there are: {}.", known.join(", ")))
        })
    };
    names.iter().map(find).collect()
}

/// A name that stays in the folder it is put into.
fn safe_name(file: &Value) -> Outcome<String> {
    let name = file["name"].as_str().unwrap_or_default();
    let is_plain = !name.is_empty()
        && !name.contains(['/', '\\'])
        && !name.starts_with('.')
        && !name.contains(char::is_control);
    if is_plain {
        return Ok(name.to_owned());
    }
    Err(CliError::Refused(format!("The server offers a file with an unsafe name: {name:?}.")))
}

/// Whether the same bytes lie there. Other bytes are replaced only where that was asked for.
fn is_here(target: &Path, size_bytes: u64, sha256: &str, may_replace: bool) -> Outcome<bool> {
    let Ok(meta) = fs::metadata(target) else { return Ok(false) };
    if meta.len() == size_bytes && sha256_of(target)? == sha256 {
        return Ok(true);
    }
    if may_replace {
        return Ok(false);
    }
    Err(CliError::Rejected(format!(
        "{} differs from the server's file. --force replaces it.",
        target.display()
    )))
}

/// Brings a file into `target`. A broken line is taken up where it broke; so is a download that was
/// ended before. The file appears under its name when its hash is right, not earlier.
pub fn fetch(session: &Session, wanted: &Wanted<'_>, target: &Path) -> Outcome {
    let partial = partial_path(target, wanted.sha256);
    let bar = session.screen.transfer(wanted.name, wanted.size_bytes);
    loop {
        let before = length(&partial);
        match go_on(session, wanted, &partial, &bar) {
            Ok(()) => break,
            // As long as every try brings something, another one is worth it.
            Err(CliError::Unreachable(_)) if length(&partial) > before => {}
            Err(error) => return Err(error),
        }
    }
    bar.finish_and_clear();
    if sha256_of(&partial)? != wanted.sha256 {
        fs::remove_file(&partial)?;
        return Err(CliError::Rejected(format!(
            "What was downloaded of {} does not match the server's record. Download it again.",
            wanted.name
        )));
    }
    fs::rename(&partial, target)?;
    Ok(())
}

fn go_on(session: &Session, wanted: &Wanted<'_>, partial: &Path, bar: &ProgressBar) -> Outcome {
    let here = length(partial);
    if here == wanted.size_bytes && here > 0 {
        return Ok(());
    }
    let first = if here < wanted.size_bytes { here } else { 0 };
    let (begins_at, reader) = again(|| session.client.open_file(wanted.path, first, wanted.sha256))?;
    let mut file = File::options().create(true).append(true).open(partial)?;
    file.set_len(begins_at)?;
    bar.set_position(begins_at);
    copy(&mut bar.wrap_read(reader), &mut file)?;
    file.sync_all()?;
    match length(partial) {
        length if length < wanted.size_bytes => Err(CliError::Unreachable("The line broke.".to_owned())),
        _ => Ok(()),
    }
}

/// A reader that fails is a line that broke; a writer that fails is this machine's fault.
fn copy(reader: &mut impl Read, writer: &mut impl Write) -> Outcome {
    let mut buffer = vec![0; 256 * 1024];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(n) => writer.write_all(&buffer[..n])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(CliError::Unreachable(format!("The connection was lost: {error}."))),
        }
    }
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |meta| meta.len())
}

/// Named after the bytes that are to come, so that a file that was replaced is not taken up.
fn partial_path(target: &Path, sha256: &str) -> PathBuf {
    let name = name_of(target);
    let begin: String = sha256.chars().take(12).collect();
    target.with_file_name(format!(".{name}.{begin}.part"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_from_the_server_stays_in_its_folder() {
        for bad in ["", "../x", "a/b", "a\\b", ".bashrc", "a\nb"] {
            assert!(safe_name(&json!({ "name": bad })).is_err(), "{bad:?}");
        }
        assert_eq!(safe_name(&json!({ "name": "train.csv" })).ok().as_deref(), Some("train.csv"));
    }

    #[test]
    fn what_is_half_here_is_named_after_the_whole() {
        let path = partial_path(Path::new("data/train.csv"), &"ab".repeat(32));
        assert_eq!(path, Path::new("data/.train.csv.abababababab.part"));
    }
}
