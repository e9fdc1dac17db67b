//! From a path or bytes to plain CSV or Parquet bytes: mapping, gzip, zip. Decompression is bounded,
//! so a small archive cannot unfold into more than the limit.

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;

use holdout_contract::rejection::{Rejection, RejectionKind};

use crate::{Limits, parallel, rejections};

/// Where a file comes from: a path, or bytes that exist in memory alone.
#[derive(Debug, Clone)]
pub enum Source<'a> {
    Path(&'a Path),
    Bytes(Bytes),
}

/// A file's plain bytes.
pub enum Content {
    Csv(Bytes),
    Parquet(Bytes),
}

/// A file's bytes; its clones share them.
#[derive(Debug, Clone)]
pub struct Bytes {
    shared: bytes::Bytes,
    is_mapped: bool,
}

impl Bytes {
    /// Bytes that stay with their owner, who is dropped with the last clone.
    pub fn of(owner: impl AsRef<[u8]> + Send + 'static) -> Self {
        Self { shared: bytes::Bytes::from_owner(owner), is_mapped: false }
    }

    /// The same bytes, for who reads them in pieces.
    pub fn shared(&self) -> bytes::Bytes {
        self.shared.clone()
    }

    /// Takes what was read out of this process's memory; it can be read again from the file. `part`
    /// is a piece of these bytes.
    pub fn forget(&self, part: &[u8]) {
        if self.is_mapped {
            parallel::forget_pages(part);
        }
    }
}

impl AsRef<[u8]> for Bytes {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        &self.shared
    }
}

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Self {
        Self { shared: bytes::Bytes::copy_from_slice(bytes), is_mapped: false }
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self { shared: bytes.into(), is_mapped: false }
    }
}

/// A file's bytes that were found to be UTF-8.
#[derive(Debug, Clone)]
pub struct Utf8(Bytes);

impl Utf8 {
    /// Looks at all bytes, on every core; `None` where they are no UTF-8.
    pub fn of(bytes: Bytes) -> Option<Self> {
        let text = bytes.as_ref();
        let n_pieces = parallel::n_threads_for(text.len(), UTF8_BYTES_PER_THREAD);
        let is_inside_character = |byte: &u8| *byte & 0xC0 == 0x80;
        let end = |piece: usize| {
            let near = text.len() * piece / n_pieces;
            let n_inside = text[near..].iter().take_while(|byte| is_inside_character(byte)).count();
            if piece == 0 { 0 } else { near + n_inside }
        };
        let is_utf8 = |piece: usize| std::str::from_utf8(&text[end(piece)..end(piece + 1)]).is_ok();
        let found = parallel::map_ranges(n_pieces, text.len(), |pieces| pieces.map(is_utf8).collect());
        found.into_iter().all(|is_utf8| is_utf8).then_some(Self(bytes))
    }

    #[inline]
    pub fn as_str(&self) -> &str {
        // SAFETY: looked at in `of`, and a file's bytes do not change: stored files never do, and what
        // lies in memory is shared and has no writer.
        unsafe { std::str::from_utf8_unchecked(self.0.as_ref()) }
    }
}

/// Below this many bytes a second thread costs more than it brings.
const UTF8_BYTES_PER_THREAD: usize = 4 << 20;

/// Opens a source: maps it, tells its format by its first bytes, and decompresses it.
///
/// # Errors
/// `too_large`, `bad_archive`; a path that cannot be read is the platform's fault and an `io::Error`.
pub fn open(source: Source<'_>, limits: &Limits) -> std::io::Result<Result<Content, Rejection>> {
    let bytes = match source {
        Source::Bytes(bytes) => bytes,
        Source::Path(path) => map(path)?,
    };
    Ok(unfold(bytes, limits))
}

/// A file's bytes as they are, read where they are looked at.
///
/// # Errors
/// The file cannot be opened.
pub fn map(path: &Path) -> std::io::Result<Bytes> {
    let file = File::open(path)?;
    if file.metadata()?.len() == 0 {
        return Ok(Vec::new().into());
    }
    // SAFETY: stored files are written once under their hash and never changed in place; a reader of
    // a file that somebody truncates meanwhile dies by SIGBUS, which the parent counts as our fault.
    let map = unsafe { memmap2::Mmap::map(&file)? };
    Ok(Bytes { is_mapped: true, ..Bytes::of(map) })
}

/// A file that is unpacked as a whole, or while it is read.
pub enum Opened {
    Whole(Content),
    Packed(Packed),
}

/// A packed CSV file.
pub struct Packed {
    bytes: Bytes,
    start: Vec<u8>,
}

impl Packed {
    /// As many bytes as were unpacked to see that there are more.
    pub fn start(&self) -> &[u8] {
        &self.start
    }

    /// Does some work with all of it, one byte after the other, and with one more where it is larger than the limit.
    ///
    /// # Errors
    /// `bad_archive`, and those of the work.
    pub fn with_reader<T>(
        &self,
        limits: &Limits,
        work: impl FnOnce(&mut dyn Read) -> Result<T, Rejection>,
    ) -> Result<T, Rejection> {
        with_unpacked(self.bytes.as_ref(), limits, |reader, _| {
            work(&mut reader.take(limits.max_bytes.saturating_add(1)))
        })
    }

    /// Unpacks all of it.
    ///
    /// # Errors
    /// `too_large`, `bad_archive`.
    pub fn unpack(&self, limits: &Limits) -> Result<Content, Rejection> {
        unfold(self.bytes.clone(), limits)
    }
}

/// Opens a file, and leaves packed what would take more than `most` bytes.
///
/// # Errors
/// `too_large`, `bad_archive`.
pub fn open_within(bytes: &Bytes, limits: &Limits, most: usize) -> Result<Opened, Rejection> {
    if is_packed(bytes.as_ref()) {
        let mut start = Vec::new();
        with_unpacked(bytes.as_ref(), limits, |reader, format| {
            reader.take(most as u64 + 1).read_to_end(&mut start).map_err(|error| damaged(format, &error))
        })?;
        if start.len() > most && !start.starts_with(PARQUET) {
            return Ok(Opened::Packed(Packed { bytes: bytes.clone(), start }));
        }
    }
    unfold(bytes.clone(), limits).map(Opened::Whole)
}

const PARQUET: &[u8] = b"PAR1";

fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1F, 0x8B])
}

fn is_packed(bytes: &[u8]) -> bool {
    is_gzip(bytes) || bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
}

fn unfold(bytes: Bytes, limits: &Limits) -> Result<Content, Rejection> {
    let plain = if is_packed(bytes.as_ref()) {
        with_unpacked(bytes.as_ref(), limits, |reader, format| read_bounded(reader, limits, format))?.into()
    } else {
        bytes
    };
    if plain.as_ref().len() as u64 > limits.max_bytes {
        return Err(too_large(limits));
    }
    if plain.as_ref().starts_with(PARQUET) { Ok(Content::Parquet(plain)) } else { Ok(Content::Csv(plain)) }
}

/// Does some work with what a packed file holds, given the name of its format.
fn with_unpacked<T>(
    bytes: &[u8],
    limits: &Limits,
    work: impl FnOnce(&mut dyn Read, &str) -> Result<T, Rejection>,
) -> Result<T, Rejection> {
    if is_gzip(bytes) {
        return work(&mut flate2::read::MultiGzDecoder::new(bytes), "gzip");
    }
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged("zip", &error))?;
    let names: Vec<String> = archive
        .file_names()
        .map(|name| name.map(std::borrow::Cow::into_owned))
        .collect::<Result<_, _>>()
        .map_err(|error| damaged("zip", &error))?;
    let files: Vec<&String> = names.iter().filter(|name| is_content(name)).collect();
    let [name] = files.as_slice() else { return Err(not_one_file(&files)) };
    let mut file = archive.by_name(name).map_err(|error| damaged("zip", &error))?;
    if file.size() > limits.max_bytes {
        return Err(too_large(limits));
    }
    work(&mut file, "zip")
}

/// Folders and what macOS adds on its own are no content.
fn is_content(name: &str) -> bool {
    !name.ends_with('/') && !name.starts_with("__MACOSX/") && !name.ends_with(".DS_Store")
}

fn read_bounded(reader: &mut dyn Read, limits: &Limits, format: &str) -> Result<Vec<u8>, Rejection> {
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
            "The file is larger than {} when unpacked, the most that is read here.",
            rejections::size(limits.max_bytes)
        ),
    )
}
