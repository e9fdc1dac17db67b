//! From a path or bytes to plain CSV or Parquet bytes: mapping, gzip, zip. Decompression is bounded,
//! so a small archive cannot unfold into more than the limit.

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;

use holdout_contract::rejection::{Rejection, RejectionKind};

use crate::Limits;

/// Where a file comes from: a path, or bytes that exist in memory alone.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    Path(&'a Path),
    Bytes(&'a [u8]),
}

/// A file's plain bytes.
pub enum Content<'a> {
    Csv(Bytes<'a>),
    Parquet(Bytes<'a>),
}

pub enum Bytes<'a> {
    Borrowed(&'a [u8]),
    Mapped(memmap2::Mmap),
    Owned(Vec<u8>),
}

impl AsRef<[u8]> for Bytes<'_> {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Borrowed(bytes) => bytes,
            Self::Mapped(map) => map,
            Self::Owned(bytes) => bytes,
        }
    }
}

impl Bytes<'_> {
    /// Takes what was read out of this process's memory; it can be read again from the file. `part`
    /// is a piece of these bytes.
    pub fn forget(&self, part: &[u8]) {
        let Self::Mapped(map) = self else { return };
        let offset = (part.as_ptr() as usize).saturating_sub(map.as_ptr() as usize);
        // SAFETY: a file that is mapped and never written has no content of its own in memory: the next
        // access reads the same bytes from the file. A kernel that refuses the advice changes nothing.
        let _ = unsafe { map.unchecked_advise_range(memmap2::UncheckedAdvice::DontNeed, offset, part.len()) };
    }
}

/// Opens a source: maps it, tells its format by its first bytes, and decompresses it.
///
/// # Errors
/// `too_large`, `bad_archive`; a path that cannot be read is the platform's fault and an `io::Error`.
pub fn open<'a>(source: Source<'a>, limits: &Limits) -> std::io::Result<Result<Content<'a>, Rejection>> {
    let bytes = match source {
        Source::Bytes(bytes) => Bytes::Borrowed(bytes),
        Source::Path(path) => map(path)?,
    };
    Ok(unfold(bytes, limits))
}

fn map<'a>(path: &Path) -> std::io::Result<Bytes<'a>> {
    let file = File::open(path)?;
    if file.metadata()?.len() == 0 {
        return Ok(Bytes::Owned(Vec::new()));
    }
    // SAFETY: stored files are written once under their hash and never changed in place; a reader of
    // a file that somebody truncates meanwhile dies by SIGBUS, which the parent counts as our fault.
    let map = unsafe { memmap2::Mmap::map(&file)? };
    Ok(Bytes::Mapped(map))
}

fn unfold<'a>(bytes: Bytes<'a>, limits: &Limits) -> Result<Content<'a>, Rejection> {
    let start = bytes.as_ref();
    let plain = if start.starts_with(&[0x1F, 0x8B]) {
        Bytes::Owned(gunzip(start, limits)?)
    } else if start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06") {
        Bytes::Owned(unzip(start, limits)?)
    } else {
        bytes
    };
    if plain.as_ref().len() as u64 > limits.max_bytes {
        return Err(too_large(limits));
    }
    if plain.as_ref().starts_with(b"PAR1") { Ok(Content::Parquet(plain)) } else { Ok(Content::Csv(plain)) }
}

fn gunzip(bytes: &[u8], limits: &Limits) -> Result<Vec<u8>, Rejection> {
    read_bounded(flate2::read::MultiGzDecoder::new(bytes), limits, "gzip")
}

fn unzip(bytes: &[u8], limits: &Limits) -> Result<Vec<u8>, Rejection> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged("zip", &error))?;
    let names: Vec<String> = archive
        .file_names()
        .map(|name| name.map(std::borrow::Cow::into_owned))
        .collect::<Result<_, _>>()
        .map_err(|error| damaged("zip", &error))?;
    let files: Vec<&String> = names.iter().filter(|name| is_content(name)).collect();
    let [name] = files.as_slice() else { return Err(not_one_file(&files)) };
    let file = archive.by_name(name).map_err(|error| damaged("zip", &error))?;
    if file.size() > limits.max_bytes {
        return Err(too_large(limits));
    }
    read_bounded(file, limits, "zip")
}

/// Folders and what macOS adds on its own are no content.
fn is_content(name: &str) -> bool {
    !name.ends_with('/') && !name.starts_with("__MACOSX/") && !name.ends_with(".DS_Store")
}

fn read_bounded(reader: impl Read, limits: &Limits, format: &str) -> Result<Vec<u8>, Rejection> {
    let mut plain = Vec::new();
    reader
        .take(limits.max_bytes.saturating_add(1))
        .read_to_end(&mut plain)
        .map_err(|error| damaged(format, &error))?;
    if plain.len() as u64 > limits.max_bytes {
        return Err(too_large(limits));
    }
    Ok(plain)
}

fn damaged(format: &str, error: &dyn std::fmt::Display) -> Rejection {
    Rejection::new(
        RejectionKind::BadArchive,
        format!("The {format} file cannot be opened ({error}). Pack it again, or send the plain CSV file."),
    )
}

fn not_one_file(files: &[&String]) -> Rejection {
    let message = match files.len() {
        0 => "The zip file is empty; it must hold exactly one CSV or Parquet file.".to_owned(),
        n => format!("The zip file holds {n} files; it must hold exactly one CSV or Parquet file."),
    };
    Rejection::new(RejectionKind::BadArchive, message)
        .with_total(files.len() as u64)
        .with_examples(files.iter().map(|name| name.as_str()))
}

fn too_large(limits: &Limits) -> Rejection {
    Rejection::new(
        RejectionKind::TooLarge,
        format!(
            "The file is larger than {} bytes when unpacked, the most that is read here.",
            limits.max_bytes
        ),
    )
}
