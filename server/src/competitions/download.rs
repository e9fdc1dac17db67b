//! Handing out data files: by range, resumable, or all as one zip that is never whole in memory.
//!
//! Never here: a solution, a labelled table, the history a metric reads.

use std::io::{self, Write};

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::TryStreamExt;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

use crate::app::App;
use crate::competitions::access::Seen;
use crate::competitions::model::Phase;
use crate::competitions::store::data::{self, DataFile};
use crate::error::{AppError, Result};
use crate::files::Files;

const PIECE_BYTES: usize = 64 * 1024;
/// A slow reader makes the zip wait after this many pieces of [`PIECE_BYTES`].
const PIECES_AHEAD: usize = 4;
/// Largest zip whose length is told before it is made.
const MEASURED_BYTES: u64 = 1 << 30;

/// Whether the viewer may have the files now.
///
/// # Errors
/// [`AppError::SignIn`] for a visitor, [`AppError::JoinFirst`] and [`AppError::Refused`] with what to do first.
pub fn may_download(seen: &Seen, is_signed_in: bool, phase: Phase) -> Result<()> {
    if seen.standing.is_host {
        return Ok(());
    }
    if !is_signed_in {
        return Err(AppError::SignIn);
    }
    if seen.standing.team_id.is_none() {
        return Err(AppError::JoinFirst(
            "Accept the rules first; then you can download the data.".to_owned(),
        ));
    }
    if phase == Phase::Upcoming {
        return Err(AppError::refused("You can download the data once the competition has started."));
    }
    Ok(())
}

/// One file by its name, for somebody who [`may_download`].
///
/// # Errors
/// [`AppError::NotFound`] when there is none that is handed out.
pub async fn find(app: &App, seen: &Seen, name: &str) -> Result<DataFile> {
    let mut conn = app.db.acquire().await?;
    let file = data::find(&mut conn, seen.competition.id, name).await?.ok_or(AppError::NotFound)?;
    if file.is_for_participants() || seen.standing.is_host { Ok(file) } else { Err(AppError::NotFound) }
}

/// A stored file as a download that can be resumed.
#[derive(Debug, Clone)]
pub struct Download<'a> {
    pub storage_key: &'a str,
    pub name: &'a str,
    pub size_bytes: u64,
    pub sha256_hex: String,
}

impl<'a> From<&'a DataFile> for Download<'a> {
    fn from(file: &'a DataFile) -> Self {
        Self {
            storage_key: &file.storage_key,
            name: &file.name,
            size_bytes: file.size_bytes.unsigned_abs(),
            sha256_hex: file.sha256_hex(),
        }
    }
}

/// What part of a file is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Whole,
    /// First and last byte, both included.
    Part(u64, u64),
    Impossible,
    Unchanged,
}

/// Answers a download of data, by a short-lived address in the object store where the operator allows it.
///
/// # Errors
/// Those of storage.
pub async fn hand_out(app: &App, download: &Download<'_>, asked: &HeaderMap) -> Result<Response> {
    let etag = format!("\"{}\"", download.sha256_hex);
    let is_unchanged = wanted(asked, &etag, download.size_bytes) == Wanted::Unchanged;
    let Some(direct) = app.direct.as_ref().filter(|_| !is_unchanged) else {
        return send(&app.files, download, asked).await;
    };
    let disposition = attachment(download.name);
    let disposition = disposition.to_str().map_err(anyhow::Error::from)?;
    let url = direct.download(download.storage_key, disposition).await?;
    let location = HeaderValue::try_from(url).map_err(anyhow::Error::from)?;
    let headers =
        [(header::LOCATION, location), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Ok((StatusCode::TEMPORARY_REDIRECT, headers).into_response())
}

/// Answers a download with the whole file, the range asked for, or that nothing changed.
///
/// # Errors
/// Those of storage.
pub async fn send(files: &Files, download: &Download<'_>, asked: &HeaderMap) -> Result<Response> {
    let etag = format!("\"{}\"", download.sha256_hex);
    let wanted = wanted(asked, &etag, download.size_bytes);
    let (status, first, length, range) = match wanted {
        Wanted::Whole => (StatusCode::OK, 0, download.size_bytes, None),
        Wanted::Part(first, last) => (
            StatusCode::PARTIAL_CONTENT,
            first,
            last - first + 1,
            Some(format!("bytes {first}-{last}/{}", download.size_bytes)),
        ),
        Wanted::Impossible => {
            (StatusCode::RANGE_NOT_SATISFIABLE, 0, 0, Some(format!("bytes */{}", download.size_bytes)))
        }
        Wanted::Unchanged => (StatusCode::NOT_MODIFIED, 0, 0, None),
    };
    let body = if length == 0 {
        Body::empty()
    } else {
        Body::from_stream(files.read(download.storage_key, first..first + length).await?)
    };
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CONTENT_DISPOSITION, attachment(download.name));
    headers.insert(header::ETAG, HeaderValue::try_from(etag).map_err(anyhow::Error::from)?);
    if status != StatusCode::NOT_MODIFIED {
        headers.insert(header::CONTENT_LENGTH, length.into());
    }
    if let Some(range) = range {
        headers.insert(header::CONTENT_RANGE, HeaderValue::try_from(range).map_err(anyhow::Error::from)?);
    }
    Ok(response)
}

fn wanted(asked: &HeaderMap, etag: &str, size: u64) -> Wanted {
    let text = |name| asked.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if let Some(known) = text(header::IF_NONE_MATCH)
        && known
            .split(',')
            .any(|tag| matches!(tag.trim().trim_start_matches("W/"), "*") || tag.trim() == etag)
    {
        return Wanted::Unchanged;
    }
    if text(header::IF_RANGE).is_some_and(|tag| tag.trim() != etag) {
        return Wanted::Whole;
    }
    text(header::RANGE).map_or(Wanted::Whole, |range| parse_range(range, size))
}

/// One range of bytes; several at once, and what cannot be read, mean the whole file (RFC 9110).
fn parse_range(range: &str, size: u64) -> Wanted {
    let Some((first, last)) = range.trim().strip_prefix("bytes=").and_then(|part| part.split_once('-'))
    else {
        return Wanted::Whole;
    };
    let (first, last) = (first.trim(), last.trim());
    let bounds = match (first.is_empty(), last.is_empty()) {
        (true, false) => match last.parse::<u64>() {
            Ok(0) => return Wanted::Impossible,
            Ok(count) => Some((size.saturating_sub(count), size.saturating_sub(1))),
            Err(_) => None,
        },
        (false, true) => first.parse().ok().map(|first| (first, size.saturating_sub(1))),
        (false, false) => first.parse().ok().zip(last.parse::<u64>().ok()),
        (true, true) => None,
    };
    match bounds {
        None => Wanted::Whole,
        Some((first, last)) if last < first && first < size => Wanted::Whole,
        Some((first, _)) if first >= size => Wanted::Impossible,
        Some((first, last)) => Wanted::Part(first, last.min(size - 1)),
    }
}

/// `Content-Disposition` that saves the file and never opens it on our pages.
pub fn attachment(name: &str) -> HeaderValue {
    let safe: String = name
        .chars()
        .map(
            |character| {
                if character.is_ascii_graphic() && !"\"\\".contains(character) { character } else { '_' }
            },
        )
        .collect();
    HeaderValue::try_from(format!("attachment; filename=\"{safe}\""))
        .unwrap_or(HeaderValue::from_static("attachment"))
}

/// All files as one zip.
pub fn send_zip(files: Files, name: &str, members: Vec<DataFile>) -> Response {
    stream_zip(files, name, move |zip| {
        members
            .iter()
            .try_for_each(|member| zip.add_stored(&member.name, &member.storage_key, member.size_bytes))
    })
}

/// As [`send_zip`] with nothing compressed, so that the length is known before: older versions of Kaggle's
/// client cannot do without. Beyond [`MEASURED_BYTES`] as [`send_zip`].
pub fn send_measured_zip(files: Files, name: &str, members: Vec<DataFile>) -> Result<Response> {
    let Some(length) = plain_length(&members).map_err(anyhow::Error::from)? else {
        return Ok(send_zip(files, name, members));
    };
    let mut response = stream_zip(files, name, move |zip| {
        members.iter().try_for_each(|member| {
            zip.begin_as(&member.name, plain_options())?;
            zip.pour(&member.storage_key)
        })
    });
    response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    Ok(response)
}

fn plain_options() -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(CompressionMethod::Stored)
}

/// Length of an uncompressed zip: that of one with empty members, and their bytes. Not of a large one, whose
/// headers are longer.
fn plain_length(members: &[DataFile]) -> io::Result<Option<u64>> {
    let n_bytes: u64 = members.iter().map(|member| member.size_bytes.unsigned_abs()).sum();
    if n_bytes > MEASURED_BYTES {
        return Ok(None);
    }
    let mut zip = ZipWriter::new_stream(Vec::new());
    for member in members {
        zip.start_file(member.name.as_str(), plain_options())?;
    }
    let empty = zip.finish()?.into_inner();
    Ok(Some(empty.len() as u64 + n_bytes))
}

/// A zip that is made while it is sent. A part of it that cannot be read breaks the download off.
pub fn stream_zip(
    files: Files,
    name: &str,
    write: impl FnOnce(&mut Sending<'_>) -> io::Result<()> + Send + 'static,
) -> Response {
    let (sender, receiver) = mpsc::channel::<io::Result<Bytes>>(PIECES_AHEAD);
    let runtime = Handle::current();
    let request = tracing::Span::current();
    tokio::task::spawn_blocking(move || {
        let _on_its_behalf = request.entered();
        let mut pieces = Pieces { sender, gathered: Vec::with_capacity(PIECE_BYTES) };
        let written = write_zip(runtime, files, &mut pieces, write).and_then(|()| pieces.flush());
        if let Err(error) = written {
            tracing::warn!(%error, "a zip download broke off");
            let _ = pieces.sender.blocking_send(Err(error));
        }
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/zip")),
        (header::CONTENT_DISPOSITION, attachment(name)),
    ];
    (headers, Body::from_stream(ReceiverStream::new(receiver))).into_response()
}

fn write_zip(
    runtime: Handle,
    files: Files,
    pieces: &mut Pieces,
    write: impl FnOnce(&mut Sending<'_>) -> io::Result<()>,
) -> io::Result<()> {
    let mut sending = Sending { zip: ZipWriter::new_stream(pieces), runtime, files };
    write(&mut sending)?;
    sending.zip.finish()?;
    Ok(())
}

/// A zip on its way to a reader. What is written to it is of the entry that was begun last.
pub struct Sending<'a> {
    zip: ZipWriter<StreamWriter<&'a mut Pieces>>,
    runtime: Handle,
    files: Files,
}

impl Sending<'_> {
    /// Begins an entry whose size nobody knows yet.
    ///
    /// # Errors
    /// When the reader is gone.
    pub fn begin(&mut self, name: &str) -> io::Result<()> {
        self.begin_sized(name, i64::MAX)
    }

    fn begin_sized(&mut self, name: &str, size_bytes: i64) -> io::Result<()> {
        let method = if is_packed(name) { CompressionMethod::Stored } else { CompressionMethod::Deflated };
        let options = SimpleFileOptions::default()
            .compression_method(method)
            .compression_level((method == CompressionMethod::Deflated).then_some(1))
            .large_file(size_bytes >= i64::from(i32::MAX));
        self.begin_as(name, options)
    }

    fn begin_as(&mut self, name: &str, options: SimpleFileOptions) -> io::Result<()> {
        Ok(self.zip.start_file(name, options)?)
    }

    /// Adds a stored file.
    ///
    /// # Errors
    /// Those of storage; when the reader is gone.
    pub fn add_stored(&mut self, name: &str, storage_key: &str, size_bytes: i64) -> io::Result<()> {
        self.begin_sized(name, size_bytes)?;
        self.pour(storage_key)
    }

    fn pour(&mut self, storage_key: &str) -> io::Result<()> {
        let mut content = self.runtime.block_on(self.files.read_whole(storage_key))?;
        while let Some(bytes) = self.runtime.block_on(content.try_next())? {
            self.zip.write_all(&bytes)?;
        }
        Ok(())
    }

    /// Waits for something that is read elsewhere.
    pub fn wait<T>(&self, what: impl Future<Output = T>) -> T {
        self.runtime.block_on(what)
    }
}

impl Write for Sending<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.zip.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.zip.flush()
    }
}

fn is_packed(name: &str) -> bool {
    let extension = name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    matches!(
        extension.as_str(),
        "gz" | "zip"
            | "zst"
            | "xz"
            | "bz2"
            | "7z"
            | "parquet"
            | "png"
            | "jpg"
            | "jpeg"
            | "webp"
            | "mp3"
            | "mp4"
    )
}

/// Hands a zip on in pieces; waits while the reader is slow, stops when the reader is gone.
pub struct Pieces {
    sender: mpsc::Sender<io::Result<Bytes>>,
    gathered: Vec<u8>,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() >= PIECE_BYTES {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.gathered, Vec::with_capacity(PIECE_BYTES));
        self.sender
            .blocking_send(Ok(piece.into()))
            .map_err(|_| io::Error::new(io::ErrorKind::BrokenPipe, "the reader went away"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_a_plain_zip_is_known_before() {
        let contents = ["", "a", "some more words"];
        let members: Vec<DataFile> = contents
            .iter()
            .enumerate()
            .map(|(at, content)| DataFile {
                name: format!("file-{at}.csv"),
                size_bytes: i64::try_from(content.len()).expect("short"),
                ..DataFile::sample()
            })
            .collect();
        let mut zip = ZipWriter::new_stream(Vec::new());
        for (member, content) in members.iter().zip(contents) {
            zip.start_file(member.name.as_str(), plain_options()).expect("begun");
            zip.write_all(content.as_bytes()).expect("written");
        }
        let made = zip.finish().expect("whole").into_inner();
        assert_eq!(plain_length(&members).expect("measured"), Some(made.len() as u64));
        let large = DataFile { size_bytes: 2 << 30, ..DataFile::sample() };
        assert_eq!(plain_length(&[large]).expect("measured"), None);
    }

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        assert_eq!(parse_range("bytes=0-4", 10), Wanted::Part(0, 4));
        assert_eq!(parse_range("bytes=5-", 10), Wanted::Part(5, 9));
        assert_eq!(parse_range("bytes=-3", 10), Wanted::Part(7, 9));
        assert_eq!(parse_range("bytes=-30", 10), Wanted::Part(0, 9));
        assert_eq!(parse_range("bytes=8-99", 10), Wanted::Part(8, 9));
        assert_eq!(parse_range("bytes=10-", 10), Wanted::Impossible);
        assert_eq!(parse_range("bytes=-0", 10), Wanted::Impossible);
        assert_eq!(parse_range("bytes=0-1,4-5", 10), Wanted::Whole);
        assert_eq!(parse_range("bytes=4-2", 10), Wanted::Whole);
        assert_eq!(parse_range("rows=1-2", 10), Wanted::Whole);
        assert_eq!(parse_range("bytes=0-", 0), Wanted::Impossible);
    }

    #[test]
    fn a_changed_file_is_sent_whole_and_an_unchanged_one_not_at_all() {
        let asked = |name: header::HeaderName, value: &'static str| {
            let mut headers = HeaderMap::from_iter([(header::RANGE, HeaderValue::from_static("bytes=2-"))]);
            headers.insert(name, HeaderValue::from_static(value));
            headers
        };
        assert_eq!(wanted(&asked(header::IF_RANGE, "\"old\""), "\"new\"", 9), Wanted::Whole);
        assert_eq!(wanted(&asked(header::IF_RANGE, "\"new\""), "\"new\"", 9), Wanted::Part(2, 8));
        assert_eq!(wanted(&asked(header::IF_NONE_MATCH, "\"new\""), "\"new\"", 9), Wanted::Unchanged);
    }
}
