//! Archives that strangers packed: unpacked within bounds, or refused with the reason.
//!
//! Never here: a size that a header claims, a path that leaves its folder, a link, a device, two
//! entries of one name.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::io::{self, Read, Seek, SeekFrom, Write};

use flate2::read::MultiGzDecoder;
use zip::ZipArchive;

/// Why an archive is not taken, as a sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self(format!("The archive cannot be read: {error}."))
    }
}

impl From<zip::result::ZipError> for Refused {
    fn from(error: zip::result::ZipError) -> Self {
        Self(format!("The zip file cannot be read: {error}."))
    }
}

/// What may still be unpacked, archives inside of archives included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    pub n_files: usize,
    pub n_bytes: u64,
}

/// Bits of a Unix mode that say what kind of file it is.
const KIND: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;
const FOLDER: u32 = 0o040_000;

/// Bytes that are read of a zip until its entries are known, all of which are held in memory.
const LONGEST_LIST: u64 = 32 << 20;
const LONGEST_PATH: usize = 1024;
const DEEPEST: usize = 32;

/// Whether these are the first bytes of a zip.
pub fn is_zip(start: &[u8]) -> bool {
    start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06")
}

/// Whether these are the first bytes of a gzip, as which tar archives come.
pub fn is_gzip(start: &[u8]) -> bool {
    start.starts_with(&[0x1F, 0x8B])
}

/// Where an entry of an archive belongs: a path of plain names with `/` between them; `None` for what a
/// system left behind.
///
/// # Errors
/// A name that leads out of the folder, or that can be none.
pub fn safe_path(name: &str) -> Result<Option<String>, Refused> {
    let refuse = |why: &str| Err(Refused(format!("The entry {name:?} {why}.")));
    if name.contains(char::is_control) {
        return refuse("has a name with control characters");
    }
    let name_with_slashes = name.replace('\\', "/");
    let has_drive = name_with_slashes.split('/').next().is_some_and(|first| first.contains(':'));
    if name_with_slashes.starts_with('/') || has_drive {
        return refuse("has an absolute path");
    }
    let parts: Vec<&str> =
        name_with_slashes.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.contains(&"..") {
        return refuse("leads out of its folder");
    }
    if name.len() > LONGEST_PATH || parts.len() > DEEPEST {
        return refuse("has a path that is too long");
    }
    let is_junk = parts.iter().any(|part| is_junk(part));
    Ok((!is_junk && !parts.is_empty()).then(|| parts.join("/")))
}

/// What systems leave behind in folders.
pub fn is_junk(name: &str) -> bool {
    matches!(name, "__MACOSX" | ".DS_Store" | "Thumbs.db" | "desktop.ini") || name.starts_with("._")
}

/// Paths that were met, alike but for their letters' case being one.
#[derive(Default)]
struct Met {
    files: BTreeSet<String>,
    folders: BTreeSet<String>,
}

impl Met {
    /// Adds a file with the folders above it.
    fn add(&mut self, path: &str) -> Result<(), Refused> {
        let key = path.to_lowercase();
        if self.folders.contains(&key) || !self.files.insert(key.clone()) {
            return Err(Refused(format!("The archive holds “{path}” twice, perhaps in other letters.")));
        }
        for (at, _) in key.match_indices('/') {
            if self.files.contains(&key[..at]) {
                return Err(Refused(format!(
                    "In the archive, a file stands where the folder of “{path}” is."
                )));
            }
            self.folders.insert(key[..at].to_owned());
        }
        Ok(())
    }
}

/// Unpacks a zip or a gzipped tar. `open` is asked for a place for each file.
///
/// # Errors
/// [`Refused`]
pub fn unpack<W: Write>(
    mut archive: impl Read + Seek,
    budget: &mut Budget,
    open: impl FnMut(&str) -> io::Result<W>,
) -> Result<(), Refused> {
    let mut start = Vec::new();
    Read::by_ref(&mut archive).take(4).read_to_end(&mut start)?;
    archive.rewind()?;
    if is_zip(&start) {
        unzip(archive, budget, open)
    } else if is_gzip(&start) {
        untar(archive, budget, open)
    } else {
        Err(Refused("This is neither a zip file nor a tar.gz.".to_owned()))
    }
}

/// Gives so many bytes at most, until it is told otherwise.
struct Bounded<'a, R> {
    archive: R,
    left: &'a Cell<u64>,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let n = self.archive.read(bytes)?;
        let left = self.left.get().checked_sub(n as u64);
        self.left.set(left.ok_or_else(|| io::Error::other("its list of entries is too long"))?);
        Ok(n)
    }
}

impl<R: Seek> Seek for Bounded<'_, R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.archive.seek(to)
    }
}

fn unzip<W: Write>(
    archive: impl Read + Seek,
    budget: &mut Budget,
    mut open: impl FnMut(&str) -> io::Result<W>,
) -> Result<(), Refused> {
    let left = Cell::new(LONGEST_LIST);
    let mut zip = ZipArchive::new(Bounded { archive, left: &left })?;
    left.set(u64::MAX);
    if zip.has_duplicate_names() {
        return Err(Refused("The zip file holds two entries of one name.".to_owned()));
    }
    let mut met = Met::default();
    for at in 0..zip.len() {
        spend_file(budget)?;
        let entry = zip.by_index_raw(at)?;
        let name = std::str::from_utf8(entry.name_raw())
            .map_err(|_| Refused("The zip file has an entry whose name is no UTF-8.".to_owned()))?
            .to_owned();
        let kind = entry.unix_mode().map_or(0, |mode| mode & KIND);
        if entry.is_symlink() || ![0, REGULAR, FOLDER].contains(&kind) {
            return Err(link(&name));
        }
        if entry.encrypted() {
            return Err(Refused(format!("The entry “{name}” is encrypted.")));
        }
        let is_folder = entry.is_dir() || kind == FOLDER;
        drop(entry);
        let Some(path) = safe_path(&name)? else { continue };
        if !is_folder {
            met.add(&path)?;
            let mut place = open(&path)?;
            pour(&mut zip.by_index(at)?, &mut place, budget)?;
        }
    }
    Ok(())
}

fn untar<W: Write>(
    archive: impl Read,
    budget: &mut Budget,
    mut open: impl FnMut(&str) -> io::Result<W>,
) -> Result<(), Refused> {
    // Headers and padding count too: an archive of nothing else must end as well.
    let most = budget.n_bytes.saturating_mul(2).saturating_add(1 << 20);
    let mut tar = tar::Archive::new(MultiGzDecoder::new(archive).take(most));
    let mut met = Met::default();
    for entry in tar.entries()? {
        let mut entry = entry?;
        spend_file(budget)?;
        let name = String::from_utf8(entry.path_bytes().into_owned())
            .map_err(|_| Refused("The tar file has an entry whose name is no UTF-8.".to_owned()))?;
        match entry.header().entry_type() {
            tar::EntryType::Directory => drop(safe_path(&name)?),
            tar::EntryType::XGlobalHeader => {}
            tar::EntryType::Regular | tar::EntryType::Continuous => {
                let Some(path) = safe_path(&name)? else { continue };
                met.add(&path)?;
                pour(&mut entry, &mut open(&path)?, budget)?;
            }
            _ => return Err(link(&name)),
        }
    }
    Ok(())
}

fn link(name: &str) -> Refused {
    Refused(format!("The entry “{name}” is a link or no file: only files and folders are taken."))
}

fn spend_file(budget: &mut Budget) -> Result<(), Refused> {
    budget.n_files = budget
        .n_files
        .checked_sub(1)
        .ok_or_else(|| Refused("The archive holds more files than are taken.".to_owned()))?;
    Ok(())
}

/// Copies what is there, whatever a header says, and stops at the end of the budget.
fn pour(from: &mut impl Read, into: &mut impl Write, budget: &mut Budget) -> Result<(), Refused> {
    let mut piece = vec![0; 64 << 10];
    loop {
        let n = from.read(&mut piece)?;
        if n == 0 {
            into.flush()?;
            return Ok(());
        }
        budget.n_bytes = budget
            .n_bytes
            .checked_sub(n as u64)
            .ok_or_else(|| Refused("The archive unpacks into more than is taken.".to_owned()))?;
        into.write_all(&piece[..n])?;
    }
}
