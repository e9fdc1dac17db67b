//! An archive that somebody sent, unpacked within bounds: only what an import reads is kept, each file under a
//! name of ours.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::model::{
    ANNOUNCEMENTS, CHANGES, DISQUALIFICATIONS, FILES, MANIFEST, MERGED_TEAMS, Manifest, POST_VERSIONS, POSTS,
    SUBMISSIONS, TEAMS, TOPICS, VERSIONS,
};
use crate::bundles::archive::{Budget, unpack};
use crate::error::{AppError, Result};

/// What an archive may unpack into.
const BUDGET: Budget = Budget { n_files: 1_000_000, n_bytes: 64 << 30 };
/// Longest line, and longest manifest: a post has 40,000 characters at most.
const LONGEST_LINE: u64 = 1 << 20;

/// A folder that nobody else can read, and that goes with this value.
pub struct Unpacked {
    folder: PathBuf,
}

impl Drop for Unpacked {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// What is wrong with an archive.
pub fn wrong(sentence: impl Into<String>) -> AppError {
    AppError::field("archive", sentence)
}

impl Unpacked {
    /// An empty folder.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn begin(folder: PathBuf) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        Ok(Self { folder })
    }

    /// Where the archive itself lies until it is unpacked.
    pub fn archive_path(&self) -> PathBuf {
        self.folder.join("archive.zip")
    }

    /// Unpacks the archive that lies here, and takes it away.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence.
    pub fn unpack(&self) -> Result<()> {
        fs::create_dir_all(self.folder.join(FILES))?;
        let archive = File::open(self.archive_path())?;
        let mut budget = BUDGET;
        unpack(archive, &mut budget, |name| -> io::Result<Box<dyn Write>> {
            Ok(match self.place(name) {
                Some(path) => Box::new(BufWriter::new(File::create_new(path)?)),
                None => Box::new(io::sink()),
            })
        })
        .map_err(|refused| wrong(refused.to_string()))?;
        fs::remove_file(self.archive_path())?;
        Ok(())
    }

    fn place(&self, name: &str) -> Option<PathBuf> {
        if let Some(number) = name.strip_prefix(FILES) {
            return number.parse::<i64>().ok().map(|id| self.file(id));
        }
        [
            MANIFEST,
            TEAMS,
            MERGED_TEAMS,
            SUBMISSIONS,
            DISQUALIFICATIONS,
            TOPICS,
            POSTS,
            POST_VERSIONS,
            ANNOUNCEMENTS,
            CHANGES,
            VERSIONS,
        ]
        .contains(&name)
        .then(|| self.folder.join(name))
    }

    /// Where the bytes of a submission lie, if they do.
    pub fn file(&self, id: i64) -> PathBuf {
        self.folder.join(FILES).join(id.to_string())
    }

    /// # Errors
    /// When it is none that this program reads.
    pub fn manifest(&self) -> Result<Manifest> {
        let foreign = || wrong("This is no archive of a competition: it has no holdout.json that says so.");
        let file = File::open(self.folder.join(MANIFEST)).map_err(|_| foreign())?;
        let manifest: Manifest = serde_json::from_reader(file.take(LONGEST_LINE)).map_err(|_| foreign())?;
        match manifest.refusal() {
            Some(sentence) => Err(wrong(sentence)),
            None => Ok(manifest),
        }
    }

    /// The lines of one file; none where it is not there.
    pub fn lines<T: DeserializeOwned>(&self, name: &'static str) -> Result<Lines<T>> {
        let reader = open(&self.folder.join(name))?;
        Ok(Lines { name, reader, number: 0, line: Vec::new(), kind: std::marker::PhantomData })
    }
}

fn open(path: &Path) -> io::Result<Box<dyn BufRead + Send>> {
    match File::open(path) {
        Ok(file) => Ok(Box::new(BufReader::new(file))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Box::new(io::empty())),
        Err(error) => Err(error),
    }
}

/// Reads one line after the other; what is wrong is told with its file and line.
pub struct Lines<T> {
    name: &'static str,
    reader: Box<dyn BufRead + Send>,
    number: usize,
    line: Vec<u8>,
    kind: std::marker::PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Iterator for Lines<T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Self::Item> {
        self.line.clear();
        self.number += 1;
        match self.reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut self.line) {
            Err(error) => Some(Err(error.into())),
            Ok(0) => None,
            Ok(_) => Some(serde_json::from_slice(&self.line).map_err(|error| {
                wrong(format!("{}, line {}: this cannot be read: {error}.", self.name, self.number))
            })),
        }
    }
}
