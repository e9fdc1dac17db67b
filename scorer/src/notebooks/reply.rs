//! What comes out of the sandbox, read with a bound on every part of it: nothing in it is believed.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use serde::{Deserialize, Serialize};

/// What cells may put out together.
pub const MOST_OUTPUT_BYTES: u64 = 8 << 20;
/// A notebook with its outputs; no larger one can be pushed either.
const MOST_NOTEBOOK_BYTES: u64 = 20 << 20;
/// Files that are kept of a run.
pub const MOST_FILES: usize = 200;
/// All of them together.
pub const MOST_FILE_BYTES: u64 = 256 << 20;
const LONGEST_PATH: usize = 200;
/// A line of the driver; the longest has a traceback or the names of files.
const LONGEST_LINE: u64 = 1 << 20;

/// The first line that the driver reads; the notebook's bytes follow.
#[derive(Debug, Clone, Serialize)]
pub struct Task {
    pub seconds: u64,
    pub notebook_bytes: usize,
    pub most_output_bytes: u64,
    pub most_notebook_bytes: u64,
    pub most_files: usize,
    pub most_file_bytes: u64,
    /// Instead of a notebook: what must not be possible.
    pub probe: Option<Probe>,
}

/// What a probe tries to reach.
#[derive(Debug, Clone, Serialize)]
pub struct Probe {
    /// A file of the machine.
    pub reads: PathBuf,
    /// A folder of the machine.
    pub folder: PathBuf,
    /// A socket in that folder.
    pub socket: PathBuf,
    /// One without a place in the file system.
    pub abstract_socket: String,
}

impl Task {
    pub fn new(seconds: u64, notebook: &[u8], probe: Option<Probe>) -> Self {
        Self {
            seconds,
            notebook_bytes: notebook.len(),
            most_output_bytes: MOST_OUTPUT_BYTES,
            most_notebook_bytes: MOST_NOTEBOOK_BYTES,
            most_files: MOST_FILES,
            most_file_bytes: MOST_FILE_BYTES,
            probe,
        }
    }
}

/// A line of the driver.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Event {
    Started,
    Cell { number: u32 },
    Probed(Probed),
    Ended(Ended),
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Probed {
    pub open_doors: Vec<String>,
    pub versions: std::collections::BTreeMap<String, String>,
}

/// How the cells ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every cell, in order, without an error.
    Ran,
    /// One raised an error.
    CellFailed,
    /// A bound was reached: `text` names it.
    Stopped,
    /// The driver itself could not go on.
    Broken,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Ended {
    pub outcome: Outcome,
    pub text: String,
    /// Among the cells of code, the first is 1.
    pub failed_cell: Option<u32>,
    pub n_run: u32,
    pub n_code: u32,
    notebook_bytes: u64,
    files: Vec<Announced>,
    pub n_left_out: u32,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Announced {
    path: String,
    size_bytes: u64,
}

/// A file that a run left, and where its bytes are until they are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputFile {
    pub path: String,
    pub size_bytes: u64,
    pub at: PathBuf,
}

/// All that a driver said.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// Nothing: the cage was not built.
    Nothing,
    /// It began, and no end was heard.
    Unfinished,
    Probed(Probed),
    Ended {
        ended: Ended,
        executed: Option<PathBuf>,
        files: Vec<OutputFile>,
    },
}

/// Reads to the end; `at_cell` is kept at the number of the cell that runs.
///
/// # Errors
/// What is no reply, or is larger than it may be.
pub fn read(source: impl Read, into: &Path, at_cell: &AtomicU32) -> io::Result<Reply> {
    let mut source = BufReader::with_capacity(256 << 10, source);
    let mut reply = Reply::Nothing;
    loop {
        let mut line = Vec::new();
        (&mut source).take(LONGEST_LINE).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(reply);
        }
        match serde_json::from_slice(&line)? {
            Event::Started => reply = Reply::Unfinished,
            Event::Cell { number } => at_cell.store(number, Ordering::Relaxed),
            Event::Probed(probed) => return Ok(Reply::Probed(probed)),
            Event::Ended(ended) => return contents(&mut source, ended, into),
        }
    }
}

fn contents(source: &mut impl Read, ended: Ended, into: &Path) -> io::Result<Reply> {
    let total: u64 = ended.files.iter().map(|file| file.size_bytes).fold(0, u64::saturating_add);
    let is_bounded = ended.notebook_bytes <= MOST_NOTEBOOK_BYTES
        && ended.files.len() <= MOST_FILES
        && total <= MOST_FILE_BYTES
        && ended.files.iter().all(|file| is_plain(&file.path));
    if !is_bounded {
        return Err(io::Error::other("the reply is larger than it may be"));
    }
    let executed = if ended.notebook_bytes == 0 {
        None
    } else {
        let at = into.join("executed.ipynb");
        take(source, ended.notebook_bytes, &at)?;
        Some(at)
    };
    let mut files = Vec::with_capacity(ended.files.len());
    for (number, file) in ended.files.iter().enumerate() {
        let at = into.join(format!("file-{number}"));
        take(source, file.size_bytes, &at)?;
        files.push(OutputFile { path: file.path.clone(), size_bytes: file.size_bytes, at });
    }
    Ok(Reply::Ended { ended, executed, files })
}

fn take(source: &mut impl Read, size_bytes: u64, at: &Path) -> io::Result<()> {
    let mut file = File::create(at)?;
    let copied = io::copy(&mut source.take(size_bytes), &mut file)?;
    file.flush()?;
    if copied == size_bytes { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// A name below the folder of work, which is shown and offered for download, and never a path here.
fn is_plain(path: &str) -> bool {
    let is_short = (1..=LONGEST_PATH).contains(&path.chars().count());
    is_short
        && !path.chars().any(char::is_control)
        && path.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> PathBuf {
        let folder = std::env::temp_dir().join(format!("holdout-reply-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir(&folder).expect("made");
        folder
    }

    fn said(path: &str, size: u64, bytes: &[u8]) -> Vec<u8> {
        let mut said = format!(
            "{{\"event\":\"started\"}}\n{{\"event\":\"cell\",\"number\":3,\"of\":4}}\n{{\"event\":\"ended\",\"outcome\":\"ran\",\
             \"text\":\"\",\"failed_cell\":null,\"n_run\":4,\"n_code\":4,\"notebook_bytes\":2,\"files\":[{{\"path\":\"{path}\",\
             \"size_bytes\":{size}}}],\"n_left_out\":0}}\n{{}}"
        )
        .into_bytes();
        said.extend_from_slice(bytes);
        said
    }

    #[test]
    fn a_notebook_and_its_files_come_out() {
        let (folder, at_cell) = (folder(), AtomicU32::new(0));
        let reply = read(said("a/b.csv", 3, b"x,y").as_slice(), &folder, &at_cell).expect("read");
        let Reply::Ended { executed, files, .. } = reply else { panic!("{reply:?}") };
        assert_eq!(std::fs::read(executed.expect("a notebook")).expect("read"), b"{}");
        assert_eq!(std::fs::read(&files[0].at).expect("read"), b"x,y");
        assert_eq!(at_cell.into_inner(), 3);
        std::fs::remove_dir_all(folder).expect("removed");
    }

    #[test]
    fn what_says_too_much_or_too_little_is_no_reply() {
        let (folder, at_cell) = (folder(), AtomicU32::new(0));
        let refused = |said: &[u8]| read(said, &folder, &at_cell).is_err();
        assert!(refused(&said("../secret", 3, b"x,y")));
        assert!(refused(&said("/etc/passwd", 3, b"x,y")));
        assert!(refused(&said("a", MOST_FILE_BYTES + 1, b"x,y")));
        assert!(refused(&said("a", 30, b"x,y")));
        assert!(refused(b"something else\n"));
        let cut = read(b"{\"event\":\"started\"}\n".as_slice(), &folder, &at_cell).expect("read");
        assert_eq!(cut, Reply::Unfinished);
        std::fs::remove_dir_all(folder).expect("removed");
    }
}
